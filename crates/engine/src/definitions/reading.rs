//! Reading manifests, and what can be told from them alone.

use caravan_catalog::Actions;
use caravan_model::Finding;
use caravan_model::document::{Document, declared_attributes, list_circles, read_document, read_documents};
use caravan_store::documents;
use jiff::Timestamp;

use super::names::Names;
use super::{DefinitionError, stored_document};
use crate::content::{self, Library};
use crate::{Engine, connections};

/// Checks manifests without a store: what can be told from the texts alone, and from where recipients reach us, where that
/// is known.
pub fn validate(texts: &[(String, String)], now: Timestamp, public_url: Option<&str>) -> Vec<Finding> {
    let (documents, mut findings) = read_all(texts);
    let (schema, found) = declared_attributes(&documents);
    findings.extend(found);
    for document in &documents {
        findings.extend(document.check_conditions(&schema));
        findings.extend(check_journey(document, now));
        findings.extend(connections::settings_findings(document));
        findings.extend(content::findings(document, &Library::of(&documents, &schema).reached_at(public_url)));
        findings.extend(content::template_locked(document));
    }
    let all: Vec<&Document> = documents.iter().collect();
    findings.extend(list_circles(&all, &all, &schema, &Actions));
    findings
}

pub(crate) fn read_all(texts: &[(String, String)]) -> (Vec<Document>, Vec<Finding>) {
    let mut documents: Vec<Document> = Vec::new();
    let mut findings = Vec::new();
    for (file, text) in texts {
        let (read, found) = read_documents(text, file);
        findings.extend(found);
        for document in read {
            let twice = documents.iter().find(|d| d.kind() == document.kind() && d.key() == document.key());
            if let Some(first) = twice {
                let elsewhere = first.origin.as_ref().map_or_else(String::new, |o| format!(" in {}", o.file));
                let message = format!(
                    "{} `{}` is defined already{elsewhere}. Keep one of the two.",
                    document.kind().label(),
                    document.key()
                );
                let mut found = [Finding::error("duplicate_document", "/key", message)];
                document.locate(&mut found);
                findings.extend(found);
            } else {
                documents.push(document);
            }
        }
    }
    (documents, findings)
}

/// What stands against the manifest of content among what is stored, as if it were applied; nothing is.
///
/// # Errors
/// The store cannot be read.
pub fn content_findings(engine: &Engine, manifest: serde_json::Value) -> Result<Vec<Finding>, DefinitionError> {
    let (document, mut found) = read_document(manifest);
    let Some(document) = document else { return Ok(found) };
    let stored: Vec<Document> = engine.store().read(documents::all)?.iter().filter_map(stored_document).collect();
    let others = stored.iter().filter(|other| other.kind() != document.kind() || other.key() != document.key());
    let all: Vec<&Document> = others.chain([&document]).collect();
    let (schema, _) = declared_attributes(all.iter().copied());
    let names = Names::of(all.clone());
    found.extend(document.check_conditions(&schema));
    found.extend(document.references(&schema, &Actions).iter().filter_map(|reference| names.unknown(reference)));
    found.extend(content::findings(&document, &Library::of(all, &schema).reached_at(engine.public_url())));
    found.extend(content::template_locked(&document));
    Ok(found)
}

/// A journey's own checks.
pub(crate) fn check_journey(document: &Document, now: Timestamp) -> Vec<Finding> {
    let Some(journey) = document.body.journey() else { return Vec::new() };
    let mut findings = journey.check(now, &Actions);
    document.locate(&mut findings);
    findings
}
