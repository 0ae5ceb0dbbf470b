//! Sales alerts: whom they reach, and what becomes of them for each colleague; on both stores.

use crate::support::post::{Post, delivered, keys};
use crate::support::{World, on_both_stores};
use caravan_connect::returned::{Heard, MailReport, Reference};
use caravan_engine::deliver::{self, Dispatched, Settlement};
use caravan_engine::returned;
use caravan_engine::status::{self, TimelineOutcome};
use caravan_model::{EffectId, EnrollmentId};
use caravan_testkit::{Behaviour, Stage};

impl Post {
    /// A journey of five accounts that alerts these.
    fn alerts(&self, to: &str) {
        self.world.apply(
            "kind: roles_template\nkey: crm-roles\nroles:\n  - {role: Decision Maker, weighting: vital, required: true, members_required: 1, when: {person: job_title, starts_with: [Chief]}}\n  - {role: Influencer, weighting: normal, required: true, members_required: 1}\nstate: live\n---\n\
             {kind: solution_interest, key: crm, name: CRM, roles_template: crm-roles, update_existing: true, create_for: {account_list: big}}",
        );
        self.world.run();
        self.world.apply(&format!(
            "kind: journey\nkey: tell\nsubject: account\naudience: {{account_list: big}}\nend: 2027-06-30T00:00:00Z\nentry: alert\nnodes:\n  \
             alert: {{type: action, on: account, action: send_sales_alert, solution_interest: crm, to: [{to}], next: null}}\n"
        ));
        self.world.publish("tell");
        self.world.run();
    }

    /// What the first trip tells of its alert.
    fn timeline_of_an_alert(&self) -> Vec<TimelineOutcome> {
        let trip = EnrollmentId(
            self.world.one("SELECT MIN(enrollment_id) FROM (SELECT enrollment_id, kind FROM ledger UNION ALL SELECT enrollment_id, kind FROM outbox) AS t WHERE kind = 'sales_alert'"),
        );
        let timeline = status::timeline(&self.world.engine, "tell", trip).expect("a timeline");
        timeline.items.into_iter().flat_map(|item| item.outcomes).collect()
    }
}

