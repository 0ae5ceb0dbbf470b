//! Every operator on every type, missing values included.

use serde_json::{Value as Json, json};

use super::world::Account;

/// Asks one attribute of an account; null is a missing value.
fn meets(attribute: &str, value: &Json, test: Json) -> bool {
    let account = match value {
        Json::Null => Account::default(),
        value => Account::default().with(attribute, value.clone()),
    };
    let mut condition = json!({"account": attribute});
    condition.as_object_mut().unwrap().extend(test.as_object().unwrap().clone());
    account.meets(condition)
}

/// Rows of value, test and answer; every test is also asked of a missing value, which only `is_empty` takes.
fn table(attribute: &str, rows: &[(Json, Json, bool)]) {
    for (value, test, expected) in rows {
        assert_eq!(meets(attribute, value, test.clone()), *expected, "{attribute} {value} {test}");
        let empty = test.get("is_empty") == Some(&json!(true)) || test.get("is_not_empty") == Some(&json!(false));
        assert_eq!(meets(attribute, &Json::Null, test.clone()), empty, "missing {test}");
    }
}

#[test]
fn texts() {
    table(
        "a_string",
        &[
            (json!("Retail"), json!({"is": "retail"}), true),
            (json!("Retail"), json!({"is": "Retai"}), false),
            (json!("Retail"), json!({"is": ["Finance", "RETAIL"]}), true),
            (json!("Retail"), json!({"is_not": "Finance"}), true),
            (json!("Retail"), json!({"is_not": ["Finance", "retail"]}), false),
            (json!("Straße"), json!({"is": "STRASSE"}), true),
            (json!("Cafe\u{301}"), json!({"is": "café"}), true),
            (json!("Chief Officer"), json!({"starts_with": ["VP", "chief"]}), true),
            (json!("Vice Chief"), json!({"starts_with": "Chief"}), false),
            (json!("Chief Officer"), json!({"not_starts_with": ["VP", "chief"]}), false),
            (json!("Vice Chief"), json!({"not_starts_with": "Chief"}), true),
            (json!("Vice Chief"), json!({"contains": "CHIEF"}), true),
            (json!("Vice Chief"), json!({"contains": ["a", "z"]}), false),
            (json!("Vice Chief"), json!({"not_contains": ["a", "z"]}), true),
            (json!("Vice Chief"), json!({"not_contains": ["a", "ice"]}), false),
            (json!("Retail"), json!({"is_empty": true}), false),
            (json!("Retail"), json!({"is_empty": false}), true),
            (json!("Retail"), json!({"is_not_empty": true}), true),
            (json!("Retail"), json!({"is_not_empty": false}), false),
            (json!("Retail"), json!({"starts_with": "r", "not_contains": "x"}), true),
            (json!("Retail"), json!({"starts_with": "r", "contains": "x"}), false),
        ],
    );
}

#[test]
fn wildcards_are_letters() {
    table(
        "a_string",
        &[
            (json!("100% wool"), json!({"contains": "%"}), true),
            (json!("wool"), json!({"contains": "%"}), false),
            (json!("a_b"), json!({"contains": "_"}), true),
            (json!("acb"), json!({"is": "a_b"}), false),
            (json!("wool"), json!({"starts_with": "w*"}), false),
            (json!("a.b"), json!({"is": "a.b"}), true),
            (json!("axb"), json!({"is": "a.b"}), false),
            (json!("a\\b"), json!({"contains": "\\"}), true),
        ],
    );
}

#[test]
fn numbers() {
    for attribute in ["a_integer", "a_number"] {
        table(
            attribute,
            &[
                (json!(5), json!({"is": 5}), true),
                (json!(5), json!({"is": [4, 6]}), false),
                (json!(5), json!({"is_not": [4, 6]}), true),
                (json!(5), json!({"is_not": 5}), false),
                (json!(5), json!({"at_least": 5}), true),
                (json!(5), json!({"greater_than": 5}), false),
                (json!(5), json!({"greater_than": 4}), true),
                (json!(5), json!({"at_most": 5}), true),
                (json!(5), json!({"at_most": 4}), false),
                (json!(5), json!({"less_than": 5}), false),
                (json!(5), json!({"less_than": 6}), true),
                (json!(5), json!({"between": [5, 6]}), true),
                (json!(5), json!({"between": [4, 5]}), true),
                (json!(5), json!({"between": [6, 7]}), false),
                (json!(5), json!({"at_least": 4.5, "less_than": 5.5}), true),
                (json!(0), json!({"at_least": 0}), true),
                (json!(0), json!({"is_empty": true}), false),
                (json!(-5), json!({"less_than": 0}), true),
            ],
        );
    }
    // Engagement between 5 and 6, both included.
    for (value, expected) in [(5.0, true), (5.1, true), (6.0, true), (6.1, false), (4.99, false)] {
        assert_eq!(meets("a_number", &json!(value), json!({"between": [5, 6]})), expected, "{value}");
    }
}

