//! One account or person by hand: written by the same path as a file's row, or taken away.

use std::collections::HashSet;

use caravan_catalog::Definitions;
use caravan_model::attribute::Subject;
use caravan_model::document::DocumentKind;
use caravan_model::{AccountId, PersonId};
use caravan_store::records::Table;
use caravan_store::{Session, StoreError, people as stored, step};
use serde_json::{Map, Value as Json};

use crate::Engine;
use crate::inbox::Command;
use crate::live::Live;

use super::draft::{self, Draft};
use super::layout::{Layout, Target};
use super::reader::Cell;
use super::run::committed;
use super::{ActivityTypes, Chunk, ImportError, ImportKind, Outcome, Reject, accounts, people};

/// How many steps the trips of a subject get to end before it is taken away.
const STEPS_TO_END: usize = 1_000;

/// What became of one account or person.
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
///
/// # Errors
/// [`ImportError::File`] with the code and sentence of what is wrong with it.
pub fn put(
    engine: &Engine,
    subject: Subject,
    key: &str,
    fields: &Map<String, Json>,
    source: &str,
) -> Result<Put, ImportError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let mut row = fields.clone();
    row.insert("key".to_owned(), Json::from(key));
    let draft = draft_of(&live, subject, 1, &row)??;
    let drafts = [draft];
    let outcome = committed(engine.store(), &|s| apply(s, engine, &live, subject, &drafts, source))?;
    match outcome.rejects.into_iter().next() {
        Some(reject) => Err(ImportError::file(reject.code, reject.message)),
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
    let kind = match subject {
        Subject::Account => ImportKind::Accounts,
        Subject::Person => ImportKind::People,
    };
    let types = ActivityTypes::default();
    let layout = Layout::new(kind, &live.definitions.schema, &types, &[])?;
    let targets: Vec<Target> = row.keys().map(|name| layout.target(name)).collect::<Result<_, _>>()?;
    let cells = targets.iter().zip(row.values().map(Cell::of_json));
    Ok(draft::read(line, cells, live.definitions.schema.of(subject)))
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
    let chunk = Chunk { engine, schema: &live.definitions.schema, source, pretended: &pretended, last: true };
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

/// Takes an account or a person away, after the steps of its shard have ended its trips; false when there is none.
///
/// # Errors
/// The store refuses, or its trips did not end: try again.
pub fn delete(engine: &Engine, subject: Subject, key: &str) -> Result<bool, StoreError> {
    let mut told = false;
    for _ in 0..STEPS_TO_END {
        match engine.store().write(|s| delete_if_idle(s, engine, subject, key, told))? {
            Deletion::Done(found) => return Ok(found),
            Deletion::Travelling => told = true,
        }
        engine.step()?;
    }
    Err(StoreError::Stale(format!("the journeys of \"{key}\"")))
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
    let table = match subject {
        Subject::Account => Table::Account,
        Subject::Person => Table::Person,
    };
    let Some(row) = stored::by_key(s, &live.definitions.schema, table, key)? else { return Ok(Deletion::Done(false)) };
    let of_people = subject == Subject::Person;
    let journeys: Vec<i64> = live.journeys.values().filter(|j| j.of_people == of_people).map(|j| j.id.0).collect();
    let trips = stored::active_trips(s, row.id, &journeys)?;
    if !trips.is_empty() {
        if !told {
            let now = s.now()?;
            step::insert_inbox(s, &[Command::End { trips, outcome: "removed".to_owned() }.to(row.shard, now)])?;
        }
        return Ok(Deletion::Travelling);
    }
    let lists = lists_of(&live.definitions, subject);
    match subject {
        Subject::Account => stored::delete_account(s, AccountId(row.id), &lists)?,
        Subject::Person => stored::delete_person(s, PersonId(row.id), &lists)?,
    }
    Ok(Deletion::Done(true))
}

/// Every list and audience whose members are of this subject, live or not.
fn lists_of(definitions: &Definitions, subject: Subject) -> Vec<i64> {
    let (kind, audience) = match subject {
        Subject::Account => (DocumentKind::AccountList, "account"),
        Subject::Person => (DocumentKind::PeopleList, "person"),
    };
    let audiences =
        definitions.of_kind(DocumentKind::Audience).filter(|d| d.text("subject").unwrap_or("account") == audience);
    definitions.of_kind(kind).chain(audiences).map(|d| d.id.0).collect()
}
