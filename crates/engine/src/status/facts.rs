//! Lines of a card: what a setting is called, and its value in words.

use caravan_model::document::DocumentKind;
use serde_json::{Map, Value as Json};

use super::MapFact;

/// What things are called.
pub trait Names {
    /// A definition by its key.
    fn name_of(&self, kind: DocumentKind, key: &str) -> String;
}

/// An action's settings: what they name by its name, a choice as a word, the rest as it is written.
pub fn of_action(key: &str, settings: &Map<String, Json>, names: &impl Names) -> Vec<MapFact> {
    let schema = caravan_catalog::action(key).map(|action| Json::from(action.schema())).unwrap_or_default();
    let told = |(field, value): (&String, &Json)| {
        let asked = resolved(&schema, schema.pointer(&format!("/properties/{field}")));
        let kind = asked.and_then(|it| it.get("x-reference")).and_then(Json::as_str).and_then(DocumentKind::from_key);
        let words = match (kind, value) {
            (Some(kind), Json::String(key)) => names.name_of(kind, key),
            (None, Json::String(word)) if asked.is_some_and(is_choice) => in_words(word),
            _ => value_in_words(value),
        };
        fact(&in_words(field), words)
    };
    settings.iter().map(told).collect()
}

/// A line.
pub fn fact(label: &str, value: String) -> MapFact {
    MapFact { label: label.to_owned(), value }
}

/// The schema of a field behind its reference, and without the `null` of what may be left out.
fn resolved<'a>(root: &'a Json, asked: Option<&'a Json>) -> Option<&'a Json> {
    let asked = asked?;
    let one =
        asked.get("anyOf").and_then(Json::as_array).and_then(|parts| parts.iter().find(|it| it["type"] != "null"));
    match one.unwrap_or(asked).get("$ref").and_then(Json::as_str) {
        Some(reference) => root.pointer(reference.trim_start_matches('#')),
        None => Some(one.unwrap_or(asked)),
    }
}

/// Whether it takes only some words.
fn is_choice(asked: &Json) -> bool {
    let parts = asked.get("oneOf").and_then(Json::as_array);
    asked.get("enum").is_some()
        || parts.is_some_and(|parts| parts.iter().all(|part| part.get("const").or(part.get("enum")).is_some()))
}

fn value_in_words(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(all) => all.iter().map(value_in_words).collect::<Vec<_>>().join(", "),
        Json::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}

/// `marketo_email` → `Marketo email`.
pub fn in_words(key: &str) -> String {
    if key == "sms" {
        return "SMS".to_owned();
    }
    let words = key.replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Shouted;

    impl Names for Shouted {
        fn name_of(&self, _: DocumentKind, key: &str) -> String {
            key.to_uppercase()
        }
    }

    fn told(action: &str, settings: Json) -> Vec<String> {
        let lines = of_action(action, settings.as_object().expect("an object"), &Shouted);
        lines.into_iter().map(|line| format!("{}: {}", line.label, line.value)).collect()
    }

    #[test]
    fn settings_are_told_by_name_and_choices_as_words() {
        assert_eq!(told("send_email", json!({"email": "welcome"})), ["Email: WELCOME"]);
        let moment = json!({"moment": "email", "description": "email"});
        assert_eq!(told("person_interesting_moment", moment), ["Moment: Email", "Description: email"]);
    }
}
