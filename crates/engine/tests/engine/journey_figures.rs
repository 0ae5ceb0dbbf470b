//! A journey over time and in comparison, against numbers counted by hand; on both stores.

use crate::support::{World, at, on_both_stores};
use caravan_engine::status::{self, Conversion, JourneyFigures, Performance};
use caravan_engine::travel;

const GROUND: &str = r#"
{kind: settings, key: settings, organisation: Acme, time_zone: Europe/Berlin}
---
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}
---
{kind: account_list, key: nobody, type: static, accounts: [], state: live}
"#;

/// Ten accounts with three people each, of which a-5 to a-9 are in `big`.
fn started(world: World) -> World {
    let world = world.with_people(10, 3);
    world.apply(GROUND);
    world.run();
    world
}

fn figures(world: &World, from: Option<&str>, until: Option<&str>) -> JourneyFigures {
    status::figures(&world.engine, "grow", from.map(at), until.map(at)).expect("figures")
}

fn days(figures: &JourneyFigures) -> Vec<(&str, i64, i64)> {
    figures.days.iter().map(|day| (day.day.as_str(), day.entered, day.completed)).collect()
}

fn counts(it: &Performance) -> (i64, i64) {
    (it.entered, it.completed)
}

fn goal(entered: i64, before: i64, converted: i64, rate: f64) -> Option<Conversion> {
    Some(Conversion { entered, before, converted, rate: Some(rate) })
}

/// A journey whose accounts take turns between a path of an hour and one of three days.
fn grow(world: &World, other: &str) {
    world.apply(&format!(
        "kind: journey\nkey: grow\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\n\
         goal: {{account: industry, is: Customer}}\nentry: ab\nnodes:\n  \
         ab: {{type: variant_split, by: account, paths: [{{label: A, percent: 50, next: hour}}, {{label: {other}, percent: 50, next: days}}]}}\n  \
         hour: {{type: wait, duration: 1h, next: null}}\n  days: {{type: wait, duration: 3d, next: null}}\n"
    ));
    world.publish("grow");
    world.run();
}

