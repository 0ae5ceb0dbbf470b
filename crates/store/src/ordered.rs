//! Pages of lists in any order that is offered: a page goes on behind the last row of the one before, never by offset.
//!
//! Rows that tie stand in the order of their ids; what is missing stands last, whichever way the list is turned. Texts are
//! ordered by the codes of their folded letters, the same on both databases.

use std::fmt;
use std::str::FromStr;

use crate::error::StoreError;
use crate::session::{Dialect, Param, Row, Session, SessionExt};

/// By which column, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort<B> {
    /// The column.
    pub by: B,
    /// The highest first.
    pub descending: bool,
}

impl<B> Sort<B> {
    /// The lowest first.
    pub fn up(by: B) -> Self {
        Self { by, descending: false }
    }

    /// The highest first.
    pub fn down(by: B) -> Self {
        Self { by, descending: true }
    }
}

/// What a list is ordered by in one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// Nothing: such rows stand last.
    Missing,
    /// A text, folded.
    Text(String),
    /// A whole number, or an instant in microseconds.
    Whole(i64),
    /// Any number.
    Real(f64),
}

/// Behind which row a page begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// What the list is ordered by, in that row.
    pub mark: Mark,
    /// The row's id.
    pub id: i64,
}

/// As cursors carry it; [`FromStr`] reads it back.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.mark {
            Mark::Missing => write!(f, "{}:-", self.id),
            Mark::Text(text) => write!(f, "{}:t{text}", self.id),
            Mark::Whole(n) => write!(f, "{}:w{n}", self.id),
            Mark::Real(x) => write!(f, "{}:r{x}", self.id),
        }
    }
}

/// A text that no place was written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a place in a list")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (id, mark) = text.split_once(':').ok_or(NoPlace)?;
        let id = id.parse().map_err(|_| NoPlace)?;
        let mut letters = mark.chars();
        let kind = letters.next().ok_or(NoPlace)?;
        let value = letters.as_str();
        let mark = match kind {
            '-' if value.is_empty() => Mark::Missing,
            // PostgreSQL takes no such character.
            't' if !value.contains('\0') => Mark::Text(value.to_owned()),
            'w' => Mark::Whole(value.parse().map_err(|_| NoPlace)?),
            'r' => Mark::Real(value.parse().ok().filter(|x: &f64| x.is_finite()).ok_or(NoPlace)?),
            _ => return Err(NoPlace),
        };
        Ok(Self { mark, id })
    }
}

/// What a column that is ordered by holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Whole,
    Real,
}

/// A column that is ordered by, as SQL.
pub(crate) struct Key {
    sql: String,
    holds: Holds,
    may_be_missing: bool,
}

impl Key {
    /// A text, small and capital letters alike; an empty one is missing.
    pub(crate) fn text(s: &dyn Session, sql: &str) -> Self {
        let folded = format!("NULLIF(caravan_fold({sql}), '')");
        let sql = match s.dialect() {
            Dialect::Sqlite => folded,
            Dialect::Postgres => format!("({folded}) COLLATE \"C\""),
        };
        Self { sql, holds: Holds::Text, may_be_missing: true }
    }

    /// A text that every row has, as an index holds it.
    pub(crate) fn plain_text(sql: &str) -> Self {
        Self { sql: sql.to_owned(), holds: Holds::Text, may_be_missing: false }
    }

    /// A whole number or an instant that every row has.
    pub(crate) fn whole(sql: &str) -> Self {
        Self { sql: sql.to_owned(), holds: Holds::Whole, may_be_missing: false }
    }

    /// A whole number that may be missing.
    pub(crate) fn opt_whole(sql: &str) -> Self {
        Self { may_be_missing: true, ..Self::whole(sql) }
    }

    /// A number that may be missing.
    pub(crate) fn real(sql: &str) -> Self {
        Self { sql: sql.to_owned(), holds: Holds::Real, may_be_missing: true }
    }

    /// Whether a mark is one of this column.
    fn fits(&self, mark: &Mark) -> bool {
        match mark {
            Mark::Missing => self.may_be_missing,
            Mark::Text(_) => self.holds == Holds::Text,
            Mark::Whole(_) => self.holds == Holds::Whole,
            Mark::Real(_) => self.holds == Holds::Real,
        }
    }

    fn read(&self, r: &dyn Row, i: usize) -> Mark {
        let mark = match self.holds {
            Holds::Text => r.opt_string(i).map(Mark::Text),
            Holds::Whole => r.opt_int(i).map(Mark::Whole),
            Holds::Real => r.opt_float(i).map(Mark::Real),
        };
        mark.unwrap_or(Mark::Missing)
    }
}

