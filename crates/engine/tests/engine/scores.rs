//! Engagement on real stores: what people did, what it makes of them and of their groups, and who hears of it.

use crate::support::{World, at, on_both_stores};
use caravan_engine::groups::{daily, engagement, explain};
use serde_json::json;

const SHOP: &str = r#"
{kind: activity_type, key: event_attended, subject: person}
---
kind: weighting_model
key: shop
bands: [{name: Normal, value: 60}]
activities: {page_viewed: 40, email_clicked: 30, interesting_moment: Normal, event_attended: Normal}
state: live
---
kind: roles_template
key: roles
roles:
  - {role: Decision Maker, weighting: vital, required: true, when: {person: job_title, starts_with: [Chief]}}
  - {role: Influencer, weighting: important, when: {person: job_title, is: Second}}
  - {role: Practitioner, weighting: normal, when: {person: job_title, is: Third}}
state: live
---
{kind: account_list, key: all, type: dynamic, when: {account: employees, at_least: 0}, state: live}
---
{kind: solution_interest, key: crm, name: CRM, roles_template: roles, update_existing: true, create_for: {account_list: all}}
"#;

/// Three accounts: P1 (`p-0-0`, a chief) and P2 (`p-0-1`) in the first, P2 alone in the second, P3 in the third.
fn shop(world: World) -> World {
    let world = world.with_people(3, 2);
    world.sql("UPDATE person SET job_title = 'Second' WHERE key = 'p-0-1'");
    world.sql("UPDATE person SET job_title = 'Nobody' WHERE key IN ('p-1-0', 'p-1-1', 'p-2-0')");
    world.sql("UPDATE person SET job_title = 'Third' WHERE key = 'p-2-1'");
    world.apply(SHOP);
    world.run();
    world
}

fn did(world: &World, kind: &str, person: &str, when: &str, times: usize) {
    for _ in 0..times {
        world.happened(kind, person, "{}", at(when));
    }
}

fn people(world: &World) -> Vec<String> {
    let sql = "SELECT key, engagement FROM person WHERE engagement > 0 ORDER BY key";
    world.rows(sql, |r| format!("{} {:.4}", r.text(0), r.float(1)))
}

fn groups(world: &World) -> Vec<String> {
    let sql =
        "SELECT a.key, g.engagement FROM buying_group AS g JOIN account AS a ON a.id = g.account_id ORDER BY a.key";
    world.rows(sql, |r| format!("{} {:.4}", r.text(0), r.float(1)))
}

fn told(world: &World) -> Vec<serde_json::Value> {
    let sql = "SELECT fields FROM activity WHERE type = 'engagement_changed' ORDER BY id";
    world.rows(sql, |r| serde_json::from_str(r.text(0)).expect("fields"))
}

/// What P1 and P2 did in the example.
fn busy(world: &World) {
    did(world, "page_viewed", "p-0-0", "2026-11-30T10:00:00Z", 37);
    did(world, "page_viewed", "p-0-0", "2026-12-01T08:00:00Z", 15);
    did(world, "email_clicked", "p-0-0", "2026-11-30T10:00:00Z", 1);
    did(world, "email_clicked", "p-0-0", "2026-12-01T08:00:00Z", 1);
    did(world, "interesting_moment", "p-0-1", "2026-12-01T08:00:00Z", 1);
}

