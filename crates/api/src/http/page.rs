//! Lists: `?limit=&cursor=`, `{items, next_cursor, total?}`; never an offset.

use std::str::FromStr;

use aide::OperationOutput;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caravan_store::StoreError;
use caravan_store::ordered::{Place, Sort};
use caravan_store::search::Looked;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// Rows on a page when nothing is said.
const USUAL: usize = 50;
/// Rows on a page at most.
const MOST: usize = 200;

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct PageQuery {
    /// Rows on a page, 1 to 200; 50 when left out.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
}

impl PageQuery {
    /// The first page of so many rows.
    pub fn of(limit: Option<usize>) -> Self {
        Self { limit, cursor: None }
    }

    /// How many rows.
    pub fn limit(&self) -> Result<usize, Problem> {
        page_limit(self.limit)
    }

    /// The key after which the page begins.
    pub fn after(&self) -> Result<Option<String>, Problem> {
        read_cursor(self.cursor.as_deref())
    }
}

impl PageQuery {
    /// The number behind which (or before which) the page begins.
    pub fn after_number(&self) -> Result<Option<i64>, Problem> {
        self.read()
    }

    /// The place behind which the page begins, in a list that has one order only.
    pub fn behind(&self) -> Result<Option<Place>, Problem> {
        self.read()
    }

    fn read<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        self.after()?.map(|text| text.parse().map_err(|_| bad_cursor())).transpose()
    }
}

/// Which page of a list, and of what in it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct SearchQuery {
    /// Rows on a page, 1 to 200; 50 when left out.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// Only rows in which this text occurs.
    pub q: Option<String>,
}

impl SearchQuery {
    /// `next_cursor` of the page before.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The page alone.
    pub fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit, cursor: self.cursor.clone() }
    }

    /// The text that is searched for; none when it is empty.
    pub fn text(&self) -> Option<&str> {
        self.q.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
}

/// A limit within its bounds.
pub fn page_limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked {
        None => Ok(USUAL),
        Some(limit @ 1..=MOST) => Ok(limit),
        Some(limit) => {
            let detail = format!("`limit` is {limit}. Ask for 1 to {MOST} rows at once and follow `next_cursor`.");
            Err(Problem::bad_request("bad_limit", detail))
        }
    }
}

/// What a cursor says.
pub fn read_cursor(cursor: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(written) = cursor.filter(|text| !text.is_empty()) else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(written).map_err(|_| bad_cursor())?;
    let text = String::from_utf8(bytes).map_err(|_| bad_cursor())?;
    text.strip_prefix("1:").map(|after| Some(after.to_owned())).ok_or_else(bad_cursor)
}

/// Writes a cursor; its form is ours to change.
pub fn write_cursor(after: impl std::fmt::Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("1:{after}"))
}

/// A cursor that is not one of ours.
pub fn bad_cursor() -> Problem {
    Problem::bad_request("bad_cursor", "`cursor` is not one that this list gave. Begin again without it.")
}

/// Behind which row a page of a list in this order begins. A cursor of another order is refused: it would repeat rows or leave
/// some out.
pub fn place_of<B: std::fmt::Debug>(cursor: Option<&str>, sort: &Sort<B>) -> Result<Option<Place>, Problem> {
    let Some(text) = read_cursor(cursor)? else { return Ok(None) };
    let (order, place) = text.split_once(' ').ok_or_else(bad_cursor)?;
    if order != order_of(sort) {
        return Err(bad_cursor());
    }
    place.parse().map(Some).map_err(|_| bad_cursor())
}

/// What the store read of a list behind a place that a cursor named.
pub fn behind<T>(read: Result<T, StoreError>) -> Result<T, Problem> {
    read.map_err(|error| match error {
        StoreError::Stale(_) => bad_cursor(),
        other => other.into(),
    })
}

