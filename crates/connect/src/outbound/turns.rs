//! Turns at another system's door, where the limit holds for everybody who calls it: for all processes of a store together.

use std::sync::Arc;
use std::time::Duration;

use crate::connector::Outcome;

/// What a system allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Calls that may begin within a window.
    pub per_window: u32,
    /// How long the window is.
    pub window: Duration,
    /// Calls that may be under way at once.
    pub at_once: u32,
    /// Calls a day.
    pub per_day: u32,
    /// The day as the system counts it, `2026-12-01`.
    pub day: String,
    /// The longest that a call takes: one that was not ended by then died with its process.
    pub patience: Duration,
}

impl Allowed {
    /// Any number of calls, but so many at once.
    pub fn at_once(calls: usize, patience: Duration) -> Self {
        Self {
            per_window: u32::MAX,
            window: Duration::from_secs(1),
            at_once: u32::try_from(calls).unwrap_or(u32::MAX),
            per_day: u32::MAX,
            day: String::new(),
            patience,
        }
    }
}

/// Whether a call may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Now. It is under way until it is [ended](SharedTurns::end).
    Granted(i64),
    /// Not yet: ask again after this long.
    Wait(Duration),
    /// Not today.
    UsedUp,
}

/// Counts calls for all processes. Blocks while it asks.
pub trait SharedTurns: Send + Sync {
    /// Asks for a turn at the door `whose`.
    ///
    /// # Errors
    /// Nobody can count now, for people.
    fn begin(&self, whose: &str, allowed: &Allowed) -> Result<Turn, String>;

    /// Whether other processes may make calls too.
    fn has_company(&self) -> bool;

    /// The call of a turn is over.
    fn end(&self, whose: &str, turn: i64);

    /// The system said that too many calls were made: nobody begins one for this long.
    fn rest(&self, whose: &str, pause: Duration);
}

/// Turns, where a process shares them with others.
#[derive(Clone, Default)]
pub struct Turns(pub(super) Option<Arc<dyn SharedTurns>>);

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Turns(shared: {})", self.0.is_some())
    }
}

/// A turn that ends with its value.
pub struct Held {
    end: Option<Box<dyn FnOnce() + Send>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            // Ending waits for the store; the caller may stand on a thread that drives sockets.
            tokio::task::spawn_blocking(end);
        }
    }
}

impl Turns {
    /// Waits for a turn; none when the day's calls are used up. Where nobody shares, there is nothing to wait for.
    ///
    /// # Errors
    /// Nobody can count now.
    pub async fn take(&self, whose: &str, allowed: &Allowed) -> Result<Option<Held>, String> {
        let Some(shared) = self.0.clone() else { return Ok(Some(Held { end: None })) };
        loop {
            let (asked, name, wanted) = (Arc::clone(&shared), whose.to_owned(), allowed.clone());
            let turn = tokio::task::spawn_blocking(move || asked.begin(&name, &wanted));
            match turn.await.map_err(|error| error.to_string())?? {
                Turn::Granted(turn) => {
                    let name = whose.to_owned();
                    return Ok(Some(Held { end: Some(Box::new(move || shared.end(&name, turn))) }));
                }
                Turn::Wait(pause) => tokio::time::sleep(pause).await,
                Turn::UsedUp => return Ok(None),
            }
        }
    }

    /// Waits for one of so many calls at once at the door `whose`. A process that is alone keeps to its own number of
    /// calls, and there is nothing to wait for.
    ///
    /// # Errors
    /// Nobody can count now: [`Outcome::Shut`].
    pub async fn one_of(&self, whose: &str, calls: usize, patience: Duration) -> Result<Held, Outcome> {
        if self.0.as_ref().is_none_or(|shared| !shared.has_company()) {
            return Ok(Held { end: None });
        }
        match self.take(whose, &Allowed::at_once(calls, patience)).await {
            Ok(Some(held)) => Ok(held),
            Ok(None) => Err(Outcome::shut("turns_unavailable", "Too many calls were made today.")),
            Err(why) => Err(Outcome::shut("turns_unavailable", format!("Calls cannot be counted now: {why}"))),
        }
    }

    /// Nobody begins a call for this long.
    pub fn rest(&self, whose: &str, pause: Duration) {
        if let Some(shared) = self.0.clone() {
            let whose = whose.to_owned();
            tokio::task::spawn_blocking(move || shared.rest(&whose, pause));
        }
    }
}
