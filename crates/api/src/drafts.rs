//! What a person who draws a journey asks beside its manifest and its map: what still stands against publishing it, what
//! its versions said, and when a wait would end.

use axum::extract::State;
use caravan_engine::draft;
use caravan_engine::status::{self, JourneyVersion, Which};
use caravan_model::Finding;
use caravan_model::wait::{MustEndOnForm, Wait};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ApiState;
use crate::access::Permission;
use crate::http::{Answer, Json, Operations, Path, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    use Permission::ReadDefinitions;
    Operations::of("Journeys")
        .get(
            "/api/v1/journeys/{key}/findings",
            ReadDefinitions,
            findings,
            "What stands against publishing the draft, errors and warnings",
        )
        .get("/api/v1/journeys/{key}/versions", ReadDefinitions, versions, "Published versions, oldest first")
        .get(
            "/api/v1/journeys/{key}/versions/{version}",
            ReadDefinitions,
            manifest,
            "The manifest of one version, or of the draft",
        )
        .post(
            "/api/v1/waits/preview",
            ReadDefinitions,
            preview_wait,
            "When somebody who arrives now would leave a wait",
        )
}

#[derive(Deserialize, JsonSchema)]
struct DraftPath {
    /// The journey's key.
    key: String,
}

/// What stands against a draft.
#[derive(Debug, Serialize, JsonSchema)]
struct Findings {
    /// Errors refuse publishing, warnings do not.
    items: Vec<Finding>,
}

async fn findings(State(state): State<ApiState>, Path(path): Path<DraftPath>) -> Result<Answer<Findings>, Problem> {
    let found = state.blocking(move |engine| Ok(draft::findings(engine, &path.key)?));
    Ok(Answer::of(Findings { items: found.await? }))
}

/// The published versions of a journey.
#[derive(Debug, Serialize, JsonSchema)]
struct Versions {
    /// Oldest first.
    items: Vec<JourneyVersion>,
}

async fn versions(State(state): State<ApiState>, Path(path): Path<DraftPath>) -> Result<Answer<Versions>, Problem> {
    let found = state.blocking(move |engine| Ok(status::versions(engine, &path.key)?));
    Ok(Answer::of(Versions { items: found.await? }))
}

#[derive(Deserialize, JsonSchema)]
struct VersionPath {
    /// The journey's key.
    key: String,
    /// `draft`, `live` (the draft while there is none), or a number.
    version: String,
}

async fn manifest(State(state): State<ApiState>, Path(path): Path<VersionPath>) -> Result<Answer<Value>, Problem> {
    let which = which_version(&path.version)?;
    let read = state.blocking(move |engine| Ok(status::manifest(engine, &path.key, which)?));
    Ok(Answer::of(read.await?))
}

/// A version as addresses name it.
pub(crate) fn which_version(text: &str) -> Result<Which, Problem> {
    match text {
        "" | "live" => Ok(Which::Live),
        "draft" => Ok(Which::Draft),
        number => number.parse().map(Which::Number).map_err(|_| {
            Problem::bad_request("bad_version", format!("`{text}` is no version. Write `live`, `draft` or a number."))
        }),
    }
}

/// A wait or a timeout, as nodes hold it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WaitToPreview")]
struct AskedWait {
    /// How long, like `3d`.
    duration: Option<String>,
    /// Until when, instead.
    until: Option<Timestamp>,
    /// At which moments it may end, after its duration.
    must_end_on: Option<MustEndOnForm>,
}

/// When somebody who arrives now would leave.
#[derive(Debug, Serialize, JsonSchema)]
struct WaitPreview {
    /// Now, on the store's clock.
    now: Timestamp,
    /// When the wait would be over; `now` where it is over at once.
    ends_at: Timestamp,
    /// The traveller's own time zone decides; the answer is for the organisation's.
    own_zone: bool,
}

async fn preview_wait(
    State(state): State<ApiState>,
    Json(asked): Json<AskedWait>,
) -> Result<Answer<WaitPreview>, Problem> {
    let moments = asked.must_end_on.map(|form| json!(form));
    let wait = Wait::read(asked.duration.as_deref(), asked.until, moments.as_ref(), "").map_err(Problem::findings)?;
    let own_zone = wait.needs_own_zone();
    let leaving = state.blocking(move |engine| Ok(draft::leaving(engine, &wait)?)).await?;
    Ok(Answer::of(WaitPreview { now: leaving.now, ends_at: leaving.ends_at, own_zone }))
}
