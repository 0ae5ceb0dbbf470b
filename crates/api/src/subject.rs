//! An account or a person by its key: found, written, taken away. What its pages show stands in `accounts` and `people`.

use axum::http::StatusCode;
use caravan_engine::Engine;
use caravan_engine::import::{self, Put, Writer};
use caravan_engine::live::Live;
use caravan_model::attribute::Subject;
use caravan_store::people::{self as stored, DetailRow};
use caravan_store::{Session, StoreError};

use crate::history::{self, Attributes};
use crate::http::{Answer, Done, IfMatch, Problem};

/// 404: there is no such account or person.
pub fn unknown(subject: Subject, key: &str) -> Problem {
    match subject {
        Subject::Account => Problem::not_found("unknown_account", format!("The account `{key}`")),
        Subject::Person => Problem::not_found("unknown_person", format!("The person `{key}`")),
    }
}

/// The account or the person, or 404.
pub fn found(s: &mut dyn Session, live: &Live, subject: Subject, key: &str) -> Result<DetailRow, Problem> {
    looked_up(s, live, subject, key)?.ok_or_else(|| unknown(subject, key))
}

fn looked_up(s: &mut dyn Session, live: &Live, subject: Subject, key: &str) -> Result<Option<DetailRow>, StoreError> {
    stored::by_key(s, &live.definitions.schema, subject.into(), key)
}

/// Writes what is named of it, unless it changed since the writer saw it; answers with how `shown` shows it then.
pub fn put<T>(
    engine: &Engine,
    (subject, key): (Subject, &str),
    seen: Option<&IfMatch>,
    Attributes(fields): &Attributes,
    actor: &str,
    shown: impl Fn(&Engine, &mut dyn Session, &str) -> Result<Answer<T>, Problem>,
) -> Result<Answer<T>, Problem> {
    let stored = as_seen(engine, subject, key, seen)?;
    let since = seen.and(stored.as_ref()).map(|row| row.updated_at);
    let done = import::put(engine, subject, key, fields, Writer::asking(actor), since)?;
    engine.poke();
    let answer = engine.store().read(|s| shown(engine, s, key))?;
    Ok(if done == Put::Created { answer.status(StatusCode::CREATED) } else { answer })
}

/// Takes it away, unless it changed since the writer saw it.
pub fn delete(engine: &Engine, subject: Subject, key: &str, seen: Option<&IfMatch>) -> Result<Done, Problem> {
    let stored = as_seen(engine, subject, key, seen)?;
    let since = seen.and(stored.as_ref()).map(|row| row.updated_at);
    match import::delete(engine, subject, key, since)? {
        true => Ok(Done::default()),
        false => Err(unknown(subject, key)),
    }
}

/// What is stored, refused where it is not what the writer saw.
fn as_seen(engine: &Engine, subject: Subject, key: &str, seen: Option<&IfMatch>) -> Result<Option<DetailRow>, Problem> {
    let stored = engine.store().read(|s| -> Result<_, StoreError> {
        let live = engine.live(s)?;
        looked_up(s, &live, subject, key)
    })?;
    IfMatch::check(seen, stored.as_ref().map(history::tag))?;
    Ok(stored)
}
