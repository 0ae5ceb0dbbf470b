//! The nights of a simulation: what the daily run does in truth, at its hour in virtual time.
//!
//! The first night looks at every list and every group again, since somebody may have changed data behind the back of the
//! store that was copied. Behind the copy's back nobody does, so later nights have only scores to work out, and sleep when
//! nobody has any: scores that are all 0 stay so until somebody does something that counts.

use caravan_store::{StoreError, engagement as stored};
use jiff::Timestamp;

use crate::groups::{daily, engagement};
use crate::{Engine, members};

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Lists and groups, at the first night.
    Everything,
    /// Scores, at the next night.
    Scores,
    /// Scores, as soon as lists and groups are done.
    ScoresNow,
    /// Nothing, until somebody does something that counts.
    Nothing,
}

pub(super) struct Nights {
    next: Next,
    at: Timestamp,
    /// The newest activity that was looked at.
    seen: i64,
}

impl Nights {
    /// From now on.
    pub fn new(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self { next: Next::Everything, at: daily::next_night(engine)?, seen: 0 })
    }

    /// When something is to be done next.
    pub fn next_at(&mut self, engine: &Engine) -> Result<Option<Timestamp>, StoreError> {
        if self.next == Next::Nothing && self.news(engine)? {
            *self = Self { next: Next::Scores, at: daily::next_night(engine)?, ..*self };
        }
        Ok((self.next != Next::Nothing).then_some(self.at))
    }

    /// Does what is due. True when there was anything.
    pub fn work(&mut self, engine: &Engine) -> Result<bool, StoreError> {
        let next = if engine.clock().now() < self.at { Next::Nothing } else { self.next };
        match next {
            Next::Nothing => return Ok(false),
            Next::Everything => {
                daily::maintain(engine)?;
                members::repair_all(engine)?;
                self.next = Next::ScoresNow;
            }
            Next::Scores | Next::ScoresNow => {
                self.news(engine)?;
                let scored = engagement::run(engine)?;
                self.next = if scored.people > 0 { Next::Scores } else { Next::Nothing };
                self.at = daily::next_night(engine)?;
            }
        }
        Ok(true)
    }

    /// Whether anybody did something that counts since this was last asked.
    fn news(&mut self, engine: &Engine) -> Result<bool, StoreError> {
        let (newest, counts) = engine.store().read(|s| {
            let live = engine.live(s)?;
            let types: Vec<String> = live.weighting.counting().map(str::to_owned).collect();
            stored::newest(s, &types, self.seen)
        })?;
        self.seen = newest;
        Ok(counts)
    }
}
