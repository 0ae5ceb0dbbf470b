//! The life of journeys on real stores: versions, reviews, ends, copies, travellers moved by hand, goals, circles.

use crate::support::{World, at, on_both_stores};
use caravan_engine::definitions::{DefinitionError, delete};
use caravan_engine::lifecycle::{self, Duplicate, DuplicateMode, Feeder, Verb};
use caravan_engine::status::{self, Stand};
use caravan_engine::travel::{self, Remedy};
use caravan_model::EnrollmentId;
use caravan_model::document::DocumentKind;
use serde_json::json;

const LISTS: &str = r#"
{kind: score, key: interest}
---
{kind: account_list, key: big, type: dynamic, when: {account: employees, at_least: 500}, state: live}
---
{kind: account_list, key: picked, type: static, accounts: [], state: live}
"#;

/// Ten accounts, of which a-5 to a-9 are in `big`.
fn started(world: World) -> World {
    let world = world.with_people(10, 3);
    world.apply(LISTS);
    world.run();
    world
}

fn manifest(key: &str, head: &str, nodes: &str) -> String {
    format!(
        "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\n{head}\nnodes:\n{nodes}"
    )
}

const HOLD: &str = "  hold: {type: wait, duration: 30d, next: null}\n";

fn live(world: &World, key: &str, head: &str, nodes: &str) {
    world.apply(&manifest(key, head, nodes));
    world.publish(key);
    world.run();
}

fn codes<T: std::fmt::Debug>(result: Result<T, DefinitionError>) -> Vec<String> {
    match result {
        Err(DefinitionError::Findings(findings)) => findings.into_iter().map(|f| f.code).collect(),
        other => panic!("it was not refused with findings: {other:?}"),
    }
}

fn trip_of(world: &World, account: &str) -> EnrollmentId {
    EnrollmentId(world.one(&format!(
        "SELECT MAX(e.id) FROM enrollment AS e JOIN account AS a ON a.id = e.subject_id WHERE a.key = '{account}'"
    )))
}

