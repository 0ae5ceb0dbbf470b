//! The members of a buying group as its page shows them.

use std::collections::HashMap;

use axum::extract::State;
use caravan_engine::groups::engagement::DEEDS;
use caravan_engine::sorting::GroupMemberOrder;
use caravan_model::PersonId;
use caravan_store::group_pages::{self as pages, ListedMember, MemberFilter};
use caravan_store::records::{self, PastRow};
use caravan_store::{Session, StoreError};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GROUP, GroupPath, unknown};
use crate::ApiState;
use crate::access::Permission::ReadCustomers;
use crate::history::type_patterns;
use crate::http::page::{Page, behind, page_limit, place_of};
use crate::http::{Operations, Path, Problem, Query};

/// The operations of this file.
pub(super) fn operations() -> Operations {
    Operations::of("Buying groups").get(
        &format!("{GROUP}/members"),
        ReadCustomers,
        members,
        "The members of a buying group, by key or in another order",
    )
}

/// A member of a buying group in full.
#[derive(Debug, Serialize, JsonSchema)]
struct MemberRow {
    /// Key of the person.
    person: String,
    /// First and last name.
    name: Option<String>,
    job_title: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    /// The role in the group.
    role: String,
    /// Who decided it: `manual`, `journey` or `system`.
    source: String,
    /// Taken out of the group.
    removed: bool,
    /// No longer belongs to the account; fills no role.
    left_account: bool,
    /// The person's engagement, 0 to 100, exact.
    engagement: f64,
    /// Since when.
    added_at: Option<Timestamp>,
    /// Since when no more.
    removed_at: Option<Timestamp>,
    /// When any of it last changed.
    changed_at: Timestamp,
    /// The person's last interesting moment.
    last_interesting_moment: Option<InterestingMoment>,
    /// When the person last did something: email, web, forms, interesting moments.
    last_activity_at: Option<Timestamp>,
}

/// An interesting moment of a person.
#[derive(Debug, Serialize, JsonSchema)]
struct InterestingMoment {
    /// When it happened.
    at: Timestamp,
    /// `email`, `milestone` or `web`.
    moment: Option<String>,
    /// What it was.
    description: Option<String>,
}

impl From<PastRow> for InterestingMoment {
    fn from(row: PastRow) -> Self {
        let fields: serde_json::Value =
            row.fields.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let text = |name: &str| fields.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        Self { at: row.at, moment: text("moment"), description: text("description") }
    }
}

/// The last interesting moment of each of these people.
fn last_moments(s: &mut dyn Session, people: &[i64]) -> Result<HashMap<PersonId, PastRow>, StoreError> {
    let mut moments = records::history(s, people, &["interesting_moment".to_owned()])?;
    moments.sort_by_key(|row| row.at);
    Ok(moments.into_iter().map(|row| (row.person, row)).collect())
}

impl MemberRow {
    fn of(row: ListedMember, moment: Option<PastRow>, last_activity_at: Option<Timestamp>) -> Self {
        Self {
            person: row.key,
            name: Some(row.name).filter(|name| !name.is_empty()),
            job_title: row.job_title,
            email: row.email,
            phone: row.phone,
            role: row.role,
            source: row.source,
            removed: row.removed,
            left_account: row.left_account,
            engagement: row.engagement,
            added_at: row.added_at,
            removed_at: row.removed_at,
            changed_at: row.changed_at,
            last_interesting_moment: moment.map(InterestingMoment::from),
            last_activity_at,
        }
    }
}

/// Which members.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct MemberQuery {
    /// Rows on a page, 1 to 200; 50 when left out.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// True: those who were taken out, instead of those who are in.
    #[serde(default)]
    removed: bool,
    /// Only those in this role.
    role: Option<String>,
    /// Only those who left the account, or only those who did not.
    left_account: Option<bool>,
    /// Only those who did something within so many days.
    #[schemars(range(min = 1, max = 3650))]
    active_days: Option<u16>,
    /// What they are ordered by; by key when left out. What is missing stands last.
    #[serde(default)]
    sort: GroupMemberOrder,
    /// The highest first.
    #[serde(default)]
    descending: bool,
}

async fn members(
    State(state): State<ApiState>,
    Path(path): Path<GroupPath>,
    Query(query): Query<MemberQuery>,
) -> Result<Page<MemberRow>, Problem> {
    let id = path.id()?;
    let sort = query.sort.sort(query.descending);
    let (limit, after) = (page_limit(query.limit)?, place_of(query.cursor.as_deref(), &sort)?);
    let read = state.read(move |s| {
        pages::one(s, id)?.ok_or_else(|| unknown(&id.to_string()))?;
        let deeds = type_patterns(DEEDS.iter().copied());
        let since = query.active_days.map(|days| s.now().map(|now| now - days_long(days))).transpose()?;
        let filter = MemberFilter {
            group: id,
            removed: query.removed,
            role: query.role.as_deref(),
            left_account: query.left_account,
            active: since.map(|since| (deeds.as_slice(), since)),
        };
        let rows = behind(pages::members(s, filter, sort, after.as_ref(), limit + 1))?;
        let people: Vec<i64> = rows.iter().map(|(row, _)| row.person.0).collect();
        let mut moments = last_moments(s, &people)?;
        let active: HashMap<PersonId, Timestamp> = pages::last_active(s, &people, &deeds)?.into_iter().collect();
        let page = Page::ordered(rows, limit, &sort);
        Ok(page.map(|row| {
            let (moment, active) = (moments.remove(&row.person), active.get(&row.person).copied());
            MemberRow::of(row, moment, active)
        }))
    });
    read.await
}

fn days_long(days: u16) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}
