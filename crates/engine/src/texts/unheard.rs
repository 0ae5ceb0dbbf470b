//! Messages of which nothing is heard: providers are asked how they fare, and whether they have those whose answer was lost.

use std::collections::{HashMap, HashSet};

use caravan_connect::Connector;
use caravan_connect::connector::LostText;
use caravan_connect::texts::Report;
use caravan_model::EffectId;
use caravan_store::watched::{self, Unheard};
use caravan_store::{StoreError, ledger};
use jiff::SignedDuration;

use super::{reported, resting};
use crate::Engine;
use crate::deliver::{Doors, Way};

/// How long nothing is heard of a message before its provider is asked; each time so much longer than the last. Some
/// carriers never report, so it is not asked for ever: eight times, over three days.
pub(crate) const ASKED_EVERY: SignedDuration = SignedDuration::from_hours(2);
const MOST_ASKED: i64 = 8;
/// Messages asked about in one go.
const ASKED_AT_ONCE: usize = 100;
/// How long nothing is heard of a message whose answer was lost before its provider is asked whether it has it.
pub(crate) const LOST_FOR: SignedDuration = SignedDuration::from_mins(5);
/// Texts to the same number that may be known already: those of the day before too, 200 at most.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(24);
const MOST_KNOWN: usize = 200;
/// How often a look comes round, for connections that take only so many calls a second.
const LOOKS_EVERY_SECS: f64 = 60.0;

/// Makes the text again whose answer was lost; none where that is settled by now.
pub(crate) type Lost<'a> = &'a dyn Fn(EffectId) -> Result<Option<LostText>, StoreError>;

/// Asks providers about messages whose end was never reported, or whose answer was lost. Connections that rest are left
/// alone, and so is for now one that does not answer. Returns about how many.
///
/// # Errors
/// The store's.
pub(crate) fn ask_unheard(engine: &Engine, doors: &Doors, lost: Lost<'_>) -> Result<usize, StoreError> {
    let due = engine.store().read(|s| -> Result<bool, StoreError> {
        let now = s.now()?;
        Ok(watched::next_unheard(s)?.is_some_and(|at| at <= now))
    })?;
    if !due {
        return Ok(0);
    }
    let (live, now, resting, unheard) = engine.store().write(|s| -> Result<_, StoreError> {
        let now = s.now()?;
        let taken = watched::take_unheard(s, now, ASKED_EVERY, ASKED_AT_ONCE)?;
        let (given_up, asked): (Vec<_>, Vec<_>) = taken.into_iter().partition(|message| message.asked >= MOST_ASKED);
        watched::heard_out(s, &given_up.into_iter().map(|message| message.effect).collect::<Vec<_>>())?;
        Ok((engine.live(s)?, now, resting(s)?, asked))
    })?;
    let mut left: HashMap<&str, usize> = HashMap::new();
    let mut silent: HashSet<&str> = HashSet::new();
    for message in &unheard {
        let connection = message.connection.as_str();
        let way = Way::connection(connection);
        if silent.contains(connection) || way.is_paused(&live) || resting.of_connection(connection) > now {
            continue;
        }
        let Ok(Some(door)) = doors.door(&live, &way) else { continue };
        let left = left.entry(connection).or_insert_with(|| calls_of_a_look(door.facts().per_second));
        if *left == 0 {
            continue;
        }
        *left -= 1;
        match asked(engine, door.as_ref(), message, lost)? {
            Ok(Some(report)) => {
                let report = Report { message: Some(message.effect.0), ..report };
                engine.store().write(|s| reported(s, engine, connection, &report))?;
            }
            Ok(None) => {}
            Err(why) => {
                tracing::warn!(connection, why, "a provider does not say how a text message fares");
                silent.insert(connection);
            }
        }
    }
    Ok(unheard.len())
}

/// How many calls a connection takes until the next look.
fn calls_of_a_look(per_second: Option<f64>) -> usize {
    per_second.map_or(ASKED_AT_ONCE, |rate| (rate * LOOKS_EVERY_SECS).max(1.0) as usize)
}

/// What the provider says of a message, or why it says nothing.
fn asked(
    engine: &Engine,
    door: &dyn Connector,
    message: &Unheard,
    lost: Lost<'_>,
) -> Result<Result<Option<Report>, String>, StoreError> {
    if !message.remote_id.is_empty() {
        return Ok(door.fares(&message.remote_id));
    }
    let Some(text) = lost(message.effect)? else { return Ok(Ok(None)) };
    let candidates = match door.find_text(&text) {
        Ok(candidates) => candidates,
        Err(why) => return Ok(Err(why)),
    };
    // What is another message of ours is not this one.
    let known = engine.store().read(|s| ledger::texts_to(s, &text.to, text.since - LOOKED_BACK, MOST_KNOWN))?;
    let known: HashSet<String> = known.into_iter().filter_map(|row| row.remote_id).collect();
    Ok(Ok(candidates.into_iter().find(|candidate| !known.contains(&candidate.remote_id))))
}
