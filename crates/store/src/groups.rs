//! Buying groups and their members as a batch loads and writes them.
//!
//! A group that was put away (`archived_at`) is loaded by nobody; only whoever creates groups still sees that it was there.

use caravan_model::{AccountId, DocumentId, GroupId, PersonId, Shard};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// A buying group as loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRow {
    /// Its id.
    pub id: GroupId,
    /// Its account's shard.
    pub shard: Shard,
    /// Its account.
    pub account: AccountId,
    /// Its solution interest.
    pub interest: DocumentId,
    /// Its stage.
    pub stage: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Its completeness, exact.
    pub completeness: Option<f64>,
    /// Its engagement, exact.
    pub engagement: Option<f64>,
}

/// A member of a buying group as loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The group.
    pub group: GroupId,
    /// The person.
    pub person: PersonId,
    /// The role.
    pub role: String,
    /// system, journey or manual.
    pub source: String,
    /// Soft delete.
    pub removed: bool,
    /// The person no longer belongs to the account.
    pub left_account: bool,
}

const GROUP: &str = "id, shard, account_id, interest_id, stage, status, completeness, engagement";

fn read_group(r: &dyn Row) -> Result<GroupRow, StoreError> {
    Ok(GroupRow {
        id: GroupId(r.int(0)),
        shard: Shard(r.int(1)),
        account: AccountId(r.int(2)),
        interest: DocumentId(r.int(3)),
        stage: r.opt_string(4),
        status: r.opt_string(5),
        completeness: r.opt_float(6),
        engagement: r.opt_float(7),
    })
}

/// The groups of these accounts for these interests. Index: `buying_group_account_interest`.
pub fn of_accounts(s: &mut dyn Session, accounts: &[i64], interests: &[i64]) -> Result<Vec<GroupRow>, StoreError> {
    let sql = format!(
        "SELECT {GROUP} FROM buying_group
         WHERE account_id {{in:1}} AND interest_id {{in:2}} AND archived_at IS NULL ORDER BY id"
    );
    s.query_map(&sql, params![accounts, interests], read_group)
}

/// Of these accounts, those that have or had a group for an interest: a group that was put away is not made again.
pub fn accounts_with_group(
    s: &mut dyn Session,
    accounts: &[i64],
    interest: DocumentId,
) -> Result<Vec<AccountId>, StoreError> {
    let sql = "SELECT account_id FROM buying_group WHERE account_id {in:1} AND interest_id = $2 ORDER BY account_id";
    s.query_map(sql, params![accounts, interest], |r| Ok(AccountId(r.int(0))))
}

/// All groups of one account.
pub fn of_account(s: &mut dyn Session, account: AccountId) -> Result<Vec<GroupRow>, StoreError> {
    let sql = format!("SELECT {GROUP} FROM buying_group WHERE account_id = $1 AND archived_at IS NULL ORDER BY id");
    s.query_map(&sql, params![account], read_group)
}

/// The groups of these interests in which these people are members, removed or not. Index: `group_member_person`.
pub fn of_people(s: &mut dyn Session, people: &[i64], interests: &[i64]) -> Result<Vec<GroupRow>, StoreError> {
    let sql = format!(
        "SELECT {GROUP} FROM buying_group WHERE interest_id {{in:2}} AND archived_at IS NULL
         AND id IN (SELECT group_id FROM group_member WHERE person_id {{in:1}}) ORDER BY id"
    );
    s.query_map(&sql, params![people, interests], read_group)
}

/// The accounts of these groups, those that were put away included.
pub fn accounts_of(s: &mut dyn Session, groups: &[GroupId]) -> Result<Vec<AccountId>, StoreError> {
    let ids: Vec<i64> = groups.iter().map(|id| id.0).collect();
    let sql = "SELECT DISTINCT account_id FROM buying_group WHERE id {in:1} ORDER BY account_id";
    s.query_map(sql, params![&ids], |r| Ok(AccountId(r.int(0))))
}

/// The people of these groups, removed ones included.
pub fn people_of(s: &mut dyn Session, groups: &[GroupId]) -> Result<Vec<PersonId>, StoreError> {
    let ids: Vec<i64> = groups.iter().map(|id| id.0).collect();
    let sql = "SELECT DISTINCT person_id FROM group_member WHERE group_id {in:1} ORDER BY person_id";
    s.query_map(sql, params![&ids], |r| Ok(PersonId(r.int(0))))
}

