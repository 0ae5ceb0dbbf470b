//! A connection's spam filter, asked over the network.

use caravan_connect::Surroundings;
use caravan_connect::spam::{FilterKind, SpamFilter};
use caravan_model::Clock;
use caravan_testkit::fakes::{Rspamd, Spamd, SpamdMood};
use tokio::runtime::Runtime;

const MESSAGE: &str = "From: news@acme.example\r\nDate: Tue, 1 Dec 2026 09:00:00 +0000\r\nMessage-ID: <1@acme.example>\r\nSubject: Hello\r\n\r\n";
const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n";

/// Those of a process to whose mail servers this machine is open.
fn opened(runtime: &Runtime) -> Surroundings {
    let range = "127.0.0.0/8".parse().expect("a range");
    Surroundings::guarded(Clock::System, runtime.handle().clone()).with_mail_networks(vec![range])
}

struct Asked {
    runtime: Runtime,
    spamd: Spamd,
}

impl Asked {
    fn new() -> Self {
        Self { runtime: Runtime::new().expect("a runtime"), spamd: Spamd::start() }
    }

    fn filter(&self, host: &str) -> SpamFilter {
        SpamFilter { kind: FilterKind::Spamassassin, host: host.to_owned(), port: self.spamd.address.port() }
    }

    fn judge(&self, host: &str, body: &str) -> Result<caravan_connect::spam::SpamReport, String> {
        let surroundings = opened(&self.runtime);
        self.filter(host).judge(format!("{MESSAGE}{body}").as_bytes(), &surroundings)
    }
}

#[test]
fn spamd_judges_a_message_to_the_byte() {
    let asked = Asked::new();
    let good = asked.judge("127.0.0.1", "Grüße\r\n").expect("a report");
    assert_eq!((good.score, good.threshold, good.worrying), (0.8, 5.0, false));
    assert_eq!(
        (good.rules[0].name.as_str(), good.rules[0].description.as_str()),
        ("NO_WAY_OUT", "Nobody gets out of it by one click")
    );
    let spam = asked.judge("127.0.0.1", GTUBE).expect("a report");
    assert_eq!((spam.score, spam.worrying, spam.rules[0].name.as_str()), (1000.8, true, "GTUBE"));
    assert_eq!(asked.spamd.refused(), [""; 0]);
    assert_eq!(asked.spamd.messages(), [format!("{MESSAGE}Grüße\r\n"), format!("{MESSAGE}{GTUBE}")]);
}

#[test]
fn a_filter_that_misbehaves_is_told_of_and_a_place_that_is_none_is_not_reached() {
    let asked = Asked::new();
    for (mood, part) in [
        (SpamdMood::HangsUp, "hangs up"),
        (SpamdMood::Busy, "EX_TEMPFAIL"),
        (SpamdMood::IsAnother, "no spamd"),
        (SpamdMood::NeverEnds, "too long"),
    ] {
        asked.spamd.mood(mood);
        let why = asked.judge("127.0.0.1", "Hello\r\n").expect_err("no report");
        assert!(why.contains(part) && why.starts_with("The spam filter at 127.0.0.1:"), "{mood:?}: {why}");
    }
    let why = asked.judge("169.254.169.254", "Hello\r\n").expect_err("no report");
    assert!(why.contains("is no public address") && why.contains("--allow-mail-network"), "{why}");
    let guarded = Surroundings::guarded(Clock::System, asked.runtime.handle().clone());
    assert!(asked.filter("127.0.0.1").judge(b"", &guarded).is_err_and(|why| why.contains("--allow-mail-network")));
    let nobody = SpamFilter { port: 1, ..asked.filter("127.0.0.1") };
    assert!(nobody.judge(b"", &opened(&asked.runtime)).is_err());
}

#[test]
fn rspamd_is_asked_over_http() {
    let asked = Asked::new();
    let rspamd = Rspamd::start();
    let filter = SpamFilter { kind: FilterKind::Rspamd, host: "127.0.0.1".to_owned(), port: rspamd.port() };
    let surroundings = opened(&asked.runtime);
    let judge = |body: &str| filter.judge(format!("{MESSAGE}{body}").as_bytes(), &surroundings).expect("a report");
    assert_eq!((judge("Hello").by, judge("Hello").score, judge("Hello").worrying), ("rspamd", 1.5, false));
    assert_eq!((judge(GTUBE).score, judge(GTUBE).threshold, judge(GTUBE).worrying), (20.0, 15.0, true));
    assert_eq!(rspamd.refused(), [""; 0]);
}
