//! When a wait ends: after a duration, at a matching moment, or at an instant.
//!
//! Minutes and hours are exact; days, weeks and months are calendar units in the node's zone. With *must end on*, the
//! wait ends at the first matching moment that is not before the end of the duration. A local time that does not exist
//! is the first that does; one that exists twice is the first of the two.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::clock::{from_micros, to_micros, told};
use crate::duration::{Duration, first_instant};
use crate::finding::Finding;
use crate::suggest::did_you_mean;
use crate::value::shown;

/// When a traveller who waits goes on. Also the timeout of a listen node.
#[derive(Debug, Clone, PartialEq)]
pub enum Wait {
    /// After a duration, and then at the first matching moment.
    Duration {
        /// How long at least.
        duration: Duration,
        /// Which moments match; all of them when left out.
        must_end_on: Option<MustEndOn>,
    },
    /// At an instant; at once when it has passed.
    Until(Timestamp),
}

/// The moments at which a wait may end.
#[derive(Debug, Clone, PartialEq)]
pub struct MustEndOn {
    /// On these days of the week.
    pub days: Weekdays,
    /// At this time of day; midnight when left out.
    pub time: Option<Time>,
    /// On whose clock.
    pub zone: Zone,
}

/// On whose clock a wait is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Zone {
    /// The organisation's.
    #[default]
    Organisation,
    /// The traveller's own, else the organisation's.
    Own,
    /// This one.
    Named(TimeZone),
}

impl Zone {
    /// The zone itself.
    pub fn resolve<'a>(&'a self, own: Option<&'a TimeZone>, organisation: &'a TimeZone) -> &'a TimeZone {
        match self {
            Self::Organisation => organisation,
            Self::Own => own.unwrap_or(organisation),
            Self::Named(zone) => zone,
        }
    }
}

/// A set of days of the week, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays(u8);

impl Weekdays {
    /// All seven.
    pub const ALL: Self = Self(0b111_1111);

    /// These days; nothing when there are none.
    pub fn of(days: impl IntoIterator<Item = Weekday>) -> Option<Self> {
        let bits = days.into_iter().fold(0, |bits, day| bits | 1 << day.to_monday_zero_offset());
        (bits != 0).then_some(Self(bits))
    }

    /// Whether a day is in it.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }
}

