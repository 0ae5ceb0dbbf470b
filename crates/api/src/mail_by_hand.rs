//! An email by hand: to members of a buying group, to people of an account, to one person.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::mail_by_hand::{self, Addressees, Mailed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::SendMessages;
use crate::groups::GroupPath;
use crate::history::SubjectPath;
use crate::http::{Answer, Json, Operations, Path, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Buying groups")
        .post(
            "/api/v1/buying_groups/{id}/email",
            SendMessages,
            to_members,
            "Send an email to up to 50 members of a buying group; whoever may not be written to gets none",
        )
        .and(Operations::of("Accounts").post(
            "/api/v1/accounts/{key}/email",
            SendMessages,
            to_contacts,
            "Send an email to up to 50 people of an account, or to all of them; whoever may not be written to gets none",
        ))
        .and(Operations::of("People").post(
            "/api/v1/people/{key}/email",
            SendMessages,
            to_person,
            "Send an email to a person, unless they may not be written to",
        ))
}

/// An email to members of a group.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GroupMailing {
    /// Key of the email.
    email: String,
    /// Keys of the members who get it.
    #[schemars(length(min = 1, max = 50))]
    people: Vec<String>,
}

async fn to_members(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<GroupPath>,
    Json(body): Json<GroupMailing>,
) -> Result<Answer<Mailed>, Problem> {
    let to = Addressees::Members { group: path.id()?, people: body.people };
    send(&state, to, body.email, caller).await
}

/// An email to people of an account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AccountMailing {
    /// Key of the email.
    email: String,
    /// Who gets it.
    to: Contacts,
}

/// People of an account: one of the two.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Contacts {
    /// All of them, up to 1,000.
    Everyone,
    /// Those with these keys, up to 50.
    People(Vec<String>),
}

async fn to_contacts(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<SubjectPath>,
    Json(body): Json<AccountMailing>,
) -> Result<Answer<Mailed>, Problem> {
    let to = match body.to {
        Contacts::Everyone => Addressees::EveryContact { account: path.key },
        Contacts::People(people) => Addressees::Contacts { account: path.key, people },
    };
    send(&state, to, body.email, caller).await
}

/// An email to one person.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PersonMailing {
    /// Key of the email.
    email: String,
}

async fn to_person(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<SubjectPath>,
    Json(body): Json<PersonMailing>,
) -> Result<Answer<Mailed>, Problem> {
    send(&state, Addressees::Person(path.key), body.email, caller).await
}

async fn send(state: &ApiState, to: Addressees, email: String, caller: Caller) -> Result<Answer<Mailed>, Problem> {
    let sent = state.blocking(move |engine| {
        let mailed = mail_by_hand::send(engine, &to, &email, &caller.actor)?;
        let detail = json!({"email": email, "queued": mailed.queued, "refused": mailed.refused.len()});
        Ok(Answer::of(mailed).status(StatusCode::ACCEPTED).written_down(detail))
    });
    sent.await
}
