//! A batch under way, shared by its workers. All of them run on the caller's thread and take turns.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::time::Instant;

use crate::connector::{Outcome, Outgoing};

/// A batch under way.
pub struct Run<'a> {
    batch: &'a [Outgoing],
    begun: Instant,
    /// Items that nobody has taken, the next one last.
    waiting: RefCell<Vec<usize>>,
    settled: RefCell<Vec<Option<Outcome>>>,
    connected: Cell<usize>,
    /// Set when the server cannot be reached: the rest of the batch need not find that out one by one.
    stopped: RefCell<Option<Outcome>>,
}

impl<'a> Run<'a> {
    pub fn new(batch: &'a [Outgoing]) -> Self {
        Self {
            batch,
            begun: Instant::now(),
            waiting: RefCell::new((0..batch.len()).rev().collect()),
            settled: RefCell::new(vec![None; batch.len()]),
            connected: Cell::new(0),
            stopped: RefCell::new(None),
        }
    }

    pub fn take(&self) -> Option<(usize, &'a Outgoing)> {
        let n = self.waiting.borrow_mut().pop()?;
        self.batch.get(n).map(|item| (n, item))
    }

    pub fn put_back(&self, n: usize) {
        self.waiting.borrow_mut().push(n);
    }

    pub fn settle(&self, n: usize, outcome: Outcome) {
        if let Some(place) = self.settled.borrow_mut().get_mut(n) {
            *place = Some(outcome);
        }
    }

    pub fn opened(&self) {
        self.connected.set(self.connected.get() + 1);
    }

    pub fn closed(&self) {
        self.connected.set(self.connected.get().saturating_sub(1));
    }

    pub fn anybody_connected(&self) -> bool {
        self.connected.get() > 0
    }

    /// Gives the rest of the batch this outcome too.
    pub fn stop(&self, outcome: Outcome) -> Outcome {
        self.stopped.borrow_mut().get_or_insert(outcome).clone()
    }

    /// The outcome of an item that need not be tried.
    pub fn why_stopped(&self, last_start: Duration) -> Option<Outcome> {
        let slow = || Outcome::retry("smtp_slow", "The mail server is too slow for the whole batch; the rest follows.");
        self.stopped.borrow().clone().or_else(|| (self.begun.elapsed() > last_start).then(slow))
    }

    /// One outcome for each item.
    pub fn outcomes(self) -> Vec<Outcome> {
        let untried = || Outcome::retry("not_tried", "The message was not tried.");
        self.settled.into_inner().into_iter().map(|outcome| outcome.unwrap_or_else(untried)).collect()
    }
}
