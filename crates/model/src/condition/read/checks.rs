//! Reads operators and what they compare with.

use serde_json::Value as Json;

use super::{Object, Reader, at};
use crate::condition::{Check, Checks, Constant, FieldTest, NameKind, OPERATORS, Operator, Order, Takes, operators_of};
use crate::duration::Duration;
use crate::suggest::did_you_mean;
use crate::text::Folded;
use crate::value::{Value, ValueError, ValueRef, ValueType, read_date, read_instant, shown};

impl Reader<'_> {
    /// Every key of `object` but `others` is an operator for values of this type, or of any when it is not known.
    pub(super) fn checks(
        &mut self,
        object: &Object,
        others: &[&str],
        value_type: Option<ValueType>,
        pointer: &str,
    ) -> Option<Checks> {
        let mut checks = Vec::new();
        let mut complete = true;
        for (key, json) in object.iter().filter(|(key, _)| !others.contains(&key.as_str())) {
            let pointer = at(pointer, key);
            let check =
                self.operator(key, value_type, &pointer).and_then(|op| self.check(op, json, value_type, &pointer));
            complete &= check.is_some();
            checks.extend(check);
        }
        if complete && checks.is_empty() {
            let message = format!("An operator is missing. Use one of: {}.", keys(operators_of(value_type)));
            return self.error("missing_operator", pointer, message);
        }
        complete.then_some(Checks(checks))
    }

    fn operator(&mut self, key: &str, value_type: Option<ValueType>, pointer: &str) -> Option<&'static Operator> {
        if let Some(found) = operators_of(value_type).find(|operator| operator.key == key) {
            return Some(found);
        }
        let allowed = keys(operators_of(value_type));
        if OPERATORS.iter().any(|operator| operator.key == key) {
            let of = value_type.map_or("this value", ValueType::expected);
            return self.error(
                "operator_not_allowed",
                pointer,
                format!("`{key}` is not for {of}. Use one of: {allowed}."),
            );
        }
        let hint = did_you_mean(key, operators_of(value_type).map(|operator| operator.key));
        let hint = if hint.is_empty() { format!(" Use one of: {allowed}.") } else { hint };
        self.error("unknown_operator", pointer, format!("There is no operator `{key}`.{hint}"))
    }

    fn check(&mut self, op: &Operator, json: &Json, of: Option<ValueType>, pointer: &str) -> Option<Check> {
        match op.takes {
            Takes::Values => self.values_check(op.key, json, of, pointer),
            Takes::Value => {
                let than = self.constant(json, comparable(op.key, of), pointer)?;
                Some(Check::Compare { order: order(op.key)?, than })
            }
            Takes::Range => self.between(json, comparable(op.key, of), pointer),
            Takes::Days => self.days(json, pointer).map(Check::On),
            Takes::Duration => self.duration(json, pointer).map(Check::InPast),
            Takes::Nothing => match json {
                Json::Bool(yes) => Some(Check::Empty { negated: (op.key == "is_empty") != *yes }),
                _ => {
                    self.error("wrong_value_type", pointer, format!("`{}` takes `true`, not {}.", op.key, shown(json)))
                }
            },
        }
    }

    fn values_check(&mut self, key: &str, json: &Json, of: Option<ValueType>, pointer: &str) -> Option<Check> {
        let positive = key.strip_prefix("not_").unwrap_or(key);
        let negated = positive != key || key == "is_not";
        let text_only = matches!(positive, "starts_with" | "contains");
        let of = if text_only { Wanted::Typed(ValueType::String) } else { wanted(of) };
        let any_of = self.constants(json, of, pointer)?;
        Some(match positive {
            "starts_with" => Check::StartsWith { negated, any_of: folded(any_of) },
            "contains" => Check::Contains { negated, any_of: folded(any_of) },
            _ => Check::Is { negated, any_of },
        })
    }

    /// `is`, written as a value or a list alone.
    pub(super) fn is_any_of(&mut self, json: &Json, pointer: &str) -> Option<Checks> {
        let any_of = self.constants(json, Wanted::Typed(ValueType::String), pointer)?;
        Some(Checks(vec![Check::Is { negated: false, any_of }]))
    }

    fn constants(&mut self, json: &Json, of: Wanted, pointer: &str) -> Option<Vec<Constant>> {
        let Json::Array(list) = json else { return self.constant(json, of, pointer).map(|one| vec![one]) };
        self.check_length(list.len(), pointer)?;
        let read: Vec<_> = list.iter().enumerate().map(|(n, one)| self.constant(one, of, &at(pointer, n))).collect();
        read.into_iter().collect()
    }

    fn constant(&mut self, json: &Json, of: Wanted, pointer: &str) -> Option<Constant> {
        match of.read(json) {
            Ok(constant) => Some(constant),
            Err(error) => self.error(error.code, pointer, format!("This {}.", error.message)),
        }
    }

    fn between(&mut self, json: &Json, of: Wanted, pointer: &str) -> Option<Check> {
        let Json::Array(ends) = json else {
            return self.error(
                "wrong_value_type",
                pointer,
                format!("`between` takes [from, to], not {}.", shown(json)),
            );
        };
        let [from, to] = ends.as_slice() else {
            return self.error("wrong_value_type", pointer, "`between` takes exactly two values, [from, to].");
        };
        let (from, to) = (self.constant(from, of, &at(pointer, 0)), self.constant(to, of, &at(pointer, 1)));
        let (from, to) = (from?, to?);
        if reversed(&from, &to) {
            self.warn("never_matches", pointer, "The range ends before it starts: this never matches. Swap its ends.");
        }
        Some(Check::Between(from, to))
    }

    fn days(&mut self, json: &Json, pointer: &str) -> Option<Vec<jiff::civil::Date>> {
        let days = self.constants(json, Wanted::Typed(ValueType::Date), pointer)?;
        Some(days.into_iter().filter_map(|day| if let Constant::Date(day) = day { Some(day) } else { None }).collect())
    }

    pub(super) fn duration(&mut self, json: &Json, pointer: &str) -> Option<Duration> {
        let Some(text) = json.as_str() else {
            let message = format!("Expected a duration like 30m, 4h, 3d, 2w or 1mo, not {}.", shown(json));
            return self.error("invalid_duration", pointer, message);
        };
        match text.parse() {
            Ok(duration) => Some(duration),
            Err(error) => self.error("invalid_duration", pointer, format!("{error}.")),
        }
    }

    /// `{FIELD: {OP: VALUE}…}`; the types of the fields are not known here.
    pub(super) fn fields(&mut self, json: &Json, pointer: &str, kind: NameKind, within: &str) -> Vec<FieldTest> {
        let Some(object) = self.object(json, pointer, "an object like {url: {contains: pricing}}") else {
            return Vec::new();
        };
        let mut fields = Vec::new();
        for (field, json) in object {
            let pointer = at(pointer, field);
            self.refer(kind, field, Some(within), &pointer);
            let Some(inner) = self.object(json, &pointer, "an operator with a value, like {is: …}") else { continue };
            let checks = self.checks(inner, &[], None, &pointer);
            fields.extend(checks.map(|checks| FieldTest { field: field.clone(), checks }));
        }
        fields
    }
}

