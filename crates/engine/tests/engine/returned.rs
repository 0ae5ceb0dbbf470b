//! What comes back about mail: reports about delivery, complaints, answers; on both stores.

use std::cell::Cell;

use crate::support::post::{EXECUTIONS, Post, delivered, keys};
use crate::support::{World, on_both_stores};
use caravan_connect::Secret;
use caravan_connect::returned::MailboxTokens;
use caravan_connect::returned::{read_mail, sign_reports};
use caravan_engine::deliver::Dispatched;
use caravan_engine::returned::{self, ReportError};
use caravan_testkit::imap::{PASSWORD, USER};
use caravan_testkit::{Behaviour, Imap};
use serde_json::json;

impl Post {
    /// With a sending domain, so that reports return by message, and a secret for reports by call.
    fn with_domain(self) -> Self {
        let key = self.file(caravan_testkit::keys::RSA_2048);
        let secret = self.file("s3cret");
        self.world.apply(&format!(
            "{{kind: sending_domain, key: acme, domain: acme.example, dkim: [{{selector: c1}}], return_path: bounce.acme.example, \
               secrets: {{dkim_private_key: {{file: '{key}'}}}}}}\n---\n\
             {{kind: connection, key: mail, type: smtp, settings: {{host: 127.0.0.1, port: {}, security: none, sns_topic: 'arn:x', \
               from: {{name: Acme, email: news@acme.example}}}}, secrets: {{webhook_secret: {{file: '{secret}'}}}}}}",
            self.smtp.port
        ));
        self.sends("welcome", "");
        self
    }

    fn file(&self, content: &str) -> String {
        let path = self.folder.path().join(format!("{}", content.len()));
        std::fs::write(&path, content).expect("a file");
        path.display().to_string()
    }

    /// Envelope sender of the message to an address.
    fn return_path(&self, to: &str) -> String {
        self.smtp.messages().into_iter().find(|m| m.rcpt_to == [to]).expect("a message").mail_from
    }

    fn comes_back(&self, raw: &str) {
        let report: Vec<_> = read_mail(raw.as_bytes()).into_iter().collect();
        returned::heard(&self.world.engine, &keys(), &report).expect("it is taken in");
    }

    fn person(&self, key: &str, is: &str) -> bool {
        self.world.one(&format!("SELECT COUNT(*) FROM person WHERE key = '{key}' AND {is}")) == 1
    }
}

fn bounce(to: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; x@example.com\r\nAction: failed\r\nStatus: {status}\r\n\r\n--b--\r\n"
    )
}

/// A report to a mailbox, not to the address of one message, about a recipient, that quotes a header of the message.
fn quoting(recipient: &str, header: &str) -> String {
    bounce("bounces@acme.example", "5.1.1").replace("x@example.com", recipient).replace(
        "--b--",
        &format!("--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}\r\nSubject: News\r\n\r\n--b--"),
    )
}

