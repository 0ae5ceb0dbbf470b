//! Durations as people write them: `30m`, `4h`, `3d`, `2w`, `1mo`.
//!
//! Minutes and hours are exact; days, weeks and months are units of the calendar in a zone, months clamped to the last
//! day. A local time that daylight saving skips moves to the first that exists; one that exists twice is the first.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a duration counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Exactly 60 seconds each.
    Minutes,
    /// Exactly 60 minutes each.
    Hours,
    /// Days of the calendar.
    Days,
    /// Seven days of the calendar each.
    Weeks,
    /// Months of the calendar.
    Months,
}

impl Unit {
    const ALL: [Self; 5] = [Self::Minutes, Self::Hours, Self::Days, Self::Weeks, Self::Months];

    /// What follows the number.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Minutes => "m",
            Self::Hours => "h",
            Self::Days => "d",
            Self::Weeks => "w",
            Self::Months => "mo",
        }
    }

    /// The longest duration, about ten years, in this unit.
    fn most(self) -> u32 {
        match self {
            Self::Minutes => 5_270_400,
            Self::Hours => 87_840,
            Self::Days => 3_660,
            Self::Weeks => 523,
            Self::Months => 120,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Minutes => "minute",
            Self::Hours => "hour",
            Self::Days => "day",
            Self::Weeks => "week",
            Self::Months => "month",
        }
    }
}

/// An amount of one unit, at most about ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Duration {
    amount: u32,
    unit: Unit,
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self { amount: 0, unit: Unit::Minutes };

    /// So many days, at most 255.
    pub const fn days(amount: u8) -> Self {
        Self { amount: amount as u32, unit: Unit::Days }
    }

    /// So many of a unit, or nothing when that is too long.
    pub fn new(amount: u32, unit: Unit) -> Option<Self> {
        (amount <= unit.most()).then_some(Self { amount, unit })
    }

    /// How many.
    pub fn amount(self) -> u32 {
        self.amount
    }

    /// Of what.
    pub fn unit(self) -> Unit {
        self.unit
    }

    /// Whether it is counted in the calendar of a zone.
    pub fn is_calendar(self) -> bool {
        !matches!(self.unit, Unit::Minutes | Unit::Hours)
    }

    /// The instant that lies this much after `start`; never before it.
    pub fn after(self, start: Timestamp, zone: &TimeZone) -> Timestamp {
        self.shifted(start, zone, 1).unwrap_or(Timestamp::MAX).max(start)
    }

    /// The instant that lies this much before `end`; never after it, and never earlier for a later `end`: what a window that
    /// moves with now has let go does not come back. So a month before 29, 30 and 31 March is the end of February, which is
    /// the first instant of March, and an hour that clocks show twice counts from its end the second time.
    pub fn before(self, end: Timestamp, zone: &TimeZone) -> Timestamp {
        self.back(end, zone).unwrap_or(Timestamp::MIN).min(end)
    }

    fn back(self, end: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if !self.is_calendar() {
            return self.shifted(end, zone, -1);
        }
        let local = local_that_never_returns(end, zone)?;
        let start = local.checked_sub(self.span(1)?).ok()?;
        let clamped = self.unit == Unit::Months && start.day() != local.day();
        first_instant(if clamped { start.date().tomorrow().ok()?.into() } else { start }, zone)
    }

    fn shifted(self, from: Timestamp, zone: &TimeZone, sign: i64) -> Option<Timestamp> {
        let span = self.span(sign)?;
        match self.unit {
            Unit::Minutes | Unit::Hours => from.checked_add(span).ok(),
            _ => first_instant(zone.to_datetime(from).checked_add(span).ok()?, zone),
        }
    }

    fn span(self, sign: i64) -> Option<Span> {
        let amount = i64::from(self.amount) * sign;
        match self.unit {
            Unit::Minutes => Span::new().try_minutes(amount),
            Unit::Hours => Span::new().try_hours(amount),
            Unit::Days => Span::new().try_days(amount),
            Unit::Weeks => Span::new().try_weeks(amount),
            Unit::Months => Span::new().try_months(amount),
        }
        .ok()
    }

    /// `3 days`.
    pub fn in_words(self) -> String {
        let plural = if self.amount == 1 { "" } else { "s" };
        format!("{} {}{plural}", self.amount, self.unit.word())
    }
}

/// What the clocks of a zone show at `at`; when they show an hour the second time, the end of that hour.
fn local_that_never_returns(at: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    let local = zone.to_datetime(at);
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Fold { before, after } if zone.to_offset(at) == after => {
            let second_time = after.to_timestamp(local).ok()?.checked_add(jiff::SignedDuration::from_nanos(1)).ok()?;
            Some(before.to_datetime(zone.preceding(second_time).next()?.timestamp()))
        }
        _ => Some(local),
    }
}

