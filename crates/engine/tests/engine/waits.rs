//! Every row of the tables of waits, walked by an account on a real store: as a wait, and as the time limit of a listener.

use crate::support::{World, at, on_both_stores};
use caravan_model::EnrollmentId;
use jiff::{SignedDuration, Timestamp};

/// Lives in Tokyo.
const TOKYO: &str = "a-1";
/// Says nothing of its zone.
const NOWHERE: &str = "a-2";

struct Row {
    rule: &'static str,
    who: &'static str,
    entry: &'static str,
    exit: &'static str,
}

const fn row(rule: &'static str, entry: &'static str, exit: &'static str) -> Row {
    Row { rule, who: TOKYO, entry, exit }
}

/// The organisation lives in Berlin. 1 March 2027 is a Monday; its clocks go forward on 28 March and back on 31 October.
const ROWS: &[Row] = &[
    // 09:00 on any day.
    row("duration: 0m, must_end_on: {time: \"09:00\", zone: UTC}", "2027-03-01T11:00:00Z", "2027-03-02T09:00:00Z"),
    row("duration: 0m, must_end_on: {time: \"09:00\", zone: UTC}", "2027-03-01T07:00:00Z", "2027-03-01T09:00:00Z"),
    row("duration: 0m, must_end_on: {time: \"09:00\", zone: UTC}", "2027-03-01T09:00:00Z", "2027-03-01T09:00:00Z"),
    row(
        "duration: 0m, must_end_on: {time: \"09:00\", zone: UTC}",
        "2027-03-01T09:00:00.000001Z",
        "2027-03-02T09:00:00Z",
    ),
    // Tuesday without a time.
    row("duration: 0m, must_end_on: {days: [tue], zone: UTC}", "2027-03-05T15:00:00Z", "2027-03-09T00:00:00Z"),
    // 10:00 on working days.
    row(
        "duration: 0m, must_end_on: {days: [mon, tue, wed, thu, fri], time: \"10:00\", zone: UTC}",
        "2027-03-06T14:00:00Z",
        "2027-03-08T10:00:00Z",
    ),
    row(
        "duration: 0m, must_end_on: {days: [mon, tue, wed, thu, fri], time: \"10:00\", zone: UTC}",
        "2027-03-03T08:00:00Z",
        "2027-03-03T10:00:00Z",
    ),
    // The first matching moment after the duration.
    row(
        "duration: 2d, must_end_on: {days: [mon], time: \"09:00\", zone: UTC}",
        "2027-03-05T12:00:00Z",
        "2027-03-08T09:00:00Z",
    ),
    row(
        "duration: 2d, must_end_on: {days: [mon], time: \"09:00\", zone: UTC}",
        "2027-03-06T12:00:00Z",
        "2027-03-15T09:00:00Z",
    ),
    // Until an instant, and one that has passed.
    row("until: \"2027-04-10T08:30:00Z\"", "2027-04-01T00:00:00Z", "2027-04-10T08:30:00Z"),
    row("until: \"2027-04-10T08:30:00Z\"", "2027-04-11T00:00:00Z", "2027-04-11T00:00:00Z"),
    // Minutes and hours are exact; days, weeks and months are the calendar's, in the organisation's zone.
    row("duration: 90m", "2027-03-27T23:30:00Z", "2027-03-28T01:00:00Z"),
    row("duration: 24h", "2027-03-27T11:00:00Z", "2027-03-28T11:00:00Z"),
    row("duration: 1d", "2027-03-27T11:00:00Z", "2027-03-28T10:00:00Z"),
    row("duration: 1w", "2027-10-27T11:00:00Z", "2027-11-03T12:00:00Z"),
    row("duration: 1mo", "2027-01-31T11:00:00Z", "2027-02-28T11:00:00Z"),
    // The calendar of the zone in which it must end.
    row("duration: 1d, must_end_on: {time: \"12:00\", zone: UTC}", "2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z"),
    // A time that does not exist is the first that does; one that exists twice the first of the two.
    row(
        "duration: 0m, must_end_on: {time: \"02:30\", zone: Europe/Berlin}",
        "2027-03-28T00:00:00Z",
        "2027-03-28T01:00:00Z",
    ),
    row(
        "duration: 0m, must_end_on: {time: \"02:30\", zone: Europe/Berlin}",
        "2027-10-31T00:00:00Z",
        "2027-10-31T00:30:00Z",
    ),
    row(
        "duration: 0m, must_end_on: {time: \"02:30\", zone: Europe/Berlin}",
        "2027-10-31T00:30:01Z",
        "2027-11-01T01:30:00Z",
    ),
    row("duration: 0m, must_end_on: {days: [sun], zone: Asia/Beirut}", "2027-03-27T12:00:00Z", "2027-03-27T22:00:00Z"),
    // The traveller's own zone, else the organisation's; the organisation's where no zone is named.
    row("duration: 0m, must_end_on: {time: \"09:00\", zone: own}", "2027-03-01T11:00:00Z", "2027-03-02T00:00:00Z"),
    Row {
        rule: "duration: 0m, must_end_on: {time: \"09:00\", zone: own}",
        who: NOWHERE,
        entry: "2027-03-01T11:00:00Z",
        exit: "2027-03-02T08:00:00Z",
    },
    row("duration: 0m, must_end_on: {time: \"09:00\"}", "2027-03-01T11:00:00Z", "2027-03-02T08:00:00Z"),
];

