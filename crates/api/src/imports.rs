//! Accounts, people, activities, records, suppressions and consents in bulk: the body is streamed into the import as it arrives.

use std::collections::BTreeMap;
use std::io::{self, Read};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use caravan_engine::import::{self, FileFormat, ImportKind, ImportOptions, Observer};
use caravan_store::notifications;
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::ApiState;
use crate::access::{Caller, Permission};
use crate::http::{Answer, Operations, Path, Problem, Query};
use crate::notifications::ImportNews;

/// A file of ten million people is smaller.
const MOST_BYTES: u64 = 8 * 1024 * 1024 * 1024;
/// Pieces of a body that wait for the import.
const PIECES: usize = 16;
/// Rows that were not taken, in an answer: unless more are asked for, and at most.
const USUAL_REJECTS: usize = 100;
const MOST_REJECTS: usize = 10_000;

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Import").post(
        "/api/v1/import/{kind}",
        Permission::WriteCustomers,
        take,
        "Import accounts, people, activities, opportunities, suppressions, consents or records of a custom object from CSV or JSON Lines, as the body is sent",
    )
}

#[derive(Deserialize, JsonSchema)]
struct KindPath {
    /// What the file holds: `accounts`, `people`, `activities`, `opportunities`, `suppressions`, `consents`, or the key of a custom
    /// object.
    kind: String,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// Comma-separated, a header first.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

#[derive(Deserialize, JsonSchema)]
struct ImportQuery {
    /// Left out: told from the Content-Type (`text/csv`, `application/x-ndjson`).
    format: Option<Format>,
    /// Do everything but commit.
    #[serde(default)]
    dry_run: bool,
    /// JSON object, column → attribute (`{"Symbol":"key","Notes":""}`); an empty name leaves the column out. When given,
    /// columns that are neither mapped nor known are ignored with a note.
    map: Option<String>,
    /// How many rows that were not taken the answer tells of, at most: 100 when left out, up to 10,000.
    rejects: Option<usize>,
}

/// What became of a file. `read` = `created` + `updated` + `unchanged` + `parked` + `rejected`.
#[derive(Debug, Serialize, JsonSchema)]
struct Report {
    /// Rows.
    read: u64,
    /// Rows that added something.
    created: u64,
    /// Rows that changed something.
    updated: u64,
    /// Rows that said what was known.
    unchanged: u64,
    /// Activities that wait for their person or account.
    parked: u64,
    /// Rows that were not taken.
    rejected: u64,
    /// The first of them, as many as were asked for.
    rejects: Vec<Reject>,
    /// What else is worth saying.
    notes: Vec<String>,
}

/// A row that was not taken.
#[derive(Debug, Serialize, JsonSchema)]
struct Reject {
    /// Where it begins, counted from 1.
    line: u64,
    /// Stable code.
    code: &'static str,
    /// What is wrong and what to do.
    reason: String,
}

/// The first rows that were not taken.
struct Rejects {
    kept: Vec<Reject>,
    most: usize,
}

impl Rejects {
    fn up_to(asked: Option<usize>) -> Result<Self, Problem> {
        let most = asked.unwrap_or(USUAL_REJECTS);
        if most > MOST_REJECTS {
            let detail = format!("`rejects` is {most}; an answer tells of {MOST_REJECTS} rows at most.");
            return Err(Problem::bad_request("bad_limit", detail));
        }
        Ok(Self { kept: Vec::new(), most })
    }
}

impl Observer for Rejects {
    fn reject(&mut self, reject: &import::Reject) {
        if self.kept.len() < self.most {
            self.kept.push(Reject { line: reject.line, code: reject.code, reason: reject.message.clone() });
        }
    }
}

async fn take(
    State(state): State<ApiState>,
    Path(path): Path<KindPath>,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    caller: Caller,
    body: File,
) -> Result<Answer<Report>, Problem> {
    let format = format_of(query.format, &headers)?;
    let kind = ImportKind::named(&path.kind);
    let mut rejects = Rejects::up_to(query.rejects)?;
    let map = query.map.as_deref().map(read_map).transpose()?.unwrap_or_default();
    let by = Some(caller.actor.clone());
    let options = ImportOptions { dry_run: query.dry_run, map, by, ..ImportOptions::default() };
    // Programs read the answer; people may be on another page by then.
    let told = caller.csrf.is_some() && !query.dry_run;
    let (pieces, input) = mpsc::channel(PIECES);
    let sending = send(body.0, pieces);
    let importing = state.blocking(move |engine| {
        let input = Pieces { input, piece: Bytes::new() };
        let done = import::import(engine, &kind, input, format, &options, &mut rejects);
        engine.poke();
        let done = done?;
        if told {
            let news = ImportNews { kind: path.kind, read: done.read, rejected: done.rejected };
            let text = serde_json::to_string(&news).map_err(Problem::internal)?;
            engine.store().write(|s| {
                let now = s.now()?;
                notifications::tell(s, &caller.actor, "import", &text, now)
            })?;
        }
        Ok((done, rejects.kept))
    });
    let (done, ()) = tokio::join!(importing, sending);
    let (report, rejects) = done?;
    Ok(Answer::of(Report {
        read: report.read,
        created: report.created,
        updated: report.updated,
        unchanged: report.unchanged,
        parked: report.parked,
        rejected: report.rejected,
        rejects,
        notes: report.notes.into_iter().map(|note| note.message).collect(),
    }))
}

/// Which column becomes what.
fn read_map(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let map: BTreeMap<String, String> = serde_json::from_str(text).map_err(|error| {
        let detail = format!("`map` is no JSON object of texts: {error}. Write it as {{\"Symbol\":\"key\"}}.");
        Problem::bad_request("bad_map", detail)
    })?;
    Ok(map.into_iter().collect())
}

fn format_of(asked: Option<Format>, headers: &HeaderMap) -> Result<FileFormat, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match (asked, kind.split(';').next().unwrap_or_default().trim()) {
        (Some(Format::Csv), _) | (None, "text/csv") => Ok(FileFormat::Csv),
        (Some(Format::Jsonl), _) | (None, "application/x-ndjson" | "application/jsonl") => Ok(FileFormat::JsonLines),
        (None, _) => {
            let detail = "Say how the body is written: `?format=csv` or `?format=jsonl`.";
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_format", detail))
        }
    }
}

