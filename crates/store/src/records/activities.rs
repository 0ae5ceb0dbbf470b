//! The stream: facts appended, and the past of people.

use caravan_model::clock::to_micros;
use caravan_model::{AccountId, ActivityId, EnrollmentId, PersonId};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};
use crate::subscriptions;

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

/// Appends to the stream and queues a message for whoever outside asked for such activities; returns the ids in order.
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
    let ids: Vec<ActivityId> = ids.into_iter().map(ActivityId).collect();
    subscriptions::queue(s, rows, &ids)?;
    Ok(ids)
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
