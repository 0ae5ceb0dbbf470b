//! Filters of lists. What is no list is an empty one.

use minijinja::Value;

use super::missing;
use super::numbers::{calculated, number};

fn items(list: &Value) -> Vec<Value> {
    match list.kind() {
        minijinja::value::ValueKind::String => Vec::new(),
        _ => list.try_iter().map(Iterator::collect).unwrap_or_default(),
    }
}

fn is_there(value: &Value) -> bool {
    !value.is_none() && !value.is_undefined()
}

fn numbers(list: &Value) -> Vec<f64> {
    items(list).iter().filter_map(number).collect()
}

pub fn average(list: &Value) -> Value {
    let numbers = numbers(list);
    if numbers.is_empty() { missing() } else { calculated(numbers.iter().sum::<f64>() / numbers.len() as f64) }
}

pub fn total(list: &Value) -> Value {
    calculated(numbers(list).iter().sum())
}

pub fn count_values(list: &Value) -> usize {
    items(list).iter().filter(|value| is_there(value)).count()
}

pub fn count_missing(list: &Value) -> usize {
    items(list).iter().filter(|value| !is_there(value)).count()
}

pub fn distinct(list: &Value) -> Value {
    let mut seen: Vec<Value> = Vec::new();
    for value in items(list) {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    Value::from(seen)
}

pub fn head(list: &Value) -> Value {
    items(list).into_iter().next().unwrap_or_else(missing)
}

fn ordered(list: &Value, attribute: &str) -> Vec<Value> {
    let mut keyed: Vec<(Value, Value)> =
        items(list).into_iter().map(|item| (item.get_attr(attribute).unwrap_or_default(), item)).collect();
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    keyed.into_iter().map(|(_, item)| item).collect()
}

pub fn top(list: &Value, attribute: &str, n: usize) -> Value {
    Value::from(ordered(list, attribute).into_iter().rev().take(n).collect::<Vec<_>>())
}

pub fn bottom(list: &Value, attribute: &str, n: usize) -> Value {
    Value::from(ordered(list, attribute).into_iter().take(n).collect::<Vec<_>>())
}

pub fn includes(list: &Value, value: &Value) -> bool {
    items(list).contains(value)
}

pub fn intersects(list: &Value, other: &Value) -> bool {
    let other = items(other);
    items(list).iter().any(|value| other.contains(value))
}

pub fn subset_of(list: &Value, other: &Value) -> bool {
    let other = items(other);
    items(list).iter().all(|value| other.contains(value))
}

pub fn superset_of(list: &Value, other: &Value) -> bool {
    subset_of(other, list)
}
