//! Accounts and people as pages read them: lists, one with all its attributes, timelines; and how one is taken away.
//!
//! Lists go on behind the last key, timelines behind the last id, never by offset. The search is for people's eyes: the
//! database lowers both sides, which on SQLite folds ASCII letters only.

mod order;

use caravan_model::attribute::{AttributeNo, Schema};
use caravan_model::value::Value;
use caravan_model::{AccountId, ActivityId, EnrollmentId, PersonId, Shard};
use jiff::Timestamp;

pub use self::order::ListedBy;
use crate::error::StoreError;
use crate::exports;
use crate::intake::expression;
use crate::ordered::{self, Listing, Place, Sort};
use crate::params;
use crate::records::{Table, read_value};
use crate::session::{Dialect, Param, Row, Session, SessionExt};

/// An account or a person as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedRow {
    /// Its id.
    pub id: i64,
    /// Its key.
    pub key: String,
    /// Accounts: the name; people: first and last name, empty when both are missing.
    pub name: String,
    /// People: the address.
    pub email: Option<String>,
    /// Accounts: the industry; people: the job title.
    pub title: Option<String>,
    /// The country.
    pub country: Option<String>,
    /// Accounts: how many people; people: of how many accounts.
    pub related: i64,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// Accounts: how many employees.
    pub employees: Option<i64>,
    /// Accounts: the owner's address.
    pub owner_email: Option<String>,
    /// People: the first name.
    pub first_name: Option<String>,
    /// People: the last name.
    pub last_name: Option<String>,
    /// People: they get no marketing mail.
    pub unsubscribed: bool,
    /// People: their engagement, exact.
    pub engagement: Option<f64>,
}

/// How many columns a listed row has, with id and key.
const LISTED_WIDTH: usize = 14;

/// The columns of a list, beside id and key.
fn listed(table: Table) -> &'static str {
    match table {
        Table::Account => {
            "name, CAST(NULL AS TEXT), industry, country,
             (SELECT COUNT(*) FROM account_person AS r WHERE r.account_id = t.id), updated_at, employees,
             owner_email, CAST(NULL AS TEXT), CAST(NULL AS TEXT), FALSE, CAST(NULL AS DOUBLE PRECISION) FROM account AS t"
        }
        Table::Person => {
            "TRIM(COALESCE(first_name, '') || ' ' || COALESCE(last_name, '')), email, job_title, country,
             (SELECT COUNT(*) FROM account_person AS r WHERE r.person_id = t.id), updated_at,
             CAST(NULL AS BIGINT), CAST(NULL AS TEXT), first_name, last_name, unsubscribed, engagement FROM person AS t"
        }
    }
}

/// What the search looks at. `key` by its beginning too: people type keys from the left.
pub(crate) fn matching(table: Table) -> &'static str {
    match table {
        Table::Account => {
            "(LOWER(key) LIKE $1 ESCAPE '\\' OR LOWER(name) LIKE $1 ESCAPE '\\' OR LOWER(website) LIKE $1 ESCAPE '\\')"
        }
        Table::Person => {
            "(LOWER(key) LIKE $1 ESCAPE '\\' OR LOWER(email) LIKE $1 ESCAPE '\\'
              OR LOWER(COALESCE(first_name, '') || ' ' || COALESCE(last_name, '')) LIKE $1 ESCAPE '\\'
              OR LOWER(job_title) LIKE $1 ESCAPE '\\')"
        }
    }
}

/// Whether a text occurs in the account or the person with this id; `at` is the number of the pattern.
pub(crate) fn found_by_id(table: Table, id: &str, at: usize) -> String {
    let found = matching(table).replace("$1", &format!("${at}"));
    format!("EXISTS (SELECT 1 FROM {} AS t WHERE t.id = {id} AND {found})", name_of(table))
}

