//! Signing mail (DKIM: RFC 6376, 8301, 8463), relaxed on both sides.
//!
//! The library's own signer takes a few headers and RSA in plain Rust, which needs milliseconds for a signature; here
//! ring signs, and every header that matters to a recipient is covered, the sender twice so that none can be added.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{self, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use sha2::{Digest as _, Sha256};

use crate::connector::Secret;

/// What is signed of the headers that a message has, in this order. `From` is named once more than it occurs.
const SIGNED: &[&str] = &[
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-id",
    "feedback-id",
    "cfbl-address",
];

/// Signs for one domain, with one key or with two (RSA beside Ed25519, or the old beside the new).
pub struct Signer {
    domain: String,
    keys: Vec<(String, Key)>,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
    /// Whose computation fails; no key that can be read is known to do so.
    #[cfg(test)]
    Broken,
}

/// A message that cannot be signed; it must not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The computation failed.
    #[error("the key with the selector `{selector}` of `{domain}` made no signature")]
    Failed {
        /// Whose key.
        domain: String,
        /// Which of its keys.
        selector: String,
    },
    /// A signature that covers no sender says nothing.
    #[error("the headers of the message cannot be read, or name no sender")]
    NoSender,
}

/// Why a private key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not PEM.
    #[error("the key is not in PEM form; it must begin with -----BEGIN PRIVATE KEY-----")]
    NotPem,
    /// Another kind, too short, or damaged.
    #[error("the key is no RSA key of at least 2048 bits and no Ed25519 key ({0})")]
    Unusable(String),
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Signer({}, {})",
            self.domain,
            self.keys.iter().map(|(s, _)| s.as_str()).collect::<Vec<_>>().join(", ")
        )
    }
}

impl PartialEq for Signer {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Signer {}

impl Signer {
    /// Signs for `domain` with keys by selector.
    ///
    /// # Errors
    /// The selector whose key cannot be used, and why.
    pub fn new(domain: &str, keys: &[(String, Secret)]) -> Result<Self, (String, KeyError)> {
        let read = |(selector, pem): &(String, Secret)| {
            let key = Key::read(pem.reveal()).map_err(|error| (selector.clone(), error))?;
            Ok((selector.clone(), key))
        };
        Ok(Self { domain: domain.to_owned(), keys: keys.iter().map(read).collect::<Result<_, _>>()? })
    }

    /// The signatures as headers, to be put before everything else of the message.
    ///
    /// # Errors
    /// One of the keys made none: the message is not to leave, neither unsigned nor with what receivers take for forged.
    pub fn signatures(&self, message: &[u8], now: Timestamp) -> Result<String, SigningError> {
        let (head, body) = split(message);
        let fields = fields(head);
        if !fields.iter().any(|field| field.name.eq_ignore_ascii_case("from")) {
            return Err(SigningError::NoSender);
        }
        let body_hash = STANDARD.encode(Sha256::digest(relaxed_body(body)));
        self.keys.iter().map(|(selector, key)| self.signature(selector, key, &fields, &body_hash, now)).collect()
    }

