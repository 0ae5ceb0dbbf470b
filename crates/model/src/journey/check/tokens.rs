//! The journey's own values for messages.

use serde_json::Value;

use crate::document::is_name;
use crate::finding::Finding;
use crate::journey::Journey;

/// Longest text, in characters.
const MOST_CHARS: usize = 10_000;

pub(super) fn check(journey: &Journey) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, value) in &journey.tokens {
        let at = format!("/tokens/{}", crate::source::escaped(name));
        if !is_name(name) {
            let message = format!(
                "`{name}` is no name for templates. Write small letters, digits and `_`, beginning with a letter."
            );
            findings.push(Finding::error("bad_name", &at, message));
        }
        match value {
            Value::String(text) if text.chars().count() > MOST_CHARS => {
                let message = format!("The text of `{name}` is longer than {MOST_CHARS} characters. Shorten it.");
                findings.push(Finding::error("too_long", at, message));
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) => {}
            Value::Null | Value::Array(_) | Value::Object(_) => {
                let message = format!("`{name}` must be a text, a number, `true` or `false`.");
                findings.push(Finding::error("wrong_type", at, message));
            }
        }
    }
    findings
}
