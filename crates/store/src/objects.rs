//! Records of custom objects and opportunities. Each belongs to one account or person, as its object says; `object` is the
//! document of kind custom_object, or [`OPPORTUNITY_ID`](caravan_model::document::OPPORTUNITY_ID).

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// Its id.
    pub id: i64,
    /// Its object.
    pub object: DocumentId,
    /// The account or person that it belongs to.
    pub subject: i64,
    /// Its own key, unique in its object.
    pub key: String,
    /// Its fields, a JSON object.
    pub fields: String,
    /// When it was last written.
    pub updated_at: Timestamp,
}

const RECORD: &str = "id, object_id, subject_id, key, fields, updated_at";

fn read_record(r: &dyn Row) -> Result<RecordRow, StoreError> {
    Ok(RecordRow {
        id: r.int(0),
        object: DocumentId(r.int(1)),
        subject: r.int(2),
        key: r.string(3),
        fields: r.string(4),
        updated_at: r.instant(5),
    })
}

/// The records of these objects that belong to these subjects, by id: what conditions look at. Ids of accounts and people
/// overlap, so `objects` are all of one subject. Index: `object_record_subject`.
pub fn of_subjects(s: &mut dyn Session, objects: &[i64], subjects: &[i64]) -> Result<Vec<RecordRow>, StoreError> {
    if objects.is_empty() || subjects.is_empty() {
        return Ok(Vec::new());
    }
    let sql =
        format!("SELECT {RECORD} FROM object_record WHERE object_id {{in:1}} AND subject_id {{in:2}} ORDER BY id");
    s.query_map(&sql, params![objects, subjects], read_record)
}

/// Those of an object's `keys` that are stored, locked until the transaction ends. Index: `object_record_key`.
pub fn known(s: &mut dyn Session, object: DocumentId, keys: &[&str]) -> Result<Vec<RecordRow>, StoreError> {
    let sql =
        format!("SELECT {RECORD} FROM object_record WHERE object_id = $1 AND key {{in:2}} ORDER BY id {{for_update}}");
    s.query_map(&sql, params![object, keys], read_record)
}

/// A record to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenRow<'a> {
    /// Its id, reserved before where it is new.
    pub id: i64,
    /// The account or person that it belongs to.
    pub subject: i64,
    /// Its own key.
    pub key: &'a str,
    /// Its fields, a JSON object.
    pub fields: String,
    /// Its text fields as they are compared, a JSON object.
    pub folded: String,
}