on_both_stores! {
    travellers_stay_on_their_version_and_new_ones_take_the_next(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "grow", "entry: pause", "  pause: {type: wait, duration: 5d, next: old}\n  old: {type: wait, duration: 30d, next: null}\n");
        world.apply(&manifest("grow", "entry: pause", "  pause: {type: wait, duration: 1d, next: new}\n  new: {type: wait, duration: 30d, next: null}\n"));
        let review = lifecycle::review(&world.engine, &["grow".to_owned()]).expect("a review").remove(0);
        assert_eq!((review.version, review.publishable, review.would_enter), (2, true, 0), "everybody was inside already");
        let standing: Vec<_> = review.standing.iter().map(|s| (s.version, s.active, s.nodes["pause"])).collect();
        assert_eq!(standing, [(1, 5, 5)]);
        assert_eq!(world.status("grow").version, 1, "a review publishes nothing");
        world.publish("grow");
        world.sql("UPDATE account SET employees = 900 WHERE key = 'a-1'");
        caravan_engine::members::repair(&world.engine, DocumentKind::AccountList, "big").expect("asked");
        world.run();
        assert_eq!(world.status("grow").travellers.entered, 6);
        world.run_at("2026-12-06T09:00:00Z");
        let status = world.status("grow");
        assert_eq!((status.version, status.nodes["old"].current, status.nodes["new"].current), (2, 5, 1));
        let timeline = status::timeline(&world.engine, "grow", trip_of(&world, "a-5")).expect("a timeline");
        assert_eq!((timeline.version, timeline.here.version), (1, 1));
        assert_eq!(status::timeline(&world.engine, "grow", trip_of(&world, "a-1")).expect("a timeline").version, 2);
    }

    what_is_fixed_by_the_first_version_stays(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "fixed", "entry: hold", HOLD);
        world.apply(&manifest("fixed", "start: 2027-01-01T00:00:00Z\nreentry: {after: end, delay: 1d, limit: 2}\nentry: hold", HOLD));
        let refused: Vec<String> = world.refused("fixed").into_iter().map(|(code, _)| code).collect();
        assert_eq!(refused, ["start_fixed", "reentry_fixed"]);
    }

    a_review_says_who_would_enter_and_how_many_messages_that_may_be(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.sql("UPDATE account SET name = '' WHERE key = 'a-9'");
        world.apply("{kind: connection, key: mail, type: smtp, settings: {host: 127.0.0.1, port: 2525, security: none, from: {name: Acme, email: news@acme.example}}}\n---\n{kind: email, key: hello, connection: mail, subject: Hi, body: {html: \"<p>Hi <a href='{{ system.unsubscribe_url }}'>stop</a></p>\"}}\n");
        world.apply(&manifest("mailing", "entry: one", "  one: {type: action, on: people, action: send_email, email: hello, next: pause}\n  pause: {type: wait, duration: 2h, next: two}\n  two: {type: action, on: people, action: send_email, email: hello, next: long}\n  long: {type: wait, duration: 2d, next: three}\n  three: {type: action, on: people, action: send_email, email: hello, next: null}\n"));
        let review = lifecycle::review(&world.engine, &["mailing".to_owned()]).expect("a review").remove(0);
        assert_eq!((review.would_enter, review.people, review.would_not_enter["no_name"]), (4, 12, 1));
        assert_eq!(review.messages_first_day, 24, "two mails to each of twelve people; the third comes after two days");
        assert!(review.findings.iter().any(|f| f.code == "emails_within_a_day"), "{:?}", review.findings);
    }

    the_end_of_a_journey_that_runs_is_moved_and_ends_it_then(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "short", "entry: hold", HOLD);
        assert_eq!(codes(lifecycle::move_end(&world.engine, "short", at("2026-11-01T00:00:00Z"), "ann")), ["end_past"]);
        assert_eq!(codes(lifecycle::move_end(&world.engine, "short", at("2030-11-01T00:00:00Z"), "ann")), ["end_too_late"]);
        lifecycle::move_end(&world.engine, "short", at("2026-12-05T00:00:00Z"), "ann").expect("moved");
        world.run_at("2026-12-05T00:00:00Z");
        let status = world.status("short");
        assert_eq!((status.state.as_str(), status.travellers.expired), ("finished", 5));
        assert_eq!(codes(lifecycle::move_end(&world.engine, "short", at("2027-11-01T00:00:00Z"), "ann")), ["wrong_state"]);
    }

    only_drafts_and_live_journeys_are_edited(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "later", "start: 2026-12-10T00:00:00Z\nentry: hold", HOLD);
        let changed = |key: &str| manifest(key, "entry: hold", "  hold: {type: wait, duration: 31d, next: null}\n");
        assert_eq!(codes(world.try_apply(&changed("later"))), ["journey_not_editable"]);
        assert_eq!(codes(delete(&world.engine, DocumentKind::Journey, "later", None)), ["journey_running"]);
        live(&world, "gone", "entry: hold", HOLD);
        lifecycle::command(&world.engine, "gone", Verb::Abort, "ann").expect("aborted");
        world.run();
        assert_eq!(codes(world.try_apply(&changed("gone"))), ["journey_not_editable"]);
        delete(&world.engine, DocumentKind::Journey, "gone", None).expect("an aborted one may be deleted");
    }

    each_state_allows_what_it_may_and_refuses_the_rest(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        let (end, key) = (at("2027-05-01T00:00:00Z"), |state: &str, what: &str| format!("{state}-{what}"));
        let verbs = ["edit", "publish", "pause", "close", "abort", "end", "duplicate", "delete"];
        let may = [
            ("draft", vec!["edit", "publish", "duplicate", "delete"]),
            ("scheduled", vec!["abort", "end", "duplicate"]),
            ("live", vec!["edit", "publish", "pause", "close", "abort", "end", "duplicate"]),
            ("closed", vec!["pause", "abort", "duplicate"]),
            ("aborted", vec!["duplicate", "delete"]),
            ("finished", vec!["duplicate", "delete"]),
        ];
        for (state, allowed) in &may {
            for verb in verbs {
                let key = key(state, verb);
                let start = if *state == "scheduled" { "start: 2026-12-10T00:00:00Z\n" } else { "" };
                world.apply(&manifest(&key, &format!("{start}entry: hold"), HOLD));
                if *state != "draft" {
                    world.publish(&key);
                    world.run();
                }
                let then: &[Verb] = match *state {
                    "closed" => &[Verb::Close],
                    "aborted" => &[Verb::Abort],
                    "finished" => &[Verb::Close],
                    _ => &[],
                };
                then.iter().for_each(|then| drop(lifecycle::command(&world.engine, &key, *then, "ann").expect("done")));
                if *state == "finished" {
                    world.sql(&format!("UPDATE document SET ends_at = 1 WHERE key = '{key}'"));
                    world.sql("UPDATE definitions_revision SET revision = revision + 1");
                    world.run();
                }
                assert_eq!(world.status(&key).state, *state);
                let command = |verb: Verb| lifecycle::command(&world.engine, &key, verb, "ann").map(drop);
                let done = match verb {
                    "edit" => world.try_apply(&manifest(&key, &format!("{start}entry: hold"), "  hold: {type: wait, duration: 31d, next: null}\n")).map(drop),
                    "publish" => lifecycle::publish(&world.engine, std::slice::from_ref(&key), "ann").map(drop),
                    "pause" => command(Verb::Pause),
                    "close" => command(Verb::Close),
                    "abort" => command(Verb::Abort),
                    "end" => lifecycle::move_end(&world.engine, &key, end, "ann"),
                    "duplicate" => lifecycle::duplicate(&world.engine, &key, Duplicate::default(), "ann").map(drop),
                    _ => delete(&world.engine, DocumentKind::Journey, &key, None).map(drop),
                };
                match allowed.contains(&verb) {
                    true => done.unwrap_or_else(|error| panic!("{state} {verb}: {error:?}")),
                    false => assert_eq!(codes(done).len(), 1, "{state} {verb}"),
                }
            }
        }
    }

    a_journey_is_duplicated_in_two_ways(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.apply("{kind: connection, key: mail, type: smtp, settings: {host: 127.0.0.1, port: 2525, security: none, from: {name: Acme, email: news@acme.example}}}\n---\n{kind: email, key: hello, connection: mail, subject: Hi, body: {html: \"<p>Hi</p>\"}}\n");
        live(&world, "model", "name: Model\nreentry: {after: end, delay: 1d, limit: 2}\nentry: mail", r#"
  mail: {type: action, on: people, action: send_email, email: hello, next: pause}
  pause: {type: wait, duration: 3d, must_end_on: {time: "09:00"}, next: box}
  box:
    type: split
    by: person
    paths: [{label: Chiefs, when: {person: job_title, starts_with: Chief}, actions: [{id: c, action: send_email, email: hello}, {id: d, action: change_score, score: interest, change: "+1"}]}]
    next: ear
  ear: {type: listen, event: {activity: form_filled}, timeout: {duration: 2d, next: null}, next: null}
"#);
        let copy = lifecycle::duplicate(&world.engine, "model", Duplicate::default(), "ann").expect("a copy");
        assert_eq!((copy["key"].as_str(), copy["name"].as_str()), (Some("model-copy"), Some("Model copy")));
        assert_eq!(copy["nodes"]["mail"], json!({"type": "action", "on": "people", "action": "send_email", "next": "pause"}));
        assert_eq!(copy["nodes"]["box"]["paths"][0]["actions"], json!([{"id": "c", "action": "send_email"}, {"id": "d", "action": "change_score", "score": "interest", "change": "+1"}]));
        assert_eq!((copy["audience"].clone(), copy["nodes"]["pause"]["duration"].clone()), (json!({"account_list": "big"}), json!("3d")));
        assert_eq!(world.status("model-copy").state, "draft");
        let wanted = Duplicate { mode: DuplicateMode::Structure, key: None, name: Some("Bare".to_owned()) };
        let bare = lifecycle::duplicate(&world.engine, "model", wanted, "ann").expect("a copy");
        assert_eq!((bare["key"].as_str(), bare["name"].as_str(), bare.get("audience"), bare.get("reentry")), (Some("model-copy-2"), Some("Bare"), None, None));
        assert_eq!(bare["nodes"]["pause"], json!({"type": "wait", "duration": "5d", "next": "box"}));
        assert_eq!(bare["nodes"]["box"]["paths"], json!([{"label": "Chiefs", "actions": [{"id": "c", "action": "send_email"}, {"id": "d", "action": "change_score"}]}]));
        assert_eq!(bare["nodes"]["ear"], json!({"type": "listen", "timeout": {"duration": "5d", "next": null}, "next": null}));
        let taken = Duplicate { key: Some("model".to_owned()), ..Duplicate::default() };
        assert_eq!(codes(lifecycle::duplicate(&world.engine, "model", taken, "ann")), ["exists_already"]);
    }

    travellers_are_moved_by_hand_and_who_did_it_stays_known(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "hand", "entry: pause", "  pause: {type: wait, duration: 30d, next: hold}\n  hold: {type: wait, duration: 30d, next: null}\n");
        travel::enter(&world.engine, "hand", "a-1", "ann@acme.example").expect("entered");
        world.run();
        assert_eq!(world.status("hand").travellers.entered, 6);
        assert_eq!(codes(travel::enter(&world.engine, "hand", "a-1", "ann")), ["already_inside"]);
        let trip = trip_of(&world, "a-1");
        travel::skip(&world.engine, "hand", trip, "bob@acme.example").expect("skipped");
        world.run();
        assert_eq!(world.status("hand").nodes["hold"].current, 1);
        travel::remove(&world.engine, "hand", trip, "eve@acme.example").expect("removed");
        world.run();
        assert_eq!((world.status("hand").travellers.removed, world.status("hand").nodes["hold"].ended), (1, 1));
        assert_eq!(codes(travel::enter(&world.engine, "hand", "a-1", "ann")), ["no_reentry"]);
        let timeline = status::timeline(&world.engine, "hand", trip).expect("a timeline");
        let told: Vec<(&str, &str)> = timeline.items.iter().filter_map(|i| Some((i.kind.as_str(), i.by.as_deref()?))).collect();
        assert_eq!(told, [("entered", "ann@acme.example"), ("moved", "ann@acme.example"), ("moved", "bob@acme.example"), ("ended", "eve@acme.example")]);
        assert_eq!(timeline.here.why.expect("why").text, "eve@acme.example took it out by hand.");
    }

    a_stable_part_is_held_out_and_compared_by_the_goal(world at "2026-12-01T09:00:00Z") {
        let world = world.with_people(200, 1);
        world.apply(LISTS);
        world.apply("{kind: account_list, key: everybody, type: dynamic, when: {account: employees, at_least: 0}, state: live}");
        world.run();
        world.sql("UPDATE account SET industry = 'Customer' WHERE key IN ('a-0', 'a-1')");
        world.apply("kind: journey\nkey: lift\nsubject: account\naudience: {account_list: everybody}\nend: 2027-06-30T00:00:00Z\nhold_out: 20\ngoal: {account: industry, is: Customer}\nentry: pause\nnodes:\n  pause: {type: wait, duration: 1d, next: win}\n  win: {type: action, on: account, action: update_account, attribute: industry, value: Customer, next: null}\n");
        world.publish("lift");
        world.run();
        let status = world.status("lift");
        let held_out = status.travellers.held_out;
        assert_eq!(status.travellers.entered, 200);
        assert!((25..=55).contains(&held_out), "about a fifth of 200: {held_out}");
        assert_eq!((status.nodes["audience"].ended, status.nodes["pause"].current), (held_out, 200 - held_out));
        let goal = status.goal.expect("a goal");
        assert_eq!((goal.travellers.before + goal.held_out.before, goal.travellers.converted, goal.held_out.converted), (2, 0, 0));
        world.run_at("2026-12-02T09:00:00Z");
        let goal = world.status("lift").goal.expect("a goal");
        assert_eq!(goal.travellers.entered, 200 - held_out);
        assert_eq!(goal.travellers.converted, 200 - held_out - goal.travellers.before, "the journey made all of them customers");
        assert_eq!((goal.travellers.rate, goal.held_out.converted, goal.held_out.rate), (Some(1.0), 0, Some(0.0)));
        let figures = status::figures(&world.engine, "lift", None, None).expect("figures");
        assert_eq!((figures.performance.entered, figures.engagement.accounts), (200 - held_out, 200 - held_out), "those held out aside");
        assert_eq!(figures.performance.goal, Some(goal.travellers));
        // One of those held out becomes a customer without the journey.
        let control = world.one("SELECT MIN(subject_id) FROM enrollment WHERE outcome = 'held_out' AND goal_at IS NULL");
        let key = format!("a-{}", control - world.one("SELECT MIN(id) FROM account"));
        world.apply("kind: journey\nkey: other\nsubject: account\naudience: {account_list: picked}\nend: 2027-06-30T00:00:00Z\nentry: win\nnodes:\n  win: {type: action, on: account, action: update_account, attribute: industry, value: Customer, next: null}\n");
        world.publish("other");
        travel::enter(&world.engine, "other", &key, "ann").expect("entered");
        world.run();
        assert_eq!(world.status("lift").goal.expect("a goal").held_out.converted, 1);
    }

    a_journey_may_send_accounts_into_itself_by_its_own_rules(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "selfish", "entry: again", "  again: {type: action, on: account, action: add_to_journey, journey: selfish, next: null}\n");
        let outcomes = world.status("selfish").nodes["again"].outcomes.clone().expect("an action");
        assert_eq!(outcomes.no_op["already_inside"], 5);
        assert_eq!(world.status("selfish").travellers.completed, 5);
    }

    a_target_refuses_by_its_own_rules_and_the_sender_counts_why(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        let again = |key: &str, reentry: &str| manifest(key, &format!("{reentry}entry: hold"), "  hold: {type: wait, duration: 1h, next: null}\n").replace("list: big", "list: picked");
        world.apply(&format!("{}---\n{}", again("target", "reentry: {after: end, delay: 12h, limit: 2}\n"), again("once", "")));
        for key in ["target", "once"] {
            world.publish(key);
            travel::enter(&world.engine, key, "a-5", "ann").expect("entered");
        }
        world.run();
        world.run_at("2026-12-01T10:00:00Z");
        let send = |key: &str| format!("  on: {{type: action, on: account, action: add_to_journey, journey: {key}, next: null}}\n");
        live(&world, "early", "entry: on", &send("target"));
        live(&world, "never", "entry: on", &send("once"));
        let outcomes = |key: &str| world.status(key).nodes["on"].outcomes.clone().expect("an action");
        assert_eq!((outcomes("early").done, outcomes("early").no_op), (4, [("reentry_too_early".to_owned(), 1)].into()));
        assert_eq!((outcomes("never").done, outcomes("never").no_op), (4, [("no_reentry".to_owned(), 1)].into()));
        world.run_at("2026-12-01T22:00:00Z");
        live(&world, "late", "entry: on", &send("target"));
        assert_eq!((outcomes("late").done, outcomes("late").no_op), (1, [("reentry_too_early".to_owned(), 4)].into()));
        world.run_at("2026-12-02T23:00:00Z");
        live(&world, "last", "entry: on", &send("target"));
        assert_eq!((outcomes("last").done, outcomes("last").no_op), (4, [("no_reentry".to_owned(), 1)].into()));
        assert_eq!(world.status("target").travellers.entered, 10, "what was done was done");
    }

    a_person_journey_counts_whom_it_refuses(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        world.apply("{kind: audience, key: nobody, subject: person, when: {person: key, is: nobody}}\n---\nkind: journey\nkey: people\nsubject: person\naudience: {audience: nobody}\nend: 2027-06-30T00:00:00Z\nentry: hold\nnodes:\n  hold: {type: wait, duration: 1d, next: null}\n");
        world.publish("people");
        let send = "  on: {type: action, on: people, action: add_person_to_journey, journey: people, next: null}\n";
        live(&world, "first", "entry: on", send);
        live(&world, "second", "entry: on", send);
        world.run_at("2026-12-02T09:00:00Z");
        live(&world, "third", "entry: on", send);
        let asked = |key: &str| world.status(key).nodes["on"].outcomes.clone().expect("an action");
        assert_eq!((asked("first").done, asked("second").done, asked("third").done), (15, 0, 0), "who asked is told");
        let status = world.status("people");
        assert_eq!(status.travellers.entered, 15);
        assert_eq!(status.not_entered, [("already_inside".to_owned(), 15), ("no_reentry".to_owned(), 15)].into());
    }

    whoever_stops_a_journey_is_told_who_sends_travellers_there(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "target", "entry: hold", HOLD);
        let send = "  on: {type: action, on: account, action: add_to_journey, journey: target, next: off}\n  off: {type: action, on: account, action: remove_from_journey, journey: target, next: null}\n";
        live(&world, "source", "entry: pause", &format!("  pause: {{type: wait, duration: 5d, next: on}}\n{send}"));
        // A draft sends nobody, a new version without the action goes on sending those who are on the old one.
        world.apply(&manifest("idea", "entry: on", send));
        world.apply(&manifest("source", "entry: pause", "  pause: {type: wait, duration: 5d, next: null}\n"));
        world.publish("source");
        let fed_by = lifecycle::feeders(&world.engine, "target").expect("feeders");
        assert_eq!(fed_by, [Feeder { journey: "source".to_owned(), nodes: vec!["on".to_owned()] }]);
        world.apply(&manifest("target", "entry: hold", "  hold: {type: wait, duration: 31d, next: null}\n"));
        assert_eq!(lifecycle::review(&world.engine, &["target".to_owned()]).expect("a review").remove(0).fed_by, fed_by);
        assert_eq!(lifecycle::command(&world.engine, "target", Verb::Pause, "ann").expect("paused"), []);
        let told = lifecycle::command(&world.engine, "target", Verb::Close, "ann").expect("closed").remove(0);
        assert_eq!((told.code.as_str(), told.is_error()), ("journey_is_fed", false));
        assert!(told.message.contains("`source`") && told.message.contains("`on`"), "{}", told.message);
        world.run_at("2026-12-06T09:00:00Z");
        assert_eq!(world.status("source").travellers.active, 0);
        assert_eq!(lifecycle::feeders(&world.engine, "target").expect("feeders"), [], "everybody came through");
    }

    a_closed_target_takes_nobody_and_the_action_says_so(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        live(&world, "target", "entry: hold", HOLD);
        live(&world, "source", "entry: pause", "  pause: {type: wait, duration: 1d, next: on}\n  on: {type: action, on: account, action: add_to_journey, journey: target, next: null}\n");
        lifecycle::command(&world.engine, "target", Verb::Abort, "ann").expect("aborted");
        world.run();
        world.run_at("2026-12-02T09:00:00Z");
        assert_eq!(world.status("source").nodes["on"].outcomes.as_ref().expect("an action").no_op["target_not_live"], 5);
        assert_eq!(world.travellers("target", "hold", Stand::Ended).len(), 5);
    }

    journeys_that_feed_each_other_stop_after_ten_and_say_so(world at "2026-12-01T09:00:00Z") {
        let world = started(world);
        let head = "reentry: {after: end, delay: 0h, limit: 1000}\nentry: on";
        let feeding = |key: &str, to: &str, list: &str| {
            format!(
                "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: {list}}}\nend: 2027-06-30T00:00:00Z\n{head}\nnodes:\n  on: {{type: action, on: account, action: add_to_journey, journey: {to}, next: null}}\n"
            )
        };
        world.apply(&format!("{}---\n{}", feeding("ping", "pong", "picked"), feeding("pong", "ping", "picked")));
        lifecycle::publish(&world.engine, &["ping".to_owned(), "pong".to_owned()], "test").expect("published together");
        travel::enter(&world.engine, "ping", "a-1", "ann").expect("entered");
        world.run();
        let problems = world.problems();
        assert!(!problems.is_empty(), "it stopped as a problem");
        assert_eq!((problems[0].code.as_str(), problems[0].node.as_str()), ("journey_chain_too_long", "on"));
        assert_eq!(world.one("SELECT MAX(chain) FROM enrollment"), 10);
        travel::remedy_all(&world.engine, None, Remedy::LeaveOut, "ann").expect("left out");
        world.run();
        assert_eq!(world.problems().len(), 0);
    }
}
