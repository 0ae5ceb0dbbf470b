//! What is still under way: an execution is pending as long as somebody owes what becomes of it, and no longer.

use std::collections::BTreeMap;

use caravan_catalog::effects;
use caravan_engine::Engine;
use caravan_engine::external::CALL;
use caravan_store::subscriptions::WEBHOOK;
use caravan_store::{Row, SessionExt, StoreError};
use serde_json::Value as Json;

/// By version and node.
type Counts = BTreeMap<(i64, i64), i64>;

/// Nodes that count more or fewer as pending than are under way: messages that wait to leave, answers that their travellers wait
/// for, and requests that other journeys have not settled.
pub fn wrongly_pending(engine: &Engine) -> Vec<String> {
    let (counted, owed) = engine
        .store()
        .read(|s| {
            let mut counted = Counts::new();
            // What a journey that was deleted has counted means nothing any more.
            let known = "version_id IN (SELECT id FROM document_version)";
            let tallies = format!("SELECT version_id, node, n FROM tally WHERE kind = 'pending' AND {known}");
            add(&mut counted, s.query_map(&tallies, &[], |r| Ok((place(r), r.int(2))))?);
            let mut owed = Counts::new();
            // Calls are owed to travellers; the others are told of what no node waits for.
            let elsewhere = [CALL, WEBHOOK, effects::MIRROR, "external_audience"].join("', '");
            let messages = format!(
                "SELECT version_id, node FROM outbox WHERE enrollment_id <> 0 AND kind NOT IN ('{elsewhere}') AND {known}"
            );
            add(&mut owed, s.query_map(&messages, &[], |r| Ok((place(r), 1)))?);
            let trips = "SELECT version_id, node, memory FROM enrollment WHERE ended_at IS NULL AND memory IS NOT NULL";
            add(&mut owed, s.query_map(trips, &[], |r| Ok((place(r), awaited(r.text(2)))))?);
            let requests = s.query_map("SELECT body FROM inbox WHERE kind IN ('enter', 'leave')", &[], |r| {
                let body: Json = serde_json::from_str(r.text(0)).expect("a command");
                let number = |what: &str| body["request"][what].as_i64();
                Ok(number("version").zip(number("node")).map(|place| (place, 1)))
            })?;
            add(&mut owed, requests.into_iter().flatten().collect());
            Ok::<_, StoreError>((counted, owed))
        })
        .expect("counts");
    let places = counted.keys().chain(owed.keys().filter(|place| !counted.contains_key(place)));
    let of = |counts: &Counts, place| counts.get(place).copied().unwrap_or_default();
    places
        .map(|place| (place, of(&counted, place), of(&owed, place)))
        .filter(|(_, counted, owed)| counted != owed)
        .map(|((version, node), counted, owed)| {
            format!("node {node} of version {version}: {counted} pending, {owed} under way")
        })
        .collect()
}

fn place(r: &dyn Row) -> (i64, i64) {
    (r.int(0), r.int(1))
}

fn add(counts: &mut Counts, found: Vec<((i64, i64), i64)>) {
    for (place, n) in found {
        *counts.entry(place).or_default() += n;
    }
}

/// How many answers a traveller waits for, by what its node keeps in mind.
fn awaited(memory: &str) -> i64 {
    let memory: Json = serde_json::from_str(memory).unwrap_or_default();
    memory["waiting"].as_array().map_or(0, |waiting| waiting.len() as i64)
}
