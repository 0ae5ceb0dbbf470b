//! What travellers ask of other journeys for people: the traveller goes on at once, and what came of it is told to the node
//! that asked and to the timeline of the trip.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::support::{World, on_both_stores};
use caravan_engine::lifecycle::{self, Verb};
use caravan_engine::status::{self, Outcomes};
use caravan_engine::{Engine, travel};
use caravan_model::EnrollmentId;
use caravan_store::StoreError;
use caravan_store::faults::{Faults, Moment};

/// Ten accounts of three people each, of which a-5 to a-9 are in `big`, and a journey that people are sent into.
fn started(world: World) -> World {
    let world = world.with_people(10, 3);
    world.apply(
        "{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}\n---\n\
         {kind: audience, key: nobody, subject: person, when: {person: key, is: nobody}}\n---\n\
         kind: journey\nkey: people\nsubject: person\naudience: {audience: nobody}\nend: 2027-06-30T00:00:00Z\nentry: hold\n\
         nodes:\n  hold: {type: wait, duration: 1d, next: null}\n",
    );
    world.publish("people");
    world.run();
    world
}

/// Publishes a journey of the big accounts that does `action` for their people and rests; nothing runs yet.
fn asks(world: &World, key: &str, action: &str) {
    world.apply(&format!(
        "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\nentry: ask\n\
         nodes:\n  ask: {{type: action, on: people, action: {action}, journey: people, next: rest}}\n  rest: {{type: wait, duration: 30d, next: null}}\n"
    ));
    world.publish(key);
}

/// Steps until every account has asked, and no further.
fn until_asked(world: &World, key: &str) {
    while world.status(key).nodes["ask"].left < 5 {
        world.engine.step().expect("a step").expect("something to do");
    }
}

fn outcomes(world: &World, key: &str) -> Outcomes {
    let outcomes = world.status(key).nodes["ask"].outcomes.clone().expect("an action");
    let sum = |counts: &std::collections::BTreeMap<String, i64>| counts.values().sum::<i64>();
    let all = outcomes.done + outcomes.pending + outcomes.in_doubt;
    let why = sum(&outcomes.no_op) + sum(&outcomes.skipped) + sum(&outcomes.failed);
    assert_eq!(all + why, 15, "every execution is counted once: {outcomes:?}");
    outcomes
}

/// What the timeline of an account's trip says of its people: `person outcome reason`.
fn told(world: &World, journey: &str, account: &str) -> Vec<String> {
    let trip = EnrollmentId(world.one(&format!(
        "SELECT e.id FROM enrollment AS e JOIN account AS a ON a.id = e.subject_id JOIN document AS d ON d.id = e.journey_id
         WHERE a.key = '{account}' AND d.key = '{journey}'"
    )));
    let timeline = status::timeline(&world.engine, journey, trip).expect("a timeline");
    let acted = timeline.items.into_iter().filter(|item| item.kind == "acted" && item.node == "ask");
    let mut lines: Vec<String> = acted
        .flat_map(|item| item.outcomes)
        .map(|one| {
            let person = one.person.expect("a person").key;
            assert_eq!(one.at.is_some(), one.outcome != "pending", "{person}: when it was answered");
            [person, one.outcome, one.reason.unwrap_or_default()].join(" ").trim_end().to_owned()
        })
        .collect();
    lines.sort();
    lines
}

/// Breaks at the first moment, then at the second, the third …: each moment of the work once.
struct EachMoment {
    wanted: AtomicI64,
    passed: AtomicI64,
}

impl Faults for EachMoment {
    fn breaks(&self, _: Moment) -> bool {
        let breaks = self.passed.fetch_add(1, Ordering::SeqCst) == self.wanted.load(Ordering::SeqCst);
        if breaks {
            self.wanted.fetch_add(1, Ordering::SeqCst);
            self.passed.store(0, Ordering::SeqCst);
        }
        breaks
    }
}

