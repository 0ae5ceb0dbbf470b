//! One account, person, record or suppression by hand: written by the same path as a file's row, or taken away.

use std::collections::HashSet;

use caravan_catalog::Definitions;
use caravan_model::attribute::Subject;
use caravan_model::document::DocumentKind;
use caravan_model::{AccountId, PersonId};
use caravan_store::records::Table;
use caravan_store::{Session, StoreError, external_audiences, objects, people as stored, step};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::Engine;
use crate::inbox::Command;
use crate::live::Live;
use crate::objects::Object;

use super::draft::{self, Draft};
use super::layout::{Columns, Layout, Target};
use super::reader::Cell;
use super::rows::Kind;
use super::run::committed;
use super::suppressions::BY_HAND;
use super::{Chunk, ImportError, ImportKind, Outcome, Reject, Writer, accounts, people, records};

/// How many steps the trips of a subject get to end before it is taken away.
const STEPS_TO_END: usize = 1_000;

/// What became of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    Created,
    /// Something differs now.
    Updated,
    /// Nothing differs.
    Unchanged,
}

/// Writes one account or person; `fields` are those of an import file, without the key. What is absent stays, null clears.
/// With `seen`, only as long as nobody has written it since that instant, judged while its row is held.
///
/// # Errors
/// [`ImportError::File`] with the code and sentence of what is wrong with it; [`STALE`] when somebody was faster.
pub fn put<'a>(
    engine: &Engine,
    subject: Subject,
    key: &str,
    fields: &Map<String, Json>,
    writer: impl Into<Writer<'a>>,
    seen: Option<Timestamp>,
) -> Result<Put, ImportError> {
    let kind = match subject {
        Subject::Account => ImportKind::Accounts,
        Subject::Person => ImportKind::People,
    };
    let mut row = fields.clone();
    row.insert("key".to_owned(), Json::from(key));
    put_guarded(engine, &kind, &row, writer.into(), &|s| match seen {
        Some(seen) => still(s, Table::from(subject), key, seen),
        None => Ok(true),
    })
}

/// The code of a write that somebody else came before.
pub const STALE: &str = "stale_write";

/// Whether a row is still as it was at an instant; it is held from here on.
fn still(s: &mut dyn Session, table: Table, key: &str, seen: Timestamp) -> Result<bool, StoreError> {
    Ok(stored::held_since(s, table, key)? == Some(seen))
}

/// Writes one row as a file of this kind would hold it.
///
/// # Errors
/// [`ImportError::File`] with the code and sentence of what is wrong with it.
pub fn put_row<'a>(
    engine: &Engine,
    kind: &ImportKind,
    row: &Map<String, Json>,
    writer: impl Into<Writer<'a>>,
) -> Result<Put, ImportError> {
    put_guarded(engine, kind, row, writer.into(), &|_| Ok(true))
}

/// Writes one row unless `guard`, asked in the same transaction, is against it.
fn put_guarded(
    engine: &Engine,
    kind: &ImportKind,
    row: &Map<String, Json>,
    writer: Writer<'_>,
    guard: &dyn Fn(&mut dyn Session) -> Result<bool, StoreError>,
) -> Result<Put, ImportError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let kind = Kind::of(kind, &live)?;
    let layout = Layout::new(kind.columns(&live), &[])?;
    let targets: Vec<Target> = row.keys().map(|name| layout.target(name)).collect::<Result<_, _>>()?;
    let mut rows = kind.no_rows();
    rows.read(1, targets.iter().zip(row.values().map(Cell::of_json)), &live, writer.source, &mut ())?;
    let outcome = alone(engine, &live, writer, &|s, chunk| match guard(s)? {
        true => rows.apply(s, chunk),
        false => Ok(Outcome { rejects: vec![stale()], ..Outcome::default() }),
    })?;
    fate(outcome)
}

/// Takes a record of an object away; false when there is none.
///
/// # Errors
/// The store refuses.
pub fn delete_record(engine: &Engine, object: &Object, key: &str) -> Result<bool, StoreError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let outcome = alone(engine, &live, BY_HAND.into(), &|s, chunk| records::remove(s, chunk, object, key))?;
    Ok(outcome.updated > 0)
}

