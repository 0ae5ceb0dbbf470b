//! Why a traveller is where it is: told from what was noted when each node decided, whatever the data says today.

use crate::support::{World, on_both_stores};
use caravan_engine::status::{self, TripTimeline};
use caravan_model::EnrollmentId;

const LISTS: &str = r#"
{kind: score, key: interest}
---
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}
"#;

fn started(world: World, nodes: &str) -> World {
    let world = world.with_people(10, 3);
    world.apply(LISTS);
    world.run();
    world.apply(&format!(
        "kind: journey\nkey: told\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\nentry: first\nnodes:\n{nodes}"
    ));
    world.publish("told");
    world.run();
    world
}

fn timeline(world: &World, account: &str) -> TripTimeline {
    let trip = world.one(&format!(
        "SELECT MAX(e.id) FROM enrollment AS e JOIN account AS a ON a.id = e.subject_id WHERE a.key = '{account}'"
    ));
    status::timeline(&world.engine, "told", EnrollmentId(trip)).expect("a timeline")
}

on_both_stores! {
    a_split_tells_what_each_test_saw_and_what_would_have_to_change(world at "2026-12-01T09:00:00Z") {
        let world = started(world, r#"
  first:
    type: split
    by: account
    paths:
      - {label: Large, when: {all: [{account: country, is: DE}, {account: employees, at_least: 800}]}, next: hold}
      - {label: Medium, when: {any: [{account: employees, at_least: 700}, {account: country, is: FR}]}, next: hold}
    other: {next: hold}
  hold: {type: merge, next: rest}
  rest: {type: wait, duration: 3d, must_end_on: {days: [mon], time: "09:00", zone: UTC}, next: null}
"#);
        // What is so today does not matter any more.
        world.sql("UPDATE account SET employees = 1, country = 'DE'");
        let told = timeline(&world, "a-7");
        let moved = told.items.iter().find(|item| item.node == "first" && item.kind == "moved").expect("it left");
        let why = moved.why.as_ref().expect("why");
        assert_eq!((moved.path.as_deref(), why.text.as_str()), (Some("Medium"), "It took `Medium`, the first path whose condition held."));
        let tried: Vec<(&str, bool, Option<&str>)> = why.tried.iter().map(|t| (t.path.as_str(), t.held, t.to_change.as_deref())).collect();
        assert_eq!(tried, [
            ("Large", false, Some("Country is DE (it was empty) and Employees is at least 800 (not looked at)")),
            ("Medium", true, None),
        ]);
        let tests: Vec<_> = why.tried[1].tests.iter().map(|t| (t.text.as_str(), t.held, t.saw.as_deref())).collect();
        assert_eq!(tests, [("Employees is at least 700", Some(true), Some("700")), ("Country is FR", None, None)]);
        assert_eq!((told.here.node.as_str(), told.here.version, told.here.from.as_deref()), ("rest", 1, Some("hold")));
        assert_eq!(told.here.arrived_at.to_string(), "2026-12-01T09:00:00Z");
        assert_eq!(told.waiting.expect("it waits").until.expect("until").to_string(), "2026-12-07T09:00:00Z");
        assert_eq!(told.here.to_change, ["The wait is over (3 days, then mon at 09:00 (UTC)), or somebody skips it by hand."]);
    }

    whoever_ends_without_a_path_is_told_what_was_lacking(world at "2026-12-01T09:00:00Z") {
        let world = started(world, "  first: {type: split, by: account, paths: [{label: Huge, when: {account: employees, at_least: 5000}, next: null}]}\n");
        let told = timeline(&world, "a-5");
        assert_eq!((told.here.node.as_str(), told.here.path.as_deref()), ("first", Some("no_path")));
        assert_eq!(told.here.to_change, ["It would have taken `Huge` with: Employees is at least 5000 (it was 500)."]);
        assert_eq!(told.here.why.expect("why").text, "No path's condition held, and the split has no `other`.");
        assert_eq!(told.items[0].why.as_ref().expect("why it entered").text, "It belongs to the audience.");
    }

    a_box_tells_which_path_each_person_took_and_why(world at "2026-12-01T09:00:00Z") {
        let world = started(world, r#"
  first:
    type: split
    by: person
    paths:
      - {label: Chiefs, when: {person: job_title, starts_with: Chief}, actions: [{id: up, action: change_score, score: interest, change: "+5"}]}
    next: rest
  rest: {type: wait, duration: 3d, next: null}
"#);
        let told = timeline(&world, "a-6");
        let why = told.here.why.expect("why");
        let people: Vec<(&str, Option<&str>)> = why.people.iter().map(|p| (p.person.key.as_str(), p.path.as_deref())).collect();
        assert_eq!(people, [("p-6-0", Some("Chiefs")), ("p-6-1", None), ("p-6-2", None)]);
        assert_eq!(why.people[1].tried[0].to_change.as_deref(), Some("Job title starts with Chief (it was Clerk)"));
    }

    a_listener_tells_what_it_heard_and_what_it_waits_for(world at "2026-12-01T09:00:00Z") {
        let world = started(world, r#"
  first:
    type: listen
    event: {activity: form_filled, where: {form: {is: demo}}, at_least: 2}
    filters: {person: job_title, starts_with: Chief}
    timeout: {duration: 7d, next: rest}
    next: rest2
  rest: {type: wait, duration: 3d, next: null}
  rest2: {type: wait, duration: 3d, next: null}
"#);
        world.happens("form_filled", "p-5-0", r#"{"form":"demo"}"#);
        let told = timeline(&world, "a-5");
        let waiting = told.waiting.expect("it waits");
        assert_eq!((waiting.node.as_str(), waiting.event.as_deref()), ("first", Some("Form filled (1 of 2)")));
        assert_eq!(told.here.to_change, [
            "“Form filled” where form is demo happens 2 times from now on by somebody for whom this holds: Job title starts with Chief.",
            "Its time is over (7 days).",
        ]);
        world.happens("form_filled", "p-5-0", r#"{"form":"demo"}"#);
        let why = timeline(&world, "a-5").here.why.expect("why");
        assert_eq!(why.text, "It heard “Form filled” by p-5-0@example.com, which happened at 2026-12-01T09:00:00Z.");
        world.run_at("2026-12-08T09:00:00Z");
        let told = timeline(&world, "a-6");
        assert_eq!((told.here.path.as_deref(), told.here.why.expect("why").text.as_str()), (Some("timeout"), "It heard nothing in time."));
    }

    a_variant_split_tells_the_turn(world at "2026-12-01T09:00:00Z") {
        let world = started(world, "  first: {type: variant_split, by: account, paths: [{label: A, percent: 50, next: join}, {label: B, percent: 50, next: join}]}\n  join: {type: merge, next: rest}\n  rest: {type: wait, duration: 3d, next: null}\n");
        let told = timeline(&world, "a-6");
        let left = told.items.iter().find(|item| item.node == "first" && item.kind == "moved").expect("it left");
        assert_eq!(left.why.as_ref().expect("why").text, "It was traveller number 2 here, and the quota gave `B` its turn.");
    }

    a_listener_tells_what_it_heard_and_turned_down(world at "2026-12-01T09:00:00Z") {
        let world = started(world, r#"
  first:
    type: listen
    event: {activity: form_filled, where: {form: {is: demo}}}
    filters: {person: job_title, starts_with: Chief}
    timeout: {duration: 7d, next: rest}
    next: rest2
  rest: {type: wait, duration: 3d, next: null}
  rest2: {type: wait, duration: 3d, next: null}
"#);
        world.happened("form_filled", "p-5-0", r#"{"form":"demo"}"#, crate::support::at("2026-11-30T09:00:00Z"));
        world.happens("form_filled", "p-5-0", r#"{"form":"trial"}"#);
        world.happens("form_filled", "p-5-1", r#"{"form":"demo"}"#);
        world.happens("page_viewed", "p-5-0", "{}");
        let told = timeline(&world, "a-5");
        let why: Vec<_> = told.here.turned_down.iter().map(|it| {
            (it.title.as_str(), it.person.as_ref().expect("who").key.as_str(), it.reason.as_str())
        }).collect();
        assert_eq!(why, [
            ("Form filled", "p-5-0", "It happened before the traveller arrived here."),
            ("Form filled", "p-5-0", "Its fields are not those that are asked for."),
            ("Form filled", "p-5-1", "This did not hold for the person who acted: Job title starts with Chief."),
        ]);
        assert_eq!(world.one("SELECT MAX(seq) FROM enrollment"), 1, "hearing what does not count is no step");
        // However much more there is, the latest five are kept.
        for _ in 0..10 {
            world.happens("form_filled", "p-5-1", r#"{"form":"demo"}"#);
        }
        assert_eq!(timeline(&world, "a-5").here.turned_down.len(), 5);
        world.run_at("2026-12-08T09:00:00Z");
        let (told, silent) = (timeline(&world, "a-5"), timeline(&world, "a-6"));
        let (why, other) = (told.here.why.expect("why"), silent.here.why.expect("why"));
        assert_eq!((why.text.as_str(), why.turned_down.len()), ("It heard nothing that counted in time.", 5));
        assert_eq!((other.text.as_str(), other.turned_down.len()), ("It heard nothing in time.", 0));
        assert!(told.here.turned_down.is_empty(), "where it stands now it listens to nothing");
    }
}
