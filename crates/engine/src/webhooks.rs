//! Outgoing webhooks: activities that others outside asked for, told to them one by one, signed.
//!
//! A message is queued by the store in the transaction that writes its activity (`subscriptions.rs`), leaves like every
//! other effect, and belongs to no trip. A receiver that fails for days, or says that it wants nothing more, is switched
//! off: nothing more is queued, what waits stays.

use std::collections::HashMap;

use caravan_connect::Secret;
use caravan_connect::webhooks::{SIGNING_SECRET, draw};
use caravan_model::document::{DocumentKind, Webhook};
use caravan_model::{ActivityId, DocumentId, EffectId, Finding, Random};
use caravan_store::ledger::LedgerRow;
use caravan_store::outbox::OutboxRow;
use caravan_store::subscriptions::{self, WEBHOOK, WaitingMessage};
use caravan_store::{Session, StoreError, documents, health, ledger, outbox};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::definitions::DefinitionError;
use crate::deliver::{kept_of, queued_again};
use crate::{Engine, connections, secrets};

/// How long a receiver may fail before it is switched off.
const PATIENCE: SignedDuration = SignedDuration::from_hours(5 * 24);
/// How long the former signing secret signs beside a new one.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// A queued message, as the store keeps it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Message {
    activity: ActivityId,
    #[serde(rename = "type")]
    activity_type: String,
    at: Timestamp,
    source: String,
    fields: Json,
}

/// Keys of those whom messages are about, looked up when they leave.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    accounts: HashMap<i64, String>,
    people: HashMap<i64, String>,
}

impl Keys {
    /// Of the messages among these rows.
    pub fn load(s: &mut dyn Session, rows: &[OutboxRow]) -> Result<Self, StoreError> {
        let messages = || rows.iter().filter(|row| row.kind == WEBHOOK);
        let mut accounts: Vec<i64> = messages().filter_map(|row| row.account).map(|id| id.0).collect();
        let mut people: Vec<i64> = messages().filter_map(|row| row.person).map(|id| id.0).collect();
        for ids in [&mut accounts, &mut people] {
            ids.sort_unstable();
            ids.dedup();
        }
        Ok(Self {
            accounts: subscriptions::account_keys(s, &accounts)?.into_iter().collect(),
            people: subscriptions::person_keys(s, &people)?.into_iter().collect(),
        })
    }

    /// The body of a message as it leaves.
    pub fn payload(&self, row: &OutboxRow) -> Result<String, serde_json::Error> {
        let message: Message = serde_json::from_str(&row.body)?;
        let account = row.account.and_then(|id| self.accounts.get(&id.0));
        let person = row.person.and_then(|id| self.people.get(&id.0));
        Ok(json!({
            "type": message.activity_type,
            "timestamp": format!("{:.3}", message.at),
            "data": {
                "activity": message.activity.to_string(),
                "account": account,
                "person": person,
                "source": message.source,
                "fields": message.fields,
            },
        })
        .to_string())
    }
}

/// Follows a webhook that was applied: what it asks for from now on.
pub(crate) fn follow(s: &mut dyn Session, id: DocumentId, key: &str, webhook: &Webhook) -> Result<(), StoreError> {
    let disabled = health::get(s, id)?.is_some_and(|health| health.disabled_at.is_some());
    if disabled {
        return subscriptions::delete(s, id);
    }
    let types: Vec<&str> = webhook.activities.iter().map(String::as_str).collect();
    subscriptions::put(s, id, key, &types)
}

/// Whether a receiver has failed for so long that it is switched off.
pub(crate) fn is_given_up(s: &mut dyn Session, id: DocumentId, now: Timestamp) -> Result<bool, StoreError> {
    let health = health::get(s, id)?.filter(|health| !health.well && health.disabled_at.is_none());
    Ok(health.is_some_and(|health| now.duration_since(health.since) >= PATIENCE))
}

/// Switches a receiver off: nothing more is queued for it or sent to it until somebody resumes it.
pub(crate) fn switch_off(engine: &Engine, id: DocumentId) -> Result<(), StoreError> {
    engine.store().write(|s| -> Result<(), StoreError> {
        documents::begin_change(s)?;
        let now = s.now()?;
        documents::set_paused(s, id, true)?;
        health::set_disabled(s, id, Some(now))?;
        subscriptions::delete(s, id)
    })?;
    tracing::warn!(webhook = %id, "a webhook was switched off: its receiver fails for days, or wants nothing more");
    Ok(())
}

/// A signing secret that was made; it is shown this once, and never printed by mistake.
#[derive(Clone, Serialize, JsonSchema)]
pub struct NewSigningSecret {
    /// The secret, `whsec_…`: hand it to whoever receives the messages.
    pub secret: String,
    /// Until when the former one signs too; none where there was none.
    pub former_ends_at: Option<Timestamp>,
}

