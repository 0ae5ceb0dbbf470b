//! Scenario `deliver`: messages that a journey queued are judged, rendered for each recipient, tracked, signed and
//! handed to a mail server on this machine that takes everything; what became of each is written to the ledger.
//!
//! Measured twice, where the mail server signs and with a DKIM signature (RSA-2048) of our own. Beside it stand the
//! limits of the same run: the same bytes in a bare SMTP dialogue, and the bare signature.

use std::path::Path;

use anyhow::{Context, ensure};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::{Secret, Surroundings};
use caravan_engine::definitions::{ApplyOptions, apply};
use caravan_engine::deliver::{Delivery, Dispatched, Dispatcher};
use caravan_engine::{Engine, lifecycle};
use caravan_model::Clock;
use caravan_store::SessionExt as _;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::meter::{Meter, peak_memory_bytes};
use super::sink::Sink;
use super::steps::{Walked, run_all};
use super::{Measured, Scratch, book, dialogue};

/// When it begins.
const BEGIN: &str = "2027-01-04T09:00:00Z";
/// Connections to the mail server; what a connection is set to when nobody says otherwise.
const CONNECTIONS: u64 = 4;
/// Signs nothing but the messages of this benchmark.
const DKIM_KEY: &str = include_str!("deliver_dkim.pem");
const MANIFEST: &str = include_str!("deliver.yaml");

/// Measures both ways of signing.
pub fn measure(database: Option<&str>, messages: u64) -> anyhow::Result<Vec<Measured>> {
    let signatures = dialogue::signatures_per_s(DKIM_KEY)?;
    let relay_signs = one("deliver, the relay signs", database, messages, None)?;
    let key = tempfile::Builder::new().suffix(".pem").tempfile()?;
    std::fs::write(key.path(), DKIM_KEY)?;
    let own = one("deliver, own DKIM signature", database, messages, Some(key.path()))?;
    Ok(vec![relay_signs, Measured { signatures_per_s: Some(signatures), ..own }])
}

fn one(scenario: &'static str, database: Option<&str>, messages: u64, key: Option<&Path>) -> anyhow::Result<Measured> {
    let accounts = messages.div_ceil(book::PEOPLE);
    let messages = accounts * book::PEOPLE;
    let clock = Clock::manual(BEGIN.parse::<Timestamp>()?);
    let scratch = Scratch::make(database, clock.clone())?;
    let engine = Engine::new(scratch.store().clone());
    let sink = Sink::start()?;
    queue(&scratch, &engine, &sink, accounts, key)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let keys = SigningKeys::new(1, Secret::new("a secret of this benchmark"));
    let delivery = Delivery::new("https://go.acme.example", keys);
    let surroundings = Surroundings::guarded(clock, runtime.handle().clone());
    surroundings.outbound.guard().begin_mail_server(sink.addr());
    let dispatcher = Dispatcher::new(&engine, delivery, surroundings);

    let (meter, sink_cpu) = (Meter::start(), sink.cpu());
    let mut done = Dispatched::default();
    while dispatcher.next_due()?.is_some() {
        let round = dispatcher.dispatch_once()?;
        ensure!(!round.is_idle(), "nothing moves: {done:?}");
        done += round;
    }
    let (seconds, cpu) = (meter.seconds(), meter.cpu() - (sink.cpu() - sink_cpu));
    let peak = peak_memory_bytes();
    check(&scratch, &sink, &done, messages)?;

    let content = sink.first_message().context("the sink got no message")?.to_vec();
    let bare = dialogue::messages_per_s(sink.addr(), &content, messages, CONNECTIONS)?;
    let per_s = messages as f64 / seconds;
    Ok(Measured {
        scenario,
        store: scratch.kind(),
        travellers: messages,
        messages_per_s: Some(per_s),
        messages_per_cpu_s: Some(messages as f64 / cpu),
        bare_messages_per_s: Some(bare),
        message_bytes: Some(content.len() as f64),
        ratio: Some(per_s / bare),
        peak_memory_bytes: peak,
        seconds,
        ..Measured::default()
    })
}

/// Lets everybody of `accounts` accounts walk to the email, so that all messages stand in the outbox.
fn queue(scratch: &Scratch, engine: &Engine, sink: &Sink, accounts: u64, key: Option<&Path>) -> anyhow::Result<()> {
    book::fill(scratch.store(), accounts)?;
    let mut manifest = MANIFEST.replace("PORT", &sink.addr().port().to_string());
    if let Some(key) = key {
        manifest.push_str(&format!(
            "---\n{{kind: sending_domain, key: acme, domain: acme.example, dkim: [{{selector: c1}}], \
             return_path: bounce.acme.example, secrets: {{dkim_private_key: {{file: '{}'}}}}}}\n",
            key.display()
        ));
    }
    apply(engine, &[("bench".to_owned(), manifest)], "bench", ApplyOptions::default())?;
    lifecycle::publish(engine, &["bench".to_owned()], "bench")?;
    run_all(engine, scratch.writers(), &Mutex::new(Walked::default()))?;
    scratch.settle()?;
    Ok(())
}

/// A figure counts only when every message arrived and stands in the ledger.
fn check(scratch: &Scratch, sink: &Sink, done: &Dispatched, messages: u64) -> anyhow::Result<()> {
    ensure!(done.delivered as u64 == messages, "{done:?} instead of {messages} delivered");
    ensure!(sink.messages() == messages, "{} messages arrived instead of {messages}", sink.messages());
    let sql = "SELECT COUNT(*) FROM ledger WHERE outcome = 'done'";
    let written = scratch.store().read(|s| s.query_one(sql, &[], |r| Ok(r.int(0))))?;
    ensure!(written as u64 == messages, "{written} ledger rows instead of {messages}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_counted_beside_the_limits_of_the_same_run() {
        let measured = measure(None, 15).expect("it measures");
        let [relay, own] = measured.as_slice() else { panic!("both ways of signing: {measured:?}") };
        assert_eq!((relay.travellers, own.travellers), (20, 20), "whole accounts");
        for one in [relay, own] {
            assert!(one.messages_per_s.is_some_and(|rate| rate > 0.0) && one.bare_messages_per_s > one.messages_per_s);
        }
        assert!(own.message_bytes > relay.message_bytes, "one carries a signature");
        assert!(own.signatures_per_s.is_some() && relay.signatures_per_s.is_none());
    }
}
