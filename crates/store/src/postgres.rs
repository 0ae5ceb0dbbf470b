//! PostgreSQL (being written).
use crate::error::StoreError;
use crate::session::Dialect;
use crate::store::{Access, Driver, OpenOptions, Transaction};
use std::path::Path;

pub(crate) struct PostgresDriver;
impl PostgresDriver {
    pub(crate) fn open(_: &str, _: &OpenOptions) -> Result<Self, StoreError> {
        Err(StoreError::Unsupported("not yet".into()))
    }
}
impl Driver for PostgresDriver {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }
    fn begin(&self, _: Access) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Err(StoreError::Unsupported("not yet".into()))
    }
    fn migrate(&self) -> Result<(), StoreError> {
        Ok(())
    }
    fn copy_into(&self, _: &Path) -> Result<(), StoreError> {
        Ok(())
    }
    fn size_bytes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}
