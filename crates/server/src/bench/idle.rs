//! Scenario `idle`: many accounts wait in a journey, nothing is due; what do the runtime's loops take?

use std::time::Duration;

use anyhow::ensure;
use caravan_engine::definitions::{ApplyOptions, apply};
use caravan_engine::{Engine, lifecycle, runtime};
use caravan_model::Clock;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::meter::{Meter, peak_memory_bytes};
use super::steps::{Walked, run_all};
use super::{Measured, Scratch, book};

const MANIFEST: &str = r#"
{kind: account_list, key: everybody, type: dynamic, when: {account: employees, at_least: 0}, state: live}
---
kind: journey
key: bench
subject: account
audience: {account_list: everybody}
end: 2027-12-31T00:00:00Z
entry: wait
nodes:
  wait: {type: wait, duration: 90d, next: done}
  done: {type: action, on: account, action: account_interesting_moment, moment: milestone, next: null}
"#;

const BEGIN: &str = "2027-01-04T09:00:00Z";

/// Lets `travellers` accounts wait, then watches the loops of a serving process for `seconds`.
pub fn measure(database: Option<&str>, travellers: u64, seconds: u64) -> anyhow::Result<Measured> {
    let begin: Timestamp = BEGIN.parse()?;
    let scratch = Scratch::make(database, Clock::manual(begin))?;
    let engine = Engine::new(scratch.store().clone());
    let size = scratch.store().size_bytes()?;
    book::fill_accounts(scratch.store(), travellers)?;
    apply(&engine, &[("bench".to_owned(), MANIFEST.to_owned())], "bench", ApplyOptions::default())?;
    lifecycle::publish(&engine, &["bench".to_owned()], "bench")?;
    let walked = Mutex::new(Walked::default());
    run_all(&engine, scratch.writers(), &walked)?;
    let waiting = walked.into_inner().report.transitions as u64;
    ensure!(waiting == travellers, "{waiting} accounts wait instead of {travellers}");

    let runtime = runtime::serve(&engine, None, scratch.writers())?;
    let meter = Meter::start();
    std::thread::sleep(Duration::from_secs(seconds));
    let (took, cpu) = (meter.seconds(), meter.cpu());
    drop(runtime);
    Ok(Measured {
        scenario: "idle",
        store: scratch.kind(),
        travellers,
        cpu_share: Some(cpu / took),
        peak_memory_bytes: peak_memory_bytes(),
        bytes_per_traveller: Some(scratch.store().size_bytes()?.saturating_sub(size) as f64 / travellers as f64),
        seconds: took,
        ..Measured::default()
    })
}
