//! Turns at other systems' doors, counted in the store: any number of processes look like one to the other side.

use std::time::Duration;

use caravan_connect::outbound::{Allowed, SharedTurns, Turn};
use caravan_store::{Dialect, Store, turns};
use jiff::SignedDuration;

/// Turns of a store.
pub struct StoreTurns(Store);

impl StoreTurns {
    /// Counted in this store.
    pub fn new(store: &Store) -> Self {
        Self(store.clone())
    }
}

impl SharedTurns for StoreTurns {
    fn begin(&self, whose: &str, allowed: &Allowed) -> Result<Turn, String> {
        let counted = turns::Allowed {
            per_window: allowed.per_window.into(),
            window: SignedDuration::try_from(allowed.window).unwrap_or(SignedDuration::MAX),
            at_once: allowed.at_once.into(),
            per_day: allowed.per_day.into(),
            day: &allowed.day,
            lost_after: SignedDuration::try_from(allowed.patience).unwrap_or(SignedDuration::MAX),
        };
        let asked = self.0.write(|s| {
            let now = s.now()?;
            Ok::<_, caravan_store::StoreError>((turns::begin(s, whose, &counted, now)?, now))
        });
        match asked.map_err(|error| error.to_string())? {
            (turns::Turn::Granted(turn), _) => Ok(Turn::Granted(turn)),
            (turns::Turn::UsedUp, _) => Ok(Turn::UsedUp),
            (turns::Turn::Wait(until), now) => {
                Ok(Turn::Wait(until.duration_since(now).try_into().unwrap_or(Duration::ZERO)))
            }
        }
    }

    fn has_company(&self) -> bool {
        // An embedded store has one runtime.
        self.0.dialect() == Dialect::Postgres
    }

    fn end(&self, whose: &str, turn: i64) {
        if let Err(error) = self.0.write(|s| turns::end(s, whose, turn)) {
            tracing::warn!(%error, whose, "the end of a call is not counted; its place is free again when it must have ended");
        }
    }

    fn rest(&self, whose: &str, pause: Duration) {
        let pause = SignedDuration::try_from(pause).unwrap_or_default();
        let done = self.0.write(|s| {
            let until = s.now()? + pause;
            turns::rest(s, whose, until)
        });
        if let Err(error) = done {
            tracing::warn!(%error, whose, "a rest that another system asked for is not told to other processes");
        }
    }
}