fn keys(operators: impl Iterator<Item = &'static Operator>) -> String {
    operators.map(|operator| operator.key).collect::<Vec<_>>().join(", ")
}

fn order(key: &str) -> Option<Order> {
    match key {
        "at_least" => Some(Order::AtLeast),
        "greater_than" => Some(Order::GreaterThan),
        "at_most" => Some(Order::AtMost),
        "less_than" => Some(Order::LessThan),
        "before" => Some(Order::Before),
        "after" => Some(Order::After),
        _ => None,
    }
}

fn folded(constants: Vec<Constant>) -> Vec<Folded> {
    constants.into_iter().filter_map(|one| if let Constant::Text(text) = one { Some(text) } else { None }).collect()
}

fn reversed(from: &Constant, to: &Constant) -> bool {
    let number = |constant: &Constant| match constant {
        Constant::Integer(n) => Some(*n as f64),
        Constant::Number(n) => Some(*n),
        _ => None,
    };
    match (from, to) {
        (Constant::Date(from), Constant::Date(to)) => from > to,
        (Constant::Instant(from), Constant::Instant(to)) => from > to,
        _ => matches!((number(from), number(to)), (Some(from), Some(to)) if from > to),
    }
}

/// What a constant must be.
#[derive(Clone, Copy)]
enum Wanted {
    /// Of this type; a day will do for an instant.
    Typed(ValueType),
    /// A number or a time: the type of the value is not known, but it must have an order.
    Ordered,
    /// A day or an instant.
    Time,
    /// Anything.
    Any,
}

