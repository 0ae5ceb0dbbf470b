//! The stage: a copy of the store on which one journey is live and everything else stands still.

use std::sync::Arc;

use caravan_model::document::{DocumentKind, read_documents};
use caravan_model::{Clock, DocumentId, Finding};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError, outbox, scratch};
use jiff::Timestamp;

use super::Simulated;
use crate::Engine;
use crate::definitions::{ApplyOptions, DefinitionError, apply};
use crate::lifecycle::{self, Verb};
use crate::live::Live;
use crate::plan::Plan;

/// Who acts where a person would.
const ACTOR: &str = "simulation";

/// The copy, with one journey on its way.
pub(super) struct Stage {
    /// Runs the copy.
    pub engine: Engine,
    /// Key of the journey.
    pub key: String,
    /// The journey.
    pub journey: DocumentId,
    // After the engine: the files go when nothing holds them open any more.
    _directory: tempfile::TempDir,
}

impl Stage {
    /// Copies the store and publishes the journey at `from`, unless it runs already.
    pub fn set(real: &Engine, which: &Simulated, from: Timestamp) -> Result<Self, DefinitionError> {
        let directory = tempfile::Builder::new().prefix("caravan-simulation-").tempdir().map_err(no_directory)?;
        let copy = real.store().scratch_copy(directory.path().join("copy"), Clock::manual(from))?;
        let engine = Engine::new(copy);
        engine.pace_nobody();
        let key = match which {
            Simulated::Stored(key) => key.clone(),
            Simulated::Manifests(texts) => apply_to(&engine, texts)?,
        };
        let row = row_of(&engine, &key)?;
        let starts_empty = matches!(which, Simulated::Manifests(_)) || row.state == "draft";
        refuse_ended(&row, starts_empty)?;
        engine.store().write(|s| {
            documents::begin_change(s)?;
            outbox::set_hold(s, false)?;
            scratch::hold_others(s, row.id)?;
            if starts_empty { scratch::forget_trips(s, row.id) } else { Ok(()) }
        })?;
        if starts_empty {
            lifecycle::rehearse(&engine, std::slice::from_ref(&key), ACTOR)?;
        } else if row.paused {
            lifecycle::command(&engine, &key, Verb::Resume, ACTOR)?;
        }
        Ok(Self { engine, key, journey: row.id, _directory: directory })
    }

    /// What new travellers take, made ready to run.
    pub fn plan(&self, s: &mut dyn Session, live: &Live) -> Result<Option<Arc<Plan>>, StoreError> {
        match live.journeys.get(&self.journey).and_then(|journey| journey.version) {
            Some(version) => live.plan(s, version),
            None => Ok(None),
        }
    }

    /// The journey as it is now.
    pub fn row(&self) -> Result<DocumentRow, DefinitionError> {
        row_of(&self.engine, &self.key)
    }
}

fn no_directory(error: std::io::Error) -> StoreError {
    let path = std::env::temp_dir().display().to_string();
    StoreError::Files { path, message: format!("the copy for the simulation cannot be made: {error}") }
}

/// Applies manifests to the copy; returns the key of the journey among them.
fn apply_to(engine: &Engine, texts: &[(String, String)]) -> Result<String, DefinitionError> {
    apply(engine, texts, ACTOR, ApplyOptions::default())?;
    let documents = texts.iter().flat_map(|(file, text)| read_documents(text, file).0);
    let mut keys = documents.filter(|d| d.kind() == DocumentKind::Journey).map(|d| d.key().to_owned());
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => {
            let message = "There is no journey in what was given. Give the manifest of one.";
            Err(Finding::error("no_journey", "", message).into())
        }
        (Some(one), Some(other)) => {
            let message = format!(
                "There are several journeys in what was given (`{one}`, `{other}` …) and one is simulated at a time. \
                 Apply the others first, or give one."
            );
            Err(Finding::error("several_journeys", "", message).into())
        }
    }
}

fn row_of(engine: &Engine, key: &str) -> Result<DocumentRow, DefinitionError> {
    engine.store().read(|s| {
        documents::get(s, DocumentKind::Journey.key(), key)?
            .ok_or_else(|| DefinitionError::Unknown { kind: "journey".to_owned(), key: key.to_owned() })
    })
}

fn refuse_ended(row: &DocumentRow, starts_empty: bool) -> Result<(), DefinitionError> {
    if starts_empty || matches!(row.state.as_str(), "live" | "closed" | "scheduled") {
        return Ok(());
    }
    let message = format!("Journey `{}` is {}; nothing more happens in it. Simulate a copy of it.", row.key, row.state);
    Err(Finding::error("wrong_state", "", message).into())
}
