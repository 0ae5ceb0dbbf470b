//! What holds messages back that are queued, and until when: what people see instead of a bare *pending*.

use std::collections::HashMap;

use caravan_store::held::Waits;
use caravan_store::{Session, StoreError, outbox};
use jiff::Timestamp;

use super::doors::Way;
use super::warm_up::{self, WarmUpState};
use crate::live::Live;
use crate::texts::{self, Resting};

/// A mailbox provider asked for less; what goes to it rests.
pub const DESTINATION_RESTS: &str = "destination_rests";
/// Everything that would leave is held.
const HOLD: &str = "hold";
/// The journey is paused.
const JOURNEY_PAUSED: &str = "journey_paused";
/// What it leaves through is paused.
const CONNECTION_PAUSED: &str = "connection_paused";
/// What it leaves through rests after refusals.
const CONNECTION_RESTS: &str = "connection_rests";
/// As many left today as the plan of a new sender lets.
const WARM_UP: &str = "warm_up";

/// Why a message waits, and until when where that is known.
pub type Hold = (String, Option<Timestamp>);

/// What holds more than single messages now.
pub struct Holds<'a> {
    live: &'a Live,
    now: Timestamp,
    all: bool,
    plans: HashMap<String, WarmUpState>,
    resting: Resting,
}

impl<'a> Holds<'a> {
    /// Those of now.
    pub fn load(s: &mut dyn Session, live: &'a Live) -> Result<Self, StoreError> {
        let mut plans = warm_up::states(s, live)?;
        plans.retain(|_, plan| plan.full);
        Ok(Self { live, now: s.now()?, all: outbox::on_hold(s)?, plans, resting: texts::resting(s)? })
    }

    /// Whether a whole lane waits now, of a journey that is paused or not.
    pub fn holds(&self, lane: &str, journey_paused: bool) -> bool {
        self.of_all(lane, journey_paused).is_some() || self.of_lane(lane).is_some()
    }

    /// What holds a message: first what holds it until somebody lets it go, then what holds it alone, then its lane.
    pub fn of(&self, waits: &Waits, journey_paused: bool) -> Option<Hold> {
        let alone = || {
            let held = waits.held.as_ref().filter(|_| waits.not_before > self.now)?;
            Some((held.clone(), Some(waits.not_before)))
        };
        self.of_all(&waits.lane, journey_paused)
            .map(|why| (why.to_owned(), None))
            .or_else(alone)
            .or_else(|| self.of_lane(&waits.lane).map(|(why, until)| (why.to_owned(), Some(until))))
            .filter(|_| !waits.claimed)
    }

    fn of_all(&self, lane: &str, journey_paused: bool) -> Option<&'static str> {
        if self.all {
            return Some(HOLD);
        }
        if journey_paused {
            return Some(JOURNEY_PAUSED);
        }
        Way::of_lane(lane).is_paused(self.live).then_some(CONNECTION_PAUSED)
    }

    fn of_lane(&self, lane: &str) -> Option<(&'static str, Timestamp)> {
        let rests = Some(self.resting.until(lane)).filter(|until| *until > self.now);
        let plan = || Some((WARM_UP, self.plans.get(Way::of_lane(lane).key())?.next_day_at));
        rests.map(|until| (CONNECTION_RESTS, until)).or_else(plan)
    }
}