fn wanted(of: Option<ValueType>) -> Wanted {
    of.map_or(Wanted::Any, Wanted::Typed)
}

fn comparable(key: &str, of: Option<ValueType>) -> Wanted {
    match (of, key) {
        (Some(of), _) => Wanted::Typed(of),
        (None, "before" | "after") => Wanted::Time,
        (None, "greater_than" | "less_than") => Wanted::Typed(ValueType::Number),
        (None, _) => Wanted::Ordered,
    }
}

impl Wanted {
    fn read(self, json: &Json) -> Result<Constant, ValueError> {
        match (self, json) {
            (Self::Typed(ValueType::Integer | ValueType::Number) | Self::Ordered | Self::Any, Json::Number(_)) => {
                number(json)
            }
            (Self::Typed(ValueType::DateTime) | Self::Time | Self::Ordered, Json::String(text)) => time(text, json),
            (Self::Any, Json::Bool(yes)) => Ok(Constant::Boolean(*yes)),
            (Self::Any, Json::String(_)) => typed(ValueType::String, json),
            (Self::Typed(of), _) => typed(of, json),
            (Self::Any, _) => Err(refuse("text, a number, true or false", json)),
            (Self::Ordered, _) => Err(refuse("a number or a date", json)),
            (Self::Time, _) => Err(refuse("a date or a date and time", json)),
        }
    }
}

fn refuse(expected: &str, json: &Json) -> ValueError {
    ValueError { code: "wrong_value_type", message: format!("expects {expected}, not {}", shown(json)) }
}

fn number(json: &Json) -> Result<Constant, ValueError> {
    match ValueRef::from_json(json) {
        ValueRef::Integer(n) => Ok(Constant::Integer(n)),
        ValueRef::Number(n) => Ok(Constant::Number(n)),
        _ => Err(refuse("a number", json)),
    }
}

fn time(text: &str, json: &Json) -> Result<Constant, ValueError> {
    let day = read_date(text).map(Constant::Date);
    let time = day.or_else(|| read_instant(text).map(Constant::Instant));
    time.ok_or_else(|| refuse("a date like 2026-12-01 or a date and time like 2026-12-01T09:00:00Z", json))
}

fn typed(of: ValueType, json: &Json) -> Result<Constant, ValueError> {
    match of.read_json(json)? {
        Value::Null => Err(ValueError {
            code: "empty_value",
            message: "is empty; to test for a missing value, use `is_empty: true`".to_owned(),
        }),
        Value::Text(text) => Ok(Constant::Text(Folded::new(&text))),
        Value::Integer(n) => Ok(Constant::Integer(n)),
        Value::Number(n) => Ok(Constant::Number(n)),
        Value::Boolean(yes) => Ok(Constant::Boolean(yes)),
        Value::Date(day) => Ok(Constant::Date(day)),
        Value::Instant(at) => Ok(Constant::Instant(at)),
    }
}
