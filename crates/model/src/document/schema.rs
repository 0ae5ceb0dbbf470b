//! JSON Schemas of whole manifests, for editors, the API and the docs.

use serde_json::{Map, Value, json};

use super::envelope::{MAX_DESCRIPTION, MAX_KEY, MAX_NAME};
use super::{Body, DocumentKind, LifeCycle};

/// The schema of a manifest of this kind: envelope and body in one.
pub fn schema(kind: DocumentKind) -> Value {
    let mut schema = Body::schema(kind);
    let mut envelope = json!({
        "kind": {"const": kind.key()},
        "key": {"type": "string", "maxLength": MAX_KEY, "description": "Unique in its kind; never changes."},
        "name": {"type": "string", "maxLength": MAX_NAME, "description": "What people read; the key in words when left out."},
        "description": {"type": "string", "maxLength": MAX_DESCRIPTION, "description": "What it is for."},
    });
    if kind.life_cycle() == LifeCycle::Publish {
        envelope["state"] = json!({"enum": ["draft", "live"], "description": "`live` publishes on apply."});
    }
    let Some(object) = schema.as_object_mut() else { return schema };
    object.insert("title".to_owned(), kind.label().into());
    if let Some(properties) = object.entry("properties").or_insert_with(|| json!({})).as_object_mut()
        && let Value::Object(envelope) = envelope
    {
        let body = std::mem::take(properties);
        properties.extend(envelope);
        properties.extend(body);
    }
    if let Some(required) = object.entry("required").or_insert_with(|| json!([])).as_array_mut() {
        required.insert(0, "kind".into());
        required.insert(1, "key".into());
    }
    schema
}

/// Choices by a tag come as the tag beside a reference to the rest. A closed rest would refuse its own tag, so the two
/// are made one.
pub(super) fn with_tags_inside(mut schema: Value) -> Value {
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    merge_tags(&mut schema, &definitions);
    schema
}

fn merge_tags(schema: &mut Value, definitions: &Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| merge_tags(item, definitions)),
        Value::Object(fields) => {
            if fields.contains_key("properties") {
                merge_reference(fields, definitions);
            }
            fields.values_mut().for_each(|value| merge_tags(value, definitions));
        }
        _ => {}
    }
}

fn merge_reference(fields: &mut Map<String, Value>, definitions: &Value) {
    let name = fields.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix("#/$defs/"));
    let Some(Value::Object(mut rest)) = name.and_then(|name| definitions.get(name)).cloned() else { return };
    fields.shift_remove("$ref");
    for part in ["properties", "required"] {
        match (fields.get_mut(part), rest.shift_remove(part)) {
            (Some(Value::Object(own)), Some(Value::Object(others))) => own.extend(others),
            (Some(Value::Array(own)), Some(Value::Array(others))) => own.extend(others),
            (None, Some(others)) => {
                fields.insert(part.to_owned(), others);
            }
            _ => {}
        }
    }
    for (key, value) in rest {
        fields.entry(key).or_insert(value);
    }
}
