//! Do-not-contact addresses, for people who look at the list or write it. Delivery asks and adds through
//! [`ledger`](crate::ledger).

use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// One address that is not written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionRow {
    /// An email address, folded, a domain as `@acme.example`, or a phone number as `+` and digits.
    pub address: String,
    /// Why: `manual`, `unsubscribed`, `bounced_hard`, `complained` …
    pub reason: String,
    /// Who put it there: `import`, `delivery`, a user's address …
    pub source: String,
    /// When.
    pub added_at: Timestamp,
}

fn read(r: &dyn Row) -> Result<SuppressionRow, StoreError> {
    Ok(SuppressionRow { address: r.string(0), reason: r.string(1), source: r.string(2), added_at: r.instant(3) })
}

/// Those of these addresses that are on the list, locked until the transaction ends.
pub fn known(s: &mut dyn Session, addresses: &[&str]) -> Result<Vec<SuppressionRow>, StoreError> {
    let sql =
        "SELECT address, reason, source, added_at FROM suppression WHERE address {in:1} ORDER BY address {for_update}";
    s.query_map(sql, params![addresses], read)
}

/// One address, if it is on the list.
pub fn get(s: &mut dyn Session, address: &str) -> Result<Option<SuppressionRow>, StoreError> {
    s.query_opt("SELECT address, reason, source, added_at FROM suppression WHERE address = $1", params![address], read)
}

/// Puts addresses on the list, or gives those that are there their new reason; one row per address, in their order.
pub fn put(s: &mut dyn Session, rows: &[(&str, &str)], source: &str, at: Timestamp) -> Result<(), StoreError> {
    let addresses: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let reasons: Vec<&str> = rows.iter().map(|row| row.1).collect();
    s.bulk(
        &Bulk::insert("suppression")
            .column("address", &addresses)
            .column("reason", &reasons)
            .same("source", source)
            .same("added_at", at)
            .on_conflict("(address) DO UPDATE SET reason = excluded.reason, source = excluded.source"),
    )?;
    Ok(())
}

/// Takes addresses off the list.
pub fn remove(s: &mut dyn Session, addresses: &[&str]) -> Result<u64, StoreError> {
    s.bulk(&Bulk::delete("suppression").column("address", addresses).matching("address = {address}"))
}

/// The next `most` addresses behind `after` that begin with `prefix`, in their order; all when it is blank.
pub fn page(s: &mut dyn Session, prefix: &str, after: &str, most: usize) -> Result<Vec<SuppressionRow>, StoreError> {
    let sql = "SELECT address, reason, source, added_at FROM suppression
               WHERE address > $1 AND SUBSTR(address, 1, LENGTH(CAST($2 AS TEXT))) = $2 ORDER BY address LIMIT $3";
    s.query_map(sql, params![after, prefix, most as i64], read)
}

/// How many addresses are on the list.
pub fn count(s: &mut dyn Session) -> Result<i64, StoreError> {
    s.query_int("SELECT COUNT(*) FROM suppression", &[])
}
