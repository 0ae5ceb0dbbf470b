//! A sending domain looked up in a real DNS dialogue (dnspython answers, over UDP and TCP): what must stand there, and
//! every way of not standing there.

use std::time::{Duration, Instant};

use caravan_connect::dns::{Dns, Expected, RecordCheck, RecordState, SendingDomainNames, check, check_senders};

/// A public key of the length that real ones have: its answer does not fit into one packet of UDP.
fn key() -> String {
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A".repeat(12)
}

fn dkim_record() -> String {
    format!("v=DKIM1; k=rsa; p={}", key())
}

/// As a zone file has it: in pieces of at most 255 characters.
fn in_pieces(record: &str) -> String {
    let bytes: Vec<char> = record.chars().collect();
    bytes.chunks(200).map(|piece| format!("\"{}\"", piece.iter().collect::<String>())).collect::<Vec<_>>().join(" ")
}

struct World {
    server: caravan_testkit::Dns,
    dns: Dns,
    _runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (server, runtime) = (caravan_testkit::Dns::start(&[]), runtime.expect("a runtime"));
        let dns = Dns::at(server.addr, runtime.handle()).expect("a DNS");
        Self { server, dns, _runtime: runtime }
    }

    /// What is found about acme.example when these records stand there.
    fn with(&self, records: &[&str]) -> Vec<RecordCheck> {
        self.server.holds(records);
        self.look()
    }

    fn look(&self) -> Vec<RecordCheck> {
        let names = SendingDomainNames {
            domain: "acme.example",
            return_path: Some("bounce.acme.example"),
            tracking: Some("go.acme.example"),
            public_host: Some("caravan.acme.example"),
        };
        let expected = Expected { name: "c1._domainkey.acme.example".to_owned(), record: dkim_record() };
        check(&self.dns, names, &[expected])
    }

    /// Of one purpose: the state, and what is said.
    fn one(&self, purpose: &str, records: &[&str]) -> (RecordState, String) {
        let found = self.with(records).into_iter().find(|check| check.purpose == purpose).expect("it is looked at");
        (found.state, found.message)
    }

    fn is(&self, purpose: &str, records: &[&str], state: RecordState, said: &str) {
        let (found, message) = self.one(purpose, records);
        assert!(found == state && message.contains(said), "{records:?}: {found:?}, {message}");
    }
}

#[test]
fn a_domain_that_is_set_up_is_good_in_every_record() {
    let world = World::new();
    let dkim = format!("c1._domainkey.acme.example TXT {}", in_pieces(&dkim_record()));
    let checks = world.with(&[
        &dkim,
        "bounce.acme.example MX 10 mx.acme.example.",
        "bounce.acme.example TXT \"v=spf1 include:relay.example -all\"",
        "relay.example TXT \"v=spf1 ip4:192.0.2.0/24 -all\"",
        "_dmarc.acme.example TXT \"v=DMARC1; p=none; rua=mailto:dmarc@acme.example\"",
        "go.acme.example A 192.0.2.1",
        "caravan.acme.example A 192.0.2.1",
        "acme.example MX 10 mx.acme.example.",
        "acme.example TXT \"some-site-verification=1\"",
    ]);
    let told: Vec<_> = checks.iter().map(|check| (check.purpose.as_str(), check.state)).collect();
    let good = |purpose| (purpose, RecordState::Good);
    assert_eq!(
        told,
        ["dkim", "return_path", "spf", "dmarc", "tracking", "certificate", "replies"].map(good),
        "{checks:#?}"
    );
    assert_eq!(checks[0].found, [dkim_record()], "in one piece, over TCP");
}

#[test]
fn where_nothing_stands_it_is_said_what_must() {
    let world = World::new();
    let checks = world.with(&[]);
    let told: Vec<_> = checks.iter().map(|check| (check.purpose.as_str(), check.state)).collect();
    assert_eq!(
        told,
        [
            ("dkim", RecordState::Missing),
            ("return_path", RecordState::Missing),
            ("spf", RecordState::Missing),
            ("dmarc", RecordState::Missing),
            ("tracking", RecordState::Missing),
            ("certificate", RecordState::Good),
            ("replies", RecordState::Note),
        ]
    );
    assert_eq!(checks[0].expected, dkim_record());
    assert_eq!(checks[3].expected, "v=DMARC1; p=none; rua=mailto:dmarc@bounce.acme.example");
}

