//! The reference: what must come of a case, worked out the plain way. One trip after another, everything in memory, no
//! batches, no store, no crashes; nothing here asks the engine or shares its code.
//!
//! Time stands still while something can be done. What is asked of other trips, and who joined a list, is heard in the
//! next round of the same instant.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::*;
use crate::clock::ends_at;
use crate::outcome::{Figures, Final, Stay, Trip as Told};

/// The most nodes that one walk may pass.
const LONGEST_WALK: usize = 100;
/// The most journeys that lead into each other.
const LONGEST_CHAIN: i64 = 10;

/// What comes of a case.
pub fn outcome(case: &Case) -> Final {
    let mut world = World::new(case);
    world.live_through();
    world.tell()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Live,
    Closed,
    Aborted,
    Finished,
}

impl State {
    /// How those inside end when it no longer runs.
    fn ends_everybody(self) -> Option<&'static str> {
        match self {
            State::Aborted => Some("aborted"),
            State::Finished => Some("expired"),
            State::Live | State::Closed => None,
        }
    }
}

struct Trip {
    journey: usize,
    traveller: usize,
    entry: i64,
    chain: i64,
    entered_at: Secs,
    /// None: it has not walked yet.
    node: Option<usize>,
    node_at: Secs,
    due: Option<Secs>,
    listening: bool,
    heard: i64,
    enough: bool,
    ended: Option<(Secs, &'static str)>,
    stays: Vec<Stay>,
}

impl Trip {
    fn active(&self) -> bool {
        self.ended.is_none()
    }
}

#[derive(Clone)]
struct Filled {
    person: usize,
    form: &'static str,
    at: Secs,
}

/// What is heard in the next round.
#[derive(Clone)]
enum Message {
    Open(usize),
    Enter {
        journey: usize,
        traveller: usize,
        chain: i64,
    },
    Leave {
        journey: usize,
        traveller: usize,
    },
    End {
        trips: Vec<usize>,
        outcome: &'static str,
    },
    Skip {
        trip: usize,
    },
    Heard {
        of_people: bool,
        traveller: usize,
        event: Filled,
    },
    /// Whether they belong to a journey's dynamic audience is looked at again.
    Look {
        accounts: Vec<usize>,
        people: Vec<usize>,
    },
    Shelved {
        shelf: usize,
        account: usize,
    },
}

struct World<'a> {
    case: &'a Case,
    now: Secs,
    states: Vec<State>,
    paused: Vec<bool>,
    accounts: Vec<Account>,
    people: Vec<Person>,
    scores: Vec<i64>,
    filled: Vec<Vec<Filled>>,
    /// Of each journey's own list, who is on it.
    audiences: Vec<BTreeSet<usize>>,
    trips: Vec<Trip>,
    inbox: Vec<Message>,
    figures: Vec<Figures>,
    mails: BTreeMap<(usize, usize, i64, String, usize), i64>,
    told: BTreeMap<(String, String), i64>,
}

/// What a node does with a trip.
enum Flow {
    Go(Option<String>, Next),
    Stay { due: Option<Secs>, listening: bool, heard: i64 },
    End(&'static str),
}

impl<'a> World<'a> {
    fn new(case: &'a Case) -> Self {
        let journeys = case.journeys.len();
        let mut world = World {
            case,
            now: START,
            states: vec![State::Live; journeys],
            paused: vec![false; journeys],
            accounts: case.accounts.clone(),
            people: case.people.clone(),
            scores: vec![0; case.people.len()],
            filled: vec![Vec::new(); case.people.len()],
            audiences: vec![BTreeSet::new(); journeys],
            trips: Vec::new(),
            inbox: Vec::new(),
            figures: vec![Figures::default(); journeys],
            mails: BTreeMap::new(),
            told: BTreeMap::new(),
        };
        for n in 0..journeys {
            world.audiences[n] = (0..world.subjects(n)).filter(|subject| world.belongs(n, *subject)).collect();
            world.inbox.push(Message::Open(n));
        }
        world
    }

    /// From the start to the end, stopping wherever something happens or is due.
    fn live_through(&mut self) {
        self.settle();
        let mut script = self.case.script.iter().peekable();
        loop {
            let happens = script.peek().map(|happening| happening.at);
            let Some(next) = [happens, self.next_due()].into_iter().flatten().min() else { break };
            if next > self.case.until {
                break;
            }
            self.now = next;
            while let Some(happening) = script.next_if(|happening| happening.at <= next) {
                self.happen(&happening.what);
            }
            if self.awake(next) {
                self.settle();
            }
        }
    }

