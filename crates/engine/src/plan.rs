//! A published version made ready to run: nodes by number, names turned into ids, conditions read, actions prepared.
//!
//! A plan is compiled from the frozen version and the live definitions, and kept until a definition changes. Node
//! numbers come from the order in the manifest and so are the same for ever: 0 is the audience, then the nodes, then
//! the actions inside people boxes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use caravan_catalog::Needs;
use caravan_model::condition::Condition;
use caravan_model::journey::Reentry;
use caravan_model::journey::shares::bucket;
use caravan_model::{DocumentId, VersionId};
use jiff::Timestamp;

use crate::listen::Event;
use crate::nodes::Step;

/// Where a path leads.
pub type Target = Option<usize>;

/// A node of the plan.
pub struct PlanNode {
    /// Its name in the manifest.
    pub id: String,
    /// What it does.
    pub step: Box<dyn Step>,
    /// What it looks at itself.
    pub own: Looks,
    /// What a traveller that starts its step here may look at.
    pub looks: Looks,
}

/// What a node looks at: what is loaded for it, and the counters that are locked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looks {
    /// Of the world.
    pub needs: Needs,
    /// Nodes whose travellers are counted one by one.
    pub counters: BTreeSet<usize>,
}

impl Looks {
    /// What a condition looks at, too.
    pub fn at(&mut self, condition: &Condition) {
        self.needs.extend(&Needs::from(&condition.needs()));
    }

    /// Everything that either looks at.
    pub fn extend(&mut self, other: &Self) {
        self.needs.extend(&other.needs);
        self.counters.extend(&other.counters);
    }
}

impl From<Needs> for Looks {
    fn from(needs: Needs) -> Self {
        Self { needs, ..Self::default() }
    }
}

/// Who enters.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Members of this list or audience.
    List(DocumentId),
    /// People who do one of these.
    Events(Vec<Event>),
    /// Nobody by itself: only commands.
    Commands,
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
    pub again: Option<Reentry>,
    /// How many of a hundred of the audience are only counted.
    pub hold_out: u32,
    /// What the journey is for.
    pub goal: Option<Condition>,
    /// By number.
    pub nodes: Vec<PlanNode>,
    /// Number of a name.
    pub numbers: HashMap<String, usize>,
    /// Activity types that its entry, its listen nodes and its goal hear.
    pub hears: Vec<String>,
}

impl Plan {
    /// The node with this number; a number that the plan does not have is a defect and reads as the entry.
    pub fn node(&self, number: i64) -> &PlanNode {
        usize::try_from(number).ok().and_then(|n| self.nodes.get(n)).unwrap_or(&self.nodes[0])
    }

    /// Whether the traveller with this key belongs to the part of the audience that is only counted: always the same
    /// part, and another one than a variant split of the same journey would make.
    pub fn holds_out(&self, traveller: &str) -> bool {
        self.hold_out > 0 && bucket(traveller, &format!("{}:hold-out", self.key)) < self.hold_out * 100
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("key", &self.key).field("version", &self.version_no).finish_non_exhaustive()
    }
}

/// What a traveller that starts at a node may look at before it waits again.
///
/// A walk always stops at a node that waits (even for no time at all: then it is due at once), so a batch loads for
/// each traveller its node's own needs and those of what it can walk into from there.
pub(crate) fn spread_looks(nodes: &mut [PlanNode]) {
    let mut arriving: Vec<Looks> = nodes.iter().map(|n| n.own.clone()).collect();
    // With at most a few hundred nodes, repeating until nothing changes is simpler than sorting and quick enough.
    let mut changed = true;
    while changed {
        changed = false;
        for (at, node) in nodes.iter().enumerate().filter(|(_, node)| !node.step.waits()) {
            for target in node.step.targets().into_iter().flatten() {
                let before = arriving[at].clone();
                let reached = arriving[target].clone();
                arriving[at].extend(&reached);
                changed |= arriving[at] != before;
            }
        }
    }
    for node in nodes.iter_mut() {
        node.looks = node.own.clone();
        for target in node.step.targets().into_iter().flatten() {
            node.looks.extend(&arriving[target]);
        }
    }
}
