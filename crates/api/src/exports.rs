//! Files of long lists that are written in the background: asked for, looked at, downloaded, cancelled, deleted.
//!
//! Whoever asked has them; who manages access may see and delete those of others. Downloading asks once more whether one may
//! read what is in the file, and is written down.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use caravan_engine::Engine;
use caravan_engine::exports::{self, AskError, ExportProblem, ExportRequest};
use caravan_model::ExportId;
use caravan_store::exports::{self as stored, ExportRow};
use caravan_store::{Session, access};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Permission::{ManageAccess, ReadCustomers};
use crate::access::{Caller, Gate};
use crate::http::file::CsvFile;
use crate::http::page::{Page, PageQuery};
use crate::http::{Answer, Done, Json, Operations, Path, Problem, Query};

const EXPORT: &str = "/api/v1/exports/{id}";

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Exports")
        .get("/api/v1/exports", Gate::SignedIn, list, "Exports that you asked for, newest first")
        .post(
            "/api/v1/exports",
            ReadCustomers,
            ask,
            "Ask for a CSV file of accounts, people, buying groups, members of a list, travellers of a journey or activities; it is written in the background",
        )
        .get(EXPORT, Gate::SignedIn, show, "How far an export has got")
        .delete(EXPORT, Gate::SignedIn, delete, "Delete an export and its file")
        .post(&format!("{EXPORT}/cancel"), Gate::SignedIn, cancel, "Stop an export that is not over yet")
        .get(&format!("{EXPORT}/file"), ReadCustomers, file, "The file of an export that is done")
}

#[derive(Deserialize, JsonSchema)]
struct ExportPath {
    /// The export's id, `exp_…`.
    id: String,
}

/// How an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ExportState {
    /// It waits for its turn.
    Queued,
    /// It is being written.
    Running,
    /// Its file can be downloaded.
    Done,
    /// It could not be written; `problem` says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// Its file is gone before its time; `problem` says why.
    Expired,
}

impl ExportState {
    fn of(stored: &str) -> Self {
        match stored {
            "queued" => Self::Queued,
            "running" => Self::Running,
            "done" => Self::Done,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            _ => Self::Expired,
        }
    }
}

/// A file that somebody asked for.
#[derive(Debug, Serialize, JsonSchema)]
struct Export {
    /// Its id, `exp_…`.
    id: String,
    /// What was asked for.
    #[serde(flatten)]
    request: ExportRequest,
    state: ExportState,
    /// What the file is called.
    file_name: String,
    /// Who asked.
    asked_by: String,
    /// When.
    asked_at: Timestamp,
    /// Rows written so far.
    rows: i64,
    /// Rows that there were when it was asked for, where that is cheap to tell.
    expected: Option<i64>,
    /// Bytes written so far.
    bytes: i64,
    /// When it was over.
    ended_at: Option<Timestamp>,
    /// When it is deleted; of one that is not over, seven days after it is.
    expires_at: Timestamp,
    /// Why there is no file.
    problem: Option<ExportProblem>,
}

impl Export {
    fn of(row: ExportRow) -> Result<Self, Problem> {
        let request: ExportRequest = serde_json::from_str(&row.request).map_err(Problem::internal)?;
        let day = row.asked_at.strftime("%Y-%m-%d");
        Ok(Self {
            id: ExportId(row.id).to_string(),
            file_name: format!("{}-{day}.csv", request.of.name()),
            request,
            state: ExportState::of(&row.state),
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            rows: row.rows,
            expected: row.expected,
            bytes: row.bytes,
            ended_at: row.ended_at,
            expires_at: row.expires_at,
            problem: row.problem.and_then(|text| serde_json::from_str(&text).ok()),
        })
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Findings(findings) => Self::findings(findings),
            AskError::TooMany(detail) => Self::conflict("too_many_exports", detail),
            AskError::Store(error) => error.into(),
        }
    }
}

