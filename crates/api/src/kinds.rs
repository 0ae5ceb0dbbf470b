//! The kinds of definitions: what the app's lists, pickers and forms are made from.

use caravan_catalog::events::EVENTS;
use caravan_model::document::{self, BUILT_IN_ROLES, DocumentKind, KINDS, KeyForm, LifeCycle};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::access::Permission;
use crate::documents::{permission_to_publish, permission_to_write};
use crate::http::{Answer, Operations, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Catalogue").get(
        "/api/v1/kinds",
        Permission::ReadDefinitions,
        list,
        "The kinds of definitions, with the schema of their manifests",
    )
}

/// Every kind.
#[derive(Debug, Serialize, JsonSchema)]
struct Kinds {
    /// In the order of the documentation.
    items: Vec<Kind>,
}

/// A kind of definitions.
#[derive(Debug, Serialize, JsonSchema)]
struct Kind {
    /// As in manifests.
    kind: &'static str,
    /// As in addresses.
    plural: &'static str,
    /// As people read it.
    label: &'static str,
    /// `plain`: holds as soon as it is saved; `publish`: a draft first; `journey`: a life of its own.
    life_cycle: &'static str,
    /// Regular expression of its keys.
    key_pattern: &'static str,
    /// Others name it by its name, not by its key.
    by_name: bool,
    /// Names that every installation has, beside what is defined.
    built_in: Vec<&'static str>,
    /// The permission to write its definitions.
    write: &'static str,
    /// The permission to publish them, where that is one of its own.
    publish: Option<&'static str>,
    /// JSON Schema of its manifests.
    schema: Value,
}

async fn list() -> Result<Answer<Kinds>, Problem> {
    Ok(Answer::of(Kinds { items: KINDS.iter().map(|&kind| Kind::from(kind)).collect() }))
}

impl From<DocumentKind> for Kind {
    fn from(kind: DocumentKind) -> Self {
        Self {
            kind: kind.key(),
            plural: kind.plural(),
            label: kind.label(),
            life_cycle: match kind.life_cycle() {
                LifeCycle::Plain => "plain",
                LifeCycle::Publish => "publish",
                LifeCycle::Journey => "journey",
            },
            key_pattern: match kind.key_form() {
                KeyForm::Kebab => "^[a-z0-9]+(-[a-z0-9]+)*$",
                KeyForm::Identifier => "^[a-z][a-z0-9_-]*$",
            },
            by_name: kind == DocumentKind::Role,
            built_in: match kind {
                DocumentKind::Role => BUILT_IN_ROLES.to_vec(),
                DocumentKind::ActivityType => EVENTS.iter().map(|event| event.kind).collect(),
                _ => Vec::new(),
            },
            write: permission_to_write(kind).key(),
            publish: permission_to_publish(kind).map(Permission::key),
            schema: document::schema(kind),
        }
    }
}
