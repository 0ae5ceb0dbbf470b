//! Facts about the installation: one value a name.

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// The fact of that name.
pub fn get(s: &mut dyn Session, key: &str) -> Result<Option<String>, StoreError> {
    s.query_opt("SELECT value FROM meta WHERE key = $1", params![key], |r| Ok(r.string(0)))
}

/// The fact of that name, which becomes `value` when there is none yet. Processes that ask at the same time agree.
pub fn get_or_set(s: &mut dyn Session, key: &str, value: &str) -> Result<String, StoreError> {
    s.execute("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", params![key, value])?;
    Ok(get(s, key)?.unwrap_or_else(|| value.to_owned()))
}