/// Makes a new signing secret; the former one signs beside it for a day.
///
/// # Errors
/// There is no such webhook, or no key to encrypt with.
pub fn rotate_secret(
    engine: &Engine,
    key: &str,
    random: &Random,
    actor: &str,
) -> Result<NewSigningSecret, DefinitionError> {
    let secret = draw(random);
    let new = (SIGNING_SECRET, Secret::new(secret.clone()));
    let former_ends_at = secrets::rotate(engine, DocumentKind::Webhook, key, new, OVERLAP, actor)?;
    Ok(NewSigningSecret { secret, former_ends_at })
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It waits for its first or next try.
    Waiting,
    /// It was taken.
    Delivered,
    /// It is not tried again by itself.
    Failed,
    /// Somebody gave it up, or the webhook was deleted.
    Skipped,
}

/// A message of a webhook, as its log shows it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LoggedMessage {
    /// Its id, with which problems are retried and skipped.
    pub id: String,
    /// `webhook-id` on the wire, the same at every attempt.
    pub webhook_id: String,
    /// Type of the activity.
    #[serde(rename = "type")]
    pub activity_type: String,
    /// When the activity happened.
    pub at: Option<Timestamp>,
    /// What became of it.
    pub state: MessageState,
    /// How often it was tried, while it waits.
    pub attempts: Option<i64>,
    /// Code of the answer or of the failure.
    pub code: Option<String>,
    /// What went wrong, for people.
    pub message: Option<String>,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When it was taken or given up.
    pub decided_at: Option<Timestamp>,
    /// When it is tried next.
    pub next_try: Option<Timestamp>,
}

/// The messages of a webhook: on the first page those that wait, then the settled ones, newest first, below `before`.
///
/// # Errors
/// There is no such webhook.
pub fn log(
    s: &mut dyn Session,
    key: &str,
    before: Option<EffectId>,
    most: usize,
) -> Result<(Vec<LoggedMessage>, Vec<LoggedMessage>), DefinitionError> {
    let row = documents::get(s, DocumentKind::Webhook.key(), key)?
        .ok_or_else(|| connections::unknown(DocumentKind::Webhook, key))?;
    let waiting = match before {
        None => subscriptions::waiting(s, key, most)?.into_iter().map(waits).collect(),
        Some(_) => Vec::new(),
    };
    let settled = subscriptions::settled(s, row.id, before, most)?.into_iter().map(settled).collect();
    Ok((waiting, settled))
}

fn waits(WaitingMessage { row, next_try, code, message }: WaitingMessage) -> LoggedMessage {
    let queued: Option<Message> = serde_json::from_str(&row.body).ok();
    LoggedMessage {
        id: row.id.to_string(),
        webhook_id: row.key,
        activity_type: queued.as_ref().map(|queued| queued.activity_type.clone()).unwrap_or_default(),
        at: queued.map(|queued| queued.at),
        state: MessageState::Waiting,
        attempts: Some(row.attempt),
        code,
        message,
        queued_at: row.queued_at,
        decided_at: None,
        next_try: Some(next_try),
    }
}

fn settled(row: LedgerRow) -> LoggedMessage {
    let effect = kept_of(&row).effect;
    let queued: Option<Message> = effect.and_then(|effect| serde_json::from_str(&effect.body).ok());
    LoggedMessage {
        id: row.id.to_string(),
        webhook_id: row.key,
        activity_type: queued.as_ref().map(|queued| queued.activity_type.clone()).unwrap_or_default(),
        at: queued.map(|queued| queued.at),
        state: match row.outcome.as_str() {
            "done" => MessageState::Delivered,
            "skipped" => MessageState::Skipped,
            _ => MessageState::Failed,
        },
        attempts: None,
        code: row.reason.or(row.remote_id),
        message: row.message,
        queued_at: row.queued_at,
        decided_at: Some(row.decided_at),
        next_try: None,
    }
}

/// Sends a settled message again, the same with the same id: the receiver may have lost it.
///
/// # Errors
/// There is no such message of this webhook.
pub fn send_again(engine: &Engine, key: &str, id: EffectId) -> Result<(), DefinitionError> {
    let kind = DocumentKind::Webhook;
    engine.store().write(|s| -> Result<(), DefinitionError> {
        let webhook = documents::get(s, kind.key(), key)?.ok_or_else(|| connections::unknown(kind, key))?;
        let row = ledger::get(s, id, true)?.filter(|row| row.kind == WEBHOOK && row.node == webhook.id.0);
        let Some(queued) = row.and_then(|row| queued_again(&row, &kept_of(&row))) else {
            let message = format!("Webhook `{key}` has no settled message `{id}`.");
            return Err(Finding::error("no_such_message", "", message).into());
        };
        let now = s.now()?;
        outbox::resend(s, &queued, now)?;
        Ok(())
    })?;
    engine.poke();
    Ok(())
}
