//! Counters that many workers share: how many travellers a variant split has shared out.

use caravan_model::VersionId;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// The counter of a node, its row locked until the transaction ends. Index: the primary key.
pub fn lock(s: &mut dyn Session, version: VersionId, node: i64) -> Result<i64, StoreError> {
    if let Some(n) = locked(s, version, node)? {
        return Ok(n);
    }
    s.execute(
        "INSERT INTO variant_counter (version_id, node, n) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
        params![version, node],
    )?;
    Ok(locked(s, version, node)?.unwrap_or(0))
}

fn locked(s: &mut dyn Session, version: VersionId, node: i64) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT n FROM variant_counter WHERE version_id = $1 AND node = $2 {for_update}";
    s.query_opt(sql, params![version, node], |r| Ok(r.int(0)))
}

/// Sets a counter that this transaction has locked.
pub fn set(s: &mut dyn Session, version: VersionId, node: i64, n: i64) -> Result<(), StoreError> {
    let sql = "UPDATE variant_counter SET n = $3 WHERE version_id = $1 AND node = $2";
    s.execute(sql, params![version, node, n])?;
    Ok(())
}
