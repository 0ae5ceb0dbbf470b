use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::*;
use crate::journey::{Next, Node};

/// A catalogue with the actions that these tests use.
struct Catalogue;

impl ActionCatalogue for Catalogue {
    fn actions(&self) -> Vec<&'static str> {
        vec!["send_email", "change_score", "assign_to_buying_group", "send_sales_alert", "update_buying_group_stage"]
    }

    fn facts(&self, action: &str) -> Option<ActionFacts> {
        let (on, in_person_journeys) = match action {
            "send_email" | "change_score" => (On::People, true),
            "assign_to_buying_group" => (On::People, false),
            "send_sales_alert" | "update_buying_group_stage" => (On::Account, false),
            _ => return None,
        };
        Some(ActionFacts { on, in_person_journeys })
    }

    fn check(&self, action: &str, settings: &Map<String, Value>, pointer: &str) -> Vec<Finding> {
        let blank = action == "send_email" && !settings.contains_key("email");
        blank.then(|| Finding::error("missing_setting", pointer, "Choose an email.")).into_iter().collect()
    }

    fn references(&self, _: &str, settings: &Map<String, Value>, pointer: &str) -> Vec<Reference> {
        let email = settings.get("email").and_then(Value::as_str);
        email
            .map(|key| Reference::new(crate::document::DocumentKind::Email, key, format!("{pointer}/email")))
            .into_iter()
            .collect()
    }
}

fn now() -> Timestamp {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

/// An account journey with these nodes, the first of them its entry.
fn journey(nodes: Value) -> Journey {
    let entry = nodes.as_object().and_then(|it| it.keys().next().cloned());
    let whole = json!({"subject": "account", "audience": {"account_list": "enterprise"}, "end": "2027-06-30T00:00:00Z",
        "entry": entry, "nodes": nodes});
    serde_json::from_value(whole).unwrap()
}

/// The codes of what is found, with the node each is at.
fn codes(journey: &Journey) -> Vec<String> {
    let found = journey.check(now(), &Catalogue);
    found.iter().map(|it| format!("{}@{}", it.code, it.node.as_deref().unwrap_or(&it.pointer))).collect()
}

#[test]
fn a_journey_of_one_node_may_be_published() {
    assert_eq!(codes(&journey(json!({"end": {"type": "wait", "duration": "1d", "next": null}}))), Vec::<String>::new());
}

#[test]
fn only_a_written_null_ends_a_journey() {
    let without = serde_json::from_value::<Node>(json!({"type": "wait", "duration": "1d"}));
    assert!(without.unwrap_err().to_string().contains("next"));
    let listen: Node = serde_json::from_value(json!({"type": "listen", "event": {"activity": "form_filled"},
        "timeout": {"duration": "1d", "next": null}, "next": null}))
    .unwrap();
    let Node::Listen(listen) = listen else { panic!("a listener") };
    assert_eq!(listen.timeout.unwrap().next, Some(Next::End));
}
