//! Accounts, people, their relations, scores and lists as a batch loads and writes them.
//!
//! Reading is by projection: a batch loads the attributes that its nodes look at and no others. Writing is by delta:
//! one attribute of one row, never a whole row read earlier.

mod activities;
mod lists;
mod values;

use caravan_model::attribute::{AttributeNo, AttributeSet, Schema, Subject};
use caravan_model::value::{Value, ValueType};
use caravan_model::{AccountId, DocumentId, PersonId, Shard};

pub use self::activities::{ActivityRow, PastRow, history, insert_activities};
pub use self::lists::{join_lists, leave_lists, members_in_shard, memberships, put_rechecks, take_rechecks};
pub use self::values::{put_values, set_values};
use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Param, Row, Session, SessionExt, Value as Cell};

/// An account as loaded: the attributes asked for, in the order asked.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// Its shard.
    pub shard: Shard,
    /// Its natural key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The attributes asked for.
    pub values: Vec<Value>,
}

/// A person as loaded: the attributes asked for, in the order asked.
#[derive(Debug, Clone)]
pub struct PersonRow {
    /// Its id.
    pub id: PersonId,
    /// Its shard.
    pub shard: Shard,
    /// Its natural key.
    pub key: String,
    /// Never enters a journey by itself.
    pub test_profile: bool,
    /// The attributes asked for.
    pub values: Vec<Value>,
}

/// What a column of an attribute is called, or where it stands in `custom`.
fn column(set: &AttributeSet, no: AttributeNo) -> String {
    match set.at(no) {
        Some(attribute) if attribute.custom => format!("custom ->> '{}'", attribute.key),
        // Kept as the parent's id.
        Some(attribute) if attribute.key == "parent_key" => {
            "(SELECT parent.key FROM account AS parent WHERE parent.id = account.parent_id)".to_owned()
        }
        Some(attribute) => attribute.key.clone(),
        None => "NULL".to_owned(),
    }
}

fn columns(set: &AttributeSet, projection: &[AttributeNo]) -> String {
    projection.iter().map(|&no| format!(", {}", column(set, no))).collect()
}

fn types(set: &AttributeSet, projection: &[AttributeNo]) -> Vec<ValueType> {
    projection.iter().map(|&no| set.at(no).map_or(ValueType::String, |a| a.value_type)).collect()
}

/// What a column of this type holds; a value that does not fit its type any more (a retyped attribute) is missing.
pub fn read_value(row: &dyn Row, i: usize, value_type: ValueType) -> Value {
    match (value_type, row.value(i)) {
        (_, Cell::Null) => Value::Null,
        (ValueType::String, Cell::Text(text)) => Value::Text(text.to_owned()),
        (_, Cell::Text(text)) => value_type.read_text(text).unwrap_or(Value::Null),
        (ValueType::Boolean, Cell::Bool(yes)) => Value::Boolean(yes),
        (ValueType::Boolean, Cell::Int(n)) => Value::Boolean(n != 0),
        (ValueType::Number, Cell::Int(n)) => Value::Number(n as f64),
        (ValueType::Integer, Cell::Int(n)) => Value::Integer(n),
        (ValueType::Number, Cell::Float(x)) => Value::Number(x),
        (ValueType::String, Cell::Int(n)) => Value::Text(n.to_string()),
        (ValueType::String, Cell::Float(x)) => Value::Text(x.to_string()),
        _ => Value::Null,
    }
}

/// Accounts by id.
pub fn accounts(
    s: &mut dyn Session,
    schema: &Schema,
    ids: &[i64],
    projection: &[AttributeNo],
) -> Result<Vec<AccountRow>, StoreError> {
    let sql = format!(
        "SELECT id, shard, key, name{} FROM account WHERE id {{in:1}} ORDER BY id",
        columns(&schema.account, projection)
    );
    read_accounts(s, schema, &sql, params![ids], projection)
}

/// The next accounts of a shard after `after`, by id. Index: `account_shard`.
pub fn accounts_of_shard(
    s: &mut dyn Session,
    schema: &Schema,
    shard: Shard,
    after: AccountId,
    most: usize,
    projection: &[AttributeNo],
) -> Result<Vec<AccountRow>, StoreError> {
    let sql = format!(
        "SELECT id, shard, key, name{} FROM account WHERE shard = $1 AND id > $2 ORDER BY id LIMIT $3",
        columns(&schema.account, projection)
    );
    read_accounts(s, schema, &sql, params![shard, after, most as i64], projection)
}

fn read_accounts(
    s: &mut dyn Session,
    schema: &Schema,
    sql: &str,
    params: &[Param],
    projection: &[AttributeNo],
) -> Result<Vec<AccountRow>, StoreError> {
    let types = types(&schema.account, projection);
    s.query_map(sql, params, |r| {
        Ok(AccountRow {
            id: AccountId(r.int(0)),
            shard: Shard(r.int(1)),
            key: r.string(2),
            name: r.string(3),
            values: types.iter().enumerate().map(|(i, &t)| read_value(r, i + 4, t)).collect(),
        })
    })
}

