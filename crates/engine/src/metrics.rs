//! What this process has done since it began, for whoever watches it: `/metrics` shows it. Counts only grow. A process without a
//! recorder keeps none, and simulations are not counted. `docs/reference/metrics.md` lists them.

use std::collections::BTreeSet;
use std::time::Duration;

use caravan_catalog::Definition;
use caravan_connect::Outcome;
use caravan_connect::connector::THROTTLED;
use caravan_model::document::DocumentKind;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use parking_lot::Mutex;

use crate::batch::Report;
use crate::deliver::Dispatched;

const STEPS: &str = "caravan_steps_total";
const STEP_TIME: &str = "caravan_step_microseconds_total";
const TRANSITIONS: &str = "caravan_transitions_total";
const ENROLLMENTS: &str = "caravan_enrollment_commits_total";
const OUTCOMES: &str = "caravan_outcomes_total";
const INBOX: &str = "caravan_inbox_rows_total";
const QUEUED: &str = "caravan_effects_queued_total";
const EFFECTS: &str = "caravan_effects_total";
/// How long calls of other systems took. A recorder keeps it in the buckets of [`CALL_BUCKETS`].
pub const CALL_SECONDS: &str = "caravan_call_seconds";
/// Upper ends of the buckets of [`CALL_SECONDS`], in seconds.
pub const CALL_BUCKETS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 90.0];
const CALL_ITEMS: &str = "caravan_call_items_total";
const WAITING: &str = "caravan_connection_waiting";
const CIRCUIT: &str = "caravan_connection_circuit";

/// Connections that are told apart; whatever comes after them is counted together.
const MOST_CONNECTIONS: usize = 200;
/// The name of those that are counted together.
const OTHERS: &str = "(others)";

/// Says what each count means, and shows it from the start.
pub fn describe() {
    for (name, unit, meaning) in [
        (STEPS, Unit::Count, "Steps committed"),
        (STEP_TIME, Unit::Microseconds, "Time that committed steps took"),
        (TRANSITIONS, Unit::Count, "Nodes that travellers walked through"),
        (ENROLLMENTS, Unit::Count, "Enrollments written by steps"),
        (OUTCOMES, Unit::Count, "Executions of actions, one for each person or account"),
        (INBOX, Unit::Count, "Activities and commands taken in by steps"),
        (QUEUED, Unit::Count, "Effects that steps queued for delivery"),
    ] {
        describe_counter!(name, unit, meaning);
        counter!(name).absolute(0);
    }
    describe_histogram!(CALL_SECONDS, Unit::Seconds, "Time that calls of other systems took, by connection");
    describe_counter!(CALL_ITEMS, Unit::Count, "What was handed to other systems, by connection and what became of it");
    describe_gauge!(WAITING, Unit::Count, "Effects that wait for a connection, in the whole store");
    describe_gauge!(CIRCUIT, "Whether a connection rests: 0 it does not, 1 its next call is a try, 2 it rests");
    describe_counter!(EFFECTS, Unit::Count, "Effects by what became of them in one round of delivery");
    delivered(&Dispatched::default());
}

/// Counts a step that was committed.
pub(crate) fn stepped(report: &Report, took: Duration) {
    counter!(STEPS).increment(1);
    counter!(STEP_TIME).increment(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    for (name, count) in [
        (TRANSITIONS, report.transitions),
        (ENROLLMENTS, report.enrollments),
        (OUTCOMES, report.outcomes),
        (INBOX, report.inbox),
        (QUEUED, report.effects),
    ] {
        counter!(name).increment(count as u64);
    }
}

/// Counts a round of delivery.
pub(crate) fn delivered(done: &Dispatched) {
    for (outcome, count) in [
        ("delivered", done.delivered),
        ("skipped", done.skipped),
        ("failed", done.failed),
        ("retried", done.retried),
        ("in_doubt", done.in_doubt),
    ] {
        counter!(EFFECTS, "outcome" => outcome).increment(count as u64);
    }
}

/// A connection (or service, or webhook) as it is named here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Whose {
    connection: String,
    kind: String,
}

/// How the breaker of a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Circuit {
    /// Calls are made.
    Closed,
    /// The rest is over; the next call is a try.
    HalfOpen,
    /// It rests: no call is made.
    Open,
}

impl Whose {
    /// Of a definition; of one too many, a name that stands for all of those.
    pub fn of(definition: &Definition) -> Self {
        let kind = match definition.kind {
            DocumentKind::Connection => definition.text("type").unwrap_or(definition.kind.key()),
            other => other.key(),
        };
        Self::named(&definition.key, kind)
    }

    /// Of a connection of this type.
    pub fn named(connection: &str, kind: &str) -> Self {
        Self::bounded(Self { connection: connection.to_owned(), kind: kind.to_owned() })
    }

    /// Names are made by users, and every name is kept for as long as the process lives.
    fn bounded(self) -> Self {
        static KNOWN: Mutex<BTreeSet<Whose>> = Mutex::new(BTreeSet::new());
        let mut known = KNOWN.lock();
        if known.contains(&self) {
            return self;
        }
        if known.len() >= MOST_CONNECTIONS {
            return Self { connection: OTHERS.to_owned(), kind: OTHERS.to_owned() };
        }
        known.insert(self.clone());
        self
    }

    /// Counts a call that was made.
    pub fn called(&self, outcomes: &[Outcome], took: Duration) {
        let Self { connection, kind } = self.clone();
        histogram!(CALL_SECONDS, "connection" => connection, "kind" => kind).record(took.as_secs_f64());
        for outcome in outcomes {
            let Self { connection, kind } = self.clone();
            counter!(CALL_ITEMS, "connection" => connection, "kind" => kind, "outcome" => outcome_label(outcome))
                .increment(1);
        }
    }

    /// Shows how many effects wait for it, and whether it rests.
    pub fn stands(&self, waiting: i64, circuit: Circuit) {
        let Self { connection, kind } = self.clone();
        gauge!(WAITING, "connection" => connection, "kind" => kind).set(waiting as f64);
        let Self { connection, kind } = self.clone();
        gauge!(CIRCUIT, "connection" => connection, "kind" => kind).set(f64::from(circuit as u8));
    }
}

fn outcome_label(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered { .. } => "delivered",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Failed { .. } => "refused",
        Outcome::Unknown { .. } => "in_doubt",
        Outcome::Retry { code, .. } | Outcome::Shut { code, .. } if code == THROTTLED => "throttled",
        Outcome::Retry { .. } => "retried",
        Outcome::Shut { .. } => "shut",
        Outcome::Later { .. } => "later",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_users_invent_do_not_make_series_without_end() {
        let name = |n: usize| Whose { connection: format!("c-{n}"), kind: "smtp".to_owned() }.bounded();
        let (first, many): (Whose, BTreeSet<Whose>) = (name(0), (0..10 * MOST_CONNECTIONS).map(name).collect());
        assert!(many.len() <= MOST_CONNECTIONS + 1, "{}", many.len());
        assert_eq!((name(0), name(10 * MOST_CONNECTIONS).connection.as_str()), (first, OTHERS));
    }
}
