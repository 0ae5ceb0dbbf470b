//! Where scores come from: a group's sums term by term, its history, the weights in force; and scoring on demand.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::copies::{self, Copy};
use caravan_engine::definitions::DefinitionError;
use caravan_engine::groups::explain::{self, Explained, PastScores};
use caravan_engine::groups::{daily, engagement};
use caravan_model::document::DocumentKind;
use caravan_store::engagement as stored;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{GROUP, GroupPath, unknown};
use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{ReadCustomers, ReadDefinitions, WriteDefinitions};
use crate::http::page::Page;
use crate::http::{Answer, Json, Operations, Path, Problem, Query};

/// The operations of this file.
pub(super) fn operations() -> Operations {
    let explain_it = "Every term of a buying group's completeness and engagement";
    Operations::of("Buying groups")
        .get(&format!("{GROUP}/explain"), ReadCustomers, explained, explain_it)
        // Written with a hyphen too: clients know this one.
        .get("/api/v1/buying-groups/{id}/explain", ReadCustomers, explained, explain_it)
        .get(&format!("{GROUP}/scores"), ReadCustomers, history, "A buying group's scores day by day")
        .get("/api/v1/engagement", ReadDefinitions, in_force, "The weights in force and the latest run over everybody")
        .post("/api/v1/engagement/score", WriteDefinitions, score, "Score everybody now instead of tonight")
        .and(copying(DocumentKind::RolesTemplate))
        .and(copying(DocumentKind::WeightingModel))
        .and(copying(DocumentKind::AccountList))
        .and(copying(DocumentKind::PeopleList))
}

async fn explained(State(state): State<ApiState>, Path(path): Path<GroupPath>) -> Result<Answer<Explained>, Problem> {
    let id = path.id()?;
    let found = state.blocking(move |engine| Ok(explain::explain(engine, id)?)).await?;
    found.map(Answer::of).ok_or_else(|| unknown(&id.to_string()))
}

/// How far back.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct HistoryQuery {
    /// Days back from today, 1 to 800; 400 when left out.
    #[schemars(range(min = 1, max = 800))]
    days: Option<i64>,
}

async fn history(
    State(state): State<ApiState>,
    Path(path): Path<GroupPath>,
    Query(query): Query<HistoryQuery>,
) -> Result<Page<PastScores>, Problem> {
    let id = path.id()?;
    let days = query.days.unwrap_or(400).clamp(1, 800);
    let found = state.blocking(move |engine| Ok(explain::history(engine, id, days)?)).await?;
    let items = found.ok_or_else(|| unknown(&id.to_string()))?;
    Ok(Page { items, next_cursor: None, total: None })
}

/// The weights in force and the latest run.
#[derive(Debug, Serialize, JsonSchema)]
struct InForce {
    /// Key of the weighting model.
    model: String,
    /// Its name.
    name: String,
    /// It came with the installation: none has been made live yet.
    first: bool,
    /// Type of activity → what it weighs.
    activities: BTreeMap<String, u32>,
    /// The latest run over everybody; none before the first.
    latest_run: Option<LatestRun>,
}

/// A run over everybody.
#[derive(Debug, Serialize, JsonSchema)]
struct LatestRun {
    /// The last day that counted.
    day: String,
    /// Key of the model that it weighed with.
    model: Option<String>,
    /// When it began.
    started_at: Timestamp,
    /// When it was over.
    finished_at: Option<Timestamp>,
}

async fn in_force(State(state): State<ApiState>) -> Result<Answer<InForce>, Problem> {
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let weighting = engine.live(s)?.weighting.clone();
            let latest_run = stored::latest_run(s)?.map(|run| LatestRun {
                day: engagement::date_of(run.day).to_string(),
                model: run.model,
                started_at: run.started_at,
                finished_at: run.finished_at,
            });
            let (model, name, first) = (weighting.key, weighting.name, weighting.first);
            Ok(InForce { model, name, first, activities: weighting.points, latest_run })
        })
    });
    read.await.map(Answer::of)
}

/// What was asked for.
#[derive(Debug, Serialize, JsonSchema)]
struct Asked {
    /// When; the runtime does it next.
    asked_at: Timestamp,
}

async fn score(State(state): State<ApiState>) -> Result<Answer<Asked>, Problem> {
    let asked = state.blocking(move |engine| {
        let asked_at = engine.store().write(|s| {
            daily::score_soon(s)?;
            s.now()
        })?;
        engine.poke();
        Ok(Asked { asked_at })
    });
    Ok(Answer::of(asked.await?).status(StatusCode::ACCEPTED))
}

#[derive(Deserialize, JsonSchema)]
struct DefinitionPath {
    /// Key of what is copied.
    key: String,
}

fn copying(kind: DocumentKind) -> Operations {
    Operations::of("Definitions").post(
        &format!("/api/v1/{}/{{key}}/duplicate", kind.plural()),
        WriteDefinitions,
        move |state, caller, path, body| duplicate(kind, state, caller, path, body),
        &format!("A new draft like this definition of kind {kind}, whatever state that is in"),
    )
}

async fn duplicate(
    kind: DocumentKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<DefinitionPath>,
    Json(copy): Json<Copy>,
) -> Result<Answer<Value>, Problem> {
    let made = state.blocking(move |engine| {
        copies::copy(engine, kind, &path.key, &copy, &caller.actor).map_err(|error| match &error {
            DefinitionError::Findings(findings) if findings.iter().any(|it| it.code == "exists_already") => {
                Problem::conflict("exists_already", findings[0].message.clone()).at("/key")
            }
            _ => error.into(),
        })
    });
    Ok(Answer::of(made.await?).status(StatusCode::CREATED))
}
