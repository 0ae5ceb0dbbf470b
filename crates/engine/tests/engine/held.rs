//! What holds messages back: that people see it with its hour, how long it may last, and whom limits protect.

use std::sync::Arc;

use crate::support::post::{Post, delivered, delivery};
use crate::support::{World, at, on_both_stores};
use caravan_connect::{Connector, ConnectorFacts, Outcome, Outgoing};
use caravan_engine::Engine;
use caravan_engine::deliver::{self, Delivery, Dispatched, Dispatcher};
use caravan_engine::status::{self, HeldMessages, Stand};
use caravan_model::{Clock, EnrollmentId};
use caravan_testkit::{Behaviour, Stage};
use jiff::{SignedDuration, Timestamp};

const FEW: &str = "{kind: rule_set, key: gentle, global: true, \
    account_pressure: [{name: few, channels: [email], people_at_most: 2, per: week}], state: live}";

fn night(zone: &str) -> String {
    format!(
        "{{kind: rule_set, key: gentle, global: true, \
           quiet_hours: [{{from: '21:00', to: '08:00', zone: {zone}, then: queue}}], state: live}}"
    )
}

fn held(reason: &str, count: i64, until: Option<Timestamp>) -> HeldMessages {
    HeldMessages { reason: reason.to_owned(), count, until }
}

/// What is held at the node `mail`.
fn held_at_mail(post: &Post) -> Vec<HeldMessages> {
    let status = post.world.status("hello");
    status.nodes["mail"].outcomes.as_ref().expect("its outcomes").held.clone()
}

/// Publishes a person journey that sends an email, and lets those in for whom a condition holds.
fn sends_to(post: &Post, key: &str, when: &str) {
    post.world.apply(&format!(
        "{{kind: audience, key: for-{key}, subject: person, when: {when}}}\n---\n\
         kind: journey\nkey: {key}\nsubject: person\naudience: {{audience: for-{key}}}\nend: 2027-06-30T00:00:00Z\nentry: mail\nnodes:\n  \
         mail: {{type: action, on: people, action: send_email, email: welcome, next: rest}}\n  \
         rest: {{type: wait, duration: 2d, next: null}}\n"
    ));
    post.world.publish(key);
    post.world.run();
}

/// Takes a minute and a second for a message, while which everybody opts out.
struct SlowDoor {
    engine: Engine,
    clock: Clock,
}

impl Connector for SlowDoor {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "slow",
            deduplicates: false,
            max_batch: 1,
            parallel: 1,
            sender: Some("news@acme.example".to_owned()),
            per_second: None,
            warm_up: None,
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        let opt_out = "UPDATE person SET unsubscribed = TRUE";
        self.engine.store().write(|s| s.execute(opt_out, &[])).expect("they opt out");
        self.clock.advance_to(self.clock.now() + SignedDuration::from_secs(61));
        batch.iter().map(|_| Outcome::Delivered { remote_id: None, detail: String::new() }).collect()
    }

    fn check(&self) -> Result<String, String> {
        Ok("it is slow".to_owned())
    }
}