/// The pattern of a search: anywhere, its own wildcards taken literally.
pub(crate) fn pattern(s: &dyn Session, search: &str) -> String {
    // Each database's LOWER meets the same folding.
    let lowered = match s.dialect() {
        Dialect::Sqlite => search.to_ascii_lowercase(),
        Dialect::Postgres => search.to_lowercase(),
    };
    let mut pattern = String::from("%");
    for c in lowered.chars().filter(|c| *c != '\0') {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Why journeys, lists or messages pass somebody over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassedOver {
    /// Accounts without a name enter no journey and get no buying group.
    NoName,
    /// People without an address get no mail.
    NoEmail,
    /// Test profiles are in no list by a condition and in no person journey.
    TestProfile,
}

impl PassedOver {
    fn sql(self) -> &'static str {
        match self {
            Self::NoName => "TRIM(COALESCE(name, '')) = ''",
            Self::NoEmail => "TRIM(COALESCE(email, '')) = ''",
            Self::TestProfile => "test_profile",
        }
    }
}

/// Which accounts or people a list shows.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Accounts, or people.
    pub table: Table,
    /// Those in which this text occurs; all when it is blank.
    pub search: &'a str,
    /// Only those that are passed over for this reason.
    pub passed_over: Option<PassedOver>,
}

impl<'a> Shown<'a> {
    /// Everybody.
    pub fn all(table: Table) -> Self {
        Self { table, search: "", passed_over: None }
    }

    /// Those in which a text occurs.
    pub fn found(table: Table, search: &'a str) -> Self {
        Self { search, ..Self::all(table) }
    }

    /// The condition; `$1` is the pattern of the search.
    fn sql(&self) -> String {
        let search = if self.search.trim().is_empty() { "CAST($1 AS TEXT) IS NOT NULL" } else { matching(self.table) };
        format!("{search} AND {}", self.passed_over.map_or("TRUE", PassedOver::sql))
    }
}

/// The next `most` accounts or people behind `after`, each with its place.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn page(
    s: &mut dyn Session,
    schema: &Schema,
    shown: Shown<'_>,
    sort: Sort<ListedBy>,
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<(ListedRow, Place)>, StoreError> {
    let pattern = pattern(s, shown.search.trim());
    let (columns, table) = listed(shown.table).rsplit_once(" FROM ").unwrap_or_default();
    let listing = Listing {
        columns: &format!("id, key, {columns}"),
        width: LISTED_WIDTH,
        from: &format!("{table} WHERE {}", shown.sql()),
        id: "id",
        params: params![&pattern].to_vec(),
    };
    let sort = Sort { by: order::key(s, schema, shown.table, sort.by), descending: sort.descending };
    ordered::page(s, &listing, &sort, after, most, read_listed)
}

/// How many accounts or people there are of those that are shown.
pub fn count(s: &mut dyn Session, shown: Shown<'_>) -> Result<i64, StoreError> {
    let pattern = pattern(s, shown.search.trim());
    let sql = format!("SELECT COUNT(*) FROM {} WHERE {}", name_of(shown.table), shown.sql());
    s.query_int(&sql, params![&pattern])
}

fn name_of(table: Table) -> &'static str {
    match table {
        Table::Account => "account",
        Table::Person => "person",
    }
}

fn read_listed(r: &dyn Row) -> Result<ListedRow, StoreError> {
    Ok(ListedRow {
        id: r.int(0),
        key: r.string(1),
        name: r.string(2),
        email: r.opt_string(3),
        title: r.opt_string(4),
        country: r.opt_string(5),
        related: r.int(6),
        updated_at: r.instant(7),
        employees: r.opt_int(8),
        owner_email: r.opt_string(9),
        first_name: r.opt_string(10),
        last_name: r.opt_string(11),
        unsubscribed: r.bool(12),
        engagement: r.opt_float(13),
    })
}

/// The accounts of each of these people: person, key and name, by key. Index: `account_person_person`.
pub fn accounts_of_each(s: &mut dyn Session, people: &[i64]) -> Result<Vec<(i64, String, String)>, StoreError> {
    let sql =
        "SELECT tie.person_id, a.key, a.name FROM account_person AS tie JOIN account AS a ON a.id = tie.account_id
         WHERE tie.person_id {in:1} ORDER BY tie.person_id, a.key";
    s.query_map(sql, params![people], |r| Ok((r.int(0), r.string(1), r.string(2))))
}

/// The people who came last, each with one of its accounts; the latest first.
pub fn latest(s: &mut dyn Session, most: i64) -> Result<Vec<(PersonId, Option<AccountId>)>, StoreError> {
    let sql = "SELECT p.id, (SELECT MIN(tie.account_id) FROM account_person AS tie WHERE tie.person_id = p.id)
         FROM person AS p ORDER BY p.id DESC LIMIT $1";
    s.query_map(sql, params![most], |r| Ok((PersonId(r.int(0)), r.opt_int(1).map(AccountId))))
}

