//! Running: the loops of a process, and running in the foreground until nothing is due.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use caravan_store::{StoreError, step};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

use crate::groups::daily;
use crate::sweep::{end_orphans, sweep};
use crate::{Engine, deliver, exports, external_audiences, lifecycle, members, retention, tracking};

/// How long a loop rests when it has nothing to do and nobody pokes it.
const POLL: Duration = Duration::from_millis(250);
/// How often the calendar is looked at.
const TICK: Duration = Duration::from_secs(1);
/// How often trips are looked for that nothing would ever move.
const SWEEP: Duration = Duration::from_secs(300);

/// How often mailboxes are looked into.
const MAILBOXES: Duration = Duration::from_secs(60);

/// What running until idle did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct IdleReport {
    /// Nothing is due any more; false: the time ran out before.
    pub idle: bool,
    /// Steps done.
    pub steps: u64,
    /// Nodes that travellers left.
    pub transitions: u64,
    /// Effects delivered, skipped or failed.
    pub effects: u64,
    /// Effects that are tried again later.
    pub retried_later: u64,
}

/// What a process does with effects; the dispatcher is one.
pub trait Deliver: Send + Sync {
    /// Delivers what is due, once. Returns how many effects were settled.
    fn deliver_once(&self) -> Result<u64, StoreError>;
    /// Takes in import files that have arrived. Returns whether there were any.
    fn take_in_files(&self) -> Result<bool, StoreError>;
    /// Keeps audiences in step with conditions and asks how they stand, where that is due. Returns whether anything was said.
    fn keep_audiences(&self) -> Result<bool, StoreError>;
    /// Fetches what came back about effects, where nobody brings it. Returns how much there was.
    fn fetch_returned(&self) -> Result<usize, StoreError>;
    /// Tries from outside whether the way out of messages is answered, where that is due.
    fn try_way_out(&self) -> Result<bool, StoreError>;
    /// Effects that wait for a later try.
    fn waiting(&self) -> Result<u64, StoreError>;
    /// Another process has claimed effects, or had when it ended: what became of them shows when its claim runs out.
    fn claimed_elsewhere(&self) -> Result<bool, StoreError>;
}

/// Whether anything is due now; says when something is next.
pub fn due_now(engine: &Engine) -> Result<(bool, Option<Timestamp>), StoreError> {
    engine.store().read(|s| {
        let now = s.now()?;
        let (due, inbox) = step::next_due(s)?;
        Ok((inbox || due.is_some_and(|at| at <= now), due))
    })
}

/// Steps, delivers and ticks in the foreground until nothing is due now, or until `timeout`.
pub fn run_until_idle(
    engine: &Engine,
    deliver: Option<&dyn Deliver>,
    timeout: Duration,
) -> Result<IdleReport, StoreError> {
    let started = Instant::now();
    let mut report = IdleReport::default();
    while started.elapsed() < timeout && !engine.stopping() {
        let mut worked = lifecycle::tick(engine)? | daily::tick(engine)?;
        worked |= deliver.map_or(Ok(false), Deliver::take_in_files)? | external_audiences::keep(engine)?;
        worked |= deliver::wake(engine)? > 0;
        worked |= tracking::tell_held_clicks(engine)? > 0;
        worked |= exports::tick(engine)?;
        while due_now(engine)?.0 && started.elapsed() < timeout {
            let Some(step) = engine.step()? else { break };
            report.steps += 1;
            report.transitions += step.transitions as u64;
            worked = true;
        }
        if let Some(deliver) = deliver {
            let settled = deliver.deliver_once()?;
            report.effects += settled;
            worked |= settled > 0;
            worked |= deliver.keep_audiences()?;
        }
        if worked {
            continue;
        }
        if deliver.map_or(Ok(false), Deliver::claimed_elsewhere)? {
            engine.rest(POLL);
            continue;
        }
        report.idle = true;
        break;
    }
    if let Some(deliver) = deliver {
        report.retried_later = deliver.waiting()?;
    }
    Ok(report)
}

