//! Checks a value against the JSON Schema of its type and says everything that is wrong, in words.
//!
//! Only the schemas that our own types give are understood: objects, lists, scalars, choices by a tag, by a single
//! key, or by type. Two places have readers of their own, named by `x-reader`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::{Body, DocumentKind};
use crate::duration::Duration;
use crate::finding::Finding;
use crate::source::escaped;
use crate::suggest::did_you_mean;

/// Everything that is wrong with the body of a document of this kind.
pub(super) fn check(kind: DocumentKind, body: &Value) -> Vec<Finding> {
    check_shape(&schema_of(kind), body, "the document")
}

/// Everything that is wrong with `value`, called `name` in sentences, against the schema of one of our own types.
pub fn check_shape(schema: &Value, value: &Value, name: &str) -> Vec<Finding> {
    let mut walk = Walk { root: schema, findings: Vec::new() };
    walk.value(schema, value, &Place { pointer: String::new(), field: name.to_owned() });
    walk.findings
}

/// Schemas are made from the types once; they do not change while the process lives.
fn schema_of(kind: DocumentKind) -> Arc<Value> {
    static SCHEMAS: LazyLock<Mutex<BTreeMap<DocumentKind, Arc<Value>>>> = LazyLock::new(Mutex::default);
    let mut schemas = SCHEMAS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(schemas.entry(kind).or_insert_with(|| Arc::new(Body::schema(kind))))
}

/// What a value is, for sentences.
pub(super) fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// Where the walk stands.
struct Place {
    pointer: String,
    /// The field's name, or that of the list it is an item of.
    field: String,
}

impl Place {
    fn field(&self, name: &str) -> Self {
        Self { pointer: format!("{}/{}", self.pointer, escaped(name)), field: format!("`{name}`") }
    }

    fn item(&self, n: usize) -> Self {
        Self { pointer: format!("{}/{n}", self.pointer), field: self.field.clone() }
    }
}

/// Names of settings that hold secrets with every system that we know.
const SECRET_NAMES: [&str; 10] = [
    "authorization",
    "password",
    "secret",
    "client_secret",
    "auth_token",
    "access_token",
    "api_key",
    "api_token",
    "private_key",
    "token",
];

/// Nobody reads more mistakes in one document, and foreign text may hold a million.
const MAX_FINDINGS: usize = 500;

