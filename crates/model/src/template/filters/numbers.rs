//! Filters of numbers. What is none is missing.

use fixed_decimal::{Decimal, Sign, SignedRoundingMode, UnsignedRoundingMode};
use icu_decimal::DecimalFormatter;
use icu_locale_core::Locale;
use minijinja::value::ValueKind;
use minijinja::{State, Value};
use writeable::Writeable as _;

use super::locale::{currency_of, locale_of, priced};
use super::missing;
use crate::template::engine::shown;

/// Digits behind the point that are shown unless one says how many.
const DECIMALS: i16 = 3;
/// More than anybody reads.
const MOST_DECIMALS: i16 = 20;

/// The exact decimal of a number, or of a text that is one.
pub fn decimal(value: &Value) -> Option<Decimal> {
    match value.kind() {
        ValueKind::Number | ValueKind::String => {
            let text = shown(value);
            let text = text.trim();
            let plain = text.len() <= 60 && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
            match text.parse::<f64>() {
                Ok(number) if number.is_finite() && !plain => format!("{number}").parse().ok(),
                Ok(_) if plain => text.trim_end_matches('.').parse().ok(),
                _ => None,
            }
        }
        _ => None,
    }
}

/// With at most `decimals` digits behind the point, rounded half up, away from nothing.
fn rounded(mut number: Decimal, decimals: i16) -> Decimal {
    number.round_with_mode(-decimals, SignedRoundingMode::Unsigned(UnsignedRoundingMode::HalfExpand));
    number.absolute.trim_end();
    number
}

/// With exactly `decimals` digits behind the point.
fn padded(number: Decimal, decimals: i16) -> Decimal {
    let mut number = rounded(number, decimals);
    number.absolute.pad_end(-decimals);
    number
}

fn in_locale(locale: &Locale, number: &Decimal) -> Option<String> {
    let formatter = DecimalFormatter::try_new(locale.into(), Default::default()).ok()?;
    Some(formatter.format(number).write_to_string().into_owned())
}

pub fn format_number(state: &State<'_, '_>, value: &Value, locale: Option<&str>, decimals: Option<i16>) -> Value {
    let Some(number) = decimal(value) else { return missing() };
    let number = match decimals.map(|decimals| decimals.clamp(0, MOST_DECIMALS)) {
        Some(decimals) => padded(number, decimals),
        None => rounded(number, DECIMALS),
    };
    in_locale(&locale_of(state, locale), &number).map_or_else(missing, Value::from)
}

pub fn format_currency(state: &State<'_, '_>, value: &Value, locale: Option<&str>, code: Option<&str>) -> Value {
    let locale = locale_of(state, locale);
    let Some(number) = decimal(value) else { return missing() };
    let Some(currency) = currency_of(&locale, code) else {
        // No sign is better than a wrong one; a code that is not in the table is still a code.
        let amount = in_locale(&locale, &padded(number, 2));
        return amount.map_or_else(missing, |amount| match code {
            Some(code) => format!("{amount}\u{a0}{}", code.trim().to_uppercase()).into(),
            None => amount.into(),
        });
    };
    let mut number = padded(number, currency.decimals);
    let negative = number.sign == Sign::Negative && !number.absolute.is_zero();
    number.sign = Sign::None;
    let amount = in_locale(&locale, &number);
    amount.map_or_else(missing, |amount| priced(&locale, currency, &amount, negative).into())
}

/// A whole number where it is one, so that it is shown without a point.
fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { Value::from(number as i64) } else { Value::from(number) }
}

/// The number in a value.
pub fn number(value: &Value) -> Option<f64> {
    match value.kind() {
        ValueKind::Number | ValueKind::String => shown(value).trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

pub fn round_up(value: &Value) -> Value {
    number(value).map_or_else(missing, |n| whole(n.ceil()))
}

pub fn round_down(value: &Value) -> Value {
    number(value).map_or_else(missing, |n| whole(n.floor()))
}

pub fn to_precision(value: &Value, decimals: i16) -> Value {
    let decimals = decimals.clamp(0, MOST_DECIMALS);
    decimal(value).map_or_else(missing, |n| padded(n, decimals).to_string().into())
}

pub fn to_percentage(value: &Value) -> Value {
    let percent = decimal(value).map(|mut n| {
        n.absolute.multiply_pow10(2);
        n.absolute.trim_start();
        rounded(n, 2)
    });
    percent.map_or_else(missing, |percent| format!("{percent}%").into())
}

pub fn to_hex(value: &Value) -> Value {
    number(value).map_or_else(missing, |n| format!("{:x}", n as i64).into())
}

pub fn to_int(value: &Value) -> Value {
    match value.kind() {
        ValueKind::Bool => Value::from(i64::from(value.is_true())),
        _ => number(value).map_or_else(missing, |n| Value::from(n.trunc() as i64)),
    }
}

pub fn to_number(value: &Value) -> Value {
    match value.kind() {
        ValueKind::String => number(value).map_or_else(|| value.clone(), whole),
        _ => value.clone(),
    }
}

/// What a calculation over a list gives.
pub fn calculated(number: f64) -> Value {
    whole(number)
}
