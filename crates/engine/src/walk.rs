//! Deciding: one traveller walks through as many nodes as it can pass without waiting.
//!
//! Pure: reads and changes the batch's [`World`], counts, and never waits or does I/O. With the same batch and the same
//! step time it gives the same result; a simulation runs exactly this.

use std::fmt::Write;
use std::sync::Arc;

use caravan_catalog::changes::Command;
use caravan_catalog::world::Origin;
use caravan_catalog::{Outcome, PreparedAction, Subject, Visit, World};
use caravan_model::condition::{Condition, Context};
use caravan_model::wait::Wait;
use caravan_store::step::{EnrollmentRow, MoveRow};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::listen::{HeardActivity, Verdict};
use crate::plan::{BoxPath, Listen, Plan, Step, Target};
use crate::tallies::{Counted, Tallies};

/// The most nodes that one walk may pass; beyond it the journey is taken for a circle.
pub const LONGEST_WALK: usize = 100;

/// What a listener's count says when its event came while the journey was paused.
const HEARD_ENOUGH: i64 = i64::MAX / 2;

/// How far a due time of a paused journey's traveller is moved: beyond any date, and back at resume.
pub const PARKED: SignedDuration = SignedDuration::from_hours(24 * 365 * 2_000);

/// Why a traveller is in the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// It enters now.
    Enter,
    /// Its time has come, or something may have been heard.
    Due,
    /// Its wait is skipped by hand.
    Skip,
    /// Its trip ends here and now, with this outcome.
    End(&'static str),
}

/// One enrollment in the batch.
#[derive(Debug, Clone)]
pub struct Traveller {
    /// As stored, and changed by the walk.
    pub row: EnrollmentRow,
    /// Its version.
    pub plan: Arc<Plan>,
    /// Who travels.
    pub subject: Subject,
    /// Why it is here.
    pub signal: Signal,
    /// What was heard for it, oldest first.
    pub heard: Vec<HeardActivity>,
}

/// Why a walk could not go on: our own fault, shown under *Problems*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// A walk that has been decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// What is stored of it.
    pub row: MoveRow,
    /// Nodes that it left.
    pub passed: usize,
    /// Executions of actions.
    pub outcomes: usize,
}

/// What one node decided.
enum Flow {
    /// On to the target (none: the journey ends) by the path with this key, where the node has several.
    Go(Option<String>, Target),
    /// It waits here.
    Stay { due_at: Option<Timestamp>, listening: bool, heard: i64 },
    /// The trip ends here.
    End(&'static str),
}

/// Walks travellers through a batch's world.
pub struct Walker<'a> {
    /// What they see and change.
    pub world: &'a mut World,
    /// What is counted.
    pub tallies: &'a mut Tallies,
    /// The organisation's time zone.
    pub zone: &'a TimeZone,
}

