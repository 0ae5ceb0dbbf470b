//! The jobs that keep buying groups: how far they have come, and doing them again.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::groups::jobs::{self, Job, JobKind};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{ReadDefinitions, WriteDefinitions};
use crate::http::page::Page;
use crate::http::{Answer, Operations, Path, Problem, Query};

/// The operations of this file.
pub(super) fn operations() -> Operations {
    let interest = "/api/v1/solution_interests/{key}";
    Operations::of("Buying groups")
        .get("/api/v1/group_jobs", ReadDefinitions, list, "The jobs that create and maintain buying groups")
        .post(
            &format!("{interest}/create_groups"),
            WriteDefinitions,
            |state, caller, path| again(JobKind::Create, state, caller, path),
            "Create the buying groups of an interest that are missing, now",
        )
        .post(
            &format!("{interest}/maintain_groups"),
            WriteDefinitions,
            |state, caller, path| again(JobKind::Maintain, state, caller, path),
            "Look at all buying groups of an interest again, now",
        )
}

/// Whose jobs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct JobQuery {
    /// Key of a solution interest; left out: of all.
    solution_interest: Option<String>,
}

async fn list(State(state): State<ApiState>, Query(query): Query<JobQuery>) -> Result<Page<Job>, Problem> {
    let jobs = state.blocking(move |engine| Ok(jobs::list(engine)?)).await?;
    let wanted = |job: &Job| query.solution_interest.as_ref().is_none_or(|key| *key == job.solution_interest);
    let items: Vec<Job> = jobs.into_iter().filter(wanted).collect();
    let total = Some(items.len() as i64);
    Ok(Page { items, next_cursor: None, total })
}

#[derive(Deserialize, JsonSchema)]
struct InterestPath {
    /// Key of the solution interest.
    key: String,
}

async fn again(
    kind: JobKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<InterestPath>,
) -> Result<Answer<Job>, Problem> {
    let job = state.blocking(move |engine| {
        jobs::run_again(engine, kind, std::slice::from_ref(&path.key), &caller.actor)?;
        let asked = jobs::list(engine)?;
        let asked = asked.into_iter().find(|job| job.kind == kind && job.solution_interest == path.key);
        asked.ok_or_else(|| Problem::not_found("unknown_definition", format!("The solution interest `{}`", path.key)))
    });
    Ok(Answer::of(job.await?).status(StatusCode::ACCEPTED))
}