on_both_stores! {
    a_bounce_that_comes_later_ends_mail_to_the_address_and_is_heard(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world).with_domain();
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let to = post.return_path("p-5-0@example.com");
        for _ in 0..2 {
            post.comes_back(&bounce(&to, "5.1.1"));
        }
        post.comes_back(&bounce(&post.return_path("p-5-1@example.com"), "5.7.26"));
        post.comes_back(&bounce("b+forgedforgedforged@bounce.acme.example", "5.1.1"));
        assert_eq!(post.told("email_bounced"), 2, "each once; what is not ours is passed over");
        assert!(post.person("p-5-0", "email_invalid") && post.person("p-5-1", "NOT email_invalid"), "policy is our own trouble");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM suppression WHERE address = 'p-5-0@example.com' AND reason = 'bounced_hard'"), 1);
        assert_eq!(post.world.one("SELECT COUNT(*) FROM suppression"), 1);
        post.is(&[("done", EXECUTIONS)]);
        let refusals = |since| post.world.engine.store().read(|s| caravan_store::reports::refused_by_policy(s, since));
        let now = post.world.clock.now();
        let told = refusals(now).expect("an answer").expect("one was refused");
        assert_eq!((told.count, told.since, told.said.as_deref()), (1, now, Some("5.7.26")));
        assert_eq!(refusals(now + jiff::SignedDuration::from_secs(1)), Ok(None));
        let states = "SELECT COUNT(*) FROM delivery_report WHERE state IN ('bounced_hard', 'refused_by_policy')";
        assert_eq!(post.world.one(states), 2);
    }

    bounces_are_fetched_from_a_mailbox_and_put_away(world at "2026-12-01T09:00:00Z") {
        let imap = Imap::start();
        let post = Post::new(world).with_domain();
        let password = post.file(PASSWORD);
        post.world.apply(&format!(
            "{{kind: connection, key: mail, type: smtp, settings: {{host: 127.0.0.1, port: {}, security: none, \
               bounces: {{host: 127.0.0.1, port: {}, security: none, username: {USER}}}, \
               from: {{name: Acme, email: news@acme.example}}}}, secrets: {{bounce_password: {{file: '{password}'}}}}}}",
            post.smtp.port, imap.port
        ));
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        imap.append(&bounce(&post.return_path("p-5-0@example.com"), "5.1.1"));
        imap.append("From: somebody@example.com\r\nTo: bounces@acme.example\r\nSubject: Hello\r\n\r\nHi\r\n");
        imap.append(&bounce(&post.return_path("p-5-1@example.com"), "5.2.2"));
        let surroundings = post.surroundings();
        let troubles = || post.world.engine.store().read(caravan_store::watched::mailbox_troubles).expect("troubles");
        assert_eq!(returned::visit_mailboxes(&post.world.engine, &keys(), &post.guarded(), &MailboxTokens::default()), Ok(0));
        let [closed] = troubles().try_into().expect("one trouble");
        assert!(closed.message.contains("`127.0.0.1` is no public address") && closed.message.contains("--allow-mail-network"), "{}", closed.message);
        let visit = || returned::visit_mailboxes(&post.world.engine, &keys(), &surroundings, &MailboxTokens::default());
        assert_eq!(visit(), Ok(3));
        assert_eq!((imap.counts(), visit()), ((3, 0), Ok(0)), "read once");
        assert!(post.person("p-5-0", "email_invalid") && post.person("p-5-1", "NOT email_invalid"));
        assert_eq!(post.told("email_bounced"), 2);
        assert_eq!(troubles(), []);
        drop(imap);
        assert_eq!(visit(), Ok(0), "a mailbox that is away is tried again");
        let since = post.world.clock.now();
        post.advance(60);
        visit().expect("a second try");
        let [trouble] = troubles().try_into().expect("one trouble");
        assert_eq!((trouble.connection.as_str(), trouble.since), ("mail", since));
        assert!(trouble.message.contains("127.0.0.1"), "{}", trouble.message);
        post.world.apply(&format!(
            "{{kind: connection, key: mail, type: smtp, settings: {{host: 127.0.0.1, port: {}, security: none, \
               from: {{name: Acme, email: news@acme.example}}}}}}", post.smtp.port
        ));
        assert_eq!((visit(), troubles()), (Ok(0), vec![]), "nobody looks into it any more");
    }

    a_report_settles_what_was_in_doubt(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world).with_domain();
        post.smtp.behave_to("p-6-1@example.com", &Behaviour::DropAfterData);
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { delivered: 14, in_doubt: 1, ..Dispatched::default() }));
        post.comes_back(&bounce(&post.return_path("p-6-1@example.com"), "5.2.2").replace("Action: failed", "Action: delivered"));
        post.is(&[("done", EXECUTIONS)]);
        assert_eq!((post.told("email_sent"), post.told("email_delivered")), (15, 1));
    }

    a_complaint_ends_mail_of_any_kind_and_opts_out(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world).with_domain();
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let complaint = format!(
            "From: fbl@provider.example\r\nTo: abuse@acme.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n\
             --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: P/1.0\r\nVersion: 1\r\nOriginal-Mail-From: <{}>\r\n\r\n--b--\r\n",
            post.return_path("p-7-0@example.com")
        );
        for _ in 0..2 {
            post.comes_back(&complaint);
        }
        assert!(post.person("p-7-0", "unsubscribed AND unsubscribed_by_person AND unsubscribed_reason = 'complaint'"));
        assert_eq!((post.told("email_complained"), post.told("email_unsubscribed")), (1, 1));
        post.sends_operational();
        post.dispatcher().dispatch_once().expect("a round");
        assert_eq!(post.world.counts("bills").get("mail skipped:complained"), Some(&1));
    }

    writing_to_the_address_opts_out_and_a_machine_that_answers_does_nothing(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world).with_domain();
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let message = post.smtp.messages().into_iter().find(|m| m.rcpt_to == ["p-8-0@example.com"]).expect("a message");
        let ways_out = message.header("List-Unsubscribe").expect("ways out").to_owned();
        let address = ways_out.split("mailto:").nth(1).expect("an address").trim_end_matches('>');
        for _ in 0..2 {
            post.comes_back(&format!("From: p-8-0@example.com\r\nTo: {}\r\nAuto-Submitted: auto-replied\r\nSubject: Away\r\n\r\n", message.mail_from));
        }
        assert_eq!((post.told("email_auto_replied"), post.told("email_bounced")), (1, 0), "told once of a message");
        post.comes_back(&format!("From: p-8-0@example.com\r\nTo: {}\r\nSubject: Hello\r\n\r\nHi", message.mail_from));
        assert!(post.person("p-8-0", "NOT unsubscribed"), "an answer is no opt-out");
        post.comes_back(&format!("From: p-8-0@example.com\r\nTo: <{address}>\r\nSubject: unsubscribe\r\n\r\n"));
        assert!(post.person("p-8-0", "unsubscribed AND unsubscribed_reason = 'mailto'"));
        post.comes_back(&format!("From: p-8-0@example.com\r\nTo: <{address}>\r\nSubject: unsubscribe\r\n\r\n"));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM consent_record WHERE source = 'mailto'"), 1);
        assert_eq!(post.world.one("SELECT COUNT(*) FROM consent_record"), 1, "each once");
    }

    what_a_report_only_quotes_counts_for_the_address_that_was_written_to_lately(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world).with_domain();
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let header = |to: &str, name: &str| {
            let message = post.smtp.messages().into_iter().find(|m| m.rcpt_to == [to]).expect("a message");
            message.header(name).expect("a header").to_owned()
        };
        let id_of = |to: &str| format!("Message-ID: {}", header(to, "Message-ID"));
        let key_of = |to: &str| format!("X-Caravan-Key: {}", header(to, "X-Caravan-Key"));
        let hard = || post.world.one("SELECT COUNT(*) FROM suppression WHERE reason = 'bounced_hard'");
        let (ada, bob, eve) = ("p-5-0@example.com", "p-5-1@example.com", "p-5-2@example.com");
        // Made up: about somebody else, about nobody, about a message that there never was.
        post.comes_back(&quoting(ada, &id_of(bob)));
        post.comes_back(&quoting(ada, &key_of(bob)));
        post.comes_back(&quoting("", &id_of(ada)));
        post.comes_back(&quoting(ada, "Message-ID: <0123456789abcdef0123456789abcdef@acme.example>"));
        post.comes_back(&quoting("stranger@example.net", &id_of(ada)));
        assert_eq!((hard(), post.told("email_bounced")), (0, 0), "nobody is held for what a stranger writes");
        post.comes_back(&quoting("P-5-0@Example.com", &id_of(ada)));
        post.comes_back(&quoting(bob, &key_of(bob)));
        assert_eq!((hard(), post.told("email_bounced")), (2, 2));
        assert!(post.person("p-5-0", "email_invalid") && post.person("p-5-1", "email_invalid"));
        // The signed address goes before everything that is quoted.
        let other = quoting(ada, &id_of(ada)).replace("bounces@acme.example", &post.return_path(eve)).replace("5.1.1", "5.2.2");
        post.comes_back(&other);
        let state = |key: &str| {
            let of = format!("SELECT r.state FROM delivery_report AS r JOIN ledger AS l ON l.id = r.effect_id WHERE l.address = '{key}'");
            post.world.rows(&of, |row| row.string(0))
        };
        assert_eq!((state(ada), state(eve)), (vec!["bounced_hard".to_owned()], vec!["mailbox_full".to_owned()]));
        post.advance(14 * 86_400 + 1);
        post.comes_back(&quoting("p-6-0@example.com", &id_of("p-6-0@example.com")));
        assert_eq!(hard(), 2, "too long ago to be known by what is quoted");
    }

    reports_by_call_are_taken_when_they_are_signed(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world).with_domain();
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        let key = post.smtp.messages()[0].header("X-Caravan-Key").expect("a key").to_owned();
        let body = json!({"events": [{"type": "bounced", "key": key, "status": "5.1.1", "why": "no such user"}]}).to_string();
        let now = post.world.clock.now().as_second();
        let asked = Cell::new(0);
        let fetch = |_: &str| {
            asked.set(asked.get() + 1);
            Err("nothing is fetched in tests".to_owned())
        };
        let call = |connection: &str, signature: Option<&str>, body: &str| {
            returned::received(&post.world.engine, &keys(), connection, signature, body.as_bytes(), &fetch)
        };
        let signed = sign_reports(&Secret::new("s3cret"), body.as_bytes(), now);
        call("mail", Some(&signed), &body).expect("taken");
        assert_eq!(post.told("email_bounced"), 1);
        assert!(matches!(call("mail", Some("t=1,v1=00"), &body), Err(ReportError::NotSigned)));
        assert!(matches!(call("nowhere", Some(&signed), &body), Err(ReportError::NotWanted)));
        assert!(matches!(call("mail", None, &body), Err(ReportError::Unreadable(_))), "it is no call of SNS");
        assert_eq!((post.told("email_bounced"), asked.get()), (1, 0));
    }
}
