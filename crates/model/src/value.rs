//! Values of attributes and fields, and how they are read from files and JSON.
//!
//! A value is always of the type that its attribute declares; everything foreign passes through [`ValueType::read_text`]
//! or [`ValueType::read_json`] first.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The longest text that any value may have, in characters.
pub const MAX_TEXT_CHARS: usize = 4_000;

/// What kind of values an attribute or a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number, with or without a fraction.
    Number,
    /// True or false.
    Boolean,
    /// A day of the calendar, in no zone.
    Date,
    /// An instant.
    DateTime,
}

impl ValueType {
    /// Every type, as manifests write them.
    pub const ALL: [Self; 6] = [Self::String, Self::Integer, Self::Number, Self::Boolean, Self::Date, Self::DateTime];

    /// As manifests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime => "date_time",
        }
    }

    /// What a person has to write, for messages.
    pub fn expected(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Date => "a date like 2026-12-01",
            Self::DateTime => "a date and time like 2026-12-01T09:00:00Z",
        }
    }

    /// Reads the cell of a file. An empty cell and `\N` are not values: the caller handles them first.
    ///
    /// # Errors
    /// The text is not of this type, too long or out of range.
    pub fn read_text(self, text: &str) -> Result<Value, ValueError> {
        let trimmed = text.trim();
        let refuse = || ValueError::wrong_type(self, &quoted(trimmed));
        match self {
            Self::String => bounded(text),
            Self::Integer => trimmed.parse().map(Value::Integer).map_err(|_| refuse()),
            Self::Number => number(trimmed.parse().map_err(|_| refuse())?),
            Self::Boolean => match &*trimmed.to_ascii_lowercase() {
                "true" | "yes" | "y" | "1" => Ok(Value::Boolean(true)),
                "false" | "no" | "n" | "0" => Ok(Value::Boolean(false)),
                _ => Err(refuse()),
            },
            Self::Date => read_date(trimmed).map(Value::Date).ok_or_else(refuse),
            Self::DateTime => read_instant(trimmed).map(Value::Instant).ok_or_else(refuse),
        }
    }

    /// Reads a JSON value; null reads as [`Value::Null`], and so does an empty text. Never guesses: a number is no text.
    ///
    /// # Errors
    /// The value is not of this type, too long or out of range.
    pub fn read_json(self, json: &Json) -> Result<Value, ValueError> {
        let refuse = || ValueError::wrong_type(self, &shown(json));
        match (self, json) {
            (_, Json::Null) => Ok(Value::Null),
            (Self::String, Json::String(text)) if text.is_empty() => Ok(Value::Null),
            (Self::String, Json::String(text)) => bounded(text),
            (Self::Integer, Json::Number(n)) => integer(n).map(Value::Integer).ok_or_else(refuse),
            (Self::Number, Json::Number(n)) => number(n.as_f64().ok_or_else(refuse)?),
            (Self::Boolean, Json::Bool(yes)) => Ok(Value::Boolean(*yes)),
            (Self::Date, Json::String(text)) => read_date(text).map(Value::Date).ok_or_else(refuse),
            (Self::DateTime, Json::String(text)) => read_instant(text).map(Value::Instant).ok_or_else(refuse),
            _ => Err(refuse()),
        }
    }
}

/// A day as `2026-12-01`, and nothing else.
pub fn read_date(text: &str) -> Option<Date> {
    (text.len() == "2026-12-01".len()).then(|| text.parse().ok()).flatten()
}

/// An instant as RFC 3339; a date alone is its midnight in UTC. Kept in whole microseconds, as it is stored.
pub fn read_instant(text: &str) -> Option<Timestamp> {
    let at: Timestamp = match read_date(text) {
        Some(date) => date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(),
        None => text.parse().ok()?,
    };
    Timestamp::from_microsecond(at.as_microsecond()).ok()
}

