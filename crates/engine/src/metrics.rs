//! What this process has done since it began, for whoever watches it: `/metrics` shows it. Counts only grow. A process without a
//! recorder keeps none, and simulations are not counted.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter};

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
