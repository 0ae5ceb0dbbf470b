//! What became of sales alerts for each colleague.

use caravan_model::EffectId;
use caravan_model::clock::to_micros;
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// What became of an alert for one colleague.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRecipient {
    /// The alert.
    pub effect: EffectId,
    /// Whose, folded.
    pub address: String,
    /// Under which the message to them left.
    pub key: String,
    /// `pending`, `done`, `skipped`, `failed`, `in_doubt`, or `bounced` where it came back.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// For people.
    pub message: Option<String>,
    /// When this was learnt.
    pub at: Timestamp,
}

const COLUMNS: &str = "effect_id, address, key, outcome, reason, message, at";

fn read(r: &dyn Row) -> Result<AlertRecipient, StoreError> {
    Ok(AlertRecipient {
        effect: EffectId(r.int(0)),
        address: r.string(1),
        key: r.string(2),
        outcome: r.string(3),
        reason: r.opt_string(4),
        message: r.opt_string(5),
        at: r.instant(6),
    })
}

/// Keeps what became of alerts, in place of what was kept before.
pub fn put(s: &mut dyn Session, rows: &[AlertRecipient]) -> Result<(), StoreError> {
    let mut rows: Vec<&AlertRecipient> = rows.iter().collect();
    // The last word on each of them.
    rows.reverse();
    rows.sort_by(|a, b| (a.effect, &a.address).cmp(&(b.effect, &b.address)));
    rows.dedup_by(|a, b| (a.effect, &a.address) == (b.effect, &b.address));
    if rows.is_empty() {
        return Ok(());
    }
    let effect: Vec<i64> = rows.iter().map(|row| row.effect.0).collect();
    let address: Vec<&str> = rows.iter().map(|row| row.address.as_str()).collect();
    let key: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let outcome: Vec<&str> = rows.iter().map(|row| row.outcome.as_str()).collect();
    let reason: Vec<Option<&str>> = rows.iter().map(|row| row.reason.as_deref()).collect();
    let message: Vec<Option<&str>> = rows.iter().map(|row| row.message.as_deref()).collect();
    let at: Vec<i64> = rows.iter().map(|row| to_micros(row.at)).collect();
    s.bulk(
        &Bulk::insert("alert_recipient")
            .column("effect_id", &effect)
            .column("address", &address)
            .column("key", &key)
            .column("outcome", &outcome)
            .column("reason", &reason)
            .column("message", &message)
            .column("at", &at)
            .on_conflict(
                "(effect_id, address) DO UPDATE SET key = excluded.key, outcome = excluded.outcome,
                     reason = excluded.reason, message = excluded.message, at = excluded.at",
            ),
    )?;
    Ok(())
}

/// What became of these alerts, of those of which something is known.
pub fn of(s: &mut dyn Session, effects: &[EffectId]) -> Result<Vec<AlertRecipient>, StoreError> {
    if effects.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = effects.iter().map(|id| id.0).collect();
    let sql = format!("SELECT {COLUMNS} FROM alert_recipient WHERE effect_id {{in:1}} ORDER BY effect_id, address");
    s.query_map(&sql, params![&ids], read)
}

/// What became of the alerts of trips. Indexes: `ledger_enrollment`, `outbox_enrollment`.
pub fn of_trips(s: &mut dyn Session, trips: &[i64]) -> Result<Vec<AlertRecipient>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM alert_recipient
         WHERE effect_id IN (SELECT id FROM ledger WHERE enrollment_id {{in:1}} UNION SELECT id FROM outbox WHERE enrollment_id {{in:1}})
         ORDER BY effect_id, address"
    );
    s.query_map(&sql, params![trips], read)
}

/// Whose message left under a key. Index: `alert_recipient_key`.
pub fn by_key(s: &mut dyn Session, key: &str) -> Result<Option<AlertRecipient>, StoreError> {
    s.query_opt(&format!("SELECT {COLUMNS} FROM alert_recipient WHERE key = $1"), params![key], read)
}

/// The last alerts to a folded address since an instant, newest first, `most` at most. Index: `alert_recipient_address`.
pub fn to(
    s: &mut dyn Session,
    address: &str,
    since: Timestamp,
    most: usize,
) -> Result<Vec<AlertRecipient>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM alert_recipient WHERE address = $1 AND at >= $2 ORDER BY at DESC, effect_id DESC LIMIT $3"
    );
    s.query_map(&sql, params![address, since, most as i64], read)
}

/// Somebody says what became of an alert for those of whom nobody knew.
pub fn settle(
    s: &mut dyn Session,
    effect: EffectId,
    outcome: &str,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    s.execute(
        "UPDATE alert_recipient SET outcome = $2, reason = $3, message = NULL, at = $4
         WHERE effect_id = $1 AND outcome = 'in_doubt'",
        params![effect, outcome, reason, now],
    )?;
    Ok(())
}