on_both_stores! {
    what_quiet_hours_hold_is_seen_with_its_hour(world at "2026-12-01T21:30:00Z") {
        let post = Post::new(world);
        post.world.apply(&night("own"));
        post.execute("UPDATE person SET time_zone = 'Europe/Berlin' WHERE key IN ('p-5-0', 'p-5-1')");
        post.execute("UPDATE person SET time_zone = 'Europe/Lisbon' WHERE key = 'p-6-0'");
        post.sends("welcome", "");
        let dispatcher = post.dispatcher();
        dispatcher.dispatch_once().expect("a round");
        let at_eight = Some(at("2026-12-02T07:00:00Z"));
        assert_eq!(held_at_mail(&post), [held("quiet_hours", 3, at_eight)], "the next of three go on when Berlin wakes");
        post.is(&[("done", 12), ("pending", 3)]);

        let engine = &post.world.engine;
        let listed = |stand| {
            post.world.travellers("hello", "mail", stand).into_iter().map(|row| (row.traveller.key, row.id, row.held)).collect::<Vec<_>>()
        };
        let [(five, trip, of_five), (six, _, of_six)] = listed(Stand::Held).try_into().expect("two trips hold mail");
        assert_eq!((five.as_str(), of_five), ("a-5", vec![held("quiet_hours", 2, at_eight)]));
        assert_eq!((six.as_str(), of_six), ("a-6", vec![held("quiet_hours", 1, Some(at("2026-12-02T08:00:00Z")))]));
        assert_eq!(listed(Stand::Reached).len(), 5);

        let trip_id = EnrollmentId(post.world.one("SELECT MIN(enrollment_id) FROM outbox"));
        assert_eq!(trip, trip_id.to_string());
        let seen = || status::timeline(engine, "hello", trip_id).expect("a timeline");
        assert_eq!(seen().held, [held("quiet_hours", 2, at_eight)]);
        let waiting = |timeline: status::TripTimeline| {
            let outcomes = timeline.items.into_iter().flat_map(|item| item.outcomes);
            outcomes.filter(|o| o.outcome == "pending").map(|o| (o.reason, o.until)).collect::<Vec<_>>()
        };
        assert_eq!(waiting(seen()), vec![(Some("quiet_hours".to_owned()), at_eight); 2]);

        deliver::hold_all(engine, true).expect("held");
        assert_eq!(held_at_mail(&post), [held("hold", 3, None)], "nothing goes at eight while everything is held");
        assert_eq!(waiting(seen()), vec![(Some("hold".to_owned()), None); 2]);
        deliver::hold_all(engine, false).expect("let go");
        post.world.clock.advance_to(at("2026-12-02T08:00:00Z"));
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(3)));
        assert_eq!((held_at_mail(&post), seen().held), (vec![], vec![]));
    }

    what_a_full_day_and_a_pause_hold_is_seen(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(&format!(
            "{{kind: connection, key: mail, type: smtp, settings: {{host: 127.0.0.1, port: {}, security: none, \
               warm_up: {{starts: 2026-12-01, days: [4]}}, from: {{name: Acme, email: news@acme.example}}}}}}",
            post.smtp.port
        ));
        post.sends("welcome", "");
        assert_eq!(held_at_mail(&post), [], "they may go at once");
        post.dispatcher().dispatch_once().expect("a round");
        assert_eq!(held_at_mail(&post), [held("warm_up", 11, Some(at("2026-12-02T00:00:00Z")))]);
        post.execute("UPDATE document SET paused = TRUE WHERE kind = 'journey'");
        assert_eq!(held_at_mail(&post), [held("journey_paused", 11, None)]);
    }

    only_quiet_hours_use_up_the_week_of_a_message(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(&night("UTC"));
        deliver::hold_all(&post.world.engine, true).expect("held");
        post.sends("welcome", "");
        let dispatcher = post.dispatcher();
        post.world.clock.advance_to(at("2026-12-11T22:00:00Z"));
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched::default()), "everything is held");
        deliver::hold_all(&post.world.engine, false).expect("let go");
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { retried: 15, ..Dispatched::default() }));
        deliver::hold_all(&post.world.engine, true).expect("held again, for longer than the week");
        post.world.clock.advance_to(at("2026-12-22T22:00:00Z"));
        deliver::hold_all(&post.world.engine, false).expect("let go");
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { retried: 15, ..Dispatched::default() }), "one more night");
        post.world.clock.advance_to(at("2026-12-23T08:00:00Z"));
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(15)));
    }

    a_week_of_quiet_hours_drops_a_message_at_its_last_second(world at "2026-12-02T00:00:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: rule_set, key: gentle, global: true, quiet_hours: [\
               {dates: [2026-12-01, 2026-12-02, 2026-12-03, 2026-12-04, 2026-12-05, 2026-12-06, 2026-12-07, 2026-12-08], \
                from: '12:00', to: '12:00', zone: UTC, then: queue}], state: live}",
        );
        post.sends("welcome", "");
        let dispatcher = post.dispatcher();
        let mut times = 0;
        for day in 2..=8 {
            for hour in ["00", "12"] {
                post.world.clock.advance_to(at(&format!("2026-12-{day:02}T{hour}:00:00Z")));
                times += dispatcher.dispatch_once().expect("a round").retried;
            }
        }
        assert_eq!(times, 15 * 8, "anew at the end of each");
        assert_eq!(held_at_mail(&post), [held("quiet_hours", 15, Some(at("2026-12-09T00:00:00Z")))], "no longer than a week");
        post.world.clock.advance_to(at("2026-12-08T23:59:59Z"));
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched::default()));
        post.world.clock.advance_to(at("2026-12-09T00:00:00Z"));
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { skipped: 15, ..Dispatched::default() }));
        post.is(&[("skipped:quiet_hours_expired", 15)]);
        assert_eq!(post.told("email_skipped"), 15);
    }

    quiet_hours_of_exactly_a_week_let_a_message_go(world at "2026-12-02T00:00:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: rule_set, key: gentle, global: true, quiet_hours: [\
               {dates: [2026-12-02, 2026-12-03, 2026-12-04, 2026-12-05, 2026-12-06, 2026-12-07, 2026-12-08], \
                from: '00:00', to: '00:00', zone: UTC, then: queue}], state: live}",
        );
        post.sends("welcome", "");
        let dispatcher = post.dispatcher();
        for day in 2..=8 {
            post.world.clock.advance_to(at(&format!("2026-12-{day:02}T00:00:00Z")));
            assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { retried: 15, ..Dispatched::default() }));
        }
        post.world.clock.advance_to(at("2026-12-09T00:00:00Z"));
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(15)));
    }

    messages_of_person_journeys_press_on_all_accounts_of_their_people(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(FEW);
        post.execute("INSERT INTO account_person (account_id, person_id) SELECT a.id, p.id FROM account AS a, person AS p WHERE a.key = 'a-5' AND p.key = 'p-6-0'");
        post.smtp.behave_to("p-5-0@example.com", &Behaviour::Reply { stage: Stage::Rcpt, reply: "550 5.1.1 nobody".into() });
        let places = |account: &str| post.world.one(&format!(
            "SELECT COUNT(*) FROM cap_use WHERE key LIKE '%account:' || (SELECT CAST(id AS TEXT) FROM account WHERE key = '{account}') || '|%'"
        ));
        let dispatcher = post.dispatcher();
        sends_to(&post, "alone", "{person: key, is: [p-5-0, p-6-0]}");
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 1, failed: 1, ..Dispatched::default() }));
        assert_eq!((places("a-5"), places("a-6")), (1, 1), "she takes a place in both; what failed gave its place back");

        sends_to(&post, "more", "{person: key, is: [p-5-1, p-5-2, p-6-1]}");
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 2, skipped: 1, ..Dispatched::default() }));
        assert_eq!((places("a-5"), places("a-6")), (2, 2), "one of a-5 was one too many");
        sends_to(&post, "again", "{person: key, is: [p-6-0, p-6-2]}");
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 1, skipped: 1, ..Dispatched::default() }), "she counts once");
        assert_eq!(post.world.counts("again").get("mail skipped:limit_reached"), Some(&1));
    }

    two_dispatchers_together_never_press_more_on_an_account(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply(FEW);
        sends_to(&post, "alone", "{all: []}");
        let one_by_one = || Dispatcher::new(&post.world.engine, Delivery { wave: 1, ..delivery() }, post.surroundings());
        let (one, other) = (one_by_one(), one_by_one());
        std::thread::scope(|scope| {
            for dispatcher in [&one, &other] {
                scope.spawn(|| while !dispatcher.dispatch_once().expect("a round").is_idle() {});
            }
        });
        assert_eq!(post.accepted().len(), 20, "two people of each of ten accounts");
        assert_eq!(post.world.one("SELECT MAX(used) FROM cap_window WHERE key LIKE '%account:%'"), 2);
        assert_eq!(post.world.one("SELECT COUNT(*) FROM ledger WHERE reason = 'limit_reached'"), 10);
    }

    quiet_hours_that_discard_take_who_travels_alone_out(world at "2026-12-24T21:30:00Z") {
        let post = Post::new(world);
        post.world.apply(
            "{kind: rule_set, key: eve, global: true, quiet_hours: [{dates: [2026-12-24], from: '12:00', to: '12:00', then: discard}], state: live}",
        );
        sends_to(&post, "alone", "{person: key, is: [p-5-0, p-6-0]}");
        post.dispatcher().dispatch_once().expect("a round");
        post.world.run();
        let travellers = post.world.status("alone").travellers;
        assert_eq!((travellers.entered, travellers.removed, travellers.active), (2, 2, 0));
        assert_eq!(post.world.counts("alone").get("mail skipped:quiet_hours"), Some(&2));
    }

    who_opts_out_between_judging_and_handing_over_gets_nothing(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.sends("welcome", "");
        // One leaves at a time; the others were judged with it, and opt out while it is under way.
        let (engine, clock) = (post.world.engine.clone(), post.world.clock.clone());
        let door: Arc<dyn Connector> = Arc::new(SlowDoor { engine, clock });
        let dispatcher = Dispatcher::through(&post.world.engine, delivery(), move |_, _| Arc::clone(&door));
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(1)), "what was judged more than a minute ago does not leave");
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { skipped: 14, ..Dispatched::default() }));
        post.is(&[("done", 1), ("skipped:unsubscribed", 14)]);
    }

    an_address_is_free_once_the_first_trip_has_ended_and_other_journeys_do_not_see_it(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        let office = "'p-4-0', 'p-5-0', 'p-6-0'";
        post.execute(&format!("UPDATE person SET email = 'office@example.com' WHERE key IN ({office})"));
        post.execute(&format!("DELETE FROM account_person WHERE person_id NOT IN (SELECT id FROM person WHERE key IN ({office}))"));
        let lists = |accounts: &str| {
            post.world.apply(&format!("{{kind: account_list, key: picked, type: static, accounts: [{accounts}], state: live}}"));
            post.world.run();
        };
        let hello = |key: &str| {
            post.world.apply(&format!(
                "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: picked}}\nend: 2027-06-30T00:00:00Z\n\
                 deduplicate_email: true\nentry: mail\nnodes:\n  \
                 mail: {{type: action, on: people, action: send_email, email: welcome, next: rest}}\n  \
                 rest: {{type: wait, duration: 2d, next: null}}\n"
            ));
            post.world.publish(key);
            post.world.run();
        };
        let dispatcher = post.dispatcher();
        lists("a-4");
        hello("first");
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(1)));
        hello("other");
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(1)), "another journey does not see the lock");
        lists("a-4, a-5");
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { skipped: 2, ..Dispatched::default() }), "those trips are under way");
        post.advance(3 * 86_400);
        post.world.run();
        lists("a-4, a-5, a-6");
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(2)), "those trips have ended");
        assert_eq!(post.world.counts("first").get("mail skipped:duplicate_address"), Some(&1));
    }
}