/// A day of the week as manifests write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayName {
    /// Monday
    Mon,
    /// Tuesday
    Tue,
    /// Wednesday
    Wed,
    /// Thursday
    Thu,
    /// Friday
    Fri,
    /// Saturday
    Sat,
    /// Sunday
    Sun,
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// How `must_end_on` is written, for the schema that forms and editors come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MustEndOnForm {
    /// Days of the week; left out: any day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<DayName>>,
    /// Time of day, `HH:MM`; left out: 00:00.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub time: Option<String>,
    /// A time zone like `Europe/Berlin`, or `own`: the traveller's. Left out: the organisation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl Wait {
    /// When a wait that starts at `start` ends; never before it starts. `own` is the traveller's time zone.
    pub fn ends_at(&self, start: Timestamp, own: Option<&TimeZone>, organisation: &TimeZone) -> Timestamp {
        match self {
            Self::Until(at) => (*at).max(start),
            Self::Duration { duration, must_end_on: None } => duration.after(start, organisation),
            Self::Duration { duration, must_end_on: Some(moments) } => {
                let zone = moments.zone.resolve(own, organisation);
                moments.first_from(duration.after(start, zone), zone)
            }
        }
    }

    /// Whether the traveller's own time zone decides.
    pub fn needs_own_zone(&self) -> bool {
        matches!(self, Self::Duration { must_end_on: Some(MustEndOn { zone: Zone::Own, .. }), .. })
    }

    /// Reads the three settings of a wait or a timeout, which stand at `pointer` of the document.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(
        duration: Option<&str>,
        until: Option<Timestamp>,
        must_end_on: Option<&Json>,
        pointer: &str,
    ) -> Result<Self, Vec<Finding>> {
        match (duration, until) {
            (Some(text), None) => Self::read_duration(text, must_end_on, pointer),
            (None, Some(at)) => Self::read_until(at, must_end_on, pointer).map_err(|finding| vec![finding]),
            (None, None) => {
                let message = "Say how long: `duration` like 3d, or `until` with a date and time.";
                Err(vec![Finding::error("required", format!("{pointer}/duration"), message)])
            }
            (Some(_), Some(_)) => {
                let message = "`duration` and `until` do not go together. Keep one of them.";
                Err(vec![Finding::error("duration_and_until", format!("{pointer}/until"), message)])
            }
        }
    }

    fn read_duration(text: &str, must_end_on: Option<&Json>, pointer: &str) -> Result<Self, Vec<Finding>> {
        let duration: Result<Duration, _> = text.parse();
        let moments = must_end_on.map(|json| MustEndOn::read(json, &format!("{pointer}/must_end_on"))).transpose();
        match (duration, moments) {
            (Ok(duration), Ok(must_end_on)) => Ok(Self::Duration { duration, must_end_on }),
            (duration, moments) => {
                let mut findings = moments.err().unwrap_or_default();
                findings.extend(duration.err().map(|error| {
                    Finding::error("invalid_duration", format!("{pointer}/duration"), format!("{error}."))
                }));
                Err(findings)
            }
        }
    }

    fn read_until(at: Timestamp, must_end_on: Option<&Json>, pointer: &str) -> Result<Self, Finding> {
        if must_end_on.is_some() {
            let message = "`must_end_on` goes with `duration`, not with `until`. Remove it.";
            return Err(Finding::error("until_and_must_end_on", format!("{pointer}/must_end_on"), message));
        }
        // Whole microseconds, as instants are stored.
        Ok(Self::Until(from_micros(to_micros(at))))
    }

    /// In words, for cards: `3 days, then mon, fri at 09:00 (Europe/Berlin)`.
    pub fn describe(&self, organisation: &TimeZone) -> String {
        match self {
            Self::Until(at) => format!("until {}", told(*at)),
            Self::Duration { duration, must_end_on: None } => duration.in_words(),
            Self::Duration { duration, must_end_on: Some(moments) } => {
                format!("{}, then {}", duration.in_words(), moments.describe(organisation))
            }
        }
    }
}

impl MustEndOn {
    /// The first matching moment that is not before `from`.
    fn first_from(&self, from: Timestamp, zone: &TimeZone) -> Timestamp {
        // From the day before: what a skipped day held comes due on the next. Every day of the week comes in seven.
        let today = zone.to_datetime(from).date();
        let mut day = today.yesterday().unwrap_or(today);
        for _ in 0..=9 {
            match self.moment_of(day, zone) {
                Some(moment) if moment >= from => return moment,
                _ => {}
            }
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_) => break,
            }
        }
        from
    }

    /// The moment of a day, if that day matches.
    fn moment_of(&self, day: Date, zone: &TimeZone) -> Option<Timestamp> {
        let time = self.time.unwrap_or(Time::midnight());
        self.days.contains(day.weekday()).then(|| first_instant(day.to_datetime(time), zone)).flatten()
    }

    /// Reads `{days: [mon], time: "09:00", zone: Europe/Berlin}`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(json: &Json, pointer: &str) -> Result<Self, Vec<Finding>> {
        let Json::Object(object) = json else {
            let message =
                format!("`must_end_on` expects an object like {{days: [mon], time: \"09:00\"}}, not {}.", shown(json));
            return Err(vec![Finding::error("wrong_value_type", pointer, message)]);
        };
        let mut findings: Vec<Finding> = object.keys().filter_map(|key| unknown_key(key, pointer)).collect();
        let mut take = |finding: Finding| findings.push(finding);
        let days = read_days(object.get("days"), pointer).map_err(&mut take).ok();
        let time = read_time(object.get("time"), pointer).map_err(&mut take).ok();
        let zone = read_zone(object.get("zone"), pointer).map_err(&mut take).ok();
        if object.get("days").is_none() && object.get("time").is_none() {
            let message = "`must_end_on` needs `days`, `time` or both.";
            findings.push(Finding::error("required", format!("{pointer}/days"), message));
        }
        match (days, time, zone) {
            (Some(days), Some(time), Some(zone)) if findings.is_empty() => Ok(Self { days, time, zone }),
            _ => Err(findings),
        }
    }

    fn describe(&self, organisation: &TimeZone) -> String {
        let days: Vec<&str> = DAYS.iter().filter(|(_, day)| self.days.contains(*day)).map(|(name, _)| *name).collect();
        let days = if self.days == Weekdays::ALL { "any day".to_owned() } else { days.join(", ") };
        let time = self.time.unwrap_or(Time::midnight()).strftime("%H:%M");
        let zone = match &self.zone {
            Zone::Organisation => organisation.iana_name().unwrap_or("UTC"),
            Zone::Own => "own time zone",
            Zone::Named(zone) => zone.iana_name().unwrap_or("UTC"),
        };
        format!("{days} at {time} ({zone})")
    }
}

