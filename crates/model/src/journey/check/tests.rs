use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::*;
use crate::journey::{Ending, Entry, Next, Node, Subject};

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

/// An account journey whose one node is this.
fn only(node: Value) -> Journey {
    journey(json!({"n": node}))
}

fn email(next: Value) -> Value {
    json!({"type": "action", "on": "people", "action": "send_email", "email": "welcome", "next": next})
}

fn wait(next: Value) -> Value {
    json!({"type": "wait", "duration": "2d", "next": next})
}

/// What is found on the journey of the interfaces page, changed by `change`.
fn changed(change: impl FnOnce(&mut Journey)) -> Vec<String> {
    let mut journey = example();
    change(&mut journey);
    codes(&journey)
}

fn example() -> Journey {
    let text = include_str!("../../../../../docs/examples/everything.yaml");
    let (documents, _) = crate::document::read_documents(text, "everything.yaml");
    let document = documents.into_iter().find(|it| it.key() == "enterprise-nurture").unwrap();
    document.body.journey().unwrap().clone()
}

fn person(nodes: Value) -> Journey {
    Journey { subject: Subject::Person, audience: Some(Entry::Audience("germans".to_owned())), ..journey(nodes) }
}

#[test]
fn the_journey_of_the_interfaces_page_may_be_published() {
    assert_eq!(changed(|_| {}), Vec::<String>::new());
}

#[test]
fn nodes_keep_the_order_in_which_they_were_written() {
    let ids: Vec<String> = example().nodes.keys().map(ToString::to_string).collect();
    let written =
        ["assign", "hello", "pause", "heard", "size", "people", "remind", "ra", "rb", "alert", "stage", "done"];
    assert_eq!(ids, written);
}

#[test]
fn a_journey_needs_an_audience_of_its_own_subject() {
    assert_eq!(changed(|it| it.audience = None), ["no_audience@/audience"]);
    let list = |key: &str| key.to_owned();
    assert_eq!(
        changed(|it| it.audience = Some(Entry::PeopleList(list("a")))),
        ["audience_wrong_subject@/audience/people_list"]
    );
    assert_eq!(
        changed(|it| it.audience = Some(Entry::Events(Vec::new()))),
        ["audience_wrong_subject@/audience/events"]
    );
    let mut people = person(json!({"a": wait(Value::Null)}));
    assert_eq!(codes(&people), Vec::<String>::new());
    people.audience = Some(Entry::AccountList(list("a")));
    assert_eq!(codes(&people), ["audience_wrong_subject@/audience/account_list"]);
    people.audience = Some(Entry::Events(Vec::new()));
    assert_eq!(codes(&people), ["audience_event_count@/audience/events"]);
}

#[test]
fn the_end_date_lies_ahead_and_within_three_years_of_the_start() {
    let end = |end: Option<&str>| changed(|it| it.end = end.map(|it| it.parse().unwrap()));
    assert_eq!(end(None), ["end_missing@/end"]);
    assert_eq!(end(Some("2026-11-22T00:00:00Z")), ["end_past@/end"]);
    assert_eq!(end(Some("2026-12-01T09:00:00Z")), ["end_before_start@/end"]);
    assert_eq!(end(Some("2029-12-01T09:00:00Z")), Vec::<String>::new());
    assert_eq!(end(Some("2029-12-01T09:00:01Z")), ["end_too_late@/end"]);
    // Without a start, the start is now.
    let from_now = |end: &str| changed(|it| (it.start, it.end) = (None, Some(end.parse().unwrap())));
    assert_eq!(from_now("2029-11-23T00:00:00Z"), Vec::<String>::new());
    assert_eq!(from_now("2029-11-23T00:00:01Z"), ["end_too_late@/end"]);
}

#[test]
fn re_entry_waits_hours_or_days_and_only_accounts_re_enter() {
    let delay = |delay: &str| changed(|it| it.reentry.as_mut().unwrap().delay = delay.parse().unwrap());
    assert_eq!(delay("12h"), Vec::<String>::new());
    assert_eq!(delay("1mo"), ["reentry_delay_unit@/reentry/delay"]);
    let mut people = person(json!({"a": wait(Value::Null)}));
    people.reentry = example().reentry;
    assert_eq!(codes(&people), ["reentry_person_journey@/reentry"]);
}

#[test]
fn a_journey_has_nodes_and_says_where_it_begins() {
    assert_eq!(codes(&journey(json!({}))), ["no_nodes@/nodes"]);
    assert_eq!(changed(|it| it.entry = None), ["no_entry@/entry"]);
    assert_eq!(changed(|it| it.entry = Some("asign".into())), ["unknown_node@audience"]);
}

