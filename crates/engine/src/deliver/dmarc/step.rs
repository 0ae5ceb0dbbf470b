//! The next step on the way from watching to refusing: `none`, `quarantine`, `reject`.

use caravan_connect::dns;
use caravan_store::dmarc::Fared;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;

use super::{DmarcPolicy, policy_record};

/// Fewer messages say too little.
const ENOUGH_MESSAGES: i64 = 100;
/// A shorter time says too little: what goes out once a week has not been seen.
const LONG_ENOUGH: SignedDuration = SignedDuration::from_hours(24 * 14);
/// The share of one's own mail that must pass before more is asked of receivers.
const GOOD_SHARE: f64 = 0.98;

/// What to do next about the policy of a domain.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DmarcStep {
    /// `publish` a first policy, `wait` for more reports, `mend` what fails, `tighten` the policy, or all is `done`.
    #[schemars(extend("enum" = ["publish", "wait", "mend", "tighten", "done"]))]
    pub code: &'static str,
    /// What that means, for people.
    pub message: String,
    /// Name of the record to publish.
    pub name: Option<String>,
    /// What shall stand there.
    pub value: Option<String>,
    /// The same in test mode: receivers report, and do what the step before asks (`t=y`).
    pub test_value: Option<String>,
}

/// How things stand.
pub struct Standing<'a> {
    pub domain: &'a str,
    pub fared: &'a [Fared],
    /// Over what time there are reports.
    pub seen: SignedDuration,
    /// As receivers found it last.
    pub policy: Option<&'a DmarcPolicy>,
    /// The record as it was last found in the DNS.
    pub published: Option<&'a str>,
    pub reports_to: &'a str,
}

impl DmarcStep {
    fn without_record(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), name: None, value: None, test_value: None }
    }
}

pub fn next(at: &Standing<'_>) -> DmarcStep {
    let Some(policy) = at.policy else { return first(at) };
    let changed = at.published.filter(|_| policy.domain == at.domain).and_then(dns::policy_of);
    if let Some((now, testing)) = changed.filter(|now| *now != (policy.policy.clone(), policy.testing)) {
        let mode = if testing { " in test mode" } else { "" };
        let message = format!("The DNS says `{now}`{mode} now; reports about that come within two days.");
        return DmarcStep::without_record("wait", message);
    }
    if policy.policy == "reject" && !policy.testing {
        return DmarcStep::without_record(
            "done",
            "Receivers refuse what does not pass. Look now and then whether mail of your own fails.",
        );
    }
    let messages: i64 = at.fared.iter().map(|it| it.messages).sum();
    if messages < ENOUGH_MESSAGES || at.seen < LONG_ENOUGH {
        let message = format!(
            "Wait until reports tell of {ENOUGH_MESSAGES} messages and two weeks, so that mail which leaves seldom has been seen too."
        );
        return DmarcStep::without_record("wait", message);
    }
    // Who never passes is either a system of one's own that nobody set up, or a forger; only people can tell.
    let ours = || at.fared.iter().filter(|it| it.passed > 0);
    let (sent, passed) = ours().fold((0, 0), |(sent, passed), it| (sent + it.messages, passed + it.passed));
    if (passed as f64) < GOOD_SHARE * sent as f64 || sent == 0 {
        let message = "Too much mail from addresses that are yours fails. Let every system that sends for you sign with this domain, and give it a return path in it; then wait for new reports.";
        return DmarcStep::without_record("mend", message);
    }
    tighten(at, policy, messages - sent)
}

fn first(at: &Standing<'_>) -> DmarcStep {
    if let Some((policy, _)) =
        at.published.and_then(dns::policy_of).filter(|_| at.published.is_some_and(dns::is_reported))
    {
        let message = format!(
            "No report has come yet. The policy `{policy}` asks for them; see that the address in `rua` comes into a mailbox that is read here, or upload the files."
        );
        return DmarcStep::without_record("wait", message);
    }
    DmarcStep {
        name: Some(format!("_dmarc.{}", at.domain)),
        value: Some(policy_record(at, "none", false)),
        ..DmarcStep::without_record(
            "publish",
            "Publish a policy that only watches, with an address for reports. Receivers send one a day.",
        )
    }
}

