//! External actions and external splits through the engine's own port: what is queued is answered by the test, as a
//! connector would answer it.

mod leaving;
use crate::support::{World, on_both_stores};
use caravan_engine::external::{Answer, Call, CallKey, answer};
use caravan_model::EnrollmentId;
use caravan_store::services::ServiceRow;
use caravan_store::{SessionExt, documents};
use serde_json::{Map, Value, json};

const SERVICES: &str = r#"
{kind: score, key: interest}
---
{kind: account_list, key: everybody, type: dynamic, when: {account: employees, at_least: 0}, state: live}
---
kind: external_action
key: enrich
url: https://enrich.example/openapi.json
on: account
timeout: 30m
outgoing: {company: name}
incoming: {industry: sector}
values: {depth: full}
---
{kind: external_action, key: verify, url: "https://verify.example/openapi.json", on: people, timeout: 1h, outgoing: {mail: email}}
---
{kind: external_action, key: tier, url: "https://tier.example/openapi.json", on: account, split: true}
---
{kind: external_action, key: persona, url: "https://persona.example/openapi.json", on: people, split: true}
"#;

fn able(world: World, accounts: i64, people: i64) -> World {
    let world = world.with_people(accounts, people);
    world.apply(SERVICES);
    for service in ["enrich", "verify", "tier", "persona"] {
        registered(&world, service);
    }
    world.run();
    world
}

