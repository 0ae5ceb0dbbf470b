//! One step: claim, take in, load, decide, commit. See ARCHITECTURE.md, *A step*.
//!
//! Everything happens in one transaction that holds the claimed shards' row locks. What deciding wants is collected and
//! written at the end, set-based; an error rolls all of it back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use caravan_catalog::changes::Command as Decided;
use caravan_catalog::world::Trip;
use caravan_catalog::{Subject, World};
use caravan_model::{AccountId, DocumentId, EnrollmentId, InboxId, PersonId, Shard};
use caravan_store::step::{self, Claim, EnrollmentRow, InboxRow, MoveRow, NewInbox};
use caravan_store::{Dialect, Session, StoreError, records};
use jiff::{SignedDuration, Timestamp};

use crate::inbox::{Addressee, Command};
use crate::listen::HeardActivity;
use crate::live::Live;
use crate::load::{Wanted, load};
use crate::plan::{Entry, Plan};
use crate::tallies::{Counted, Tallies};
use crate::walk::{Fault, PARKED, Signal, Traveller, Walker};

/// The most journeys that may lead into each other for one traveller.
pub const LONGEST_CHAIN: i64 = 10;

/// How much one step takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Shards per claim.
    pub shards: usize,
    /// Travellers per step.
    pub travellers: usize,
}

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Enrollments written.
    pub enrollments: usize,
    /// Nodes walked through.
    pub transitions: usize,
    /// Executions recorded, one per person or account and action.
    pub outcomes: usize,
    /// Inbox rows taken in.
    pub inbox: usize,
    /// Effects queued.
    pub effects: usize,
}

/// Why a step was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One traveller failed: the step is done again without it.
    #[error("trip {} failed: {}", .0, .1.message)]
    Culprit(EnrollmentId, Fault),
}

/// Trips that failed in this step's earlier attempts.
pub type Culprits = HashMap<EnrollmentId, Fault>;

/// Does one step with the shards of `claim`.
pub fn run(
    s: &mut dyn Session,
    live: &Arc<Live>,
    claim: &Claim,
    limits: Limits,
    culprits: &Culprits,
) -> Result<Report, StepError> {
    let mut batch = Batch::new(live, claim, limits);
    batch.take_in(s)?;
    batch.follow_lists(s)?;
    batch.find_travellers(s)?;
    batch.decide(s, culprits)?;
    batch.save(s)
}

/// Someone who may enter a journey in this step.
struct Candidate {
    plan: Arc<Plan>,
    subject: i64,
    chain: i64,
    /// An enrollment that has ended and may be followed by this entry.
    again: bool,
}

pub(crate) struct Batch<'a> {
    pub(crate) live: &'a Arc<Live>,
    pub(crate) claim: &'a Claim,
    limits: Limits,
    pub(crate) inbox_out: Vec<NewInbox>,
    consumed: Vec<InboxId>,
    continued: Vec<(InboxId, String)>,
    heard: Vec<(Addressee, HeardActivity)>,
    signals: HashMap<EnrollmentId, Signal>,
    leaving: Vec<(DocumentId, i64)>,
    candidates: Vec<Candidate>,
    /// Lists to evaluate and for whom.
    pub(crate) evaluate: BTreeMap<DocumentId, BTreeSet<i64>>,
    /// Who joined what in this step.
    pub(crate) joined: Vec<(DocumentId, Vec<i64>)>,
    /// Interests whose groups these accounts get.
    pub(crate) grouped: BTreeMap<DocumentId, BTreeSet<i64>>,
    travellers: Vec<Traveller>,
    stored_seqs: Vec<i64>,
    place: HashMap<EnrollmentId, usize>,
    /// Ended trips that are due to be followed by another entry.
    due_again: Vec<EnrollmentRow>,
    fresh: Vec<Traveller>,
    moves: Vec<MoveRow>,
    problems: Vec<(usize, Fault)>,
    /// Trips whose row changed although they did not move.
    touched: HashSet<EnrollmentId>,
    world: Option<World>,
    pub(crate) tallies: Tallies,
    report: Report,
}

