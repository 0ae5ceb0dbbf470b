//! Turns before actions whose connection has more to send than it can for now: one row for each lane of the outbox.

use caravan_model::clock::{from_micros, to_micros};
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// Whether at least `room` messages wait in a lane. Index: `outbox_lane`.
pub fn is_full(s: &mut dyn Session, lane: &str, room: i64) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM outbox WHERE lane = $1 ORDER BY not_before, id LIMIT 1 OFFSET $2";
    Ok(s.query_opt(sql, params![lane, (room - 1).max(0)], |_| Ok(()))?.is_some())
}

/// The end of the last turn that was given in a lane, its row locked until the transaction ends.
pub fn lock(s: &mut dyn Session, lane: &str) -> Result<Timestamp, StoreError> {
    let sql = "INSERT INTO lane_turn (lane, next_at) VALUES ($1, 0) ON CONFLICT DO NOTHING";
    s.execute(sql, params![lane])?;
    let sql = "SELECT next_at FROM lane_turn WHERE lane = $1 {for_update}";
    Ok(from_micros(s.query_opt(sql, params![lane], |r| Ok(r.int(0)))?.unwrap_or(0)))
}

/// Keeps the end of the last turn of a lane that this transaction has locked.
pub fn set(s: &mut dyn Session, lane: &str, next: Timestamp) -> Result<(), StoreError> {
    s.execute("UPDATE lane_turn SET next_at = $2 WHERE lane = $1", params![lane, to_micros(next)])?;
    Ok(())
}
