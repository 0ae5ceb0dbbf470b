//! What imports and ingestion read and write: whole chunks of accounts, people, relations and activities at once.
//!
//! Every statement takes a set; the number of statements of a chunk does not depend on its rows.

use caravan_model::attribute::{Attribute, AttributeNo, AttributeSet, Schema, account};
use caravan_model::clock::to_micros;
use caravan_model::value::{Value, ValueType};
use caravan_model::{AccountId, PersonId, Shard};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::records::{Relation, Table, read_value};
use crate::session::{Session, SessionExt};

/// An account or a person that is stored already: the attributes asked for, in the order asked.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRow {
    /// Its id.
    pub id: i64,
    /// Its shard.
    pub shard: Shard,
    /// Its natural key.
    pub key: String,
    /// A person who opted out of email themselves.
    pub opted_out: bool,
    /// The attributes asked for.
    pub values: Vec<Value>,
}

/// An account or a person to add.
#[derive(Debug, Clone, Copy)]
pub struct NewRow<'a> {
    /// Its id, reserved before.
    pub id: i64,
    /// Its shard, kept for good.
    pub shard: Shard,
    /// Its natural key.
    pub key: &'a str,
    /// The parent account.
    pub parent: Option<i64>,
    /// Values of the columns that are written, in their order.
    pub values: &'a [Value],
}

pub(crate) fn table_of(table: Table, schema: &Schema) -> (&'static str, &AttributeSet) {
    match table {
        Table::Account => ("account", &schema.account),
        Table::Person => ("person", &schema.person),
    }
}

/// How an attribute is read: its column, its place in `custom`, or the parent's key.
pub(crate) fn expression(attribute: &Attribute, no: AttributeNo, table: &str) -> String {
    if attribute.custom {
        return format!("{table}.custom ->> '{}'", attribute.key);
    }
    if table == "account" && no == account::PARENT_KEY {
        return "(SELECT parent.key FROM account AS parent WHERE parent.id = account.parent_id)".to_owned();
    }
    format!("{table}.{}", attribute.key)
}

/// Those of `keys` that are stored, locked until the transaction ends: the old value is read after the lock, in order of
/// id. Index: `account_key`, `person_key`.
pub fn known(
    s: &mut dyn Session,
    schema: &Schema,
    table: Table,
    keys: &[&str],
    projection: &[AttributeNo],
) -> Result<Vec<KnownRow>, StoreError> {
    let (name, set) = table_of(table, schema);
    let attributes: Vec<(AttributeNo, &Attribute)> =
        projection.iter().filter_map(|&no| set.at(no).map(|attribute| (no, attribute))).collect();
    let columns: String = attributes.iter().map(|(no, a)| format!(", {}", expression(a, *no, name))).collect();
    let opted_out = if table == Table::Person { "unsubscribed_by_person" } else { "FALSE" };
    let sql = format!(
        "SELECT id, shard, key, {opted_out}{columns} FROM {name} WHERE key {{in:1}} ORDER BY id {{for_update}}"
    );
    s.query_map(&sql, params![keys], |r| {
        let value = |(i, (_, a)): (usize, &(AttributeNo, &Attribute))| read_value(r, i + 4, a.value_type);
        Ok(KnownRow {
            id: r.int(0),
            shard: Shard(r.int(1)),
            key: r.string(2),
            opted_out: r.bool(3),
            values: attributes.iter().enumerate().map(value).collect(),
        })
    })
}

/// Id and shard of those of `keys` that are stored, unlocked.
pub fn ids_of_keys(s: &mut dyn Session, table: Table, keys: &[&str]) -> Result<Vec<(String, i64, Shard)>, StoreError> {
    let name = if table == Table::Person { "person" } else { "account" };
    let sql = format!("SELECT key, id, shard FROM {name} WHERE key {{in:1}}");
    s.query_map(&sql, params![keys], |r| Ok((r.string(0), r.int(1), Shard(r.int(2)))))
}

/// The values of one attribute over all new rows, as the database takes them.
enum Column<'a> {
    Texts(Vec<Option<&'a str>>),
    Written(Vec<Option<String>>),
    Integers(Vec<Option<i64>>),
    Numbers(Vec<Option<f64>>),
    Flags(Vec<bool>),
}

