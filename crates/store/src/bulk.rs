//! Writing sets of rows: one columnar description, the fastest form of each database.
//!
//! SQLite loops over one prepared statement; PostgreSQL takes whole columns as arrays (`unnest`). Row-wise writing costs
//! ten to fifty times as much there.

use std::ops::Range;

use crate::error::StoreError;
use crate::session::Param;

/// How many rows go into one statement on PostgreSQL.
pub(crate) const CHUNK_ROWS: usize = 20_000;

/// A set of rows to insert, update or delete. Columns are borrowed slices of equal length, one element a row.
///
/// `{name}` in [`set`](Bulk::set) and [`matching`](Bulk::matching) stands for the row's value of that column; other names
/// are the table's own columns. Within one bulk the rows it touches must be distinct (what happens to a row named twice
/// differs between the databases), and given in key order so that concurrent writers lock in the same order.
///
/// ```no_run
/// # use caravan_store::{Bulk, Session, StoreError};
/// # fn example(s: &mut dyn Session, ids: &[i64], seqs: &[i64], nodes: &[i64]) -> Result<(), StoreError> {
/// let moved = s.bulk(
///     &Bulk::update("enrollment")
///         .column("id", ids)
///         .column("seq", seqs)
///         .column("node", nodes)
///         .set("node = {node}, seq = {seq} + 1")
///         .matching("id = {id} AND seq = {seq}"),
/// )?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Bulk<'a> {
    pub(crate) verb: Verb,
    pub(crate) table: &'a str,
    pub(crate) columns: Vec<(&'a str, Column<'a>)>,
    pub(crate) on_conflict: Option<&'a str>,
    pub(crate) set: Option<&'a str>,
    pub(crate) matching: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Insert,
    Update,
    Delete,
}

impl<'a> Bulk<'a> {
    /// New rows; every column is one of the table's.
    pub fn insert(table: &'a str) -> Self {
        Self::new(Verb::Insert, table)
    }

    /// Changed rows; needs [`set`](Self::set) and [`matching`](Self::matching).
    pub fn update(table: &'a str) -> Self {
        Self::new(Verb::Update, table)
    }

    /// Removed rows; needs [`matching`](Self::matching).
    pub fn delete(table: &'a str) -> Self {
        Self::new(Verb::Delete, table)
    }

    fn new(verb: Verb, table: &'a str) -> Self {
        Self { verb, table, columns: Vec::new(), on_conflict: None, set: None, matching: None }
    }

    /// One value a row.
    pub fn column(mut self, name: &'a str, values: impl Into<Column<'a>>) -> Self {
        self.columns.push((name, values.into()));
        self
    }

    /// One serialized JSON value a row; the slice holds texts or optional texts.
    pub fn json(mut self, name: &'a str, values: impl Into<Column<'a>>) -> Self {
        let Column { cells, .. } = values.into();
        self.columns.push((name, Column { kind: Kind::Json, cells }));
        self
    }

    /// The same value in every row.
    pub fn same(self, name: &'a str, value: impl Into<Param<'a>>) -> Self {
        let value = value.into();
        let kind = match value {
            Param::Bool(_) => Kind::Bool,
            Param::Float(_) => Kind::Float,
            Param::Json(_) => Kind::Json,
            Param::Bytes(_) => Kind::Bytes,
            Param::Text(_) | Param::Texts(_) | Param::Strings(_) => Kind::Text,
            Param::Int(_) | Param::Ints(_) | Param::Null => Kind::Int,
        };
        self.column(name, Column { kind, cells: Cells::Same(value) })
    }

    /// What follows `ON CONFLICT`: `(id) DO NOTHING`, `(id) DO UPDATE SET n = tally.n + excluded.n`.
    pub fn on_conflict(mut self, clause: &'a str) -> Self {
        self.on_conflict = Some(clause);
        self
    }

