//! Scenario `steps`: accounts walk through a ten-node journey with three waits and four actions on their people.
//!
//! The mix of the four: a score that rises for everybody, a status that changes for everybody, an interesting moment
//! noted on everybody, and a department that one person in four does not have yet.
//!
//! Whoever waits must cost nothing: the same is measured again while others wait in a journey of their own.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use caravan_engine::batch::Report;
use caravan_engine::definitions::{ApplyOptions, apply};
use caravan_engine::{Engine, lifecycle, runtime};
use caravan_model::Clock;
use caravan_store::StoreError;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::meter::{Meter, peak_memory_bytes, percentile_ms};
use super::{Growth, Measured, Scratch, bare, book};

const MANIFEST: &str = r#"
{kind: score, key: interest}
---
{kind: account_list, key: everybody, type: dynamic, when: {account: country, is: Norway}, state: live}
---
kind: journey
key: bench
subject: account
audience: {account_list: everybody}
end: 2027-12-31T00:00:00Z
entry: score
nodes:
  score: {type: action, on: people, action: change_score, score: interest, change: "+5", next: first-wait}
  first-wait: {type: wait, duration: 1d, next: status}
  status: {type: action, on: people, action: update_person, attribute: status, value: Engaged, next: second-wait}
  second-wait: {type: wait, duration: 1d, next: moment}
  moment: {type: action, on: people, action: person_interesting_moment, moment: milestone, description: Works with us, next: size}
  size:
    type: split
    by: account
    paths:
      - {label: Large, when: {account: employees, at_least: 2500}, next: join}
    other: {next: join}
  join: {type: merge, next: third-wait}
  third-wait: {type: wait, duration: 1d, next: department}
  department: {type: action, on: people, action: update_person, attribute: department, value: Sales, next: null}
"#;

/// The journey of those who only wait.
const WAITING: &str = r#"
{kind: account_list, key: others, type: dynamic, when: {account: country, is: Sweden}, state: live}
---
kind: journey
key: waiting
subject: account
audience: {account_list: others}
end: 2027-12-31T00:00:00Z
entry: wait
nodes:
  wait: {type: wait, duration: 90d, next: null}
"#;

/// When it begins.
const BEGIN: &str = "2027-01-04T09:00:00Z";
/// The waits, each a day.
const WAITS: i64 = 3;

/// What all steps did together.
#[derive(Default)]
pub struct Walked {
    /// Sums of the steps' reports.
    pub report: Report,
    /// How long each step took, from claim to commit.
    pub steps: Vec<Duration>,
}

/// Accounts that have walked from entry to end.
struct Ran {
    scratch: Scratch,
    walked: Walked,
    seconds: f64,
    cpu: f64,
    /// Bytes by which the store grew.
    grown: u64,
    peak_memory_bytes: u64,
}

/// Measures the engine, then the plain loop over the rows that the engine wrote; then the engine again beside others.
pub fn measure(database: Option<&str>, travellers: u64, waiting: &[u64]) -> anyhow::Result<Measured> {
    let Ran { scratch, walked, seconds, cpu, grown, peak_memory_bytes } = run(database, travellers, 0)?;
    let bare = bare::measure(database, &scratch, travellers, walked.steps.len())?;
    let transitions = walked.report.transitions as f64;
    let mut steps = walked.steps;
    steps.sort_unstable();
    Ok(Measured {
        scenario: "steps",
        store: scratch.kind(),
        travellers,
        transitions_per_s: Some(transitions / seconds),
        bare_transitions_per_s: Some(transitions / bare.seconds),
        ratio: Some(bare.seconds / seconds),
        enrollment_commits_per_s: Some(walked.report.enrollments as f64 / seconds),
        person_outcomes_per_s: Some(walked.report.outcomes as f64 / seconds),
        p50_ms: percentile_ms(&steps, 0.5),
        p99_ms: percentile_ms(&steps, 0.99),
        cpu_s_per_million: Some(cpu / transitions * 1e6),
        bare_cpu_s_per_million: Some(bare.cpu / transitions * 1e6),
        peak_memory_bytes,
        bytes_per_traveller: Some(grown as f64 / travellers as f64),
        growth: waiting.iter().filter(|n| **n > 0).map(|&n| grow(database, travellers, n)).collect::<Result<_, _>>()?,
        seconds,
        ..Measured::default()
    })
}