impl Walker<'_> {
    /// Walks one traveller; returns its move, or nothing when it stays untouched.
    pub fn walk(&mut self, t: &mut Traveller) -> Result<Option<Walked>, Fault> {
        let now = self.world.now;
        let mut visits = Visits::default();
        let mut node = usize::try_from(t.row.node).unwrap_or(0);
        // Whatever is done with it: a trip that never stepped begins here, or its end would be counted without its entry.
        if t.row.seq == 0 {
            self.tallies.trip(&t.plan, Counted::Entered);
            self.tallies.count(&t.plan, node, Counted::Reached);
            self.tell_trip(t, "journey_entered", None);
        }
        let mut flow = self.begin(t, node, &mut visits)?;
        if let Flow::Stay { due_at, listening, heard } = flow
            && (due_at, listening, heard) == (t.row.due_at, t.row.listening, t.row.heard)
        {
            return Ok(None);
        }
        for _ in 0..LONGEST_WALK {
            match flow {
                Flow::Stay { due_at, listening, heard } => {
                    t.row.due_at = due_at;
                    t.row.listening = listening;
                    t.row.heard = heard;
                    visits.close(node, None, None);
                    return Ok(Some(self.finish(t, node, visits)));
                }
                Flow::End(outcome) => {
                    self.end(t, node, outcome);
                    visits.close(node, None, Some(outcome));
                    return Ok(Some(self.finish(t, node, visits)));
                }
                Flow::Go(path, target) => {
                    if let Some(key) = &path {
                        self.tallies.count(&t.plan, node, Counted::Path(key.clone()));
                    }
                    let Some(next) = target else {
                        self.end(t, node, "completed");
                        visits.close(node, path.as_deref(), Some("completed"));
                        return Ok(Some(self.finish(t, node, visits)));
                    };
                    self.tallies.count(&t.plan, node, Counted::Left);
                    self.tallies.count(&t.plan, next, Counted::Reached);
                    visits.close(node, path.as_deref(), None);
                    node = next;
                    t.row.node_at = now;
                    let plan = Arc::clone(&t.plan);
                    flow = self.arrive(t, &plan, node, &mut visits);
                }
            }
        }
        Err(Fault {
            code: "walk_too_long",
            message: format!("The trip passed {LONGEST_WALK} nodes without waiting. Put a wait into the journey."),
        })
    }

    /// What the node at which the traveller stands does with its signal.
    fn begin(&mut self, t: &Traveller, node: usize, visits: &mut Visits) -> Result<Flow, Fault> {
        let plan = Arc::clone(&t.plan);
        if let Signal::End(outcome) = &t.signal {
            return Ok(Flow::End(outcome));
        }
        Ok(match (&plan.node(node as i64).step, &t.signal) {
            (Step::Wait { next, .. }, Signal::Skip) => Flow::Go(None, *next),
            (Step::Listen(listen), Signal::Skip) => match listen.timeout {
                Some((_, Some(next))) => Flow::Go(Some("timeout".to_owned()), next),
                _ => Flow::Go(None, listen.next),
            },
            (Step::Wait { wait, next }, _) => {
                // A local time is checked again on waking: the traveller's zone may have changed.
                let ends_at = self.ends_at(wait, t.row.node_at, t.subject);
                if ends_at <= self.world.now { Flow::Go(None, *next) } else { wait_until(ends_at) }
            }
            (Step::Listen(listen), _) => self.hear(t, listen),
            _ => self.arrive(t, &plan, node, visits),
        })
    }

    /// What a node does with a traveller that has just come.
    fn arrive(&mut self, t: &Traveller, plan: &Plan, node: usize, visits: &mut Visits) -> Flow {
        match &plan.nodes[node].step {
            Step::Audience { next } | Step::Merge { next } => Flow::Go(None, *next),
            Step::Action { action, on_people, next } => {
                let subjects = self.subjects(t.subject, *on_people);
                let outcomes = self.act(t, plan, node, action.as_ref(), &subjects);
                visits.outcomes(&outcomes);
                // An action may have ended this very trip.
                if self.ended_itself(t) { Flow::End("removed") } else { Flow::Go(None, *next) }
            }
            // A walk stops here even when the wait is over at once: what comes next has not been loaded.
            Step::Wait { wait, .. } => wait_until(self.ends_at(wait, self.world.now, t.subject)),
            Step::Listen(listen) => Flow::Stay {
                due_at: listen.timeout.as_ref().map(|(wait, _)| self.ends_at(wait, self.world.now, t.subject)),
                listening: true,
                heard: 0,
            },
            Step::Split { paths, other } => {
                let chosen = paths.iter().find(|(_, when, _)| self.holds(t, when, t.subject));
                match (chosen, other) {
                    (Some((label, _, target)), _) => Flow::Go(Some(label.clone()), *target),
                    (None, Some(target)) => Flow::Go(Some("other".to_owned()), *target),
                    (None, None) => Flow::End("no_path"),
                }
            }
            Step::People { paths, other, next } => {
                self.people_box(t, plan, node, paths, other.as_deref(), visits);
                Flow::Go(None, *next)
            }
            // Boxed actions are run by their box; nothing leads to one.
            Step::Boxed { .. } => Flow::End("completed"),
        }
    }

    fn hear(&self, t: &Traveller, listen: &Listen) -> Flow {
        let mut heard = t.row.heard;
        if heard >= HEARD_ENOUGH {
            return Flow::Go(None, listen.next);
        }
        let context = self.context(t);
        for activity in &t.heard {
            let in_time = t.row.due_at.is_none_or(|due| activity.happened_at() <= due);
            if !in_time || !activity.concerns(t) {
                continue;
            }
            let person_fits = |activity: &HeardActivity| match (&listen.filters, activity.person) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(filters), Some(person)) => {
                    self.world.person_ix(person).is_some_and(|ix| self.holds(t, filters, Subject::Person(ix)))
                }
            };
            match crate::listen::judge(&listen.events, activity, heard, &context, person_fits) {
                Verdict::Other => {}
                Verdict::Counted => heard += 1,
                Verdict::Enough => return Flow::Go(None, listen.next),
            }
        }
        let over = t.row.due_at.is_some_and(|due| due <= self.world.now);
        match &listen.timeout {
            Some((_, Some(next))) if over => Flow::Go(Some("timeout".to_owned()), *next),
            Some((_, None)) if over => Flow::End("timed_out"),
            // Only a timeout makes a listener due.
            timeout => Flow::Stay { due_at: timeout.as_ref().and(t.row.due_at), listening: true, heard },
        }
    }

    /// Lets a traveller of a paused journey rest: what it hears counts, but it moves at resume. True when its row changed.
    pub fn rest(&mut self, t: &mut Traveller) -> bool {
        let plan = Arc::clone(&t.plan);
        let before = (t.row.due_at, t.row.heard);
        let now = self.world.now;
        let due = t.row.due_at.filter(|due| *due <= now);
        match &plan.node(t.row.node).step {
            Step::Listen(listen) if !t.heard.is_empty() => match self.hear(t, listen) {
                Flow::Stay { heard, .. } => {
                    t.row.heard = heard;
                    t.row.due_at = due.map_or(t.row.due_at, |due| Some(due + PARKED));
                }
                Flow::Go(None, _) => {
                    t.row.heard = HEARD_ENOUGH;
                    t.row.due_at = Some(now + PARKED);
                }
                // The timeout; it is handled at resume.
                Flow::Go(Some(_), _) | Flow::End(_) => t.row.due_at = Some(due.unwrap_or(now) + PARKED),
            },
            _ => t.row.due_at = due.map_or(t.row.due_at, |due| Some(due + PARKED)),
        }
        before != (t.row.due_at, t.row.heard)
    }

    /// People are assigned to paths once, when the account enters the box; then each path's actions run in order.
    fn people_box(
        &mut self,
        t: &Traveller,
        plan: &Plan,
        node: usize,
        paths: &[BoxPath],
        other: Option<&[usize]>,
        visits: &mut Visits,
    ) {
        let mut lanes: Vec<Vec<Subject>> = vec![Vec::new(); paths.len() + 1];
        for person in self.subjects(t.subject, true) {
            let lane = paths.iter().position(|path| self.holds(t, &path.when, person)).unwrap_or(paths.len());
            lanes[lane].push(person);
        }
        let rest = lanes.pop().unwrap_or_default();
        let of_paths = paths.iter().map(|path| (path.label.as_str(), path.actions.as_slice())).zip(lanes);
        let of_rest = other.map(|actions| (("other", actions), rest));
        for ((label, actions), people) in of_paths.chain(of_rest) {
            if people.is_empty() {
                continue;
            }
            self.tallies.add(plan.version, node as i64, Counted::Path(label.to_owned()), people.len() as i64);
            for &boxed in actions {
                self.boxed(t, plan, boxed, &people, visits);
            }
        }
    }

    fn boxed(&mut self, t: &Traveller, plan: &Plan, boxed: usize, people: &[Subject], visits: &mut Visits) {
        let Step::Boxed { action } = &plan.nodes[boxed].step else { return };
        self.tallies.add(plan.version, boxed as i64, Counted::Reached, people.len() as i64);
        self.tallies.add(plan.version, boxed as i64, Counted::Left, people.len() as i64);
        let outcomes = self.act(t, plan, boxed, action.as_ref(), people);
        let mut inner = Visits::default();
        inner.outcomes(&outcomes);
        inner.close(boxed, None, None);
        visits.inside(inner);
    }

    /// Decides for each subject, and counts; who had which outcome, in the order in which each occurred first.
    fn act(
        &mut self,
        t: &Traveller,
        plan: &Plan,
        node: usize,
        action: &dyn PreparedAction,
        subjects: &[Subject],
    ) -> Vec<Outcomes> {
        let visit = Visit {
            enrollment: t.row.id,
            shard: t.row.shard,
            journey: plan.journey,
            version: plan.version,
            node: node as i64,
            account: account_of(t.subject),
            entered_at: t.row.entered_at,
            chain: t.row.chain,
            origin: self.origin(t, node),
        };
        let mut all: Vec<Outcomes> = Vec::new();
        for &subject in subjects {
            let outcome = action.decide(&visit, subject, self.world);
            let person = match subject {
                Subject::Person(ix) => Some(self.world.person(ix).id.0),
                Subject::Account(_) => None,
            };
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
            self.tallies.add(plan.version, node as i64, Counted::from(&group.outcome), group.times);
        }
        all
    }

    fn subjects(&self, traveller: Subject, on_people: bool) -> Vec<Subject> {
        match (traveller, on_people) {
            (Subject::Account(ix), true) => {
                self.world.account(ix).people.iter().map(|&person| Subject::Person(person)).collect()
            }
            _ => vec![traveller],
        }
    }

    /// Whether what was just decided ended this very trip.
    fn ended_itself(&self, t: &Traveller) -> bool {
        matches!(self.world.changes.commands.last(), Some(Command::EndTrip { enrollment }) if *enrollment == t.row.id)
    }

    fn holds(&self, t: &Traveller, condition: &Condition, subject: Subject) -> bool {
        self.world.holds(condition, subject, account_of(t.subject), &self.context(t))
    }

    fn context(&self, t: &Traveller) -> Context<'_> {
        Context { now: self.world.now, entry: Some(t.row.entered_at), zone: self.zone }
    }

    fn ends_at(&self, wait: &Wait, start: Timestamp, subject: Subject) -> Timestamp {
        let own = if wait.needs_own_zone() { self.own_zone(subject) } else { None };
        wait.ends_at(start, own.as_ref(), self.zone)
    }

    fn own_zone(&self, subject: Subject) -> Option<TimeZone> {
        let name = self.world.time_zone(subject)?;
        TimeZone::get(name).ok()
    }

    fn end(&mut self, t: &mut Traveller, node: usize, outcome: &'static str) {
        self.tallies.count(&t.plan, node, Counted::Ended);
        self.tallies.trip(&t.plan, Counted::Trip(outcome.to_owned()));
        self.tell_trip(t, "journey_left", Some(outcome));
        self.world.trip_ended(t.subject, t.row.journey);
        t.row.ended_at = Some(self.world.now);
        t.row.outcome = Some(outcome.to_owned());
        t.row.listening = false;
        t.row.due_at = self.enters_again_at(t);
    }

    /// When a trip that has ended may be followed by another; the row's due time.
    fn enters_again_at(&self, t: &Traveller) -> Option<Timestamp> {
        let again = t.plan.again.as_ref().filter(|again| t.row.entry < again.limit)?;
        let from = if again.from_end { self.world.now } else { t.row.entered_at };
        Some(again.delay.after(from, self.zone).max(self.world.now))
    }

    fn finish(&self, t: &mut Traveller, node: usize, visits: Visits) -> Walked {
        t.row.node = node as i64;
        t.row.seq += 1;
        Walked {
            passed: visits.nodes.saturating_sub(1),
            outcomes: visits.executions,
            row: MoveRow { enrollment: t.row.id, seq: t.row.seq, at: self.world.now, visits: visits.into_json() },
        }
    }

    fn tell_trip(&mut self, t: &Traveller, kind: &'static str, outcome: Option<&str>) {
        let mut fields = format!("{{\"journey\":{}", quoted(&t.plan.key));
        if let Some(outcome) = outcome {
            let _ = write!(fields, ",\"outcome\":\"{outcome}\"");
        }
        fields.push('}');
        let origin = Origin { source: Arc::clone(&t.plan.source), enrollment: Some(t.row.id), node: None };
        let (account, person) = match t.subject {
            Subject::Account(ix) => (Some(self.world.account(ix).id), None),
            Subject::Person(ix) => (None, Some(self.world.person(ix).id)),
        };
        self.world.tell(kind, account, person, fields, &origin);
    }

    fn origin(&self, t: &Traveller, node: usize) -> Origin {
        Origin { source: Arc::clone(&t.plan.source), enrollment: Some(t.row.id), node: Some(node as i64) }
    }
}

