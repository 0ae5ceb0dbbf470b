//! What hands decide about buying groups: members, stage, status, putting one away. Source `manual`, above all others.

use axum::extract::State;
use caravan_engine::groups::by_hand::{self, ByHandError, Decision, Which};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GROUP, GroupPath};
use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{DeleteCustomers, EditGroups};
use crate::http::{Answer, Done, Json, Operations, Path, Problem};

const OF_ACCOUNT: &str = "/api/v1/accounts/{key}/buying_groups/{interest}";

/// The operations of this file.
pub(super) fn operations() -> Operations {
    let member = format!("{OF_ACCOUNT}/members/{{person}}");
    Operations::of("Buying groups")
        .put(&member, EditGroups, assign_one, "Give a person a role in an account's buying group, by hand")
        .delete(&member, EditGroups, remove_one, "Take a person out of an account's buying group, by hand")
        .put(&format!("{OF_ACCOUNT}/stage"), EditGroups, stage, "Move an account's buying group to another stage")
        .put(&format!("{OF_ACCOUNT}/status"), EditGroups, status, "Write the status of an account's buying group")
        .post(&format!("{GROUP}/members"), EditGroups, many, "Assign, change or remove up to 50 members at once")
        .delete(GROUP, DeleteCustomers, archive, "Put a buying group away; it is kept for reports only")
}

#[derive(Deserialize, JsonSchema)]
struct OfAccount {
    /// The account's key.
    key: String,
    /// Key of the solution interest.
    interest: String,
}

#[derive(Deserialize, JsonSchema)]
struct MemberPath {
    /// The account's key.
    key: String,
    /// Key of the solution interest.
    interest: String,
    /// Key of the person.
    person: String,
}

impl OfAccount {
    fn which(self) -> Which {
        Which::Of { account: self.key, interest: self.interest }
    }
}

/// What a hand did.
#[derive(Debug, Serialize, JsonSchema)]
struct Decided {
    /// The group.
    id: String,
    /// Whether anything is different now.
    changed: bool,
}

/// The role that a person gets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RoleGiven {
    /// A role of the group's template.
    role: String,
}

async fn assign_one(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<MemberPath>,
    Json(body): Json<RoleGiven>,
) -> Result<Answer<Decided>, Problem> {
    let which = Which::Of { account: path.key, interest: path.interest };
    decide(&state, which, Decision::Assign(vec![(path.person, body.role)]), caller).await
}

async fn remove_one(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<MemberPath>,
) -> Result<Done, Problem> {
    let which = Which::Of { account: path.key, interest: path.interest };
    decide(&state, which, Decision::Remove(vec![path.person]), caller).await?;
    Ok(Done::default())
}

/// The stage that a group moves to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StageGiven {
    /// A stage that the model leads to from where the group stands.
    stage: String,
}

async fn stage(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<OfAccount>,
    Json(body): Json<StageGiven>,
) -> Result<Answer<Decided>, Problem> {
    decide(&state, path.which(), Decision::Stage(body.stage), caller).await
}

/// The status that a group gets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StatusGiven {
    /// Up to 50 characters; null or empty takes it away.
    status: Option<String>,
}

async fn status(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<OfAccount>,
    Json(body): Json<StatusGiven>,
) -> Result<Answer<Decided>, Problem> {
    decide(&state, path.which(), Decision::Status(body.status), caller).await
}

/// What becomes of several members: one of the two.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Members {
    /// People and the roles that they get; who is in already changes roles.
    Assign(Vec<MemberGiven>),
    /// Keys of people who are taken out.
    Remove(Vec<String>),
}

/// A person and a role.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MemberGiven {
    /// Key of the person.
    person: String,
    /// A role of the group's template.
    role: String,
}

async fn many(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<GroupPath>,
    Json(body): Json<Members>,
) -> Result<Answer<Decided>, Problem> {
    let decision = match body {
        Members::Assign(members) => Decision::Assign(members.into_iter().map(|m| (m.person, m.role)).collect()),
        Members::Remove(people) => Decision::Remove(people),
    };
    decide(&state, Which::Number(path.id()?), decision, caller).await
}

async fn decide(
    state: &ApiState,
    which: Which,
    decision: Decision,
    caller: Caller,
) -> Result<Answer<Decided>, Problem> {
    let done = state.blocking(move |engine| {
        let (id, changed) = by_hand::decide(engine, &which, &decision, &caller.actor)?;
        Ok(Answer::of(Decided { id: id.to_string(), changed }))
    });
    done.await
}

async fn archive(State(state): State<ApiState>, Path(path): Path<GroupPath>) -> Result<Done, Problem> {
    let id = path.id()?;
    state.blocking(move |engine| Ok(by_hand::archive(engine, id)?)).await?;
    Ok(Done::default())
}

impl From<ByHandError> for Problem {
    fn from(error: ByHandError) -> Self {
        match error {
            ByHandError::Refused(findings) => Self::findings(findings),
            ByHandError::Unknown { code, what } => Self::not_found(code, what),
            ByHandError::Store(error) => error.into(),
        }
    }
}