/// Hands the body on, piece by piece, until its end, an error, or the import wants no more.
async fn send(body: Body, pieces: mpsc::Sender<io::Result<Bytes>>) {
    let mut stream = body.into_data_stream();
    let mut bytes = 0_u64;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(io::Error::other);
        bytes += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        let piece = if bytes > MOST_BYTES { Err(io::Error::other("it is larger than 8 GiB")) } else { piece };
        let broken = piece.is_err();
        if pieces.send(piece).await.is_err() || broken {
            return;
        }
    }
}

/// The pieces as the import reads them, on its own thread.
struct Pieces {
    input: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.input.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let n = into.len().min(self.piece.len());
        let read = self.piece.split_to(n);
        into.split_at_mut(n).0.copy_from_slice(&read);
        Ok(n)
    }
}

/// The body as it comes, of any length.
struct File(Body);

impl<S: Send + Sync> axum::extract::FromRequest<S> for File {
    type Rejection = Problem;

    async fn from_request(request: axum::extract::Request, _: &S) -> Result<Self, Problem> {
        Ok(Self(request.into_body()))
    }
}

impl aide::OperationInput for File {
    fn operation_input(ctx: &mut aide::generate::GenContext, operation: &mut aide::openapi::Operation) {
        let text = |kind: &str| (kind.to_owned(), aide::openapi::MediaType::default());
        let body = aide::openapi::RequestBody {
            description: Some("The file.".to_owned()),
            content: [text("text/csv"), text("application/x-ndjson")].into_iter().collect(),
            required: true,
            ..Default::default()
        };
        aide::operation::set_body(ctx, operation, body);
    }
}
