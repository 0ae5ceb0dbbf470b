//! Writes JSON values as YAML that reads back as the same value.

use serde_json::{Map, Value};

/// Longest line on which a small mapping or list is written in one piece.
const LINE: usize = 100;

/// The value as one YAML document, without `---`.
pub fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => mapping(fields, 0, &mut out),
        Value::Array(items) if !items.is_empty() => list(items, 0, &mut out),
        _ => out.push_str(&flow(value)),
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn mapping(fields: &Map<String, Value>, indent: usize, out: &mut String) {
    for (n, (key, value)) in fields.iter().enumerate() {
        if n > 0 {
            margin(indent, out);
        }
        out.push_str(&key_text(key));
        out.push(':');
        after_key(value, indent, out);
    }
}

fn list(items: &[Value], indent: usize, out: &mut String) {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            margin(indent, out);
        }
        out.push_str("- ");
        match item {
            Value::Object(fields) if !fits(item, indent + 2) => mapping(fields, indent + 2, out),
            Value::Array(inner) if !fits(item, indent + 2) => list(inner, indent + 2, out),
            _ => {
                out.push_str(&flow(item));
                out.push('\n');
            }
        }
    }
}

fn after_key(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::String(text) if is_block(text) => block(text, indent + 2, out),
        Value::Object(fields) if !fits(value, indent + 2) => {
            out.push('\n');
            margin(indent + 2, out);
            mapping(fields, indent + 2, out);
        }
        Value::Array(items) if !fits(value, indent + 2) => {
            out.push('\n');
            margin(indent + 2, out);
            list(items, indent + 2, out);
        }
        _ => {
            out.push(' ');
            out.push_str(&flow(value));
            out.push('\n');
        }
    }
}

fn margin(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Whether it is empty, or small and flat enough to stand on one line.
fn fits(value: &Value, indent: usize) -> bool {
    depth(value) <= 3 && !has_block(value) && indent + flow(value).chars().count() <= LINE
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_block(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.values().any(has_block),
        Value::Array(items) => items.iter().any(has_block),
        Value::String(text) => is_block(text),
        _ => false,
    }
}

/// Texts of several lines are written as they are, if that keeps every character.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text.chars().all(|c| c == '\n' || c == '\t' || (!c.is_control() && !is_odd(c)))
        && text.lines().all(|line| !line.trim().is_empty() || line.is_empty())
        && text.chars().any(|c| !c.is_whitespace())
}

/// Characters that YAML takes for line breaks, or that no reader shows.
fn is_odd(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn block(text: &str, indent: usize, out: &mut String) {
    let trailing = text.chars().rev().take_while(|c| *c == '\n').count();
    out.push_str(match trailing {
        0 => " |-\n",
        1 => " |\n",
        _ => " |+\n",
    });
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if !line.is_empty() {
            margin(indent, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// The value on one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{}: {}", key_text(key), flow(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        _ => value.to_string(),
    }
}

/// `on` is a field of ours; as a key nobody takes it for a truth value.
fn key_text(key: &str) -> String {
    if key == "on" { key.to_owned() } else { scalar(key) }
}

/// Plain where nothing could take it for anything else, else in double quotes.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(char::is_alphabetic)
        && text.split(' ').all(is_plain_word)
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if plain || is_instant(text) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || is_odd(c) => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Marks stand only inside words: at their edges, readers of YAML disagree about some.
fn is_plain_word(word: &str) -> bool {
    word.starts_with(char::is_alphanumeric)
        && word.trim_end_matches('.').ends_with(char::is_alphanumeric)
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@' | '+' | '\''))
}

/// `2026-12-01T09:00:00Z` and durations such as `30d` need no quotes.
fn is_instant(text: &str) -> bool {
    let duration = text.strip_suffix(['m', 'h', 'd', 'w']).or_else(|| text.strip_suffix("mo"));
    duration.is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
        || (text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok())
}
