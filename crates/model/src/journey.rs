//! The journey map as people write it: who enters, which nodes there are, where each path leads.
//!
//! Typed, in the order of the manifest, nothing resolved: what a node's keys name is for the store to know, what an
//! action does is for the catalogue. The rules for publishing are in [`check`], the edges in [`graph`].

mod actions;
pub mod check;
mod difference;
pub mod first_day;
pub mod graph;
mod node;
mod reentry;
mod references;
pub mod shares;

use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::attribute::Subject;

pub use actions::PlacedAction;
pub use check::{ActionCatalogue, ActionFacts};
pub use graph::{Edge, Ending};
pub use node::*;
pub use reentry::{LastTrip, NoEntry, Reentry, ReentryAfter, next_entry};

/// The key under which the entry is counted; no node may carry it.
pub const ENTRY: &str = "audience";
/// Key in `status.paths` of the path for those whom no condition took.
pub const OTHER: &str = "other";
/// Key in `status.paths` of the path taken when nothing was heard in time.
pub const TIMEOUT: &str = "timeout";
/// Key in `status.paths` of the path taken when an external service failed or stayed silent.
pub const FAILED: &str = "failed";

/// Name of a node, or of an action inside a people box; unique in its journey.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent, inline)]
pub struct NodeId(pub String);

impl NodeId {
    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for NodeId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for NodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for NodeId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// A journey as written: one subject that moves over a map of nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    /// What travels: the account, or the person.
    pub subject: Subject,
    /// Who enters. Needed to publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Entry>,
    /// When entries begin; left out: at publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// When nobody enters any more and everybody inside is ended. Needed to publish, at most three years after the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
    /// Whether and how a traveller may enter again; left out: once only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reentry: Option<Reentry>,
    /// What the journey is for: whoever meets this after entering has converted. Counted for travellers and for those held
    /// out; it moves nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reader" = "condition"))]
    pub goal: Option<serde_json::Value>,
    /// How many percent of the audience enter and are only counted, to compare with: always the same ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 50))]
    pub hold_out: Option<u32>,
    /// One email per address and node, however many people share the address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deduplicate_email: bool,
    /// Texts, numbers and truth values by name, for the messages that this journey sends: `{{ my.NAME }}`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(extend("maxProperties" = 200))]
    pub tokens: IndexMap<String, serde_json::Value>,
    /// The first node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<NodeId>,
    /// The map, in the order it was written.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 2000))]
    pub nodes: IndexMap<NodeId, Node>,
}

/// Who enters a journey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The members of a live account list.
    AccountList(#[schemars(extend("x-reference" = "account_list"))] String),
    /// Whoever meets a saved filter.
    Audience(#[schemars(extend("x-reference" = "audience"))] String),
    /// The members of a people list.
    PeopleList(#[schemars(extend("x-reference" = "people_list"))] String),
    /// Whoever does one of these (person journeys, at most ten).
    Events(#[schemars(length(min = 1, max = 10))] Vec<EventTest>),
}

impl Journey {
    /// The node of that id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// Every action, those of the people boxes too, each with the node it stands in and its JSON pointer.
    pub fn actions(&self) -> Vec<PlacedAction<'_>> {
        self.nodes.iter().flat_map(|(id, node)| node.actions(id)).collect()
    }

    /// Whether this split is a closed box whose paths hold people actions and through which the account passes whole.
    pub fn is_box(&self, node: &Node) -> bool {
        self.subject == Subject::Account && node.splits_by() == Some(Subject::Person)
    }
}
