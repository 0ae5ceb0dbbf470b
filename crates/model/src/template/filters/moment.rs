//! Dates and times as templates see them: read from text, written as text.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use minijinja::{State, Value};

use super::{missing, of_message};
use crate::template::engine::shown;

/// A day, or an instant in a zone.
#[derive(Debug, Clone, PartialEq)]
pub enum Moment {
    /// A whole day, as attributes of type date hold it.
    Day(Date),
    /// An instant.
    At(Zoned),
}

impl Moment {
    /// Reads a date, a date and time, or milliseconds since 1970. What names no zone is in the message's.
    pub fn read(state: &State<'_, '_>, value: &Value) -> Option<Self> {
        let zone = zone_of(state);
        if let Some(millis) = value.as_i64().filter(|_| value.is_number()) {
            return Timestamp::from_millisecond(millis).ok().map(|at| Self::At(at.to_zoned(zone)));
        }
        let text = shown(value);
        let text = text.trim();
        if !text.contains(['T', 't', ' ']) {
            return text.parse().ok().map(Self::Day);
        }
        if text.contains('[') {
            return text.parse().ok().map(Self::At);
        }
        let instant = || text.parse::<Timestamp>().ok().map(|at| at.to_zoned(zone.clone()));
        let local = || text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok();
        instant().or_else(local).map(Self::At)
    }

    /// The clock of the message.
    pub fn now(state: &State<'_, '_>) -> Option<Self> {
        Self::read(state, &Value::from(of_message(state, "date_time")?))
    }

    /// As text: ISO 8601, seconds only where there are some, the zone in brackets where it has a name.
    pub fn write(&self) -> Value {
        match self {
            Self::Day(day) => day.to_string().into(),
            Self::At(at) => {
                let seconds = if at.second() == 0 { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%dT%H:%M:%S" };
                let local = at.strftime(seconds);
                match at.time_zone().iana_name() {
                    None if at.offset().is_zero() => format!("{local}Z"),
                    Some("UTC" | "Etc/UTC" | "Etc/Unknown") => format!("{local}Z"),
                    Some(name) => format!("{local}{}[{name}]", at.strftime("%:z")),
                    None => format!("{local}{}", at.strftime("%:z")),
                }
                .into()
            }
        }
    }

    /// The day, where the moment is.
    pub fn day(&self) -> Date {
        match self {
            Self::Day(day) => *day,
            Self::At(at) => at.date(),
        }
    }

    /// The instant; a day is its midnight in the message's zone.
    pub fn instant(&self, state: &State<'_, '_>) -> Option<Zoned> {
        match self {
            Self::Day(day) => day.to_zoned(zone_of(state)).ok(),
            Self::At(at) => Some(at.clone()),
        }
    }

    /// Days, months and years later.
    pub fn plus_calendar(&self, span: Span) -> Option<Self> {
        match self {
            Self::Day(day) => day.checked_add(span).ok().map(Self::Day),
            Self::At(at) => at.checked_add(span).ok().map(Self::At),
        }
    }

    /// The beginning of another day: a day stays one, an instant becomes that day's midnight.
    pub fn on(&self, day: Option<Date>) -> Option<Self> {
        let day = day?;
        match self {
            Self::Day(_) => Some(Self::Day(day)),
            Self::At(at) => day.to_zoned(at.time_zone().clone()).ok().map(Self::At),
        }
    }
}

/// The message's zone.
pub fn zone_of(state: &State<'_, '_>) -> TimeZone {
    of_message(state, "time_zone").and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC)
}

/// What a filter gives for a moment; what cannot be read or does not exist is missing.
pub fn written(moment: Option<Moment>) -> Value {
    moment.map_or_else(missing, |moment| moment.write())
}
