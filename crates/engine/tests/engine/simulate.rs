//! Simulations: the same runtime on a copy, in virtual time, with nothing changed where it was copied from.

mod scripted;
use crate::support::{World, at, on_both_stores};
use caravan_engine::definitions::DefinitionError;
use caravan_engine::simulate::{
    ScriptedActivity, SimulateRequest, Simulated, SimulationReport, TimelineLine, simulate,
};

const START: &str = "2026-12-01T09:00:00Z";

/// Ten accounts `a-0` … `a-9` with 0, 100 … 900 employees; five are in `big`.
const LISTS: &str = r#"
{kind: score, key: interest}
---
{kind: activity_type, key: demo_requested, subject: person, fields: {product: string}}
---
{kind: connection, key: mail, type: smtp, settings: {host: mail.example, port: 587, security: starttls, from: {email: desk@acme.example}}}
---
{kind: email, key: welcome, connection: mail, subject: "Hello {{ person.first_name | default('there') }}", body: {html: "<p>Welcome</p>"}}
---
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}
"#;

const OTHER: &str = r#"
kind: journey
key: other
subject: account
audience: {account_list: big}
end: 2027-06-30T00:00:00Z
entry: rest
nodes:
  rest: {type: wait, duration: 5d, next: null}
"#;

const NURTURE: &str = r#"
kind: journey
key: nurture
subject: account
audience: {account_list: big}
end: 2027-03-01T00:00:00Z
entry: score
nodes:
  score: {type: action, on: people, action: change_score, score: interest, change: "+5", next: hello}
  hello: {type: action, on: people, action: send_email, email: welcome, next: pause}
  pause: {type: wait, duration: 3d, next: demo}
  demo:
    type: listen
    event: {activity: demo_requested}
    timeout: {duration: 10d, next: cold}
    next: size
  size:
    type: split
    by: account
    paths:
      - {label: Large, when: {account: employees, at_least: 800}, next: hand-over}
  hand-over: {type: action, on: account, action: remove_from_journey, journey: other, next: null}
  cold: {type: wait, duration: 60d, next: null}
"#;

fn request(journey: Simulated, until: &str) -> SimulateRequest<'static> {
    SimulateRequest { seed: 7, ..SimulateRequest::new(journey, at(START), at(until)) }
}

fn stored(key: &str) -> Simulated {
    Simulated::Stored(key.to_owned())
}

fn draft(text: &str) -> Simulated {
    Simulated::Manifests(vec![("draft.yaml".to_owned(), text.to_owned())])
}

fn demo(when: &str, person: &str) -> ScriptedActivity {
    serde_json::from_value(serde_json::json!({
        "at": when, "type": "demo_requested", "person_key": person, "fields": {"product": "crm"}
    }))
    .expect("an activity")
}

fn run(world: &World, request: SimulateRequest<'_>) -> SimulationReport {
    match simulate(&world.engine, request) {
        Ok(report) => {
            for (id, node) in &report.nodes {
                assert_eq!(node.reached, node.left + node.current + node.ended, "{id}: {node:?}");
            }
            report
        }
        Err(DefinitionError::Findings(findings)) => panic!("{findings:#?}"),
        Err(error) => panic!("{error}"),
    }
}

fn codes(world: &World, request: SimulateRequest<'_>) -> Vec<String> {
    match simulate(&world.engine, request) {
        Err(DefinitionError::Findings(findings)) => findings.into_iter().map(|f| f.code).collect(),
        other => panic!("it is refused with findings: {other:?}"),
    }
}

/// Everything that anybody could see of the store.
fn traces(world: &World) -> Vec<i64> {
    let tables = ["document_version", "enrollment", "move", "activity", "inbox", "outbox", "person_score", "tally"];
    let mut counts: Vec<i64> = tables.iter().map(|table| world.one(&format!("SELECT COUNT(*) FROM {table}"))).collect();
    counts.push(world.one("SELECT revision FROM definitions_revision"));
    counts
}

/// The other journey runs in truth, the draft is only there.
fn prepared(world: World) -> World {
    let world = world.with_people(10, 3);
    // One opted out, one has no address.
    world.sql("UPDATE person SET unsubscribed = TRUE WHERE key = 'p-6-0'");
    world.sql("UPDATE person SET email = NULL WHERE key = 'p-6-1'");
    world.apply(LISTS);
    world.apply(OTHER);
    world.run();
    world.publish("other");
    world.run();
    world.apply(NURTURE);
    world
}

