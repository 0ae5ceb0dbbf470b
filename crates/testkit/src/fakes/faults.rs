//! Misbehaviour on demand: the nth call of a path does something else than it should.

use std::time::Duration;

use parking_lot::Mutex;

/// How a call goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An answer of this system's own kind with this code, nothing done.
    CodeBefore(&'static str),
    /// The same, after everything was done.
    CodeAfter(&'static str),
    /// This HTTP status with an HTML page, nothing done.
    Status(u16),
    /// Everything done, then the connection ends without an answer.
    HangUpAfter,
    /// The connection ends without an answer, nothing done.
    HangUpBefore,
    /// Everything done, the answer is not what it should be.
    Garbage,
    /// Everything done, the answer ends in its middle.
    Truncated,
    /// Everything done, the answer comes this much later.
    Slow(Duration),
    /// Everything done, the answer tells of the first half of what was asked.
    Short,
}

/// Faults that wait for their call.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Planned>>);

#[derive(Debug)]
struct Planned {
    path: String,
    /// Calls of the path to let through before.
    after: usize,
    /// Calls to spoil.
    times: usize,
    fault: Fault,
}

impl Faults {
    /// After `after` more calls whose path contains `path`, the next `times` go wrong.
    pub fn plan(&self, path: &str, after: usize, times: usize, fault: Fault) {
        self.0.lock().push(Planned { path: path.to_owned(), after, times, fault });
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.0.lock().clear();
    }

    /// What is to go wrong with this call.
    pub fn of(&self, path: &str) -> Option<Fault> {
        let mut planned = self.0.lock();
        let hit = planned.iter_mut().find(|planned| path.contains(&planned.path))?;
        if hit.after > 0 {
            hit.after -= 1;
            return None;
        }
        let fault = hit.fault.clone();
        hit.times = hit.times.saturating_sub(1);
        planned.retain(|planned| planned.times > 0);
        Some(fault)
    }
}
