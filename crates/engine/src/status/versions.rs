//! The versions of a journey: which there are, and what each says.

use caravan_store::documents;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::journey_row;
use super::map::{Which, version_of};
use crate::Engine;
use crate::definitions::DefinitionError;

/// A published version of a journey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JourneyVersion {
    /// 1, 2, 3 …
    pub number: i64,
    /// When it was published.
    pub published_at: Timestamp,
    /// By whom.
    pub published_by: String,
    /// New travellers take it.
    pub live: bool,
}

/// The published versions of a journey, oldest first.
///
/// # Errors
/// There is no such journey.
pub fn versions(engine: &Engine, key: &str) -> Result<Vec<JourneyVersion>, DefinitionError> {
    engine.store().read(|s| {
        let row = journey_row(s, key)?;
        let rows = documents::versions_of(s, row.id)?;
        let version = |v: documents::VersionRow| JourneyVersion {
            number: v.no,
            published_at: v.published_at,
            published_by: v.published_by,
            live: Some(v.id) == row.live_version,
        };
        Ok(rows.into_iter().map(version).collect())
    })
}

/// The manifest of one version.
///
/// # Errors
/// There is no such journey, or no such version of it.
pub fn manifest(engine: &Engine, key: &str, which: Which) -> Result<Value, DefinitionError> {
    engine.store().read(|s| {
        let row = journey_row(s, key)?;
        let (_, document) = version_of(s, &row, which)?;
        let unreadable = |_| DefinitionError::Unknown { kind: "readable journey".to_owned(), key: key.to_owned() };
        document.to_value().map_err(unreadable)
    })
}
