//! Rows that imports by schedule did not take: the whole list of each run, compressed piece by piece.

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// Forgets the rejects of an earlier attempt at a file.
pub fn clear(s: &mut dyn Session, connection: DocumentId, (name, version): (&str, &str)) -> Result<(), StoreError> {
    let sql = "DELETE FROM import_reject WHERE run_id IN
               (SELECT id FROM import_run WHERE connection_id = $1 AND name = $2 AND version = $3)";
    s.execute(sql, params![connection, name, version])?;
    Ok(())
}

/// Adds the piece with this number, counted from 0.
pub fn add(
    s: &mut dyn Session,
    connection: DocumentId,
    (name, version): (&str, &str),
    no: i64,
    bytes: &[u8],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO import_reject (run_id, no, bytes)
               SELECT id, CAST($4 AS BIGINT), $5 FROM import_run WHERE connection_id = $1 AND name = $2 AND version = $3";
    s.execute(sql, params![connection, name, version, no, bytes])?;
    Ok(())
}

/// A piece of the rejects of a run at a connection; none behind the last.
pub fn piece(s: &mut dyn Session, connection: DocumentId, run: i64, no: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT p.bytes FROM import_reject AS p JOIN import_run AS r ON r.id = p.run_id
               WHERE r.connection_id = $1 AND p.run_id = $2 AND p.no = $3";
    s.query_opt(sql, params![connection, run, no], |r| Ok(r.bytes(0).to_vec()))
}

/// Forgets pieces of runs that were over before an instant, `most` at once; how many.
pub fn forget(s: &mut dyn Session, before: Timestamp, most: usize) -> Result<u64, StoreError> {
    let old = s.query_map(
        "SELECT p.run_id, p.no FROM import_reject AS p JOIN import_run AS r ON r.id = p.run_id
         WHERE r.ended_at < $1 ORDER BY p.run_id, p.no LIMIT $2",
        params![before, most as i64],
        |r| Ok((r.int(0), r.int(1))),
    )?;
    for (run, no) in &old {
        s.execute("DELETE FROM import_reject WHERE run_id = $1 AND no = $2", params![*run, *no])?;
    }
    Ok(old.len() as u64)
}