fn bounded(text: &str) -> Result<Value, ValueError> {
    match text.chars().nth(MAX_TEXT_CHARS) {
        None => Ok(Value::Text(text.to_owned())),
        Some(_) => Err(ValueError::too_long(MAX_TEXT_CHARS)),
    }
}

fn integer(n: &serde_json::Number) -> Option<i64> {
    n.as_i64().or_else(|| n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15).map(|f| f as i64))
}

fn number(n: f64) -> Result<Value, ValueError> {
    if n.is_finite() {
        return Ok(Value::Number(n));
    }
    Err(ValueError { code: "number_out_of_range", message: "the number is out of range; use a finite one".to_owned() })
}

fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("\"{short}\"")
}

/// A JSON value in the words of a message: `"text"`, `the number 5`, `a list` …
pub fn shown(json: &Json) -> String {
    match json {
        Json::Null => "nothing".to_owned(),
        Json::Bool(yes) => yes.to_string(),
        Json::Number(n) => format!("the number {n}"),
        Json::String(text) => quoted(text),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}

/// Why something is not a value of its type; the sentence goes on after the name of the attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// Stable code.
    pub code: &'static str,
    /// What was expected and what came.
    pub message: String,
}

impl ValueError {
    /// `expects a whole number, not "many"`.
    pub fn wrong_type(expected: ValueType, got: &str) -> Self {
        Self { code: "wrong_value_type", message: format!("expects {}, not {got}", expected.expected()) }
    }

    /// The text has more characters than it may.
    pub fn too_long(max_chars: usize) -> Self {
        Self { code: "text_too_long", message: format!("takes at most {max_chars} characters; shorten the text") }
    }
}

/// One value, typed. `Null` is a missing value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// Text, as it was written.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A day.
    Date(Date),
    /// An instant, in whole microseconds.
    Instant(Timestamp),
}

impl Value {
    /// Looks at it without owning it.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text),
            Self::Integer(n) => ValueRef::Integer(*n),
            Self::Number(n) => ValueRef::Number(*n),
            Self::Boolean(yes) => ValueRef::Boolean(*yes),
            Self::Date(date) => ValueRef::Date(*date),
            Self::Instant(at) => ValueRef::Instant(*at),
        }
    }

    /// Whether there is no value; an empty text counts as none.
    pub fn is_missing(&self) -> bool {
        self.as_ref().is_missing()
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its JSON form, which [`ValueType::read_json`] reads back.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Text(text) => Json::String(text.clone()),
            Self::Integer(n) => Json::from(*n),
            Self::Number(n) => Json::from(*n),
            Self::Boolean(yes) => Json::Bool(*yes),
            Self::Date(date) => Json::String(date.to_string()),
            Self::Instant(at) => Json::String(at.to_string()),
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Integer(n) => n.fmt(f),
            Self::Number(n) => n.fmt(f),
            Self::Boolean(yes) => yes.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::Instant(at) => at.fmt(f),
        }
    }
}

/// A value that somebody else owns.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum ValueRef<'a> {
    /// No value.
    #[default]
    Null,
    /// Text.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A day.
    Date(Date),
    /// An instant.
    Instant(Timestamp),
}

impl<'a> ValueRef<'a> {
    /// Whether there is no value; an empty text counts as none.
    pub fn is_missing(self) -> bool {
        matches!(self, Self::Null | Self::Text(""))
    }

    /// A field of a JSON object; lists and objects count as missing.
    pub fn from_json(json: &'a Json) -> Self {
        match json {
            Json::String(text) => Self::Text(text),
            Json::Bool(yes) => Self::Boolean(*yes),
            Json::Number(n) => match n.as_i64() {
                Some(whole) => Self::Integer(whole),
                None => n.as_f64().map_or(Self::Null, Self::Number),
            },
            Json::Null | Json::Array(_) | Json::Object(_) => Self::Null,
        }
    }

    /// An owned copy.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Integer(n) => Value::Integer(n),
            Self::Number(n) => Value::Number(n),
            Self::Boolean(yes) => Value::Boolean(yes),
            Self::Date(date) => Value::Date(date),
            Self::Instant(at) => Value::Instant(at),
        }
    }
}