#[test]
fn every_path_leads_to_a_node_and_the_one_that_was_meant_is_offered() {
    let found = journey(json!({"hello": wait(json!("bey")), "bye": wait(Value::Null)})).check(now(), &Catalogue);
    let told = found.iter().find(|it| it.code == "unknown_node").unwrap();
    assert_eq!(
        told.message,
        "There is no node `bey`. Name an existing node, or null where the journey ends. Did you mean `bye`?"
    );
    assert_eq!(told.pointer, "/nodes/hello/next");
}

#[test]
fn a_node_that_nobody_comes_to_is_an_error() {
    assert_eq!(codes(&journey(json!({"a": wait(Value::Null), "b": wait(Value::Null)}))), ["unreachable@b"]);
}

#[test]
fn a_circle_is_an_error_and_names_only_its_own_nodes() {
    let round = journey(json!({"a": wait(json!("b")), "b": {"type": "merge", "next": "c"}, "c": wait(json!("d")),
        "d": {"type": "split", "by": "account", "paths": [{"label": "again", "when": {}, "next": "b"}], "other": {"next": "e"}},
        "e": wait(Value::Null)}));
    let found = round.check(now(), &Catalogue);
    let told: Vec<_> = found.iter().filter(|it| it.is_error()).map(|it| it.message.as_str()).collect();
    assert_eq!(
        told,
        ["Travellers would go round in a circle through `b`, `c`, `d`. Lead one of these paths elsewhere."]
    );
}

#[test]
fn only_a_merge_has_several_ways_in_and_it_has_at_least_two() {
    let fork = |end: Value| {
        journey(json!({"s": {"type": "split", "by": "account",
        "paths": [{"label": "A", "when": {}, "next": "a"}], "other": {"next": "b"}},
        "a": wait(json!("end")), "b": wait(json!("end")), "end": end}))
    };
    assert_eq!(codes(&fork(json!({"type": "merge", "next": null}))), Vec::<String>::new());
    assert_eq!(codes(&fork(wait(Value::Null))), ["several_ways_in@end"]);
    let lone = journey(json!({"a": wait(json!("m")), "m": {"type": "merge", "next": null}}));
    assert_eq!(codes(&lone), ["merge_with_one_path@m"]);
}

#[test]
fn the_entry_counts_as_a_way_in() {
    let back = journey(json!({"m": {"type": "merge", "next": "a"}, "a": wait(Value::Null)}));
    assert_eq!(codes(&back), ["merge_with_one_path@m"]);
}

#[test]
fn ids_are_well_formed_their_own_and_not_reserved() {
    assert_eq!(codes(&journey(json!({"audience": wait(Value::Null)}))), ["reserved_id@audience"]);
    assert_eq!(codes(&journey(json!({"a b": wait(Value::Null)}))), ["bad_id@a b"]);
    let boxed = |id: &str| {
        codes(&people_box(json!([{"label": "A", "when": {}, "actions": [{"id": id, "action": "change_score"}]}])))
    };
    assert_eq!(boxed("x"), Vec::<String>::new());
    assert_eq!(boxed("n"), ["duplicate_id@n"]);
    assert_eq!(boxed("audience"), ["reserved_id@n"]);
}

/// An account journey of one people box with these paths.
fn people_box(paths: Value) -> Journey {
    only(
        json!({"type": "split", "by": "person", "paths": paths, "other": {"actions": [{"id": "o", "action": "change_score"}]}, "next": null}),
    )
}

#[test]
fn a_split_has_1_to_25_paths_each_with_a_condition_and_a_label_of_its_own() {
    let split =
        |paths: Value| codes(&only(json!({"type": "split", "by": "account", "paths": paths, "other": {"next": null}})));
    let errors = |found: Vec<String>| found.into_iter().filter(|it| !it.starts_with("empty_path")).collect::<Vec<_>>();
    let path = |label: &str| json!({"label": label, "when": {}, "next": null});
    assert_eq!(errors(split(json!([]))), ["no_paths@n"]);
    assert_eq!(errors(split(json!([path("A"), {"label": "B", "next": null}]))), ["no_condition@n"]);
    assert_eq!(errors(split(json!([path("A"), path("A")]))), ["duplicate_label@n"]);
    assert_eq!(errors(split(json!([path("other")]))), ["reserved_label@n"]);
    assert_eq!(errors(split(json!([path(" ")]))), ["no_label@n"]);
    let many = |n: usize| (0..n).map(|it| path(&it.to_string())).collect::<Value>();
    assert_eq!(errors(split(many(25))), Vec::<String>::new());
    assert_eq!(errors(split(many(26))), ["too_many_paths@n"]);
}

