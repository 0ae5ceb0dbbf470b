//! Reports of Amazon SES, which come through Amazon SNS and carry its signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature;
use serde::Deserialize;

use super::{Heard, MailReport, Reference, about, enhanced, failure_of};

/// Why a call is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnsRefused {
    /// Not from SNS.
    #[error("the signature does not fit")]
    NotSigned,
    /// The certificate could not be had; worth another try.
    #[error("the certificate of the signature cannot be fetched: {0}")]
    NoCertificate(String),
    /// Not in the form of SNS and SES.
    #[error("the report cannot be read: {0}")]
    Unreadable(String),
}

/// What a call of SNS says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnsSays {
    /// It wants to know whether this address really wants its calls: fetching this address says yes.
    Confirm(String),
    /// What became of messages.
    Reports(Vec<MailReport>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    #[serde(rename = "Type")]
    kind: String,
    message_id: String,
    message: String,
    timestamp: String,
    topic_arn: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
    subject: Option<String>,
    token: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(alias = "notificationType")]
    event_type: String,
    mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    #[serde(default)]
    complained_recipients: Vec<Recipient>,
    complaint_feedback_type: Option<String>,
}

impl Complaint {
    fn takes_back(&self) -> bool {
        matches!(self.complaint_feedback_type.as_deref(), Some("not-spam" | "auth-failure"))
    }
}

#[derive(Deserialize)]
struct Mail {
    source: String,
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounce_sub_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: Option<String>,
    status: Option<String>,
    diagnostic_code: Option<String>,
}

