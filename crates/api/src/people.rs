//! People and their history.

use std::collections::HashMap;

use axum::extract::State;
use caravan_engine::external_audiences::{Held, held_of};
use caravan_engine::groups::personas;
use caravan_engine::sorting::PersonOrder;
use caravan_engine::status::HeldMessage;
use caravan_engine::{Engine, status};
use caravan_model::attribute::Subject;
use caravan_model::document::{DocumentKind, crm_link};
use caravan_model::{ActivityId, PersonId};
use caravan_store::machine_events::{self, MachineEventRow};
use caravan_store::people::{self as stored, ListedRow, PassedOver, Shown};
use caravan_store::records::Table;
use caravan_store::uses::UseKind;
use caravan_store::{Session, StoreError, engagement, journeys};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{DeleteCustomers, ReadCustomers, WriteCustomers};
use crate::attribute_columns::AttributesQuery;
use crate::history::{self, Activity, Attributes, Named, SubjectPath, Trip};
use crate::http::page::{Page, PageQuery, SearchQuery, behind, place_of};
use crate::http::{Answer, Done, IfMatch, Json, Operations, Path, Problem, Query};
use crate::records as records_of;
use crate::subject;

/// Opens and clicks of machines that are shown of a person.
const MOST_MACHINES: usize = 200;
const PERSON: &str = "/api/v1/people/{key}";

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("People")
        .get("/api/v1/people", ReadCustomers, list, "People, by key or in another order")
        .get(PERSON, ReadCustomers, show, "A person with all attributes, accounts, journeys and lists")
        .put(PERSON, WriteCustomers, put, "Add a person or change what is named of them")
        .delete(PERSON, DeleteCustomers, delete, "Take a person away; their trips end as removed")
        .get(
            "/api/v1/people/{key}/external_audiences",
            ReadCustomers,
            held,
            "What other systems hold of a person, as the external audiences that they are or were in told them",
        )
        .get("/api/v1/people/{key}/timeline", ReadCustomers, timeline, "What a person did, newest first")
        .get(
            "/api/v1/people/{key}/machines",
            ReadCustomers,
            machines,
            "Opens and clicks of messages to a person that a machine made and that count for nothing, newest first",
        )
}

/// A person in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonRow {
    /// The natural key, as imported.
    key: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// First and last name.
    name: Option<String>,
    job_title: Option<String>,
    country: Option<String>,
    /// The accounts they belong to.
    accounts: Vec<Named>,
    /// They get no marketing mail.
    unsubscribed: bool,
    /// Their engagement, 0 to 100, exact.
    engagement: f64,
    /// When they were last changed.
    updated_at: Timestamp,
    /// The attributes that were asked for, by key; missing ones are left out.
    #[serde(skip_serializing_if = "Map::is_empty")]
    attributes: Map<String, Value>,
}

/// Listed people with their accounts, and with attributes by id.
pub fn people_rows(
    s: &mut dyn Session,
    page: Page<ListedRow>,
    mut attributes: HashMap<i64, Map<String, Value>>,
) -> Result<Page<PersonRow>, StoreError> {
    let ids: Vec<i64> = page.items.iter().map(|row| row.id).collect();
    let mut accounts: HashMap<i64, Vec<Named>> = HashMap::new();
    for (person, key, name) in stored::accounts_of_each(s, &ids)? {
        accounts.entry(person).or_default().push(Named { key, name: Some(name) });
    }
    Ok(page.map(|row| PersonRow {
        key: row.key,
        email: row.email,
        first_name: row.first_name,
        last_name: row.last_name,
        name: Some(row.name).filter(|name| !name.is_empty()),
        job_title: row.title,
        country: row.country,
        accounts: accounts.remove(&row.id).unwrap_or_default(),
        unsubscribed: row.unsubscribed,
        engagement: row.engagement.unwrap_or_default(),
        updated_at: row.updated_at,
        attributes: attributes.remove(&row.id).unwrap_or_default(),
    }))
}

/// Why people are passed over.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PersonPassedOver")]
enum Lacking {
    /// They have no address: they get no mail.
    NoEmail,
    /// They are test profiles: no condition finds them, and no person journey takes them.
    TestProfile,
}