/// What is listed: columns, tables with their conditions, and what is bound to these.
pub(crate) struct Listing<'a> {
    /// The columns that are read.
    pub columns: &'a str,
    /// How many they are.
    pub width: usize,
    /// `… WHERE …`.
    pub from: &'a str,
    /// The id of a row.
    pub id: &'a str,
    /// The values of the conditions.
    pub params: Vec<Param<'a>>,
}

/// Whether a place is one of a list that is ordered so; a place of another order finds nothing sensible.
pub(crate) fn belongs(key: &Key, place: &Place) -> bool {
    key.fits(&place.mark)
}

/// The next `most` rows behind `after`, each with its place. A place of another order is refused as stale.
pub(crate) fn page<T>(
    s: &mut dyn Session,
    listing: &Listing<'_>,
    sort: &Sort<Key>,
    after: Option<&Place>,
    most: usize,
    mut read: impl FnMut(&dyn Row) -> Result<T, StoreError>,
) -> Result<Vec<(T, Place)>, StoreError> {
    if after.is_some_and(|place| !belongs(&sort.by, place)) {
        return Err(StoreError::Stale("the order of the list".to_owned()));
    }
    let mut rows = Vec::new();
    let missing_already = after.is_some_and(|place| place.mark == Mark::Missing);
    if !missing_already {
        rows = part(s, listing, sort, Part::Present(after), most, &mut read)?;
    }
    if sort.by.may_be_missing && rows.len() < most {
        let behind = after.filter(|_| missing_already).map(|place| place.id);
        let left = most - rows.len();
        rows.extend(part(s, listing, sort, Part::Missing(behind), left, &mut read)?);
    }
    Ok(rows)
}

/// A list is read in two parts, so that each is a range of an index where there is one.
enum Part<'a> {
    Present(Option<&'a Place>),
    Missing(Option<i64>),
}

fn part<T>(
    s: &mut dyn Session,
    listing: &Listing<'_>,
    sort: &Sort<Key>,
    part: Part<'_>,
    most: usize,
    read: &mut impl FnMut(&dyn Row) -> Result<T, StoreError>,
) -> Result<Vec<(T, Place)>, StoreError> {
    let Listing { columns, width, from, id, .. } = listing;
    let (by, key) = (&sort.by.sql, &sort.by);
    let (than, direction) = if sort.descending { ("<", "DESC") } else { (">", "ASC") };
    let mut params = listing.params.clone();
    let mut sql = format!("SELECT {columns}, {id}, {by} FROM {from}");
    match part {
        Part::Present(after) => {
            if key.may_be_missing {
                sql.push_str(&format!(" AND {by} IS NOT NULL"));
            }
            if let Some(place) = after {
                params.push(match &place.mark {
                    Mark::Missing => Param::Null,
                    Mark::Text(text) => Param::Text(text),
                    Mark::Whole(n) => Param::Int(*n),
                    Mark::Real(x) => Param::Float(*x),
                });
                params.push(Param::Int(place.id));
                sql.push_str(&format!(" AND ({by}, {id}) {than} (${}, ${})", params.len() - 1, params.len()));
            }
            sql.push_str(&format!(" ORDER BY {by} {direction}, {id} {direction}"));
        }
        Part::Missing(after) => {
            sql.push_str(&format!(" AND {by} IS NULL"));
            if let Some(after) = after {
                params.push(Param::Int(after));
                sql.push_str(&format!(" AND {id} {than} ${}", params.len()));
            }
            sql.push_str(&format!(" ORDER BY {id} {direction}"));
        }
    }
    params.push(Param::Int(most as i64));
    sql.push_str(&format!(" LIMIT ${}", params.len()));
    s.query_map(&sql, &params, |r| {
        let place = Place { id: r.int(*width), mark: key.read(r, width + 1) };
        Ok((read(r)?, place))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_it_was_written_and_nothing_else_is_one() {
        for mark in [
            Mark::Missing,
            Mark::Text("ämter: 5".to_owned()),
            Mark::Whole(-7),
            Mark::Real(66.666_666_666_666_67),
            Mark::Real(1e300),
        ] {
            let place = Place { mark, id: 42 };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for foreign in ["", "42", "42:", "x:w1", "42:wx", "42:rNaN", "42:-x", "42:t\0", "42:q1"] {
            assert_eq!(foreign.parse::<Place>(), Err(NoPlace), "{foreign}");
        }
    }
}
