//! The numbered examples about filters, lists and audiences, each under its number.

use crate::support::{World, codes, on_both_stores};
use caravan_engine::members::{self, Change, Who};
use caravan_engine::sets::{Trial, preview};
use caravan_model::attribute::Subject;
use caravan_model::document::DocumentKind;
use serde_json::{Value as Json, json};

/// The keys of whom a condition finds, in order.
fn found(world: &World, subject: Subject, when: Json) -> Vec<String> {
    let trial = Trial { subject, when: &when, entering: false, sample: 100, named: None };
    let shown = preview(&world.engine, trial).expect("a preview");
    assert_eq!(shown.count as usize, shown.sample.len());
    let keys =
        world.rows(&format!("SELECT id, key FROM {} ORDER BY id", subject.as_str()), |r| (r.int(0), r.string(1)));
    keys.into_iter().filter(|(id, _)| shown.sample.contains(id)).map(|(_, key)| key).collect()
}

/// The keys of the accounts in a list.
fn members(world: &World, list: &str) -> Vec<String> {
    let sql = format!(
        "SELECT a.key FROM list_member AS m JOIN document AS d ON d.id = m.list_id JOIN account AS a ON a.id = m.subject_id
         WHERE d.kind = 'account_list' AND d.key = '{list}' ORDER BY a.key"
    );
    world.rows(&sql, |r| r.string(0))
}

const TWO_INTERESTS: &str = "
{kind: account_list, key: all, type: dynamic, when: {all: []}, state: live}
---
kind: roles_template
key: crm-roles
roles:
  - {role: Decision Maker, when: {person: job_title, is: Chief}}
  - {role: Influencer, when: {person: job_title, is: Adviser}}
state: live
---
kind: roles_template
key: erp-roles
roles:
  - {role: Influencer, when: {person: job_title, is: Clerk of ERP}}
state: live
---
{kind: solution_interest, key: crm, roles_template: crm-roles, create_for: {account_list: all}}
---
{kind: solution_interest, key: erp, roles_template: erp-roles, create_for: {account_list: all}}
";

