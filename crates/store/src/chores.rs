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

/// A chore with its name, for whoever looks at all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedChore {
    /// Its name.
    pub name: String,
    /// Which part of the work; the id of a definition, or 0.
    pub slice: i64,
    /// When it is due.
    pub due_at: Timestamp,
    /// What it remembers, JSON; for imports the words of what was wrong.
    pub memory: Option<String>,
}

/// Every chore, by name and slice.
pub fn all(s: &mut dyn Session) -> Result<Vec<NamedChore>, StoreError> {
    s.query_map("SELECT name, slice, due_at, body FROM job ORDER BY name, slice", &[], |row| {
        Ok(NamedChore { name: row.string(0), slice: row.int(1), due_at: row.instant(2), memory: row.opt_string(3) })
    })
}

/// Makes all slices of a chore due at once, unless they are due already. Returns how many there are of this name.
pub fn hasten(s: &mut dyn Session, name: &str, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "UPDATE job SET due_at = CASE WHEN due_at > $2 THEN $2 ELSE due_at END WHERE name = $1";
    s.execute(sql, params![name, now])
}

/// How many rows steps must take in, and how many travellers are due. Index: `enrollment_due`.
pub fn waiting(s: &mut dyn Session, now: Timestamp) -> Result<(i64, i64), StoreError> {
    let inbox = s.query_int("SELECT COUNT(*) FROM inbox", &[])?;
    let due = "SELECT COUNT(*) FROM shard JOIN enrollment AS e ON e.shard = shard.id AND e.due_at <= $1
               WHERE shard.due_at <= $1";
    Ok((inbox, s.query_int(due, params![now])?))
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
