//! Fields of which tests hold, for trying things out: an activity that a listener waits for, an answer that a path asks for.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::{Check, Checks, Constant, Context, FieldTest};
use crate::value::ValueRef;

impl FieldTest {
    /// The simplest fields of which all of these tests hold; none where a simple value does not do. Tests of `at`, the date of
    /// an activity, are left to when it happens.
    pub fn example(tests: &[Self], context: &Context<'_>) -> Option<Map<String, Json>> {
        let mut fields = Map::new();
        for test in tests.iter().filter(|test| test.field != "at") {
            let value = test.checks.example(context)?;
            if !value.is_null() {
                fields.insert(test.field.clone(), value);
            }
        }
        Some(fields)
    }
}

impl Checks {
    /// The first that holds of what the checks themselves name, and of plain values.
    fn example(&self, context: &Context<'_>) -> Option<Json> {
        let named = self.0.iter().flat_map(|check| check.named(context));
        let plain = [Json::Null, json!("something"), json!(true), json!(1)];
        let mut all = self.joined().into_iter().chain(named).chain(plain);
        all.find(|value| self.hold(ValueRef::from_json(value), context))
    }

    /// What a text starts with and what it contains, in one: neither holds alone of both.
    fn joined(&self) -> Option<Json> {
        let start = self.0.iter().find_map(|check| match check {
            Check::StartsWith { negated: false, any_of } => any_of.first(),
            _ => None,
        })?;
        let part = self.0.iter().find_map(|check| match check {
            Check::Contains { negated: false, any_of } => any_of.first(),
            _ => None,
        })?;
        Some(json!(format!("{}{}", start.written(), part.written())))
    }
}

impl Check {
    /// Values that it names, and their neighbours.
    fn named(&self, context: &Context<'_>) -> Vec<Json> {
        match self {
            Self::Is { any_of, .. } => any_of.iter().map(Constant::written).collect(),
            Self::StartsWith { any_of, .. } | Self::Contains { any_of, .. } => {
                any_of.iter().map(|text| json!(text.written())).collect()
            }
            Self::Compare { than, .. } => std::iter::once(than.written()).chain(than.neighbours()).collect(),
            Self::Between(from, _) => vec![from.written()],
            Self::On(days) => days.iter().map(|day| json!(day.to_string())).collect(),
            Self::InPast(_) => vec![instant(context.now)],
            Self::Empty { .. } => Vec::new(),
        }
    }
}

impl Constant {
    /// As a field of JSON says it.
    fn written(&self) -> Json {
        match self {
            Self::Text(text) => json!(text.written()),
            Self::Integer(n) => json!(n),
            Self::Number(n) => json!(n),
            Self::Boolean(yes) => json!(yes),
            Self::Date(day) => json!(day.to_string()),
            Self::Instant(at) => instant(*at),
        }
    }

    /// Just below it and just above it.
    fn neighbours(&self) -> Vec<Json> {
        match self {
            Self::Integer(n) => vec![json!(n.saturating_sub(1)), json!(n.saturating_add(1))],
            Self::Number(n) => vec![json!(n - 1.0), json!(n + 1.0)],
            Self::Date(day) => {
                [day.yesterday(), day.tomorrow()].into_iter().flatten().map(|day| json!(day.to_string())).collect()
            }
            Self::Instant(at) => {
                let second = jiff::SignedDuration::from_secs(1);
                [at.checked_sub(second), at.checked_add(second)].into_iter().flatten().map(instant).collect()
            }
            Self::Text(_) | Self::Boolean(_) => Vec::new(),
        }
    }
}

fn instant(at: Timestamp) -> Json {
    json!(at.to_string())
}
