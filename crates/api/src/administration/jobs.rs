//! Work that has a calendar instead of a traveller: when it is due, what it did last, and having it done at once.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::chores::{self, Chore, Queues};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TAG;
use crate::ApiState;
use crate::access::Permission::{ReadDefinitions, WriteSettings};
use crate::http::{Answer, Operations, Path, Problem};

/// The operations of this file.
pub(super) fn operations() -> Operations {
    Operations::of(TAG)
        .get("/api/v1/jobs", ReadDefinitions, list, "Background work: when it is due, what it did last, what is queued")
        .post("/api/v1/jobs/{name}/run", WriteSettings, run, "Have background work done at once")
}

/// Background work.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BackgroundWork")]
struct Work {
    /// Jobs with a calendar, by name.
    items: Vec<Chore>,
    queues: Queues,
}

async fn list(State(state): State<ApiState>) -> Result<Answer<Work>, Problem> {
    let (items, queues) = state.blocking(|engine| Ok((chores::list(engine)?, chores::queues(engine)?))).await?;
    Ok(Answer::of(Work { items, queues }))
}

#[derive(Deserialize, JsonSchema)]
struct JobPath {
    /// Name of the job.
    name: String,
}

/// What was asked for.
#[derive(Debug, Serialize, JsonSchema)]
struct Hastened {
    /// Parts of the work that are due now.
    parts: u64,
}

async fn run(State(state): State<ApiState>, Path(path): Path<JobPath>) -> Result<Answer<Hastened>, Problem> {
    let write = state.blocking(move |engine| match chores::hasten(engine, &path.name)? {
        0 => Err(Problem::not_found("unknown_job", format!("The job `{}`", path.name))),
        parts => Ok(Answer::of(Hastened { parts }).status(StatusCode::ACCEPTED)),
    });
    write.await
}
