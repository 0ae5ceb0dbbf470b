//! Deciding: everybody walks, account by account in the order (due time, number), each seeing what the earlier changed.

use std::collections::{BTreeSet, HashSet};

use caravan_catalog::changes::Command as Decided;
use caravan_catalog::world::Trip;
use caravan_catalog::{Outcome, Subject, World};
use caravan_model::{AccountId, DocumentId, InboxId, PersonId, VersionId};
use caravan_store::{Session, step};

use super::answers::GONE;
use super::{Batch, Culprits, StepError, WalkKey};
use crate::counters::Counters;
use crate::inbox::{Command, Request};
use crate::lane_turns::Turns;
use crate::live::Live;
use crate::load::{Wanted, load};
use crate::tallies::{Counted, Tallies};
use crate::walk::{Cause, Fault, PARKED, REMOVED, Signal, Traveller, Walker, is_parked};

impl Batch<'_> {
    pub(super) fn decide(&mut self, s: &mut dyn Session, culprits: &Culprits) -> Result<(), StepError> {
        let wanted = self.wanted();
        let mut world = load(s, self.live, self.claim.now, &wanted)?;
        self.turns = Turns::lock(s, self.live, self.claim.now, &wanted.needs.lanes)?;
        self.counters = Counters::lock(s, &self.counted_nodes())?;
        self.resolve_subjects(&world);
        self.refuse_entries(&world);
        self.recall_asked(s, &mut world, &wanted)?;
        for t in &self.fresh {
            let trip = Trip { journey: t.row.journey, enrollment: t.row.id, last: t.row.last_trip() };
            world.trip_began(t.subject, trip);
        }
        let stored = self.travellers.len();
        self.travellers.append(&mut self.fresh);
        for (at, traveller) in self.travellers.iter().enumerate().skip(stored) {
            self.place.insert(traveller.row.id, at);
        }
        let mut order: Vec<usize> = (0..self.travellers.len()).collect();
        order.sort_by_key(|&at| {
            let row = &self.travellers[at].row;
            (row.due_at.unwrap_or(self.claim.now), row.id)
        });
        for at in order {
            self.walk_one(&mut world, at, culprits)?;
        }
        self.world = Some(world);
        Ok(())
    }

    /// What earlier steps asked for these accounts and no step has done yet counts as done: two nodes that send an account
    /// into the same journey send it once, however batches are cut.
    fn recall_asked(&self, s: &mut dyn Session, world: &mut World, wanted: &Wanted) -> Result<(), StepError> {
        if wanted.needs.journeys.is_empty() || wanted.accounts.is_empty() {
            return Ok(());
        }
        let accounts: Vec<i64> = wanted.accounts.iter().map(|id| id.0).collect();
        let taken_in: HashSet<InboxId> = self.consumed.iter().copied().collect();
        for row in step::asked(s, self.claim, &accounts)?.iter().filter(|row| !taken_in.contains(&row.id)) {
            let (journey, subject, enters) = match Command::read(row) {
                Ok(Command::Enter { journey, subject, .. }) => (journey, subject, true),
                Ok(Command::Leave { journey, subject, .. }) => (journey, subject, false),
                _ => continue,
            };
            if self.live.journeys.get(&journey).is_some_and(|journey| !journey.of_people) {
                world.recall_asked(AccountId(subject), journey, enters);
            }
        }
        Ok(())
    }

    fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        // Travellers of a batch stand at few nodes: what one node needs is added once.
        let mut seen = HashSet::new();
        for t in self.travellers.iter().chain(&self.fresh) {
            let needs = &t.plan.node(t.row.node).looks.needs;
            if seen.insert((t.row.version, t.row.node)) {
                wanted.needs.extend(needs);
            }
            match t.plan.of_people {
                false => wanted.account(AccountId(t.row.subject), needs),
                true => wanted.person(PersonId(t.row.subject)),
            }
            wanted.people.extend(t.heard.iter().filter_map(|activity| activity.person));
        }
        wanted
    }

    /// Variant splits that travellers of this batch may come to.
    fn counted_nodes(&self) -> BTreeSet<(VersionId, i64)> {
        let mut nodes = BTreeSet::new();
        let mut seen = HashSet::new();
        for t in self.travellers.iter().chain(&self.fresh) {
            if seen.insert((t.row.version, t.row.node)) {
                let counters = &t.plan.node(t.row.node).looks.counters;
                nodes.extend(counters.iter().map(|&node| (t.row.version, node as i64)));
            }
        }
        nodes
    }

    fn resolve_subjects(&mut self, world: &World) {
        for t in self.travellers.iter_mut().chain(&mut self.fresh) {
            t.subject = match t.plan.of_people {
                false => world.account_ix(AccountId(t.row.subject)).map(Subject::Account),
                true => world.person_ix(PersonId(t.row.subject)).map(Subject::Person),
            }
            // Deleted in the meantime: its trip ends.
            .unwrap_or(t.subject);
        }
    }

    /// Accounts without a name and test profiles never enter; they are counted. Who asked for an entry is told.
    fn refuse_entries(&mut self, world: &World) {
        let (here, refused): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.fresh).into_iter().partition(|t| refusal(world, t).is_none());
        self.fresh = here;
        for t in refused {
            let reason = refusal(world, &t).unwrap_or(GONE);
            if reason != GONE {
                self.tallies.trip(&t.plan, Counted::NotEntered(reason.to_owned()));
            }
            self.settle_entry((t.plan.journey, t.row.subject), Outcome::NoOp(reason));
        }
        let entered: Vec<_> = self.requested.keys().copied().collect();
        for place in entered {
            self.settle_entry(place, Outcome::Done);
        }
    }

    fn walk_one(&mut self, world: &mut World, at: usize, culprits: &Culprits) -> Result<(), StepError> {
        let t = &self.travellers[at];
        if t.row.ended_at.is_some() {
            return Ok(());
        }
        if t.is_gone() {
            let ended = walker(self.live, world, &mut self.tallies, &mut self.counters, &mut self.turns)
                .end_gone(&mut self.travellers[at]);
            self.moves.push(ended.row);
            return Ok(());
        }
        if let Some(fault) = culprits.get(&WalkKey::of(&t.row)) {
            self.problems.push((at, fault.clone()));
            return Ok(());
        }
        if self.is_paused(at) {
            return self.rest(world, at);
        }
        let commands = world.changes.commands.len();
        let memory = self.travellers[at].row.memory.clone();
        let moved = self.safely(world, at, |walker, traveller| walker.walk(traveller))?;
        let row = &self.travellers[at].row;
        match moved {
            Some(moved) => {
                self.report.transitions += moved.passed;
                self.report.outcomes += moved.outcomes;
                self.moves.push(moved.row);
            }
            None if row.memory != memory => {
                self.touched.insert(row.id);
            }
            None => {}
        }
        self.follow(world, at, commands);
        Ok(())
    }

    /// A defect in a node must not take the process with it: the step is rolled back and done without this trip.
    fn safely<T>(
        &mut self,
        world: &mut World,
        at: usize,
        decide: impl FnOnce(&mut Walker<'_>, &mut Traveller) -> Result<T, Fault>,
    ) -> Result<T, StepError> {
        let traveller = &mut self.travellers[at];
        let key = WalkKey::of(&traveller.row);
        let mut walker = walker(self.live, world, &mut self.tallies, &mut self.counters, &mut self.turns);
        let decided = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| decide(&mut walker, traveller)));
        decided
            .unwrap_or_else(|_| {
                let message = "This node failed unexpectedly. It is a defect of Caravan; the log has the details.";
                Err(Fault { code: "internal", node: walker.node as i64, message: message.to_owned() })
            })
            .map_err(|fault| StepError::Culprit(key, fault))
    }

    /// A paused journey moves nobody, but its travellers may be ended.
    fn is_paused(&self, at: usize) -> bool {
        let t = &self.travellers[at];
        let paused = self.live.journeys.get(&t.row.journey).is_some_and(|j| j.paused);
        paused && !matches!(t.signal, Signal::End(..))
    }

    /// Whoever is due in a paused journey is parked until resume. A problem stays one: resume is its next try.
    fn rest(&mut self, world: &mut World, at: usize) -> Result<(), StepError> {
        let rested = self.safely(world, at, |walker, traveller| Ok(walker.rest(traveller)))?;
        let now = self.claim.now;
        let row = &mut self.travellers[at].row;
        if self.attempts.remove(&row.id).is_some() {
            row.due_at = Some(row.due_at.filter(|due| is_parked(*due)).unwrap_or(now + PARKED));
            self.resting.push(row.id.0);
        } else if !rested {
            return Ok(());
        }
        self.touched.insert(row.id);
        Ok(())
    }

    /// Does what the walk asked of other trips, from its first command `from` on.
    fn follow(&mut self, world: &mut World, at: usize, from: usize) {
        let (now, chain) = (self.claim.now, self.travellers[at].row.chain);
        let cause = Cause::Journey { journey: self.travellers[at].plan.key.to_string() };
        let commands: Vec<Decided> = world.changes.commands[from..].to_vec();
        for command in commands {
            match command {
                Decided::EndTrip { .. } => {}
                Decided::RemoveAccount { journey, account } => {
                    if self.take_out(world, journey, account.0) == TakenOut::NotHere {
                        // It is not in this step: it ends in the next one.
                        let leave = Command::Leave { journey, subject: account.0, request: None };
                        self.inbox_out.push(leave.to(self.travellers[at].row.shard, now));
                    }
                }
                Decided::EnterAccount { journey, account, .. } => {
                    let (subject, cause) = (account.0, cause.clone());
                    let enter = Command::Enter { journey, subject, chain: chain + 1, cause, request: None };
                    self.inbox_out.push(enter.to(self.travellers[at].row.shard, now));
                }
                Decided::EnterPerson { node, journey, person, shard, .. } => {
                    let (request, cause) = (Some(self.request(at, node)), cause.clone());
                    let enter = Command::Enter { journey, subject: person.0, chain: chain + 1, cause, request };
                    self.inbox_out.push(enter.to(shard, now));
                }
                Decided::RemovePerson { node, journey, person, shard } => {
                    let request = Some(self.request(at, node));
                    // Of its own other trips a traveller ends one at once, as accounts do.
                    let own = self.travellers[at].plan.of_people;
                    let done = if own { self.take_out(world, journey, person.0) } else { TakenOut::NotHere };
                    match done {
                        TakenOut::Now => self.answer_leaving(request, journey, person.0, Outcome::Done),
                        TakenOut::Before => {
                            self.answer_leaving(request, journey, person.0, Outcome::NoOp("not_inside"));
                        }
                        TakenOut::NotHere => {
                            let leave = Command::Leave { journey, subject: person.0, request };
                            self.inbox_out.push(leave.to(shard, now));
                        }
                    }
                }
            }
        }
    }

    /// Who asks, for whom the answer is.
    fn request(&self, at: usize, node: i64) -> Request {
        let t = &self.travellers[at];
        Request {
            trip: t.row.id,
            version: t.row.version,
            node,
            account: (!t.plan.of_people).then_some(AccountId(t.row.subject)),
            journey: t.plan.key.to_string(),
            at: self.claim.now,
        }
    }

    /// Ends a subject's trip in a journey, if it is in this step.
    fn take_out(&mut self, world: &mut World, journey: DocumentId, subject: i64) -> TakenOut {
        let travellers = &self.travellers;
        let places = self.by_subject.get_or_insert_with(|| {
            travellers.iter().enumerate().map(|(at, t)| ((t.row.journey, t.row.subject), at)).collect()
        });
        let Some(&at) = places.get(&(journey, subject)) else { return TakenOut::NotHere };
        let t = &mut self.travellers[at];
        // Of people, whoever was asked to leave before has been told so.
        let leaves = t.plan.of_people && matches!(t.signal, Signal::End(..));
        if t.row.ended_at.is_some() || leaves {
            return TakenOut::Before;
        }
        t.signal = Signal::End(REMOVED, None);
        let mut walker = walker(self.live, world, &mut self.tallies, &mut self.counters, &mut self.turns);
        if let Ok(Some(moved)) = walker.walk(t) {
            self.moves.push(moved.row);
        }
        TakenOut::Now
    }
}

/// What taking somebody out of a journey came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TakenOut {
    /// Its trip has ended.
    Now,
    /// Its trip has ended in this step before, or ends in it anyway.
    Before,
    /// It has no trip in this step.
    NotHere,
}

/// Why somebody who may enter by the rules of a journey does not.
fn refusal(world: &World, t: &Traveller) -> Option<&'static str> {
    match t.subject {
        Subject::Account(usize::MAX) | Subject::Person(usize::MAX) => Some(GONE),
        Subject::Account(ix) if world.account(ix).name.trim().is_empty() => Some("no_name"),
        Subject::Person(ix) if world.person(ix).test_profile => Some("test_profile"),
        _ => None,
    }
}

fn walker<'a>(
    live: &'a Live,
    world: &'a mut World,
    tallies: &'a mut Tallies,
    counters: &'a mut Counters,
    turns: &'a mut Turns,
) -> Walker<'a> {
    Walker { world, tallies, counters, turns, zone: live.zone(), node: 0 }
}
