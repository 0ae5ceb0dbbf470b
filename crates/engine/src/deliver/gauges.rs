//! What waits for each connection and whether it rests, for whoever watches the process.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use caravan_store::{StoreError, outbox};

use super::Dispatcher;
use super::doors::Way;
use crate::connections::SYSTEMS;
use crate::metrics::{Circuit, Whose};

/// How often it is counted: reading the outbox is not the price of every round.
const EVERY: Duration = Duration::from_secs(5);

/// What was shown last.
#[derive(Default)]
pub struct Shown {
    at: Option<Instant>,
    whose: BTreeSet<Whose>,
}

impl Dispatcher {
    /// Shows it, when it was not shown a moment ago. Every connection is shown, also while nothing waits for it.
    pub(super) fn show_gauges(&self) -> Result<(), StoreError> {
        let mut shown = self.shown.lock();
        if shown.at.is_some_and(|at| at.elapsed() < EVERY) {
            return Ok(());
        }
        shown.at = Some(Instant::now());
        let now = self.stand()?;
        for gone in shown.whose.iter().filter(|whose| !now.contains_key(whose)) {
            gone.stands(0, Circuit::Closed);
        }
        for (whose, (waiting, circuit)) in &now {
            whose.stands(*waiting, *circuit);
        }
        shown.whose = now.into_keys().collect();
        Ok(())
    }

    /// How many effects wait for each connection, and how its breaker stands: of several lanes the worst.
    fn stand(&self) -> Result<BTreeMap<Whose, (i64, Circuit)>, StoreError> {
        let (live, waiting, now) = self
            .engine
            .store()
            .read(|s| Ok::<_, StoreError>((self.engine.live(s)?, outbox::waiting_by_lane(s)?, s.now()?)))?;
        let waiting = waiting.into_iter().map(|(lane, n)| (lane, n, Circuit::Closed));
        let resting = self.rests.circuits(now).into_iter().map(|(lane, circuit)| (lane, 0, circuit));
        let lanes: Vec<(Way, i64, Circuit)> =
            waiting.chain(resting).map(|(lane, n, circuit)| (Way::of_lane(&lane), n, circuit)).collect();
        let mut stand: BTreeMap<Whose, (i64, Circuit)> = BTreeMap::new();
        for definition in SYSTEMS.into_iter().flat_map(|kind| live.definitions.of_kind(kind)) {
            let (way, sum) = (Way::of(definition), stand.entry(Whose::of(definition)).or_insert((0, Circuit::Closed)));
            for (_, n, circuit) in lanes.iter().filter(|(whose, ..)| *whose == way) {
                *sum = (sum.0 + n, sum.1.max(*circuit));
            }
        }
        Ok(stand)
    }
}
