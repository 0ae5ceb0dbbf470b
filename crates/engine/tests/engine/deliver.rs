//! Delivery on real stores through a real SMTP server, with a clock moved by hand.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::support::post::{EXECUTIONS, Post, delivered, delivery, keys};
use crate::support::{World, on_both_stores};
use caravan_engine::deliver::{self, Delivery, Dispatched, Dispatcher, Recorder, Settlement, Taken};
use caravan_engine::lifecycle::{self, Verb};
use caravan_engine::machines::Visitor;
use caravan_engine::tracking::{self, OptOut};
use caravan_model::EffectId;
use caravan_store::StoreError;
use caravan_store::ledger::{self, Unsettled, UnsettledFilter};
use caravan_testkit::{Behaviour, Stage};

on_both_stores! {
    tv_n1_mail_goes_to_whoever_has_said_nothing(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM person WHERE unsubscribed OR sms_consent IS NOT NULL"), 0);
        post.execute("UPDATE person SET unsubscribed = TRUE WHERE key = 'p-5-0'");
        post.dispatcher().dispatch_once().expect("a round");
        post.is(&[("done", 14), ("skipped:unsubscribed", 1)]);
    }

    every_message_leaves_once_and_is_counted_and_told(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.is(&[("pending", EXECUTIONS)]);
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(15)));
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched::default()));
        assert_eq!(dispatcher.next_due(), Ok(None));
        post.is(&[("done", EXECUTIONS)]);
        assert_eq!(post.accepted().len(), 15);
        assert_eq!((post.told("email_sent"), post.world.one("SELECT COUNT(*) FROM outbox")), (15, 0));
        let messages = post.smtp.messages();
        let message = messages.iter().find(|m| m.rcpt_to == ["p-5-0@example.com"]).expect("a message");
        assert_eq!(message.header("Subject"), Some("Hello Chief Officer"));
        assert_eq!(message.header("List-Unsubscribe-Post"), Some("List-Unsubscribe=One-Click"));
        assert_eq!(message.header("List-Id"), Some("<hello.go.acme.example>"));
        assert_eq!(message.header("Feedback-ID"), Some("welcome:hello:email:caravan"));
        let html = message.html.as_deref().expect("an HTML part");
        assert!(html.contains("Hi p-5-0") && html.contains("Hauptstr. 1, Berlin"), "{html}");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM activity WHERE type = 'email_sent' AND account_id IS NOT NULL AND enrollment_id IS NOT NULL AND node = 1"), 15);
    }

    opens_clicks_and_opting_out_come_back(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let engine = &post.world.engine;
        let links = post.links("p-5-0@example.com");
        post.advance(60);
        tracking::opened(engine, &keys(), &links.open, &Visitor::default()).expect("an open");
        tracking::opened(engine, &keys(), &links.open, &Visitor::default()).expect("the same open");
        assert_eq!(post.told("email_opened"), 1, "fetched twice in a minute is opened once");
        post.advance(120);
        tracking::opened(engine, &keys(), &links.open, &Visitor::default()).expect("another open");
        assert_eq!(post.told("email_opened"), 2);
        assert!(tracking::opened(engine, &keys(), &links.click, &Visitor::default()).is_err(), "a token is good for one thing");

        assert_eq!(tracking::clicked(engine, &keys(), &links.click, &Visitor::default()).as_deref(), Ok("https://acme.example/start"));
        assert!(tracking::clicked(engine, &keys(), "forged", &Visitor::default()).is_err());
        let clicks = || post.world.one("SELECT COUNT(*) FROM activity WHERE type = 'email_clicked' AND CAST(fields AS TEXT) LIKE '%acme.example/start%'");
        let clicked_at = post.world.clock.now();
        post.world.run();
        assert_eq!(clicks(), 0, "until the second is over a machine may have made it");
        post.advance(1);
        post.world.run();
        assert_eq!((clicks(), post.world.one(&format!("SELECT COUNT(*) FROM activity WHERE type = 'email_clicked' AND at = {}", clicked_at.as_microsecond()))), (1, 1));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM held_click"), 0);
        let counts = post.world.counts("hello");
        assert_eq!((counts.get("ear ended"), counts.get("trips trip:completed")), (Some(&1), Some(&1)), "{counts:?}");

        let page = tracking::opt_out_page(engine, &keys(), &links.way_out).expect("a page");
        assert_eq!((page.address.as_deref(), page.organisation.as_deref(), page.opted_out), (Some("p•••@example.com"), Some("Acme"), false));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM person WHERE unsubscribed"), 0, "looking opts nobody out");
        post.execute("UPDATE person SET email = 'p-5-0@example.com' WHERE key = 'p-9-2'");
        for _ in 0..2 {
            assert!(tracking::opt_out(engine, &keys(), &links.way_out, OptOut::OneClick).expect("opted out").opted_out);
        }
        assert_eq!(post.world.one("SELECT COUNT(*) FROM person WHERE unsubscribed AND unsubscribed_by_person AND unsubscribed_reason = 'header_one_click'"), 2, "everyone with the address");
        assert_eq!((post.told("email_unsubscribed"), post.told("person_changed")), (1, 2));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM suppression WHERE address = 'p-5-0@example.com' AND reason = 'unsubscribed'"), 1);
    }

    proof_6_a_server_that_is_away_loses_nothing(world at "2026-12-01T09:00:00Z") {
        let mut post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.stop();
        let dispatcher = Dispatcher::new(
            &post.world.engine,
            Delivery { wave: 4, ..delivery() },
            post.surroundings(),
        );
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { retried: 4, ..Dispatched::default() }), "as many as it takes connections find out");
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched::default()), "then the lane rests");
        post.is(&[("pending", EXECUTIONS)]);
        let problems = post.world.engine.store().read(deliver::lane_problems).expect("problems");
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        assert_eq!((problem.lane.as_str(), problem.code.as_str(), problem.pending), ("email:mail", "smtp_unreachable", 15));
        assert_eq!(post.world.one("SELECT MAX(attempt) FROM outbox"), 0, "that is nobody's attempt");
        let due = dispatcher.next_due().expect("it answers").expect("it is tried again");
        assert!(due > post.world.clock.now() && due <= post.world.clock.now() + Duration::from_secs(2));
        post.advance(2);
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { retried: 1, ..Dispatched::default() }), "one goes first");
        post.smtp.restart();
        post.advance(60);
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(15)));
        assert_eq!(post.accepted().len(), 15);
        assert_eq!(post.world.engine.store().read(deliver::lane_problems), Ok(vec![]));
    }

    a_server_on_a_private_address_waits_for_whoever_opens_its_range(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        let closed = Dispatcher::new(&post.world.engine, delivery(), post.guarded());
        let done = closed.dispatch_once().expect("a round");
        assert_eq!((done.delivered, done.failed, done.in_doubt), (0, 0, 0), "{done:?}");
        post.is(&[("pending", EXECUTIONS)]);
        let problems = post.world.engine.store().read(deliver::lane_problems).expect("problems");
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        assert_eq!((problem.lane.as_str(), problem.code.as_str(), problem.pending), ("email:mail", "address_refused", 15));
        assert!(problem.message.contains("`127.0.0.1` is no public address") && problem.message.contains("--allow-mail-network"), "{}", problem.message);
        assert!(post.accepted().is_empty());
        post.advance(60);
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        assert_eq!(post.world.engine.store().read(deliver::lane_problems), Ok(vec![]));
    }

    proof_6_a_server_that_is_away_for_a_day_loses_nothing_and_costs_nobody_a_try(world at "2026-12-01T09:00:00Z") {
        let mut post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.stop();
        let dispatcher = post.dispatcher();
        for _ in 0..48 {
            let done = dispatcher.dispatch_once().expect("a round");
            assert_eq!((done.delivered, done.failed, done.in_doubt), (0, 0, 0), "{done:?}");
            post.advance(1_800);
        }
        post.is(&[("pending", EXECUTIONS)]);
        assert_eq!(post.world.one("SELECT MAX(attempt) FROM outbox"), 0);
        post.smtp.restart();
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(15)));
        assert_eq!(post.accepted().len(), 15);
        post.is(&[("done", EXECUTIONS)]);
    }

    proof_6_a_message_that_is_deferred_and_then_refused_has_bounced(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        let answers = |reply: &str| post.smtp.behave_to("p-5-0@example.com", &Behaviour::Reply { stage: Stage::Rcpt, reply: reply.into() });
        answers("451 4.2.1 try again");
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 14, retried: 1, ..Dispatched::default() }));
        post.is(&[("done", 14), ("pending", 1)]);
        answers("550 5.1.1 no such user");
        post.advance(60);
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { failed: 1, ..Dispatched::default() }));
        post.is(&[("done", 14), ("failed:bounced_hard", 1)]);
        assert_eq!(post.told("email_bounced"), 1);
    }

    a_deferred_message_is_tried_again_with_the_same_key(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.behave_to("p-5-0@example.com", &Behaviour::Reply { stage: Stage::Rcpt, reply: "451 4.2.0 greylisted".into() });
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 14, retried: 1, ..Dispatched::default() }));
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched::default()), "not yet");
        assert_eq!(post.world.one("SELECT attempt FROM outbox"), 1);
        post.is(&[("done", 14), ("pending", 1)]);
        post.smtp.behave(&Behaviour::Accept);
        post.advance(15);
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(1)));
        assert_eq!(post.accepted().len(), 15);
    }

    a_message_that_is_deferred_for_three_days_has_bounced_softly(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.behave(&Behaviour::Reply { stage: Stage::Data, reply: "451 4.3.0 later".into() });
        let dispatcher = post.dispatcher();
        let begun = post.world.clock.now();
        post.execute("UPDATE outbox SET attempt = 30 WHERE person_id = (SELECT MIN(person_id) FROM outbox)");
        let mut rounds = 0;
        while post.world.one("SELECT COUNT(*) FROM ledger WHERE outcome = 'failed'") < EXECUTIONS {
            dispatcher.dispatch_once().expect("a round");
            post.outcomes();
            rounds += 1;
            assert!(rounds < 3 * 24 * 5, "it ends some time");
            post.advance(1_200);
        }
        let took = post.world.clock.now().duration_since(begun).as_hours();
        assert!((60..=84).contains(&took), "about three days, not {took} hours");
        post.is(&[("failed:bounced_soft", EXECUTIONS)]);
        assert_eq!((post.told("email_failed"), post.told("email_bounced")), (0, EXECUTIONS));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM soft_bounce"), EXECUTIONS, "each counts towards a rest");
    }

    a_bounce_is_told_and_the_address_is_not_written_to_again(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.behave_to("p-5-0@example.com", &Behaviour::Reply { stage: Stage::Rcpt, reply: "550 5.1.1 no such user".into() });
        let done = post.dispatcher().dispatch_once();
        assert_eq!(done, Ok(Dispatched { delivered: 14, failed: 1, ..Dispatched::default() }));
        post.is(&[("done", 14), ("failed:bounced_hard", 1)]);
        assert_eq!(post.world.one("SELECT COUNT(*) FROM activity WHERE type = 'email_bounced' AND CAST(fields AS TEXT) LIKE '%\"hard\"%true%'"), 1);
        assert_eq!(post.world.one("SELECT COUNT(*) FROM person WHERE email_invalid AND key = 'p-5-0'"), 1);
        assert_eq!(post.world.one("SELECT COUNT(*) FROM suppression WHERE address = 'p-5-0@example.com' AND reason = 'bounced_hard'"), 1);
    }

    who_lost_its_claim_changes_nothing_and_what_it_sent_is_in_doubt(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.behave(&Behaviour::Slow { millis: 1_500 });
        let slow = Dispatcher::new(
            &post.world.engine,
            Delivery { wave: 4, ..delivery() },
            post.surroundings(),
        );
        let doubt = thread::scope(|scope| {
            let late = scope.spawn(|| slow.dispatch_once());
            while post.world.one("SELECT COUNT(*) FROM outbox WHERE intent") == 0 {
                thread::sleep(Duration::from_millis(5));
            }
            // The process stands still for longer than its claim; another one takes over. (On the embedded store there
            // is one runtime: a new one means that the former is gone.)
            post.advance(31);
            let heir = post.dispatcher();
            post.smtp.behave(&Behaviour::Accept);
            let done = heir.dispatch_once().expect("a round");
            let late = late.join().expect("it comes back").expect("a round");
            // On a busy machine one or the other may have come back just before.
            assert!((2..=4).contains(&done.in_doubt), "what was under way is in doubt: {done:?}");
            assert_eq!(late.in_doubt, 0, "its results are refused");
            assert_eq!(done.delivered + late.delivered + done.in_doubt, 15, "the rest goes");
            done.in_doubt
        });
        let in_doubt = i64::try_from(doubt).expect("a few");
        post.is(&[("done", 15 - in_doubt), ("in_doubt", in_doubt)]);
        assert_eq!(post.accepted().len(), 15, "they did arrive");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(Dispatched::default()), "and are never sent again by themselves");

        let ids: Vec<EffectId> = post.world.engine.store().read(|s| {
            ledger::look_for_unsettled(s, UnsettledFilter::all(Unsettled::InDoubt), None, 10)
        }).expect("a list").found.into_iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), doubt);
        deliver::settle(&post.world.engine, ids[0], Settlement::Delivered).expect("settled");
        deliver::settle(&post.world.engine, ids[1], Settlement::Resend).expect("settled");
        assert!(deliver::settle(&post.world.engine, ids[0], Settlement::Resend).is_err(), "it is settled");
        let settled = |done: i64, pending: i64| {
            let wanted = [("done", 15 - in_doubt + done), ("in_doubt", in_doubt - 2), ("pending", pending)];
            post.is(&wanted.into_iter().filter(|(_, n)| *n != 0).collect::<Vec<_>>());
        };
        settled(1, 1);
        let before = post.smtp.messages().len();
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(1)));
        let again = post.smtp.messages()[before].header("X-Caravan-Key").map(str::to_owned);
        let first = post.smtp.messages()[..before].iter().filter(|m| m.header("X-Caravan-Key") == again.as_deref()).count();
        assert_eq!(first, 1, "somebody asked for it, with the same key");
        settled(2, 0);
    }

    proof_6_a_line_that_goes_dead_after_the_last_byte_leaves_doubt(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.behave_to("p-6-1@example.com", &Behaviour::DropAfterData);
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 14, in_doubt: 1, ..Dispatched::default() }));
        post.smtp.behave(&Behaviour::Accept);
        post.advance(86_400);
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched::default()));
        post.is(&[("done", 14), ("in_doubt", 1)]);
    }

    an_effect_that_the_ledger_knows_never_leaves_again(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.execute("INSERT INTO ledger (id, key, kind, enrollment_id, version_id, node, outcome, queued_at, decided_at)
            SELECT id, key, kind, enrollment_id, version_id, node, 'done', 0, 0 FROM outbox WHERE id = (SELECT MIN(id) FROM outbox)");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(14)));
        assert_eq!(post.accepted().len(), 14);
        post.is(&[("done", EXECUTIONS)]);
    }

    proof_6_a_crash_leaves_in_doubt_what_was_under_way_and_nothing_else(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.smtp.behave(&Behaviour::Slow { millis: 400 });
        let dispatcher = post.dispatcher();
        thread::scope(|scope| {
            let sends = scope.spawn(|| dispatcher.dispatch_once());
            while post.world.one("SELECT COUNT(*) FROM ledger WHERE outcome = 'done'") < 4 {
                let intended = post.world.one("SELECT COUNT(*) FROM outbox WHERE intent");
                assert!(intended <= 4, "the connection takes four at a time, not {intended}");
                thread::sleep(Duration::from_millis(5));
            }
            assert!(post.world.one("SELECT COUNT(*) FROM outbox") > 0, "results are written while others are under way");
            assert_eq!(sends.join().expect("it ends"), Ok(delivered(15)));
        });
    }

    held_paused_and_aborted(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        let engine = &post.world.engine;
        let dispatcher = post.dispatcher();
        deliver::hold_all(engine, true).expect("held");
        assert_eq!((dispatcher.dispatch_once(), dispatcher.next_due()), (Ok(Dispatched::default()), Ok(None)));
        deliver::hold_all(engine, false).expect("let go");
        lifecycle::command(engine, "hello", Verb::Pause, "test").expect("paused");
        assert_eq!((dispatcher.dispatch_once(), dispatcher.next_due()), (Ok(Dispatched::default()), Ok(None)));
        lifecycle::command(engine, "hello", Verb::Resume, "test").expect("resumed");
        assert!(dispatcher.next_due().expect("an answer").is_some());
        lifecycle::command(engine, "hello", Verb::Abort, "test").expect("aborted");
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { skipped: 15, ..Dispatched::default() }));
        post.is(&[("skipped:journey_aborted", EXECUTIONS)]);
        assert!(post.smtp.messages().is_empty());
    }

    a_connection_without_its_secret_is_a_problem_and_nothing_is_lost(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path().with_extension("missing");
        post.world.apply(&format!(
            "{{kind: connection, key: mail, type: smtp, settings: {{host: 127.0.0.1, port: {}, security: none, username: acme, \
               from: {{name: Acme, email: news@acme.example}}}}, secrets: {{password: {{file: '{}'}}}}}}",
            post.smtp.port, path.display()
        ));
        post.sends("welcome", "");
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { retried: 1, ..Dispatched::default() }), "one finds out");
        let problems = post.world.engine.store().read(deliver::lane_problems).expect("problems");
        assert_eq!(problems[0].code, "secret_missing");
        assert!(problems[0].message.contains("password"), "{}", problems[0].message);
        post.is(&[("pending", EXECUTIONS)]);
    }

    a_simulation_records_what_would_leave(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        let recorder = Arc::new(Recorder::new(2));
        let dispatcher = Dispatcher::recording(&post.world.engine, delivery(), Arc::clone(&recorder));
        post.execute("UPDATE person SET unsubscribed = TRUE WHERE key = 'p-5-0'");
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 14, skipped: 1, ..Dispatched::default() }));
        let taken = recorder.taken();
        let welcome = &taken[&(Taken::Email, "welcome".to_owned())];
        assert_eq!((taken.len(), welcome.count, welcome.emails.len()), (1, 14, 2));
        assert_eq!(welcome.emails[0].subject, "Hello Clerk");
        assert!(post.smtp.messages().is_empty());
    }
}

/// Three dispatchers, as three processes would have, on three lanes.
#[test]
fn many_lanes_and_dispatchers_share_the_work() {
    let post = Post::new(World::postgres("2026-12-01T09:00:00Z"));
    post.sends("welcome", "");
    post.execute("UPDATE outbox SET lane = 'email:mail/' || CAST(id % 3 AS TEXT)");
    let dispatchers: Vec<Dispatcher> = (0..3)
        .map(|_| {
            let surroundings = post.surroundings();
            Dispatcher::new(&post.world.engine, Delivery { wave: 2, ..delivery() }, surroundings)
        })
        .collect();
    let done = thread::scope(|scope| {
        let threads: Vec<_> = dispatchers.iter().map(|d| scope.spawn(|| d.dispatch_once())).collect();
        threads.into_iter().map(|t| t.join().expect("it ends")).collect::<Result<Vec<_>, StoreError>>()
    });
    assert_eq!(done.expect("rounds").iter().map(|done| done.delivered).sum::<usize>(), 15);
    assert_eq!(post.accepted().len(), 15);
    post.is(&[("done", EXECUTIONS)]);
}