impl<'a> Batch<'a> {
    fn new(live: &'a Arc<Live>, claim: &'a Claim, limits: Limits) -> Self {
        Self {
            live,
            claim,
            limits,
            inbox_out: Vec::new(),
            consumed: Vec::new(),
            continued: Vec::new(),
            heard: Vec::new(),
            signals: HashMap::new(),
            leaving: Vec::new(),
            candidates: Vec::new(),
            evaluate: BTreeMap::new(),
            joined: Vec::new(),
            grouped: BTreeMap::new(),
            travellers: Vec::new(),
            stored_seqs: Vec::new(),
            place: HashMap::new(),
            due_again: Vec::new(),
            fresh: Vec::new(),
            moves: Vec::new(),
            problems: Vec::new(),
            touched: HashSet::new(),
            world: None,
            tallies: Tallies::default(),
            report: Report::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.claim.now
    }

    /// How many subjects one step looks at.
    pub(crate) fn most(&self) -> usize {
        self.limits.travellers
    }

    // Taking in.

    fn take_in(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        let rows = step::inbox(s, self.claim, self.limits.travellers)?;
        self.report.inbox = rows.len();
        for row in &rows {
            match Command::read(row) {
                Ok(command) => self.take(s, row, command)?,
                Err(error) => {
                    tracing::error!(inbox = row.id.0, kind = %row.kind, %error, "an inbox row cannot be read");
                    self.consumed.push(row.id);
                }
            }
        }
        let shards: Vec<i64> = self.claim.shards.iter().map(|shard| shard.0).collect();
        for (list, subject) in records::take_rechecks(s, &shards, self.now(), self.limits.travellers)? {
            self.evaluate.entry(list).or_default().insert(subject);
        }
        Ok(())
    }

    fn take(&mut self, s: &mut dyn Session, row: &InboxRow, command: Command) -> Result<(), StepError> {
        let mut done = true;
        match command {
            Command::Heard { to, activity } => {
                self.relist_for_activity(s, &activity)?;
                self.heard.push((to, activity));
            }
            Command::Changed { accounts, people, attributes } => {
                self.relist_changed(s, &accounts, &people, &attributes)?;
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
            Command::CreateGroups { interest, after } => done = self.open_groups(s, row, interest, after)?,
            Command::Enter { journey, subject, chain } => self.candidate(s, journey, subject, chain)?,
            Command::Leave { journey, subject } => {
                // Whoever enters in this very step leaves in the next one.
                done = !self.candidates.iter().any(|c| c.plan.journey == journey && c.subject == subject);
                match done {
                    true => self.leaving.push((journey, subject)),
                    false => self.continued.push((row.id, row.body.clone())),
                }
            }
            Command::End { trips, outcome } => {
                let outcome = known_outcome(&outcome);
                self.signals.extend(trips.into_iter().map(|trip| (trip, Signal::End(outcome))));
            }
            Command::Skip { trip } => {
                self.signals.insert(trip, Signal::Skip);
            }
            Command::Retry { trip } => {
                self.signals.insert(trip, Signal::Due);
            }
            Command::Resume { journey } => {
                step::unpark(s, row.shard, journey, PARKED)?;
            }
        }
        if done {
            self.consumed.push(row.id);
        }
        Ok(())
    }

    fn candidate(
        &mut self,
        s: &mut dyn Session,
        journey: DocumentId,
        subject: i64,
        chain: i64,
    ) -> Result<(), StepError> {
        let Some(known) = self.live.journeys.get(&journey).filter(|j| j.takes_in(self.claim.now)) else {
            return Ok(());
        };
        let Some(version) = known.version else { return Ok(()) };
        if let Some(plan) = self.live.plan(s, version)? {
            self.candidates.push(Candidate { plan, subject, chain, again: false });
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
        let enter =
            members.into_iter().map(|subject| Candidate { plan: Arc::clone(&plan), subject, chain: 1, again: false });
        self.candidates.extend(enter);
        Ok(done)
    }

    fn open_groups(
        &mut self,
        s: &mut dyn Session,
        row: &InboxRow,
        interest: DocumentId,
        after: i64,
    ) -> Result<bool, StepError> {
        let Some(list) = self.live.interests.get(&interest).and_then(|i| i.create_for) else { return Ok(true) };
        let most = self.limits.travellers;
        let members = records::members_in_shard(s, list, false, row.shard, after, most)?;
        let done = members.len() < most;
        if let (false, Some(&last)) = (done, members.last()) {
            self.continued.push((row.id, Command::CreateGroups { interest, after: last }.to_json()));
        }
        self.grouped.entry(interest).or_default().extend(members);
        Ok(done)
    }

    // Who travels in this step.

    /// Whoever joined a list enters the journeys that follow it.
    fn follow_lists(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        self.evaluate_lists(s)?;
        for (list, subjects) in std::mem::take(&mut self.joined) {
            for (journey, plan) in self.live.journeys_of(s, list)? {
                let open = self.live.journeys.get(&journey).is_some_and(|j| j.takes_in(self.claim.now));
                if open {
                    self.candidates.extend(subjects.iter().map(|&subject| Candidate {
                        plan: Arc::clone(&plan),
                        subject,
                        chain: 1,
                        again: false,
                    }));
                }
            }
            let following = self.live.interests.values().filter(|i| i.create_for == Some(list)).map(|i| i.id);
            for interest in following.collect::<Vec<_>>() {
                self.grouped.entry(interest).or_default().extend(&subjects);
            }
        }
        self.create_groups(s)?;
        Ok(())
    }

    fn find_travellers(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        let left = self.limits.travellers.saturating_sub(self.candidates.len()).max(1);
        for row in step::due(s, self.claim, left)? {
            match row.ended_at {
                None => self.add_traveller(s, row, Signal::Due)?,
                Some(_) => self.due_again.push(row),
            }
        }
        self.add_listeners(s)?;
        self.add_signalled(s)?;
        self.add_leaving(s)?;
        self.enter_again(s)?;
        self.admit(s)
    }

    fn add_traveller(&mut self, s: &mut dyn Session, row: EnrollmentRow, signal: Signal) -> Result<(), StepError> {
        if let Some(&at) = self.place.get(&row.id) {
            if signal != Signal::Due {
                self.travellers[at].signal = signal;
            }
            return Ok(());
        }
        let Some(plan) = self.live.plan(s, row.version)? else {
            self.park_for_lack_of_plan(s, row)?;
            return Ok(());
        };
        let subject = if plan.of_people { Subject::Person(usize::MAX) } else { Subject::Account(usize::MAX) };
        let signal = self.signal_of(&row, signal);
        self.place.insert(row.id, self.travellers.len());
        self.stored_seqs.push(row.seq);
        self.travellers.push(Traveller { row, plan, subject, signal, heard: Vec::new() });
        Ok(())
    }

    /// What the journey's state makes of a traveller's signal.
    fn signal_of(&self, row: &EnrollmentRow, signal: Signal) -> Signal {
        let journey = self.live.journeys.get(&row.journey);
        if let Some(outcome) = journey.and_then(|j| j.ends_everybody(self.claim.now)) {
            return Signal::End(outcome);
        }
        if row.seq == 0 && signal == Signal::Due { Signal::Enter } else { signal }
    }

    fn park_for_lack_of_plan(&mut self, s: &mut dyn Session, mut row: EnrollmentRow) -> Result<(), StepError> {
        let next_try = self.now() + SignedDuration::from_mins(10);
        let message = "The published version that this trip follows cannot run: something that it names is gone or has \
                       changed its type. Put it back, or abort the journey.";
        step::put_problem(s, row.id, row.node, "version_cannot_run", message, self.now(), Some(next_try))?;
        let stored = row.seq;
        row.seq += 1;
        row.due_at = Some(next_try);
        step::update_enrollments(s, &[row], &[stored])?;
        Ok(())
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
        for (journey, subject) in std::mem::take(&mut self.leaving) {
            for row in step::latest_trips(s, &[journey], &[subject])? {
                if row.ended_at.is_none() {
                    self.add_traveller(s, row, Signal::End("removed"))?;
                }
            }
        }
        Ok(())
    }

    /// Ended trips whose delay is over: whoever still is in the audience enters again.
    fn enter_again(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
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
                self.candidates.push(Candidate { plan, subject: row.subject, chain: 1, again: true });
            }
            row.due_at = None;
            settled.push(row);
        }
        step::update_enrollments(s, &settled, &stored)?;
        Ok(())
    }

    /// Candidates that the entry rules let in become travellers.
    fn admit(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
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
        for candidate in candidates {
            let place = (candidate.plan.journey, candidate.subject);
            let Some(entry) = self.entry_number(&candidate, last.get(&place)) else { continue };
            if taken.insert(place) {
                self.fresh.push(new_traveller(candidate, entry, self.claim.now));
            }
        }
        let shards = self.shards_of(s)?;
        self.fresh.retain_mut(|t| match shards.get(&(t.plan.of_people, t.row.subject)) {
            Some(shard) => {
                t.row.shard = *shard;
                true
            }
            None => false,
        });
        // Somebody of another shard (a person entering through an account's step) is sent there instead.
        let held: HashSet<Shard> = self.claim.shards.iter().copied().collect();
        let now = self.claim.now;
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.fresh).into_iter().partition(|t| held.contains(&t.row.shard));
        self.fresh = here;
        self.inbox_out.extend(elsewhere.into_iter().map(|t| {
            Command::Enter { journey: t.plan.journey, subject: t.row.subject, chain: t.row.chain }.to(t.row.shard, now)
        }));
        let ids = s.reserve_ids("enrollment", self.fresh.len())?;
        for (traveller, id) in self.fresh.iter_mut().zip(ids) {
            traveller.row.id = EnrollmentId(id);
        }
        Ok(())
    }

