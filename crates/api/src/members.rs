//! Members of lists and audiences: read, added and taken out by hand, and exported.

use axum::extract::State;
use caravan_engine::external_audiences::{self, AudienceStanding};
use caravan_engine::members::{self, Change, Changed, MembersError, Who};
use caravan_engine::sorting::MemberOrder;
use caravan_model::document::DocumentKind;
use caravan_store::members::MemberBy;
use caravan_store::ordered::Sort;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiState;
use crate::access::Permission::{ReadCustomers, WriteCustomers, WriteDefinitions};
use crate::history::SubjectPath;
use crate::http::file::CsvFile;
use crate::http::page::{Page, PageQuery, behind, place_of};
use crate::http::{Answer, Done, Json, Operations, Path, Problem, Query};

/// The operations of this file.
pub fn operations() -> Operations {
    use DocumentKind::{AccountList, Audience, ExternalAudience, PeopleList};
    let all = Operations::of("Members of lists");
    let all = with_reading(all, AccountList, "accounts of a list");
    let all = with_reading(all, PeopleList, "people of a list");
    let all = with_reading(all, Audience, "accounts or people of an audience");
    let all = with_reading(all, ExternalAudience, "people of an external audience");
    let all = with_repair(all, AccountList, "a dynamic list for every account");
    let all = with_repair(all, PeopleList, "a dynamic list for every person");
    let all = with_repair(all, Audience, "an audience for everybody");
    let all = with_hands(all, AccountList, "accounts", "a static list");
    let all = with_hands(all, PeopleList, "people", "a static list");
    let all = with_hands(all, ExternalAudience, "people", "an external audience and its destinations");
    all.get(
        &path_of(ExternalAudience, "standing"),
        ReadCustomers,
        standing,
        "How the people of an external audience stand at its destinations, in numbers",
    )
}

fn path_of(kind: DocumentKind, rest: &str) -> String {
    format!("/api/v1/{}/{{key}}/{rest}", kind.plural())
}

/// What every kind with members has: they are read and exported.
fn with_reading(all: Operations, kind: DocumentKind, members: &str) -> Operations {
    all.get(
        &path_of(kind, "members"),
        ReadCustomers,
        move |State(state), Path(path): Path<SubjectPath>, Query(query)| page(state, kind, path.key, query),
        &format!("The {members}"),
    )
    .get(
        &path_of(kind, "members.csv"),
        ReadCustomers,
        move |State(state), Path(path): Path<SubjectPath>| export(state, kind, path.key),
        &format!("The {members} as CSV, streamed"),
    )
}

/// What kinds whose members meet a condition have: it is evaluated again.
fn with_repair(all: Operations, kind: DocumentKind, again: &str) -> Operations {
    all.post(
        &path_of(kind, "repair"),
        WriteDefinitions,
        move |State(state), Path(path): Path<SubjectPath>| repair(state, kind, path.key),
        &format!("Evaluate {again} again"),
    )
}

/// What kinds with members of their own have: hands put them in and take them out.
fn with_hands(all: Operations, kind: DocumentKind, members: &str, list: &str) -> Operations {
    all.post(
        &path_of(kind, "members"),
        WriteCustomers,
        move |State(state), Path(path): Path<SubjectPath>, Json(named)| {
            change(state, kind, path.key, Change::Add, named)
        },
        &format!("Add {members} to {list}, by key or by a condition"),
    )
    .post(
        &path_of(kind, "members/removals"),
        WriteCustomers,
        move |State(state), Path(path): Path<SubjectPath>, Json(named)| {
            change(state, kind, path.key, Change::Remove, named)
        },
        &format!("Take {members} out of {list}, by key or by a condition"),
    )
}

/// A member of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ListMember")]
struct Member {
    /// Key of the account or person.
    key: String,
    /// Its name.
    name: Option<String>,
    /// A person's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Who put it in: `manual`, `manifest`, `rule` or `journey:KEY`.
    source: String,
    /// Since when.
    added_at: Timestamp,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct MembersQuery {
    /// Rows on a page, 1 to 200; 50 when left out.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// Only members in whose key, name or address this text occurs.
    q: Option<String>,
    /// What they are ordered by; by key when left out. What is missing stands last.
    #[serde(default)]
    sort: MemberOrder,
    /// The highest first.
    #[serde(default)]
    descending: bool,
}

/// Who is added or taken out: `keys`, or whoever meets `when` now.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MembersNamed")]
struct Named {
    /// Keys of accounts or people.
    #[serde(default)]
    keys: Option<Vec<String>>,
    /// A condition, evaluated once.
    #[serde(default)]
    when: Option<Value>,
}

impl From<MembersError> for Problem {
    fn from(error: MembersError) -> Self {
        match error {
            MembersError::Unknown(kind, key) => {
                Self::not_found("unknown_reference", format!("The {} `{key}`", kind.label().to_lowercase()))
            }
            MembersError::NotStatic(_) => Self::conflict("list_not_static", format!("{error}.")),
            MembersError::NoCondition(_) => Self::conflict("list_not_dynamic", format!("{error}.")),
            MembersError::Findings(findings) => Self::findings(findings),
            MembersError::Store(error) => error.into(),
        }
    }
}

async fn page(state: ApiState, kind: DocumentKind, key: String, query: MembersQuery) -> Result<Page<Member>, Problem> {
    let limit = PageQuery::of(query.limit).limit()?;
    let sort = query.sort.sort(query.descending);
    let after = place_of(query.cursor.as_deref(), &sort)?;
    let search = query.q.unwrap_or_default();
    let read = state.blocking(move |engine| {
        let read = members::page(engine, kind, &key, &search, sort, after.as_ref(), limit + 1);
        let (rows, total) = match read {
            Err(MembersError::Store(error)) => behind(Err(error))?,
            read => read?,
        };
        let page = Page::ordered(rows, limit, &sort).map(|row| Member {
            key: row.key,
            name: Some(row.name).filter(|name| !name.is_empty()),
            email: row.email,
            source: row.source,
            added_at: row.added_at,
        });
        Ok(page.with_total(total))
    });
    read.await
}

async fn change(
    state: ApiState,
    kind: DocumentKind,
    key: String,
    change: Change,
    named: Named,
) -> Result<Answer<Changed>, Problem> {
    let write = state.blocking(move |engine| {
        let who = match (&named.keys, &named.when) {
            (Some(keys), None) => Who::Keys(keys),
            (None, Some(when)) => Who::When(when),
            _ => return Err(Problem::bad_request("invalid_input", "Give either `keys` or `when`.")),
        };
        Ok(members::change(engine, kind, &key, change, who)?)
    });
    Ok(Answer::of(write.await?))
}

async fn repair(state: ApiState, kind: DocumentKind, key: String) -> Result<Done, Problem> {
    state.blocking(move |engine| Ok(members::repair(engine, kind, &key)?)).await?;
    Ok(Done::default())
}

async fn standing(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
) -> Result<Answer<AudienceStanding>, Problem> {
    state.blocking(move |engine| Ok(Answer::of(external_audiences::standing(engine, &path.key)?))).await
}

async fn export(state: ApiState, kind: DocumentKind, key: String) -> Result<CsvFile, Problem> {
    // Whether there is such a list is answered before the first byte.
    let (name, engine) = (format!("{key}.csv"), state.engine.clone());
    let known = key.clone();
    let first = Sort::up(MemberBy::Key);
    state.blocking(move |engine| Ok(members::page(engine, kind, &known, "", first, None, 1)?)).await?;
    CsvFile::stream(&name, move |out| members::export(&engine, kind, &key, out).map(drop))
}
