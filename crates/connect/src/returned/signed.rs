//! Reports of a mail server or provider in our own form, signed.
//!
//! ```json
//! {"events": [{"type": "bounced", "key": "7.1.3", "status": "5.1.1", "why": "no such user"}]}
//! ```
//!
//! `type`: `delivered`, `bounced`, `complained`. The message is named by `key` (its header `X-Caravan-Key`) or by
//! `return_path` (its envelope sender); `recipient` tells of whom, where copies left with it. `X-Caravan-Signature: t=SECONDS,v1=HEX` is HMAC-SHA256 over `SECONDS.BODY`.

use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use super::{Heard, MailReport, Reference, enhanced, failure_of};
use crate::connector::Secret;

/// A call whose time is further from ours is a repetition by somebody else.
const TOLERANCE_SECS: i64 = 300;

/// Why reports are not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedReportsRefused {
    /// Not signed with the connection's secret, or too old.
    #[error("the signature does not fit, or is older than five minutes")]
    NotSigned,
    /// Not in our form.
    #[error("the reports cannot be read: {0}")]
    Unreadable(String),
}

/// Reports as they come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedReports {
    events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    #[serde(rename = "type")]
    kind: Kind,
    key: Option<String>,
    return_path: Option<String>,
    recipient: Option<String>,
    status: Option<String>,
    #[serde(default)]
    why: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Delivered,
    Bounced,
    Complained,
}

impl SignedReports {
    /// Checks and reads a call.
    ///
    /// # Errors
    /// It is not signed, too old, or not in our form.
    pub fn read(
        secret: &Secret,
        header: &str,
        body: &[u8],
        now_secs: i64,
    ) -> Result<Vec<MailReport>, SignedReportsRefused> {
        let part = |name: &str| header.split(',').find_map(|part| part.trim().strip_prefix(name));
        let (Some(time), Some(signature)) = (part("t="), part("v1=")) else {
            return Err(SignedReportsRefused::NotSigned);
        };
        let age = time.parse::<i64>().map(|time| now_secs.saturating_sub(time).abs());
        let signature = unhex(signature).ok_or(SignedReportsRefused::NotSigned)?;
        let fits = mac(secret, time, body).is_some_and(|mac| mac.verify_slice(&signature).is_ok());
        if !fits || age.is_err() || age.is_ok_and(|age| age > TOLERANCE_SECS) {
            return Err(SignedReportsRefused::NotSigned);
        }
        let read: Self =
            serde_json::from_slice(body).map_err(|error| SignedReportsRefused::Unreadable(error.to_string()))?;
        Ok(read.events.into_iter().map(Event::report).collect())
    }
}

impl Event {
    fn report(self) -> MailReport {
        let address = self.return_path.map(Reference::Address);
        let about = address.into_iter().chain(self.key.map(Reference::Key)).collect();
        let what = match self.kind {
            Kind::Delivered => Heard::Delivered,
            Kind::Complained => Heard::Complained,
            Kind::Bounced => {
                let code = failure_of(self.status.as_deref().and_then(enhanced), &self.why);
                let why = format!("{} {}", self.status.unwrap_or_default(), self.why).trim().to_owned();
                Heard::Bounced { code, why }
            }
        };
        MailReport::new(about, what).of(self.recipient)
    }
}

/// The signature of a call, as its header has it: for whoever sends reports, and for tests.
pub fn sign_reports(secret: &Secret, body: &[u8], now_secs: i64) -> String {
    let time = now_secs.to_string();
    let hex = mac(secret, &time, body).map(|mac| mac.finalize().into_bytes()).unwrap_or_default();
    format!("t={time},v1={}", hex.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn mac(secret: &Secret, time: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).ok()?;
    Some(mac.chain_update(time).chain_update(".").chain_update(body))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |n: usize| text.get(n..n + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    text.len().is_multiple_of(2).then(|| (0..text.len()).step_by(2).map(pair).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_signed_and_fresh_is_taken() {
        let secret = Secret::new("s3cret");
        let body = br#"{"events": [{"type": "bounced", "key": "7.1.3", "status": "5.1.1", "why": "no such user"}, {"type": "delivered", "return_path": "b+x@bounce.acme.example"}]}"#;
        let header = sign_reports(&secret, body, 1_000);
        let reports = SignedReports::read(&secret, &header, body, 1_200).expect("reports");
        let why = "5.1.1 no such user".to_owned();
        assert_eq!(
            reports[0],
            MailReport::new(vec![Reference::Key("7.1.3".into())], Heard::Bounced { code: "bounced_hard", why })
        );
        assert_eq!(reports[1].what, Heard::Delivered);
        let refused = |secret: &Secret, header: &str, body: &[u8], now| {
            SignedReports::read(secret, header, body, now).expect_err("refused")
        };
        assert_eq!(refused(&Secret::new("other"), &header, body, 1_200), SignedReportsRefused::NotSigned);
        assert_eq!(refused(&secret, &header, b"{}", 1_200), SignedReportsRefused::NotSigned);
        assert_eq!(refused(&secret, &header, body, 1_301), SignedReportsRefused::NotSigned, "too old");
        assert_eq!(refused(&secret, "v1=ff", body, 1_200), SignedReportsRefused::NotSigned);
        let unknown = br#"{"events": [{"type": "opened"}]}"#;
        let header = sign_reports(&secret, unknown, 1_000);
        assert!(matches!(refused(&secret, &header, unknown, 1_000), SignedReportsRefused::Unreadable(_)));
    }

    proptest::proptest! {
        #[test]
        fn no_call_makes_it_panic(header in "(t=|v1=|,| |é|[0-9a-f]|\\PC){0,20}", body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60), text in "([{}\\[\\]\":,]|events|type|bounced|status|null|[0-9]|\\PC){0,40}", now in proptest::prelude::any::<i64>()) {
            let secret = Secret::new("s3cret");
            let refused = SignedReports::read(&secret, &header, &body, now);
            proptest::prop_assert_eq!(refused, Err(SignedReportsRefused::NotSigned));
            let events = format!(r#"{{"events": [{{"type": "bounced", "status": {0}, "why": {0}, "key": {0}}}]}}"#, serde_json::json!(text));
            for body in [body.as_slice(), text.as_bytes(), events.as_bytes()] {
                let read = SignedReports::read(&secret, &sign_reports(&secret, body, now), body, now);
                proptest::prop_assert_ne!(read, Err(SignedReportsRefused::NotSigned));
            }
        }
    }
}
