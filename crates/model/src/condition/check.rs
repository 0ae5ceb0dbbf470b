//! Operators: what can be checked of one value, and how.
//!
//! Two-valued: whatever is checked of a missing value is false, except that it is empty.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;

use super::evaluate::Context;
use crate::clock::told;
use crate::duration::{Duration, first_instant};
use crate::text::Folded;
use crate::value::{ValueRef, ValueType, compare_exactly, read_date, read_instant};

/// An operator, as the catalogue shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Operator {
    /// In conditions.
    pub key: &'static str,
    /// Between the attribute and the value, for people.
    pub words: &'static str,
    /// What it is compared with.
    pub takes: Takes,
    /// The types whose values it checks.
    pub types: &'static [ValueType],
}

/// What stands behind an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Takes {
    /// One value, or a list of them.
    Values,
    /// One value.
    Value,
    /// `[from, to]`, both included.
    Range,
    /// A day, or a list of them.
    Days,
    /// A duration.
    Duration,
    /// `true`.
    Nothing,
}

use ValueType::{Boolean, Date as DateType, DateTime, Integer, Number, String as Text};

const EVERY: &[ValueType] = &ValueType::ALL;
const TEXT: &[ValueType] = &[Text];
const ORDERED: &[ValueType] = &[Integer, Number, DateType, DateTime];
const NUMBERS: &[ValueType] = &[Integer, Number];
const TIMES: &[ValueType] = &[DateType, DateTime];
const SAME: &[ValueType] = &[Text, Integer, Number, Boolean, DateType];

const fn op(key: &'static str, words: &'static str, takes: Takes, types: &'static [ValueType]) -> Operator {
    Operator { key, words, takes, types }
}

/// Every operator.
pub const OPERATORS: &[Operator] = &[
    op("is", "is", Takes::Values, SAME),
    op("is_not", "is not", Takes::Values, SAME),
    op("starts_with", "starts with", Takes::Values, TEXT),
    op("not_starts_with", "does not start with", Takes::Values, TEXT),
    op("contains", "contains", Takes::Values, TEXT),
    op("not_contains", "does not contain", Takes::Values, TEXT),
    op("is_empty", "is empty", Takes::Nothing, EVERY),
    op("is_not_empty", "is not empty", Takes::Nothing, EVERY),
    op("at_least", "is at least", Takes::Value, ORDERED),
    op("greater_than", "is greater than", Takes::Value, NUMBERS),
    op("at_most", "is at most", Takes::Value, ORDERED),
    op("less_than", "is less than", Takes::Value, NUMBERS),
    op("between", "is between", Takes::Range, ORDERED),
    op("before", "is before", Takes::Value, TIMES),
    op("after", "is after", Takes::Value, TIMES),
    op("on", "is on", Takes::Days, TIMES),
    op("in_past", "is in the past", Takes::Duration, TIMES),
];

/// The operators for values of a type; all of them when the type is not known.
pub fn operators_of(value_type: Option<ValueType>) -> impl Iterator<Item = &'static Operator> {
    OPERATORS.iter().filter(move |operator| value_type.is_none_or(|of| operator.types.contains(&of)))
}

/// What a value is compared with. Texts were folded when the condition was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// Text.
    Text(Folded),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A day; of an instant, the organisation's day.
    Date(Date),
    /// An instant.
    Instant(Timestamp),
}

/// The ordering operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `at_least`
    AtLeast,
    /// `greater_than`
    GreaterThan,
    /// `at_most`
    AtMost,
    /// `less_than`
    LessThan,
    /// `before`
    Before,
    /// `after`
    After,
}

impl Order {
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::AtLeast => order.is_ge(),
            Self::GreaterThan | Self::After => order.is_gt(),
            Self::AtMost => order.is_le(),
            Self::LessThan | Self::Before => order.is_lt(),
        }
    }
}

/// One operator with what it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `is`: any of them. `is_not`: none of them.
    Is {
        /// `is_not`
        negated: bool,
        /// Never empty.
        any_of: Vec<Constant>,
    },
    /// `starts_with`: with any of them. `not_starts_with`: with none.
    StartsWith {
        /// `not_starts_with`
        negated: bool,
        /// Never empty.
        any_of: Vec<Folded>,
    },
    /// `contains`: any of them. `not_contains`: none.
    Contains {
        /// `not_contains`
        negated: bool,
        /// Never empty.
        any_of: Vec<Folded>,
    },
    /// `is_empty`, `is_not_empty`
    Empty {
        /// `is_not_empty`
        negated: bool,
    },
    /// `at_least`, `greater_than`, `at_most`, `less_than`, `before`, `after`
    Compare {
        /// Which.
        order: Order,
        /// With what.
        than: Constant,
    },
    /// `between`, both ends included
    Between(Constant, Constant),
    /// `on`: any of these days, the organisation's
    On(Vec<Date>),
    /// `in_past`: not later than now, and not longer ago than this
    InPast(Duration),
}