#[test]
fn booleans() {
    table(
        "a_boolean",
        &[
            (json!(true), json!({"is": true}), true),
            (json!(false), json!({"is": true}), false),
            (json!(false), json!({"is": false}), true),
            (json!(false), json!({"is_not": true}), true),
            (json!(true), json!({"is_not": true}), false),
            (json!(false), json!({"is_empty": true}), false),
            (json!(false), json!({"is_not_empty": true}), true),
        ],
    );
}

#[test]
fn dates() {
    // Today is 1 December 2026 in Berlin.
    table(
        "a_date",
        &[
            (json!("2026-12-01"), json!({"is": "2026-12-01"}), true),
            (json!("2026-12-01"), json!({"is_not": "2026-12-02"}), true),
            (json!("2026-12-01"), json!({"on": "2026-12-01"}), true),
            (json!("2026-12-01"), json!({"on": ["2026-11-30", "2026-12-01"]}), true),
            (json!("2026-12-01"), json!({"on": "2026-11-30"}), false),
            (json!("2026-12-01"), json!({"before": "2026-12-01"}), false),
            (json!("2026-11-30"), json!({"before": "2026-12-01"}), true),
            (json!("2026-12-01"), json!({"after": "2026-12-01"}), false),
            (json!("2026-12-02"), json!({"after": "2026-12-01"}), true),
            (json!("2026-12-01"), json!({"at_least": "2026-12-01"}), true),
            (json!("2026-12-01"), json!({"at_most": "2026-11-30"}), false),
            (json!("2026-12-01"), json!({"between": ["2026-12-01", "2026-12-31"]}), true),
            (json!("2027-01-01"), json!({"between": ["2026-12-01", "2026-12-31"]}), false),
            (json!("2026-12-01"), json!({"in_past": "3d"}), true),
            (json!("2026-11-28"), json!({"in_past": "3d"}), true),
            (json!("2026-11-27"), json!({"in_past": "3d"}), false),
            (json!("2026-12-02"), json!({"in_past": "3d"}), false),
            (json!("2026-11-30"), json!({"in_past": "4h"}), false),
            (json!("2026-12-01"), json!({"is_empty": true}), false),
        ],
    );
}

#[test]
fn instants() {
    // Noon in Berlin on 1 December is 11:00 UTC; the day starts at 23:00 UTC the evening before.
    table(
        "a_date_time",
        &[
            (json!("2026-11-30T23:00:00Z"), json!({"on": "2026-12-01"}), true),
            (json!("2026-11-30T22:59:59Z"), json!({"on": "2026-12-01"}), false),
            (json!("2026-11-30T22:59:59Z"), json!({"before": "2026-12-01"}), true),
            (json!("2026-11-30T23:00:00Z"), json!({"before": "2026-12-01"}), false),
            (json!("2026-12-01T12:00:00Z"), json!({"after": "2026-12-01"}), false),
            (json!("2026-12-01T23:00:00Z"), json!({"after": "2026-12-01"}), true),
            (json!("2026-12-01T12:00:00Z"), json!({"after": "2026-12-01T11:59:59Z"}), true),
            (json!("2026-12-01T12:00:00Z"), json!({"before": "2026-12-01T12:00:00Z"}), false),
            (json!("2026-12-01T12:00:00Z"), json!({"between": ["2026-12-01", "2026-12-01"]}), true),
            (json!("2026-12-01T11:00:00Z"), json!({"in_past": "30m"}), true),
            (json!("2026-12-01T10:30:00Z"), json!({"in_past": "30m"}), true),
            (json!("2026-12-01T10:29:59Z"), json!({"in_past": "30m"}), false),
            (json!("2026-12-01T11:00:01Z"), json!({"in_past": "30m"}), false),
            (json!("2026-11-01T11:00:00Z"), json!({"in_past": "1mo"}), true),
            (json!("2026-11-01T10:59:59Z"), json!({"in_past": "1mo"}), false),
            (json!("2026-12-01T11:00:00Z"), json!({"is_not_empty": true}), true),
        ],
    );
}

#[test]
fn not_turns_a_missing_value_round_plainly() {
    let nobody = Account::default();
    assert!(!nobody.meets(json!({"account": "industry", "is": "Retail"})));
    assert!(!nobody.meets(json!({"account": "industry", "is_not": "Retail"})));
    assert!(nobody.meets(json!({"not": {"account": "industry", "is": "Retail"}})));
    assert!(nobody.meets(json!({"not": {"account": "industry", "is_not": "Retail"}})));
}

#[test]
fn empty_all_is_true_and_empty_any_is_false() {
    assert!(Account::default().meets(json!({"all": []})));
    assert!(!Account::default().meets(json!({"any": []})));
    assert!(Account::default().meets(json!({"not": {"any": []}})));
}