fn three_demos(journey: Simulated) -> SimulateRequest<'static> {
    // a-9 and a-5 ask in time, a-7 before it listens, a-0 never entered.
    let activities = vec![
        demo("2026-12-06T10:00:00Z", "p-5-0"),
        demo("2026-12-05T10:00:00Z", "p-9-2"),
        demo("2026-12-02T10:00:00Z", "p-7-1"),
        demo("2026-12-06T10:00:00Z", "p-0-0"),
    ];
    SimulateRequest { activities, ..request(journey, "2027-04-01T00:00:00Z") }
}

on_both_stores! {
    a_draft_starts_empty_and_runs_months_in_a_moment(world at "2026-12-01T09:00:00Z") {
        let world = prepared(world);
        let before = traces(&world);
        let report = run(&world, three_demos(stored("nurture")));
        assert_eq!(traces(&world), before, "the store is as it was");
        // One snapshot for both stores: they give the same bytes.
        let text = serde_json::to_string_pretty(&report).expect("a report");
        insta::assert_snapshot!("three_demos", text);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let world = prepared(World::embedded(START));
    let once = || {
        let mut lines = Vec::new();
        let mut take = |line: TimelineLine| lines.push(line);
        let report = run(&world, SimulateRequest { timelines: Some(&mut take), ..three_demos(stored("nurture")) });
        (serde_json::to_string(&report).expect("a report"), serde_json::to_string(&lines).expect("timelines"))
    };
    assert_eq!(once(), once());
}

#[test]
fn a_manifest_is_simulated_without_being_applied() {
    let world = World::embedded(START).with_people(10, 3);
    world.apply(LISTS);
    world.run();
    let before = traces(&world);
    let report = run(&world, request(draft(OTHER), "2026-12-04T00:00:00Z"));
    assert_eq!((report.travellers.entered, report.travellers.active), (5, 5));
    assert_eq!(report.nodes["rest"].current, 5);
    assert_eq!(report.finished_at, at("2026-12-04T00:00:00Z"), "its end is not reached");
    assert_eq!(traces(&world), before);
}

#[test]
fn a_live_journey_goes_on_from_where_its_travellers_stand() {
    let world = prepared(World::embedded(START));
    world.publish("nurture");
    world.run();
    world.run_at("2026-12-03T09:00:00Z");
    let later = |until| SimulateRequest { from: at("2026-12-03T09:00:00Z"), ..request(stored("nurture"), until) };
    let report = run(&world, later("2026-12-04T08:59:59Z"));
    assert_eq!(report.nodes["pause"].current, 5, "not due yet");
    let report = run(&world, later("2026-12-04T09:00:00Z"));
    assert_eq!((report.nodes["pause"].left, report.nodes["demo"].current), (5, 5), "due exactly at the end");
    assert_eq!(report.nodes["score"].outcomes.as_ref().expect("outcomes").done, 15, "what was done before counts");
    // As a manifest it is a draft again, and nobody stands anywhere.
    let report = run(
        &world,
        SimulateRequest { from: at("2026-12-03T09:00:00Z"), ..request(draft(NURTURE), "2026-12-04T09:00:00Z") },
    );
    assert_eq!((report.travellers.entered, report.nodes["pause"].current), (5, 5));
}

#[test]
fn other_journeys_do_not_move_and_what_is_done_to_them_is_recorded() {
    let world = prepared(World::embedded(START));
    let other = NURTURE.replace("remove_from_journey", "add_to_journey");
    let report = run(
        &world,
        SimulateRequest {
            activities: vec![demo("2026-12-05T10:00:00Z", "p-9-2")],
            ..request(draft(&other), "2026-12-20T00:00:00Z")
        },
    );
    let outcomes = report.nodes["hand-over"].outcomes.clone().expect("outcomes");
    // In truth it would have left `other` on the 6th; on the 5th it is inside in any case.
    assert_eq!(outcomes.no_op, [("already_inside".to_owned(), 1)].into());
    assert!(report.effects.is_empty(), "nothing was done");
    let report = run(&world, three_demos(stored("nurture")));
    assert_eq!(report.effects, [("remove_from_journey:other".to_owned(), 1)].into());
    assert_eq!(world.status("other").travellers.active, 5, "in truth nobody was removed");
}

#[test]
fn timelines_tell_every_step_of_every_traveller_in_order() {
    let world = prepared(World::embedded(START));
    let mut lines = Vec::new();
    let mut take = |line: TimelineLine| lines.push(serde_json::to_string(&line).expect("a line"));
    let request = SimulateRequest {
        until: at("2026-12-08T00:00:00Z"),
        timelines: Some(&mut take),
        ..three_demos(stored("nurture"))
    };
    run(&world, request);
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_simulation_that_cannot_be_is_refused_with_reasons() {
    let world = prepared(World::embedded(START));
    let with =
        |activity| SimulateRequest { activities: vec![activity], ..request(stored("nurture"), "2027-01-01T00:00:00Z") };
    assert_eq!(codes(&world, request(stored("nurture"), "2026-11-01T00:00:00Z")), ["ends_before_start"]);
    assert_eq!(codes(&world, with(demo(START, "p-99-0"))), ["unknown_person"]);
    let nobody = ScriptedActivity { person_key: None, ..demo(START, "p-5-0") };
    assert_eq!(codes(&world, with(nobody)), ["activity_about_nobody"]);
    let unheard = ScriptedActivity { kind: "demo_requestd".to_owned(), ..demo(START, "p-5-0") };
    assert_eq!(codes(&world, with(unheard)), ["unknown_activity_type"]);
    assert_eq!(codes(&world, request(draft(LISTS), "2027-01-01T00:00:00Z")), ["no_journey"]);
    let late =
        SimulateRequest { from: at("2027-03-02T00:00:00Z"), ..request(stored("nurture"), "2027-04-01T00:00:00Z") };
    assert!(!codes(&world, late).is_empty(), "a draft whose end has passed cannot be published");
    let unknown = simulate(&world.engine, request(stored("nobody"), "2027-01-01T00:00:00Z"));
    assert!(matches!(unknown, Err(DefinitionError::Unknown { .. })));
}

#[test]
fn messages_pass_the_gates_and_the_first_are_shown() {
    let world = prepared(World::embedded(START));
    let report = run(&world, SimulateRequest { samples: 2, ..request(stored("nurture"), "2026-12-02T00:00:00Z") });
    assert_eq!(report.messages.email, [("welcome".to_owned(), 13)].into());
    let outcomes = report.nodes["hello"].outcomes.clone().expect("outcomes");
    assert_eq!((outcomes.pending, outcomes.done), (0, 13));
    assert_eq!(outcomes.skipped, [("email_missing".to_owned(), 1), ("unsubscribed".to_owned(), 1)].into());
    let samples = &report.samples["welcome"];
    let shown: Vec<(&str, &str)> = samples.iter().map(|s| (s.to.as_str(), s.subject.as_str())).collect();
    assert_eq!(shown, [("p-5-0@example.com", "Hello there"), ("p-5-1@example.com", "Hello there")]);
    assert!(samples[0].html.as_deref().is_some_and(|html| html.contains("Welcome")));
}

#[test]
fn texts_count_as_texts_and_the_first_are_shown_beside_an_email_of_the_same_key() {
    let world = prepared(World::embedded(START));
    world.sql(
        "UPDATE person SET mobile_phone = '+1 555 867-0' || SUBSTR(CAST(1000 + id AS TEXT), 2), sms_consent = 'y'",
    );
    world.apply(
        "{kind: connection, key: twilio, type: twilio, settings: {account_sid: AC00000000000000000000000000000001, from: '+15005550006'}, secrets: {auth_token: {env: PATH}}}\n---\n\
         {kind: sms_message, key: welcome, connection: twilio, type: transactional, body: 'Hi {{ person.key }}'}\n---\n\
         {kind: journey, key: both, subject: account, audience: {account_list: big}, end: 2027-03-01T00:00:00Z, entry: mail, nodes: {\
           mail: {type: action, on: people, action: send_email, email: welcome, next: text}, \
           text: {type: action, on: people, action: send_sms, sms_message: welcome, next: null}}}",
    );
    let report = run(&world, SimulateRequest { samples: 2, ..request(stored("both"), "2026-12-02T00:00:00Z") });
    assert_eq!(report.messages.email, [("welcome".to_owned(), 13)].into());
    assert_eq!(report.messages.sms, [("welcome".to_owned(), 15)].into());
    assert!(report.effects.is_empty(), "{:?}", report.effects);
    let shown: Vec<&str> = report.sms_samples["welcome"].iter().map(|sample| sample.text.as_str()).collect();
    assert_eq!(shown, ["Hi p-5-0", "Hi p-5-1"]);
    assert!(report.sms_samples["welcome"][0].to.starts_with("+1555867"));
    assert_eq!(report.samples["welcome"].len(), 2);
}

#[test]
fn what_another_journey_has_queued_is_not_sent() {
    let world = prepared(World::embedded(START));
    world.apply(&OTHER.replace("entry: rest", "entry: greet").replace("key: other", "key: greeting").replace(
        "nodes:",
        "nodes:\n  greet: {type: action, on: people, action: send_email, email: welcome, next: rest}",
    ));
    world.publish("greeting");
    world.run();
    assert_eq!(world.one("SELECT COUNT(*) FROM outbox"), 15, "nothing delivers in truth");
    let report = run(&world, request(stored("nurture"), "2026-12-02T00:00:00Z"));
    assert_eq!(report.messages.email, [("welcome".to_owned(), 13)].into());
    let report = run(&world, request(stored("greeting"), "2026-12-02T00:00:00Z"));
    assert_eq!(report.messages.email, [("welcome".to_owned(), 13)].into(), "of a live one they go out");
}

on_both_stores! {
    nights_score_people_and_scores_age_out(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(3, 2);
        world.apply("
{kind: account_list, key: keen, type: dynamic, when: {has_people: {person: engagement, at_least: 50}}, state: live}
---
kind: journey
key: call
subject: account
audience: {account_list: keen}
end: 2027-06-30T00:00:00Z
entry: rest
nodes:
  rest: {type: wait, duration: 35d, next: ask}
  ask:
    type: split
    by: account
    paths: [{label: Still, when: {has_people: {person: engagement, greater_than: 0}}, next: null}]
    other: {next: null}
");
        world.run();
        let viewed = |when: &str, person: &str| serde_json::from_value::<ScriptedActivity>(serde_json::json!({
            "at": when, "type": "page_viewed", "person_key": person, "fields": {"url": "https://acme.example/"}
        })).expect("an activity");
        // One comes back in January, the other never.
        let activities = vec![
            viewed("2026-12-03T10:00:00Z", "p-0-0"), viewed("2026-12-03T11:00:00Z", "p-1-0"), viewed("2027-01-05T10:00:00Z", "p-1-0"),
        ];
        let before = traces(&world);
        let mut lines = Vec::new();
        let mut take = |line: TimelineLine| lines.push((line.traveller.clone(), line.node.clone(), line.arrived.to_string(), line.path.clone()));
        let asked = SimulateRequest { activities, timelines: Some(&mut take), ..request(stored("call"), "2027-03-01T00:00:00Z") };
        let report = run(&world, asked);
        assert_eq!((report.travellers.entered, report.travellers.completed), (2, 2));
        assert_eq!((report.nodes["ask"].paths.get("Still"), report.nodes["ask"].paths.get("other")), (Some(&1), Some(&1)));
        lines.retain(|(_, node, ..)| node == "rest");
        let entered: Vec<_> = lines.iter().map(|(who, _, when, _)| (who.as_str(), when.as_str())).collect();
        assert_eq!(entered, [("a-0", "2026-12-04T03:00:00Z"), ("a-1", "2026-12-04T03:00:00Z")], "in the night after");
        assert_eq!(before, traces(&world));
    }

    the_first_night_finds_what_changed_behind_the_stores_back(world at "2026-12-01T09:00:00Z") {
        let world = prepared(world);
        world.apply("
kind: roles_template
key: roles
roles: [{role: Champion, when: {person: job_title, is: Sponsor}}]
state: live
---
{kind: account_list, key: sponsored, type: dynamic, when: {buying_group: {solution_interest: crm, roles: [{role: Champion, at_least: 1}]}}, state: live}
---
{kind: solution_interest, key: crm, roles_template: roles, update_existing: true, create_for: {account_list: big}}
");
        world.run();
        world.sql("UPDATE account SET employees = 700 WHERE key = 'a-0'");
        world.sql("UPDATE person SET job_title = 'Sponsor' WHERE key = 'p-5-1'");
        let by_night = NURTURE.replace("key: nurture", "key: by-night").replace("audience: {account_list: big}", "audience: {account_list: sponsored}");
        let report = run(&world, request(draft(&by_night), "2026-12-02T02:59:59Z"));
        assert_eq!(report.travellers.entered, 0, "not by day");
        let report = run(&world, request(draft(&by_night), "2026-12-02T03:00:00Z"));
        assert_eq!(report.travellers.entered, 1, "a group was maintained, and a list followed it");
        let report = run(&world, request(stored("nurture"), "2026-12-02T03:00:00Z"));
        assert_eq!(report.travellers.entered, 6, "a list was evaluated again");
    }
}
