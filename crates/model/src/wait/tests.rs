//! Waits: every example of the design, changes of clocks, and a reference that tries every minute.

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{MustEndOn, Wait, Weekdays, Zone};
use crate::duration::{Duration, Unit};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// Reads a wait as a manifest writes it.
fn wait(duration: &str, must_end_on: Json) -> Wait {
    let moments = (!must_end_on.is_null()).then_some(&must_end_on);
    Wait::read(Some(duration), None, moments, "").unwrap()
}

/// Where the organisation lives in UTC.
fn ends(wait: &Wait, start: &str) -> String {
    wait.ends_at(at(start), None, &TimeZone::UTC).to_string()
}

// 2027-03-01 is a Monday.
const MON_07: &str = "2027-03-01T07:00:00Z";
const MON_11: &str = "2027-03-01T11:00:00Z";

#[test]
fn nine_on_any_day() {
    let nine = wait("0m", json!({"time": "09:00", "zone": "UTC"}));
    assert_eq!(ends(&nine, MON_11), "2027-03-02T09:00:00Z");
    assert_eq!(ends(&nine, MON_07), "2027-03-01T09:00:00Z");
    assert_eq!(ends(&nine, "2027-03-01T09:00:00Z"), "2027-03-01T09:00:00Z");
    assert_eq!(ends(&nine, "2027-03-01T09:00:00.000001Z"), "2027-03-02T09:00:00Z");
}

#[test]
fn tuesday_without_a_time_is_its_midnight() {
    let tuesday = wait("0m", json!({"days": ["tue"], "zone": "UTC"}));
    assert_eq!(ends(&tuesday, "2027-03-05T15:00:00Z"), "2027-03-09T00:00:00Z");
}

#[test]
fn ten_on_working_days() {
    let ten = wait("0m", json!({"days": ["mon", "tue", "wed", "thu", "fri"], "time": "10:00", "zone": "UTC"}));
    assert_eq!(ends(&ten, "2027-03-06T14:00:00Z"), "2027-03-08T10:00:00Z");
    assert_eq!(ends(&ten, "2027-03-03T08:00:00Z"), "2027-03-03T10:00:00Z");
}

#[test]
fn until_ends_there_or_at_once() {
    let until = Wait::read(None, Some(at("2027-03-01T09:00:00+01:00")), None, "").unwrap();
    assert_eq!(ends(&until, MON_07), "2027-03-01T08:00:00Z");
    assert_eq!(ends(&until, MON_11), MON_11);
}

#[test]
fn hours_are_exact_and_days_are_the_organisations() {
    let berlin = zone("Europe/Berlin");
    // The clocks go forward in the night to Sunday, 28 March 2027.
    let start = at("2027-03-27T11:00:00Z");
    assert_eq!(wait("24h", json!(null)).ends_at(start, None, &berlin), at("2027-03-28T11:00:00Z"));
    assert_eq!(wait("1d", json!(null)).ends_at(start, None, &berlin), at("2027-03-28T10:00:00Z"));
    assert_eq!(wait("1d", json!(null)).ends_at(start, None, &TimeZone::UTC), at("2027-03-28T11:00:00Z"));
    let january = at("2027-01-31T11:00:00Z");
    assert_eq!(wait("1mo", json!(null)).ends_at(january, None, &berlin), at("2027-02-28T11:00:00Z"));
}

#[test]
fn a_skipped_time_is_the_first_that_exists_and_a_double_one_the_first_of_two() {
    let half_past_two = wait("0m", json!({"time": "02:30", "zone": "Europe/Berlin"}));
    assert_eq!(ends(&half_past_two, "2027-03-28T00:00:00Z"), "2027-03-28T01:00:00Z");
    assert_eq!(ends(&half_past_two, "2027-10-31T00:00:00Z"), "2027-10-31T00:30:00Z");
    // The second 02:30 of that night is not a moment of its own.
    assert_eq!(ends(&half_past_two, "2027-10-31T00:30:01Z"), "2027-11-01T01:30:00Z");
    // In Lebanon it is midnight that does not exist.
    let midnight = wait("0m", json!({"days": ["sun"], "zone": "Asia/Beirut"}));
    assert_eq!(ends(&midnight, "2027-03-27T12:00:00Z"), "2027-03-27T22:00:00Z");
}

