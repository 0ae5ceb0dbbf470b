//! Rows of one table on their way from one store to another, a chunk of columns at a time.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Dialect, Row, Session, SessionExt};

/// How many rows are held in memory on their way.
const CHUNK_ROWS: usize = 5_000;

/// A table and its columns. One of the two stores must be embedded: it declares the types, as both mean them.
pub(crate) struct Shape {
    table: String,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Float,
    Bool,
    Text,
    /// Text that PostgreSQL keeps as JSONB.
    Json,
    Bytes,
}

impl Kind {
    fn declared(as_type: &str) -> Result<Self, StoreError> {
        match as_type {
            "INTEGER" | "BIGINT" => Ok(Self::Int),
            "DOUBLE PRECISION" => Ok(Self::Float),
            "BOOLEAN" => Ok(Self::Bool),
            "TEXT" => Ok(Self::Text),
            "BLOB" => Ok(Self::Bytes),
            other => Err(StoreError::Statement(format!("a column of type {other:?} is not copied"))),
        }
    }
}

impl Shape {
    /// The columns of a table, asked of both stores.
    pub(crate) fn of<'a>(
        table: &str,
        one: &'a mut dyn Session,
        other: &'a mut dyn Session,
    ) -> Result<Self, StoreError> {
        let (embedded, second) = if one.dialect() == Dialect::Sqlite { (one, other) } else { (other, one) };
        let mut columns =
            embedded.query_map("SELECT name, type FROM pragma_table_info($1) ORDER BY cid", params![table], |r| {
                Ok(Column { name: r.string(0), kind: Kind::declared(r.text(1))? })
            })?;
        if second.dialect() == Dialect::Postgres {
            let json = second.query_map(
                "SELECT column_name FROM information_schema.columns
                 WHERE table_schema = current_schema() AND table_name = $1 AND data_type = 'jsonb'",
                params![table],
                |r| Ok(r.string(0)),
            )?;
            columns.iter_mut().filter(|c| json.contains(&c.name)).for_each(|c| c.kind = Kind::Json);
        }
        Ok(Self { table: table.to_owned(), columns })
    }

    /// Puts the rows that `which` (a `WHERE`, or nothing) names in place of those that the target has.
    pub(crate) fn copy(&self, from: &mut dyn Session, to: &mut dyn Session, which: &str) -> Result<(), StoreError> {
        to.execute(&format!("DELETE FROM {}", self.table), &[])?;
        let mut chunk = Chunk::of(self);
        from.query(&self.select(which), &[], &mut |row| {
            chunk.take(row);
            if chunk.rows == CHUNK_ROWS { chunk.pour(to) } else { Ok(()) }
        })?;
        chunk.pour(to)
    }

    /// How many rows there are, and a sum over what they hold that knows no order.
    pub(crate) fn sum(&self, s: &mut dyn Session) -> Result<Sum, StoreError> {
        let mut sum = Sum::default();
        s.query(&self.select(""), &[], &mut |row| {
            let mut hasher = DefaultHasher::new();
            for (i, column) in self.columns.iter().enumerate() {
                column.hash_cell(row, i, &mut hasher);
            }
            sum.rows += 1;
            sum.content = sum.content.wrapping_add(hasher.finish());
            Ok(())
        })?;
        Ok(sum)
    }

    fn select(&self, which: &str) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        format!("SELECT {} FROM {} {which}", names.join(", "), self.table)
    }
}

/// What a table holds, small enough to compare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) rows: u64,
    content: u64,
}

impl Column {
    fn hash_cell(&self, row: &dyn Row, i: usize, hasher: &mut DefaultHasher) {
        match self.kind {
            Kind::Int => row.opt_int(i).hash(hasher),
            Kind::Float => row.opt_float(i).map(f64::to_bits).hash(hasher),
            Kind::Bool => row.opt_bool(i).hash(hasher),
            Kind::Text => row.opt_text(i).hash(hasher),
            Kind::Json => row.opt_text(i).map(canonical).hash(hasher),
            Kind::Bytes => row.opt_bytes(i).hash(hasher),
        }
    }
}