#[test]
fn a_split_without_other_and_a_path_without_nodes_are_warnings() {
    let found = only(json!({"type": "split", "by": "account", "paths": [{"label": "A", "when": {}, "next": null}]}))
        .check(now(), &Catalogue);
    let told: Vec<_> = found.iter().map(|it| (it.code.as_str(), it.is_error())).collect();
    assert_eq!(told, [("split_without_other", false), ("empty_path", false)]);
    assert_eq!(codes(&people_box(json!([{"label": "A", "when": {}, "actions": []}]))), ["empty_path@n"]);
}

#[test]
fn variants_are_2_to_20_with_whole_percentages_that_add_up_to_100() {
    let split = |percents: &[i64]| {
        let paths: Vec<Value> = percents
            .iter()
            .enumerate()
            .map(|(n, it)| json!({"label": n.to_string(), "percent": it, "next": null}))
            .collect();
        codes(&only(json!({"type": "variant_split", "by": "account", "paths": paths})))
    };
    assert_eq!(split(&[50, 50]), Vec::<String>::new());
    assert_eq!(split(&[5; 20]), Vec::<String>::new());
    assert_eq!(split(&[50, 49]), ["percent_sum@n"]);
    assert_eq!(split(&[100, 0]), ["bad_percent@n", "bad_percent@n"]);
    assert_eq!(split(&[99]), ["variant_count@n", "percent_sum@n"]);
    assert!(split(&[4; 25]).contains(&"variant_count@n".to_owned()));
    assert!(split(&[i64::MAX, i64::MAX]).contains(&"percent_sum@n".to_owned()));
}

#[test]
fn a_people_box_holds_people_actions_only() {
    let one = |action: Value| codes(&people_box(json!([{"label": "A", "when": {}, "actions": [action]}])));
    assert_eq!(one(json!({"id": "x", "action": "send_email", "email": "roi"})), Vec::<String>::new());
    assert_eq!(one(json!({"id": "x", "action": "send_sales_alert"})), ["account_action_in_box@n"]);
    assert_eq!(one(json!({"id": "x", "action": "change_score", "next": "n"})), ["box_holds_only_actions@n"]);
    for inner in ["listen", "split", "wait"] {
        let found = one(json!({"id": "x", "action": "", "type": inner}));
        assert!(found.contains(&"box_holds_only_actions@n".to_owned()), "{inner}: {found:?}");
    }
}

#[test]
fn a_people_split_asks_in_one_mode_and_in_person_journeys_about_people_alone() {
    let asks = |when: Value| json!([{"label": "A", "when": when, "actions": [{"id": "x", "action": "change_score"}]}]);
    let person_is = json!({"person": "country", "is": "DE"});
    let role_is = json!({"role_in_account": "Sponsor"});
    assert_eq!(codes(&people_box(asks(person_is.clone()))), Vec::<String>::new());
    assert_eq!(codes(&people_box(asks(role_is.clone()))), Vec::<String>::new());
    assert_eq!(codes(&people_box(asks(json!({"all": [person_is, role_is]})))), ["mixed_split_modes@n"]);
    let open = |when: Value| {
        codes(&person(json!({"n": {"type": "split", "by": "person",
            "paths": [{"label": "A", "when": when, "next": "a"}], "other": {"next": "b"}},
            "a": wait(Value::Null), "b": wait(Value::Null)})))
    };
    assert_eq!(open(json!({"role_in_account": "Sponsor"})), ["account_mode_in_person_journey@n"]);
}

#[test]
fn a_people_box_has_one_way_on_and_its_paths_have_actions() {
    assert_eq!(codes(&people_box(json!([{"label": "A", "when": {}}]))), ["box_without_actions@n"]);
    assert_eq!(
        codes(&people_box(json!([{"label": "A", "when": {}, "actions": [], "next": null}]))),
        ["empty_path@n", "next_inside_box@n"]
    );
    let open_end = only(
        json!({"type": "split", "by": "person", "paths": [{"label": "A", "when": {}, "actions": [{"id": "x", "action": "change_score"}]}], "other": {"actions": [{"id": "y", "action": "change_score"}]}}),
    );
    assert_eq!(codes(&open_end), ["box_without_next@n"]);
}

