//! What a step of the runtime reads and writes: the claim, due enrollments, the inbox, moves and tallies.
//!
//! Everything here runs inside the transaction that holds the shards' row locks. See ARCHITECTURE.md, *The runtime*.

mod effects;
mod inbox;
mod problems;
mod tallies;
mod trips;

use caravan_model::Shard;
use caravan_model::clock::{from_micros, to_micros};
use jiff::Timestamp;

pub use self::effects::{EffectRow, insert_effects, queue_effects};
pub use self::inbox::{
    InboxRow, NewInbox, asked, asked_by_hand, continue_inbox, delete_inbox, inbox, inbox_of, insert_inbox,
};
pub use self::problems::{Failed, Trouble, any_problem, clear_problems, put_problem, rest_problems, troubles};
pub use self::tallies::{TallyChange, add_tallies};
pub(crate) use self::trips::{ENROLLMENT, ENROLLMENT_WIDTH, enrollments_where, read_enrollment};
pub use self::trips::{
    EnrollmentRow, MoveRow, due, due_of, enrollments, insert_enrollments, insert_moves, latest_trips, listening,
    set_goal_reached, unpark, update_enrollments,
};
use crate::error::StoreError;
use crate::session::{Param, Session};

/// The shards that this transaction holds, and the instant from which everything in it is decided.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Locked until the transaction ends.
    pub shards: Vec<Shard>,
    /// Step time: read after the lock, never earlier than any claimed shard's last step.
    pub now: Timestamp,
}

/// Takes up to `most` shards that have work, longest ready first. The lock is the claim.
pub fn claim(s: &mut dyn Session, most: usize) -> Result<Option<Claim>, StoreError> {
    let asked = to_micros(s.now()?);
    let mut shards = Vec::new();
    let mut last_step = i64::MIN;
    // Loading comes in later statements: in this one it would see the previous holder's rows.
    s.query(
        "SELECT id, last_step_at FROM shard
         WHERE due_at <= $1 OR EXISTS (SELECT 1 FROM inbox WHERE inbox.shard = shard.id)
         ORDER BY COALESCE(due_at, 0), id LIMIT $2 {for_update} {skip_locked}",
        &[Param::Int(asked), Param::Int(most as i64)],
        &mut |r| {
            shards.push(Shard(r.int(0)));
            last_step = last_step.max(r.int(1));
            Ok(())
        },
    )?;
    if shards.is_empty() {
        return Ok(None);
    }
    let now = from_micros(to_micros(s.now()?).max(last_step));
    Ok(Some(Claim { shards, now }))
}

/// Locks the given shards whatever they have to do (a simulation, or a command that must hold them).
pub fn claim_these(s: &mut dyn Session, shards: &[Shard]) -> Result<Claim, StoreError> {
    let ids: Vec<i64> = shards.iter().map(|s| s.0).collect();
    let mut last_step = i64::MIN;
    s.query(
        "SELECT id, last_step_at FROM shard WHERE id {in:1} ORDER BY id {for_update}",
        &[Param::Ints(&ids)],
        &mut |r| {
            last_step = last_step.max(r.int(1));
            Ok(())
        },
    )?;
    let now = from_micros(to_micros(s.now()?).max(last_step));
    Ok(Claim { shards: shards.to_vec(), now })
}

/// Ends the step for the claimed shards: when each is due next, and that it stepped at `claim.now`.
pub fn release(s: &mut dyn Session, claim: &Claim) -> Result<(), StoreError> {
    let shards: Vec<i64> = claim.shards.iter().map(|s| s.0).collect();
    let now = to_micros(claim.now);
    s.execute(
        "UPDATE shard SET last_step_at = $2, due_at = (
             SELECT MIN(due_at) FROM (
                 SELECT MIN(due_at) AS due_at FROM enrollment WHERE enrollment.shard = shard.id AND due_at IS NOT NULL
                 UNION ALL SELECT MIN(due_at) FROM recheck WHERE recheck.shard = shard.id
             ) AS next)
         WHERE id {in:1}",
        &[Param::Ints(&shards), Param::Int(now)],
    )?;
    Ok(())
}

/// The earliest instant at which any shard has something to do by itself, and whether an inbox holds anything.
pub fn next_due(s: &mut dyn Session) -> Result<(Option<Timestamp>, bool), StoreError> {
    let mut due = None;
    let mut inbox = false;
    s.query("SELECT (SELECT MIN(due_at) FROM shard), EXISTS (SELECT 1 FROM inbox)", &[], &mut |r| {
        due = r.opt_int(0).map(from_micros);
        inbox = r.bool(1);
        Ok(())
    })?;
    Ok((due, inbox))
}
