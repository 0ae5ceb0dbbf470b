//! Deciding: everybody walks, account by account in the order (due time, number), each seeing what the earlier changed.

use std::collections::{BTreeSet, HashSet};

use caravan_catalog::changes::Command as Decided;
use caravan_catalog::world::Trip;
use caravan_catalog::{Subject, World};
use caravan_model::{AccountId, DocumentId, InboxId, PersonId, VersionId};
use caravan_store::{Session, step};

use super::{Batch, Culprits, StepError, WalkKey};
use crate::counters::Counters;
use crate::inbox::Command;
use crate::lane_turns::Turns;
use crate::live::Live;
use crate::load::{Wanted, load};
use crate::tallies::{Counted, Tallies};
use crate::walk::{Cause, Fault, PARKED, Signal, Traveller, Walker, is_parked};

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
                Ok(Command::Leave { journey, subject }) => (journey, subject, false),
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

    /// Accounts without a name and test profiles never enter; they are counted.
    fn refuse_entries(&mut self, world: &World) {
        let tallies = &mut self.tallies;
        self.fresh.retain(|t| {
            let reason = match t.subject {
                Subject::Account(ix) if ix == usize::MAX => return false,
                Subject::Person(ix) if ix == usize::MAX => return false,
                Subject::Account(ix) if world.account(ix).name.trim().is_empty() => "no_name",
                Subject::Person(ix) if world.person(ix).test_profile => "test_profile",
                _ => return true,
            };
            tallies.trip(&t.plan, Counted::NotEntered(reason.to_owned()));
            false
        });
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
        self.follow(world, at, commands)
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
    fn follow(&mut self, world: &mut World, at: usize, from: usize) -> Result<(), StepError> {
        let chain = self.travellers[at].row.chain;
        let cause = Cause::Journey { journey: self.travellers[at].plan.key.to_string() };
        let commands: Vec<Decided> = world.changes.commands[from..].to_vec();
        for command in commands {
            match command {
                Decided::EndTrip { .. } => {}
                Decided::RemoveAccount { journey, account } => self.remove(world, journey, account)?,
                Decided::EnterAccount { journey, account, .. } => {
                    let shard = self.travellers[at].row.shard;
                    let enter = Command::Enter { journey, subject: account.0, chain: chain + 1, cause: cause.clone() };
                    self.inbox_out.push(enter.to(shard, self.claim.now));
                }
                Decided::EnterPerson { journey, person, shard, .. } => {
                    let enter = Command::Enter { journey, subject: person.0, chain: chain + 1, cause: cause.clone() };
                    self.inbox_out.push(enter.to(shard, self.claim.now));
                }
                Decided::RemovePerson { journey, person, shard } => {
                    self.inbox_out.push(Command::Leave { journey, subject: person.0 }.to(shard, self.claim.now));
                }
            }
        }
        Ok(())
    }

    fn remove(&mut self, world: &mut World, journey: DocumentId, account: AccountId) -> Result<(), StepError> {
        let in_batch = self
            .travellers
            .iter()
            .position(|t| t.row.journey == journey && t.row.subject == account.0 && !t.plan.of_people);
        let shard = world.account_ix(account).map(|ix| world.account(ix).shard);
        match in_batch {
            Some(at) if self.travellers[at].row.ended_at.is_none() => {
                let t = &mut self.travellers[at];
                t.signal = Signal::End("removed", None);
                let mut walker = walker(self.live, world, &mut self.tallies, &mut self.counters, &mut self.turns);
                if let Ok(Some(moved)) = walker.walk(t) {
                    self.moves.push(moved.row);
                }
            }
            Some(_) => {}
            // It is not in this step: it ends in the next one.
            None => {
                if let Some(shard) = shard {
                    self.inbox_out.push(Command::Leave { journey, subject: account.0 }.to(shard, self.claim.now));
                }
            }
        }
        Ok(())
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