#[test]
fn paths_outside_a_box_lead_on_and_hold_no_actions() {
    let split =
        |path: Value| codes(&only(json!({"type": "split", "by": "account", "paths": [path], "other": {"next": null}})));
    assert_eq!(split(json!({"label": "A", "when": {}})), ["path_without_next@n"]);
    assert_eq!(
        split(json!({"label": "A", "when": {}, "actions": []})),
        ["actions_outside_box@n", "path_without_next@n"]
    );
    let next = only(
        json!({"type": "variant_split", "by": "account", "next": null, "paths": [{"label": "A", "percent": 50, "next": null}, {"label": "B", "percent": 50, "next": null}]}),
    );
    assert_eq!(codes(&next), ["next_outside_box@n"]);
}

#[test]
fn a_split_by_person_is_open_in_a_person_journey() {
    let open = person(
        json!({"s": {"type": "split", "by": "person", "paths": [{"label": "A", "when": {}, "next": "a"}], "other": {"next": "b"}},
        "a": wait(Value::Null), "b": wait(Value::Null)}),
    );
    assert_eq!(codes(&open), Vec::<String>::new());
}

#[test]
fn account_things_do_not_stand_in_person_journeys() {
    let alert = person(json!({"n": {"type": "action", "on": "account", "action": "send_sales_alert", "next": null}}));
    assert_eq!(codes(&alert), ["action_not_in_person_journey@n"]);
    let assign =
        person(json!({"n": {"type": "action", "on": "people", "action": "assign_to_buying_group", "next": null}}));
    assert_eq!(codes(&assign), ["action_not_in_person_journey@n"]);
    let split = person(
        json!({"n": {"type": "variant_split", "by": "account", "paths": [{"label": "A", "percent": 50, "next": null}, {"label": "B", "percent": 50, "next": null}]}}),
    );
    assert_eq!(codes(&split), ["account_split_in_person_journey@n"]);
    let call = person(json!({"n": {"type": "external_action", "on": "people", "service": "s", "next": null}}));
    assert_eq!(codes(&call), ["external_node_in_person_journey@n"]);
}

#[test]
fn an_action_is_known_acts_on_the_right_and_its_settings_are_checked() {
    let action = |action: &str, on: &str| {
        only(json!({"type": "action", "on": on, "action": action, "email": "e", "next": null}))
    };
    let found = action("send_emial", "people").check(now(), &Catalogue);
    assert_eq!(
        found[0].message,
        "There is no action `send_emial`. Take one of the catalogue. Did you mean `send_email`?"
    );
    assert_eq!(codes(&action("send_email", "account")), ["wrong_on@n"]);
    assert_eq!(
        codes(&only(json!({"type": "action", "on": "people", "action": "send_email", "next": null}))),
        ["missing_setting@n"]
    );
}

#[test]
fn a_listener_names_its_event_and_in_account_journeys_one() {
    let listen = |fields: Value| {
        let mut node = json!({"type": "listen", "next": null});
        node.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        node
    };
    let event = json!({"activity": "form_filled"});
    assert_eq!(codes(&only(listen(json!({})))), ["no_event@n"]);
    assert_eq!(codes(&only(listen(json!({"event": event, "events": [event]})))), ["event_and_events@n"]);
    assert_eq!(codes(&only(listen(json!({"events": [event, event]})))), ["several_events@n"]);
    assert_eq!(codes(&person(json!({"n": listen(json!({"events": [event, event]}))}))), Vec::<String>::new());
}

#[test]
fn a_wait_and_a_timeout_have_a_duration_or_a_date() {
    let told = |fields: Value| {
        let mut node = json!({"type": "wait", "next": null});
        node.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        codes(&only(node))
    };
    assert_eq!(told(json!({"until": "2027-01-15T09:00:00Z"})), Vec::<String>::new());
    assert_eq!(told(json!({})), ["required@n"]);
    assert_eq!(told(json!({"duration": "1d", "until": "2027-01-15T09:00:00Z"})), ["duration_and_until@n"]);
    assert_eq!(
        told(json!({"until": "2027-01-15T09:00:00Z", "must_end_on": {"days": ["mon"]}})),
        ["until_and_must_end_on@n"]
    );
    assert_eq!(told(json!({"duration": "1d", "must_end_on": {"time": "09:00", "zone": "Mars/Base"}})).len(), 1);
    let silent = only(json!({"type": "listen", "event": {"activity": "form_filled"}, "timeout": {}, "next": null}));
    assert_eq!(silent.check(now(), &Catalogue)[0].pointer, "/nodes/n/timeout/duration");
}

