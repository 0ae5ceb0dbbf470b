//! Calls of external services: what is told to them, and what becomes of a call that could not be made.

use std::collections::{BTreeSet, HashSet};

use caravan_connect::services::{Entity, LONGEST_MINUTES, ServiceCall};
use caravan_model::EnrollmentId;
use caravan_model::document::DocumentKind;
use caravan_store::outbox::OutboxRow;
use caravan_store::step::NewInbox;
use caravan_store::{Session, StoreError, services, step};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::Dispatcher;
use super::gates::unreadable;
use super::parcel::Content;
use super::results::Verdict;
use crate::external::{self, Answer, Answered, Call, CallKey};
use crate::inbox::Command;
use crate::live::Live;

/// Where services post their answers, below the address of the installation.
const CALLBACK: &str = "/hooks/external/callback";

/// What is known of calls that are to be made.
pub struct Calls {
    /// Trips under way that have calls here, with the node at which each stands.
    waiting: HashSet<(EnrollmentId, i64)>,
    /// Keys of those that have been answered.
    answered: HashSet<String>,
}

impl Calls {
    pub fn load(s: &mut dyn Session, rows: &[OutboxRow]) -> Result<Self, StoreError> {
        let calls: Vec<&OutboxRow> = rows.iter().filter(|row| row.kind == external::CALL).collect();
        if calls.is_empty() {
            return Ok(Self { waiting: HashSet::new(), answered: HashSet::new() });
        }
        let trips: BTreeSet<EnrollmentId> = calls.iter().map(|row| row.enrollment).collect();
        let trips = step::enrollments(s, &trips.into_iter().collect::<Vec<_>>())?;
        let keys: Vec<String> = calls.iter().map(|row| row.key.clone()).collect();
        Ok(Self {
            waiting: trips.iter().filter(|trip| trip.ended_at.is_none()).map(|trip| (trip.id, trip.node)).collect(),
            answered: services::answered_of(s, &keys)?,
        })
    }

    /// A call whose traveller has gone on without its answer is not made any more.
    pub fn judge(&self, row: &OutboxRow, now: Timestamp) -> Result<Content, Verdict> {
        let call: Call = serde_json::from_str(&row.body).map_err(unreadable)?;
        if self.answered.contains(&row.key) {
            // The acknowledgement was lost, and the answer came nevertheless.
            return Err(Verdict::Done { remote_id: None });
        }
        if !self.waiting.contains(&(row.enrollment, row.node)) {
            return Err(Verdict::Skipped(external::NO_LONGER_AWAITED));
        }
        if now >= call.answer_by {
            return Err(Verdict::Skipped(external::TIMED_OUT));
        }
        Ok(Content::Service(Box::new(call)))
    }
}

impl Dispatcher {
    pub(super) fn service_call(&self, live: &Live, row: &OutboxRow, call: &Call) -> Result<ServiceCall, Verdict> {
        let key: CallKey = row
            .key
            .parse()
            .map_err(|()| Verdict::failed("effect_unreadable", "The queued call has no key of a call."))?;
        let account = row.account.map(|id| id.0).unwrap_or_default();
        let seconds = call.answer_by.duration_since(row.queued_at).as_secs().max(60);
        let minutes = u32::try_from(seconds.div_euclid(60)).unwrap_or(LONGEST_MINUTES);
        Ok(ServiceCall {
            entity: Entity { account, person: row.person.map(|id| id.0) },
            token: external::token(&self.delivery.signing, key, &call.service, account, call.answer_by),
            callback_url: format!("{}{CALLBACK}", self.delivery.public_url.trim_end_matches('/')),
            subscription: json!({"prefix": "caravan", "instanceName": self.delivery.public_url}),
            journey: journey_of(live, &call.journey),
            attributes: call.attributes.clone(),
            values: call.values.clone(),
            timeout_minutes: minutes.min(LONGEST_MINUTES),
            paths: call.paths.clone(),
        })
    }
}

fn journey_of(live: &Live, key: &str) -> Json {
    let definition = live.definitions.get(DocumentKind::Journey, key);
    let running = live.journeys.values().find(|journey| journey.key == key);
    let status = match running.map(|journey| journey.state.as_str()) {
        Some("draft" | "scheduled") => "Draft",
        Some("finished") => "Finished",
        Some("aborted") => "Aborted",
        _ => "Live",
    };
    let mut journey = json!({"id": key, "name": definition.map_or(key, |known| known.name.as_str()), "status": status});
    let times = [("startDate", running.and_then(|j| j.starts_at)), ("endDate", running.and_then(|j| j.ends_at))];
    for (name, at) in times {
        if let Some(at) = at {
            journey[name] = json!(at.to_string());
        }
    }
    journey
}

/// Another try is worth it while at least half of the time for the answer is left; then the call has failed.
pub fn still_worth_it(row: &OutboxRow, next: Timestamp) -> bool {
    if row.kind != external::CALL {
        return true;
    }
    serde_json::from_str::<Call>(&row.body).is_ok_and(|call| {
        let half = call.answer_by.duration_since(row.queued_at) / 2;
        next <= row.queued_at + half
    })
}

/// What the traveller who waits for a call hears of its delivery.
pub fn heard(row: &OutboxRow, verdict: &Verdict, at: Timestamp) -> Option<NewInbox> {
    let call: CallKey = row.key.parse().ok().filter(|_| row.kind == external::CALL)?;
    let answer = match verdict {
        Verdict::Done { .. } => Answer::Accepted,
        Verdict::Failed { code, message } => Answer::Failed { code: code.clone(), reason: Some(message.clone()) },
        _ => return None,
    };
    // Services are called on accounts' journeys alone.
    let traveller = row.account?.0;
    Some(Command::answered(Answered { call, answer, at }, traveller, row.shard))
}
