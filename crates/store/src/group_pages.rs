//! Buying groups as pages read them: lists with filters, the members of one, where one has stood.
//!
//! Lists go on behind the last row, never by offset. Groups that were put away are not shown.

use caravan_model::{AccountId, DocumentId, GroupId, PersonId};
use jiff::Timestamp;

use crate::error::StoreError;
use crate::ordered::{self, Key, Listing, Place, Sort};
use crate::params;
use crate::people::pattern;
use crate::session::{Param, Row, Session, SessionExt};

/// Which groups a list shows; what is left out does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupFilter {
    /// Text that occurs in the group's name, whatever its case.
    pub search: Option<String>,
    /// Its solution interest.
    pub interest: Option<DocumentId>,
    /// Its account.
    pub account: Option<AccountId>,
    /// Its stage; an empty text: none yet.
    pub stage: Option<String>,
    /// Its status; an empty text: none.
    pub status: Option<String>,
    /// Completeness from and to, both included, of the exact value.
    pub completeness: (Option<f64>, Option<f64>),
    /// Engagement from and to, both included, of the exact value.
    pub engagement: (Option<f64>, Option<f64>),
    /// A role that nobody fills; those who left the account fill none.
    pub missing_role: Option<String>,
    /// A role that somebody fills.
    pub present_role: Option<String>,
}

/// A group as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedGroup {
    /// Its id.
    pub id: GroupId,
    /// Its account.
    pub account: AccountId,
    /// Key of its account.
    pub account_key: String,
    /// Name of its account.
    pub account_name: String,
    /// Its solution interest.
    pub interest: DocumentId,
    /// Key of its interest.
    pub interest_key: String,
    /// Name of its interest.
    pub interest_name: String,
    /// Its stage.
    pub stage: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Its completeness, exact.
    pub completeness: Option<f64>,
    /// Its engagement, exact.
    pub engagement: Option<f64>,
    /// Members that were not removed.
    pub members: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When anything about it last changed.
    pub updated_at: Timestamp,
}

const MEMBERS: &str = "(SELECT COUNT(*) FROM group_member AS m WHERE m.group_id = g.id AND NOT m.removed)";

const COLUMNS: &str =
    "g.id, g.account_id, a.key, a.name, g.interest_id, d.key, d.name, g.stage, g.status, g.completeness,
     g.engagement, (SELECT COUNT(*) FROM group_member AS m WHERE m.group_id = g.id AND NOT m.removed), g.created_at,
     g.updated_at";
/// How many columns those are.
const WIDTH: usize = 14;

const SHOWN: &str =
    "buying_group AS g JOIN account AS a ON a.id = g.account_id JOIN document AS d ON d.id = g.interest_id
     WHERE g.archived_at IS NULL";

fn read_listed(r: &dyn Row) -> Result<ListedGroup, StoreError> {
    Ok(ListedGroup {
        id: GroupId(r.int(0)),
        account: AccountId(r.int(1)),
        account_key: r.string(2),
        account_name: r.string(3),
        interest: DocumentId(r.int(4)),
        interest_key: r.string(5),
        interest_name: r.string(6),
        stage: r.opt_string(7),
        status: r.opt_string(8),
        completeness: r.opt_float(9),
        engagement: r.opt_float(10),
        members: r.int(11),
        created_at: r.instant(12),
        updated_at: r.instant(13),
    })
}

/// Conditions and what is bound to them, added one by one.
pub(crate) struct Where<'a> {
    pub(crate) sql: String,
    pub(crate) params: Vec<Param<'a>>,
}

impl<'a> Where<'a> {
    /// `condition` names its value as `$`.
    pub(crate) fn and(&mut self, condition: &str, value: impl Into<Param<'a>>) {
        self.params.push(value.into());
        let place = format!("${}", self.params.len());
        self.sql.push_str(" AND ");
        self.sql.push_str(&condition.replace('$', &place));
    }
}

/// Who fills a role, as completeness counts: those who left the account do not.
const FILLED_BY: &str = "SELECT 1 FROM group_member AS n
     JOIN account_person AS tie ON tie.account_id = g.account_id AND tie.person_id = n.person_id
     WHERE n.group_id = g.id AND n.role = $ AND NOT n.removed";

