//! In which order one traveller's trips move when several of them are due: by (due time, number), those without a due time
//! last, however much else waits and however the batches are cut.

use crate::support::{World, on_both_stores};
use caravan_engine::batch::Limits;
use caravan_engine::status;
use caravan_engine::travel;
use caravan_model::EnrollmentId;
use jiff::{SignedDuration, Timestamp};

/// From one row and one traveller at a time to everything at once.
const CUTS: [Limits; 5] = [
    Limits { shards: 1, travellers: 1 },
    Limits { shards: 1, travellers: 2 },
    Limits { shards: 2, travellers: 5 },
    Limits { shards: 256, travellers: 17 },
    Limits { shards: 256, travellers: 2_048 },
];

/// Two journeys of the same accounts: one takes out of the other.
struct Case {
    name: &'static str,
    /// The nodes of the journey that takes out, up to `off`.
    removes: &'static str,
    /// The first node of the other; from it `heard` and `late` are reached.
    stands: &'static str,
    /// What its person does in the first half hour.
    does: Option<&'static str>,
    /// Where the other trip ended as removed.
    ends_at: &'static str,
}

const CASES: [Case; 7] = [
    Case {
        name: "removal-before-timeout",
        removes: "pause: {type: wait, duration: 1h, next: off}",
        stands: "{type: listen, event: {activity: form_filled}, timeout: {duration: 2h, next: late}, next: heard}",
        does: None,
        ends_at: "first",
    },
    Case {
        name: "timeout-before-removal",
        removes: "pause: {type: wait, duration: 2h, next: off}",
        stands: "{type: listen, event: {activity: form_filled}, timeout: {duration: 1h, next: late}, next: heard}",
        does: None,
        ends_at: "late",
    },
    Case {
        name: "removal-before-an-event-without-a-timeout",
        removes: "pause: {type: wait, duration: 1h, next: off}",
        stands: "{type: listen, event: {activity: form_filled}, next: heard}",
        does: Some("form_filled"),
        ends_at: "first",
    },
    Case {
        name: "event-and-a-timeout-before-removal",
        removes: "pause: {type: wait, duration: 2h, next: off}",
        stands: "{type: listen, event: {activity: form_filled}, timeout: {duration: 1h, next: late}, next: heard}",
        does: Some("form_filled"),
        ends_at: "heard",
    },
    Case {
        name: "removal-before-an-event-whose-timeout-comes-later",
        removes: "pause: {type: wait, duration: 1h, next: off}",
        stands: "{type: listen, event: {activity: form_filled}, timeout: {duration: 2h, next: late}, next: heard}",
        does: Some("form_filled"),
        ends_at: "first",
    },
    Case {
        name: "removal-by-a-listener-whose-time-is-over",
        removes: "pause: {type: listen, event: {activity: page_viewed}, timeout: {duration: 1h, next: off}, next: null}",
        stands: "{type: listen, event: {activity: form_filled}, next: heard}",
        does: Some("form_filled"),
        ends_at: "first",
    },
    Case {
        name: "removal-by-a-listener-that-hears-the-same",
        removes: "pause: {type: listen, event: {activity: form_filled}, timeout: {duration: 1h, next: null}, next: off}",
        stands: "{type: listen, event: {activity: form_filled}, timeout: {duration: 2h, next: late}, next: heard}",
        does: Some("form_filled"),
        ends_at: "first",
    },
];

fn define(world: &World, case: &Case) {
    let journey = |key: &str, entry: &str, nodes: &str| {
        format!(
            "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: picked}}\nend: 2028-06-30T00:00:00Z\nentry: {entry}\nnodes:\n{nodes}"
        )
    };
    let (name, hold) = (case.name, "{type: wait, duration: 300d, next: null}");
    world.apply(&journey(
        &format!("{name}-on"),
        "first",
        &format!("  first: {}\n  heard: {hold}\n  late: {hold}\n", reachable(case.stands)),
    ));
    world.publish(&format!("{name}-on"));
    world.apply(&journey(
        &format!("{name}-off"),
        "pause",
        &format!(
            "  {}\n  off: {{type: action, on: account, action: remove_from_journey, journey: {name}-on, next: null}}\n",
            case.removes
        ),
    ));
    world.publish(&format!("{name}-off"));
    world.run();
}

