//! What the settings keep for a time goes in small pieces, on both stores; and lists are evaluated again once a day.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

use crate::support::{World, at, on_both_stores};
use caravan_engine::{members, retention};
use caravan_store::Bulk;
use jiff::SignedDuration;

const NOW: &str = "2026-12-01T09:00:00Z";

/// `n` activities of a type, received so many days ago.
fn received(world: &World, kind: &str, days: i64, n: usize) {
    let when = at(NOW) - SignedDuration::from_hours(24 * days);
    world
        .engine
        .store()
        .write(|s| {
            let ids: Vec<i64> = s.reserve_ids("activity", n)?.collect();
            s.bulk(
                &Bulk::insert("activity")
                    .column("id", &ids)
                    .same("type", kind)
                    .same("at", when)
                    .same("received_at", when)
                    .same("source", "test"),
            )
        })
        .unwrap();
}

fn count(world: &World, kind: &str) -> i64 {
    world.one(&format!("SELECT COUNT(*) FROM activity WHERE type = '{kind}'"))
}

on_both_stores! {
    activities_go_by_type_and_age_in_pieces(world at "2026-12-01T09:00:00Z") {
        world.apply("{kind: settings, organisation: Acme, retention: {activities: 12mo, by_type: {page_viewed: 30d}}}");
        received(&world, "email_sent", 400, 3);
        // More than one piece, with what is kept longer between.
        received(&world, "page_viewed", 90, 2_500);
        received(&world, "email_sent", 90, 10);
        received(&world, "page_viewed", 31, 2_500);
        received(&world, "page_viewed", 29, 7);
        assert!(retention::tick(&world.engine).unwrap());
        assert_eq!((count(&world, "page_viewed"), count(&world, "email_sent")), (7, 10));
        assert!(!retention::tick(&world.engine).unwrap(), "done for today");
        let report = retention::report(&world.engine).unwrap();
        let last = report.last.unwrap();
        assert_eq!((last.activities, last.ended_at), (5_003, at(NOW)));
        assert_eq!((report.sizes[0].1.rows, report.sizes[0].1.oldest), (17, Some(at("2026-09-02T09:00:00Z"))));
        assert_eq!(report.next_at, Some(at("2026-12-02T09:00:00Z")));
        // The next day it goes on where it stood, and finds what has aged.
        world.clock.advance_to(at("2026-12-03T10:00:00Z"));
        assert!(retention::tick(&world.engine).unwrap());
        assert_eq!((count(&world, "page_viewed"), count(&world, "email_sent")), (0, 10));
    }
    without_a_setting_activities_stay_and_what_waits_goes_after_thirty_days(world at "2026-12-01T09:00:00Z") {
        received(&world, "page_viewed", 4_000, 5);
        let days = |days: i64| (at(NOW) - SignedDuration::from_hours(24 * days)).as_microsecond();
        for (n, age) in [(1, 31), (2, 29)] {
            let received = days(age);
            world.sql(&format!("INSERT INTO activity_seen (source, external_id, received_at) VALUES ('segment', 'm{n}', {received})"));
            world.sql(&format!("INSERT INTO parked_activity (id, person_key, received_at, body) VALUES ({n}, 'p', {received}, '{{}}')"));
        }
        assert!(retention::tick(&world.engine).unwrap());
        assert_eq!(world.rows("SELECT external_id FROM activity_seen", |row| row.string(0)), ["m2"]);
        assert_eq!((world.one("SELECT id FROM parked_activity"), count(&world, "page_viewed")), (2, 5));
        let last = retention::report(&world.engine).unwrap().last.unwrap();
        assert_eq!((last.activities, last.seen, last.parked), (0, 1, 1));
    }
    whoever_is_too_young_does_not_hold_up_what_is_old(world at "2026-12-01T09:00:00Z") {
        world.apply("{kind: settings, organisation: Acme, retention: {activities: 30d}}");
        // A process may write late with numbers that it reserved early.
        received(&world, "email_sent", 1, 3);
        received(&world, "email_sent", 60, 4_500);
        assert!(retention::tick(&world.engine).unwrap());
        assert_eq!(count(&world, "email_sent"), 3);
    }
    lists_find_once_a_day_what_changed_behind_their_back(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(50, 1);
        world.apply("{kind: account_list, key: big, type: dynamic, state: live, when: {account: employees, at_least: 1000}}");
        world.run();
        let members = "SELECT COUNT(*) FROM list_member";
        assert_eq!(world.one(members), 40);
        world.sql("UPDATE account SET employees = 0 WHERE key <> 'a-49'");
        assert!(!members::repair_daily(&world.engine).unwrap(), "planned for tomorrow");
        world.run();
        assert_eq!(world.one(members), 40);
        world.clock.advance_to(at("2026-12-02T09:00:01Z"));
        assert!(members::repair_daily(&world.engine).unwrap());
        world.run();
        assert_eq!(world.one(members), 1);
        assert!(!members::repair_daily(&world.engine).unwrap(), "once a day");
    }
    an_age_below_a_day_is_refused(world at "2026-12-01T09:00:00Z") {
        let refused = world.try_apply("{kind: settings, organisation: Acme, retention: {activities: 12h, by_type: {page_viewed: 0d}}}");
        let Err(caravan_engine::definitions::DefinitionError::Findings(findings)) = refused else { panic!("{refused:?}") };
        let told: Vec<&str> = findings.iter().map(|finding| finding.pointer.as_str()).collect();
        assert_eq!(told, ["/retention/activities", "/retention/by_type/page_viewed"]);
    }
}
