//! Records of opportunities and custom objects: of an object, and of one account or person.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::Engine;
use caravan_engine::import::{self, ImportKind, Put};
use caravan_engine::live::Live;
use caravan_engine::objects::Object;
use caravan_model::attribute::Subject;
use caravan_model::document::{OPPORTUNITY_ID, crm_link};
use caravan_store::objects::{self as stored, RecordRow};
use caravan_store::{Session, StoreError, journeys};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ApiState;
use crate::access::Permission::{DeleteCustomers, ReadCustomers, WriteCustomers};
use crate::history::{self, Attributes, Named};
use crate::http::page::{Page, PageQuery};
use crate::http::{Answer, Done, Json, Operations, Path, Problem, Query};
use crate::subject as owners;

const RECORDS: &str = "/api/v1/custom_objects/{key}/records";
const RECORD: &str = "/api/v1/custom_objects/{key}/records/{record}";

/// The operations of this file.
pub fn operations() -> Operations {
    let of_account = "/api/v1/accounts/{key}/records/{object}";
    let of_person = "/api/v1/people/{key}/records/{object}";
    Operations::of("Records")
        .get(RECORDS, ReadCustomers, list, "The records of an object, by key; `opportunity` is always there")
        .get(RECORD, ReadCustomers, show, "One record")
        .put(RECORD, WriteCustomers, put, "Add a record or change what is named of it")
        .delete(RECORD, DeleteCustomers, delete, "Take a record away")
        .get(of_account, ReadCustomers, of_an_account, "The records of an object that belong to an account, by key")
        .get(of_person, ReadCustomers, of_a_person, "The records of an object that belong to a person, by key")
}

#[derive(Deserialize, JsonSchema)]
struct ObjectPath {
    /// Key of the object; `opportunity` is built in.
    key: String,
}

#[derive(Deserialize, JsonSchema)]
struct RecordPath {
    /// Key of the object; `opportunity` is built in.
    key: String,
    /// Key of the record.
    record: String,
}

#[derive(Deserialize, JsonSchema)]
struct OwnerPath {
    /// The natural key of the account or person.
    key: String,
    /// Key of the object; `opportunity` is built in.
    object: String,
}

/// A record of an object.
#[derive(Debug, Serialize, JsonSchema)]
struct Record {
    /// Its key, unique in its object.
    key: String,
    /// The account that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Named>,
    /// The person that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<Named>,
    /// Every field of its object, missing ones as null.
    fields: Map<String, Value>,
    /// Where an opportunity stands in the CRM; left out where the settings say nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    crm_link: Option<String>,
    /// When it was last changed.
    updated_at: Timestamp,
}

fn found(live: &Live, key: &str) -> Result<Object, Problem> {
    Object::find(&live.definitions, key)
        .ok_or_else(|| Problem::not_found("unknown_object", format!("The object `{key}`")))
}

/// Records with the names of whom they belong to.
fn shown(s: &mut dyn Session, live: &Live, object: &Object, rows: Vec<RecordRow>) -> Result<Vec<Record>, StoreError> {
    let pattern = history::crm(live).opportunity.filter(|_| object.id == OPPORTUNITY_ID);
    let of_people = object.shape.subject == Subject::Person;
    let owners: Vec<i64> = rows.iter().map(|row| row.subject).collect();
    let owners = if of_people { journeys::shown_people(s, &owners)? } else { journeys::shown_accounts(s, &owners)? };
    let owners: HashMap<i64, Named> = owners
        .into_iter()
        .map(|it| (it.id, Named { key: it.key, name: Some(it.name).filter(|name| !name.is_empty()) }))
        .collect();
    let record = |row: RecordRow| {
        let owner = owners.get(&row.subject).cloned();
        let mut written: Map<String, Value> = serde_json::from_str(&row.fields).unwrap_or_default();
        let fields = object.shape.fields.keys();
        Record {
            crm_link: pattern.as_deref().and_then(|pattern| crm_link(pattern, &row.key)),
            key: row.key,
            account: owner.clone().filter(|_| !of_people),
            person: owner.filter(|_| of_people),
            fields: fields.map(|name| (name.clone(), written.shift_remove(name).unwrap_or_default())).collect(),
            updated_at: row.updated_at,
        }
    };
    Ok(rows.into_iter().map(record).collect())
}

/// One page of the rows that `read` finds.
fn page(
    s: &mut dyn Session,
    live: &Live,
    object: &Object,
    limit: usize,
    rows: Vec<RecordRow>,
) -> Result<Page<Record>, StoreError> {
    Ok(Page::of(shown(s, live, object, rows)?, limit, |record| record.key.clone()))
}