/// How many people an account has.
pub fn count_people_of(s: &mut dyn Session, account: AccountId) -> Result<i64, StoreError> {
    s.query_int("SELECT COUNT(*) FROM account_person WHERE account_id = $1", params![account])
}

/// An account or a person with all its attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct DetailRow {
    /// Its id.
    pub id: i64,
    /// Its shard.
    pub shard: Shard,
    /// Its natural key.
    pub key: String,
    /// Every attribute of its subject, in the order of their numbers.
    pub values: Vec<Value>,
    /// A person who opted out of email themselves.
    pub opted_out: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last written; the version that stale writes are refused by.
    pub updated_at: Timestamp,
}

/// One account or person by key. Index: `account_key`, `person_key`.
pub fn by_key(s: &mut dyn Session, schema: &Schema, table: Table, key: &str) -> Result<Option<DetailRow>, StoreError> {
    detail(s, schema, table, "key = $1", Param::Text(key))
}

/// When an account or a person was last written, its row held until the transaction ends; none: there is none.
pub fn held_since(s: &mut dyn Session, table: Table, key: &str) -> Result<Option<Timestamp>, StoreError> {
    let sql = format!("SELECT updated_at FROM {} WHERE key = $1 {{for_update}}", name_of(table));
    s.query_opt(&sql, params![key], |r| Ok(r.instant(0)))
}

/// One account or person by id.
pub fn by_id(s: &mut dyn Session, schema: &Schema, table: Table, id: i64) -> Result<Option<DetailRow>, StoreError> {
    detail(s, schema, table, "id = $1", Param::Int(id))
}

fn detail(
    s: &mut dyn Session,
    schema: &Schema,
    table: Table,
    condition: &str,
    param: Param<'_>,
) -> Result<Option<DetailRow>, StoreError> {
    let (name, set) = match table {
        Table::Account => ("account", &schema.account),
        Table::Person => ("person", &schema.person),
    };
    let columns: String = set.iter().map(|(no, attribute)| format!(", {}", expression(attribute, no, name))).collect();
    let opted_out = if table == Table::Person { "unsubscribed_by_person" } else { "FALSE" };
    let sql =
        format!("SELECT id, shard, key, {opted_out}, created_at, updated_at{columns} FROM {name} WHERE {condition}");
    s.query_opt(&sql, &[param], |r| {
        let value = |(no, attribute): (AttributeNo, &caravan_model::attribute::Attribute)| {
            read_value(r, no.index() + 6, attribute.value_type)
        };
        Ok(DetailRow {
            id: r.int(0),
            shard: Shard(r.int(1)),
            key: r.string(2),
            opted_out: r.bool(3),
            created_at: r.instant(4),
            updated_at: r.instant(5),
            values: set.iter().map(value).collect(),
        })
    })
}

/// A person of an account, or an account of a person, with the person's roles there.
#[derive(Debug, Clone, PartialEq)]
pub struct RelatedRow {
    /// As a list shows it.
    pub row: ListedRow,
    /// The person's roles in the account.
    pub roles: Vec<String>,
}

/// The next `most` people of an account behind the key `after`, by key, in whom `search` occurs; all when it is blank.
pub fn people_of(
    s: &mut dyn Session,
    account: AccountId,
    search: &str,
    after: &str,
    most: usize,
) -> Result<Vec<RelatedRow>, StoreError> {
    let of = "JOIN account_person AS tie ON tie.person_id = t.id WHERE tie.account_id = $1";
    related(s, Table::Person, of, account.0, search, after, most)
}

/// The next `most` accounts of a person behind the key `after`, by key.
pub fn accounts_of(
    s: &mut dyn Session,
    person: PersonId,
    after: &str,
    most: usize,
) -> Result<Vec<RelatedRow>, StoreError> {
    let of = "JOIN account_person AS tie ON tie.account_id = t.id WHERE tie.person_id = $1";
    related(s, Table::Account, of, person.0, "", after, most)
}