on_both_stores! {
    tv_f1_between_takes_both_ends_exactly(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(5, 1);
        for (n, score) in [5.0, 5.1, 6.0, 6.1, 4.99].iter().enumerate() {
            world.sql(&format!("UPDATE person SET engagement = {score} WHERE key = 'p-{n}-0'"));
        }
        let between = json!({"person": "engagement", "between": [5, 6]});
        assert_eq!(found(&world, Subject::Person, between), ["p-0-0", "p-1-0", "p-2-0"]);
    }

    tv_f2_no_condition_is_everybody(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(3, 2);
        world.apply(TWO_INTERESTS);
        world.run();
        assert_eq!(members(&world, "all"), ["a-0", "a-1", "a-2"]);
        assert_eq!(found(&world, Subject::Person, json!({"all": []})).len(), 6);
        let any_group = json!({"buying_group": {}});
        assert_eq!(found(&world, Subject::Account, any_group), ["a-0", "a-1", "a-2"], "a group without constraints is any");
    }

    tv_f3_numbers_in_roles_are_of_one_and_the_same_group(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(4, 9);
        world.sql("UPDATE person SET job_title = 'Nobody'");
        for (account, chiefs, advisers, of_erp) in [(0, 3, 2, 0), (1, 3, 1, 0), (2, 4, 5, 0), (3, 3, 0, 2)] {
            let titles = [("Chief", chiefs), ("Adviser", advisers), ("Clerk of ERP", of_erp)];
            let all = titles.iter().flat_map(|(title, n)| std::iter::repeat_n(*title, *n));
            for (n, title) in all.enumerate() {
                world.sql(&format!("UPDATE person SET job_title = '{title}' WHERE key = 'p-{account}-{n}'"));
            }
        }
        world.apply(TWO_INTERESTS);
        world.run();
        let roles = json!([{"role": "Decision Maker", "at_least": 3}, {"role": "Influencer", "at_least": 2}]);
        let when = json!({"buying_group": {"roles": roles}});
        assert_eq!(found(&world, Subject::Account, when), ["a-0", "a-2"], "a-3 has three and two, in two groups");
    }

    tv_f4_an_account_without_a_name_is_in_no_such_audience(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(4, 1);
        world.sql("UPDATE account SET country = 'US', industry = 'Finance', annual_revenue = 1000001");
        world.sql("UPDATE account SET name = '' WHERE key = 'a-1'");
        world.sql("UPDATE account SET annual_revenue = 1000000 WHERE key = 'a-2'");
        world.sql("UPDATE account SET country = NULL WHERE key = 'a-3'");
        let when = json!({"all": [
            {"account": "country", "is": "US"},
            {"account": "industry", "is": "Finance"},
            {"account": "annual_revenue", "greater_than": 1_000_000},
            {"account": "name", "is_not_empty": true},
        ]});
        assert_eq!(found(&world, Subject::Account, when), ["a-0"]);
    }

    tv_f5_all_asks_for_every_test(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(3, 1);
        world.sql("UPDATE account SET industry = 'Healthcare', annual_revenue = 100000001");
        world.sql("UPDATE account SET industry = 'Retail' WHERE key = 'a-1'");
        world.sql("UPDATE account SET annual_revenue = 100000000 WHERE key = 'a-2'");
        world.apply("{kind: account_list, key: big-care, type: dynamic, when: {all: [{account: industry, is: Healthcare}, {account: annual_revenue, greater_than: 100000000}]}, state: live}");
        world.run();
        assert_eq!(members(&world, "big-care"), ["a-0"]);
    }

    tv_f6_a_member_joins_once_and_a_stranger_leaves_without_a_word(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(2, 1);
        world.apply("{kind: account_list, key: in, type: static, accounts: [a-1], state: live}\n---\n{kind: account_list, key: out, type: static, state: live}\n---\n\
            kind: journey\nkey: twice\nsubject: account\naudience: {account_list: in}\nend: 2027-06-30T00:00:00Z\nentry: one\nnodes:\n  \
            one: {type: action, on: account, action: add_to_account_list, list: out, next: two}\n  \
            two: {type: action, on: account, action: add_to_account_list, list: out, next: three}\n  \
            three: {type: action, on: account, action: remove_from_account_list, list: out, next: four}\n  \
            four: {type: action, on: account, action: remove_from_account_list, list: out, next: null}\n");
        world.publish("twice");
        world.run();
        let counts = world.counts("twice");
        let of = |name: &str| counts.get(name).copied().unwrap_or_default();
        assert_eq!((of("one done"), of("two no_op:already_in_list"), of("three done")), (1, 1, 1), "{counts:?}");
        assert_eq!(counts.keys().filter(|name| name.starts_with("four no_op")).count(), 1, "{counts:?}");
        assert_eq!(of("trips trip:completed"), 1, "{counts:?}");
    }

    tv_f7_journeys_put_accounts_into_live_static_lists_alone(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(2, 1);
        world.apply("{kind: account_list, key: ruled, type: dynamic, when: {account: employees, at_least: 1}, state: live}\n---\n\
            {kind: account_list, key: sketch, type: static}\n---\n{kind: account_list, key: picked, type: static, state: live}");
        for (list, refused) in [("ruled", Some("list_not_static")), ("sketch", Some("not_live")), ("picked", None)] {
            for action in ["add_to_account_list", "remove_from_account_list"] {
                let key = format!("{list}-{}", action.split('_').next().expect("a verb"));
                world.apply(&format!(
                    "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: picked}}\nend: 2027-06-30T00:00:00Z\nentry: list\nnodes:\n  \
                     list: {{type: action, on: account, action: {action}, list: {list}, next: null}}\n"
                ));
                match refused {
                    Some(code) => assert_eq!(world.refused(&key), [(code.to_owned(), Some("list".to_owned()))], "{key}"),
                    None => world.publish(&key),
                }
            }
        }
    }

    tv_f8_the_filter_of_a_live_list_stays(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(3, 1);
        for (kind, when, other) in [
            ("account_list", "{account: employees, at_least: 100}", "{account: employees, at_least: 200}"),
            ("people_list", "{person: job_title, is: Clerk}", "{person: job_title, is: Chief Officer}"),
        ] {
            let list = |when: &str, rest: &str| format!("{{kind: {kind}, key: ruled, type: dynamic, when: {when}{rest}}}");
            world.apply(&list(when, ""));
            world.apply(&list(other, ", name: Draft"));
            world.apply(&list(when, ", state: live"));
            world.run();
            assert_eq!(codes(world.try_apply(&list(other, ", state: live"))), ["list_is_live"]);
            assert_eq!(codes(world.try_apply(&list(other, ""))), ["list_is_live"], "nor as a draft over it");
            assert_eq!(codes(world.try_apply(&format!("{{kind: {kind}, key: ruled, type: static}}"))), ["list_type_fixed"]);
            world.apply(&list(when, ", name: Renamed, state: live"));
        }
        assert_eq!(members(&world, "ruled"), ["a-1", "a-2"]);
        let wanted = caravan_engine::copies::Copy { key: "fewer".to_owned(), name: None };
        let copy = caravan_engine::copies::copy(&world.engine, DocumentKind::AccountList, "ruled", &wanted, "ada").expect("a copy");
        assert_eq!((&copy["when"], copy.get("state")), (&json!({"account": "employees", "at_least": 100}), None));
        world.apply("{kind: account_list, key: fewer, type: dynamic, when: {account: employees, at_least: 200}, state: live}");
        world.run();
        assert_eq!(members(&world, "fewer"), ["a-2"], "a copy goes on as a draft");
        world.apply("{kind: account_list, key: picked, type: static}");
        assert_eq!(codes(world.try_apply("{kind: account_list, key: picked, type: dynamic, when: {all: []}}")), ["list_type_fixed"]);
    }

    tv_f9_a_static_list_is_published_empty_and_filled_then(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(3, 1);
        world.apply("{kind: account_list, key: picked, type: static, state: live}");
        assert_eq!(members(&world, "picked"), [""; 0]);
        for _ in 0..2 {
            let when = json!({"account": "employees", "at_least": 100});
            members::change(&world.engine, DocumentKind::AccountList, "picked", Change::Add, Who::When(&when)).expect("changed");
        }
        assert_eq!(members(&world, "picked"), ["a-1", "a-2"], "by a filter, as often as one likes");
    }

    tv_f10_the_window_of_the_past_ends_at_entry(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(2, 1);
        world.apply(TWO_INTERESTS);
        world.apply("{kind: score, key: heat}\n---\nkind: journey\nkey: look-back\nsubject: account\naudience: {account_list: all}\nend: 2027-06-30T00:00:00Z\nentry: pause\nnodes:\n  \
            pause: {type: wait, duration: 10d, next: box}\n  \
            box: {type: split, by: person, paths: [{label: Seen, when: {did: page_viewed, within: 30d}, actions: [{id: hit, action: change_score, score: heat, change: '+1'}]}], \
            other: {actions: [{id: miss, action: change_score, score: heat, change: '+5'}]}, next: null}\n");
        world.happened("page_viewed", "p-0-0", "{}", crate::support::at("2026-10-31T09:00:00Z"));
        world.happened("page_viewed", "p-1-0", "{}", crate::support::at("2026-11-06T09:00:00Z"));
        world.publish("look-back");
        world.run();
        world.run_at("2026-12-11T09:00:00Z");
        let hit = "SELECT p.key FROM person_score AS s JOIN person AS p ON p.id = s.person_id WHERE s.value = 1";
        assert_eq!(world.rows(hit, |r| r.string(0)), ["p-1-0"], "25 days before entry, 35 days ago; 31 days before is too long");
        let status = world.status("look-back");
        assert_eq!((status.nodes["hit"].reached, status.nodes["miss"].reached), (1, 1));
    }

    tv_f12_an_eleventh_destination_at_linkedin_is_too_many(world at "2026-12-01T09:00:00Z") {
        world.apply("{kind: connection, key: linkedin, type: linkedin}");
        let destination = |n: usize| format!("{{kind: destination, key: li-{n}, type: linkedin, connection: linkedin, settings: {{ad_account: '{n}'}}}}");
        for n in 1..=10 {
            world.apply(&destination(n));
        }
        assert_eq!(codes(world.try_apply(&destination(11))), ["too_many_destinations"]);
        world.apply(&destination(10).replace("'10'", "'12'"));
        world.apply("{kind: connection, key: files, type: folder, settings: {path: /tmp}}\n---\n{kind: destination, key: elsewhere, type: folder, connection: files}");
    }

    tv_f13_accounts_that_lack_such_people_are_found(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(4, 2);
        world.sql("UPDATE person SET job_title = 'Clerk'");
        world.sql("UPDATE person SET job_title = 'COO' WHERE key = 'p-1-0'");
        world.sql("UPDATE person SET job_title = 'CMO' WHERE key = 'p-2-1'");
        let chiefs = json!({"person": "job_title", "is": ["COO", "CMO"]});
        for when in [json!({"has_people": chiefs, "at_least": 0, "at_most": 0}), json!({"not": {"has_people": chiefs}})] {
            assert_eq!(found(&world, Subject::Account, when), ["a-0", "a-3"]);
        }
    }
}