/// JSONB orders fields and spells numbers in its own way.
fn canonical(json: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<serde_json::Value>(json) else { return json.to_owned() };
    value.sort_all_objects();
    spell(&mut value);
    value.to_string()
}

/// Writes whole numbers without a fraction.
fn spell(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 9e15) {
                *number = (whole as i64).into();
            }
        }
        serde_json::Value::Array(all) => all.iter_mut().for_each(spell),
        serde_json::Value::Object(all) => all.values_mut().for_each(spell),
        _ => {}
    }
}

/// One column's values on their way.
enum Cells {
    Ints(Vec<Option<i64>>),
    Floats(Vec<Option<f64>>),
    Bools(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
    Blobs(Vec<Option<Vec<u8>>>),
}

impl Cells {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Int => Self::Ints(Vec::new()),
            Kind::Float => Self::Floats(Vec::new()),
            Kind::Bool => Self::Bools(Vec::new()),
            Kind::Text | Kind::Json => Self::Texts(Vec::new()),
            Kind::Bytes => Self::Blobs(Vec::new()),
        }
    }

    fn take(&mut self, row: &dyn Row, i: usize) {
        match self {
            Self::Ints(all) => all.push(row.opt_int(i)),
            Self::Floats(all) => all.push(row.opt_float(i)),
            Self::Bools(all) => all.push(row.opt_bool(i)),
            Self::Texts(all) => all.push(row.opt_string(i)),
            Self::Blobs(all) => all.push(row.opt_bytes(i).map(<[u8]>::to_vec)),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Ints(all) => all.clear(),
            Self::Floats(all) => all.clear(),
            Self::Bools(all) => all.clear(),
            Self::Texts(all) => all.clear(),
            Self::Blobs(all) => all.clear(),
        }
    }
}

struct Chunk<'a> {
    shape: &'a Shape,
    columns: Vec<Cells>,
    rows: usize,
}

impl<'a> Chunk<'a> {
    fn of(shape: &'a Shape) -> Self {
        Self { shape, columns: shape.columns.iter().map(|column| Cells::of(column.kind)).collect(), rows: 0 }
    }

    fn take(&mut self, row: &dyn Row) {
        for (i, cells) in self.columns.iter_mut().enumerate() {
            cells.take(row, i);
        }
        self.rows += 1;
    }

    fn pour(&mut self, to: &mut dyn Session) -> Result<(), StoreError> {
        let mut bulk = Bulk::insert(&self.shape.table);
        for (column, cells) in self.shape.columns.iter().zip(&self.columns) {
            bulk = match cells {
                Cells::Ints(all) => bulk.column(&column.name, all),
                Cells::Floats(all) => bulk.column(&column.name, all),
                Cells::Bools(all) => bulk.column(&column.name, all),
                Cells::Texts(all) if column.kind == Kind::Json => bulk.json(&column.name, all),
                Cells::Texts(all) => bulk.column(&column.name, all),
                Cells::Blobs(all) => bulk.column(&column.name, all),
            };
        }
        to.bulk(&bulk)?;
        self.columns.iter_mut().for_each(Cells::clear);
        self.rows = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::tables;
    use crate::store::{OpenOptions, Store};

    #[test]
    fn every_table_of_the_schema_has_columns_of_types_that_are_copied() {
        let directory = tempfile::tempdir().unwrap();
        let options = || OpenOptions { scratch: true, ..OpenOptions::default() };
        let open = |name| Store::open_sqlite(directory.path().join(name), options()).unwrap();
        let (one, other) = (open("one"), open("other"));
        one.migrate().unwrap();
        let all = one.read(|s| tables(s)).unwrap();
        assert!(all.len() > 40, "{all:?}");
        for table in all {
            let shape = one.read(|a| other.read(|b| Shape::of(&table, a, b))).unwrap();
            assert!(!shape.columns.is_empty(), "{table}");
        }
    }

    #[test]
    fn json_is_the_same_in_any_order_and_spelling() {
        assert_eq!(canonical(r#"{"b": 1e2, "a": [1,2]}"#), canonical(r#"{"a":[1, 2],"b":100.0}"#));
        assert_ne!(canonical(r#"{"a": 1}"#), canonical(r#"{"a": 2}"#));
    }
}