/// Everything that must hold of one value. No check at all always holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checks(pub Vec<Check>);

impl Checks {
    /// Whether nothing is checked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of them hold.
    pub fn hold(&self, value: ValueRef<'_>, context: &Context<'_>) -> bool {
        self.0.iter().all(|check| check.holds(value, context))
    }
}

impl Check {
    /// Whether it holds of a value.
    pub fn holds(&self, value: ValueRef<'_>, context: &Context<'_>) -> bool {
        if let Self::Empty { negated } = self {
            return value.is_missing() != *negated;
        }
        if value.is_missing() {
            return false;
        }
        match self {
            Self::Empty { .. } => false,
            Self::Is { negated, any_of } => any_of.iter().any(|one| one.is(value, context)) != *negated,
            Self::StartsWith { negated, any_of } => any_text(value, any_of, Folded::starts) != *negated,
            Self::Contains { negated, any_of } => any_text(value, any_of, Folded::is_in) != *negated,
            Self::Compare { order, than } => than.compare(value, context).is_some_and(|found| order.accepts(found)),
            Self::Between(from, to) => {
                from.compare(value, context).is_some_and(Ordering::is_ge)
                    && to.compare(value, context).is_some_and(Ordering::is_le)
            }
            Self::On(days) => day_of(value, context).is_some_and(|day| days.contains(&day)),
            Self::InPast(duration) => in_past(*duration, value, context),
        }
    }
}

fn any_text(value: ValueRef<'_>, any_of: &[Folded], test: fn(&Folded, &str) -> bool) -> bool {
    matches!(value, ValueRef::Text(text) if any_of.iter().any(|wanted| test(wanted, text)))
}

fn in_past(duration: Duration, value: ValueRef<'_>, context: &Context<'_>) -> bool {
    let start = duration.before(context.now, context.zone);
    match timely(value) {
        ValueRef::Instant(at) => start <= at && at <= context.now,
        ValueRef::Date(day) => context.day(start) <= day && day <= context.day(context.now),
        _ => false,
    }
}

/// The day of a date, or the organisation's day of an instant.
fn day_of(value: ValueRef<'_>, context: &Context<'_>) -> Option<Date> {
    match timely(value) {
        ValueRef::Date(day) => Some(day),
        ValueRef::Instant(at) => Some(context.day(at)),
        _ => None,
    }
}

/// A field of JSON tells times as text: the date or the instant in it.
pub(super) fn timely(value: ValueRef<'_>) -> ValueRef<'_> {
    match value {
        ValueRef::Text(text) => match read_date(text) {
            Some(day) => ValueRef::Date(day),
            None => read_instant(text).map_or(value, ValueRef::Instant),
        },
        _ => value,
    }
}

impl Constant {
    /// Whether a value is the same.
    fn is(&self, value: ValueRef<'_>, context: &Context<'_>) -> bool {
        match (self, value) {
            (Self::Text(wanted), ValueRef::Text(text)) => wanted.is(text),
            (Self::Boolean(wanted), ValueRef::Boolean(yes)) => *wanted == yes,
            _ => self.compare(value, context) == Some(Ordering::Equal),
        }
    }

    /// How a value lies to it; none for values that have no order with it.
    fn compare(&self, value: ValueRef<'_>, context: &Context<'_>) -> Option<Ordering> {
        match (self, value) {
            (Self::Integer(than), ValueRef::Integer(n)) => Some(n.cmp(than)),
            (Self::Number(than), ValueRef::Integer(n)) => compare_exactly(n, *than),
            (Self::Integer(than), ValueRef::Number(n)) => compare_exactly(*than, n).map(Ordering::reverse),
            (Self::Number(than), ValueRef::Number(n)) => n.partial_cmp(than),
            (Self::Date(than), _) => day_of(value, context).map(|day| day.cmp(than)),
            (Self::Instant(than), _) => match timely(value) {
                ValueRef::Instant(at) => Some(at.cmp(than)),
                ValueRef::Date(day) => first_instant(day.into(), context.zone).map(|start| start.cmp(than)),
                _ => None,
            },
            _ => None,
        }
    }

    /// For people.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Text(text) => text.written().to_owned(),
            Self::Integer(n) => n.to_string(),
            Self::Number(n) => n.to_string(),
            Self::Boolean(yes) => if *yes { "true" } else { "false" }.to_owned(),
            Self::Date(day) => day.to_string(),
            Self::Instant(at) => told(*at),
        }
    }
}
