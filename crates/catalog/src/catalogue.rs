//! The catalogue as others see it: the journey's checks, and the API and the app, which build palettes, forms and
//! pickers from it.

use caravan_model::Finding;
use caravan_model::attribute::{Attribute, AttributeSet, Format, Subject};
use caravan_model::document::{DocumentKind, Reference};
use caravan_model::journey::{self, On};
use caravan_model::value::ValueType;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::action::{ActionKind, Subjects};
use crate::definitions::{Definition, Definitions};
use crate::events::{About, EVENTS, EventFacts};
use crate::registry::{ACTIONS, action};
use crate::settings;

/// The registry, as a journey's checks ask it.
#[derive(Debug, Clone, Copy)]
pub struct Actions;

impl journey::ActionCatalogue for Actions {
    fn actions(&self) -> Vec<&'static str> {
        ACTIONS.iter().map(|action| action.facts().key).collect()
    }

    fn facts(&self, key: &str) -> Option<journey::ActionFacts> {
        let facts = action(key)?.facts();
        let on = match facts.subject {
            Subjects::Account => On::Account,
            Subjects::People => On::People,
        };
        Some(journey::ActionFacts { on, in_person_journeys: facts.in_person_journeys })
    }

    fn check(&self, key: &str, settings: &Map<String, Json>, pointer: &str) -> Vec<Finding> {
        let findings = action(key).map(|action| action.check(&Json::Object(settings.clone()))).unwrap_or_default();
        findings.into_iter().map(|finding| finding.under(pointer)).collect()
    }

    fn references(&self, key: &str, settings: &Map<String, Json>, pointer: &str) -> Vec<Reference> {
        let Some(action) = action(key) else { return Vec::new() };
        let found = settings::references(action.schema().as_value(), settings);
        found.into_iter().map(|reference| reference.under(pointer)).collect()
    }

    fn attributes(&self, key: &str, settings: &Map<String, Json>, pointer: &str) -> Vec<(Subject, String, String)> {
        let Some(action) = action(key) else { return Vec::new() };
        let found = settings::attributes(action.schema().as_value(), settings);
        found.into_iter().map(|(subject, key, at)| (subject, key, format!("{pointer}{at}"))).collect()
    }
}

/// Everything that journeys are built from.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Catalogue {
    /// What stands on the map.
    pub nodes: Vec<NodeEntry>,
    /// What nodes do.
    pub actions: Vec<ActionEntry>,
    /// What is heard and asked for, our own types and the declared ones.
    pub events: Vec<EventEntry>,
    /// What accounts and people have.
    pub attributes: AttributeEntries,
    /// Kinds of connections, as the caller knows them.
    pub connectors: Vec<Json>,
}

/// A kind of node.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NodeEntry {
    /// Its `type` in manifests.
    pub key: &'static str,
    /// Its name on the map.
    pub label: &'static str,
    /// What it belongs to: `audience`, `action`, `event` or `flow`.
    pub family: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// In whose journeys it works; in none: it is reserved for a later version.
    pub works_in: &'static [Subject],
    /// JSON Schema of its fields.
    pub schema: Json,
}

/// An action.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ActionEntry {
    /// Its name in manifests.
    pub key: &'static str,
    /// Its name on the map.
    pub label: &'static str,
    /// Whom it acts on.
    pub subject: Subjects,
    /// Where the palette shows it.
    pub category: &'static str,
    /// Its icon in the app's set.
    pub icon: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Whether person journeys may use it.
    pub in_person_journeys: bool,
    /// JSON Schema of its settings.
    pub schema: Json,
    /// Settings as one may write them.
    pub example: Json,
    /// Why it may do nothing.
    pub reasons: Vec<ReasonEntry>,
}

/// Why an action did nothing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReasonEntry {
    /// As counted in `outcomes`.
    pub code: &'static str,
    /// For people.
    pub text: &'static str,
}

/// A type of activities.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EventEntry {
    /// Its name in manifests.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name for people.
    pub label: String,
    /// Whom it is about.
    pub subject: About,
    /// Its own fields.
    pub fields: Vec<FieldEntry>,
}

/// A field of an activity.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FieldEntry {
    /// Its name.
    pub key: String,
    /// What values it takes.
    #[serde(rename = "type")]
    pub value_type: ValueType,
}

/// The attributes by subject.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AttributeEntries {
    /// Of accounts.
    pub account: Vec<AttributeEntry>,
    /// Of people.
    pub person: Vec<AttributeEntry>,
}

/// An attribute that conditions and templates see.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AttributeEntry {
    /// In files, conditions and templates.
    pub key: String,
    /// What marketers read.
    pub label: String,
    /// What values it takes.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Journeys may write it.
    pub updatable: bool,
    /// May never be cleared.
    pub required: bool,
    /// Declared by this installation.
    pub custom: bool,
    /// The only texts it takes, when it takes only some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<&'static [&'static str]>,
}

