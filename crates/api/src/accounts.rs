//! Accounts, their people and history.

use std::collections::HashMap;

use axum::extract::State;
use caravan_engine::sorting::AccountOrder;
use caravan_engine::{Engine, status};
use caravan_model::attribute::Subject;
use caravan_model::document::{DocumentKind, crm_link};
use caravan_model::{AccountId, ActivityId};
use caravan_store::Session;
use caravan_store::people::{self as stored, ListedRow, PassedOver, Shown};
use caravan_store::records::Table;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{DeleteCustomers, ReadCustomers, WriteCustomers};
use crate::attribute_columns::AttributesQuery;
use crate::history::{self, Activity, Attributes, SubjectPath, Trip};
use crate::http::page::{Page, PageQuery, SearchQuery, behind, place_of};
use crate::http::{Answer, Done, IfMatch, Json, Operations, Path, Problem, Query};
use crate::people::{PersonRow, people_rows};
use crate::records as records_of;
use crate::subject;

const ACCOUNT: &str = "/api/v1/accounts/{key}";

/// The operations of this file.
pub fn operations() -> Operations {
    let at = |rest: &str| format!("{ACCOUNT}/{rest}");
    Operations::of("Accounts")
        .get("/api/v1/accounts", ReadCustomers, list, "Accounts, by key or in another order")
        .get(ACCOUNT, ReadCustomers, show, "An account with all its attributes, journeys and lists")
        .put(ACCOUNT, WriteCustomers, put, "Add an account or change what is named of it")
        .delete(ACCOUNT, DeleteCustomers, delete, "Take an account away; its trips end as removed")
        .get(&at("people"), ReadCustomers, people, "The people of an account, by key")
        .get(&at("timeline"), ReadCustomers, timeline, "What happened to an account and its people, newest first")
}

/// An account in a list.
#[derive(Debug, Serialize, JsonSchema)]
struct AccountRow {
    /// The natural key, as imported.
    key: String,
    /// The name.
    name: String,
    industry: Option<String>,
    country: Option<String>,
    employees: Option<i64>,
    /// Who looks after it.
    owner_email: Option<String>,
    /// How many people it has.
    people: i64,
    /// When it was last changed.
    updated_at: Timestamp,
    /// The attributes that were asked for, by key; missing ones are left out.
    #[serde(skip_serializing_if = "Map::is_empty")]
    attributes: Map<String, Value>,
}

impl AccountRow {
    fn of(row: ListedRow, attributes: Map<String, Value>) -> Self {
        Self {
            key: row.key,
            name: row.name,
            industry: row.title,
            country: row.country,
            employees: row.employees,
            owner_email: row.owner_email,
            people: row.related,
            updated_at: row.updated_at,
            attributes,
        }
    }
}

