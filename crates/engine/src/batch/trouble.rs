//! Travellers that failed by our own fault: what they waited for and what they have heard is kept with the problem, so
//! that the next try finds them as they were.

use std::collections::HashMap;

use caravan_model::EnrollmentId;
use caravan_store::step::{self, EnrollmentRow, Failed};
use caravan_store::{Session, StoreError};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::Batch;
use crate::external::Answered;
use crate::inbox::Addressee;
use crate::listen::HeardActivity;
use crate::walk::{Traveller, unparked};

/// How long a version that cannot run rests before it is looked at again.
const REST: SignedDuration = SignedDuration::from_mins(10);

/// The most activities that are kept for one traveller, oldest first.
const MOST_HEARD: usize = 1_000;

/// What came for a traveller and could not be taken in.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Unheard {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    heard: Vec<HeardActivity>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answers: Vec<Answered>,
}

impl Unheard {
    fn of(stored: Option<&str>) -> Self {
        stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    fn stored(&self) -> Option<String> {
        (*self != Self::default()).then(|| serde_json::to_string(self).unwrap_or_default())
    }

    /// What this traveller's node may still need of what came for it.
    fn by(t: &Traveller) -> Self {
        let step = &t.plan.node(t.row.node).step;
        let hears = step.hears();
        let meant = |activity: &&HeardActivity| hears.contains(&activity.kind.as_str()) && activity.concerns(t);
        Self { heard: t.heard.iter().filter(meant).take(MOST_HEARD).cloned().collect(), answers: t.answers.clone() }
    }
}

/// A traveller whose version cannot run.
pub(super) struct Planless {
    pub row: EnrollmentRow,
    /// What external services answered for it.
    pub answers: Vec<Answered>,
}

impl Batch<'_> {
    /// Travellers that failed before are put back to where they were before they did.
    pub(super) fn recall_troubles(&mut self, s: &mut dyn Session) -> Result<(), StoreError> {
        if self.travellers.is_empty() || !step::any_problem(s)? {
            return Ok(());
        }
        let ids: Vec<i64> = self.travellers.iter().map(|t| t.row.id.0).collect();
        for trouble in step::troubles(s, &ids)? {
            let Some(&at) = self.place.get(&trouble.trip) else { continue };
            let t = &mut self.travellers[at];
            let kept = Unheard::of(trouble.unheard.as_deref());
            t.row.due_at = trouble.due_at.map(unparked);
            t.heard.splice(0..0, kept.heard);
            t.heard.sort_by_key(|activity| (activity.happened_at(), activity.id));
            t.answers.splice(0..0, kept.answers);
            self.touched.insert(trouble.trip);
            self.attempts.insert(trouble.trip, trouble.attempts);
        }
        Ok(())
    }

    /// A trip that failed is tried again with growing patience; one that went on has no problem any more.
    pub(super) fn note_problems(&mut self, s: &mut dyn Session) -> Result<(), StoreError> {
        let problems = std::mem::take(&mut self.problems);
        let mut settled = std::mem::take(&mut self.attempts);
        for (at, fault) in problems {
            let t = &mut self.travellers[at];
            let next_try = self.claim.now + backoff(settled.remove(&t.row.id).unwrap_or(0));
            let unheard = Unheard::by(t).stored();
            let failed = Failed {
                row: &t.row,
                node: fault.node,
                code: fault.code,
                message: &fault.message,
                next_try: Some(next_try),
                unheard: unheard.as_deref(),
            };
            step::put_problem(s, &failed, self.claim.now)?;
            t.row.due_at = Some(next_try);
            self.touched.insert(t.row.id);
        }
        let resting = std::mem::take(&mut self.resting);
        if !resting.is_empty() {
            step::rest_problems(s, &resting)?;
        }
        let mut settled: Vec<i64> = settled.into_keys().map(|trip| trip.0).collect();
        settled.sort_unstable();
        if settled.is_empty() { Ok(()) } else { step::clear_problems(s, &settled) }
    }

    /// Travellers of versions that cannot run stay where they are, with what came for them.
    pub(super) fn rest_planless(&mut self, s: &mut dyn Session) -> Result<(), StoreError> {
        if self.planless.is_empty() {
            return Ok(());
        }
        let next_try = self.claim.now + REST;
        let message = "The published version that this trip follows cannot run: something that it names is gone or has \
                       changed its type. Put it back, or abort the journey.";
        let planless = std::mem::take(&mut self.planless);
        let ids: Vec<i64> = planless.keys().map(|trip| trip.0).collect();
        let kept: HashMap<EnrollmentId, _> =
            step::troubles(s, &ids)?.into_iter().map(|trouble| (trouble.trip, trouble.unheard)).collect();
        let mut rows = Vec::with_capacity(planless.len());
        for Planless { mut row, answers } in planless.into_values() {
            let before = kept.get(&row.id).and_then(Option::as_deref);
            let unheard = self.came_for(&row, answers, Unheard::of(before)).stored();
            let failed = Failed {
                row: &row,
                node: row.node,
                code: "version_cannot_run",
                message,
                next_try: Some(next_try),
                unheard: unheard.as_deref(),
            };
            step::put_problem(s, &failed, self.claim.now)?;
            row.due_at = Some(next_try);
            rows.push(row);
        }
        let stored: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        step::update_enrollments(s, &rows, &stored)
    }

    /// Without a plan nobody knows what the node hears: everything since the arrival is kept.
    fn came_for(&self, row: &EnrollmentRow, answers: Vec<Answered>, mut kept: Unheard) -> Unheard {
        let of_people = self.live.journeys.get(&row.journey).is_some_and(|journey| journey.of_people);
        let own = Addressee::of(of_people, row.subject);
        let heard = self
            .heard
            .iter()
            .filter(|(to, activity)| row.listening && *to == own && activity.happened_at() >= row.node_at);
        kept.heard.extend(heard.map(|(_, activity)| activity.clone()));
        kept.heard.truncate(MOST_HEARD);
        kept.answers.extend(answers);
        kept
    }
}

/// 10 s, doubled with every failure, at most 6 hours.
fn backoff(failures: i64) -> SignedDuration {
    let doublings = u32::try_from(failures.clamp(0, 12)).unwrap_or(12);
    SignedDuration::from_secs(10 * 2_i64.pow(doublings)).min(SignedDuration::from_hours(6))
}
