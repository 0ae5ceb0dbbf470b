//! A bounded number of connections, lent out one at a time.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error::StoreError;

/// Lends connections; makes new ones up to the limit, then callers wait.
pub(crate) struct Pool<C> {
    state: Mutex<State<C>>,
    returned: Condvar,
    limit: usize,
}

struct State<C> {
    idle: Vec<C>,
    open: usize,
}

/// How long a caller waits for a connection before it is told that the store is busy.
const PATIENCE: Duration = Duration::from_secs(30);

impl<C> Pool<C> {
    pub(crate) fn new(limit: usize) -> Self {
        let state = State { idle: Vec::new(), open: 0 };
        Self { state: Mutex::new(state), returned: Condvar::new(), limit: limit.max(1) }
    }

    /// The connection used last that is still `alive`, or a new one from `connect`.
    pub(crate) fn take(
        &self,
        alive: impl Fn(&C) -> bool,
        connect: impl FnOnce() -> Result<C, StoreError>,
    ) -> Result<Lent<'_, C>, StoreError> {
        let mut state = self.state.lock();
        loop {
            while let Some(connection) = state.idle.pop() {
                if alive(&connection) {
                    return Ok(Lent { pool: self, connection: Some(connection) });
                }
                state.open -= 1;
            }
            if state.open < self.limit {
                break;
            }
            if self.returned.wait_for(&mut state, PATIENCE).timed_out() {
                return Err(StoreError::Busy(format!("all {} connections are in use", self.limit)));
            }
        }
        state.open += 1;
        drop(state);
        // An error (or panic) drops `lent`, which gives the place back.
        let mut lent = Lent { pool: self, connection: None };
        lent.connection = Some(connect()?);
        Ok(lent)
    }
}

/// A connection on loan; it goes back when dropped.
pub(crate) struct Lent<'a, C> {
    pool: &'a Pool<C>,
    connection: Option<C>,
}

impl<C> Lent<'_, C> {
    /// Closes the connection instead of giving it back.
    pub(crate) fn discard(mut self) {
        self.connection = None;
    }
}

impl<C> Deref for Lent<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.connection.as_ref().expect("a lent connection is there until it is dropped")
    }
}

impl<C> DerefMut for Lent<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        self.connection.as_mut().expect("a lent connection is there until it is dropped")
    }
}

impl<C> Drop for Lent<'_, C> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        match self.connection.take() {
            Some(connection) => state.idle.push(connection),
            None => state.open -= 1,
        }
        drop(state);
        self.pool.returned.notify_one();
    }
}
