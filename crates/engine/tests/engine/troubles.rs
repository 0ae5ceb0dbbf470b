//! Travellers that fail by our own fault lose nothing by it, nobody's time is over too early or too late, and what
//! happens while a journey is paused counts as if it were not.

use crate::support::{World, at, on_both_stores};
use caravan_engine::batch::Limits;
use caravan_engine::definitions::DefinitionError;
use caravan_engine::lifecycle::{self, Verb};
use caravan_engine::status;
use caravan_engine::sweep;
use caravan_engine::travel::{self, Remedy};
use caravan_model::EnrollmentId;

const LISTS: &str = r#"
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}
---
{kind: account_list, key: picked, type: static, accounts: [], state: live}
"#;

/// Eight accounts with one person each, of which a-5, a-6 and a-7 are in `big`.
fn started(world: World) -> World {
    let world = world.with_people(8, 1);
    world.apply(LISTS);
    world.run();
    world
}

fn live(world: &World, key: &str, list: &str, nodes: &str) {
    let entry = nodes.trim_start().split(':').next().expect("a node");
    world.apply(&format!(
        "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: {list}}}\nend: 2027-06-30T00:00:00Z\nentry: {entry}\nnodes:\n{nodes}"
    ));
    world.publish(key);
    world.run();
}

const HOLD: &str = "  hold: {type: wait, duration: 30d, next: null}\n";

/// A listener for three days, behind which a node fails for travellers that ten journeys have sent on.
fn listening_before_a_node_that_fails(world: &World) {
    live(world, "target", "picked", HOLD);
    live(
        world,
        "source",
        "big",
        "  ear: {type: listen, event: {activity: form_filled}, timeout: {duration: 3d, next: late}, next: on}\n  on: {type: action, on: account, action: add_to_journey, journey: target, next: null}\n  late: {type: wait, duration: 30d, next: null}\n",
    );
    world.sql("UPDATE enrollment SET chain = 10");
}

fn codes<T: std::fmt::Debug>(result: Result<T, DefinitionError>) -> Vec<String> {
    match result {
        Err(DefinitionError::Findings(findings)) => findings.into_iter().map(|f| f.code).collect(),
        other => panic!("it was not refused with findings: {other:?}"),
    }
}

