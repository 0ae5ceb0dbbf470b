//! Journeys: their list, life cycle, map, counts and travellers. Their manifests are definitions like all others.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::Engine;
use caravan_engine::definitions::DefinitionError;
use caravan_engine::lifecycle::{self, Duplicate, Feeder, Review, Verb};
use caravan_engine::sorting::TripOrder;
use caravan_engine::status::{
    self, Asked, AskedTrips, JourneyFigures, JourneyInList, JourneyMap, JourneyStatus, Stand, TravellerRow,
    TripTimeline,
};
use caravan_engine::travel;
use caravan_model::document::DocumentKind;
use caravan_model::{EnrollmentId, Finding};
use caravan_store::documents::DocumentRow;
use caravan_store::ordered::Sort;
use caravan_store::trips::TripBy;
use caravan_store::{Session, StoreError};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiState;
use crate::access::{Caller, Permission};
use crate::documents::{self, ListQuery};
use crate::drafts::which_version;
use crate::http::page::{Page, SearchQuery, bad_cursor, behind, page_limit, place_of};
use crate::http::{Answer, Done, Json, Operations, Path, Problem, Query};

const JOURNEY: &str = "/api/v1/journeys/{key}";

/// The operations of this file.
pub fn operations() -> Operations {
    use Permission::{ReadCustomers, ReadDefinitions, RunJourneys, WriteDefinitions};
    let at = |rest: &str| format!("{JOURNEY}/{rest}");
    Operations::of("Journeys")
        .get("/api/v1/journeys", ReadDefinitions, list, "Journeys with their counts, by key or in another order")
        .get(&at("map"), ReadDefinitions, map, "The map as it is drawn: cards and connectors")
        .get(&at("status"), ReadDefinitions, show_status, "Counts of a journey, its nodes and paths")
        .get(
            &at("figures"),
            ReadDefinitions,
            figures,
            "A journey over time: entered and completed by day, duration, engagement, versions and variants compared",
        )
        .post(&at("publish"), RunJourneys, publish, "Publish the draft")
        .post(&at("pause"), RunJourneys, pause, "Move nobody and send nothing for now")
        .post(&at("resume"), RunJourneys, resume, "Go on after a pause")
        .post(&at("close"), RunJourneys, close, "Take nobody in any more")
        .post(&at("abort"), RunJourneys, abort, "End every trip where it stands")
        .get(&at("review"), ReadDefinitions, review, "What publishing the draft would do now")
        .get(&at("feeders"), ReadDefinitions, feeders, "Journeys under way that send travellers here")
        .put(&at("end"), RunJourneys, move_end, "Move the end date of a live or scheduled journey")
        .post(&at("duplicate"), WriteDefinitions, duplicate, "A new draft like this journey, or with its map alone")
        .get(&at("nodes/{node}/travellers"), ReadCustomers, at_node, "Travellers of a node, as they entered the journey. Each page looks at 5,000 trips at most, of those under way where only these are asked for: it may be short or empty and go on all the same")
        .get(&at("travellers"), ReadCustomers, travellers, "Travellers of a journey. As they entered, a search looks at 5,000 trips under way, or ended, for each page at most: it may be short or empty and go on all the same")
        .post(&at("travellers"), RunJourneys, enter, "An account or person enters by hand")
        .delete(&at("travellers/{id}"), RunJourneys, remove, "End a trip as removed")
        .post(&at("travellers/{id}/skip"), RunJourneys, skip, "End the wait of a trip now")
        .get(&at("travellers/{id}/timeline"), ReadCustomers, timeline, "What a trip did, step by step")
}

#[derive(Deserialize, JsonSchema)]
struct JourneyPath {
    /// The journey's key.
    key: String,
}