impl<'a> Column<'a> {
    fn of(value_type: ValueType, rows: &[NewRow<'a>], position: usize) -> Self {
        let values = rows.iter().map(|row| row.values.get(position).unwrap_or(&Value::Null));
        match value_type {
            ValueType::String => Self::Texts(values.map(|v| v.as_text().filter(|text| !text.is_empty())).collect()),
            ValueType::Date | ValueType::DateTime => {
                Self::Written(values.map(|v| (!v.is_missing()).then(|| v.to_string())).collect())
            }
            ValueType::Integer => {
                Self::Integers(values.map(|v| if let Value::Integer(n) = v { Some(*n) } else { None }).collect())
            }
            ValueType::Number => {
                Self::Numbers(values.map(|v| if let Value::Number(x) = v { Some(*x) } else { None }).collect())
            }
            ValueType::Boolean => Self::Flags(values.map(|v| *v == Value::Boolean(true)).collect()),
        }
    }
}

/// Adds accounts or people, `columns` of them given and the rest missing. `key` is not among the columns, and
/// `parent_key` is passed over: both are in the rows themselves. The unique key refuses one that somebody else added meanwhile (`account_key`, `person_key`).
pub fn insert_rows(
    s: &mut dyn Session,
    schema: &Schema,
    table: Table,
    columns: &[AttributeNo],
    rows: &[NewRow<'_>],
    at: Timestamp,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let (name, set) = table_of(table, schema);
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let shards: Vec<i64> = rows.iter().map(|row| row.shard.0).collect();
    let keys: Vec<&str> = rows.iter().map(|row| row.key).collect();
    let parents: Vec<Option<i64>> = rows.iter().map(|row| row.parent).collect();
    let own = |no: AttributeNo| table == Table::Person || no != account::PARENT_KEY;
    let given: Vec<(usize, &Attribute)> = columns
        .iter()
        .enumerate()
        .filter_map(|(i, &no)| set.at(no).filter(|_| own(no)).map(|attribute| (i, attribute)))
        .collect();
    let custom: Vec<(usize, &Attribute)> = given.iter().filter(|(_, a)| a.custom).copied().collect();
    let standard: Vec<(&str, Column<'_>)> = given
        .iter()
        .filter(|(_, a)| !a.custom)
        .map(|(i, a)| (a.key.as_str(), Column::of(a.value_type, rows, *i)))
        .collect();
    let json: Vec<Option<String>> = if custom.is_empty() { Vec::new() } else { custom_of(rows, &custom) };

    let mut bulk = Bulk::insert(name).column("id", &ids).column("shard", &shards).column("key", &keys);
    for (column, values) in &standard {
        bulk = match values {
            Column::Texts(all) => bulk.column(column, all),
            Column::Written(all) => bulk.column(column, all),
            Column::Integers(all) => bulk.column(column, all),
            Column::Numbers(all) => bulk.column(column, all),
            Column::Flags(all) => bulk.column(column, all),
        };
    }
    if !custom.is_empty() {
        bulk = bulk.json("custom", &json);
    }
    if table == Table::Account {
        bulk = bulk.column("parent_id", &parents);
    }
    s.bulk(&bulk.same("created_at", at).same("updated_at", at))?;
    Ok(())
}

fn custom_of(rows: &[NewRow<'_>], custom: &[(usize, &Attribute)]) -> Vec<Option<String>> {
    let object = |row: &NewRow<'_>| {
        let fields = custom.iter().filter_map(|(position, attribute)| {
            let value = row.values.get(*position).filter(|value| !value.is_missing())?;
            Some((attribute.key.clone(), value.to_json()))
        });
        let object: serde_json::Map<String, serde_json::Value> = fields.collect();
        (!object.is_empty()).then(|| serde_json::Value::Object(object).to_string())
    };
    rows.iter().map(object).collect()
}

/// Sets the parents of accounts; no parent clears it. One row per account, in order of id.
pub fn put_parents(s: &mut dyn Session, rows: &[(i64, Option<i64>)], at: Timestamp) -> Result<(), StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let parents: Vec<Option<i64>> = rows.iter().map(|row| row.1).collect();
    let update = Bulk::update("account").column("id", &ids).column("parent_id", &parents).same("updated_at", at);
    s.bulk(&update.set("parent_id = {parent_id}, updated_at = {updated_at}").matching("id = {id}"))?;
    Ok(())
}

/// Adds relations, or replaces the roles of those that exist; one row per pair, in order of their ids.
pub fn put_relations(s: &mut dyn Session, rows: &[Relation]) -> Result<(), StoreError> {
    let accounts: Vec<i64> = rows.iter().map(|row| row.account.0).collect();
    let people: Vec<i64> = rows.iter().map(|row| row.person.0).collect();
    let roles: Vec<Option<String>> = rows
        .iter()
        .map(|row| (!row.roles.is_empty()).then(|| serde_json::Value::from(row.roles.clone()).to_string()))
        .collect();
    s.bulk(
        &Bulk::insert("account_person")
            .column("account_id", &accounts)
            .column("person_id", &people)
            .json("roles", &roles)
            .on_conflict("(account_id, person_id) DO UPDATE SET roles = excluded.roles"),
    )?;
    Ok(())
}

/// Takes relations away.
pub fn delete_relations(s: &mut dyn Session, rows: &[(AccountId, PersonId)]) -> Result<(), StoreError> {
    let accounts: Vec<i64> = rows.iter().map(|row| row.0.0).collect();
    let people: Vec<i64> = rows.iter().map(|row| row.1.0).collect();
    s.bulk(
        &Bulk::delete("account_person")
            .column("account_id", &accounts)
            .column("person_id", &people)
            .matching("account_id = {account_id} AND person_id = {person_id}"),
    )?;
    Ok(())
}

/// Those of a source's external ids that were received before.
pub fn seen(s: &mut dyn Session, source: &str, ids: &[&str]) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT external_id FROM activity_seen WHERE source = $1 AND external_id {in:2}";
    s.query_map(sql, params![source, ids], |r| Ok(r.string(0)))
}

/// Remembers a source's external ids, each once and none of them seen.
///
/// # Errors
/// [`StoreError::Stale`] when another transaction received one of them at the same time: look again, and it is seen.
pub fn mark_seen(s: &mut dyn Session, source: &str, ids: &[&str], at: Timestamp) -> Result<(), StoreError> {
    let written = s.bulk(
        &Bulk::insert("activity_seen")
            .same("source", source)
            .column("external_id", ids)
            .same("received_at", at)
            .on_conflict("(source, external_id) DO NOTHING"),
    )?;
    if written < ids.len() as u64 {
        return Err(StoreError::Stale(format!("the activities received from {source}")));
    }
    Ok(())
}

/// An activity of somebody who is not yet known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRow {
    /// Its id.
    pub id: i64,
    /// The person it waits for.
    pub person_key: Option<String>,
    /// The account it waits for.
    pub account_key: Option<String>,
    /// When it was received.
    pub received_at: Timestamp,
    /// The activity, JSON.
    pub body: String,
}