fn related(
    s: &mut dyn Session,
    table: Table,
    of: &str,
    id: i64,
    search: &str,
    after: &str,
    most: usize,
) -> Result<Vec<RelatedRow>, StoreError> {
    // The roles come behind the listed columns.
    let (columns, from) = listed(table).rsplit_once(" FROM ").unwrap_or_default();
    let found = matching(table).replace("$1", "$4");
    let sql =
        format!("SELECT id, key, {columns}, tie.roles FROM {from} {of} AND key > $2 AND {found} ORDER BY key LIMIT $3");
    let wanted = pattern(s, search.trim());
    s.query_map(&sql, params![id, after, most as i64, &wanted], |r| {
        let roles = r.opt_text(LISTED_WIDTH).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        Ok(RelatedRow { row: read_listed(r)?, roles })
    })
}

/// One fact of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineRow {
    /// Its id, behind which the next page begins.
    pub id: ActivityId,
    /// Its type.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// The account that it is about or carries, with its key.
    pub account: Option<(AccountId, String)>,
    /// Who acted, with the key.
    pub person: Option<(PersonId, String)>,
    /// The trip that wrote or caused it.
    pub enrollment: Option<EnrollmentId>,
    /// The node of that trip.
    pub node: Option<i64>,
    /// What wrote it.
    pub source: String,
    /// The type's own fields, JSON.
    pub fields: Option<String>,
}

pub(crate) const TIMELINE: &str =
    "a.id, a.type, a.at, a.received_at, a.account_id, a.person_id, a.enrollment_id, a.node, a.source,
     a.fields, (SELECT key FROM account WHERE account.id = a.account_id),
     (SELECT key FROM person WHERE person.id = a.person_id)";

/// The next `most` activities of a person before the id `before` (none: the newest), newest first; with `types` only those whose
/// type is like one of these (`%` stands for anything). Index: `activity_person`.
pub fn timeline_of_person(
    s: &mut dyn Session,
    person: PersonId,
    types: &[String],
    before: Option<ActivityId>,
    most: usize,
) -> Result<Vec<TimelineRow>, StoreError> {
    let mut params = params![person, end(before), most as i64].to_vec();
    let mut like = String::new();
    for one in types {
        params.push(Param::Text(one));
        like.push_str(if like.is_empty() { " AND (" } else { " OR " });
        like.push_str(&format!("a.type LIKE ${} ESCAPE '\\'", params.len()));
    }
    if !like.is_empty() {
        like.push(')');
    }
    let sql = format!(
        "SELECT {TIMELINE} FROM activity AS a WHERE a.person_id = $1 AND a.id < $2{like} ORDER BY a.id DESC LIMIT $3"
    );
    s.query_map(&sql, &params, read_timeline)
}

/// The next `most` activities of an account and of its people, those that carry another account left out, before the id
/// `before` (none: the newest), newest first. Each half is read by its own index: `activity_account`, `activity_person`.
pub fn timeline_of_account(
    s: &mut dyn Session,
    account: AccountId,
    before: Option<ActivityId>,
    most: usize,
) -> Result<Vec<TimelineRow>, StoreError> {
    let own = format!(
        "SELECT {TIMELINE} FROM activity AS a WHERE a.account_id = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3"
    );
    let peoples = format!(
        "SELECT {TIMELINE} FROM activity AS a
         WHERE a.person_id IN (SELECT person_id FROM account_person WHERE account_id = $1)
           AND a.account_id IS NULL AND a.id < $2 ORDER BY a.id DESC LIMIT $3"
    );
    let mut rows = s.query_map(&own, params![account, end(before), most as i64], read_timeline)?;
    rows.extend(s.query_map(&peoples, params![account, end(before), most as i64], read_timeline)?);
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    rows.truncate(most);
    Ok(rows)
}

fn end(before: Option<ActivityId>) -> i64 {
    before.map_or(i64::MAX, |id| id.0)
}

pub(crate) fn read_timeline(r: &dyn Row) -> Result<TimelineRow, StoreError> {
    Ok(TimelineRow {
        id: ActivityId(r.int(0)),
        kind: r.string(1),
        at: r.instant(2),
        received_at: r.instant(3),
        account: r.opt_int(4).map(AccountId).zip(r.opt_string(10)),
        person: r.opt_int(5).map(PersonId).zip(r.opt_string(11)),
        enrollment: r.opt_int(6).map(EnrollmentId),
        node: r.opt_int(7),
        source: r.string(8),
        fields: r.opt_string(9),
    })
}

