//! What goes out and comes back: delivery to the other side, its answers, and that nothing was lost or doubled on the way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use caravan_connect::tracking::SigningKeys;
use caravan_connect::{Connector, Secret};
use caravan_engine::deliver::{Delivery, Dispatcher};
use caravan_engine::external::{self, Answer as Came, CallKey};
use caravan_model::document::DocumentKind;
use caravan_store::services::ServiceRow;
use caravan_store::{SessionExt, StoreError, documents};
use serde_json::{Map, json};

use super::*;
use crate::model::far::{Door, Far};

/// Something that the other side answers.
pub(super) struct Coming {
    pub at: Secs,
    key: CallKey,
    answer: Answer,
}

impl Place {
    /// As if the documents of all services had been read.
    pub(super) fn registers_services(&self) {
        let registered = self.store.write(|s| {
            documents::begin_change(s)?;
            for service in SERVICES {
                let row = documents::get(s, "external_action", service.key)?.expect("a service");
                let url = format!("https://{}.example/openapi.json", service.key);
                let (title, body) = (service.key.to_owned(), "{}".to_owned());
                let found = ServiceRow { document: row.id, url, title, registered_at: instant(START), body };
                caravan_store::services::put(s, &found)?;
            }
            Ok::<_, StoreError>(())
        });
        registered.expect("registered services");
    }

    /// Delivers what is queued, whatever breaks meanwhile. Whether there was anything.
    pub(super) fn deliver(&mut self) -> bool {
        self.dispatches(Dispatcher::dispatch_once).is_some_and(|done| !done.is_idle())
    }

    /// When something is to leave next.
    pub(super) fn next_delivery(&mut self) -> Option<Timestamp> {
        self.dispatches(Dispatcher::next_due).flatten()
    }

    /// Repeats it until it works; none where there is no other side.
    fn dispatches<T>(&mut self, work: impl Fn(&Dispatcher) -> Result<T, StoreError>) -> Option<T> {
        let far = self.far.clone()?;
        loop {
            let engine = &self.engine;
            let dispatcher = self.dispatcher.get_or_insert_with(|| dispatcher(engine, &far));
            match work(dispatcher) {
                Ok(done) => return Some(done),
                Err(StoreError::Unreachable(_)) => self.died(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Answers of the other side that come at `from` or later, by time.
    pub(super) fn coming(&self, case: &Case, from: Secs) -> Vec<Coming> {
        let calls = self.far.iter().flat_map(|far| far.calls());
        let answers = calls.flat_map(|taken| {
            let (service, subject) = taken.call.expect("a call");
            let key: CallKey = taken.key.parse().expect("the key of a call");
            let answers = case.replies[service][subject].answers.iter();
            answers
                .map(move |(after, answer)| Coming { at: taken.at + after, key, answer: *answer })
                .collect::<Vec<_>>()
        });
        let mut coming: Vec<Coming> = answers.filter(|coming| coming.at >= from).collect();
        coming.sort_by_key(|coming| coming.at);
        coming
    }

    /// Hands in what the other side answers at this instant. Who does not know whether it arrived answers once more.
    pub(super) fn receives(&mut self, case: &Case, now: Secs) {
        for Coming { key, answer, .. } in self.coming(case, now).into_iter().filter(|coming| coming.at == now) {
            loop {
                match external::answer(&self.engine, key, in_words(answer)) {
                    Ok(()) => break,
                    Err(DefinitionError::Store(StoreError::Unreachable(_))) => self.died(),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    /// Messages in doubt of a journey, as `JOURNEY TRAVELLER/ENTRY NODE PERSON`.
    pub(super) fn in_doubt(&self, journey: &str) -> Vec<String> {
        let found = self.counted(
            "SELECT d.key || ' ' || COALESCE(CASE WHEN d.body LIKE '%\"subject\":\"person\"%' THEN p.key END, a.key)
                    || '/' || e.entry, l.node, ' ' || p.key, l.version_id
             FROM ledger AS l JOIN enrollment AS e ON e.id = l.enrollment_id JOIN document AS d ON d.id = e.journey_id
             JOIN person AS p ON p.id = l.person_id LEFT JOIN account AS a ON a.id = l.account_id
             WHERE l.outcome = 'in_doubt'",
        );
        found.into_keys().filter(|mail| mail.split(' ').next() == Some(journey)).collect()
    }

    /// Everything in which what the other side took differs from what stands here.
    pub fn lost_or_doubled(&self, case: &Case) -> Vec<String> {
        let taken = self.far.as_ref().expect("another side").taken();
        let sql = "SELECT key, kind, outcome FROM ledger WHERE kind <> 'journey_request'
                   UNION ALL SELECT key, kind, 'pending' FROM outbox";
        let known: BTreeMap<String, (String, String)> = self
            .store
            .read(|s| s.query_map(sql, &[], |r| Ok((r.string(0), (r.string(1), r.string(2))))))
            .map_err(|error: StoreError| error)
            .expect("effects")
            .into_iter()
            .collect();
        let mut wrong: Vec<String> = Vec::new();
        wrong
            .extend(taken.iter().filter(|(_, times)| **times > 1).map(|(key, n)| format!("{key} was taken {n} times")));
        wrong
            .extend(taken.keys().filter(|key| !known.contains_key(*key)).map(|key| format!("{key} is not known here")));
        for (key, (kind, outcome)) in known {
            let there = taken.contains_key(&key);
            let right = match outcome.as_str() {
                "done" => there,
                // The other side may still have no time for it.
                "failed" | "pending" => !there,
                // Whoever it was about had left, or the journey was aborted.
                "skipped" => !there,
                // Only what the other side cannot tell from a new one is left alone after a crash.
                "in_doubt" => kind == "email" && !case.mail_is_recognised,
                _ => false,
            };
            if !right {
                wrong.push(format!("{kind} {key} is {outcome} here; there: {there}"));
            }
        }
        wrong
    }
}

fn in_words(answer: Answer) -> Came {
    match answer {
        Answer::Failed => Came::Failed { code: "NO".to_owned(), reason: None },
        Answer::Chosen(n) => {
            let variables = json!({"choice": format!("c{n}")}).as_object().cloned().unwrap_or_default();
            Came::Succeeded { variables, attributes: Map::new() }
        }
    }
}

fn dispatcher(engine: &Engine, far: &Arc<Far>) -> Dispatcher {
    let signing = SigningKeys::new(1, Secret::new("a secret of this installation"));
    // Whoever dies here is dead: there is nothing to wait for.
    let delivery =
        Delivery { parallel: 1, result_pause: Duration::ZERO, ..Delivery::new("https://go.acme.example", signing) };
    let far = Arc::clone(far);
    Dispatcher::through(engine, delivery, move |kind, _| -> Arc<dyn Connector> {
        Arc::new(Door { far: Arc::clone(&far), service: kind == DocumentKind::ExternalAction })
    })
}
