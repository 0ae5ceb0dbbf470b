//! Taking in what waits in the inboxes: activities, and commands.
//!
//! What people ask of single travellers comes first, all of it: whoever is taken out while nothing runs does not move before,
//! however much else has been received. And no cut goes through what one subject was told: see [`Batch::rest_of_inbox`].

use std::collections::BTreeSet;
use std::sync::Arc;

use caravan_catalog::Outcome;
use caravan_model::{DocumentId, EnrollmentId, PersonId};
use caravan_store::step::{self, InboxRow};
use caravan_store::{Session, records};

use super::{Batch, Candidate, StepError};
use crate::groups::jobs::JobKind;
use crate::inbox::{Command, Request};
use crate::plan::Entry;
use crate::walk::{Cause, PARKED, REMOVED, Signal};

/// The most rows that are looked up for the subjects of one step beside those that it takes in anyway.
const MOST_OF_SUBJECTS: usize = 16_384;

impl Batch<'_> {
    pub(super) fn take_in(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        let by_hand = step::asked_by_hand(s, self.claim)?;
        let mut rows = step::inbox(s, self.claim, self.limits.travellers)?;
        if rows.len() == self.limits.travellers {
            rows.extend(self.rest_of_inbox(s, &rows)?);
        }
        self.report.inbox = by_hand.len() + rows.len();
        for row in by_hand.iter().chain(&rows) {
            match Command::read(row) {
                Ok(command) => self.take(s, row, command)?,
                Err(error) => {
                    tracing::error!(inbox = row.id.0, kind = %row.kind, %error, "an inbox row cannot be read");
                    self.consumed.push(row.id);
                }
            }
        }
        let shards: Vec<i64> = self.claim.shards.iter().map(|shard| shard.0).collect();
        for (of, subject) in records::take_rechecks(s, &shards, self.now(), self.limits.travellers)? {
            match self.live.interests.contains_key(&of) {
                true => self.upkeep.person(of, PersonId(subject)),
                false => _ = self.evaluate.entry(of).or_default().insert(subject),
            }
        }
        Ok(())
    }

    /// The inboxes may hold more than this step takes in. Of those who are due or are told something in it, all that they
    /// were told is taken in nevertheless: else it would depend on the cut which of two that are both there comes first, a
    /// removal or what moves the traveller on.
    fn rest_of_inbox(&mut self, s: &mut dyn Session, rows: &[InboxRow]) -> Result<Vec<InboxRow>, StepError> {
        let Some(last) = rows.last() else { return Ok(Vec::new()) };
        let due = step::due(s, self.claim, self.limits.travellers)?;
        let told = rows.iter().filter_map(|row| row.subject);
        let subjects: BTreeSet<i64> = told.chain(due.iter().map(|row| row.subject)).collect();
        let ids: Vec<i64> = subjects.iter().copied().collect();
        let rest = step::inbox_of(s, self.claim, &ids, last.id, MOST_OF_SUBJECTS)?;
        self.more_to_hear = true;
        if rest.len() < MOST_OF_SUBJECTS {
            self.heard_out = subjects;
        }
        self.due = Some(due);
        Ok(rest)
    }

    fn take(&mut self, s: &mut dyn Session, row: &InboxRow, command: Command) -> Result<(), StepError> {
        let mut done = true;
        match command {
            Command::Heard { to, activity } => {
                self.relist_for_activity(s, &activity)?;
                self.regroup_for_activity(&activity);
                self.enter_on(s, to, &activity)?;
                self.heard.push((to, activity));
            }
            Command::Changed { accounts, people, attributes } => {
                self.relist_changed(s, &accounts, &people, &attributes)?;
                self.regroup_changed(&people, &attributes);
            }
            Command::Evaluate { list, after } => {
                let next = self.next_subjects(s, list, row.shard, after)?;
                if let Some(&last) = next.last() {
                    done = next.len() < self.limits.travellers;
                    self.evaluate.entry(list).or_default().extend(next);
                    if !done {
                        self.continued.push((row.id, Command::Evaluate { list, after: last }.to_json()));
                    }
                }
            }
            Command::Joined { list, subjects } => self.joined.push((list, subjects)),
            Command::Open { journey, after } => done = self.open(s, row, journey, after)?,
            Command::CreateGroups { interest, after, run } => {
                done = self.open_groups(s, row, interest, after, run)?;
            }
            Command::MaintainGroups { interest, reassign, after, run } => {
                done = self.maintain_groups(s, row, interest, reassign, (after, run))?;
            }
            Command::Enter { journey, subject, chain, cause, request } => {
                self.candidate(s, journey, subject, (chain, cause, request))?;
            }
            Command::GoalMet { journey, subjects } => self.reach_goal(s, journey, &subjects)?,
            Command::Leave { journey, subject, request } => {
                // Whoever enters in this very step leaves in the next one.
                done = !self.candidates.iter().any(|c| c.plan.journey == journey && c.subject == subject);
                match done {
                    true => self.leaving.entry(journey).or_default().push((subject, request)),
                    false => self.continued.push((row.id, row.body.clone())),
                }
            }
            Command::End { trips, outcome, by } => {
                let outcome = known_outcome(&outcome);
                trips.into_iter().for_each(|trip| self.ask(trip, Signal::End(outcome, by.clone())));
            }
            Command::Remove { trip, by } => self.ask(trip, Signal::End(REMOVED, Some(by))),
            Command::Skip { trip, by } => self.ask(trip, Signal::Skip(by)),
            Command::LeaveOut { trip, node, by } => self.ask(trip, Signal::LeaveOut { node, by }),
            Command::ExternalAnswered { answered } => {
                self.answers.entry(answered.call.trip).or_default().push(answered);
            }
            Command::Retry { trip } => self.ask(trip, Signal::Due),
            Command::Resume { journey } => {
                step::unpark(s, row.shard, journey, PARKED)?;
            }
        }
        if done {
            self.consumed.push(row.id);
        }
        Ok(())
    }

    /// What ends a trip stands above all else that is asked of it, and another try below.
    fn ask(&mut self, trip: EnrollmentId, signal: Signal) {
        match self.signals.get(&trip) {
            Some(Signal::End(..)) => {}
            Some(_) if signal == Signal::Due => {}
            _ => _ = self.signals.insert(trip, signal),
        }
    }

    fn candidate(
        &mut self,
        s: &mut dyn Session,
        journey: DocumentId,
        subject: i64,
        (chain, cause, request): (i64, Cause, Option<Request>),
    ) -> Result<(), StepError> {
        let version = self.live.journeys.get(&journey).filter(|j| j.takes_in(self.claim.now)).and_then(|j| j.version);
        let plan = match version {
            Some(version) => self.live.plan(s, version)?,
            None => None,
        };
        match plan {
            Some(plan) => self.candidates.push(Candidate { plan, subject, chain, cause, request }),
            None => self.answer_entering(request, journey, subject, Outcome::NoOp("target_not_live")),
        }
        Ok(())
    }

    /// A journey opens: the next members of its audience in the shard are candidates. True when there are no more.
    fn open(
        &mut self,
        s: &mut dyn Session,
        row: &InboxRow,
        journey: DocumentId,
        after: i64,
    ) -> Result<bool, StepError> {
        let version = self.live.journeys.get(&journey).and_then(|j| j.version);
        let Some(plan) = (match version {
            Some(version) => self.live.plan(s, version)?,
            None => None,
        }) else {
            return Ok(true);
        };
        let Entry::List(list) = plan.entry else { return Ok(true) };
        let most = self.limits.travellers.saturating_sub(self.candidates.len()).max(1);
        let members = records::members_in_shard(s, list, plan.of_people, row.shard, after, most)?;
        let done = members.len() < most;
        if let (false, Some(&last)) = (done, members.last()) {
            self.continued.push((row.id, Command::Open { journey, after: last }.to_json()));
        }
        let cause = Cause::Audience;
        let enter = members.into_iter().map(|subject| Candidate {
            plan: Arc::clone(&plan),
            subject,
            chain: 1,
            cause: cause.clone(),
            request: None,
        });
        self.candidates.extend(enter);
        Ok(done)
    }

    fn open_groups(
        &mut self,
        s: &mut dyn Session,
        row: &InboxRow,
        interest: DocumentId,
        after: i64,
        run: i64,
    ) -> Result<bool, StepError> {
        let Some(list) = self.live.interests.get(&interest).and_then(|i| i.create_for) else { return Ok(true) };
        let most = self.limits.travellers;
        let members = records::members_in_shard(s, list, false, row.shard, after, most)?;
        let done = members.len() < most;
        if let (false, Some(&last)) = (done, members.last()) {
            self.continued.push((row.id, Command::CreateGroups { interest, after: last, run }.to_json()));
        }
        let progress = self.jobs_done.of(interest, JobKind::Create, row.shard);
        progress.run = progress.run.max(run);
        progress.done |= done;
        self.grouped.entry(interest).or_default().extend(members);
        Ok(done)
    }
}

fn known_outcome(outcome: &str) -> &'static str {
    match outcome {
        "aborted" => "aborted",
        "expired" => "expired",
        _ => REMOVED,
    }
}