impl Catalogue {
    /// The catalogue of this installation, with the kinds of connections that the caller knows.
    pub fn new(definitions: &Definitions, connectors: Vec<Json>) -> Self {
        let mut declared: Vec<_> = definitions.of_kind(DocumentKind::ActivityType).collect();
        declared.sort_by(|a, b| a.key.cmp(&b.key));
        let own = EVENTS.iter().map(EventEntry::from);
        Self {
            nodes: NODES.iter().map(NodeEntry::from).collect(),
            actions: ACTIONS.iter().map(|action| ActionEntry::from(*action)).collect(),
            events: own.chain(declared.into_iter().map(|it| EventEntry::from(it.as_ref()))).collect(),
            attributes: AttributeEntries {
                account: attributes(&definitions.schema.account),
                person: attributes(&definitions.schema.person),
            },
            connectors,
        }
    }
}

impl From<&'static dyn ActionKind> for ActionEntry {
    fn from(action: &'static dyn ActionKind) -> Self {
        let facts = action.facts();
        Self {
            key: facts.key,
            label: facts.label,
            subject: facts.subject,
            category: facts.category,
            icon: facts.icon,
            description: facts.description,
            in_person_journeys: facts.in_person_journeys,
            schema: action.schema().to_value(),
            example: action.example(),
            reasons: facts.reasons.iter().map(|&(code, text)| ReasonEntry { code, text }).collect(),
        }
    }
}

impl From<&EventFacts> for EventEntry {
    fn from(event: &EventFacts) -> Self {
        let fields = event.fields.iter().map(|&(key, value_type)| FieldEntry { key: key.to_owned(), value_type });
        Self {
            kind: event.kind.to_owned(),
            label: event.label.to_owned(),
            subject: event.about,
            fields: fields.collect(),
        }
    }
}

impl From<&Definition> for EventEntry {
    fn from(declared: &Definition) -> Self {
        let fields = declared.body.get("fields").and_then(Json::as_object).into_iter().flatten();
        let field = |(key, value_type): (&String, &Json)| {
            let value_type = serde_json::from_value(value_type.clone()).ok()?;
            Some(FieldEntry { key: key.clone(), value_type })
        };
        let about =
            if declared.text("subject") == Some(Subject::Account.as_str()) { About::Account } else { About::Person };
        Self {
            kind: declared.key.clone(),
            label: declared.name.clone(),
            subject: about,
            fields: fields.filter_map(field).collect(),
        }
    }
}

fn attributes(set: &AttributeSet) -> Vec<AttributeEntry> {
    set.iter().map(|(_, attribute)| attribute).filter(|attribute| attribute.visible).map(AttributeEntry::from).collect()
}

impl From<&Attribute> for AttributeEntry {
    fn from(attribute: &Attribute) -> Self {
        Self {
            key: attribute.key.clone(),
            label: attribute.label.clone(),
            value_type: attribute.value_type,
            updatable: attribute.updatable,
            required: attribute.required,
            custom: attribute.custom,
            values: match attribute.format {
                Format::OneOf(values) => Some(values),
                Format::Any | Format::TimeZone => None,
            },
        }
    }
}

/// A kind of node and the schema of its fields.
struct NodeKind {
    key: &'static str,
    label: &'static str,
    family: &'static str,
    description: &'static str,
    schema: fn() -> Schema,
}

impl From<&NodeKind> for NodeEntry {
    fn from(node: &NodeKind) -> Self {
        let NodeKind { key, label, family, description, schema } = *node;
        Self { key, label, family, description, works_in: journey::works_in(key), schema: schema().to_value() }
    }
}

/// Every kind of node, in the order in which the palette shows them. The audience is not placed: it is the entry.
static NODES: &[NodeKind] = &[
    NodeKind {
        key: journey::ENTRY,
        label: "Audience",
        family: "audience",
        description: "Who enters the journey.",
        schema: || schema_for!(journey::Entry),
    },
    NodeKind {
        key: "action",
        label: "Take an action",
        family: "action",
        description: "Does something to the account or to its people.",
        schema: || schema_for!(journey::Action),
    },
    NodeKind {
        key: "listen",
        label: "Listen for an event",
        family: "event",
        description: "Holds the traveller until something happens, or until it takes too long.",
        schema: || schema_for!(journey::Listen),
    },
    NodeKind {
        key: "wait",
        label: "Wait",
        family: "flow",
        description: "Holds the traveller for a time.",
        schema: || schema_for!(journey::Wait),
    },
    NodeKind {
        key: "split",
        label: "Split paths",
        family: "flow",
        description: "Sends travellers, or people in a closed box, down the first path whose condition holds.",
        schema: || schema_for!(journey::Split),
    },
    NodeKind {
        key: "variant_split",
        label: "Variant split",
        family: "flow",
        description: "Sends travellers, or people in a closed box, down paths by fixed shares.",
        schema: || schema_for!(journey::VariantSplit),
    },
    NodeKind {
        key: "merge",
        label: "Merge paths",
        family: "flow",
        description: "Joins the paths that a split opened.",
        schema: || schema_for!(journey::Merge),
    },
    NodeKind {
        key: "external_action",
        label: "External action",
        family: "action",
        description: "Calls an external service and waits for its answer.",
        schema: || schema_for!(journey::ExternalAction),
    },
    NodeKind {
        key: "external_split",
        label: "External split",
        family: "flow",
        description: "Calls an external service and takes the path that its answer chooses.",
        schema: || schema_for!(journey::ExternalSplit),
    },
    NodeKind {
        key: "next_best_path",
        label: "Next best path",
        family: "flow",
        description: "Reserved: a language model chooses the path, in person journeys.",
        schema: || schema_for!(journey::NextBestPath),
    },
];
