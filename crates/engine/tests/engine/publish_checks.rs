//! Every check before publishing that needs the definitions or the data, each with its code and its node. What a
//! journey's own text decides is checked in the model.

use crate::support::{World, on_both_stores};
use caravan_engine::definitions::{ApplyOptions, DefinitionError, apply};
use caravan_engine::lifecycle;

const BOOK: &str = r#"
{kind: score, key: interest}
---
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}
---
{kind: account_list, key: sketch, type: dynamic, when: {account: employees, at_least: 500}}
---
{kind: account_list, key: picked, type: static, accounts: [], state: live}
---
{kind: account_list, key: unborn, type: static, accounts: []}
---
{kind: audience, key: germans, subject: person, when: {person: country, is: DE}}
---
{kind: audience, key: large, subject: account, when: {account: employees, at_least: 800}}
---
kind: roles_template
key: crm-roles
roles: [{role: Decision Maker, weighting: vital, required: true, members_required: 1}]
state: live
---
kind: stage_model
key: pipeline
stages: [{name: Aware, entry: true, to: [Won, Lost]}, {name: Won, destination: success}, {name: Lost, destination: failure}]
state: live
---
{kind: solution_interest, key: crm, name: CRM, roles_template: crm-roles, stage_model: pipeline}
---
{kind: solution_interest, key: erp-sketch, name: ERP, roles_template: crm-roles}
---
{kind: external_audience, key: lonely, name: Lonely}
---
kind: connection
key: mail
type: smtp
settings: {host: 127.0.0.1, port: 2525, security: none, from: {name: Acme, email: news@acme.example}}
---
{kind: email, key: plain, connection: mail, subject: Hi, body: {html: "<p>Hi</p>"}}
---
{kind: journey, key: drawn, subject: account, audience: {account_list: big}, end: "2027-06-30T00:00:00Z", entry: end, nodes: {end: {type: wait, duration: 1d, next: null}}}
---
{kind: journey, key: personal, subject: person, audience: {audience: germans}, end: "2027-06-30T00:00:00Z", entry: end, nodes: {end: {type: wait, duration: 1d, next: null}}}
"#;

fn book(world: World) -> World {
    let world = world.with_people(10, 2);
    world.apply(BOOK);
    world.run();
    world
}

/// What is found against a journey with this audience and first node, `code@node`.
fn found(world: &World, audience: &str, node: &str, errors: bool) -> Vec<String> {
    let head = format!("subject: account, audience: {audience}, end: 2027-06-30T00:00:00Z");
    found_in(world, &head, &format!("it: {node}"), errors)
}

/// What is found against a journey with this head and these nodes, of which the first is its entry.
fn found_in(world: &World, head: &str, nodes: &str, errors: bool) -> Vec<String> {
    let (entry, _) = nodes.split_once(':').expect("a node");
    let manifest = format!("{{kind: journey, key: checked, {head}, entry: {entry}, nodes: {{{nodes}}}}}");
    let options = ApplyOptions { incomplete: true, ..ApplyOptions::default() };
    if let Err(DefinitionError::Findings(findings)) =
        apply(&world.engine, &[("test.yaml".to_owned(), manifest.clone())], "test", options)
    {
        panic!("the draft was not kept: {findings:?}\n{manifest}");
    }
    let review = lifecycle::review(&world.engine, &["checked".to_owned()]).expect("a review").remove(0);
    let told = review.findings.iter().filter(|finding| finding.is_error() == errors);
    let told: Vec<String> = told.map(|f| format!("{}@{}", f.code, f.node.as_deref().unwrap_or(&f.pointer))).collect();
    let published = lifecycle::publish(&world.engine, &["checked".to_owned()], "test");
    assert_eq!(published.is_ok(), review.publishable, "the review says what publishing does: {told:?}");
    if published.is_ok() {
        lifecycle::command(&world.engine, "checked", lifecycle::Verb::Abort, "test").expect("aborted");
        world.run();
        caravan_engine::definitions::delete(
            &world.engine,
            caravan_model::document::DocumentKind::Journey,
            "checked",
            None,
        )
        .expect("deleted");
    }
    told
}

fn split_on(when: &str) -> String {
    format!("{{type: split, by: account, paths: [{{label: Some, when: {when}, next: null}}], other: {{next: null}}}}")
}