/// A listener without a timeout leads to `heard` alone.
fn reachable(stands: &str) -> String {
    match stands.contains("late") {
        true => stands.to_owned(),
        false => stands.replace("next: heard}", "timeout: {duration: 200d, next: late}, next: heard}"),
    }
}

/// Lets an account into both, lets two hours and a half pass in which nothing runs, and tells where the one ended.
fn outcome(world: &World, case: &Case, account: usize, cut: Limits) -> (String, Option<String>) {
    let key = format!("a-{account}");
    for journey in ["on", "off"] {
        travel::enter(&world.engine, &format!("{}-{journey}", case.name), &key, "ann").expect("entered");
        world.run();
    }
    let entered = world.clock.now();
    world.clock.advance_to(entered + SignedDuration::from_mins(150));
    let early = entered + SignedDuration::from_mins(30);
    // Much has been received before what concerns the account, and much behind it.
    let crowd =
        |world: &World| (0..9).for_each(|n| world.received("form_filled", &format!("p-{}-0", 10 + n % 3), "{}", early));
    crowd(world);
    if let Some(what) = case.does {
        world.received(what, &format!("p-{account}-0"), "{}", early);
    }
    crowd(world);
    while world.engine.step_within(cut).expect("a step").is_some() {}
    let trip = EnrollmentId(world.one(&format!(
        "SELECT e.id FROM enrollment AS e JOIN account AS a ON a.id = e.subject_id JOIN document AS d ON d.id = e.journey_id
         WHERE a.key = '{key}' AND d.key = '{}-on'",
        case.name
    )));
    let timeline = status::timeline(&world.engine, &format!("{}-on", case.name), trip).expect("a timeline");
    let next: Timestamp = entered + SignedDuration::from_hours(24);
    world.clock.advance_to(next);
    (timeline.here.node, timeline.outcome)
}

on_both_stores! {
    a_removal_and_what_moves_the_traveller_on_come_by_due_time_however_batches_are_cut(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(14, 1);
        world.apply("{kind: account_list, key: picked, type: static, accounts: [], state: live}");
        world.run();
        for case in &CASES {
            define(&world, case);
            for (account, cut) in CUTS.into_iter().enumerate() {
                let (node, outcome) = outcome(&world, case, account, cut);
                assert_eq!((node.as_str(), outcome.as_deref()), (case.ends_at, Some("removed")), "{} with {cut:?}", case.name);
            }
        }
    }

    whoever_is_asked_to_enter_and_to_leave_again_leaves_before_it_moves_on(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(14, 1);
        world.apply("{kind: account_list, key: picked, type: static, accounts: [], state: live}");
        world.apply("kind: journey\nkey: target\nsubject: account\naudience: {account_list: picked}\nend: 2028-06-30T00:00:00Z\nentry: zero\nnodes:\n  zero: {type: wait, duration: 0m, next: hold}\n  hold: {type: wait, duration: 9d, next: null}\n");
        world.publish("target");
        world.apply("kind: journey\nkey: source\nsubject: account\naudience: {account_list: picked}\nend: 2028-06-30T00:00:00Z\nentry: pause\nnodes:\n  pause: {type: wait, duration: 1h, next: on}\n  on: {type: action, on: account, action: add_to_journey, journey: target, next: off}\n  off: {type: action, on: account, action: remove_from_journey, journey: target, next: null}\n");
        world.publish("source");
        world.run();
        for (account, cut) in CUTS.into_iter().enumerate() {
            travel::enter(&world.engine, "source", &format!("a-{account}"), "ann").expect("entered");
            world.run();
            let entered = world.clock.now();
            world.clock.advance_to(entered + SignedDuration::from_hours(2));
            (0..9).for_each(|n| world.received("form_filled", &format!("p-{}-0", 10 + n % 3), "{}", entered));
            while world.engine.step_within(cut).expect("a step").is_some() {}
            assert_eq!(world.status("target").nodes["zero"].ended, account as i64 + 1, "{cut:?}");
        }
        let target = world.status("target");
        assert_eq!((target.travellers.removed, target.nodes["hold"].reached), (5, 0));
    }
}