/// The first instant at which the clocks of a zone show `local`, or, when they skip it, the first that they show after.
pub fn first_instant(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            // Read with the later offset, a skipped time lies before the change of clocks.
            let shortly_before = after.to_timestamp(local).ok()?;
            zone.following(shortly_before).next().map(|change| change.timestamp())
        }
    }
}

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a duration; write a number and m, h, d, w or mo, like 30m, 4h, 3d, 2w or 1mo, up to ten years")]
pub struct NotADuration(String);

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let refuse = || NotADuration(text.chars().take(40).collect());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (amount, suffix) = text.split_at_checked(digits).ok_or_else(refuse)?;
        let unit = Unit::ALL.into_iter().find(|unit| unit.suffix() == suffix).ok_or_else(refuse)?;
        amount.parse().ok().and_then(|amount| Self::new(amount, unit)).ok_or_else(refuse)
    }
}

impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.amount, self.unit.suffix())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+(m|h|d|w|mo)$",
            "description": "Minutes, hours, days, weeks or months; the last three in the calendar.",
            "examples": ["30m", "4h", "3d", "2w", "1mo"],
            "x-reader": "duration",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn durations_read_and_print_as_people_write_them() {
        for text in ["30m", "4h", "3d", "2w", "1mo", "0m"] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration.to_string(), text);
            assert_eq!(serde_json::to_string(&duration).unwrap(), format!("\"{text}\""));
        }
        for text in ["", "3", "d", "3 d", "-3d", "3D", "1.5h", "3dd", "١d", "99999999999m", "121mo", "3d4h", "é"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn hours_are_exact_and_days_follow_the_calendar() {
        let berlin = zone("Europe/Berlin");
        let after = |text: &str, start: &str| text.parse::<Duration>().unwrap().after(at(start), &berlin).to_string();
        // The night of 28 March 2027 has 23 hours.
        assert_eq!(after("24h", "2027-03-27T11:00:00Z"), "2027-03-28T11:00:00Z");
        assert_eq!(after("1d", "2027-03-27T11:00:00Z"), "2027-03-28T10:00:00Z");
        assert_eq!(after("1w", "2027-03-27T11:00:00Z"), "2027-04-03T10:00:00Z");
        // 02:30 does not exist on that day: 03:00 is the first that does.
        assert_eq!(after("1d", "2027-03-27T01:30:00Z"), "2027-03-28T01:00:00Z");
        // 02:30 exists twice on 31 October: the first.
        assert_eq!(after("1d", "2027-10-30T00:30:00Z"), "2027-10-31T00:30:00Z");
        // Nothing goes back in time, not even from the second 02:30.
        assert_eq!(after("0d", "2027-10-31T01:30:00Z"), "2027-10-31T01:30:00Z");
    }

    #[test]
    fn what_a_window_has_let_go_does_not_come_back() {
        let before = |text: &str, end: &str, name: &str| {
            text.parse::<Duration>().unwrap().before(at(end), &zone(name)).to_string()
        };
        assert_eq!(before("1mo", "2027-03-28T12:00:00Z", "UTC"), "2027-02-28T12:00:00Z");
        assert_eq!(before("1mo", "2027-03-29T00:00:00Z", "UTC"), "2027-03-01T00:00:00Z");
        assert_eq!(before("1mo", "2027-03-31T12:00:00Z", "UTC"), "2027-03-01T00:00:00Z");
        assert_eq!(before("1mo", "2027-04-01T12:00:00Z", "UTC"), "2027-03-01T12:00:00Z");
        // On 31 October 02:30 comes twice in Berlin; the second time counts as 03:00.
        assert_eq!(before("1d", "2027-10-31T00:30:00Z", "Europe/Berlin"), "2027-10-30T00:30:00Z");
        assert_eq!(before("1d", "2027-10-31T01:30:00Z", "Europe/Berlin"), "2027-10-30T01:00:00Z");
        assert_eq!(before("1d", "2027-10-31T02:00:00Z", "Europe/Berlin"), "2027-10-30T01:00:00Z");
    }

    #[test]
    fn months_are_clamped_to_the_last_day() {
        let after =
            |text: &str, start: &str| text.parse::<Duration>().unwrap().after(at(start), &TimeZone::UTC).to_string();
        assert_eq!(after("1mo", "2027-01-31T12:00:00Z"), "2027-02-28T12:00:00Z");
        assert_eq!(after("1mo", "2028-01-31T12:00:00Z"), "2028-02-29T12:00:00Z");
        assert_eq!(after("2mo", "2027-01-31T12:00:00Z"), "2027-03-31T12:00:00Z");
        assert_eq!(
            "1mo".parse::<Duration>().unwrap().before(at("2027-03-31T12:00:00Z"), &TimeZone::UTC),
            at("2027-03-01T00:00:00Z")
        );
    }

    #[test]
    fn a_day_that_a_zone_skipped_moves_to_the_next() {
        // Samoa had no 30 December 2011.
        let apia = zone("Pacific/Apia");
        let start = at("2011-12-29T22:00:00Z"); // 29 December, 12:00 there
        assert_eq!(Duration::new(1, Unit::Days).unwrap().after(start, &apia), at("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn the_ends_of_time_are_not_passed() {
        let long = Duration::new(120, Unit::Months).unwrap();
        assert_eq!(long.after(Timestamp::MAX, &TimeZone::UTC), Timestamp::MAX);
        assert_eq!(long.before(Timestamp::MIN, &TimeZone::UTC), Timestamp::MIN);
    }
}
