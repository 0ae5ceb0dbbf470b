//! People lists: who is in them, what follows them, and whom they leave out.

use crate::support::{World, codes, on_both_stores};
use caravan_engine::members::{self, Change, Who};
use caravan_engine::sets::{Trial, preview};
use caravan_engine::{import, lifecycle};
use caravan_model::attribute::Subject;
use caravan_model::document::DocumentKind;
use serde_json::json;

/// The keys of the people (or accounts) in a list or audience.
fn members_of(world: &World, kind: &str, key: &str) -> Vec<String> {
    let table = if kind == "account_list" { "account" } else { "person" };
    let sql = format!(
        "SELECT t.key FROM list_member AS m JOIN document AS d ON d.id = m.list_id JOIN {table} AS t ON t.id = m.subject_id
         WHERE d.kind = '{kind}' AND d.key = '{key}' ORDER BY t.key"
    );
    world.rows(&sql, |r| r.string(0))
}

fn change(world: &World, how: Change, list: &str, keys: &[&str]) {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    members::change(&world.engine, DocumentKind::PeopleList, list, how, Who::Keys(&keys)).expect("changed");
    world.run();
}

fn set(world: &World, person: &str, field: &str, value: serde_json::Value) {
    let row = json!({"key": person, field: value});
    let row = row.as_object().expect("a row");
    import::put_row(&world.engine, &import::ImportKind::People, row, "test").expect("written");
    world.run();
}

fn rest(key: &str, list: &str) -> String {
    format!(
        "kind: journey\nkey: {key}\nsubject: person\naudience: {{people_list: {list}}}\nend: 2027-06-30T00:00:00Z\nentry: pause\nnodes:\n  \
         pause: {{type: wait, duration: 9d, next: null}}\n"
    )
}

