//! What stands against a journey's draft, asked while it is being drawn.

use caravan_model::Finding;
use caravan_model::document::DocumentKind;
use caravan_store::documents;

use crate::Engine;
use crate::definitions::{DefinitionError, stored_document};
use crate::lifecycle::findings_against;
use crate::live::definitions_of;

/// Everything that publishing the draft of this journey would say now, errors and warnings. Changes nothing.
///
/// # Errors
/// There is no such journey, or the store cannot be read.
pub fn findings(engine: &Engine, key: &str) -> Result<Vec<Finding>, DefinitionError> {
    engine.store().read(|s| {
        let row = documents::get(s, DocumentKind::Journey.key(), key)?
            .ok_or_else(|| DefinitionError::Unknown { kind: "journey".to_owned(), key: key.to_owned() })?;
        let now = s.now()?;
        let Some(document) = stored_document(&row) else {
            let message = format!("Journey `{key}` cannot be read. Apply it again.");
            return Ok(vec![Finding::error("unreadable", "", message)]);
        };
        let rows = documents::all(s)?;
        let definitions = definitions_of(s, &rows)?.as_if_live(&[key.to_owned()]);
        Ok(findings_against(&document, &definitions, now))
    })
}
