//! What is kept only for a time: activities by type and age, ids that refuse repeats, activities of people not known yet.
//! Every statement here deletes a bounded number of rows, so that nobody waits behind it.

use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Dialect, Session, SessionExt};

/// Which types of activities a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Types<'a> {
    /// These.
    Of(&'a [String]),
    /// All but these.
    But(&'a [String]),
}

/// What one look at the oldest activities did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Activities deleted.
    pub deleted: u64,
    /// Behind which the next look begins.
    pub cursor: i64,
    /// There was something to delete, so there may be more.
    pub more: bool,
}

/// Deletes those of the next `most` activities behind `cursor` that are of these types and were received before an instant.
/// Ids ascend as activities are received, but for those that processes reserve in blocks: a look ends when a whole piece
/// holds nothing so old, and the next one begins at the first that was kept because it is too young.
pub fn sweep_activities(
    s: &mut dyn Session,
    types: Types<'_>,
    before: Timestamp,
    cursor: i64,
    most: usize,
) -> Result<Swept, StoreError> {
    let (concerned, names) = match types {
        Types::Of(names) => ("type {in:3}", names),
        Types::But(names) => ("type {not_in:3}", names),
    };
    let sql = format!("SELECT id, {concerned}, received_at < $4 FROM activity WHERE id > $1 ORDER BY id LIMIT $2");
    let (mut old, mut last, mut young) = (Vec::new(), cursor, None);
    s.query(&sql, params![cursor, most as i64, names, before], &mut |row| {
        last = row.int(0);
        match (row.bool(1), row.bool(2)) {
            (true, true) => old.push(row.int(0)),
            (true, false) => _ = young.get_or_insert(row.int(0)),
            (false, _) => {}
        }
        Ok(())
    })?;
    let deleted = s.execute("DELETE FROM activity WHERE id {in:1}", params![&old])?;
    let moved = last > cursor;
    Ok(Swept { deleted, cursor: young.map_or(last, |id| id - 1), more: moved && (deleted > 0 || young.is_none()) })
}

/// Forgets up to `most` ids that refuse repeats. Index: `activity_seen_received`.
pub fn forget_seen(s: &mut dyn Session, before: Timestamp, most: usize) -> Result<u64, StoreError> {
    s.execute(
        "DELETE FROM activity_seen WHERE (source, external_id) IN
         (SELECT source, external_id FROM activity_seen WHERE received_at < $1 ORDER BY received_at LIMIT $2)",
        params![before, most as i64],
    )
}

/// Forgets up to `most` activities whose person or account never came. Index: `parked_activity_received`.
pub fn forget_parked(s: &mut dyn Session, before: Timestamp, most: usize) -> Result<u64, StoreError> {
    s.execute(
        "DELETE FROM parked_activity WHERE id IN
         (SELECT id FROM parked_activity WHERE received_at < $1 ORDER BY received_at LIMIT $2)",
        params![before, most as i64],
    )
}

/// Forgets up to `most` settled messages of webhooks. Index: `ledger_webhook_decided`.
pub fn forget_messages(s: &mut dyn Session, before: Timestamp, most: usize) -> Result<u64, StoreError> {
    s.execute(
        "DELETE FROM ledger WHERE id IN
         (SELECT id FROM ledger WHERE kind = 'webhook' AND decided_at < $1 ORDER BY decided_at LIMIT $2)",
        params![before, most as i64],
    )
}

/// How much a table takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Its rows; large tables of PostgreSQL are estimated by the server.
    pub rows: i64,
    /// With its indexes, where the database tells.
    pub bytes: Option<i64>,
    /// When its oldest row was received.
    pub oldest: Option<Timestamp>,
}

/// From how many rows on the server's estimate is good enough.
const ESTIMATED_FROM: i64 = 100_000;

/// The size of one of the tables of this file.
pub fn size(s: &mut dyn Session, table: Kept) -> Result<Size, StoreError> {
    let name = table.name();
    let oldest = match table {
        // Without an index by time: the first by number is as good as the oldest.
        Kept::Activities => format!("SELECT received_at FROM {name} ORDER BY id LIMIT 1"),
        _ => format!("SELECT MIN(received_at) FROM {name}"),
    };
    let oldest = s.query_opt(&oldest, &[], |row| Ok(row.opt_instant(0)))?.flatten();
    let (estimate, bytes) = match s.dialect() {
        Dialect::Sqlite => (0, None),
        Dialect::Postgres => s.query_one(
            "SELECT CAST(reltuples AS BIGINT), pg_total_relation_size(oid) FROM pg_class WHERE oid = to_regclass($1)",
            params![name],
            |row| Ok((row.int(0), row.opt_int(1))),
        )?,
    };
    let rows = match estimate >= ESTIMATED_FROM {
        true => estimate,
        false => s.query_int(&format!("SELECT COUNT(*) FROM {name}"), &[])?,
    };
    Ok(Size { rows, bytes, oldest })
}

/// Tables whose rows are kept for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The stream.
    Activities,
    /// Ids that refuse repeats.
    Seen,
    /// Activities of people and accounts not known yet.
    Parked,
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Activities, Self::Seen, Self::Parked];

    fn name(self) -> &'static str {
        match self {
            Self::Activities => "activity",
            Self::Seen => "activity_seen",
            Self::Parked => "parked_activity",
        }
    }
}
