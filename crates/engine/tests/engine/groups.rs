//! Buying groups on real stores: who is in them, who decided it, and how they follow the people.

use crate::support::{World, on_both_stores};
use caravan_engine::groups::by_hand::{self, ByHandError, Decision, Which};
use caravan_engine::import;
use caravan_model::attribute::Subject;
use serde_json::json;

const GROUPS: &str = r#"
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 800}, state: live}
---
kind: roles_template
key: crm-roles
roles:
  - {role: Decision Maker, weighting: vital, required: true, when: {person: job_title, starts_with: [Chief]}}
  - {role: Practitioner, required: true, members_required: 2, when: {any: [{person: job_title, is: Engineer}, {did: demo_requested, within: 7d}]}}
  - {role: Influencer, weighting: important}
state: live
---
{kind: activity_type, key: demo_requested, subject: person}
---
kind: stage_model
key: pipeline
stages:
  - {name: Aware, entry: true, to: [Engaged]}
  - {name: Engaged, to: [Won, Lost]}
  - {name: Won, destination: success}
  - {name: Lost, destination: failure}
state: live
---
{kind: solution_interest, key: crm, name: CRM, roles_template: crm-roles, stage_model: pipeline, update_existing: true, create_for: {account_list: big}}
"#;

/// Ten accounts with three people each (`p-8-0` is a Chief Officer, the others clerks); a-8 and a-9 have groups.
fn grouped(world: World) -> World {
    let world = world.with_people(10, 3);
    world.apply(GROUPS);
    world.run();
    world
}

/// The members of `a-8`'s group: `person role source`.
fn members(world: &World) -> Vec<String> {
    let sql = "SELECT p.key, m.role, m.source FROM group_member AS m JOIN person AS p ON p.id = m.person_id
        JOIN buying_group AS g ON g.id = m.group_id JOIN account AS a ON a.id = g.account_id
        WHERE a.key = 'a-8' AND NOT m.removed ORDER BY p.key";
    world.rows(sql, |r| format!("{} {} {}", r.text(0), r.text(1), r.text(2)))
}

fn completeness(world: &World) -> Vec<String> {
    let sql =
        "SELECT g.completeness FROM buying_group AS g JOIN account AS a ON a.id = g.account_id WHERE a.key = 'a-8'";
    world.rows(sql, |r| format!("{:.2}", r.float(0)))
}

/// What the stream tells of one type: its fields.
fn told(world: &World, kind: &str) -> Vec<serde_json::Value> {
    let sql = format!("SELECT fields FROM activity WHERE type = '{kind}' ORDER BY id");
    world.rows(&sql, |r| serde_json::from_str(r.text(0)).expect("fields"))
}

fn put(world: &World, person: &str, fields: serde_json::Value) {
    let fields = fields.as_object().expect("an object");
    import::put(&world.engine, Subject::Person, person, fields, "test", None).expect("a person");
    world.run();
}

fn of(account: &str) -> Which {
    Which::Of { account: account.to_owned(), interest: "crm".to_owned() }
}

fn decide(world: &World, decision: Decision) -> Result<bool, ByHandError> {
    let done = by_hand::decide(&world.engine, &of("a-8"), &decision, "ada@example.com").map(|(_, changed)| changed);
    world.run();
    done
}

fn assign(person: &str, role: &str) -> Decision {
    Decision::Assign(vec![(person.to_owned(), role.to_owned())])
}

fn remove(person: &str) -> Decision {
    Decision::Remove(vec![person.to_owned()])
}

fn codes(done: Result<bool, ByHandError>) -> Vec<String> {
    match done {
        Err(ByHandError::Refused(findings)) => findings.into_iter().map(|f| f.code.to_string()).collect(),
        Err(ByHandError::Unknown { code, .. }) => vec![code.to_owned()],
        other => panic!("{other:?}"),
    }
}