/// People by id. `lock` holds their rows until the transaction ends: the old value is read after the lock.
pub fn people(
    s: &mut dyn Session,
    schema: &Schema,
    ids: &[i64],
    projection: &[AttributeNo],
    lock: bool,
) -> Result<Vec<PersonRow>, StoreError> {
    let lock = if lock { "{for_update}" } else { "" };
    let sql = format!(
        "SELECT id, shard, key, test_profile{} FROM person WHERE id {{in:1}} ORDER BY id {lock}",
        columns(&schema.person, projection)
    );
    read_people(s, schema, &sql, params![ids], projection)
}

/// The next people of a shard after `after`, by id. Index: `person_shard`.
pub fn people_of_shard(
    s: &mut dyn Session,
    schema: &Schema,
    shard: Shard,
    after: PersonId,
    most: usize,
    projection: &[AttributeNo],
) -> Result<Vec<PersonRow>, StoreError> {
    let sql = format!(
        "SELECT id, shard, key, test_profile{} FROM person WHERE shard = $1 AND id > $2 ORDER BY id LIMIT $3",
        columns(&schema.person, projection)
    );
    read_people(s, schema, &sql, params![shard, after, most as i64], projection)
}

fn read_people(
    s: &mut dyn Session,
    schema: &Schema,
    sql: &str,
    params: &[Param],
    projection: &[AttributeNo],
) -> Result<Vec<PersonRow>, StoreError> {
    let types = types(&schema.person, projection);
    s.query_map(sql, params, |r| {
        Ok(PersonRow {
            id: PersonId(r.int(0)),
            shard: Shard(r.int(1)),
            key: r.string(2),
            test_profile: r.bool(3),
            values: types.iter().enumerate().map(|(i, &t)| read_value(r, i + 4, t)).collect(),
        })
    })
}

/// One relation of an account and a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The account.
    pub account: AccountId,
    /// The person.
    pub person: PersonId,
    /// The person's roles in the account.
    pub roles: Vec<String>,
}

/// The people of these accounts, by account and person.
pub fn people_of_accounts(s: &mut dyn Session, accounts: &[i64]) -> Result<Vec<Relation>, StoreError> {
    let sql = "SELECT account_id, person_id, roles FROM account_person WHERE account_id {in:1}
               ORDER BY account_id, person_id";
    s.query_map(sql, params![accounts], read_relation)
}

/// The accounts of these people, by person and account. Index: `account_person_person`.
pub fn accounts_of_people(s: &mut dyn Session, people: &[i64]) -> Result<Vec<Relation>, StoreError> {
    let sql = "SELECT account_id, person_id, roles FROM account_person WHERE person_id {in:1}
               ORDER BY person_id, account_id";
    s.query_map(sql, params![people], read_relation)
}

fn read_relation(r: &dyn Row) -> Result<Relation, StoreError> {
    let roles = r.opt_text(2).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Ok(Relation { account: AccountId(r.int(0)), person: PersonId(r.int(1)), roles })
}

/// Shards of accounts, as stored at their creation.
pub fn shards_of_accounts(s: &mut dyn Session, accounts: &[i64]) -> Result<Vec<(AccountId, Shard)>, StoreError> {
    s.query_map("SELECT id, shard FROM account WHERE id {in:1} ORDER BY id", params![accounts], |r| {
        Ok((AccountId(r.int(0)), Shard(r.int(1))))
    })
}

/// Shards of people, as stored at their creation.
pub fn shards_of_people(s: &mut dyn Session, people: &[i64]) -> Result<Vec<(PersonId, Shard)>, StoreError> {
    s.query_map("SELECT id, shard FROM person WHERE id {in:1} ORDER BY id", params![people], |r| {
        Ok((PersonId(r.int(0)), Shard(r.int(1))))
    })
}

/// Named scores of these people.
pub fn scores(
    s: &mut dyn Session,
    people: &[i64],
    scores: &[i64],
) -> Result<Vec<(PersonId, DocumentId, i64)>, StoreError> {
    s.query_map(
        "SELECT person_id, score_id, value FROM person_score WHERE person_id {in:1} AND score_id {in:2}",
        params![people, scores],
        |r| Ok((PersonId(r.int(0)), DocumentId(r.int(1)), r.int(2))),
    )
}

/// Sets named scores; one row per person and score, in key order.
pub fn put_scores(s: &mut dyn Session, rows: &[(PersonId, DocumentId, i64)]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let person: Vec<i64> = rows.iter().map(|r| r.0.0).collect();
    let score: Vec<i64> = rows.iter().map(|r| r.1.0).collect();
    let value: Vec<i64> = rows.iter().map(|r| r.2).collect();
    s.bulk(
        &Bulk::insert("person_score")
            .column("person_id", &person)
            .column("score_id", &score)
            .column("value", &value)
            .on_conflict("(person_id, score_id) DO UPDATE SET value = excluded.value"),
    )?;
    Ok(())
}

/// Which table an attribute's row stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Accounts.
    Account,
    /// People.
    Person,
}

impl From<Subject> for Table {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Account => Self::Account,
            Subject::Person => Self::Person,
        }
    }
}

impl From<Table> for Subject {
    fn from(table: Table) -> Self {
        match table {
            Table::Account => Self::Account,
            Table::Person => Self::Person,
        }
    }
}
