//! API tokens: made, listed and taken away. A token is told once.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_store::access::{self as rows, ListedToken};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TAG;
use crate::ApiState;
use crate::access::Permission::ManageAccess;
use crate::access::{Caller, Giver, Rights, issue_token, must_cover};
use crate::http::page::{Page, PageQuery};
use crate::http::{Answer, Done, Json, Operations, Path, Problem, Query};

const TOKEN: &str = "/api/v1/tokens/{name}";

/// The operations of this file.
pub(super) fn operations() -> Operations {
    Operations::of(TAG)
        .get("/api/v1/tokens", ManageAccess, list, "API tokens, in the order of their names; never what they are")
        .put(TOKEN, ManageAccess, put, "Make an API token, which is told this once")
        .delete(TOKEN, ManageAccess, delete, "Take an API token away; whoever carries it is refused from now on")
}

#[derive(Deserialize, JsonSchema)]
struct TokenPath {
    /// What the token is for.
    name: String,
}

/// An API token.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiToken")]
struct Token {
    /// What it is for.
    name: String,
    /// The key of the role.
    role: String,
    /// When it was made.
    created_at: Timestamp,
    /// When it was last used, to the minute.
    last_used_at: Option<Timestamp>,
}

impl From<ListedToken> for Token {
    fn from(row: ListedToken) -> Self {
        let ListedToken { name, role, created_at, last_used_at } = row;
        Self { name, role, created_at, last_used_at }
    }
}

async fn list(State(state): State<ApiState>, Query(query): Query<PageQuery>) -> Result<Page<Token>, Problem> {
    let (limit, after) = (query.limit()?, query.after()?.unwrap_or_default());
    let read = state.read(move |s| Ok((rows::tokens(s, &after, limit + 1)?, rows::count_tokens(s)?)));
    let (found, total) = read.await?;
    Ok(Page::of(found, limit, |row| row.name.clone()).map(Token::from).with_total(total))
}

/// What a token may do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ApiTokenWanted")]
struct Wanted {
    /// The key of a role, built in or your own; it may grant no more than the caller's.
    role: String,
}

/// A token that was just made.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiTokenMade")]
struct Made {
    /// What it is for.
    name: String,
    /// The key of the role.
    role: String,
    /// What callers send as `Authorization: Bearer TOKEN`. Told this once, stored as a hash alone.
    token: String,
}

async fn put(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<TokenPath>,
    Json(wanted): Json<Wanted>,
) -> Result<Answer<Made>, Problem> {
    let random = state.random.clone();
    let write = state.blocking(move |engine| {
        let giver = Giver::Caller(&caller.rights);
        let token = issue_token(engine.store(), &random, &path.name, &wanted.role, giver)?;
        let made = Made { name: path.name.trim().to_owned(), role: wanted.role, token };
        Ok(Answer::of(made).status(StatusCode::CREATED))
    });
    write.await
}

async fn delete(State(state): State<ApiState>, caller: Caller, Path(path): Path<TokenPath>) -> Result<Done, Problem> {
    let unknown = |name: &str| Problem::not_found("unknown_token", format!("The token `{name}`"));
    let write = state.blocking(move |engine| {
        engine.store().write(|s| {
            let role = rows::role_of_token(s, &path.name)?.ok_or_else(|| unknown(&path.name))?;
            if let Some(rights) = Rights::of(s, &role)? {
                must_cover(Giver::Caller(&caller.rights), &rights)?;
            }
            rows::delete_token(s, &path.name)?;
            Ok(Done::default())
        })
    });
    write.await
}
