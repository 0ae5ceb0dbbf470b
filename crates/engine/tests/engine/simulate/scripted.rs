//! What services answer and what people do in a simulation, as it was said.

use caravan_engine::simulate::{ScriptedAnswer, ScriptedReaction, SimulateRequest, Simulated, TimelineLine};

use crate::simulate::{NURTURE, START, codes, draft, prepared, request, run, stored, traces};
use crate::support::{World, at, on_both_stores};

const CALLS: &str = r#"
{kind: external_action, key: tier, url: "https://tier.example/openapi.json", on: account, split: true, timeout: 2h}
---
{kind: external_action, key: enrich, url: "https://enrich.example/openapi.json", on: people, timeout: 2h, incoming: {department: dept}}
---
kind: journey
key: calling
subject: account
audience: {account_list: big}
end: 2027-06-30T00:00:00Z
entry: route
nodes:
  route:
    type: external_split
    by: account
    service: tier
    paths: [{label: Gold, when: {tier: {is: gold}}, next: ask}]
    other: {next: rest-1}
    failed: {next: rest-2}
  ask: {type: external_action, on: people, service: enrich, next: known, failed: {next: rest-4}}
  known: {type: split, by: account, paths: [{label: Sales, when: {has_people: {person: department, is: Sales}}, next: rest-3}]}
  rest-1: {type: wait, duration: 90d, next: null}
  rest-2: {type: wait, duration: 90d, next: null}
  rest-3: {type: wait, duration: 90d, next: null}
  rest-4: {type: wait, duration: 90d, next: null}
"#;

fn answers(given: serde_json::Value) -> Vec<ScriptedAnswer> {
    serde_json::from_value(given).expect("answers")
}

#[test]
fn services_answer_what_was_given_and_are_silent_otherwise() {
    let world = prepared(World::embedded(START));
    world.apply(CALLS);
    let given = answers(serde_json::json!([
        {"service": "tier", "account_key": "a-5", "failed": "no_such_account"},
        {"service": "tier", "account_key": "a-6", "after": "3h", "variables": {"tier": "gold"}},
        {"service": "tier", "account_key": "a-7", "after": "30m", "variables": {"tier": "silver"}},
        {"service": "tier", "node": "nowhere", "variables": {"tier": "silver"}},
        {"service": "tier", "account_key": "a-8", "after": "30m", "variables": {"tier": "gold"}},
        {"service": "enrich", "person_key": "p-8-1", "attributes": {"dept": "Sales"}},
        {"service": "enrich", "account_key": "a-8", "failed": "unknown_person"},
    ]));
    let mut lines = Vec::new();
    let mut take = |line: TimelineLine| lines.push(line);
    let request = SimulateRequest {
        answers: given,
        timelines: Some(&mut take),
        ..request(stored("calling"), "2027-01-01T00:00:00Z")
    };
    let report = run(&world, request);
    let stands = |node: &str| report.nodes[node].current;
    assert_eq!((stands("rest-1"), stands("rest-2"), stands("rest-3"), stands("rest-4")), (1, 3, 1, 0));
    assert_eq!(
        report.nodes["route"].paths,
        [("Gold", 1), ("failed", 3), ("other", 1)].map(|(p, n)| (p.to_owned(), n)).into()
    );
    let outcomes = report.nodes["ask"].outcomes.clone().expect("outcomes");
    assert_eq!((outcomes.done, outcomes.failed), (1, [("unknown_person".to_owned(), 2)].into()));
    assert_eq!((report.effects["tier"], report.effects["enrich"]), (5, 3));
    let left =
        |who: &str| lines.iter().find(|line| line.traveller == who && line.node == "route").and_then(|line| line.left);
    assert_eq!(left("a-5"), Some(at(START)), "at once");
    assert_eq!(left("a-7"), Some(at("2026-12-01T09:30:00Z")), "half an hour after it was asked");
    assert_eq!(
        (left("a-6"), left("a-9")),
        (Some(at("2026-12-01T11:00:00Z")), Some(at("2026-12-01T11:00:00Z"))),
        "too late, or silent"
    );
}