    fn awake(&self, at: Secs) -> bool {
        !self.case.away.iter().any(|(from, to)| *from <= at && at < *to)
    }

    /// When something is due next, seen from now; while nothing runs, the end of that.
    fn next_due(&self) -> Option<Secs> {
        let ends =
            self.case.journeys.iter().enumerate().filter_map(|(n, journey)| {
                matches!(self.states[n], State::Live | State::Closed).then_some(journey.end)
            });
        let trips = self.trips.iter().filter_map(|trip| trip.due);
        let back = self.case.away.iter().map(|(_, to)| *to);
        trips.chain(ends).filter(|at| *at > self.now && self.awake(*at)).chain(back.filter(|at| *at > self.now)).min()
    }

    // What the script says.

    fn happen(&mut self, what: &What) {
        match *what {
            What::Filled { person, form, ago, account } => {
                let event = Filled { person, form, at: self.now - ago };
                self.filled[person].push(event.clone());
                let accounts = account.map_or_else(|| self.people[person].accounts.clone(), |account| vec![account]);
                for traveller in accounts {
                    self.inbox.push(Message::Heard { of_people: false, traveller, event: event.clone() });
                }
                self.inbox.push(Message::Heard { of_people: true, traveller: person, event });
            }
            What::Employees { account, value } => {
                self.accounts[account].employees = Some(value);
                self.look_at_account(account);
            }
            What::Industry { account, value } => {
                self.accounts[account].industry = Some(value);
                self.look_at_account(account);
            }
            What::Zone { account, value } => self.accounts[account].zone = Some(value),
            What::Title { person, value } => {
                self.people[person].title = value;
                self.inbox.push(Message::Look { accounts: Vec::new(), people: vec![person] });
            }
            What::Department { person, value } => self.people[person].department = Some(value),
            What::Joins { person, account } => {
                if !self.people[person].accounts.contains(&account) {
                    self.people[person].accounts.push(account);
                }
            }
            What::Pause(n) => {
                if matches!(self.states[n], State::Live | State::Closed) {
                    self.paused[n] = true;
                }
            }
            What::Resume(n) => self.paused[n] = false,
            What::Close(n) => {
                if self.states[n] == State::Live {
                    self.states[n] = State::Closed;
                }
            }
            What::Abort(n) => {
                if matches!(self.states[n], State::Live | State::Closed) {
                    self.states[n] = State::Aborted;
                    self.paused[n] = false;
                    self.end_everybody(n, "aborted");
                }
            }
            What::Remove(n) => {
                if let Some(trip) = self.first_under_way(n) {
                    self.inbox.push(Message::End { trips: vec![trip], outcome: "removed" });
                }
            }
            What::Skip(n) => {
                if let Some(trip) = self.first_under_way(n) {
                    self.inbox.push(Message::Skip { trip });
                }
            }
        }
    }

    fn look_at_account(&mut self, account: usize) {
        self.inbox.push(Message::Look { accounts: vec![account], people: Vec::new() });
    }

    fn first_under_way(&self, journey: usize) -> Option<usize> {
        let under_way = self.trips.iter().enumerate().filter(|(_, trip)| trip.journey == journey && trip.active());
        under_way.min_by_key(|(_, trip)| trip.traveller).map(|(at, _)| at)
    }

    fn end_everybody(&mut self, journey: usize, outcome: &'static str) {
        let under_way = self.trips.iter().enumerate().filter(|(_, trip)| trip.journey == journey && trip.active());
        let trips = under_way.map(|(at, _)| at).collect();
        self.inbox.push(Message::End { trips, outcome });
    }

    // Rounds.

    fn settle(&mut self) {
        loop {
            let ticked = self.tick();
            let mut moved = false;
            while self.has_work() {
                self.round();
                moved = true;
            }
            if !ticked && !moved {
                return;
            }
        }
    }

    fn tick(&mut self) -> bool {
        let mut ticked = false;
        for n in 0..self.states.len() {
            let running = matches!(self.states[n], State::Live | State::Closed);
            let empty = !self.trips.iter().any(|trip| trip.journey == n && trip.active());
            if running && self.case.journeys[n].end <= self.now {
                self.states[n] = State::Finished;
                self.paused[n] = false;
                self.end_everybody(n, "expired");
                ticked = true;
            } else if self.states[n] == State::Closed && empty {
                self.states[n] = State::Finished;
                ticked = true;
            }
        }
        ticked
    }

    fn has_work(&self) -> bool {
        !self.inbox.is_empty() || self.trips.iter().any(|trip| self.is_due(trip))
    }

    fn is_due(&self, trip: &Trip) -> bool {
        trip.due.is_some_and(|due| due <= self.now) && !self.paused[trip.journey]
    }

