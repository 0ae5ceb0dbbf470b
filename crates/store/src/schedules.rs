//! Imports by schedule: when a connection is looked at next, and what became of each file.

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// What became of one version of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its id; later runs have higher ones.
    pub id: i64,
    /// The file's name.
    pub name: String,
    /// Which content.
    pub version: String,
    /// What it was taken as.
    pub kind: String,
    /// `running`, `done` or `failed`.
    pub state: String,
    /// When it was begun.
    pub started_at: Timestamp,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// The report, or why there is none; JSON.
    pub report: Option<String>,
}

const RUN: &str = "id, name, version, kind, state, started_at, ended_at, report";

fn read_run(r: &dyn Row) -> Result<RunRow, StoreError> {
    Ok(RunRow {
        id: r.int(0),
        name: r.string(1),
        version: r.string(2),
        kind: r.string(3),
        state: r.string(4),
        started_at: r.instant(5),
        ended_at: r.opt_instant(6),
        report: r.opt_string(7),
    })
}

/// Under which looking at connections is kept, a slice for each.
pub const JOB: &str = "imports";

/// When a connection is looked at next, and what was wrong when it was last; none: never yet.
pub fn due_at(s: &mut dyn Session, connection: DocumentId) -> Result<Option<(Timestamp, Option<String>)>, StoreError> {
    let sql = "SELECT due_at, body FROM job WHERE name = 'imports' AND slice = $1";
    s.query_opt(sql, params![connection], |r| Ok((r.instant(0), r.opt_string(1))))
}

/// Takes the right to look at a connection that is due, until `until`; false when somebody else has it.
pub fn claim(
    s: &mut dyn Session,
    connection: DocumentId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    s.execute(
        "INSERT INTO job (name, slice, due_at) VALUES ('imports', $1, $2) ON CONFLICT (name, slice) DO NOTHING",
        params![connection, now],
    )?;
    let sql = "UPDATE job SET due_at = $3 WHERE name = 'imports' AND slice = $1 AND due_at <= $2";
    Ok(s.execute(sql, params![connection, now, until])? == 1)
}

/// When to look next, and what was wrong this time.
pub fn set_due(
    s: &mut dyn Session,
    connection: DocumentId,
    at: Timestamp,
    problem: Option<&str>,
) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO job (name, slice, due_at, body) VALUES ('imports', $1, $2, $3)
         ON CONFLICT (name, slice) DO UPDATE SET due_at = excluded.due_at, body = excluded.body",
        params![connection, at, problem],
    )?;
    Ok(())
}

/// Begins a file, again when an earlier attempt did not come to its end; false when this version is over already.
pub fn begin(
    s: &mut dyn Session,
    connection: DocumentId,
    (name, version): (&str, &str),
    kind: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let id = s.reserve_ids("import_run", 1)?.next().unwrap_or_default();
    let touched = s.execute(
        "INSERT INTO import_run (id, connection_id, name, version, kind, state, started_at)
         VALUES ($1, $2, $3, $4, $5, 'running', $6)
         ON CONFLICT (connection_id, name, version) DO UPDATE SET started_at = excluded.started_at
         WHERE import_run.state = 'running'",
        params![id, connection, name, version, kind, now],
    )?;
    Ok(touched == 1)
}

/// Writes down what became of a file.
pub fn finish(
    s: &mut dyn Session,
    connection: DocumentId,
    (name, version): (&str, &str),
    state: &str,
    report: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    s.execute(
        "UPDATE import_run SET state = $4, report = $5, ended_at = $6
         WHERE connection_id = $1 AND name = $2 AND version = $3",
        params![connection, name, version, state, report, now],
    )?;
    Ok(())
}

/// The latest `most` files of a connection before the id `before` (none: the newest), newest first.
/// Index: `import_run_connection`.
pub fn runs(
    s: &mut dyn Session,
    connection: DocumentId,
    before: Option<i64>,
    most: usize,
) -> Result<Vec<RunRow>, StoreError> {
    let sql = format!("SELECT {RUN} FROM import_run WHERE connection_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    s.query_map(&sql, params![connection, before.unwrap_or(i64::MAX), most as i64], read_run)
}
