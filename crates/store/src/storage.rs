//! How much room each table takes.

use std::collections::BTreeMap;

use crate::error::StoreError;
use crate::session::{Dialect, Session, SessionExt};

/// Up to this size of the embedded database its pages are counted table by table; that reads each of them once.
const COUNTED_UP_TO: i64 = 512 * 1024 * 1024;
/// From how many rows on PostgreSQL's own estimate is good enough.
const ESTIMATED_FROM: i64 = 100_000;

/// The room that one table takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: i64,
    /// Whether the rows are the server's estimate.
    pub estimated: bool,
    /// With its indexes; none where the embedded database is too large to be counted.
    pub bytes: Option<i64>,
}

/// Every table of the schema, by name.
pub fn tables(s: &mut dyn Session) -> Result<Vec<TableSize>, StoreError> {
    match s.dialect() {
        Dialect::Sqlite => embedded(s),
        Dialect::Postgres => on_server(s),
    }
}

fn embedded(s: &mut dyn Session) -> Result<Vec<TableSize>, StoreError> {
    let names = s.query_map(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
        &[],
        |row| Ok(row.string(0)),
    )?;
    let whole = s.query_int("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()", &[])?;
    let bytes: BTreeMap<String, i64> = match whole <= COUNTED_UP_TO {
        true => s
            .query_map(
                "SELECT m.tbl_name, SUM(d.pgsize) FROM dbstat AS d JOIN sqlite_schema AS m ON m.name = d.name
                 WHERE d.aggregate = TRUE GROUP BY m.tbl_name",
                &[],
                |row| Ok((row.string(0), row.int(1))),
            )?
            .into_iter()
            .collect(),
        false => BTreeMap::new(),
    };
    let mut all = Vec::with_capacity(names.len());
    for table in names {
        let rows = count(s, &table)?;
        let bytes = bytes.get(&table).copied();
        all.push(TableSize { table, rows, estimated: false, bytes });
    }
    Ok(all)
}

fn on_server(s: &mut dyn Session) -> Result<Vec<TableSize>, StoreError> {
    let found = s.query_map(
        "SELECT CAST(c.relname AS TEXT), CAST(c.reltuples AS BIGINT), pg_total_relation_size(c.oid)
         FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = current_schema()) ORDER BY 1",
        &[],
        |row| Ok((row.string(0), row.int(1), row.int(2))),
    )?;
    let mut all = Vec::with_capacity(found.len());
    for (table, estimate, bytes) in found {
        let estimated = estimate >= ESTIMATED_FROM;
        let rows = if estimated { estimate } else { count(s, &table)? };
        all.push(TableSize { table, rows, estimated, bytes: Some(bytes) });
    }
    Ok(all)
}

/// The name comes from the database's own list of tables.
fn count(s: &mut dyn Session, table: &str) -> Result<i64, StoreError> {
    s.query_int(&format!("SELECT COUNT(*) FROM \"{table}\""), &[])
}