struct Walk<'a> {
    root: &'a Value,
    findings: Vec<Finding>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, schema: &'a Value, value: &Value, at: &Place) {
        if self.findings.len() >= MAX_FINDINGS {
            return;
        }
        // The name of a reader stands beside the reference, not behind it.
        if let Some(reader) = schema.get("x-reader").and_then(Value::as_str) {
            if !(value.is_null() && types(schema).contains(&"null")) {
                self.read_specially(reader, value, at);
            }
            return;
        }
        let schema = self.resolve(schema);
        if let Some(choices) = choices(schema) {
            return self.choice(&choices, value, at);
        }
        if let Some(allowed) = words(schema) {
            return self.one_of_words(&allowed, value, at);
        }
        if !self.has_type(schema, value, at) {
            return;
        }
        match value {
            Value::Object(fields) => self.object(schema, fields, at),
            Value::Array(items) => self.list(schema, items, at),
            Value::String(text) => self.text(schema, text, at),
            Value::Number(_) => self.number(schema, value, at),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        // Our schemas do not refer in circles without a value in between; the bound costs nothing.
        for _ in 0..16 {
            let Some(path) = schema.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix('#')) else {
                break;
            };
            let Some(target) = self.root.pointer(path) else { break };
            schema = target;
        }
        schema
    }

    fn error(&mut self, code: &str, at: &Place, message: impl Into<String>) {
        self.findings.push(Finding::error(code, &at.pointer, message));
    }

    fn has_type(&mut self, schema: &Value, value: &Value, at: &Place) -> bool {
        let types = types(schema);
        if types.is_empty() || types.iter().any(|name| is_of(name, value)) {
            return true;
        }
        let expected =
            types.iter().filter(|name| **name != "null").map(|name| in_words(name)).collect::<Vec<_>>().join(" or ");
        let got = match value {
            Value::String(text) if text.chars().count() <= 40 => format!("`{text}`"),
            Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
            other => what(other).to_owned(),
        };
        self.error("wrong_type", at, format!("{} must be {expected}, not {got}.", start_of_sentence(&at.field)));
        false
    }

    fn object(&mut self, schema: &'a Value, fields: &Map<String, Value>, at: &Place) {
        let empty = Map::new();
        let known = schema.get("properties").and_then(Value::as_object);
        let known_or_none = known.unwrap_or(&empty);
        for name in required(schema).filter(|name| !fields.contains_key(*name)) {
            let place = at.field(name);
            let help =
                known.and_then(|it| it.get(name)).and_then(|it| description(self.resolve(it))).unwrap_or_default();
            self.error("missing_field", &place, format!("`{name}` is missing.{help}"));
        }
        let rest = schema.get("additionalProperties");
        for (name, value) in fields {
            if self.findings.len() >= MAX_FINDINGS {
                break;
            }
            let place = at.field(name);
            match (known.and_then(|it| it.get(name)), rest) {
                (Some(property), _) => self.value(property, value, &place),
                (None, Some(Value::Bool(false))) => {
                    let missing = known_or_none.keys().map(String::as_str).filter(|it| !fields.contains_key(*it));
                    let hint = did_you_mean(name, missing);
                    self.error("unknown_field", &place, format!("There is no field `{name}` here.{hint}"));
                }
                (None, Some(other)) if other.is_object() => self.value(other, value, &place),
                (None, _) => {}
            }
        }
        if let Some(max) = schema.get("maxProperties").and_then(Value::as_u64).filter(|max| fields.len() as u64 > *max)
        {
            self.error(
                "too_many",
                at,
                format!("{} has {} entries; {max} are allowed.", start_of_sentence(&at.field), fields.len()),
            );
        }
    }

    fn list(&mut self, schema: &'a Value, items: &[Value], at: &Place) {
        let bound = |name| schema.get(name).and_then(Value::as_u64);
        let count = items.len() as u64;
        let field = start_of_sentence(&at.field);
        if let Some(min) = bound("minItems").filter(|min| count < *min) {
            let message = match (count, min) {
                (0, 1) => format!("{field} is empty. Add at least one."),
                _ => format!("{field} has {count} entries; at least {min} must be there."),
            };
            self.error("too_few", at, message);
        }
        if let Some(max) = bound("maxItems").filter(|max| count > *max) {
            self.error("too_many", at, format!("{field} has {count} entries; {max} are allowed."));
        }
        if let Some(item) = schema.get("items") {
            for (n, value) in items.iter().enumerate() {
                self.value(item, value, &at.item(n));
            }
        }
    }

    fn text(&mut self, schema: &Value, text: &str, at: &Place) {
        let bound = |name| schema.get(name).and_then(Value::as_u64);
        let count = text.chars().count() as u64;
        let field = start_of_sentence(&at.field);
        if bound("minLength").is_some_and(|min| count < min) {
            self.error("too_short", at, format!("{field} is empty. Write something."));
        }
        if let Some(max) = bound("maxLength").filter(|max| count > *max) {
            self.error("too_long", at, format!("{field} is {count} characters long; {max} are allowed. Shorten it."));
        }
        if schema.get("format").and_then(Value::as_str) == Some("date-time") && text.parse::<jiff::Timestamp>().is_err()
        {
            self.error("bad_time", at, format!("`{text}` is no date and time. Write it like `2026-12-01T09:00:00Z`."));
        }
    }

    fn number(&mut self, schema: &Value, value: &Value, at: &Place) {
        let bound = |name| schema.get(name).and_then(Value::as_f64);
        let Some(number) = value.as_f64() else { return };
        let (min, max) = (bound("minimum"), bound("maximum"));
        if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
            let range = match (min, max) {
                (Some(min), Some(max)) => format!("from {min} to {max}"),
                (Some(min), None) => format!("{min} or more"),
                _ => format!("{} or less", max.unwrap_or_default()),
            };
            self.error("out_of_range", at, format!("{} must be {range}, not {value}.", start_of_sentence(&at.field)));
        }
    }

    fn one_of_words(&mut self, allowed: &[&str], value: &Value, at: &Place) {
        let written = value.as_str();
        if written.is_some_and(|it| allowed.contains(&it)) {
            return;
        }
        let listed = allowed.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        let got = written.map_or_else(|| what(value).to_owned(), |it| format!("`{it}`"));
        let hint = written.map(|it| did_you_mean(it, allowed.iter().copied())).unwrap_or_default();
        let field = start_of_sentence(&at.field);
        self.error("not_one_of", at, format!("{field} must be one of {listed}, not {got}.{hint}"));
    }

    fn choice(&mut self, choices: &[&'a Value], value: &Value, at: &Place) {
        let choices: Vec<&'a Value> = choices.iter().map(|it| self.resolve(it)).collect();
        let nullable = choices.iter().any(|it| types(it) == ["null"]);
        let choices: Vec<&'a Value> = choices.into_iter().filter(|it| types(it) != ["null"]).collect();
        if nullable && value.is_null() {
            return;
        }
        if let [only] = choices.as_slice() {
            return self.value(only, value, at);
        }
        if let Some(by_tag) = tagged(&choices) {
            return self.tagged(&by_tag, value, at);
        }
        if let Some(by_key) = keyed(&choices) {
            return self.keyed(&by_key, value, at);
        }
        // By type; ours are disjoint.
        match choices.iter().find(|it| types(it).iter().any(|name| is_of(name, value))) {
            Some(fitting) => self.value(fitting, value, at),
            None => {
                let expected = choices.iter().flat_map(|it| types(it)).map(in_words).collect::<Vec<_>>().join(" or ");
                let field = start_of_sentence(&at.field);
                self.error("wrong_type", at, format!("{field} must be {expected}, not {}.", what(value)));
            }
        }
    }

    /// A mapping whose field says which one it is (`type: wait`).
    fn tagged(&mut self, choices: &Tagged<'a>, value: &Value, at: &Place) {
        let (tag, by_word) = choices;
        let Some(fields) = value.as_object() else {
            return self.error(
                "wrong_type",
                at,
                format!("{} must be a mapping, not {}.", start_of_sentence(&at.field), what(value)),
            );
        };
        let words: Vec<&str> = by_word.iter().map(|(word, _)| *word).collect();
        let Some(written) = fields.get(*tag) else {
            let listed = words.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
            return self.error("missing_field", &at.field(tag), format!("`{tag}` is missing. Write one of {listed}."));
        };
        match by_word.iter().find(|(word, _)| Some(*word) == written.as_str()) {
            Some((_, schema)) => self.object(schema, fields, at),
            None => self.one_of_words(&words, written, &at.field(tag)),
        }
    }

    /// A mapping with exactly one field, which says which one it is (`{account_list: KEY}`).
    fn keyed(&mut self, by_key: &[(&'a str, &'a Value)], value: &Value, at: &Place) {
        let listed = by_key.iter().map(|(key, _)| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let Some(fields) = value.as_object() else {
            let field = start_of_sentence(&at.field);
            return self.error(
                "wrong_type",
                at,
                format!("{field} must be a mapping with one of {listed}, not {}.", what(value)),
            );
        };
        for name in fields.keys().filter(|name| !by_key.iter().any(|(key, _)| key == name)) {
            let hint = did_you_mean(name, by_key.iter().map(|(key, _)| *key));
            self.error(
                "unknown_field",
                &at.field(name),
                format!("There is no field `{name}` here; write one of {listed}.{hint}"),
            );
        }
        let written: Vec<_> =
            by_key.iter().filter_map(|(key, schema)| Some((key, schema, fields.get(*key)?))).collect();
        match written.as_slice() {
            [(key, schema, inner)] => self.value(schema, inner, &at.field(key)),
            [] if !fields.is_empty() => {}
            _ => {
                let field = start_of_sentence(&at.field);
                self.error("not_exactly_one", at, format!("{field} takes exactly one of {listed}. Keep one of them."));
            }
        }
    }

    fn read_specially(&mut self, reader: &str, value: &Value, at: &Place) {
        match reader {
            "duration" => match value.as_str().map(str::parse::<Duration>) {
                Some(Ok(_)) => {}
                Some(Err(error)) => self.error("bad_duration", at, format!("{error}.")),
                None => {
                    let message = format!(
                        "{} must be a duration like `30m`, `4h`, `3d`, `2w` or `1mo`, not {}.",
                        start_of_sentence(&at.field),
                        what(value)
                    );
                    self.error("bad_duration", at, message);
                }
            },
            "secrets" => self.secrets(value, at),
            "settings" => self.settings(value, at),
            // Conditions have a reader of their own, which needs the installation's attributes.
            _ => {
                if !value.is_object() {
                    let message =
                        format!("{} must be a mapping with a test, not {}.", start_of_sentence(&at.field), what(value));
                    self.error("wrong_type", at, message);
                }
            }
        }
    }

    /// Free fields that the connector types; but none may be a secret.
    fn settings(&mut self, value: &Value, at: &Place) {
        let Some(settings) = value.as_object() else {
            let field = start_of_sentence(&at.field);
            return self.error("wrong_type", at, format!("{field} must be a mapping, not {}.", what(value)));
        };
        for name in settings.keys().filter(|name| SECRET_NAMES.contains(&name.to_ascii_lowercase().as_str())) {
            let message = format!(
                "`{name}` is a secret and never stands in a manifest. Move it to `secrets` as `{name}: {{env: NAME}}` or `{{file: PATH}}`."
            );
            self.error("literal_secret", &at.field(name), message);
        }
    }

    /// Each is a place where the secret is found, never the secret.
    fn secrets(&mut self, value: &Value, at: &Place) {
        let Some(secrets) = value.as_object() else {
            let message = format!(
                "`secrets` must be a mapping of names to `{{env: NAME}}` or `{{file: PATH}}`, not {}.",
                what(value)
            );
            return self.error("wrong_type", at, message);
        };
        for (name, secret) in secrets {
            let place = at.field(name);
            let one = secret.as_object().filter(|it| it.len() == 1).and_then(|it| it.iter().next());
            match one {
                Some((key, Value::String(target))) if matches!(key.as_str(), "env" | "file") && !target.is_empty() => {}
                // The value is not repeated, since it may be the secret.
                _ if secret.is_object() => {
                    let message =
                        format!("`{name}` must say where the secret is: `{{env: NAME}}` or `{{file: PATH}}`.");
                    self.error("bad_secret", &place, message);
                }
                _ => {
                    let message = format!(
                        "`{name}` is written out, and a secret never stands in a manifest. Write `{{env: NAME}}` or `{{file: PATH}}`."
                    );
                    self.error("literal_secret", &place, message);
                }
            }
        }
    }
}

/// Which field tells the choices apart, and the choice for each of its words.
type Tagged<'a> = (&'a str, Vec<(&'a str, &'a Value)>);

