//! Faults on purpose: how proofs let a store fail at chosen statements and commits, as it would under a process that is
//! killed there. Nothing that serves people opens a store like this.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::ids::IdRange;
use crate::session::{Dialect, Param, Row, Session};
use crate::store::{Access, Driver, MigrationLock, Presence, Store, Transaction};

/// Where a transaction may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Before a statement: nothing of the transaction remains.
    Statement,
    /// Before the commit: nothing of the transaction remains.
    Commit,
    /// After the commit: all of it remains, but its caller never learns so.
    Committed,
}

/// Decides when a store breaks. It may also end the process instead of answering.
pub trait Faults: Send + Sync {
    /// Whether it breaks here; asked at every moment of every transaction, in order.
    fn breaks(&self, moment: Moment) -> bool;
}

impl Store {
    /// The same store, breaking when `faults` says so: the transaction ends there and its caller gets
    /// [`StoreError::Unreachable`].
    #[must_use]
    pub fn with_faults(&self, faults: Arc<dyn Faults>) -> Self {
        self.with_driver(|driver| Arc::new(BreakingDriver { driver, faults }))
    }
}

struct BreakingDriver {
    driver: Arc<dyn Driver>,
    faults: Arc<dyn Faults>,
}

impl Driver for BreakingDriver {
    fn dialect(&self) -> Dialect {
        self.driver.dialect()
    }

    fn begin(&self, access: Access) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(Breaking { transaction: self.driver.begin(access)?, faults: &*self.faults }))
    }

    fn lock_migration(&self) -> Result<MigrationLock, StoreError> {
        self.driver.lock_migration()
    }

    fn migrate(&self) -> Result<(), StoreError> {
        self.driver.migrate()
    }

    fn copy_into(&self, file: &Path) -> Result<(), StoreError> {
        self.driver.copy_into(file)
    }

    fn presence(&self) -> Result<Option<Presence>, StoreError> {
        self.driver.presence()
    }

    fn size_bytes(&self) -> Result<u64, StoreError> {
        self.driver.size_bytes()
    }
}

/// A transaction that may break before each of its statements and around its commit.
struct Breaking<'a> {
    transaction: Box<dyn Transaction + 'a>,
    faults: &'a dyn Faults,
}

impl Breaking<'_> {
    fn pass(&self, moment: Moment) -> Result<(), StoreError> {
        if self.faults.breaks(moment) {
            return Err(StoreError::Unreachable(format!("it broke on purpose ({moment:?})")));
        }
        Ok(())
    }
}

impl Session for Breaking<'_> {
    fn dialect(&self) -> Dialect {
        self.transaction.dialect()
    }

    fn query(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.pass(Moment::Statement)?;
        self.transaction.query(sql, params, each)
    }

    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.pass(Moment::Statement)?;
        self.transaction.execute(sql, params)
    }

    fn bulk(&mut self, bulk: &Bulk<'_>) -> Result<u64, StoreError> {
        self.pass(Moment::Statement)?;
        self.transaction.bulk(bulk)
    }

    fn reserve_ids(&mut self, family: &'static str, n: usize) -> Result<IdRange, StoreError> {
        self.pass(Moment::Statement)?;
        self.transaction.reserve_ids(family, n)
    }

    fn now(&mut self) -> Result<Timestamp, StoreError> {
        self.transaction.now()
    }
}

impl Transaction for Breaking<'_> {
    fn commit(&mut self) -> Result<(), StoreError> {
        self.pass(Moment::Commit)?;
        self.transaction.commit()?;
        self.pass(Moment::Committed)
    }

    fn roll_back(&mut self) {
        self.transaction.roll_back();
    }

    fn collision(&self) -> Option<StoreError> {
        self.transaction.collision()
    }
}