#[test]
fn answers_of_nobody_are_refused() {
    let world = prepared(World::embedded(START));
    world.apply(CALLS);
    let given = |json| {
        let answers = answers(serde_json::json!([json]));
        codes(&world, SimulateRequest { answers, ..request(stored("calling"), "2027-01-01T00:00:00Z") })
    };
    assert_eq!(given(serde_json::json!({"service": "tear"})), ["unknown_service"]);
    assert_eq!(given(serde_json::json!({"service": "tier", "path": "Gold"})), ["unknown_path"], "at no node");
    assert_eq!(given(serde_json::json!({"service": "tier", "node": "route", "path": "Silver"})), ["unknown_path"]);
    assert_eq!(given(serde_json::json!({"service": "tier", "account_key": "b"})), ["unknown_account"]);
    assert_eq!(given(serde_json::json!({"service": "enrich", "person_key": "b"})), ["unknown_person"]);
    assert_eq!(
        given(serde_json::json!({"service": "tier", "failed": "x", "variables": {"tier": "gold"}})),
        ["answer_of_a_failure"]
    );
    world.apply(&CALLS.replace("{tier: {is: gold}}", "{tier: {starts_with: gold, is_not: gold}}"));
    let vague = serde_json::json!({"service": "tier", "node": "route", "path": "Gold"});
    assert_eq!(given(vague), ["variables_needed"], "no simple answer is gold and more");
}

#[test]
fn variables_stand_beside_those_by_which_a_path_is_taken_and_lead_to_no_other() {
    let world = prepared(World::embedded(START));
    world.apply(CALLS);
    let given = |variables: serde_json::Value| {
        let gold = serde_json::json!([{"service": "tier", "node": "route", "path": "Gold", "variables": variables}]);
        SimulateRequest { answers: answers(gold), ..request(stored("calling"), "2027-01-01T00:00:00Z") }
    };
    assert_eq!(codes(&world, given(serde_json::json!({"tier": "silver"}))), ["variables_elsewhere"]);
    let report = run(&world, given(serde_json::json!({"score": 7})));
    assert_eq!(report.nodes["route"].paths, [("Gold".to_owned(), 5)].into());
}

#[test]
fn a_share_of_the_calls_is_answered_so_and_the_others_as_said_next() {
    let world = prepared(World::embedded(START));
    world.apply(CALLS);
    let given = answers(serde_json::json!([
        {"service": "tier", "share": 50, "node": "route", "path": "Gold"},
        {"service": "tier", "share": 50, "failed": "no_such_account"},
    ]));
    let report = run(&world, SimulateRequest { answers: given, ..request(stored("calling"), "2027-01-01T00:00:00Z") });
    // Of five: half is three, half of the other two is one, and one is never answered.
    assert_eq!(report.nodes["route"].paths, [("Gold", 3), ("failed", 2)].map(|(p, n)| (p.to_owned(), n)).into());
}

fn reactions(given: serde_json::Value) -> Vec<ScriptedReaction> {
    serde_json::from_value(given).expect("reactions")
}

/// How many leave `demo` by its event and by its timeout, and when those who were followed did.
fn reacting(world: &World, journey: Simulated, given: serde_json::Value) -> ((i64, i64), Vec<TimelineLine>) {
    let mut lines = Vec::new();
    let mut take = |line: TimelineLine| lines.push(line);
    let request = SimulateRequest {
        reactions: reactions(given),
        timelines: Some(&mut take),
        ..request(journey, "2027-04-01T00:00:00Z")
    };
    let report = run(world, request);
    let demo = &report.nodes["demo"];
    let silent = demo.paths.get("timeout").copied().unwrap_or(0);
    lines.retain(|line| line.node == "demo");
    ((demo.left - silent, silent), lines)
}

