//! Queueing what leaves the system.

use caravan_model::{EnrollmentId, Shard, VersionId};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::session::Session;

/// An effect to queue.
#[derive(Debug, Clone, Copy)]
pub struct EffectRow<'a> {
    /// Connection × operation × target.
    pub lane: &'a str,
    /// Stable over every retry.
    pub key: &'a str,
    /// What is delivered.
    pub kind: &'a str,
    /// The traveller's shard.
    pub shard: Shard,
    /// The trip.
    pub enrollment: EnrollmentId,
    /// Its version.
    pub version: VersionId,
    /// The node, or the box action.
    pub node: i64,
    /// The account on whose trip it is sent.
    pub account: Option<i64>,
    /// The recipient.
    pub person: Option<i64>,
    /// What rendering needs, JSON.
    pub body: &'a str,
}

/// Queues effects. The unique key refuses a second one.
pub fn insert_effects(s: &mut dyn Session, rows: &[EffectRow<'_>], now: Timestamp) -> Result<(), StoreError> {
    queue_effects(s, rows, now, now)
}

/// Queues effects that may go at `not_before`.
pub fn queue_effects(
    s: &mut dyn Session,
    rows: &[EffectRow<'_>],
    now: Timestamp,
    not_before: Timestamp,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = s.reserve_ids("outbox", rows.len())?.collect();
    let lane: Vec<&str> = rows.iter().map(|e| e.lane).collect();
    let key: Vec<&str> = rows.iter().map(|e| e.key).collect();
    let kind: Vec<&str> = rows.iter().map(|e| e.kind).collect();
    let shard: Vec<i64> = rows.iter().map(|e| e.shard.0).collect();
    let enrollment: Vec<i64> = rows.iter().map(|e| e.enrollment.0).collect();
    let version: Vec<i64> = rows.iter().map(|e| e.version.0).collect();
    let node: Vec<i64> = rows.iter().map(|e| e.node).collect();
    let account: Vec<Option<i64>> = rows.iter().map(|e| e.account).collect();
    let person: Vec<Option<i64>> = rows.iter().map(|e| e.person).collect();
    let body: Vec<&str> = rows.iter().map(|e| e.body).collect();
    s.bulk(
        &Bulk::insert("outbox")
            .column("id", &ids)
            .column("lane", &lane)
            .column("key", &key)
            .column("kind", &kind)
            .column("shard", &shard)
            .column("enrollment_id", &enrollment)
            .column("version_id", &version)
            .column("node", &node)
            .column("account_id", &account)
            .column("person_id", &person)
            .same("queued_at", now)
            .same("not_before", not_before)
            .same("attempt", 0i64)
            .same("intent", false)
            .column("body", &body),
    )?;
    Ok(())
}
