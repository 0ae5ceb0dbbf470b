//! What stands in the way of changing fields: how many there may be, values that are stored, and published definitions that
//! use them. What a published journey uses may only be added to.

use std::collections::BTreeMap;

use caravan_catalog::Actions;
use caravan_model::Finding;
use caravan_model::attribute::{Attribute, Schema, Subject};
use caravan_model::document::{
    Body, CustomObject, Document, DocumentKind, MAX_ACTIVITY_TYPES, MAX_CUSTOM_OBJECTS, read_document,
};
use caravan_model::value::ValueType;
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError, objects};
use serde_json::Value as Json;

/// Whether a document decides about fields.
pub(crate) fn has_one(document: &Document) -> bool {
    matches!(
        document.kind(),
        DocumentKind::Attribute | DocumentKind::Settings | DocumentKind::CustomObject | DocumentKind::ActivityType
    )
}

/// More objects or activity types than there may be, told at each that is changed.
pub(crate) fn too_many(all: &[&Document], changing: &[&Document]) -> Vec<Finding> {
    let limits = [(DocumentKind::CustomObject, MAX_CUSTOM_OBJECTS), (DocumentKind::ActivityType, MAX_ACTIVITY_TYPES)];
    let mut findings = Vec::new();
    for (kind, most) in limits {
        let there = all.iter().filter(|document| document.kind() == kind).count();
        for document in changing.iter().filter(|document| document.kind() == kind && there > most) {
            let message = format!(
                "There would be {there} documents of kind `{kind}`; {most} are allowed. Take another away first."
            );
            let mut found = [Finding::error("too_many", "/key", message)];
            document.locate(&mut found);
            findings.extend(found);
        }
    }
    findings
}

/// Hosts of links that stand in another sending domain too: which domain's they are could not be told.
pub(crate) fn hosts_taken(all: &[&Document], changing: &[&Document]) -> Vec<Finding> {
    let host = |document: &Document| match &document.body {
        Body::SendingDomain(domain) => domain.tracking.as_ref().map(|host| host.to_ascii_lowercase()),
        _ => None,
    };
    let mut findings = Vec::new();
    for document in changing {
        let Some(taken) = host(document) else { continue };
        let other = all.iter().find(|other| other.key() != document.key() && host(other).as_ref() == Some(&taken));
        if let Some(other) = other {
            let message = format!(
                "`{taken}` is the host of links of the sending domain `{}` already. Take another one.",
                other.key()
            );
            let mut found = [Finding::error("tracking_host_taken", "/tracking", message)];
            document.locate(&mut found);
            findings.extend(found);
        }
    }
    findings
}

/// What published definitions use, each with the words that name the user.
pub(crate) struct Published {
    attributes: BTreeMap<(Subject, String), String>,
    documents: BTreeMap<(DocumentKind, String), String>,
}

impl Published {
    /// Of everything that runs: journeys from their schedule on with the messages that they froze, live lists and
    /// templates, audiences, messages. What emails only begin with does not run.
    pub(crate) fn of(
        s: &mut dyn Session,
        stored: &[(&DocumentRow, &Document)],
        schema: &Schema,
    ) -> Result<Self, StoreError> {
        let mut used = Self { attributes: BTreeMap::new(), documents: BTreeMap::new() };
        for (row, draft) in stored {
            let runs = matches!(row.state.as_str(), "live" | "scheduled" | "closed" | "finished");
            if !runs || draft.kind() == DocumentKind::EmailTemplate {
                continue;
            }
            let version = match row.live_version {
                Some(version) => documents::version(s, version)?,
                None => None,
            };
            let user = format!("{} `{}`", draft.kind().label().to_lowercase(), draft.key());
            let published =
                version.as_ref().and_then(|version| read_document(serde_json::from_str(&version.body).ok()?).0);
            used.add(&user, published.as_ref().unwrap_or(draft), schema);
            for message in version.iter().flat_map(|version| frozen_in(&version.frozen)) {
                used.add(&user, &message, schema);
            }
        }
        Ok(used)
    }

    fn add(&mut self, user: &str, document: &Document, schema: &Schema) {
        for (subject, key, _) in document.attributes(schema, &Actions) {
            self.attributes.entry((subject, key)).or_insert_with(|| user.to_owned());
        }
        for reference in document.references(schema, &Actions) {
            self.documents.entry((reference.kind, reference.key)).or_insert_with(|| user.to_owned());
        }
    }
}

/// The messages that a version froze: `{KIND: {KEY: body}}`.
fn frozen_in(frozen: &str) -> Vec<Document> {
    let frozen: BTreeMap<String, BTreeMap<String, Json>> = serde_json::from_str(frozen).unwrap_or_default();
    frozen.into_values().flat_map(BTreeMap::into_values).filter_map(|body| read_document(body).0).collect()
}

