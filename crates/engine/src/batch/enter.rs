//! Who enters a journey in this step, and who has reached a journey's goal.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use caravan_catalog::{Outcome, Subject};
use caravan_model::condition::Context;
use caravan_model::journey::{NoEntry, next_entry};
use caravan_model::{DocumentId, EnrollmentId, Shard};
use caravan_store::step::{self, EnrollmentRow};
use caravan_store::{Session, StoreError, records};
use jiff::Timestamp;

use super::answers::GONE;
use super::{Batch, Candidate, LONGEST_CHAIN, StepError};
use crate::inbox::{Addressee, Command};
use crate::listen::{Event, HeardActivity};
use crate::plan::Entry;
use crate::tallies::{Counted, TRIPS};
use crate::walk::{Cause, HELD_OUT, PARKED, Signal, Traveller};

impl Batch<'_> {
    /// Whoever joined a list enters the journeys that follow it.
    pub(super) fn follow_lists(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        self.evaluate_lists(s)?;
        for (list, subjects) in std::mem::take(&mut self.joined) {
            // A journey's goal is kept like a list under the journey's own id.
            if self.live.journeys.contains_key(&list) {
                self.reach_goal(s, list, &subjects)?;
                continue;
            }
            for (journey, plan) in self.live.journeys_of(s, list)? {
                let open = self.live.journeys.get(&journey).is_some_and(|j| j.takes_in(self.claim.now));
                if open {
                    self.candidates.extend(subjects.iter().map(|&subject| Candidate {
                        plan: Arc::clone(&plan),
                        subject,
                        chain: 1,
                        cause: Cause::Audience,
                        request: None,
                    }));
                }
            }
            let following = self.live.interests.values().filter(|i| i.create_for == Some(list)).map(|i| i.id);
            for interest in following.collect::<Vec<_>>() {
                self.grouped.entry(interest).or_default().extend(&subjects);
            }
        }
        self.create_groups(s)?;
        self.keep_groups(s)
    }

    /// An event that a person journey begins with lets its person in.
    pub(super) fn enter_on(
        &mut self,
        s: &mut dyn Session,
        to: Addressee,
        activity: &HeardActivity,
    ) -> Result<(), StepError> {
        let Addressee::Person(person) = to else { return Ok(()) };
        let live = Arc::clone(self.live);
        for plan in live.entered_by(s, &activity.kind)?.iter() {
            let Some(journey) = live.journeys.get(&plan.journey).filter(|j| j.takes_in(self.now())) else { continue };
            let Entry::Events(events) = &plan.entry else { continue };
            let since = journey.starts_at.unwrap_or(Timestamp::MIN);
            let context = Context { now: self.now(), entry: None, zone: live.zone() };
            let mut enough = false;
            for event in events.iter().filter(|event| event.is(activity, &context)) {
                enough |= activity.happened_at() >= since
                    && (event.at_least <= 1 || often_enough(s, event, person.0, since, &context)?);
            }
            if enough {
                let (kind, at) = (activity.kind.clone(), activity.happened_at());
                let cause = Cause::Event { activity: activity.id, kind, at };
                let (plan, subject) = (Arc::clone(plan), person.0);
                self.candidates.push(Candidate { plan, subject, chain: 1, cause, request: None });
            }
        }
        Ok(())
    }

    /// These subjects meet the goal of a journey: their latest trips through it have reached it, once each.
    pub(super) fn reach_goal(
        &mut self,
        s: &mut dyn Session,
        journey: DocumentId,
        subjects: &[i64],
    ) -> Result<(), StepError> {
        let rows = step::latest_trips(s, &[journey], subjects)?.into_iter();
        // Whoever has not begun yet is judged when it does: it met the goal before.
        let rows = rows.filter(|row| row.goal_at.is_none() && row.seq > 0);
        let (here, elsewhere): (Vec<_>, Vec<_>) = rows.partition(|row| self.claim.shards.contains(&row.shard));
        let ids: Vec<i64> = here.iter().map(|row| row.id.0).collect();
        step::set_goal_reached(s, &ids, self.now())?;
        for row in here {
            let held_out = row.outcome.as_deref() == Some(HELD_OUT);
            self.tallies.add(row.version, TRIPS, Counted::Goal { held_out }, 1);
        }
        let now = self.now();
        self.inbox_out.extend(
            elsewhere
                .into_iter()
                .map(|row| Command::GoalMet { journey, subjects: vec![row.subject] }.to(row.shard, now)),
        );
        Ok(())
    }

    /// Ended trips whose delay is over: whoever still is in the audience enters again.
    pub(super) fn enter_again(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        let due = std::mem::take(&mut self.due_again);
        let mut settled = Vec::with_capacity(due.len());
        let mut stored = Vec::with_capacity(due.len());
        for mut row in due {
            let open = self.live.journeys.get(&row.journey).filter(|j| j.takes_in(self.claim.now));
            stored.push(row.seq);
            row.seq += 1;
            if open.is_some_and(|j| j.paused) {
                row.due_at = row.due_at.map(|due| due + PARKED);
                settled.push(row);
                continue;
            }
            if let Some(version) = open.and_then(|j| j.version)
                && let Some(plan) = self.live.plan(s, version)?
                && let Entry::List(list) = plan.entry
                && !records::memberships(s, &[row.subject], &[list.0])?.is_empty()
            {
                let (subject, cause) = (row.subject, Cause::Again);
                self.candidates.push(Candidate { plan, subject, chain: 1, cause, request: None });
            }
            row.due_at = None;
            settled.push(row);
        }
        step::update_enrollments(s, &settled, &stored)?;
        Ok(())
    }

    /// Candidates that the entry rules let in become travellers.
    pub(super) fn admit(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        let candidates = std::mem::take(&mut self.candidates);
        if candidates.is_empty() {
            return Ok(());
        }
        let mut by_journey: BTreeMap<DocumentId, BTreeSet<i64>> = BTreeMap::new();
        for candidate in &candidates {
            by_journey.entry(candidate.plan.journey).or_default().insert(candidate.subject);
        }
        let mut last: HashMap<(DocumentId, i64), EnrollmentRow> = HashMap::new();
        for (journey, subjects) in by_journey {
            let subjects: Vec<i64> = subjects.into_iter().collect();
            for row in step::latest_trips(s, &[journey], &subjects)? {
                last.insert((journey, row.subject), row);
            }
        }
        let mut taken: HashSet<(DocumentId, i64)> = HashSet::new();
        for mut candidate in candidates {
            let place = (candidate.plan.journey, candidate.subject);
            let request = candidate.request.take();
            let refused = if candidate.chain > LONGEST_CHAIN {
                "journey_chain_too_long"
            } else {
                match self.entry_number(&candidate, last.get(&place)) {
                    Ok(entry) if taken.insert(place) => {
                        self.requested.extend(request.map(|request| (place, request)));
                        self.fresh.push(new_traveller(candidate, entry, self.claim.now));
                        continue;
                    }
                    Ok(_) => NoEntry::AlreadyInside.code(),
                    Err(reason) => {
                        self.tell_refused(&candidate, reason);
                        reason.code()
                    }
                }
            };
            self.answer_entering(request, place.0, place.1, Outcome::NoOp(refused));
        }
        self.find_shards(s)?;
        // Somebody of another shard (a person entering through an account's step) is sent there instead.
        let held: HashSet<Shard> = self.claim.shards.iter().copied().collect();
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.fresh).into_iter().partition(|t| held.contains(&t.row.shard));
        self.fresh = here;
        for t in elsewhere {
            let (journey, subject) = (t.plan.journey, t.row.subject);
            let (cause, request) = (Cause::of(t.row.memory.as_deref()), self.requested.remove(&(journey, subject)));
            let enter = Command::Enter { journey, subject, chain: t.row.chain, cause, request };
            self.inbox_out.push(enter.to(t.row.shard, self.claim.now));
        }
        let ids = s.reserve_ids("enrollment", self.fresh.len())?;
        for (traveller, id) in self.fresh.iter_mut().zip(ids) {
            traveller.row.id = EnrollmentId(id);
        }
        Ok(())
    }

    /// A journey that sent a person here cannot know whether it may enter: this journey counts those who may not.
    fn tell_refused(&mut self, candidate: &Candidate, reason: NoEntry) {
        if candidate.plan.of_people && matches!(candidate.cause, Cause::Journey { .. }) {
            self.tallies.trip(&candidate.plan, Counted::NotEntered(reason.code().to_owned()));
        }
    }

    /// Which entry this would be, or why the rules refuse it.
    fn entry_number(&self, candidate: &Candidate, last: Option<&EnrollmentRow>) -> Result<i64, NoEntry> {
        let last = last.map(|row| row.last_trip());
        match next_entry(candidate.plan.again.as_ref(), last, self.claim.now, self.live.zone()) {
            // Its delay was over when it came due.
            Err(NoEntry::TooEarly { .. }) if candidate.cause == Cause::Again => {
                Ok(last.map_or(1, |last| last.entry + 1))
            }
            other => other,
        }
    }

    /// Each of those who enter belongs to a shard; whoever is no longer there does not enter.
    fn find_shards(&mut self, s: &mut dyn Session) -> Result<(), StoreError> {
        let shards = self.shards_of(s)?;
        let (here, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.fresh)
            .into_iter()
            .partition(|t| shards.contains_key(&(t.plan.of_people, t.row.subject)));
        self.fresh = here;
        for t in &mut self.fresh {
            t.row.shard = shards[&(t.plan.of_people, t.row.subject)];
        }
        for t in gone {
            self.settle_entry((t.plan.journey, t.row.subject), Outcome::NoOp(GONE));
        }
        Ok(())
    }

    fn shards_of(&self, s: &mut dyn Session) -> Result<HashMap<(bool, i64), Shard>, StoreError> {
        let of = |people: bool| -> Vec<i64> {
            let mut ids: Vec<i64> =
                self.fresh.iter().filter(|t| t.plan.of_people == people).map(|t| t.row.subject).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let mut shards = HashMap::new();
        let (accounts, people) = (of(false), of(true));
        if !accounts.is_empty() {
            shards.extend(records::shards_of_accounts(s, &accounts)?.into_iter().map(|(id, at)| ((false, id.0), at)));
        }
        if !people.is_empty() {
            shards.extend(records::shards_of_people(s, &people)?.into_iter().map(|(id, at)| ((true, id.0), at)));
        }
        Ok(shards)
    }
}