#[test]
fn a_node_that_does_not_work_yet_cannot_be_published() {
    let node = json!({"type": "next_best_path", "connection": "ai", "paths": [{"label": "A", "prompt": "who", "next": null}], "other": {"next": null}});
    assert_eq!(codes(&person(json!({"n": node}))), ["not_available@n"]);
}

#[test]
fn two_emails_within_a_day_on_one_path_are_a_warning() {
    let pause = |duration: &str| {
        journey(
            json!({"a": email(json!("w")), "w": {"type": "wait", "duration": duration, "next": "b"}, "b": email(Value::Null)}),
        )
    };
    assert_eq!(codes(&pause("23h")), ["emails_within_a_day@b"]);
    assert_eq!(codes(&pause("1d")), Vec::<String>::new());
    let boxed = people_box(
        json!([{"label": "A", "when": {}, "actions": [{"id": "x", "action": "send_email", "email": "a"}, {"id": "y", "action": "send_email", "email": "b"}]}]),
    );
    assert_eq!(codes(&boxed), ["emails_within_a_day@n"]);
}

#[test]
fn the_edges_are_those_of_the_map_with_the_keys_of_the_counts() {
    let told: Vec<String> = example()
        .edges()
        .iter()
        .map(|edge| {
            let to = edge.to.as_ref().map_or_else(|| format!("{:?}", edge.ending.unwrap()), ToString::to_string);
            format!("{} -{}-> {to}", edge.from, edge.path.as_deref().unwrap_or(""))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_left_out_way_ends_the_trip_under_its_own_name() {
    let endings = |node: Value| -> Vec<_> {
        only(node).edges().into_iter().filter_map(|edge| Some((edge.path, edge.ending?))).collect()
    };
    let path = |key: &str| Some(key.to_owned());
    let listen =
        json!({"type": "listen", "event": {"activity": "form_filled"}, "timeout": {"duration": "1d"}, "next": null});
    assert_eq!(endings(listen), [(None, Ending::Completed), (path("timeout"), Ending::TimedOut)]);
    let split = json!({"type": "split", "by": "account", "paths": [{"label": "A", "when": {}, "next": null}]});
    assert_eq!(endings(split), [(path("A"), Ending::Completed), (path("other"), Ending::NoPath)]);
    let call = json!({"type": "external_action", "on": "account", "service": "s", "next": null});
    assert_eq!(endings(call), [(None, Ending::Completed), (path("failed"), Ending::TimedOut)]);
}

#[test]
fn the_order_puts_every_node_before_those_it_leads_to() {
    let journey = example();
    let order = journey.topological_order().unwrap();
    assert_eq!(order.len(), journey.nodes.len());
    let place = |id: &NodeId| order.iter().position(|it| *it == id).unwrap();
    for edge in journey.edges().iter().skip(1) {
        if let Some(to) = &edge.to {
            assert!(place(&edge.from) < place(to), "{} before {to}", edge.from);
        }
    }
}

#[test]
fn actions_in_boxes_are_found_with_their_pointers() {
    let journey = example();
    let told: Vec<String> = journey
        .actions()
        .iter()
        .filter(|it| it.path.is_some())
        .map(|it| format!("{} {} {}", it.id, it.path.unwrap(), it.pointer()))
        .collect();
    assert_eq!(told, ["d1 Deciders /nodes/people/paths/0/actions/0", "o1 other /nodes/people/other/actions/0"]);
}

proptest::proptest! {
    #[test]
    fn any_map_is_checked_without_a_panic(ways in proptest::collection::vec((0..12usize, 0..12usize, 0..5u8), 1..12)) {
        let name = |n: usize| if n == 0 { Value::Null } else { json!(format!("n{n}")) };
        let nodes: Map<String, Value> = ways.iter().enumerate().map(|(n, (a, b, kind))| {
            let node = match kind {
                0 => json!({"type": "merge", "next": name(*a)}),
                1 => email(name(*a)),
                2 => json!({"type": "split", "by": "account", "paths": [{"label": "A", "when": {}, "next": name(*a)}], "other": {"next": name(*b)}}),
                3 => json!({"type": "listen", "timeout": {"next": name(*a)}, "next": name(*b)}),
                _ => wait(name(*a)),
            };
            (format!("n{n}"), node)
        }).collect();
        let journey = journey(Value::Object(nodes));
        let found = journey.check(now(), &Catalogue);
        let circle = found.iter().any(|it| it.code == "cycle");
        proptest::prop_assert_eq!(circle, journey.topological_order().is_err());
    }
}
