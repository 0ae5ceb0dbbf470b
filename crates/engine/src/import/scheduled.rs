//! Imports by schedule: files that arrive at connections are taken in, each version of each file once.
//!
//! Whoever claims a connection looks at it alone for a while. A process that dies in the middle of a file leaves it
//! `running`; the next look takes it in again, which does no harm.

use std::time::Duration as Span;

use caravan_connect::inlet::{Arrived, Inlet, inlet};
use caravan_model::DocumentId;
use caravan_model::document::{ArrivingFiles, Connection, DocumentKind, ImportSchedule};
use caravan_store::{Session, StoreError, schedules};
use serde_json::json;

use super::{FileFormat, ImportError, ImportKind, ImportOptions, ImportReport, import};
use crate::Engine;
use crate::live::Live;

/// How long whoever looks at a connection has it alone; afterwards it counts as dead.
const CLAIM: Span = Span::from_secs(3600);

/// A connection at which import files arrive.
struct Place {
    id: DocumentId,
    key: String,
    connection: Connection,
    schedule: ImportSchedule,
}

/// Looks at every connection that is due; whether anything was taken in.
///
/// # Errors
/// The store refuses. What is wrong with a place or a file is written down.
pub fn take_in_arrived(engine: &Engine) -> Result<bool, StoreError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let mut any = false;
    for place in places(&live) {
        if engine.stopping() {
            break;
        }
        if claimed(engine, &place)? {
            any |= look_at(engine, &live, &place)?;
        }
    }
    Ok(any)
}

fn places(live: &Live) -> Vec<Place> {
    let place = |definition: &std::sync::Arc<caravan_catalog::Definition>| {
        let connection = connection_of(definition)?;
        let schedule = connection.imports().ok().flatten()?;
        Some(Place { id: definition.id, key: definition.key.clone(), connection, schedule })
    };
    let mut places: Vec<Place> = live.definitions.of_kind(DocumentKind::Connection).filter_map(place).collect();
    places.sort_by(|a, b| a.key.cmp(&b.key));
    places
}

fn connection_of(definition: &caravan_catalog::Definition) -> Option<Connection> {
    let field = |name: &str| definition.body.get(name).cloned();
    let connection = json!({
        "type": field("type")?,
        "settings": field("settings").unwrap_or_else(|| json!({})),
        "secrets": field("secrets").unwrap_or_else(|| json!({})),
    });
    serde_json::from_value(connection).ok()
}

/// Whether the place is due and ours. Places that are not due cost one read.
fn claimed(engine: &Engine, place: &Place) -> Result<bool, StoreError> {
    let due = engine.store().read(|s| {
        let now = s.now()?;
        Ok::<_, StoreError>(schedules::due_at(s, place.id)?.is_none_or(|(at, _)| at <= now))
    })?;
    let claim = |s: &mut dyn Session| {
        let now = s.now()?;
        schedules::claim(s, place.id, now, now + CLAIM)
    };
    if due { engine.store().write(claim) } else { Ok(false) }
}

fn look_at(engine: &Engine, live: &Live, place: &Place) -> Result<bool, StoreError> {
    let found = inlet(&place.connection).and_then(|door| {
        let files = door.list().map_err(|error| error.to_string())?;
        Ok((door, files))
    });
    let (any, problem) = match found {
        Ok((door, files)) => (take_files(engine, place, &*door, &files)?, None),
        Err(why) => (false, Some(format!("The connection `{}` cannot be looked into: {why}.", place.key))),
    };
    if let Some(problem) = &problem {
        tracing::warn!(%problem, "an import by schedule");
    }
    engine.store().write(|s| {
        let next = place.schedule.every.after(s.now()?, live.zone());
        schedules::set_due(s, place.id, next, problem.as_deref())
    })?;
    Ok(any)
}

/// The files of each pattern in their order: accounts come before the people who belong to them.
fn take_files(engine: &Engine, place: &Place, door: &dyn Inlet, files: &[Arrived]) -> Result<bool, StoreError> {
    let mut any = false;
    for pattern in &place.schedule.files {
        for file in files.iter().filter(|file| pattern.take(&file.name)) {
            any |= take_file(engine, place, door, pattern, file)?;
        }
    }
    Ok(any)
}

fn take_file(
    engine: &Engine,
    place: &Place,
    door: &dyn Inlet,
    pattern: &ArrivingFiles,
    file: &Arrived,
) -> Result<bool, StoreError> {
    let which = (file.name.as_str(), file.version.as_str());
    let begun = engine.store().write(|s| {
        let now = s.now()?;
        schedules::begin(s, place.id, which, &pattern.kind, now)
    })?;
    if !begun {
        return Ok(false);
    }
    let (state, report) = match read_in(engine, door, pattern, file) {
        Ok(report) => ("done", json!(report)),
        // The store may be back in a moment: the file stays `running` and is taken again.
        Err(ImportError::Store(error)) => return Err(error),
        Err(error) => ("failed", json!({"code": error.code(), "message": error.to_string()})),
    };
    engine.store().write(|s| {
        let now = s.now()?;
        schedules::finish(s, place.id, which, state, &report.to_string(), now)
    })?;
    engine.poke();
    Ok(true)
}

fn read_in(
    engine: &Engine,
    door: &dyn Inlet,
    pattern: &ArrivingFiles,
    file: &Arrived,
) -> Result<ImportReport, ImportError> {
    let format = FileFormat::of_name(&file.name).ok_or_else(|| {
        let message =
            format!("How \"{}\" is written cannot be told from its name. End it in .csv or .jsonl.", file.name);
        ImportError::file("unknown_format", message)
    })?;
    let options = ImportOptions { map: pattern.map.clone().into_iter().collect(), ..ImportOptions::default() };
    import(engine, &ImportKind::named(&pattern.kind), door.open(&file.name)?, format, &options, &mut ())
}
