//! Mailboxes of a real IMAP server (pymap): reading, putting away, encryption.

use caravan_connect::returned::{BounceMailbox, SignIn};
use caravan_connect::{Secret, Surroundings};
use caravan_model::Clock;
use caravan_testkit::Imap;
use caravan_testkit::imap::{PASSWORD, USER};
use serde_json::{Value, json};

fn mailbox(port: u16, security: &str, more: Value) -> BounceMailbox {
    let mut settings = json!({"host": "localhost", "port": port, "security": security, "username": USER});
    for (key, value) in more.as_object().expect("settings") {
        settings[key] = value.clone();
    }
    serde_json::from_value(settings).expect("settings")
}

fn visit(mailbox: &BounceMailbox, password: &str, take: &mut dyn FnMut(&[u8]) -> bool) -> Result<usize, String> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let surroundings = Surroundings::guarded(Clock::System, runtime.handle().clone())
        .with_mail_networks(vec!["127.0.0.0/8".parse().expect("a range")]);
    mailbox.visit(&SignIn::Password(Secret::new(password)), &surroundings, take)
}

#[test]
fn messages_are_read_in_their_order_and_put_away_when_they_were_taken() {
    let imap = Imap::start();
    for number in 0..25 {
        imap.append(&format!("From: a@b.example\r\nSubject: {number}\r\n\r\ntext\r\n"));
    }
    let keeps = mailbox(imap.port, "none", json!({}));
    let mut subjects = Vec::new();
    let mut take = |raw: &[u8]| {
        let text = String::from_utf8_lossy(raw).into_owned();
        let number: usize =
            text.split("Subject: ").nth(1).and_then(|it| it.lines().next()?.parse().ok()).expect("a number");
        subjects.push(number);
        number < 22
    };
    assert_eq!(visit(&keeps, PASSWORD, &mut take), Ok(22));
    assert_eq!(subjects, (0..=22).collect::<Vec<_>>());
    assert_eq!(imap.counts(), (25, 3), "what was not taken stays unread");
    let deletes = mailbox(imap.port, "none", json!({"then": "delete"}));
    assert_eq!(visit(&deletes, PASSWORD, &mut |_| true), Ok(3));
    assert_eq!(imap.counts(), (22, 0));
    let refused = visit(&keeps, "wrong", &mut |_| true).expect_err("refused");
    assert!(refused.contains("the mailbox of reports at localhost"), "{refused}");
    assert!(visit(&mailbox(imap.port, "none", json!({"folder": "Nowhere"})), PASSWORD, &mut |_| true).is_err());
}

#[test]
fn an_encrypted_mailbox_is_read_and_a_certificate_that_nobody_vouches_for_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, signed.cert.pem()).expect("writes");
    std::fs::write(&key, signed.signing_key.serialize_pem()).expect("writes");
    let imap = Imap::encrypted(&certificate, &key);
    let known = mailbox(imap.port, "starttls", json!({"ca_certificate": signed.cert.pem()}));
    assert_eq!(visit(&known, PASSWORD, &mut |_| true), Ok(0));
    let refused = visit(&mailbox(imap.port, "starttls", json!({})), PASSWORD, &mut |_| true).expect_err("refused");
    assert!(refused.contains("certificate"), "{refused}");
}

#[test]
fn settings_that_cannot_work_are_named() {
    let bad = mailbox(0, "none", json!({"host": "imap.acme.example"}));
    let fields: Vec<&str> = bad.findings().into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["/port", "/security"]);
    assert!(mailbox(143, "none", json!({})).findings().is_empty());
}