on_both_stores! {
    a_person_who_changes_or_joins_gets_the_role_that_the_rules_give(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        assert_eq!(members(&world), ["p-8-0 Decision Maker system"]);
        assert_eq!(completeness(&world), ["50.00"]);
        put(&world, "p-8-1", json!({"job_title": "Engineer"}));
        assert_eq!(members(&world), ["p-8-0 Decision Maker system", "p-8-1 Practitioner system"]);
        assert_eq!(completeness(&world), ["75.00"], "one of two practitioners");
        put(&world, "new", json!({"email": "new@example.com", "job_title": "Chief of Staff", "account_key": "a-8"}));
        assert_eq!(members(&world)[0], "new Decision Maker system");
        put(&world, "p-8-1", json!({"job_title": "Gardener"}));
        put(&world, "new", json!({"account_key": "a-8", "relation": "remove"}));
        assert_eq!(members(&world), ["p-8-0 Decision Maker system"], "one fits no role, the other left the account");
        let completeness = told(&world, "completeness_changed");
        assert_eq!(completeness.last(), Some(&json!({"solution_interest": "crm", "old": 75.0, "new": 50.0})));
        assert_eq!(world.one("SELECT COUNT(*) FROM group_member WHERE removed AND removed_at IS NOT NULL"), 2);
    }

    groups_that_are_not_to_be_updated_keep_their_members_and_are_scored_nevertheless(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(10, 3);
        world.apply(&GROUPS.replace("update_existing: true", "update_existing: false"));
        world.run();
        assert_eq!(members(&world), ["p-8-0 Decision Maker system"], "they are filled when they are made");
        put(&world, "p-8-1", json!({"job_title": "Engineer"}));
        put(&world, "p-8-0", json!({"job_title": "Gardener"}));
        world.run_at("2026-12-03T09:00:00Z");
        assert_eq!(members(&world), ["p-8-0 Decision Maker system"], "neither at once nor by the nightly run");
        assert!(decide(&world, assign("p-8-1", "Practitioner")).expect("assigned"));
        world.run();
        assert_eq!(completeness(&world), ["75.00"], "a hand fills a role, and that counts");
    }

    what_a_person_did_gives_a_role_and_its_age_takes_it_away(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        world.happens("demo_requested", "p-8-2", "{}");
        assert_eq!(members(&world), ["p-8-0 Decision Maker system", "p-8-2 Practitioner system"]);
        world.run_at("2026-12-09T10:00:00Z");
        assert_eq!(members(&world), ["p-8-0 Decision Maker system"], "more than seven days ago");
    }

    a_hand_stands_above_rules(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        assert!(decide(&world, assign("p-8-1", "Influencer")).expect("assigned"));
        assert!(!decide(&world, assign("p-8-1", "Influencer")).expect("assigned"), "as it was");
        assert!(decide(&world, remove("p-8-0")).expect("removed"));
        put(&world, "p-8-0", json!({"job_title": "Chief Executive"}));
        put(&world, "p-8-1", json!({"job_title": "Engineer"}));
        assert_eq!(members(&world), ["p-8-1 Influencer manual"], "no rule brings one back or gives the other a role");
        assert_eq!(completeness(&world), ["0.00"]);
        put(&world, "p-8-1", json!({"account_key": "a-8", "relation": "remove"}));
        assert_eq!(members(&world), ["p-8-1 Influencer manual"], "who leaves the account stays where a hand put them");
        let told = told(&world, "removed_from_buying_group");
        assert_eq!(told, [json!({"solution_interest": "crm", "role": "Decision Maker", "source": "manual"})]);
    }

    who_left_the_account_fills_no_role(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        decide(&world, assign("p-8-1", "Practitioner")).expect("assigned");
        assert_eq!(completeness(&world), ["75.00"]);
        put(&world, "p-8-1", json!({"account_key": "a-8", "relation": "remove"}));
        assert_eq!(members(&world).len(), 2);
        assert_eq!(completeness(&world), ["50.00"]);
    }

    what_a_hand_cannot_do_is_said(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        assert_eq!(codes(decide(&world, assign("p-8-1", "Champion"))), ["role_not_in_template"]);
        assert_eq!(codes(decide(&world, assign("p-7-1", "Influencer"))), ["not_of_account"]);
        assert_eq!(codes(decide(&world, assign("nobody", "Influencer"))), ["unknown_person"]);
        let nowhere = by_hand::decide(&world.engine, &of("a-1"), &remove("p-1-1"), "x").map(|(_, changed)| changed);
        assert_eq!(codes(nowhere), ["unknown_buying_group"]);
        assert_eq!(members(&world).len(), 1, "nothing of it was done");
    }

    tv_m10_fifty_one_members_are_too_many_at_once(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        let people: Vec<String> = (0..51).map(|n| format!("p-{n}")).collect();
        assert_eq!(codes(decide(&world, Decision::Remove(people.clone()))), ["too_many_members"]);
        let roles = people.into_iter().map(|person| (person, "Influencer".to_owned())).collect();
        assert_eq!(codes(decide(&world, Decision::Assign(roles))), ["too_many_members"]);
    }

    tv_s4_tv_s5_a_move_that_the_model_does_not_allow_changes_nothing(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        let stage = |name: &str| Decision::Stage(name.to_owned());
        assert_eq!(codes(decide(&world, stage("Engaged"))), ["transition_not_allowed"], "TV-S4");
        assert!(decide(&world, stage("Aware")).expect("moved"));
        assert!(decide(&world, stage("Engaged")).expect("moved"));
        assert_eq!(codes(decide(&world, stage("Aware"))), ["transition_not_allowed"], "TV-S5");
        let history = "SELECT COALESCE(old_stage, '-'), new_stage, source FROM stage_change ORDER BY at, old_stage";
        let mut history = world.rows(history, |r| format!("{} {} {}", r.text(0), r.text(1), r.text(2)));
        history.sort();
        assert_eq!(history, ["- Aware manual:ada@example.com", "Aware Engaged manual:ada@example.com"]);
        assert_eq!(told(&world, "buying_group_stage_changed").len(), 2);
    }

    tv_s15_a_status_holds_fifty_characters(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        let status = |n: usize| Decision::Status(Some("ü".repeat(n)));
        assert_eq!(codes(decide(&world, status(51))), ["too_long"]);
        assert!(decide(&world, status(50)).expect("set"));
        assert!(decide(&world, Decision::Status(Some("  ".to_owned()))).expect("cleared"));
        assert_eq!(told(&world, "buying_group_status_changed").len(), 2);
    }

    a_threshold_that_changes_is_counted_at_once(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        world.apply(&GROUPS.replace("members_required: 2", "members_required: 4"));
        put(&world, "p-8-1", json!({"job_title": "Engineer"}));
        assert_eq!(completeness(&world), ["62.50"], "one of four, and the decision maker");
        world.apply(GROUPS);
        world.run();
        assert_eq!(completeness(&world), ["75.00"]);
    }

    tv_r3_each_addition_to_a_role_is_counted(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        for decision in [assign("p-8-1", "Influencer"), remove("p-8-1"), assign("p-8-1", "Influencer")] {
            decide(&world, decision).expect("done");
        }
        let count = "SELECT CAST(SUM(n) AS BIGINT) FROM role_acquired WHERE role = 'Influencer' AND month = 683";
        assert_eq!(world.one(count), 2);
    }

    a_group_that_was_put_away_is_gone_and_is_not_made_again(world at "2026-12-01T09:00:00Z") {
        let world = grouped(world);
        let id = world.one("SELECT g.id FROM buying_group AS g JOIN account AS a ON a.id = g.account_id WHERE a.key = 'a-8'");
        by_hand::archive(&world.engine, caravan_model::GroupId(id)).expect("put away");
        assert_eq!(codes(decide(&world, assign("p-8-1", "Influencer"))), ["unknown_buying_group"]);
        world.apply(&GROUPS.replace("name: CRM", "name: CRM 2"));
        world.run();
        assert_eq!(world.one("SELECT COUNT(*) FROM buying_group WHERE archived_at IS NULL"), 1, "a-9 alone");
    }
}
