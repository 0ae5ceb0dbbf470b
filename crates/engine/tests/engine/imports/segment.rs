//! Segment's calls.

use caravan_engine::import::segment::{CallKind, Meaning, SegmentReport, batch, read, receive, snake_case};
use caravan_model::attribute::Schema;
use serde_json::{Value as Json, json};

use crate::imports::place::on_both_databases;
use crate::imports::place::{NOW, Place};

on_both_databases! {
    a_batch_is_taken_in_the_order_that_makes_sense
    a_message_counts_once
    strangers_and_mistakes_are_told_apart
}

fn send(place: &Place, calls: Json) -> SegmentReport {
    let calls = batch(&json!({"batch": calls}), &Schema::standard(), NOW.parse().unwrap()).unwrap();
    receive(&place.engine, None, &calls).unwrap()
}

#[test]
fn names_of_events_and_traits_become_snake_case() {
    for (name, expected) in [
        ("Order Completed", "order_completed"),
        ("orderCompleted", "order_completed"),
        ("  Demo-Requested!  ", "demo_requested"),
        ("URLVisited", "url_visited"),
        ("Signed Up 2", "signed_up_2"),
        ("Größe geändert", "größe_geändert"),
        ("!!!", ""),
    ] {
        assert_eq!(snake_case(name), expected);
    }
}

#[test]
fn traits_become_attributes_that_can_take_them() {
    let body = json!({"userId": 42, "traits": {
        "email": "a@x.example", "firstName": "Ann", "title": "Chief", "birthday": "1990-02-03T00:00:00Z",
        "address": {"city": "Ulm", "postalCode": 89073, "planet": "Earth"}, "unsubscribed": false, "smsConsent": "y",
        "key": "other", "friends": 7, "timeZone": "Mars", "company": {"name": "Acme"},
    }});
    let call = read(CallKind::Identify, &body, &Schema::standard(), NOW.parse().unwrap());
    let Meaning::Person(row) = call.meaning else { panic!("{call:?}") };
    assert_eq!(
        Json::Object(row),
        json!({"email": "a@x.example", "first_name": "Ann", "job_title": "Chief", "birth_date": "1990-02-03",
               "city": "Ulm", "postal_code": "89073", "key": "42"})
    );
}

#[test]
fn pages_and_events_become_activities() {
    let schema = Schema::standard();
    let body = json!({"userId": "p", "messageId": "m", "timestamp": "2026-11-30T10:00:00.123Z", "name": "Pricing",
        "context": {"groupId": "A", "page": {"url": "https://x.example/pricing"}}, "properties": {"pathName": "/pricing", "tags": []}});
    let Meaning::Activity(page) = read(CallKind::Page, &body, &schema, NOW.parse().unwrap()).meaning else { panic!() };
    assert_eq!((page.kind.as_str(), page.account_key.as_deref()), ("page_viewed", Some("A")));
    assert_eq!(page.at.to_string(), "2026-11-30T10:00:00.123Z");
    assert_eq!(
        Json::Object(page.fields),
        json!({"path_name": "/pricing", "name": "Pricing", "url": "https://x.example/pricing"})
    );
    let anonymous = json!({"anonymousId": "x", "event": "Order Completed"});
    let Meaning::Visit(visit, visitor) = read(CallKind::Track, &anonymous, &schema, NOW.parse().unwrap()).meaning
    else {
        panic!()
    };
    assert_eq!((visit.person_key, visitor.anonymous_id.as_deref(), visitor.token), (None, Some("x"), None));
    let told = json!({"context": {"page": {"url": "https://x.example/?caravan_visitor=T&a=1", "referrer": "/?caravan_visitor=T"}},
        "properties": {"search": "?caravan_visitor=T"}});
    let Meaning::Visit(visit, visitor) = read(CallKind::Page, &told, &schema, NOW.parse().unwrap()).meaning else {
        panic!()
    };
    assert_eq!(visitor.token.as_deref(), Some("T"));
    assert_eq!(
        Json::Object(visit.fields),
        json!({"url": "https://x.example/?a=1", "search": ""}),
        "it is kept in no field"
    );
    for wrong in [json!(null), json!([]), json!({"userId": {}, "event": 5}), json!({"userId": "", "event": "x"})] {
        for kind in [CallKind::Identify, CallKind::Group, CallKind::Track, CallKind::Page, CallKind::Other] {
            assert_eq!(read(kind, &wrong, &schema, NOW.parse().unwrap()).meaning, Meaning::Nothing, "{kind:?} {wrong}");
        }
    }
    assert!(batch(&json!({"batch": {}}), &schema, NOW.parse().unwrap()).is_err());
}

fn a_batch_is_taken_in_the_order_that_makes_sense(place: &Place) {
    let report = send(
        place,
        json!([
            {"type": "track", "userId": "p", "event": "Demo Requested", "properties": {"seats": 3}, "messageId": "1"},
            {"type": "identify", "userId": "p", "traits": {"email": "p@x.example"}, "messageId": "2"},
            {"type": "group", "userId": "p", "groupId": "A", "traits": {"name": "Acme", "employees": "120"}, "messageId": "3"},
            {"type": "page", "anonymousId": "x", "messageId": "4"},
            {"type": "screen", "userId": "p", "messageId": "5"},
        ]),
    );
    assert_eq!(report, SegmentReport { accepted: 3, ignored: 2, ..SegmentReport::default() });
    assert_eq!(place.one("SELECT COUNT(*) FROM account_person"), 1);
    assert_eq!(place.one("SELECT employees FROM account"), 120);
    assert_eq!(place.texts("SELECT type || ' ' || source FROM activity"), ["demo_requested segment"]);
}

fn a_message_counts_once(place: &Place) {
    let identify = |id: &str, city: &str| json!([{"type": "identify", "userId": "p", "messageId": id, "traits": {"email": "p@x.example", "city": city}}]);
    send(place, identify("1", "Ulm"));
    send(place, identify("2", "Bonn"));
    let again = send(place, identify("1", "Ulm"));
    assert_eq!((again.accepted, again.repeated), (0, 1));
    assert_eq!(place.texts("SELECT city FROM person"), ["Bonn"]);
    let track = json!([{"type": "track", "userId": "p", "event": "Ping", "messageId": "1"}]);
    let mixed = send(place, track.clone());
    assert_eq!(mixed.accepted + mixed.repeated, 1);
    let twice = json!([{"type": "track", "userId": "p", "event": "Ping", "messageId": "9"}, {"type": "track", "userId": "p", "event": "Ping", "messageId": "9"}]);
    assert_eq!((send(place, twice.clone()).accepted, send(place, twice).repeated), (1, 2));
}

fn strangers_and_mistakes_are_told_apart(place: &Place) {
    let report = send(
        place,
        json!([
            {"type": "track", "userId": "stranger", "event": "Ping", "messageId": "1"},
            {"type": "identify", "userId": "q", "traits": {"city": "Ulm"}, "messageId": "2"},
            {"type": "group", "groupId": "A", "userId": "q", "traits": {}, "messageId": "3"},
            {"type": "identify", "userId": "r", "traits": {"email": "nobody"}, "messageId": "4"},
        ]),
    );
    let rejects: Vec<(u64, &str)> = report.rejects.iter().map(|reject| (reject.line, reject.code)).collect();
    assert_eq!(rejects, [(2, "email_required"), (3, "required"), (4, "invalid_email")]);
    assert_eq!((report.accepted, report.parked), (0, 1));
    send(place, json!([{"type": "identify", "userId": "stranger", "traits": {"email": "s@x.example"}}]));
    assert_eq!(place.texts("SELECT type FROM activity"), ["ping"]);
}
