//! Members of lists and audiences as pages show them. Pages go on behind the last row, never by offset.

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::error::StoreError;
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

/// In which order members come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By key.
    Key,
    /// By name, in the order of its letters' codes; small and capital letters alike.
    Name,
    /// Who came last comes first.
    Newest,
}

/// Behind which row a page begins: the value that it is ordered by, and the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Key or folded name; the time of joining in microseconds.
    pub value: String,
    /// The id.
    pub id: i64,
}

impl Order {
    /// The place of a row in this order.
    pub fn place(self, row: &MemberRow) -> Place {
        let value = match self {
            Self::Key => row.key.clone(),
            Self::Name => caravan_model::text::fold(&row.name).into_owned(),
            Self::Newest => row.added_at.as_microsecond().to_string(),
        };
        Place { value, id: row.id }
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

/// The next `most` members behind `after`.
pub fn page(
    s: &mut dyn Session,
    wanted: Wanted<'_>,
    order: Order,
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<MemberRow>, StoreError> {
    let (name, email) = (name(wanted.table), if wanted.table == Table::Person { "t.email" } else { "NULL" });
    let by = match order {
        Order::Key => "t.key".to_owned(),
        Order::Name => format!("caravan_fold({name})"),
        Order::Newest => "m.added_at".to_owned(),
    };
    // Names stand in the order of their bytes, so that a page goes on where the cursor says.
    let by = if order == Order::Newest { by } else { ordered(s, &by) };
    let (than, direction) = if order == Order::Newest { ("<", "DESC") } else { (">", "ASC") };
    let pattern = pattern(s, wanted.search.trim());
    let mut params = params![wanted.list, most as i64].to_vec();
    let mut conditions = String::new();
    if !wanted.search.trim().is_empty() {
        params.push(Param::Text(&pattern));
        conditions.push_str(&format!(" AND {}", matching(wanted.table).replace("$1", &format!("${}", params.len()))));
    }
    let number = after.and_then(|place| place.value.parse::<i64>().ok()).unwrap_or_default();
    if let Some(place) = after {
        params.push(if order == Order::Newest { Param::Int(number) } else { Param::Text(&place.value) });
        params.push(Param::Int(place.id));
        conditions.push_str(&format!(" AND ({by}, t.id) {than} (${}, ${})", params.len() - 1, params.len()));
    }
    let sql = format!(
        "SELECT t.id, t.key, {name}, CAST({email} AS TEXT), m.source, m.added_at FROM {}{conditions}
         ORDER BY {by} {direction}, t.id {direction} LIMIT $2",
        from(wanted.table)
    );
    s.query_map(&sql, &params, read)
}

fn ordered(s: &dyn Session, sql: &str) -> String {
    match s.dialect() {
        crate::Dialect::Sqlite => sql.to_owned(),
        crate::Dialect::Postgres => format!("({sql}) COLLATE \"C\""),
    }
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
