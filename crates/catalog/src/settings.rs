//! Checks an action's settings against the JSON Schema of their type and says everything that is wrong, in words; and
//! finds the documents that they name.
//!
//! Settings are flat: texts, choices and lists of texts. What a schema cannot say is for the action's own `prepare`.

use caravan_model::Finding;
use caravan_model::document::{DocumentKind, Reference};
use caravan_model::suggest::did_you_mean;
use caravan_model::value::shown;
use serde_json::Value as Json;

/// The schema keyword that says which kind of document a field names.
const REFERENCE: &str = "x-reference";

/// Everything that is wrong with settings; pointers start at the settings.
pub(crate) fn check(schema: &Json, settings: &Json) -> Vec<Finding> {
    let Some(written) = settings.as_object() else {
        let message = format!("The settings of an action are a mapping of fields, not {}.", shown(settings));
        return vec![Finding::error("wrong_type", "", message)];
    };
    let known: Vec<&str> = fields(schema).map(|(name, _)| name).collect();
    let mut findings = Vec::new();
    for name in written.keys().filter(|name| !known.contains(&name.as_str())) {
        let open = known.iter().copied().filter(|field| !written.contains_key(*field));
        let hint = did_you_mean(name, open);
        let message = format!("This action has no setting `{name}`; it takes {}.{hint}", listed(&known));
        findings.push(Finding::error("unknown_field", pointer(name), message));
    }
    for name in required(schema).filter(|name| !written.contains_key(*name)) {
        let help = field(schema, name).and_then(|it| it.get("description")?.as_str()).unwrap_or_default();
        let message = format!("The setting `{name}` is missing. {help}");
        findings.push(Finding::error("missing_field", pointer(name), message.trim_end()));
    }
    for (name, value) in written {
        if let Some(field) = field(schema, name) {
            findings.extend(check_value(schema, field, value, name, &pointer(name)));
        }
    }
    findings
}

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

fn field<'a>(schema: &'a Json, name: &str) -> Option<&'a Json> {
    schema.get("properties")?.get(name)
}

fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn resolved<'a>(root: &'a Json, field: &'a Json) -> &'a Json {
    let name = field.get("$ref").and_then(Json::as_str).and_then(|at| at.strip_prefix("#/$defs/"));
    name.and_then(|name| root.get("$defs")?.get(name)).unwrap_or(field)
}

fn check_value(root: &Json, field: &Json, value: &Json, name: &str, at: &str) -> Vec<Finding> {
    let finding = |code: &str, message: String| vec![Finding::error(code, at, message)];
    if let Some(words) = words(root, field) {
        let hint = value.as_str().map(|written| did_you_mean(written, words.iter().copied())).unwrap_or_default();
        return match value.as_str().is_some_and(|written| words.contains(&written)) {
            true => Vec::new(),
            false => finding("not_one_of", format!("`{name}` takes {}, not {}.{hint}", listed(&words), shown(value))),
        };
    }
    let field = resolved(root, field);
    match (field.get("type").and_then(Json::as_str), value) {
        (Some("string"), Json::String(text)) => length(field, text, name, at).into_iter().collect(),
        (Some("string"), other) => finding("wrong_type", format!("`{name}` takes text, not {}.", shown(other))),
        (Some("array"), Json::Array(items)) => list(root, field, items, name, at),
        (Some("array"), other) => finding("wrong_type", format!("`{name}` takes a list, not {}.", shown(other))),
        _ => Vec::new(),
    }
}

fn length(field: &Json, text: &str, name: &str, at: &str) -> Option<Finding> {
    let bound = |word| field.get(word).and_then(Json::as_u64);
    let chars = text.trim().chars().count() as u64;
    if bound("minLength").is_some_and(|min| chars < min) {
        return Some(Finding::error("too_short", at, format!("`{name}` is empty. Write something.")));
    }
    let max = bound("maxLength").filter(|max| chars > *max)?;
    let message = format!("`{name}` is {chars} characters long; {max} are allowed. Shorten it.");
    Some(Finding::error("text_too_long", at, message))
}

fn list(root: &Json, field: &Json, items: &[Json], name: &str, at: &str) -> Vec<Finding> {
    if items.is_empty() && field.get("minItems").is_some() {
        return vec![Finding::error("too_few", at, format!("`{name}` is empty. Name at least one."))];
    }
    let max = field.get("maxItems").and_then(Json::as_u64).filter(|max| items.len() as u64 > *max);
    if let Some(max) = max {
        return vec![Finding::error("too_many", at, format!("`{name}` takes at most {max}. Remove some."))];
    }
    let Some(item) = field.get("items") else { return Vec::new() };
    let checked = items.iter().enumerate();
    checked.flat_map(|(n, value)| check_value(root, item, value, name, &format!("{at}/{n}"))).collect()
}

fn listed(words: &[&str]) -> String {
    match words {
        [] => "none".to_owned(),
        [only] => format!("`{only}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        }
    }
}
