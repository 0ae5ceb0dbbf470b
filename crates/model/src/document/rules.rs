//! Communication limits and quiet hours, and when their windows begin and end.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Definition, Envelope};
use crate::duration::first_instant;
use crate::finding::Finding;

/// Communication limits and quiet hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Whether it holds for every message, or only for those that name it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub global: bool,
    /// Zone of the calendar windows; left out: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How many messages in a window; the tightest reached one stops a message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
    /// How many people of one account get a message in a window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_pressure: Vec<AccountPressure>,
    /// When nothing is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub quiet_hours: Vec<QuietHours>,
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// What people read.
    pub name: String,
    /// What is counted together.
    #[schemars(length(min = 1))]
    pub channels: Vec<Channel>,
    /// Messages in a window.
    #[schemars(range(min = 1))]
    pub at_most: u32,
    /// The window.
    pub per: Period,
    /// Several windows taken as one.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    #[schemars(range(min = 1, max = 30))]
    pub every: u32,
}

/// How many people of one account may be written to in a window: messages to the same people count once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPressure {
    /// What people read.
    pub name: String,
    /// What is counted together.
    #[schemars(length(min = 1))]
    pub channels: Vec<Channel>,
    /// People of one account in a window.
    #[schemars(range(min = 1))]
    pub people_at_most: u32,
    /// The window.
    pub per: Period,
    /// Several windows taken as one.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    #[schemars(range(min = 1, max = 30))]
    pub every: u32,
}

fn once() -> u32 {
    1
}

fn is_once(n: &u32) -> bool {
    *n == 1
}

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By email.
    Email,
    /// By text message.
    Sms,
}

/// A calendar window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Period {
    Hour,
    Day,
    Week,
    Month,
}

/// Hours in which nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// Days of the week on which they begin; left out: every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// Dates on which they begin (`2026-12-24`), instead of days of the week.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<jiff::civil::Date>,
    /// From this time of day (`21:00`).
    pub from: String,
    /// Until this time of day (`08:00`), the next day if it is not later; the same as `from`: the whole day.
    pub to: String,
    /// A named zone, or `own` for the recipient's (who has none is not restricted); left out: the organisation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What becomes of a message in them.
    pub then: QuietThen,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// What becomes of a message in quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuietThen {
    /// Sent when they end.
    Queue,
    /// Dropped.
    Discard,
}

impl Definition for RuleSet {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.caps.is_empty() && self.account_pressure.is_empty() && self.quiet_hours.is_empty() {
            let message = "The rule set has no rules. Add `caps`, `account_pressure` or `quiet_hours`.";
            findings.push(Finding::error("no_rules", "", message));
        }
        findings.extend(self.time_zone.as_ref().and_then(|zone| known_zone(zone, "/time_zone")));
        let names: Vec<&str> = self.names().collect();
        for (n, name) in names.iter().enumerate().filter(|(n, name)| names[..*n].contains(name)) {
            let message = format!("Two caps are called `{name}`; they would be counted as one. Rename one of them.");
            findings.push(Finding::error("duplicate_name", format!("/caps/{n}/name"), message));
        }
        let caps = self.caps.iter().map(|cap| (cap.per, cap.every)).enumerate();
        let pressure = self.account_pressure.iter().map(|cap| (cap.per, cap.every)).enumerate();
        findings.extend(caps.filter_map(|(n, window)| too_wide(window, &format!("/caps/{n}/every"))));
        findings.extend(pressure.filter_map(|(n, window)| too_wide(window, &format!("/account_pressure/{n}/every"))));
        for (n, hours) in self.quiet_hours.iter().enumerate() {
            let at = format!("/quiet_hours/{n}");
            findings.extend(time_of_day(&hours.from, &format!("{at}/from")));
            findings.extend(time_of_day(&hours.to, &format!("{at}/to")));
            if !hours.days.is_empty() && !hours.dates.is_empty() {
                let message = "Quiet hours are on days of the week or on dates. Keep one of `days` and `dates`.";
                findings.push(Finding::error("not_exactly_one", format!("{at}/dates"), message));
            }
            let zone = hours.zone.as_ref().filter(|zone| *zone != "own");
            findings.extend(zone.and_then(|zone| known_zone(zone, &format!("{at}/zone"))));
        }
        findings
    }
}

