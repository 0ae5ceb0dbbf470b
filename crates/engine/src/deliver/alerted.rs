//! What became of a sales alert for each colleague. The alert has one outcome in the ledger, the worst of theirs.

use std::collections::{HashMap, HashSet};

use caravan_catalog::effects::{self, SalesAlertEffect};
use caravan_connect::Outcome;
use caravan_model::EffectId;
use caravan_store::alerts::{self, AlertRecipient};
use caravan_store::outbox::OutboxRow;
use caravan_store::{Session, StoreError};
use jiff::Timestamp;

use super::gates::folded_address;
use super::results::{Settled, Verdict};

/// Who waits for another try.
const PENDING: &str = "pending";

/// One colleague's share of an alert.
pub fn recipient(
    row: &OutboxRow,
    to: &str,
    outcome: &str,
    why: (Option<&str>, Option<&str>),
    at: Timestamp,
) -> AlertRecipient {
    AlertRecipient {
        effect: row.id,
        address: folded_address(to).unwrap_or_else(|| to.trim().to_owned()),
        key: key_for(&row.key, to),
        outcome: outcome.to_owned(),
        reason: why.0.map(str::to_owned),
        message: why.1.map(str::to_owned),
        at,
    }
}

/// The key under which the message to one of them leaves.
pub fn key_for(key: &str, to: &str) -> String {
    format!("{key}.{to}")
}

/// What an answer of the mail server means for one of them.
pub fn answered(row: &OutboxRow, to: &str, answer: &Outcome, at: Timestamp) -> AlertRecipient {
    match answer {
        Outcome::Delivered { .. } => recipient(row, to, "done", (None, None), at),
        Outcome::Skipped { reason } => recipient(row, to, "skipped", (Some(reason), None), at),
        Outcome::Failed { code, message } => recipient(row, to, "failed", (Some(code), Some(message)), at),
        Outcome::Unknown { message } => recipient(row, to, "in_doubt", (None, Some(message)), at),
        Outcome::Retry { code, message, .. } | Outcome::Shut { code, message, .. } => {
            recipient(row, to, PENDING, (Some(code), Some(message)), at)
        }
        Outcome::Later { .. } => recipient(row, to, PENDING, (None, None), at),
    }
}

/// Who of each alert has got it.
pub fn served(s: &mut dyn Session, rows: &[OutboxRow]) -> Result<HashMap<EffectId, HashSet<String>>, StoreError> {
    let ids: Vec<EffectId> = rows.iter().filter(|row| row.kind == effects::SALES_ALERT).map(|row| row.id).collect();
    let mut served: HashMap<EffectId, HashSet<String>> = HashMap::new();
    for known in alerts::of(s, &ids)?.into_iter().filter(|known| matches!(known.outcome.as_str(), "done" | "bounced")) {
        served.entry(known.effect).or_default().insert(known.address);
    }
    Ok(served)
}

/// What was said of colleagues at earlier tries counts for the alert as a whole: it is in doubt when it is for one of them,
/// and has failed when it has for one.
pub fn with_earlier_tries(s: &mut dyn Session, settled: &mut [Settled]) -> Result<(), StoreError> {
    let is_done = |one: &&mut Settled| one.row.kind == effects::SALES_ALERT && is_final(&one.verdict);
    let ids: Vec<EffectId> = settled.iter_mut().filter(is_done).map(|one| one.row.id).collect();
    let known = alerts::of(s, &ids)?;
    for one in settled.iter_mut().filter(is_done) {
        let is_news = |address: &String| one.about.recipients.iter().any(|recipient| recipient.address == *address);
        let earlier: Vec<_> = known.iter().filter(|it| it.effect == one.row.id && !is_news(&it.address)).collect();
        let with = |outcome: &str| earlier.iter().find(|recipient| recipient.outcome == outcome);
        if matches!(one.verdict, Verdict::InDoubt(_)) {
            continue;
        }
        if let Some(lost) = with("in_doubt") {
            one.verdict = Verdict::InDoubt(lost.message.clone().unwrap_or_default());
        } else if let (Verdict::Done { .. }, Some(failed)) = (&one.verdict, with("failed")) {
            let (code, message) = (failed.reason.clone(), failed.message.clone());
            one.verdict = Verdict::Failed { code: code.unwrap_or_default(), message: message.unwrap_or_default() };
        }
    }
    Ok(())
}

fn is_final(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Done { .. } | Verdict::Failed { .. } | Verdict::InDoubt(_))
}

/// What is kept of each colleague once an alert is settled for good: whoever waited for another try waits no more, and where
/// nobody was tried, what holds for the alert holds for all of them.
pub fn settled(row: &OutboxRow, tried: &[AlertRecipient], verdict: &Verdict, at: Timestamp) -> Vec<AlertRecipient> {
    if row.kind != effects::SALES_ALERT {
        return Vec::new();
    }
    let (outcome, reason, message) = match verdict {
        Verdict::Skipped(reason) => ("skipped", Some(*reason), None),
        Verdict::Failed { code, message } => ("failed", Some(code.as_str()), Some(message.as_str())),
        Verdict::InDoubt(message) => ("in_doubt", None, Some(message.as_str())),
        _ => return tried.to_vec(),
    };
    if tried.is_empty() {
        let effect = serde_json::from_str::<SalesAlertEffect>(&row.body).ok();
        let to = effect.iter().flat_map(|effect| &effect.to);
        return to.map(|to| recipient(row, to, outcome, (reason, message), at)).collect();
    }
    let ended = |one: &AlertRecipient| match one.outcome.as_str() {
        PENDING => AlertRecipient { outcome: "failed".to_owned(), ..one.clone() },
        _ => one.clone(),
    };
    tried.iter().map(ended).collect()
}
