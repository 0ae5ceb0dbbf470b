//! The signature scheme of Standard Webhooks: HMAC-SHA256 over id, time and the bytes as they are sent.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use caravan_model::Random;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use crate::connector::Secret;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How far the time of an attempt may be from ours, in seconds, either way.
const TOLERANCE_SECONDS: i64 = 300;
/// How many bytes a drawn key has.
const DRAWN_BYTES: usize = 32;
/// The fewest and the most bytes of a key.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Padding may be left out: keys are copied by hand.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Signs and checks with the keys of one endpoint: the current one and, while it is replaced, the former.
#[derive(Clone, PartialEq, Eq)]
pub struct Signer {
    keys: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({} keys)", self.keys.len())
    }
}

/// The three headers of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    /// `webhook-id`: the same at every attempt.
    pub id: String,
    /// `webhook-timestamp`: when this attempt is made, Unix seconds.
    pub timestamp: String,
    /// `webhook-signature`: one for each key.
    pub signature: String,
}

/// A new secret, `whsec_…`.
pub fn draw(random: &Random) -> String {
    format!("{PREFIX}{}", BASE64.encode(random.bytes::<DRAWN_BYTES>()))
}

/// Why a message is not taken for signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// Headers are missing or not of the form.
    #[error("the headers webhook-id, webhook-timestamp and webhook-signature are missing or not of their form")]
    BadHeaders,
    /// Sent too long ago, or in the future.
    #[error("the message was signed more than five minutes ago, or in the future")]
    WrongTime,
    /// None of the signatures fits.
    #[error("no signature fits")]
    NoMatch,
}

impl Signer {
    /// A signer with `secret` (`whsec_…`), and a former one while it is being replaced.
    ///
    /// # Errors
    /// What a secret must look like, for people.
    pub fn new(secret: &Secret, former: Option<&Secret>) -> Result<Self, String> {
        Ok(Self { keys: std::iter::once(secret).chain(former).map(key_of).collect::<Result<_, _>>()? })
    }

    /// The headers of a message.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> Headers {
        let timestamp = at.as_second().to_string();
        let each = self.keys.iter().map(|key| {
            let code = mac(key, id, &timestamp, body).finalize().into_bytes();
            format!("v1,{}", BASE64.encode(code))
        });
        Headers { id: id.to_owned(), signature: each.collect::<Vec<_>>().join(" "), timestamp }
    }

    /// Whether one of our keys signed this message, not long ago.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, headers: &Headers, now: Timestamp, body: &[u8]) -> Result<(), Unsigned> {
        let Headers { id, timestamp, signature } = headers;
        let digits = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        if id.is_empty() || id.contains('.') || !digits {
            return Err(Unsigned::BadHeaders);
        }
        let at: i64 = timestamp.parse().map_err(|_| Unsigned::BadHeaders)?;
        if now.as_second().abs_diff(at) > TOLERANCE_SECONDS.unsigned_abs() {
            return Err(Unsigned::WrongTime);
        }
        let given = signature.split(' ').filter_map(|one| one.split_once(',')).filter(|(version, _)| *version == "v1");
        let given: Vec<Vec<u8>> = given.filter_map(|(_, code)| BASE64.decode(code).ok()).collect();
        let fits = |key: &Vec<u8>| given.iter().any(|code| mac(key, id, timestamp, body).verify_slice(code).is_ok());
        if self.keys.iter().any(fits) { Ok(()) } else { Err(Unsigned::NoMatch) }
    }
}

fn key_of(secret: &Secret) -> Result<Vec<u8>, String> {
    let text = secret.reveal().trim();
    let key = BASE64.decode(text.strip_prefix(PREFIX).unwrap_or(text)).ok();
    key.filter(|key| KEY_BYTES.contains(&key.len())).ok_or_else(|| {
        format!(
            "A signing secret is `{PREFIX}` and 24 to 64 random bytes in base64; `openssl rand -base64 32` makes them."
        )
    })
}

fn mac(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(id).chain_update(".").chain_update(timestamp).chain_update(".").chain_update(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const NEXT: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn signer(secret: &str, former: Option<&str>) -> Signer {
        Signer::new(&Secret::new(secret), former.map(Secret::new).as_ref()).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_signatures_of_the_specification_come_out() {
        let when = at(1_649_367_553);
        let first = signer(SECRET, None).sign(ID, when, BODY);
        assert_eq!(first.signature, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
        assert_eq!(first.timestamp, "1649367553");
        let rotating = signer(NEXT, Some(SECRET)).sign(ID, when, BODY);
        assert_eq!(
            rotating.signature,
            "v1,H+RYDKli6ntvOIETWqflVRK+UIsRWejzXbFSJBJuEmc= v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
        );
    }

    #[test]
    fn what_was_changed_or_comes_from_elsewhere_or_too_late_is_not_signed() {
        let (when, keys) = (at(1_649_367_553), signer(SECRET, None));
        let headers = keys.sign(ID, when, BODY);
        assert_eq!(keys.check(&headers, when, BODY), Ok(()));
        assert_eq!(signer(NEXT, Some(SECRET)).check(&headers, when, BODY), Ok(()), "the former key still fits");
        assert_eq!(signer(NEXT, None).check(&headers, when, BODY), Err(Unsigned::NoMatch));
        assert_eq!(keys.check(&headers, when, b"{}"), Err(Unsigned::NoMatch));
        assert_eq!(keys.check(&headers, at(1_649_367_553 + 301), BODY), Err(Unsigned::WrongTime));
        assert_eq!(keys.check(&headers, at(1_649_367_553 - 301), BODY), Err(Unsigned::WrongTime));
        assert_eq!(keys.check(&headers, at(1_649_367_553 + 300), BODY), Ok(()));
        let with = |change: fn(&mut Headers)| {
            let mut headers = headers.clone();
            change(&mut headers);
            keys.check(&headers, when, BODY)
        };
        assert_eq!(with(|h| h.id = "msg_other".into()), Err(Unsigned::NoMatch));
        assert_eq!(with(|h| h.id = "a.b".into()), Err(Unsigned::BadHeaders));
        assert_eq!(with(|h| h.timestamp = "soon".into()), Err(Unsigned::BadHeaders));
        assert_eq!(with(|h| h.signature = h.signature.replace("v1,", "v2,")), Err(Unsigned::NoMatch));
        assert_eq!(with(|h| h.signature.clear()), Err(Unsigned::NoMatch));
        assert_eq!(with(|h| h.signature.insert_str(0, "v1a,AAAA v9,x ")), Ok(()), "unknown versions are passed over");
    }

    #[test]
    fn a_drawn_secret_signs() {
        let (one, two) = (draw(&Random::seeded(1)), draw(&Random::seeded(2)));
        assert!(one.starts_with("whsec_") && one != two);
        assert!(Signer::new(&Secret::new(one), Some(&Secret::new(two))).is_ok());
    }

    #[test]
    fn a_secret_is_taken_without_its_prefix_and_without_padding_and_refused_when_it_is_short() {
        let bare = SECRET.trim_start_matches("whsec_");
        assert_eq!(signer(bare, None), signer(SECRET, None));
        assert_eq!(signer(NEXT.trim_end_matches('='), None), signer(NEXT, None));
        for bad in ["", "whsec_", "whsec_AAEC", "whsec_!!", "password"] {
            assert!(Signer::new(&Secret::new(bad), None).is_err(), "{bad}");
        }
    }
}
