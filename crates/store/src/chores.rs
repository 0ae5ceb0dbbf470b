//! Work that has a calendar: one row each says when it is due and what it remembers. Whoever claims it has it alone until
//! then; a process that dies leaves it to be claimed again.

use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// A chore as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoreRow {
    /// When it is due.
    pub due_at: Timestamp,
    /// What it remembers, JSON.
    pub memory: Option<String>,
}

/// A chore; none: it was never done.
pub fn get(s: &mut dyn Session, name: &str) -> Result<Option<ChoreRow>, StoreError> {
    let sql = "SELECT due_at, body FROM job WHERE name = $1 AND slice = 0";
    s.query_opt(sql, params![name], |row| Ok(ChoreRow { due_at: row.instant(0), memory: row.opt_string(1) }))
}

/// Says when a chore is due for the first time, unless somebody has said so.
pub fn plan(s: &mut dyn Session, name: &str, due_at: Timestamp) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO job (name, slice, due_at) VALUES ($1, 0, $2) ON CONFLICT (name, slice) DO NOTHING",
        params![name, due_at],
    )?;
    Ok(())
}

/// Takes a chore that is due, until `until`; none when it is not due, or somebody else has it.
pub fn claim(
    s: &mut dyn Session,
    name: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<ChoreRow>, StoreError> {
    plan(s, name, now)?;
    let taken = s.execute(
        "UPDATE job SET due_at = $3 WHERE name = $1 AND slice = 0 AND due_at <= $2",
        params![name, now, until],
    )?;
    if taken == 0 { Ok(None) } else { get(s, name) }
}

/// Gives a chore back: when it is due next, and what it remembers until then.
pub fn put(s: &mut dyn Session, name: &str, due_at: Timestamp, memory: &str) -> Result<(), StoreError> {
    s.execute("UPDATE job SET due_at = $2, body = $3 WHERE name = $1 AND slice = 0", params![name, due_at, memory])?;
    Ok(())
}
