//! The nodes of a journey map and what they carry.

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{NodeId, Subject};
use crate::duration::Duration;
use crate::finding::Finding;
use crate::wait::{self, MustEndOnForm};

/// Where a path leads: to a node, or out of the journey (`null`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// On to this node.
    To(NodeId),
    /// The journey ends here.
    End,
}

impl Next {
    /// The node, unless the journey ends.
    pub fn node(&self) -> Option<&NodeId> {
        match self {
            Self::To(id) => Some(id),
            Self::End => None,
        }
    }
}

impl Serialize for Next {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.node().serialize(serializer)
    }
}

// By hand, since an `Option` would take a missing field for `null`, and only a written `null` may end a journey.
impl<'de> Deserialize<'de> for Next {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl serde::de::Visitor<'_> for Visit {
            type Value = Next;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the id of a node, or null where the journey ends")
            }
            fn visit_str<E>(self, id: &str) -> Result<Next, E> {
                Ok(Next::To(id.into()))
            }
            fn visit_unit<E>(self) -> Result<Next, E> {
                Ok(Next::End)
            }
            fn visit_none<E>(self) -> Result<Next, E> {
                Ok(Next::End)
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl JsonSchema for Next {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Next".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": ["string", "null"], "description": "Id of the next node; null ends the journey."})
    }
}

/// Keeps a written `null` apart from a field left out.
fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Next>, D::Error> {
    Next::deserialize(deserializer).map(Some)
}

/// One box on the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Node {
    /// Does something to the account or to its people.
    Action(Action),
    /// Holds the traveller for a time.
    Wait(Wait),
    /// Holds the traveller until something happens.
    Listen(Listen),
    /// Sends travellers (or people, in a closed box) down the first path whose condition holds.
    Split(Split),
    /// Sends travellers (or people, in a closed box) down paths by fixed shares.
    VariantSplit(VariantSplit),
    /// Joins the paths that a split opened.
    Merge(Merge),
    /// Calls an external service and waits for its answer.
    ExternalAction(ExternalAction),
    /// Calls an external service and takes the path its answer chooses.
    ExternalSplit(ExternalSplit),
    /// Reserved: a language model chooses the path (person journeys).
    NextBestPath(NextBestPath),
}

/// Whom an action acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// Once on the account.
    Account,
    /// Once on each person: all people of the account, or the travelling person.
    People,
}

/// Takes an action. Beside the fields here stand the action's own settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// Whom it acts on.
    pub on: On,
    /// Key of the action in the catalogue.
    pub action: String,
    /// The action's own fields, as written; the catalogue types them.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
    /// Where it goes on; null ends the journey.
    pub next: Next,
}

/// An action inside a people box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BoxAction {
    /// Its own id, unique in the journey: counts are kept under it.
    pub id: NodeId,
    /// Key of the action in the catalogue; people actions only.
    pub action: String,
    /// The action's own fields, as written; the catalogue types them.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

/// Holds the traveller for a duration, or until an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// How long (`30m`, `4h`, `3d`, `2w`, `1mo`). Either this or `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Duration>,
    /// Until when. Either this or `duration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Days of the week and time of day on which the wait may end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MustEndOnForm>")]
    pub must_end_on: Option<Value>,
    /// Where it goes on; null ends the journey.
    pub next: Next,
}

impl Wait {
    /// When it ends; `pointer` is where it stands.
    ///
    /// # Errors
    /// Everything that is wrong with its settings.
    pub fn rule(&self, pointer: &str) -> Result<wait::Wait, Vec<Finding>> {
        let duration = self.duration.map(|it| it.to_string());
        wait::Wait::read(duration.as_deref(), self.until, self.must_end_on.as_ref(), pointer)
    }
}

/// Something that can happen, with constraints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventTest {
    /// Type of activity (`email_clicked`).
    pub activity: String,
    /// Constraints on the activity's fields, and on its date as `at`; all must hold.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub fields: Option<Value>,
    /// How many times it must happen, 1,000 at most; once when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub at_least: Option<u32>,
}

/// Holds the traveller until an event happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// The event. Either this or `events`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventTest>,
    /// Several events of which the first counts (person journeys).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventTest>,
    /// What must hold for the person who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reader" = "condition"))]
    pub filters: Option<Value>,
    /// When to stop listening; left out: at the journey's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Timeout>,
    /// Where it goes on when the event happened; null ends the journey.
    pub next: Next,
}

impl Listen {
    /// The events listened for, in whichever of the two forms they were written.
    pub fn tests(&self) -> impl Iterator<Item = &EventTest> {
        self.event.iter().chain(&self.events)
    }
}

/// When a listener gives up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeout {
    /// How long (`30m`, `4h`, `3d`, `2w`, `1mo`). Either this or `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Duration>,
    /// Until when. Either this or `duration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Days of the week and time of day on which it may end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MustEndOnForm>")]
    pub must_end_on: Option<Value>,
    /// Where it goes on; left out: the trip ends as `timed_out`.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
}

