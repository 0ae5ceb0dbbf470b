//! The sweeper: whoever is inside a journey must have a due time, an event to wait for, or work that waits for it. A
//! trip that has none of these would stand for ever, so it is a defect of ours: it is reported with its data under
//! *Problems*, where it can be tried again. There should never be one.

use caravan_store::step::{EnrollmentRow, Failed};
use caravan_store::{StoreError, journeys, step};

use crate::Engine;
use crate::walk::PARKED;

/// Stuck trips reported at once.
const MOST: usize = 100;

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
