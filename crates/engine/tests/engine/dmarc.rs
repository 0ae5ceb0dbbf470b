//! Reports of receivers about all mail of a domain, on both stores.

use crate::support::post::{Post, keys};
use crate::support::{World, on_both_stores};
use caravan_connect::dns::Dns;
use caravan_connect::returned::MailboxTokens;
use caravan_connect::returned::dmarc::{DmarcReport, of_file};
use caravan_engine::deliver::{self, DmarcOutcome, DmarcTaken};
use caravan_engine::systems::Systems;
use caravan_engine::{retention, returned};
use caravan_testkit::Imap;
use caravan_testkit::imap::{PASSWORD, USER};

/// 2026-12-01T00:00:00Z
const DAY_ONE: i64 = 1_796_083_200;
const DAY: i64 = 86_400;

/// Messages from an address: how many, DKIM, SPF, sender.
type Row<'a> = (&'a str, i64, bool, bool, &'a str);

/// A report about so many days from `begin`.
fn xml(id: &str, begin: i64, days: i64, policy: &str, rows: &[Row<'_>]) -> String {
    let word = |passed: bool| if passed { "pass" } else { "fail" };
    let row = |(source, count, dkim, spf, from): &Row<'_>| {
        format!(
            "<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated><disposition>none</disposition>\
             <dkim>{}</dkim><spf>{}</spf></policy_evaluated></row><identifiers><header_from>{from}</header_from></identifiers>\
             <auth_results><spf><domain>bounce.{from}</domain><result>pass</result></spf></auth_results></record>",
            word(*dkim),
            word(*spf)
        )
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<feedback><report_metadata><org_name>receiver.example</org_name><report_id>{id}</report_id>\
         <date_range><begin>{begin}</begin><end>{}</end></date_range></report_metadata>\
         <policy_published><domain>acme.example</domain><p>{policy}</p><pct>50</pct></policy_published>{rows}</feedback>",
        begin + days * DAY - 1
    )
}

