//! Every kind of node on real stores, in account journeys and in person journeys.

use std::collections::BTreeMap;

use crate::support::{World, on_both_stores};
use caravan_engine::simulate::{SimulateRequest, Simulated, simulate};

const LISTS: &str = r#"
{kind: score, key: interest}
---
{kind: account_list, key: everybody, type: dynamic, when: {account: employees, at_least: 0}, state: live}
---
{kind: audience, key: people, subject: person, when: {person: key, is_not: nobody}}
---
{kind: activity_type, key: demo_requested, subject: person, fields: {product: string, seats: integer}}
"#;

fn peopled(world: World, accounts: i64, people: i64) -> World {
    let world = world.with_people(accounts, people);
    world.apply(LISTS);
    world.run();
    world
}

fn accounts(world: &World, key: &str, entry: &str, nodes: &str) {
    world.apply(&format!(
        "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: everybody}}\nend: 2027-06-30T00:00:00Z\nentry: {entry}\nnodes:\n{nodes}"
    ));
    world.publish(key);
    world.run();
}

fn people(world: &World, key: &str, audience: &str, entry: &str, nodes: &str) {
    world.apply(&format!(
        "kind: journey\nkey: {key}\nsubject: person\naudience: {audience}\nend: 2027-06-30T00:00:00Z\nentry: {entry}\nnodes:\n{nodes}"
    ));
    world.publish(key);
    world.run();
}

fn paths(world: &World, journey: &str, node: &str) -> BTreeMap<String, i64> {
    world.status(journey).nodes[node].paths.clone()
}

fn counted<const N: usize>(expected: [(&str, i64); N]) -> BTreeMap<String, i64> {
    expected.into_iter().map(|(path, n)| (path.to_owned(), n)).collect()
}

