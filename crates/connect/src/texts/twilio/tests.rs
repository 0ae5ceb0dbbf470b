//! Sending to the strict double (`crates/testkit/python/fake_twilio.py`), and reading what Twilio sends.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use caravan_model::Clock;
use serde_json::json;

use super::*;
use crate::outbound::Guard;

struct Double {
    process: Child,
    port: u16,
}

impl Double {
    fn start() -> Self {
        let here = env!("CARGO_MANIFEST_DIR");
        let mut process = Command::new(format!("{here}/../../.venv/bin/python"))
            .arg(format!("{here}/../testkit/python/fake_twilio.py"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts; run scripts/setup.sh test first");
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("its port");
        std::thread::spawn(move || output.lines().map_while(Result::ok).for_each(drop));
        Self { process, port: line.trim().parse().expect("a port") }
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

struct World {
    double: Double,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { double: Double::start(), runtime: runtime.expect("a runtime") }
    }

    fn door(&self, more: serde_json::Value, secrets: &[(&str, &str)]) -> Box<dyn Connector> {
        let mut settings = json!({"account_sid": "AC00000000000000000000000000000001", "from": "+15005550006",
            "base_url": format!("http://127.0.0.1:{}", self.double.port)});
        for (key, value) in more.as_object().expect("settings") {
            settings[key] = value.clone();
        }
        let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a range")]);
        let clock = Clock::manual("2026-03-01T08:30:00Z".parse().expect("an instant"));
        let surroundings =
            Surroundings { clock, runtime: self.runtime.handle().clone(), outbound: Outbound::new(guard) };
        let secrets = secrets.iter().map(|(key, secret)| ((*key).to_owned(), Secret::new(*secret))).collect();
        ConnectorKind::open(&Twilio, &settings, &secrets, &surroundings).expect("opens")
    }
}

const TOKEN: (&str, &str) = ("auth_token", "0123456789abcdef0123456789abcdef");

fn text(to: &str) -> Outgoing {
    let message = TextMessage { to: to.to_owned(), sender: None, text: "Grüße & +1".to_owned(), report_to: None };
    Outgoing { key: format!("key of {to}"), body: EffectBody::Text(Box::new(message)) }
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered { remote_id, .. } => remote_id.clone().unwrap_or_default(),
        Outcome::Retry { code, .. } => format!("retry {code}"),
        Outcome::Shut { code, .. } => format!("shut {code}"),
        Outcome::Failed { code, .. } => format!("failed {code}"),
        Outcome::Skipped { reason } => (*reason).to_owned(),
        Outcome::Unknown { .. } => "unknown".to_owned(),
        Outcome::Later { .. } => "later".to_owned(),
    }
}

#[test]
fn answers_mean_what_the_reference_says() {
    let world = World::new();
    let door = world.door(json!({}), &[TOKEN]);
    for (to, expected) in [
        ("+15558675310", "SM00000000000000000000000000000001"),
        ("+15005550001", "failed bad_number"),
        ("+15005550002", "failed sms_refused"),
        ("+15005550003", "shut sms_not_set_up"),
        ("+15005550009", "failed bad_number"),
        ("+15005551429", "shut throttled"),
        ("+15005551500", "retry sms_deferred"),
        ("+15005551999", "unknown"),
    ] {
        assert_eq!(said(&door.deliver(&[text(to)])[0]), expected, "{to}");
    }
    let Outcome::Shut { after, .. } = &door.deliver(&[text("+15005551429")])[0] else { panic!("shut") };
    assert_eq!(*after, Some(Duration::from_secs(7)), "the pause that it asks for");
    assert_eq!(door.check().as_deref(), Ok("Twilio answers: the account Acme is active."));
}

#[test]
fn it_is_asked_how_a_message_fares_of_which_no_report_came() {
    let world = World::new();
    let door = world.door(json!({}), &[TOKEN]);
    let sid = said(&door.deliver(&[text("+15005552005")])[0]);
    let begun = std::time::Instant::now();
    let report = loop {
        let report = door.fares(&sid).expect("an answer").expect("it knows the message");
        if report.state != State::Accepted && report.state != State::Sent {
            break report;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{report:?}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!((report.state, report.class), (State::Undelivered, Some(FailureClass::BadNumber)));
    assert_eq!(report.remote_id, sid);
    assert_eq!(door.fares("SM000000000000000000000000000000ff"), Ok(None));
    assert_eq!(door.fares("../../Accounts"), Ok(None), "nothing that is no id stands in an address");
}

#[test]
fn lost_texts_are_found_by_number_and_words_page_by_page() {
    let world = World::new();
    let door = world.door(json!({}), &[TOKEN]);
    let send = |text: &str| {
        let message =
            TextMessage { to: "+15005552010".to_owned(), sender: None, text: text.to_owned(), report_to: None };
        said(&door.deliver(&[Outgoing { key: text.to_owned(), body: EffectBody::Text(Box::new(message)) }])[0])
    };
    let first = send("Lost & found");
    (0..PER_PAGE).for_each(|_| drop(send("Other")));
    let second = send("Lost & found");
    let sids = |since: &str, to: &str| -> Vec<String> {
        let lost =
            LostText { to: to.to_owned(), text: "Lost & found".to_owned(), since: since.parse().expect("an instant") };
        door.find_text(&lost).expect("a list").into_iter().map(|report| report.remote_id).collect()
    };
    assert_eq!(sids("2024-01-01T00:00:00Z", "+15005552010"), [first, second]);
    assert_eq!(sids("2024-01-01T00:00:00Z", "+15005552000"), [""; 0], "another number");
    assert_eq!(sids("2999-01-01T00:00:00Z", "+15005552010"), [""; 0], "older ones");
}

#[test]
fn it_signs_in_with_the_account_or_with_a_key() {
    let world = World::new();
    let key = json!({"api_key_sid": "SK00000000000000000000000000000001"});
    let door = world.door(key, &[TOKEN, ("api_key_secret", "api-secret")]);
    assert!(said(&door.deliver(&[text("+15558675310")])[0]).starts_with("SM"));
    let wrong = world.door(json!({}), &[("auth_token", "wrong")]);
    assert_eq!(said(&wrong.deliver(&[text("+15558675310")])[0]), "shut twilio_sign_in_failed");
    assert!(wrong.check().is_err_and(|why| why.contains("401")));
}

#[test]
fn a_service_sends_in_place_of_a_number_and_a_foreign_sender_is_refused() {
    let world = World::new();
    let service =
        world.door(json!({"from": null, "messaging_service_sid": "MG00000000000000000000000000000001"}), &[TOKEN]);
    assert!(said(&service.deliver(&[text("+15558675310")])[0]).starts_with("SM"));
    let foreign = world.door(json!({"from": "+15558675311"}), &[TOKEN]);
    assert_eq!(said(&foreign.deliver(&[text("+15558675310")])[0]), "shut sms_not_set_up");
}

#[test]
fn nothing_is_sent_to_a_private_address_that_nobody_opened() {
    let world = World::new();
    let settings = json!({"account_sid": "AC00000000000000000000000000000001", "from": "+15005550006",
        "base_url": format!("http://127.0.0.1:{}", world.double.port)});
    let surroundings = Surroundings::guarded(Clock::System, world.runtime.handle().clone());
    let secrets = Secrets::from([("auth_token".to_owned(), Secret::new(TOKEN.1))]);
    let door = ConnectorKind::open(&Twilio, &settings, &secrets, &surroundings).expect("opens");
    assert_eq!(said(&door.deliver(&[text("+15558675310")])[0]), "shut twilio_address_refused");
}

#[test]
fn a_call_is_read_only_when_it_is_signed() {
    let secrets = Secrets::from([("auth_token".to_owned(), Secret::new(TOKEN.1))]);
    let url = "https://hooks.example.com/sms/twilio/status?run=42";
    let body = "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01&From=%2B15005550006&MessageSid=SM00000000000000000000000000000002&MessageStatus=delivered&RawDlrDoneDate=2604141200&SmsSid=SM00000000000000000000000000000002&SmsStatus=delivered&To=%2B15558675310";
    let signed = |by: &str| vec![("x-twilio-signature".to_owned(), by.to_owned())];
    let (good, bad) = (signed("WwCTANmsdnBwhaC7AD/ZDZX+Z18="), signed("AAAA"));
    let call = Call { url, headers: &good, body: body.as_bytes() };
    let returned = TextProvider::read(&Twilio, &json!({}), &secrets, &call).expect("it is signed");
    let [Returned::Report(report)] = returned.as_slice() else { panic!("a report: {returned:?}") };
    assert_eq!((report.state, report.message), (State::Delivered, None));
    assert_eq!(report.remote_id, "SM00000000000000000000000000000002");
    assert_eq!(Twilio.class_of("30005"), Some(FailureClass::BadNumber));
    let reply = Twilio.reply(Some("R&D <x>"));
    assert!(reply.body.ends_with("<Response><Message>R&amp;D &lt;x&gt;</Message></Response>"), "{}", reply.body);
    for refused in
        [Call { headers: &[], ..call }, Call { headers: &bad, ..call }, Call { body: b"MessageStatus=failed", ..call }]
    {
        assert_eq!(TextProvider::read(&Twilio, &json!({}), &secrets, &refused), Err(CallRefused::NotSigned));
    }
}

proptest::proptest! {
    #[test]
    fn no_call_of_anybody_makes_it_panic(url in "(https://|http://|a\\.example|:443|:80|/|\\?|&|m=|bodySHA256=|[0-9]|\\PC){0,12}",
        body in "(MessageStatus=|SmsStatus=|Body=|From=|To=|MessageSid=|ErrorCode=|OptOutType=|delivered|stop|&|=|%|%2B|%é|\\+|[0-9]|\\PC){0,16}",
        raw in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40), by in "[A-Za-z0-9+/=]{0,40}|\\PC{0,9}") {
        let secrets = Secrets::from([(TOKEN.0.to_owned(), Secret::new(TOKEN.1))]);
        for body in [body.as_bytes(), raw.as_slice()] {
            let headers = [("x-twilio-signature".to_owned(), by.clone())];
            let call = Call { url: &url, headers: &headers, body };
            proptest::prop_assert_eq!(TextProvider::read(&Twilio, &json!({}), &secrets, &call), Err(CallRefused::NotSigned));
            let signed = [("x-twilio-signature".to_owned(), signature::of(TOKEN.1, &url, body))];
            let read = TextProvider::read(&Twilio, &json!({}), &secrets, &Call { headers: &signed, ..call });
            proptest::prop_assert!(read != Err(CallRefused::NotSigned) || url.contains("bodySHA256="), "{:?}", read);
        }
        let reply = Twilio.reply(Some(&url)).body;
        let within = reply.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>")).map(|(text, _)| text);
        proptest::prop_assert!(within.is_some_and(|text| !text.contains(['<', '>'])), "{}", reply);
    }
}