impl GroupFilter {
    pub(crate) fn conditions<'a>(&'a self, pattern: Option<&'a str>) -> Where<'a> {
        let mut conditions = Where { sql: String::new(), params: Vec::new() };
        if let Some(pattern) = pattern {
            conditions.and("LOWER(d.name || ' for ' || a.name) LIKE $ ESCAPE '\\'", pattern);
        }
        if let Some(interest) = self.interest {
            conditions.and("g.interest_id = $", interest);
        }
        if let Some(account) = self.account {
            conditions.and("g.account_id = $", account);
        }
        if let Some(stage) = &self.stage {
            conditions.and("COALESCE(g.stage, '') = $", stage);
        }
        if let Some(status) = &self.status {
            conditions.and("COALESCE(g.status, '') = $", status);
        }
        let ranges = [("g.completeness", self.completeness), ("g.engagement", self.engagement)];
        for (column, (from, to)) in ranges {
            if let Some(from) = from {
                conditions.and(&format!("{column} >= $"), from);
            }
            if let Some(to) = to {
                conditions.and(&format!("{column} <= $"), to);
            }
        }
        let roles = [("NOT EXISTS", &self.missing_role), ("EXISTS", &self.present_role)];
        for (whether, role) in roles {
            if let Some(role) = role {
                conditions.and(&format!("{whether} ({FILLED_BY})"), role);
            }
        }
        conditions
    }
}

/// A column that groups are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Interest and account.
    Name,
    /// The name of the account.
    Account,
    /// The name of the interest.
    Interest,
    /// How many members.
    Members,
    /// The completeness, exact.
    Completeness,
    /// The engagement, exact.
    Engagement,
    /// The stage.
    Stage,
    /// The status.
    Status,
    /// When it was created.
    Created,
    /// When anything about it last changed. Index: `buying_group_updated`.
    Updated,
}

fn order(s: &dyn Session, by: GroupBy) -> Key {
    match by {
        GroupBy::Name => Key::text(s, "d.name || ' for ' || a.name"),
        GroupBy::Account => Key::text(s, "a.name"),
        GroupBy::Interest => Key::text(s, "d.name"),
        GroupBy::Members => Key::whole(MEMBERS),
        GroupBy::Completeness => Key::real("g.completeness"),
        GroupBy::Engagement => Key::real("g.engagement"),
        GroupBy::Stage => Key::text(s, "g.stage"),
        GroupBy::Status => Key::text(s, "g.status"),
        GroupBy::Created => Key::whole("g.created_at"),
        GroupBy::Updated => Key::whole("g.updated_at"),
    }
}

/// The next `most` groups behind `after`, each with its place.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn page(
    s: &mut dyn Session,
    filter: &GroupFilter,
    sort: Sort<GroupBy>,
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<(ListedGroup, Place)>, StoreError> {
    let pattern = filter.search.as_deref().map(|search| pattern(s, search));
    let Where { sql, params } = filter.conditions(pattern.as_deref());
    let listing = Listing { columns: COLUMNS, width: WIDTH, from: &format!("{SHOWN}{sql}"), id: "g.id", params };
    let sort = Sort { by: order(s, sort.by), descending: sort.descending };
    ordered::page(s, &listing, &sort, after, most, read_listed)
}

/// How many groups a filter finds.
pub fn count(s: &mut dyn Session, filter: &GroupFilter) -> Result<i64, StoreError> {
    let pattern = filter.search.as_deref().map(|search| pattern(s, search));
    let Where { sql, params } = filter.conditions(pattern.as_deref());
    let sql = format!("SELECT COUNT(*) FROM {SHOWN}{sql}");
    s.query_int(&sql, &params)
}

/// One group, unless it was put away.
pub fn one(s: &mut dyn Session, id: GroupId) -> Result<Option<ListedGroup>, StoreError> {
    s.query_opt(&format!("SELECT {COLUMNS} FROM {SHOWN} AND g.id = $1"), params![id], read_listed)
}