on_both_stores! {
    whoever_comes_to_a_listener_reacts_a_while_later_everybody_or_a_share_or_one(world at "2026-12-01T09:00:00Z") {
        let world = prepared(world);
        let before = traces(&world);
        let left = |given| reacting(&world, stored("nurture"), given);
        let (went, lines) = left(serde_json::json!([{"node": "demo", "after": "2h"}]));
        assert_eq!(went, (5, 0), "everybody");
        assert!(lines.iter().all(|line| line.left == Some(at("2026-12-04T11:00:00Z"))), "two hours after each came: {lines:?}");
        assert_eq!(left(serde_json::json!([{"node": "demo", "share": 50}])).0, (3, 2), "half of five, the first among them");
        let (went, lines) = left(serde_json::json!([{"node": "demo", "traveller": "a-7"}]));
        assert_eq!(went, (1, 4));
        let heard: Vec<&str> = lines.iter().filter(|line| line.path.is_none()).map(|line| &*line.traveller).collect();
        assert_eq!(heard, ["a-7"]);
        assert_eq!(left(serde_json::json!([])).0, (0, 5), "nobody");
        // What comes after the time is over changes nothing any more.
        assert_eq!(left(serde_json::json!([{"node": "demo", "after": "11d"}])).0, (0, 5));
        assert_eq!(traces(&world), before, "the store is as it was");
    }
}

#[test]
fn a_reaction_is_what_the_node_asks_for_by_somebody_for_whom_its_filters_hold() {
    let world = prepared(World::embedded(START));
    world.sql("UPDATE person SET job_title = 'Buyer' WHERE key IN ('p-5-2', 'p-6-0', 'p-7-1')");
    let asks = "event: {activity: demo_requested, at_least: 3, where: {product: {starts_with: crm, contains: pro}}}
    filters: {person: job_title, is: Buyer}";
    let text = NURTURE.replace("event: {activity: demo_requested}", asks);
    let (went, _) = reacting(&world, draft(&text), serde_json::json!([{"node": "demo"}]));
    assert_eq!(went, (3, 2), "three accounts have a buyer, who asks three times for a fitting product");
    let other = serde_json::json!([{"node": "demo", "fields": {"product": "erp"}}]);
    assert_eq!(reacting(&world, draft(&text), other).0, (0, 5), "fields that are given are taken as they are");
}

#[test]
fn travellers_who_stand_at_a_listener_of_a_live_journey_react_too() {
    let world = prepared(World::embedded(START));
    world.publish("nurture");
    world.run();
    world.run_at("2026-12-06T09:00:00Z");
    let mut lines = Vec::new();
    let mut take = |line: TimelineLine| lines.push(line);
    let request = SimulateRequest {
        from: at("2026-12-06T09:00:00Z"),
        reactions: reactions(serde_json::json!([{"node": "demo", "after": "1d"}])),
        timelines: Some(&mut take),
        ..request(stored("nurture"), "2027-01-01T00:00:00Z")
    };
    let report = run(&world, request);
    assert_eq!(report.nodes["demo"].left, 5);
    lines.retain(|line| line.node == "demo");
    assert!(
        lines.iter().all(|line| line.left == Some(at("2026-12-07T09:00:00Z"))),
        "counted from the start: {lines:?}"
    );
}

#[test]
fn reactions_that_cannot_be_are_refused() {
    let world = prepared(World::embedded(START));
    let given = |json| {
        let reactions = reactions(serde_json::json!([json]));
        codes(&world, SimulateRequest { reactions, ..request(stored("nurture"), "2027-01-01T00:00:00Z") })
    };
    assert_eq!(given(serde_json::json!({"node": "nowhere"})), ["unknown_node"]);
    assert_eq!(given(serde_json::json!({"node": "pause"})), ["not_a_listener"]);
    assert_eq!(given(serde_json::json!({"node": "demo", "type": "email_clicked"})), ["event_not_heard"]);
    assert_eq!(given(serde_json::json!({"node": "demo", "traveller": "b"})), ["unknown_account"]);
    assert!(serde_json::from_value::<ScriptedReaction>(serde_json::json!({"node": "demo", "share": 0})).is_err());
    let asks = "event: {activity: demo_requested, where: {product: {starts_with: crm, is_not: crm}}}";
    world.apply(&NURTURE.replace("event: {activity: demo_requested}", asks));
    assert_eq!(given(serde_json::json!({"node": "demo"})), ["fields_needed"], "no simple activity is crm and more");
    let told =
        reacting(&world, stored("nurture"), serde_json::json!([{"node": "demo", "fields": {"product": "crm-2"}}]));
    assert_eq!(told.0, (5, 0), "what is given will do");
}
