//! The mail that the built-in catcher caught.

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Permission;
use crate::http::page::{Page, SearchQuery};
use crate::http::{Answer, Done, Operations, Path, Problem, Query};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Caught mail")
        .get("/api/v1/mail", Permission::ReadMail, list, "Caught mail, newest first")
        .delete("/api/v1/mail", Permission::DeleteMail, clear, "Throw all caught mail away")
        .get("/api/v1/mail/{id}", Permission::ReadMail, show, "A caught message with everything in it")
}

/// The catcher, as this room sees it; the server hands in the real one.
pub trait MailCatcher: Send + Sync {
    /// At most `limit` messages, newest first, those before the one with the id `before`; with a `text` only those whose
    /// addresses or subject tell it.
    fn list(&self, limit: usize, before: Option<&str>, text: Option<&str>) -> Vec<CaughtMail>;
    /// A message.
    fn get(&self, id: &str) -> Option<CaughtMessage>;
    /// Forgets all messages.
    fn clear(&self);
}

/// A caught message in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "MailRow")]
pub struct CaughtMail {
    /// Its id.
    pub id: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Who it says it is from.
    pub from: String,
    /// The addresses it was delivered to.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its length in bytes.
    pub size: usize,
}

/// A caught message with everything in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Mail")]
pub struct CaughtMessage {
    /// Its id.
    pub id: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Who it says it is from.
    pub from: String,
    /// The addresses it was delivered to.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Name and value of each header, in order, decoded.
    #[schemars(with = "Vec<Vec<String>>")]
    pub headers: Vec<(String, String)>,
    /// The HTML part.
    pub html: Option<String>,
    /// The plain text part.
    pub text: Option<String>,
    /// As it came over the wire.
    pub source: String,
}

#[derive(Deserialize, JsonSchema)]
struct MailPath {
    /// The message's id.
    id: String,
}

fn catcher(state: &ApiState) -> Result<Arc<dyn MailCatcher>, Problem> {
    let off = || Problem::not_found("mail_catcher_off", "The mail catcher is not running here; caught mail");
    state.mail.clone().ok_or_else(off)
}

async fn list(State(state): State<ApiState>, Query(query): Query<SearchQuery>) -> Result<Page<CaughtMail>, Problem> {
    let page = query.page();
    let (limit, before) = (page.limit()?, page.after()?);
    let rows = catcher(&state)?.list(limit + 1, before.as_deref(), query.text());
    Ok(Page::of(rows, limit, |mail| mail.id.clone()))
}

async fn show(State(state): State<ApiState>, Path(path): Path<MailPath>) -> Result<Answer<CaughtMessage>, Problem> {
    let unknown = || Problem::not_found("unknown_mail", format!("The message `{}`", path.id));
    catcher(&state)?.get(&path.id).map(Answer::of).ok_or_else(unknown)
}

async fn clear(State(state): State<ApiState>) -> Result<Done, Problem> {
    catcher(&state)?.clear();
    Ok(Done::default())
}
