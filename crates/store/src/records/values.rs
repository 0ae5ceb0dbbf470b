//! Attributes of accounts and people as they are written: one column of many rows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use caravan_model::attribute::{AttributeNo, Schema};
use caravan_model::value::{Value, ValueType};
use jiff::Timestamp;

use super::Table;
use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::session::{Dialect, Param, Session};

/// Sets attributes: one update per attribute over all its rows. A row may come once per attribute.
pub fn put_values(
    s: &mut dyn Session,
    schema: &Schema,
    table: Table,
    rows: &BTreeMap<(AttributeNo, i64), Value>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<(AttributeNo, i64, &Value)> = rows.iter().map(|((no, id), value)| (*no, *id, value)).collect();
    set_values(s, schema, table, &rows, at)
}

/// Sets attributes: one update per attribute over all its rows, which come in order of attribute and id, each once.
pub fn set_values(
    s: &mut dyn Session,
    schema: &Schema,
    table: Table,
    rows: &[(AttributeNo, i64, &Value)],
    at: Timestamp,
) -> Result<(), StoreError> {
    let (name, set) = match table {
        Table::Account => ("account", &schema.account),
        Table::Person => ("person", &schema.person),
    };
    for these in rows.chunk_by(|one, next| one.0 == next.0) {
        let attribute = these.first().and_then(|(no, _, _)| set.at(*no));
        if let Some(attribute) = attribute {
            let ids: Vec<i64> = these.iter().map(|(_, id, _)| *id).collect();
            let values: Vec<&Value> = these.iter().map(|(_, _, value)| *value).collect();
            put_column(s, name, &attribute.key, attribute.custom, attribute.value_type, &ids, &values, at)?;
        }
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one column of one table, spelled out")]
fn put_column(
    s: &mut dyn Session,
    table: &str,
    key: &str,
    custom: bool,
    value_type: ValueType,
    ids: &[i64],
    values: &[&Value],
    at: Timestamp,
) -> Result<(), StoreError> {
    let update = Bulk::update(table).column("id", ids).same("updated_at", at).matching("id = {id}");
    if custom {
        let json: Vec<String> = values.iter().map(|v| v.to_json().to_string()).collect();
        let set = match s.dialect() {
            Dialect::Sqlite => {
                format!(
                    "custom = json_set(COALESCE(custom, '{{}}'), '$.\"{key}\"', json({{value}})), updated_at = {{updated_at}}"
                )
            }
            Dialect::Postgres => {
                format!(
                    "custom = COALESCE(custom, '{{}}') || jsonb_build_object('{key}', {{value}}), updated_at = {{updated_at}}"
                )
            }
        };
        // The braces of an empty object are text, not a column's name: given as a column of their own.
        let set = set.replace("'{}'", "{empty}");
        s.bulk(&update.json("value", &json).same("empty", Param::Json("{}")).set(&set))?;
        return Ok(());
    }
    let set = format!("{key} = {{value}}, updated_at = {{updated_at}}");
    match value_type {
        ValueType::String | ValueType::Date | ValueType::DateTime => {
            let texts: Vec<Option<Cow<'_, str>>> = values.iter().map(|v| text_of(v)).collect();
            let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
            s.bulk(&update.column("value", &texts).set(&set))?;
        }
        ValueType::Integer => {
            let ints: Vec<Option<i64>> =
                values.iter().map(|v| if let Value::Integer(n) = v { Some(*n) } else { None }).collect();
            s.bulk(&update.column("value", &ints).set(&set))?;
        }
        ValueType::Number => {
            let floats: Vec<Option<f64>> =
                values.iter().map(|v| if let Value::Number(x) = v { Some(*x) } else { None }).collect();
            s.bulk(&update.column("value", &floats).set(&set))?;
        }
        ValueType::Boolean => {
            let flags: Vec<bool> = values.iter().map(|v| matches!(v, Value::Boolean(true))).collect();
            s.bulk(&update.column("value", &flags).set(&set))?;
        }
    }
    Ok(())
}

fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        missing if missing.is_missing() => None,
        Value::Text(text) => Some(Cow::Borrowed(text)),
        other => Some(Cow::Owned(other.to_string())),
    }
}
