//! What may leave, how much and how fast, judged at the last moment on real stores through a real SMTP server.

use crate::support::post::{EXECUTIONS, Post, delivered, delivery, keys};
use crate::support::{World, on_both_stores};
use caravan_engine::connections;
use caravan_engine::deliver::{self, Delivery, Dispatched, Dispatcher, Settlement};
use caravan_engine::status::{self, Asked, Stand};
use caravan_model::EffectId;
use caravan_model::document::DocumentKind;
use caravan_testkit::{Behaviour, Stage};

on_both_stores! {
    gates_are_judged_when_a_message_leaves(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        for (who, change) in [
            ("p-5-0", "unsubscribed = TRUE"),
            ("p-5-1", "email_invalid = TRUE"),
            ("p-5-2", "email_suspended = TRUE"),
            ("p-6-0", "marketing_suspended = TRUE"),
            ("p-6-1", "email = NULL"),
            ("p-6-2", "email = 'nobody'"),
            ("p-7-0", "email = 'Blocked@Example.com'"),
            ("p-7-1", "email = 'Opted.Out@example.com'"),
            ("p-7-2", "email = 'new@example.com'"),
        ] {
            post.execute(&format!("UPDATE person SET {change} WHERE key = '{who}'"));
        }
        post.execute("DELETE FROM person WHERE key = 'p-8-0'");
        post.execute("INSERT INTO suppression (address, reason, added_at) VALUES ('blocked@example.com', 'manual', 0), ('opted.out@example.com', 'unsubscribed', 0)");
        let done = post.dispatcher().dispatch_once();
        assert_eq!(done, Ok(Dispatched { delivered: 6, skipped: 9, ..Dispatched::default() }));
        post.is(&[
            ("done", 6),
            ("skipped:email_invalid", 2),
            ("skipped:email_missing", 1),
            ("skipped:email_suspended", 1),
            ("skipped:marketing_suspended", 1),
            ("skipped:person_deleted", 1),
            ("skipped:suppressed", 1),
            ("skipped:unsubscribed", 2),
        ]);
        assert_eq!(post.told("email_skipped"), 9);
        let for_whom = |outcome: &str, reason: Option<&str>| {
            let wanted = Some((outcome.to_owned(), reason.map(str::to_owned)));
            let asked = Asked { node: Some("mail".to_owned()), stand: Stand::Reached, outcome: wanted, ..Asked::default() };
            let page = post.world.travellers_as_asked("hello", &asked);
            let who = |row: &status::TravellerRow| row.outcomes.iter().filter_map(|it| Some(it.person.as_ref()?.key.clone())).collect::<Vec<_>>().join("+");
            page.iter().map(|row| format!("{} {}", row.traveller.key, who(row))).collect::<Vec<_>>()
        };
        assert_eq!(for_whom("skipped", Some("email_invalid")), ["a-5 p-5-1", "a-6 p-6-2"]);
        assert_eq!(for_whom("skipped", Some("email_missing")), ["a-6 p-6-1"]);
        assert_eq!(for_whom("done", None).last().expect("somebody"), "a-9 p-9-0+p-9-1+p-9-2");
        assert!(for_whom("failed", None).is_empty());
        assert!(post.smtp.messages().iter().any(|m| m.rcpt_to == ["new@example.com"]), "the address is the one of now");
    }

    operational_mail_asks_for_no_consent_but_for_an_address_that_works(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("invoice", "");
        post.execute("UPDATE person SET unsubscribed = TRUE, marketing_suspended = TRUE");
        post.execute("UPDATE person SET email_invalid = TRUE WHERE key = 'p-5-0'");
        post.execute("INSERT INTO suppression (address, reason, added_at) VALUES ('p-5-1@example.com', 'unsubscribed', 0), ('p-5-2@example.com', 'manual', 0), ('@rival.example', 'manual', 0)");
        post.execute("UPDATE person SET email = 'Eve@Rival.example' WHERE key = 'p-6-0'");
        post.execute("UPDATE person SET email = 'eve@not-rival.example' WHERE key = 'p-6-1'");
        post.dispatcher().dispatch_once().expect("a round");
        post.is(&[("done", 12), ("skipped:email_invalid", 1), ("skipped:suppressed", 2)]);
        assert_eq!(post.smtp.messages()[0].header("List-Unsubscribe"), None);
    }

    caps_count_by_person_and_by_address_and_are_given_back(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: rule_set, key: gentle, global: true, caps: [{name: daily, channels: [email], at_most: 1, per: day}], state: live}",
        );
        post.execute("UPDATE person SET email = 'office@example.com' WHERE key IN ('p-5-0', 'p-6-0')");
        post.sends("welcome", "");
        post.smtp.behave_to("p-7-0@example.com", &Behaviour::Reply { stage: Stage::Rcpt, reply: "554 5.4.4 no route".into() });
        let dispatcher = post.dispatcher();
        dispatcher.dispatch_once().expect("a round");
        post.is(&[("done", 13), ("failed:bounced_soft", 1), ("skipped:limit_reached", 1)]);
        let used = "SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM cap_window";
        assert_eq!(post.world.one(used), 26, "by person and by address; what failed was given back");

        post.smtp.behave(&Behaviour::Accept);
        let failed = post.world.one("SELECT id FROM ledger WHERE outcome = 'failed'");
        deliver::settle(&post.world.engine, EffectId(failed), Settlement::Resend).expect("settled");
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(1)), "it was not counted");
        assert_eq!(post.world.one(used), 28);

        post.advance(86_400);
        post.world.apply("{kind: email, key: again, connection: mail, subject: Again, rule_set: gentle, body: {html: <p>Again</p>}}");
        post.world.apply(
            "kind: journey\nkey: next\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: mail\nnodes:\n  \
             mail: {type: action, on: people, action: send_email, email: again, next: null}\n",
        );
        post.world.publish("next");
        post.world.run();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 14, skipped: 1, ..Dispatched::default() }), "a new day");
        assert_eq!(post.world.one(used), 28, "yesterday's windows are swept away");
    }

    places_of_a_message_in_doubt_are_kept_until_somebody_gives_it_up(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: rule_set, key: gentle, global: true, caps: [{name: daily, channels: [email], at_most: 1, per: day}], \
              account_pressure: [{name: few, channels: [email], people_at_most: 3, per: day}], state: live}",
        );
        post.sends("welcome", "");
        post.smtp.behave_to("p-5-0@example.com", &Behaviour::DropAfterData);
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 14, in_doubt: 1, ..Dispatched::default() }));
        let used = || post.world.one("SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM cap_window");
        assert_eq!(used(), 45, "it may have arrived: by person, by address and by account");
        let doubted = EffectId(post.world.one("SELECT id FROM ledger WHERE outcome = 'in_doubt'"));
        deliver::settle(&post.world.engine, doubted, Settlement::GiveUp).expect("given up");
        post.is(&[("done", 14), ("skipped:given_up", 1)]);
        assert_eq!(used(), 42);
        post.smtp.behave(&Behaviour::Accept);
        post.world.apply("{kind: email, key: again, connection: mail, subject: Again, body: {html: <p>Again</p>}}");
        post.world.apply(
            "kind: journey\nkey: next\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: mail\nnodes:\n  \
             mail: {type: action, on: people, action: send_email, email: again, next: null}\n",
        );
        post.world.publish("next");
        post.world.run();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 1, skipped: 14, ..Dispatched::default() }));
    }

    an_account_is_not_pressed(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: rule_set, key: gentle, global: true, account_pressure: [{name: few, channels: [email], people_at_most: 2, per: week}], state: live}",
        );
        post.sends("welcome", "");
        post.dispatcher().dispatch_once().expect("a round");
        post.is(&[("done", 10), ("skipped:limit_reached", 5)]);
        let most = "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM ledger WHERE outcome = 'done' GROUP BY account_id) AS by_account";
        assert_eq!(post.world.one(most), 2, "two people of each account");
    }

    quiet_hours_in_the_recipients_zone_hold_a_message(world at "2026-12-01T21:30:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: rule_set, key: gentle, global: true, caps: [{name: daily, channels: [email], at_most: 1, per: day}], \
              quiet_hours: [{from: '21:00', to: '08:00', zone: own, then: queue}], state: live}",
        );
        post.execute("UPDATE person SET time_zone = 'Europe/Berlin' WHERE key = 'p-5-0'");
        post.execute("UPDATE person SET time_zone = 'America/New_York' WHERE key = 'p-5-1'");
        post.sends("welcome", "");
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 14, retried: 1, ..Dispatched::default() }));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM outbox WHERE code IS NULL AND attempt = 0"), 1, "that is nobody's attempt");
        assert_eq!(post.world.engine.store().read(deliver::lane_problems), Ok(vec![]), "nor anybody's problem");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM cap_use WHERE key LIKE '%person:%'"), 14, "what waits is not counted yet");
        assert_eq!(dispatcher.next_due().expect("an answer"), Some("2026-12-02T07:00:00Z".parse().expect("an instant")));
        post.world.clock.advance_to("2026-12-02T07:00:00Z".parse().expect("an instant"));
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(1)));
    }

    proof_5_duplicates_caps_quiet_hours_and_opt_outs_after_the_journey_decided(world at "2026-12-01T20:30:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: rule_set, key: gentle, global: true, caps: [{name: daily, channels: [email], at_most: 1, per: day}], \
              quiet_hours: [{from: '21:00', to: '08:00', zone: own, then: queue}], state: live}",
        );
        post.execute("UPDATE person SET time_zone = 'Europe/Berlin' WHERE key IN ('p-5-0', 'p-5-1', 'p-5-2')");
        post.execute("UPDATE person SET email = 'office@example.com' WHERE key IN ('p-6-0', 'p-7-0')");
        post.world.apply("{kind: email, key: again, connection: mail, subject: Again, body: {html: <p>Again</p>}}");
        post.world.apply(
            "kind: journey\nkey: hello\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\n\
             deduplicate_email: true\nentry: mail\nnodes:\n  \
             mail: {type: action, on: people, action: send_email, email: welcome, next: rest}\n  \
             rest: {type: wait, duration: 2h, next: again}\n  \
             again: {type: action, on: people, action: send_email, email: again, next: null}\n",
        );
        post.world.publish("hello");
        post.world.run();
        post.execute("UPDATE person SET unsubscribed = TRUE WHERE key = 'p-8-0'");
        let dispatcher = post.dispatcher();
        let first = Dispatched { delivered: 10, skipped: 2, retried: 3, ..Dispatched::default() };
        assert_eq!(dispatcher.dispatch_once(), Ok(first), "three sleep in Berlin, one left, one shares an address");
        post.execute("UPDATE person SET unsubscribed = TRUE WHERE key = 'p-5-1'");
        post.advance(7_200);
        post.world.run();
        let second = Dispatched { skipped: 13, retried: 2, ..Dispatched::default() };
        assert_eq!(dispatcher.dispatch_once(), Ok(second), "one a day, and one more has left");
        post.world.clock.advance_to("2026-12-02T07:00:00Z".parse().expect("an instant"));
        let third = Dispatched { delivered: 2, skipped: 3, ..Dispatched::default() };
        assert_eq!(dispatcher.dispatch_once(), Ok(third), "in Berlin it is eight");
        post.is(&[("done", 12), ("skipped:duplicate_address", 1), ("skipped:unsubscribed", 2)]);
        let counts = post.world.counts("hello");
        let of_second = |kind: &str| counts.get(&format!("again {kind}")).copied().unwrap_or_default();
        let over = of_second("skipped:limit_reached") + of_second("skipped:duplicate_address");
        assert_eq!((over, of_second("skipped:unsubscribed"), of_second("done"), of_second("pending")), (13, 2, 0, 0));
        let mut reached: Vec<String> = post.smtp.messages().into_iter().flat_map(|m| m.rcpt_to).collect();
        reached.sort();
        reached.dedup();
        assert_eq!((reached.len(), post.accepted().len(), post.told("email_skipped")), (12, 12, 18), "nobody twice");
    }

    quiet_hours_that_discard_skip_the_message(world at "2026-12-24T21:30:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: rule_set, key: eve, global: true, quiet_hours: [{dates: [2026-12-24], from: '12:00', to: '12:00', then: discard}], state: live}",
        );
        post.sends("welcome", "");
        post.sends_operational();
        post.dispatcher().dispatch_once().expect("a round");
        post.is(&[("skipped:quiet_hours", EXECUTIONS)]);
        assert_eq!(post.accepted().len(), 15, "operational mail goes");
    }

    a_trial_reaches_nobody_else(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply("{kind: settings, key: settings, organisation: Acme, allow_list: [P-5-0@example.com, '@trial.example']}");
        post.execute("UPDATE person SET email = 'ben@trial.example' WHERE key = 'p-6-0'");
        post.sends("invoice", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(Dispatched { delivered: 2, skipped: 13, ..Dispatched::default() }));
        post.is(&[("done", 2), ("skipped:not_on_allow_list", 13)]);
    }

    the_gates_judge_in_their_order(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        post.execute("UPDATE person SET unsubscribed = TRUE, marketing_suspended = TRUE, email_suspended = TRUE, email_invalid = TRUE");
        for (who, change) in [
            ("p-5-1", "email_invalid = FALSE"),
            ("p-5-2", "email_invalid = FALSE"),
            ("p-6-0", "email_invalid = FALSE"),
            ("p-6-1", "email_invalid = FALSE, email_suspended = FALSE"),
            ("p-6-2", "email_invalid = FALSE, email_suspended = FALSE, marketing_suspended = FALSE"),
            ("p-7-0", "email_invalid = FALSE, email_suspended = FALSE, marketing_suspended = FALSE, unsubscribed = FALSE"),
        ] {
            post.execute(&format!("UPDATE person SET {change} WHERE key = '{who}'"));
        }
        post.execute("INSERT INTO suppression (address, reason, added_at) VALUES ('p-5-1@example.com', 'block_list', 0), \
            ('p-5-2@example.com', 'bounced_hard', 0), ('p-7-0@example.com', 'complained', 0)");
        post.dispatcher().dispatch_once().expect("a round");
        post.is(&[
            ("skipped:bounced_before", 1),
            ("skipped:complained", 1),
            ("skipped:email_invalid", 9),
            ("skipped:email_suspended", 1),
            ("skipped:marketing_suspended", 1),
            ("skipped:suppressed", 1),
            ("skipped:unsubscribed", 1),
        ]);
    }

    a_connection_keeps_its_pace(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(&format!(
            "{{kind: connection, key: mail, type: smtp, settings: {{host: 127.0.0.1, port: {}, security: none, per_second: 4, \
               from: {{name: Acme, email: news@acme.example}}}}}}",
            post.smtp.port
        ));
        post.sends("welcome", "");
        let (one, other) = (post.dispatcher(), post.dispatcher());
        assert_eq!(one.dispatch_once(), Ok(delivered(4)), "one second's worth");
        assert_eq!(other.dispatch_once(), Ok(Dispatched::default()), "another process finds nothing left");
        post.is(&[("done", 4), ("pending", 11)]);
        for done in [4, 4, 3] {
            post.advance(1);
            assert_eq!(one.dispatch_once(), Ok(delivered(done)));
        }
        assert_eq!(post.world.engine.store().read(deliver::lane_problems), Ok(vec![]));
    }

    a_new_sender_hands_over_as_many_a_day_as_its_plan_says(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let plan = |days: &str| post.world.apply(&format!(
            "{{kind: settings, key: settings, organisation: Acme, postal_address: x, time_zone: Europe/Berlin}}\n---\n\
             {{kind: connection, key: mail, type: smtp, settings: {{host: 127.0.0.1, port: {}, security: none, \
               warm_up: {{starts: 2026-12-01, days: {days}}}, from: {{name: Acme, email: news@acme.example}}}}}}",
            post.smtp.port
        ));
        plan("[4, 6]");
        post.sends("welcome", "");
        let today = || {
            let state = connections::state(&post.world.engine, DocumentKind::Connection, "mail").expect("the connection");
            state.warm_up.map(|warm_up| (warm_up.day, warm_up.most, warm_up.handed, warm_up.full))
        };
        let is = |day: &str, most, handed, full| Some((day.to_owned(), most, handed, full));
        let (one, other) = (post.dispatcher(), post.dispatcher());
        let round = || {
            let done = [one.dispatch_once(), other.dispatch_once()];
            done.into_iter().map(|done| done.expect("a round").delivered).sum::<usize>()
        };
        assert_eq!(today(), is("2026-12-01", 4, 0, false));
        assert_eq!(round(), 4, "two processes hand over no more than one");
        assert_eq!(today(), is("2026-12-01", 4, 4, true));
        // 22:59 in Berlin, and midnight.
        post.advance(12 * 3_600 + 59 * 60);
        assert_eq!(round(), 0);
        post.is(&[("done", 4), ("pending", 11)]);
        post.advance(3_600 + 60);
        assert_eq!((round(), today()), (6, is("2026-12-02", 6, 6, true)));
        plan("[4, 8]");
        post.advance(60);
        assert_eq!((round(), today()), (2, is("2026-12-02", 8, 8, true)), "a plan that was changed holds at once");
        post.advance(86_400);
        assert_eq!((round(), today()), (3, None), "it is over");
        post.is(&[("done", 15)]);
        assert_eq!(post.world.engine.store().read(deliver::lane_problems), Ok(vec![]));
    }

    a_destination_that_asks_for_less_gets_less(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.execute("UPDATE person SET email = key || '@slow.example' WHERE key LIKE 'p-5-%'");
        post.sends("welcome", "");
        post.smtp.behave_to("@slow.example", &Behaviour::Reply { stage: Stage::Rcpt, reply: "421 4.7.28 too much mail".into() });
        let dispatcher = post.dispatcher();
        let done = dispatcher.dispatch_once().expect("a round");
        assert_eq!((done.delivered, done.failed), (12, 0), "the others are not held up");
        post.is(&[("done", 12), ("pending", 3)]);
        assert_eq!(post.world.one("SELECT COUNT(*) FROM pace WHERE name = 'to/mail/slow.example' AND refusals >= 1"), 1);
        post.smtp.behave(&Behaviour::Accept);
        post.advance(5);
        dispatcher.dispatch_once().expect("a round");
        post.is(&[("done", 12), ("pending", 3)]);
        for _ in 0..10 {
            post.advance(60);
            dispatcher.dispatch_once().expect("a round");
        }
        post.is(&[("done", 15)]);
        assert_eq!(post.world.one("SELECT refusals FROM pace WHERE name = 'to/mail/slow.example'"), 0);
    }

    who_opted_out_and_then_bounced_gets_no_operational_mail_either(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.engine.store().write(|s| -> Result<(), caravan_store::StoreError> {
            let now = s.now()?;
            let at = |address: &str| vec![address.to_owned()];
            for (address, reasons) in [("p-5-0@example.com", ["unsubscribed", "bounced_hard"]), ("p-5-1@example.com", ["bounced_hard", "unsubscribed"])] {
                for reason in reasons {
                    caravan_store::ledger::suppress(s, &at(address), reason, now)?;
                }
            }
            caravan_store::ledger::suppress(s, &at("p-5-2@example.com"), "unsubscribed", now)
        }).expect("they are listed");
        post.sends("invoice", "");
        post.dispatcher().dispatch_once().expect("a round");
        post.is(&[("done", 13), ("skipped:bounced_before", 2)]);
    }

    an_address_that_rests_is_not_written_to_however_it_is_written_and_whoever_has_it(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.execute("UPDATE person SET email = 'P-5-0@Example.com' WHERE key IN ('p-5-0', 'p-6-0')");
        post.execute("INSERT INTO soft_bounce (address, bounces, first_at, last_at, rests_until) VALUES \
                      ('p-5-0@example.com', 3, 0, 0, 99999999999999999), ('p-5-1@example.com', 2, 0, 0, NULL)");
        post.sends("invoice", "");
        post.dispatcher().dispatch_once().expect("a round");
        post.is(&[("done", 13), ("skipped:email_suspended", 2)]);
    }

    a_destination_that_refuses_the_sender_is_told_of_and_gets_less_and_nobody_is_to_blame(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.execute("UPDATE person SET email = key || '@strict.example' WHERE key LIKE 'p-5-%'");
        post.sends("welcome", "");
        let reply = "550 5.7.26 Unauthenticated mail is not accepted".into();
        post.smtp.behave_to("@strict.example", &Behaviour::Reply { stage: Stage::Rcpt, reply });
        post.dispatcher().dispatch_once().expect("a round");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM ledger WHERE outcome = 'done'"), 12, "the others are not held up");
        let refused = post.world.one("SELECT COUNT(*) FROM ledger WHERE reason = 'refused_by_policy'");
        assert!(refused >= 1);
        assert_eq!(post.world.one("SELECT COUNT(*) FROM pace WHERE name = 'to/mail/strict.example' AND refusals >= 1"), 1);
        assert_eq!(post.world.one("SELECT COUNT(*) FROM suppression"), 0);
        let told = |since: &str| {
            let since = since.parse().expect("an instant");
            post.world.engine.store().read(|s| caravan_store::reports::refused_by_policy(s, since)).expect("a store")
        };
        let problem = told("2026-12-01T08:00:00Z").expect("a problem");
        assert_eq!(problem.count, refused);
        assert!(problem.said.expect("words").contains("5.7.26"));
        assert_eq!(told("2026-12-01T10:00:00Z"), None, "what is long ago is no problem any more");
    }

    domains_behind_the_same_servers_are_one_destination(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.execute("UPDATE person SET email = key || '@one.example' WHERE key LIKE 'p-5-%'");
        post.execute("UPDATE person SET email = key || '@two.example' WHERE key LIKE 'p-6-%'");
        let zone = caravan_testkit::Dns::start(&["one.example MX 10 mx1.hoster.example.", "two.example MX 5 MX2.eu.hoster.example.", "two.example MX 20 mx.other.example."]);
        let dns = caravan_connect::dns::Dns::at(zone.addr, post.runtime.handle()).expect("a DNS");
        let surroundings = post.surroundings();
        let dispatcher = Dispatcher::new(&post.world.engine, Delivery { dns: Some(dns), ..delivery() }, surroundings);
        post.sends("welcome", "");
        post.smtp.behave_to("@one.example", &Behaviour::Reply { stage: Stage::Rcpt, reply: "421 4.7.28 too much mail".into() });
        // The first refusal may come before the DNS has answered; then it counts for the domain.
        let of_hoster = "SELECT COUNT(*) FROM pace WHERE name = 'to/mail/hoster.example' AND refusals >= 1";
        let mut rounds = 0;
        while post.world.one(of_hoster) == 0 {
            rounds += 1;
            assert!(rounds < 100, "the servers behind the domains are never known");
            dispatcher.dispatch_once().expect("a round");
            post.advance(60);
        }
        post.sends_operational();
        let before = post.smtp.messages().iter().filter(|m| m.was_accepted() && m.rcpt_to[0].ends_with("@two.example")).count();
        post.execute("UPDATE pace SET tokens = 0, rests_until = 99999999999999999 WHERE name = 'to/mail/hoster.example'");
        dispatcher.dispatch_once().expect("a round");
        let after = post.smtp.messages().iter().filter(|m| m.was_accepted() && m.rcpt_to[0].ends_with("@two.example")).count();
        assert_eq!(after, before, "the other domain of the same hoster waits too");
        assert!(post.world.one("SELECT COUNT(*) FROM outbox WHERE not_before > 90000000000000000") >= 6);
    }

    a_silent_dns_holds_nothing_up(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.execute("UPDATE person SET email = key || '@' || key || '.example'");
        let zone = caravan_testkit::Dns::start(&[]);
        zone.falls_silent();
        let dns = caravan_connect::dns::Dns::at(zone.addr, post.runtime.handle()).expect("a DNS");
        let surroundings = post.surroundings();
        post.sends("welcome", "");
        let began = std::time::Instant::now();
        let dispatcher = Dispatcher::new(&post.world.engine, Delivery { dns: Some(dns), ..delivery() }, surroundings);
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(15)));
        assert!(began.elapsed() < std::time::Duration::from_secs(40), "nobody waits for the answers about fifteen domains");
    }

    mail_of_a_sending_domain_is_signed_and_its_reports_return_by_message(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let key = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(key.path(), caravan_testkit::keys::RSA_2048).expect("a key");
        post.world.apply(&format!(
            "{{kind: sending_domain, key: acme, domain: acme.example, dkim: [{{selector: c1}}], return_path: bounce.acme.example, \
               secrets: {{dkim_private_key: {{file: '{}'}}}}}}\n---\n\
             {{kind: email, key: foreign, connection: mail, subject: Hello, from: {{email: '{{{{ person.key }}}}@other.example'}}, body: {{html: <p>Hi</p>}}}}",
            key.path().display()
        ));
        post.sends("welcome", "");
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(15)));
        for message in post.smtp.messages() {
            let signature = message.header("DKIM-Signature").expect("a signature").replace(char::is_whitespace, "");
            assert!(signature.contains("d=acme.example;s=c1;") && signature.contains("list-unsubscribe-post"), "{signature}");
            let (returns, effect) = caravan_connect::verp::read(&keys(), &message.mail_from).expect("one of ours");
            assert_eq!(returns, caravan_connect::verp::Returns::Bounce);
            let key = message.header("X-Caravan-Key").expect("a key");
            assert_eq!(post.world.one(&format!("SELECT COUNT(*) FROM ledger WHERE id = {} AND key = '{key}'", effect.0)), 1);
            let ways_out = message.header("List-Unsubscribe").expect("a way out");
            assert!(ways_out.contains("<mailto:u+") && ways_out.contains("@bounce.acme.example>"), "{ways_out}");
        }
        let records = deliver::dns_records(&post.world.engine, "acme").expect("the store").expect("the domain").expect("its keys");
        assert_eq!((records[0].name.as_str(), records[0].record_type), ("c1._domainkey.acme.example", "TXT"));

        post.world.apply(
            "kind: journey\nkey: next\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: mail\nnodes:\n  \
             mail: {type: action, on: people, action: send_email, email: foreign, next: null}\n",
        );
        post.world.publish("next");
        post.world.run();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { failed: 15, ..Dispatched::default() }));
        assert_eq!(post.world.counts("next").get("mail failed:from_domain_not_allowed"), Some(&15));
    }

    one_message_for_an_address_where_the_journey_says_so(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.execute("UPDATE person SET email = 'Office@example.com' WHERE key IN ('p-5-0', 'p-5-1', 'p-6-0')");
        post.execute("UPDATE person SET email = 'office@EXAMPLE.com' WHERE key = 'p-7-2'");
        post.sends("welcome", "deduplicate_email: true");
        let one_by_one = Dispatcher::new(
            &post.world.engine,
            Delivery { wave: 2, ..delivery() },
            post.surroundings(),
        );
        assert_eq!(one_by_one.dispatch_once(), Ok(Dispatched { delivered: 12, skipped: 3, ..Dispatched::default() }));
        post.is(&[("done", 12), ("skipped:duplicate_address", 3)]);
    }
}