fn unknown_key(key: &str, pointer: &str) -> Option<Finding> {
    const KEYS: [&str; 3] = ["days", "time", "zone"];
    let hint = did_you_mean(key, KEYS);
    let message = format!("`{key}` is not known here; `must_end_on` takes days, time and zone.{hint}");
    let place = key.replace('~', "~0").replace('/', "~1");
    (!KEYS.contains(&key)).then(|| Finding::error("unknown_field", format!("{pointer}/{place}"), message))
}

fn read_days(json: Option<&Json>, pointer: &str) -> Result<Weekdays, Finding> {
    let refuse =
        |code: &str, place: String, message: String| Finding::error(code, format!("{pointer}/days{place}"), message);
    let Some(json) = json else { return Ok(Weekdays::ALL) };
    let Json::Array(list) = json else {
        let message = format!("`days` expects a list like [mon, tue], not {}.", shown(json));
        return Err(refuse("wrong_value_type", String::new(), message));
    };
    let mut days = Vec::new();
    for (n, one) in list.iter().enumerate() {
        let found = DAYS.iter().find(|(name, _)| one == name).map(|(_, day)| *day);
        days.push(found.ok_or_else(|| {
            let message = format!("Expected mon, tue, wed, thu, fri, sat or sun, not {}.", shown(one));
            refuse("unknown_day", format!("/{n}"), message)
        })?);
    }
    let message = "`days` is empty. Name at least one day, or leave it out for any day.";
    Weekdays::of(days).ok_or_else(|| refuse("empty_list", String::new(), message.to_owned()))
}

fn read_time(json: Option<&Json>, pointer: &str) -> Result<Option<Time>, Finding> {
    let Some(json) = json else { return Ok(None) };
    let shape = |text: &&str| text.len() == "09:00".len();
    let time = json.as_str().filter(shape).and_then(|text| Time::strptime("%H:%M", text).ok());
    time.map(Some).ok_or_else(|| {
        let message = format!("`time` expects a time of day like \"09:00\", in quotes, not {}.", shown(json));
        Finding::error("wrong_value_type", format!("{pointer}/time"), message)
    })
}

fn read_zone(json: Option<&Json>, pointer: &str) -> Result<Zone, Finding> {
    let Some(json) = json else { return Ok(Zone::Organisation) };
    let zone = match json.as_str() {
        Some("own") => Some(Zone::Own),
        Some(name) => TimeZone::get(name).ok().map(Zone::Named),
        None => None,
    };
    zone.ok_or_else(|| {
        let message = format!("`zone` expects `own` or a time zone like Europe/Berlin, not {}.", shown(json));
        Finding::error("unknown_time_zone", format!("{pointer}/zone"), message)
    })
}

#[cfg(test)]
mod tests;
