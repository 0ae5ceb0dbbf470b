//! Twilio's signature on its calls: HMAC-SHA1 over the address and the sorted form.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use sha2::{Digest as _, Sha256};

/// Whether `signature` was made with `token` for a call of `url` with this body.
///
/// A form's fields are signed with the address; any other body is named by its hash in the address. Standard ports are
/// signed by some versions and left out by others: both count.
pub fn is_valid(token: &str, url: &str, body: &[u8], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let hashed = url.split(['?', '&']).find_map(|parameter| parameter.strip_prefix("bodySHA256="));
    let fields = match hashed {
        Some(wanted) => {
            let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
            if !wanted.eq_ignore_ascii_case(&hash) {
                return false;
            }
            String::new()
        }
        None => sorted(body),
    };
    spellings(url).iter().any(|url| hmac::verify(&key, format!("{url}{fields}").as_bytes(), &signature).is_ok())
}

/// The signature of a call with a form.
#[cfg(test)]
pub fn of(token: &str, url: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{url}{}", sorted(body)).as_bytes()))
}

/// Names in byte order, each with its values: every value once, in order.
fn sorted(body: &[u8]) -> String {
    let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in form(body) {
        fields.entry(name).or_default().insert(value);
    }
    fields.iter().flat_map(|(name, values)| values.iter().map(move |value| format!("{name}{value}"))).collect()
}

/// The fields of a form, decoded once, in their order.
pub fn form(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// `%2B` and `+` read back.
pub fn decoded(text: &str) -> String {
    let hex =
        |digit: Option<&u8>| digit.and_then(|digit| char::from(*digit).to_digit(16)).and_then(|n| u8::try_from(n).ok());
    let bytes = text.as_bytes();
    let (mut out, mut n) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(n) {
        match (byte, hex(bytes.get(n + 1)), hex(bytes.get(n + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                n += 2;
            }
            (b'+', _, _) => out.push(b' '),
            (byte, _, _) => out.push(*byte),
        }
        n += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The address as it is, and with and without its standard port.
fn spellings(url: &str) -> Vec<String> {
    let mut all = vec![url.to_owned()];
    for (scheme, port) in [("https://", ":443"), ("http://", ":80")] {
        let Some(rest) = url.strip_prefix(scheme) else { continue };
        let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        match host.strip_suffix(port) {
            Some(bare) => all.push(format!("{scheme}{bare}{path}")),
            None if !host.contains(':') => all.push(format!("{scheme}{host}{port}{path}")),
            None => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str =
        "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";

    #[test]
    fn signatures_of_the_reference_are_taken() {
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let with_port = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
        for url in [url, with_port] {
            assert!(is_valid("12345", url, CALL.as_bytes(), "RSOYDt4T1cUTdK1PDd93/VVr8B8="), "{url}");
            assert!(is_valid("12345", url, CALL.as_bytes(), "kvajT1Ptam85bY51eRf/AJRuM3w="), "{url}");
        }
        for (url, signature) in [
            ("http://mycompany.com/myapp.php?foo=1&bar=2", "OyGYPqTF6ztdbRNCvuQO/oPvqQ4="),
            ("http://mycompany.com:80/myapp.php?foo=1&bar=2", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
            ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        ] {
            assert!(is_valid("12345", url, CALL.as_bytes(), signature), "{url}");
        }
        let repeated = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
        assert!(is_valid("12345", url, repeated.as_bytes(), "IK+Dwps556ElfBT0I3Rgjkr1wJU="));
        let hashed = "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
        let body = br#"{"property": "value", "boolean": true}"#;
        assert!(is_valid("12345", hashed, body, "a9nBmqA0ju/hNViExpshrM61xv4="));
        assert!(!is_valid("12345", hashed, b"{}", "a9nBmqA0ju/hNViExpshrM61xv4="), "another body");
        let report = "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01&From=%2B15005550006&MessageSid=SM00000000000000000000000000000002&MessageStatus=delivered&RawDlrDoneDate=2604141200&SmsSid=SM00000000000000000000000000000002&SmsStatus=delivered&To=%2B15558675310";
        let token = "0123456789abcdef0123456789abcdef";
        let url = "https://hooks.example.com/sms/twilio/status?run=42";
        assert!(is_valid(token, url, report.as_bytes(), "WwCTANmsdnBwhaC7AD/ZDZX+Z18="));
        assert!(!is_valid(
            token,
            url,
            report.replace("delivered", "failed").as_bytes(),
            "WwCTANmsdnBwhaC7AD/ZDZX+Z18="
        ));
        assert!(!is_valid("another", url, report.as_bytes(), "WwCTANmsdnBwhaC7AD/ZDZX+Z18="));
        assert!(!is_valid(token, url, report.as_bytes(), "no base64"));
    }
}