    fn signature(
        &self,
        selector: &str,
        key: &Key,
        fields: &[Field<'_>],
        body_hash: &str,
        now: Timestamp,
    ) -> Result<String, SigningError> {
        let (mut covered, mut names) = (String::new(), Vec::new());
        for name in SIGNED {
            // Of several of one name the last comes first.
            for field in fields.iter().rev().filter(|field| field.name.eq_ignore_ascii_case(name)) {
                covered.push_str(&relaxed_header(field.name, field.value));
                covered.push_str("\r\n");
                names.push(*name);
            }
        }
        names.push("from");
        let mut header = format!(
            "v=1; a={}; c=relaxed/relaxed; d={}; s={selector};\r\n\tt={};\r\n\th={};\r\n\tbh={body_hash};\r\n\tb=",
            key.algorithm(),
            self.domain,
            now.as_second(),
            folded_names(&names),
        );
        covered.push_str(&relaxed_header("dkim-signature", &header));
        let failed = || SigningError::Failed { domain: self.domain.clone(), selector: selector.to_owned() };
        let signed = STANDARD.encode(key.sign(covered.as_bytes()).ok_or_else(failed)?);
        for (n, line) in signed.as_bytes().chunks(72).enumerate() {
            let fold = if n == 0 { "" } else { "\r\n\t" };
            let _ = write!(header, "{fold}{}", String::from_utf8_lossy(line));
        }
        Ok(format!("DKIM-Signature: {header}\r\n"))
    }

    /// What must stand in the DNS: name and value of each key's TXT record.
    pub fn records(&self) -> Vec<(String, String)> {
        let record = |(selector, key): &(String, Key)| {
            let (kind, public) = key.public();
            (
                format!("{selector}._domainkey.{}", self.domain),
                format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(public)),
            )
        };
        self.keys.iter().map(record).collect()
    }
}

impl Key {
    fn read(pem: &str) -> Result<Self, KeyError> {
        let inside = pem.split("-----BEGIN ").nth(1).and_then(|rest| rest.split_once("-----"));
        let (label, rest) = inside.ok_or(KeyError::NotPem)?;
        let text: String = rest.split("-----END").next().unwrap_or_default().split_whitespace().collect();
        let der = STANDARD.decode(text).map_err(|_| KeyError::NotPem)?;
        let unusable = |error: ring::error::KeyRejected| KeyError::Unusable(error.to_string());
        if label == "RSA PRIVATE KEY" {
            return RsaKeyPair::from_der(&der).map(|key| Self::Rsa(Box::new(key))).map_err(unusable);
        }
        // OpenSSL leaves the public half out of Ed25519 keys.
        match Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
            Ok(key) => Ok(Self::Ed25519(Box::new(key))),
            Err(_) => RsaKeyPair::from_pkcs8(&der).map(|key| Self::Rsa(Box::new(key))).map_err(unusable),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
            #[cfg(test)]
            Self::Broken => "rsa-sha256",
        }
    }

    /// None where the computation fails.
    fn sign(&self, covered: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) => {
                let mut signed = vec![0; key.public().modulus_len()];
                // The randomness blinds the computation; the signature is the same every time.
                key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), covered, &mut signed).ok()?;
                Some(signed)
            }
            // RFC 8463: the signature is over the hash.
            Self::Ed25519(key) => Some(key.sign(&Sha256::digest(covered)).as_ref().to_vec()),
            #[cfg(test)]
            Self::Broken => None,
        }
    }

    /// Kind and public half, as the DNS record has them.
    fn public(&self) -> (&'static str, Vec<u8>) {
        match self {
            Self::Rsa(key) => ("rsa", subject_public_key(key.public_key().as_ref())),
            Self::Ed25519(key) => ("ed25519", key.public_key().as_ref().to_vec()),
            #[cfg(test)]
            Self::Broken => ("rsa", Vec::new()),
        }
    }
}

/// An RSA public key (PKCS #1) inside the frame that says that it is one (X.509 SubjectPublicKeyInfo).
fn subject_public_key(pkcs1: &[u8]) -> Vec<u8> {
    const RSA: &[u8] = &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let frame = |tag: u8, content: &[&[u8]]| {
        let length: usize = content.iter().map(|part| part.len()).sum();
        let mut framed = vec![tag, 0x82];
        framed.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        content.iter().for_each(|part| framed.extend(*part));
        framed
    };
    frame(0x30, &[RSA, &frame(0x03, &[&[0], pkcs1])])
}

struct Field<'a> {
    name: &'a str,
    value: &'a str,
}

fn split(message: &[u8]) -> (&[u8], &[u8]) {
    let end = message.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(message.len());
    (message.get(..end).unwrap_or_default(), message.get(end + 4..).unwrap_or_default())
}

