//! Making one account or person of two. It cannot be undone, so each has a preview.

use axum::extract::State;
use caravan_engine::merge::{self, MergeError, Merged};
use caravan_model::attribute::Subject;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::DeleteCustomers;
use crate::history::SubjectPath;
use crate::http::{Answer, Json, Operations, Path, Problem};
use crate::subject;

/// The operations of this file.
pub fn operations() -> Operations {
    let accounts = Operations::of("Accounts")
        .post(
            "/api/v1/accounts/{key}/merge",
            DeleteCustomers,
            accounts,
            "Merge another account into this one; it cannot be undone",
        )
        .post(
            "/api/v1/accounts/{key}/merge/preview",
            DeleteCustomers,
            preview_accounts,
            "What merging another account into this one would do",
        );
    let people = Operations::of("People")
        .post(
            "/api/v1/people/{key}/merge",
            DeleteCustomers,
            people,
            "Merge another person into this one; it cannot be undone",
        )
        .post(
            "/api/v1/people/{key}/merge/preview",
            DeleteCustomers,
            preview_people,
            "What merging another person into this one would do",
        );
    accounts.and(people)
}

/// Who goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MergeWith")]
struct With {
    /// Key of the account or person that goes; what it has goes over.
    gone: String,
}

impl From<MergeError> for Problem {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Unknown(kind, key) => subject::unknown(kind, &key),
            MergeError::Same(_) => Self::bad_request("same_subject", format!("{error}. Name another.")),
            MergeError::Busy(_) => Self::conflict("busy", format!("{error}.")),
            MergeError::Store(error) => error.into(),
        }
    }
}

async fn unite(
    state: ApiState,
    subject: Subject,
    keep: String,
    with: With,
    by: String,
) -> Result<Answer<Merged>, Problem> {
    let write = state.blocking(move |engine| Ok(merge::merge(engine, subject, &keep, &with.gone, &by)?));
    Ok(Answer::of(write.await?))
}

async fn preview(state: ApiState, subject: Subject, keep: String, with: With) -> Result<Answer<Merged>, Problem> {
    let read = state.blocking(move |engine| Ok(merge::preview(engine, subject, &keep, &with.gone)?));
    Ok(Answer::of(read.await?))
}

async fn accounts(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<SubjectPath>,
    Json(with): Json<With>,
) -> Result<Answer<Merged>, Problem> {
    unite(state, Subject::Account, path.key, with, format!("manual:{}", caller.actor)).await
}

async fn people(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<SubjectPath>,
    Json(with): Json<With>,
) -> Result<Answer<Merged>, Problem> {
    unite(state, Subject::Person, path.key, with, format!("manual:{}", caller.actor)).await
}

async fn preview_accounts(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
    Json(with): Json<With>,
) -> Result<Answer<Merged>, Problem> {
    preview(state, Subject::Account, path.key, with).await
}

async fn preview_people(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
    Json(with): Json<With>,
) -> Result<Answer<Merged>, Problem> {
    preview(state, Subject::Person, path.key, with).await
}
