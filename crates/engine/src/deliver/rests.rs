//! Lanes that rest because their door is shut for everybody: one breaker per lane, not one per message.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::metrics::Circuit;

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

    /// Whether the door was shut when it was tried the last time.
    pub fn were_needed(&self, lane: &str) -> bool {
        self.lanes.lock().get(lane).is_some_and(|rest| rest.failures > 0)
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

    /// How the breakers stand that are not simply closed, by lane.
    pub fn circuits(&self, now: Timestamp) -> Vec<(String, Circuit)> {
        let lanes = self.lanes.lock();
        let shut = lanes.iter().filter(|(_, rest)| rest.failures > 0);
        let circuit = |rest: &Rest| if now < rest.until { Circuit::Open } else { Circuit::HalfOpen };
        shut.map(|(lane, rest)| (lane.clone(), circuit(rest))).collect()
    }

    /// The door is open.
    pub fn open(&self, lane: &str) {
        self.lanes.lock().remove(lane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: &str = "email:mail";

    #[test]
    fn rests_double_up_to_a_minute_and_begin_anew_once_the_door_was_open() {
        let (rests, now) = (Rests::default(), Timestamp::UNIX_EPOCH);
        let mut seconds = Vec::new();
        for _ in 0..9 {
            let rest = rests.next(LANE);
            seconds.push(rest.as_secs());
            rests.shut(LANE, now + rest);
        }
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(rests.next("email:other"), FIRST, "each lane by itself");
        rests.open(LANE);
        assert_eq!((rests.next(LANE), rests.until(LANE)), (FIRST, Timestamp::MIN));
    }

    #[test]
    fn a_breaker_opens_waits_for_one_try_and_closes_and_a_pace_is_no_failure() {
        let (rests, now) = (Rests::default(), Timestamp::UNIX_EPOCH);
        let circuit = |at: i64| {
            let at = now + SignedDuration::from_secs(at);
            (rests.rests(LANE, at), rests.were_needed(LANE), rests.circuits(at).pop().map(|(_, circuit)| circuit))
        };
        assert_eq!(circuit(0), (false, false, None));
        rests.shut(LANE, now + FIRST);
        assert_eq!(circuit(0), (true, true, Some(Circuit::Open)));
        assert_eq!(circuit(1), (false, true, Some(Circuit::HalfOpen)));
        rests.open(LANE);
        assert_eq!(circuit(1), (false, false, None));
        rests.pause(LANE, now + LONGEST);
        assert_eq!(circuit(1), (true, false, None));
    }
}
