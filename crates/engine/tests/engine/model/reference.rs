//! The reference: what must come of a case, worked out the plain way. One trip after another, everything in memory, no
//! batches, no store, no crashes; nothing here asks the engine or shares its code.
//!
//! Time stands still while something can be done. What is asked of other trips, and who joined a list, is heard in the
//! next round of the same instant.

mod act;
mod calls;
mod conditions;
mod listen;
mod rounds;
mod split;
mod tell;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use self::calls::{Back, Calls, Leaving, Outgoing};
use self::split::murmur3;
use crate::model::case::*;
use crate::model::clock::ends_at;
use crate::model::outcome::{Figures, Final, Stay, Trip as Told};

/// The most nodes that one walk may pass.
const LONGEST_WALK: usize = 100;
/// The most journeys that lead into each other.
const LONGEST_CHAIN: i64 = 10;
/// How the trips of those end who are only counted.
const HELD_OUT: &str = "held_out";

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
    version: usize,
    /// It came because it belongs to the audience.
    invited: bool,
    /// It has reached the journey's goal.
    goal: bool,
    traveller: usize,
    entry: i64,
    chain: i64,
    entered_at: Secs,
    /// None: it has not walked yet.
    node: Option<usize>,
    node_at: Secs,
    due: Option<Secs>,
    listening: bool,
    /// How often each event of the listener has happened.
    heard: Vec<i64>,
    enough: bool,
    calls: Calls,
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

/// Which node asked for a person, and is told what came of it.
#[derive(Clone)]
struct Request {
    journey: usize,
    node: String,
    person: usize,
}

/// What is heard in the next round.
#[derive(Clone)]
enum Message {
    Open(usize),
    Enter {
        journey: usize,
        traveller: usize,
        chain: i64,
        request: Option<Request>,
    },
    Leave {
        journey: usize,
        traveller: usize,
        request: Option<Request>,
    },
    Answered(Back),
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
    /// Who meets each journey's goal.
    goals: Vec<BTreeSet<usize>>,
    versions: Vec<usize>,
    /// What each variant split has shared out, by journey, version and node.
    shared_out: BTreeMap<(usize, usize, usize), Vec<i64>>,
    trips: Vec<Trip>,
    inbox: Vec<Message>,
    /// Messages and calls that have not left.
    queued: Vec<Outgoing>,
    /// What will be answered.
    coming: Vec<Back>,
    figures: Vec<Figures>,
    mails: BTreeMap<Mail, i64>,
    /// What became of each mail.
    fates: BTreeMap<Mail, &'static str>,
    told: BTreeMap<(String, String), i64>,
}

/// Of which journey, whose trip, which entry, from which node, and to whom.
type Mail = (usize, usize, i64, String, usize);

/// What a node does with a trip.
enum Flow {
    Go(Option<String>, Next),
    Stay { due: Option<Secs>, listening: bool, heard: Vec<i64> },
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
            goals: vec![BTreeSet::new(); journeys],
            versions: vec![0; journeys],
            shared_out: BTreeMap::new(),
            trips: Vec::new(),
            inbox: Vec::new(),
            queued: Vec::new(),
            coming: Vec::new(),
            figures: vec![Figures::default(); journeys],
            mails: BTreeMap::new(),
            fates: BTreeMap::new(),
            told: BTreeMap::new(),
        };
        for n in 0..journeys {
            world.audiences[n] = (0..world.subjects(n)).filter(|subject| world.belongs(n, *subject)).collect();
            world.goals[n] = (0..world.subjects(n)).filter(|subject| world.meets_goal(n, *subject)).collect();
            world.inbox.push(Message::Open(n));
        }
        world
    }

    /// The map that a trip follows.
    fn map(&self, at: usize) -> &'a Chart {
        &self.case.journeys[self.trips[at].journey].maps[self.trips[at].version]
    }

    fn traveller_key(&self, at: usize) -> String {
        let trip = &self.trips[at];
        match self.case.journeys[trip.journey].of_people {
            true => person_key(trip.traveller),
            false => account_key(trip.traveller),
        }
    }

    /// How the manifest calls a node of a trip's map; none: the entry.
    fn name(&self, at: usize, node: Option<usize>) -> String {
        node.map_or_else(|| "audience".to_owned(), |node| node_key(self.trips[at].version, node))
    }

    /// From the start to the end, stopping wherever something happens or is due.
    fn live_through(&mut self) {
        self.settle();
        let mut script = self.case.script.iter().peekable();
        loop {
            let happens = script.peek().map(|happening| happening.at);
            let comes = self.coming.iter().map(|back| back.at).min();
            let Some(next) = [happens, self.next_due(), comes].into_iter().flatten().min() else { break };
            if next > self.case.until {
                break;
            }
            self.now = next;
            while let Some(happening) = script.next_if(|happening| happening.at <= next) {
                self.happen(&happening.what);
            }
            self.receive();
            if self.awake(next) {
                self.settle();
            }
        }
    }

    fn awake(&self, at: Secs) -> bool {
        !self.case.is_away(at)
    }

    /// When something is due next, seen from now; while nothing runs, the end of that.
    fn next_due(&self) -> Option<Secs> {
        let ends =
            self.case.journeys.iter().enumerate().filter_map(|(n, journey)| {
                matches!(self.states[n], State::Live | State::Closed).then_some(journey.end)
            });
        let trips = self.trips.iter().filter_map(|trip| trip.due);
        let trips = trips.chain(self.queued.iter().map(|outgoing| outgoing.not_before));
        let back = self.case.away.iter().map(|(_, to)| *to);
        trips.chain(ends).filter(|at| *at > self.now && self.awake(*at)).chain(back.filter(|at| *at > self.now)).min()
    }

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
            What::Renew(n) => {
                let runs = self.states[n] == State::Live && self.case.journeys[n].end > self.now;
                // What a version names must be live when it is published; itself is.
                let mut named = self.case.journeys[n].maps[1].nodes.iter().flat_map(Node::names);
                let all_live = named.all(|other| other == n || self.states[other] == State::Live);
                if runs && all_live {
                    self.versions[n] = 1;
                    self.inbox.push(Message::Open(n));
                }
            }
            What::Remove(n) => {
                if let Some(trip) = self.first_under_way(n) {
                    self.inbox.push(Message::End { trips: vec![trip], outcome: "removed" });
                }
            }
            What::Skip(n) => {
                if let Some(trip) = self.first_under_way(n).filter(|_| !self.paused[n]) {
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
    invited: bool,
    request: Option<Request>,
}

impl Candidate {
    /// Somebody of the audience.
    fn of_audience(journey: usize, traveller: usize) -> Self {
        Self { journey, traveller, chain: 1, again: false, invited: true, request: None }
    }
}

/// What one round takes in.
#[derive(Default)]
struct Round {
    candidates: Vec<Candidate>,
    joined: Vec<(Audience, Option<usize>, usize)>,
    /// Who began to meet which journey's goal.
    reached: Vec<(usize, usize)>,
    leaving: Vec<(usize, usize, Option<Request>)>,
    signals: BTreeMap<usize, Signal>,
    heard: BTreeMap<usize, Vec<Filled>>,
    answers: BTreeMap<usize, Vec<Back>>,
    admitted: BTreeSet<(usize, usize)>,
}

fn starts_with(text: &str, start: &str) -> bool {
    text.to_lowercase().starts_with(&start.to_lowercase())
}