async fn list(
    State(state): State<ApiState>,
    Query(query): Query<SearchQuery>,
    Query(list): Query<ListQuery>,
) -> Result<Page<JourneyInList>, Problem> {
    let read = |engine: &Engine, s: &mut dyn Session, found: Vec<DocumentRow>| {
        found.iter().map(|row| Ok(status::in_list(engine, s, row)?)).collect()
    };
    documents::page_of(&state, DocumentKind::Journey, &query, &list, read).await
}

#[derive(Deserialize, JsonSchema)]
struct MapQuery {
    /// `live` (the draft while there is none), `draft`, or the number of a version.
    version: Option<String>,
}

async fn map(
    State(state): State<ApiState>,
    Path(path): Path<JourneyPath>,
    Query(query): Query<MapQuery>,
) -> Result<Answer<JourneyMap>, Problem> {
    let which = which_version(query.version.as_deref().unwrap_or_default())?;
    let drawn = state.blocking(move |engine| Ok(status::map(engine, &path.key, which)?));
    Ok(Answer::of(drawn.await?))
}

async fn show_status(
    State(state): State<ApiState>,
    Path(path): Path<JourneyPath>,
) -> Result<Answer<JourneyStatus>, Problem> {
    status_of(&state, path.key).await
}

async fn status_of(state: &ApiState, key: String) -> Result<Answer<JourneyStatus>, Problem> {
    Ok(Answer::of(state.blocking(move |engine| Ok(status::status(engine, &key)?)).await?))
}

#[derive(Deserialize, JsonSchema)]
struct FiguresQuery {
    /// Only those who entered at this instant or later.
    from: Option<Timestamp>,
    /// Only those who entered before this instant.
    until: Option<Timestamp>,
}

async fn figures(
    State(state): State<ApiState>,
    Path(path): Path<JourneyPath>,
    Query(query): Query<FiguresQuery>,
) -> Result<Answer<JourneyFigures>, Problem> {
    let read = state.blocking(move |engine| Ok(status::figures(engine, &path.key, query.from, query.until)?));
    Ok(Answer::of(read.await?))
}

async fn publish(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<JourneyPath>,
) -> Result<Answer<JourneyStatus>, Problem> {
    let keys = vec![path.key.clone()];
    state.blocking(move |engine| Ok(lifecycle::publish(engine, &keys, &caller.actor)?)).await?;
    status_of(&state, path.key).await
}

type Ordered = Result<Answer<JourneyStatus>, Problem>;

async fn pause(State(state): State<ApiState>, caller: Caller, Path(path): Path<JourneyPath>) -> Ordered {
    order(state, caller, path.key, Verb::Pause).await
}

async fn resume(State(state): State<ApiState>, caller: Caller, Path(path): Path<JourneyPath>) -> Ordered {
    order(state, caller, path.key, Verb::Resume).await
}

async fn order(state: ApiState, caller: Caller, key: String, verb: Verb) -> Ordered {
    let journey = key.clone();
    state.blocking(move |engine| Ok(lifecycle::command(engine, &journey, verb, &caller.actor)?)).await?;
    status_of(&state, key).await
}

/// A journey that takes nobody in any more.
#[derive(Serialize, JsonSchema)]
struct Stopped {
    #[serde(flatten)]
    status: JourneyStatus,
    /// What other journeys do that does nothing from now on.
    warnings: Vec<Finding>,
}

async fn close(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<JourneyPath>,
) -> Result<Answer<Stopped>, Problem> {
    stop(state, caller, path.key, Verb::Close).await
}

async fn abort(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<JourneyPath>,
) -> Result<Answer<Stopped>, Problem> {
    stop(state, caller, path.key, Verb::Abort).await
}

async fn stop(state: ApiState, caller: Caller, key: String, verb: Verb) -> Result<Answer<Stopped>, Problem> {
    let stopped = state.blocking(move |engine| {
        let warnings = lifecycle::command(engine, &key, verb, &caller.actor)?;
        Ok(Stopped { status: status::status(engine, &key)?, warnings })
    });
    Ok(Answer::of(stopped.await?))
}