/// Compares a whole number with any number, exactly, where a conversion to a float would lose the last digits.
pub fn compare_exactly(whole: i64, number: f64) -> Option<Ordering> {
    if number.is_nan() {
        return None;
    }
    if number >= 9_223_372_036_854_775_808.0 {
        return Some(Ordering::Less);
    }
    if number < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    Some(whole.cmp(&(number.trunc() as i64)).then_with(|| 0.0.partial_cmp(&number.fract()).unwrap_or(Ordering::Equal)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_type_reads_its_own_text_and_refuses_others() {
        use ValueType::*;
        let reads = |of: ValueType, text: &str| of.read_text(text).map(|v| v.to_json()).map_err(|e| e.code);
        assert_eq!(reads(String, " a "), Ok(json!(" a ")));
        assert_eq!(reads(Integer, " 42 "), Ok(json!(42)));
        assert_eq!(reads(Integer, "4.5"), Err("wrong_value_type"));
        assert_eq!(reads(Integer, "99999999999999999999"), Err("wrong_value_type"));
        assert_eq!(reads(Number, "1e3"), Ok(json!(1000.0)));
        assert_eq!(reads(Number, "inf"), Err("number_out_of_range"));
        assert_eq!(reads(Boolean, "Yes"), Ok(json!(true)));
        assert_eq!(reads(Boolean, "maybe"), Err("wrong_value_type"));
        assert_eq!(reads(Date, "2026-02-28"), Ok(json!("2026-02-28")));
        assert_eq!(reads(Date, "2026-02-30"), Err("wrong_value_type"));
        assert_eq!(reads(Date, "2026-02-28T00:00:00Z"), Err("wrong_value_type"));
        assert_eq!(reads(DateTime, "2026-02-28T01:00:00+01:00"), Ok(json!("2026-02-28T00:00:00Z")));
        assert_eq!(reads(DateTime, "2026-02-28"), Ok(json!("2026-02-28T00:00:00Z")));
        assert_eq!(reads(String, &"ä".repeat(4_000)).map(|_| ()), Ok(()));
        assert_eq!(reads(String, &"ä".repeat(4_001)).map(|_| ()), Err("text_too_long"));
    }

    #[test]
    fn json_is_read_without_guessing() {
        let reads = |of: ValueType, json: Json| of.read_json(&json).map_err(|e| e.message);
        assert_eq!(reads(ValueType::Integer, json!(5.0)), Ok(Value::Integer(5)));
        assert_eq!(reads(ValueType::Number, json!(5)), Ok(Value::Number(5.0)));
        assert_eq!(reads(ValueType::String, json!("")), Ok(Value::Null));
        assert_eq!(reads(ValueType::Boolean, json!(null)), Ok(Value::Null));
        assert_eq!(reads(ValueType::String, json!(5)), Err("expects text, not the number 5".to_owned()));
        assert_eq!(reads(ValueType::Integer, json!("5")), Err("expects a whole number, not \"5\"".to_owned()));
        assert_eq!(reads(ValueType::Date, json!([])), Err("expects a date like 2026-12-01, not a list".to_owned()));
    }

    #[test]
    fn whole_numbers_and_fractions_compare_exactly() {
        let big = (1_i64 << 53) + 1;
        assert_eq!(compare_exactly(big, (1_i64 << 53) as f64), Some(Ordering::Greater));
        assert_eq!(compare_exactly(5, 5.0), Some(Ordering::Equal));
        assert_eq!(compare_exactly(5, 5.5), Some(Ordering::Less));
        assert_eq!(compare_exactly(-5, -5.5), Some(Ordering::Greater));
        assert_eq!(compare_exactly(i64::MAX, 9.3e18), Some(Ordering::Less));
        assert_eq!(compare_exactly(i64::MIN, f64::NEG_INFINITY), Some(Ordering::Greater));
    }
}
