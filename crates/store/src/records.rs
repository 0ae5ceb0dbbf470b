//! Accounts, people, their relations, scores and lists as a batch loads and writes them.
//!
//! Reading is by projection: a batch loads the attributes that its nodes look at and no others. Writing is by delta:
//! one attribute of one row, never a whole row read earlier.

use std::borrow::Cow;
use std::collections::BTreeMap;

use caravan_model::attribute::{AttributeNo, AttributeSet, Schema};
use caravan_model::clock::to_micros;
use caravan_model::value::{Value, ValueType};
use caravan_model::{AccountId, ActivityId, DocumentId, EnrollmentId, PersonId, Shard};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Dialect, Param, Row, Session, SessionExt, Value as Cell};

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

/// Which of these subjects are in which of these lists. Index: `list_member_subject`.
pub fn memberships(s: &mut dyn Session, subjects: &[i64], lists: &[i64]) -> Result<Vec<(i64, DocumentId)>, StoreError> {
    s.query_map(
        "SELECT subject_id, list_id FROM list_member WHERE subject_id {in:1} AND list_id {in:2} ORDER BY subject_id, list_id",
        params![subjects, lists],
        |r| Ok((r.int(0), DocumentId(r.int(1)))),
    )
}

/// Members of a list in a shard after `after`, by id: the accounts (or people) of the shard that are in it.
pub fn members_in_shard(
    s: &mut dyn Session,
    list: DocumentId,
    of_people: bool,
    shard: Shard,
    after: i64,
    most: usize,
) -> Result<Vec<i64>, StoreError> {
    let table = if of_people { "person" } else { "account" };
    let sql = format!(
        "SELECT t.id FROM {table} AS t JOIN list_member AS m ON m.list_id = $1 AND m.subject_id = t.id
         WHERE t.shard = $2 AND t.id > $3 ORDER BY t.id LIMIT $4"
    );
    s.query_map(&sql, params![list, shard, after, most as i64], |r| Ok(r.int(0)))
}

/// Joins subjects to lists; who is in already stays as it is.
pub fn join_lists(
    s: &mut dyn Session,
    rows: &[(DocumentId, i64)],
    source: &str,
    at: Timestamp,
) -> Result<u64, StoreError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let list: Vec<i64> = rows.iter().map(|r| r.0.0).collect();
    let subject: Vec<i64> = rows.iter().map(|r| r.1).collect();
    s.bulk(
        &Bulk::insert("list_member")
            .column("list_id", &list)
            .column("subject_id", &subject)
            .same("source", source)
            .same("added_at", at)
            .on_conflict("(list_id, subject_id) DO NOTHING"),
    )
}

/// Takes subjects out of lists.
pub fn leave_lists(s: &mut dyn Session, rows: &[(DocumentId, i64)]) -> Result<u64, StoreError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let list: Vec<i64> = rows.iter().map(|r| r.0.0).collect();
    let subject: Vec<i64> = rows.iter().map(|r| r.1).collect();
    s.bulk(
        &Bulk::delete("list_member")
            .column("list_id", &list)
            .column("subject_id", &subject)
            .matching("list_id = {list_id} AND subject_id = {subject_id}"),
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

/// One fact to append to the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityRow<'a> {
    /// Its type.
    pub kind: &'a str,
    /// When it happened.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// The account that it is about or carries.
    pub account: Option<AccountId>,
    /// The person that it is about.
    pub person: Option<PersonId>,
    /// The trip that wrote it.
    pub enrollment: Option<EnrollmentId>,
    /// The node that wrote it.
    pub node: Option<i64>,
    /// What wrote it.
    pub source: &'a str,
    /// The type's own fields, a JSON object.
    pub fields: &'a str,
}

