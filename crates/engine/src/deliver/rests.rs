//! Lanes that rest because their door is shut for everybody: one breaker per lane, not one per message.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

/// The first rest.
const FIRST: SignedDuration = SignedDuration::from_secs(1);
/// The longest rest: how late a server that came back is noticed.
const LONGEST: SignedDuration = SignedDuration::from_secs(60);

/// Which lanes rest, and until when. In memory: a process that starts looks for itself.
#[derive(Debug, Default)]
pub struct Rests {
    lanes: Mutex<HashMap<String, Rest>>,
}

#[derive(Debug, Clone, Copy)]
struct Rest {
    failures: u32,
    until: Timestamp,
}

impl Rests {
    /// Whether a lane rests.
    pub fn rests(&self, lane: &str, now: Timestamp) -> bool {
        self.lanes.lock().get(lane).is_some_and(|rest| now < rest.until)
    }

    /// When a lane has rested; long ago for one that does not rest.
    pub fn until(&self, lane: &str) -> Timestamp {
        self.lanes.lock().get(lane).map_or(Timestamp::MIN, |rest| rest.until)
    }

    /// How long the lane would rest now.
    pub fn next(&self, lane: &str) -> SignedDuration {
        let failures = self.lanes.lock().get(lane).map_or(0, |rest| rest.failures);
        (FIRST * 2_i32.pow(failures.min(6))).min(LONGEST)
    }

    /// The door is shut: the lane rests.
    pub fn shut(&self, lane: &str, until: Timestamp) {
        let mut lanes = self.lanes.lock();
        let rest = lanes.entry(lane.to_owned()).or_insert(Rest { failures: 0, until });
        *rest = Rest { failures: rest.failures.saturating_add(1), until };
    }

    /// Its own pace lets nothing through for a while; nothing is wrong.
    pub fn pause(&self, lane: &str, until: Timestamp) {
        self.lanes.lock().insert(lane.to_owned(), Rest { failures: 0, until });
    }

    /// The door is open.
    pub fn open(&self, lane: &str) {
        self.lanes.lock().remove(lane);
    }
}
