//! Reads YAML or JSON text into plain JSON values that remember their lines.
//!
//! Bounded on purpose, since the text is foreign: size, depth, number of values; aliases are refused, so nothing
//! expands. YAML follows the 1.2 core schema: only `true`/`false`, `null` and numbers are not text, so `09:00`, dates
//! and `no` stay what was written.

mod json;
mod yaml;

use std::collections::HashMap;

use serde_json::Value;

use crate::finding::Finding;

/// Largest text that is read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// Most values (fields, items) in one text.
pub const MAX_VALUES: usize = 1_000_000;

/// A value together with the line on which each of its parts was written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Positioned {
    /// The value.
    pub value: Value,
    /// JSON pointer → line, starting at 1.
    pub lines: HashMap<String, u32>,
}

impl Positioned {
    /// The line of `pointer`, or of the nearest part around it that exists.
    pub fn line(&self, pointer: &str) -> Option<u32> {
        line_of(&self.lines, pointer)
    }
}

/// The line of `pointer`, or of the nearest part around it that exists.
pub(crate) fn line_of(lines: &HashMap<String, u32>, pointer: &str) -> Option<u32> {
    let mut at = pointer;
    loop {
        if let Some(line) = lines.get(at) {
            return Some(*line);
        }
        at = at.rsplit_once('/')?.0;
    }
}

/// Reads every document in `text`. Findings carry `file` and their line; the documents before a fatal one are kept.
pub fn read(text: &str, file: &str) -> (Vec<Positioned>, Vec<Finding>) {
    if text.len() > MAX_BYTES {
        let message = format!("The text is larger than {} MiB. Split it into several files.", MAX_BYTES / 1024 / 1024);
        return (
            Vec::new(),
            vec![Finding { file: Some(file.to_owned()), ..Finding::error("text_too_large", "", message) }],
        );
    }
    // A byte order mark is no content.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (documents, mut findings) = if looks_like_json(text, file) { json::read(text) } else { yaml::read(text) };
    for finding in &mut findings {
        finding.file = Some(file.to_owned());
    }
    (documents, findings)
}

/// Fills in file and line of what was found in a document, by its pointers.
pub fn attach_lines(findings: &mut [Finding], document: &Positioned, file: &str) {
    for finding in findings {
        finding.file = Some(file.to_owned());
        finding.line = document.line(&finding.pointer);
    }
}

/// YAML takes most JSON, but not tabs everywhere nor surrogate escapes; so whole JSON goes its own way.
fn looks_like_json(text: &str, file: &str) -> bool {
    file.ends_with(".json")
        || (text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

fn error_at(line: usize, code: &str, pointer: &str, message: impl Into<String>) -> Finding {
    Finding { line: u32::try_from(line).ok(), ..Finding::error(code, pointer, message) }
}

/// One step of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
