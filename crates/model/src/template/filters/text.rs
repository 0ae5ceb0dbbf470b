//! Filters of text. Positions count characters.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;
use minijinja::Value;
use sha2::Digest as _;

use super::{is_missing, missing};
use crate::template::engine::{shown, url_encoded};
use crate::text::Folded;

/// Passes a missing value on, and makes something of the text of any other.
fn of_text<T: Into<Value>>(value: &Value, make: impl FnOnce(&str) -> T) -> Value {
    if value.is_undefined() || value.is_none() { missing() } else { make(&shown(value)).into() }
}

pub fn title_case(value: &Value) -> Value {
    of_text(value, |text| {
        let mut at_start = true;
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if std::mem::replace(&mut at_start, c.is_whitespace() || c == '-') {
                out.extend(c.to_uppercase());
            } else {
                out.push(c);
            }
        }
        out
    })
}

pub fn left_trim(value: &Value) -> Value {
    of_text(value, |text| text.trim_start().to_owned())
}

pub fn right_trim(value: &Value) -> Value {
    of_text(value, |text| text.trim_end().to_owned())
}

pub fn substr(value: &Value, begin: i64, end: Option<i64>) -> Value {
    of_text(value, |text| {
        let at = |position: i64| usize::try_from(position).unwrap_or(0);
        let end = end.map_or(usize::MAX, at);
        text.chars().skip(at(begin)).take(end.saturating_sub(at(begin))).collect::<String>()
    })
}

fn position(text: &str, byte: Option<usize>) -> i64 {
    byte.and_then(|byte| text.get(..byte)).map_or(-1, |before| before.chars().count() as i64)
}

pub fn index_of(value: &Value, part: &str) -> Value {
    of_text(value, |text| position(text, text.find(part)))
}

pub fn last_index_of(value: &Value, part: &str) -> Value {
    of_text(value, |text| position(text, text.rfind(part)))
}

pub fn shorten(value: &Value, characters: usize) -> Value {
    of_text(value, |text| {
        if text.chars().count() <= characters {
            return text.to_owned();
        }
        let room: String = text.chars().take(characters).collect();
        let kept = room.chars().take(characters.saturating_sub(1)).collect::<String>();
        let at_word = room.rfind(char::is_whitespace).filter(|at| *at > 0 && *at <= kept.len());
        format!("{}…", at_word.and_then(|at| kept.get(..at)).unwrap_or(&kept).trim_end())
    })
}

fn compared(value: &Value, part: &str, case_sensitive: Option<bool>, test: fn(&str, &str) -> bool) -> bool {
    let text = shown(value);
    match case_sensitive.unwrap_or(true) {
        true => test(&text, part),
        false => test(Folded::new(&text).folded(), Folded::new(part).folded()),
    }
}

pub fn contains(value: &Value, part: &str, case_sensitive: Option<bool>) -> bool {
    compared(value, part, case_sensitive, |text, part| text.contains(part))
}

pub fn starts_with(value: &Value, part: &str, case_sensitive: Option<bool>) -> bool {
    compared(value, part, case_sensitive, |text, part| text.starts_with(part))
}

pub fn ends_with(value: &Value, part: &str, case_sensitive: Option<bool>) -> bool {
    compared(value, part, case_sensitive, |text, part| text.ends_with(part))
}

pub fn equals_ignore_case(value: &Value, other: &str) -> bool {
    compared(value, other, Some(false), |text, other| text == other)
}

pub fn like(value: &Value, pattern: &str) -> bool {
    let text: Vec<char> = shown(value).chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    fits(&text, &pattern)
}

/// Walks both once; a `%` that took too little is given one more character.
fn fits(text: &[char], pattern: &[char]) -> bool {
    let (mut t, mut p) = (0, 0);
    let mut last_any: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some('%') => {
                last_any = Some((p, t));
                p += 1;
            }
            Some(&wanted) if wanted == '_' || wanted == c => {
                t += 1;
                p += 1;
            }
            _ => {
                let Some((any, took_to)) = last_any else { return false };
                last_any = Some((any, took_to + 1));
                (p, t) = (any + 1, took_to + 1);
            }
        }
    }
    pattern.iter().skip(p).all(|c| *c == '%')
}

pub fn mask(value: &Value, keep_start: usize, keep_end: usize) -> Value {
    of_text(value, |text| {
        let length = text.chars().count();
        let hidden = keep_start..length.saturating_sub(keep_end);
        text.chars().enumerate().map(|(at, c)| if hidden.contains(&at) { 'X' } else { c }).collect::<String>()
    })
}

pub fn email_domain(value: &Value) -> Value {
    let text = shown(value);
    text.rsplit_once('@').map_or_else(missing, |(_, domain)| domain.trim().to_lowercase().into())
}

/// Scheme, host and path of an address.
fn parts(address: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = address.trim().split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    Some((scheme, host, path))
}

pub fn url_host(value: &Value) -> Value {
    parts(&shown(value)).map_or_else(missing, |(_, host, _)| host.to_lowercase().into())
}

pub fn url_path(value: &Value) -> Value {
    parts(&shown(value)).map_or_else(missing, |(_, _, path)| path.into())
}

pub fn url_protocol(value: &Value) -> Value {
    parts(&shown(value)).map_or_else(missing, |(scheme, ..)| scheme.to_lowercase().into())
}

pub fn url_encode(value: &Value) -> String {
    url_encoded(&shown(value), "")
}

pub fn url_decode(value: &Value) -> Value {
    of_text(value, |text| {
        let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let source = text.as_bytes();
        let mut out = Vec::with_capacity(source.len());
        let mut at = 0;
        while let Some(&byte) = source.get(at) {
            match (byte, digit(source.get(at + 1)), digit(source.get(at + 2))) {
                (b'%', Some(high), Some(low)) => {
                    out.push(high * 16 + low);
                    at += 3;
                }
                _ => {
                    out.push(byte);
                    at += 1;
                }
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    })
}

pub fn encode64(value: &Value) -> Value {
    of_text(value, |text| STANDARD.encode(text))
}

/// Lower-case hexadecimal; a missing or empty value has no hash.
fn hashed(value: &Value, hash: impl FnOnce(&[u8]) -> Vec<u8>) -> Value {
    if is_missing(value) {
        return missing();
    }
    hash(shown(value).as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

pub fn md5(value: &Value) -> Value {
    hashed(value, |bytes| md5::Md5::digest(bytes).to_vec())
}

pub fn sha256(value: &Value) -> Value {
    hashed(value, |bytes| sha2::Sha256::digest(bytes).to_vec())
}
