//! Members of lists and audiences as pages show them. Pages go on behind the last row, never by offset.

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::ordered::{self, Key, Listing, Place, Sort};
use crate::params;
use crate::people::{matching, pattern};
use crate::records::Table;
use crate::session::{Param, Row, Session, SessionExt};

/// A member of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The account's or person's id.
    pub id: i64,
    /// Its key.
    pub key: String,
    /// Its name; a person's first and last name, empty when both are missing.
    pub name: String,
    /// A person's address.
    pub email: Option<String>,
    /// Who put it in: `manual`, `manifest`, `rule`, `journey:KEY` …
    pub source: String,
    /// Since when.
    pub added_at: Timestamp,
}

/// A column that members are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberBy {
    /// The key.
    Key,
    /// The name.
    Name,
    /// A person's address; of accounts, the key.
    Email,
    /// Who put it in.
    Source,
    /// Since when.
    Added,
}

fn order(s: &dyn Session, table: Table, by: MemberBy) -> Key {
    match by {
        MemberBy::Name => Key::text(s, name(table)),
        MemberBy::Email if table == Table::Person => Key::text(s, "t.email"),
        MemberBy::Source => Key::text(s, "m.source"),
        MemberBy::Added => Key::whole("m.added_at"),
        MemberBy::Key | MemberBy::Email => Key::plain_text("t.key"),
    }
}

fn name(table: Table) -> &'static str {
    match table {
        Table::Account => "t.name",
        Table::Person => "TRIM(COALESCE(t.first_name, '') || ' ' || COALESCE(t.last_name, ''))",
    }
}

fn from(table: Table) -> &'static str {
    match table {
        Table::Account => "list_member AS m JOIN account AS t ON t.id = m.subject_id WHERE m.list_id = $1",
        Table::Person => "list_member AS m JOIN person AS t ON t.id = m.subject_id WHERE m.list_id = $1",
    }
}

/// Which members are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The list or audience.
    pub list: DocumentId,
    /// Whose list it is.
    pub table: Table,
    /// Only those that the search finds; all when it is blank.
    pub search: &'a str,
}

/// The next `most` members behind `after`, each with its place.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn page(
    s: &mut dyn Session,
    wanted: Wanted<'_>,
    sort: Sort<MemberBy>,
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<(MemberRow, Place)>, StoreError> {
    let (name, email) = (name(wanted.table), if wanted.table == Table::Person { "t.email" } else { "NULL" });
    let pattern = pattern(s, wanted.search.trim());
    let mut params = params![wanted.list].to_vec();
    let mut conditions = from(wanted.table).to_owned();
    if !wanted.search.trim().is_empty() {
        params.push(Param::Text(&pattern));
        conditions.push_str(&format!(" AND {}", matching(wanted.table).replace("$1", "$2")));
    }
    let listing = Listing {
        columns: &format!("t.id, t.key, {name}, CAST({email} AS TEXT), m.source, m.added_at"),
        width: 6,
        from: &conditions,
        id: "t.id",
        params,
    };
    let sort = Sort { by: order(s, wanted.table, sort.by), descending: sort.descending };
    ordered::page(s, &listing, &sort, after, most, read)
}

fn read(r: &dyn Row) -> Result<MemberRow, StoreError> {
    Ok(MemberRow {
        id: r.int(0),
        key: r.string(1),
        name: r.string(2),
        email: r.opt_string(3),
        source: r.string(4),
        added_at: r.instant(5),
    })
}

/// How many members there are of those wanted.
pub fn count(s: &mut dyn Session, wanted: Wanted<'_>) -> Result<i64, StoreError> {
    let sql = format!("SELECT COUNT(*) FROM {}", from(wanted.table));
    if wanted.search.trim().is_empty() {
        return s.query_int(&sql, params![wanted.list]);
    }
    let pattern = pattern(s, wanted.search.trim());
    let matching = matching(wanted.table).replace("$1", "$2");
    s.query_int(&format!("{sql} AND {matching}"), params![wanted.list, &pattern])
}