/// What is done or looked at at an instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    Enter,
    Waits,
    IsOut,
}

fn key(row: usize, listens: bool) -> String {
    format!("{}-{row}", if listens { "limit" } else { "wait" })
}

fn enter(world: &World, number: usize, listens: bool) {
    let Row { rule, who, .. } = ROWS[number];
    let node = match listens {
        true => {
            format!("{{type: listen, event: {{activity: form_filled}}, timeout: {{{rule}, next: out}}, next: null}}")
        }
        false => format!("{{type: wait, {rule}, next: out}}"),
    };
    let key = key(number, listens);
    world.apply(&format!(
        "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: list-{who}}}\nend: 2029-06-30T00:00:00Z\nentry: it\nnodes:\n  it: {node}\n  out: {{type: wait, duration: 12mo, next: null}}\n"
    ));
    world.publish(&key);
    world.run();
}

/// The row's account stands at the wait still, or behind it since exactly the row's exit.
fn stands(world: &World, number: usize, listens: bool, out: bool) {
    let (key, row) = (key(number, listens), &ROWS[number]);
    let trip = EnrollmentId(world.one(&format!(
        "SELECT e.id FROM enrollment AS e JOIN document AS d ON d.id = e.journey_id WHERE d.key = '{key}'"
    )));
    let timeline = caravan_engine::status::timeline(&world.engine, &key, trip).expect("a timeline");
    let told = format!("{key}, {} from {}: {:?}", row.rule, row.entry, timeline.waiting);
    assert_eq!(timeline.here.node, if out { "out" } else { "it" }, "{told}");
    match out {
        true => assert_eq!(timeline.here.arrived_at, at(row.exit), "{told}"),
        false => assert_eq!(timeline.waiting.and_then(|waiting| waiting.until), Some(at(row.exit)), "{told}"),
    }
}

on_both_stores! {
    every_row_of_the_tables_ends_when_it_says(world at "2027-01-01T00:00:00Z") {
        let world = world.with_people(3, 1);
        world.sql(&format!("UPDATE account SET time_zone = 'Asia/Tokyo' WHERE key = '{TOKYO}'"));
        world.apply("{kind: settings, organisation: Acme, time_zone: Europe/Berlin}");
        for who in [TOKYO, NOWHERE] {
            world.apply(&format!("{{kind: account_list, key: list-{who}, type: static, accounts: [{who}], state: live}}"));
        }
        world.run();
        let just_before = |exit: &str| at(exit) - SignedDuration::from_micros(1);
        let mut looks: Vec<(Timestamp, Look, usize)> = Vec::new();
        for (number, row) in ROWS.iter().enumerate() {
            looks.push((at(row.entry), Look::Enter, number));
            looks.push((at(row.exit), Look::IsOut, number));
            if row.entry != row.exit {
                looks.push((just_before(row.exit), Look::Waits, number));
            }
        }
        looks.sort_unstable();
        for (when, look, number) in looks {
            world.clock.advance_to(when);
            world.run();
            for listens in [false, true] {
                match look {
                    Look::Enter => enter(&world, number, listens),
                    Look::Waits => stands(&world, number, listens, false),
                    Look::IsOut => stands(&world, number, listens, true),
                }
            }
        }
    }
}
