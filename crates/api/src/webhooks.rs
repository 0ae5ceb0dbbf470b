//! Outgoing webhooks: their signing secrets, their message logs, sending messages again.

use axum::extract::State;
use caravan_engine::webhooks::{self, LoggedMessage, NewSigningSecret};
use caravan_model::EffectId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{ReadCustomers, WriteChannels};
use crate::connections::KeyPath;
use crate::http::page::{bad_cursor, page_limit};
use crate::http::{Answer, Done, Operations, Path, Problem, Query};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Webhooks")
        .post(
            "/api/v1/webhooks/{key}/signing_secret",
            WriteChannels,
            rotate,
            "Make a new signing secret, shown this once; the former one signs beside it for a day",
        )
        .get(
            "/api/v1/webhooks/{key}/messages",
            ReadCustomers,
            log,
            "The messages of a webhook: those that wait, then those that were taken or given up, newest first",
        )
        .post(
            "/api/v1/webhooks/{key}/messages/{id}/resend",
            WriteChannels,
            resend,
            "Send a message again that was taken or given up, the same with the same id",
        )
}

#[derive(Deserialize, JsonSchema)]
struct MessagePath {
    /// Key of the webhook.
    key: String,
    /// The message.
    id: String,
}

#[derive(Deserialize, JsonSchema)]
struct LogQuery {
    /// Rows on a page, 1 to 200; 50 when left out.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
}

/// A page of the log.
#[derive(Debug, Serialize, JsonSchema)]
struct Log {
    /// Messages that wait, the next one first; on the first page alone, at most as many as a page has.
    waiting: Vec<LoggedMessage>,
    /// Messages that were taken or given up, newest first.
    items: Vec<LoggedMessage>,
    /// Where the next page begins; none: this is the last.
    next_cursor: Option<String>,
}

async fn rotate(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<KeyPath>,
) -> Result<Answer<NewSigningSecret>, Problem> {
    let random = state.random.clone();
    let made = state
        .blocking(move |engine| Ok(Answer::of(webhooks::rotate_secret(engine, &path.key, &random, &caller.actor)?)));
    made.await
}

async fn log(
    State(state): State<ApiState>,
    Path(path): Path<KeyPath>,
    Query(query): Query<LogQuery>,
) -> Result<Answer<Log>, Problem> {
    let limit = page_limit(query.limit)?;
    let before: Option<EffectId> = query.cursor.map(|cursor| cursor.parse()).transpose().map_err(|_| bad_cursor())?;
    let read = state.blocking(move |engine| {
        let (waiting, mut items) = engine.store().read(|s| webhooks::log(s, &path.key, before, limit + 1))?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|last| last.id.clone());
        let waiting = waiting.into_iter().take(limit).collect();
        Ok(Answer::of(Log { waiting, items, next_cursor }))
    });
    read.await
}

async fn resend(State(state): State<ApiState>, Path(path): Path<MessagePath>) -> Result<Done, Problem> {
    let id: EffectId =
        path.id.parse().map_err(|_| Problem::not_found("no_such_message", format!("The message `{}`", path.id)))?;
    let sent = state.blocking(move |engine| Ok(webhooks::send_again(engine, &path.key, id)?));
    sent.await.map(|()| Done::default())
}
