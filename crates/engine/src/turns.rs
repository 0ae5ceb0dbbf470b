//! Turns at other systems' doors, counted in the store: any number of processes look like one to the other side.

use std::time::Duration;

use caravan_connect::outbound::{Allowed, SharedTurns, Turn};
use caravan_store::{Dialect, Presence, Store, StoreError, turns};
use jiff::SignedDuration;
use parking_lot::Mutex;

/// Turns of a store.
pub struct StoreTurns {
    store: Store,
    /// Shows that this process is there, from its first call on: what it had under way ends with it.
    presence: Mutex<Option<Presence>>,
}

impl StoreTurns {
    /// Counted in this store.
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone(), presence: Mutex::new(None) }
    }

    /// What this process shows itself by. Without it, calls that are never ended count until they must have.
    fn process(&self) -> Option<i64> {
        let mut presence = self.presence.lock();
        if let Some(shown) = presence.as_ref().filter(|presence| presence.is_shown()) {
            return Some(shown.number);
        }
        let former = presence.take().map(|lost| lost.number);
        match self.show(former) {
            Ok(shown) => *presence = shown,
            Err(error) => {
                tracing::warn!(%error, "other processes are not shown that this one is there");
            }
        }
        presence.as_ref().map(|shown| shown.number)
    }

    fn show(&self, former: Option<i64>) -> Result<Option<Presence>, StoreError> {
        let presence = self.store.presence()?;
        if let (Some(former), Some(shown)) = (former, &presence) {
            self.store.write(|s| turns::renumbered(s, former, shown.number))?;
        }
        Ok(presence)
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
        let process = self.process();
        let asked = self.store.write(|s| {
            let now = s.now()?;
            Ok::<_, StoreError>((turns::begin(s, whose, &counted, process, now)?, now))
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
        self.store.dialect() == Dialect::Postgres
    }

    fn end(&self, whose: &str, turn: i64) {
        if let Err(error) = self.store.write(|s| turns::end(s, whose, turn)) {
            tracing::warn!(%error, whose, "the end of a call is not counted; its place is free again when it must have ended");
        }
    }

    fn rest(&self, whose: &str, pause: Duration) {
        let pause = SignedDuration::try_from(pause).unwrap_or_default();
        let done = self.store.write(|s| {
            let until = s.now()? + pause;
            turns::rest(s, whose, until)
        });
        if let Err(error) = done {
            tracing::warn!(%error, whose, "a rest that another system asked for is not told to other processes");
        }
    }
}
