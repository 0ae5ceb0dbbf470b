//! Sets of rows as one statement over arrays.

use std::fmt::Write as _;

use crate::bulk::{Bulk, Cells, Column, Kind, Verb};
use crate::error::StoreError;
use crate::session::Param;

/// One statement for all rows, and the columns in the order of its parameters.
pub(super) fn bulk_sql<'b>(bulk: &'b Bulk<'_>) -> Result<(String, Vec<&'b Column<'b>>), StoreError> {
    let mut order = Vec::new();
    let mut arrays = Vec::new();
    let mut names = Vec::new();
    let mut places = Vec::new();
    for (i, (_, column)) in bulk.columns.iter().enumerate() {
        let ty = type_name(column.kind);
        if let Cells::Same(Param::Null) = column.cells {
            places.push("NULL".to_owned());
            continue;
        }
        order.push(column);
        let n = order.len();
        if let Cells::Same(_) = column.cells {
            places.push(format!("CAST(${n} AS {ty})"));
            continue;
        }
        let wire = if column.kind == Kind::Json { "text" } else { ty };
        arrays.push(format!("CAST(${n} AS {wire}[])"));
        names.push(format!("b{i}"));
        places.push(if column.kind == Kind::Json {
            format!("CAST(batch.b{i} AS jsonb)")
        } else {
            format!("batch.b{i}")
        });
    }
    let batch = format!("unnest({}) AS batch ({})", arrays.join(", "), names.join(", "));
    let placed = |text: &str| bulk.with_columns(text, |i| places.get(i).cloned().unwrap_or_default());
    let table = bulk.table;
    let sql = match bulk.verb {
        Verb::Insert => {
            let columns: Vec<_> = bulk.columns.iter().map(|(name, _)| *name).collect();
            let mut sql =
                format!("INSERT INTO {table} ({}) SELECT {} FROM {batch}", columns.join(", "), places.join(", "));
            if let Some(clause) = bulk.on_conflict {
                let _ = write!(sql, " ON CONFLICT {clause}");
            }
            sql
        }
        Verb::Update => {
            let set = placed(bulk.part(bulk.set, "set")?)?;
            format!("UPDATE {table} SET {set} FROM {batch} WHERE {}", placed(bulk.part(bulk.matching, "matching")?)?)
        }
        Verb::Delete => {
            format!("DELETE FROM {table} USING {batch} WHERE {}", placed(bulk.part(bulk.matching, "matching")?)?)
        }
    };
    Ok((sql, order))
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "bigint",
        Kind::Float => "double precision",
        Kind::Bool => "boolean",
        Kind::Text => "text",
        Kind::Json => "jsonb",
        Kind::Bytes => "bytea",
    }
}
