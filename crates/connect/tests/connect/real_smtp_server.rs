//! Delivery to a real mail server (aiosmtpd), in the clear and encrypted, with and without signing in.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use caravan_connect::connector::kind;
use caravan_connect::smtp::{Signer, new_signing_key};
use caravan_connect::{
    Connector, EffectBody, EmailMessage, Mailbox, Outcome, Outgoing, Secret, Secrets, Surroundings, Unsubscribe,
};
use caravan_model::{Clock, Random};
use mail_parser::MessageParser;
use serde_json::{Value, json};

/// The server process; it ends with the test.
struct MailServer {
    process: Child,
    said: Receiver<String>,
    port: u16,
}

impl MailServer {
    fn start(security: &str, files: &Certificates, credentials: &[&str]) -> Self {
        let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("run by cargo"));
        let python = here.join("../../.venv/bin/python");
        assert!(python.exists(), "Python with aiosmtpd is missing: run `scripts/setup.sh test` first");
        let mut process = Command::new(python)
            .arg(here.join("tests/smtp_server.py"))
            .arg(security)
            .args([files.certificate(), files.key()])
            .args(credentials)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let said = lines(process.stdout.take().expect("its output"));
        let port = said.recv().expect("its port; what went wrong stands above").parse().expect("a port");
        Self { process, said, port }
    }

    /// The next messages that it took, parsed from what came over the wire.
    fn taken(&self, count: usize) -> Vec<Taken> {
        (0..count).map(|_| self.next()).collect()
    }

    fn next(&self) -> Taken {
        let line = self.said.recv_timeout(Duration::from_secs(30)).expect("a message");
        let taken: Value = serde_json::from_str(&line).expect("a line of JSON");
        let content = taken["content"].as_str().expect("content");
        let content = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, content).expect("base64");
        Taken { from: taken["from"].clone(), to: taken["to"].clone(), content }
    }
}

/// What a process says, read at once: one that is not listened to stops.
fn lines(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    receiver
}

impl Drop for MailServer {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

struct Taken {
    from: Value,
    to: Value,
    content: Vec<u8>,
}

impl Taken {
    fn header(&self, name: &str) -> String {
        let message = MessageParser::default().parse(&self.content).expect("a message");
        message.header_raw(name).unwrap_or_default().trim().to_owned()
    }

    fn text(&self) -> String {
        let message = MessageParser::default().parse(&self.content).expect("a message");
        message.body_text(0).expect("a text part").replace("\r\n", "\n")
    }
}

/// A certificate for this machine, signed by itself.
struct Certificates {
    directory: tempfile::TempDir,
    pem: String,
}

impl Certificates {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let signed = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let pem = signed.cert.pem();
        std::fs::write(directory.path().join("certificate.pem"), &pem).expect("writes");
        std::fs::write(directory.path().join("key.pem"), signed.signing_key.serialize_pem()).expect("writes");
        Self { directory, pem }
    }