on_both_stores! {
    whoever_qualifies_later_enters_later_and_leaving_takes_nobody_out(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(3, 2);
        world.apply("{kind: people_list, key: chiefs, type: dynamic, when: {person: job_title, starts_with: Chief}, state: live}");
        world.run();
        assert_eq!(members_of(&world, "people_list", "chiefs"), ["p-0-0", "p-1-0", "p-2-0"]);
        world.apply(&rest("greet", "chiefs"));
        let review = lifecycle::review(&world.engine, &["greet".to_owned()]).expect("a review").remove(0);
        assert!(review.publishable, "{:?}", review.findings);
        assert_eq!((review.would_enter, review.people), (3, 3));
        world.publish("greet");
        world.run();
        assert_eq!(world.status("greet").travellers.entered, 3);
        set(&world, "p-1-1", "job_title", json!("Chief of Staff"));
        set(&world, "p-0-0", "job_title", json!("Clerk"));
        assert_eq!(members_of(&world, "people_list", "chiefs"), ["p-1-0", "p-1-1", "p-2-0"]);
        let status = world.status("greet");
        assert_eq!((status.travellers.entered, status.travellers.active), (4, 4));
    }

    a_list_must_be_live_and_its_journey_about_people(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(2, 1);
        world.apply("{kind: people_list, key: sketch, type: static}\n---\n{kind: account_list, key: picked, type: static, state: live}");
        world.apply(&rest("early", "sketch"));
        assert_eq!(world.refused("early"), [("not_live".to_owned(), Some("audience".to_owned()))]);
        assert_eq!(codes(world.try_apply(&rest("lost", "nowhere"))), ["unknown_reference"]);
        let of_accounts = rest("accounts", "sketch").replace("subject: person", "subject: account");
        assert_eq!(codes(world.try_apply(&of_accounts)), ["audience_wrong_subject"]);
        world.apply("{kind: people_list, key: sketch, type: static, state: live}");
        world.publish("early");
    }

    journeys_ask_who_is_in_a_people_list(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(2, 2);
        world.apply(
            "{kind: score, key: heat}\n---\n{kind: people_list, key: guests, type: static, people: [p-0-0], state: live}\n---\n\
             {kind: audience, key: everybody, subject: person, when: {all: []}}\n---\n\
             {kind: account_list, key: all, type: dynamic, when: {all: []}, state: live}\n---\n\
             kind: journey\nkey: by-person\nsubject: person\naudience: {audience: everybody}\nend: 2027-06-30T00:00:00Z\nentry: ask\nnodes:\n  \
             ask: {type: split, by: person, paths: [{label: Guest, when: {in_people_list: guests}, next: null}], other: {next: null}}\n---\n\
             kind: journey\nkey: by-account\nsubject: account\naudience: {account_list: all}\nend: 2027-06-30T00:00:00Z\nentry: ask\nnodes:\n  \
             ask: {type: split, by: account, paths: [{label: Guests, when: {has_people: {in_people_list: guests}}, next: box}], other: {next: null}}\n  \
             box: {type: split, by: person, paths: [{label: Guest, when: {in_people_list: guests}, actions: [{id: hit, action: change_score, score: heat, change: '+1'}]}], next: null}\n",
        );
        world.run();
        lifecycle::publish(&world.engine, &["by-person".to_owned(), "by-account".to_owned()], "test").expect("published");
        world.run();
        assert_eq!(world.status("by-person").nodes["ask"].paths["Guest"], 1);
        let status = world.status("by-account");
        assert_eq!((status.nodes["ask"].paths["Guests"], status.nodes["hit"].reached), (1, 1));
        let deleted = caravan_engine::definitions::delete(&world.engine, DocumentKind::PeopleList, "guests", None);
        assert_eq!(codes(deleted), ["in_use"]);
    }

    lists_and_groups_follow_a_people_list(world at "2026-12-01T09:00:00Z") {
        // Far apart, so that the accounts of one person lie in shards of their own.
        let world = world.with_people(40, 1);
        world.sql("INSERT INTO account_person (account_id, person_id) SELECT a.id, p.id FROM account AS a, person AS p WHERE a.key = 'a-39' AND p.key = 'p-0-0'");
        world.apply(
            "{kind: people_list, key: guests, type: static, people: [p-1-0], state: live}\n---\n\
             {kind: people_list, key: ruled, type: dynamic, when: {person: department, is: Guests}, state: live}\n---\n\
             {kind: account_list, key: hosts, type: dynamic, when: {has_people: {any: [{in_people_list: guests}, {in_people_list: ruled}]}}, state: live}\n---\n\
             {kind: account_list, key: all, type: dynamic, when: {all: []}, state: live}\n---\n\
             kind: roles_template\nkey: roles\nroles: [{role: Champion, when: {in_people_list: [guests, ruled]}}]\nstate: live\n---\n\
             {kind: solution_interest, key: crm, roles_template: roles, update_existing: true, create_for: {account_list: all}}",
        );
        world.run();
        let champions = || world.rows("SELECT DISTINCT p.key FROM group_member AS m JOIN person AS p ON p.id = m.person_id WHERE NOT m.removed ORDER BY p.key", |r| r.string(0));
        assert_eq!((members_of(&world, "account_list", "hosts"), champions()), (vec!["a-1".to_owned()], vec!["p-1-0".to_owned()]));
        change(&world, Change::Add, "guests", &["p-0-0"]);
        assert_eq!(members_of(&world, "account_list", "hosts"), ["a-0", "a-1", "a-39"], "by hand");
        change(&world, Change::Remove, "guests", &["p-0-0"]);
        assert_eq!((members_of(&world, "account_list", "hosts"), champions()), (vec!["a-1".to_owned()], vec!["p-1-0".to_owned()]));
        set(&world, "p-0-0", "department", json!("Guests"));
        assert_eq!(members_of(&world, "account_list", "hosts"), ["a-0", "a-1", "a-39"], "by rule");
        assert_eq!(champions(), ["p-0-0", "p-1-0"]);
        world.apply("{kind: people_list, key: guests, type: static, people: [p-2-0], state: live}");
        world.run();
        assert_eq!(members_of(&world, "account_list", "hosts"), ["a-0", "a-2", "a-39"], "by manifest");
        assert_eq!(champions(), ["p-0-0", "p-2-0"]);
    }

    lists_and_journeys_follow_an_external_audience(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(3, 1);
        world.apply(
            "{kind: external_audience, key: retarget}\n---\n\
             {kind: people_list, key: told, type: dynamic, when: {in_external_audience: retarget}, state: live}\n---\n\
             {kind: account_list, key: reached, type: dynamic, when: {has_people: {in_external_audience: retarget}}, state: live}\n---\n\
             {kind: people_list, key: entrants, type: static, state: live}\n---\n\
             kind: journey\nkey: hand-over\nsubject: person\naudience: {people_list: entrants}\nend: 2027-06-30T00:00:00Z\nentry: ask\nnodes:\n  \
             ask: {type: split, by: person, paths: [{label: In, when: {in_external_audience: retarget}, next: null}], other: {next: put}}\n  \
             put: {type: action, on: people, action: add_to_external_audience, audience: retarget, next: null}\n",
        );
        world.run();
        lifecycle::publish(&world.engine, &["hand-over".to_owned()], "test").expect("published");
        world.run();
        let told = || (members_of(&world, "people_list", "told"), members_of(&world, "account_list", "reached"));
        assert_eq!(told(), (Vec::<String>::new(), Vec::new()));
        let by_hand = |change: Change, key: &str| {
            members::change(&world.engine, DocumentKind::ExternalAudience, "retarget", change, Who::Keys(&[key.to_owned()])).expect("changed");
            world.run();
        };
        by_hand(Change::Add, "p-0-0");
        assert_eq!(told(), (vec!["p-0-0".to_owned()], vec!["a-0".to_owned()]), "by hand");
        change(&world, Change::Add, "entrants", &["p-0-0", "p-1-0"]);
        assert_eq!(told(), (vec!["p-0-0".to_owned(), "p-1-0".to_owned()], vec!["a-0".to_owned(), "a-1".to_owned()]), "by a journey");
        assert_eq!(world.status("hand-over").nodes["ask"].paths["In"], 1, "whoever was in already");
        by_hand(Change::Remove, "p-0-0");
        assert_eq!(told(), (vec!["p-1-0".to_owned()], vec!["a-1".to_owned()]));
        let deleted = caravan_engine::definitions::delete(&world.engine, DocumentKind::ExternalAudience, "retarget", None);
        assert_eq!(codes(deleted), ["in_use"]);
    }

    whom_a_manifest_puts_into_an_account_list_the_stream_tells(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(3, 1);
        world.apply("{kind: account_list, key: picked, type: static, accounts: [a-0, a-1], state: live}");
        world.apply("{kind: account_list, key: picked, type: static, accounts: [a-1, a-2], state: live}");
        let told = world.rows("SELECT a.key, v.type, v.source FROM activity AS v JOIN account AS a ON a.id = v.account_id ORDER BY v.id", |r| format!("{} {} {}", r.text(0), r.text(1), r.text(2)));
        assert_eq!(told, ["a-0 account_list_joined manifest", "a-1 account_list_joined manifest", "a-0 account_list_left manifest", "a-2 account_list_joined manifest"]);
    }

    people_lists_that_ask_for_each_other_are_refused(world at "2026-12-01T09:00:00Z") {
        let list = |key: &str, other: &str| format!("{{kind: people_list, key: {key}, type: dynamic, when: {{in_people_list: {other}}}, state: live}}");
        let refused = codes(world.try_apply(&format!("{}\n---\n{}", list("a", "b"), list("b", "a"))));
        assert_eq!(refused, ["list_circle", "list_circle"]);
    }

    test_profiles_are_left_out_of_what_people_are_found_for(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(3, 2);
        world.sql("UPDATE person SET test_profile = TRUE WHERE key = 'p-0-0'");
        world.apply(
            "{kind: people_list, key: chiefs, type: dynamic, when: {person: job_title, starts_with: Chief}, state: live}\n---\n\
             {kind: people_list, key: hand, type: static, state: live}\n---\n\
             {kind: audience, key: everybody, subject: person, when: {all: []}}\n---\n\
             {kind: audience, key: tests, subject: person, when: {person: test_profile, is: true}}\n---\n\
             {kind: account_list, key: led, type: dynamic, when: {has_people: {person: job_title, starts_with: Chief}}, state: live}\n---\n\
             kind: roles_template\nkey: roles\nroles: [{role: Decision Maker, required: true, when: {person: job_title, starts_with: Chief}}]\nstate: live\n---\n\
             {kind: account_list, key: all, type: dynamic, when: {all: []}, state: live}\n---\n\
             {kind: solution_interest, key: crm, roles_template: roles, update_existing: true, create_for: {account_list: all}}",
        );
        world.run();
        let deciders = || world.rows("SELECT p.key FROM group_member AS m JOIN person AS p ON p.id = m.person_id WHERE NOT m.removed ORDER BY p.key", |r| r.string(0));
        let chiefs = |keys: &[&str], accounts: &[&str]| {
            assert_eq!(members_of(&world, "people_list", "chiefs"), keys);
            assert_eq!(members_of(&world, "account_list", "led"), accounts);
            assert_eq!(deciders(), keys);
        };
        chiefs(&["p-1-0", "p-2-0"], &["a-1", "a-2"]);
        assert_eq!(members_of(&world, "audience", "everybody").len(), 5);
        assert_eq!(members_of(&world, "audience", "tests"), ["p-0-0"], "who asks for them gets them");

        let when = json!({"person": "job_title", "starts_with": "Chief"});
        let trial = Trial { subject: Subject::Person, when: &when, entering: false, sample: 10, named: Some("p-0-0") };
        let shown = preview(&world.engine, trial).expect("a preview");
        assert_eq!((shown.count, shown.sample.len()), (2, 2));
        let why = shown.why.expect("why not");
        assert_eq!((why.held, why.lacking.as_deref()), (false, Some("Test profile is false (it was true)")));
        members::change(&world.engine, DocumentKind::PeopleList, "hand", Change::Add, Who::When(&when)).expect("changed");
        assert_eq!(members_of(&world, "people_list", "hand"), ["p-1-0", "p-2-0"]);
        change(&world, Change::Add, "hand", &["p-0-0"]);
        assert_eq!(members_of(&world, "people_list", "hand").len(), 3, "whom a hand names is meant");

        set(&world, "p-0-0", "test_profile", json!(false));
        chiefs(&["p-0-0", "p-1-0", "p-2-0"], &["a-0", "a-1", "a-2"]);
        set(&world, "p-1-0", "test_profile", json!(true));
        chiefs(&["p-0-0", "p-2-0"], &["a-0", "a-2"]);
        assert_eq!(members_of(&world, "audience", "tests"), ["p-1-0"]);
    }
}