on_both_stores! {
    a_journey_is_counted_by_day_version_and_variant(world at "2026-12-01T22:30:00Z") {
        let world = started(world);
        world.sql("UPDATE account SET industry = 'Customer' WHERE key = 'a-5'");
        world.received("email_clicked", "p-8-0", "{}", at("2026-11-30T12:00:00Z"));
        // Half past eleven in Berlin: a-5, a-7 and a-9 go by A, a-6 and a-8 by B.
        grow(&world, "B");
        let first = figures(&world, None, None);
        assert_eq!((counts(&first.performance), first.performance.completion_rate, first.duration), ((5, 0), Some(0.0), None));
        assert_eq!(days(&first), [("2026-12-01", 5, 0)]);
        assert_eq!(first.performance.goal, goal(5, 1, 0, 0.0), "a-5 was a customer before");
        assert_eq!((first.engagement.engaged_accounts, first.engagement.engaged_people), (0, 0), "who did something before does not count");

        // Half past midnight in Berlin: the three of A complete on the next day.
        world.run_at("2026-12-01T23:30:00Z");
        world.run_at("2026-12-02T10:00:00Z");
        world.happens("email_clicked", "p-6-0", "{}");
        world.happens("email_clicked", "p-6-0", "{}");
        world.happens("email_opened", "p-6-1", "{}");
        world.happens("email_sent", "p-9-0", "{}");
        world.happens("email_clicked", "p-0-2", "{}");
        world.apply("kind: journey\nkey: other\nsubject: account\naudience: {account_list: nobody}\nend: 2027-06-30T00:00:00Z\nentry: win\nnodes:\n  win: {type: action, on: account, action: update_account, attribute: industry, value: Customer, next: null}\n");
        world.publish("other");
        travel::enter(&world.engine, "other", "a-7", "ann").expect("entered");
        world.run();

        // Another version, which two accounts take: a-0 by A, a-1 by C.
        world.run_at("2026-12-03T12:00:00Z");
        grow(&world, "C");
        for account in ["a-0", "a-1"] {
            travel::enter(&world.engine, "grow", account, "ann").expect("entered");
            world.run();
        }
        world.run_at("2026-12-03T13:00:00Z");
        world.run_at("2026-12-04T22:30:00Z");
        world.run_at("2026-12-04T23:00:00Z");

        let all = figures(&world, None, None);
        assert_eq!((counts(&all.performance), all.performance.completion_rate), ((7, 6), Some(6.0 / 7.0)));
        assert_eq!(all.performance.goal, goal(7, 1, 1, 1.0 / 6.0), "a-7 became one");
        let took = all.duration.expect("somebody completed");
        assert_eq!((took.median_seconds, took.p90_seconds), (3_600, 3 * 86_400), "four took an hour, two three days");
        let engaged = all.engagement;
        assert_eq!((engaged.accounts, engaged.engaged_accounts, engaged.people, engaged.engaged_people), (7, 1, 21, 2));
        let wanted = [("2026-12-01", 5, 0), ("2026-12-02", 0, 3), ("2026-12-03", 2, 1), ("2026-12-04", 0, 2), ("2026-12-05", 0, 0)];
        assert_eq!(days(&all), wanted, "days of Berlin, up to today");
        let versions: Vec<_> = all.versions.iter().map(|v| (v.version, counts(&v.performance))).collect();
        assert_eq!(versions, [(1, (5, 5)), (2, (2, 1))]);
        assert_eq!((&all.versions[0].performance.goal, &all.versions[1].performance.goal), (&goal(5, 1, 1, 0.25), &goal(2, 0, 0, 0.0)));
        let variants: Vec<_> = all.variants.iter().map(|v| (v.node.as_str(), v.path.as_str(), counts(&v.performance))).collect();
        assert_eq!(variants, [("ab", "A", (4, 4)), ("ab", "C", (1, 0)), ("ab", "B", (2, 2))], "the newest version's paths first");
        assert_eq!(all.variants[0].performance.goal, goal(4, 1, 1, 1.0 / 3.0));
        let status = world.status("grow");
        assert_eq!((status.travellers.entered, status.travellers.completed, status.goal.map(|it| it.travellers)), (7, 6, all.performance.goal));

        let later = figures(&world, Some("2026-12-02T00:00:00Z"), Some("2026-12-04T00:00:00Z"));
        assert_eq!(counts(&later.performance), (2, 1), "by when they entered");
        assert_eq!(days(&later), [("2026-12-03", 2, 1), ("2026-12-04", 0, 0)], "in Berlin the fourth has begun");
        assert_eq!((later.versions.len(), later.versions[0].performance.completion_rate, later.engagement.people), (2, None, 6));
        let since = figures(&world, Some("2026-12-02T00:00:00Z"), None);
        assert_eq!(days(&since), [("2026-12-03", 2, 1), ("2026-12-04", 0, 2), ("2026-12-05", 0, 0)], "completed then, whenever they entered");
        let none = figures(&world, Some("2027-01-01T00:00:00Z"), None);
        assert_eq!((counts(&none.performance), none.performance.completion_rate, none.days.len(), none.duration), ((0, 0), None, 0, None));
        let refused = status::figures(&world.engine, "nowhere", None, None).expect_err("no such journey");
        assert!(refused.to_string().contains("nowhere"), "{refused}");
    }

    people_who_travel_are_engaged_themselves_and_make_their_accounts_so(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.apply("{kind: people_list, key: chiefs, type: dynamic, when: {person: job_title, is: Chief Officer}, state: live}");
        world.run();
        world.apply("kind: journey\nkey: grow\nsubject: person\naudience: {people_list: chiefs}\nend: 2027-06-30T00:00:00Z\nentry: ab\nnodes:\n  ab: {type: variant_split, by: person, paths: [{label: A, percent: 50, next: join}, {label: B, percent: 50, next: join}]}\n  join: {type: merge, next: hour}\n  hour: {type: wait, duration: 1h, next: null}\n");
        world.publish("grow");
        world.run();
        world.happens("email_clicked", "p-3-0", "{}");
        world.happens("email_clicked", "p-3-1", "{}");
        // One more account of somebody who travels.
        world.sql("INSERT INTO account_person (account_id, person_id) SELECT a.id, p.id FROM account AS a, person AS p WHERE a.key = 'a-4' AND p.key = 'p-3-0'");
        let figures = figures(&world, None, None);
        let engaged = figures.engagement;
        assert_eq!((engaged.accounts, engaged.engaged_accounts, engaged.people, engaged.engaged_people), (10, 2, 10, 1), "p-3-1 does not travel");
        let entered: i64 = figures.variants.iter().map(|it| it.performance.entered).sum();
        assert_eq!((entered, figures.variants.len(), &figures.performance.goal), (10, 2, &None));
    }
}