on_both_stores! {
    a_request_is_pending_until_the_other_journey_has_answered_and_nobody_waits_for_that(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.sql("UPDATE person SET test_profile = TRUE WHERE key = 'p-5-1'");
        travel::enter(&world.engine, "people", "p-5-2", "ann").expect("entered");
        world.run();
        asks(&world, "first", "add_person_to_journey");
        until_asked(&world, "first");
        assert_eq!(world.status("first").nodes["rest"].current, 5, "they have gone on");
        assert_eq!((outcomes(&world, "first").pending, world.status("people").travellers.entered), (15, 1));
        assert_eq!(told(&world, "first", "a-5"), ["p-5-0 pending", "p-5-1 pending", "p-5-2 pending"]);
        // Another process takes over what is asked and not answered.
        world.sql("DELETE FROM account_person WHERE person_id = (SELECT id FROM person WHERE key = 'p-9-2')");
        world.sql("DELETE FROM person WHERE key = 'p-9-2'");
        world.run();
        let first = outcomes(&world, "first");
        assert_eq!((first.done, first.pending), (12, 0));
        assert_eq!(first.no_op, [("already_inside".to_owned(), 1), ("gone".to_owned(), 1), ("test_profile".to_owned(), 1)].into());
        assert_eq!(world.status("people").travellers.entered, 13);
        assert_eq!(told(&world, "first", "a-5"), ["p-5-0 done", "p-5-1 no_op test_profile", "p-5-2 no_op already_inside"]);
        let answered = "SELECT COUNT(*) FROM activity WHERE type = 'journey_request_answered' AND source = 'journey:first' AND account_id IS NOT NULL AND enrollment_id IS NOT NULL";
        assert_eq!(world.one(answered), 15, "each answer is an activity of its person");
    }

    the_reason_of_a_refusal_is_the_other_journeys_own(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        asks(&world, "first", "add_person_to_journey");
        world.run();
        world.run_at("2026-12-02T09:00:00Z");
        assert_eq!(world.status("people").travellers.completed, 15);
        asks(&world, "second", "add_person_to_journey");
        world.run();
        assert_eq!(outcomes(&world, "second").no_op, [("no_reentry".to_owned(), 15)].into());
        world.apply("kind: journey\nkey: people\nsubject: person\naudience: {audience: nobody}\nend: 2027-06-30T00:00:00Z\nentry: hold\nnodes:\n  hold: {type: wait, duration: 2d, next: null}\n");
        asks(&world, "third", "add_person_to_journey");
        until_asked(&world, "third");
        lifecycle::command(&world.engine, "people", Verb::Abort, "ann").expect("aborted");
        world.run();
        assert_eq!(outcomes(&world, "third").no_op, [("target_not_live".to_owned(), 15)].into(), "it was live when they asked");
    }

    whoever_is_taken_out_of_another_journey_is_told_from_whoever_was_not_in_it(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        for person in ["p-6-0", "p-7-1"] {
            travel::enter(&world.engine, "people", person, "ann").expect("entered");
        }
        world.run();
        asks(&world, "out", "remove_person_from_journey");
        until_asked(&world, "out");
        assert_eq!(outcomes(&world, "out").pending, 15);
        world.run();
        let out = outcomes(&world, "out");
        assert_eq!((out.done, out.no_op), (2, [("not_inside".to_owned(), 13)].into()));
        assert_eq!(world.status("people").travellers.removed, 2);
        assert_eq!(told(&world, "out", "a-6"), ["p-6-0 done", "p-6-1 no_op not_inside", "p-6-2 no_op not_inside"]);
    }

    a_person_leaves_its_own_other_journey_in_the_same_step(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.apply("kind: journey\nkey: takes-out\nsubject: person\naudience: {audience: nobody}\nend: 2027-06-30T00:00:00Z\nentry: pause\nnodes:\n  pause: {type: wait, duration: 1d, next: ask}\n  ask: {type: action, on: people, action: remove_person_from_journey, journey: people, next: null}\n");
        world.publish("takes-out");
        for (journey, person) in [("takes-out", "p-1-0"), ("people", "p-1-0"), ("takes-out", "p-1-1")] {
            travel::enter(&world.engine, journey, person, "ann").expect("entered");
            world.run();
        }
        // Both are due at the same instant; the one that entered first comes first.
        world.run_at("2026-12-02T09:00:00Z");
        let people = world.status("people");
        assert_eq!((people.travellers.removed, people.nodes["hold"].ended, people.travellers.completed), (1, 1, 0));
        let asked = world.status("takes-out").nodes["ask"].outcomes.clone().expect("an action");
        assert_eq!((asked.done, asked.pending, asked.no_op), (1, 0, [("not_inside".to_owned(), 1)].into()));
    }

    no_answer_is_lost_or_told_twice_wherever_the_process_dies(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        travel::enter(&world.engine, "people", "p-6-0", "ann").expect("entered");
        world.run();
        for (key, action) in [("in", "add_person_to_journey"), ("out", "remove_person_from_journey")] {
            asks(&world, key, action);
            let faults = Arc::new(EachMoment { wanted: AtomicI64::new(0), passed: AtomicI64::new(0) });
            let store = world.engine.store().with_faults(Arc::clone(&faults) as Arc<dyn Faults>);
            let (engine, mut deaths) = (Engine::new(store), 0);
            loop {
                match engine.step() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(StoreError::Unreachable(_)) => deaths += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            assert!(deaths > 20, "it died at every statement: {deaths}");
        }
        let (entered, left) = (outcomes(&world, "in"), outcomes(&world, "out"));
        assert_eq!((entered.done, entered.no_op), (14, [("already_inside".to_owned(), 1)].into()));
        assert_eq!((left.done, left.pending), (15, 0));
        let people = world.status("people").travellers;
        assert_eq!((people.entered, people.removed), (15, 15));
        assert_eq!(world.one("SELECT COUNT(*) FROM ledger WHERE kind = 'journey_request'"), 30);
        assert_eq!(world.one("SELECT COUNT(*) FROM activity WHERE type = 'journey_request_answered'"), 30);
    }
}