    fn round(&mut self) {
        let mut round = Round::default();
        for message in std::mem::take(&mut self.inbox) {
            self.take(message, &mut round);
        }
        self.enter_followers(&mut round);
        // Whoever is due, hears, or is ended or skipped by hand.
        let mut travelling: Vec<usize> = Vec::new();
        for at in 0..self.trips.len() {
            let trip = &self.trips[at];
            let concerned = self.is_due(trip) || round.heard.contains_key(&at) || round.signals.contains_key(&at);
            if trip.active() && concerned {
                travelling.push(at);
            } else if !trip.active() && self.is_due(trip) {
                self.enter_again(at, &mut round);
            }
        }
        for (journey, traveller) in std::mem::take(&mut round.leaving) {
            if let Some(at) = self.latest(journey, traveller).filter(|at| self.trips[*at].active()) {
                round.signals.insert(at, Signal::End("removed"));
                travelling.push(at);
            }
        }
        for candidate in std::mem::take(&mut round.candidates) {
            travelling.extend(self.admit(candidate, &mut round.admitted));
        }
        travelling.sort_by_key(|at| (self.trips[*at].due.unwrap_or(self.now), *at));
        travelling.dedup();
        for at in travelling {
            self.step(at, &round);
        }
    }

    fn take(&mut self, message: Message, round: &mut Round) {
        match message {
            Message::Open(n) => {
                let members: Vec<usize> = (0..self.subjects(n)).filter(|subject| self.member(n, *subject)).collect();
                round.candidates.extend(members.into_iter().map(|traveller| Candidate::fresh(n, traveller, 1)));
            }
            Message::Enter { journey, traveller, chain } => {
                if self.takes_in(journey) {
                    round.candidates.push(Candidate::fresh(journey, traveller, chain));
                }
            }
            Message::Leave { journey, traveller } => {
                // Whoever enters in this very round leaves in the next one.
                let enters = round.candidates.iter().any(|c| c.journey == journey && c.traveller == traveller);
                match enters {
                    true => self.inbox.push(Message::Leave { journey, traveller }),
                    false => round.leaving.push((journey, traveller)),
                }
            }
            Message::End { trips, outcome } => {
                round.signals.extend(trips.into_iter().map(|trip| (trip, Signal::End(outcome))));
            }
            Message::Skip { trip } => {
                round.signals.insert(trip, Signal::Skip);
            }
            Message::Heard { of_people, traveller, event } => {
                for at in 0..self.trips.len() {
                    let trip = &self.trips[at];
                    let concerned =
                        self.case.journeys[trip.journey].of_people == of_people && trip.traveller == traveller;
                    if concerned && trip.active() && trip.listening {
                        round.heard.entry(at).or_default().push(event.clone());
                    }
                }
            }
            Message::Look { accounts, people } => {
                for n in 0..self.case.journeys.len() {
                    let subjects = if self.case.journeys[n].of_people { &people } else { &accounts };
                    for &subject in subjects {
                        self.look(n, subject, round);
                    }
                }
            }
            Message::Shelved { shelf, account } => round.joined.push((Audience::Shelf(shelf), None, account)),
        }
    }

    /// Whether a subject belongs to a journey's own list now.
    fn look(&mut self, n: usize, subject: usize, round: &mut Round) {
        let audience = self.case.journeys[n].audience;
        if matches!(audience, Audience::Shelf(_) | Audience::Speakers) {
            return;
        }
        if !self.belongs(n, subject) {
            self.audiences[n].remove(&subject);
        } else if self.audiences[n].insert(subject) {
            round.joined.push((audience, Some(n), subject));
        }
    }

    /// Whoever joined a list enters the journeys that follow it.
    fn enter_followers(&mut self, round: &mut Round) {
        for (audience, own, subject) in std::mem::take(&mut round.joined) {
            for n in 0..self.case.journeys.len() {
                let follows = own.map_or(self.case.journeys[n].audience == audience, |own| own == n);
                if follows && self.takes_in(n) {
                    round.candidates.push(Candidate::fresh(n, subject, 1));
                }
            }
        }
    }

    fn enter_again(&mut self, at: usize, round: &mut Round) {
        self.trips[at].due = None;
        let (journey, traveller) = (self.trips[at].journey, self.trips[at].traveller);
        if self.takes_in(journey) && self.member(journey, traveller) {
            round.candidates.push(Candidate { again: true, ..Candidate::fresh(journey, traveller, 1) });
        }
    }

    fn takes_in(&self, n: usize) -> bool {
        self.states[n] == State::Live && self.now < self.case.journeys[n].end
    }