/// The next groups of an interest in a shard behind `after`, by id. Index: `buying_group_interest`.
pub fn of_interest_in_shard(
    s: &mut dyn Session,
    interest: DocumentId,
    shard: Shard,
    after: GroupId,
    most: usize,
) -> Result<Vec<GroupRow>, StoreError> {
    let sql = format!(
        "SELECT {GROUP} FROM buying_group
         WHERE interest_id = $1 AND shard = $2 AND id > $3 AND archived_at IS NULL ORDER BY id LIMIT $4"
    );
    s.query_map(&sql, params![interest, shard, after, most as i64], read_group)
}

/// The members of these groups, removed ones included.
pub fn members(s: &mut dyn Session, groups: &[i64]) -> Result<Vec<MemberRow>, StoreError> {
    s.query_map(
        "SELECT m.group_id, m.person_id, m.role, m.source, m.removed, tie.person_id IS NULL
         FROM group_member AS m JOIN buying_group AS g ON g.id = m.group_id
         LEFT JOIN account_person AS tie ON tie.account_id = g.account_id AND tie.person_id = m.person_id
         WHERE m.group_id {in:1} ORDER BY m.group_id, m.person_id",
        params![groups],
        |r| {
            Ok(MemberRow {
                group: GroupId(r.int(0)),
                person: PersonId(r.int(1)),
                role: r.string(2),
                source: r.string(3),
                removed: r.bool(4),
                left_account: r.bool(5),
            })
        },
    )
}

/// New buying groups. Index `buying_group_account_interest` refuses a second one per account and interest.
pub fn insert(s: &mut dyn Session, rows: &[GroupRow], at: Timestamp) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let id: Vec<i64> = rows.iter().map(|g| g.id.0).collect();
    let shard: Vec<i64> = rows.iter().map(|g| g.shard.0).collect();
    let account: Vec<i64> = rows.iter().map(|g| g.account.0).collect();
    let interest: Vec<i64> = rows.iter().map(|g| g.interest.0).collect();
    let stage: Vec<Option<&str>> = rows.iter().map(|g| g.stage.as_deref()).collect();
    let status: Vec<Option<&str>> = rows.iter().map(|g| g.status.as_deref()).collect();
    let completeness: Vec<Option<f64>> = rows.iter().map(|g| g.completeness).collect();
    let engagement: Vec<Option<f64>> = rows.iter().map(|g| g.engagement).collect();
    s.bulk(
        &Bulk::insert("buying_group")
            .column("id", &id)
            .column("shard", &shard)
            .column("account_id", &account)
            .column("interest_id", &interest)
            .column("stage", &stage)
            .column("status", &status)
            .column("completeness", &completeness)
            .column("engagement", &engagement)
            .same("created_at", at)
            .same("updated_at", at),
    )?;
    Ok(())
}

/// A group's own columns as they are from now on.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupUpdate<'a> {
    /// The group.
    pub id: GroupId,
    /// Its stage.
    pub stage: Option<&'a str>,
    /// Its status.
    pub status: Option<&'a str>,
    /// Its completeness, exact.
    pub completeness: Option<f64>,
}

/// Writes groups' own columns; one row per group.
pub fn update(s: &mut dyn Session, rows: &[GroupUpdate<'_>], at: Timestamp) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let id: Vec<i64> = rows.iter().map(|g| g.id.0).collect();
    let stage: Vec<Option<&str>> = rows.iter().map(|g| g.stage).collect();
    let status: Vec<Option<&str>> = rows.iter().map(|g| g.status).collect();
    let completeness: Vec<Option<f64>> = rows.iter().map(|g| g.completeness).collect();
    s.bulk(
        &Bulk::update("buying_group")
            .column("id", &id)
            .column("stage", &stage)
            .column("status", &status)
            .column("completeness", &completeness)
            .same("updated_at", at)
            .set("stage = {stage}, status = {status}, completeness = {completeness}, updated_at = {updated_at}")
            .matching("id = {id}"),
    )?;
    Ok(())
}

/// A membership as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberUpdate<'a> {
    /// The group.
    pub group: GroupId,
    /// The person.
    pub person: PersonId,
    /// The role.
    pub role: &'a str,
    /// system, journey or manual.
    pub source: &'a str,
    /// Soft delete.
    pub removed: bool,
}