    /// Which entry this would be, or nothing when the rules refuse it.
    fn entry_number(&self, candidate: &Candidate, last: Option<&EnrollmentRow>) -> Option<i64> {
        if candidate.chain > LONGEST_CHAIN {
            return None;
        }
        let Some(last) = last else { return Some(1) };
        let ended_at = last.ended_at?;
        let again = candidate.plan.again.as_ref().filter(|again| last.entry < again.limit)?;
        let from = if again.from_end { ended_at } else { last.entered_at };
        let due = again.delay.after(from, self.live.zone());
        (candidate.again || due <= self.claim.now).then_some(last.entry + 1)
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

    // Deciding.

    fn decide(&mut self, s: &mut dyn Session, culprits: &Culprits) -> Result<(), StepError> {
        let wanted = self.wanted();
        let mut world = load(s, self.live, self.claim.now, &wanted)?;
        self.resolve_subjects(&world);
        self.refuse_entries(&world);
        for t in &self.fresh {
            let trip = Trip { journey: t.row.journey, enrollment: t.row.id, entry: t.row.entry, active: true };
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

    fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        // Travellers of a batch stand at few nodes: what one node needs is added once.
        let mut seen = HashSet::new();
        for t in self.travellers.iter().chain(&self.fresh) {
            let needs = &t.plan.node(t.row.node).needs;
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

    fn resolve_subjects(&mut self, world: &World) {
        for t in self.travellers.iter_mut().chain(&mut self.fresh) {
            t.subject = match t.plan.of_people {
                false => world.account_ix(AccountId(t.row.subject)).map(Subject::Account),
                true => world.person_ix(PersonId(t.row.subject)).map(Subject::Person),
            }
            // Deleted in the meantime: only its row is left to be ended.
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
        let gone = matches!(t.subject, Subject::Account(usize::MAX) | Subject::Person(usize::MAX));
        if t.row.ended_at.is_some() || gone {
            return Ok(());
        }
        if let Some(fault) = culprits.get(&t.row.id) {
            self.problems.push((at, fault.clone()));
            return Ok(());
        }
        if self.parks(world, at) {
            return Ok(());
        }
        let commands = world.changes.commands.len();
        let mut walker = Walker { world, tallies: &mut self.tallies, zone: self.live.zone() };
        let traveller = &mut self.travellers[at];
        let id = traveller.row.id;
        // A defect in a node must not take the process with it: the step is rolled back and done without this trip.
        let walked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| walker.walk(traveller)));
        let moved = match walked {
            Ok(moved) => moved.map_err(|fault| StepError::Culprit(id, fault))?,
            Err(_) => {
                let message = "This node failed unexpectedly. It is a defect of Caravan; the log has the details.";
                return Err(StepError::Culprit(id, Fault { code: "internal", message: message.to_owned() }));
            }
        };
        if let Some(moved) = moved {
            self.report.transitions += moved.passed;
            self.report.outcomes += moved.outcomes;
            self.moves.push(moved.row);
        }
        self.follow(world, at, commands)
    }

    /// A paused journey moves nobody: whoever is due is parked until resume. True when this one was.
    fn parks(&mut self, world: &mut World, at: usize) -> bool {
        let t = &mut self.travellers[at];
        let paused = self.live.journeys.get(&t.row.journey).is_some_and(|j| j.paused);
        if !paused || matches!(t.signal, Signal::End(_)) {
            return false;
        }
        let mut walker = Walker { world, tallies: &mut self.tallies, zone: self.live.zone() };
        if walker.rest(t) {
            self.touched.insert(t.row.id);
        }
        true
    }

    /// Does what the walk asked of other trips, from its first command `from` on.
    fn follow(&mut self, world: &mut World, at: usize, from: usize) -> Result<(), StepError> {
        let chain = self.travellers[at].row.chain;
        let commands: Vec<Decided> = world.changes.commands[from..].to_vec();
        for command in commands {
            match command {
                Decided::EndTrip { .. } => {}
                Decided::RemoveAccount { journey, account } => self.remove(world, journey, account)?,
                Decided::EnterAccount { journey, account, .. } => {
                    let shard = self.travellers[at].row.shard;
                    let enter = Command::Enter { journey, subject: account.0, chain: chain + 1 };
                    self.inbox_out.push(enter.to(shard, self.claim.now));
                }
                Decided::EnterPerson { journey, person, shard, .. } => {
                    let enter = Command::Enter { journey, subject: person.0, chain: chain + 1 };
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
                t.signal = Signal::End("removed");
                let mut walker = Walker { world, tallies: &mut self.tallies, zone: self.live.zone() };
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

    // Writing.

    fn save(mut self, s: &mut dyn Session) -> Result<Report, StepError> {
        self.save_trips(s)?;
        if let Some(world) = self.world.take() {
            let heard = crate::save::changes(s, self.live, self.claim, world.changes)?;
            self.report.effects = heard.effects;
            self.inbox_out.extend(heard.inbox);
        }
        // Nobody else writes the tallies of a shard that this step holds.
        let slot = match s.dialect() {
            Dialect::Sqlite => 0,
            Dialect::Postgres => self.claim.shards.iter().map(|shard| shard.0).min().unwrap_or(0),
        };
        let tallies = std::mem::take(&mut self.tallies).into_rows();
        step::add_tallies(s, slot, &tallies)?;
        step::insert_inbox(s, &self.inbox_out)?;
        step::delete_inbox(s, &self.consumed)?;
        for (id, body) in &self.continued {
            step::continue_inbox(s, *id, body)?;
        }
        step::release(s, self.claim)?;
        Ok(self.report)
    }

    fn save_trips(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        self.note_problems(s)?;
        let stored = self.stored_seqs.len();
        let new = self.travellers.split_off(stored);
        let mut rows = Vec::with_capacity(stored);
        let mut seqs = Vec::with_capacity(stored);
        for (traveller, seq) in std::mem::take(&mut self.travellers).into_iter().zip(&self.stored_seqs) {
            if traveller.row.seq != *seq || self.touched.contains(&traveller.row.id) {
                seqs.push(*seq);
                rows.push(traveller.row);
            }
        }
        let order = sorted_by_id(&rows);
        let rows: Vec<EnrollmentRow> = order.iter().map(|&at| rows[at].clone()).collect();
        let seqs: Vec<i64> = order.iter().map(|&at| seqs[at]).collect();
        let new: Vec<EnrollmentRow> = new.into_iter().map(|t| t.row).collect();
        self.report.enrollments = rows.len() + new.len();
        step::update_enrollments(s, &rows, &seqs)?;
        step::insert_enrollments(s, &new)?;
        let mut moves = std::mem::take(&mut self.moves);
        moves.sort_by_key(|row| (row.enrollment, row.seq));
        step::insert_moves(s, &moves)?;
        Ok(())
    }

    /// A trip that failed is tried again with growing patience; one that went on has no problem any more.
    fn note_problems(&mut self, s: &mut dyn Session) -> Result<(), StepError> {
        if self.problems.is_empty() && !step::any_problem(s)? {
            return Ok(());
        }
        let ids: Vec<i64> = self.travellers.iter().map(|t| t.row.id.0).collect();
        let attempts: HashMap<EnrollmentId, i64> = step::problem_attempts(s, &ids)?.into_iter().collect();
        let failed: HashSet<usize> = self.problems.iter().map(|(at, _)| *at).collect();
        let fine: Vec<i64> = self
            .travellers
            .iter()
            .enumerate()
            .filter(|(at, t)| !failed.contains(at) && attempts.contains_key(&t.row.id))
            .map(|(_, t)| t.row.id.0)
            .collect();
        if !fine.is_empty() {
            step::clear_problems(s, &fine)?;
        }
        for (at, fault) in std::mem::take(&mut self.problems) {
            let t = &mut self.travellers[at];
            let tried = attempts.get(&t.row.id).copied().unwrap_or(0);
            let next_try = self.claim.now + backoff(tried);
            t.row.due_at = Some(next_try);
            self.touched.insert(t.row.id);
            step::put_problem(s, t.row.id, t.row.node, fault.code, &fault.message, self.claim.now, Some(next_try))?;
        }
        Ok(())
    }
}

/// 10 s, doubled with every failure, at most 6 hours.
fn backoff(failures: i64) -> SignedDuration {
    let doublings = u32::try_from(failures.clamp(0, 12)).unwrap_or(12);
    SignedDuration::from_secs(10 * 2_i64.pow(doublings)).min(SignedDuration::from_hours(6))
}

fn sorted_by_id(rows: &[EnrollmentRow]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&at| rows[at].id);
    order
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
            heard: 0,
            chain: candidate.chain,
            entered_at: now,
            node_at: now,
            ended_at: None,
            outcome: None,
        },
        plan: candidate.plan,
        subject: if of_people { Subject::Person(usize::MAX) } else { Subject::Account(usize::MAX) },
        signal: Signal::Enter,
        heard: Vec::new(),
    }
}

fn known_outcome(outcome: &str) -> &'static str {
    match outcome {
        "aborted" => "aborted",
        "expired" => "expired",
        _ => "removed",
    }
}