/// Appends to the stream; returns the ids in order.
pub fn insert_activities(s: &mut dyn Session, rows: &[ActivityRow<'_>]) -> Result<Vec<ActivityId>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = s.reserve_ids("activity", rows.len())?.collect();
    let kind: Vec<&str> = rows.iter().map(|a| a.kind).collect();
    let at: Vec<i64> = rows.iter().map(|a| to_micros(a.at)).collect();
    let received_at: Vec<i64> = rows.iter().map(|a| to_micros(a.received_at)).collect();
    let account: Vec<Option<i64>> = rows.iter().map(|a| a.account.map(|id| id.0)).collect();
    let person: Vec<Option<i64>> = rows.iter().map(|a| a.person.map(|id| id.0)).collect();
    let enrollment: Vec<Option<i64>> = rows.iter().map(|a| a.enrollment.map(|id| id.0)).collect();
    let node: Vec<Option<i64>> = rows.iter().map(|a| a.node).collect();
    let source: Vec<&str> = rows.iter().map(|a| a.source).collect();
    let fields: Vec<&str> = rows.iter().map(|a| a.fields).collect();
    s.bulk(
        &Bulk::insert("activity")
            .column("id", &ids)
            .column("type", &kind)
            .column("at", &at)
            .column("received_at", &received_at)
            .column("account_id", &account)
            .column("person_id", &person)
            .column("enrollment_id", &enrollment)
            .column("node", &node)
            .column("source", &source)
            .json("fields", &fields),
    )?;
    Ok(ids.into_iter().map(ActivityId).collect())
}

/// A past activity of a person, for conditions on history.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRow {
    /// Whose.
    pub person: PersonId,
    /// Its type.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// The account that it carries.
    pub account: Option<AccountId>,
    /// Its own fields.
    pub fields: Option<String>,
}

/// Activities of these people of these types, oldest first. Index: `activity_person`.
pub fn history(s: &mut dyn Session, people: &[i64], types: &[String]) -> Result<Vec<PastRow>, StoreError> {
    s.query_map(
        "SELECT person_id, type, at, account_id, fields FROM activity
         WHERE person_id {in:1} AND type {in:2} ORDER BY person_id, id",
        params![people, types],
        |r| {
            Ok(PastRow {
                person: PersonId(r.int(0)),
                kind: r.string(1),
                at: r.instant(2),
                account: r.opt_int(3).map(AccountId),
                fields: r.opt_string(4),
            })
        },
    )
}

/// Subjects of one list that a time-dependent condition must look at again, due by `now`; taken away.
pub fn take_rechecks(
    s: &mut dyn Session,
    shards: &[i64],
    now: Timestamp,
    most: usize,
) -> Result<Vec<(DocumentId, i64)>, StoreError> {
    let rows = s.query_map(
        "SELECT shard, due_at, list_id, subject_id FROM recheck WHERE shard {in:1} AND due_at <= $2
         ORDER BY due_at, list_id, subject_id LIMIT $3",
        params![shards, now, most as i64],
        |r| Ok((r.int(0), r.int(1), r.int(2), r.int(3))),
    )?;
    let shard: Vec<i64> = rows.iter().map(|r| r.0).collect();
    let due: Vec<i64> = rows.iter().map(|r| r.1).collect();
    let list: Vec<i64> = rows.iter().map(|r| r.2).collect();
    let subject: Vec<i64> = rows.iter().map(|r| r.3).collect();
    if !rows.is_empty() {
        s.bulk(
            &Bulk::delete("recheck")
                .column("shard", &shard)
                .column("due_at", &due)
                .column("list_id", &list)
                .column("subject_id", &subject)
                .matching(
                    "shard = {shard} AND due_at = {due_at} AND list_id = {list_id} AND subject_id = {subject_id}",
                ),
        )?;
    }
    Ok(rows.into_iter().map(|r| (DocumentId(r.2), r.3)).collect())
}

/// Remembers when conditions flip by themselves.
pub fn put_rechecks(s: &mut dyn Session, rows: &[(Shard, Timestamp, DocumentId, i64)]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let shard: Vec<i64> = rows.iter().map(|r| r.0.0).collect();
    let due: Vec<i64> = rows.iter().map(|r| to_micros(r.1)).collect();
    let list: Vec<i64> = rows.iter().map(|r| r.2.0).collect();
    let subject: Vec<i64> = rows.iter().map(|r| r.3).collect();
    s.bulk(
        &Bulk::insert("recheck")
            .column("shard", &shard)
            .column("due_at", &due)
            .column("list_id", &list)
            .column("subject_id", &subject)
            .on_conflict("(shard, due_at, list_id, subject_id) DO NOTHING"),
    )?;
    Ok(())
}