fn report(id: &str, begin: i64, days: i64, policy: &str, rows: &[Row<'_>]) -> DmarcReport {
    of_file(xml(id, begin, days, policy, rows).as_bytes()).expect("a report")
}

impl Post {
    fn takes(&self, report: &DmarcReport) -> DmarcTaken {
        deliver::take_dmarc_report(&self.world.engine, report).expect("the store")
    }

    fn dmarc_figures(&self, key: &str, days: u32) -> deliver::DmarcFigures {
        deliver::dmarc_figures(&self.world.engine, key, days).expect("the store").expect("the domain")
    }

    fn with_domains(self) -> Self {
        self.world.apply("{kind: sending_domain, key: acme, domain: acme.example}\n---\n{kind: sending_domain, key: news, domain: news.acme.example}");
        self
    }
}

on_both_stores! {
    each_report_is_kept_once_and_counted_for_the_domains_it_tells_of(world at "2026-12-20T09:00:00Z") {
        let post = Post::new(world).with_domains();
        let first = report("1", DAY_ONE, 1, "none", &[
            ("192.0.2.1", 60, true, true, "acme.example"),
            ("192.0.2.1", 30, true, false, "acme.example"),
            ("192.0.2.1", 10, true, true, "acme.example"),
            ("2001:db8::9", 5, false, false, "acme.example"),
            ("192.0.2.2", 7, false, true, "mail.news.acme.example"),
            ("192.0.2.3", 9, true, true, "other.example"),
        ]);
        let taken = post.takes(&first);
        assert_eq!((taken.outcome, taken.messages, taken.sending_domains), (DmarcOutcome::Kept, 112, vec!["acme".to_owned(), "news".to_owned()]));
        assert_eq!(post.takes(&first).outcome, DmarcOutcome::Known);
        let other = DmarcReport { org: "second.example".into(), ..first.clone() };
        assert_eq!(post.takes(&other).outcome, DmarcOutcome::Kept, "numbers are each reporter's own");
        let nobodys = report("2", DAY_ONE, 1, "none", &[("192.0.2.3", 9, true, true, "other.example")]);
        assert_eq!(post.takes(&nobodys).outcome, DmarcOutcome::NotOurs);
        for (begin, days) in [(DAY_ONE + 22 * DAY, 1), (DAY_ONE - 500 * DAY, 1), (DAY_ONE - 30 * DAY, 45)] {
            let odd = report("3", begin, days, "none", &[("192.0.2.1", 1, true, true, "acme.example")]);
            assert_eq!(post.takes(&odd).outcome, DmarcOutcome::OutOfTime, "{begin} {days}");
        }
        assert_eq!(post.world.one("SELECT COUNT(*) FROM dmarc_row"), 8, "what fared alike is one row: four of each");

        let acme = post.dmarc_figures("acme", 30);
        assert_eq!((acme.reports, acme.reporters.as_slice()), (2, &["receiver.example".to_owned(), "second.example".to_owned()][..]));
        assert_eq!((acme.total.messages, acme.total.passed, acme.total.dkim_passed, acme.total.spf_passed), (210, 200, 200, 140));
        let [ours, stranger] = acme.sources.try_into().expect("two addresses");
        assert_eq!((ours.source.as_str(), ours.counts.pass_rate, ours.verdict), ("192.0.2.1", Some(1.0), "dkim_alone"));
        assert_eq!((stranger.source.as_str(), stranger.counts.messages, stranger.verdict), ("2001:db8::9", 10, "neither"));
        assert_eq!(stranger.spf_seen, ["bounce.acme.example pass"]);
        let news = post.dmarc_figures("news", 30);
        assert_eq!((news.total.messages, news.sources[0].verdict, news.next.code), (14, "spf_alone", "wait"));
        assert_eq!(post.dmarc_figures("acme", 10).total.messages, 0, "of the last ten days there are none");
        assert_eq!(deliver::dmarc_figures(&post.world.engine, "none", 30), Ok(None));
    }

    the_next_policy_follows_from_the_reports_and_the_record_that_stands_there(world at "2026-12-20T09:00:00Z") {
        let post = Post::new(world).with_domains();
        let start = post.dmarc_figures("acme", 30).next;
        assert_eq!((start.code, start.value.as_deref()), ("publish", Some("v=DMARC1; p=none; rua=mailto:dmarc@acme.example")));

        let dns = caravan_testkit::Dns::start(&["_dmarc.acme.example TXT \"v=DMARC1; p=none; pct=50; rua=mailto:r@acme.example\""]);
        let surroundings = post.guarded();
        let systems = Systems::new(&post.world.engine, surroundings).with_dns(Dns::at(dns.addr, post.runtime.handle()).expect("a DNS"));
        systems.check_domain("acme").expect("it is looked up");
        assert_eq!(post.dmarc_figures("acme", 30).next.code, "wait");
        for day in 0..14 {
            post.takes(&report(&day.to_string(), DAY_ONE + day * DAY, 1, "none", &[("192.0.2.1", 50, true, false, "acme.example")]));
        }
        let figures = post.dmarc_figures("acme", 30);
        assert_eq!(figures.next.code, "wait", "a second is missing of two weeks: {figures:#?}");
        post.takes(&report("14", DAY_ONE + 14 * DAY, 1, "none", &[("192.0.2.1", 50, true, false, "acme.example")]));
        let figures = post.dmarc_figures("acme", 30);
        assert_eq!(figures.policy.as_ref().and_then(|it| it.pct), Some(50), "it is read");
        assert_eq!(figures.next.code, "tighten");
        assert_eq!(figures.next.value.as_deref(), Some("v=DMARC1; p=quarantine; rua=mailto:r@acme.example"), "and never written");
        assert_eq!(figures.next.test_value.as_deref(), Some("v=DMARC1; p=quarantine; t=y; rua=mailto:r@acme.example"));
    }

    reports_come_through_the_mailbox_of_bounces_and_go_with_their_age(world at "2026-12-20T09:00:00Z") {
        let imap = Imap::start();
        let post = Post::new(world).with_domains();
        let password = post.folder.path().join("password");
        std::fs::write(&password, PASSWORD).expect("a file");
        post.world.apply(&format!(
            "{{kind: connection, key: mail, type: smtp, settings: {{host: 127.0.0.1, port: {}, security: none, \
               bounces: {{host: 127.0.0.1, port: {}, security: none, username: {USER}}}, \
               from: {{name: Acme, email: news@acme.example}}}}, secrets: {{bounce_password: {{file: '{}'}}}}}}",
            post.smtp.port, imap.port, password.display()
        ));
        let mail = |name: &str, content: &str| format!(
            "From: noreply@receiver.example\r\nTo: dmarc@acme.example\r\nSubject: Report Domain: acme.example\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/xml; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{content}\r\n"
        );
        let whole = xml("1", DAY_ONE, 1, "none", &[("192.0.2.1", 50, true, false, "acme.example")]);
        imap.append(&mail("r.xml", &whole));
        imap.append(&mail("r.xml", &whole));
        imap.append(&mail("broken.xml", "<feedback>"));
        let surroundings = post.surroundings();
        let visit = || returned::visit_mailboxes(&post.world.engine, &keys(), &surroundings, &MailboxTokens::default());
        assert_eq!(visit(), Ok(3), "one that cannot be read is put away too");
        assert_eq!(visit(), Ok(0));
        assert_eq!(post.dmarc_figures("acme", 30).total.messages, 50, "the second one was the same");

        post.world.apply("{kind: settings, key: settings, organisation: Acme, postal_address: 'Hauptstr. 1, Berlin', retention: {mail_reports: 30d}}");
        retention::tick(&post.world.engine).expect("the store");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM dmarc_row"), 1);
        post.advance(12 * DAY);
        retention::tick(&post.world.engine).expect("the store");
        assert_eq!(post.world.one("SELECT COUNT(*) FROM dmarc_row") + post.world.one("SELECT COUNT(*) FROM dmarc_report"), 0);
    }
}