fn wait_until(at: Timestamp) -> Flow {
    Flow::Stay { due_at: Some(at), listening: false, heard: 0 }
}

fn account_of(subject: Subject) -> Option<usize> {
    match subject {
        Subject::Account(ix) => Some(ix),
        Subject::Person(_) => None,
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Those for whom one execution of an action had the same outcome.
struct Outcomes {
    outcome: Outcome,
    times: i64,
    /// Ids; empty where the account itself is acted on.
    people: Vec<i64>,
}

impl Outcomes {
    fn add(&mut self, person: Option<i64>) {
        self.times += 1;
        self.people.extend(person);
    }
}

/// The nodes of one walk, as JSON: `[{"n":node,"o":{outcome:[person ids]},"p":path,"e":outcome of the trip}, …]`.
///
/// The first is where the traveller stood, the last where it now stands or ended; `p` is the path by which it left.
/// An account's own outcome has an empty list. What a box did to its people stands in `b`.
#[derive(Debug, Default)]
struct Visits {
    json: String,
    outcomes: String,
    inside: String,
    nodes: usize,
    executions: usize,
}

impl Visits {
    fn outcomes(&mut self, outcomes: &[Outcomes]) {
        for (at, group) in outcomes.iter().enumerate() {
            self.executions += usize::try_from(group.times).unwrap_or(0);
            let _ = write!(
                self.outcomes,
                "{}\"{}\":[",
                if at > 0 { "," } else { "" },
                Counted::from(&group.outcome).stored()
            );
            for (place, id) in group.people.iter().enumerate() {
                let _ = write!(self.outcomes, "{}{id}", if place > 0 { "," } else { "" });
            }
            self.outcomes.push(']');
        }
    }

    fn inside(&mut self, inner: Self) {
        if !self.inside.is_empty() {
            self.inside.push(',');
        }
        self.inside.push_str(&inner.json);
        self.executions += inner.executions;
    }

    fn close(&mut self, node: usize, path: Option<&str>, ended: Option<&str>) {
        if !self.json.is_empty() {
            self.json.push(',');
        }
        self.nodes += 1;
        let _ = write!(self.json, "{{\"n\":{node}");
        if !self.outcomes.is_empty() {
            let _ = write!(self.json, ",\"o\":{{{}}}", self.outcomes);
            self.outcomes.clear();
        }
        if !self.inside.is_empty() {
            let _ = write!(self.json, ",\"b\":[{}]", self.inside);
            self.inside.clear();
        }
        if let Some(path) = path {
            let _ = write!(self.json, ",\"p\":{}", quoted(path));
        }
        if let Some(ended) = ended {
            let _ = write!(self.json, ",\"e\":\"{ended}\"");
        }
        self.json.push('}');
    }

    fn into_json(self) -> String {
        format!("[{}]", self.json)
    }
}
