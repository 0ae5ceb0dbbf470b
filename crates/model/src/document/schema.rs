//! JSON Schemas of whole manifests, for editors, the API and the docs.

use serde_json::{Value, json};

use super::envelope::{MAX_DESCRIPTION, MAX_KEY, MAX_NAME};
use super::{Body, DocumentKind, LifeCycle};

/// The schema of a manifest of this kind: envelope and body in one.
pub fn schema(kind: DocumentKind) -> Value {
    let mut schema = Body::schema(kind).to_value();
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