    fn certificate(&self) -> PathBuf {
        self.file("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.file("key.pem")
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::join(self.directory.path(), name)
    }
}

struct Sender {
    connector: Box<dyn Connector>,
    _runtime: tokio::runtime::Runtime,
}

impl Sender {
    fn new(port: u16, security: &str, more: Value, password: Option<&str>) -> Self {
        let mut settings = json!({"host": "127.0.0.1", "port": port, "security": security,
            "from": {"name": "Acme", "email": "news@acme.example"}, "return_path": "bounces@acme.example"});
        for (key, value) in more.as_object().expect("settings") {
            settings[key] = value.clone();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let surroundings = Surroundings::guarded(Clock::System, runtime.handle().clone())
            .with_mail_networks(vec!["127.0.0.0/8".parse().expect("a range")]);
        let secrets = password.map(|password| ("password".to_owned(), Secret::new(password)));
        let secrets: Secrets = secrets.into_iter().collect();
        let connector = kind("smtp").expect("registered").open(&settings, &secrets, &surroundings).expect("opens");
        Self { connector, _runtime: runtime }
    }

    fn codes(&self, batch: &[Outgoing]) -> Vec<String> {
        let code = |outcome| match outcome {
            Outcome::Delivered { .. } => "delivered".to_owned(),
            Outcome::Retry { code, .. } | Outcome::Shut { code, .. } | Outcome::Failed { code, .. } => code,
            Outcome::Unknown { .. } => "unknown".to_owned(),
            Outcome::Later { .. } => "later".to_owned(),
            Outcome::Skipped { reason } => reason.to_owned(),
        };
        self.connector.deliver(batch).into_iter().map(code).collect()
    }
}

const TEXT: &str = "Grüße\n.\n..\nFrom here on\n";

fn mails(count: usize) -> Vec<Outgoing> {
    let mail = |n| Outgoing {
        key: format!("enr_{n}:hello:1"),
        body: EffectBody::Email(Box::new(EmailMessage {
            to: Mailbox::named("Ada", format!("p{n}@acme.example")),
            cc: Vec::new(),
            from: None,
            reply_to: None,
            subject: "Grüße".into(),
            html: Some("<p>Grüße</p>".into()),
            text: TEXT.into(),
            unsubscribe: Some(Unsubscribe { url: "https://go.acme.example/t/u/x".into(), mailto: None }),
            list_id: None,
            feedback_id: None,
            return_path: None,
            signer: None,
            auto_submitted: false,
            proof: false,
        })),
    };
    (0..count).map(mail).collect()
}

#[test]
fn a_batch_arrives_whole_and_each_message_once() {
    let files = Certificates::new();
    let server = MailServer::start("none", &files, &[]);
    let sender = Sender::new(server.port, "none", json!({}), None);
    assert_eq!(sender.codes(&mails(100)), vec!["delivered"; 100]);
    let taken = server.taken(100);
    let by_key: BTreeMap<String, &Taken> = taken.iter().map(|taken| (taken.header("X-Caravan-Key"), taken)).collect();
    assert_eq!(by_key.len(), 100);
    for outgoing in mails(100) {
        let EffectBody::Email(email) = &outgoing.body else { panic!("an email") };
        let taken = by_key[&outgoing.key];
        assert_eq!((&taken.from, &taken.to), (&json!("bounces@acme.example"), &json!([email.to.email])));
        assert_eq!(taken.text(), TEXT);
        assert_eq!(taken.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    }
    let ids: std::collections::BTreeSet<_> = taken.iter().map(|taken| taken.header("Message-ID")).collect();
    assert_eq!(ids.len(), 100);
}

#[test]
fn encrypted_connections_sign_in_and_deliver() {
    let files = Certificates::new();
    for security in ["starttls", "tls"] {
        let server = MailServer::start(security, &files, &["acme", "right"]);
        let signed_in = json!({"username": "acme", "ca_certificate": files.pem});
        let sender = Sender::new(server.port, security, signed_in.clone(), Some("right"));
        assert_eq!(sender.codes(&mails(10)), vec!["delivered"; 10], "{security}");
        assert_eq!(server.taken(10).len(), 10);
        assert!(sender.connector.check().expect("works").contains(" encrypted"), "{security}");

        let wrong = Sender::new(server.port, security, signed_in, Some("wrong"));
        assert_eq!(wrong.codes(&mails(1)), ["smtp_sign_in_failed"], "{security}");
        let why = wrong.connector.check().expect_err("refused");
        assert!(why.contains("did not take the user name and password") && !why.contains("wrong"), "{why}");
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_and_nothing_goes_out_in_the_clear() {
    let files = Certificates::new();
    for security in ["starttls", "tls"] {
        let server = MailServer::start(security, &files, &[]);
        let stranger = Sender::new(server.port, security, json!({"ca_certificate": Certificates::new().pem}), None);
        assert_eq!(stranger.codes(&mails(2)), ["smtp_unreachable"; 2], "{security}");
    }
    let server = MailServer::start("none", &files, &[]);
    let careful = Sender::new(server.port, "starttls", json!({}), None);
    assert_eq!(careful.codes(&mails(1)), ["smtp_unreachable"]);
}

/// What dkimpy says of each signature of each message, given the records in the DNS.
fn verdicts(messages: &[Vec<u8>], records: &[(String, String)]) -> Vec<Vec<bool>> {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("run by cargo"));
    let mut process = Command::new(here.join("../../.venv/bin/python"))
        .arg(here.join("tests/dkim_verify.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let records: BTreeMap<&str, &str> = records.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut questions = process.stdin.take().expect("its input");
    for message in messages {
        let message = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, message);
        writeln!(questions, "{}", json!({"message": message, "records": records})).expect("it listens");
    }
    drop(questions);
    let said = process.wait_with_output().expect("it ends");
    let lines = String::from_utf8(said.stdout).expect("text");
    lines.lines().map(|line| serde_json::from_str(line).expect("verdicts")).collect()
}

#[test]
fn proof_3_another_implementation_verifies_both_signatures_and_no_tampered_copy() {
    let keys = [("r1", caravan_testkit::keys::RSA_2048), ("e1", caravan_testkit::keys::ED25519)];
    let keys = keys.map(|(selector, pem)| (selector.to_owned(), Secret::new(pem)));
    let signer = Arc::new(Signer::new("acme.example", &keys).expect("keys"));
    let records = signer.records();
    assert_eq!(records[1].0, "e1._domainkey.acme.example");

    let mut outgoing = mails(1);
    let EffectBody::Email(email) = &mut outgoing[0].body else { panic!("an email") };
    email.signer = Some(signer);
    email.list_id = Some("hello.go.acme.example".into());
    email.feedback_id = Some("welcome:hello:email:caravan".into());
    email.text = format!("{TEXT}trailing blanks  \t\n\n\n");
    let files = Certificates::new();
    let server = MailServer::start("none", &files, &[]);
    assert_eq!(Sender::new(server.port, "none", json!({}), None).codes(&outgoing), ["delivered"]);
    let content = server.next().content;
    let text = String::from_utf8(content.clone()).expect("text");
    let signed = text.split("h=").nth(1).and_then(|rest| rest.split(';').next()).expect("a list of headers");
    let signed: Vec<&str> = signed.split(':').map(str::trim).collect();
    for name in [
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "list-id",
        "feedback-id",
    ] {
        assert!(signed.contains(&name), "{name} is signed: {signed:?}");
    }
    assert_eq!(signed.iter().filter(|name| **name == "from").count(), 2, "no second sender can be added");
    assert!(
        text.lines().all(|line| line.len() <= 998) && !text.contains("l="),
        "whole, in lines that are not too long"
    );

    let tampered = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} is in it");
        text.replacen(from, to, 1).into_bytes()
    };
    let messages = [
        content.clone(),
        tampered("<p>Gr", "<p>gr"),
        tampered("List-Unsubscribe=One-Click", "List-Unsubscribe=Two-Click"),
        tampered("<https://go.acme.example/t/u/x>", "<https://evil.example/t/u/x>"),
        tampered("From: ", "From: Mallory <mallory@evil.example>\r\nFrom: "),
        tampered("welcome:hello:", "another:hello:"),
        tampered("Subject: ", "Subject:    "),
    ];
    let mut wanted = vec![vec![false, false]; messages.len()];
    wanted[0] = vec![true, true];
    wanted[6] = vec![true, true];
    assert_eq!(verdicts(&messages, &records), wanted, "white space may change, nothing else");
}

/// A message with every header that is signed, as it arrives at a server.
fn arrived(signer: Signer) -> String {
    let mut outgoing = mails(1);
    let EffectBody::Email(email) = &mut outgoing[0].body else { panic!("an email") };
    email.signer = Some(Arc::new(signer));
    email.list_id = Some("hello.go.acme.example".into());
    email.feedback_id = Some("welcome:hello:email:caravan".into());
    email.reply_to = Some(Mailbox::bare("desk@acme.example"));
    email.cc = vec![Mailbox::bare("copy@works.example")];
    let files = Certificates::new();
    let server = MailServer::start("none", &files, &[]);
    assert_eq!(Sender::new(server.port, "none", json!({}), None).codes(&outgoing), ["delivered"]);
    String::from_utf8(server.next().content).expect("text")
}

fn key(selector: &str) -> (String, Secret) {
    let private = match selector {
        "e1" => Secret::new(caravan_testkit::keys::ED25519),
        "old" => new_signing_key(&Random::seeded(11)).expect("a key"),
        _ => Secret::new(caravan_testkit::keys::RSA_2048),
    };
    (selector.to_owned(), private)
}

#[test]
fn proof_3_no_signed_header_can_be_changed_or_taken_out_and_no_word_of_the_body() {
    const NAMES: &[&str] = &[
        "From",
        "To",
        "Cc",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Id",
        "Feedback-ID",
    ];
    let signer = Signer::new("acme.example", &[key("r1"), key("e1")]).expect("keys");
    let records = signer.records();
    let text = arrived(signer);
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let mut tampered = Vec::new();
    for name in NAMES {
        let field = format!("\r\n{name}: ");
        assert_eq!(head.matches(&field).count(), 1, "{name} stands in it once");
        tampered.push((format!("{name} changed"), text.replacen(&field, &format!("{field}x"), 1)));
        tampered.push((format!("{name} gone"), text.replacen(&field, &format!("\r\nX-{name}: "), 1)));
    }
    let second = "From: Mallory <mallory@evil.example>\r\n";
    tampered.push(("a second sender on top".into(), format!("{second}{text}")));
    tampered.push(("a second sender below".into(), format!("{head}\r\n{second}\r\n{body}")));
    for (at, _) in body.match_indices("\r\n").take(12) {
        let (before, after) = body.split_at(at);
        tampered.push((format!("a word at {at} of the body"), format!("{head}\r\n\r\n{before}x{after}")));
    }
    tampered.push(("more behind the end".into(), format!("{text}more\r\n")));
    let messages: Vec<Vec<u8>> = std::iter::once(&text)
        .chain(tampered.iter().map(|(_, text)| text))
        .map(|text| text.clone().into_bytes())
        .collect();
    let mut said = verdicts(&messages, &records).into_iter();
    assert_eq!(said.next(), Some(vec![true, true]), "as it was sent");
    for ((how, _), said) in tampered.iter().zip(said) {
        assert_eq!(said, [false, false], "{how}");
    }
}

#[test]
fn proof_3_mail_of_the_former_key_verifies_while_its_record_stands_and_no_longer() {
    let (old, new) = (key("old"), key("r1"));
    let signers = |keys: &[&(String, Secret)]| {
        let keys: Vec<_> = keys.iter().map(|key| (*key).clone()).collect();
        Signer::new("acme.example", &keys).expect("keys")
    };
    let both = signers(&[&old, &new]).records();
    let before = arrived(signers(&[&old])).into_bytes();
    let after = arrived(signers(&[&new])).into_bytes();
    assert_eq!(verdicts(&[before.clone(), after.clone()], &both), [[true], [true]], "both stand in the DNS");
    assert_eq!(
        verdicts(&[before.clone(), after.clone()], &both[..1]),
        [[true], [false]],
        "the new one is not there yet"
    );
    assert_eq!(verdicts(&[before, after], &both[1..]), [[false], [true]], "the old one was taken out");
}

#[test]
fn a_message_is_the_same_at_every_attempt_but_for_the_time() {
    let keys = [("r1".to_owned(), Secret::new(caravan_testkit::keys::RSA_2048))];
    let signer = Arc::new(Signer::new("acme.example", &keys).expect("keys"));
    let at: jiff::Timestamp = "2026-12-01T09:00:00Z".parse().expect("an instant");
    let message = b"From: a@acme.example\r\nSubject: x\r\n\r\nHello\r\n";
    let signed = signer.signatures(message, at).expect("a signature");
    assert!(signed.contains("b=") && signer.signatures(message, at) == Ok(signed));
}
