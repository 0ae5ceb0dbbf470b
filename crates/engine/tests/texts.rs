//! Text messages through a strict double of Twilio, its reports and what people answer; on both stores.

mod support;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use caravan_connect::Surroundings;
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::texts::Alphabet;
use caravan_engine::content::{PreviewRequest, longest_text, preview_text, text_of};
use caravan_engine::deliver::{Dispatched, Dispatcher};
use caravan_engine::machines::Visitor;
use caravan_engine::runtime::Deliver as _;
use caravan_engine::texts::{self, Call};
use caravan_engine::{Engine, figures, import, tracking};
use caravan_testkit::twilio::{ACCOUNT_SID, AUTH_TOKEN, NUMBER, Twilio};
use serde_json::json;
use support::post::{EXECUTIONS, delivery, keys as signing};
use support::{World, on_both_stores};

const PUBLIC: &str = "https://go.acme.example";

/// An installation that sends through the double, and is called back by it.
struct Texting {
    world: World,
    twilio: Twilio,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Texting {
    fn new(world: World, more: &str) -> Self {
        let world = world.with_people(10, 3);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let route = format!("{PUBLIC}=http://127.0.0.1:{}", listener.local_addr().expect("an address").port());
        let engine = world.engine.clone();
        thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(|call| answer(&engine, call)));
        let (twilio, folder) = (Twilio::start(&[route]), tempfile::tempdir().expect("a folder"));
        let token = folder.path().join("token");
        std::fs::write(&token, AUTH_TOKEN).expect("a secret");
        world.apply(&format!(
            "{{kind: connection, key: twilio, type: twilio, settings: {{account_sid: {ACCOUNT_SID}, from: '{NUMBER}', \
               base_url: 'http://127.0.0.1:{}', help_reply: Acme news & more{more}}}, secrets: {{auth_token: {{file: '{}'}}}}}}\n---\n\
             {{kind: account_list, key: big, type: dynamic, when: {{account: employees, at_least: 500}}, state: live}}\n---\n\
             {{kind: sms_message, key: ping, connection: twilio, type: marketing, shorten_links: true, body: 'Hi {{{{ person.key }}}}, see https://acme.example/start?a=1.'}}\n---\n\
             {{kind: sms_message, key: code, connection: twilio, type: transactional, body: Your code}}",
            twilio.port,
            token.display()
        ));
        world.sql(
            "UPDATE person SET mobile_phone = '+1 555 867-0' || SUBSTR(CAST(1000 + id AS TEXT), 2), sms_consent = 'y'",
        );
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { world, twilio, runtime: runtime.expect("a runtime"), _folder: folder }
    }

    fn sends(&self, message: &str) {
        self.world.apply(&format!(
            "kind: journey\nkey: hello\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\nentry: text\nnodes:\n  \
             text: {{type: action, on: people, action: send_sms, sms_message: {message}, next: null}}\n"
        ));
        self.world.publish("hello");
        self.world.run();
    }

    /// Another journey that sends a message to everybody.
    fn sends_more(&self, key: &str, message: &str) {
        self.world.apply(&format!(
            "kind: journey\nkey: {key}\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\nentry: text\nnodes:\n  \
             text: {{type: action, on: people, action: send_sms, sms_message: {message}, next: null}}\n"
        ));
        self.world.publish(key);
        self.world.run();
    }

    fn troubles(&self) -> Vec<texts::AccountTrouble> {
        let engine = &self.world.engine;
        let found = engine.store().read(|s| {
            let (live, now) = (engine.live(s)?, s.now()?);
            texts::troubles(s, &live, now)
        });
        found.expect("troubles")
    }

    /// The double reports a failure of the message to a person once more.
    fn report_again(&self, person: &str, code: i64) {
        let effect = self
            .world
            .one(&format!("SELECT l.id FROM ledger l JOIN person p ON p.id = l.person_id WHERE p.key = '{person}'"));
        let said = json!({"url": format!("{PUBLIC}/hooks/texts/twilio?m={effect}"), "sid": "SMx", "status": "undelivered", "code": code});
        assert_eq!(self.twilio.reports(&said), 200);
    }

