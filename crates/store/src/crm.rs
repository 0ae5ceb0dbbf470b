//! Accounts and people by the ids of a CRM.

use caravan_model::attribute::{AttributeNo, Schema};

use crate::error::StoreError;
use crate::intake::{expression, table_of};
use crate::journeys::{Shown, shown_accounts, shown_people};
use crate::params;
use crate::records::Table;
use crate::session::{Param, Session, SessionExt};

/// The first `most` accounts or people, by id, whose attribute `at` is one of `ids`. Where there are none: those where it
/// begins with one of them and an `@`, as keys do that tell behind the id where it comes from.
///
/// Keys are found by their index; whatever else holds the ids, and what begins with them, is read row by row.
pub fn find(
    s: &mut dyn Session,
    schema: &Schema,
    table: Table,
    at: AttributeNo,
    ids: &[String],
    most: usize,
) -> Result<Vec<Shown>, StoreError> {
    let (name, set) = table_of(table, schema);
    let Some(attribute) = set.at(at).filter(|_| !ids.is_empty()) else { return Ok(Vec::new()) };
    let held = expression(attribute, at, name);
    let mut found = rows(s, name, &format!("({held}) {{in:1}}"), params![ids], most)?;
    if found.is_empty() {
        let beginnings: Vec<String> = ids.iter().map(|id| format!("{id}@")).collect();
        let begins =
            |(n, beginning): (usize, &String)| format!("SUBSTR({held}, 1, {}) = ${}", beginning.chars().count(), n + 1);
        let begins: Vec<String> = beginnings.iter().enumerate().map(begins).collect();
        let params: Vec<Param<'_>> = beginnings.iter().map(|beginning| Param::Text(beginning)).collect();
        found = rows(s, name, &begins.join(" OR "), &params, most)?;
    }
    match table {
        Table::Account => shown_accounts(s, &found),
        Table::Person => shown_people(s, &found),
    }
}

fn rows(
    s: &mut dyn Session,
    table: &str,
    condition: &str,
    params: &[Param<'_>],
    most: usize,
) -> Result<Vec<i64>, StoreError> {
    s.query_map(&format!("SELECT id FROM {table} WHERE {condition} ORDER BY id LIMIT {most}"), params, |r| Ok(r.int(0)))
}
