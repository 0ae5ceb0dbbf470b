//! Bringing changed content into journeys that run. A published version never changes, so each gets a new one: the map and
//! everything else as it was, the changed content as it is now. Whoever is inside stays on the version that it has.

use caravan_model::document::{DocumentKind, LifeCycle};
use caravan_model::{DocumentId, Finding};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::Engine;
use crate::compile::{Identity, compile};
use crate::definitions::{DefinitionError, add_version};
use crate::deliver::frozen_findings;
use crate::lifecycle;
use crate::live::{definitions_of, journey_of};

/// A journey that takes changed content in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Propagated {
    /// The journey's key.
    pub journey: String,
    /// The version that new travellers took so far.
    pub from: i64,
    /// The version with the changed content.
    pub to: i64,
}

/// Publishes new versions of the live journeys that use this content in an older form. With `dry_run` says which, and
/// changes nothing.
///
/// # Errors
/// There is no such content, it was never published, or an email with it could not be sent.
pub fn propagate(
    engine: &Engine,
    kind: DocumentKind,
    key: &str,
    actor: &str,
    dry_run: bool,
) -> Result<Vec<Propagated>, DefinitionError> {
    let done = engine.store().write(|s| {
        documents::begin_change(s)?;
        let content = current(s, kind, key)?;
        let rows = documents::all(s)?;
        let definitions = definitions_of(s, &rows)?;
        // Of the settings versions keep what goes around emails alone.
        let content = match kind {
            DocumentKind::Settings => lifecycle::around_emails(&definitions).and_then(|(_, mut kept)| kept.remove(key)),
            _ => Some(definitions.with_saved_conditions(&content)),
        };
        let mut done = Vec::new();
        for row in rows {
            if row.kind == DocumentKind::Journey.key() && matches!(row.state.as_str(), "live" | "scheduled") {
                done.extend(renewed(s, &row, (kind, key, content.as_ref()), actor, dry_run)?);
            }
        }
        Ok::<_, DefinitionError>(done)
    })?;
    engine.poke();
    Ok(done)
}

/// The content as others use it now.
fn current(s: &mut dyn Session, kind: DocumentKind, key: &str) -> Result<Json, DefinitionError> {
    let unknown = || DefinitionError::Unknown { kind: kind.label().to_lowercase(), key: key.to_owned() };
    let row = documents::get(s, kind.key(), key)?.ok_or_else(unknown)?;
    let body = match (kind.life_cycle(), row.live_version) {
        (LifeCycle::Publish, None) => {
            let message =
                format!("The {} `{key}` has not been published. Publish it first.", kind.label().to_lowercase());
            return Err(Finding::error("fragment_unpublished", "", message).into());
        }
        (LifeCycle::Publish, Some(version)) => documents::version(s, version)?.map_or(row.body, |version| version.body),
        _ => row.body,
    };
    serde_json::from_str(&body).map_err(|_| unknown())
}

fn renewed(
    s: &mut dyn Session,
    row: &DocumentRow,
    (kind, key, content): (DocumentKind, &str, Option<&Json>),
    actor: &str,
    dry_run: bool,
) -> Result<Option<Propagated>, DefinitionError> {
    let Some(version) = row.live_version.map(|id| documents::version(s, id)).transpose()?.flatten() else {
        return Ok(None);
    };
    let mut frozen: Json = serde_json::from_str(&version.frozen).unwrap_or_default();
    if !takes_in(&mut frozen, kind, key, content) {
        return Ok(None);
    }
    let frozen = frozen.to_string();
    let against = frozen_findings(&frozen);
    if against.iter().any(Finding::is_error) {
        let at_journey =
            |finding: Finding| Finding { message: format!("Journey `{}`: {}", row.key, finding.message), ..finding };
        return Err(DefinitionError::Findings(against.into_iter().map(at_journey).collect()));
    }
    let propagated = Propagated { journey: row.key.clone(), from: version.no, to: version.no + 1 };
    if !dry_run {
        publish(s, row, (&version.body, &frozen), actor)?;
    }
    Ok(Some(propagated))
}

/// Puts the content into what a version froze. Whether that changes anything.
fn takes_in(frozen: &mut Json, kind: DocumentKind, key: &str, content: Option<&Json>) -> bool {
    let old = frozen.get(kind.key()).and_then(|of_kind| of_kind.get(key));
    let uses = match kind {
        DocumentKind::Settings => frozen.get(DocumentKind::Email.key()).is_some(),
        _ => old.is_some(),
    };
    if !uses || old == content {
        return false;
    }
    let Some(all) = frozen.as_object_mut() else { return false };
    match content {
        Some(content) => {
            if let Some(of_kind) = all.entry(kind.key()).or_insert_with(|| json!({})).as_object_mut() {
                of_kind.insert(key.to_owned(), content.clone());
            }
        }
        None => {
            all.remove(kind.key());
        }
    }
    true
}

fn publish(
    s: &mut dyn Session,
    row: &DocumentRow,
    (body, frozen): (&str, &str),
    actor: &str,
) -> Result<(), DefinitionError> {
    let now = s.now()?;
    let version = add_version(s, row.id, body, frozen, now, actor)?;
    let rows = documents::all(s)?;
    let definitions = definitions_of(s, &rows)?.with_frozen(frozen);
    if let Ok(journey) = journey_of(body) {
        let identity = Identity { journey: row.id, key: row.key.clone(), version, version_no: 0 };
        let plan = compile(&identity, &journey, &definitions).map_err(DefinitionError::Findings)?;
        heard(s, row.id, version, &plan.hears)?;
    }
    let published_by = Some(actor.to_owned());
    documents::put(
        s,
        &DocumentRow { live_version: Some(version), published_at: Some(now), published_by, ..row.clone() },
    )?;
    Ok(())
}

fn heard(
    s: &mut dyn Session,
    journey: DocumentId,
    version: caravan_model::VersionId,
    hears: &[String],
) -> Result<(), StoreError> {
    documents::set_heard(s, journey, version, hears)
}
