//! Copies of emails: the same message to addresses in attributes, judged one by one; whatever becomes of one is not the
//! recipient's.

use crate::support::post::{EXECUTIONS, Post, delivered, keys};
use crate::support::{World, codes, on_both_stores};
use caravan_connect::returned::read_mail;
use caravan_engine::content::{PreviewRequest, preview_email};
use caravan_engine::returned;
use caravan_testkit::{Behaviour, Stage};

const WITH_COPIES: &str = "{kind: email, key: welcome, connection: mail, subject: Hello, cc: [account.owner_email, person.fax], \
    body: {html: '<p>Hi, <a href=\"https://acme.example/start\">start</a></p>'}}";

impl Post {
    /// Whoever else the message to a person went to.
    fn copies(&self, to: &str) -> Vec<String> {
        let messages = self.smtp.messages();
        let message = messages.iter().find(|m| m.rcpt_to.first().is_some_and(|first| first == to));
        message.expect("a message to them").rcpt_to[1..].to_vec()
    }

    fn owned(self, owners: &[(&str, &str)]) -> Self {
        for (account, owner) in owners {
            self.execute(&format!("UPDATE account SET owner_email = '{owner}' WHERE key = '{account}'"));
        }
        self
    }
}

/// A report that a message to somebody bounced for good.
fn bounce(return_path: &str, whose: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: {return_path}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n{whose}\r\n\r\n--b--\r\n"
    )
}

fn failed(address: &str) -> String {
    format!("\r\nFinal-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n")
}

on_both_stores! {
    copies_leave_with_the_message_and_are_judged_one_by_one(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world).owned(&[
            ("a-5", " Owner@seller.example "),
            ("a-6", "blocked@seller.example"),
            ("a-7", "p-7-0@example.com"),
            ("a-8", "left@seller.example"),
            ("a-9", "refused@seller.example"),
        ]);
        post.world.apply(WITH_COPIES);
        post.execute("UPDATE person SET fax = 'OWNER@seller.example' WHERE key = 'p-5-0'");
        post.execute("UPDATE person SET fax = 'desk@seller.example' WHERE key = 'p-5-1'");
        post.execute("INSERT INTO suppression (address, reason, added_at) VALUES ('blocked@seller.example', 'manual', 0)");
        post.execute("UPDATE person SET email = 'left@seller.example', unsubscribed = TRUE WHERE key = 'p-0-0'");
        post.sends("welcome", "");
        post.smtp.behave_to("refused@seller.example", &Behaviour::Reply { stage: Stage::Rcpt, reply: "550 5.1.1 unknown".into() });
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)), "each message once, whoever else gets it");
        post.is(&[("done", EXECUTIONS)]);
        assert_eq!(post.told("email_sent"), 15);
        assert_eq!(post.copies("p-5-0@example.com"), ["Owner@seller.example"], "each address once");
        assert_eq!(post.copies("p-5-1@example.com"), ["Owner@seller.example", "desk@seller.example"]);
        assert_eq!(post.copies("p-6-0@example.com"), [""; 0], "on the do-not-contact list");
        assert_eq!(post.copies("p-7-0@example.com"), [""; 0], "the recipient's own");
        assert_eq!(post.copies("p-7-1@example.com"), ["p-7-0@example.com"]);
        assert_eq!(post.copies("p-8-0@example.com"), [""; 0], "somebody there gets no marketing");
        assert_eq!(post.copies("p-9-0@example.com"), [""; 0], "the server does not take it");
        let messages = post.smtp.messages();
        let first = messages.iter().find(|m| m.rcpt_to[0] == "p-5-1@example.com").expect("a message");
        assert_eq!(first.header("Cc"), Some("Owner@seller.example, desk@seller.example"));
        let as_person = PreviewRequest { person: Some("p-5-1".into()), ..PreviewRequest::default() };
        let shown = preview_email(&post.world.engine, "welcome", &as_person, "https://go.acme.example").expect("a preview").shown;
        assert_eq!(shown.cc, ["Owner@seller.example", "desk@seller.example"]);
    }

    what_becomes_of_a_copy_is_not_the_recipients(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world).owned(&[("a-5", "owner@seller.example"), ("a-6", "second@seller.example")]);
        post.world.apply(WITH_COPIES);
        let folder = post.folder.path().join("key");
        std::fs::write(&folder, caravan_testkit::keys::RSA_2048).expect("a key");
        post.world.apply(&format!(
            "{{kind: sending_domain, key: acme, domain: acme.example, dkim: [{{selector: c1}}], return_path: bounce.acme.example, \
               secrets: {{dkim_private_key: {{file: '{}'}}}}}}", folder.display()
        ));
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let return_path = |to: &str| {
            post.smtp.messages().into_iter().find(|m| m.rcpt_to[0] == to).expect("a message").mail_from
        };
        let comes_back = |raw: &str| {
            let report = read_mail(raw.as_bytes()).expect("a report");
            returned::heard(&post.world.engine, &keys(), &[report]).expect("it is taken in");
        };
        let listed = |address: &str| {
            post.world.one(&format!("SELECT COUNT(*) FROM suppression WHERE address = '{address}' AND reason = 'bounced_hard'"))
        };
        comes_back(&bounce(&return_path("p-5-0@example.com"), &failed("Owner@Seller.example")));
        assert_eq!((post.told("email_bounced"), listed("owner@seller.example"), listed("p-5-0@example.com")), (0, 1, 0));
        let letter = format!(
            "From: MAILER-DAEMON@mx.example\r\nTo: {}\r\nSubject: failure notice\r\n\r\n550 5.1.1 no such user\r\n",
            return_path("p-5-1@example.com")
        );
        comes_back(&letter);
        assert_eq!(post.told("email_bounced"), 0, "nobody knows whose address bounced");
        let both = format!("{}{}", failed("p-6-0@example.com"), failed("second@seller.example"));
        comes_back(&bounce(&return_path("p-6-0@example.com"), &both));
        assert_eq!((post.told("email_bounced"), listed("p-6-0@example.com"), listed("second@seller.example")), (1, 1, 1));
        comes_back(&bounce(&return_path("p-7-0@example.com"), &failed("somewhere@else.example")));
        assert_eq!((post.told("email_bounced"), listed("p-7-0@example.com")), (2, 1), "forwarded: it was sent to nobody else");
    }
}

#[test]
fn copies_go_to_attributes_that_hold_addresses() {
    let post = Post::new(World::embedded("2026-12-01T09:00:00Z"));
    let with = |cc: &str| {
        post.world.try_apply(&format!(
            "{{kind: email, key: one, connection: mail, subject: Hello, operational: true, cc: [{cc}], body: {{html: <p>x</p>}}}}"
        ))
    };
    for wrong in ["owner_email", "account.employees", "person.boss", "my.boss"] {
        assert_eq!(codes(with(wrong)), ["copy_address_unknown"], "{wrong}");
    }
    let many = vec!["account.owner_email"; 26].join(", ");
    assert!(
        codes(with(&many)).iter().any(|code| code == "too_many_copies" || code == "too_many"),
        "{:?}",
        codes(with(&many))
    );
    assert_eq!(codes(with("account.owner_email")), [""; 0]);
}
