//! Calls of external services: what is told to them, and what becomes of a call that could not be made.

use caravan_connect::services::{Entity, LONGEST_MINUTES, ServiceCall};
use caravan_model::document::DocumentKind;
use caravan_store::outbox::OutboxRow;
use caravan_store::step::NewInbox;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::Dispatcher;
use super::results::Verdict;
use crate::external::{self, Answer, Answered, Call, CallKey};
use crate::inbox::Command;
use crate::live::Live;

/// Where services post their answers, below the address of the installation.
const CALLBACK: &str = "/hooks/external/callback";

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