/// The cursor of a page that begins behind a place in this order; [`place_of`] reads it back.
fn ordered_cursor<B: std::fmt::Debug>(sort: &Sort<B>, place: &Place) -> String {
    write_cursor(format!("{} {place}", order_of(sort)))
}

fn order_of<B: std::fmt::Debug>(sort: &Sort<B>) -> String {
    format!("{:?}{}", sort.by, if sort.descending { '-' } else { '+' })
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end. A page may be short, or empty, and not the last.
    pub next_cursor: Option<String>,
    /// How many there are in all, where that is cheap to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// A page of at most `limit` rows out of one more than that; `key` says after what the next begins.
    pub fn of<K: std::fmt::Display>(mut rows: Vec<T>, limit: usize, key: impl Fn(&T) -> K) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| write_cursor(key(last)));
        Self { items: rows, next_cursor, total: None }
    }

    /// A page of at most `limit` rows out of one more than that, in an order that [`place_of`] reads back.
    pub fn ordered<B: std::fmt::Debug>(mut rows: Vec<(T, Place)>, limit: usize, sort: &Sort<B>) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|(_, place)| ordered_cursor(sort, place));
        Self { items: rows.into_iter().map(|(row, _)| row).collect(), next_cursor, total: None }
    }

    /// A page of at most `limit` rows out of one more than that, of what one look found; it may be short or empty and go on all the same,
    /// where the look ended.
    pub fn looked<K: std::fmt::Display>(looked: Looked<T, K>, limit: usize, key: impl Fn(&T) -> K) -> Self {
        let page = Self::of(looked.found, limit, key);
        Self { next_cursor: page.next_cursor.or_else(|| looked.end.map(write_cursor)), ..page }
    }

    /// The same in an order that [`place_of`] reads back.
    pub fn looked_ordered<B: std::fmt::Debug>(looked: Looked<(T, Place), Place>, limit: usize, sort: &Sort<B>) -> Self {
        let page = Self::ordered(looked.found, limit, sort);
        let end = looked.end.map(|end| ordered_cursor(sort, &end));
        Self { next_cursor: page.next_cursor.or(end), ..page }
    }

    /// The same page with the number of all rows.
    #[must_use]
    pub fn with_total(mut self, total: i64) -> Self {
        self.total = Some(total);
        self
    }

    /// The same page with its rows made into something else.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(make).collect(), next_cursor: self.next_cursor, total: self.total }
    }
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}

impl<T: JsonSchema> OperationOutput for Page<T> {
    type Inner = Self;

    fn operation_response(
        ctx: &mut aide::generate::GenContext,
        operation: &mut aide::openapi::Operation,
    ) -> Option<aide::openapi::Response> {
        axum::Json::<Self>::operation_response(ctx, operation)
    }

    fn inferred_responses(
        ctx: &mut aide::generate::GenContext,
        operation: &mut aide::openapi::Operation,
    ) -> Vec<(Option<aide::openapi::StatusCode>, aide::openapi::Response)> {
        axum::Json::<Self>::inferred_responses(ctx, operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_what_was_written_into_it_and_nothing_else_is_one() {
        assert_eq!(read_cursor(Some(&write_cursor("acme/ü"))).ok().flatten().as_deref(), Some("acme/ü"));
        for foreign in ["x", "%%", "MTI", &"A".repeat(300)] {
            assert!(read_cursor(Some(foreign)).is_err(), "{foreign}");
        }
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        assert_eq!(Page::of(vec![1, 2, 3], 3, |n| *n).next_cursor, None);
        let page = Page::of(vec![1, 2, 3], 2, |n| *n);
        assert_eq!((page.items.as_slice(), page.next_cursor), ([1, 2].as_slice(), Some(write_cursor(2))));
    }

    #[test]
    fn limits_outside_of_the_bounds_are_refused() {
        assert!(page_limit(Some(0)).is_err() && page_limit(Some(201)).is_err());
        assert_eq!(page_limit(Some(200)).ok(), Some(200));
    }
}