/// Why accounts are passed over.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AccountPassedOver")]
enum Lacking {
    /// They have no name: they enter no journey and get no buying group.
    NoName,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct OnlyQuery {
    /// Only accounts that journeys and groups pass over for this reason.
    passed_over: Option<Lacking>,
    /// What they are ordered by; by key when left out. What is missing stands last.
    #[serde(default)]
    sort: AccountOrder,
    /// The highest first.
    #[serde(default)]
    descending: bool,
}

async fn list(
    State(state): State<ApiState>,
    Query(query): Query<SearchQuery>,
    Query(only): Query<OnlyQuery>,
    Query(attributes): Query<AttributesQuery>,
) -> Result<Page<AccountRow>, Problem> {
    let read = move |engine: &Engine, s: &mut dyn Session| -> Result<_, Problem> {
        let live = engine.live(s)?;
        let schema = &live.definitions.schema;
        let chosen = attributes.chosen(&live, Table::Account, only.sort.sort(only.descending))?;
        let (limit, after) = (query.page().limit()?, place_of(query.cursor(), &chosen.sort)?);
        let passed_over = only.passed_over.map(|Lacking::NoName| PassedOver::NoName);
        let shown = Shown { passed_over, ..Shown::found(Table::Account, query.text().unwrap_or_default()) };
        let rows = behind(stored::page(s, schema, shown, chosen.sort, after.as_ref(), limit + 1))?;
        let page = Page::ordered(rows, limit, &chosen.sort).with_total(stored::count(s, shown)?);
        let ids: Vec<i64> = page.items.iter().map(|row| row.id).collect();
        let mut values = chosen.values(s, schema, &ids)?;
        Ok(page.map(|row| {
            let own = values.remove(&row.id).unwrap_or_default();
            AccountRow::of(row, own)
        }))
    };
    state.blocking(move |engine| engine.store().read(|s| read(engine, s))).await
}

/// An account with everything that is known of it.
#[derive(Debug, Serialize, JsonSchema)]
struct Account {
    /// The natural key, as imported.
    key: String,
    /// The name.
    name: String,
    /// Every other attribute, by its key.
    #[serde(flatten)]
    attributes: Map<String, Value>,
    /// How many people it has.
    people: i64,
    /// How many of its opportunities are not closed.
    open_opportunities: i64,
    /// How many records it has, by object; objects without one are left out.
    records: Map<String, Value>,
    /// Its latest trips.
    journeys: Vec<Trip>,
    /// Keys of the account lists it is in.
    lists: Vec<String>,
    /// Where it stands in the CRM; none where the settings say nothing of it.
    crm_link: Option<String>,
}

async fn show(State(state): State<ApiState>, Path(path): Path<SubjectPath>) -> Result<Answer<Account>, Problem> {
    state.blocking(move |engine| engine.store().read(|s| account(engine, s, &path.key))).await
}

fn account(engine: &Engine, s: &mut dyn Session, key: &str) -> Result<Answer<Account>, Problem> {
    let live = engine.live(s)?;
    let row = subject::found(s, &live, Subject::Account, key)?;
    let name_at = live.definitions.schema.account.iter().position(|(_, attribute)| attribute.key == "name");
    let name = name_at.and_then(|at| row.values.get(at)).map(ToString::to_string).unwrap_or_default();
    let trips = status::trips_of_account(engine, s, row.id)?;
    let revision = history::tag(&row);
    Ok(Answer::of(Account {
        name,
        attributes: history::attributes(&live.definitions.schema.account, &row),
        people: stored::count_people_of(s, AccountId(row.id))?,
        open_opportunities: records_of::open_opportunities(s, row.id)?,
        records: records_of::counts(s, &live, Subject::Account, row.id)?,
        journeys: history::trips(&live, trips),
        lists: history::lists(s, &live, DocumentKind::AccountList, row.id)?,
        crm_link: history::crm(&live).account.and_then(|pattern| crm_link(&pattern, &row.key)),
        key: row.key,
    })
    .revision(revision))
}

async fn put(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<SubjectPath>,
    seen: Option<IfMatch>,
    Json(fields): Json<Attributes>,
) -> Result<Answer<Account>, Problem> {
    let write = state.blocking(move |engine| {
        subject::put(engine, (Subject::Account, &path.key), seen.as_ref(), &fields, &caller.actor, account)
    });
    write.await
}

async fn delete(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
    seen: Option<IfMatch>,
) -> Result<Done, Problem> {
    state.blocking(move |engine| subject::delete(engine, Subject::Account, &path.key, seen.as_ref())).await
}

async fn people(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
    Query(query): Query<SearchQuery>,
) -> Result<Page<PersonRow>, Problem> {
    let (limit, after) = (query.page().limit()?, query.page().after()?.unwrap_or_default());
    let text = query.text().unwrap_or_default().to_owned();
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let live = engine.live(s)?;
            let account = subject::found(s, &live, Subject::Account, &path.key)?;
            let rows = stored::people_of(s, AccountId(account.id), &text, &after, limit + 1)?;
            let page = Page::of(rows, limit, |row| row.row.key.clone());
            Ok(people_rows(s, page.map(|row| row.row), HashMap::new())?)
        })
    });
    read.await
}

async fn timeline(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
    Query(query): Query<PageQuery>,
) -> Result<Page<Activity>, Problem> {
    let (limit, before) = (query.limit()?, query.after_number()?.map(ActivityId));
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let live = engine.live(s)?;
            let account = subject::found(s, &live, Subject::Account, &path.key)?;
            let rows = stored::timeline_of_account(s, AccountId(account.id), before, limit + 1)?;
            Ok(history::timeline(engine, s, rows, limit)?)
        })
    });
    read.await
}