on_both_stores! {
    what_was_heard_before_a_walk_failed_is_heard_at_the_next_try(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        listening_before_a_node_that_fails(&world);
        world.happens("form_filled", "p-5-0", "{}");
        let told = world.problems();
        assert_eq!((told.len(), told[0].code.as_str(), told[0].node.as_str()), (1, "journey_chain_too_long", "on"));
        world.run_at("2026-12-01T09:00:10Z");
        let status = world.status("source");
        assert_eq!((status.nodes["ear"].current, status.nodes["late"].reached), (3, 0), "a next try is no time limit");
        assert_eq!(world.problems()[0].attempts, 2);
        world.sql("UPDATE enrollment SET chain = 1");
        travel::remedy_all(&world.engine, None, Remedy::Retry, "ann").expect("tried again");
        world.run();
        let status = world.status("source");
        assert_eq!((status.travellers.completed, status.nodes["ear"].current), (1, 2), "nobody filled the form again");
        assert_eq!((world.problems().len(), world.status("target").travellers.entered), (0, 1));
    }

    a_listener_whose_walk_failed_has_the_time_that_it_had(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        listening_before_a_node_that_fails(&world);
        world.happens("page_viewed", "p-5-0", "{}");
        world.happens("form_filled", "p-5-0", "{}");
        assert_eq!(world.problems().len(), 1);
        // What made it fail is undone with what it heard: the form was a mistake.
        world.sql("UPDATE problem SET unheard = NULL");
        travel::remedy_all(&world.engine, None, Remedy::Retry, "ann").expect("tried again");
        world.run();
        assert_eq!((world.problems().len(), world.status("source").nodes["ear"].current), (0, 3));
        world.run_at("2026-12-04T08:59:59Z");
        assert_eq!(world.status("source").nodes["ear"].current, 3);
        world.run_at("2026-12-04T09:00:00Z");
        assert_eq!(world.status("source").nodes["late"].current, 3);
    }

    what_happens_while_a_journey_is_paused_counts_when_it_was_in_time(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "rest", "big", "  ear: {type: listen, event: {activity: form_filled}, timeout: {duration: 2d, next: late}, next: heard}\n  heard: {type: wait, duration: 30d, next: null}\n  late: {type: wait, duration: 30d, next: null}\n");
        lifecycle::command(&world.engine, "rest", Verb::Pause, "ann").expect("paused");
        world.run_at("2026-12-02T09:00:00Z");
        world.happens("form_filled", "p-5-0", "{}");
        world.run_at("2026-12-04T09:00:00Z");
        world.happens("form_filled", "p-6-0", "{}");
        world.happened("form_filled", "p-7-0", "{}", at("2026-12-03T09:00:00Z"));
        assert_eq!(world.status("rest").nodes["ear"].current, 3, "it moves nobody");
        lifecycle::command(&world.engine, "rest", Verb::Resume, "ann").expect("resumed");
        world.run();
        let status = world.status("rest");
        assert_eq!((status.nodes["heard"].current, status.nodes["late"].current), (2, 1), "a-6 was too late, whatever was paused");
    }

    nobody_is_taken_for_silent_while_more_has_been_received(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "ears", "big", "  ear: {type: listen, event: {activity: form_filled}, timeout: {duration: 1d, next: late}, next: heard}\n  heard: {type: wait, duration: 30d, next: null}\n  late: {type: wait, duration: 30d, next: null}\n");
        // An outage: everything comes after the time is over, what counts behind what does not.
        world.clock.advance_to(at("2026-12-02T12:00:00Z"));
        for _ in 0..5 {
            world.received("page_viewed", "p-6-0", "{}", at("2026-12-02T08:00:00Z"));
        }
        world.received("form_filled", "p-5-0", "{}", at("2026-12-02T09:00:00Z"));
        while world.engine.step_within(Limits { shards: 256, travellers: 2 }).expect("a step").is_some_and(|step| step.inbox + step.enrollments > 0) {}
        let status = world.status("ears");
        assert_eq!((status.nodes["heard"].current, status.nodes["late"].current), (1, 2));
    }

    a_walk_of_more_than_a_hundred_nodes_stops_as_a_problem(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.apply("{kind: score, key: steps}");
        let chain = |key: &str, nodes: usize| {
            let node = |n: usize| {
                let next = if n == nodes { "null".to_owned() } else { format!("n{}", n + 1) };
                format!("  n{n}: {{type: action, on: people, action: change_score, score: steps, change: \"+1\", next: {next}}}\n")
            };
            live(&world, key, "big", &(1..=nodes).map(node).collect::<String>());
        };
        // The audience is passed too.
        chain("longest", 99);
        assert_eq!((world.status("longest").travellers.completed, world.problems().len()), (3, 0));
        chain("endless", 100);
        assert_eq!(world.status("endless").travellers.completed, 0);
        let told = world.problems();
        assert_eq!((told.len(), told[0].code.as_str()), (3, "walk_too_long"));
        assert_eq!(world.one("SELECT CAST(SUM(value) AS BIGINT) FROM person_score"), 3 * 99, "nothing of the long walk was kept");
    }

    whoever_is_moved_by_hand_while_nothing_runs_does_not_move_before(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "rest", "big", "  pause: {type: wait, duration: 1d, next: behind}\n  behind: {type: wait, duration: 30d, next: later}\n  later: {type: wait, duration: 30d, next: null}\n");
        let trip = |n: i64| EnrollmentId(world.one(&format!("SELECT id FROM enrollment ORDER BY id LIMIT 1 OFFSET {n}")));
        // An outage: the waits are over, much was received, and then people ask.
        world.clock.advance_to(at("2026-12-02T12:00:00Z"));
        for _ in 0..9 {
            for person in ["p-5-0", "p-6-0", "p-7-0"] {
                world.received("page_viewed", person, "{}", at("2026-12-02T08:00:00Z"));
            }
        }
        travel::skip(&world.engine, "rest", trip(0), "ann").expect("skipped");
        travel::remove(&world.engine, "rest", trip(0), "ann").expect("taken out");
        travel::skip(&world.engine, "rest", trip(0), "bob").expect("asked too late");
        travel::skip(&world.engine, "rest", trip(1), "ann").expect("skipped");
        while world.engine.step_within(Limits { shards: 256, travellers: 2 }).expect("a step").is_some_and(|step| step.inbox + step.enrollments > 0) {}
        let status = world.status("rest");
        let (pause, behind) = (&status.nodes["pause"], &status.nodes["behind"]);
        assert_eq!((pause.ended, pause.left, behind.current, behind.left), (1, 2, 2, 0), "taken out where it stood, skipped once");
    }

    a_version_that_cannot_run_keeps_what_its_travellers_hear_and_their_time(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.apply("{kind: score, key: doomed}");
        live(&world, "broken", "big", "  ear: {type: listen, event: {activity: form_filled}, timeout: {duration: 3d, next: late}, next: up}\n  up: {type: action, on: people, action: change_score, score: doomed, change: \"+1\", next: hold}\n  hold: {type: wait, duration: 30d, next: null}\n  late: {type: wait, duration: 30d, next: null}\n");
        let rename = |from: &str, to: &str| {
            world.sql(&format!("UPDATE document SET key = '{to}' WHERE key = '{from}'"));
            world.sql("UPDATE definitions_revision SET revision = revision + 1");
        };
        rename("doomed", "gone");
        world.happens("form_filled", "p-5-0", "{}");
        let told = world.problems();
        assert_eq!((told.len(), told[0].code.as_str()), (1, "version_cannot_run"));
        let trip = told[0].id.parse().expect("a trip");
        assert_eq!(codes(travel::remedy(&world.engine, trip, Remedy::LeaveOut, "ann")), ["version_cannot_run"]);
        assert_eq!(codes(travel::remedy_all(&world.engine, None, Remedy::LeaveOut, "ann")), ["version_cannot_run"]);
        rename("gone", "doomed");
        world.run_at("2026-12-01T09:10:00Z");
        let status = world.status("broken");
        assert_eq!((status.nodes["hold"].current, status.nodes["ear"].current, status.nodes["late"].reached), (1, 2, 0));
    }

    travellers_of_a_version_that_cannot_run_end_with_their_journey(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.apply("{kind: score, key: doomed}");
        live(&world, "broken", "big", "  pause: {type: wait, duration: 1d, next: up}\n  up: {type: action, on: people, action: change_score, score: doomed, change: \"+1\", next: null}\n");
        world.sql("UPDATE document SET key = 'gone' WHERE key = 'doomed'");
        world.sql("UPDATE definitions_revision SET revision = revision + 1");
        world.run_at("2026-12-02T09:00:00Z");
        assert_eq!(world.problems().len(), 3);
        travel::remove(&world.engine, "broken", world.problems()[0].id.parse().expect("a trip"), "ann").expect("taken out");
        world.run();
        assert_eq!(world.problems().len(), 2, "one was taken out by hand");
        lifecycle::command(&world.engine, "broken", Verb::Abort, "ann").expect("aborted");
        world.run();
        assert_eq!((world.problems().len(), world.one("SELECT COUNT(*) FROM enrollment WHERE ended_at IS NULL")), (0, 0));
        world.sql("UPDATE document SET key = 'doomed' WHERE key = 'gone'");
        world.sql("UPDATE definitions_revision SET revision = revision + 1");
        let status = world.status("broken");
        assert_eq!((status.travellers.removed, status.travellers.aborted, status.nodes["pause"].ended), (1, 2, 3));
    }

    a_listener_with_a_problem_still_says_until_when_it_waits(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        listening_before_a_node_that_fails(&world);
        world.happens("form_filled", "p-5-0", "{}");
        let trip = world.problems()[0].id.parse().expect("a trip");
        let told = status::timeline(&world.engine, "source", trip).expect("a timeline");
        assert_eq!(told.waiting.expect("it waits").until, Some(at("2026-12-04T09:00:00Z")), "not the next try");
        assert_eq!(told.items.last().map(|item| item.kind.as_str()), Some("problem"));
    }

    a_problem_stays_listed_while_its_journey_is_paused_and_is_tried_again_at_resume(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        listening_before_a_node_that_fails(&world);
        world.happens("form_filled", "p-5-0", "{}");
        lifecycle::command(&world.engine, "source", Verb::Pause, "ann").expect("paused");
        world.run_at("2026-12-01T12:00:00Z");
        let told = world.problems();
        assert_eq!((told.len(), told[0].code.as_str(), told[0].next_try), (1, "journey_chain_too_long", None));
        let trip = told[0].id.parse().expect("a trip");
        assert_eq!(codes(travel::remedy(&world.engine, trip, Remedy::LeaveOut, "ann")), ["journey_paused"]);
        assert_eq!(codes(travel::skip(&world.engine, "source", trip, "ann")), ["journey_paused"]);
        // Long after the listeners' time: what was heard in time counts, and those who heard nothing were silent.
        world.run_at("2026-12-10T09:00:00Z");
        world.sql("UPDATE enrollment SET chain = 1");
        lifecycle::command(&world.engine, "source", Verb::Resume, "ann").expect("resumed");
        world.run();
        let status = world.status("source");
        assert_eq!((status.travellers.completed, status.nodes["late"].current, world.problems().len()), (1, 2, 0));
        assert_eq!(world.status("target").travellers.entered, 1, "once");
    }

    trips_of_accounts_that_were_deleted_from_the_tables_end(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "short", "big", "  pause: {type: wait, duration: 1d, next: null}\n");
        live(&world, "long", "big", "  rest: {type: wait, duration: 300d, next: null}\n");
        world.sql("DELETE FROM account WHERE key = 'a-5'");
        world.run_at("2026-12-02T09:00:00Z");
        let status = world.status("short");
        assert_eq!((status.travellers.removed, status.travellers.completed), (1, 2), "when it is due");
        assert_eq!(world.status("long").travellers.active, 3, "nobody has looked yet");
        assert_eq!(caravan_engine::sweep::end_orphans(&world.engine).expect("a sweep"), 1);
        world.run();
        let status = world.status("long");
        assert_eq!((status.travellers.removed, status.travellers.active, status.nodes["rest"].ended), (1, 2, 1));
        let trip = EnrollmentId(world.one("SELECT id FROM enrollment WHERE outcome = 'removed' ORDER BY id DESC LIMIT 1"));
        let told = status::timeline(&world.engine, "long", trip).expect("a timeline");
        assert_eq!(told.here.why.expect("why").text, "Its account or person is no longer there.");
        assert_eq!(caravan_engine::sweep::end_orphans(&world.engine).expect("a sweep"), 0, "there is nobody behind them");
        assert_eq!(caravan_engine::sweep::end_orphans(&world.engine).expect("a sweep"), 0, "and nobody from the first on");
    }

    the_sweeper_finds_whoever_nothing_would_ever_move_and_a_retry_helps(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "rest", "big", "  rest: {type: wait, duration: 30d, next: null}\n");
        let trips = world.rows("SELECT id FROM enrollment ORDER BY id", |r| r.int(0));
        let parked = caravan_engine::walk::PARKED.as_micros();
        // Nobody's due time, one that is resting although nothing is paused, and one of which the shard does not know.
        world.sql(&format!("UPDATE enrollment SET due_at = NULL WHERE id = {}", trips[0]));
        world.sql(&format!("UPDATE enrollment SET due_at = due_at + {parked} WHERE id = {}", trips[1]));
        world.sql("UPDATE shard SET due_at = NULL");
        assert_eq!(sweep::sweep(&world.engine).expect("a sweep"), 3);
        let found = world.problems();
        assert!(found.iter().all(|problem| problem.code == "stuck" && problem.node == "rest"), "{found:?}");
        assert!(found[0].message.contains("due none, listening false"), "with its data: {}", found[0].message);
        assert_eq!(travel::remedy_all(&world.engine, None, Remedy::Retry, "ann").expect("tried again"), 3);
        world.run();
        assert_eq!((world.problems().len(), world.status("rest").nodes["rest"].current), (0, 3));
        world.run_at("2026-12-31T09:00:00Z");
        assert_eq!(world.status("rest").travellers.completed, 3, "at the time that each had");
    }

    two_nodes_send_an_account_into_a_journey_once_however_batches_are_cut(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "target", "picked", HOLD);
        let send = "  pause: {type: wait, duration: 1d, next: on}\n  on: {type: action, on: account, action: add_to_journey, journey: target, next: null}\n";
        live(&world, "one", "big", send);
        live(&world, "other", "big", send);
        world.clock.advance_to(at("2026-12-02T09:00:00Z"));
        // What else came in stands before what they ask for.
        for _ in 0..6 {
            world.received("page_viewed", "p-1-0", "{}", at("2026-12-02T08:00:00Z"));
        }
        while world.engine.step_within(Limits { shards: 1, travellers: 1 }).expect("a step").is_some() {}
        let done = |journey: &str| world.status(journey).nodes["on"].outcomes.clone().expect("outcomes");
        assert_eq!((done("one").done, done("other").done), (3, 0));
        assert_eq!(done("other").no_op, [("already_inside".to_owned(), 3)].into());
        assert_eq!(world.status("target").travellers.entered, 3);
    }
}
