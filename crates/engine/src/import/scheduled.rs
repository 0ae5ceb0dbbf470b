//! Imports by schedule: files that arrive at connections are taken in, each version of each file once.
//!
//! Whoever claims a connection looks at it alone for a while. A process that dies in the middle of a file leaves it
//! `running`; the next look takes it in again, which does no harm.

use std::sync::Arc;
use std::time::Duration as Span;

use caravan_connect::inlet::{Arrived, Inlet};
use caravan_connect::{Connector, Surroundings};
use caravan_model::DocumentId;
use caravan_model::document::{ArrivingFiles, Connection, DocumentKind, ImportSchedule};
use caravan_store::{Session, StoreError, schedules};
use serde_json::json;

use super::rejects::Book;
use super::{FileFormat, ImportError, ImportKind, ImportOptions, ImportReport, import};
use crate::Engine;
use crate::deliver::{Way, open_once};
use crate::live::Live;

/// How long whoever looks at a connection has it alone; afterwards it counts as dead.
const CLAIM: Span = Span::from_secs(3600);

/// A connection at which import files arrive.
struct Place {
    id: DocumentId,
    key: String,
    schedule: ImportSchedule,
}

/// Looks at every connection that is due; whether anything was taken in.
///
/// # Errors
/// The store refuses. What is wrong with a place or a file is written down.
pub fn take_in_arrived(engine: &Engine, surroundings: &Surroundings) -> Result<bool, StoreError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let mut any = false;
    for place in places(&live) {
        if engine.stopping() {
            break;
        }
        if claimed(engine, &place)? {
            any |= look_at(engine, surroundings, &live, &place)?;
        }
    }
    Ok(any)
}

fn places(live: &Live) -> Vec<Place> {
    let place = |definition: &std::sync::Arc<caravan_catalog::Definition>| {
        let connection = connection_of(definition)?;
        let schedule = connection.imports().ok().flatten()?;
        Some(Place { id: definition.id, key: definition.key.clone(), schedule })
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

fn look_at(engine: &Engine, surroundings: &Surroundings, live: &Live, place: &Place) -> Result<bool, StoreError> {
    let (any, problem) = match looked_into(live, place, surroundings) {
        Ok((door, files)) => take_files(engine, place, &*door, &files)?,
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

/// The door to a place and the files that have arrived there, or why there is none; without a full stop.
fn looked_into(
    live: &Live,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<(Arc<dyn Connector>, Vec<Arrived>), String> {
    let door = open_once(live, &Way::connection(place.key.as_str()), surroundings)
        .map_err(|why| why.trim_end_matches('.').to_owned())?;
    let inlet = door.inlet().ok_or("nothing arrives at connections of its type")?;
    let files = inlet.list().map_err(|error| error.to_string())?;
    Ok((door, files))
}

/// What became of one file at this look.
enum Taken {
    /// This version was taken before.
    Before,
    /// It was taken, or refused as a whole.
    Now,
    /// It broke off; it is taken again at the next look.
    BrokeOff(String),
}

/// The files of each pattern in their order: accounts come before the people who belong to them. A file that breaks off
/// ends the look, since what stands in later ones may belong to what it holds.
fn take_files(
    engine: &Engine,
    place: &Place,
    door: &dyn Connector,
    files: &[Arrived],
) -> Result<(bool, Option<String>), StoreError> {
    let Some(inlet) = door.inlet() else { return Ok((false, None)) };
    let mut any = false;
    for pattern in &place.schedule.files {
        for file in files.iter().filter(|file| pattern.take(&file.name)) {
            match take_file(engine, place, inlet, pattern, file)? {
                Taken::Before => {}
                Taken::Now => any = true,
                Taken::BrokeOff(why) => return Ok((any, Some(why))),
            }
        }
    }
    Ok((any, None))
}

fn take_file(
    engine: &Engine,
    place: &Place,
    door: &dyn Inlet,
    pattern: &ArrivingFiles,
    file: &Arrived,
) -> Result<Taken, StoreError> {
    let which = (file.name.as_str(), file.version.as_str());
    let begun = engine.store().write(|s| {
        let now = s.now()?;
        schedules::begin(s, place.id, which, &pattern.kind, now)
    })?;
    if !begun {
        return Ok(Taken::Before);
    }
    let mut rejects = Book::open(engine, place.id, which)?;
    let (state, report) = match read_in(engine, door, pattern, file, &mut rejects) {
        Ok(report) => ("done", json!(report)),
        // The store may be back in a moment, the place as well: the file stays `running` and is taken again.
        Err(ImportError::Store(error)) => return Err(error),
        Err(ImportError::Read(error)) => {
            let why = format!("The file {} of the connection `{}` cannot be read: {error}.", file.name, place.key);
            return Ok(Taken::BrokeOff(why));
        }
        Err(error) => ("failed", json!({"code": error.code(), "message": error.to_string()})),
    };
    rejects.close()?;
    engine.store().write(|s| {
        let now = s.now()?;
        schedules::finish(s, place.id, which, state, &report.to_string(), now)
    })?;
    engine.poke();
    Ok(Taken::Now)
}

fn read_in(
    engine: &Engine,
    door: &dyn Inlet,
    pattern: &ArrivingFiles,
    file: &Arrived,
    rejects: &mut Book<'_>,
) -> Result<ImportReport, ImportError> {
    let format = FileFormat::of_name(&file.name).ok_or_else(|| {
        let message =
            format!("How \"{}\" is written cannot be told from its name. End it in .csv or .jsonl.", file.name);
        ImportError::file("unknown_format", message)
    })?;
    let options = ImportOptions { map: pattern.map.clone().into_iter().collect(), ..ImportOptions::default() };
    import(engine, &ImportKind::named(&pattern.kind), door.open(&file.name)?, format, &options, rejects)
}
