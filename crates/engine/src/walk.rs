//! Deciding: one traveller walks through as many nodes as it can pass without waiting.
//!
//! Pure: reads and changes the batch's [`World`], counts, and never waits or does I/O. With the same batch and the same
//! step time it gives the same result; a simulation runs exactly this. What each kind of node does stands in
//! [`crate::nodes`].

mod cause;
mod here;
mod visits;

use std::fmt::Write;
use std::sync::Arc;

use caravan_catalog::world::Origin;
use caravan_catalog::{Subject, World};
use caravan_model::condition::{Condition, Context};
use caravan_model::wait::Wait;
use caravan_store::step::{EnrollmentRow, MoveRow};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use self::cause::Cause;
pub use self::here::{Here, Outcomes};
pub use self::visits::{StoredVisit, Visits};
use crate::counters::Counters;
use crate::external::Answered;
use crate::lane_turns::Turns;
use crate::listen::HeardActivity;
use crate::nodes::give_up;
use crate::plan::{Plan, Target};
use crate::tallies::{Counted, Tallies};

/// The most nodes that one walk may pass; beyond it the journey is taken for a circle.
pub const LONGEST_WALK: usize = 100;

/// How far a due time of a paused journey's traveller is moved: beyond any date, and back at resume.
pub const PARKED: SignedDuration = SignedDuration::from_hours(24 * 365 * 2_000);

/// Whether a due time is that of a traveller who rests until its journey goes on.
pub fn is_parked(due: Timestamp) -> bool {
    unparked(due) != due
}

/// A due time as it was before its journey was paused.
pub fn unparked(due: Timestamp) -> Timestamp {
    due.checked_sub(PARKED).ok().filter(|at| at.as_second() > 0).unwrap_or(due)
}

/// The outcome of a trip whose traveller belongs to the part of the audience that is only counted.
pub const HELD_OUT: &str = "held_out";

/// The outcome of a trip that was ended by hand, by another node, or because its traveller is no longer there.
pub const REMOVED: &str = "removed";

/// Why a traveller is in the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// It enters now.
    Enter,
    /// Its time has come, or something may have been heard or answered.
    Due,
    /// Its wait is skipped by hand.
    Skip(Cause),
    /// The node that failed is left out by hand.
    LeaveOut {
        /// The node's number.
        node: i64,
        /// Who says so.
        by: Cause,
    },
    /// Its trip ends here and now, with this outcome.
    End(&'static str, Option<Cause>),
}

impl Signal {
    /// Who moves it by hand.
    fn by_hand(&self) -> Option<&Cause> {
        match self {
            Self::Enter | Self::Due => None,
            Self::Skip(by) | Self::LeaveOut { by, .. } => Some(by),
            Self::End(_, by) => by.as_ref(),
        }
    }
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
    /// What external services answered for it, in order of arrival.
    pub answers: Vec<Answered>,
}

impl Traveller {
    /// Whether its account or person is no longer there.
    pub fn is_gone(&self) -> bool {
        matches!(self.subject, Subject::Account(usize::MAX) | Subject::Person(usize::MAX))
    }

    /// Whether something happened before the traveller's time was over, also while its journey is paused.
    pub fn is_in_time(&self, happened_at: Timestamp) -> bool {
        self.row.due_at.is_none_or(|due| happened_at <= unparked(due))
    }
}

/// Why a walk could not go on: our own fault, shown under *Problems*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable.
    pub code: &'static str,
    /// The node that failed.
    pub node: i64,
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
pub enum Flow {
    /// On to the target (none: the journey ends) by the path with this key, where the node has several.
    Go(Option<String>, Target),
    /// It waits here.
    Stay(Stay),
    /// The trip ends here.
    End(&'static str),
    /// It cannot be decided, by our own fault.
    Fail {
        /// Stable.
        code: &'static str,
        /// For people.
        message: String,
    },
}

/// How a traveller waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stay {
    /// Until when.
    pub due_at: Option<Timestamp>,
    /// For an event.
    pub listening: bool,
    /// What the node keeps in mind, JSON of its own.
    pub memory: Option<String>,
}

impl Stay {
    /// For time alone.
    pub fn until(due_at: Timestamp) -> Self {
        Self { due_at: Some(due_at), ..Self::default() }
    }

    fn is(&self, row: &EnrollmentRow) -> bool {
        self.waits_as(row) && self.memory == row.memory
    }

    /// Whether it waits as it did, whatever it keeps in mind.
    fn waits_as(&self, row: &EnrollmentRow) -> bool {
        (self.due_at, self.listening) == (row.due_at, row.listening)
    }

    fn keep(self, row: &mut EnrollmentRow) {
        row.due_at = self.due_at;
        row.listening = self.listening;
        row.memory = self.memory;
    }
}

