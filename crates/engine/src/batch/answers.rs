//! What came of what other journeys' travellers asked for: written down for the node that asked, in the step that does it or
//! does not. Who asked has gone on; until now its execution was pending.

use std::sync::Arc;

use caravan_catalog::Outcome;
use caravan_catalog::changes::NewActivity;
use caravan_model::{DocumentId, EffectId, PersonId};
use caravan_store::ledger::{self, LedgerRow};
use caravan_store::{Session, StoreError};
use serde_json::json;

use super::Batch;
use crate::inbox::Request;
use crate::tallies::Counted;

/// The reason of requests for somebody who is no longer there.
pub(super) const GONE: &str = "gone";
/// The kind of the ledger's rows about requests.
const KIND: &str = "journey_request";

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Enter,
    Leave,
}

impl Asked {
    fn key(self) -> &'static str {
        match self {
            Self::Enter => "enter",
            Self::Leave => "leave",
        }
    }
}

/// A request and what came of it.
#[derive(Debug)]
pub(super) struct Settled {
    request: Request,
    asked: Asked,
    /// The journey that was asked.
    journey: DocumentId,
    person: PersonId,
    outcome: Outcome,
}

impl Batch<'_> {
    /// Somebody was asked to enter a journey.
    pub(super) fn answer_entering(
        &mut self,
        request: Option<Request>,
        journey: DocumentId,
        subject: i64,
        outcome: Outcome,
    ) {
        self.settle_request(request, Asked::Enter, (journey, subject), outcome);
    }

    /// Somebody was asked to leave a journey.
    pub(super) fn answer_leaving(
        &mut self,
        request: Option<Request>,
        journey: DocumentId,
        subject: i64,
        outcome: Outcome,
    ) {
        self.settle_request(request, Asked::Leave, (journey, subject), outcome);
    }

    /// Whoever was to enter has entered, or has not.
    pub(super) fn settle_entry(&mut self, place: (DocumentId, i64), outcome: Outcome) {
        let request = self.requested.remove(&place);
        self.settle_request(request, Asked::Enter, place, outcome);
    }

    fn settle_request(
        &mut self,
        request: Option<Request>,
        asked: Asked,
        (journey, subject): (DocumentId, i64),
        outcome: Outcome,
    ) {
        // Accounts are asked for in their own step, which knows the outcome at once.
        let Some(request) = request else { return };
        self.settled.push(Settled { request, asked, journey, person: PersonId(subject), outcome });
    }

    /// Counts what came of requests, and keeps and tells it.
    pub(super) fn tell_settled(&mut self, s: &mut dyn Session) -> Result<(), StoreError> {
        let settled = std::mem::take(&mut self.settled);
        if settled.is_empty() {
            return Ok(());
        }
        let ids = s.reserve_ids("outbox", settled.len())?;
        let mut rows = Vec::with_capacity(settled.len());
        for (one, id) in settled.into_iter().zip(ids) {
            let (version, node) = (one.request.version, one.request.node);
            self.tallies.add(version, node, Counted::Pending, -1);
            self.tallies.add(version, node, Counted::from(&one.outcome), 1);
            self.told.push(self.told_of(&one));
            rows.push(self.kept_of(one, EffectId(id)));
        }
        ledger::insert(s, &rows)
    }

    fn told_of(&self, one: &Settled) -> NewActivity {
        let (outcome, reason) = in_words(&one.outcome);
        let journey = self.live.journeys.get(&one.journey).map(|journey| journey.key.as_str());
        let mut fields = json!({"journey": journey, "request": one.asked.key(), "outcome": outcome});
        if let Some(reason) = reason {
            fields["reason"] = reason.into();
        }
        NewActivity {
            kind: "journey_request_answered",
            at: self.claim.now,
            account: one.request.account,
            person: Some(one.person),
            enrollment: Some(one.request.trip),
            node: Some(one.request.node),
            source: Arc::from(format!("journey:{}", one.request.journey)),
            fields: fields.to_string(),
        }
    }

    fn kept_of(&self, one: Settled, id: EffectId) -> LedgerRow {
        let (outcome, reason) = in_words(&one.outcome);
        let Settled { request, asked, person, .. } = one;
        LedgerRow {
            id,
            key: format!("{}.{}.{}.{person}", asked.key(), request.trip, request.node),
            kind: KIND.to_owned(),
            enrollment: request.trip,
            version: request.version,
            node: request.node,
            account: request.account,
            person: Some(person),
            address: None,
            outcome: outcome.to_owned(),
            reason: reason.map(str::to_owned),
            message: None,
            remote_id: None,
            queued_at: request.at,
            decided_at: self.claim.now,
            body: None,
        }
    }
}

/// An outcome and its reason, as they are stored.
fn in_words(outcome: &Outcome) -> (&'static str, Option<&'static str>) {
    match *outcome {
        Outcome::Done => ("done", None),
        Outcome::Pending => ("pending", None),
        Outcome::NoOp(reason) => ("no_op", Some(reason)),
        Outcome::Skipped(reason) => ("skipped", Some(reason)),
        Outcome::Failed(code) => ("failed", Some(code)),
    }
}
