//! Imports by schedule: what became of the files that arrived at a connection.

use axum::extract::State;
use caravan_catalog::Definition;
use caravan_engine::import;
use caravan_engine::live::Live;
use caravan_model::ImportRunId;
use caravan_model::document::DocumentKind;
use caravan_store::schedules::{self, RunRow};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiState;
use crate::access::Permission::{ReadCustomers, WriteCustomers};
use crate::http::file::CsvFile;
use crate::http::page::{Page, PageQuery};
use crate::http::{Answer, Operations, Path, Problem, Query};

/// The operations of this file.
pub fn operations() -> Operations {
    let imports = "/api/v1/connections/{key}/imports";
    let schedule = "/api/v1/connections/{key}/imports/schedule";
    Operations::of("Import")
        .get(imports, ReadCustomers, runs, "The files that were taken in from a connection, newest first")
        .get(schedule, ReadCustomers, next, "When a connection is looked at next, and what was wrong last time")
        .post(schedule, WriteCustomers, now, "Look at a connection now")
        .get(
            "/api/v1/connections/{key}/imports/{run}/rejects.csv",
            ReadCustomers,
            rejects,
            "Every row of a file that was not taken, with its line, code and reason; kept for 90 days",
        )
}

#[derive(Deserialize, JsonSchema)]
struct ConnectionPath {
    /// Key of the connection.
    key: String,
}

/// What became of one version of one file.
#[derive(Debug, Serialize, JsonSchema)]
struct Run {
    /// Its id, `imp_…`.
    id: String,
    /// The file's name.
    file: String,
    /// Which content of it.
    version: String,
    /// What it was taken as.
    kind: String,
    /// `running`, `done` or `failed`.
    state: String,
    /// When it was begun.
    started_at: Timestamp,
    /// When it was over.
    ended_at: Option<Timestamp>,
    /// Counts, notes and the first rejects with their lines and reasons; of a failed one, why.
    report: Option<Value>,
    #[serde(skip)]
    number: i64,
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self {
            id: ImportRunId(row.id).to_string(),
            file: row.name,
            version: row.version,
            kind: row.kind,
            state: row.state,
            started_at: row.started_at,
            ended_at: row.ended_at,
            report: row.report.and_then(|text| serde_json::from_str(&text).ok()),
            number: row.id,
        }
    }
}

/// When a connection is looked at.
#[derive(Debug, Serialize, JsonSchema)]
struct Schedule {
    /// When it is looked at next; none: as soon as the runtime runs.
    next_at: Option<Timestamp>,
    /// Why it could not be looked into last time.
    problem: Option<String>,
}

fn found<'a>(live: &'a Live, key: &str) -> Result<&'a Definition, Problem> {
    let found = live.definitions.get(DocumentKind::Connection, key);
    found.map(AsRef::as_ref).ok_or_else(|| Problem::not_found("unknown_reference", format!("The connection `{key}`")))
}

async fn runs(
    State(state): State<ApiState>,
    Path(path): Path<ConnectionPath>,
    Query(query): Query<PageQuery>,
) -> Result<Page<Run>, Problem> {
    let (limit, before) = (query.limit()?, query.after_number()?);
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let live = engine.live(s)?;
            let rows = schedules::runs(s, found(&live, &path.key)?.id, before, limit + 1)?;
            Ok(Page::of(rows.into_iter().map(Run::from).collect(), limit, |run: &Run| run.number))
        })
    });
    read.await
}

#[derive(Deserialize, JsonSchema)]
struct RunPath {
    /// Key of the connection.
    key: String,
    /// The run's id, `imp_…`.
    run: String,
}

async fn rejects(State(state): State<ApiState>, Path(path): Path<RunPath>) -> Result<CsvFile, Problem> {
    let engine = state.engine.clone();
    let (connection, run) = state
        .blocking(move |engine| {
            let none =
                || Problem::not_found("unknown_import", format!("A list of rejects of the import `{}`", path.run));
            let live = engine.store().read(|s| engine.live(s))?;
            let connection = found(&live, &path.key)?.id;
            let run: ImportRunId = path.run.parse().map_err(|_| none())?;
            let kept = import::has_rejects(engine, connection, run.0)?;
            if kept { Ok((connection, run)) } else { Err(none()) }
        })
        .await?;
    CsvFile::stream(&format!("rejects-{run}.csv"), move |out| import::write_rejects(&engine, connection, run.0, out))
}

async fn next(State(state): State<ApiState>, Path(path): Path<ConnectionPath>) -> Result<Answer<Schedule>, Problem> {
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let live = engine.live(s)?;
            Ok(schedule(s, found(&live, &path.key)?)?)
        })
    });
    read.await
}

fn schedule(s: &mut dyn Session, connection: &Definition) -> Result<Answer<Schedule>, StoreError> {
    let (next_at, problem) = schedules::due_at(s, connection.id)?.map_or((None, None), |(at, why)| (Some(at), why));
    Ok(Answer::of(Schedule { next_at, problem }))
}

async fn now(State(state): State<ApiState>, Path(path): Path<ConnectionPath>) -> Result<Answer<Schedule>, Problem> {
    let write = state.blocking(move |engine| {
        let live = engine.store().read(|s| engine.live(s))?;
        let connection = found(&live, &path.key)?;
        let answer = engine.store().write(|s| {
            let now = s.now()?;
            schedules::set_due(s, connection.id, now, None)?;
            schedule(s, connection)
        })?;
        engine.poke();
        Ok(answer)
    });
    write.await
}