    fn dispatch(&self) -> Dispatched {
        self.dispatcher().dispatch_once().expect("a round")
    }

    fn dispatcher(&self) -> Dispatcher {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a range")]);
        let (clock, runtime) = (self.world.clock.clone(), self.runtime.handle().clone());
        let surroundings = Surroundings { clock, runtime, outbound: Outbound::new(guard) };
        Dispatcher::new(&self.world.engine, delivery(), surroundings)
    }

    fn set(&self, key: &str, change: &str) {
        self.world.sql(&format!("UPDATE person SET {change} WHERE key = '{key}'"));
    }

    /// Waits until so many activities of a type were told: the double reports in its own time.
    fn wait_for(&self, activity: &str, count: i64) {
        let begun = Instant::now();
        while self.told(activity) < count {
            assert!(begun.elapsed() < Duration::from_secs(20), "{} of {count} {activity}", self.told(activity));
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn told(&self, activity: &str) -> i64 {
        self.world.one(&format!("SELECT COUNT(*) FROM activity WHERE type = '{activity}'"))
    }

    fn count(&self, kind: &str) -> i64 {
        self.world.counts("hello").get(&format!("text {kind}")).copied().unwrap_or_default()
    }

    fn writes(&self, from: &str, text: &str, sid: &str, opt_out_type: Option<&str>) -> (u64, String) {
        let url = format!("{PUBLIC}/hooks/texts/twilio");
        let said =
            json!({"from": from, "to": NUMBER, "text": text, "sid": sid, "opt_out_type": opt_out_type, "url": url});
        self.twilio.writes(&said)
    }
}

/// What a reply in TwiML says.
fn said_in(reply: &str) -> String {
    let message = reply.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>"));
    message.map(|(text, _)| text.replace("&amp;", "&")).unwrap_or_default()
}

/// The other side of the hook: reads one call and hands it to the engine as the API does.
fn answer(engine: &Engine, mut call: TcpStream) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let whole = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_lowercase().starts_with(name))?;
            line.split_once(": ").map(|(_, value)| value.trim().to_owned())
        };
        let length: usize = header("content-length")?.parse().ok()?;
        let path = head.split(' ').nth(1)?.to_owned();
        (body.len() >= length).then(|| (path, header("x-twilio-signature"), body.to_owned()))
    };
    let (path, signature, body) = loop {
        if let Some(whole) = whole(&bytes) {
            break whole;
        }
        match call.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(n) => bytes.extend(&piece[..n]),
        }
    };
    let url = format!("{PUBLIC}{path}");
    let headers: Vec<_> = signature.map(|by| ("x-twilio-signature".to_owned(), by)).into_iter().collect();
    let received = texts::received(engine, "twilio", &Call { url: &url, headers: &headers, body: body.as_bytes() });
    let (status, text) = match received {
        Ok(reply) => ("200 OK", said_in(&reply.body)),
        Err(refused) => ("403 Forbidden", refused.to_string()),
    };
    let _ = write!(call, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len());
}

