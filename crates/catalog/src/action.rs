//! What an action is: one type in one file; everything else is derived from it.

use caravan_model::document::{DocumentKind, check_shape};
use caravan_model::{DocumentId, EnrollmentId, Finding, Shard, VersionId};
use jiff::Timestamp;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::{AccountIx, Origin, PersonIx, World};

/// Whom an action acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subjects {
    /// Once per account; in account journeys only.
    Account,
    /// Once per person on the path.
    People,
}

/// One traveller or person that an action acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An account of the batch.
    Account(AccountIx),
    /// A person of the batch.
    Person(PersonIx),
}

/// The trip and the node for which an action decides.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The trip.
    pub enrollment: EnrollmentId,
    /// Its shard.
    pub shard: Shard,
    /// The journey.
    pub journey: DocumentId,
    /// Its published version.
    pub version: VersionId,
    /// The node, or the box action, in the version's plan.
    pub node: i64,
    /// The account on whose trip it happens; none in a person journey.
    pub account: Option<AccountIx>,
    /// When the trip began.
    pub entered_at: Timestamp,
    /// How many journeys led here (1 for a traveller that came by itself).
    pub chain: i64,
    /// Whom the activities name as their cause.
    pub origin: Origin,
}

/// What became of one execution. `done + no_op + skipped + failed + pending + in_doubt` = executions, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// Queued; delivery decides.
    Pending,
    /// Nothing to do, for this reason.
    NoOp(&'static str),
    /// A rule excludes this person, for this reason.
    Skipped(&'static str),
    /// It cannot be done.
    Failed(&'static str),
}

/// What everyone needs to know of an action without its settings.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ActionFacts {
    /// Its name in manifests, `snake_case`.
    pub key: &'static str,
    /// Its name on the map.
    pub label: &'static str,
    /// One sentence for the properties panel.
    pub description: &'static str,
    /// Whom it acts on.
    pub subject: Subjects,
    /// Where the palette shows it.
    pub category: &'static str,
    /// Its icon in the app's set.
    pub icon: &'static str,
    /// Whether person journeys may use it (buying-group actions may not).
    pub in_person_journeys: bool,
    /// Whether something leaves the system.
    pub leaves: bool,
    /// What one must be allowed to do to publish it.
    pub permission: &'static str,
    /// Why it may do nothing: the code of each reason and a sentence for people.
    pub reasons: &'static [(&'static str, &'static str)],
}

/// An action: its settings, how they become a prepared form, and what it decides.
///
/// Settings name documents by key; a field that does so carries `x-reference` (the kind) in its schema, from which
/// pickers, used-by lists and existence checks follow.
pub trait Action: Sync + 'static {
    /// As written in a manifest; doc comments are the field help.
    type Settings: DeserializeOwned + Serialize + JsonSchema;
    /// Settings with names turned into ids and values typed: what deciding needs.
    type Prepared: Send + Sync + 'static;

    /// Name, label, category …
    fn facts(&self) -> ActionFacts;

    /// Valid settings for the reference page and the conformance test.
    fn example(&self) -> Self::Settings;

    /// What is wrong with the settings in themselves beyond what their schema says.
    fn check(&self, _settings: &Self::Settings) -> Vec<Finding> {
        Vec::new()
    }

    /// Checks the settings against the documents they name and makes them ready. Pointers are relative to the node.
    fn prepare(&self, settings: &Self::Settings, definitions: &Definitions) -> Result<Self::Prepared, Vec<Finding>>;

    /// A definition that the settings describe in place of naming it: it is made before the journey runs.
    fn inline(&self, _settings: &Self::Settings) -> Option<Inline> {
        None
    }

    /// The settings that name the definition with this key, which [`inline`](Self::inline) described.
    fn naming(&self, _settings: &Self::Settings, _key: &str) -> Map<String, Json> {
        Map::new()
    }

    /// Warnings that never refuse.
    fn warnings(&self, _settings: &Self::Settings, _definitions: &Definitions) -> Vec<Finding> {
        Vec::new()
    }

    /// Whether it writes to the account's owner, so that accounts without one are worth a warning.
    fn writes_to_owner(&self, _settings: &Self::Settings) -> bool {
        false
    }

    /// The journey that it sends travellers into, if it does.
    fn leads_into(&self, _settings: &Self::Settings) -> Option<String> {
        None
    }

    /// What deciding will look at.
    fn needs(&self, prepared: &Self::Prepared) -> Needs;

    /// Decides for one subject: pure, and the same again for the same world.
    fn decide(&self, prepared: &Self::Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome;
}

/// An action whose settings have been prepared, its type forgotten.
pub trait PreparedAction: Send + Sync {
    /// What deciding will look at.
    fn needs(&self) -> Needs;
    /// Decides for one subject.
    fn decide(&self, visit: &Visit, subject: Subject, world: &mut World) -> Outcome;
}

/// An action as the registry holds it. Implemented for every [`Action`]; never by hand.
pub trait ActionKind: Sync {
    /// Name, label, category …
    fn facts(&self) -> ActionFacts;
    /// JSON Schema of the settings.
    fn schema(&self) -> Schema;
    /// Example settings.
    fn example(&self) -> Json;
    /// What is wrong with settings in themselves, whatever else there is.
    fn check(&self, settings: &Json) -> Vec<Finding>;
    /// Reads, checks and prepares settings.
    fn prepare(&self, settings: &Json, definitions: &Definitions) -> Result<Box<dyn PreparedAction>, Vec<Finding>>;
    /// Warnings on settings that can be read.
    fn warnings(&self, settings: &Json, definitions: &Definitions) -> Vec<Finding>;
    /// Whether it writes to the account's owner.
    fn writes_to_owner(&self, settings: &Json) -> bool;
    /// The definition that settings describe in place of naming it.
    fn inline(&self, settings: &Json) -> Option<Inline>;
    /// The settings that name that definition by its key.
    fn naming(&self, settings: &Json, key: &str) -> Option<Map<String, Json>>;
    /// The journey that it sends travellers into, if it does.
    fn leads_into(&self, settings: &Json) -> Option<String>;
}

/// A definition that an action's settings describe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inline {
    /// What it is.
    pub kind: DocumentKind,
    /// Its name; its key is made from that.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

struct Prepared<A: Action> {
    action: &'static A,
    prepared: A::Prepared,
}

impl<A: Action> PreparedAction for Prepared<A> {
    fn needs(&self) -> Needs {
        self.action.needs(&self.prepared)
    }

    fn decide(&self, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        self.action.decide(&self.prepared, visit, subject, world)
    }
}

impl<A: Action> ActionKind for &'static A {
    fn facts(&self) -> ActionFacts {
        Action::facts(*self)
    }

    fn schema(&self) -> Schema {
        schemars::schema_for!(A::Settings)
    }

    fn example(&self) -> Json {
        serde_json::to_value(Action::example(*self)).unwrap_or(Json::Null)
    }

    fn check(&self, settings: &Json) -> Vec<Finding> {
        settings_of::<A>(self, settings).err().unwrap_or_default()
    }

    fn prepare(&self, settings: &Json, definitions: &Definitions) -> Result<Box<dyn PreparedAction>, Vec<Finding>> {
        let prepared = Action::prepare(*self, &settings_of(*self, settings)?, definitions)?;
        Ok(Box::new(Prepared { action: *self, prepared }))
    }

    fn warnings(&self, settings: &Json, definitions: &Definitions) -> Vec<Finding> {
        settings_of(*self, settings).map(|s| Action::warnings(*self, &s, definitions)).unwrap_or_default()
    }

    fn writes_to_owner(&self, settings: &Json) -> bool {
        settings_of(*self, settings).is_ok_and(|settings| Action::writes_to_owner(*self, &settings))
    }

    fn inline(&self, settings: &Json) -> Option<Inline> {
        settings_of(*self, settings).ok().and_then(|settings| Action::inline(*self, &settings))
    }

    fn naming(&self, settings: &Json, key: &str) -> Option<Map<String, Json>> {
        settings_of(*self, settings).ok().map(|settings| Action::naming(*self, &settings, key))
    }

    fn leads_into(&self, settings: &Json) -> Option<String> {
        settings_of(*self, settings).ok().and_then(|settings| Action::leads_into(*self, &settings))
    }
}

/// Settings that are right in themselves.
fn settings_of<A: Action>(action: &A, settings: &Json) -> Result<A::Settings, Vec<Finding>> {
    let findings = check_shape(schemars::schema_for!(A::Settings).as_value(), settings, "the action");
    if !findings.is_empty() {
        return Err(findings);
    }
    let read: A::Settings = serde_json::from_value(settings.clone()).map_err(|e| {
        vec![Finding::error("bad_settings", "", format!("The settings of this action do not fit: {e}."))]
    })?;
    let findings = action.check(&read);
    if findings.is_empty() { Ok(read) } else { Err(findings) }
}

/// The person that a people action acts on; an account action never gets one.
pub fn person_of(subject: Subject) -> Option<PersonIx> {
    match subject {
        Subject::Person(ix) => Some(ix),
        Subject::Account(_) => None,
    }
}
