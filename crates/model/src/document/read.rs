//! From text to documents, with every mistake at once.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Body, Document, DocumentKind, Origin, envelope, shape};
use crate::finding::Finding;
use crate::source::{self, Positioned};

/// Reads every document in `text`, YAML or JSON. Findings carry `file` and line; a document with an error is left out.
///
/// A journey may be an unfinished draft here; what stands against publishing it is found by `Journey::check`.
pub fn read_documents(text: &str, file: &str) -> (Vec<Document>, Vec<Finding>) {
    let (parts, mut findings) = source::read(text, file);
    let mut documents: Vec<Document> = Vec::new();
    let mut seen: HashMap<(DocumentKind, String), Option<u32>> = HashMap::new();
    for Positioned { value, lines } in parts.into_iter().flat_map(one_by_one) {
        let origin = Arc::new(Origin { file: file.to_owned(), lines });
        let (document, mut found) = read_document(value);
        if let Some(document) = document {
            let name = (document.kind(), document.key().to_owned());
            let line = source::line_of(&origin.lines, "");
            if let Some(first) = seen.insert(name, line) {
                found.push(named_twice(&document, first));
            } else {
                documents.push(Document { origin: Some(Arc::clone(&origin)), ..document });
            }
        }
        for finding in &mut found {
            finding.line = source::line_of(&origin.lines, &finding.pointer);
            finding.file = Some(file.to_owned());
        }
        findings.extend(found);
    }
    (documents, findings)
}

/// A list at the top, as programs write several documents in JSON, stands for its documents.
fn one_by_one(part: Positioned) -> Vec<Positioned> {
    let Value::Array(items) = part.value else { return vec![part] };
    if !items.iter().all(Value::is_object) {
        return vec![Positioned { value: Value::Array(items), lines: part.lines }];
    }
    let mut documents: Vec<Positioned> =
        items.into_iter().map(|value| Positioned { value, lines: HashMap::new() }).collect();
    for (pointer, line) in part.lines {
        let mut steps = pointer.splitn(3, '/').skip(1);
        let document = steps.next().and_then(|n| n.parse::<usize>().ok()).and_then(|n| documents.get_mut(n));
        if let Some(document) = document {
            document.lines.insert(steps.next().map_or_else(String::new, |rest| format!("/{rest}")), line);
        }
    }
    documents
}

/// Reads one document from its JSON. There is none beside errors.
pub fn read_document(value: Value) -> (Option<Document>, Vec<Finding>) {
    let mut findings = Vec::new();
    let Value::Object(mut fields) = value else {
        let message =
            format!("A document is a mapping that begins with `kind` and `key`, not {}.", shape::what(&value));
        return (None, vec![Finding::error("wrong_type", "", message)]);
    };
    let kind = fields.get("kind").and_then(Value::as_str).and_then(DocumentKind::from_key);
    let envelope = envelope::take(&mut fields, &mut findings);
    let Some(kind) = kind else { return (None, findings) };
    let body = Value::Object(fields);
    findings.extend(shape::check(kind, &body));
    let body = if findings.iter().any(Finding::is_error) {
        None
    } else {
        Body::typed(kind, body).map_err(|error| findings.push(untyped(&error))).ok()
    };
    let (Some(envelope), Some(body)) = (envelope, body) else { return (None, findings) };
    findings.extend(body.check(&envelope));
    if findings.iter().any(Finding::is_error) {
        return (None, findings);
    }
    (Some(Document { envelope, body, origin: None }), findings)
}

/// What the types refuse although the shape was right: a gap in our schemas, still told in words.
fn untyped(error: &serde_json::Error) -> Finding {
    Finding::error("invalid", "", format!("This cannot be read: {error}."))
}

fn named_twice(document: &Document, first: Option<u32>) -> Finding {
    let before = first.map(|line| format!(" before, on line {line}")).unwrap_or_default();
    let message = format!(
        "The {} `{}` stands in this file{before}. Keep one of them.",
        document.kind().label().to_lowercase(),
        document.key()
    );
    Finding::error("duplicate_document", "/key", message)
}
