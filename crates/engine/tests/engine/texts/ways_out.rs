//! Ways out of texts: words, links and what they count for; and what short links tell.

use caravan_engine::machines::Visitor;
use caravan_engine::{figures, texts, tracking};
use caravan_store::text_answers::{self, AnswerFilter, AnswerRow};
use caravan_testkit::twilio::NUMBER;
use serde_json::json;

use crate::support::post::keys as signing;
use crate::support::{World, on_both_stores};
use crate::texts::{PUBLIC, Texting};

on_both_stores! {
    an_opt_out_counts_for_the_last_text_that_the_number_got_from_the_sender(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        let number = |key: &str, n: u8| texting.set(key, &format!("mobile_phone = '+1555900000{n}'"));
        number("p-5-0", 1);
        number("p-5-1", 2);
        number("p-5-2", 3);
        texting.sends("ping");
        texting.dispatch();
        texting.world.clock.advance_to("2026-12-02T09:00:00Z".parse().expect("an instant"));
        texting.sends_more("second", "code");
        texting.dispatch();
        let unsubscribes = |journey: &str| {
            let asked = figures::Asked { journey: Some(journey.to_owned()), ..figures::Asked::default() };
            let found = figures::figures(&texting.world.engine, &asked, figures::By::Node).expect("figures");
            found.iter().map(|row| row.unsubscribes).sum::<i64>()
        };
        texting.writes("+15559000001", "stop", "SMa", None);
        texting.writes("+15559000001", "stop", "SMb", None);
        assert_eq!((unsubscribes("hello"), unsubscribes("second")), (0, 1), "the last one, once");
        let told = texting.world.text("SELECT fields FROM activity WHERE type = 'sms_opted_out'");
        let told: serde_json::Value = serde_json::from_str(&told).expect("fields");
        assert_eq!(told, json!({"how": "keyword", "sms_message": "code", "journey": "second", "node": "text"}));
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM activity a JOIN person p ON p.id = a.person_id WHERE a.type = 'sms_opted_out' AND p.key = 'p-5-0' AND a.enrollment_id IS NOT NULL"), 1);

        // Twilio alone has heard of it, and refuses the next one: it counts for the one before.
        let said = json!({"from": "+15559000002", "to": NUMBER, "text": "stop", "url": "http://127.0.0.1:1/"});
        texting.twilio.writes(&said);
        texting.sends_more("third", "code");
        texting.dispatch();
        assert_eq!((unsubscribes("hello"), unsubscribes("second"), unsubscribes("third")), (0, 2, 0));

        // Another sender's stop is not held against this one's text, and after thirty days it is nobody's.
        let url = format!("{PUBLIC}/hooks/texts/twilio");
        texting.twilio.writes(&json!({"from": "+15559000003", "to": "+15550000009", "text": "stop", "sid": "SMc", "url": url}));
        assert_eq!(texting.told("sms_opted_out"), 2);
        texting.world.clock.advance_to("2027-01-02T09:00:01Z".parse().expect("an instant"));
        texting.writes("+15559000003", "stop", "SMd", None);
        assert_eq!(texting.told("sms_opted_out"), 2);
    }

    a_text_that_nobody_can_answer_carries_a_link_by_which_the_number_opts_out(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        let engine = &texting.world.engine;
        texting.set("p-5-0", "mobile_phone = '+15559000001'");
        texting.set("p-5-1", "mobile_phone = '+1 555 900 0001'");
        texting.world.apply(
            "kind: journey\nkey: hello\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: text\nnodes:\n  \
             text: {type: action, on: people, action: send_sms, sms_message: ping, sender: Acme, next: null}\n",
        );
        texting.world.publish("hello");
        texting.world.run();
        texting.dispatch();
        let code = texting.world.text("SELECT MIN(k.code) FROM short_link k JOIN ledger l ON l.id = k.effect_id WHERE l.address = '+15559000001' AND k.link = 65534");
        let sent = texting.twilio.messages().into_iter().filter_map(|message| Some(message["body"].as_str()?.to_owned()));
        let line = format!("\nOpt out: {PUBLIC}/s/{code}");
        assert!(sent.filter(|body| body.ends_with(&line)).count() == 1, "on a line of its own");

        let page = texts::followed(engine, &signing(), &code, Some(&Visitor::default())).expect("read").expect("a page");
        let token = page.strip_prefix("/t/u/").expect("the page on which one opts out");
        let shown = tracking::opt_out_page(engine, &signing(), token).expect("a page");
        assert_eq!((shown.address.as_deref(), shown.texts, shown.opted_out), (Some("••••01"), true, false));
        let out = "SELECT COUNT(*) FROM text_consent WHERE phone = '+15559000001' AND sender = 'Acme' AND value = 'n' AND source = 'link'";
        assert_eq!((texting.world.one(out), texting.told("sms_clicked"), texting.told("sms_opted_out")), (0, 0, 0), "looking changes nothing");
        for _ in 0..2 {
            let done = tracking::opt_out(engine, &signing(), token, tracking::OptOut::Page).expect("done");
            assert!(done.opted_out && done.texts);
        }
        assert_eq!((texting.world.one(out), texting.told("sms_opted_out")), (1, 1), "once");
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM person WHERE sms_consent = 'n'"), 2, "all who have the number");
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM person WHERE unsubscribed"), 0, "emails go on");
        let found = figures::figures(engine, &figures::Asked::default(), figures::By::Total).expect("figures");
        assert_eq!(found.iter().map(|row| row.unsubscribes).sum::<i64>(), 1);
        assert!(tracking::opt_out_page(engine, &signing(), token).expect("a page").opted_out);

        // The recipient is out even when nothing of the message is left, however their number is written.
        texting.world.sql("UPDATE person SET sms_consent = 'y'");
        for table in ["message_use", "delivery_report", "ledger", "text_consent"] {
            texting.world.sql(&format!("DELETE FROM {table}"));
        }
        tracking::opt_out(engine, &signing(), token, tracking::OptOut::Page).expect("done");
        let person = signing().verify(token).expect("ours").person.expect("a recipient");
        assert_eq!(texting.world.one(&format!("SELECT COUNT(*) FROM person WHERE sms_consent = 'n' AND id = {}", person.0)), 1);
    }

    short_links_name_the_campaign_and_tell_the_site_who_comes_where_that_is_wished(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, ", link_parameters: {utm_source: sms, a: '2', utm_campaign: '{{ journey.key }}.{{ sms_message.key }}', utm_content: '{{ email.key }}'}");
        let engine = &texting.world.engine;
        let leads_to = |visitor: Option<&Visitor>| {
            let code = texting.world.text("SELECT MIN(code) FROM short_link");
            texts::followed(engine, &signing(), &code, visitor).expect("read").expect("a target")
        };
        texting.sends("ping");
        texting.dispatch();
        let plain = "https://acme.example/start?a=1&utm_campaign=hello.ping&utm_source=sms";
        assert_eq!(leads_to(Some(&Visitor::default())), plain, "nobody is named without being asked");
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM message_use WHERE kind = 'clicked' AND url = 'https://acme.example/start'"), 1);

        texting.world.sql("DELETE FROM short_link");
        texting.world.apply("{kind: sms_message, key: ping, connection: twilio, type: marketing, shorten_links: true, visitor_token: true, body: 'https://acme.example/start?a=1.'}");
        texting.sends_more("second", "ping");
        texting.dispatch();
        assert_eq!(leads_to(None), plain.replace("hello", "second"), "who only looks is nobody");
        let told = leads_to(Some(&Visitor::default()));
        let token = told.split_once("&caravan_visitor=").expect("a token").1;
        let token = signing().verify(token).expect("ours");
        assert_eq!(token.purpose, tracking::Purpose::Visitor);
        let person = texting.world.one("SELECT l.person_id FROM short_link k JOIN ledger l ON l.id = k.effect_id ORDER BY k.code LIMIT 1");
        assert_eq!(token.person.map(|person| person.0), Some(person));
    }

    own_words_are_understood_and_a_stop_from_a_sentence_is_marked(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, ", stop_words: [Abmelden], start_words: [Anmelden], stop_reply: Bye, start_reply: Hello again, default_reply: We read this on Monday");
        texting.set("p-5-0", "mobile_phone = '+15559000001'");
        let said = |text: &str, sid: &str| texting.writes("+15559000001", text, sid, None).1;
        let consent = || texting.world.text("SELECT sms_consent FROM person WHERE key = 'p-5-0'");
        assert_eq!((said("abmelden", "SM1"), consent().as_str()), ("Bye".to_owned(), "n"));
        assert_eq!(said("abmelden", "SM1"), "", "again is once");
        assert_eq!((said("Anmelden!", "SM2"), consent().as_str()), ("Hello again".to_owned(), "y"));
        assert_eq!(texting.writes("+15559000001", "Anmelden", "SM3", Some("START")).1, "", "Twilio has answered");
        assert_eq!(said("When do you open?", "SM4"), "We read this on Monday");
        assert_eq!(said("Hello?", "SM5"), "", "two machines do not talk for ever");
        texting.world.clock.advance_to("2026-12-02T09:00:00Z".parse().expect("an instant"));
        assert_eq!(said("Hello?", "SM6"), "We read this on Monday");
        let marked = "SELECT COUNT(*) FROM activity WHERE type = 'sms_received' AND CAST(fields AS TEXT) LIKE '%for_review%'";
        assert_eq!(texting.world.one(marked), 0);
        assert_eq!((said("Leave me alone, and where is my order?", "SM7"), consent().as_str()), ("Bye".to_owned(), "n"));
        assert_eq!(texting.world.one(marked), 1);
    }

    a_stop_from_a_sentence_waits_for_somebody_with_the_text_that_it_answered(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        for (key, n) in [("p-5-0", 1), ("p-5-1", 1), ("p-5-2", 2)] {
            texting.set(key, &format!("mobile_phone = '+1555900000{n}'"));
        }
        let waiting = || {
            let read = |s: &mut dyn caravan_store::Session| text_answers::page(s, &AnswerFilter::default(), None, 10);
            let rows = texting.world.engine.store().read(read).expect("answers");
            let told = |(row, _): (AnswerRow, _)| (row.person.1, row.answered.map(|it| (it.sms_message, it.journey, it.node)));
            rows.into_iter().map(told).collect::<Vec<_>>()
        };
        texting.writes("+15559000002", "Leave me alone, and where is my order?", "SM0", None);
        assert_eq!(waiting(), [("p-5-2".to_owned(), None)], "nothing was sent yet");
        texting.sends("ping");
        texting.dispatch();
        texting.world.clock.advance_to("2026-12-02T09:00:00Z".parse().expect("an instant"));
        texting.sends_more("second", "code");
        texting.dispatch();
        texting.writes("+15559000001", "stop", "SM1", None);
        texting.writes("+15559000001", "What is this?", "SM2", None);
        assert_eq!(waiting().len(), 1, "the word alone is no question, and what is no stop is none");
        for _ in 0..2 {
            texting.writes("+15559000001", "Leave me alone, and where is my order?", "SM3", None);
        }
        let last = Some(("code".to_owned(), Some("second".to_owned()), Some("text".to_owned())));
        let mut both = waiting();
        both.truncate(2);
        both.sort();
        assert_eq!(both, [("p-5-0".to_owned(), last.clone()), ("p-5-1".to_owned(), last)], "all who have the number, once");
        assert_eq!(waiting().len(), 3);
    }
}
