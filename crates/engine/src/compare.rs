//! What manifests would change, told in the terms of whoever wrote them. Nothing is checked against the rest and nothing
//! is changed.

use std::collections::HashMap;

use caravan_model::Finding;
use caravan_model::document::{
    Difference, Document, DocumentKind, DocumentState, Fate, LifeCycle, declared_attributes,
};
use caravan_store::StoreError;
use caravan_store::documents::{self, DocumentRow};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Engine;
use crate::definitions::{DefinitionError, Named, read_all, same, stored_document};

/// How manifests differ from what is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Comparison {
    /// Not stored yet.
    pub created: Vec<Named>,
    /// Stored, and different.
    pub changed: Vec<Changed>,
    /// As stored.
    pub unchanged: Vec<Named>,
}

/// A definition that would change.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Changed {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// What would change in it.
    pub differences: Vec<Difference>,
}

/// Compares manifests with the definitions of the same kind and key; of a journey with its draft.
///
/// # Errors
/// Mistakes in the manifests themselves.
pub fn compare(engine: &Engine, texts: &[(String, String)]) -> Result<Comparison, DefinitionError> {
    let (given, findings) = read_all(texts);
    if findings.iter().any(Finding::is_error) {
        return Err(DefinitionError::Findings(findings));
    }
    let (rows, live) = engine.store().read(|s| Ok::<_, StoreError>((documents::all(s)?, engine.live(s)?)))?;
    let known: Vec<Document> = rows.iter().filter_map(stored_document).collect();
    // Conditions are read with every attribute that either side declares.
    let told = |d: &&Document| !given.iter().any(|new| new.kind() == d.kind() && new.key() == d.key());
    let (schema, _) = declared_attributes(given.iter().chain(known.iter().filter(told)));
    let stored: HashMap<(DocumentKind, &str), &Document> = known.iter().map(|d| ((d.kind(), d.key()), d)).collect();
    let mut found = Comparison::default();
    for new in &given {
        let named = Named { kind: new.kind().key().to_owned(), key: new.key().to_owned() };
        let row = rows.iter().find(|row| row.kind == named.kind && row.key == named.key);
        match (row, stored.get(&(new.kind(), new.key()))) {
            (Some(row), Some(old)) if same(row, old, new) => found.unchanged.push(named),
            (Some(row), Some(old)) => {
                let differences =
                    old.differences(&as_applied(old, new), &schema, live.zone()).map_err(not_comparable)?;
                let differences = differences.into_iter().chain(goes_live(row, new)).collect();
                found.changed.push(Changed { kind: named.kind, key: named.key, differences });
            }
            // One that this version cannot read any more is written anew.
            _ => found.created.push(named),
        }
    }
    Ok(found)
}

/// The new document with the stored one's state, which is compared apart: leaving it out leaves it as it is.
fn as_applied(old: &Document, new: &Document) -> Document {
    let mut new = new.clone();
    new.envelope.state = old.envelope.state;
    new
}

fn goes_live(row: &DocumentRow, new: &Document) -> Option<Difference> {
    let live = new.kind().life_cycle() == LifeCycle::Publish
        && new.envelope.state == Some(DocumentState::Live)
        && row.state != "live";
    live.then(|| Difference {
        fate: Fate::Changed,
        pointer: "/state".to_owned(),
        old: Some(row.state.as_str().into()),
        new: Some("live".into()),
        words: format!("state: {} → live", row.state),
    })
}

fn not_comparable(error: serde_json::Error) -> DefinitionError {
    Finding::error("not_storable", "", format!("The document cannot be compared: {error}.")).into()
}