/// The journeys that send travellers into one.
#[derive(Serialize, JsonSchema)]
struct Feeders {
    /// By key.
    items: Vec<Feeder>,
}

async fn feeders(State(state): State<ApiState>, Path(path): Path<JourneyPath>) -> Result<Answer<Feeders>, Problem> {
    let read = state.blocking(move |engine| Ok(Feeders { items: lifecycle::feeders(engine, &path.key)? }));
    Ok(Answer::of(read.await?))
}

async fn duplicate(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<JourneyPath>,
    Json(copy): Json<Duplicate>,
) -> Result<Answer<Value>, Problem> {
    let made = state.blocking(move |engine| {
        lifecycle::duplicate(engine, &path.key, copy, &caller.actor).map_err(|error| match &error {
            DefinitionError::Findings(findings) if findings.iter().any(|it| it.code == "exists_already") => {
                Problem::conflict("exists_already", findings[0].message.clone()).at("/key")
            }
            _ => error.into(),
        })
    });
    Ok(Answer::of(made.await?).status(StatusCode::CREATED))
}

async fn review(State(state): State<ApiState>, Path(path): Path<JourneyPath>) -> Result<Answer<Review>, Problem> {
    let reviewed = state.blocking(move |engine| {
        let review = lifecycle::review(engine, std::slice::from_ref(&path.key))?.pop();
        review.ok_or_else(|| Problem::not_found("unknown_definition", format!("Journey `{}`", path.key)))
    });
    Ok(Answer::of(reviewed.await?))
}

/// When a journey ends.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct End {
    /// The new end date, at most three years after the start.
    end: Timestamp,
}

async fn move_end(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<JourneyPath>,
    Json(given): Json<End>,
) -> Ordered {
    let journey = path.key.clone();
    state.blocking(move |engine| Ok(lifecycle::move_end(engine, &journey, given.end, &caller.actor)?)).await?;
    status_of(&state, path.key).await
}

#[derive(Deserialize, JsonSchema)]
struct NodePath {
    /// The journey's key.
    key: String,
    /// The node's name in the manifest, or `audience`.
    node: String,
}

#[derive(Deserialize, JsonSchema)]
struct NodeQuery {
    /// Rows on a page, 1 to 200; 50 when left out.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// Who stands there now, who ever arrived, whose trip ended there, or of whose messages some are held there; with `path` or `outcome`, whoever ever arrived.
    state: Option<Stand>,
    /// Only those who left by this path: its label, `other`, `timeout` or `failed`.
    path: Option<String>,
    /// Only those for whom, or for one of whose people, the action came out so: `done`, `no_op`, `skipped`, `failed`, `in_doubt` or
    /// `pending`.
    outcome: Option<String>,
    /// With `outcome`: only with this reason.
    reason: Option<String>,
    /// Only travellers in whose key, name, address, job title or web site this text occurs.
    q: Option<String>,
}

async fn at_node(
    State(state): State<ApiState>,
    Path(path): Path<NodePath>,
    Query(query): Query<NodeQuery>,
) -> Result<Page<TravellerRow>, Problem> {
    let order = Sort::up(TripBy::Entered);
    let (limit, after) = (page_limit(query.limit)?, place_of(query.cursor.as_deref(), &order)?);
    let narrowed = query.path.is_some() || query.outcome.is_some();
    let asked = Asked {
        node: Some(path.node),
        stand: query.state.unwrap_or(if narrowed { Stand::Reached } else { Stand::Current }),
        path: query.path,
        outcome: query.outcome.map(|outcome| (outcome, query.reason)),
        search: query.q.unwrap_or_default(),
    };
    let read = state.blocking(move |engine| {
        let looked = status::travellers(engine, &path.key, &asked, after.as_ref(), limit + 1);
        looked.map_err(|error| match error {
            DefinitionError::Store(StoreError::Stale(_)) => bad_cursor(),
            other => other.into(),
        })
    });
    Ok(Page::looked_ordered(read.await?, limit, &order))
}