/// What stands against a change of one document.
pub(crate) fn check(
    s: &mut dyn Session,
    published: &Published,
    schemas: (&Schema, &Schema),
    row: &DocumentRow,
    old: &Document,
    new: &Document,
) -> Result<Vec<Finding>, StoreError> {
    match (&old.body, &new.body) {
        (Body::Attribute(was), Body::Attribute(_)) => attribute(s, published, schemas, was.subject, new.key()),
        (Body::Settings(_), Body::Settings(_)) => Ok(standard_attributes(published, schemas)),
        (Body::CustomObject(was), Body::CustomObject(is)) => {
            let mut findings = records(objects::any(s, row.id)?, was, is);
            let user = published.documents.get(&(DocumentKind::CustomObject, new.key().to_owned()));
            let lost = lost_fields(&was.fields, &is.fields);
            findings.extend(user.and_then(|user| locked_fields(&lost, user)));
            Ok(findings)
        }
        (Body::ActivityType(was), Body::ActivityType(is)) => {
            let user = published.documents.get(&(DocumentKind::ActivityType, new.key().to_owned()));
            let lost = lost_fields(&was.fields, &is.fields);
            Ok(user.and_then(|user| locked_fields(&lost, user)).into_iter().collect())
        }
        _ => Ok(Vec::new()),
    }
}

fn attribute(
    s: &mut dyn Session,
    published: &Published,
    (before, after): (&Schema, &Schema),
    subject: Subject,
    key: &str,
) -> Result<Vec<Finding>, StoreError> {
    let Some(old) = before.of(subject).get(key) else { return Ok(Vec::new()) };
    let new = after.of(subject).get(key);
    let mut findings: Vec<Finding> = published.lost(old, new).into_iter().collect();
    let retyped = new.is_none_or(|new| new.value_type != old.value_type);
    if retyped && objects::any_value(s, subject == Subject::Person, key)? {
        let message =
            format!("`{key}` has values of its type already. Declare another attribute, or clear them first.");
        findings.push(Finding::error("attribute_has_values", "/type", message));
    }
    Ok(findings)
}

/// Standard attributes that the settings take something from.
fn standard_attributes(published: &Published, (before, after): (&Schema, &Schema)) -> Vec<Finding> {
    let lost = |subject: Subject| {
        let standard = before.of(subject).iter().map(|(_, attribute)| attribute).filter(|attribute| !attribute.custom);
        standard.filter_map(move |old| {
            let found = published.lost(old, after.of(subject).get(&old.key))?;
            Some(Finding { pointer: format!("/fields/{}/{}", subject.as_str(), old.key), ..found })
        })
    };
    lost(Subject::Account).chain(lost(Subject::Person)).collect()
}

impl Published {
    /// What an attribute loses although something published uses it.
    fn lost(&self, old: &Attribute, new: Option<&Attribute>) -> Option<Finding> {
        let user = self.attributes.get(&(old.subject, old.key.clone()))?;
        let (at, what) = match new {
            None => ("/subject", "its subject"),
            Some(new) if new.value_type != old.value_type => ("/type", "its type"),
            Some(new) if old.visible && !new.visible => ("/managed", "that it is managed"),
            Some(new) if old.updatable && !new.updatable => ("/updatable", "that it is updatable"),
            Some(_) => return None,
        };
        Some(locked(at, &format!("`{}` keeps {what}", old.key), user))
    }
}

fn locked(at: &str, what: &str, user: &str) -> Finding {
    let message = format!("{what}: {user} is published and uses it. Fields may only be added to what it uses.");
    Finding::error("structure_locked", at, message)
}

/// What would make no sense of the records that there are.
fn records(any: bool, was: &CustomObject, is: &CustomObject) -> Vec<Finding> {
    if !any {
        return Vec::new();
    }
    let retyped =
        is.fields.iter().find(|(name, value_type)| was.fields.get(*name).is_some_and(|old| old != *value_type));
    let changes = [
        (was.subject != is.subject, "/subject".to_owned()),
        (was.primary_key != is.primary_key, "/primary_key".to_owned()),
        (retyped.is_some(), format!("/fields/{}", retyped.map(|(name, _)| name.as_str()).unwrap_or_default())),
    ];
    let message =
        "The object has records already, which were written as it was. Declare another object, or take them away.";
    changes
        .into_iter()
        .filter(|(changed, _)| *changed)
        .map(|(_, at)| Finding::error("object_has_records", at, message))
        .collect()
}

/// Fields that are gone or hold something else now.
fn lost_fields<'a>(
    was: &'a indexmap::IndexMap<String, ValueType>,
    is: &indexmap::IndexMap<String, ValueType>,
) -> Vec<&'a str> {
    was.iter().filter(|(name, value_type)| is.get(*name) != Some(value_type)).map(|(name, _)| name.as_str()).collect()
}

fn locked_fields(lost: &[&str], user: &str) -> Option<Finding> {
    let names: Vec<String> = lost.iter().map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| locked("/fields", &format!("{} must stay as they are", names.join(", ")), user))
}
