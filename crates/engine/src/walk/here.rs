//! A traveller at a node: what the node sees, and what it can do.

use std::sync::Arc;

use caravan_catalog::world::Origin;
use caravan_catalog::{Outcome, PreparedAction, Subject, Visit, World};
use caravan_model::condition::{Condition, Context};
use caravan_model::wait::Wait;
use jiff::Timestamp;

use super::{Traveller, Visits, Walker, account_of};
use crate::plan::Plan;
use crate::tallies::Counted;

/// One traveller at one node.
pub struct Here<'w, 'b> {
    /// The walk.
    pub walker: &'w mut Walker<'b>,
    /// Who.
    pub t: &'w Traveller,
    /// Its version.
    pub plan: &'w Plan,
    /// Which node.
    pub node: usize,
    /// What is noted of the visit.
    pub visits: &'w mut Visits,
}

/// Those for whom one execution of an action had the same outcome.
#[derive(Debug)]
pub struct Outcomes {
    /// Which.
    pub outcome: Outcome,
    /// How many.
    pub times: i64,
    /// Ids; empty where the account itself is acted on.
    pub people: Vec<i64>,
}

impl Outcomes {
    fn add(&mut self, person: Option<i64>) {
        self.times += 1;
        self.people.extend(person);
    }
}

impl Here<'_, '_> {
    /// Step time.
    pub fn now(&self) -> Timestamp {
        self.walker.world.now
    }

    /// What the batch sees.
    pub fn world(&mut self) -> &mut World {
        self.walker.world
    }

    /// Whom something acts on: the traveller, or all people of the travelling account.
    pub fn subjects(&self, on_people: bool) -> Vec<Subject> {
        match (self.t.subject, on_people) {
            (Subject::Account(ix), true) => {
                self.walker.world.account(ix).people.iter().map(|&person| Subject::Person(person)).collect()
            }
            (traveller, _) => vec![traveller],
        }
    }

    /// The id of a person.
    pub fn person_id(&self, subject: Subject) -> Option<i64> {
        match subject {
            Subject::Person(ix) => Some(self.walker.world.person(ix).id.0),
            Subject::Account(_) => None,
        }
    }

    /// Decides for each subject, and counts; who had which outcome, in the order in which each occurred first.
    pub fn act(&mut self, action: &dyn PreparedAction, subjects: &[Subject]) -> Vec<Outcomes> {
        self.act_at(self.node, action, subjects)
    }

    /// The same for an action inside the box at which the traveller stands, which is counted under a number of its own.
    pub fn act_boxed(&mut self, boxed: usize, action: &dyn PreparedAction, people: &[Subject]) {
        let version = self.plan.version;
        let n = people.len() as i64;
        self.walker.tallies.add(version, boxed as i64, Counted::Reached, n);
        self.walker.tallies.add(version, boxed as i64, Counted::Left, n);
        let outcomes = self.act_at(boxed, action, people);
        let mut inner = Visits::default();
        inner.outcomes(&outcomes);
        inner.close(boxed, None, None);
        self.visits.inside(inner);
    }

    fn act_at(&mut self, node: usize, action: &dyn PreparedAction, subjects: &[Subject]) -> Vec<Outcomes> {
        let visit = self.visit(node);
        let mut all: Vec<Outcomes> = Vec::new();
        for &subject in subjects {
            let outcome = action.decide(&visit, subject, self.walker.world);
            let person = self.person_id(subject);
            match all.iter_mut().find(|group| group.outcome == outcome) {
                Some(group) => group.add(person),
                None => {
                    let mut group = Outcomes { outcome, times: 0, people: Vec::with_capacity(subjects.len()) };
                    group.add(person);
                    all.push(group);
                }
            }
        }
        for group in &all {
            self.walker.tallies.add(self.plan.version, node as i64, Counted::from(&group.outcome), group.times);
        }
        all
    }

    /// The visit as actions and effects name it.
    pub fn visit(&self, node: usize) -> Visit {
        let t = self.t;
        Visit {
            enrollment: t.row.id,
            shard: t.row.shard,
            journey: self.plan.journey,
            version: self.plan.version,
            node: node as i64,
            account: account_of(t.subject),
            entered_at: t.row.entered_at,
            chain: t.row.chain,
            origin: self.origin(node),
        }
    }

    /// Whom the activities of a node name as their cause.
    pub fn origin(&self, node: usize) -> Origin {
        let source = Arc::clone(&self.plan.source);
        Origin { source, enrollment: Some(self.t.row.id), node: Some(node as i64) }
    }

    /// Counts at this node.
    pub fn count(&mut self, counted: Counted, n: i64) {
        self.walker.tallies.add(self.plan.version, self.node as i64, counted, n);
    }

    /// Whether a condition holds for a subject; within an account's trip a person's groups and roles are that account's.
    pub fn holds(&self, condition: &Condition, subject: Subject) -> bool {
        self.walker.holds(self.t, condition, subject)
    }

    /// The same, with what the condition saw appended to `notes`.
    pub fn holds_noting(&self, condition: &Condition, subject: Subject, notes: &mut String) -> bool {
        let context = self.context();
        self.walker.world.holds_noting(condition, subject, account_of(self.t.subject), &context, notes)
    }

    /// When and where conditions are asked.
    pub fn context(&self) -> Context<'_> {
        self.walker.context(self.t)
    }

    /// When a wait that starts at `start` ends for this traveller.
    pub fn ends_at(&self, wait: &Wait, start: Timestamp) -> Timestamp {
        self.walker.ends_at(wait, start, self.t.subject)
    }

    /// Whether what was just decided ended this very trip.
    pub fn ended_itself(&self) -> bool {
        use caravan_catalog::changes::Command;
        let last = self.walker.world.changes.commands.last();
        matches!(last, Some(Command::EndTrip { enrollment }) if *enrollment == self.t.row.id)
    }
}
