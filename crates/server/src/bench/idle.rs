//! Scenario `idle`: many accounts wait in a journey, nothing is due; what does a process that only watches over them take?

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use caravan_engine::definitions::{ApplyOptions, apply};
use caravan_engine::{Engine, lifecycle};
use caravan_model::Clock;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::meter::{Meter, Process};
use super::steps::{Walked, run_all};
use super::{Measured, Scratch, book};

/// Lets `travellers` accounts wait, then watches a `caravan worker` on that store for `seconds`.
///
/// The worker is a process of its own, begun afterwards: what filling the store took is not its memory.
pub fn measure(database: Option<&str>, travellers: u64, seconds: u64) -> anyhow::Result<Measured> {
    let mut scratch = Scratch::make(database, Clock::System)?;
    let grown = let_wait(&scratch, travellers)?;

    scratch.close();
    let worker = Worker::begin(&scratch)?;
    let process = Process(worker.0.id());
    // Its start (compiling what is live, opening connections) is no idling.
    std::thread::sleep(Duration::from_secs(2));
    let meter = Meter::start_of(process);
    std::thread::sleep(Duration::from_secs(seconds));
    Ok(Measured {
        scenario: "idle",
        store: scratch.kind(),
        travellers,
        cpu_share: Some(meter.cpu() / meter.seconds()),
        peak_memory_bytes: process.peak_memory_bytes(),
        bytes_per_traveller: Some(grown as f64 / travellers as f64),
        seconds: meter.seconds(),
        ..Measured::default()
    })
}

/// Fills the store with accounts and has them all enter and wait; returns the bytes by which it grew.
fn let_wait(scratch: &Scratch, travellers: u64) -> anyhow::Result<u64> {
    let engine = Engine::new(scratch.store().clone());
    let size = scratch.store().size_bytes()?;
    book::fill_accounts(scratch.store(), 0..travellers, book::HERE)?;
    apply(&engine, &[("bench".to_owned(), manifest(Clock::System.now()))], "bench", ApplyOptions::default())?;
    lifecycle::publish(&engine, &["bench".to_owned()], "bench")?;
    let walked = Mutex::new(Walked::default());
    run_all(&engine, scratch.writers(), &walked)?;
    let waiting = walked.into_inner().report.transitions as u64;
    ensure!(waiting == travellers, "{waiting} accounts wait instead of {travellers}");
    Ok(scratch.store().size_bytes()?.saturating_sub(size))
}

fn manifest(now: Timestamp) -> String {
    let end = now + SignedDuration::from_hours(24 * 365);
    format!(
        r#"
{{kind: account_list, key: everybody, type: dynamic, when: {{account: employees, at_least: 0}}, state: live}}
---
kind: journey
key: bench
subject: account
audience: {{account_list: everybody}}
end: {end:.0}
entry: wait
nodes:
  wait: {{type: wait, duration: 90d, next: done}}
  done: {{type: action, on: account, action: account_interesting_moment, moment: milestone, next: null}}
"#
    )
}

/// A `caravan worker` on the scratch store, ended with this value.
struct Worker(Child);

impl Worker {
    /// Starts it and waits until it says that it works.
    fn begin(scratch: &Scratch) -> anyhow::Result<Self> {
        let (option, place) = scratch.place();
        let child = Command::new(std::env::current_exe()?)
            .args(["worker", "--json", "--listen", "127.0.0.1:0", option, &place])
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .context("starting a worker")?;
        let mut worker = Self(child);
        let output = worker.0.stdout.take().context("the worker's output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line.contains("url"), "the worker did not start");
        Ok(worker)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It only watches a scratch store: nothing is lost.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