async fn ask(
    State(state): State<ApiState>,
    caller: Caller,
    Json(request): Json<ExportRequest>,
) -> Result<Answer<Export>, Problem> {
    let asked = serde_json::to_value(&request).map_err(Problem::internal)?;
    let row = state.blocking(move |engine| Ok(exports::ask(engine, &caller.actor, &request)?)).await?;
    let export = Export::of(row)?;
    let at = HeaderValue::from_str(&format!("/api/v1/exports/{}", export.id)).map_err(Problem::internal)?;
    Ok(Answer::of(export).status(StatusCode::ACCEPTED).header(header::LOCATION, at).written_down(asked))
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct WhoseQuery {
    /// Those of everybody instead of one's own; for who manages access.
    #[serde(default)]
    everybody: bool,
}

async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<PageQuery>,
    Query(whose): Query<WhoseQuery>,
) -> Result<Page<Export>, Problem> {
    let (limit, before) = (query.limit()?, query.after_number()?);
    if whose.everybody {
        caller.must(ManageAccess)?;
    }
    let rows = state.read(move |s| {
        let own = Some(caller.actor.as_str()).filter(|_| !whose.everybody);
        Ok(stored::list(s, own, before, limit + 1)?)
    });
    let page = Page::of(rows.await?, limit, |row| row.id);
    let items = page.items.into_iter().map(Export::of).collect::<Result<Vec<_>, _>>()?;
    Ok(Page { items, next_cursor: page.next_cursor, total: None })
}

/// An export that the caller may see: their own, or anybody's for who manages access. Others are told that there is none.
fn found(s: &mut dyn Session, caller: &Caller, id: &str) -> Result<ExportRow, Problem> {
    let unknown = || Problem::not_found("unknown_export", format!("The export `{id}`"));
    let number: ExportId = id.parse().map_err(|_| unknown())?;
    let row = stored::get(s, number.0)?.ok_or_else(unknown)?;
    if row.asked_by != caller.actor && !caller.rights.may(ManageAccess) {
        return Err(unknown());
    }
    Ok(row)
}

async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<ExportPath>,
) -> Result<Answer<Export>, Problem> {
    let row = state.read(move |s| found(s, &caller, &path.id)).await?;
    Ok(Answer::of(Export::of(row)?))
}

async fn delete(State(state): State<ApiState>, caller: Caller, Path(path): Path<ExportPath>) -> Result<Done, Problem> {
    let write = state.blocking(move |engine| {
        engine.store().write(|s| {
            let row = found(s, &caller, &path.id)?;
            Ok::<_, Problem>(stored::delete(s, row.id)?)
        })
    });
    write.await?;
    Ok(Done::default())
}

async fn cancel(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<ExportPath>,
) -> Result<Answer<Export>, Problem> {
    let write = state.blocking(move |engine| {
        let row = engine.store().read(|s| found(s, &caller, &path.id))?;
        if !exports::cancel(engine, row.id)? {
            let detail = "The export is over already. Delete it if you no longer need it.";
            return Err(Problem::conflict("export_over", detail));
        }
        engine.store().read(|s| found(s, &caller, &path.id))
    });
    Ok(Answer::of(Export::of(write.await?)?))
}

async fn file(State(state): State<ApiState>, caller: Caller, Path(path): Path<ExportPath>) -> Result<CsvFile, Problem> {
    let engine = state.engine.clone();
    let row = state.blocking(move |engine| opened(engine, &caller, &path.id)).await?;
    let name = Export::of(row.clone())?.file_name;
    CsvFile::stream(&name, move |out| exports::write_file(&engine, &row, out))
}

/// A finished export whose file is about to be handed out: that is written down, whoever it is.
fn opened(engine: &Engine, caller: &Caller, id: &str) -> Result<ExportRow, Problem> {
    engine.store().write(|s| {
        let row = found(s, caller, id)?;
        match ExportState::of(&row.state) {
            ExportState::Done => {}
            ExportState::Queued | ExportState::Running => {
                let detail = "The file is not written yet. Ask for the export until its state is `done`.";
                return Err(Problem::conflict("export_not_ready", detail));
            }
            _ => {
                let detail = "The export has no file: it failed, was cancelled, or has expired. Export again.";
                return Err(Problem::new(StatusCode::GONE, "export_without_file", detail));
            }
        }
        let now = s.now()?;
        let what = serde_json::json!({"asked_by": row.asked_by, "rows": row.rows}).to_string();
        access::record(s, now, &caller.actor, "GET", &format!("/api/v1/exports/{id}/file"), Some(&what))?;
        Ok(row)
    })
}
