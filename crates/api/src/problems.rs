//! What could not be done and waits for somebody.

use axum::extract::State;
use caravan_engine::{status, travel};
use caravan_model::EnrollmentId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Permission;
use crate::http::page::{Page, bad_cursor, page_limit, read_cursor};
use crate::http::{Done, Operations, Path, Problem, Query};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Problems")
        .get("/api/v1/problems", Permission::ReadDefinitions, list, "Trips that could not go on")
        .post("/api/v1/problems/{id}/retry", Permission::RunJourneys, retry, "Try again now")
        .post("/api/v1/problems/{id}/skip", Permission::RunJourneys, skip, "Give it up: the trip ends as removed")
}

#[derive(Deserialize, JsonSchema)]
struct ProblemQuery {
    /// Rows on a page, 1 to 200; 50 when left out.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// Only those of this journey.
    journey: Option<String>,
}

/// What kind of thing could not be done.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ProblemKind {
    /// A trip's step failed by our own fault.
    Step,
}

/// Something that could not be done.
#[derive(Debug, Serialize, JsonSchema)]
struct ProblemRow {
    /// Its id: the trip's.
    id: String,
    /// The journey's key.
    journey: String,
    /// The node.
    node: Option<String>,
    /// Who travels.
    traveller: Option<status::SubjectRef>,
    /// What could not be done.
    kind: ProblemKind,
    /// Stable code.
    code: String,
    /// What happened and what to do.
    message: String,
    /// Since when.
    since: Timestamp,
    /// How often it was tried.
    attempts: i64,
    /// When it is tried again.
    next_try: Option<Timestamp>,
}

async fn list(State(state): State<ApiState>, Query(query): Query<ProblemQuery>) -> Result<Page<ProblemRow>, Problem> {
    let limit = page_limit(query.limit)?;
    let after: Option<EnrollmentId> =
        read_cursor(query.cursor.as_deref())?.map(|text| text.parse().map_err(|_| bad_cursor())).transpose()?;
    let read = state.blocking(move |engine| {
        let journey = query.journey.as_deref().filter(|key| !key.is_empty());
        Ok(status::problems(engine, journey, after.unwrap_or(EnrollmentId(0)), limit + 1)?)
    });
    Ok(Page::of(read.await?, limit, |row| row.id.clone()).map(|row| ProblemRow {
        id: row.id,
        journey: row.journey,
        node: Some(row.node).filter(|node| !node.is_empty()),
        traveller: Some(row.traveller),
        kind: ProblemKind::Step,
        code: row.code,
        message: row.message,
        since: row.since,
        attempts: row.attempts,
        next_try: row.next_try,
    }))
}

#[derive(Deserialize, JsonSchema)]
struct ProblemPath {
    /// The problem's id.
    id: String,
}

impl ProblemPath {
    fn trip(&self) -> Result<EnrollmentId, Problem> {
        self.id.parse().map_err(|_| Problem::not_found("unknown_problem", format!("The problem `{}`", self.id)))
    }
}

async fn retry(State(state): State<ApiState>, Path(path): Path<ProblemPath>) -> Result<Done, Problem> {
    let trip = path.trip()?;
    state.blocking(move |engine| Ok(travel::retry(engine, trip)?)).await?;
    Ok(Done::default())
}

async fn skip(State(state): State<ApiState>, Path(path): Path<ProblemPath>) -> Result<Done, Problem> {
    let trip = path.trip()?;
    state.blocking(move |engine| Ok(travel::give_up(engine, trip)?)).await?;
    Ok(Done::default())
}
