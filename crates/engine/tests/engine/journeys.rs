//! Journeys on real stores with a clock moved by hand.

use crate::support::{World, on_both_stores};
use caravan_engine::lifecycle::{self, Verb};
use caravan_engine::status::{Asked, Stand};
use caravan_model::EnrollmentId;
use caravan_store::ordered::Place;

const LISTS: &str = r#"
{kind: score, key: interest}
---
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}
---
{kind: account_list, key: picked, type: static, accounts: [a-1], state: live}
---
kind: roles_template
key: crm-roles
roles:
  - {role: Decision Maker, weighting: vital, required: true, members_required: 1, when: {person: job_title, starts_with: [Chief]}}
  - {role: Influencer, weighting: normal}
state: live
---
{kind: solution_interest, key: crm, name: CRM, roles_template: crm-roles, update_existing: true, create_for: {account_list: big}}
"#;

/// A journey of the accounts in `big` (a-5 … a-9) with these nodes.
fn journey(world: &World, key: &str, head: &str, nodes: &str) {
    world.apply(&format!(
        "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\n{head}\nnodes:\n{nodes}"
    ));
}

fn started(world: World) -> World {
    let world = world.with_people(10, 3);
    world.apply(LISTS);
    world.run();
    world
}

on_both_stores! {
    every_account_walks_to_the_end_and_is_counted(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "first", "entry: score", r#"
  score: {type: action, on: people, action: change_score, score: interest, change: "+5", next: pause}
  pause: {type: wait, duration: 3d, next: size}
  size:
    type: split
    by: account
    paths:
      - {label: Large, when: {account: employees, at_least: 800}, next: list}
    other: {next: box}
  list: {type: action, on: account, action: add_to_account_list, list: picked, next: join}
  box:
    type: split
    by: person
    paths:
      - {label: Chiefs, when: {person: job_title, starts_with: Chief}, actions: [{id: c1, action: change_score, score: interest, change: "=50"}]}
    next: join
  join: {type: merge, next: role}
  role: {type: action, on: people, action: assign_to_buying_group, solution_interest: crm, role: Influencer, next: null}
"#);
        assert_eq!(world.one("SELECT COUNT(*) FROM buying_group"), 5, "each account of the list has a group");
        assert_eq!(world.one("SELECT COUNT(*) FROM group_member WHERE NOT removed"), 5, "its chief is in it by rule");
        world.publish("first");
        world.run();
        let status = world.status("first");
        assert_eq!((status.travellers.entered, status.nodes["pause"].current), (5, 5));
        assert_eq!(status.nodes["score"].outcomes.as_ref().expect("an action").done, 15);
        world.run_at("2026-12-04T09:00:00Z");
        insta::assert_debug_snapshot!("first_journey_counts", world.counts("first"));
        let status = world.status("first");
        assert_eq!(status.travellers.completed, 5);
        assert_eq!(world.one("SELECT CAST(SUM(value) AS BIGINT) FROM person_score"), 15 * 5 + 3 * 45);
        let trip = EnrollmentId(world.one("SELECT MIN(id) FROM enrollment"));
        let timeline = caravan_engine::status::timeline(&world.engine, "first", trip).expect("a timeline");
        let told: Vec<String> = timeline.items.iter().map(|i| format!("{} {} {}", i.at, i.kind, i.node)).collect();
        insta::assert_debug_snapshot!("first_journey_timeline", told);
    }

    an_account_enters_as_soon_as_it_meets_the_list(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "follow", "entry: pause", "  pause: {type: wait, duration: 30d, next: null}\n");
        world.publish("follow");
        world.run();
        assert_eq!(world.status("follow").travellers.entered, 5);
        journey(&world, "grow", "entry: more", "  more: {type: action, on: account, action: update_account, attribute: employees, value: 700, next: null}\n");
        world.apply("{kind: account_list, key: small, type: dynamic, when: {account: employees, less_than: 300}, state: live}");
        world.apply("kind: journey\nkey: grow\nsubject: account\naudience: {account_list: small}\nend: 2027-06-30T00:00:00Z\nentry: more\nnodes:\n  more: {type: action, on: account, action: update_account, attribute: employees, value: 700, next: null}\n");
        world.publish("grow");
        world.run();
        assert_eq!(world.status("grow").travellers.completed, 3, "a-0 to a-2");
        assert_eq!(world.status("follow").travellers.entered, 8, "they grew into the list and followed");
        assert_eq!(world.one("SELECT COUNT(*) FROM list_member AS m JOIN document AS d ON d.id = m.list_id WHERE d.key = 'small'"), 0);
    }

    a_listener_hears_its_event_once_and_times_out_otherwise(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "heard", "entry: ear", r#"
  ear:
    type: listen
    event: {activity: form_filled, where: {form: {is: demo}}, at_least: 2}
    filters: {person: job_title, starts_with: Chief}
    timeout: {duration: 7d, next: late}
    next: null
  late: {type: action, on: account, action: add_to_account_list, list: picked, next: null}
"#);
        world.publish("heard");
        world.run();
        assert_eq!(world.status("heard").nodes["ear"].current, 5);
        world.happens("form_filled", "p-5-0", r#"{"form":"demo"}"#);
        assert_eq!(world.status("heard").nodes["ear"].current, 5, "once is not enough");
        world.happens("form_filled", "p-5-0", r#"{"form":"newsletter"}"#);
        world.happens("form_filled", "p-5-1", r#"{"form":"demo"}"#);
        assert_eq!(world.status("heard").nodes["ear"].current, 5, "another form, and a clerk");
        world.happened("form_filled", "p-5-0", r#"{"form":"demo"}"#, crate::support::at("2026-11-30T00:00:00Z"));
        assert_eq!(world.status("heard").nodes["ear"].current, 5, "before it arrived");
        world.clock.advance_to(crate::support::at("2026-12-02T09:00:00Z"));
        world.happens("form_filled", "p-5-0", r#"{"form":"demo"}"#);
        assert_eq!(world.status("heard").nodes["ear"].current, 4, "twice is");
        world.run_at("2026-12-08T09:00:00Z");
        let status = world.status("heard");
        assert_eq!((status.travellers.completed, status.nodes["ear"].paths["timeout"]), (5, 4));
        assert_eq!(status.nodes["late"].reached, 4);
    }

    a_person_is_not_taken_for_the_account_of_the_same_number(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "own", "entry: ear", "  ear: {type: listen, event: {activity: form_filled}, timeout: {duration: 7d}, next: null}\n");
        world.publish("own");
        world.run();
        // People are numbered from 1 like accounts; these five have the numbers of a-5 to a-9 and belong to others.
        for person in ["p-1-2", "p-2-0", "p-2-1", "p-2-2", "p-3-0"] {
            world.happens("form_filled", person, "{}");
        }
        assert_eq!(world.status("own").nodes["ear"].current, 5);
        world.happens("form_filled", "p-5-0", "{}");
        assert_eq!(world.status("own").nodes["ear"].current, 4);
    }

    an_event_in_time_wins_over_a_timeout_handled_late(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "race", "entry: ear", "  ear: {type: listen, event: {activity: form_filled}, timeout: {duration: 1d}, next: null}\n");
        world.publish("race");
        world.run();
        // The runtime was away; the event happened within the day and was received before the timeout was handled.
        world.clock.advance_to(crate::support::at("2026-12-05T09:00:00Z"));
        world.happened("form_filled", "p-7-2", "{}", crate::support::at("2026-12-02T08:59:00Z"));
        let status = world.status("race");
        assert_eq!((status.travellers.completed, status.travellers.timed_out), (1, 4));
    }

    a_trip_without_a_path_ends_as_no_path(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "narrow", "entry: size", "  size: {type: split, by: account, paths: [{label: Huge, when: {account: employees, at_least: 900}, next: null}]}\n");
        world.publish("narrow");
        world.run();
        let status = world.status("narrow");
        assert_eq!((status.travellers.completed, status.travellers.no_path), (1, 4));
        assert_eq!(status.nodes["size"].ended, 5);
    }

    a_paused_journey_moves_nobody_and_catches_up_when_resumed(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "rest", "entry: pause", "  pause: {type: wait, duration: 1d, next: ear}\n  ear: {type: listen, event: {activity: form_filled}, next: null}\n");
        world.publish("rest");
        world.run();
        lifecycle::command(&world.engine, "rest", Verb::Pause, "test").expect("paused");
        world.run_at("2026-12-05T09:00:00Z");
        assert_eq!(world.status("rest").nodes["pause"].current, 5);
        lifecycle::command(&world.engine, "rest", Verb::Resume, "test").expect("resumed");
        world.run();
        assert_eq!(world.status("rest").nodes["ear"].current, 5);
        lifecycle::command(&world.engine, "rest", Verb::Pause, "test").expect("paused");
        world.happens("form_filled", "p-6-0", "{}");
        assert_eq!(world.status("rest").nodes["ear"].current, 5, "heard, but not moved");
        lifecycle::command(&world.engine, "rest", Verb::Resume, "test").expect("resumed");
        world.run();
        assert_eq!(world.status("rest").travellers.completed, 1);
    }

    an_aborted_journey_stops_everybody_where_they_stand(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "stop", "entry: pause", "  pause: {type: wait, duration: 9d, next: null}\n");
        world.publish("stop");
        world.run();
        lifecycle::command(&world.engine, "stop", Verb::Abort, "test").expect("aborted");
        world.run();
        let status = world.status("stop");
        assert_eq!((status.travellers.aborted, status.nodes["pause"].ended, status.state.as_str()), (5, 5, "aborted"));
        assert!(lifecycle::command(&world.engine, "stop", Verb::Close, "test").is_err());
    }

    a_closed_journey_takes_nobody_in_and_finishes_with_its_last_traveller(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "last", "entry: pause", "  pause: {type: wait, duration: 1d, next: null}\n");
        world.publish("last");
        world.run();
        lifecycle::command(&world.engine, "last", Verb::Close, "test").expect("closed");
        world.apply("kind: journey\nkey: grow\nsubject: account\naudience: {account_list: picked}\nend: 2027-06-30T00:00:00Z\nentry: more\nnodes:\n  more: {type: action, on: account, action: update_account, attribute: employees, value: 700, next: null}\n");
        world.publish("grow");
        world.run();
        assert_eq!(world.status("last").travellers.entered, 5, "a-1 grew into the list, but the journey is closed");
        world.run_at("2026-12-02T09:00:00Z");
        assert_eq!(world.status("last").state, "finished");
    }

    at_its_end_date_a_journey_ends_everybody_as_expired(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "over", "entry: ear", "  ear: {type: listen, event: {activity: form_filled}, next: null}\n");
        world.publish("over");
        world.run();
        world.run_at("2027-06-30T00:00:00Z");
        let status = world.status("over");
        assert_eq!((status.travellers.expired, status.state.as_str()), (5, "finished"));
    }

    a_scheduled_journey_begins_at_its_start(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "later", "start: 2026-12-10T00:00:00Z\nentry: pause", "  pause: {type: wait, duration: 1d, next: null}\n");
        world.publish("later");
        world.run();
        assert_eq!((world.status("later").state.as_str(), world.status("later").travellers.entered), ("scheduled", 0));
        world.run_at("2026-12-10T00:00:00Z");
        assert_eq!((world.status("later").state.as_str(), world.status("later").travellers.entered), ("live", 5));
    }

    re_entry_follows_its_delay_and_its_limit(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "again", "reentry: {after: end, delay: 2d, limit: 3}\nentry: pause", "  pause: {type: wait, duration: 1d, next: null}\n");
        world.publish("again");
        world.run();
        world.run_at("2026-12-02T09:00:00Z");
        assert_eq!(world.status("again").travellers.completed, 5);
        world.run_at("2026-12-03T09:00:00Z");
        assert_eq!(world.status("again").travellers.entered, 5, "not yet");
        world.run_at("2026-12-04T09:00:00Z");
        assert_eq!(world.status("again").travellers.entered, 10);
        world.run_at("2026-12-05T09:00:00Z");
        world.run_at("2026-12-07T09:00:00Z");
        world.run_at("2026-12-08T09:00:00Z");
        world.run_at("2026-12-20T09:00:00Z");
        assert_eq!(world.status("again").travellers.entered, 15, "three entries each");
    }

    journeys_hand_accounts_and_people_to_each_other(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "target", "entry: pause", "  pause: {type: wait, duration: 9d, next: null}\n");
        world.apply("{kind: audience, key: nobody, subject: person, when: {person: key, is: nobody}}");
        world.apply("kind: journey\nkey: people\nsubject: person\naudience: {audience: nobody}\nend: 2027-06-30T00:00:00Z\nentry: up\nnodes:\n  up: {type: action, on: people, action: change_score, score: interest, change: \"+1\", next: pause}\n  pause: {type: wait, duration: 9d, next: null}\n");
        world.apply("{kind: account_list, key: small, type: dynamic, when: {account: employees, less_than: 300}, state: live}");
        world.apply("kind: journey\nkey: source\nsubject: account\naudience: {account_list: small}\nend: 2027-06-30T00:00:00Z\nentry: over\nnodes:\n  over: {type: action, on: account, action: add_to_journey, journey: target, next: each}\n  each: {type: action, on: people, action: add_person_to_journey, journey: people, next: pause}\n  pause: {type: wait, duration: 1d, next: out}\n  out: {type: action, on: account, action: remove_from_journey, journey: target, next: none}\n  none: {type: action, on: people, action: remove_person_from_journey, journey: people, next: own}\n  own: {type: action, on: account, action: remove_from_journey, journey: source, next: never}\n  never: {type: wait, duration: 1d, next: null}\n");
        let keys = ["target", "people", "source"].map(str::to_owned);
        lifecycle::publish(&world.engine, &keys, "test").expect("published together");
        world.run();
        assert_eq!(world.status("target").travellers.entered, 8);
        assert_eq!(world.status("people").travellers.entered, 9);
        assert_eq!(world.one("SELECT COUNT(*) FROM person_score WHERE value = 1"), 9);
        world.run_at("2026-12-02T09:00:00Z");
        assert_eq!(world.status("target").travellers.removed, 3);
        assert_eq!(world.status("people").travellers.removed, 9);
        let source = world.status("source");
        assert_eq!((source.travellers.removed, source.nodes["own"].ended, source.nodes["never"].reached), (3, 3, 0));
    }

    accounts_without_a_name_never_enter_and_are_counted(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.sql("UPDATE account SET name = ' ' WHERE key = 'a-6'");
        journey(&world, "named", "entry: pause", "  pause: {type: wait, duration: 1d, next: null}\n");
        world.publish("named");
        world.run();
        let status = world.status("named");
        assert_eq!((status.travellers.entered, status.not_entered["no_name"]), (4, 1));
    }

    travellers_of_a_node_are_paged_by_how_they_stand(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "paged", "entry: pause", "  pause: {type: wait, duration: 1d, next: size}\n  size: {type: split, by: account, paths: [{label: Huge, when: {account: employees, at_least: 900}, next: null}], other: {next: hold}}\n  hold: {type: wait, duration: 9d, next: null}\n");
        world.publish("paged");
        world.run();
        world.run_at("2026-12-02T09:00:00Z");
        let page = |node: &str, stand, after: Option<&Place>, most| {
            let asked = Asked { node: Some(node.to_owned()), stand, ..Asked::default() };
            let looked = caravan_engine::status::travellers(&world.engine, "paged", &asked, after, most).expect("a page");
            assert_eq!(looked.end, None, "five trips are looked at in one go");
            let keys: Vec<&str> = looked.found.iter().map(|(row, _)| row.traveller.key.as_str()).collect();
            (keys.join(" "), looked.found.last().map(|(_, place)| place.clone()))
        };
        assert_eq!(page("hold", Stand::Current, None, 10).0, "a-5 a-6 a-7 a-8");
        assert_eq!(page("size", Stand::Reached, None, 10).0, "a-5 a-6 a-7 a-8 a-9");
        assert_eq!(page("size", Stand::Ended, None, 10).0, "a-9");
        let (first, last) = page("size", Stand::Reached, None, 2);
        assert_eq!(first, "a-5 a-6");
        assert_eq!(page("size", Stand::Reached, last.as_ref(), 10).0, "a-7 a-8 a-9");
        let by = |path: &str| {
            let asked = Asked { node: Some("size".to_owned()), stand: Stand::Reached, path: Some(path.to_owned()), ..Asked::default() };
            world.travellers_as_asked("paged", &asked).iter().map(|row| row.traveller.key.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!((by("other").as_str(), by("Huge").as_str(), by("Small").as_str()), ("a-5 a-6 a-7 a-8", "a-9", ""));
    }

    a_version_that_cannot_run_holds_its_travellers_as_problems_and_nobody_else(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.apply("{kind: score, key: doomed}");
        journey(&world, "broken", "entry: pause", "  pause: {type: wait, duration: 1d, next: up}\n  up: {type: action, on: people, action: change_score, score: doomed, change: \"+1\", next: null}\n");
        journey(&world, "whole", "entry: pause", "  pause: {type: wait, duration: 1d, next: null}\n");
        world.publish("broken");
        world.publish("whole");
        world.run();
        world.sql("UPDATE document SET key = 'gone' WHERE key = 'doomed'");
        world.sql("UPDATE definitions_revision SET revision = revision + 1");
        world.run_at("2026-12-02T09:00:00Z");
        assert_eq!(world.status("whole").travellers.completed, 5, "the others go on");
        let problems = world.problems();
        assert_eq!(problems.len(), 5);
        assert_eq!(problems[0].code, "version_cannot_run");
        world.sql("UPDATE document SET key = 'doomed' WHERE key = 'gone'");
        world.sql("UPDATE definitions_revision SET revision = revision + 1");
        world.run_at("2026-12-02T09:10:00Z");
        assert_eq!(world.status("broken").travellers.completed, 5, "they go on by themselves once it can run again");
        assert_eq!(world.status("broken").problems, 0);
    }

    findings_refuse_to_publish_and_nothing_changes(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "bad", "entry: list", "  list: {type: action, on: account, action: add_to_account_list, list: big, next: null}\n");
        let refused = lifecycle::publish(&world.engine, &["bad".to_owned()], "test");
        let Err(caravan_engine::definitions::DefinitionError::Findings(findings)) = refused else { panic!("it was published") };
        let errors: Vec<(&str, Option<&str>)> = findings.iter().filter(|f| f.is_error()).map(|f| (f.code.as_str(), f.node.as_deref())).collect();
        assert_eq!(errors, [("list_not_static", Some("list"))]);
        assert_eq!(world.status("bad").state, "draft");
    }

    applying_an_export_changes_nothing(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "same", "entry: pause", "  pause: {type: wait, duration: 1d, next: null}\n");
        let documents = caravan_engine::definitions::export(&world.engine, None, None).expect("an export");
        let text: Vec<String> = documents.iter().map(|d| d.to_yaml().expect("yaml")).collect();
        let report = world.apply(&text.join("---\n"));
        assert_eq!((report.created.len(), report.changed.len(), report.unchanged.len()), (0, 0, 6));
    }

    whoever_a_people_list_names_enters_its_journey(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.apply("{kind: people_list, key: speakers, type: static, people: [p-5-0, p-7-2], state: live}");
        world.apply("kind: journey\nkey: stage\nsubject: person\naudience: {people_list: speakers}\nend: 2027-06-30T00:00:00Z\nentry: pause\nnodes:\n  pause: {type: wait, duration: 1d, next: null}\n");
        world.publish("stage");
        world.run();
        assert_eq!(world.status("stage").travellers.entered, 2);
        world.apply("{kind: people_list, key: speakers, type: static, people: [p-5-0, p-8-1], state: live}");
        world.run();
        assert_eq!(world.status("stage").travellers.entered, 3, "who is named later enters later");
        let members = "SELECT COUNT(*) FROM list_member AS m JOIN document AS d ON d.id = m.list_id WHERE d.key = 'speakers'";
        assert_eq!(world.one(members), 2);
        let refused = world.try_apply("{kind: people_list, key: strangers, type: static, people: [p-0-0, nobody], state: live}");
        let Err(caravan_engine::definitions::DefinitionError::Findings(findings)) = refused else { panic!("it was applied") };
        assert_eq!((findings[0].code.as_str(), findings[0].pointer.as_str()), ("unknown_person", "/people/1"));
    }

    a_mistake_anywhere_applies_nothing(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        let refused = world.try_apply("{kind: score, key: fine}\n---\n{kind: account_list, key: odd, type: dynamic, when: {account: emploees, at_least: 1}, state: live}");
        let Err(caravan_engine::definitions::DefinitionError::Findings(findings)) = refused else { panic!("it was applied") };
        assert_eq!((findings[0].code.as_str(), findings[0].line), ("unknown_attribute", Some(3)));
        assert_eq!(world.one("SELECT COUNT(*) FROM document WHERE key IN ('fine', 'odd')"), 0);
    }

    a_list_may_ask_for_every_attribute_of_accounts_and_people(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.sql("UPDATE account SET parent_id = (SELECT id FROM account WHERE key = 'a-1') WHERE key = 'a-2'");
        let schema = caravan_model::attribute::Schema::standard();
        let tests: Vec<String> = schema.account.iter().filter(|(_, a)| a.visible).map(|(_, a)| format!("{{account: {}, is_empty: true}}", a.key))
            .chain(schema.person.iter().filter(|(_, a)| a.visible).map(|(_, a)| format!("{{has_people: {{person: {}, is_empty: true}}}}", a.key)))
            .collect();
        world.apply(&format!("{{kind: account_list, key: children, type: dynamic, when: {{all: [{{account: parent_key, is: a-1}}, {{any: [{}]}}]}}, state: live}}", tests.join(", ")));
        world.run();
        assert_eq!(world.one("SELECT COUNT(*) FROM list_member AS m JOIN document AS d ON d.id = m.list_id WHERE d.key = 'children'"), 1);
    }

    whoever_came_while_a_journey_was_paused_is_counted_when_it_is_aborted(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        journey(&world, "held", "entry: pause", "  pause: {type: wait, duration: 9d, next: null}\n");
        world.publish("held");
        world.run();
        lifecycle::command(&world.engine, "held", Verb::Pause, "test").expect("paused");
        world.apply("kind: journey\nkey: grow\nsubject: account\naudience: {account_list: picked}\nend: 2027-06-30T00:00:00Z\nentry: more\nnodes:\n  more: {type: action, on: account, action: update_account, attribute: employees, value: 700, next: null}\n");
        world.publish("grow");
        world.run();
        lifecycle::command(&world.engine, "held", Verb::Abort, "test").expect("aborted");
        world.run();
        let status = world.status("held");
        assert_eq!((status.travellers.entered, status.travellers.aborted, status.travellers.active), (6, 6, 0));
    }

    an_account_put_into_a_journey_and_taken_out_again_in_one_walk_is_out(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.apply("{kind: account_list, key: empty, type: static, state: live}");
        world.apply("kind: journey\nkey: target\nsubject: account\naudience: {account_list: empty}\nend: 2027-06-30T00:00:00Z\nentry: pause\nnodes:\n  pause: {type: wait, duration: 9d, next: null}\n");
        journey(&world, "source", "entry: into", "  into: {type: action, on: account, action: add_to_journey, journey: target, next: out}\n  out: {type: action, on: account, action: remove_from_journey, journey: target, next: null}\n");
        lifecycle::publish(&world.engine, &["target".to_owned(), "source".to_owned()], "test").expect("published");
        world.run();
        let status = world.status("target");
        assert_eq!((status.travellers.entered, status.travellers.removed, status.travellers.active), (5, 5, 0));
    }
}
