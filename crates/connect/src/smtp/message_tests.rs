use mail_parser::MessageParser;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::connector::Unsubscribe;
use crate::smtp::Signer;

fn settings() -> SmtpSettings {
    let settings = json!({"host": "127.0.0.1", "port": 2525, "security": "none",
        "from": {"name": "Acme", "email": "news@acme.example"}, "return_path": "bounces@acme.example"});
    SmtpSettings::read(&settings).expect("settings")
}

fn email() -> EmailMessage {
    EmailMessage {
        to: Mailbox::named("Ada Łovelace", "ada@bücher.example"),
        cc: Vec::new(),
        from: None,
        reply_to: Some(Mailbox::bare("sales@acme.example")),
        subject: "Grüße aus Springfield — ein ziemlich langer Betreff, der nicht in eine Zeile passt 🎉".into(),
        html: Some("<p>Hällo</p>\n".into()),
        text: format!("Hällo\n.\n..x\n{}\n", "long ".repeat(300)),
        unsubscribe: Some(Unsubscribe {
            url: format!("https://go.acme.example/t/u/{}", "x".repeat(120)),
            mailto: Some("out@acme.example".into()),
        }),
        list_id: Some("journey.acme.example".into()),
        feedback_id: Some("welcome:hello:email:acmecaravan".into()),
        return_path: None,
        signer: None,
        auto_submitted: false,
        proof: false,
    }
}

fn now() -> Timestamp {
    "2026-03-01T08:30:00Z".parse().expect("an instant")
}

fn compose(email: &EmailMessage) -> Result<Mail, Outcome> {
    super::compose("enr_1:hello:per_2:1", email, &settings(), now())
}

fn header<'a>(message: &'a mail_parser::Message<'_>, name: &'a str) -> &'a str {
    message.header_raw(name).unwrap_or_default().trim()
}

#[test]
fn a_message_has_the_headers_that_mailbox_providers_want() {
    let mail = compose(&email()).expect("a message");
    let source = String::from_utf8(mail.content.clone()).expect("ASCII");
    assert!(source.is_ascii() && source.lines().all(|line| line.len() <= 998), "{source}");
    let message = MessageParser::default().parse(&mail.content).expect("a message");
    assert_eq!(message.subject(), Some(email().subject.as_str()));
    assert_eq!(message.from().and_then(|from| from.first()).and_then(|from| from.address()), Some("news@acme.example"));
    let to = message.to().and_then(|to| to.first()).expect("a recipient");
    assert_eq!((to.name(), to.address()), (Some("Ada Łovelace"), Some("ada@xn--bcher-kva.example")));
    assert_eq!(header(&message, "Date"), "Sun, 01 Mar 2026 08:30:00 +0000");
    assert_eq!(header(&message, "Message-ID"), mail.message_id);
    assert!(mail.message_id.ends_with("@acme.example>"), "{}", mail.message_id);
    assert_eq!(
        header(&message, "List-Unsubscribe"),
        format!("<https://go.acme.example/t/u/{}>, <mailto:out@acme.example>", "x".repeat(120))
    );
    assert_eq!(header(&message, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert_eq!(header(&message, "List-Id"), "<journey.acme.example>");
    assert_eq!(header(&message, "Feedback-ID"), "welcome:hello:email:acmecaravan");
    assert_eq!(header(&message, "X-Caravan-Key"), "enr_1:hello:per_2:1");
    assert_eq!(header(&message, "MIME-Version"), "1.0");
    assert_eq!(header(&message, "Auto-Submitted"), "");
    assert_eq!(message.body_text(0).as_deref().map(normal), Some(normal(&email().text)));
    assert_eq!(message.body_html(0).as_deref().map(normal), Some("<p>Hällo</p>\n".to_owned()));
    assert_eq!(
        (mail.from.to_string().as_str(), mail.to.to_string().as_str()),
        ("bounces@acme.example", "ada@xn--bcher-kva.example")
    );
    for name in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Reply-To", "List-Unsubscribe"] {
        let times = message.headers().iter().filter(|header| header.name().eq_ignore_ascii_case(name)).count();
        assert_eq!(times, 1, "{name}");
    }
}

fn normal(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[test]
fn a_message_is_the_same_at_every_attempt() {
    assert_eq!(compose(&email()), compose(&email()));
    let other = super::compose("enr_1:hello:per_3:1", &email(), &settings(), now()).expect("a message");
    assert_ne!(compose(&email()).expect("a message").message_id, other.message_id);
}

#[test]
fn mail_to_a_colleague_is_marked_and_has_no_way_out() {
    let email = EmailMessage { unsubscribe: None, list_id: None, auto_submitted: true, html: None, ..email() };
    let mail = compose(&email).expect("a message");
    let message = MessageParser::default().parse(&mail.content).expect("a message");
    assert_eq!(header(&message, "Auto-Submitted"), "auto-generated");
    assert_eq!(header(&message, "List-Unsubscribe"), "");
}

#[test]
fn an_address_that_is_none_fails_that_message() {
    let to = Mailbox::bare("ada@acme.example\r\nBcc: all@acme.example");
    let failed = compose(&EmailMessage { to, ..email() }).expect_err("refused");
    assert!(matches!(&failed, Outcome::Failed { code, .. } if code == "email_invalid"), "{failed:?}");
}

proptest! {
    #[test]
    fn proof_2_no_text_adds_a_header(text in "(\r|\n|:|\0|Bcc: x@y.example|\\PC){0,30}") {
        let hostile = EmailMessage {
            to: Mailbox::named(text.clone(), "ada@acme.example"),
            from: Some(Mailbox::named(text.clone(), "news@acme.example")),
            subject: text.clone(),
            list_id: Some(text.clone()),
            feedback_id: Some(text.clone()),
            unsubscribe: Some(Unsubscribe { url: text.clone(), mailto: Some(text.clone()) }),
            ..email()
        };
        let mail = super::compose(&text, &hostile, &settings(), now()).expect("a message");
        let message = MessageParser::default().parse(&mail.content).expect("a message");
        let names: Vec<_> = message.headers().iter().map(|header| header.name().to_owned()).collect();
        let expected = compose(&email()).expect("a message");
        let expected = MessageParser::default().parse(&expected.content).expect("a message");
        let expected: Vec<_> = expected.headers().iter().map(|header| header.name().to_owned()).collect();
        prop_assert_eq!(names, expected);
    }
}

#[test]
fn what_cannot_be_signed_does_not_leave_and_is_tried_again() {
    let signer = Signer::half_broken(caravan_testkit::keys::RSA_2048);
    let signed = EmailMessage { signer: Some(std::sync::Arc::new(signer)), ..email() };
    let Err(Outcome::Retry { code, message, .. }) = compose(&signed) else { panic!("no message, and another try") };
    assert_eq!(code, "dkim_signing_failed");
    assert!(message.contains("`c9` of `acme.example`") && message.contains("Let another key"), "{message}");
}