async fn list(
    State(state): State<ApiState>,
    Path(path): Path<ObjectPath>,
    Query(query): Query<PageQuery>,
) -> Result<Page<Record>, Problem> {
    let (limit, after) = (query.limit()?, query.after()?.unwrap_or_default());
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let live = engine.live(s)?;
            let object = found(&live, &path.key)?;
            let rows = stored::page(s, object.id, &after, limit + 1)?;
            let total = stored::count(s, object.id)?;
            Ok(page(s, &live, &object, limit, rows)?.with_total(total))
        })
    });
    read.await
}

async fn show(State(state): State<ApiState>, Path(path): Path<RecordPath>) -> Result<Answer<Record>, Problem> {
    state.blocking(move |engine| engine.store().read(|s| record(engine, s, &path))).await
}

fn record(engine: &Engine, s: &mut dyn Session, path: &RecordPath) -> Result<Answer<Record>, Problem> {
    let live = engine.live(s)?;
    let object = found(&live, &path.key)?;
    let row = stored::get(s, object.id, &path.record)?;
    let record = shown(s, &live, &object, row.into_iter().collect())?.pop();
    record.map(Answer::of).ok_or_else(|| unknown(path))
}

fn unknown(path: &RecordPath) -> Problem {
    Problem::not_found("unknown_record", format!("The record `{}` of `{}`", path.record, path.key))
}

/// The fields of an import file of this object; what is absent stays as it is, null clears.
async fn put(
    State(state): State<ApiState>,
    Path(path): Path<RecordPath>,
    Json(Attributes(mut row)): Json<Attributes>,
) -> Result<Answer<Record>, Problem> {
    let write = state.blocking(move |engine| {
        let object = engine.store().read(|s| found(&*engine.live(s)?, &path.key))?;
        let key = object.key_value(&path.record);
        row.insert(object.shape.primary_key.clone(), key);
        let done = import::put_row(engine, &ImportKind::Records(path.key.clone()), &row, "api")?;
        engine.poke();
        let answer = engine.store().read(|s| record(engine, s, &path))?;
        Ok(if done == Put::Created { answer.status(StatusCode::CREATED) } else { answer })
    });
    write.await
}

async fn delete(State(state): State<ApiState>, Path(path): Path<RecordPath>) -> Result<Done, Problem> {
    let write = state.blocking(move |engine| {
        let object = engine.store().read(|s| found(&*engine.live(s)?, &path.key))?;
        let gone = import::delete_record(engine, &object, &path.record)?;
        engine.poke();
        if gone { Ok(Done::default()) } else { Err(unknown(&path)) }
    });
    write.await
}

async fn of_an_account(
    state: State<ApiState>,
    path: Path<OwnerPath>,
    query: Query<PageQuery>,
) -> Result<Page<Record>, Problem> {
    of_owner(state, path, query, Subject::Account).await
}

async fn of_a_person(
    state: State<ApiState>,
    path: Path<OwnerPath>,
    query: Query<PageQuery>,
) -> Result<Page<Record>, Problem> {
    of_owner(state, path, query, Subject::Person).await
}

async fn of_owner(
    State(state): State<ApiState>,
    Path(path): Path<OwnerPath>,
    Query(query): Query<PageQuery>,
    subject: Subject,
) -> Result<Page<Record>, Problem> {
    let (limit, after) = (query.limit()?, query.after()?.unwrap_or_default());
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let live = engine.live(s)?;
            let object = found(&live, &path.object)?;
            if object.shape.subject != subject {
                let detail = format!("Records of `{}` belong to the other kind of subject.", path.object);
                return Err(Problem::bad_request("wrong_subject", detail));
            }
            let owner = owners::found(s, &live, subject, &path.key)?;
            let rows = stored::page_of_subject(s, object.id, owner.id, &after, limit + 1)?;
            Ok(page(s, &live, &object, limit, rows)?)
        })
    });
    read.await
}

/// How many records an account or a person has, by object; objects without one are left out.
pub fn counts(s: &mut dyn Session, live: &Live, subject: Subject, id: i64) -> Result<Map<String, Value>, StoreError> {
    let objects = Object::all_of(&live.definitions, subject);
    let ids: Vec<i64> = objects.iter().map(|object| object.id.0).collect();
    let counts: HashMap<_, _> = stored::counts_of_subject(s, &ids, id)?.into_iter().collect();
    Ok(objects.iter().filter_map(|it| Some((it.key.clone(), Value::from(*counts.get(&it.id)?)))).collect())
}

/// How many opportunities of an account are open: those that are not marked as closed.
pub fn open_opportunities(s: &mut dyn Session, account: i64) -> Result<i64, StoreError> {
    stored::count_not_true(s, OPPORTUNITY_ID, account, "is_closed")
}
