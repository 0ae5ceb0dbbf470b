//! Examples: whatever is made up for tests, the tests hold of it.

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use crate::condition::{Context, FieldTest, read_fields};

fn example(of: Json) -> Option<Json> {
    let (tests, _) = read_fields(&of, "", "test").expect("tests");
    let now = "2027-02-03T09:45:00Z".parse().expect("an instant");
    let context = Context { now, entry: None, zone: &TimeZone::UTC };
    let found = FieldTest::example(&tests, &context)?;
    assert!(FieldTest::all_hold(&tests, &found, &context), "{found:?}");
    Some(Json::Object(found))
}

#[test]
fn the_simplest_fields_that_hold_are_made_up() {
    assert_eq!(example(json!({"email": {"is": ["welcome", "hello"]}})), Some(json!({"email": "welcome"})));
    let link = json!({"url": {"starts_with": "https://acme.example", "contains": "/pricing"}});
    assert_eq!(example(link), Some(json!({"url": "https://acme.example/pricing"})));
    assert_eq!(example(json!({"score": {"greater_than": 10}})), Some(json!({"score": 11})));
    assert_eq!(example(json!({"score": {"between": [3, 5]}})), Some(json!({"score": 3})));
    assert_eq!(example(json!({"due": {"before": "2027-01-01"}})), Some(json!({"due": "2026-12-31"})));
    assert_eq!(example(json!({"product": {"is_not_empty": true}})), Some(json!({"product": "something"})));
    assert_eq!(
        example(json!({"product": {"is_not": "crm", "is_not_empty": true}})),
        Some(json!({"product": "something"}))
    );
    assert_eq!(example(json!({"product": {"is_empty": true}})), Some(json!({})));
    assert_eq!(example(json!({"on": {"in_past": "3d"}})), Some(json!({"on": "2027-02-03T09:45:00Z"})));
}

#[test]
fn what_cannot_hold_has_no_example() {
    assert_eq!(example(json!({"score": {"greater_than": 10, "less_than": 3}})), None);
}
