//! Lists that are evaluated again for everybody: one that somebody asks for, and all of them once a day.

use caravan_model::document::DocumentKind;
use caravan_store::{Session, StoreError, chores, step};

use super::{List, MembersError};
use crate::Engine;
use crate::inbox::Command;

/// Evaluates a dynamic list or an audience for everybody again. Lists follow what changes by themselves; this repairs one
/// that somebody changed the data behind.
///
/// # Errors
/// [`MembersError`].
pub fn repair(engine: &Engine, kind: DocumentKind, key: &str) -> Result<(), MembersError> {
    engine.store().write(|s| {
        let live = engine.live(s)?;
        let list = List::find(&live, kind, key)?;
        if live.list(list.id).is_none() {
            return Err(MembersError::NoCondition(key.to_owned()));
        }
        let now = s.now()?;
        step::insert_inbox(s, &Command::Evaluate { list: list.id, after: 0 }.to_all(now))?;
        Ok(())
    })?;
    engine.poke();
    Ok(())
}

/// Under which the daily repair is kept.
pub const REPAIR: &str = "repair_lists";
/// How often every list with a condition is evaluated again.
const REPAIR_EVERY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Once a day, every live dynamic list and audience is evaluated for everybody again: what changed behind our back, and what
/// retention took from under a condition, is found. Returns whether it was done now.
///
/// # Errors
/// The store's.
pub fn repair_daily(engine: &Engine) -> Result<bool, StoreError> {
    let (now, chore) = engine.store().read(|s| Ok::<_, StoreError>((s.now()?, chores::get(s, REPAIR)?)))?;
    match chore {
        None => {
            engine.store().write(|s| chores::plan(s, REPAIR, now + REPAIR_EVERY))?;
            Ok(false)
        }
        Some(chore) if chore.due_at > now => Ok(false),
        Some(_) => {
            let done = engine.store().write(|s| {
                let now = s.now()?;
                if chores::claim(s, REPAIR, now, now + REPAIR_EVERY)?.is_none() {
                    return Ok(false);
                }
                evaluate_all(engine, s)?;
                Ok::<_, StoreError>(true)
            })?;
            engine.poke();
            Ok(done)
        }
    }
}

/// Evaluates every live dynamic list and audience for everybody again, now.
///
/// # Errors
/// The store's.
pub(crate) fn repair_all(engine: &Engine) -> Result<(), StoreError> {
    engine.store().write(|s| evaluate_all(engine, s))
}

fn evaluate_all(engine: &Engine, s: &mut dyn Session) -> Result<(), StoreError> {
    let (live, now) = (engine.live(s)?, s.now()?);
    let rows: Vec<_> =
        live.lists.iter().flat_map(|list| Command::Evaluate { list: list.id, after: 0 }.to_all(now)).collect();
    step::insert_inbox(s, &rows)
}