    fn subjects(&self, n: usize) -> usize {
        if self.case.journeys[n].of_people { self.people.len() } else { self.accounts.len() }
    }

    fn member(&self, n: usize, subject: usize) -> bool {
        match self.case.journeys[n].audience {
            Audience::Shelf(shelf) => self.accounts[subject].shelved[shelf],
            _ => self.audiences[n].contains(&subject),
        }
    }

    fn belongs(&self, n: usize, subject: usize) -> bool {
        match self.case.journeys[n].audience {
            Audience::Large(least) => self.accounts[subject].employees >= Some(least),
            Audience::Industry(industry) => self.accounts[subject].industry == Some(industry),
            Audience::Shelf(shelf) => self.accounts[subject].shelved[shelf],
            Audience::Speakers => self.people[subject].speaker,
            Audience::Titled(title) => starts_with(self.people[subject].title, title),
        }
    }

    fn latest(&self, journey: usize, traveller: usize) -> Option<usize> {
        self.trips.iter().rposition(|trip| trip.journey == journey && trip.traveller == traveller)
    }

    fn admit(&mut self, candidate: Candidate, admitted: &mut BTreeSet<(usize, usize)>) -> Option<usize> {
        let Candidate { journey, traveller, chain, again } = candidate;
        if chain > LONGEST_CHAIN || admitted.contains(&(journey, traveller)) {
            return None;
        }
        let entry = match self.latest(journey, traveller) {
            None => 1,
            Some(last) => {
                let last = &self.trips[last];
                let (ended_at, _) = last.ended?;
                let rule = self.case.journeys[journey].reentry?;
                let from = if rule.from_end { ended_at } else { last.entered_at };
                if last.entry >= rule.limit || (!again && from + rule.hours * 3_600 > self.now) {
                    return None;
                }
                last.entry + 1
            }
        };
        admitted.insert((journey, traveller));
        if self.case.journeys[journey].of_people && self.people[traveller].test_profile {
            self.figures[journey].add("not_entered test_profile", 1);
            return None;
        }
        self.trips.push(Trip {
            journey,
            traveller,
            entry,
            chain,
            entered_at: self.now,
            node: None,
            node_at: self.now,
            due: Some(self.now),
            listening: false,
            heard: 0,
            enough: false,
            ended: None,
            stays: Vec::new(),
        });
        Some(self.trips.len() - 1)
    }

    // One trip.

    fn step(&mut self, at: usize, round: &Round) {
        let trip = &self.trips[at];
        if !trip.active() {
            return;
        }
        let n = trip.journey;
        let ends = self.states[n].ends_everybody().filter(|_| !matches!(round.signals.get(&at), Some(Signal::End(_))));
        let signal = ends.map(Signal::End).or_else(|| round.signals.get(&at).cloned());
        let heard = round.heard.get(&at).map(Vec::as_slice).unwrap_or_default();
        if self.paused[n] && !matches!(signal, Some(Signal::End(_))) {
            // It moves nobody, but what happens counts.
            if trip.listening {
                let enough = matches!(self.hear(at, heard), Some(Flow::Go(None, _)));
                let counted = self.counted(at, heard);
                self.trips[at].enough |= enough;
                self.trips[at].heard = counted;
                if enough {
                    self.trips[at].due = Some(self.trips[at].due.map_or(self.now, |due| due.min(self.now)));
                }
            }
            return;
        }
        let first = self.trips[at].node.is_none() && self.trips[at].stays.is_empty();
        if first {
            self.figures[n].add("trips entered", 1);
            self.figures[n].add("audience reached", 1);
            self.tell_trip(at, "journey_entered");
        }
        let flow = match (signal, self.trips[at].node) {
            (Some(Signal::End(outcome)), _) => Some(Flow::End(outcome)),
            (_, None) => Some(Flow::Go(None, Some(self.case.journeys[n].entry))),
            (skip, Some(node)) => self.resume(at, node, skip.is_some(), heard),
        };
        if let Some(flow) = flow {
            self.walk(at, flow);
        }
    }

    /// What the node at which a trip stands does with it; nothing when it stays as it is.
    fn resume(&mut self, at: usize, node: usize, skip: bool, heard: &[Filled]) -> Option<Flow> {
        let case = self.case;
        match &case.journeys[self.trips[at].journey].nodes[node] {
            Node::Wait { next, .. } if skip => Some(Flow::Go(None, *next)),
            Node::Wait { rule, next } => {
                // The traveller's zone may have changed.
                let ends = self.wait_ends(at, rule, self.trips[at].node_at);
                Some(match ends <= self.now {
                    true => Flow::Go(None, *next),
                    false => Flow::Stay { due: Some(ends), listening: false, heard: 0 },
                })
            }
            Node::Listen(Listen { timeout: Some((_, Some(next))), .. }) if skip => {
                Some(Flow::Go(Some("timeout".to_owned()), *next))
            }
            Node::Listen(listen) if skip => Some(Flow::Go(None, listen.next)),
            Node::Listen(_) => self.hear(at, heard),
            _ => unreachable!("a trip rests at waits and listeners only"),
        }
    }

