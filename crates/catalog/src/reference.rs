//! The reference page of the actions, written from the registry.

use std::fmt::Write;

use caravan_model::document::DocumentKind;
use serde_json::Value as Json;

use crate::action::{ActionKind, Subjects};
use crate::registry::ACTIONS;
use crate::settings::{self, REFERENCE};

/// `docs/reference/actions.md`: what each action does, takes and answers.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Actions\n\nWhat the action nodes of a journey, and the actions inside a people box, can do. Written from the \
         catalogue; do not edit by hand.\n\n| Action | Name on the map | Acts on | In person journeys |\n|---|---|---|---|\n",
    );
    for action in ACTIONS {
        let facts = action.facts();
        let (key, label, whom) = (facts.key, facts.label, whom(facts.subject));
        let there = if facts.in_person_journeys { "yes" } else { "no" };
        let _ = writeln!(page, "| [`{key}`](#{key}) | {label} | {whom} | {there} |");
    }
    for action in ACTIONS {
        section(&mut page, *action);
    }
    page
}

fn whom(subject: Subjects) -> &'static str {
    match subject {
        Subjects::Account => "the account",
        Subjects::People => "each person",
    }
}

fn section(page: &mut String, action: &dyn ActionKind) {
    let facts = action.facts();
    let _ = write!(page, "\n## `{}`\n\n**{}.** {}\n", facts.key, facts.label, facts.description);
    let schema = action.schema();
    let required: Vec<&str> = settings::required(schema.as_value()).collect();
    page.push_str("\n| Setting | Takes | |\n|---|---|---|\n");
    for (name, field) in settings::fields(schema.as_value()) {
        let optional = if required.contains(&name) { "" } else { " (optional)" };
        let help = field.get("description").and_then(Json::as_str).unwrap_or_default().replace('\n', " ");
        let _ = writeln!(page, "| `{name}`{optional} | {} | {help} |", takes(schema.as_value(), field));
    }
    let example = serde_json::to_string(&action.example()).unwrap_or_default();
    let _ = write!(page, "\nExample settings: `{example}`\n\n");
    page.push_str(match facts.leaves {
        true => "Outcomes: `pending` while it is on its way, then `done`, `skipped`, `failed` or `in_doubt`.\n",
        false => "Outcome: `done`.\n",
    });
    if facts.reasons.is_empty() {
        return;
    }
    page.push_str("\n| `no_op` | Why |\n|---|---|\n");
    for (code, sentence) in facts.reasons {
        let _ = writeln!(page, "| `{code}` | {sentence} |");
    }
}

/// What a field takes, in words.
fn takes(schema: &Json, field: &Json) -> String {
    if let Some(kind) = field.get(REFERENCE).and_then(Json::as_str).and_then(DocumentKind::from_key) {
        let what = if kind == DocumentKind::Role { "name" } else { "key" };
        return format!("{what} of kind `{}`", kind.key());
    }
    if let Some(subject) = field.get(crate::settings::ATTRIBUTE).and_then(Json::as_str) {
        return format!("{subject} attribute");
    }
    if let Some(words) = settings::words(schema, field) {
        return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    let types = match field.get("type") {
        Some(Json::String(one)) => vec![one.as_str()],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).filter(|it| *it != "null").collect(),
        _ => Vec::new(),
    };
    match types.as_slice() {
        ["string"] => "text".to_owned(),
        ["array"] => "list of texts".to_owned(),
        _ => "a value of the attribute's type".to_owned(),
    }
}
