//! Travellers that leave a node before the service has answered: what was pending is settled there and then, once.

use std::collections::BTreeMap;

use caravan_engine::external::Answer;
use caravan_engine::lifecycle::{self, Verb};
use caravan_engine::{merge, status, sweep, travel};
use caravan_model::attribute::Subject;

use super::*;

const ACTION: &str = "
  call: {type: external_action, on: people, service: verify, next: good, failed: {next: bad}}
  good: {type: wait, duration: 9d, next: null}
  bad: {type: wait, duration: 9d, next: null}
";

/// A journey in which one of the three people of each of two accounts has been answered.
fn half_answered(world: World) -> World {
    let world = able(world, 2, 3);
    begin(&world, "j", ACTION);
    for (key, call) in calls(&world) {
        if call.person.is_some_and(|person| person.ends_with("-0")) {
            answers(&world, key, yes());
        }
    }
    assert_eq!(told(&world, "j"), outcomes(4, 2, 0));
    world
}

fn yes() -> Answer {
    succeeded(json!({}), json!({}))
}

fn trip(world: &World, journey: &str, account: &str) -> EnrollmentId {
    EnrollmentId(world.one(&format!(
        "SELECT e.id FROM enrollment AS e JOIN account AS a ON a.id = e.subject_id JOIN document AS d ON d.id = e.journey_id
         WHERE d.key = '{journey}' AND a.key = '{account}'"
    )))
}

/// What the node `call` counts: pending, done, and skipped since nobody waited any more.
fn told(world: &World, journey: &str) -> BTreeMap<String, i64> {
    let counts = world.counts(journey);
    let of_call = |(name, n): (String, i64)| {
        let kind = name.strip_prefix("call ")?.to_owned();
        let acts = ["pending", "done", "skipped", "failed"].iter().any(|what| kind.starts_with(what));
        (acts && n != 0).then_some((kind, n))
    };
    counts.into_iter().filter_map(of_call).collect()
}

fn outcomes(pending: i64, done: i64, skipped: i64) -> BTreeMap<String, i64> {
    let all = [("pending", pending), ("done", done), ("skipped:no_longer_awaited", skipped)];
    all.into_iter().filter(|(_, n)| *n != 0).map(|(kind, n)| (kind.to_owned(), n)).collect()
}

fn answered_late(world: &World) -> i64 {
    let answers = "SELECT CAST(fields AS TEXT) FROM activity WHERE type = 'external_answered'";
    let late = world.rows(answers, |r| serde_json::from_str::<Value>(r.text(0)).expect("fields")["late"] == true);
    late.into_iter().filter(|late| *late).count() as i64
}

/// Answers everybody who has not been answered: it is told, and changes no count.
fn answers_change_nothing(world: &World, journey: &str) {
    let (before, late) = (told(world, journey), answered_late(world));
    let missing: Vec<CallKey> = calls(world)
        .into_iter()
        .filter(|(_, call)| call.person.as_ref().is_none_or(|person| !person.ends_with("-0")))
        .map(|(key, _)| key)
        .collect();
    let ended = |key: &CallKey| {
        world.one(&format!(
            "SELECT COUNT(*) FROM enrollment WHERE id = {} AND (ended_at IS NOT NULL OR node <> {})",
            key.trip.0, key.node
        )) == 1
    };
    let missing: Vec<CallKey> = missing.into_iter().filter(ended).collect();
    assert!(!missing.is_empty());
    for key in &missing {
        answers(world, *key, yes());
    }
    assert_eq!(told(world, journey), before);
    assert_eq!(answered_late(world), late + missing.len() as i64, "late answers are told");
}

