//! Who travels in this step: the due, those who heard or were answered, those who are moved by hand.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use caravan_catalog::changes::NewActivity;
use caravan_catalog::{Outcome, Subject};
use caravan_model::{AccountId, EnrollmentId};
use caravan_store::step::{self, EnrollmentRow};
use caravan_store::{Session, StoreError};

use super::trouble::Planless;
use super::{Batch, StepError};
use crate::compile::only_to_end;
use crate::external::{ANSWERED, Answer, Answered};
use crate::inbox::Addressee;
use crate::listen::HeardActivity;
use crate::nodes::answer_fields;
use crate::plan::Plan;
use crate::walk::{REMOVED, Signal, Traveller};

impl Batch<'_> {
    pub(super) fn find_travellers(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        let left = self.limits.travellers.saturating_sub(self.candidates.len()).max(1);
        let mut due = match self.due.take() {
            Some(due) => due,
            None => step::due(s, self.claim, left)?,
        };
        due.truncate(left);
        let cut = due.len() == left;
        for row in due {
            self.add_due(s, row)?;
        }
        self.add_listeners(s)?;
        self.add_answered(s)?;
        self.add_signalled(s)?;
        self.add_leaving(s)?;
        if cut {
            self.complete(s)?;
        }
        self.recall_troubles(s)?;
        self.rest_planless(s)?;
        self.enter_again(s)?;
        self.admit(s)
    }

    fn add_due(&mut self, s: &mut dyn Session, row: EnrollmentRow) -> Result<(), StepError> {
        match row.ended_at {
            None if self.may_have_been_heard(&row) => {}
            None => self.add_traveller(s, row, Signal::Due)?,
            Some(_) => self.due_again.push(row),
        }
        Ok(())
    }

    /// No cut goes through an account: whoever is in this step with one of its due trips is with all of them, so that each
    /// sees what the earlier ones changed.
    fn complete(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        // In a single journey nobody has two.
        if self.live.journeys.len() < 2 {
            return Ok(());
        }
        let again: HashSet<EnrollmentId> = self.due_again.iter().map(|row| row.id).collect();
        let subjects: BTreeSet<i64> = self
            .travellers
            .iter()
            .map(|t| t.row.subject)
            .chain(self.due_again.iter().map(|row| row.subject))
            .chain(self.candidates.iter().map(|candidate| candidate.subject))
            .collect();
        let subjects: Vec<i64> = subjects.into_iter().collect();
        for row in step::due_of(s, self.claim, &subjects)? {
            if !again.contains(&row.id) {
                self.add_due(s, row)?;
            }
        }
        Ok(())
    }

    /// Nobody's time is over while what it waits for may still be among what was received and not taken in.
    fn may_have_been_heard(&self, row: &EnrollmentRow) -> bool {
        self.more_to_hear && (row.listening || row.memory.is_some()) && !self.heard_out.contains(&row.subject)
    }

    fn add_traveller(&mut self, s: &mut dyn Session, row: EnrollmentRow, signal: Signal) -> Result<(), StepError> {
        if let Some(&at) = self.place.get(&row.id) {
            if signal != Signal::Due {
                self.travellers[at].signal = self.signal_of(&row, signal);
            }
            return Ok(());
        }
        let signal = self.signal_of(&row, signal);
        let Some(plan) = self.plan_of(s, &row, &signal)? else {
            self.planless.entry(row.id).or_insert_with(|| Planless { row, answers: Vec::new() });
            return Ok(());
        };
        self.planless.remove(&row.id);
        let subject = if plan.of_people { Subject::Person(usize::MAX) } else { Subject::Account(usize::MAX) };
        self.place.insert(row.id, self.travellers.len());
        self.stored_seqs.push(row.seq);
        self.travellers.push(Traveller { row, plan, subject, signal, heard: Vec::new(), answers: Vec::new() });
        Ok(())
    }

    /// The version's plan; to end, a traveller needs none.
    fn plan_of(
        &self,
        s: &mut dyn Session,
        row: &EnrollmentRow,
        signal: &Signal,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        let plan = self.live.plan(s, row.version)?;
        let journey = self.live.journeys.get(&row.journey).filter(|_| plan.is_none());
        Ok(match (journey, signal) {
            (Some(journey), Signal::End(..)) => Some(Arc::new(only_to_end(journey, row.version))),
            _ => plan,
        })
    }

    /// What the journey's state makes of a traveller's signal.
    fn signal_of(&self, row: &EnrollmentRow, signal: Signal) -> Signal {
        let journey = self.live.journeys.get(&row.journey);
        if let Some(outcome) = journey.and_then(|j| j.ends_everybody(self.claim.now)) {
            return match signal {
                Signal::End(asked, by) if asked == outcome => Signal::End(outcome, by),
                _ => Signal::End(outcome, None),
            };
        }
        if row.seq == 0 && signal == Signal::Due { Signal::Enter } else { signal }
    }

    fn add_listeners(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        if self.heard.is_empty() {
            return Ok(());
        }
        let subjects: BTreeSet<i64> = self.heard.iter().map(|(to, _)| to.id()).collect();
        let subjects: Vec<i64> = subjects.into_iter().collect();
        for row in step::listening(s, self.claim, &subjects)? {
            self.add_traveller(s, row, Signal::Due)?;
        }
        let mut by_addressee: HashMap<Addressee, Vec<&HeardActivity>> = HashMap::new();
        for (to, activity) in &self.heard {
            by_addressee.entry(*to).or_default().push(activity);
        }
        for traveller in self.travellers.iter_mut().filter(|t| t.row.listening) {
            let own = Addressee::of(traveller.plan.of_people, traveller.row.subject);
            let Some(all) = by_addressee.get(&own) else { continue };
            traveller.heard = all.iter().map(|activity| (*activity).clone()).collect();
            traveller.heard.sort_by_key(|activity| (activity.happened_at(), activity.id));
        }
        Ok(())
    }

    fn add_signalled(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        if self.signals.is_empty() {
            return Ok(());
        }
        let mut ids: Vec<EnrollmentId> = self.signals.keys().copied().collect();
        ids.sort_unstable();
        for row in step::enrollments(s, &ids)? {
            if row.ended_at.is_none()
                && let Some(signal) = self.signals.get(&row.id).cloned()
            {
                self.add_traveller(s, row, signal)?;
            }
        }
        Ok(())
    }

    fn add_leaving(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        for (journey, leaving) in std::mem::take(&mut self.leaving) {
            let subjects: BTreeSet<i64> = leaving.iter().map(|(subject, _)| *subject).collect();
            let subjects: Vec<i64> = subjects.into_iter().collect();
            let mut inside: HashMap<i64, EnrollmentRow> = HashMap::new();
            for row in step::latest_trips(s, &[journey], &subjects)? {
                if row.ended_at.is_none() {
                    inside.insert(row.subject, row);
                }
            }
            let removes = self.live.journeys.get(&journey).is_none_or(|j| j.ends_everybody(self.claim.now).is_none());
            for (subject, request) in leaving {
                // Of several who ask, the first takes it out.
                let row = inside.remove(&subject);
                let outcome = if row.is_some() && removes { Outcome::Done } else { Outcome::NoOp("not_inside") };
                self.answer_leaving(request, journey, subject, outcome);
                if let Some(row) = row {
                    self.add_traveller(s, row, Signal::End(REMOVED, None))?;
                }
            }
        }
        Ok(())
    }

    /// Travellers whom a service has answered. Answers that come too late are told and change nothing.
    fn add_answered(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        let mut answers = std::mem::take(&mut self.answers);
        if answers.is_empty() {
            return Ok(());
        }
        let mut ids: Vec<EnrollmentId> = answers.keys().copied().collect();
        ids.sort_unstable();
        for row in step::enrollments(s, &ids)? {
            let of_trip = answers.remove(&row.id).unwrap_or_default();
            let (waited_for, late): (Vec<_>, Vec<_>) =
                of_trip.into_iter().partition(|a| row.ended_at.is_none() && row.node == a.call.node);
            self.tell_late(s, &row, &late)?;
            if waited_for.is_empty() {
                continue;
            }
            let id = row.id;
            self.add_traveller(s, row, Signal::Due)?;
            if let Some(&at) = self.place.get(&id) {
                self.travellers[at].answers = waited_for;
            } else if let Some(planless) = self.planless.get_mut(&id) {
                planless.answers = waited_for;
            }
        }
        Ok(())
    }

    fn tell_late(&mut self, s: &mut dyn Session, row: &EnrollmentRow, late: &[Answered]) -> Result<(), StepError> {
        let Some(plan) = self.live.plan(s, row.version)?.filter(|_| !late.is_empty()) else { return Ok(()) };
        self.told.extend(late.iter().filter(|late| late.answer != Answer::Accepted).map(|late| NewActivity {
            kind: ANSWERED,
            at: self.claim.now,
            account: (!plan.of_people).then_some(AccountId(row.subject)),
            person: late.call.person,
            enrollment: Some(row.id),
            node: Some(late.call.node),
            source: Arc::clone(&plan.source),
            fields: answer_fields(None, &late.answer, true),
        }));
        Ok(())
    }
}