on_both_stores! {
    a_variant_split_of_accounts_keeps_its_quota(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 60, 1);
        accounts(&world, "quota", "ab", r#"
  ab: {type: variant_split, by: account, paths: [{label: A, percent: 1, next: join}, {label: B, percent: 2, next: join}, {label: C, percent: 5, next: join}, {label: D, percent: 74, next: join}, {label: E, percent: 18, next: join}]}
  join: {type: merge, next: hold}
  hold: {type: wait, duration: 9d, next: null}
"#);
        // Of 60: shares 0.6, 1.2, 3, 44.4 and 10.8, each within one.
        assert_eq!(paths(&world, "quota", "ab"), counted([("B", 1), ("C", 3), ("D", 45), ("E", 11)]));
        assert_eq!(world.one("SELECT n FROM variant_counter"), 60);
    }

    the_people_of_an_account_are_shared_out_in_one_batch(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 3, 5);
        world.sql("DELETE FROM account_person WHERE account_id = (SELECT id FROM account WHERE key = 'a-1') AND person_id NOT IN (SELECT id FROM person WHERE key = 'p-1-0')");
        world.sql("DELETE FROM account_person WHERE account_id = (SELECT id FROM account WHERE key = 'a-2')");
        accounts(&world, "batch", "ab", r#"
  ab:
    type: variant_split
    by: person
    paths:
      - {label: A, percent: 50, actions: [{id: one, action: change_score, score: interest, change: "+1"}]}
      - {label: B, percent: 50, actions: [{id: two, action: change_score, score: interest, change: "+2"}, {id: three, action: change_score, score: interest, change: "+4"}]}
    next: hold
  hold: {type: wait, duration: 9d, next: null}
"#);
        // Five people: two and the rest; a single person takes the first path; an empty account passes through.
        assert_eq!(paths(&world, "batch", "ab"), counted([("A", 3), ("B", 3)]));
        let status = world.status("batch");
        assert_eq!((status.nodes["one"].reached, status.nodes["two"].reached, status.nodes["three"].reached), (3, 3, 3));
        assert_eq!((status.nodes["ab"].reached, status.nodes["hold"].current), (3, 3), "the accounts pass whole");
        assert_eq!(world.one("SELECT CAST(SUM(value) AS BIGINT) FROM person_score"), 3 + 3 * 6);
    }

    a_person_takes_the_path_of_its_key_and_always_the_same(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 2, 2);
        world.sql("UPDATE person SET key = 'p-1' WHERE key = 'p-0-0'");
        let nodes = r#"
  ab: {type: variant_split, by: person, paths: [{label: Low, percent: 73, next: low}, {label: High, percent: 27, next: high}]}
  low: {type: wait, duration: 9d, next: null}
  high: {type: wait, duration: 9d, next: null}
"#;
        people(&world, "j-1", "{audience: people}", "ab", nodes);
        let page = world.travellers("j-1", "high", caravan_engine::status::Stand::Current);
        let keys: Vec<&str> = page.iter().map(|row| row.traveller.key.as_str()).collect();
        assert!(keys.contains(&"p-1"), "bucket 7327 lies beyond 73 percent: {keys:?}");
        assert!(page.iter().all(|row| row.node == "high" && row.node_title == "Wait"), "a node is told by its card's title");
        let mut all: Vec<i64> = paths(&world, "j-1", "ab").into_values().collect();
        all.sort_unstable();
        assert_eq!(all.iter().sum::<i64>(), 4);
    }

    a_split_by_people_is_open_in_a_person_journey(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 3, 3);
        people(&world, "open", "{audience: people}", "who", r#"
  who:
    type: split
    by: person
    paths:
      - {label: Chiefs, when: {person: job_title, starts_with: Chief}, next: rise}
    other: {next: hold}
  rise: {type: action, on: people, action: change_score, score: interest, change: "+5", next: null}
  hold: {type: wait, duration: 1d, next: null}
"#);
        let status = world.status("open");
        assert_eq!(paths(&world, "open", "who"), counted([("Chiefs", 3), ("other", 6)]));
        assert_eq!((status.travellers.completed, status.travellers.active), (3, 6));
        world.run_at("2026-12-02T09:00:00Z");
        assert_eq!(world.status("open").travellers.completed, 9);
    }

    a_box_may_ask_for_roles_in_the_account(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 2, 3);
        world.sql("UPDATE account_person SET roles = '[\"Owner\"]' WHERE person_id = (SELECT id FROM person WHERE key = 'p-0-1')");
        accounts(&world, "roles", "box", r#"
  box:
    type: split
    by: person
    paths:
      - {label: Owners, when: {role_in_account: Owner}, actions: [{id: up, action: change_score, score: interest, change: "+5"}]}
    other: {actions: []}
    next: null
"#);
        assert_eq!(paths(&world, "roles", "box"), counted([("Owners", 1), ("other", 5)]));
        assert_eq!(world.status("roles").nodes["up"].outcomes.as_ref().expect("an action").done, 1);
    }

    of_several_events_the_first_that_happens_often_enough_counts(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 1, 3);
        people(&world, "several", "{audience: people}", "ear", r#"
  ear:
    type: listen
    events:
      - {activity: page_viewed, where: {url: {contains: pricing}}, at_least: 2}
      - {activity: form_filled}
    timeout: {duration: 7d}
    next: null
"#);
        assert_eq!(world.status("several").nodes["ear"].current, 3);
        world.happens("page_viewed", "p-0-0", r#"{"url":"/pricing"}"#);
        world.happens("page_viewed", "p-0-0", r#"{"url":"/home"}"#);
        assert_eq!(world.status("several").nodes["ear"].current, 3, "each event has a count of its own");
        world.happens("form_filled", "p-0-1", "{}");
        assert_eq!(world.status("several").nodes["ear"].current, 2, "one form is enough");
        world.happens("page_viewed", "p-0-0", r#"{"url":"/pricing/eu"}"#);
        assert_eq!(world.status("several").nodes["ear"].current, 1, "and so is the second view");
        world.run_at("2026-12-08T09:00:00Z");
        let status = world.status("several");
        assert_eq!((status.travellers.completed, status.travellers.timed_out), (2, 1));
    }

    a_listener_counts_over_the_people_of_an_account_from_a_date_on(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 2, 3);
        accounts(&world, "dated", "ear", r#"
  ear:
    type: listen
    event: {activity: page_viewed, where: {at: {after: "2026-12-05T00:00:00Z"}}, at_least: 2}
    next: null
"#);
        world.happened("page_viewed", "p-0-0", "{}", crate::support::at("2026-11-30T09:00:00Z"));
        world.happens("page_viewed", "p-0-0", "{}");
        world.run_at("2026-12-06T09:00:00Z");
        world.happened("page_viewed", "p-0-1", "{}", crate::support::at("2026-12-04T09:00:00Z"));
        world.happens("page_viewed", "p-0-1", "{}");
        world.happens("page_viewed", "p-1-0", "{}");
        assert_eq!(world.status("dated").nodes["ear"].current, 2, "once each since the fifth");
        world.happens("page_viewed", "p-0-2", "{}");
        let status = world.status("dated");
        assert_eq!((status.travellers.completed, status.nodes["ear"].current), (1, 1), "somebody else of the first account");
    }

    counts_go_on_while_a_journey_is_paused(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 1, 1);
        people(&world, "rest", "{audience: people}", "ear", "  ear: {type: listen, events: [{activity: page_viewed, at_least: 3}, {activity: form_filled}], next: null}\n");
        world.happens("page_viewed", "p-0-0", r#"{"url":"/a"}"#);
        caravan_engine::lifecycle::command(&world.engine, "rest", caravan_engine::lifecycle::Verb::Pause, "test").expect("paused");
        world.happens("page_viewed", "p-0-0", r#"{"url":"/b"}"#);
        world.happens("page_viewed", "p-0-0", r#"{"url":"/c"}"#);
        assert_eq!(world.status("rest").nodes["ear"].current, 1, "nobody moves");
        caravan_engine::lifecycle::command(&world.engine, "rest", caravan_engine::lifecycle::Verb::Resume, "test").expect("resumed");
        world.run();
        assert_eq!(world.status("rest").travellers.completed, 1);
    }

    an_event_lets_its_person_in_once(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 2, 2);
        world.sql("UPDATE person SET test_profile = TRUE WHERE key = 'p-1-1'");
        people(&world, "begins", "{events: [{activity: demo_requested, where: {product: {is: crm}}}, {activity: page_viewed, where: {url: {contains: pricing}}, at_least: 2}]}", "hold", "  hold: {type: wait, duration: 1d, next: null}\n");
        assert_eq!(world.status("begins").travellers.entered, 0, "nobody enters by itself");
        world.happened("demo_requested", "p-0-0", r#"{"product":"crm"}"#, crate::support::at("2026-11-30T09:00:00Z"));
        world.happens("demo_requested", "p-0-0", r#"{"product":"erp"}"#);
        assert_eq!(world.status("begins").travellers.entered, 0, "before it was published, and another product");
        world.happens("demo_requested", "p-0-0", r#"{"product":"crm"}"#);
        assert_eq!(world.status("begins").travellers.entered, 1);
        world.happens("page_viewed", "p-0-1", r#"{"url":"/pricing"}"#);
        assert_eq!(world.status("begins").travellers.entered, 1, "once is not enough");
        world.happens("page_viewed", "p-0-1", r#"{"url":"/pricing"}"#);
        world.happens("demo_requested", "p-1-1", r#"{"product":"crm"}"#);
        let status = world.status("begins");
        assert_eq!((status.travellers.entered, status.not_entered["test_profile"]), (2, 1));
        world.run_at("2026-12-02T09:00:00Z");
        world.happens("demo_requested", "p-0-0", r#"{"product":"crm"}"#);
        assert_eq!(world.status("begins").travellers.entered, 2, "a person journey lets nobody in twice");
    }

    a_listener_of_a_person_journey_has_filters_and_a_timeout_path(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 1, 2);
        people(&world, "filtered", "{audience: people}", "ear", r#"
  ear:
    type: listen
    event: {activity: form_filled}
    filters: {person: job_title, starts_with: Chief}
    timeout: {duration: 2d, must_end_on: {time: "12:00"}, next: late}
    next: null
  late: {type: action, on: people, action: change_score, score: interest, change: "+1", next: null}
"#);
        world.happens("form_filled", "p-0-0", "{}");
        world.happens("form_filled", "p-0-1", "{}");
        assert_eq!(world.status("filtered").nodes["ear"].current, 1, "the clerk is not meant");
        world.run_at("2026-12-03T11:59:00Z");
        assert_eq!(world.status("filtered").nodes["ear"].current, 1);
        world.run_at("2026-12-03T12:00:00Z");
        let status = world.status("filtered");
        assert_eq!((status.nodes["late"].reached, status.nodes["ear"].paths["timeout"]), (1, 1));
    }

    what_a_trip_wrote_itself_does_not_move_it_and_what_others_wrote_does(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 1, 1);
        let moment = "  m: {type: action, on: people, action: person_interesting_moment, moment: web, next: ear}\n  ear: {type: listen, event: {activity: interesting_moment}, timeout: {duration: 2d}, next: null}\n";
        accounts(&world, "echo", "m", moment);
        people(&world, "own", "{audience: people}", "m", moment);
        // Written at the very instant at which the listener was reached: only that it is its own speaks against it.
        assert_eq!((world.status("echo").nodes["ear"].left, world.status("own").nodes["ear"].left), (0, 0));
        assert_eq!(world.status("echo").nodes["ear"].ended, 1, "another trip's moment at the same instant counts");
        assert_eq!(world.status("own").nodes["ear"].current, 1, "its own does not");
        world.happens("interesting_moment", "p-0-0", r#"{"moment":"web"}"#);
        assert_eq!(world.status("own").travellers.completed, 1);
    }

    an_activity_counts_from_its_receipt_at_the_latest_and_its_person_is_judged_when_it_is_handled(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 2, 1);
        accounts(&world, "ahead", "ear", "  ear: {type: listen, event: {activity: form_filled}, filters: {person: job_title, starts_with: Chief}, timeout: {duration: 1d}, next: null}\n");
        // Its clock is a week ahead.
        world.happened("form_filled", "p-0-0", "{}", crate::support::at("2026-12-08T09:00:00Z"));
        assert_eq!(world.status("ahead").travellers.completed, 1, "taken at its receipt, it is in time");
        world.received("form_filled", "p-1-0", "{}", crate::support::at("2026-12-01T09:00:00Z"));
        world.sql("UPDATE person SET job_title = 'Clerk' WHERE key = 'p-1-0'");
        world.run();
        assert_eq!(world.status("ahead").nodes["ear"].current, 1, "no chief any more when it is handled");
    }

    whoever_leaves_the_audience_goes_on(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 2, 1);
        world.apply("{kind: account_list, key: some, type: dynamic, when: {account: employees, at_least: 100}, state: live}");
        world.apply("kind: journey\nkey: on\nsubject: account\naudience: {account_list: some}\nend: 2027-06-30T00:00:00Z\nentry: pause\nnodes:\n  pause: {type: wait, duration: 1d, next: leave}\n  leave: {type: action, on: account, action: update_account, attribute: employees, value: 1, next: rest}\n  rest: {type: wait, duration: 1d, next: null}\n");
        world.publish("on");
        world.run();
        world.run_at("2026-12-02T09:00:00Z");
        assert_eq!(world.one("SELECT COUNT(*) FROM list_member AS m JOIN document AS d ON d.id = m.list_id WHERE d.key = 'some'"), 0);
        assert_eq!(world.status("on").nodes["rest"].current, 1);
        world.run_at("2026-12-03T09:00:00Z");
        assert_eq!(world.status("on").travellers.completed, 1);
    }
}

on_both_stores! {
    whoever_comes_to_a_connection_that_has_enough_to_send_waits_for_its_turn(world at "2026-12-01T09:00:00Z") {
        let world = peopled(world, 50, 1);
        world.apply(r#"
{kind: connection, key: mail, type: smtp, settings: {host: 127.0.0.1, port: 2525, security: none, per_second: 0.01, from: {name: Acme, email: news@acme.example}}}
---
{kind: email, key: hello, connection: mail, subject: Hi, body: {html: "<p>Hi <a href='{{ system.unsubscribe_url }}'>stop</a></p>"}}
---
{kind: account_list, key: first, type: dynamic, when: {account: employees, less_than: 4000}, state: live}
---
{kind: account_list, key: second, type: dynamic, when: {account: employees, at_least: 4000}, state: live}
"#);
        world.run();
        for key in ["first", "second"] {
            world.apply(&format!("kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: {key}}}\nend: 2027-06-30T00:00:00Z\nentry: mail\nnodes:\n  mail: {{type: action, on: people, action: send_email, email: hello, next: hold}}\n  hold: {{type: wait, duration: 9d, next: null}}\n"));
        }
        world.publish("first");
        world.run();
        let mail = |key: &str| {
            let status = world.status(key);
            (status.nodes["mail"].current, status.nodes["mail"].left, status.nodes["mail"].outcomes.as_ref().expect("an action").pending)
        };
        // In an hour 36 messages leave; these 40 came at once, when the queue was empty.
        assert_eq!(mail("first"), (0, 40, 40));
        let (from, until) = (crate::support::at("2026-12-01T09:00:00Z"), crate::support::at("2026-12-01T09:01:00Z"));
        let simulated = SimulateRequest::new(Simulated::Stored("second".to_owned()), from, until);
        let report = simulate(&world.engine, simulated).expect("a report");
        assert_eq!((report.nodes["mail"].left, report.messages.email["hello"]), (10, 10), "a simulation delivers at once");
        world.publish("second");
        world.run();
        assert_eq!(mail("second"), (10, 0, 0));
        let page = world.travellers("second", "mail", caravan_engine::status::Stand::Current);
        let waits = |at: usize| {
            let trip = page[at].id.parse().expect("a trip");
            caravan_engine::status::timeline(&world.engine, "second", trip).expect("a timeline").waiting.expect("it waits")
        };
        let mut turns: Vec<_> = (0..10).map(|at| waits(at).until.expect("a turn")).collect();
        turns.sort_unstable();
        assert_eq!((turns[0], turns[9]), (crate::support::at("2026-12-01T09:01:40Z"), crate::support::at("2026-12-01T09:16:40Z")));
        assert!(waits(0).event.expect("what for").contains("turn"));
        world.run_at("2026-12-01T09:01:40Z");
        assert_eq!(mail("second"), (9, 1, 1), "its turn comes although nothing has left meanwhile");
        let last = (0..10).max_by_key(|&at| page[at].due_at).expect("the last");
        caravan_engine::travel::skip(&world.engine, "second", page[last].id.parse().expect("a trip"), "ann").expect("skipped");
        world.run();
        assert_eq!(mail("second"), (8, 2, 2), "or somebody does not wait for it");
        world.run_at("2026-12-01T09:16:40Z");
        assert_eq!(mail("second"), (0, 10, 10));
    }
}

#[test]
fn the_quota_holds_with_many_workers() {
    let world = peopled(World::postgres("2026-12-01T09:00:00Z"), 4_000, 1);
    world.apply("kind: journey\nkey: crowd\nsubject: account\naudience: {account_list: everybody}\nend: 2027-06-30T00:00:00Z\nentry: pause\nnodes:\n  pause: {type: wait, duration: 1d, next: ab}\n  ab: {type: variant_split, by: account, paths: [{label: A, percent: 1, next: join}, {label: B, percent: 2, next: join}, {label: C, percent: 5, next: join}, {label: D, percent: 74, next: join}, {label: E, percent: 18, next: join}]}\n  join: {type: merge, next: hold}\n  hold: {type: wait, duration: 9d, next: null}\n");
    world.publish("crowd");
    world.run();
    world.clock.advance_to(crate::support::at("2026-12-02T09:00:00Z"));
    let shares = [("A", 1_i64), ("B", 2), ("C", 5), ("D", 74), ("E", 18)];
    let within_one = |world: &World| {
        let status = world.status("crowd");
        let n = status.nodes["ab"].left;
        for (label, share) in shares {
            let count = status.nodes["ab"].paths.get(label).copied().unwrap_or(0);
            assert!((count * 100 - share * n).abs() < 100, "{label}: {count} of {n}");
        }
        n
    };
    // Four workers step until nothing is due, while a fifth looks on: the quota holds at every commit.
    let watched = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| while world.engine.step().expect("a step").is_some() {})).collect();
        let mut watched = 0;
        while workers.iter().any(|worker| !worker.is_finished()) {
            within_one(&world);
            watched += 1;
        }
        watched
    });
    world.run();
    assert_eq!(within_one(&world), 4_000);
    assert!(watched > 0);
}
