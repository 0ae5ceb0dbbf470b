//! Who may enter a journey again, and when: the same rule for the audience, other journeys and those who are let in by hand.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;

/// How a traveller may enter again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reentry {
    /// What the delay counts from.
    pub after: ReentryAfter,
    /// How long to wait, in hours or days (`12h`, `30d`).
    pub delay: Duration,
    /// Entries allowed in total.
    #[schemars(range(min = 1))]
    pub limit: u32,
}

/// What a re-entry delay counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReentryAfter {
    /// The last entry.
    Start,
    /// The end of the last trip.
    End,
}

/// A traveller's latest trip through a journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastTrip {
    /// Entry 1, 2, 3 …
    pub entry: i64,
    /// When it began.
    pub entered_at: Timestamp,
    /// When it ended; none while it is under way.
    pub ended_at: Option<Timestamp>,
}

/// Why somebody may not enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoEntry {
    /// Its trip is under way.
    AlreadyInside,
    /// It was inside as often as the journey allows: once where it says nothing of re-entry.
    NoReentry,
    /// The delay is not over.
    TooEarly {
        /// When it will be.
        until: Timestamp,
    },
}

impl NoEntry {
    /// Stable.
    pub fn code(self) -> &'static str {
        match self {
            Self::AlreadyInside => "already_inside",
            Self::NoReentry => "no_reentry",
            Self::TooEarly { .. } => "reentry_too_early",
        }
    }
}

impl Reentry {
    /// Whether a trip may be followed by another one.
    pub fn allows_another(&self, entry: i64) -> bool {
        entry < i64::from(self.limit)
    }

    /// When a trip that ended at `ended_at` may be followed by another one.
    pub fn due(&self, entered_at: Timestamp, ended_at: Timestamp, zone: &TimeZone) -> Timestamp {
        let from = match self.after {
            ReentryAfter::Start => entered_at,
            ReentryAfter::End => ended_at,
        };
        self.delay.after(from, zone)
    }
}

/// Which entry it would be if a traveller entered now. `rule`: none, where the journey lets everybody in once.
///
/// # Errors
/// Why it may not.
pub fn next_entry(
    rule: Option<&Reentry>,
    last: Option<LastTrip>,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<i64, NoEntry> {
    let Some(last) = last else { return Ok(1) };
    let Some(ended_at) = last.ended_at else { return Err(NoEntry::AlreadyInside) };
    let Some(rule) = rule.filter(|rule| rule.allows_another(last.entry)) else { return Err(NoEntry::NoReentry) };
    match rule.due(last.entered_at, ended_at, zone) {
        due if due <= now => Ok(last.entry + 1),
        until => Err(NoEntry::TooEarly { until }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duration::Unit;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_delay_counts_from_where_the_rule_says_and_the_limit_counts_every_entry() {
        let rule = |after, limit| Reentry { after, delay: Duration::new(2, Unit::Hours).unwrap(), limit };
        let last = |entry, ended_at: Option<&str>| {
            Some(LastTrip { entry, entered_at: at("2026-12-01T09:00:00Z"), ended_at: ended_at.map(at) })
        };
        let (ended, now) = (Some("2026-12-01T10:30:00Z"), at("2026-12-01T11:00:00Z"));
        let next = |rule: Option<&Reentry>, last| next_entry(rule, last, now, &TimeZone::UTC);
        let (start, end) = (rule(ReentryAfter::Start, 3), rule(ReentryAfter::End, 3));
        assert_eq!(next(None, None), Ok(1));
        assert_eq!(next(None, last(1, ended)), Err(NoEntry::NoReentry));
        assert_eq!(next(Some(&start), last(1, None)), Err(NoEntry::AlreadyInside));
        assert_eq!(next(Some(&start), last(1, ended)), Ok(2));
        assert_eq!(next(Some(&end), last(1, ended)), Err(NoEntry::TooEarly { until: at("2026-12-01T12:30:00Z") }));
        assert_eq!(next(Some(&start), last(2, ended)), Ok(3));
        assert_eq!(next(Some(&start), last(3, ended)), Err(NoEntry::NoReentry));
    }
}
