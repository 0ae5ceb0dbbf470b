//! A published version made ready to run: nodes by number, names turned into ids, conditions read, actions prepared.
//!
//! A plan is compiled from the frozen version and the live definitions, and kept until a definition changes. Node
//! numbers come from the order in the manifest and so are the same for ever: 0 is the audience, then the nodes, then
//! the actions inside people boxes.

use std::collections::HashMap;
use std::sync::Arc;

use caravan_catalog::{Needs, PreparedAction};
use caravan_model::condition::Condition;
use caravan_model::duration::Duration;
use caravan_model::journey::Reentry;
use caravan_model::wait::Wait;
use caravan_model::{DocumentId, VersionId};
use jiff::Timestamp;

/// Where a path leads.
pub type Target = Option<usize>;

/// What a node does with a traveller.
pub enum Step {
    /// The entry.
    Audience {
        /// The first node.
        next: Target,
    },
    /// An action on the account or on its people.
    Action {
        /// Ready to decide.
        action: Box<dyn PreparedAction>,
        /// Once per person, or once.
        on_people: bool,
        /// Where it goes on.
        next: Target,
    },
    /// Time.
    Wait {
        /// How long.
        wait: Wait,
        /// Where it goes on.
        next: Target,
    },
    /// An event, or its absence.
    Listen(Box<Listen>),
    /// Conditions, tried top to bottom.
    Split {
        /// Label, condition, target.
        paths: Vec<(String, Condition, Target)>,
        /// For the rest; none: the trip ends as `no_path`.
        other: Option<Target>,
    },
    /// A closed box: people take its paths, the account passes whole.
    People {
        /// In order.
        paths: Vec<BoxPath>,
        /// For the rest; none: they skip to the end of the box.
        other: Option<Vec<usize>>,
        /// Where the account goes on.
        next: Target,
    },
    /// Joins paths.
    Merge {
        /// Where it goes on.
        next: Target,
    },
    /// An action inside a people box; only counted under this number, run by its box.
    Boxed {
        /// Ready to decide.
        action: Box<dyn PreparedAction>,
    },
}

/// One path of a people box.
pub struct BoxPath {
    /// Its name.
    pub label: String,
    /// Who takes it.
    pub when: Condition,
    /// Its actions, by number.
    pub actions: Vec<usize>,
}

/// What a listen node waits for.
pub struct Listen {
    /// Any of these.
    pub events: Vec<crate::listen::Event>,
    /// What must hold for the person who acted.
    pub filters: Option<Condition>,
    /// When it gives up, and where it then goes: an absent path ends the trip as `timed_out`.
    pub timeout: Option<(Wait, Option<Target>)>,
    /// Where it goes on when it heard.
    pub next: Target,
}

/// A node of the plan.
pub struct PlanNode {
    /// Its name in the manifest.
    pub id: String,
    /// What it does.
    pub step: Step,
    /// What it looks at.
    pub own_needs: Needs,
    /// What a traveller that starts its step here may look at.
    pub needs: Needs,
}

/// Who enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Members of this list or audience.
    List(DocumentId),
    /// Nobody by itself: only commands (the audience's kind works later).
    Commands,
}

/// When a traveller may enter again.
#[derive(Debug, Clone)]
pub struct EnterAgain {
    /// The delay counts from the end of the last trip, else from its start.
    pub from_end: bool,
    /// The delay.
    pub delay: Duration,
    /// Entries in total.
    pub limit: i64,
}

/// A version ready to run.
pub struct Plan {
    /// The journey.
    pub journey: DocumentId,
    /// Its key.
    pub key: Arc<str>,
    /// `journey:KEY`, for the activities it writes.
    pub source: Arc<str>,
    /// The version.
    pub version: VersionId,
    /// 1, 2, 3 …
    pub version_no: i64,
    /// Whether people travel, not accounts.
    pub of_people: bool,
    /// Who enters.
    pub entry: Entry,
    /// When everybody inside is ended.
    pub ends_at: Timestamp,
    /// When it may be entered again.
    pub again: Option<EnterAgain>,
    /// By number.
    pub nodes: Vec<PlanNode>,
    /// Number of a name.
    pub numbers: HashMap<String, usize>,
    /// Activity types that its listen nodes hear.
    pub hears: Vec<String>,
}

impl Plan {
    /// The node with this number; a number that the plan does not have is a defect and reads as the entry.
    pub fn node(&self, number: i64) -> &PlanNode {
        usize::try_from(number).ok().and_then(|n| self.nodes.get(n)).unwrap_or(&self.nodes[0])
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("key", &self.key).field("version", &self.version_no).finish_non_exhaustive()
    }
}

/// For compiling: see [`crate::compile`].
pub(crate) fn reentry_of(reentry: Option<&Reentry>) -> Option<EnterAgain> {
    let reentry = reentry?;
    Some(EnterAgain {
        from_end: reentry.after == caravan_model::journey::ReentryAfter::End,
        delay: reentry.delay,
        limit: i64::from(reentry.limit),
    })
}

/// What a traveller that starts at a node may look at before it waits again.
///
/// A walk always stops at a node that waits (even for no time at all: then it is due at once), so a batch loads for
/// each traveller its node's own needs and those of what it can walk into from there.
pub(crate) fn spread_needs(nodes: &mut [PlanNode]) {
    let mut arriving: Vec<Needs> = nodes.iter().map(|n| n.own_needs.clone()).collect();
    // With at most a few hundred nodes, repeating until nothing changes is simpler than sorting and quick enough.
    let mut changed = true;
    while changed {
        changed = false;
        for (at, node) in nodes.iter().enumerate().filter(|(_, node)| !node.step.waits()) {
            for target in node.step.targets() {
                let before = arriving[at].clone();
                let reached = arriving[target].clone();
                arriving[at].extend(&reached);
                changed |= arriving[at] != before;
            }
        }
    }
    for node in nodes.iter_mut() {
        node.needs = node.own_needs.clone();
        for target in node.step.targets() {
            node.needs.extend(&arriving[target]);
        }
    }
}

impl Step {
    /// Whether a traveller that arrives stops here.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Wait { .. } | Self::Listen(_))
    }

    /// Where its paths lead.
    pub fn targets(&self) -> Vec<usize> {
        let mut targets: Vec<Target> = Vec::new();
        match self {
            Self::Audience { next }
            | Self::Action { next, .. }
            | Self::Wait { next, .. }
            | Self::People { next, .. }
            | Self::Merge { next } => targets.push(*next),
            Self::Listen(listen) => {
                targets.push(listen.next);
                targets.extend(listen.timeout.iter().filter_map(|(_, next)| *next));
            }
            Self::Split { paths, other } => {
                targets.extend(paths.iter().map(|(_, _, next)| *next));
                targets.extend(other);
            }
            Self::Boxed { .. } => {}
        }
        targets.into_iter().flatten().collect()
    }
}
