//! What the provider reports of the account, and texts whose answer was lost.

use caravan_engine::deliver::Dispatched;
use caravan_engine::runtime::Deliver as _;
use caravan_engine::texts;

use crate::support::{World, on_both_stores};
use crate::texts::Texting;

on_both_stores! {
    what_the_account_lacks_rests_the_connection_in_every_process_until_one_message_arrives(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.set("p-5-0", "mobile_phone = '+15005552034'");
        texting.sends("ping");
        assert_eq!(texting.dispatch().delivered, 15);
        texting.wait_for("sms_failed", 1);
        let troubles = || texting.troubles();
        let [trouble] = troubles().try_into().expect("one");
        assert_eq!((trouble.code.as_str(), trouble.rests_until), ("30034", Some("2026-12-01T09:10:00Z".parse().expect("an instant"))));
        assert!(trouble.message.contains("Register brand and campaign"), "{}", trouble.message);
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM suppression"), 0, "nobody's number is to blame");
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM connection_health WHERE NOT well AND code = 'sms_not_set_up'"), 1);
        texting.report_again("p-5-0", 30034);
        assert_eq!(texting.world.one("SELECT messages FROM text_trouble"), 1, "the same report says it once");

        texting.sends_more("one", "code");
        let other = texting.dispatcher();
        assert_eq!(other.dispatch_once().expect("a round"), Dispatched::default(), "another process rests too");
        assert_eq!(other.next_due().expect("a time"), trouble.rests_until);
        texting.world.clock.advance_to("2026-12-01T09:10:00Z".parse().expect("an instant"));
        texting.set("p-5-0", "mobile_phone = '+15005552034'");
        assert_eq!(texting.dispatch().delivered, 1, "one finds out");
        texting.wait_for("sms_failed", 2);
        let again = troubles().pop().expect("it still stands").rests_until;
        assert_eq!(again, Some("2026-12-01T09:30:00Z".parse().expect("an instant")), "twice as long");

        texting.world.clock.advance_to("2026-12-01T09:30:00Z".parse().expect("an instant"));
        assert_eq!(texting.dispatch().delivered, 1);
        texting.wait_for("sms_delivered", 15);
        assert_eq!(troubles(), [], "it arrived");
        assert_eq!(texting.dispatch().delivered, 13);
    }

    what_was_let_through_and_not_heard_of_again_lets_the_others_go_and_so_does_a_hand(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        let engine = &texting.world.engine;
        texting.world.sql("UPDATE person SET mobile_phone = '+15005552000' WHERE key <> 'p-5-0'");
        texting.set("p-5-0", "mobile_phone = '+15005552034'");
        texting.sends("ping");
        texting.dispatch();
        texting.wait_for("sms_failed", 1);
        texting.sends_more("one", "code");
        texting.world.sql("UPDATE outbox SET body = REPLACE(body, '+15005552034', '+15005552000')");
        texting.set("p-5-0", "mobile_phone = '+15005552000'");
        let at = |time: &str| texting.world.clock.advance_to(time.parse().expect("an instant"));
        at("2026-12-01T09:10:00Z");
        assert_eq!(texting.dispatch().delivered, 1);
        assert_eq!(texting.dispatch().delivered, 0, "until it is known what became of it");
        at("2026-12-01T09:20:00Z");
        assert_eq!(texting.dispatch().delivered, 14, "no news is good news");
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM text_trouble"), 0);

        texting.set("p-5-0", "mobile_phone = '+15005552034'");
        texting.sends_more("two", "code");
        texting.dispatch();
        texting.wait_for("sms_failed", 2);
        assert_eq!(texts::go_on(engine, "other"), Ok(false));
        assert_eq!(texts::go_on(engine, "twilio"), Ok(true), "somebody says that it is settled");
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM text_trouble"), 0);
    }

    a_daily_cap_rests_until_the_next_day_and_filtered_texts_are_only_told(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.set("p-5-0", "mobile_phone = '+15005552023'");
        texting.set("p-5-1", "mobile_phone = '+15005552007'");
        texting.sends("ping");
        texting.dispatch();
        texting.wait_for("sms_failed", 2);
        let told: Vec<_> = texting.troubles().into_iter().map(|trouble| (trouble.code, trouble.rests_until)).collect();
        let midnight = "2026-12-02T00:00:00Z".parse().expect("an instant");
        assert_eq!(told, [("30007".to_owned(), None), ("30023".to_owned(), Some(midnight))]);
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM suppression"), 0);
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM person WHERE sms_consent = 'n'"), 0, "nobody is to blame");
        assert_eq!(texting.dispatcher().next_due(), Ok(None));
    }

    a_text_whose_answer_was_lost_is_looked_for_at_the_provider(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.twilio.set_clock("2026-12-01T09:00:00+00:00");
        texting.world.apply("{kind: sms_message, key: ping, connection: twilio, type: marketing, body: Hello}");
        texting.set("p-5-0", "mobile_phone = '+15005552010'");
        texting.sends("ping");
        texting.dispatch();
        texting.set("p-5-0", "mobile_phone = '+15005551998'");
        texting.sends_more("other", "code");
        texting.dispatch();
        let doubt = || texting.world.one("SELECT COUNT(*) FROM ledger WHERE outcome = 'in_doubt'");
        assert_eq!(doubt(), 1, "its answer was lost");
        texting.sends_more("second", "ping");
        texting.dispatch();
        texting.sends_more("third", "ping");
        texting.dispatch();
        assert_eq!(doubt(), 3, "two of them with the same words");
        let dispatcher = texting.dispatcher();
        assert_eq!(dispatcher.fetch_returned(), Ok(0), "a report may come still");
        // Of one nobody can tell any more what it said.
        texting.world.sql("UPDATE ledger SET body = REPLACE(body, 'code', 'gone') WHERE outcome = 'in_doubt' AND body LIKE '%\"sms_message\":\"code\"%'");
        texting.world.clock.advance_to("2026-12-01T09:05:00Z".parse().expect("an instant"));
        assert_eq!(dispatcher.fetch_returned(), Ok(3));
        assert_eq!(doubt(), 1);
        assert_eq!(texting.world.one("SELECT COUNT(DISTINCT remote_id) FROM ledger WHERE outcome = 'done' AND address = '+15005551998'"), 2, "each its own");
        let found = "SELECT COUNT(*) FROM ledger l JOIN delivery_report r ON r.effect_id = l.id WHERE l.outcome = 'done' AND l.address = '+15005551998' AND r.state = 'delivered'";
        assert_eq!(texting.world.one(found), 2);
        assert_eq!(texting.world.counts("second").get("text in_doubt").copied().unwrap_or_default(), 0);
        texting.world.clock.advance_to("2026-12-05T09:05:00Z".parse().expect("an instant"));
        for _ in 0..20 {
            texting.world.clock.advance_to(texting.world.clock.now() + jiff::SignedDuration::from_hours(24));
            dispatcher.fetch_returned().expect("asked");
        }
        assert_eq!((doubt(), texting.world.one("SELECT COUNT(*) FROM text_unheard WHERE remote_id = ''")), (1, 0), "nobody is asked for ever");
    }
}