/// The groups in which a person is a member, most engaged first.
pub fn of_person(s: &mut dyn Session, person: PersonId) -> Result<Vec<(ListedGroup, String)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {SHOWN} AND g.id IN (SELECT group_id FROM group_member WHERE person_id = $1 AND NOT removed)
         ORDER BY COALESCE(g.engagement, 0) DESC, g.id"
    );
    let groups = s.query_map(&sql, params![person], read_listed)?;
    let roles = s.query_map(
        "SELECT group_id, role FROM group_member WHERE person_id = $1 AND NOT removed",
        params![person],
        |r| Ok((GroupId(r.int(0)), r.string(1))),
    )?;
    let role = |id: GroupId| roles.iter().find(|(group, _)| *group == id).map(|(_, role)| role.clone());
    Ok(groups.into_iter().map(|group| (role(group.id).unwrap_or_default(), group)).map(|(r, g)| (g, r)).collect())
}

/// A member as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedMember {
    /// The person.
    pub person: PersonId,
    /// Key of the person.
    pub key: String,
    /// First and last name; empty when both are missing.
    pub name: String,
    /// The job.
    pub job_title: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// The number.
    pub phone: Option<String>,
    /// The role in the group.
    pub role: String,
    /// system, journey or manual.
    pub source: String,
    /// Soft delete.
    pub removed: bool,
    /// The person no longer belongs to the account.
    pub left_account: bool,
    /// Since when.
    pub added_at: Option<Timestamp>,
    /// Since when no more.
    pub removed_at: Option<Timestamp>,
    /// When any of it last changed.
    pub changed_at: Timestamp,
    /// The person's engagement, exact.
    pub engagement: f64,
}

/// A column that members of a group are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupMemberBy {
    /// The key of the person.
    Key,
    /// First and last name.
    Name,
    /// The role.
    Role,
    /// The job.
    JobTitle,
    /// The address.
    Email,
    /// The number.
    Phone,
    /// The person's engagement, exact.
    Engagement,
    /// system, journey or manual.
    Source,
    /// Since when.
    Added,
    /// Since when no more.
    Removed,
}

/// A listed member, column by column.
const MEMBER: &str =
    "p.id, p.key, TRIM(COALESCE(p.first_name, '') || ' ' || COALESCE(p.last_name, '')), p.job_title, p.email,
     p.phone, m.role, m.source, m.removed, tie.person_id IS NULL, m.added_at, m.removed_at, m.changed_at, p.engagement";
/// How many columns those are.
const MEMBER_WIDTH: usize = 14;
/// Where they are read from.
const MEMBERS_OF: &str =
    "group_member AS m JOIN buying_group AS g ON g.id = m.group_id JOIN person AS p ON p.id = m.person_id
     LEFT JOIN account_person AS tie ON tie.account_id = g.account_id AND tie.person_id = m.person_id";

fn read_member(r: &dyn Row) -> Result<ListedMember, StoreError> {
    Ok(ListedMember {
        person: PersonId(r.int(0)),
        key: r.string(1),
        name: r.string(2),
        job_title: r.opt_string(3),
        email: r.opt_string(4),
        phone: r.opt_string(5),
        role: r.string(6),
        source: r.string(7),
        removed: r.bool(8),
        left_account: r.bool(9),
        added_at: r.opt_instant(10),
        removed_at: r.opt_instant(11),
        changed_at: r.instant(12),
        engagement: r.float(13),
    })
}

const MEMBER_NAME: &str = "TRIM(COALESCE(p.first_name, '') || ' ' || COALESCE(p.last_name, ''))";

fn member_order(s: &dyn Session, by: GroupMemberBy) -> Key {
    match by {
        GroupMemberBy::Key => Key::plain_text("p.key"),
        GroupMemberBy::Name => Key::text(s, MEMBER_NAME),
        GroupMemberBy::Role => Key::text(s, "m.role"),
        GroupMemberBy::JobTitle => Key::text(s, "p.job_title"),
        GroupMemberBy::Email => Key::text(s, "p.email"),
        GroupMemberBy::Phone => Key::text(s, "p.phone"),
        GroupMemberBy::Engagement => Key::real("p.engagement"),
        GroupMemberBy::Source => Key::text(s, "m.source"),
        GroupMemberBy::Added => Key::opt_whole("m.added_at"),
        GroupMemberBy::Removed => Key::opt_whole("m.removed_at"),
    }
}

/// Which members of a group a list shows.
#[derive(Debug, Clone, Copy)]
pub struct MemberFilter<'a> {
    /// The group.
    pub group: GroupId,
    /// Those who were taken out, instead of those who are in.
    pub removed: bool,
    /// Only those in this role.
    pub role: Option<&'a str>,
    /// Only those who left the account, or only those who did not.
    pub left_account: Option<bool>,
    /// Only those who did something of these types (`%` stands for anything) since then.
    pub active: Option<(&'a [String], Timestamp)>,
}

