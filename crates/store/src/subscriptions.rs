//! Who hears of activities outside: webhooks and the types they asked for. Queued in the transaction that writes the
//! activity, so that none is missed and none is told that never happened.

use std::collections::BTreeMap;

use caravan_model::{ActivityId, DocumentId, EffectId, EnrollmentId, Shard, VersionId};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::error::StoreError;
use crate::ledger::{LedgerRow, read_ledger};
use crate::outbox::{OutboxRow, read_outbox};
use crate::params;
use crate::records::ActivityRow;
use crate::session::{Session, SessionExt};
use crate::step::{EffectRow, insert_effects};
use crate::{ledger, outbox};

/// The kind of effects that tell somebody outside of an activity.
pub const WEBHOOK: &str = "webhook";
/// Every type.
pub const EVERYTHING: &str = "*";

/// Says which types a webhook asks for; replaces what it said before.
pub fn put(s: &mut dyn Session, webhook: DocumentId, key: &str, types: &[&str]) -> Result<(), StoreError> {
    s.execute("DELETE FROM webhook_subscription WHERE document_id = $1", params![webhook])?;
    let types = if types.is_empty() { &[EVERYTHING] } else { types };
    for activity in types {
        s.execute(
            "INSERT INTO webhook_subscription (document_id, activity, lane) VALUES ($1, $2, $3)",
            params![webhook, *activity, &format!("{WEBHOOK}:{key}")],
        )?;
    }
    Ok(())
}

/// Queues nothing more for a webhook.
pub fn delete(s: &mut dyn Session, webhook: DocumentId) -> Result<(), StoreError> {
    s.execute("DELETE FROM webhook_subscription WHERE document_id = $1", params![webhook])?;
    Ok(())
}

/// One message for each webhook that asked for the type of an activity.
pub(crate) fn queue(s: &mut dyn Session, rows: &[ActivityRow<'_>], ids: &[ActivityId]) -> Result<(), StoreError> {
    let sql = "SELECT document_id, activity, lane FROM webhook_subscription ORDER BY document_id, activity";
    let asked = s.query_map(sql, &[], |r| Ok((DocumentId(r.int(0)), r.string(1), r.string(2))))?;
    if asked.is_empty() {
        return Ok(());
    }
    let mut webhooks: BTreeMap<DocumentId, (String, Vec<String>)> = BTreeMap::new();
    for (document, activity, lane) in asked {
        webhooks.entry(document).or_insert_with(|| (lane, Vec::new())).1.push(activity);
    }
    let mut messages: Vec<(DocumentId, &str, String, String, &ActivityRow<'_>)> = Vec::new();
    for (row, id) in rows.iter().zip(ids) {
        for (document, (lane, types)) in &webhooks {
            if types.iter().any(|asked| asked == row.kind || asked == EVERYTHING) {
                let key = format!("msg_{}_{}", document.0, id.0);
                messages.push((*document, lane, key, body_of(row, *id), row));
            }
        }
    }
    let Some(now) = rows.first().map(|row| row.received_at) else { return Ok(()) };
    let effects: Vec<EffectRow<'_>> = messages
        .iter()
        .map(|(document, lane, key, body, row)| EffectRow {
            lane,
            key,
            kind: WEBHOOK,
            shard: Shard(0),
            enrollment: EnrollmentId(0),
            version: VersionId(0),
            node: document.0,
            account: row.account.map(|id| id.0),
            person: row.person.map(|id| id.0),
            body,
        })
        .collect();
    insert_effects(s, &effects, now)
}

/// What is kept of an activity until it is told. Keys of account and person are looked up then.
fn body_of(row: &ActivityRow<'_>, id: ActivityId) -> String {
    let fields: Json = serde_json::from_str(row.fields).unwrap_or_default();
    json!({"activity": id, "type": row.kind, "at": row.at, "source": row.source, "fields": fields}).to_string()
}

/// Messages of a webhook that are settled, newest first, below `before`. Index: `ledger_webhook`.
pub fn settled(
    s: &mut dyn Session,
    webhook: DocumentId,
    before: Option<EffectId>,
    most: usize,
) -> Result<Vec<LedgerRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM ledger WHERE kind = 'webhook' AND node = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        ledger::LEDGER
    );
    let before = before.map_or(i64::MAX, |id| id.0);
    s.query_map(&sql, params![webhook, before, most as i64], read_ledger)
}

/// A message of a webhook that waits, and how its last try went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingMessage {
    /// The message.
    pub row: OutboxRow,
    /// When it is tried.
    pub next_try: Timestamp,
    /// Why it did not go yet.
    pub code: Option<String>,
    /// The same, for people.
    pub message: Option<String>,
}

/// Messages of a webhook that wait, the next one first. Index: `outbox_lane`.
pub fn waiting(s: &mut dyn Session, key: &str, most: usize) -> Result<Vec<WaitingMessage>, StoreError> {
    let sql = format!(
        "SELECT {}, not_before, code, message FROM outbox WHERE lane = $1 ORDER BY not_before, id LIMIT $2",
        outbox::OUTBOX
    );
    s.query_map(&sql, params![&format!("{WEBHOOK}:{key}"), most as i64], |r| {
        Ok(WaitingMessage {
            row: read_outbox(r)?,
            next_try: r.instant(14),
            code: r.opt_string(15),
            message: r.opt_string(16),
        })
    })
}

/// Keys of accounts by id.
pub fn account_keys(s: &mut dyn Session, ids: &[i64]) -> Result<Vec<(i64, String)>, StoreError> {
    keys_of(s, "account", ids)
}

/// Keys of people by id.
pub fn person_keys(s: &mut dyn Session, ids: &[i64]) -> Result<Vec<(i64, String)>, StoreError> {
    keys_of(s, "person", ids)
}

fn keys_of(s: &mut dyn Session, table: &str, ids: &[i64]) -> Result<Vec<(i64, String)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT id, key FROM {table} WHERE id {{in:1}} ORDER BY id");
    s.query_map(&sql, params![ids], |r| Ok((r.int(0), r.string(1))))
}