/// The alternatives of a schema, unless they are plain words.
fn choices(schema: &Value) -> Option<Vec<&Value>> {
    let list = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    (words(schema).is_none()).then(|| list.iter().collect())
}

/// The words of an enumeration.
fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(word) = schema.get("const") {
        return word.as_str().map(|word| vec![word]);
    }
    if let Some(list) = schema.get("enum").and_then(Value::as_array) {
        return list.iter().map(Value::as_str).collect();
    }
    let list = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    let nested: Option<Vec<Vec<&str>>> = list.iter().map(words).collect();
    nested.map(|it| it.into_iter().flatten().collect())
}

fn tagged<'a>(choices: &[&'a Value]) -> Option<Tagged<'a>> {
    let first = choices.first()?.get("properties")?.as_object()?;
    let tag = first.iter().find(|(_, property)| property.get("const").is_some())?.0.as_str();
    let word = |schema: &&'a Value| Some((schema.get("properties")?.get(tag)?.get("const")?.as_str()?, *schema));
    let by_word: Option<Vec<_>> = choices.iter().map(word).collect();
    Some((tag, by_word?))
}

fn keyed<'a>(choices: &[&'a Value]) -> Option<Vec<(&'a str, &'a Value)>> {
    let one = |schema: &&'a Value| {
        let properties = schema.get("properties")?.as_object()?;
        let (key, inner) = properties.iter().next().filter(|_| properties.len() == 1)?;
        Some((key.as_str(), inner))
    };
    choices.iter().map(one).collect()
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => true,
    }
}

fn in_words(name: &str) -> &str {
    match name {
        "object" => "a mapping",
        "array" => "a list",
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        other => other,
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The first sentence of a field's help, which says what belongs there.
fn description(schema: &Value) -> Option<String> {
    let text = schema.get("description")?.as_str()?;
    let first = text.split("\n\n").next().unwrap_or(text).replace('\n', " ");
    let mut letters = first.chars();
    let small: String = letters.next().map(|it| it.to_lowercase().chain(letters).collect()).unwrap_or_default();
    Some(format!(" Add it: {small}"))
}

fn start_of_sentence(field: &str) -> String {
    let mut letters = field.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
