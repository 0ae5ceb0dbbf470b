//! Text messages through a strict double of Twilio, its reports and what people answer; on both stores.

mod troubles;
mod ways_out;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::post::{EXECUTIONS, delivery, keys as signing};
use crate::support::{World, on_both_stores};
use caravan_connect::Surroundings;
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::texts::Alphabet;
use caravan_engine::content::{PreviewRequest, longest_text, preview_text, text_of};
use caravan_engine::deliver::{Dispatched, Dispatcher};
use caravan_engine::machines::Visitor;
use caravan_engine::runtime::Deliver as _;
use caravan_engine::texts::{self, Call};
use caravan_engine::{Engine, import};
use caravan_testkit::twilio::{ACCOUNT_SID, AUTH_TOKEN, NUMBER, Twilio};
use serde_json::json;

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
        // Each word once for everybody who has the number.
        let said = "SELECT p.key || ' ' || c.address || ' ' || c.sender || ' ' || c.value || ' ' || c.reason || ' ' || c.source
                    FROM consent_record AS c JOIN person AS p ON p.id = c.person_id ORDER BY c.id";
        let told = |key: &str, word: &str| format!("{key} +15559000001 {NUMBER} {word} keyword");
        let wanted = [("p-5-0", "n stop"), ("p-5-1", "n stop"), ("p-5-0", "y start"), ("p-5-1", "y start")];
        assert_eq!(texting.world.rows(said, |r| r.string(0)), wanted.map(|(key, word)| told(key, word)));
        assert_eq!(texting.world.one("SELECT COUNT(*) FROM consent_record WHERE CAST(evidence AS TEXT) LIKE '%Stop.%'"), 2, "their words");
        texting.writes("+15559000001", "START", "SMe", None);
        texting.writes("+15559009999", "STOP", "SMf", None);
        let strangers = "SELECT COUNT(*) FROM consent_record WHERE person_id IS NULL AND address = '+15559009999' AND value = 'n'";
        assert_eq!((texting.world.one("SELECT COUNT(*) FROM consent_record"), texting.world.one(strangers)), (5, 1), "what was said before is not said again");
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
        let record = "SELECT p.key || ' ' || c.address || ' ' || c.value || ' ' || c.reason || ' ' || c.source
                      FROM consent_record AS c JOIN person AS p ON p.id = c.person_id WHERE c.channel = 'sms'";
        let written = texting.world.rows(record, |row| row.string(0));
        assert_eq!(written, ["p-5-0 +15559000001 n opted_out provider"]);
        // The next text to the number is not even tried, and says nothing new.
        texting.sends_more("again", "ping");
        texting.dispatch();
        assert_eq!(texting.world.rows(record, |row| row.string(0)), written);
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

}
