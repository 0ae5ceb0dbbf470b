//! Counts of a batch, added up before they are written: they move in the same transaction as what they count.

use std::collections::BTreeMap;

use caravan_catalog::Outcome;
use caravan_model::VersionId;
use caravan_store::step::TallyChange;

use crate::plan::Plan;

/// The pseudo node under which a journey's own figures stand (entered, completed, no_path …).
pub const TRIPS: i64 = -1;

/// What is counted at a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// A traveller (or a person, inside a box) arrived.
    Reached,
    /// It went on.
    Left,
    /// Its trip ended here.
    Ended,
    /// It took the path with this key.
    Path(String),
    /// An execution is done.
    Done,
    /// An effect was queued; delivery turns it into something else.
    Pending,
    /// Delivery does not know whether it happened.
    InDoubt,
    /// There was nothing to do.
    NoOp(String),
    /// A rule excluded the person.
    Skipped(String),
    /// It cannot be done.
    Failed(String),
    /// Trips that began (at [`TRIPS`]).
    Entered,
    /// Who would have entered but may not (at [`TRIPS`]).
    NotEntered(String),
    /// Trips that ended so (at [`TRIPS`]).
    Trip(String),
    /// Trips whose traveller met the journey's goal before it entered (at [`TRIPS`]).
    GoalBefore {
        /// It belongs to the part that is only counted.
        held_out: bool,
    },
    /// Trips whose traveller met the journey's goal after it had entered (at [`TRIPS`]).
    Goal {
        /// It belongs to the part that is only counted.
        held_out: bool,
    },
}

/// Stored names of the counts about goals: travellers, and those who are only counted.
const GOAL_BEFORE: [&str; 2] = ["goal_before", "goal_before_held_out"];
const GOAL: [&str; 2] = ["goal", "goal_held_out"];

impl Counted {
    /// As stored in `tally.kind`.
    pub fn stored(&self) -> String {
        match self {
            Self::Reached => "reached".to_owned(),
            Self::Left => "left".to_owned(),
            Self::Ended => "ended".to_owned(),
            Self::Path(key) => format!("path:{key}"),
            Self::Done => "done".to_owned(),
            Self::Pending => "pending".to_owned(),
            Self::InDoubt => "in_doubt".to_owned(),
            Self::NoOp(reason) => format!("no_op:{reason}"),
            Self::Skipped(reason) => format!("skipped:{reason}"),
            Self::Failed(code) => format!("failed:{code}"),
            Self::Entered => "entered".to_owned(),
            Self::NotEntered(reason) => format!("not_entered:{reason}"),
            Self::Trip(outcome) => format!("trip:{outcome}"),
            Self::GoalBefore { held_out } => GOAL_BEFORE[usize::from(*held_out)].to_owned(),
            Self::Goal { held_out } => GOAL[usize::from(*held_out)].to_owned(),
        }
    }

    /// From its stored form.
    pub fn from_stored(kind: &str) -> Option<Self> {
        let rest = |prefix: &str| kind.strip_prefix(prefix).map(str::to_owned);
        Some(match kind {
            "reached" => Self::Reached,
            "left" => Self::Left,
            "ended" => Self::Ended,
            "done" => Self::Done,
            "pending" => Self::Pending,
            "in_doubt" => Self::InDoubt,
            "entered" => Self::Entered,
            _ if GOAL_BEFORE.contains(&kind) => Self::GoalBefore { held_out: kind == GOAL_BEFORE[1] },
            _ if GOAL.contains(&kind) => Self::Goal { held_out: kind == GOAL[1] },
            _ => rest("path:")
                .map(Self::Path)
                .or_else(|| rest("no_op:").map(Self::NoOp))
                .or_else(|| rest("skipped:").map(Self::Skipped))
                .or_else(|| rest("failed:").map(Self::Failed))
                .or_else(|| rest("not_entered:").map(Self::NotEntered))
                .or_else(|| rest("trip:").map(Self::Trip))?,
        })
    }
}

impl From<&Outcome> for Counted {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Pending => Self::Pending,
            Outcome::NoOp(reason) => Self::NoOp((*reason).to_owned()),
            Outcome::Skipped(reason) => Self::Skipped((*reason).to_owned()),
            Outcome::Failed(code) => Self::Failed((*code).to_owned()),
        }
    }
}

/// Adds up counts. Ordered, so that the same batch writes the same rows in the same order.
#[derive(Debug, Default)]
pub struct Tallies {
    counts: BTreeMap<(VersionId, i64), BTreeMap<Counted, i64>>,
}

impl Tallies {
    /// One more.
    pub fn count(&mut self, plan: &Plan, node: usize, counted: Counted) {
        self.add(plan.version, node as i64, counted, 1);
    }

    /// One more of the journey's own figures.
    pub fn trip(&mut self, plan: &Plan, counted: Counted) {
        self.add(plan.version, TRIPS, counted, 1);
    }

    /// `n` more.
    pub fn add(&mut self, version: VersionId, node: i64, counted: Counted, n: i64) {
        *self.counts.entry((version, node)).or_default().entry(counted).or_default() += n;
    }

    /// As rows, without those that add nothing.
    pub fn into_rows(self) -> Vec<TallyChange> {
        self.counts
            .into_iter()
            .flat_map(|((version, node), kinds)| {
                kinds.into_iter().filter(|(_, n)| *n != 0).map(move |(kind, n)| TallyChange {
                    version,
                    node,
                    kind: kind.stored(),
                    n,
                })
            })
            .collect()
    }
}
