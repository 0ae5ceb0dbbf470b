//! Pasts, windows, and the instants at which answers change by themselves.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::world::{Account, NOW, Person, at, berlin, condition, context};
use crate::attribute::Subject;
use crate::condition::{AccountFacts, Context, PersonFacts};

#[test]
fn a_window_is_anchored_at_journey_entry() {
    // Entered on 21 November. A month back from there, not from now.
    let opened = |when: &str| Person::default().did("email_opened", when, json!({}));
    let test = json!({"did": "email_opened", "within": "30d"});
    assert!(!opened("2026-10-21T11:00:00Z").meets(test.clone()), "31 days before entry");
    assert!(opened("2026-10-27T11:00:00Z").meets(test.clone()), "25 days before entry, 35 days ago");
    assert!(!opened("2026-11-25T11:00:00Z").meets(test), "after entry");
}

#[test]
fn since_entry_is_from_entry_to_now() {
    let opened = |when: &str| Person::default().did("email_opened", when, json!({}));
    let test = json!({"did": "email_opened", "since": "entry"});
    assert!(opened("2026-11-21T11:00:00Z").meets(test.clone()));
    assert!(opened(NOW).meets(test.clone()));
    assert!(!opened("2026-11-21T10:59:59Z").meets(test.clone()));
    assert!(!opened("2026-12-01T11:00:01Z").meets(test));
}

#[test]
fn outside_a_journey_a_window_ends_now() {
    let zone = berlin();
    let outside = Context { entry: None, ..context(&zone) };
    let person = Person::default().did("email_opened", "2026-11-28T11:00:00Z", json!({}));
    let holds = |test: Json| condition(Subject::Person, test).holds(&person as &dyn PersonFacts, &outside);
    assert!(holds(json!({"did": "email_opened", "within": "3d"})));
    assert!(!holds(json!({"did": "email_opened", "within": "2d"})));
    assert!(!holds(json!({"did": "email_opened", "since": "entry"})));
}

#[test]
fn counted_activities_meet_every_field_test() {
    let person = Person::default()
        .did("email_clicked", "2026-11-01T00:00:00Z", json!({"email": "welcome", "url": "https://a.example/pricing"}))
        .did("email_clicked", "2026-11-02T00:00:00Z", json!({"email": "welcome", "url": "https://a.example/home"}))
        .did("email_bounced", "2026-11-03T00:00:00Z", json!({"hard": true}));
    let rows = [
        (json!({"did": "email_clicked"}), true),
        (json!({"did": "email_clicked", "at_least": 2}), true),
        (json!({"did": "email_clicked", "at_least": 3}), false),
        (json!({"did_not": "email_clicked", "at_least": 3}), true),
        (json!({"did_not": "email_clicked"}), false),
        (json!({"did_not": "form_filled"}), true),
        (json!({"did": "email_clicked", "where": {"email": {"is": "Welcome"}, "url": {"contains": "pricing"}}}), true),
        (json!({"did": "email_clicked", "where": {"email": {"is": "welcome"}}, "at_least": 2}), true),
        (json!({"did": "email_clicked", "where": {"url": {"contains": "pricing"}}, "at_least": 2}), false),
        (json!({"did": "email_bounced", "where": {"hard": {"is": true}}}), true),
        (json!({"did": "email_bounced", "where": {"soft": {"is_empty": true}}}), true),
    ];
    for (test, expected) in rows {
        assert_eq!(person.meets(test.clone()), expected, "{test}");
    }
}

#[test]
fn the_instant_at_which_a_window_closes() {
    let zone = berlin();
    let outside = Context { entry: None, ..context(&zone) };
    let person = Person::default().did("email_opened", "2026-11-30T11:00:00Z", json!({})).did(
        "email_opened",
        "2026-11-29T11:00:00Z",
        json!({}),
    );
    let flips = |test: Json| {
        condition(Subject::Person, test).flips_at(&person as &dyn PersonFacts, &outside).map(|at| at.to_string())
    };
    let opened = |within: &str, times: u64| json!({"did": "email_opened", "within": within, "at_least": times});
    assert_eq!(flips(opened("3d", 1)).as_deref(), Some("2026-12-03T11:00:00.000001Z"));
    assert_eq!(flips(opened("3d", 2)).as_deref(), Some("2026-12-02T11:00:00.000001Z"));
    assert_eq!(flips(opened("72h", 2)).as_deref(), Some("2026-12-02T11:00:00.000001Z"));
    assert_eq!(flips(opened("3d", 3)), None);
    assert_eq!(flips(json!({"did": "email_opened"})), None);
    let both = json!({"any": [opened("3d", 1), {"not": opened("3d", 2)}]});
    assert_eq!(flips(both).as_deref(), Some("2026-12-02T11:00:00.000001Z"));
    // Anchored at entry nothing moves.
    let inside = context(&zone);
    let anchored = condition(Subject::Person, opened("30d", 1));
    assert_eq!(anchored.flips_at(&person as &dyn PersonFacts, &inside), None);
}

/// Goes from flip to flip and checks that between two of them the answer never changes, minute by minute.
fn never_changes_between_flips(account: &Account, test: Json, zone: &TimeZone, start: Timestamp, hours: i64) {
    let condition = condition(Subject::Account, test);
    let facts = account as &dyn AccountFacts;
    let asked_at = |now| Context { now, entry: None, zone };
    let mut now = start;
    let mut flips = condition.flips_at(facts, &asked_at(now));
    let mut answer = condition.holds(facts, &asked_at(now));
    let end = start + SignedDuration::from_hours(hours);
    while now < end {
        let next = now + SignedDuration::from_mins(7);
        while let Some(flip) = flips.filter(|flip| *flip <= next) {
            assert!(flip > now, "{flip} is not after {now}");
            let just_before = flip - SignedDuration::from_micros(1);
            assert_eq!(condition.holds(facts, &asked_at(just_before.max(now))), answer, "just before {flip}");
            answer = condition.holds(facts, &asked_at(flip));
            now = flip;
            flips = condition.flips_at(facts, &asked_at(flip));
        }
        assert_eq!(condition.holds(facts, &asked_at(next)), answer, "changed before {next} without a flip");
        now = next;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn answers_change_only_where_they_were_foreseen(
        day in 0i64..70,
        seconds in 0i64..86_400,
        duration in prop::sample::select(vec!["45m", "20h", "1d", "3d", "1w", "1mo"]),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/Santiago"]),
        date in any::<bool>(),
    ) {
        // Winter comes to Berlin on 25 October, spring to Santiago on 6 September; February is short.
        let zone = TimeZone::get(zone).unwrap();
        let start = at("2027-01-20T00:00:00Z");
        let value = start + SignedDuration::from_hours(24 * day - 48) + SignedDuration::from_secs(seconds);
        let (attribute, value) = match date {
            true => ("a_date", json!(zone.to_datetime(value).date().to_string())),
            false => ("a_date_time", json!(value.to_string())),
        };
        let account = Account::default().with(attribute, value);
        never_changes_between_flips(&account, json!({"account": attribute, "in_past": duration}), &zone, start, 24 * 110);
    }
}
