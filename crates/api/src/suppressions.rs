//! Addresses that are not written to: the list, and adding and lifting by hand.

use axum::extract::State;
use axum::http::StatusCode;
use caravan_engine::import::{self, ImportKind, Put, Writer};
use caravan_store::suppressions::{self as stored, SuppressionRow};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{ReadCustomers, WriteCustomers};
use crate::http::page::{Page, SearchQuery};
use crate::http::{Answer, Done, Json, Operations, Path, Problem, Query};

const ADDRESS: &str = "/api/v1/suppressions/{address}";

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Suppressions")
        .get("/api/v1/suppressions", ReadCustomers, list, "Addresses that are not written to, in their order")
        .get(ADDRESS, ReadCustomers, show, "Whether and why an address is not written to")
        .put(ADDRESS, WriteCustomers, put, "Have an address not written to any more")
        .delete(ADDRESS, WriteCustomers, delete, "Let an address be written to again; an opt-out of the person stays")
}

#[derive(Deserialize, JsonSchema)]
struct AddressPath {
    /// An email address, a domain (`@acme.example`), or a phone number with its country code.
    address: String,
}

/// An address that is not written to.
#[derive(Debug, Serialize, JsonSchema)]
struct Suppression {
    /// An email address in small letters, all of a domain as `@acme.example`, or a phone number as `+` and digits.
    address: String,
    /// Why: `manual`, `unsubscribed`, `bounced_hard` … At `unsubscribed`, operational messages go on.
    reason: String,
    /// What put it there: `import`, `api`, `delivery`, `admin` for a hand in the app, `person` where only their own word is left …
    source: String,
    /// Who did, where somebody did: a user's address, or `token:NAME`.
    added_by: Option<String>,
    /// When it was put there.
    added_at: Timestamp,
}

impl From<SuppressionRow> for Suppression {
    fn from(row: SuppressionRow) -> Self {
        Self {
            address: row.address,
            reason: row.reason,
            source: row.source,
            added_by: row.added_by,
            added_at: row.added_at,
        }
    }
}

/// Why an address is not written to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// In a word or two, at most 100 characters; left out: `manual`.
    reason: Option<String>,
}

/// Search is by the beginning of the address.
async fn list(State(state): State<ApiState>, Query(query): Query<SearchQuery>) -> Result<Page<Suppression>, Problem> {
    let (limit, after) = (query.page().limit()?, query.page().after()?.unwrap_or_default());
    let begins = query.text().unwrap_or_default().to_lowercase();
    let read = state.read(move |s| Ok((stored::page(s, &begins, &after, limit + 1)?, stored::count(s)?)));
    let (rows, total) = read.await?;
    let page = Page::of(rows, limit, |row| row.address.clone()).map(Suppression::from);
    Ok(if query.text().is_none() { page.with_total(total) } else { page })
}

async fn show(State(state): State<ApiState>, Path(path): Path<AddressPath>) -> Result<Answer<Suppression>, Problem> {
    let address = listed(&path.address)?;
    let found = state.read(move |s| Ok(stored::get(s, &address)?)).await?;
    found.map(|row| Answer::of(row.into())).ok_or_else(|| unknown(&path.address))
}

/// The address in the form in which the list holds it.
fn listed(written: &str) -> Result<String, Problem> {
    import::listed(written).ok_or_else(|| unknown(written))
}

fn unknown(address: &str) -> Problem {
    Problem::not_found("unknown_suppression", format!("The suppressed address `{address}`"))
}

async fn put(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<AddressPath>,
    Json(reason): Json<Reason>,
) -> Result<Answer<Suppression>, Problem> {
    let mut row = Map::new();
    row.insert("address".to_owned(), path.address.clone().into());
    row.extend(reason.reason.map(|reason| ("reason".to_owned(), Value::from(reason))));
    let write = state.blocking(move |engine| {
        let done = import::put_row(engine, &ImportKind::Suppressions, &row, Writer::asking(&caller.actor))?;
        let address = listed(&path.address)?;
        let found = engine.store().read(|s| stored::get(s, &address))?.ok_or_else(|| unknown(&path.address))?;
        let answer = Answer::of(Suppression::from(found));
        Ok(if done == Put::Created { answer.status(StatusCode::CREATED) } else { answer })
    });
    write.await
}

async fn delete(State(state): State<ApiState>, caller: Caller, Path(path): Path<AddressPath>) -> Result<Done, Problem> {
    let write = state.blocking(move |engine| {
        let address = listed(&path.address)?;
        if engine.store().read(|s| stored::get(s, &address))?.is_none() {
            return Err(unknown(&path.address));
        }
        let row = [("address", address.as_str()), ("suppression", "remove")];
        let row: Map<String, Value> = row.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        match import::put_row(engine, &ImportKind::Suppressions, &row, Writer::asking(&caller.actor))? {
            Put::Unchanged => {
                let detail = "The person opted out; only they can lift that.";
                Err(Problem::conflict("opt_out_kept", detail))
            }
            Put::Created | Put::Updated => Ok(Done::default()),
        }
    });
    write.await
}
