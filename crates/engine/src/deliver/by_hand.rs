//! Settling by hand what delivery could not: effects in doubt, and effects that failed.

use std::sync::Arc;

use caravan_catalog::Changes;
use caravan_catalog::changes::NewActivity;
use caravan_catalog::effects;
use caravan_model::{EffectId, Shard};
use caravan_store::ledger::{self, LedgerRow};
use caravan_store::outbox::{self, OutboxRow};
use caravan_store::step::{self, Claim};
use caravan_store::subscriptions::WEBHOOK;
use caravan_store::{Dialect, Session, StoreError, alerts, limits};
use jiff::{SignedDuration, Timestamp};

use super::about::{Kept, kept_of};
use super::audience;
use super::results::{SOURCE, counted_as};
use crate::Engine;
use crate::live::Live;
use crate::save;
use crate::tallies::{Counted, Tallies};
use crate::{external, external_audiences};

/// What somebody says about an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// It arrived.
    Delivered,
    /// It did not, or it may arrive twice: send it (again), with the same key.
    Resend,
    /// It is not sent any more: counted as skipped, `given_up`.
    GiveUp,
}

/// Why a message is skipped that somebody gave up.
const GIVEN_UP: &str = "given_up";

/// Why an effect was not settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such effect.
    #[error("There is no effect `{0}`.")]
    Unknown(EffectId),
    /// Only what is in doubt or failed can be settled.
    #[error("The effect `{0}` is {1}; only effects in doubt and failed ones can be settled.")]
    NotOpen(EffectId, String),
}

impl SettleError {
    /// Stable, `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Unknown(_) => "unknown_effect",
            Self::NotOpen(..) => "not_open",
        }
    }
}

/// Settles one effect: the ledger, the counts and the outbox change together.
pub fn settle(engine: &Engine, id: EffectId, settlement: Settlement) -> Result<(), SettleError> {
    engine.store().write(|s| {
        let row = ledger::get(s, id, true)?.ok_or(SettleError::Unknown(id))?;
        if !matches!(row.outcome.as_str(), "in_doubt" | "failed") {
            return Err(SettleError::NotOpen(id, row.outcome));
        }
        let kept = kept_of(&row);
        let now = s.now()?;
        match (settlement, queued_again(&row, &kept)) {
            (Settlement::Delivered, _) => {
                let live = engine.live(s)?;
                arrived(s, &live, &row, now)?;
            }
            (Settlement::GiveUp, _) => {
                ledger::give_up(s, row.id, GIVEN_UP, now)?;
                alerts::settle(s, row.id, "skipped", Some(GIVEN_UP), now)?;
                limits::release(s, &[row.id])?;
                becomes(s, &row, Counted::Skipped(GIVEN_UP.to_owned()))?;
            }
            (Settlement::Resend, Some(queued)) => {
                outbox::resend(s, &queued, now)?;
                audience::queued_again(s, &queued, now)?;
                becomes(s, &row, Counted::Pending)?;
            }
            (Settlement::Resend, None) => return Err(SettleError::NotOpen(id, row.outcome)),
        }
        Ok(())
    })?;
    engine.poke();
    Ok(())
}

/// An effect in doubt, or failed, has arrived after all: so somebody says, or a report about it.
pub(crate) fn arrived(s: &mut dyn Session, live: &Live, row: &LedgerRow, now: Timestamp) -> Result<(), StoreError> {
    ledger::settle_delivered(s, row.id)?;
    alerts::settle(s, row.id, "done", None, now)?;
    tell_sent(s, live, row, &kept_of(row), now)?;
    becomes(s, row, Counted::Done)
}

fn becomes(s: &mut dyn Session, row: &LedgerRow, counted: Counted) -> Result<(), StoreError> {
    let on_no_trip = row.enrollment.some().is_none();
    if on_no_trip || [external::CALL, effects::MIRROR, external_audiences::EFFECT, WEBHOOK].contains(&row.kind.as_str())
    {
        // Its node counts answers, or has counted it already, whatever was delivered; what webhooks are told and hands send
        // belongs to none.
        return Ok(());
    }
    let mut tallies = Tallies::default();
    tallies.add(row.version, row.node, counted_as(row), -1);
    tallies.add(row.version, row.node, counted, 1);
    let slot = match s.dialect() {
        Dialect::Sqlite => 0,
        Dialect::Postgres => 256,
    };
    step::add_tallies(s, slot, &tallies.into_rows())
}

/// What was settled as it was queued, from its first try on; none where its effect was not kept.
pub(crate) fn queued_again(row: &LedgerRow, kept: &Kept) -> Option<OutboxRow> {
    let effect = kept.effect.clone()?;
    Some(OutboxRow {
        id: row.id,
        lane: effect.lane,
        key: row.key.clone(),
        kind: row.kind.clone(),
        shard: effect.shard,
        enrollment: row.enrollment,
        version: row.version,
        node: row.node,
        account: row.account,
        person: row.person,
        queued_at: row.queued_at,
        attempt: 0,
        quiet_for: SignedDuration::ZERO,
        body: effect.body,
    })
}

fn tell_sent(s: &mut dyn Session, live: &Live, row: &LedgerRow, kept: &Kept, now: Timestamp) -> Result<(), StoreError> {
    let Some(message) = kept.message() else { return Ok(()) };
    let sent = NewActivity {
        kind: message.either("email_sent", "sms_sent"),
        at: now,
        account: row.account,
        person: row.person,
        enrollment: row.enrollment.some(),
        node: row.enrollment.some().map(|_| row.node),
        source: Arc::from(SOURCE),
        fields: message.fields(&kept.journey, &kept.node).to_string(),
    };
    let changes = Changes { activities: vec![sent], ..Changes::default() };
    let written = save::changes(s, live, &Claim { shards: vec![Shard(0)], now }, changes)?;
    step::insert_inbox(s, &written.inbox)
}
