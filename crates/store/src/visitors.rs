//! Visitors of web sites who were recognised by a link that they followed.

use caravan_model::PersonId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// Keeps whose the id is that a site gave a browser. Whoever followed a link last has it.
pub fn recognise(s: &mut dyn Session, anonymous_id: &str, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO visitor (anonymous_id, person_id, seen_at) VALUES ($1, $2, $3)
         ON CONFLICT (anonymous_id) DO UPDATE SET person_id = excluded.person_id, seen_at = excluded.seen_at",
        params![anonymous_id, person, now],
    )?;
    Ok(())
}

/// The keys of the people whose ids these are.
pub fn known(s: &mut dyn Session, anonymous_ids: &[&str]) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT v.anonymous_id, p.key FROM visitor AS v JOIN person AS p ON p.id = v.person_id
         WHERE v.anonymous_id {in:1}";
    s.query_map(sql, params![anonymous_ids], |r| Ok((r.string(0), r.string(1))))
}

/// The key of a person.
pub fn key_of(s: &mut dyn Session, person: PersonId) -> Result<Option<String>, StoreError> {
    s.query_opt("SELECT key FROM person WHERE id = $1", params![person], |r| Ok(r.string(0)))
}

/// Whoever was recognised as one person is another one now.
pub fn hand_over(s: &mut dyn Session, keep: PersonId, gone: PersonId) -> Result<(), StoreError> {
    s.execute("UPDATE visitor SET person_id = $1 WHERE person_id = $2", params![keep, gone])?;
    Ok(())
}

/// Forgets up to `most` of those who followed no link since. Index: `visitor_seen`.
pub fn forget(s: &mut dyn Session, before: Timestamp, most: usize) -> Result<u64, StoreError> {
    s.execute(
        "DELETE FROM visitor WHERE anonymous_id IN
         (SELECT anonymous_id FROM visitor WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)",
        params![before, most as i64],
    )
}