/// The same accounts walk while others wait.
fn grow(database: Option<&str>, travellers: u64, waiting: u64) -> anyhow::Result<Growth> {
    let Ran { walked, seconds, cpu, .. } = run(database, travellers, waiting)?;
    let transitions = walked.report.transitions as f64;
    Ok(Growth { waiting, transitions_per_s: transitions / seconds, cpu_s_per_million: cpu / transitions * 1e6 })
}

fn run(database: Option<&str>, travellers: u64, waiting: u64) -> anyhow::Result<Ran> {
    let begin: Timestamp = BEGIN.parse()?;
    let clock = Clock::manual(begin);
    let scratch = Scratch::make(database, clock.clone())?;
    let engine = Engine::new(scratch.store().clone());
    prepare(&scratch, &engine, travellers, waiting)?;
    let size = scratch.store().size_bytes()?;

    let meter = Meter::start();
    lifecycle::publish(&engine, &["bench".to_owned()], "bench")?;
    let walked = Mutex::new(Walked::default());
    for day in 0..=WAITS {
        clock.advance_to(begin + jiff::SignedDuration::from_hours(24 * day));
        run_all(&engine, scratch.writers(), &walked)?;
    }
    let (seconds, cpu) = (meter.seconds(), meter.cpu());
    let walked = walked.into_inner();
    check(&walked.report, travellers)?;
    let grown = scratch.store().size_bytes()?.saturating_sub(size);
    Ok(Ran { scratch, walked, seconds, cpu, grown, peak_memory_bytes: peak_memory_bytes() })
}

/// Fills the book, brings the lists up to date, lets the others wait, and leaves the journey a draft.
fn prepare(scratch: &Scratch, engine: &Engine, travellers: u64, waiting: u64) -> anyhow::Result<()> {
    book::fill(scratch.store(), travellers)?;
    if waiting > 0 {
        book::fill_accounts(scratch.store(), travellers..travellers + waiting, book::ELSEWHERE)?;
        apply(engine, &[("waiting".to_owned(), WAITING.to_owned())], "bench", ApplyOptions::default())?;
        lifecycle::publish(engine, &["waiting".to_owned()], "bench")?;
    }
    apply(engine, &[("bench".to_owned(), MANIFEST.to_owned())], "bench", ApplyOptions::default())?;
    let done = runtime::run_until_idle(engine, None, Duration::from_secs(3_600))?;
    ensure!(done.idle, "the lists were not filled within an hour");
    ensure!(done.transitions == waiting, "{} accounts wait instead of {waiting}", done.transitions);
    scratch.settle()?;
    Ok(())
}

/// Steps on `threads` threads until nothing is due at this instant.
pub fn run_all(engine: &Engine, threads: usize, walked: &Mutex<Walked>) -> anyhow::Result<()> {
    while runtime::due_now(engine)?.0 {
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let loops: Vec<_> = (0..threads).map(|_| scope.spawn(|| run_one(engine, walked))).collect();
            for one in loops {
                one.join().ok().context("a stepping thread failed")??;
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn run_one(engine: &Engine, walked: &Mutex<Walked>) -> Result<(), StoreError> {
    loop {
        let started = Instant::now();
        let Some(report) = engine.step()? else { return Ok(()) };
        let took = started.elapsed();
        let mut walked = walked.lock();
        walked.steps.push(took);
        walked.report.enrollments += report.enrollments;
        walked.report.transitions += report.transitions;
        walked.report.outcomes += report.outcomes;
    }
}

/// A figure counts only when everybody walked the whole journey and every action met every person.
fn check(report: &Report, travellers: u64) -> anyhow::Result<()> {
    let (transitions, outcomes) = (travellers * 9, travellers * 4 * book::PEOPLE);
    ensure!(report.transitions as u64 == transitions, "{} transitions instead of {transitions}", report.transitions);
    ensure!(report.outcomes as u64 == outcomes, "{} outcomes instead of {outcomes}", report.outcomes);
    Ok(())
}
