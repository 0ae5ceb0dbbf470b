//! Accounts and people as pages show them, and what happened to them: the shapes that both share.

use std::collections::HashMap;

use axum::http::StatusCode;
use caravan_engine::Engine;
use caravan_engine::import::{ImportError, STALE};
use caravan_engine::live::Live;
use caravan_model::ActivityId;
use caravan_model::attribute::AttributeSet;
use caravan_model::document::{CrmLinks, DocumentKind};
use caravan_store::people::{DetailRow, TimelineRow};
use caravan_store::{Session, StoreError, journeys, step};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::Problem;
use crate::http::page::Page;

#[derive(Deserialize, JsonSchema)]
pub struct SubjectPath {
    /// The natural key, as imported.
    pub key: String,
}

/// Something by its key, with its name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Ref")]
pub struct Named {
    /// The key.
    pub key: String,
    /// The name; none when it is not known (any more).
    pub name: Option<String>,
}

/// What may be said of one account or person: the attributes of the import files, and more of that kind that were
/// declared. What is absent stays as it is, null clears.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Attributes(pub Map<String, Value>);

/// Where records stand in the CRM, as the settings say.
pub fn crm(live: &Live) -> CrmLinks {
    let settings = live.definitions.settings();
    settings.map(|settings| settings.crm).unwrap_or_default()
}

/// Types of activities as the store compares them; `*` stands for anything.
pub fn type_patterns<'a>(types: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let pattern = |one: &str| one.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_").replace('*', "%");
    types.into_iter().map(pattern).collect()
}

/// All attributes that people see, missing ones as null.
pub fn attributes(set: &AttributeSet, row: &DetailRow) -> Map<String, Value> {
    let visible = set.iter().zip(&row.values).filter(|((_, attribute), _)| attribute.visible);
    let fields = visible.map(|((_, attribute), value)| (attribute.key.clone(), value.to_json()));
    fields.filter(|(key, _)| key != "key" && key != "name").collect()
}

/// What refuses a write or a whole file, in the words of the import.
impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::File { code: STALE, message } => Self::new(StatusCode::PRECONDITION_FAILED, STALE, message),
            ImportError::File { code, message } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message).at(""),
            ImportError::Read(_) => Self::bad_request(error.code(), error.to_string()),
            ImportError::Store(error) => error.into(),
        }
    }
}

/// Something that happened.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Activity {
    /// Its id, `act_…`.
    id: String,
    /// Its type.
    #[serde(rename = "type")]
    kind: String,
    /// The type's name for people.
    title: String,
    /// When it happened.
    at: Timestamp,
    /// When we were told.
    received_at: Timestamp,
    /// Who told: `import`, `segment`, `tracking`, `journey` …
    source: String,
    /// The account that it is about.
    account: Option<Named>,
    /// Who acted.
    person: Option<Named>,
    /// The journey that caused it.
    journey: Option<String>,
    /// The node of that journey.
    node: Option<String>,
    /// The type's own fields.
    fields: Map<String, Value>,
    #[serde(skip)]
    number: ActivityId,
}

/// One page of what happened, newest first.
pub fn timeline(
    engine: &Engine,
    s: &mut dyn Session,
    rows: Vec<TimelineRow>,
    limit: usize,
) -> Result<Page<Activity>, StoreError> {
    let live = engine.live(s)?;
    let names = Names::of(s, &rows)?;
    let trips: Vec<_> = rows.iter().filter_map(|row| row.enrollment).collect();
    let trips: HashMap<_, _> = step::enrollments(s, &trips)?.into_iter().map(|trip| (trip.id, trip)).collect();
    let mut activities = Vec::with_capacity(rows.len());
    for row in rows {
        let plan = match row.enrollment.and_then(|id| trips.get(&id)) {
            Some(trip) => live.plan(s, trip.version)?,
            None => None,
        };
        let node = plan.as_ref().zip(row.node).map(|(plan, node)| plan.node(node).id.clone());
        activities.push(activity(row, &live, &names, plan.map(|plan| plan.key.to_string()), node));
    }
    Ok(Page::of(activities, limit, |activity| activity.number.0))
}

/// Names of the accounts and people of a page.
struct Names {
    accounts: HashMap<i64, String>,
    people: HashMap<i64, String>,
}

impl Names {
    fn of(s: &mut dyn Session, rows: &[TimelineRow]) -> Result<Self, StoreError> {
        let accounts: Vec<i64> = rows.iter().filter_map(|row| row.account.as_ref()).map(|(id, _)| id.0).collect();
        let people: Vec<i64> = rows.iter().filter_map(|row| row.person.as_ref()).map(|(id, _)| id.0).collect();
        Ok(Self {
            accounts: journeys::shown_accounts(s, &accounts)?.into_iter().map(|it| (it.id, it.name)).collect(),
            people: journeys::shown_people(s, &people)?.into_iter().map(|it| (it.id, it.name)).collect(),
        })
    }
}

fn activity(row: TimelineRow, live: &Live, names: &Names, journey: Option<String>, node: Option<String>) -> Activity {
    let name = |names: &HashMap<i64, String>, id: i64| names.get(&id).filter(|name| !name.is_empty()).cloned();
    Activity {
        id: row.id.to_string(),
        title: live.definitions.schema.activity_title(&row.kind),
        kind: row.kind,
        at: row.at,
        received_at: row.received_at,
        source: row.source,
        account: row.account.map(|(id, key)| Named { key, name: name(&names.accounts, id.0) }),
        person: row.person.map(|(id, key)| Named { key, name: name(&names.people, id.0) }),
        journey,
        node,
        fields: row.fields.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        number: row.id,
    }
}

/// A trip of an account or person, shortly.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccountJourney")]
pub struct Trip {
    /// The trip, `enr_…`.
    id: String,
    /// The journey's key.
    journey: String,
    /// The journey's name.
    name: Option<String>,
    /// `active` or `ended`.
    state: String,
    /// Where it stands.
    node: Option<String>,
    /// What the card of that node is called.
    node_title: Option<String>,
    /// When it began.
    entered_at: Timestamp,
    /// How it ended.
    outcome: Option<String>,
}

/// Trips with the names of their journeys.
pub fn trips(live: &Live, rows: Vec<caravan_engine::status::TravellerRow>) -> Vec<Trip> {
    let name = |key: &str| live.definitions.get(DocumentKind::Journey, key).map(|it| it.name.clone());
    rows.into_iter()
        .map(|row| Trip {
            id: row.id,
            name: name(&row.journey),
            journey: row.journey,
            state: row.state,
            node: Some(row.node).filter(|node| !node.is_empty()),
            node_title: Some(row.node_title).filter(|title| !title.is_empty()),
            entered_at: row.entered_at,
            outcome: row.outcome,
        })
        .collect()
}

/// The lists of a kind in which a subject is, by key.
pub fn lists(s: &mut dyn Session, live: &Live, kind: DocumentKind, subject: i64) -> Result<Vec<String>, StoreError> {
    let known: HashMap<_, _> = live.definitions.of_kind(kind).map(|list| (list.id, list.key.clone())).collect();
    let ids: Vec<i64> = known.keys().map(|id| id.0).collect();
    let found = caravan_store::records::memberships(s, &[subject], &ids)?;
    let mut keys: Vec<String> = found.into_iter().filter_map(|(_, list)| known.get(&list).cloned()).collect();
    keys.sort_unstable();
    Ok(keys)
}

/// The tag that writes of an account or person may name.
pub fn tag(row: &DetailRow) -> i64 {
    caravan_model::clock::to_micros(row.updated_at)
}
