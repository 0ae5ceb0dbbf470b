//! The sweeper: whoever is inside a journey must have a due time, an event to wait for, or work that waits for it. A
//! trip that has none of these would stand for ever, so it is a defect of ours: it is reported with its data under
//! *Problems*, where it can be tried again. There should never be one.

use caravan_model::EnrollmentId;
use caravan_store::journeys::Orphans;
use caravan_store::step::{EnrollmentRow, Failed};
use caravan_store::{StoreError, chores, journeys, step};

use crate::Engine;
use crate::inbox::Command;
use crate::walk::PARKED;

/// Stuck trips reported at once.
const MOST: usize = 100;
/// Trips that one sweep asks whether their traveller is still there. The next sweep goes on behind them.
const LOOKED_AT: usize = 5_000;
/// Under which it is kept how far sweeps have come.
const CHORE: &str = "orphans";

/// Looks for trips that nothing will ever move, and reports them. Returns how many there are.
///
/// # Errors
/// The store's.
pub fn sweep(engine: &Engine) -> Result<usize, StoreError> {
    let stuck = engine.store().read(|s| journeys::stuck(s, PARKED, MOST))?;
    if stuck.is_empty() {
        return Ok(0);
    }
    engine.store().write(|s| -> Result<(), StoreError> {
        let now = s.now()?;
        for row in &stuck {
            tracing::error!(trip = %row.id, ?row, "a trip would stand for ever");
            let message = told(row);
            let failed =
                Failed { row, node: row.node, code: "stuck", message: &message, next_try: None, unheard: None };
            step::put_problem(s, &failed, now)?;
        }
        Ok(())
    })?;
    Ok(stuck.len())
}

/// Looks for trips whose account or person was deleted from the tables by hand, and has them end. Deleting through the API
/// ends trips first, so there should never be one. Returns how many were found.
///
/// # Errors
/// The store's.
pub fn end_orphans(engine: &Engine) -> Result<usize, StoreError> {
    let Orphans { trips, last } = engine.store().read(|s| {
        let live = engine.live(s)?;
        let of_people: Vec<i64> = live.journeys.iter().filter(|(_, j)| j.of_people).map(|(id, _)| id.0).collect();
        let cursor = chores::get(s, CHORE)?.and_then(|chore| chore.memory?.parse().ok()).unwrap_or_default();
        journeys::orphans(s, &of_people, EnrollmentId(cursor), LOOKED_AT)
    })?;
    engine.store().write(|s| -> Result<(), StoreError> {
        let now = s.now()?;
        let end = |&(trip, shard): &(EnrollmentId, _)| {
            Command::End { trips: vec![trip], outcome: "removed".to_owned(), by: None }.to(shard, now)
        };
        step::insert_inbox(s, &trips.iter().map(end).collect::<Vec<_>>())?;
        chores::plan(s, CHORE, now)?;
        chores::put(s, CHORE, now, &last.map_or(0, |trip| trip.0).to_string())
    })?;
    if !trips.is_empty() {
        tracing::warn!(trips = trips.len(), "accounts or people were deleted from the tables; their trips end");
        engine.poke();
    }
    Ok(trips.len())
}

fn told(row: &EnrollmentRow) -> String {
    let due = row.due_at.map_or_else(|| "none".to_owned(), |at| at.to_string());
    format!(
        "Nothing would ever move this traveller. It is a defect of Caravan: please report it with this line. Retry, or \
         leave the node out. [shard {}, step {}, due {due}, listening {}, memory {}]",
        row.shard.0,
        row.seq,
        row.listening,
        row.memory.as_deref().unwrap_or("none")
    )
}