/// Walks travellers through a batch's world.
pub struct Walker<'a> {
    /// What they see and change.
    pub world: &'a mut World,
    /// What is counted.
    pub tallies: &'a mut Tallies,
    /// What variant splits have shared out.
    pub counters: &'a mut Counters,
    /// Turns before actions whose connections have enough to send for now.
    pub turns: &'a mut Turns,
    /// The organisation's time zone.
    pub zone: &'a TimeZone,
    /// The node that is being decided: where a defect lies, if there is one.
    pub node: usize,
}

impl Walker<'_> {
    /// Walks one traveller; returns its move, or nothing when it stays where it is, at most with more in its memory.
    pub fn walk(&mut self, t: &mut Traveller) -> Result<Option<Walked>, Fault> {
        let plan = Arc::clone(&t.plan);
        let mut visits = Visits::default();
        self.node = usize::try_from(t.row.node).unwrap_or(0);
        if let Some(by) = t.signal.by_hand() {
            visits.cause(&by.to_json());
        }
        // Whatever is done with it: a trip that never stepped begins here, or its end would be counted without its entry.
        let held_out = t.row.seq == 0 && self.begin_trip(t, &mut visits);
        let mut flow = if held_out { Flow::End(HELD_OUT) } else { self.begin(t, &plan, &mut visits) };
        if let Flow::Stay(stay) = &flow
            && stay.is(&t.row)
        {
            return Ok(None);
        }
        if let Flow::Stay(stay) = &flow
            && t.row.seq > 0
            && visits.is_empty()
            && stay.waits_as(&t.row)
        {
            // It only bears more in mind: that is no step of the trip.
            t.row.memory.clone_from(&stay.memory);
            return Ok(None);
        }
        for _ in 0..LONGEST_WALK {
            let node = self.node;
            match flow {
                Flow::Stay(stay) => {
                    stay.keep(&mut t.row);
                    visits.close(node, None, None);
                    return Ok(Some(self.finish(t, visits)));
                }
                Flow::End(outcome) => {
                    self.end(t, outcome);
                    visits.close(node, None, Some(outcome));
                    return Ok(Some(self.finish(t, visits)));
                }
                Flow::Fail { code, message } => return Err(Fault { code, node: node as i64, message }),
                Flow::Go(path, target) => {
                    if let Some(key) = &path {
                        self.tallies.count(&plan, node, Counted::Path(key.clone()));
                    }
                    let Some(next) = target else {
                        self.end(t, "completed");
                        visits.close(node, path.as_deref(), Some("completed"));
                        return Ok(Some(self.finish(t, visits)));
                    };
                    self.tallies.count(&plan, node, Counted::Left);
                    self.tallies.count(&plan, next, Counted::Reached);
                    visits.close(node, path.as_deref(), None);
                    self.node = next;
                    t.row.node_at = self.world.now;
                    t.row.memory = None;
                    flow = self.arrive(t, &plan, &mut visits);
                }
            }
        }
        let message = format!("The trip passed {LONGEST_WALK} nodes without waiting. Put a wait into the journey.");
        Err(Fault { code: "walk_too_long", node: self.node as i64, message })
    }

    /// Lets a traveller of a paused journey rest: what it hears counts, but it moves at resume. True when its row changed.
    pub fn rest(&mut self, t: &mut Traveller) -> bool {
        let before = (t.row.due_at, t.row.memory.clone());
        let plan = Arc::clone(&t.plan);
        let now = self.world.now;
        let due = t.row.due_at.filter(|due| *due <= now);
        let news = !t.heard.is_empty() || !t.answers.is_empty();
        self.node = usize::try_from(t.row.node).unwrap_or(0);
        let kept = if news && t.row.seq > 0 { self.mind(t, &plan) } else { None };
        if let Some(Kept { memory, due_at, moves }) = kept {
            t.row.memory = memory;
            if moves {
                t.row.due_at = Some(due.unwrap_or(now) + PARKED);
                return true;
            }
            t.row.due_at = due_at;
        }
        t.row.due_at = t.row.due_at.map(|due| if due <= now { due + PARKED } else { due });
        before != (t.row.due_at, t.row.memory.clone())
    }

    /// The trip of a traveller that is no longer there ends; there is nobody of whom it could be told.
    pub fn end_gone(&mut self, t: &mut Traveller) -> Walked {
        let mut visits = Visits::default();
        self.node = usize::try_from(t.row.node).unwrap_or(0);
        visits.cause(&Cause::Gone.to_json());
        let (plan, node) = (Arc::clone(&t.plan), self.node);
        give_up(&mut Here { walker: self, t, plan: &plan, node, visits: &mut visits });
        if t.row.seq == 0 {
            self.tallies.trip(&t.plan, Counted::Entered);
            self.tallies.count(&t.plan, self.node, Counted::Reached);
        }
        self.count_end(t, REMOVED);
        visits.close(self.node, None, Some(REMOVED));
        self.finish(t, visits)
    }

    fn mind(&mut self, t: &Traveller, plan: &Plan) -> Option<Kept> {
        let node = self.node;
        let mut visits = Visits::default();
        plan.nodes[node].step.mind(&mut Here { walker: self, t, plan, node, visits: &mut visits })
    }

    /// The trip begins: it is counted and told, and whether the goal is met already is noted. True when the traveller
    /// belongs to the part of the audience that is only counted.
    fn begin_trip(&mut self, t: &mut Traveller, visits: &mut Visits) -> bool {
        let cause = t.row.memory.take();
        let held_out = Cause::of(cause.as_deref()).is_audience() && self.is_held_out(t);
        if let Some(cause) = cause {
            visits.cause(&cause);
        }
        self.tallies.trip(&t.plan, Counted::Entered);
        self.tallies.count(&t.plan, self.node, Counted::Reached);
        self.tell_trip(t, "journey_entered", None);
        if t.plan.goal.as_ref().is_some_and(|goal| self.holds(t, goal, t.subject)) {
            t.row.goal_at = Some(self.world.now);
            self.tallies.trip(&t.plan, Counted::GoalBefore { held_out });
        }
        held_out
    }

    fn is_held_out(&self, t: &Traveller) -> bool {
        t.plan.holds_out(match t.subject {
            Subject::Account(ix) => &self.world.account(ix).key,
            Subject::Person(ix) => &self.world.person(ix).key,
        })
    }

    /// What the node at which the traveller stands does with its signal.
    fn begin(&mut self, t: &Traveller, plan: &Plan, visits: &mut Visits) -> Flow {
        let node = self.node;
        let step = &plan.node(node as i64).step;
        match &t.signal {
            Signal::End(outcome, _) => {
                give_up(&mut Here { walker: self, t, plan, node, visits });
                Flow::End(outcome)
            }
            Signal::LeaveOut { node: left_out, .. } if *left_out == node as i64 => {
                give_up(&mut Here { walker: self, t, plan, node, visits });
                leave_out(plan, node)
            }
            Signal::Skip(_) => step.skip(&mut Here { walker: self, t, plan, node, visits }),
            Signal::Enter => step.arrive(&mut Here { walker: self, t, plan, node, visits }),
            Signal::Due | Signal::LeaveOut { .. } => step.wake(&mut Here { walker: self, t, plan, node, visits }),
        }
    }

    /// What a node does with a traveller that has just come.
    fn arrive(&mut self, t: &Traveller, plan: &Plan, visits: &mut Visits) -> Flow {
        let node = self.node;
        match &t.signal {
            Signal::LeaveOut { node: left_out, .. } if *left_out == node as i64 => leave_out(plan, node),
            _ => match self.turns.take(&plan.nodes[node].own.needs.lanes, self.messages(t)) {
                // Whoever wakes there has had its turn.
                Some(turn) => Flow::Stay(Stay::until(turn)),
                None => plan.nodes[node].step.arrive(&mut Here { walker: self, t, plan, node, visits }),
            },
        }
    }

    /// How many messages a traveller may cause at a node.
    fn messages(&self, t: &Traveller) -> usize {
        account_of(t.subject).map_or(1, |account| self.world.account(account).people.len().max(1))
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

    fn end(&mut self, t: &mut Traveller, outcome: &'static str) {
        self.count_end(t, outcome);
        self.tell_trip(t, "journey_left", Some(outcome));
        self.world.trip_ended(t.subject, t.row.journey);
        t.row.due_at = if outcome == HELD_OUT { None } else { self.enters_again_at(t) };
    }

    fn count_end(&mut self, t: &mut Traveller, outcome: &'static str) {
        self.tallies.count(&t.plan, self.node, Counted::Ended);
        self.tallies.trip(&t.plan, Counted::Trip(outcome.to_owned()));
        t.row.ended_at = Some(self.world.now);
        t.row.outcome = Some(outcome.to_owned());
        t.row.listening = false;
        t.row.memory = None;
        t.row.due_at = None;
    }

    /// When a trip that has ended may be followed by another; the row's due time.
    fn enters_again_at(&self, t: &Traveller) -> Option<Timestamp> {
        let now = self.world.now;
        let again = t.plan.again.as_ref().filter(|again| again.allows_another(t.row.entry))?;
        Some(again.due(t.row.entered_at, now, self.zone).max(now))
    }

    fn finish(&self, t: &mut Traveller, visits: Visits) -> Walked {
        t.row.node = self.node as i64;
        t.row.seq += 1;
        Walked {
            passed: visits.nodes().saturating_sub(1),
            outcomes: visits.executions(),
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
}

/// What a node keeps in mind of a traveller whose journey is paused.
pub struct Kept {
    /// JSON of its own.
    pub memory: Option<String>,
    /// Until when it waits.
    pub due_at: Option<Timestamp>,
    /// It moves as soon as the journey goes on.
    pub moves: bool,
}

/// A node that failed is passed as if it were not there, by its first path.
fn leave_out(plan: &Plan, node: usize) -> Flow {
    Flow::Go(None, plan.nodes[node].step.targets().first().copied().flatten())
}

pub(crate) fn account_of(subject: Subject) -> Option<usize> {
    match subject {
        Subject::Account(ix) => Some(ix),
        Subject::Person(_) => None,
    }
}

/// As a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