/// The loops of a process. Dropping it stops them and waits for their end.
pub struct RuntimeHandle {
    engine: Engine,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for RuntimeHandle {
    fn drop(&mut self) {
        self.engine.stop();
        for thread in self.threads.drain(..) {
            // A loop that panicked has logged why.
            let _ = thread.join();
        }
    }
}

/// Starts the loops: `steppers` for steps, one for delivery, one for audiences, one for what comes back and whether the way out
/// is heard, one for the calendar, one for files that arrive, one for files that were asked for, one for the daily run over
/// buying groups and scores.
pub fn serve(
    engine: &Engine,
    deliver: Option<std::sync::Arc<dyn Deliver>>,
    steppers: usize,
) -> std::io::Result<RuntimeHandle> {
    let mut threads = Vec::new();
    let lookout = std::sync::Arc::new(Lookout::default());
    for number in 0..steppers.max(1) {
        let (engine, lookout) = (engine.clone(), std::sync::Arc::clone(&lookout));
        threads.push(spawn(&format!("step-{number}"), move || {
            repeat_told(&engine, POLL, |called| {
                if !called && lookout.looked_in_vain(Instant::now()) {
                    return Ok(false);
                }
                let due = due_now(&engine)?.0;
                lookout.looked(due, Instant::now());
                Ok(due && engine.step()?.is_some())
            });
        })?);
    }
    if let Some(deliver) = deliver {
        let engine = engine.clone();
        let (returns, listener) = (std::sync::Arc::clone(&deliver), engine.clone());
        let (arrivals, taker) = (std::sync::Arc::clone(&deliver), engine.clone());
        threads.push(spawn("imports", move || repeat(&taker, TICK, || arrivals.take_in_files()))?);
        let (audiences, keeper) = (std::sync::Arc::clone(&deliver), engine.clone());
        threads.push(spawn("audiences", move || repeat(&keeper, TICK, || audiences.keep_audiences()))?);
        threads.push(spawn("deliver", move || repeat(&engine, POLL, || Ok(deliver.deliver_once()? > 0)))?);
        threads.push(spawn("returned", move || {
            let mut looked = None::<Instant>;
            repeat(&listener, TICK, || {
                if looked.is_none_or(|at| at.elapsed() >= MAILBOXES) {
                    looked = Some(Instant::now());
                    returns.fetch_returned()?;
                }
                returns.try_way_out()
            });
        })?);
    }
    let calendar = engine.clone();
    threads.push(spawn("calendar", move || {
        let mut swept = Instant::now();
        repeat(&calendar, TICK, || {
            if swept.elapsed() >= SWEEP {
                swept = Instant::now();
                sweep(&calendar)?;
                end_orphans(&calendar)?;
            }
            let told = tracking::tell_held_clicks(&calendar)? > 0;
            Ok(lifecycle::tick(&calendar)? | (deliver::wake(&calendar)? > 0) | told)
        });
    })?);
    let chores = engine.clone();
    threads.push(spawn("chores", move || {
        repeat(&chores, TICK, || Ok(retention::tick(&chores)? | members::repair_daily(&chores)?))
    })?);
    let audiences = engine.clone();
    // A thread of its own: the one that keeps audiences of accounts waits for other systems.
    threads.push(spawn("external-audiences", move || {
        repeat(&audiences, TICK, || external_audiences::keep(&audiences));
    })?);
    let files = engine.clone();
    threads.push(spawn("exports", move || repeat(&files, TICK, || exports::tick(&files)))?);
    let groups = engine.clone();
    threads.push(spawn("groups", move || repeat(&groups, TICK, || daily::tick(&groups)))?);
    Ok(RuntimeHandle { engine: engine.clone(), threads })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// What the steppers of a process know of each other's looks: while one of them has just found nothing, the others need not
/// look, so that a process at rest looks as often as one stepper would, however many it has. Whoever finds something is no
/// reason to wait: there may be more.
#[derive(Default)]
struct Lookout {
    in_vain: Mutex<Option<Instant>>,
}

impl Lookout {
    /// Whether somebody has found nothing a moment ago.
    fn looked_in_vain(&self, now: Instant) -> bool {
        self.in_vain.lock().is_some_and(|at| now.duration_since(at) < POLL)
    }

    fn looked(&self, found: bool, now: Instant) {
        *self.in_vain.lock() = (!found).then_some(now);
    }
}

/// Works until told to stop; rests when there is nothing to do, longer while the store cannot be reached.
fn repeat(engine: &Engine, rest: Duration, mut work: impl FnMut() -> Result<bool, StoreError>) {
    repeat_told(engine, rest, |_| work());
}

/// The same for work that asks whether there is a reason to do it now: it was called, or has just done something.
fn repeat_told(engine: &Engine, rest: Duration, mut work: impl FnMut(bool) -> Result<bool, StoreError>) {
    let mut failures = 0_u32;
    let mut called = true;
    while !engine.stopping() {
        match work(called) {
            Ok(true) => (failures, called) = (0, true),
            Ok(false) => {
                failures = 0;
                called = engine.is_poked_within(rest);
            }
            Err(error) => {
                failures = (failures + 1).min(6);
                tracing::error!(%error, failures, "the runtime cannot work; it tries again");
                called = engine.is_poked_within(rest * 2_u32.pow(failures));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steppers that wake at these milliseconds after each other, each every 250 ms: when one of them looked, for so long.
    fn looks(offsets: &[u64], found: impl Fn(u64) -> bool, until: u64) -> Vec<u64> {
        let (lookout, start) = (Lookout::default(), Instant::now());
        let mut wakes: Vec<u64> = offsets
            .iter()
            .flat_map(|offset| (0..).map(move |n| offset + n * 250).take_while(|at| *at < until))
            .collect();
        wakes.sort_unstable();
        let mut looked = Vec::new();
        for at in wakes {
            let now = start + Duration::from_millis(at);
            if !lookout.looked_in_vain(now) {
                lookout.looked(found(at), now);
                looked.push(at);
            }
        }
        looked
    }

    #[test]
    fn steppers_at_rest_look_as_often_as_one_and_never_later() {
        for offsets in [&[0][..], &[0, 1], &[0, 80, 160, 240], &[0, 10, 20, 30, 100, 200, 249]] {
            let looked = looks(offsets, |_| false, 10_000);
            assert_eq!(looked.len(), 40, "{offsets:?}: {looked:?}");
            assert!(looked.windows(2).all(|pair| pair[1] - pair[0] <= POLL.as_millis() as u64), "{looked:?}");
        }
    }

    #[test]
    fn while_there_is_something_to_do_every_stepper_looks() {
        let looked = looks(&[0, 80, 160, 240], |_| true, 1_000);
        assert_eq!(looked.len(), 16, "{looked:?}");
    }
}
