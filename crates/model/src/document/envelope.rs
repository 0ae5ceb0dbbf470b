//! What every document carries, whatever its kind.

use std::collections::HashMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Body, DocumentKind, KeyForm, LifeCycle};
use crate::finding::Finding;

/// Longest key, name and description, in characters.
pub(super) const MAX_KEY: usize = 100;
pub(super) const MAX_NAME: usize = 100;
pub(super) const MAX_DESCRIPTION: usize = 300;

/// What a manifest may say about a document's state. A journey's further states are the runtime's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    /// In work.
    Draft,
    /// Published on apply.
    Live,
}

/// What every document carries beside its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// What it is.
    pub kind: DocumentKind,
    /// Unique in its kind; never changes.
    pub key: String,
    /// What people read; the key in words when it was left out.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Only in kinds that are published; left out: as it is, or `draft` when new.
    pub state: Option<DocumentState>,
}

impl Envelope {
    /// What is wrong, where findings with these codes are what a draft may still lack and what is published may not.
    pub(super) fn judged(&self, findings: Vec<Finding>, unfinished: &[&str]) -> Vec<Finding> {
        let may_lack =
            |finding: &Finding| self.state != Some(DocumentState::Live) && unfinished.contains(&finding.code.as_str());
        let judge = |finding: Finding| match may_lack(&finding) {
            true => Finding::warning(finding.code, finding.pointer, finding.message),
            false => finding,
        };
        findings.into_iter().map(judge).collect()
    }
}

/// Where a document was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: String,
    /// JSON pointer → line.
    pub lines: HashMap<String, u32>,
}

/// Something that a person designed.
#[derive(Debug, Clone)]
pub struct Document {
    /// What it carries beside its body.
    pub envelope: Envelope,
    /// What it says.
    pub body: Body,
    /// Where it was read from, when from a file.
    pub origin: Option<Arc<Origin>>,
}

/// Two documents are equal when they say the same, wherever they were read from.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.envelope == other.envelope && self.body == other.body
    }
}

impl Document {
    /// What it is.
    pub fn kind(&self) -> DocumentKind {
        self.envelope.kind
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.envelope.key
    }

    /// The manifest as JSON, fields in canonical order. Reading it back gives the same document.
    ///
    /// # Errors
    /// A value that JSON cannot hold; no document that was read has one.
    pub fn to_value(&self) -> Result<Value, serde_json::Error> {
        let Envelope { kind, key, name, description, state } = &self.envelope;
        let mut whole = Map::new();
        whole.insert("kind".to_owned(), kind.key().into());
        whole.insert("key".to_owned(), key.as_str().into());
        if *name != default_name(key) {
            whole.insert("name".to_owned(), name.as_str().into());
        }
        if let Some(description) = description {
            whole.insert("description".to_owned(), description.as_str().into());
        }
        whole.extend(self.body.fields()?);
        if let Some(state) = state {
            whole.insert("state".to_owned(), serde_json::to_value(state)?);
        }
        Ok(Value::Object(whole))
    }

    /// The manifest as YAML, fields in canonical order.
    ///
    /// # Errors
    /// As [`Document::to_value`].
    pub fn to_yaml(&self) -> Result<String, serde_json::Error> {
        Ok(super::to_yaml(&self.to_value()?))
    }

    /// Fills in where in its file the findings about this document are.
    pub fn locate(&self, findings: &mut [Finding]) {
        let Some(origin) = &self.origin else { return };
        for finding in findings {
            finding.line = crate::source::line_of(&origin.lines, &finding.pointer);
            finding.file = Some(origin.file.clone());
        }
    }
}