on_both_stores! {
    tv_e7_a_run_scores_everybody_and_their_groups(world at "2026-12-01T09:00:00Z") {
        let world = shop(world);
        // Somebody as busy as P2 is the only practitioner of the second account.
        world.sql("UPDATE person SET job_title = 'Third' WHERE key = 'p-1-1'");
        busy(&world);
        did(&world, "interesting_moment", "p-1-1", "2026-12-01T08:00:00Z", 1);
        caravan_engine::groups::jobs::run_again(&world.engine, caravan_engine::groups::jobs::JobKind::Maintain, &[], "ada").expect("asked");
        world.run();
        let scored = engagement::run(&world.engine).expect("a run");
        assert_eq!((scored.people, scored.groups, scored.groups_changed), (3, 3, 2));
        assert_eq!(people(&world), ["p-0-0 100.0000", "p-0-1 20.2721", "p-1-1 20.2721"]);
        assert_eq!(groups(&world), ["a-0 100.0000", "a-1 56.0338", "a-2 0.0000"]);
        let told = told(&world);
        assert_eq!(told[0], json!({"solution_interest": "crm", "old": 0.0, "new": 100.0}));
        assert_eq!(told.len(), 2, "nothing is told of who stayed at 0");
        let again = engagement::run(&world.engine).expect("a run");
        assert_eq!((again.people_changed, again.groups_changed), (0, 0), "the same data: nothing is written");
    }

    tv_e2_tv_e4_an_explanation_shows_every_term_and_the_terms_add_up(world at "2026-12-01T09:00:00Z") {
        let world = shop(world);
        busy(&world);
        engagement::run(&world.engine).expect("a run");
        let id = world.one("SELECT g.id FROM buying_group AS g JOIN account AS a ON a.id = g.account_id WHERE a.key = 'a-0'");
        let all = explain::explain(&world.engine, caravan_model::GroupId(id)).expect("a read").expect("a group");
        let of = &all.engagement;
        assert_eq!((of.score, of.shown, of.scaled), (Some(100.0), Some(100), Some(100.0)));
        let chief = of.members.iter().find(|member| member.person == "p-0-0").expect("a member");
        let views = chief.activities.iter().find(|activity| activity.kind == "page_viewed").expect("views");
        let days: Vec<_> = views.days.iter().map(|day| (day.day.to_string(), day.times, day.counted)).collect();
        assert_eq!(days, [("2026-11-30".to_owned(), 37, 20), ("2026-12-01".to_owned(), 15, 15)], "TV-E4");
        let run = of.run.as_ref().expect("the run");
        for member in &of.members {
            let raw: f64 = member.activities.iter().map(|activity| activity.counted as f64 * activity.weight).sum();
            assert!((raw - member.raw).abs() < 1e-9);
            assert!((100.0 * (raw / run.largest_person).sqrt() - member.score).abs() < 1e-9, "{member:?}");
            assert!((member.score * member.share - member.adds).abs() < 1e-9);
        }
        let raw: f64 = of.members.iter().map(|member| member.adds).sum();
        assert!((raw - of.raw).abs() < 1e-9 && (raw - 64.565387).abs() < 1e-6, "{raw}");
        let shares: Vec<_> = of.roles.iter().map(|role| (role.role.as_str(), role.weight)).collect();
        assert_eq!(shares, [("Decision Maker", 100), ("Influencer", 80)], "roles that nobody has weigh nothing");
        assert_eq!((all.completeness.score, all.completeness.sum, all.completeness.required_roles), (Some(100.0), Some(100.0), 1));
        let past = explain::history(&world.engine, caravan_model::GroupId(id), 400).expect("a read").expect("a group");
        assert_eq!(past.iter().map(|day| (day.day.to_string(), day.engagement)).collect::<Vec<_>>(), [("2026-12-01".to_owned(), Some(100.0))]);
        assert!(explain::explain(&world.engine, caravan_model::GroupId(9_999)).expect("a read").is_none());
    }

    accounts_without_a_name_get_no_group_and_are_counted(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(3, 1);
        world.sql("UPDATE account SET name = ' ' WHERE key = 'a-1'");
        world.apply(SHOP);
        world.run();
        let jobs = caravan_engine::groups::jobs::list(&world.engine).expect("jobs");
        let create = &jobs[0];
        assert_eq!((create.looked_at, create.created, create.skipped_without_name), (3, 2, 1));
        assert_eq!(create.accounts.as_deref(), Some("account_list all"));
        world.sql("UPDATE account SET name = 'Named' WHERE key = 'a-1'");
        use caravan_engine::groups::jobs::{JobKind, run_again};
        assert_eq!(run_again(&world.engine, JobKind::Create, &["crm".to_owned()], "ada").expect("asked"), ["crm"]);
        world.run();
        let again = caravan_engine::groups::jobs::list(&world.engine).expect("jobs");
        assert_eq!((again[0].run, again[0].created, again[0].asked_by.as_str()), (2, 1, "ada"), "the missing one");
        assert_eq!(crate::support::codes(run_again(&world.engine, JobKind::Create, &["crn".to_owned()], "ada")), ["unknown_definition"]);
    }

    a_frozen_definition_goes_on_as_a_copy(world at "2026-12-01T09:00:00Z") {
        use caravan_engine::copies::{Copy, copy};
        use caravan_model::document::DocumentKind;
        let world = shop(world);
        let wanted = |key: &str| Copy { key: key.to_owned(), name: None };
        let made = copy(&world.engine, DocumentKind::RolesTemplate, "roles", &wanted("roles-2"), "ada").expect("a copy");
        assert_eq!((&made["name"], made.get("state")), (&json!("Roles copy"), None));
        copy(&world.engine, DocumentKind::WeightingModel, "activity-weighting-model-1", &wanted("ours"), "ada").expect("the first model");
        let drafts = "SELECT key FROM document WHERE state = 'draft' ORDER BY key";
        assert_eq!(world.rows(drafts, |r| r.string(0)), ["ours", "roles-2"]);
        let taken = copy(&world.engine, DocumentKind::RolesTemplate, "roles", &wanted("roles-2"), "ada");
        assert_eq!(crate::support::codes(taken), ["exists_already"]);
    }

    tv_e5_what_is_older_than_thirty_days_counts_nothing(world at "2026-12-01T09:00:00Z") {
        let world = shop(world);
        did(&world, "page_viewed", "p-0-0", "2026-10-31T09:00:00Z", 3);
        did(&world, "page_viewed", "p-0-1", "2026-11-02T00:30:00Z", 1);
        engagement::run(&world.engine).expect("a run");
        assert_eq!(people(&world), ["p-0-1 100.0000"], "31 days ago; the other 29 days before today");
        world.clock.advance_to(at("2026-12-02T09:00:00Z"));
        engagement::run(&world.engine).expect("a run");
        assert_eq!(people(&world), Vec::<String>::new(), "it aged out");
        assert_eq!(world.one("SELECT COUNT(*) FROM engagement_count"), 0);
        assert_eq!(world.one("SELECT COUNT(*) FROM score_day WHERE of_people"), 1, "of the day on which it counted");
        assert_eq!(world.one("SELECT COUNT(*) FROM score_day WHERE NOT of_people"), 6, "three groups, two days");
    }

    whoever_is_deleted_leaves_no_scores_behind(world at "2026-12-01T09:00:00Z") {
        use caravan_engine::groups::by_hand::{self, Decision, Which};
        use caravan_model::attribute::Subject;
        let world = shop(world);
        world.apply("{kind: stage_model, key: pipeline, stages: [{name: A, entry: true, to: [B]}, {name: B, destination: success}], state: live}");
        world.apply("{kind: solution_interest, key: crm, name: CRM, roles_template: roles, stage_model: pipeline, update_existing: true, create_for: {account_list: all}}");
        busy(&world);
        let which = Which::Of { account: "a-0".to_owned(), interest: "crm".to_owned() };
        by_hand::decide(&world.engine, &which, &Decision::Stage("A".to_owned()), "ada").expect("moved");
        world.run_at("2026-12-02T03:00:00Z");
        let id = |table: &str, key: &str| world.one(&format!("SELECT id FROM {table} WHERE key = '{key}'"));
        let (person, other) = (id("person", "p-0-0"), id("person", "p-0-1"));
        let group = world.one("SELECT g.id FROM buying_group AS g JOIN account AS a ON a.id = g.account_id WHERE a.key = 'a-0'");
        let kept_of = |person: i64| world.one(&format!(
            "SELECT (SELECT COUNT(*) FROM engagement_count WHERE person_id = {person}) + (SELECT COUNT(*) FROM score_day WHERE of_people AND subject_id = {person})"));
        let of_group = || world.one(&format!(
            "SELECT (SELECT COUNT(*) FROM stage_change WHERE group_id = {group}) + (SELECT COUNT(*) FROM score_day WHERE NOT of_people AND subject_id = {group})"));
        assert_eq!((kept_of(person), kept_of(other), of_group()), (3, 2, 2));
        assert!(caravan_engine::import::delete(&world.engine, Subject::Person, "p-0-0", None).expect("deleted"));
        assert_eq!((kept_of(person), kept_of(other), of_group()), (0, 2, 2), "theirs and nobody else's");
        assert!(caravan_engine::import::delete(&world.engine, Subject::Account, "a-0", None).expect("deleted"));
        assert_eq!((kept_of(other), of_group()), (2, 0), "its people stay");
        assert_eq!(world.one("SELECT COUNT(*) FROM score_day WHERE NOT of_people"), 2, "the other groups");
    }

    days_are_those_of_the_organisation(world at "2026-12-01T09:00:00Z") {
        let world = shop(world);
        world.apply("{kind: settings, key: settings, organisation: Acme, time_zone: Asia/Kolkata}");
        // Half past six in the evening of the first is midnight in Kolkata.
        did(&world, "page_viewed", "p-0-0", "2026-11-30T18:29:00Z", 15);
        did(&world, "page_viewed", "p-0-0", "2026-11-30T18:30:00Z", 15);
        engagement::run(&world.engine).expect("a run");
        assert_eq!(world.one("SELECT counted FROM engagement_count"), 30, "fifteen on either day");
    }

    tv_e9_an_installation_where_nobody_did_anything_has_zeros(world at "2026-12-01T09:00:00Z") {
        let world = shop(world);
        engagement::run(&world.engine).expect("a run");
        assert_eq!(people(&world), Vec::<String>::new());
        assert_eq!(groups(&world), ["a-0 0.0000", "a-1 0.0000", "a-2 0.0000"]);
    }

    every_night_everybody_is_scored_and_new_groups_are_scored_at_once(world at "2026-12-01T09:00:00Z") {
        let world = shop(world);
        busy(&world);
        world.run();
        assert_eq!(people(&world), Vec::<String>::new(), "not before the night");
        world.run_at("2026-12-02T03:00:00Z");
        assert_eq!(people(&world).len(), 2);
        world.sql("UPDATE person SET job_title = 'Third' WHERE key = 'p-1-0'");
        world.sql("UPDATE person SET engagement = 20.0 WHERE key = 'p-1-0'");
        world.apply("{kind: account_list, key: second, type: static, accounts: [a-1], state: live}\n---\n{kind: solution_interest, key: erp, name: ERP, roles_template: roles, create_for: {account_list: second}}");
        world.run();
        let erp = "SELECT g.engagement FROM buying_group AS g JOIN document AS d ON d.id = g.interest_id WHERE d.key = 'erp'";
        let erp = world.rows(erp, |r| r.float(0));
        let largest = world.rows("SELECT largest_group FROM engagement_run", |r| r.float(0));
        assert!((erp[0] - 100.0 * (20.0 / largest[0]).sqrt()).abs() < 1e-9, "by the last run's measure: {erp:?}");
    }

    lists_that_watch_scores_of_groups_and_people_follow_them(world at "2026-12-01T09:00:00Z") {
        let world = shop(world);
        world.apply("
{kind: account_list, key: hot, type: dynamic, when: {buying_group: {solution_interest: crm, engagement: {at_least: 50}}}, state: live}
---
{kind: audience, key: keen, subject: person, when: {person: engagement, at_least: 50}}
---
{kind: audience, key: keen-group, subject: person, when: {member_of_buying_group: {solution_interest: crm, engagement: {at_least: 50}}}}");
        world.run();
        let members = |list: &str| world.one(&format!(
            "SELECT COUNT(*) FROM list_member AS m JOIN document AS d ON d.id = m.list_id WHERE d.key = '{list}'"));
        assert_eq!((members("hot"), members("keen"), members("keen-group")), (0, 0, 0));
        busy(&world);
        engagement::run(&world.engine).expect("a run");
        world.run();
        assert_eq!((members("hot"), members("keen"), members("keen-group")), (1, 1, 2));
    }

    a_list_follows_stage_status_completeness_and_members_of_groups(world at "2026-12-01T09:00:00Z") {
        use caravan_engine::groups::by_hand::{self, Decision, Which};
        let world = shop(world);
        world.apply("
{kind: account_list, key: talking, type: dynamic, when: {buying_group: {status: talking}}, state: live}
---
{kind: account_list, key: complete, type: dynamic, when: {buying_group: {completeness: {at_least: 100}}}, state: live}
---
{kind: account_list, key: two, type: dynamic, when: {buying_group: {roles: [{role: Influencer, at_least: 1}]}}, state: live}");
        world.run();
        let members = |list: &str| world.rows(&format!(
            "SELECT a.key FROM list_member AS m JOIN document AS d ON d.id = m.list_id JOIN account AS a ON a.id = m.subject_id
             WHERE d.key = '{list}' ORDER BY a.key"), |r| r.string(0));
        assert_eq!(members("complete"), ["a-0"]);
        assert_eq!(members("two"), ["a-0"]);
        let decide = |decision| {
            let which = Which::Of { account: "a-1".to_owned(), interest: "crm".to_owned() };
            by_hand::decide(&world.engine, &which, &decision, "ada").expect("done");
            world.run();
        };
        decide(Decision::Status(Some("talking".to_owned())));
        assert_eq!(members("talking"), ["a-1"]);
        decide(Decision::Assign(vec![("p-1-0".to_owned(), "Influencer".to_owned())]));
        assert_eq!(members("two"), ["a-0", "a-1"]);
        decide(Decision::Assign(vec![("p-1-1".to_owned(), "Decision Maker".to_owned())]));
        assert_eq!(members("complete"), ["a-0", "a-1"]);
        decide(Decision::Remove(vec!["p-1-1".to_owned()]));
        assert_eq!(members("complete"), ["a-0"]);
    }

    tv_d4_activating_a_weighting_model_archives_the_one_before(world at "2026-12-01T09:00:00Z") {
        let world = shop(world);
        let states = || world.rows("SELECT key, state FROM document WHERE kind = 'weighting_model' ORDER BY key", |r| format!("{} {}", r.text(0), r.text(1)));
        world.apply("{kind: weighting_model, key: other, bands: [], activities: {page_viewed: 10}}");
        assert_eq!(states(), ["other draft", "shop live"]);
        world.apply("{kind: weighting_model, key: other, bands: [], activities: {page_viewed: 10}, state: live}");
        assert_eq!(states(), ["other live", "shop archived"]);
        let codes = |manifest: &str| crate::support::codes(world.try_apply(manifest));
        let other = "{kind: weighting_model, key: other, bands: [], activities: {page_viewed: 20}}";
        assert_eq!(codes(other), ["model_in_force"]);
        let shop = SHOP.split("---").nth(1).expect("the model");
        assert_eq!(codes(shop), ["model_archived"], "it cannot be activated again");
        assert_eq!(codes(&shop.replace("key: shop", "key: again").replace("state: live", "")), Vec::<String>::new(), "but copied");
    }

    the_daily_run_waits_until_the_groups_are_done(world at "2026-12-01T09:00:00Z") {
        let world = shop(world);
        world.clock.advance_to(at("2026-12-02T03:00:00Z"));
        assert!(daily::tick(&world.engine).expect("a tick"), "the jobs are asked for");
        assert!(!daily::tick(&world.engine).expect("a tick"), "steps must do them first");
        world.run();
        let jobs = caravan_engine::groups::jobs::list(&world.engine).expect("jobs");
        let shown: Vec<_> = jobs.iter().map(|job| (job.kind, job.asked_by.as_str(), job.state, job.looked_at)).collect();
        use caravan_engine::groups::jobs::{JobKind, JobState};
        assert_eq!(shown, [(JobKind::Create, "daily", JobState::Idle, 3), (JobKind::Maintain, "daily", JobState::Idle, 3)]);
        assert_eq!(world.one("SELECT COUNT(*) FROM engagement_run WHERE finished_at IS NOT NULL"), 1);
    }
}
