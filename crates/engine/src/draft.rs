//! What people who draw a journey ask: what stands against the draft, and when a wait would end.

use caravan_model::Finding;
use caravan_model::document::DocumentKind;
use caravan_model::wait::Wait;
use caravan_store::{StoreError, documents};
use jiff::Timestamp;

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
        Ok(findings_against(&document, &definitions, now, engine.public_url()))
    })
}

/// When somebody who arrives now would leave a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    /// Now.
    pub now: Timestamp,
    /// When the wait would be over.
    pub ends_at: Timestamp,
}

/// When somebody in the organisation's own zone who arrives now would leave a wait.
///
/// # Errors
/// The store cannot be read.
pub fn leaving(engine: &Engine, wait: &Wait) -> Result<Leaving, StoreError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let now = s.now()?;
        Ok(Leaving { now, ends_at: wait.ends_at(now, None, live.zone()) })
    })
}