/// Does something in a transaction in which rows stand alone: a parent must be there already, or among them.
fn alone(
    engine: &Engine,
    live: &Live,
    Writer { source, by }: Writer<'_>,
    work: &dyn Fn(&mut dyn Session, &Chunk<'_>) -> Result<Outcome, StoreError>,
) -> Result<Outcome, StoreError> {
    let pretended = HashSet::new();
    let chunk = Chunk { engine, schema: &live.definitions.schema, source, pretended: &pretended, last: true, by };
    committed(engine.store(), &|s| work(s, &chunk))
}

fn stale() -> Reject {
    let message = "It was changed meanwhile. Read it again and repeat your change.";
    Reject::new(1, STALE, message.to_owned())
}

fn fate(outcome: Outcome) -> Result<Put, ImportError> {
    match outcome.rejects.into_iter().next() {
        Some(reject) => Err(reject.into()),
        None if outcome.created > 0 => Ok(Put::Created),
        None if outcome.updated > 0 => Ok(Put::Updated),
        None => Ok(Put::Unchanged),
    }
}

/// Reads one object as a row of its kind of file.
pub(super) fn draft_of(
    live: &Live,
    subject: Subject,
    line: u64,
    row: &Map<String, Json>,
) -> Result<Result<Draft, Reject>, ImportError> {
    let schema = &live.definitions.schema;
    let columns = match subject {
        Subject::Account => Columns::accounts(schema),
        Subject::Person => Columns::people(schema),
    };
    let layout = Layout::new(columns, &[])?;
    let targets: Vec<Target> = row.keys().map(|name| layout.target(name)).collect::<Result<_, _>>()?;
    let cells = targets.iter().zip(row.values().map(Cell::of_json));
    Ok(draft::read(line, cells, schema.of(subject)))
}

/// Applies rows that stand alone: a parent must be there already, or among them.
pub(super) fn apply(
    s: &mut dyn Session,
    engine: &Engine,
    live: &Live,
    subject: Subject,
    drafts: &[Draft],
    source: &str,
) -> Result<Outcome, StoreError> {
    let pretended = HashSet::new();
    let chunk = Chunk { engine, schema: &live.definitions.schema, source, pretended: &pretended, last: true, by: None };
    match subject {
        Subject::Account => accounts::apply(s, &chunk, drafts),
        Subject::Person => people::apply(s, &chunk, drafts),
    }
}

impl From<Reject> for ImportError {
    fn from(reject: Reject) -> Self {
        Self::file(reject.code, reject.message)
    }
}

/// Takes an account or a person away, after the steps of its shard have ended its trips; false when there is none. With
/// `seen`, only if nobody has written it since that instant when it begins.
///
/// # Errors
/// The store refuses, or its trips did not end: try again; [`STALE`] when somebody was faster.
pub fn delete(engine: &Engine, subject: Subject, key: &str, seen: Option<Timestamp>) -> Result<bool, ImportError> {
    let mut told = false;
    for _ in 0..STEPS_TO_END {
        let begun = engine.store().write(|s| match seen.filter(|_| !told) {
            Some(seen) if !still(s, Table::from(subject), key, seen)? => Ok(None),
            _ => delete_if_idle(s, engine, subject, key, told).map(Some),
        });
        match begun? {
            None => return Err(stale().into()),
            Some(Deletion::Done(found)) => return Ok(found),
            Some(Deletion::Travelling) => told = true,
        }
        engine.step()?;
    }
    Err(StoreError::Stale(format!("the journeys of \"{key}\"")).into())
}

enum Deletion {
    Done(bool),
    /// Its trips were asked to end.
    Travelling,
}

fn delete_if_idle(
    s: &mut dyn Session,
    engine: &Engine,
    subject: Subject,
    key: &str,
    told: bool,
) -> Result<Deletion, StoreError> {
    let live = engine.live(s)?;
    let table = Table::from(subject);
    let Some(row) = stored::by_key(s, &live.definitions.schema, table, key)? else { return Ok(Deletion::Done(false)) };
    let of_people = subject == Subject::Person;
    let journeys: Vec<i64> = live.journeys.values().filter(|j| j.of_people == of_people).map(|j| j.id.0).collect();
    let trips = stored::active_trips(s, row.id, &journeys)?;
    if !trips.is_empty() {
        if !told {
            let now = s.now()?;
            step::insert_inbox(
                s,
                &[Command::End { trips, outcome: "removed".to_owned(), by: None }.to(row.shard, now)],
            )?;
        }
        return Ok(Deletion::Travelling);
    }
    let objects: Vec<i64> = Object::all_of(&live.definitions, subject).iter().map(|object| object.id.0).collect();
    objects::delete_of_subject(s, &objects, row.id)?;
    let lists = lists_of(&live.definitions, subject);
    match subject {
        Subject::Account => stored::delete_account(s, AccountId(row.id), &lists)?,
        Subject::Person => {
            // Destinations that hold the person are told.
            external_audiences::mark_people(s, &[row.id], &crate::external_audiences::all(&live))?;
            crate::consent_history::erase(s, PersonId(row.id))?;
            stored::delete_person(s, PersonId(row.id), &lists)?;
        }
    }
    Ok(Deletion::Done(true))
}

/// Every list and audience whose members are of this subject, live or not.
pub(crate) fn lists_of(definitions: &Definitions, subject: Subject) -> Vec<i64> {
    let (kind, audience) = match subject {
        Subject::Account => (DocumentKind::AccountList, "account"),
        Subject::Person => (DocumentKind::PeopleList, "person"),
    };
    let audiences =
        definitions.of_kind(DocumentKind::Audience).filter(|d| d.text("subject").unwrap_or("account") == audience);
    let external = definitions.of_kind(DocumentKind::ExternalAudience).filter(|_| subject == Subject::Person);
    definitions.of_kind(kind).chain(audiences).chain(external).map(|d| d.id.0).collect()
}
