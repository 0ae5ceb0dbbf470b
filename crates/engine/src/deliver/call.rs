//! Calls of a connector, and what is done when one bad record spoils a batch.
//!
//! A batch that is refused as a whole is halved until the records are found that cannot go: the others leave, and only
//! these fail. The same is done where a connector breaks over a batch whose repetition does no harm; else all of it is
//! in doubt.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use caravan_connect::{Connector, Outcome, Outgoing};

/// How often one call is halved: enough for four bad records among a thousand.
const HALVINGS: u32 = 40;

/// Who hears of every call that was made, and how long it took.
pub type Watch<'a> = &'a dyn Fn(&[Outcome], Duration);

/// Hands items over in calls of at most what the door takes; one outcome for each.
pub fn through<'a>(
    door: &dyn Connector,
    items: impl IntoIterator<Item = &'a Outgoing>,
    watch: Watch<'_>,
) -> Vec<Outcome> {
    let items: Vec<Outgoing> = items.into_iter().cloned().collect();
    let per_call = door.facts().max_batch.max(1);
    items.chunks(per_call).flat_map(|batch| halved(door, batch, &mut { HALVINGS }, watch)).collect()
}

fn halved(door: &dyn Connector, batch: &[Outgoing], halvings: &mut u32, watch: Watch<'_>) -> Vec<Outcome> {
    let began = Instant::now();
    let outcomes = call(door, batch);
    watch(&outcomes, began.elapsed());
    if batch.len() < 2 || *halvings == 0 || !is_spoiled(door, batch, &outcomes) {
        return outcomes;
    }
    *halvings -= 1;
    let (one, other) = batch.split_at(batch.len() / 2);
    let mut outcomes = halved(door, one, halvings, watch);
    outcomes.extend(halved(door, other, halvings, watch));
    outcomes
}

/// Whether a call came to nothing as a whole, in a way that may be the fault of one of its items.
fn is_spoiled(door: &dyn Connector, batch: &[Outgoing], outcomes: &[Outcome]) -> bool {
    // Who had nothing to do was not part of the call.
    let called: Vec<&Outcome> = outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Skipped { .. })).collect();
    let [first, rest @ ..] = called.as_slice() else { return false };
    let all_the_same = !rest.is_empty() && rest.iter().all(|outcome| outcome == first);
    match first {
        Outcome::Failed { .. } => all_the_same,
        Outcome::Unknown { .. } => all_the_same && batch.iter().all(|item| door.repeats_safely(&item.body)),
        _ => false,
    }
}

/// One call. A connector that breaks leaves doubt.
pub(super) fn call(door: &dyn Connector, batch: &[Outgoing]) -> Vec<Outcome> {
    let answer = catch_unwind(AssertUnwindSafe(|| door.deliver(batch)));
    let broke = answer.is_err();
    answer.ok().filter(|outcomes| outcomes.len() == batch.len()).unwrap_or_else(|| {
        tracing::error!(broke, "a connector did not answer for every item");
        let message = "The connector broke before it answered.".to_owned();
        vec![Outcome::Unknown { message }; batch.len()]
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use caravan_connect::call::Call;
    use caravan_connect::{ConnectorFacts, EffectBody};
    use serde_json::json;

    use super::*;

    /// What a system does with a batch that holds a record whose key it does not like.
    #[derive(Clone, Copy)]
    enum Does {
        RefusesAll,
        Breaks,
    }

    /// A system that takes batches whole or not at all.
    struct Picky {
        does: Does,
        safe: bool,
        calls: AtomicUsize,
    }

    impl Picky {
        fn new(does: Does, safe: bool) -> Self {
            Self { does, safe, calls: AtomicUsize::new(0) }
        }
    }

    impl Connector for Picky {
        fn facts(&self) -> ConnectorFacts {
            ConnectorFacts {
                kind: "picky",
                deduplicates: self.safe,
                max_batch: 300,
                parallel: 1,
                sender: None,
                per_second: None,
                warm_up: None,
            }
        }

        fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let spoiled = batch.iter().any(|item| item.key.starts_with("bad"));
            let outcome = match (spoiled, self.does) {
                (true, Does::Breaks) => panic!("a defect"),
                (true, Does::RefusesAll) => Outcome::failed("bad_request", "one of these is wrong"),
                (false, _) => Outcome::Delivered { remote_id: None, detail: String::new() },
            };
            vec![outcome; batch.len()]
        }

        fn check(&self) -> Result<String, String> {
            Ok(String::new())
        }
    }

    fn batch(size: usize, bad: &[usize]) -> Vec<Outgoing> {
        let item = |n: usize| {
            let key = if bad.contains(&n) { format!("bad-{n}") } else { format!("k-{n}") };
            let call = Call { operation: "add".to_owned(), target: json!("1"), subject: json!({"key": key}) };
            Outgoing { key, body: EffectBody::Call(Box::new(call)) }
        };
        (0..size).map(item).collect()
    }

    const UNWATCHED: Watch<'static> = &|_, _| ();

    fn left(outcomes: &[Outcome]) -> usize {
        outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Delivered { .. })).count()
    }

    #[test]
    fn one_bad_record_never_blocks_the_others() {
        for does in [Does::RefusesAll, Does::Breaks] {
            let door = Picky::new(does, true);
            let outcomes = through(&door, &batch(300, &[7, 211]), UNWATCHED);
            assert_eq!((outcomes.len(), left(&outcomes)), (300, 298));
            assert!(
                !matches!(outcomes[7], Outcome::Delivered { .. })
                    && !matches!(outcomes[211], Outcome::Delivered { .. })
            );
            assert!(door.calls.load(Ordering::SeqCst) < 40, "found by halving");
        }
    }

    #[test]
    fn a_batch_of_nothing_but_bad_records_costs_few_calls() {
        let door = Picky::new(Does::RefusesAll, true);
        let all: Vec<usize> = (0..300).collect();
        assert_eq!(left(&through(&door, &batch(300, &all), UNWATCHED)), 0);
        assert!(door.calls.load(Ordering::SeqCst) <= 2 * HALVINGS as usize + 1);
    }

    #[test]
    fn a_connector_that_breaks_over_what_cannot_be_repeated_leaves_doubt() {
        let door = Picky::new(Does::Breaks, false);
        let outcomes = through(&door, &batch(8, &[3]), UNWATCHED);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Unknown { .. })), "{outcomes:?}");
        assert_eq!(door.calls.load(Ordering::SeqCst), 1);
    }
}
