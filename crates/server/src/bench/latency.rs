//! Scenario `latency`: accounts listen for an event of one of their people, and a thousand events a second come in by the
//! door of `/v1/batch`, ten at a time. How long does it take from an event's arrival to the commit that moved its account?
//!
//! Steps run as they do in `caravan serve`: a loop that rests until somebody pokes it. A PostgreSQL server must be on this
//! machine, since its clock is compared with ours.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use caravan_engine::definitions::{ApplyOptions, apply};
use caravan_engine::import::IncomingActivity;
use caravan_engine::import::segment::{Call, Meaning, receive};
use caravan_engine::{Engine, lifecycle, runtime};
use caravan_model::Clock;
use caravan_store::{SessionExt, StoreError, params};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::meter::{Meter, peak_memory_bytes, percentile_ms};
use super::steps::{Walked, run_all};
use super::{Measured, Scratch, book};

/// Events that come in at once, and how often they do: a thousand a second.
const PACKET: u64 = 10;
const EVERY: Duration = Duration::from_millis(10);
/// How long a loop rests that nobody pokes.
const REST: Duration = Duration::from_millis(250);
/// By then everybody has been moved.
const PATIENCE: Duration = Duration::from_secs(120);

/// A step: when it began and when its commit had returned.
type Commit = (Timestamp, Timestamp);

/// Lets `events` accounts listen, and each hear one event.
pub fn measure(database: Option<&str>, events: u64) -> anyhow::Result<Measured> {
    let scratch = Scratch::make(database, Clock::System)?;
    let engine = Engine::new(scratch.store().clone());
    let_listen(&scratch, &engine, events)?;

    let meter = Meter::start();
    let over = AtomicBool::new(false);
    let commits = Mutex::new(Vec::new());
    let sent = std::thread::scope(|scope| -> anyhow::Result<Vec<Timestamp>> {
        let loops: Vec<_> = (0..scratch.writers()).map(|_| scope.spawn(|| step(&engine, &over, &commits))).collect();
        let sent = send(&engine, events).and_then(|sent| everybody_moved(&engine).map(|()| sent));
        over.store(true, Ordering::SeqCst);
        for one in loops {
            one.join().ok().context("a stepping thread failed")??;
        }
        sent
    })?;
    let (seconds, cpu) = (meter.seconds(), meter.cpu());
    let mut took = took(&engine, &sent, &commits.into_inner())?;
    ensure!(took.len() as u64 == events, "{} of {events} events moved an account", took.len());
    took.sort_unstable();
    let (first, last) = (sent.first().context("events")?, sent.last().context("events")?);
    let sending = last.duration_since(*first).as_secs_f64() + EVERY.as_secs_f64();
    Ok(Measured {
        scenario: "latency",
        store: scratch.kind(),
        travellers: events,
        events_per_s: Some(events as f64 / sending),
        p50_ms: percentile_ms(&took, 0.5),
        p99_ms: percentile_ms(&took, 0.99),
        cpu_share: Some(cpu / seconds),
        peak_memory_bytes: peak_memory_bytes(),
        seconds,
        ..Measured::default()
    })
}

fn let_listen(scratch: &Scratch, engine: &Engine, events: u64) -> anyhow::Result<()> {
    book::fill(scratch.store(), events)?;
    let end = Clock::System.now() + SignedDuration::from_hours(24 * 365);
    let manifest = format!(
        r#"
{{kind: account_list, key: everybody, type: dynamic, when: {{account: employees, at_least: 0}}, state: live}}
---
kind: journey
key: bench
subject: account
audience: {{account_list: everybody}}
end: {end:.0}
entry: ear
nodes:
  ear: {{type: listen, event: {{activity: form_filled, where: {{form: {{is: demo}}}}}}, timeout: {{duration: 90d, next: rest}}, next: heard}}
  heard: {{type: action, on: people, action: person_interesting_moment, moment: web, next: rest-2}}
  rest: {{type: wait, duration: 90d, next: null}}
  rest-2: {{type: wait, duration: 90d, next: null}}
"#
    );
    apply(engine, &[("bench".to_owned(), manifest)], "bench", ApplyOptions::default())?;
    lifecycle::publish(engine, &["bench".to_owned()], "bench")?;
    run_all(engine, scratch.writers(), &Mutex::new(Walked::default()))?;
    let listening = listening(engine)?;
    ensure!(listening == events, "{listening} accounts listen instead of {events}");
    scratch.settle()?;
    Ok(())
}