/// Windows are at most a day of hours, a month of days, a month of weeks or a quarter of months.
fn too_wide((per, every): (Period, u32), pointer: &str) -> Option<Finding> {
    let most = per.most();
    let message = || format!("A window of {every} is too wide; between 1 and {most} are possible here.");
    (!(1..=most).contains(&every)).then(|| Finding::error("bad_window", pointer, message()))
}

fn time_of_day(text: &str, pointer: &str) -> Option<Finding> {
    let time = jiff::civil::Time::strptime("%H:%M", text);
    let message = || format!("`{text}` is no time of day. Write it like `21:00`.");
    time.is_err().then(|| Finding::error("bad_time_of_day", pointer, message()))
}

pub(super) fn known_zone(name: &str, pointer: &str) -> Option<Finding> {
    let unknown = jiff::tz::TimeZone::get(name).is_err();
    let message = || format!("There is no time zone `{name}`. Write one like `Europe/Berlin` or `UTC`.");
    unknown.then(|| Finding::error("unknown_time_zone", pointer, message()))
}

impl RuleSet {
    /// The names under which its caps are counted.
    fn names(&self) -> impl Iterator<Item = &str> {
        let caps = self.caps.iter().map(|cap| cap.name.as_str());
        caps.chain(self.account_pressure.iter().map(|cap| cap.name.as_str()))
    }
}

impl Period {
    /// The most windows that count as one.
    fn most(self) -> u32 {
        match self {
            Self::Hour => 23,
            Self::Day => 30,
            Self::Week => 4,
            Self::Month => 3,
        }
    }

    /// Begin and end of the window of `every` periods in which `now` lies. Windows follow the calendar of `zone` and do
    /// not roll: an hour ends at the full hour, a day at midnight, a week in the night from Saturday to Sunday, a month
    /// with its last day. Wider windows are counted from Sunday, 4 January 1970 (months: from January 1970).
    pub fn window(self, every: u32, now: Timestamp, zone: &TimeZone) -> (Timestamp, Timestamp) {
        let local = zone.to_datetime(now);
        let every = i64::from(every.max(1));
        let origin = Date::constant(1970, 1, 4).at(0, 0, 0, 0);
        let days = local.date().duration_since(origin.date()).as_hours() / 24;
        let begin = |n: i64| -> Option<DateTime> {
            match self {
                Self::Hour => origin.checked_add((n * every).hours()).ok(),
                Self::Day => origin.checked_add((n * every).days()).ok(),
                Self::Week => origin.checked_add((n * every * 7).days()).ok(),
                Self::Month => Date::constant(1970, 1, 1).at(0, 0, 0, 0).checked_add((n * every).months()).ok(),
            }
        };
        let passed = match self {
            Self::Hour => days * 24 + i64::from(local.hour()),
            Self::Day => days,
            Self::Week => days.div_euclid(7),
            Self::Month => (i64::from(local.year()) - 1970) * 12 + i64::from(local.month()) - 1,
        };
        let n = passed.div_euclid(every);
        let instant = |local: Option<DateTime>| local.and_then(|local| first_instant(local, zone)).unwrap_or(now);
        (instant(begin(n)), instant(begin(n + 1)))
    }
}

impl QuietHours {
    /// When the quiet hours end in which `now` lies; none when it lies in none.
    pub fn ends(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let from = Time::strptime("%H:%M", &self.from).ok()?;
        let to = Time::strptime("%H:%M", &self.to).ok()?;
        let today = zone.to_datetime(now).date();
        // Those that began yesterday may reach into today.
        [today.yesterday().ok(), Some(today)].into_iter().flatten().filter(|day| self.begin_on(*day)).find_map(|day| {
            let last = if to > from { day } else { day.tomorrow().ok()? };
            let begin = first_instant(day.to_datetime(from), zone)?;
            let end = first_instant(last.to_datetime(to), zone)?;
            (begin <= now && now < end).then_some(end)
        })
    }

    fn begin_on(&self, day: Date) -> bool {
        match (self.dates.as_slice(), self.days.as_slice()) {
            ([], []) => true,
            ([], days) => days.iter().any(|quiet| quiet.weekday() == day.weekday()),
            (dates, _) => dates.contains(&day),
        }
    }
}

impl Day {
    fn weekday(self) -> jiff::civil::Weekday {
        use jiff::civil::Weekday;
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").expect("a zone")
    }

