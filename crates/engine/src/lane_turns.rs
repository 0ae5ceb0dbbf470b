//! Pace at the source: a connection that says how many messages a second it sends takes what it can send in an hour into
//! its queue. Whoever comes to an action of it beyond that is held before the action until its turn, so that a blast does
//! not queue millions of messages at once. A traveller is held once for each action; turns follow one another at the
//! connection's pace, whatever worker gives them.

use std::collections::{BTreeMap, BTreeSet};

use caravan_model::document::DocumentKind;
use caravan_store::{Session, StoreError, lane_turns};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::live::Live;

/// A queue takes what its connection sends in so many seconds.
const ROOM_SECS: f64 = 3_600.0;

/// The lanes of a batch that are full.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    full: BTreeMap<String, Turn>,
}

#[derive(Debug, Clone, Copy)]
struct Turn {
    /// The end of the last turn that was given.
    last: Timestamp,
    per_second: f64,
    given: bool,
}

impl Turns {
    /// Looks which of these lanes are full, and locks their turns, in order of their names.
    pub fn lock(
        s: &mut dyn Session,
        live: &Live,
        now: Timestamp,
        lanes: &BTreeSet<String>,
    ) -> Result<Self, StoreError> {
        let mut full = BTreeMap::new();
        for lane in lanes.iter().filter(|_| live.paced) {
            let Some(per_second) = pace_of(live, lane) else { continue };
            if lane_turns::is_full(s, lane, (per_second * ROOM_SECS).ceil() as i64)? {
                let last = lane_turns::lock(s, lane)?.max(now);
                full.insert(lane.clone(), Turn { last, per_second, given: false });
            }
        }
        Ok(Self { full })
    }

    /// When a traveller that comes with so many messages may queue them; none: at once.
    pub fn take(&mut self, lanes: &BTreeSet<String>, messages: usize) -> Option<Timestamp> {
        if self.full.is_empty() {
            return None;
        }
        let mut until = None;
        for lane in lanes {
            let Some(turn) = self.full.get_mut(lane) else { continue };
            let takes = SignedDuration::try_from_secs_f64(messages as f64 / turn.per_second).unwrap_or_default();
            turn.last = turn.last.checked_add(takes).unwrap_or(turn.last);
            turn.given = true;
            until = until.max(Some(turn.last));
        }
        until
    }

    /// Keeps the turns that were given.
    pub fn save(&self, s: &mut dyn Session) -> Result<(), StoreError> {
        for (lane, turn) in self.full.iter().filter(|(_, turn)| turn.given) {
            lane_turns::set(s, lane, turn.last)?;
        }
        Ok(())
    }
}

/// Messages a second of the connection of a lane, where it says so. A lane is named by what it does and its connection.
fn pace_of(live: &Live, lane: &str) -> Option<f64> {
    let connection = live.definitions.get(DocumentKind::Connection, lane.split(':').nth(1)?)?;
    let stated = connection.body.pointer("/settings/per_second").and_then(Json::as_f64);
    stated.filter(|per_second| *per_second > 0.0)
}