    fn hear(&self, at: usize, heard: &[Filled]) -> Option<Flow> {
        let trip = &self.trips[at];
        let Node::Listen(listen) = &self.case.journeys[trip.journey].nodes[trip.node?] else { return None };
        let count = self.counted(at, heard);
        if trip.enough || count >= listen.at_least {
            return Some(Flow::Go(None, listen.next));
        }
        let over = trip.due.is_some_and(|due| due <= self.now);
        Some(match &listen.timeout {
            Some((_, Some(next))) if over => Flow::Go(Some("timeout".to_owned()), *next),
            Some((_, None)) if over => Flow::End("timed_out"),
            _ => Flow::Stay { due: trip.due, listening: true, heard: count },
        })
    }

    /// How many events count, with those of before.
    fn counted(&self, at: usize, heard: &[Filled]) -> i64 {
        let trip = &self.trips[at];
        let Some(Node::Listen(listen)) = trip.node.map(|node| &self.case.journeys[trip.journey].nodes[node]) else {
            return 0;
        };
        let counts = |event: &&Filled| {
            let in_time = trip.due.is_none_or(|due| event.at <= due) && event.at >= trip.node_at;
            let fits = listen.form.is_none_or(|form| form == event.form);
            let filter = listen.filter.as_ref().is_none_or(|filter| self.holds_person(filter, event.person, trip));
            in_time && fits && filter
        };
        trip.heard + heard.iter().filter(counts).count() as i64
    }

    fn walk(&mut self, at: usize, mut flow: Flow) {
        let case = self.case;
        for _ in 0..LONGEST_WALK {
            match flow {
                Flow::Stay { due, listening, heard } => {
                    let trip = &mut self.trips[at];
                    (trip.due, trip.listening, trip.heard, trip.enough) = (due, listening, heard, false);
                    return;
                }
                Flow::End(outcome) => return self.end(at, None, outcome),
                Flow::Go(path, next) => {
                    if let Some(path) = &path {
                        self.count(at, &format!("path {path}"), 1);
                    }
                    let Some(next) = next else { return self.end(at, path, "completed") };
                    self.count(at, "left", 1);
                    self.leave(at, path, None);
                    let trip = &mut self.trips[at];
                    (trip.node, trip.node_at, trip.enough) = (Some(next), self.now, false);
                    self.count(at, "reached", 1);
                    flow = self.arrive(at, next, &case.journeys[self.trips[at].journey].nodes[next]);
                }
            }
        }
        panic!("the generator made a walk of {LONGEST_WALK} nodes");
    }

    fn arrive(&mut self, at: usize, number: usize, node: &Node) -> Flow {
        match node {
            Node::Merge { next } => Flow::Go(None, *next),
            Node::Act { act, next } => {
                let name = node_key(number);
                if act.on_people() {
                    for person in self.people_of(at) {
                        self.act_on_person(at, &name, act, person);
                    }
                } else {
                    self.act_on_account(at, &name, act);
                }
                if matches!(act, Act::LeaveJourney(n) if *n == self.trips[at].journey) {
                    return Flow::End("removed");
                }
                Flow::Go(None, *next)
            }
            Node::Wait { rule, .. } => {
                Flow::Stay { due: Some(self.wait_ends(at, rule, self.now)), listening: false, heard: 0 }
            }
            Node::Listen(listen) => {
                let due = listen.timeout.as_ref().map(|(rule, _)| self.wait_ends(at, rule, self.now));
                Flow::Stay { due, listening: true, heard: 0 }
            }
            Node::Split { paths, other } => {
                let chosen = paths.iter().position(|(test, _)| self.holds(test, at));
                match (chosen, other) {
                    (Some(n), _) => Flow::Go(Some(path_key(n)), paths[n].1),
                    (None, Some(next)) => Flow::Go(Some("other".to_owned()), *next),
                    (None, None) => Flow::End("no_path"),
                }
            }
            Node::Box { paths, other, next } => {
                self.people_box(at, number, paths, other.as_deref());
                Flow::Go(None, *next)
            }
        }
    }