/// Writes memberships; one row per group and person, and the groups' time of change. Who comes back counts as added anew.
pub fn put_members(s: &mut dyn Session, rows: &[MemberUpdate<'_>], at: Timestamp) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let group: Vec<i64> = rows.iter().map(|m| m.group.0).collect();
    let person: Vec<i64> = rows.iter().map(|m| m.person.0).collect();
    let role: Vec<&str> = rows.iter().map(|m| m.role).collect();
    let source: Vec<&str> = rows.iter().map(|m| m.source).collect();
    let removed: Vec<bool> = rows.iter().map(|m| m.removed).collect();
    let removed_at: Vec<Option<i64>> =
        rows.iter().map(|m| m.removed.then(|| caravan_model::clock::to_micros(at))).collect();
    s.bulk(
        &Bulk::insert("group_member")
            .column("group_id", &group)
            .column("person_id", &person)
            .column("role", &role)
            .column("source", &source)
            .column("removed", &removed)
            .column("removed_at", &removed_at)
            .same("added_at", at)
            .same("changed_at", at)
            .on_conflict(
                "(group_id, person_id) DO UPDATE SET role = excluded.role, source = excluded.source, \
                 removed = excluded.removed, removed_at = excluded.removed_at, changed_at = excluded.changed_at, \
                 added_at = CASE WHEN group_member.removed AND NOT excluded.removed THEN excluded.added_at \
                 ELSE group_member.added_at END",
            ),
    )?;
    let mut groups = group;
    groups.dedup();
    s.execute("UPDATE buying_group SET updated_at = $2 WHERE id {in:1}", params![&groups, at])?;
    Ok(())
}

/// A group's move from one stage to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageChangeRow<'a> {
    /// The group.
    pub group: GroupId,
    /// Where it stood.
    pub old: Option<&'a str>,
    /// Where it stands.
    pub new: Option<&'a str>,
    /// Who moved it.
    pub source: &'a str,
}

/// Appends to the history of stages.
pub fn insert_stage_changes(s: &mut dyn Session, rows: &[StageChangeRow<'_>], at: Timestamp) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let group: Vec<i64> = rows.iter().map(|r| r.group.0).collect();
    let old: Vec<Option<&str>> = rows.iter().map(|r| r.old).collect();
    let new: Vec<Option<&str>> = rows.iter().map(|r| r.new).collect();
    let source: Vec<&str> = rows.iter().map(|r| r.source).collect();
    s.bulk(
        &Bulk::insert("stage_change")
            .column("group_id", &group)
            .column("old_stage", &old)
            .column("new_stage", &new)
            .column("source", &source)
            .same("at", at),
    )?;
    Ok(())
}

/// Members added to a role of an interest in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcquiredRow<'a> {
    /// The interest.
    pub interest: DocumentId,
    /// The role.
    pub role: &'a str,
    /// How many.
    pub n: i64,
}

/// Counts additions to roles in `month` (months since 1970); one row per interest and role. `slot` is a shard that the
/// transaction holds, so that nobody else writes the row.
pub fn count_acquired(
    s: &mut dyn Session,
    rows: &[AcquiredRow<'_>],
    month: i64,
    slot: Shard,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let interest: Vec<i64> = rows.iter().map(|r| r.interest.0).collect();
    let role: Vec<&str> = rows.iter().map(|r| r.role).collect();
    let n: Vec<i64> = rows.iter().map(|r| r.n).collect();
    s.bulk(
        &Bulk::insert("role_acquired")
            .column("interest_id", &interest)
            .column("role", &role)
            .column("n", &n)
            .same("month", month)
            .same("slot", slot.0)
            .on_conflict("(interest_id, role, month, slot) DO UPDATE SET n = role_acquired.n + excluded.n"),
    )?;
    Ok(())
}

/// One group, unless it was put away.
pub fn one(s: &mut dyn Session, id: GroupId) -> Result<Option<GroupRow>, StoreError> {
    let sql = format!("SELECT {GROUP} FROM buying_group WHERE id = $1 AND archived_at IS NULL");
    s.query_opt(&sql, params![id], read_group)
}

/// Puts all groups of an interest away. Index: `buying_group_interest`.
pub fn archive_all(s: &mut dyn Session, interest: DocumentId, key: &str, at: Timestamp) -> Result<u64, StoreError> {
    let sql = "UPDATE buying_group SET archived_at = $2, archived_interest = $3, updated_at = $2
         WHERE interest_id = $1 AND archived_at IS NULL";
    s.execute(sql, params![interest, at, key])
}

/// Whether anybody has or had this role in a group.
pub fn has_role(s: &mut dyn Session, role: &str) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM group_member WHERE role = $1 LIMIT 1", params![role])
}

/// Puts groups away; `interest` is the key that reports show them under.
pub fn archive(s: &mut dyn Session, groups: &[i64], interest: &str, at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE buying_group SET archived_at = $2, archived_interest = $3, updated_at = $2 WHERE id {in:1}";
    s.execute(sql, params![groups, at, interest])?;
    Ok(())
}