/// As if its document had been read.
fn registered(world: &World, service: &str) {
    let written = world.engine.store().write(|s| {
        documents::begin_change(s)?;
        let row = documents::get(s, "external_action", service)?.expect("an external action");
        let url = row.body.split("\"url\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("its address");
        let found = ServiceRow {
            document: row.id,
            url: url.to_owned(),
            title: service.to_owned(),
            registered_at: crate::support::at("2026-12-01T09:00:00Z"),
            body: "{}".to_owned(),
        };
        caravan_store::services::put(s, &found)
    });
    written.expect("a registered service");
}

fn begin(world: &World, key: &str, nodes: &str) {
    world.apply(&format!(
        "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: everybody}}\nend: 2027-06-30T00:00:00Z\nentry: call\nnodes:\n{nodes}"
    ));
    world.publish(key);
    world.run();
}

/// What is queued: the key of each call and what the service is told, by account and person.
fn calls(world: &World) -> Vec<(CallKey, Call)> {
    let read = world.engine.store().read(|s| {
        s.query_map("SELECT key, body FROM outbox WHERE kind = 'external_call' ORDER BY id", &[], |r| {
            let call: Call = serde_json::from_str(r.text(1)).expect("a call");
            Ok((r.text(0).parse().expect("a key"), call))
        })
    });
    let mut calls: Vec<(CallKey, Call)> = read.expect("calls");
    calls.sort_by_key(|(_, call)| (call.account.clone(), call.person.clone()));
    calls
}

fn succeeded(variables: Value, attributes: Value) -> Answer {
    let map = |json: Value| json.as_object().cloned().unwrap_or_else(Map::new);
    Answer::Succeeded { variables: map(variables), attributes: map(attributes) }
}

fn failed(code: &str) -> Answer {
    Answer::Failed { code: code.to_owned(), reason: None }
}

fn answers(world: &World, key: CallKey, what: Answer) {
    answer(&world.engine, key, what).expect("an answer");
    world.run();
}

on_both_stores! {
    an_account_waits_for_its_answer_and_takes_over_what_it_says(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 3, 1);
        begin(&world, "one", r#"
  call: {type: external_action, on: account, service: enrich, values: {region: eu}, next: rich, failed: {next: poor}}
  rich: {type: wait, duration: 9d, next: null}
  poor: {type: wait, duration: 9d, next: null}
"#);
        let queued = calls(&world);
        assert_eq!(queued.len(), 3);
        assert_eq!(queued[0].1.account, "a-0");
        assert_eq!(json!(queued[0].1.values), json!({"depth": "full", "region": "eu"}));
        assert_eq!(json!(queued[0].1.attributes), json!({"company": "a-0"}));
        let status = world.status("one");
        assert_eq!((status.nodes["call"].current, status.nodes["call"].outcomes.as_ref().expect("calls").pending), (3, 3));
        answers(&world, queued[0].0, succeeded(json!({}), json!({"sector": "Software", "other": 1})));
        answers(&world, queued[0].0, failed("TOO_LATE"));
        answers(&world, queued[1].0, failed("NOT_FOUND"));
        let status = world.status("one");
        assert_eq!((status.nodes["rich"].current, status.nodes["poor"].current, status.nodes["call"].current), (1, 1, 1));
        assert_eq!(world.one("SELECT COUNT(*) FROM account WHERE industry = 'Software'"), 1);
        assert_eq!(world.one("SELECT COUNT(*) FROM activity WHERE type = 'external_answered'"), 3, "the late one is told, too");
        world.run_at("2026-12-01T09:30:00Z");
        let status = world.status("one");
        let outcomes = status.nodes["call"].outcomes.clone().expect("calls");
        assert_eq!((outcomes.done, outcomes.pending, outcomes.failed["timed_out"], outcomes.failed["NOT_FOUND"]), (1, 0, 1, 1));
        assert_eq!((status.nodes["poor"].current, status.nodes["call"].paths["failed"]), (2, 2));
        let trip = EnrollmentId(world.one("SELECT MIN(id) FROM enrollment"));
        let timeline = caravan_engine::status::timeline(&world.engine, "one", trip).expect("a timeline");
        let why = timeline.here.why.expect("why it is here");
        assert_eq!(why.text, "The service answered 1 calls; 0 failed.");
    }

    consent_that_a_service_answers_is_recorded_with_the_trip_that_asked_and_once(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 1, 2);
        world.apply("{kind: external_action, key: verify, url: 'https://verify.example/openapi.json', on: people, timeout: 1h, outgoing: {mail: email}, \
                       incoming: {sms_consent: texts, unsubscribed: out, city: where}}");
        begin(&world, "one", r#"
  call: {type: external_action, on: people, service: verify, next: later}
  later: {type: wait, duration: 9d, next: null}
"#);
        let queued = calls(&world);
        assert_eq!(queued.len(), 2);
        answers(&world, queued[0].0, succeeded(json!({}), json!({"texts": "y", "out": true, "where": "Ulm"})));
        // What is known already, or says nothing of consent, is no news.
        answers(&world, queued[0].0, succeeded(json!({}), json!({"texts": "n"})));
        answers(&world, queued[1].0, succeeded(json!({}), json!({"out": false, "where": "Ulm"})));
        let sql = "SELECT p.key || ' ' || c.channel || ' ' || c.value || ' ' || c.source || ' ' || CAST(c.evidence AS TEXT)
                   FROM consent_record AS c JOIN person AS p ON p.id = c.person_id ORDER BY c.channel";
        let trip = EnrollmentId(world.one("SELECT MIN(id) FROM enrollment"));
        let written = world.rows(sql, |row| row.string(0).replace(' ', "|"));
        assert_eq!(written.len(), 2, "{written:?}");
        for (record, begins) in written.iter().zip(["p-0-0|email|n|", "p-0-0|sms|y|"]) {
            assert!(record.starts_with(begins) && record.contains(&trip.to_string()), "{record}");
        }
    }

    a_call_that_was_taken_gets_its_time_from_then_on(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 1, 1);
        begin(&world, "slow", "  call: {type: external_action, on: account, service: enrich, next: null}\n");
        world.clock.advance_to(crate::support::at("2026-12-01T09:20:00Z"));
        answers(&world, calls(&world)[0].0, Answer::Accepted);
        world.run_at("2026-12-01T09:49:00Z");
        assert_eq!(world.status("slow").travellers.active, 1);
        world.run_at("2026-12-01T09:50:00Z");
        assert_eq!(world.status("slow").travellers.timed_out, 1, "no path for silence");
    }

    an_action_on_people_waits_for_everybody_and_fails_only_with_all_of_them(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 3, 2);
        world.sql("DELETE FROM account_person WHERE account_id = (SELECT id FROM account WHERE key = 'a-2')");
        begin(&world, "each", r#"
  call: {type: external_action, on: people, service: verify, next: good, failed: {next: bad}}
  good: {type: wait, duration: 9d, next: null}
  bad: {type: wait, duration: 9d, next: null}
"#);
        let queued = calls(&world);
        assert_eq!(queued.len(), 4, "one for each person; an empty account passes");
        assert_eq!(queued[0].1.person.as_deref(), Some("p-0-0"));
        assert_eq!(json!(queued[0].1.attributes), json!({"mail": "p-0-0@example.com"}));
        assert_eq!(world.status("each").nodes["good"].current, 1);
        answers(&world, queued[0].0, failed("INVALID_DATA"));
        answers(&world, queued[2].0, failed("INVALID_DATA"));
        assert_eq!(world.status("each").nodes["call"].current, 2, "the others have not been answered");
        answers(&world, queued[1].0, succeeded(json!({}), json!({})));
        answers(&world, queued[3].0, failed("NOT_FOUND"));
        let status = world.status("each");
        assert_eq!((status.nodes["good"].current, status.nodes["bad"].current), (2, 1));
        let outcomes = status.nodes["call"].outcomes.clone().expect("calls");
        assert_eq!((outcomes.done, outcomes.failed["INVALID_DATA"], outcomes.failed["NOT_FOUND"], outcomes.pending), (1, 2, 1, 0));
    }

    the_answer_chooses_the_path_of_an_external_split(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 5, 1);
        begin(&world, "route", r#"
  call:
    type: external_split
    by: account
    service: tier
    paths:
      - {label: Gold, when: {tier: {is: gold}}, next: hold}
      - {label: Big, when: {seats: {at_least: 100}}, next: hold}
    failed: {next: hold}
  hold: {type: merge, next: rest}
  rest: {type: wait, duration: 9d, next: null}
"#);
        let queued = calls(&world);
        answers(&world, queued[0].0, succeeded(json!({"tier": "gold", "seats": 500}), json!({})));
        answers(&world, queued[1].0, succeeded(json!({"tier": "tin", "seats": 100}), json!({})));
        answers(&world, queued[2].0, succeeded(json!({"tier": null}), json!({})));
        answers(&world, queued[3].0, failed("RATE_LIMIT_EXCEEDED"));
        world.run_at("2026-12-01T10:00:00Z");
        let status = world.status("route");
        let paths: Vec<(&str, i64)> = status.nodes["call"].paths.iter().map(|(path, n)| (path.as_str(), *n)).collect();
        assert_eq!(paths, [("Big", 1), ("Gold", 1), ("failed", 2)]);
        assert_eq!((status.travellers.no_path, status.nodes["rest"].current), (1, 4), "no path and no `other`");
    }

    an_external_split_of_people_is_a_closed_box(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 1, 4);
        begin(&world, "box", r#"
  call:
    type: external_split
    by: person
    service: persona
    paths:
      - {label: Buyer, when: {persona: {is: buyer}}, actions: [{id: b, action: change_score, score: interest, change: "+10"}]}
    other: {actions: [{id: o, action: change_score, score: interest, change: "+1"}]}
    failed: {actions: [{id: f, action: change_score, score: interest, change: "-1"}]}
    next: null
"#);
        let queued = calls(&world);
        answers(&world, queued[0].0, succeeded(json!({"persona": "buyer"}), json!({})));
        answers(&world, queued[1].0, succeeded(json!({"persona": "user"}), json!({})));
        answers(&world, queued[2].0, failed("NOT_FOUND"));
        assert_eq!(world.status("box").nodes["call"].current, 1, "one person has not been answered");
        world.run_at("2026-12-01T10:00:00Z");
        let status = world.status("box");
        assert_eq!((status.nodes["b"].reached, status.nodes["o"].reached, status.nodes["f"].reached), (1, 1, 2));
        assert_eq!((status.travellers.completed, world.one("SELECT CAST(SUM(value) AS BIGINT) FROM person_score")), (1, 9));
    }

    answers_count_while_a_journey_is_paused(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 1, 1);
        begin(&world, "held", "  call: {type: external_action, on: account, service: enrich, next: null, failed: {next: bad}}\n  bad: {type: wait, duration: 1d, next: null}\n");
        let key = calls(&world)[0].0;
        caravan_engine::lifecycle::command(&world.engine, "held", caravan_engine::lifecycle::Verb::Pause, "test").expect("paused");
        answers(&world, key, succeeded(json!({}), json!({})));
        world.run_at("2026-12-01T12:00:00Z");
        assert_eq!(world.status("held").travellers.active, 1);
        caravan_engine::lifecycle::command(&world.engine, "held", caravan_engine::lifecycle::Verb::Resume, "test").expect("resumed");
        world.run();
        assert_eq!(world.status("held").travellers.completed, 1, "it was answered in time");
    }

    what_comes_of_calls_while_a_journey_is_paused_holds_and_is_told_afterwards(world at "2026-12-01T09:00:00Z") {
        use caravan_engine::lifecycle::{Verb, command};
        let world = able(world, 1, 2);
        begin(&world, "held", "  call: {type: external_action, on: people, service: verify, next: good, failed: {next: good}}\n  good: {type: merge, next: rest}\n  rest: {type: wait, duration: 9d, next: null}\n");
        let queued = calls(&world);
        command(&world.engine, "held", Verb::Pause, "test").expect("paused");
        world.clock.advance_to(crate::support::at("2026-12-01T09:40:00Z"));
        answers(&world, queued[0].0, succeeded(json!({}), json!({})));
        answers(&world, queued[1].0, Answer::Accepted);
        // Its time is over while nothing moves; what it was accepted for is not.
        world.run_at("2026-12-01T10:10:00Z");
        command(&world.engine, "held", Verb::Resume, "test").expect("resumed");
        world.run_at("2026-12-01T10:20:00Z");
        assert_eq!(world.status("held").nodes["call"].current, 1, "an hour from when the service took the call");
        world.run_at("2026-12-01T10:40:00Z");
        let status = world.status("held");
        let outcomes = status.nodes["call"].outcomes.clone().expect("calls");
        assert_eq!((status.nodes["rest"].current, outcomes.done, outcomes.failed["timed_out"], outcomes.pending), (1, 1, 1, 0));
        let trip = EnrollmentId(world.one("SELECT id FROM enrollment"));
        let timeline = caravan_engine::status::timeline(&world.engine, "held", trip).expect("a timeline");
        let acted = timeline.items.iter().find(|item| item.kind == "acted").expect("what was done");
        let each: Vec<(Option<&str>, &str)> =
            acted.outcomes.iter().map(|one| (one.person.as_ref().map(|person| person.key.as_str()), one.outcome.as_str())).collect();
        assert_eq!(each, [(Some("p-0-0"), "done"), (Some("p-0-1"), "failed")]);
    }

    a_service_whose_document_was_not_read_under_its_present_address_is_refused(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 1, 1);
        world.apply(&SERVICES.replace("https://enrich.example", "https://moved.example"));
        world.apply("kind: journey\nkey: never\nsubject: account\naudience: {account_list: everybody}\nend: 2027-06-30T00:00:00Z\nentry: call\nnodes:\n  call: {type: external_action, on: account, service: enrich, next: null}\n");
        assert_eq!(world.refused("never"), [("service_not_registered".to_owned(), Some("call".to_owned()))]);
    }

    a_service_must_fit_the_node_that_calls_it(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 1, 1);
        for (node, code) in [
            ("{type: external_action, on: people, service: enrich, next: null}", "service_wrong_subject"),
            ("{type: external_action, on: account, service: tier, next: null}", "service_wrong_use"),
            ("{type: external_split, by: account, service: enrich, paths: [{label: A, when: {a: {is: b}}, next: null}], other: {next: null}, failed: {next: null}}", "service_wrong_use"),
        ] {
            world.apply(&format!("kind: journey\nkey: wrong\nsubject: account\naudience: {{account_list: everybody}}\nend: 2027-06-30T00:00:00Z\nentry: call\nnodes:\n  call: {node}\n"));
            assert_eq!(world.refused("wrong"), [(code.to_owned(), Some("call".to_owned()))]);
        }
    }
}
