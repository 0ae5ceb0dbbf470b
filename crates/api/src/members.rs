//! Members of lists and audiences: read, added and taken out by hand, and exported.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use caravan_engine::external_audiences::{self, AudienceStanding};
use caravan_engine::members::{self, Change, Changed, MembersError, Who};
use caravan_model::document::DocumentKind;
use caravan_store::members::{Order, Place};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::ApiState;
use crate::access::Permission::{ReadCustomers, WriteCustomers, WriteDefinitions};
use crate::history::SubjectPath;
use crate::http::page::{Page, PageQuery, read_cursor, write_cursor};
use crate::http::{Answer, Done, Json, Operations, Path, Problem, Query};

/// Pieces of an export that wait for whoever reads it.
const PIECES: usize = 4;

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

/// In which order members come.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MemberOrder")]
enum Sort {
    /// By key.
    #[default]
    Key,
    /// By name.
    Name,
    /// Who came last comes first.
    Newest,
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
    /// In which order; by key when left out.
    #[serde(default)]
    sort: Sort,
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
    let order = match query.sort {
        Sort::Key => Order::Key,
        Sort::Name => Order::Name,
        Sort::Newest => Order::Newest,
    };
    let after = read_cursor(query.cursor.as_deref())?.map(|text| place(&text)).transpose()?;
    let search = query.q.unwrap_or_default();
    let read = state.blocking(move |engine| {
        let (mut rows, total) = members::page(engine, kind, &key, &search, order, after.as_ref(), limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| order.place(row));
        let items = rows.into_iter().map(|row| Member {
            key: row.key,
            name: Some(row.name).filter(|name| !name.is_empty()),
            email: row.email,
            source: row.source,
            added_at: row.added_at,
        });
        let next_cursor = next.map(|place| write_cursor(format!("{}:{}", place.id, place.value)));
        Ok(Page { items: items.collect(), next_cursor, total: Some(total) })
    });
    read.await
}

/// `ID:VALUE`; the value may hold anything.
fn place(text: &str) -> Result<Place, Problem> {
    let read =
        text.split_once(':').and_then(|(id, value)| Some(Place { id: id.parse().ok()?, value: value.to_owned() }));
    read.ok_or_else(crate::http::page::bad_cursor)
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

/// A file as it is made.
struct File(Response);

async fn standing(
    State(state): State<ApiState>,
    Path(path): Path<SubjectPath>,
) -> Result<Answer<AudienceStanding>, Problem> {
    state.blocking(move |engine| Ok(Answer::of(external_audiences::standing(engine, &path.key)?))).await
}

async fn export(state: ApiState, kind: DocumentKind, key: String) -> Result<File, Problem> {
    // Whether there is such a list is answered before the first byte.
    let (name, engine) = (format!("{key}.csv"), state.engine.clone());
    let known = key.clone();
    state.blocking(move |engine| Ok(members::page(engine, kind, &known, "", Order::Key, None, 1)?)).await?;
    let (sender, receiver) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        let mut pieces = Pieces(sender);
        let mut out = io::BufWriter::with_capacity(64 * 1024, &mut pieces);
        if let Err(error) = members::export(&engine, kind, &key, &mut out) {
            drop(out);
            tracing::warn!(%error, list = %key, "an export ended early");
            pieces.fail(&error);
        }
    });
    let pieces = stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    // Who compresses it asks once more after the end.
    let pieces = pieces.fuse();
    // Keys are of letters, digits and signs that need no escaping.
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(Problem::internal)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok(File((headers, Body::from_stream(pieces)).into_response()))
}

/// Hands what is written to whoever reads the answer, and waits while they are slow.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pieces {
    /// The answer breaks off, so that nobody takes half a file for a whole one.
    fn fail(&self, error: &dyn std::fmt::Display) {
        let _ = self.0.blocking_send(Err(io::Error::other(error.to_string())));
    }
}

impl IntoResponse for File {
    fn into_response(self) -> Response {
        self.0
    }
}

impl aide::OperationOutput for File {
    type Inner = String;

    fn inferred_responses(
        _: &mut aide::generate::GenContext,
        _: &mut aide::openapi::Operation,
    ) -> Vec<(Option<aide::openapi::StatusCode>, aide::openapi::Response)> {
        let file = aide::openapi::Response {
            description: "A header, then one line per member.".to_owned(),
            content: [("text/csv".to_owned(), aide::openapi::MediaType::default())].into_iter().collect(),
            ..Default::default()
        };
        vec![(Some(aide::openapi::StatusCode::Code(200)), file)]
    }
}