/// Which trips of a journey.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum TripState {
    /// Those under way.
    #[default]
    Active,
    /// Those that have ended.
    Ended,
}

#[derive(Deserialize, JsonSchema)]
struct TravellersQuery {
    /// Trips under way, or those that have ended.
    #[serde(default)]
    state: TripState,
    /// What they are ordered by; as they entered when left out. What is missing stands last.
    #[serde(default)]
    sort: TripOrder,
    /// The highest, or what is latest, first.
    #[serde(default)]
    descending: bool,
}

async fn travellers(
    State(state): State<ApiState>,
    Path(path): Path<JourneyPath>,
    Query(search): Query<SearchQuery>,
    Query(query): Query<TravellersQuery>,
) -> Result<Page<TravellerRow>, Problem> {
    let asked = AskedTrips {
        ended: matches!(query.state, TripState::Ended),
        search: search.text().unwrap_or_default().to_owned(),
        sort: query.sort.sort(query.descending),
    };
    let (limit, after) = (search.page().limit()?, place_of(search.cursor(), &asked.sort)?);
    let read = move |engine: &Engine, s: &mut dyn Session| -> Result<_, Problem> {
        let live = engine.live(s)?;
        let journey = status::journey_row(s, &path.key)?;
        let looked = behind(status::look_for_trips(s, &live, &journey, &asked, after.as_ref(), limit + 1))?;
        // What is searched for is counted where one look goes through all of the journey.
        let counted = !asked.is_search() || (after.is_none() && looked.end.is_none());
        let page = Page::looked_ordered(looked, limit, &asked.sort);
        let items = page.items.into_iter().flatten().collect();
        let total = if counted { asked.count(s, &live, &journey)? } else { None };
        Ok(Page { items, next_cursor: page.next_cursor, total })
    };
    state.blocking(move |engine| engine.store().read(|s| read(engine, s))).await
}

/// Who enters: one of the two, as the journey's subject asks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Key of an account.
    account: Option<String>,
    /// Key of a person.
    person: Option<String>,
}

async fn enter(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<JourneyPath>,
    Json(entry): Json<Entry>,
) -> Result<Done, Problem> {
    let subject = match (entry.account, entry.person) {
        (Some(key), None) | (None, Some(key)) => key,
        _ => {
            let detail = "Name one traveller: `account` in an account journey, `person` in a person journey.";
            return Err(Problem::bad_request("invalid_field", detail).at(""));
        }
    };
    state.blocking(move |engine| Ok(travel::enter(engine, &path.key, &subject, &caller.actor)?)).await?;
    Ok(Done::default())
}

#[derive(Deserialize, JsonSchema)]
struct TripPath {
    /// The journey's key.
    key: String,
    /// The trip, `enr_…`.
    id: String,
}

impl TripPath {
    fn trip(&self) -> Result<EnrollmentId, Problem> {
        self.id.parse().map_err(|_| Problem::not_found("unknown_trip", format!("The trip `{}`", self.id)))
    }
}

async fn remove(State(state): State<ApiState>, caller: Caller, Path(path): Path<TripPath>) -> Result<Done, Problem> {
    let trip = path.trip()?;
    state.blocking(move |engine| Ok(travel::remove(engine, &path.key, trip, &caller.actor)?)).await?;
    Ok(Done::default())
}

async fn skip(State(state): State<ApiState>, caller: Caller, Path(path): Path<TripPath>) -> Result<Done, Problem> {
    let trip = path.trip()?;
    state.blocking(move |engine| Ok(travel::skip(engine, &path.key, trip, &caller.actor)?)).await?;
    Ok(Done::default())
}

async fn timeline(State(state): State<ApiState>, Path(path): Path<TripPath>) -> Result<Answer<TripTimeline>, Problem> {
    let trip = path.trip()?;
    let read = state.blocking(move |engine| Ok(status::timeline(engine, &path.key, trip)?));
    Ok(Answer::of(read.await?))
}