/// Adds records. The unique key refuses one that somebody else added meanwhile (`object_record_key`).
pub fn insert(
    s: &mut dyn Session,
    object: DocumentId,
    rows: &[WrittenRow<'_>],
    at: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let subjects: Vec<i64> = rows.iter().map(|row| row.subject).collect();
    let keys: Vec<&str> = rows.iter().map(|row| row.key).collect();
    let fields: Vec<&str> = rows.iter().map(|row| row.fields.as_str()).collect();
    let folded: Vec<&str> = rows.iter().map(|row| row.folded.as_str()).collect();
    s.bulk(
        &Bulk::insert("object_record")
            .column("id", &ids)
            .same("object_id", object)
            .column("subject_id", &subjects)
            .column("key", &keys)
            .json("fields", &fields)
            .json("folded", &folded)
            .same("created_at", at)
            .same("updated_at", at),
    )?;
    Ok(())
}

/// Writes stored records as they are now; one row per record, in order of id.
pub fn update(s: &mut dyn Session, rows: &[WrittenRow<'_>], at: Timestamp) -> Result<(), StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let subjects: Vec<i64> = rows.iter().map(|row| row.subject).collect();
    let fields: Vec<&str> = rows.iter().map(|row| row.fields.as_str()).collect();
    let folded: Vec<&str> = rows.iter().map(|row| row.folded.as_str()).collect();
    s.bulk(
        &Bulk::update("object_record")
            .column("id", &ids)
            .column("subject_id", &subjects)
            .json("fields", &fields)
            .json("folded", &folded)
            .same("updated_at", at)
            .set("subject_id = {subject_id}, fields = {fields}, folded = {folded}, updated_at = {updated_at}")
            .matching("id = {id}"),
    )?;
    Ok(())
}

/// Takes records away.
pub fn delete(s: &mut dyn Session, ids: &[i64]) -> Result<(), StoreError> {
    s.bulk(&Bulk::delete("object_record").column("id", ids).matching("id = {id}"))?;
    Ok(())
}

/// Takes away what a subject has of these objects, all of its own kind. Index: `object_record_subject`.
pub fn delete_of_subject(s: &mut dyn Session, objects: &[i64], subject: i64) -> Result<(), StoreError> {
    s.execute("DELETE FROM object_record WHERE object_id {in:1} AND subject_id = $2", params![objects, subject])?;
    Ok(())
}

/// The next `most` records of an object behind the key `after`, by key. Index: `object_record_key`.
pub fn page(s: &mut dyn Session, object: DocumentId, after: &str, most: usize) -> Result<Vec<RecordRow>, StoreError> {
    let sql = format!("SELECT {RECORD} FROM object_record WHERE object_id = $1 AND key > $2 ORDER BY key LIMIT $3");
    s.query_map(&sql, params![object, after, most as i64], read_record)
}

/// The next `most` records of an object that belong to one subject, behind the key `after`, by key.
/// Index: `object_record_subject`.
pub fn page_of_subject(
    s: &mut dyn Session,
    object: DocumentId,
    subject: i64,
    after: &str,
    most: usize,
) -> Result<Vec<RecordRow>, StoreError> {
    let sql = format!(
        "SELECT {RECORD} FROM object_record WHERE object_id = $1 AND subject_id = $2 AND key > $3
         ORDER BY key LIMIT $4"
    );
    s.query_map(&sql, params![object, subject, after, most as i64], read_record)
}

/// One record by key. Index: `object_record_key`.
pub fn get(s: &mut dyn Session, object: DocumentId, key: &str) -> Result<Option<RecordRow>, StoreError> {
    let sql = format!("SELECT {RECORD} FROM object_record WHERE object_id = $1 AND key = $2");
    s.query_opt(&sql, params![object, key], read_record)
}

/// How many records an object has.
pub fn count(s: &mut dyn Session, object: DocumentId) -> Result<i64, StoreError> {
    s.query_int("SELECT COUNT(*) FROM object_record WHERE object_id = $1", params![object])
}

/// Whether an object has any record.
pub fn any(s: &mut dyn Session, object: DocumentId) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM object_record WHERE object_id = $1 LIMIT 1", params![object])
}

/// How many records of each of these objects a subject has. Index: `object_record_subject`.
pub fn counts_of_subject(
    s: &mut dyn Session,
    objects: &[i64],
    subject: i64,
) -> Result<Vec<(DocumentId, i64)>, StoreError> {
    let sql = "SELECT object_id, COUNT(*) FROM object_record WHERE object_id {in:1} AND subject_id = $2
               GROUP BY object_id ORDER BY object_id";
    s.query_map(sql, params![objects, subject], |r| Ok((DocumentId(r.int(0)), r.int(1))))
}

/// How many records of an object a subject has whose truth value `field` is not true; a missing one is not.
pub fn count_not_true(s: &mut dyn Session, object: DocumentId, subject: i64, field: &str) -> Result<i64, StoreError> {
    // SQLite tells a truth value as a number, PostgreSQL as a word.
    let sql = format!(
        "SELECT COUNT(*) FROM object_record WHERE object_id = $1 AND subject_id = $2
         AND COALESCE(CAST(fields ->> '{field}' AS TEXT), 'false') NOT IN ('true', '1')"
    );
    s.query_int(&sql, params![object, subject])
}

/// Whether any account or person has a value of a declared attribute.
pub fn any_value(s: &mut dyn Session, of_people: bool, attribute: &str) -> Result<bool, StoreError> {
    let table = if of_people { "person" } else { "account" };
    s.exists(&format!("SELECT 1 FROM {table} WHERE custom ->> '{attribute}' IS NOT NULL LIMIT 1"), &[])
}