impl Timeout {
    /// When it ends; `pointer` is where it stands.
    ///
    /// # Errors
    /// Everything that is wrong with its settings.
    pub fn rule(&self, pointer: &str) -> Result<wait::Wait, Vec<Finding>> {
        let duration = self.duration.map(|it| it.to_string());
        wait::Wait::read(duration.as_deref(), self.until, self.must_end_on.as_ref(), pointer)
    }
}

/// Splits by conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Whose conditions decide. By `person` in an account journey it is a closed box.
    pub by: Subject,
    /// Tried top to bottom, the first that holds wins.
    pub paths: Vec<SplitPath>,
    /// For the rest; left out: the trip ends as `no_path` (in a box: the person skips to its end).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Branch>,
    /// Where it goes on after a closed box.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
}

/// One path of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitPath {
    /// Its name, unique in the node; counts are kept under it.
    pub label: String,
    /// What must hold. Needed to publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reader" = "condition"))]
    pub when: Option<Value>,
    /// Where it leads; in a closed box `actions` stands instead.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// People actions of this path of a closed box, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<BoxAction>>,
}

/// A path without condition: `other`, `failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// Where it leads; in a closed box `actions` stands instead.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// People actions of this path of a closed box, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<BoxAction>>,
}

/// Splits by fixed shares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantSplit {
    /// What is shared out. By `person` in an account journey it is a closed box.
    pub by: Subject,
    /// The variants; their percentages add up to 100.
    pub paths: Vec<VariantPath>,
    /// Where it goes on after a closed box.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
}

/// One path of a variant split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantPath {
    /// Its name, unique in the node; counts are kept under it.
    pub label: String,
    /// Its share, a whole number from 1 to 99.
    pub percent: i64,
    /// Where it leads; in a closed box `actions` stands instead.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// People actions of this path of a closed box, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<BoxAction>>,
}

/// Joins paths; travellers pass straight through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Where it goes on; null ends the journey.
    pub next: Next,
}

/// Calls an external service and waits for its answer (account journeys).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalAction {
    /// Whom it is about.
    pub on: On,
    /// The external action.
    #[schemars(extend("x-reference" = "external_action"))]
    pub service: String,
    /// Values for the service's parameters.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
    /// Where it goes on when the service answered; null ends the journey.
    pub next: Next,
    /// Where it goes on when the service failed or stayed silent; left out: the trip ends as `timed_out`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Branch>,
}

/// Calls an external service and takes the path its answer chooses (account journeys).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalSplit {
    /// Whom it is about. By `person` it is a closed box.
    pub by: Subject,
    /// The external action.
    #[schemars(extend("x-reference" = "external_action"))]
    pub service: String,
    /// Values for the service's parameters.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
    /// Tried top to bottom on the returned variables, the first that holds wins.
    pub paths: Vec<SplitPath>,
    /// For answers that no path takes; left out: the trip ends as `no_path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Branch>,
    /// When the service failed or stayed silent; left out: the trip ends as `timed_out`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Branch>,
    /// Where it goes on after a closed box.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
}

/// Reserved: path prompts that a language model decides (person journeys).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextBestPath {
    /// Key of the connection of type `openai`.
    pub connection: String,
    /// The paths with their prompts, by priority.
    pub paths: Vec<PromptPath>,
    /// For missing data and low confidence.
    pub other: Branch,
}

/// One path of a next best path node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptPath {
    /// Its name, unique in the node.
    pub label: String,
    /// In natural language: who belongs here.
    pub prompt: String,
    /// Where it leads.
    pub next: Next,
}

/// JSON pointer of a node inside the journey.
pub(super) fn pointer_to(node: &NodeId) -> String {
    format!("/nodes/{}", node.as_str().replace('~', "~0").replace('/', "~1"))
}

/// In whose journeys nodes of a type work; in none: it is reserved, read and kept, but nothing runs it.
pub fn works_in(kind: &str) -> &'static [Subject] {
    match kind {
        "external_action" | "external_split" => &[Subject::Account],
        "next_best_path" => &[],
        _ => &[Subject::Account, Subject::Person],
    }
}

impl Node {
    /// Its `type` as written in manifests.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Action(_) => "action",
            Self::Wait(_) => "wait",
            Self::Listen(_) => "listen",
            Self::Split(_) => "split",
            Self::VariantSplit(_) => "variant_split",
            Self::Merge(_) => "merge",
            Self::ExternalAction(_) => "external_action",
            Self::ExternalSplit(_) => "external_split",
            Self::NextBestPath(_) => "next_best_path",
        }
    }

    /// What it splits by, when it is a split of any kind.
    pub fn splits_by(&self) -> Option<Subject> {
        match self {
            Self::Split(node) => Some(node.by),
            Self::VariantSplit(node) => Some(node.by),
            Self::ExternalSplit(node) => Some(node.by),
            _ => None,
        }
    }
}