/// One loop of a process that serves; notes when each of its steps was committed.
fn step(engine: &Engine, over: &AtomicBool, commits: &Mutex<Vec<Commit>>) -> Result<(), StoreError> {
    while !over.load(Ordering::SeqCst) {
        let began = Clock::System.now();
        let stepped = runtime::due_now(engine)?.0 && engine.step()?.is_some();
        match stepped {
            true => commits.lock().push((began, Clock::System.now())),
            false => engine.rest(REST),
        }
    }
    Ok(())
}

/// Sends every account's event; when each arrived.
fn send(engine: &Engine, events: u64) -> anyhow::Result<Vec<Timestamp>> {
    let started = Instant::now();
    let mut sent = Vec::with_capacity(events as usize);
    for (n, first) in (0..events).step_by(PACKET as usize).enumerate() {
        let due = EVERY * u32::try_from(n)?;
        std::thread::sleep(due.saturating_sub(started.elapsed()));
        let at = Clock::System.now();
        let packet: Vec<Call> = (first..events.min(first + PACKET)).map(|n| event(n, at)).collect();
        sent.extend(packet.iter().map(|_| at));
        let report = receive(engine, None, &packet)?;
        ensure!(report.accepted == packet.len() as u64, "{} of {} events were taken", report.accepted, packet.len());
    }
    Ok(sent)
}

fn event(account: u64, at: Timestamp) -> Call {
    let meaning = Meaning::Activity(IncomingActivity {
        source: "segment".to_owned(),
        external_id: Some(format!("event-{account}")),
        kind: "form_filled".to_owned(),
        at,
        person_key: Some(format!("person-{}", account * book::PEOPLE)),
        account_key: None,
        fields: serde_json::Map::from_iter([("form".to_owned(), "demo".into())]),
    });
    Call { message_id: Some(format!("event-{account}")), meaning }
}

fn everybody_moved(engine: &Engine) -> anyhow::Result<()> {
    let started = Instant::now();
    while listening(engine)? > 0 {
        ensure!(started.elapsed() < PATIENCE, "some accounts were not moved by their event");
        std::thread::sleep(EVERY);
    }
    Ok(())
}

fn listening(engine: &Engine) -> Result<u64, StoreError> {
    let n = engine.store().read(|s| s.query_int("SELECT COUNT(*) FROM enrollment WHERE listening", &[]))?;
    Ok(u64::try_from(n).unwrap_or_default())
}

/// How long each event took: from its arrival to the end of the step that moved its account.
fn took(engine: &Engine, sent: &[Timestamp], commits: &[Commit]) -> anyhow::Result<Vec<Duration>> {
    let moved: Vec<(String, Timestamp)> = engine.store().read(|s| {
        s.query_map(
            "SELECT a.key, m.at FROM move AS m JOIN enrollment AS e ON e.id = m.enrollment_id
             JOIN account AS a ON a.id = e.subject_id WHERE m.seq = 2",
            params![],
            |r| Ok::<_, StoreError>((r.string(0), r.instant(1))),
        )
    })?;
    let took = |(key, at): &(String, Timestamp)| -> Option<Duration> {
        let account: usize = key.strip_prefix("account-")?.parse().ok()?;
        // Of steps at the same time it may be any: the slowest counts.
        let during = commits.iter().filter(|(began, ended)| began <= at && at <= ended);
        let ended = during.map(|(_, ended)| *ended).max()?;
        Duration::try_from(ended.duration_since(*sent.get(account)?)).ok()
    };
    Ok(moved.iter().filter_map(took).collect())
}
