//! What was done by hand: who, when, what, to what.

use axum::extract::State;
use caravan_engine::sorting::AuditOrder;
use caravan_store::access::{self as rows, AuditRow};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TAG;
use crate::ApiState;
use crate::access::Permission::ManageAccess;
use crate::http::page::{Page, SearchQuery, behind, place_of};
use crate::http::{Operations, Problem, Query};

/// The operations of this file.
pub(super) fn operations() -> Operations {
    Operations::of(TAG).get(
        "/api/v1/audit",
        ManageAccess,
        list,
        "What was done by hand, newest first or in another order",
    )
}

/// Something that was done by hand.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
struct Entry {
    /// Ascends with time.
    id: i64,
    /// When.
    at: Timestamp,
    /// A user's email, `token:NAME`, or `command line`.
    actor: String,
    /// The method of the operation, or what the command line did in words.
    what: String,
    /// The path of the operation, or to whom it was done.
    subject: String,
    /// More, where there is more to say.
    detail: Option<Value>,
}

impl From<AuditRow> for Entry {
    fn from(row: AuditRow) -> Self {
        let AuditRow { id, at, actor, what, subject, detail } = row;
        Self { id, at, actor, what, subject, detail: detail.and_then(|text| serde_json::from_str(&text).ok()) }
    }
}

/// In which order it is listed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct OrderQuery {
    /// What it is ordered by; newest first when left out.
    sort: Option<AuditOrder>,
    /// The highest, or the latest, first; matters only with `sort`.
    #[serde(default)]
    descending: bool,
}

/// Search is in the actor, the operation, its path and what is said beside.
async fn list(
    State(state): State<ApiState>,
    Query(query): Query<SearchQuery>,
    Query(order): Query<OrderQuery>,
) -> Result<Page<Entry>, Problem> {
    let sort = AuditOrder::sort(order.sort, order.descending);
    let (limit, after) = (query.page().limit()?, place_of(query.cursor(), &sort)?);
    let search = query.text().unwrap_or_default().to_owned();
    let found = state.read(move |s| behind(rows::records(s, &search, sort, after.as_ref(), limit + 1))).await?;
    Ok(Page::ordered(found, limit, &sort).map(Entry::from))
}