impl From<Lacking> for PassedOver {
    fn from(lacking: Lacking) -> Self {
        match lacking {
            Lacking::NoEmail => Self::NoEmail,
            Lacking::TestProfile => Self::TestProfile,
        }
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct OnlyQuery {
    /// Only people that messages, lists and journeys pass over for this reason.
    passed_over: Option<Lacking>,
    /// What they are ordered by; by key when left out. What is missing stands last.
    #[serde(default)]
    sort: PersonOrder,
    /// The highest first.
    #[serde(default)]
    descending: bool,
}

async fn list(
    State(state): State<ApiState>,
    Query(query): Query<SearchQuery>,
    Query(only): Query<OnlyQuery>,
    Query(attributes): Query<AttributesQuery>,
) -> Result<Page<PersonRow>, Problem> {
    let read = move |engine: &Engine, s: &mut dyn Session| -> Result<_, Problem> {
        let live = engine.live(s)?;
        let schema = &live.definitions.schema;
        let chosen = attributes.chosen(&live, Table::Person, only.sort.sort(only.descending))?;
        let (limit, after) = (query.page().limit()?, place_of(query.cursor(), &chosen.sort)?);
        let passed_over = only.passed_over.map(PassedOver::from);
        let shown = Shown { passed_over, ..Shown::found(Table::Person, query.text().unwrap_or_default()) };
        let rows = behind(stored::page(s, schema, shown, chosen.sort, after.as_ref(), limit + 1))?;
        let page = Page::ordered(rows, limit, &chosen.sort).with_total(stored::count(s, shown)?);
        let ids: Vec<i64> = page.items.iter().map(|row| row.id).collect();
        let values = chosen.values(s, schema, &ids)?;
        Ok(people_rows(s, page, values)?)
    };
    state.blocking(move |engine| engine.store().read(|s| read(engine, s))).await
}

/// A person with everything that is known of them.
#[derive(Debug, Serialize, JsonSchema)]
struct Person {
    /// The natural key, as imported.
    key: String,
    /// First and last name, else the address.
    name: Option<String>,
    /// The address.
    email: Option<String>,
    /// Every other attribute, by its key.
    #[serde(flatten)]
    attributes: Map<String, Value>,
    /// They opted out of mail themselves; no import lifts that.
    opted_out: bool,
    /// Their engagement, 0 to 100, exact.
    engagement: f64,
    /// The accounts they belong to.
    accounts: Vec<Membership>,
    /// How many records they have, by object; objects without one are left out.
    records: Map<String, Value>,
    /// Their latest trips by themselves.
    journeys: Vec<Trip>,
    /// Messages of journeys to them that are held for now, by quiet hours or by their mailbox provider, the next one first.
    held_messages: Vec<HeldMessage>,
    /// Keys of the people lists they are in.
    lists: Vec<String>,
    /// Key of the persona that fits them best.
    persona: Option<String>,
    /// Where they stand in the CRM; none where the settings say nothing of it.
    crm_link: Option<String>,
}

/// An account of a person.
#[derive(Debug, Serialize, JsonSchema)]
struct Membership {
    /// The account's key.
    key: String,
    /// The account's name.
    name: Option<String>,
    /// The person's roles there.
    roles: Vec<String>,
}

async fn show(State(state): State<ApiState>, Path(path): Path<SubjectPath>) -> Result<Answer<Person>, Problem> {
    state.blocking(move |engine| engine.store().read(|s| person(engine, s, &path.key))).await
}

/// The accounts of one person that are shown; nobody has more.
const ACCOUNTS_SHOWN: usize = 200;

fn person(engine: &Engine, s: &mut dyn Session, key: &str) -> Result<Answer<Person>, Problem> {
    let live = engine.live(s)?;
    let row = subject::found(s, &live, Subject::Person, key)?;
    let shown = journeys::shown_people(s, &[row.id])?.pop();
    let accounts = stored::accounts_of(s, PersonId(row.id), "", ACCOUNTS_SHOWN)?;
    let accounts =
        accounts.into_iter().map(|it| Membership { key: it.row.key, name: Some(it.row.name), roles: it.roles });
    let trips = status::trips_of_person(engine, s, row.id)?;
    let revision = history::tag(&row);
    let mut attributes = history::attributes(&live.definitions.schema.person, &row);
    let email = attributes.shift_remove("email").and_then(|email| email.as_str().map(str::to_owned));
    Ok(Answer::of(Person {
        email,
        name: shown.map(|shown| shown.name).filter(|name| !name.is_empty()),
        attributes,
        opted_out: row.opted_out,
        engagement: engagement::scores_of(s, &[row.id])?.first().map_or(0.0, |score| score.engagement),
        accounts: accounts.collect(),
        records: records_of::counts(s, &live, Subject::Person, row.id)?,
        journeys: history::trips(&live, trips),
        held_messages: status::held_of_person(engine, s, row.id)?,
        persona: personas::of_person(s, &live, PersonId(row.id))?,
        lists: history::lists(s, &live, DocumentKind::PeopleList, row.id)?,
        crm_link: history::crm(&live).person.and_then(|pattern| crm_link(&pattern, &row.key)),
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
) -> Result<Answer<Person>, Problem> {
    let write = state.blocking(move |engine| {
        subject::put(engine, (Subject::Person, &path.key), seen.as_ref(), &fields, &caller.actor, person)
    });
    write.await
}

async fn delete(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
    seen: Option<IfMatch>,
) -> Result<Done, Problem> {
    state.blocking(move |engine| subject::delete(engine, Subject::Person, &path.key, seen.as_ref())).await
}

/// What other systems hold of a person.
#[derive(Debug, Serialize, JsonSchema)]
struct HeldOfPerson {
    /// By external audience and destination.
    items: Vec<Held>,
}

async fn held(State(state): State<ApiState>, Path(path): Path<SubjectPath>) -> Result<Answer<HeldOfPerson>, Problem> {
    let read = |engine: &Engine, s: &mut dyn Session, key: &str| -> Result<_, Problem> {
        let live = engine.live(s)?;
        let row = subject::found(s, &live, Subject::Person, key)?;
        Ok(Answer::of(HeldOfPerson { items: held_of(s, &live, PersonId(row.id))? }))
    };
    state.blocking(move |engine| engine.store().read(|s| read(engine, s, &path.key))).await
}

/// Types that a timeline is narrowed to, at most.
const MOST_TYPES: usize = 20;

#[derive(Deserialize, JsonSchema)]
struct TypesQuery {
    /// Only activities of these types, separated by commas; `page_*` stands for all that begin so. At most 20.
    r#type: Option<String>,
}

impl TypesQuery {
    /// As the store compares them.
    fn patterns(&self) -> Result<Vec<String>, Problem> {
        let said = self.r#type.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|one| !one.is_empty());
        let patterns = history::type_patterns(said);
        if patterns.len() > MOST_TYPES {
            let detail = format!("`type` names {} types. Name {MOST_TYPES} at most.", patterns.len());
            return Err(Problem::bad_request("too_many_types", detail));
        }
        Ok(patterns)
    }
}

/// What machines did with the messages to a person.
#[derive(Debug, Serialize, JsonSchema)]
struct MachinesOfPerson {
    /// The newest of the last thirty days, up to 200; of one message up to 100 are kept.
    items: Vec<MachineUse>,
}

/// An open or a click of a machine. Figures, scores, lists and journeys do not see it.
#[derive(Debug, Serialize, JsonSchema)]
struct MachineUse {
    /// In which message.
    message: String,
    /// When.
    at: Timestamp,
    /// `opened` or `clicked`.
    what: String,
    /// Number of the link; none for an open.
    link: Option<i64>,
    /// Where the link leads, without what follows a `?` or `#`.
    url: Option<String>,
    /// How it was told: `agent`, `network`, `prefetch`, `burst`, `quick`, `hidden_link`.
    pattern: String,
    /// What it calls itself.
    user_agent: Option<String>,
    /// The same for the same address, as long as the key of links is the same; the address itself is not kept.
    address_code: Option<String>,
}

impl From<MachineEventRow> for MachineUse {
    fn from(row: MachineEventRow) -> Self {
        let clicked = row.kind == UseKind::Clicked.key();
        Self {
            message: row.effect.to_string(),
            at: row.at,
            what: row.kind,
            link: clicked.then_some(row.link),
            url: Some(row.url).filter(|url| !url.is_empty()),
            pattern: row.pattern,
            user_agent: row.user_agent,
            address_code: row.address_code,
        }
    }
}

async fn machines(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
) -> Result<Answer<MachinesOfPerson>, Problem> {
    let read = |engine: &Engine, s: &mut dyn Session, key: &str| -> Result<_, Problem> {
        let live = engine.live(s)?;
        let row = subject::found(s, &live, Subject::Person, key)?;
        let items = machine_events::of_person(s, PersonId(row.id), MOST_MACHINES)?;
        Ok(Answer::of(MachinesOfPerson { items: items.into_iter().map(MachineUse::from).collect() }))
    };
    state.blocking(move |engine| engine.store().read(|s| read(engine, s, &path.key))).await
}

async fn timeline(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
    Query(query): Query<PageQuery>,
    Query(types): Query<TypesQuery>,
) -> Result<Page<Activity>, Problem> {
    let (limit, before) = (query.limit()?, query.after_number()?.map(ActivityId));
    let types = types.patterns()?;
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let live = engine.live(s)?;
            let person = subject::found(s, &live, Subject::Person, &path.key)?;
            let rows = stored::timeline_of_person(s, PersonId(person.id), &types, before, limit + 1)?;
            Ok(history::timeline(engine, s, rows, limit)?)
        })
    });
    read.await
}
