//! How much room the store takes, table by table.

use axum::extract::State;
use caravan_store::{Dialect, storage};
use schemars::JsonSchema;
use serde::Serialize;

use super::TAG;
use crate::ApiState;
use crate::access::Permission::ReadDefinitions;
use crate::http::{Answer, Operations, Problem};

/// The operations of this file.
pub(super) fn operations() -> Operations {
    Operations::of(TAG).get("/api/v1/storage", ReadDefinitions, show, "How much room the store takes, table by table")
}

/// The room that the store takes.
#[derive(Debug, Serialize, JsonSchema)]
struct Storage {
    /// `sqlite`: one file beside the server; `postgres`: a server of its own.
    database: &'static str,
    /// All of it, with what is written ahead.
    bytes: u64,
    /// The largest first.
    tables: Vec<Table>,
}

/// The room that one table takes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StoredTable")]
struct Table {
    /// Its name.
    table: String,
    /// Its rows.
    rows: i64,
    /// Whether the rows are the database's estimate.
    estimated: bool,
    /// With its indexes; none where counting would take too long.
    bytes: Option<i64>,
}

async fn show(State(state): State<ApiState>) -> Result<Answer<Storage>, Problem> {
    let read = state.blocking(|engine| {
        let store = engine.store();
        Ok((store.dialect(), store.size_bytes()?, store.read(storage::tables)?))
    });
    let (dialect, bytes, found) = read.await?;
    let mut tables: Vec<Table> = found
        .into_iter()
        .map(|it| Table { table: it.table, rows: it.rows, estimated: it.estimated, bytes: it.bytes })
        .collect();
    tables.sort_by(|a, b| (b.bytes, b.rows, &a.table).cmp(&(a.bytes, a.rows, &b.table)));
    let database = match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
    };
    Ok(Answer::of(Storage { database, bytes, tables }))
}
