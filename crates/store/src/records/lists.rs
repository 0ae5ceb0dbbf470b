//! Who is in which list, and when lists must be looked at again.

use caravan_model::clock::to_micros;
use caravan_model::{DocumentId, Shard};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

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
