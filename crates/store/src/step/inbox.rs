//! What steps must still take in.

use caravan_model::clock::{from_micros, to_micros};
use caravan_model::{InboxId, Shard};
use jiff::Timestamp;

use super::Claim;
use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Param, Row, Session, SessionExt};

/// Something that steps must still take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Its id, in order of arrival.
    pub id: InboxId,
    /// Whose shard.
    pub shard: Shard,
    /// `activity`, or the name of a command.
    pub kind: String,
    /// Account or person, where it is about one.
    pub subject: Option<i64>,
    /// When it happened.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// The rest, JSON.
    pub body: String,
}

/// Something for a shard's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInbox {
    /// Whose shard.
    pub shard: Shard,
    /// `activity`, or the name of a command.
    pub kind: &'static str,
    /// Account or person, where it is about one.
    pub subject: Option<i64>,
    /// When it happened.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// The rest, JSON.
    pub body: String,
}

const INBOX: &str = "id, shard, kind, subject_id, at, received_at, body";

/// The kinds of what people ask of single travellers.
const BY_HAND: &str = "('remove', 'skip', 'leave_out')";

/// Up to `most` inbox rows of the claimed shards, in order of arrival, but for what is asked by hand.
pub fn inbox(s: &mut dyn Session, claim: &Claim, most: usize) -> Result<Vec<InboxRow>, StoreError> {
    let shards: Vec<i64> = claim.shards.iter().map(|s| s.0).collect();
    let sql = format!("SELECT {INBOX} FROM inbox WHERE shard {{in:1}} AND kind NOT IN {BY_HAND} ORDER BY id LIMIT $2");
    s.query_map(&sql, params![&shards, most as i64], |r| Ok(read_inbox(r)))
}

/// What came for these subjects behind the row `after`, up to `most` rows, in order of arrival, but for what is asked by hand.
/// Index: `inbox_subject`; the plus sign keeps a database from reading whatever lies in the shards' inboxes instead.
pub fn inbox_of(
    s: &mut dyn Session,
    claim: &Claim,
    subjects: &[i64],
    after: InboxId,
    most: usize,
) -> Result<Vec<InboxRow>, StoreError> {
    let shards: Vec<i64> = claim.shards.iter().map(|s| s.0).collect();
    let sql = format!(
        "SELECT {INBOX} FROM inbox WHERE subject_id {{in:2}} AND +shard {{in:1}} AND +id > $3 AND kind NOT IN {BY_HAND}
         ORDER BY id LIMIT $4"
    );
    s.query_map(&sql, params![&shards, subjects, after, most as i64], |r| Ok(read_inbox(r)))
}

/// Everything that is asked by hand of travellers of the claimed shards, in order of arrival: each is one row that one person
/// asked for. Index: `inbox_by_hand`.
pub fn asked_by_hand(s: &mut dyn Session, claim: &Claim) -> Result<Vec<InboxRow>, StoreError> {
    let shards: Vec<i64> = claim.shards.iter().map(|s| s.0).collect();
    let sql = format!("SELECT {INBOX} FROM inbox WHERE kind IN {BY_HAND} AND shard {{in:1}} ORDER BY id");
    s.query_map(&sql, params![&shards], |r| Ok(read_inbox(r)))
}

/// What was asked for these subjects, to enter a journey or to leave it, in order of arrival. Index: `inbox_subject`.
pub fn asked(s: &mut dyn Session, claim: &Claim, subjects: &[i64]) -> Result<Vec<InboxRow>, StoreError> {
    let shards: Vec<i64> = claim.shards.iter().map(|s| s.0).collect();
    let sql = format!(
        "SELECT {INBOX} FROM inbox WHERE kind IN ('enter', 'leave') AND +shard {{in:1}} AND subject_id {{in:2}} ORDER BY id"
    );
    s.query_map(&sql, params![&shards, subjects], |r| Ok(read_inbox(r)))
}

fn read_inbox(r: &dyn Row) -> InboxRow {
    InboxRow {
        id: InboxId(r.int(0)),
        shard: Shard(r.int(1)),
        kind: r.text(2).to_owned(),
        subject: r.opt_int(3),
        at: from_micros(r.int(4)),
        received_at: from_micros(r.int(5)),
        body: r.text(6).to_owned(),
    }
}

/// Appends to inboxes; whoever appends never touches the shard's row.
pub fn insert_inbox(s: &mut dyn Session, rows: &[NewInbox]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = s.reserve_ids("inbox", rows.len())?.collect();
    let shard: Vec<i64> = rows.iter().map(|r| r.shard.0).collect();
    let kind: Vec<&str> = rows.iter().map(|r| r.kind).collect();
    let subject: Vec<Option<i64>> = rows.iter().map(|r| r.subject).collect();
    let at: Vec<i64> = rows.iter().map(|r| to_micros(r.at)).collect();
    let received_at: Vec<i64> = rows.iter().map(|r| to_micros(r.received_at)).collect();
    let body: Vec<&str> = rows.iter().map(|r| r.body.as_str()).collect();
    s.bulk(
        &Bulk::insert("inbox")
            .column("id", &ids)
            .column("shard", &shard)
            .column("kind", &kind)
            .column("subject_id", &subject)
            .column("at", &at)
            .column("received_at", &received_at)
            .column("body", &body),
    )?;
    Ok(())
}

/// Takes inbox rows away by key.
pub fn delete_inbox(s: &mut dyn Session, ids: &[InboxId]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    s.bulk(&Bulk::delete("inbox").column("id", &ids).matching("id = {id}"))?;
    Ok(())
}

/// Leaves an inbox row where it is with another body: a long command that goes on in the next step.
pub fn continue_inbox(s: &mut dyn Session, id: InboxId, body: &str) -> Result<(), StoreError> {
    s.execute("UPDATE inbox SET body = $2 WHERE id = $1", &[Param::Int(id.0), Param::Text(body)])?;
    Ok(())
}