const WAIT: &str = "{type: wait, duration: 1d, next: null}";
const BIG: &str = "{account_list: big}";

fn on_account(settings: &str) -> String {
    format!("{{type: action, on: account, {settings}, next: null}}")
}

fn on_people(settings: &str) -> String {
    format!("{{type: action, on: people, {settings}, next: null}}")
}

on_both_stores! {
    every_error_refuses_and_names_its_node(world at "2026-12-01T09:00:00Z") {
        let world = book(world);
        for (audience, node, expected) in [
            ("{account_list: nowhere}", WAIT.to_owned(), "unknown_reference@audience"),
            ("{account_list: sketch}", WAIT.to_owned(), "not_live@audience"),
            ("{audience: germans}", WAIT.to_owned(), "audience_wrong_subject@audience"),
            (BIG, on_account("action: add_to_account_list, list: nowhere"), "unknown_reference@it"),
            ("{audience: nowhere}", WAIT.to_owned(), "unknown_reference@audience"),
            (BIG, on_account("action: add_to_account_list, list: big"), "list_not_static@it"),
            (BIG, on_account("action: add_to_account_list, list: unborn"), "not_live@it"),
            (BIG, on_account("action: add_to_journey, journey: nowhere"), "unknown_reference@it"),
            (BIG, split_on("{in_account_list: nowhere}"), "unknown_reference@it"),
            (BIG, split_on("{account: emploees, at_least: 1}"), "unknown_attribute@it"),
            (BIG, split_on("{account: employees, at_least: many}"), "wrong_value_type@it"),
            (BIG, on_people("action: marketo_add_to_list, connection: nowhere, list: Webinar"), "unknown_reference@it"),
            (BIG, on_people("action: marketo_add_to_list, connection: mail, list: Webinar"), "wrong_connection_type@it"),
            (BIG, on_account("action: add_to_journey, journey: drawn"), "not_live@it"),
            (BIG, on_account("action: add_to_journey, journey: personal"), "wrong_subject@it"),
            (BIG, on_account("action: update_buying_group_stage, solution_interest: erp, stage: Aware"), "unknown_reference@it"),
            (BIG, on_account("action: update_buying_group_stage, solution_interest: crm, stage: Engaged"), "unknown_stage@it"),
            (BIG, on_account("action: update_buying_group_stage, solution_interest: erp-sketch, stage: Aware"), "no_stage_model@it"),
            (BIG, on_account(&format!("action: update_buying_group_status, solution_interest: crm, status: {}", "x".repeat(51))), "too_long@it"),
            (BIG, on_people("action: assign_to_buying_group, solution_interest: crm, role: Janitor"), "role_not_in_template@it"),
            (BIG, on_account("action: update_account, attribute: emploees, value: 1"), "unknown_attribute@it"),
            (BIG, on_account("action: update_account, attribute: key, value: x"), "attribute_not_updatable@it"),
            (BIG, on_account("action: update_account, attribute: employees, value: many"), "wrong_value_type@it"),
            (BIG, on_people("action: change_score, change: \"+1\""), "missing_field@it"),
            (BIG, on_people("action: send_email, email: nowhere"), "unknown_reference@it"),
            (BIG, "{type: external_action, on: account, service: nowhere, next: null}".to_owned(), "unknown_reference@it"),
        ] {
            let told = found(&world, audience, &node, true);
            assert!(told.iter().any(|code| code == expected), "{node}: {expected} is not in {told:?}");
        }
    }

    every_error_of_the_map_refuses_and_names_its_node(world at "2026-12-01T09:00:00Z") {
        let world = book(world);
        let ends = |end: &str| format!("subject: account, audience: {BIG}{end}");
        let person = "subject: person, audience: {audience: germans}, end: 2027-06-30T00:00:00Z";
        let account = ends(", end: 2027-06-30T00:00:00Z");
        let last = "{type: wait, duration: 1d, next: null}";
        let split = |by: &str, paths: &str| format!("{{type: split, by: {by}, paths: [{paths}], other: {{next: null}}}}");
        let path = |n: usize| format!("{{label: P{n}, when: {{account: employees, at_least: {n}}}, next: null}}");
        let several = |n: usize| (0..n).map(path).collect::<Vec<_>>().join(", ");
        let boxed = |inner: &str| format!("it: {{type: split, by: person, paths: [{{label: A, when: {{person: country, is: DE}}, actions: [{{id: x, {inner}}}]}}], next: null}}");
        let variants = |percents: &[i64]| {
            let path = |(n, percent): (usize, &i64)| format!("{{label: V{n}, percent: {percent}, next: null}}");
            format!("it: {{type: variant_split, by: account, paths: [{}]}}", percents.iter().enumerate().map(path).collect::<Vec<_>>().join(", "))
        };
        let fork = |end: &str| format!("it: {{type: split, by: account, paths: [{{label: A, when: {{account: employees, at_least: 1}}, next: a}}], other: {{next: b}}}}, a: {{type: wait, duration: 1d, next: c}}, b: {{type: wait, duration: 1d, next: c}}, c: {end}");
        for (head, nodes, expected) in [
            ("subject: account, end: 2027-06-30T00:00:00Z".to_owned(), format!("it: {last}"), "no_audience@/audience"),
            (ends(""), format!("it: {last}"), "end_missing@/end"),
            (ends(", end: 2026-11-30T00:00:00Z"), format!("it: {last}"), "end_past@/end"),
            (ends(", end: 2029-12-02T00:00:00Z"), format!("it: {last}"), "end_too_late@/end"),
            (account.clone(), format!("it: {}", split("account", "{label: A, next: null}")), "no_condition@it"),
            (account.clone(), format!("it: {}", split("account", &several(26))), "too_many_paths@it"),
            (account.clone(), format!("it: {}", split("account", &[path(1), path(1)].join(", "))), "duplicate_label@it"),
            (account.clone(), variants(&[50, 49]), "percent_sum@it"),
            (account.clone(), variants(&[100, 0]), "bad_percent@it"),
            (account.clone(), variants(&[99]), "variant_count@it"),
            (account.clone(), variants(&[5; 21]), "variant_count@it"),
            (account.clone(), boxed("action: '', type: wait, duration: 1d"), "box_holds_only_actions@it"),
            (account.clone(), boxed("action: '', type: listen, event: {activity: form_filled}"), "box_holds_only_actions@it"),
            (account.clone(), boxed("action: '', type: split, by: person, paths: []"), "box_holds_only_actions@it"),
            (account.clone(), boxed("action: send_sales_alert, solution_interest: crm, to: [owner]"), "account_action_in_box@it"),
            (person.to_owned(), format!("it: {}", split("person", "{label: A, when: {role_in_account: Owner}, next: null}")), "account_mode_in_person_journey@it"),
            (account.clone(), "it: {type: wait, duration: 1d, next: m}, m: {type: merge, next: null}".to_owned(), "merge_with_one_path@m"),
            (account.clone(), fork(last), "several_ways_in@c"),
            (account.clone(), fork("{type: merge, next: it}"), "cycle@it"),
            (account.clone(), format!("it: {last}, lost: {last}"), "unreachable@lost"),
            (account.clone(), "it: {type: wait, duration: 1d, next: nowhere}".to_owned(), "unknown_node@it"),
            (person.to_owned(), "it: {type: action, on: account, action: add_to_account_list, list: picked, next: null}".to_owned(), "action_not_in_person_journey@it"),
            (person.to_owned(), "it: {type: action, on: people, action: assign_to_buying_group, solution_interest: crm, role: Decision Maker, next: null}".to_owned(), "action_not_in_person_journey@it"),
            (person.to_owned(), "it: {type: external_action, on: people, service: x, next: null}".to_owned(), "external_node_in_person_journey@it"),
        ] {
            let told = found_in(&world, &head, &nodes, true);
            assert!(told.iter().any(|code| code == expected), "{head} {nodes}: {expected} is not in {told:?}");
        }
    }

    two_emails_within_a_day_are_told_and_refuse_nothing(world at "2026-12-01T09:00:00Z") {
        let world = book(world);
        let nodes = "it: {type: action, on: people, action: send_email, email: plain, next: soon}, soon: {type: wait, duration: 23h, next: on}, on: {type: action, on: people, action: send_email, email: plain, next: null}";
        let head = format!("subject: account, audience: {BIG}, end: 2027-06-30T00:00:00Z");
        assert!(found_in(&world, &head, nodes, false).contains(&"emails_within_a_day@on".to_owned()));
    }

    every_warning_is_told_and_refuses_nothing(world at "2026-12-01T09:00:00Z") {
        let world = book(world);
        for (node, expected) in [
            (on_people("action: send_email, email: plain"), "opt_out_link_missing@it"),
            (on_account("action: send_sales_alert, solution_interest: crm, to: [owner]"), "owner_missing@it"),
            (on_people("action: add_to_external_audience, audience: lonely"), "no_destination@it"),
            ("{type: split, by: account, paths: [{label: Both, when: {account: employees, between: [9, 1]}, next: null}]}".to_owned(), "never_matches@it"),
            ("{type: split, by: account, paths: [{label: All, when: {account: employees, at_least: 1}, next: null}]}".to_owned(), "split_without_other@it"),
            ("{type: split, by: account, paths: [{label: All, when: {account: employees, at_least: 1}, next: null}], other: {next: null}}".to_owned(), "empty_path@it"),
        ] {
            let told = found(&world, BIG, &node, false);
            assert!(told.iter().any(|code| code == expected), "{node}: {expected} is not in {told:?}");
        }
    }

    a_part_that_is_held_out_for_nothing_is_a_warning(world at "2026-12-01T09:00:00Z") {
        let world = book(world);
        let head = format!("subject: account, audience: {BIG}, end: 2027-06-30T00:00:00Z, hold_out: 10");
        let node = format!("it: {WAIT}");
        assert!(found_in(&world, &head, &node, false).contains(&"hold_out_without_goal@/hold_out".to_owned()));
        let for_something = format!("{head}, goal: {{account: employees, at_least: 900}}");
        assert!(!found_in(&world, &for_something, &node, false).contains(&"hold_out_without_goal@/hold_out".to_owned()));
    }

    lists_that_ask_for_each_other_in_a_circle_are_refused(world at "2026-12-01T09:00:00Z") {
        let world = book(world);
        let one = "{kind: account_list, key: one, type: dynamic, when: {in_account_list: two}, state: live}";
        let two = "{kind: account_list, key: two, type: dynamic, when: {in_account_list: one}, state: live}";
        assert!(crate::support::codes(world.try_apply(&format!("{one}\n---\n{two}"))).contains(&"list_circle".to_owned()));
        assert_eq!(world.one("SELECT COUNT(*) FROM document WHERE key IN ('one', 'two')"), 0, "nothing of it was kept");
    }

    a_connection_that_failed_when_it_was_last_used_is_a_warning(world at "2026-12-01T09:00:00Z") {
        let world = book(world);
        world.apply("{kind: connection, key: spare, type: smtp, settings: {host: 127.0.0.1, port: 2526, security: none, from: {name: Acme, email: desk@acme.example}}}\n---\n{kind: email, key: other, connection: spare, subject: Hi, body: {html: \"<p>Hi</p>\"}}");
        world.apply("kind: journey\nkey: before\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: mail\nnodes:\n  mail: {type: action, on: people, action: send_email, email: plain, next: null}\n");
        world.publish("before");
        world.run();
        let failing = "connection_failing@it".to_owned();
        assert!(!found(&world, BIG, &on_people("action: send_email, email: plain"), false).contains(&failing), "mail waits, and nobody tried it yet");
        world.sql("UPDATE outbox SET code = 'smtp_unreachable', message = 'Nobody answers at 127.0.0.1:2525.', attempt = 1");
        assert!(found(&world, BIG, &on_people("action: send_email, email: plain"), false).contains(&failing));
        assert!(!found(&world, BIG, &on_people("action: send_email, email: other"), false).contains(&failing), "another connection");
    }

    an_email_that_can_no_longer_be_read_refuses_its_journey(world at "2026-12-01T09:00:00Z") {
        let world = book(world);
        world.sql("UPDATE document SET body = REPLACE(body, '<p>Hi</p>', '{{ person. }}') WHERE key = 'plain'");
        world.sql("UPDATE definitions_revision SET revision = revision + 1");
        let told = found(&world, BIG, &on_people("action: send_email, email: plain"), true);
        assert!(told.iter().any(|code| code.ends_with("@it")), "{told:?}");
    }
}
