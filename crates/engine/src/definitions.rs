//! Applying, exporting and deleting definitions: all or nothing, with every mistake named.

mod applying;
mod follow;
mod names;
mod reading;

use caravan_model::document::{Document, DocumentKind, DocumentState, LifeCycle, read_document};
use caravan_model::{DocumentId, Finding, VersionId};
use caravan_store::documents::{self, DocumentRow, VersionRow};
use caravan_store::{Session, StoreError, external_audiences};
use jiff::Timestamp;
use serde::Serialize;

pub(crate) use self::applying::make_inline;
pub use self::applying::{apply, put, put_all};
pub(crate) use self::reading::{check_journey, read_all};
pub use self::reading::{content_findings, validate};
use crate::uses::used_by;
use crate::{Engine, guards};

/// How documents are applied.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApplyOptions {
    /// Check and say what would happen, but change nothing.
    pub dry_run: bool,
    /// Keep a journey's draft although it cannot be published as it is.
    pub incomplete: bool,
}

/// A definition by kind and key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Named {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: String,
}

/// What applying did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ApplyReport {
    /// New.
    pub created: Vec<Named>,
    /// Different from before.
    pub changed: Vec<Named>,
    /// As they were.
    pub unchanged: Vec<Named>,
    /// What is allowed but may not be meant.
    pub warnings: Vec<Finding>,
}

/// Why nothing was applied.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// Mistakes in what was given.
    #[error("{}", summary(.0))]
    Findings(Vec<Finding>),
    /// There is no such definition.
    #[error("There is no {kind} `{key}`.")]
    Unknown {
        /// Its kind.
        kind: String,
        /// Its key.
        key: String,
    },
    /// Someone else changed it in the meantime.
    #[error("It was changed in the meantime: you have revision {yours}, the store has {stored}. Read it again.")]
    Stale {
        /// The caller's revision.
        yours: i64,
        /// The stored one.
        stored: i64,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn summary(findings: &[Finding]) -> String {
    let errors = findings.iter().filter(|f| f.is_error()).count();
    format!("{errors} mistakes; nothing was changed")
}

impl From<Finding> for DefinitionError {
    fn from(finding: Finding) -> Self {
        Self::Findings(vec![finding])
    }
}

/// Adds the next version of a definition.
pub(crate) fn add_version(
    s: &mut dyn Session,
    document: DocumentId,
    body: &str,
    frozen: &str,
    now: Timestamp,
    actor: &str,
) -> Result<VersionId, DefinitionError> {
    let no = documents::versions_of(s, document)?.last().map_or(1, |v| v.no + 1);
    let id = VersionId(s.reserve_ids("document_version", 1)?.next().unwrap_or_default());
    let version = VersionRow {
        id,
        document,
        no,
        body: body.to_owned(),
        frozen: frozen.to_owned(),
        published_at: now,
        published_by: actor.to_owned(),
    };
    documents::insert_version(s, &version)?;
    Ok(id)
}

pub(crate) fn body_of(document: &Document) -> Result<String, DefinitionError> {
    document
        .to_value()
        .map(|value| value.to_string())
        .map_err(|e| Finding::error("not_storable", "", format!("The document cannot be stored: {e}.")).into())
}

/// A stored document, read back. One that this version of Caravan cannot read any more counts as absent.
pub fn stored_document(row: &DocumentRow) -> Option<Document> {
    let value = serde_json::from_str(&row.body).ok()?;
    let (document, findings) = read_document(value);
    if document.is_none() {
        tracing::error!(kind = %row.kind, key = %row.key, ?findings, "a stored definition cannot be read");
    }
    document
}

/// Whether applying `new` would change nothing. A journey's state is not its manifest's to say.
/// Whether a stored definition is a draft that lies over what is published.
fn is_draft_over(stored: &Document) -> bool {
    stored.kind() == DocumentKind::Fragment && stored.envelope.state == Some(DocumentState::Draft)
}

pub(crate) fn same(row: &DocumentRow, old: &Document, new: &Document) -> bool {
    let mut new = new.clone();
    match new.kind().life_cycle() {
        LifeCycle::Publish
            if new.envelope.state == Some(DocumentState::Live) && (row.state != "live" || is_draft_over(old)) =>
        {
            return false;
        }
        _ => new.envelope.state = old.envelope.state,
    }
    *old == new
}

/// Documents as manifests, of one kind and key where given; in the order in which they can be applied.
pub fn export(
    engine: &Engine,
    kind: Option<DocumentKind>,
    key: Option<&str>,
) -> Result<Vec<Document>, DefinitionError> {
    let rows = engine.store().read(|s| documents::all(s))?;
    let found: Vec<Document> = rows
        .iter()
        .filter(|row| kind.is_none_or(|kind| kind.key() == row.kind) && key.is_none_or(|key| key == row.key))
        .filter_map(|row| {
            let mut document = stored_document(row)?;
            let is_live = row.state == "live";
            if document.kind().life_cycle() == LifeCycle::Publish && !(is_live && is_draft_over(&document)) {
                document.envelope.state = is_live.then_some(DocumentState::Live);
            }
            Some(document)
        })
        .collect();
    match (found.is_empty(), kind, key) {
        (true, Some(kind), Some(key)) => {
            Err(DefinitionError::Unknown { kind: kind.label().to_lowercase(), key: key.to_owned() })
        }
        _ => Ok(found),
    }
}

/// Takes a definition away, unless it runs or something else names it.
pub fn delete(engine: &Engine, kind: DocumentKind, key: &str, if_revision: Option<i64>) -> Result<(), DefinitionError> {
    engine.store().write(|s| {
        documents::begin_change(s)?;
        let row = documents::get(s, kind.key(), key)?;
        if let (None, Some(finding)) = (&row, guards::built_in_role(kind, key)) {
            return Err(finding.into());
        }
        let row =
            row.ok_or_else(|| DefinitionError::Unknown { kind: kind.label().to_lowercase(), key: key.to_owned() })?;
        if let Some(yours) = if_revision.filter(|&yours| yours != row.revision) {
            return Err(DefinitionError::Stale { yours, stored: row.revision });
        }
        if kind == DocumentKind::Journey && matches!(row.state.as_str(), "live" | "scheduled" | "closed") {
            let message = format!("Journey `{key}` is {}. Abort it before you delete it.", row.state);
            return Err(Finding::error("journey_running", "", message).into());
        }
        let users = used_by(s, kind, key)?;
        if !users.is_empty() {
            let users: Vec<String> = users.iter().map(|u| format!("{} `{}`", u.kind, u.key)).collect();
            let message = format!("{} `{key}` is used by {}. Change them first.", kind.label(), users.join(", "));
            return Err(Finding::error("in_use", "", message).into());
        }
        if let Some(document) = stored_document(&row)
            && let Some(finding) = guards::deletion(s, &row, &document)?
        {
            return Err(finding.into());
        }
        match kind {
            DocumentKind::SolutionInterest => crate::groups::archive_all(s, row.id, key)?,
            DocumentKind::ExternalAudience => external_audiences::forget_audience(s, row.id)?,
            _ => {}
        }
        documents::delete(s, row.id)?;
        Ok(())
    })
}