impl<'a> MemberFilter<'a> {
    fn conditions(&self) -> Where<'a> {
        let mut conditions = Where { sql: String::new(), params: params![self.group, self.removed].to_vec() };
        if let Some(role) = self.role {
            conditions.and("m.role = $", role);
        }
        match self.left_account {
            Some(true) => conditions.sql.push_str(" AND tie.person_id IS NULL"),
            Some(false) => conditions.sql.push_str(" AND tie.person_id IS NOT NULL"),
            None => {}
        }
        if let Some((types, since)) = self.active {
            let did = "SELECT 1 FROM activity AS x WHERE x.person_id = m.person_id AND x.at >= $";
            conditions.and(&format!("EXISTS ({did}"), since);
            let like = any_like(types, &mut conditions.params);
            conditions.sql.push_str(&format!(" AND {like})"));
        }
        conditions
    }
}

/// That an activity `x` is of one of these types, which are bound behind `params`.
fn any_like<'a>(types: &'a [String], params: &mut Vec<Param<'a>>) -> String {
    let like = types.iter().map(|one| {
        params.push(Param::Text(one));
        format!("x.type LIKE ${} ESCAPE '\\'", params.len())
    });
    format!("({})", like.chain(["FALSE".to_owned()]).collect::<Vec<_>>().join(" OR "))
}

/// When these people last did something of these types; who never did is left out. Index: `activity_person`.
pub fn last_active(
    s: &mut dyn Session,
    people: &[i64],
    types: &[String],
) -> Result<Vec<(PersonId, Timestamp)>, StoreError> {
    let mut params = params![people].to_vec();
    let like = any_like(types, &mut params);
    let sql = format!(
        "SELECT x.person_id, MAX(x.at) FROM activity AS x WHERE x.person_id {{in:1}} AND {like} GROUP BY x.person_id"
    );
    s.query_map(&sql, &params, |r| Ok((PersonId(r.int(0)), r.instant(1))))
}

/// The next `most` members of a group behind `after`, each with its place.
///
/// # Errors
/// The store's; [`StoreError::Stale`] where `after` is a place in another order.
pub fn members(
    s: &mut dyn Session,
    filter: MemberFilter<'_>,
    sort: Sort<GroupMemberBy>,
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<(ListedMember, Place)>, StoreError> {
    let conditions = filter.conditions();
    let listing = Listing {
        columns: MEMBER,
        width: MEMBER_WIDTH,
        from: &format!("{MEMBERS_OF} WHERE m.group_id = $1 AND m.removed = $2{}", conditions.sql),
        id: "p.id",
        params: conditions.params,
    };
    let sort = Sort { by: member_order(s, sort.by), descending: sort.descending };
    ordered::page(s, &listing, &sort, after, most, read_member)
}

/// Who is in the groups of an account, by group and key; those who were taken out are left out.
pub fn members_of_account(s: &mut dyn Session, account: AccountId) -> Result<Vec<(GroupId, ListedMember)>, StoreError> {
    let sql = format!(
        "SELECT {MEMBER}, m.group_id FROM {MEMBERS_OF}
         WHERE g.account_id = $1 AND g.archived_at IS NULL AND NOT m.removed ORDER BY m.group_id, p.key"
    );
    s.query_map(&sql, params![account], |r| Ok((GroupId(r.int(MEMBER_WIDTH)), read_member(r)?)))
}

/// Where a group has stood: when, from, to, and who moved it; newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageMove {
    /// When.
    pub at: Timestamp,
    /// From.
    pub old: Option<String>,
    /// To.
    pub new: Option<String>,
    /// Who.
    pub source: String,
}

/// The latest `most` moves of a group. Index: `stage_change_group`.
pub fn stage_history(s: &mut dyn Session, group: GroupId, most: usize) -> Result<Vec<StageMove>, StoreError> {
    let sql = "SELECT at, old_stage, new_stage, source FROM stage_change WHERE group_id = $1 ORDER BY at DESC LIMIT $2";
    s.query_map(sql, params![group, most as i64], |r| {
        Ok(StageMove { at: r.instant(0), old: r.opt_string(1), new: r.opt_string(2), source: r.string(3) })
    })
}