fn tighten(at: &Standing<'_>, policy: &DmarcPolicy, strangers: i64) -> DmarcStep {
    let (to, what) = match (policy.policy.as_str(), policy.testing) {
        ("reject" | "quarantine", true) => (policy.policy.as_str(), "The test went well: take test mode out."),
        ("quarantine", false) => ("reject", "Your mail passes. Have receivers refuse what does not."),
        _ => ("quarantine", "Your mail passes. Have receivers put aside what does not."),
    };
    let warning = match strangers {
        0 => String::new(),
        1 => {
            " One message came from an address that never passes: see first whether it is a system of yours.".to_owned()
        }
        n => format!(" {n} messages came from addresses that never pass: see first whether one is a system of yours."),
    };
    let share = policy.pct.map_or("", |_| " The record names `pct`, which receivers ignore now; it is left out.");
    DmarcStep {
        name: Some(format!("_dmarc.{}", at.domain)),
        value: Some(policy_record(at, to, false)),
        test_value: (!policy.testing).then(|| policy_record(at, to, true)),
        ..DmarcStep::without_record("tighten", format!("{what}{warning}{share}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = "v=DMARC1; p=none; pct=20; rf=afrf; ri=3600; rua=mailto:r@acme.example; adkim=r";

    fn fared(source: &str, messages: i64, passed: i64) -> Fared {
        Fared { source: source.into(), messages, passed, dkim: passed, ..Fared::default() }
    }

    fn policy(policy: &str, testing: bool) -> DmarcPolicy {
        DmarcPolicy { domain: "acme.example".into(), policy: policy.into(), testing, pct: None }
    }

    fn after(policy: Option<&DmarcPolicy>, published: Option<&str>, fared: &[Fared], days: i64) -> DmarcStep {
        let seen = SignedDuration::from_hours(24 * days);
        next(&Standing { domain: "acme.example", fared, seen, policy, published, reports_to: "dmarc@acme.example" })
    }

    #[test]
    fn without_reports_a_policy_that_watches_is_published_first() {
        let step = after(None, None, &[], 0);
        assert_eq!(
            (step.code, step.value.as_deref()),
            ("publish", Some("v=DMARC1; p=none; rua=mailto:dmarc@acme.example"))
        );
        assert_eq!(after(None, Some(PUBLISHED), &[], 0).code, "wait");
        let unreported = after(None, Some("v=DMARC1; p=reject"), &[], 0);
        assert_eq!(unreported.code, "publish");
    }

    #[test]
    fn the_policy_is_tightened_step_by_step_and_never_by_a_share() {
        let good = [fared("192.0.2.1", 200, 199)];
        let now = policy("none", false);
        let step = after(Some(&now), Some(PUBLISHED), &good, 14);
        assert_eq!(step.code, "tighten");
        assert_eq!(step.name.as_deref(), Some("_dmarc.acme.example"));
        assert_eq!(step.value.as_deref(), Some("v=DMARC1; p=quarantine; rua=mailto:r@acme.example; adkim=r"));
        assert_eq!(step.test_value.as_deref(), Some("v=DMARC1; p=quarantine; t=y; rua=mailto:r@acme.example; adkim=r"));

        let steps = [
            (("quarantine", true), "p=quarantine;"),
            (("quarantine", false), "p=reject;"),
            (("reject", true), "p=reject;"),
        ];
        for ((now, testing), then) in steps {
            let step = after(Some(&policy(now, testing)), None, &good, 14);
            let value = step.value.expect("a record");
            assert!(
                value.contains(then) && !value.contains("t=y") && step.test_value.is_some() != testing,
                "{now}: {value}"
            );
        }
        assert_eq!(after(Some(&policy("reject", false)), None, &good, 1).code, "done");
    }

    #[test]
    fn too_little_or_too_bad_mail_tightens_nothing() {
        let now = policy("none", false);
        assert_eq!(after(Some(&now), None, &[fared("192.0.2.1", 99, 99)], 30).code, "wait");
        assert_eq!(after(Some(&now), None, &[fared("192.0.2.1", 200, 200)], 13).code, "wait");
        assert_eq!(after(Some(&now), None, &[fared("192.0.2.1", 200, 195)], 30).code, "mend");
        assert_eq!(
            after(Some(&now), None, &[fared("192.0.2.1", 200, 0)], 30).code,
            "mend",
            "nothing is known to be ours"
        );
    }

    #[test]
    fn strangers_do_not_hold_a_policy_back_but_are_told_of() {
        let mail = [fared("192.0.2.1", 200, 200), fared("198.51.100.9", 5_000, 0)];
        let step = after(Some(&policy("none", false)), None, &mail, 30);
        assert_eq!(step.code, "tighten");
        assert!(step.message.contains("5000 messages"), "{}", step.message);
    }

    #[test]
    fn a_record_that_was_changed_since_is_given_its_time() {
        let changed = "v=DMARC1; p=quarantine; t=y; rua=mailto:r@acme.example";
        let step = after(Some(&policy("none", false)), Some(changed), &[fared("192.0.2.1", 200, 200)], 30);
        assert!(step.code == "wait" && step.message.contains("`quarantine` in test mode"), "{step:?}");
    }
}