/// The header fields, each with its folds.
fn fields(head: &[u8]) -> Vec<Field<'_>> {
    let head = std::str::from_utf8(head).unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = head;
    while !rest.is_empty() {
        let mut end = 0;
        // A line that begins with white space goes on with the one before.
        loop {
            end += rest.get(end..).and_then(|tail| tail.find("\r\n")).map_or(rest.len() - end, |at| at + 2);
            if !rest.get(end..).is_some_and(|next| next.starts_with([' ', '\t'])) {
                break;
            }
        }
        let (field, after) = rest.split_at(end);
        if let Some((name, value)) = field.split_once(':') {
            found.push(Field { name, value });
        }
        rest = after;
    }
    found
}

/// A header in its relaxed form: name in lower case, unfolded, white space reduced.
fn relaxed_header(name: &str, value: &str) -> String {
    let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}", name.trim().to_ascii_lowercase(), words.join(" "))
}

/// A body in its relaxed form: white space reduced, none at the end of lines, no empty lines at the end.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut relaxed = Vec::with_capacity(body.len());
    let mut blank_lines = 0;
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let words = line.split(|byte| matches!(byte, b' ' | b'\t'));
        let begins_blank = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            blank_lines += 1;
            continue;
        }
        (0..blank_lines).for_each(|_| relaxed.extend(b"\r\n"));
        blank_lines = 0;
        if begins_blank {
            relaxed.push(b' ');
        }
        relaxed.extend(words.join(&b' '));
        relaxed.extend(b"\r\n");
    }
    relaxed
}

/// The names of the signed headers, in lines that are not too long.
fn folded_names(names: &[&str]) -> String {
    names.chunks(6).map(|line| line.join(":")).collect::<Vec<_>>().join(":\r\n\t ")
}

#[cfg(test)]
impl Signer {
    /// Signs with a good key and with one whose computation fails.
    pub(super) fn half_broken(pem: &str) -> Self {
        let mut signer = Self::new("acme.example", &[("r1".into(), Secret::new(pem))]).expect("a key");
        signer.keys.push(("c9".into(), Key::Broken));
        signer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_makes_no_signature_and_a_head_without_a_sender_are_errors() {
        let signer = Signer::half_broken(caravan_testkit::keys::RSA_2048);
        let signed = |message: &[u8]| signer.signatures(message, Timestamp::UNIX_EPOCH);
        let failed = SigningError::Failed { domain: "acme.example".into(), selector: "c9".into() };
        assert_eq!(signed(b"From: a@acme.example\r\n\r\n"), Err(failed), "one good signature is not enough");
        assert_eq!(signed(b"Subject: x\r\n\r\nFrom: a@acme.example\r\n"), Err(SigningError::NoSender));
        assert_eq!(signed(b"From: \xff@acme.example\r\n\r\n"), Err(SigningError::NoSender));
    }

    #[test]
    fn bodies_and_headers_are_relaxed_as_the_standard_shows() {
        // The example of RFC 6376, section 3.4.5.
        assert_eq!(relaxed_header("A", " X\r\n"), "a:X");
        assert_eq!(relaxed_header("B ", " Y\t\r\n\tZ  \r\n"), "b:Y Z");
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"no end"), b"no end\r\n");
        assert_eq!(relaxed_body(b"a\r\n\r\nb\r\n"), b"a\r\n\r\nb\r\n", "empty lines inside stay");
    }

    #[test]
    fn folded_headers_are_one_field() {
        let found = fields(b"To: a@example.com,\r\n\tb@example.com\r\nSubject: x");
        let found: Vec<(&str, &str)> = found.iter().map(|field| (field.name, field.value)).collect();
        assert_eq!(found, [("To", " a@example.com,\r\n\tb@example.com\r\n"), ("Subject", " x")]);
    }

    #[test]
    fn a_key_that_cannot_sign_says_why() {
        let refused =
            |pem: &str| Signer::new("acme.example", &[("c1".into(), Secret::new(pem))]).expect_err("refused").1;
        assert_eq!(refused("secret"), KeyError::NotPem);
        let damaged = refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----");
        assert!(matches!(damaged, KeyError::Unusable(_)), "{damaged:?}");
    }
}
