//! What is watched about mail and text messages: reports that have not come, mailboxes that cannot be read, sending domains
//! in the DNS.

use caravan_model::EffectId;
use jiff::{SignedDuration, Timestamp};

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// A text message of whose end nothing was heard yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheard {
    /// Which message.
    pub effect: EffectId,
    /// Key of the connection that it left through.
    pub connection: String,
    /// The provider's id of it; empty where its answer was lost.
    pub remote_id: String,
    /// How often the provider was asked.
    pub asked: i64,
}

/// The provider is to be asked about these at `ask_at`, unless their end is heard before.
pub fn expect_reports(s: &mut dyn Session, messages: &[Unheard], ask_at: Timestamp) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let effect: Vec<i64> = messages.iter().map(|message| message.effect.0).collect();
    let connection: Vec<&str> = messages.iter().map(|message| message.connection.as_str()).collect();
    let remote_id: Vec<&str> = messages.iter().map(|message| message.remote_id.as_str()).collect();
    s.bulk(
        &Bulk::insert("text_unheard")
            .column("effect_id", &effect)
            .column("connection", &connection)
            .column("remote_id", &remote_id)
            .same("asked", 0)
            .same("ask_at", ask_at)
            .on_conflict(
                "(effect_id) DO UPDATE SET remote_id = excluded.remote_id, asked = excluded.asked, ask_at = excluded.ask_at",
            ),
    )?;
    Ok(())
}

/// The provider's id of a message whose answer was lost has come to light.
pub fn found(s: &mut dyn Session, effect: EffectId, remote_id: &str) -> Result<(), StoreError> {
    let sql = "UPDATE text_unheard SET remote_id = $2 WHERE effect_id = $1 AND remote_id = ''";
    s.execute(sql, params![effect, remote_id])?;
    Ok(())
}

/// Their end was heard, or nobody asks any more.
pub fn heard_out(s: &mut dyn Session, effects: &[EffectId]) -> Result<(), StoreError> {
    if effects.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = effects.iter().map(|id| id.0).collect();
    s.execute("DELETE FROM text_unheard WHERE effect_id {in:1}", params![&ids])?;
    Ok(())
}

/// Up to `most` messages about which the provider is to be asked now. Each is put off by one `step` more than the last
/// time, so that two processes do not ask about the same. Index: `text_unheard_ask`.
pub fn take_unheard(
    s: &mut dyn Session,
    now: Timestamp,
    step: SignedDuration,
    most: usize,
) -> Result<Vec<Unheard>, StoreError> {
    let due = s.query_map(
        "SELECT effect_id, connection, remote_id, asked FROM text_unheard WHERE ask_at <= $1 ORDER BY ask_at
         LIMIT $2 {skip_locked}",
        params![now, most as i64],
        |r| {
            Ok(Unheard { effect: EffectId(r.int(0)), connection: r.string(1), remote_id: r.string(2), asked: r.int(3) })
        },
    )?;
    if !due.is_empty() {
        let ids: Vec<i64> = due.iter().map(|message| message.effect.0).collect();
        s.execute(
            "UPDATE text_unheard SET asked = asked + 1, ask_at = $2 + $3 * (asked + 2) WHERE effect_id {in:1}",
            params![&ids, now, step.as_micros() as i64],
        )?;
    }
    Ok(due)
}

/// When a message is to be asked about next.
pub fn next_unheard(s: &mut dyn Session) -> Result<Option<Timestamp>, StoreError> {
    s.query_one("SELECT MIN(ask_at) FROM text_unheard", &[], |r| Ok(r.opt_instant(0)))
}

/// A mailbox that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxTrouble {
    /// Key of its connection.
    pub connection: String,
    /// Why, for people.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was last tried.
    pub last_at: Timestamp,
}

/// A mailbox could not be read.
pub fn put_mailbox_trouble(
    s: &mut dyn Session,
    connection: &str,
    message: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO mailbox_trouble (connection, message, since, last_at) VALUES ($1, $2, $3, $3)
         ON CONFLICT (connection) DO UPDATE SET message = excluded.message, last_at = excluded.last_at",
        params![connection, message, now],
    )?;
    Ok(())
}

/// These mailboxes are well, or nobody looks into them any more.
pub fn mailboxes_are_well(s: &mut dyn Session, connections: &[String]) -> Result<(), StoreError> {
    if connections.is_empty() {
        return Ok(());
    }
    s.execute("DELETE FROM mailbox_trouble WHERE connection {in:1}", params![connections])?;
    Ok(())
}

/// The mailboxes that could not be read when they were last looked into, by the key of their connection.
pub fn mailbox_troubles(s: &mut dyn Session) -> Result<Vec<MailboxTrouble>, StoreError> {
    let sql = "SELECT connection, message, since, last_at FROM mailbox_trouble ORDER BY connection";
    s.query_map(sql, &[], |r| {
        Ok(MailboxTrouble { connection: r.string(0), message: r.string(1), since: r.instant(2), last_at: r.instant(3) })
    })
}

/// What was found about a sending domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainCheckRow {
    /// Its key.
    pub domain: String,
    /// When it was looked up.
    pub checked_at: Timestamp,
    /// Whether all that must be there is.
    pub well: bool,
    /// What was found, JSON.
    pub found: String,
}

/// Keeps what was found about a sending domain, in place of what was found before.
pub fn put_domain_check(s: &mut dyn Session, row: &DomainCheckRow) -> Result<(), StoreError> {
    let DomainCheckRow { domain, checked_at, well, found } = row;
    s.execute(
        "INSERT INTO domain_check (domain, checked_at, well, found) VALUES ($1, $2, $3, $4)
         ON CONFLICT (domain) DO UPDATE SET checked_at = excluded.checked_at, well = excluded.well,
             found = excluded.found",
        params![domain, *checked_at, *well, found],
    )?;
    Ok(())
}

/// What was found about sending domains when they were last looked up.
pub fn domain_checks(s: &mut dyn Session) -> Result<Vec<DomainCheckRow>, StoreError> {
    let sql = "SELECT domain, checked_at, well, found FROM domain_check ORDER BY domain";
    s.query_map(sql, &[], |r| {
        Ok(DomainCheckRow { domain: r.string(0), checked_at: r.instant(1), well: r.bool(2), found: r.string(3) })
    })
}