/// Keeps activities until their person or account arrives. The rows' ids are given here.
pub fn park(s: &mut dyn Session, rows: &[ParkedRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = s.reserve_ids("parked_activity", rows.len())?.collect();
    let people: Vec<Option<&str>> = rows.iter().map(|row| row.person_key.as_deref()).collect();
    let accounts: Vec<Option<&str>> = rows.iter().map(|row| row.account_key.as_deref()).collect();
    let received: Vec<i64> = rows.iter().map(|row| to_micros(row.received_at)).collect();
    let bodies: Vec<&str> = rows.iter().map(|row| row.body.as_str()).collect();
    s.bulk(
        &Bulk::insert("parked_activity")
            .column("id", &ids)
            .column("person_key", &people)
            .column("account_key", &accounts)
            .column("received_at", &received)
            .column("body", &bodies),
    )?;
    Ok(())
}

/// Whether any activity waits for anybody, so that imports without one ask nothing more.
pub fn any_parked(s: &mut dyn Session) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM parked_activity LIMIT 1", &[])
}

/// The activities that wait for one of these people or accounts, in order of arrival. Index: `parked_activity_person`,
/// `parked_activity_account`.
pub fn parked_for(s: &mut dyn Session, table: Table, keys: &[&str]) -> Result<Vec<ParkedRow>, StoreError> {
    let column = if table == Table::Person { "person_key" } else { "account_key" };
    let sql = format!(
        "SELECT id, person_key, account_key, received_at, body FROM parked_activity WHERE {column} {{in:1}} ORDER BY id"
    );
    s.query_map(&sql, params![keys], |r| {
        Ok(ParkedRow {
            id: r.int(0),
            person_key: r.opt_string(1),
            account_key: r.opt_string(2),
            received_at: r.instant(3),
            body: r.string(4),
        })
    })
}

/// Takes parked activities away.
pub fn delete_parked(s: &mut dyn Session, ids: &[i64]) -> Result<(), StoreError> {
    s.bulk(&Bulk::delete("parked_activity").column("id", ids).matching("id = {id}"))?;
    Ok(())
}
