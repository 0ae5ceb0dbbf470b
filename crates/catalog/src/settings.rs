//! What the JSON Schema of an action's settings tells beyond their shape: the documents they name, the words they take.
//!
//! Settings are flat: texts, choices and lists of texts.

use caravan_model::attribute::Subject;
use caravan_model::document::{DocumentKind, Reference};
use serde_json::Value as Json;

/// The schema keyword that says which kind of document a field names.
pub(crate) const REFERENCE: &str = "x-reference";

/// The schema keyword that says that a field names an attribute, and whose.
pub(crate) const ATTRIBUTE: &str = "x-attribute";

/// The documents that settings name; pointers start at the settings.
pub(crate) fn references(schema: &Json, settings: &serde_json::Map<String, Json>) -> Vec<Reference> {
    let mut found = Vec::new();
    for (name, field) in fields(schema) {
        let Some(kind) = field.get(REFERENCE).and_then(Json::as_str).and_then(DocumentKind::from_key) else { continue };
        if let Some(key) = settings.get(name).and_then(Json::as_str) {
            found.push(Reference::new(kind, key, pointer(name)));
        }
    }
    found
}

/// The attributes that settings name, each with its pointer, which starts at the settings.
pub(crate) fn attributes(schema: &Json, settings: &serde_json::Map<String, Json>) -> Vec<(Subject, String, String)> {
    let named = |(name, field): (&str, &Json)| {
        let subject = match field.get(ATTRIBUTE)?.as_str()? {
            "account" => Subject::Account,
            _ => Subject::Person,
        };
        Some((subject, settings.get(name)?.as_str()?.to_owned(), pointer(name)))
    };
    fields(schema).filter_map(named).collect()
}

/// Fields of an object's schema with their own schemas, in order.
pub(crate) fn fields(schema: &Json) -> impl Iterator<Item = (&str, &Json)> {
    schema.get("properties").and_then(Json::as_object).into_iter().flatten().map(|(name, field)| (name.as_str(), field))
}

/// Names of the fields that must be there.
pub(crate) fn required(schema: &Json) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

/// The words that a field takes, when it takes only some.
pub(crate) fn words<'a>(root: &'a Json, field: &'a Json) -> Option<Vec<&'a str>> {
    let field = resolved(root, field);
    if let Some(list) = field.get("enum").and_then(Json::as_array) {
        return list.iter().map(Json::as_str).collect();
    }
    let choices = field.get("oneOf").and_then(Json::as_array)?;
    choices.iter().map(|choice| choice.get("const").and_then(Json::as_str)).collect()
}

fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn resolved<'a>(root: &'a Json, field: &'a Json) -> &'a Json {
    let name = field.get("$ref").and_then(Json::as_str).and_then(|at| at.strip_prefix("#/$defs/"));
    name.and_then(|name| root.get("$defs")?.get(name)).unwrap_or(field)
}