    #[test]
    fn windows_follow_the_calendar_and_do_not_roll() {
        // A Wednesday in December.
        let now = at("2026-12-02T10:30:00Z");
        for (per, every, zone, begin, end) in [
            (Period::Hour, 1, TimeZone::UTC, "2026-12-02T10:00:00Z", "2026-12-02T11:00:00Z"),
            (Period::Hour, 4, TimeZone::UTC, "2026-12-02T08:00:00Z", "2026-12-02T12:00:00Z"),
            (Period::Day, 1, TimeZone::UTC, "2026-12-02T00:00:00Z", "2026-12-03T00:00:00Z"),
            (Period::Day, 1, berlin(), "2026-12-01T23:00:00Z", "2026-12-02T23:00:00Z"),
            (Period::Week, 1, TimeZone::UTC, "2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z"),
            (Period::Month, 1, TimeZone::UTC, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (Period::Month, 3, TimeZone::UTC, "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(per.window(every, now, &zone), (at(begin), at(end)), "{every} {per:?}");
        }
        let last_second = at("2026-12-05T23:59:59Z");
        assert_eq!(
            Period::Week.window(1, last_second, &TimeZone::UTC).1,
            at("2026-12-06T00:00:00Z"),
            "Saturday ends a week"
        );
        // Saturday 23:59:59 in Berlin, and the second after it.
        let (sunday, next_sunday) = (at("2026-11-28T23:00:00Z"), at("2026-12-05T23:00:00Z"));
        assert_eq!(Period::Week.window(1, at("2026-12-05T22:59:59Z"), &berlin()), (sunday, next_sunday));
        assert_eq!(Period::Week.window(1, next_sunday, &berlin()).0, next_sunday, "in the zone of the window");
    }

    #[test]
    fn windows_are_seamless() {
        for (per, every) in [(Period::Hour, 5), (Period::Day, 7), (Period::Week, 2), (Period::Month, 2)] {
            let (mut begin, mut end) = per.window(every, at("2026-03-27T12:00:00Z"), &berlin());
            for _ in 0..60 {
                assert!(begin < end, "{every} {per:?}");
                assert_eq!(per.window(every, begin, &berlin()), (begin, end), "its begin is in it");
                let next = per.window(every, end, &berlin());
                assert_eq!(next.0, end, "the next begins where it ends");
                (begin, end) = next;
            }
        }
    }

    fn quiet(hours: serde_json::Value) -> QuietHours {
        serde_json::from_value(hours).expect("quiet hours")
    }

    #[test]
    fn quiet_hours_reach_over_midnight_and_follow_the_clocks() {
        let nights = quiet(serde_json::json!({"from": "21:00", "to": "08:00", "then": "queue"}));
        assert_eq!(nights.ends(at("2026-12-02T20:30:00Z"), &berlin()), Some(at("2026-12-03T07:00:00Z")));
        assert_eq!(nights.ends(at("2026-12-03T06:59:59Z"), &berlin()), Some(at("2026-12-03T07:00:00Z")));
        assert_eq!(nights.ends(at("2026-12-03T07:00:00Z"), &berlin()), None, "they end on the dot");
        // In the night to 29 March 2026 the hour from two to three does not exist.
        let small = quiet(serde_json::json!({"from": "02:30", "to": "02:45", "then": "queue"}));
        assert_eq!(small.ends(at("2026-03-29T01:10:00Z"), &berlin()), None, "what does not exist is not quiet");
        assert_eq!(nights.ends(at("2026-03-28T23:00:00Z"), &berlin()), Some(at("2026-03-29T06:00:00Z")));
    }

    #[test]
    fn quiet_hours_are_on_the_days_on_which_they_begin() {
        let weekend =
            quiet(serde_json::json!({"days": ["sat", "sun"], "from": "00:00", "to": "00:00", "then": "queue"}));
        assert_eq!(weekend.ends(at("2026-12-05T12:00:00Z"), &TimeZone::UTC), Some(at("2026-12-06T00:00:00Z")));
        assert_eq!(weekend.ends(at("2026-12-07T00:00:00Z"), &TimeZone::UTC), None);
        let eve =
            quiet(serde_json::json!({"dates": ["2026-12-24"], "from": "12:00", "to": "09:00", "then": "discard"}));
        assert_eq!(eve.ends(at("2026-12-25T08:00:00Z"), &TimeZone::UTC), Some(at("2026-12-25T09:00:00Z")));
        assert_eq!(eve.ends(at("2026-12-23T13:00:00Z"), &TimeZone::UTC), None);
    }
}