on_both_stores! {
    a_text_leaves_once_is_reported_and_its_link_followed(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.sends("ping");
        assert_eq!(texting.dispatch(), Dispatched { delivered: 15, ..Dispatched::default() });
        assert_eq!((texting.count("done"), texting.told("sms_sent")), (EXECUTIONS, EXECUTIONS));
        texting.wait_for("sms_delivered", EXECUTIONS);
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM delivery_report WHERE state = 'delivered'"), EXECUTIONS);
        let code = texting.world.engine.store().read(|s| {
            use caravan_store::SessionExt as _;
            s.query_one("SELECT MIN(code) FROM short_link", &[], |r| Ok::<_, caravan_store::StoreError>(r.string(0)))
        }).expect("a link");
        let engine = &texting.world.engine;
        assert_eq!(texts::followed(engine, &signing(), &code, None).expect("a target").as_deref(), Some("https://acme.example/start?a=1"));
        assert_eq!(texting.told("sms_clicked"), 0, "looking where it leads is no click");
        texts::followed(engine, &signing(), &code, Some(&Visitor::default())).expect("a target");
        let now = texting.world.clock.now();
        texting.world.clock.advance_to(now + jiff::SignedDuration::from_secs(1));
        assert_eq!(caravan_engine::tracking::tell_held_clicks(engine), Ok(1));
        assert_eq!(texting.told("sms_clicked"), 1);
        assert_eq!(texts::followed(engine, &signing(), "nothing", Some(&Visitor::default())), Ok(None));
    }

    tv_n1_tv_n2_nobody_is_texted_without_a_word_and_the_senders_word_comes_first(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.sends("ping");
        texting.world.sql("UPDATE person SET sms_consent = NULL");
        texting.set("p-5-0", "sms_consent = 'y', mobile_phone = '+1 555 900 0001'");
        texting.set("p-5-1", "sms_consent = 'n', mobile_phone = '+1 555 900 0002'");
        let file = format!("phone,sender,consent\n+15559000001,{NUMBER},n\n+15559000002,{NUMBER},y\n");
        let (kind, options) = (import::ImportKind::Consents, import::ImportOptions::default());
        let done = import::import(&texting.world.engine, &kind, file.as_bytes(), import::FileFormat::Csv, &options, &mut ());
        assert_eq!(done.expect("an import").created, 2);
        assert_eq!(texting.dispatch(), Dispatched { delivered: 1, skipped: 14, ..Dispatched::default() });
        let texted = "SELECT p.key FROM ledger AS l JOIN person AS p ON p.id = l.person_id WHERE l.outcome = 'done'";
        assert_eq!(texting.world.rows(texted, |r| r.string(0)), ["p-5-1"], "TV-N2: in general no, to the sender yes");
        assert_eq!(texting.count("skipped:opted_out"), 1, "TV-N2: in general yes, to the sender no");
        assert_eq!(texting.count("skipped:no_consent"), 13, "TV-N1");
    }

    nobody_gets_marketing_without_having_said_so(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.sends("ping");
        texting.set("p-5-0", "sms_consent = NULL");
        texting.set("p-5-1", "sms_consent = 'n'");
        texting.set("p-5-2", "mobile_phone = NULL");
        texting.set("p-6-0", "mobile_phone = '0151 1234567'");
        texting.set("p-6-1", "marketing_suspended = TRUE");
        texting.set("p-6-2", "mobile_phone = '+1 555 900 0001', sms_consent = NULL");
        texting.set("p-7-0", "mobile_phone = '+1 555 900 0002'");
        texting.world.sql(&format!(
            "INSERT INTO text_consent (phone, sender, value, source, changed_at) VALUES \
             ('+15559000001', '{NUMBER}', 'y', 'form', 0), ('+15559000002', '{NUMBER}', 'n', 'keyword', 0)"
        ));
        assert_eq!(texting.dispatch(), Dispatched { delivered: 9, skipped: 6, ..Dispatched::default() });
        for (reason, count) in [("no_consent", 1), ("opted_out", 2), ("phone_missing", 1), ("phone_invalid", 1), ("marketing_suspended", 1)] {
            assert_eq!(texting.count(&format!("skipped:{reason}")), count, "{reason}");
        }
        assert_eq!(texting.told("sms_skipped"), 6);
    }

    a_text_is_limited_by_the_rule_set_that_it_names(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.world.apply(
            "{kind: rule_set, key: texts, caps: [{name: daily, channels: [sms], at_most: 1, per: day}], state: live}\n---\n\
             {kind: sms_message, key: ping, connection: twilio, type: marketing, rule_set: texts, body: Hi}",
        );
        for person in ["p-5-0", "p-5-1"] {
            texting.set(person, "mobile_phone = '+1 555 900 0001'");
        }
        texting.sends("ping");
        assert_eq!(texting.dispatch(), Dispatched { delivered: 14, skipped: 1, ..Dispatched::default() });
        assert_eq!(texting.count("skipped:limit_reached"), 1, "two people share a number");
    }

    a_transactional_text_asks_for_no_consent(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.world.sql("UPDATE person SET sms_consent = 'n'");
        texting.sends("code");
        assert_eq!(texting.dispatch(), Dispatched { delivered: 15, ..Dispatched::default() });
    }

    what_the_provider_says_about_numbers_is_kept(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        for (who, number) in [("p-5-0", "+15005550001"), ("p-5-1", "+15005552005"), ("p-5-2", "+15005552001"), ("p-6-0", "+15005551999")] {
            texting.set(who, &format!("mobile_phone = '{number}'"));
        }
        texting.sends("ping");
        let done = texting.dispatch();
        assert_eq!((done.delivered + done.in_doubt, done.failed), (14, 1), "{done:?}");
        texting.wait_for("sms_failed", 2);
        texting.wait_for("sms_delivered", 13);
        assert_eq!(texting.count("in_doubt"), 0, "a report settles what was in doubt");
        assert_eq!((texting.count("done"), texting.count("failed:bad_number")), (14, 1));
        let suppressed = "SELECT COUNT(*) FROM suppression WHERE reason = 'bad_number' AND address IN ('+15005550001', '+15005552005')";
        assert_eq!(texting.world.one(suppressed), 2);
        let shuffled = "SELECT COUNT(*) FROM delivery_report WHERE state = 'delivered' AND effect_id IN (SELECT id FROM ledger WHERE address = '+15005552001')";
        assert_eq!(texting.world.one(shuffled), 1, "of two ends the first holds");
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM ledger"), EXECUTIONS);
    }

    stop_ends_texts_for_everybody_with_the_number_and_start_begins_them(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.set("p-5-0", "mobile_phone = '+1 (555) 900-0001'");
        texting.set("p-5-1", "mobile_phone = '+15559000001'");
        texting.sends("code");
        assert_eq!(texting.dispatch().delivered, 15);
        assert_eq!(texting.writes("+15559000001", "Stop.", "SMa", None), (200, String::new()));
        assert_eq!(texting.writes("+15559000001", "Stop.", "SMa", None), (200, String::new()), "again is once");
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM person WHERE sms_consent = 'n'"), 2, "all who have the number");
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM text_consent WHERE phone = '+15559000001' AND value = 'n'"), 1);
        assert_eq!(texting.told("sms_received"), 2);
        assert_eq!(texting.writes("+15559000001", "HELP", "SMb", None), (200, "Acme news & more".to_owned()));
        assert_eq!(texting.writes("+15559000001", "HELP", "SMc", Some("HELP")), (200, String::new()), "Twilio has answered");
        texting.writes("+15559000001", "START", "SMd", None);
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM person WHERE sms_consent = 'n'"), 0);
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM text_consent WHERE value = 'y'"), 1);
    }

    a_stop_holds_however_the_sender_is_written_and_for_whoever_has_the_number_later(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        let said = |phone: &str, sender: &str, value: &str, source: &str| {
            texting.world.sql(&format!("INSERT INTO text_consent (phone, sender, value, source, changed_at) VALUES ('{phone}', '{sender}', '{value}', '{source}', 0)"));
        };
        for (n, key) in ["p-5-0", "p-5-1", "p-5-2", "p-6-0"].iter().enumerate() {
            texting.set(key, &format!("mobile_phone = '+1555900000{n}'"));
        }
        // To the sender of the journey; to another sender, before anybody here had the number; in a file, about another
        // sender; to another sender, and back.
        said("+15559000000", NUMBER, "n", "import");
        said("+15559000001", "+15550000009", "n", "keyword");
        said("+15559000002", "+15550000009", "n", "import");
        said("+15559000003", "+15550000009", "n", "keyword");
        said("+15559000003", "+15550000008", "y", "keyword");
        texting.world.apply(
            "kind: journey\nkey: hello\nsubject: account\naudience: {account_list: big}\nend: 2027-06-30T00:00:00Z\nentry: text\nnodes:\n  \
             text: {type: action, on: people, action: send_sms, sms_message: ping, sender: '+1 (500) 555-0006', next: null}\n",
        );
        texting.world.publish("hello");
        texting.world.run();
        texting.dispatch();
        assert_eq!((texting.count("done"), texting.count("skipped:opted_out")), (13, 2));
    }

    a_stop_to_a_service_holds_for_its_number_too(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        let url = format!("{PUBLIC}/hooks/texts/twilio");
        let said = json!({"from": "+15559000001", "to": NUMBER, "service": "MG00000000000000000000000000000001", "text": "stop", "sid": "SMz", "url": url});
        assert_eq!(texting.twilio.writes(&said).0, 200);
        let senders = texting.world.rows("SELECT sender FROM text_consent WHERE value = 'n' ORDER BY sender", |r| r.string(0));
        assert_eq!(senders, [NUMBER, "MG00000000000000000000000000000001"]);
    }

    an_opt_out_that_only_the_provider_knows_is_written_back(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.set("p-5-0", "mobile_phone = '+15559000001'");
        // The double remembers it; our hook never hears of it.
        let said = json!({"from": "+15559000001", "to": NUMBER, "text": "stop", "url": "http://127.0.0.1:1/"});
        assert_eq!(texting.twilio.writes(&said).0, 0, "nobody listens there");
        texting.sends("ping");
        let done = texting.dispatch();
        assert_eq!((done.delivered, done.failed), (14, 1));
        assert_eq!(texting.count("failed:opted_out"), 1);
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM person WHERE key = 'p-5-0' AND sms_consent = 'n'"), 1);
    }

    the_length_of_a_text_is_told_for_the_longest_values_that_people_have(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        let longest = |body: &str| {
            let draft = json!({"kind": "sms_message", "key": "new", "connection": "twilio", "type": "marketing", "body": body});
            let request = PreviewRequest { draft: Some(draft), ..Default::default() };
            longest_text(&texting.world.engine, "new", &request, PUBLIC).expect("a length")
        };
        let greeting = "Hi {{ person.first_name | default('there') }} of {{ account.name }}!";
        let named = |values: &[(&str, &str)]| values.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
        let told = longest(greeting);
        assert_eq!((told.text.as_str(), told.people), ("Hi there of a-0!", 30));
        assert_eq!(told.values, named(&[("account.name", "a-0")]));

        // The longest of each field, though nobody has both.
        texting.set("p-5-0", &format!("first_name = '{}'", "m".repeat(100)));
        texting.world.sql(&format!("UPDATE account SET name = '{}' WHERE key = 'a-6'", "n".repeat(150)));
        let told = longest(greeting);
        assert_eq!((told.length.alphabet, told.length.units, told.length.parts), (Alphabet::Gsm7, 258, 2));
        // One short name with a letter that phones do not have costs more than the longest without.
        texting.set("p-7-1", "first_name = 'Živa'");
        let told = longest(greeting);
        assert_eq!((told.length.alphabet, told.length.units, told.length.parts), (Alphabet::Ucs2, 162, 3));
        assert_eq!((told.length.outside, told.values["person.first_name"].as_str()), (Some('Ž'), "Živa"));
        texting.set("p-7-1", "first_name = 'Ziva'");
        // What nobody would get is measured too.
        assert_eq!(longest(&format!("{greeting}{}", "x".repeat(1_500))).characters, 1_758);
        let draft = json!({"kind": "sms_message", "key": "new", "connection": "twilio", "type": "marketing", "body": "{{ person.shoe }}"});
        let request = PreviewRequest { draft: Some(draft), ..Default::default() };
        longest_text(&texting.world.engine, "new", &request, PUBLIC).expect_err("no such field");
        longest_text(&texting.world.engine, "none", &PreviewRequest::default(), PUBLIC).expect_err("no such message");
    }

    a_proof_of_a_text_leaves_no_trace_and_its_links_lead_on(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        let engine = &texting.world.engine;
        let shown = preview_text(engine, "ping", &PreviewRequest { person: Some("p-5-0".to_owned()), ..Default::default() }, PUBLIC);
        let shown = shown.expect("a preview").text;
        texting.world.sql("UPDATE person SET sms_consent = 'n'");
        let text = text_of(engine, "ping", &PreviewRequest { person: Some("p-5-0".to_owned()), ..Default::default() }).expect("a text");
        let proof = |to: &str| texting.dispatcher().proof_text(&text, None, to).expect("an answer");
        let proofed = proof("+1 555 900 0001");
        assert_eq!((proofed.outcome, proofed.message), ("sent", None), "nobody's consent is asked");
        let code = texting.world.text("SELECT code FROM short_link");
        assert_eq!(shown.replace("preview000", &code), format!("Hi p-5-0, see {PUBLIC}/s/{code}."), "it is what was shown");
        assert_eq!(texts::followed(engine, &signing(), &code, Some(&Visitor::default())).expect("a target").as_deref(), Some("https://acme.example/start?a=1"));
        for table in ["activity", "ledger", "outbox", "message_use", "delivery_report", "text_consent", "text_unheard"] {
            assert_eq!(texting.world.one(&format!("SELECT COUNT(*) FROM {table}")), 0, "{table}");
        }
        let refused = |to: &str| proof(to).message.expect("a refusal");
        assert!(refused("0151 1").contains("international form"));
        assert!(refused("+15005550001").contains("21211"), "what the provider says");
        texting.world.sql("INSERT INTO suppression (address, reason, added_at) VALUES ('+15559000001', 'manual', 0)");
        assert!(refused("+15559000001").contains("do-not-contact"));
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM suppression"), 1, "a proof teaches nothing about a number");
        texting.world.apply("{kind: settings, key: settings, organisation: Acme, allow_list: ['+15559000009']}");
        assert!(refused("+15559000002").contains("allow list"));
        caravan_engine::deliver::hold_all(engine, true).expect("held");
        assert!(refused("+15559000009").contains("held"));
    }

    a_report_that_never_came_is_asked_for(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.set("p-5-0", "mobile_phone = '+15005552010'");
        texting.set("p-5-1", "mobile_phone = '+15005552000'");
        texting.sends("ping");
        assert_eq!(texting.dispatch().delivered, 15);
        texting.wait_for("sms_delivered", 13);
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM text_unheard"), 2, "those of which nothing more was heard");
        let dispatcher = texting.dispatcher();
        assert_eq!(dispatcher.fetch_returned(), Ok(0), "not yet");
        let mut asked = 0;
        for _ in 0..50 {
            texting.world.clock.advance_to(texting.world.clock.now() + jiff::SignedDuration::from_hours(2));
            asked += dispatcher.fetch_returned().expect("asked");
        }
        assert_eq!(texting.told("sms_delivered"), 14);
        assert_eq!(asked, 1 + 8, "one answers at once, the other for as long as it is asked");
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM text_unheard"), 0, "nobody is asked for ever");
    }

    a_report_before_its_message_is_known_to_have_left_is_about_the_number_it_went_to(world at "2026-12-01T09:00:00Z") {
        let texting = Texting::new(world, "");
        texting.set("p-5-0", "mobile_phone = '+15559000001'");
        texting.sends("ping");
        let effect = texting.world.one("SELECT o.id FROM outbox o JOIN person p ON p.id = o.person_id WHERE p.key = 'p-5-0'");
        texting.set("p-5-0", "mobile_phone = '+15005552000'");
        let url = format!("{PUBLIC}/hooks/texts/twilio?m={effect}");
        let sid = format!("SM{effect:032x}");
        assert_eq!(texting.twilio.reports(&json!({"url": url, "sid": sid, "status": "undelivered", "code": 30005})), 200);
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM suppression"), 0, "nobody knows yet which number that was");
        assert_eq!(texting.told("sms_failed"), 1);
        assert_eq!(texting.dispatch().delivered, 15);
        assert_eq!(texting.world.text("SELECT address FROM suppression"), "+15005552000");
        assert_eq!(texting.world.one(&format!("SELECT COUNT(*) FROM text_unheard WHERE effect_id = {effect}")), 0);
    }

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
