//! Differences, told for people, and none where there is none.

use super::*;
use jiff::tz::TimeZone;

use crate::document::{read_documents, to_yaml};

fn document(text: &str) -> Document {
    let (mut documents, findings) = read_documents(text, "test.yaml");
    assert!(findings.is_empty(), "{findings:?}");
    documents.pop().expect("a document")
}

fn told(old: &str, new: &str) -> String {
    let found = document(old).differences(&document(new), &Schema::standard(), &TimeZone::UTC).expect("differences");
    found.iter().map(|it| format!("{:?} {} | {}", it.fate, it.pointer, it.words)).collect::<Vec<_>>().join("\n")
}

const JOURNEY: &str = r#"
kind: journey
key: nurture
subject: account
audience: {account_list: big}
end: 2027-06-30T00:00:00Z
entry: hello
nodes:
  hello: {type: action, on: people, action: send_email, email: welcome, next: pause}
  pause: {type: wait, duration: 3d, next: size}
  size:
    type: split
    by: account
    paths:
      - {label: Large, when: {account: employees, at_least: 1000}, next: list}
      - {label: Middle, when: {account: country, is: DE}, next: people}
    other: {next: null}
  list: {type: action, on: account, action: add_to_account_list, list: warm, next: done}
  people:
    type: split
    by: person
    paths:
      - {label: Chiefs, when: {person: job_title, starts_with: Chief}, actions: [{id: one, action: change_score, score: interest, change: "+5"}]}
    next: done
  done: {type: merge, next: null}
"#;

#[test]
fn the_same_journey_written_otherwise_has_no_difference() {
    let other = document(JOURNEY).to_yaml().expect("YAML");
    assert_eq!(told(JOURNEY, &other), "");
    // The order in which nodes are written says nothing.
    let reordered = JOURNEY
        .replace("  done: {type: merge, next: null}\n", "")
        .replace("nodes:\n", "nodes:\n  done: {type: merge, next: null}\n");
    assert_eq!(told(JOURNEY, &reordered), "");
}

#[test]
fn a_node_put_in_between_moves_nobody() {
    let new = JOURNEY
        .replace("email: welcome, next: pause", "email: welcome, next: ask")
        .replace("  pause:", "  ask: {type: listen, event: {activity: email_clicked}, next: pause}\n  pause:");
    insta::assert_snapshot!(told(JOURNEY, &new), @"Added /nodes/ask | node ask: listen for email_clicked, after hello");
    insta::assert_snapshot!(told(&new, JOURNEY), @"Removed /nodes/ask | node ask: listen for email_clicked, after hello");
}

#[test]
fn nodes_that_change_places_have_moved() {
    let new = JOURNEY
        .replace("entry: hello", "entry: pause")
        .replace("duration: 3d, next: size", "duration: 3d, next: hello")
        .replace("email: welcome, next: pause", "email: welcome, next: size");
    insta::assert_snapshot!(told(JOURNEY, &new), @r"
    Moved /nodes/hello | node hello: after pause, was after audience
    Moved /nodes/pause | node pause: after audience, was after hello
    Moved /nodes/size | node size: after hello, was after pause
    ");
}

#[test]
fn settings_conditions_and_paths_are_told_in_words() {
    let new = JOURNEY
        .replace("duration: 3d", "duration: 5d")
        .replace("at_least: 1000}", "at_least: 500}")
        .replace("{account: country, is: DE}", "{account: country, is: [DE]}")
        .replace("change: \"+5\"", "change: \"+7\"")
        .replace(
            "    other: {next: null}\n",
            "      - {label: Small, when: {account: employees, less_than: 5}, next: null}\n    other: {next: null}\n",
        )
        .replace("end: 2027-06-30T00:00:00Z", "end: 2027-12-31T00:00:00Z\ndeduplicate_email: true");
    insta::assert_snapshot!(told(JOURNEY, &new), @r"
    Changed /end | end: 2027-06-30T00:00:00Z → 2027-12-31T00:00:00Z
    Added /deduplicate_email | deduplicate_email: true
    Changed /nodes/pause/duration | pause · duration: 3d → 5d
    Changed /nodes/size/paths/0/when | size · Large · when: Employees is at least 1000 → Employees is at least 500
    Rewritten /nodes/size/paths/1/when | size · Middle · when: written differently, holds for the same: Country is DE
    Added /nodes/size/paths/2 | size · Small: when Employees is less than 5
    Changed /nodes/people/paths/0/actions/0/change | people · Chiefs · one · change: +5 → +7
    ");
}

#[test]
fn a_path_that_ends_the_journey_now_is_told() {
    let new = JOURNEY.replace("list: warm, next: done", "list: warm, next: null");
    insta::assert_snapshot!(told(JOURNEY, &new), @r"
    Moved /nodes/done | node done: after people, was after list, after people
    Changed /nodes/list | after list: the trip ends here now
    ");
}

#[test]
fn a_node_of_another_type_is_told_as_a_whole() {
    let new = JOURNEY.replace("{type: wait, duration: 3d, next: size}", "{type: merge, next: size}");
    insta::assert_snapshot!(told(JOURNEY, &new), @"Changed /nodes/pause | node pause: is a merge, was a wait");
}

#[test]
fn other_kinds_are_told_field_by_field_and_lists_by_the_names_in_them() {
    let old = r#"
kind: stage_model
key: pipeline
stages:
  - {name: Aware, entry: true, to: [Engaged]}
  - {name: Engaged, to: [Won]}
  - {name: Won, destination: success}
"#;
    let new = r#"
kind: stage_model
key: pipeline
description: How deals go.
stages:
  - {name: Engaged, to: [Won, Lost]}
  - {name: Aware, entry: true, to: [Engaged]}
  - {name: Won, destination: success}
  - {name: Lost, destination: failure}
"#;
    insta::assert_snapshot!(told(old, new), @r"
    Added /description | description: How deals go.
    Changed /stages/0/to | stages · Engaged · to: [Won] → [Won, Lost]
    Added /stages/3 | stages · Lost: {name: Lost, destination: failure}
    Reordered /stages | stages: order Aware, Engaged, Won → Engaged, Aware, Won
    ");
    let list = "{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 5}}";
    insta::assert_snapshot!(told(list, &list.replace("5", "7")), @"Changed /when | when: Employees is at least 5 → Employees is at least 7");
}

#[test]
fn of_long_texts_the_first_line_that_differs_is_shown() {
    let mail = |line: &str| {
        let body = format!("<p>Hello</p>\n<p>{line}</p>\n<p>Bye</p>");
        to_yaml(
            &serde_json::json!({"kind": "email", "key": "welcome", "connection": "mail", "subject": "Hi", "body": {"html": body}}),
        )
    };
    insta::assert_snapshot!(told(&mail("One"), &mail("Two")), @"Changed /body/html | body · html: <p>One</p> → <p>Two</p>");
}