/// The active trips of a subject in these journeys. Index: `enrollment_subject`.
pub fn active_trips(s: &mut dyn Session, subject: i64, journeys: &[i64]) -> Result<Vec<EnrollmentId>, StoreError> {
    let sql = "SELECT id FROM enrollment WHERE subject_id = $1 AND journey_id {in:2} AND ended_at IS NULL ORDER BY id";
    s.query_map(sql, params![subject, journeys], |r| Ok(EnrollmentId(r.int(0))))
}

/// Takes an account away, with its relations, its memberships of `lists` (ids of accounts and people overlap: all lists of
/// accounts), its buying groups with all that is kept of them, and its own activities; what its people did stays theirs. The rows of its trips stay, since
/// counters count them, and name it by a number that means nothing any more; whoever calls ends the active trips, which only
/// their shard's steps may do.
pub fn delete_account(s: &mut dyn Session, account: AccountId, lists: &[i64]) -> Result<(), StoreError> {
    let groups = "SELECT id FROM buying_group WHERE account_id = $1";
    for (table, column, and) in [
        ("group_member", "group_id", ""),
        ("stage_change", "group_id", ""),
        ("score_day", "subject_id", "AND NOT of_people"),
    ] {
        s.execute(&format!("DELETE FROM {table} WHERE {column} IN ({groups}) {and}"), params![account])?;
    }
    s.execute("DELETE FROM buying_group WHERE account_id = $1", params![account])?;
    s.execute("DELETE FROM account_person WHERE account_id = $1", params![account])?;
    s.execute("UPDATE account SET parent_id = NULL WHERE parent_id = $1", params![account])?;
    delete_memberships(s, account.0, lists)?;
    s.execute("DELETE FROM activity WHERE account_id = $1 AND person_id IS NULL", params![account])?;
    s.execute(
        "DELETE FROM parked_activity WHERE account_key = (SELECT key FROM account WHERE id = $1)",
        params![account],
    )?;
    s.execute("DELETE FROM account WHERE id = $1", params![account])?;
    Ok(())
}

/// Why an export of people has no file any more, JSON.
const PERSON_DELETED: &str = r#"{"code":"person_deleted","message":"A person was deleted since, and files that may hold them go too. Export again."}"#;

/// Takes a person away, with relations, memberships of `lists` (all lists of people) and of groups, scores, activities, and
/// what was written in messages to them. An address on the do-not-contact list stays there: it holds for whoever comes back.
/// See [`delete_account`].
pub fn delete_person(s: &mut dyn Session, person: PersonId, lists: &[i64]) -> Result<(), StoreError> {
    exports::expire_people(s, PERSON_DELETED)?;
    s.execute("DELETE FROM visitor WHERE person_id = $1", params![person])?;
    s.execute("DELETE FROM group_member WHERE person_id = $1", params![person])?;
    s.execute("DELETE FROM person_score WHERE person_id = $1", params![person])?;
    s.execute("DELETE FROM engagement_count WHERE person_id = $1", params![person])?;
    s.execute("DELETE FROM score_day WHERE subject_id = $1 AND of_people", params![person])?;
    s.execute("DELETE FROM account_person WHERE person_id = $1", params![person])?;
    delete_memberships(s, person.0, lists)?;
    s.execute("DELETE FROM activity WHERE person_id = $1", params![person])?;
    s.execute(
        "DELETE FROM parked_activity WHERE person_key = (SELECT key FROM person WHERE id = $1)",
        params![person],
    )?;
    // Outcomes stay counted; whom they were for and what was said goes. Index: ledger_person.
    s.execute(
        "UPDATE ledger SET person_id = NULL, address = NULL, body = NULL, message = NULL WHERE person_id = $1",
        params![person],
    )?;
    s.execute("DELETE FROM person WHERE id = $1", params![person])?;
    Ok(())
}

fn delete_memberships(s: &mut dyn Session, subject: i64, lists: &[i64]) -> Result<(), StoreError> {
    s.execute("DELETE FROM list_member WHERE subject_id = $1 AND list_id {in:2}", params![subject, lists])?;
    s.execute("DELETE FROM recheck WHERE subject_id = $1 AND list_id {in:2}", params![subject, lists])?;
    Ok(())
}