/// Whether a person has done what an event asks for often enough since the journey began.
fn often_enough(
    s: &mut dyn Session,
    event: &Event,
    person: i64,
    since: Timestamp,
    context: &Context<'_>,
) -> Result<bool, StoreError> {
    let past = records::history(s, &[person], std::slice::from_ref(&event.activity))?;
    let counted = past.into_iter().filter(|row| row.at >= since).filter(|row| {
        let activity = HeardActivity {
            id: caravan_model::ActivityId(0),
            kind: row.kind.clone(),
            at: row.at,
            received_at: row.at,
            account: row.account,
            person: Some(row.person),
            enrollment: None,
            source: String::new(),
            fields: row.fields.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default(),
        };
        event.is(&activity, context)
    });
    Ok(counted.count() as i64 >= event.at_least)
}

fn new_traveller(candidate: Candidate, entry: i64, now: Timestamp) -> Traveller {
    let of_people = candidate.plan.of_people;
    Traveller {
        row: EnrollmentRow {
            id: EnrollmentId(0),
            shard: Shard(0),
            journey: candidate.plan.journey,
            version: candidate.plan.version,
            subject: candidate.subject,
            entry,
            node: 0,
            seq: 0,
            due_at: Some(now),
            listening: false,
            memory: candidate.cause.stored(),
            chain: candidate.chain,
            entered_at: now,
            node_at: now,
            ended_at: None,
            outcome: None,
            goal_at: None,
        },
        plan: candidate.plan,
        subject: if of_people { Subject::Person(usize::MAX) } else { Subject::Account(usize::MAX) },
        signal: Signal::Enter,
        heard: Vec::new(),
        answers: Vec::new(),
    }
}