#[test]
fn the_own_zone_is_the_travellers_or_the_organisations() {
    let nine = wait("0m", json!({"time": "09:00", "zone": "own"}));
    assert!(nine.needs_own_zone());
    let (tokyo, berlin) = (zone("Asia/Tokyo"), zone("Europe/Berlin"));
    assert_eq!(nine.ends_at(at(MON_11), Some(&tokyo), &berlin), at("2027-03-02T00:00:00Z"));
    assert_eq!(nine.ends_at(at(MON_11), None, &berlin), at("2027-03-02T08:00:00Z"));
    let left_out = wait("0m", json!({"time": "09:00"}));
    assert!(!left_out.needs_own_zone());
    assert_eq!(left_out.ends_at(at(MON_11), Some(&tokyo), &berlin), at("2027-03-02T08:00:00Z"));
}

#[test]
fn mistakes_are_reported_together() {
    let read = |duration, until, moments: Json| {
        let findings = Wait::read(duration, until, (!moments.is_null()).then_some(&moments), "/nodes/pause");
        findings
            .unwrap_err()
            .iter()
            .map(|f| format!("{} {} {}", f.code, f.pointer, f.message))
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!([
        read(None, None, json!(null)),
        read(Some("3d"), Some(at(MON_07)), json!(null)),
        read(Some("3"), None, json!({"days": ["monday"], "time": 900, "zone": "Berlin", "tme": 1})),
        read(Some("3d"), None, json!({"days": [], "time": "9:00"})),
        read(Some("3d"), None, json!({"zone": "own"})),
        read(Some("3d"), None, json!("mon")),
        read(None, Some(at(MON_07)), json!({"days": ["mon"]})),
    ].join("\n"), @r#"
    required /nodes/pause/duration Say how long: `duration` like 3d, or `until` with a date and time.
    duration_and_until /nodes/pause/until `duration` and `until` do not go together. Keep one of them.
    unknown_field /nodes/pause/must_end_on/tme `tme` is not known here; `must_end_on` takes days, time and zone. Did you mean `time`?
    unknown_day /nodes/pause/must_end_on/days/0 Expected mon, tue, wed, thu, fri, sat or sun, not "monday".
    wrong_value_type /nodes/pause/must_end_on/time `time` expects a time of day like "09:00", in quotes, not the number 900.
    unknown_time_zone /nodes/pause/must_end_on/zone `zone` expects `own` or a time zone like Europe/Berlin, not "Berlin".
    invalid_duration /nodes/pause/duration "3" is not a duration; write a number and m, h, d, w or mo, like 30m, 4h, 3d, 2w or 1mo, up to ten years.
    empty_list /nodes/pause/must_end_on/days `days` is empty. Name at least one day, or leave it out for any day.
    wrong_value_type /nodes/pause/must_end_on/time `time` expects a time of day like "09:00", in quotes, not "9:00".
    required /nodes/pause/must_end_on/days `must_end_on` needs `days`, `time` or both.
    wrong_value_type /nodes/pause/must_end_on `must_end_on` expects an object like {days: [mon], time: "09:00"}, not "mon".
    until_and_must_end_on /nodes/pause/must_end_on `must_end_on` goes with `duration`, not with `until`. Remove it.
    "#);
}

#[test]
fn a_wait_reads_well_on_a_card() {
    let tokyo = TimeZone::get("Asia/Tokyo").expect("a zone");
    let words = [
        wait("3d", json!(null)).describe(&tokyo),
        wait("1h", json!({"days": ["mon", "fri"], "time": "09:00", "zone": "Europe/Berlin"})).describe(&tokyo),
        wait("2w", json!({"time": "18:30", "zone": "own"})).describe(&tokyo),
        wait("2w", json!({"time": "18:30"})).describe(&tokyo),
        Wait::Until(at(MON_07)).describe(&tokyo),
    ];
    insta::assert_snapshot!(words.join("\n"), @r#"
    3 days
    1 hour, then mon, fri at 09:00 (Europe/Berlin)
    2 weeks, then any day at 18:30 (own time zone)
    2 weeks, then any day at 18:30 (Asia/Tokyo)
    until 2027-03-01T07:00:00Z
    "#);
}

/// The reference: the first whole minute from `from` on at which the clocks show a matching time for the first time,
/// or have just skipped one.
fn first_by_trying(moments: &MustEndOn, from: Timestamp, zone: &TimeZone) -> Timestamp {
    let time = moments.time.unwrap_or(Time::midnight());
    let matches = |local: DateTime| local.time() == time && moments.days.contains(local.weekday());
    let minute = 60_000_000;
    let first = (from.as_microsecond() + minute - 1).div_euclid(minute) * minute;
    for n in 0..12 * 24 * 60 {
        let now = Timestamp::from_microsecond(first + n * minute).unwrap();
        let (local, before) = (zone.to_datetime(now), zone.to_datetime(now - 1.minute()));
        // Local minutes that became "now" in this step: one, or all that were skipped; none when clocks went back.
        let mut shown = before.saturating_add(1.minute());
        while shown <= local {
            if matches(shown) && !seen_before(shown, now, zone) {
                return now;
            }
            shown = shown.saturating_add(1.minute());
        }
    }
    panic!("no moment within twelve days")
}

/// Whether the clocks showed `local` already within the last three hours.
fn seen_before(local: DateTime, now: Timestamp, zone: &TimeZone) -> bool {
    (1..180).any(|minutes| zone.to_datetime(now - SignedDuration::from_mins(minutes)) == local)
}

/// Changes of clocks: an hour at one or two in the morning, at midnight, half an hour, and a whole day that was skipped.
const CHANGES: &[(&str, &str)] = &[
    ("Europe/Berlin", "2027-03-28T01:00:00Z"),
    ("Europe/Berlin", "2027-10-31T01:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("America/New_York", "2027-03-14T07:00:00Z"),
    ("America/Santiago", "2026-09-06T04:00:00Z"),
    ("America/Santiago", "2027-04-04T03:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2027-04-03T15:00:00Z"),
    ("Asia/Beirut", "2027-03-27T22:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Asia/Kolkata", "2027-01-01T00:00:00Z"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_wait_ends_where_trying_every_minute_ends(
        change in prop::sample::select(CHANGES),
        hours_before in prop_oneof![1 => Just(0i64), 3 => -20i64..200],
        seconds in prop_oneof![1 => Just(0i64), 1 => 0i64..3600],
        days in 1u8..128,
        time in prop::option::of((0i8..24, prop::sample::select(vec![0i8, 15, 30, 59]))),
        wait_minutes in prop_oneof![1 => Just(0u32), 1 => 0u32..600],
    ) {
        let zone = zone(change.0);
        let start = at(change.1) - SignedDuration::from_hours(hours_before) - SignedDuration::from_secs(seconds);
        let week = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday, Weekday::Saturday, Weekday::Sunday];
        let chosen = week.into_iter().enumerate().filter(|(n, _)| days & (1 << n) != 0).map(|(_, day)| day);
        let moments = MustEndOn {
            days: Weekdays::of(chosen).unwrap(),
            time: time.map(|(hour, minute)| Time::new(hour, minute, 0, 0).unwrap()),
            zone: Zone::Own,
        };
        let duration = Duration::new(wait_minutes, Unit::Minutes).unwrap();
        let wait = Wait::Duration { duration, must_end_on: Some(moments.clone()) };
        let ended = wait.ends_at(start, Some(&zone), &TimeZone::UTC);
        let from = start + SignedDuration::from_mins(i64::from(wait_minutes));
        prop_assert_eq!(ended, first_by_trying(&moments, from, &zone), "from {} in {}", from, change.0);
    }

    #[test]
    fn nobody_goes_back_in_time(
        change in prop::sample::select(CHANGES),
        minutes_before in -3_000i64..3_000,
        amount in 0u32..40,
        unit in prop::sample::select(vec![Unit::Minutes, Unit::Hours, Unit::Days, Unit::Weeks, Unit::Months]),
    ) {
        let zone = zone(change.0);
        let start = at(change.1) - SignedDuration::from_mins(minutes_before);
        let duration = Duration::new(amount, unit).unwrap();
        prop_assert!(duration.after(start, &zone) >= start);
        prop_assert!(duration.before(start, &zone) <= start);
    }
}