on_both_stores! {
    a_sales_alert_has_an_outcome_for_each_colleague(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.alerts("one@example.com, two@example.com, three@example.com, Four@example.com");
        post.execute("INSERT INTO suppression (address, reason, source, added_at) VALUES ('four@example.com', 'manual', 'test', 0)");
        post.smtp.behave_to("two@example.com", &Behaviour::Reply { stage: Stage::Data, reply: "451 4.3.0 later".into() });
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { retried: 5, ..Dispatched::default() }));
        let (pending, bounced, barred) = (Some("smtp_deferred"), Some("bounced_hard"), Some("suppressed"));
        let four = ("four@example.com", "skipped", barred);
        let told = |expected: [(&str, &str, Option<&str>); 4]| {
            let timeline = post.timeline_of_an_alert();
            let told: Vec<_> = timeline.iter().map(|it| (it.address.as_deref().unwrap_or_default(), it.outcome.as_str(), it.reason.as_deref())).collect();
            assert_eq!(told, expected);
        };
        told([four, ("one@example.com", "done", None), ("three@example.com", "done", None), ("two@example.com", "pending", pending)]);
        // As if it had been refused at that first try; the server of the tests behaves in one way at a time.
        post.execute("UPDATE alert_recipient SET outcome = 'failed', reason = 'bounced_hard' WHERE address = 'three@example.com'");
        post.smtp.behave(&Behaviour::Accept);
        post.advance(60);
        assert_eq!(dispatcher.dispatch_once().map(|done| (done.failed, done.delivered)), Ok((5, 0)), "for one of them it has failed");
        let took = |to: &str| post.smtp.messages().iter().filter(|message| message.rcpt_to == [to]).count();
        assert_eq!((took("one@example.com"), took("two@example.com"), took("three@example.com")), (5, 10, 5), "only who was deferred is tried twice");
        told([four, ("one@example.com", "done", None), ("three@example.com", "failed", bounced), ("two@example.com", "done", None)]);

        // What comes back later is told of whom it is about, by key or by the address that it names.
        let header = |to: &str, name: &str| {
            let messages = post.smtp.messages();
            let message = messages.iter().find(|message| message.rcpt_to == [to]).expect("an alert");
            message.header(name).expect("a header").trim_matches(['<', '>']).to_owned()
        };
        let gone = |code| Heard::Bounced { code, why: "5.1.1 no such user".to_owned() };
        let hear = |report: MailReport| returned::heard(&post.world.engine, &keys(), &[report]).expect("it is taken in");
        let by_id = MailReport::new(vec![Reference::MessageId(header("two@example.com", "Message-ID"))], gone("bounced_hard"));
        hear(by_id.clone().of(Some("one@example.com".into())));
        hear(by_id.clone());
        let outcomes = |which: &str| post.world.one(&format!("SELECT COUNT(*) FROM alert_recipient WHERE outcome = '{which}'"));
        assert_eq!(outcomes("bounced"), 0, "a made-up report does nothing");
        hear(by_id.of(Some("Two@example.com".into())));
        hear(MailReport::new(vec![Reference::Key(header("one@example.com", "X-Caravan-Key"))], gone("refused_by_policy")));
        let kept = post.world.rows("SELECT address, outcome, reason FROM alert_recipient WHERE outcome = 'bounced' ORDER BY address", |row| {
            format!("{} {} {}", row.string(0), row.string(1), row.string(2))
        });
        assert_eq!(kept, ["one@example.com bounced refused_by_policy", "two@example.com bounced bounced_hard"]);
        let listed = post.world.rows("SELECT address FROM suppression WHERE reason = 'bounced_hard'", |row| row.string(0));
        assert_eq!(listed, ["two@example.com"], "only a hard one says that the address is of no use");
    }

    a_sales_alert_that_is_sent_again_reaches_those_who_have_not_got_it(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.alerts("one@example.com, two@example.com");
        post.smtp.behave_to("two@example.com", &Behaviour::DropAfterData);
        assert_eq!(post.dispatcher().dispatch_once().map(|done| done.in_doubt), Ok(5));
        let doubted = post.world.one("SELECT COUNT(*) FROM alert_recipient WHERE outcome = 'in_doubt' AND address = 'two@example.com'");
        assert_eq!((doubted, post.world.one("SELECT COUNT(*) FROM alert_recipient WHERE outcome = 'done'")), (5, 5));
        post.smtp.behave(&Behaviour::Accept);
        let took = |to: &str| post.smtp.messages().iter().filter(|message| message.rcpt_to == [to]).count();
        let before = (took("one@example.com"), took("two@example.com"));
        let alert = EffectId(post.world.one("SELECT MIN(id) FROM ledger WHERE kind = 'sales_alert'"));
        deliver::settle(&post.world.engine, alert, Settlement::Resend).expect("once more");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(1)));
        assert_eq!((took("one@example.com"), took("two@example.com")), (before.0, before.1 + 1));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM alert_recipient WHERE outcome = 'done'"), 6);
        let other = EffectId(post.world.one("SELECT MAX(id) FROM ledger WHERE kind = 'sales_alert'"));
        deliver::settle(&post.world.engine, other, Settlement::Delivered).expect("it had arrived");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM alert_recipient WHERE outcome = 'done'"), 7, "for whom it was in doubt");
    }

    a_sales_alert_reaches_everyone_named(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.alerts("one@example.com, two@example.com");
        post.smtp.behave_to("two@example.com", &Behaviour::Reply { stage: Stage::Data, reply: "451 4.3.0 later".into() });
        let dispatcher = post.dispatcher();
        assert_eq!(dispatcher.dispatch_once(), Ok(Dispatched { retried: 5, ..Dispatched::default() }));
        assert_eq!(post.accepted().len(), 5, "one of the two");
        post.smtp.behave(&Behaviour::Accept);
        post.advance(60);
        assert_eq!(dispatcher.dispatch_once(), Ok(delivered(5)));
        assert_eq!(post.accepted().len(), 10, "each got each alert once");
        let counts = post.world.counts("tell");
        assert_eq!((counts.get("alert done"), counts.get("alert pending")), (Some(&5), Some(&0)));
        let messages = post.smtp.messages();
        let message = messages.first().expect("an alert");
        assert_eq!(message.header("Auto-Submitted"), Some("auto-generated"));
        assert_eq!((message.header("List-Unsubscribe"), message.header("From")), (None, Some("Acme <news@acme.example>")));
        let html = message.html.as_deref().expect("an HTML part");
        assert!(html.contains("Decision Maker") && html.contains("Influencer") && !html.contains("/t/"), "{html}");
    }
}