    /// What follows `SET`.
    pub fn set(mut self, assignments: &'a str) -> Self {
        self.set = Some(assignments);
        self
    }

    /// What follows `WHERE`.
    pub fn matching(mut self, condition: &'a str) -> Self {
        self.matching = Some(condition);
        self
    }

    /// How many rows there are; an error when columns disagree.
    pub(crate) fn rows(&self) -> Result<usize, StoreError> {
        let mut lengths = self.columns.iter().filter_map(|(_, column)| column.cells.len());
        let first = lengths.next().ok_or_else(|| self.wrong("it needs a column with one value a row"))?;
        if lengths.any(|length| length != first) {
            return Err(self.wrong("its columns differ in length"));
        }
        Ok(first)
    }

    /// `text` with each `{name}` replaced by `place(position of the column)`.
    pub(crate) fn with_columns(
        &self,
        text: &str,
        mut place: impl FnMut(usize) -> String,
    ) -> Result<String, StoreError> {
        let mut out = String::with_capacity(text.len() + 16);
        let mut rest = text;
        while let Some((before, from)) = rest.split_once('{') {
            let (name, after) = from.split_once('}').ok_or_else(|| self.wrong("a { has no }"))?;
            let position = self.columns.iter().position(|(column, _)| *column == name);
            out.push_str(before);
            out.push_str(&place(position.ok_or_else(|| self.wrong(&format!("it has no column {name}")))?));
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    pub(crate) fn part(&self, part: Option<&'a str>, name: &str) -> Result<&'a str, StoreError> {
        part.ok_or_else(|| self.wrong(&format!("it lacks {name}")))
    }

    pub(crate) fn wrong(&self, why: &str) -> StoreError {
        StoreError::Statement(format!("bulk {:?} of {}: {why}", self.verb, self.table).to_lowercase())
    }
}

/// The values of one column.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    pub(crate) kind: Kind,
    pub(crate) cells: Cells<'a>,
}

/// What a column holds, as the database names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Float,
    Bool,
    Text,
    Json,
    Bytes,
}

/// Where the values are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cells<'a> {
    Ints(&'a [i64]),
    OptInts(&'a [Option<i64>]),
    Floats(&'a [f64]),
    OptFloats(&'a [Option<f64>]),
    Bools(&'a [bool]),
    OptBools(&'a [Option<bool>]),
    Texts(&'a [&'a str]),
    OptTexts(&'a [Option<&'a str>]),
    Strings(&'a [String]),
    OptStrings(&'a [Option<String>]),
    Bytes(&'a [&'a [u8]]),
    OptBytes(&'a [Option<&'a [u8]>]),
    Blobs(&'a [Vec<u8>]),
    OptBlobs(&'a [Option<Vec<u8>>]),
    Same(Param<'a>),
}

/// Does `$do` with the slice behind `$cells`, whatever its type; `$same` for a constant.
macro_rules! each_cells {
    ($cells:expr, $slice:ident => $do:expr, $value:ident => $same:expr) => {
        match $cells {
            Cells::Ints($slice) => $do,
            Cells::OptInts($slice) => $do,
            Cells::Floats($slice) => $do,
            Cells::OptFloats($slice) => $do,
            Cells::Bools($slice) => $do,
            Cells::OptBools($slice) => $do,
            Cells::Texts($slice) => $do,
            Cells::OptTexts($slice) => $do,
            Cells::Strings($slice) => $do,
            Cells::OptStrings($slice) => $do,
            Cells::Bytes($slice) => $do,
            Cells::OptBytes($slice) => $do,
            Cells::Blobs($slice) => $do,
            Cells::OptBlobs($slice) => $do,
            Cells::Same($value) => $same,
        }
    };
}
pub(crate) use each_cells;

impl<'a> Cells<'a> {
    /// `None` for a constant.
    pub(crate) fn len(&self) -> Option<usize> {
        each_cells!(self, slice => Some(slice.len()), _value => None)
    }

    /// The part of a chunk.
    pub(crate) fn slice(&self, rows: &Range<usize>) -> Self {
        let rows = rows.clone();
        match *self {
            Self::Ints(all) => Self::Ints(part(all, rows)),
            Self::OptInts(all) => Self::OptInts(part(all, rows)),
            Self::Floats(all) => Self::Floats(part(all, rows)),
            Self::OptFloats(all) => Self::OptFloats(part(all, rows)),
            Self::Bools(all) => Self::Bools(part(all, rows)),
            Self::OptBools(all) => Self::OptBools(part(all, rows)),
            Self::Texts(all) => Self::Texts(part(all, rows)),
            Self::OptTexts(all) => Self::OptTexts(part(all, rows)),
            Self::Strings(all) => Self::Strings(part(all, rows)),
            Self::OptStrings(all) => Self::OptStrings(part(all, rows)),
            Self::Bytes(all) => Self::Bytes(part(all, rows)),
            Self::OptBytes(all) => Self::OptBytes(part(all, rows)),
            Self::Blobs(all) => Self::Blobs(part(all, rows)),
            Self::OptBlobs(all) => Self::OptBlobs(part(all, rows)),
            Self::Same(value) => Self::Same(value),
        }
    }
}

fn part<T>(all: &[T], rows: Range<usize>) -> &[T] {
    all.get(rows).unwrap_or_default()
}

/// A type whose slices can be a [`Column`].
pub trait Cell<'a>: Sized + 'a {
    /// The column of these values.
    fn column(values: &'a [Self]) -> Column<'a>;
}

macro_rules! cells {
    ($($type:ty => $cells:ident, $kind:ident;)*) => {$(
        impl<'a> Cell<'a> for $type {
            fn column(values: &'a [Self]) -> Column<'a> {
                Column { kind: Kind::$kind, cells: Cells::$cells(values) }
            }
        }
    )*};
}

cells! {
    i64 => Ints, Int;
    Option<i64> => OptInts, Int;
    f64 => Floats, Float;
    Option<f64> => OptFloats, Float;
    bool => Bools, Bool;
    Option<bool> => OptBools, Bool;
    &'a str => Texts, Text;
    Option<&'a str> => OptTexts, Text;
    String => Strings, Text;
    Option<String> => OptStrings, Text;
    &'a [u8] => Bytes, Bytes;
    Option<&'a [u8]> => OptBytes, Bytes;
    Vec<u8> => Blobs, Bytes;
    Option<Vec<u8>> => OptBlobs, Bytes;
}

impl<'a, T: Cell<'a>> From<&'a [T]> for Column<'a> {
    fn from(values: &'a [T]) -> Self {
        T::column(values)
    }
}

impl<'a, T: Cell<'a>> From<&'a Vec<T>> for Column<'a> {
    fn from(values: &'a Vec<T>) -> Self {
        T::column(values)
    }
}

impl<'a, T: Cell<'a>, const N: usize> From<&'a [T; N]> for Column<'a> {
    fn from(values: &'a [T; N]) -> Self {
        T::column(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_that_do_not_fit_are_refused() {
        let uneven = Bulk::insert("t").column("a", &[1, 2]).column("b", &["x"]);
        assert_eq!(uneven.rows().map_err(|e| e.code()), Err("store_statement"));
        let constant = Bulk::insert("t").same("a", 1);
        assert_eq!(constant.rows().map_err(|e| e.code()), Err("store_statement"));
        let unknown = Bulk::delete("t").column("a", &[1]).matching("a = {b}");
        assert!(unknown.with_columns("a = {b}", |_| String::new()).is_err());
        assert!(unknown.with_columns("a = {a", |_| String::new()).is_err());
        assert_eq!(unknown.with_columns("a = {a}", |i| format!("?{}", i + 1)), Ok("a = ?1".to_owned()));
    }
}
