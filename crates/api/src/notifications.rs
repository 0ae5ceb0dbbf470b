//! What people are told: that something they asked for is over (exports, and imports that took a while), who mentioned them, and
//! administrators whether the way out of messages is answered.

use axum::extract::State;
use caravan_engine::deliver::{WAY_OUT, WayOutNews};
use caravan_engine::exports::ExportNews;
use caravan_model::ExportId;
use caravan_store::{exports, notifications as stored};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::{Caller, Gate};
use crate::comments::MentionNews;
use crate::http::{Answer, Done, Json, Operations, Problem};

/// As many of the latest are shown.
const SHOWN: usize = 30;

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Exports")
        .get(
            "/api/v1/notifications",
            Gate::SignedIn,
            list,
            "What you were told lately: exports and imports that are over, comments that mention you; administrators whether the way out of messages is answered",
        )
        .post("/api/v1/notifications/seen", Gate::SignedIn, see, "You have looked at notifications")
}

/// An import that is over.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ImportNews {
    /// What the file held: `accounts`, `people` …
    pub kind: String,
    /// Rows read.
    pub read: u64,
    /// Rows that were not taken.
    pub rejected: u64,
}

/// What there is to say.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum News {
    /// An export is over.
    Export(ExportNews),
    /// An import is over.
    Import(ImportNews),
    /// Somebody mentioned you in a comment.
    Mention(MentionNews),
    /// Of administrators: the way out of messages is not answered from outside, or is again.
    WayOut(WayOutNews),
}

/// Something that you were told.
#[derive(Debug, Serialize, JsonSchema)]
struct Notification {
    /// Its id.
    id: i64,
    /// When it happened.
    at: Timestamp,
    /// You have looked at it.
    seen: bool,
    /// What there is to say.
    about: News,
    /// Of an export: its file can be downloaded.
    file: bool,
}

/// What you were told lately.
#[derive(Debug, Serialize, JsonSchema)]
struct Notifications {
    /// Newest first.
    items: Vec<Notification>,
    /// How many of them you have not looked at.
    unseen: usize,
    /// How many of your exports are not over yet.
    open_exports: i64,
}

async fn list(State(state): State<ApiState>, caller: Caller) -> Result<Answer<Notifications>, Problem> {
    let read = state.read(move |s| {
        let (open_exports, _) = exports::count(s, &caller.actor)?;
        let mut items = Vec::new();
        for row in stored::latest(s, &caller.actor, SHOWN)? {
            let about = match row.about.as_str() {
                "export" => serde_json::from_str(&row.detail).ok().map(News::Export),
                "mention" => serde_json::from_str(&row.detail).ok().map(News::Mention),
                WAY_OUT => serde_json::from_str(&row.detail).ok().map(News::WayOut),
                _ => serde_json::from_str(&row.detail).ok().map(News::Import),
            };
            let Some(about) = about else { continue };
            let file = match &about {
                News::Export(news) => match news.export.parse::<ExportId>() {
                    Ok(id) => exports::get(s, id.0)?.is_some_and(|row| row.state == "done"),
                    Err(_) => false,
                },
                News::Import(_) | News::Mention(_) | News::WayOut(_) => false,
            };
            items.push(Notification { id: row.id, at: row.at, seen: row.seen, about, file });
        }
        let unseen = items.iter().filter(|item| !item.seen).count();
        Ok(Notifications { items, unseen, open_exports })
    });
    Ok(Answer::of(read.await?))
}

/// Which ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Seen {
    /// Their ids.
    ids: Vec<i64>,
}

async fn see(State(state): State<ApiState>, caller: Caller, Json(seen): Json<Seen>) -> Result<Done, Problem> {
    if seen.ids.len() > SHOWN {
        let detail = format!("Name at most {SHOWN} notifications at once.");
        return Err(Problem::bad_request("too_many_notifications", detail));
    }
    let write = state.blocking(move |engine| Ok(engine.store().write(|s| stored::see(s, &caller.actor, &seen.ids))?));
    write.await?;
    Ok(Done::default())
}