#[test]
fn every_way_of_being_wrong_has_its_sentence() {
    use RecordState::{Good, Note, Wrong};
    let world = World::new();
    let dkim = |value: &str| format!("c1._domainkey.acme.example TXT \"{value}\"");
    world.is("dkim", &[&dkim("v=DKIM1; p=")], Wrong, "revoked");
    world.is("dkim", &[&dkim("v=DKIM1; k=rsa; p=AAAA")], Wrong, "Another key");
    world.is("dkim", &[&dkim("p=AAAA"), &dkim("p=BBBB")], Wrong, "Several keys");
    world.is("dkim", &[&dkim("hello")], RecordState::Missing, "Publish");
    world.is("return_path", &["bounce.acme.example MX 0 ."], Wrong, "takes no mail");

    let spf = |value: &str| format!("bounce.acme.example TXT \"{value}\"");
    world.is("spf", &[&spf("v=spf1 -all"), &spf("v=spf1 ~all")], Wrong, "Several SPF");
    world.is("spf", &[&spf("v=spf1 ipv4:192.0.2.1 -all")], Wrong, "`ipv4:192.0.2.1`");
    world.is("spf", &[&spf("v=spf1 mx +all")], Wrong, "+all");
    world.is("spf", &[&spf("v=spf1 ip4:192.0.2.1")], Note, "others");
    let dear = [
        &spf("v=spf1 include:a.example include:b.example -all"),
        "a.example TXT \"v=spf1 a mx a:x.example a:y.example a:z.example -all\"",
        "b.example TXT \"v=spf1 include:a.example -all\"",
    ];
    world.is("spf", &dear, Wrong, "more than 10 look-ups");
    let round = [&spf("v=spf1 include:a.example -all"), "a.example TXT \"v=spf1 include:a.example -all\""];
    world.is("spf", &round, Wrong, "more than 10 look-ups");

    let dmarc = |value: &str| format!("_dmarc.acme.example TXT \"{value}\"");
    world.is("dmarc", &[&dmarc("v=DMARC1; p=sometimes")], Wrong, "must be");
    world.is("dmarc", &[&dmarc("v=DMARC1; p=none"), &dmarc("v=DMARC1; p=reject")], Wrong, "Several policies");
    world.is("dmarc", &[&dmarc("v=DMARC1; p=reject; adkim=s; rua=mailto:a@b.example")], Note, "strict");
    world.is("dmarc", &[&dmarc("v=DMARC1; p=reject; pct=50; rua=mailto:a@b.example")], Note, "pct");
    world.is("dmarc", &[&dmarc("v=DMARC1; p=reject")], Note, "rua");
    let far = "_dmarc.example TXT \"v=DMARC1; p=reject; rua=mailto:a@b.example\"";
    world.is("dmarc", &[far], RecordState::Missing, "no policy");
    assert_eq!(world.one("replies", &["acme.example MX 0 ."]).0, Note);
    let here = "caravan.acme.example AAAA 2001:db8::1";
    world.is("tracking", &["go.acme.example AAAA 2001:db8::1", here], Good, "lead here");
    world.is("tracking", &["go.acme.example CNAME caravan.acme.example.", here], Good, "lead here");
    world.is("tracking", &["go.acme.example AAAA 2001:db8::9", here], Wrong, "CNAME record at `caravan.acme.example`");
}

#[test]
fn a_policy_is_inherited_from_a_parent() {
    let world = World::new();
    world.server.holds(&["_dmarc.acme.example TXT \"v=DMARC1; p=reject; rua=mailto:a@b.example\""]);
    let names =
        SendingDomainNames { domain: "news.acme.example", return_path: None, tracking: None, public_host: None };
    let found = check(&world.dns, names, &[]);
    let dmarc = found.iter().find(|check| check.purpose == "dmarc").expect("it is looked at");
    assert_eq!(dmarc.state, RecordState::Good);
    assert!(dmarc.message.contains("inherited from `acme.example`"), "{}", dmarc.message);
}

#[test]
fn a_dns_that_does_not_answer_is_no_verdict_and_takes_no_for_ever() {
    let world = World::new();
    world.server.falls_silent();
    let begun = Instant::now();
    let checks = world.look();
    assert!(checks.iter().all(|check| check.state == RecordState::Unknown), "{checks:#?}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn addresses_that_send_have_names_that_lead_back_to_them() {
    let world = World::new();
    world.server.holds(&[
        "bounce.acme.example TXT \"v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ip4:192.0.2.3 ip6:2001:db8::9 ip4:198.51.100.0/24 -all\"",
        "1.2.0.192.in-addr.arpa PTR mx1.acme.example.",
        "mx1.acme.example A 192.0.2.1",
        "2.2.0.192.in-addr.arpa PTR mx2.acme.example.",
        "mx2.acme.example A 192.0.2.99",
        "9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mx1.acme.example.",
        "mx1.acme.example AAAA 2001:db8::9",
        "5.113.0.203.in-addr.arpa PTR 203-0-113-5.dial.example.",
        "203-0-113-5.dial.example A 203.0.113.5",
    ]);
    let names = SendingDomainNames {
        domain: "acme.example",
        return_path: Some("bounce.acme.example"),
        tracking: None,
        public_host: None,
    };
    let seen = ["192.0.2.1", "203.0.113.5", "203.0.113.6"].map(|text| text.parse().expect("an address"));
    let checks = check_senders(&world.dns, names, &seen);
    let told: Vec<_> = checks.iter().map(|check| (check.name.as_str(), check.state)).collect();
    assert_eq!(
        told,
        [
            ("192.0.2.1", RecordState::Good),
            ("192.0.2.2", RecordState::Wrong),
            ("192.0.2.3", RecordState::Missing),
            ("2001:db8::9", RecordState::Good),
            ("203.0.113.5", RecordState::Note),
            ("203.0.113.6", RecordState::Note),
        ],
        "what a relay calls its own is only noted: {checks:#?}"
    );
    assert!(checks[4].message.contains("made of its numbers"), "{}", checks[4].message);
    let strays = SendingDomainNames { return_path: Some("bounce.relay.example"), ..names };
    let checks = check_senders(&world.dns, strays, &[]);
    assert_eq!((checks[0].purpose.as_str(), checks[0].state), ("alignment", RecordState::Note));
}

#[test]
fn who_may_sign_certificates_for_the_host_of_links_is_said() {
    let world = World::new();
    let caa = |records: &[&str], state, said| world.is("certificate", records, state, said);
    caa(&["acme.example CAA 0 iodef \"mailto:a@acme.example\""], RecordState::Good, "No CAA record limits");
    caa(
        &["acme.example CAA 0 issue \"ca.example; account=7\"", "acme.example CAA 0 issue \"other.example\""],
        RecordState::Good,
        "may be signed by `ca.example`, `other.example` alone",
    );
    caa(&["acme.example CAA 0 issue \";\""], RecordState::Note, "at `acme.example` forbids every authority");
    let nearest = ["acme.example CAA 0 issue \";\"", "go.acme.example CAA 128 issue \"ca.example\""];
    caa(&nearest, RecordState::Good, "by `ca.example` alone");
}