    /// People are assigned once; then path by path, action by action, person by person.
    fn people_box(&mut self, at: usize, number: usize, paths: &[(Test, Vec<Act>)], other: Option<&[Act]>) {
        let people = self.people_of(at);
        let mut taken: Vec<Vec<usize>> = vec![Vec::new(); paths.len() + 1];
        for person in people {
            let path = paths.iter().position(|(test, _)| self.holds_person(test, person, &self.trips[at]));
            taken[path.unwrap_or(paths.len())].push(person);
        }
        let n = self.trips[at].journey;
        let mut place = 0;
        let ways = paths.iter().map(|(_, acts)| Some(acts.as_slice())).chain([other]);
        for (way, (acts, people)) in ways.zip(taken).enumerate() {
            let Some(acts) = acts else { continue };
            let label = if way < paths.len() { path_key(way) } else { "other".to_owned() };
            let many = people.len() as i64;
            self.figures[n].add(&format!("{} path {label}", node_key(number)), many);
            for act in acts {
                let name = boxed_key(number, place);
                place += 1;
                self.figures[n].add(&format!("{name} reached"), many);
                self.figures[n].add(&format!("{name} left"), many);
                for &person in &people {
                    self.act_on_person(at, &name, act, person);
                }
            }
        }
    }

    fn people_of(&self, at: usize) -> Vec<usize> {
        let trip = &self.trips[at];
        if self.case.journeys[trip.journey].of_people {
            return vec![trip.traveller];
        }
        let related = |(_, person): &(usize, &Person)| person.accounts.contains(&trip.traveller);
        self.people.iter().enumerate().filter(related).map(|(n, _)| n).collect()
    }

    fn act_on_person(&mut self, at: usize, node: &str, act: &Act, person: usize) {
        let n = self.trips[at].journey;
        let key = person_key(person);
        let told = match act {
            Act::Score { change } => self.set_score(person, self.scores[person] + change),
            Act::SetScore { value } => self.set_score(person, *value),
            Act::Department(value) => {
                let changed = self.people[person].department.replace(value) != Some(value);
                changed.then_some("person_changed")
            }
            Act::Moment => Some("interesting_moment"),
            Act::Mail => {
                let mail = (n, self.trips[at].traveller, self.trips[at].entry, node.to_owned(), person);
                *self.mails.entry(mail).or_default() += 1;
                self.figures[n].add(&format!("{node} pending"), 1);
                return;
            }
            _ => unreachable!("an action on the account"),
        };
        self.figures[n].add(&format!("{node} {}", if told.is_some() { "done" } else { "no_op unchanged" }), 1);
        if let Some(kind) = told {
            self.tell_of(at, kind, &key);
        }
    }

    fn set_score(&mut self, person: usize, value: i64) -> Option<&'static str> {
        let changed = std::mem::replace(&mut self.scores[person], value) != value;
        changed.then_some("score_changed")
    }

    fn act_on_account(&mut self, at: usize, node: &str, act: &Act) {
        let account = self.trips[at].traveller;
        let key = account_key(account);
        let n = self.trips[at].journey;
        let outcome = match act {
            Act::Industry(value) => {
                let changed = self.accounts[account].industry.replace(value) != Some(value);
                self.changed_account(at, account, changed)
            }
            Act::Employees(value) => {
                let changed = self.accounts[account].employees.replace(*value) != Some(*value);
                self.changed_account(at, account, changed)
            }
            Act::Shelve(shelf) => match std::mem::replace(&mut self.accounts[account].shelved[*shelf], true) {
                true => "no_op already_in_list",
                false => {
                    self.inbox.push(Message::Shelved { shelf: *shelf, account });
                    self.tell_of(at, "account_list_joined", &key);
                    "done"
                }
            },
            Act::Unshelve(shelf) => match std::mem::replace(&mut self.accounts[account].shelved[*shelf], false) {
                true => {
                    self.tell_of(at, "account_list_left", &key);
                    "done"
                }
                false => "no_op not_in_list",
            },
            Act::AccountMoment => {
                self.tell_of(at, "account_interesting_moment", &key);
                "done"
            }
            Act::EnterJourney(target) => self.ask_to_enter(at, *target),
            Act::LeaveJourney(target) => self.ask_to_leave(at, *target),
            _ => unreachable!("an action on people"),
        };
        self.figures[n].add(&format!("{node} {outcome}"), 1);
    }