impl SnsSays {
    /// Checks and reads a call. `topic` is the one that is listened to; `certificate` fetches the certificate (PEM) at an
    /// address of Amazon's.
    ///
    /// # Errors
    /// It does not come from that topic, or cannot be read.
    pub fn read(
        topic: &str,
        body: &[u8],
        certificate: impl FnOnce(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Self, SnsRefused> {
        let unreadable = |error: serde_json::Error| SnsRefused::Unreadable(error.to_string());
        let envelope: Envelope = serde_json::from_slice(body).map_err(unreadable)?;
        if envelope.topic_arn != topic || !is_amazon(&envelope.signing_cert_url) {
            return Err(SnsRefused::NotSigned);
        }
        let pem = certificate(&envelope.signing_cert_url).map_err(SnsRefused::NoCertificate)?;
        if !envelope.is_signed_by(&pem) {
            return Err(SnsRefused::NotSigned);
        }
        match (envelope.kind.as_str(), envelope.subscribe_url) {
            ("SubscriptionConfirmation", Some(url)) if is_amazon(&url) => Ok(Self::Confirm(url)),
            ("Notification", _) => {
                let event: Event = serde_json::from_str(&envelope.message).map_err(unreadable)?;
                Ok(Self::Reports(event.report().into_iter().collect()))
            }
            (other, _) => Err(SnsRefused::Unreadable(format!("nothing is done for calls of type `{other}`"))),
        }
    }
}

/// Certificates and confirmations are fetched from Amazon alone.
fn is_amazon(url: &str) -> bool {
    let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let region = host
        .strip_prefix("sns.")
        .and_then(|rest| rest.strip_suffix(".amazonaws.com").or(rest.strip_suffix(".amazonaws.com.cn")));
    region.is_some_and(|region| !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
}

impl Envelope {
    /// The fields that are signed: each name and value on a line of its own.
    fn signed(&self) -> String {
        let confirms = self.kind != "Notification";
        let fields = [
            ("Message", Some(&self.message)),
            ("MessageId", Some(&self.message_id)),
            ("Subject", self.subject.as_ref().filter(|_| !confirms)),
            ("SubscribeURL", self.subscribe_url.as_ref().filter(|_| confirms)),
            ("Timestamp", Some(&self.timestamp)),
            ("Token", self.token.as_ref().filter(|_| confirms)),
            ("TopicArn", Some(&self.topic_arn)),
            ("Type", Some(&self.kind)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some(format!("{name}\n{}\n", value?))).collect()
    }

    fn is_signed_by(&self, pem: &[u8]) -> bool {
        let (Some(key), Ok(signed)) = (public_key(pem), STANDARD.decode(&self.signature)) else { return false };
        let algorithm: &dyn signature::VerificationAlgorithm = match self.signature_version.as_str() {
            "1" => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &signature::RSA_PKCS1_2048_8192_SHA256,
            _ => return false,
        };
        signature::UnparsedPublicKey::new(algorithm, key).verify(self.signed().as_bytes(), &signed).is_ok()
    }
}

/// The RSA key (PKCS #1) of a certificate. That the certificate is Amazon's follows from where it was fetched.
fn public_key(pem: &[u8]) -> Option<Vec<u8>> {
    const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03];
    let text = std::str::from_utf8(pem).ok()?.split("-----BEGIN CERTIFICATE-----").nth(1)?;
    let text: String = text.split("-----END").next()?.split_whitespace().collect();
    let der = STANDARD.decode(text).ok()?;
    // The one place at which a certificate says "RSA key" and then holds the key as a string of bits.
    let at = der.windows(RSA.len()).position(|window| window == RSA)? + RSA.len();
    let (length, from) = match *der.get(at)? {
        0x82 => (usize::from(u16::from_be_bytes([*der.get(at + 1)?, *der.get(at + 2)?])), at + 3),
        0x81 => (usize::from(*der.get(at + 1)?), at + 2),
        short => (usize::from(short), at + 1),
    };
    // The first byte says how many bits of the last one are unused: none.
    (*der.get(from)? == 0).then(|| der.get(from + 1..from + length).map(<[u8]>::to_vec)).flatten()
}

impl Event {
    fn report(&self) -> Option<MailReport> {
        let key = self.mail.headers.iter().find(|header| header.name.eq_ignore_ascii_case("X-Caravan-Key"));
        let mut about = vec![Reference::Address(self.mail.source.clone())];
        about.extend(key.map(|header| Reference::Key(header.value.clone())));
        let mut concerned: Vec<(Option<String>, Heard)> = match (self.event_type.as_str(), &self.bounce) {
            ("Bounce", Some(bounce)) => bounced(bounce),
            // Somebody said that it is no spam after all.
            ("Complaint", _) if self.complaint.as_ref().is_some_and(Complaint::takes_back) => return None,
            ("Complaint", _) => {
                // Where several are named, one of them complained, and Amazon does not know which.
                let [recipient] = self.complaint.as_ref().map_or(&[][..], |it| &it.complained_recipients) else {
                    return Some(MailReport::new(about, Heard::Complained));
                };
                vec![(recipient.email_address.clone(), Heard::Complained)]
            }
            _ => Vec::new(),
        };
        if !concerned.is_empty() {
            let (recipient, what) = concerned.remove(0);
            let others = concerned.into_iter().filter_map(|(recipient, what)| Some((recipient?, what))).collect();
            return Some(MailReport { about, recipient, what, others });
        }
        let what = match self.event_type.as_str() {
            "Delivery" => Heard::Delivered,
            "DeliveryDelay" => Heard::Delayed,
            // What SES refuses by itself never left.
            "Reject" => Heard::Bounced { code: "refused_content", why: "Amazon SES refused the message.".to_owned() },
            _ => return None,
        };
        Some(MailReport::new(about, what))
    }
}

/// Of each recipient; at least of one that is not named.
fn bounced(bounce: &Bounce) -> Vec<(Option<String>, Heard)> {
    if bounce.bounced_recipients.is_empty() {
        return vec![(None, bounce_of(bounce, None))];
    }
    let of = |recipient: &Recipient| (recipient.email_address.clone(), bounce_of(bounce, Some(recipient)));
    bounce.bounced_recipients.iter().map(of).collect()
}

fn bounce_of(bounce: &Bounce, recipient: Option<&Recipient>) -> Heard {
    let status = recipient.and_then(|recipient| recipient.status.as_deref()).unwrap_or_default();
    let words = recipient.and_then(|recipient| recipient.diagnostic_code.as_deref()).unwrap_or_default();
    let code = match (bounce.bounce_type.as_str(), bounce.bounce_sub_type.as_str()) {
        ("Transient", "MailboxFull") => "mailbox_full",
        // Amazon says that it is for good, unless the receiving server says that it is about something else.
        ("Permanent", "General" | "NoEmail" | "Suppressed" | "OnAccountSuppressionList") => {
            about(enhanced(status), words).unwrap_or("bounced_hard")
        }
        _ => failure_of(enhanced(status), words),
    };
    Heard::Bounced { code, why: format!("{status} {words}").trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::RsaKeyPair;
    use serde_json::{Value, json};

    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:ses";
    const CERTIFICATE: &str = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem";

    fn key_pem() -> &'static str {
        caravan_testkit::keys::RSA_2048
    }

    /// A certificate of the key, as Amazon's servers hand one out.
    fn certificate() -> Vec<u8> {
        let key = rcgen::KeyPair::from_pem(key_pem()).expect("a key");
        let params = rcgen::CertificateParams::new(vec!["sns.amazonaws.com".to_owned()]).expect("a name");
        params.self_signed(&key).expect("a certificate").pem().into_bytes()
    }

    fn signed(mut call: Value) -> Vec<u8> {
        call["SigningCertURL"] = CERTIFICATE.into();
        call["Signature"] = "".into();
        let envelope: Envelope = serde_json::from_value(call.clone()).expect("an envelope");
        let der: String = key_pem().lines().filter(|line| !line.starts_with("-----")).collect();
        let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).expect("base64")).expect("a key");
        let mut signature = vec![0; key.public().modulus_len()];
        let text = envelope.signed();
        key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("signed");
        call["Signature"] = STANDARD.encode(signature).into();
        call.to_string().into_bytes()
    }

    fn notification(event: &Value) -> Vec<u8> {
        signed(json!({"Type": "Notification", "MessageId": "m-1", "TopicArn": TOPIC, "Subject": "Amazon SES",
            "Message": event.to_string(), "Timestamp": "2026-12-01T09:00:00.000Z", "SignatureVersion": "2"}))
    }

    fn read(body: &[u8]) -> Result<SnsSays, SnsRefused> {
        SnsSays::read(TOPIC, body, |url| {
            assert_eq!(url, CERTIFICATE);
            Ok(certificate())
        })
    }

    #[test]
    fn a_signed_bounce_is_taken_and_a_forged_one_is_not() {
        let event = json!({"notificationType": "Bounce", "mail": {"source": "b+x@bounce.acme.example", "messageId": "ses",
            "headers": [{"name": "X-Caravan-Key", "value": "7.1.3"}]},
            "bounce": {"bounceType": "Permanent", "bounceSubType": "General",
                "bouncedRecipients": [{"emailAddress": "ada@acme.example", "status": "5.1.1", "diagnosticCode": "smtp; 550 no such user"}]}});
        let body = notification(&event);
        let Ok(SnsSays::Reports(reports)) = read(&body) else { panic!("{:?}", read(&body)) };
        assert_eq!(
            reports[0].about,
            [Reference::Address("b+x@bounce.acme.example".into()), Reference::Key("7.1.3".into())]
        );
        assert!(matches!(reports[0].what, Heard::Bounced { code: "bounced_hard", .. }), "{reports:?}");
        let forged = String::from_utf8(body.clone()).expect("text").replace("5.1.1", "5.1.2");
        assert_eq!(read(forged.as_bytes()), Err(SnsRefused::NotSigned));
        assert_eq!(
            SnsSays::read("arn:aws:sns:other", &body, |_| Ok(certificate())),
            Err(SnsRefused::NotSigned),
            "another topic"
        );
        let elsewhere = String::from_utf8(body).expect("text").replace(CERTIFICATE, "https://sns.evil.example/x.pem");
        let fetched = SnsSays::read(TOPIC, elsewhere.as_bytes(), |url| panic!("{url} is not fetched"));
        assert_eq!(fetched, Err(SnsRefused::NotSigned));
    }

    #[test]
    fn a_subscription_is_confirmed_at_amazon_alone() {
        let confirm = |url: &str| {
            signed(json!({"Type": "SubscriptionConfirmation", "MessageId": "m-2", "Token": "t", "TopicArn": TOPIC,
                "Message": "You have chosen to subscribe", "SubscribeURL": url, "Timestamp": "2026-12-01T09:00:00.000Z", "SignatureVersion": "2"}))
        };
        let url = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=t";
        assert_eq!(read(&confirm(url)), Ok(SnsSays::Confirm(url.to_owned())));
        assert!(matches!(read(&confirm("https://evil.example/")), Err(SnsRefused::Unreadable(_))));
        for (url, amazon) in [
            ("https://sns.us-east-1.amazonaws.com/x.pem", true),
            ("https://sns.us-east-1.amazonaws.com.evil.example/x.pem", false),
            ("http://sns.us-east-1.amazonaws.com/x.pem", false),
            ("https://sns.us-east-1.amazonaws.com@evil.example/", false),
        ] {
            assert_eq!(is_amazon(url), amazon, "{url}");
        }
    }

    #[test]
    fn complaints_deliveries_and_delays_are_told_apart() {
        let heard = |event: &str| {
            let event = json!({"eventType": event, "mail": {"source": "b+x@bounce.acme.example"}});
            match read(&notification(&event)) {
                Ok(SnsSays::Reports(reports)) => reports.into_iter().next().map(|report| report.what),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(heard("Complaint"), Some(Heard::Complained));
        assert_eq!(heard("Delivery"), Some(Heard::Delivered));
        assert_eq!(heard("DeliveryDelay"), Some(Heard::Delayed));
        assert_eq!(heard("Open"), None, "opens are ours");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

        #[test]
        fn no_call_certificate_or_event_makes_it_panic(at in proptest::prelude::any::<proptest::sample::Index>(), bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..8), text in "([{}\\[\\]\":,]|mail|Bounce|null|[0-9]|\\PC){0,40}") {
            let event = json!({"eventType": "Bounce", "mail": {"source": text, "headers": [{"name": text, "value": text}]},
                "bounce": {"bounceType": text, "bounceSubType": text, "bouncedRecipients": [{"emailAddress": text, "status": text, "diagnosticCode": text}]}});
            let whole: Event = serde_json::from_value(event.clone()).expect("an event");
            proptest::prop_assert!(whole.report().is_some());
            let put = |whole: &[u8]| {
                let at = at.index(whole.len());
                [&whole[..at], bytes.as_slice(), whole.get(at + bytes.len()..).unwrap_or_default()].concat()
            };
            let _ = serde_json::from_slice::<Event>(&put(event.to_string().as_bytes())).map(|event| event.report());
            let unsigned = json!({"Type": "Notification", "MessageId": text, "TopicArn": TOPIC, "Message": event.to_string(), "Timestamp": text,
                "SignatureVersion": "2", "Signature": text, "SigningCertURL": CERTIFICATE}).to_string();
            let broken = || Ok([b"-----BEGIN CERTIFICATE-----".as_slice(), STANDARD.encode(put(&DER)).as_bytes()].concat());
            proptest::prop_assert_eq!(SnsSays::read(TOPIC, unsigned.as_bytes(), |_| broken()), Err(SnsRefused::NotSigned));
            for call in [put(unsigned.as_bytes()), bytes.clone(), text.clone().into_bytes()] {
                proptest::prop_assert!(SnsSays::read(TOPIC, &call, |_| broken()).is_err());
            }
            let _ = is_amazon(&text);
        }
    }

    /// The beginning of an RSA key in a certificate.
    const DER: [u8; 24] = [
        0x30, 0x82, 0x01, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82,
        0x01, 0x0f, 0, 1, 2, 3,
    ];
}