/// `hand-picked` → `Hand picked`.
pub(super) fn default_name(key: &str) -> String {
    let words = key.replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Takes the envelope's fields out of `fields`; none when there is no telling what the document is.
pub(super) fn take(fields: &mut Map<String, Value>, findings: &mut Vec<Finding>) -> Option<Envelope> {
    let kind = take_kind(fields, findings);
    let key = match kind {
        Some(DocumentKind::Settings) if !fields.contains_key("key") => Some("settings".to_owned()),
        _ => take_text(fields, "key", MAX_KEY, findings),
    };
    if key.is_none() && !findings.iter().any(|it| it.pointer == "/key") {
        findings.push(Finding::error(
            "missing_field",
            "/key",
            "The document has no key. Write `key:` with a name of its own.",
        ));
    }
    let name = take_text(fields, "name", MAX_NAME, findings);
    let description = take_text(fields, "description", MAX_DESCRIPTION, findings);
    let kind = kind?;
    let state = take_state(kind, fields, findings);
    let key = key.filter(|key| !key.is_empty());
    if let Some(key) = &key {
        findings.extend(key_form(kind, key));
    }
    let key = key?;
    let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| default_name(&key));
    Some(Envelope { kind, key, name, description, state })
}

fn take_kind(fields: &mut Map<String, Value>, findings: &mut Vec<Finding>) -> Option<DocumentKind> {
    let Some(written) = take_text(fields, "kind", MAX_KEY, findings) else {
        if !findings.iter().any(|it| it.pointer == "/kind") {
            let message = "The document does not say what it is. Write `kind:`, such as `kind: journey`.";
            findings.push(Finding::error("missing_field", "/kind", message));
        }
        return None;
    };
    let kind = DocumentKind::from_key(&written);
    if kind.is_none() {
        let hint = crate::suggest::did_you_mean(&written, super::KINDS.iter().map(|kind| kind.key()));
        let message = format!("There is no kind `{written}`.{hint}");
        findings.push(Finding::error("unknown_kind", "/kind", message));
    }
    kind
}

fn take_text(fields: &mut Map<String, Value>, field: &str, max: usize, findings: &mut Vec<Finding>) -> Option<String> {
    match fields.shift_remove(field)? {
        Value::String(text) => {
            if text.chars().count() > max {
                let message = format!("`{field}` is longer than {max} characters. Shorten it.");
                findings.push(Finding::error("too_long", format!("/{field}"), message));
            }
            Some(text)
        }
        other => {
            let message = format!("`{field}` must be text, not {}.", super::shape::what(&other));
            findings.push(Finding::error("wrong_type", format!("/{field}"), message));
            None
        }
    }
}

fn take_state(
    kind: DocumentKind,
    fields: &mut Map<String, Value>,
    findings: &mut Vec<Finding>,
) -> Option<DocumentState> {
    let written = take_text(fields, "state", MAX_KEY, findings)?;
    let state = match written.as_str() {
        "draft" => DocumentState::Draft,
        "live" => DocumentState::Live,
        _ => {
            let message = format!("`{written}` is no state that can be applied. Write `draft` or `live`.");
            findings.push(Finding::error("not_one_of", "/state", message));
            return None;
        }
    };
    let refused = match kind.life_cycle() {
        LifeCycle::Plain => Some(format!("Documents of kind `{kind}` have no states. Remove `state`.")),
        LifeCycle::Journey if state == DocumentState::Live => {
            Some("A journey is applied as a draft; `caravan journey publish` starts it. Remove `state`.".to_owned())
        }
        LifeCycle::Journey | LifeCycle::Publish => None,
    };
    if let Some(message) = refused {
        findings.push(Finding::error("no_such_state", "/state", message));
        return None;
    }
    Some(state)
}

fn key_form(kind: DocumentKind, key: &str) -> Option<Finding> {
    let (underscore, form) = match kind.key_form() {
        KeyForm::Kebab => (false, "small letters, digits and single `-` between them, like `enterprise-nurture`"),
        KeyForm::Identifier => (true, "small letters, digits, `_` and `-`, beginning with a letter, like `crm_tier`"),
    };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (underscore && c == '_');
    let edges = |c: char| c.is_ascii_lowercase() || (c.is_ascii_digit() && !underscore);
    let good = key.chars().all(allowed)
        && key.starts_with(edges)
        && key.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && !key.contains("--");
    (!good).then(|| Finding::error("bad_key", "/key", format!("`{key}` is not a key of this kind. Write {form}.")))
}