    fn changed_account(&mut self, at: usize, account: usize, changed: bool) -> &'static str {
        if !changed {
            return "no_op unchanged";
        }
        self.look_at_account(account);
        self.tell_of(at, "account_changed", &account_key(account));
        "done"
    }

    fn ask_to_enter(&mut self, at: usize, target: usize) -> &'static str {
        let (account, chain) = (self.trips[at].traveller, self.trips[at].chain);
        let (journey, last) = (&self.case.journeys[target], self.latest(target, account));
        if journey.of_people || !self.takes_in(target) {
            return "no_op target_not_live";
        }
        if last.is_some_and(|last| self.trips[last].active()) || self.asked_to_enter(target, account) {
            return "no_op already_inside";
        }
        if journey.reentry.is_none() && last.is_some() {
            return "no_op no_reentry";
        }
        if chain >= LONGEST_CHAIN {
            return "no_op journey_chain_too_long";
        }
        self.inbox.push(Message::Enter { journey: target, traveller: account, chain: chain + 1 });
        "done"
    }

    fn asked_to_enter(&self, target: usize, account: usize) -> bool {
        let asks = |message: &Message| match message {
            Message::Enter { journey, traveller, .. } | Message::Leave { journey, traveller } => {
                *journey == target && *traveller == account
            }
            _ => false,
        };
        let last = self.inbox.iter().rfind(|message| asks(message));
        matches!(last, Some(Message::Enter { .. }))
    }

    fn ask_to_leave(&mut self, at: usize, target: usize) -> &'static str {
        let account = self.trips[at].traveller;
        if target == self.trips[at].journey {
            return "done";
        }
        let inside = self.latest(target, account).filter(|last| self.trips[*last].active());
        match inside {
            Some(last) if !self.case.journeys[target].of_people => {
                self.begin(last);
                self.end(last, None, "removed");
                "done"
            }
            None if self.asked_to_enter(target, account) => {
                self.inbox.push(Message::Leave { journey: target, traveller: account });
                "done"
            }
            _ => "no_op not_inside",
        }
    }

    /// A trip that ends before its first step has entered all the same.
    fn begin(&mut self, at: usize) {
        if self.trips[at].node.is_none() && self.trips[at].stays.is_empty() {
            let n = self.trips[at].journey;
            self.figures[n].add("trips entered", 1);
            self.figures[n].add("audience reached", 1);
            self.tell_trip(at, "journey_entered");
        }
    }

    fn end(&mut self, at: usize, path: Option<String>, outcome: &'static str) {
        self.count(at, "ended", 1);
        self.leave(at, path, Some(outcome));
        let n = self.trips[at].journey;
        self.figures[n].add(&format!("trips {outcome}"), 1);
        self.tell_trip(at, "journey_left");
        let again = self.case.journeys[n].reentry;
        let trip = &mut self.trips[at];
        trip.ended = Some((self.now, outcome));
        trip.listening = false;
        trip.due = again.filter(|again| trip.entry < again.limit).map(|again| {
            let from = if again.from_end { self.now } else { trip.entered_at };
            (from + again.hours * 3_600).max(self.now)
        });
    }

    fn leave(&mut self, at: usize, path: Option<String>, outcome: Option<&'static str>) {
        let trip = &mut self.trips[at];
        let node = trip.node.map_or_else(|| "audience".to_owned(), node_key);
        trip.stays.push(Stay { node, left: self.now, path, outcome: outcome.map(str::to_owned) });
    }

    fn count(&mut self, at: usize, what: &str, n: i64) {
        let trip = &self.trips[at];
        let node = trip.node.map_or_else(|| "audience".to_owned(), node_key);
        self.figures[trip.journey].add(&format!("{node} {what}"), n);
    }

    fn tell_of(&mut self, at: usize, kind: &str, subject: &str) {
        let source = format!("journey:{}", journey_key(self.trips[at].journey));
        *self.told.entry((format!("{kind} by {source}"), subject.to_owned())).or_default() += 1;
    }

    fn tell_trip(&mut self, at: usize, kind: &str) {
        let trip = &self.trips[at];
        let of_people = self.case.journeys[trip.journey].of_people;
        let key = if of_people { person_key(trip.traveller) } else { account_key(trip.traveller) };
        self.tell_of(at, kind, &key);
    }

    fn wait_ends(&self, at: usize, rule: &WaitRule, from: Secs) -> Secs {
        let trip = &self.trips[at];
        let own = if self.case.journeys[trip.journey].of_people { None } else { self.accounts[trip.traveller].zone };
        ends_at(rule, from, own)
    }

    // Conditions.

    fn holds(&self, test: &Test, at: usize) -> bool {
        let trip = &self.trips[at];
        match self.case.journeys[trip.journey].of_people {
            true => self.holds_person(test, trip.traveller, trip),
            false => self.holds_account(test, trip.traveller, trip),
        }
    }

    fn holds_account(&self, test: &Test, account: usize, trip: &Trip) -> bool {
        let known = &self.accounts[account];
        match test {
            Test::All(tests) => tests.iter().all(|test| self.holds_account(test, account, trip)),
            Test::Any(tests) => tests.iter().any(|test| self.holds_account(test, account, trip)),
            Test::Not(test) => !self.holds_account(test, account, trip),
            Test::EmployeesAtLeast(least) => known.employees >= Some(*least),
            Test::EmployeesEmpty => known.employees.is_none(),
            Test::IndustryIs(industry) => known.industry == Some(industry),
            Test::OnShelf(shelf) => known.shelved[*shelf],
            Test::HasPeople(test, least) => {
                let fits = |n: &usize| self.people[*n].accounts.contains(&account) && self.holds_person(test, *n, trip);
                (0..self.people.len()).filter(fits).count() as i64 >= *least
            }
            _ => unreachable!("a test of people"),
        }
    }

    fn holds_person(&self, test: &Test, person: usize, trip: &Trip) -> bool {
        let known = &self.people[person];
        match test {
            Test::All(tests) => tests.iter().all(|test| self.holds_person(test, person, trip)),
            Test::Any(tests) => tests.iter().any(|test| self.holds_person(test, person, trip)),
            Test::Not(test) => !self.holds_person(test, person, trip),
            Test::TitleStarts(title) => starts_with(known.title, title),
            Test::DepartmentIs(department) => known.department == Some(department),
            Test::ScoreAtLeast(least) => self.scores[person] >= *least,
            Test::Filled { form, at_least, window } => {
                let (from, to) = match window {
                    Window::Ever => (Secs::MIN, self.now),
                    Window::SinceEntry => (trip.entered_at, self.now),
                    Window::Within(days) => (trip.entered_at - days * DAY, trip.entered_at),
                };
                let fits =
                    |event: &&Filled| form.is_none_or(|form| form == event.form) && (from..=to).contains(&event.at);
                self.filled[person].iter().filter(fits).count() as i64 >= *at_least
            }
            _ => unreachable!("a test of accounts"),
        }
    }

    // Telling.

    fn tell(self) -> Final {
        let mut end = Final::default();
        for trip in &self.trips {
            let of_people = self.case.journeys[trip.journey].of_people;
            let key = if of_people { person_key(trip.traveller) } else { account_key(trip.traveller) };
            let node = trip.node.map_or_else(|| "audience".to_owned(), node_key);
            end.trips.insert(
                (journey_key(trip.journey), key, trip.entry),
                Told {
                    entered_at: trip.entered_at,
                    node,
                    node_at: trip.node_at,
                    ended: trip.ended.map(|(at, outcome)| (at, outcome.to_owned())),
                    stays: trip.stays.clone(),
                },
            );
        }
        for ((journey, traveller, entry, node, person), times) in self.mails {
            let of_people = self.case.journeys[journey].of_people;
            let traveller = if of_people { person_key(traveller) } else { account_key(traveller) };
            end.mails
                .insert(format!("{} {traveller}/{entry} {node} {}", journey_key(journey), person_key(person)), times);
        }
        for (n, figures) in self.figures.into_iter().enumerate() {
            end.figures.insert(journey_key(n), figures.without_zeros());
        }
        for (n, account) in self.accounts.iter().enumerate() {
            end.accounts.insert(
                account_key(n),
                format!("{:?} {:?} {:?}", account.employees, account.industry, account.shelved),
            );
        }
        for (n, person) in self.people.iter().enumerate() {
            end.people.insert(person_key(n), format!("{:?} {}", person.department, self.scores[n]));
        }
        end.told = self.told.into_iter().map(|((what, whom), times)| (format!("{what} of {whom}"), times)).collect();
        end
    }
}

#[derive(Clone)]
enum Signal {
    End(&'static str),
    Skip,
}

struct Candidate {
    journey: usize,
    traveller: usize,
    chain: i64,
    again: bool,
}

impl Candidate {
    fn fresh(journey: usize, traveller: usize, chain: i64) -> Self {
        Self { journey, traveller, chain, again: false }
    }
}

/// What one round takes in.
#[derive(Default)]
struct Round {
    candidates: Vec<Candidate>,
    joined: Vec<(Audience, Option<usize>, usize)>,
    leaving: Vec<(usize, usize)>,
    signals: BTreeMap<usize, Signal>,
    heard: BTreeMap<usize, Vec<Filled>>,
    admitted: BTreeSet<(usize, usize)>,
}

fn starts_with(text: &str, start: &str) -> bool {
    text.to_lowercase().starts_with(&start.to_lowercase())
}