on_both_stores! {
    a_wait_that_is_skipped_waits_for_no_answer_any_more(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        let first = trip(&world, "j", "a-0");
        travel::skip(&world.engine, "j", first, "ann").expect("skipped");
        world.run();
        assert_eq!(told(&world, "j"), outcomes(2, 2, 2));
        assert_eq!(world.status("j").nodes["good"].current, 1);
        let timeline = status::timeline(&world.engine, "j", first).expect("a timeline");
        let acted = timeline.items.iter().find(|item| item.kind == "acted").expect("what was done");
        let mut each: Vec<(&str, Option<&str>)> =
            acted.outcomes.iter().map(|one| (one.outcome.as_str(), one.reason.as_deref())).collect();
        each.sort_unstable();
        assert_eq!(each, [("done", None), ("skipped", Some("no_longer_awaited")), ("skipped", Some("no_longer_awaited"))]);
        let moved = timeline.items.iter().find(|item| item.kind == "moved" && item.node == "call").expect("a move");
        assert_eq!(moved.why.as_ref().expect("why").text, "ann ended its wait by hand.");
        answers_change_nothing(&world, "j");
    }

    whoever_is_taken_out_by_hand_waits_for_no_answer_any_more(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        travel::remove(&world.engine, "j", trip(&world, "j", "a-0"), "ann").expect("taken out");
        world.run();
        assert_eq!(told(&world, "j"), outcomes(2, 2, 2));
        answers_change_nothing(&world, "j");
    }

    whoever_is_taken_out_of_a_paused_journey_waits_for_no_answer_any_more(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        lifecycle::command(&world.engine, "j", Verb::Pause, "ann").expect("paused");
        world.run_at("2026-12-01T12:00:00Z");
        travel::remove(&world.engine, "j", trip(&world, "j", "a-0"), "ann").expect("taken out");
        world.run();
        assert_eq!(told(&world, "j"), outcomes(2, 2, 2));
        answers_change_nothing(&world, "j");
    }

    nobody_waits_in_a_journey_that_was_aborted(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        lifecycle::command(&world.engine, "j", Verb::Abort, "ann").expect("aborted");
        world.run();
        assert_eq!(told(&world, "j"), outcomes(0, 2, 4));
        answers_change_nothing(&world, "j");
    }

    nobody_waits_beyond_the_end_of_a_journey(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        lifecycle::move_end(&world.engine, "j", crate::support::at("2026-12-01T09:30:00Z"), "ann").expect("moved");
        world.run_at("2026-12-01T09:30:00Z");
        assert_eq!(world.status("j").travellers.expired, 2);
        assert_eq!(told(&world, "j"), outcomes(0, 2, 4));
        answers_change_nothing(&world, "j");
    }

    a_closed_journey_goes_on_waiting_and_finishes_when_all_is_answered(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        lifecycle::command(&world.engine, "j", Verb::Close, "ann").expect("closed");
        world.run();
        assert_eq!((told(&world, "j"), world.status("j").state.as_str()), (outcomes(4, 2, 0), "closed"));
        world.run_at("2026-12-01T10:00:00Z");
        assert_eq!(world.counts("j")["call failed:timed_out"], 4);
        world.run_at("2026-12-10T10:00:00Z");
        assert_eq!(world.status("j").state, "finished");
    }

    whom_another_journey_takes_out_waits_for_no_answer_any_more(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        world.apply("kind: journey\nkey: other\nsubject: account\naudience: {account_list: everybody}\nend: 2027-06-30T00:00:00Z\nentry: pause\nnodes:\n  pause: {type: wait, duration: 10m, next: out}\n  out: {type: action, on: account, action: remove_from_journey, journey: j, next: null}\n");
        world.publish("other");
        world.run();
        world.run_at("2026-12-01T09:10:00Z");
        assert_eq!(world.status("j").travellers.removed, 2);
        assert_eq!(told(&world, "j"), outcomes(0, 2, 4));
        answers_change_nothing(&world, "j");
    }

    the_trip_that_ends_over_a_merge_waits_for_no_answer_any_more(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        merge::merge(&world.engine, Subject::Account, "a-1", "a-0", "manual:ann").expect("merged");
        world.run();
        assert_eq!(world.status("j").travellers.removed, 1);
        assert_eq!(told(&world, "j"), outcomes(2, 2, 2));
        answers_change_nothing(&world, "j");
    }

    nobody_waits_for_an_account_that_is_gone(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        world.sql("DELETE FROM account WHERE key = 'a-0'");
        assert_eq!(sweep::end_orphans(&world.engine).expect("a sweep"), 1);
        world.run();
        assert_eq!(told(&world, "j"), outcomes(2, 2, 2));
    }

    nobody_waits_in_a_version_that_cannot_run_when_it_ends(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        let first = trip(&world, "j", "a-0");
        let rename = |from: &str, to: &str| {
            world.sql(&format!("UPDATE document SET key = '{to}' WHERE key = '{from}'"));
            world.sql("UPDATE definitions_revision SET revision = revision + 1");
        };
        rename("verify", "gone");
        travel::remove(&world.engine, "j", first, "ann").expect("taken out");
        world.run();
        rename("gone", "verify");
        assert_eq!(told(&world, "j"), outcomes(2, 2, 2));
        answers_change_nothing(&world, "j");
    }

    what_is_answered_in_the_step_that_takes_a_traveller_out_comes_too_late(world at "2026-12-01T09:00:00Z") {
        let world = half_answered(world);
        let first = trip(&world, "j", "a-0");
        let open = calls(&world).into_iter().find(|(_, call)| call.person.as_deref() == Some("p-0-1")).expect("a call").0;
        answer(&world.engine, open, yes()).expect("an answer");
        travel::remove(&world.engine, "j", first, "ann").expect("taken out");
        world.run();
        assert_eq!((told(&world, "j"), answered_late(&world)), (outcomes(2, 2, 2), 1));
        let second = trip(&world, "j", "a-1");
        for person in ["p-1-1", "p-1-2"] {
            let open = calls(&world).into_iter().find(|(_, call)| call.person.as_deref() == Some(person)).expect("a call").0;
            answer(&world.engine, open, yes()).expect("an answer");
        }
        travel::skip(&world.engine, "j", second, "ann").expect("skipped");
        world.run();
        assert_eq!((told(&world, "j"), answered_late(&world)), (outcomes(0, 4, 2), 1), "nothing was left to skip");
    }

    a_skipped_split_takes_other_or_goes_as_if_the_time_were_over(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 1, 1);
        let split = |branches: &str| format!("
  call: {{type: external_split, by: account, service: tier, paths: [{{label: Gold, when: {{tier: {{is: gold}}}}, next: hold}}]{branches}}}
  hold: {{type: merge, next: rest}}
  rest: {{type: wait, duration: 9d, next: null}}
");
        for (key, branches, path) in [
            ("both", ", other: {next: hold}, failed: {next: hold}", Some("other")),
            ("silent", ", failed: {next: hold}", Some("failed")),
            ("bare", "", None),
        ] {
            let nodes = split(branches);
            // A merge that one path leads to joins nothing.
            let nodes = if path.is_none() { nodes.replace("{type: merge, next: rest}", "{type: wait, duration: 1d, next: rest}") } else { nodes };
            begin(&world, key, &nodes);
            travel::skip(&world.engine, key, trip(&world, key, "a-0"), "ann").expect("skipped");
            world.run();
            assert_eq!(told(&world, key), outcomes(0, 0, 1), "{key}");
            let status = world.status(key);
            let taken: Vec<&str> = status.nodes["call"].paths.keys().map(String::as_str).collect();
            assert_eq!(taken, path.into_iter().collect::<Vec<_>>(), "{key}");
            assert_eq!(status.travellers.timed_out, i64::from(path.is_none()), "{key}");
        }
    }

    in_a_skipped_box_only_people_who_were_answered_take_a_path(world at "2026-12-01T09:00:00Z") {
        let world = able(world, 1, 3);
        begin(&world, "box", r#"
  call:
    type: external_split
    by: person
    service: persona
    paths:
      - {label: Buyer, when: {persona: {is: buyer}}, actions: [{id: b, action: change_score, score: interest, change: "+10"}]}
    failed: {actions: [{id: f, action: change_score, score: interest, change: "-1"}]}
    next: null
"#);
        answers(&world, calls(&world)[0].0, succeeded(json!({"persona": "buyer"}), json!({})));
        travel::skip(&world.engine, "box", trip(&world, "box", "a-0"), "ann").expect("skipped");
        world.run();
        let status = world.status("box");
        assert_eq!((status.nodes["b"].reached, status.nodes["f"].reached, status.travellers.completed), (1, 0, 1));
        assert_eq!(told(&world, "box"), outcomes(0, 1, 2));
        answers_change_nothing(&world, "box");
    }
}
