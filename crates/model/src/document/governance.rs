//! What limits and governs: rule sets, access roles, the organisation's settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Definition, Envelope};
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
    /// Days of the week; left out: every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// From this time of day (`21:00`).
    pub from: String,
    /// Until this time of day (`08:00`), the next day if it is earlier.
    pub to: String,
    /// A named zone, or `own` for the recipient's.
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
        if self.caps.is_empty() && self.quiet_hours.is_empty() {
            let message = "The rule set has no rules. Add `caps` or `quiet_hours`.";
            findings.push(Finding::error("no_rules", "", message));
        }
        findings.extend(self.time_zone.as_ref().and_then(|zone| known_zone(zone, "/time_zone")));
        for (n, hours) in self.quiet_hours.iter().enumerate() {
            let at = format!("/quiet_hours/{n}");
            findings.extend(time_of_day(&hours.from, &format!("{at}/from")));
            findings.extend(time_of_day(&hours.to, &format!("{at}/to")));
            let zone = hours.zone.as_ref().filter(|zone| *zone != "own");
            findings.extend(zone.and_then(|zone| known_zone(zone, &format!("{at}/zone"))));
        }
        findings
    }
}

fn time_of_day(text: &str, pointer: &str) -> Option<Finding> {
    let time = jiff::civil::Time::strptime("%H:%M", text);
    let message = || format!("`{text}` is no time of day. Write it like `21:00`.");
    time.is_err().then(|| Finding::error("bad_time_of_day", pointer, message()))
}

fn known_zone(name: &str, pointer: &str) -> Option<Finding> {
    let unknown = jiff::tz::TimeZone::get(name).is_err();
    let message = || format!("There is no time zone `{name}`. Write one like `Europe/Berlin` or `UTC`.");
    unknown.then(|| Finding::error("unknown_time_zone", pointer, message()))
}

/// What a role of users may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessRole {
    /// Names of permissions.
    pub permissions: Vec<String>,
}

impl Definition for AccessRole {}

/// The organisation's settings. There is one such document, with the key `settings`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the organisation.
    pub organisation: String,
    /// Postal address, as marketing mail must carry it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_address: Option<String>,
    /// The organisation's zone; left out: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Languages of its messages (`en`, `de`), the default first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
}

impl Definition for Settings {
    fn check(&self, envelope: &Envelope) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            self.time_zone.iter().filter_map(|zone| known_zone(zone, "/time_zone")).collect();
        if envelope.key != "settings" {
            let message = "There is one document of settings. Give it the key `settings`.";
            findings.push(Finding::error("settings_key", "/key", message));
        }
        findings
    }
}
