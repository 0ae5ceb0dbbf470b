//! Addresses that bounce softly again and again, and those that rest because of it.

use caravan_model::PersonId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// Soft bounces of an address in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftBounces {
    /// How many.
    pub bounces: i64,
    /// The first of them.
    pub first_at: Timestamp,
    /// Until when the address rests, when it does.
    pub rests_until: Option<Timestamp>,
}

/// Counts a soft bounce; one long after the last begins a new row. Returns the row as it is now.
pub fn count(
    s: &mut dyn Session,
    address: &str,
    now: Timestamp,
    forgets: Timestamp,
) -> Result<SoftBounces, StoreError> {
    s.query_one(
        "INSERT INTO soft_bounce (address, bounces, first_at, last_at) VALUES ($1, 1, $2, $2)
         ON CONFLICT (address) DO UPDATE SET
             bounces = CASE WHEN soft_bounce.last_at < $3 THEN 1 ELSE soft_bounce.bounces + 1 END,
             first_at = CASE WHEN soft_bounce.last_at < $3 THEN excluded.first_at ELSE soft_bounce.first_at END,
             last_at = excluded.last_at
         RETURNING bounces, first_at, rests_until",
        params![address, now, forgets],
        |r| Ok(SoftBounces { bounces: r.int(0), first_at: r.instant(1), rests_until: r.opt_instant(2) }),
    )
}

/// The address rests until then.
pub fn rest(s: &mut dyn Session, address: &str, until: Timestamp) -> Result<(), StoreError> {
    s.execute("UPDATE soft_bounce SET rests_until = $2 WHERE address = $1", params![address, until])?;
    Ok(())
}

/// When the first resting address has rested. Index: `soft_bounce_rests`.
pub fn next_rested(s: &mut dyn Session) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT MIN(rests_until) FROM soft_bounce WHERE rests_until IS NOT NULL";
    s.query_one(sql, &[], |r| Ok(r.opt_instant(0)))
}

/// Takes up to `most` addresses off the list that have rested, and returns them.
pub fn take_rested(s: &mut dyn Session, now: Timestamp, most: usize) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT address FROM soft_bounce WHERE rests_until <= $1 ORDER BY address LIMIT $2 {skip_locked}";
    let rested = s.query_map(sql, params![now, most as i64], |r| Ok(r.string(0)))?;
    if !rested.is_empty() {
        s.execute("DELETE FROM soft_bounce WHERE address {in:1}", params![&rested])?;
    }
    Ok(rested)
}

/// Which of these folded addresses rest.
pub fn resting(s: &mut dyn Session, addresses: &[String]) -> Result<Vec<String>, StoreError> {
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT address FROM soft_bounce WHERE address {in:1} AND rests_until IS NOT NULL ORDER BY address";
    s.query_map(sql, params![addresses], |r| Ok(r.string(0)))
}

/// The people who have this folded address and do not rest, locked: whoever writes it exactly so, and whoever was ever
/// written to at it and still has it, however they write it. Indexes: `person_email`, `ledger_address`.
pub fn awake_at(s: &mut dyn Session, address: &str) -> Result<Vec<PersonId>, StoreError> {
    let sql = "SELECT id FROM person
               WHERE id IN (SELECT id FROM person WHERE email = $1
                            UNION SELECT person_id FROM ledger WHERE address = $1 AND person_id IS NOT NULL)
                 AND email_suspended = FALSE AND caravan_fold(TRIM(email)) = $1
               ORDER BY id {for_update}";
    s.query_map(sql, params![address], |r| Ok(PersonId(r.int(0))))
}

/// The people who rest and have one of these folded addresses, however they write it; locked. Looks through everybody who
/// rests: whoever was told to, may have been written otherwise since.
pub fn resting_at(s: &mut dyn Session, addresses: &[String]) -> Result<Vec<PersonId>, StoreError> {
    let sql = "SELECT id FROM person WHERE email_suspended = TRUE AND caravan_fold(TRIM(email)) {in:1}
               ORDER BY id {for_update}";
    s.query_map(sql, params![addresses], |r| Ok(PersonId(r.int(0))))
}
