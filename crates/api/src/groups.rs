//! Buying groups: lists and one in full. Who decides what by hand stands in [`by_hand`].

mod by_hand;
mod figures;
mod jobs;
mod members;
mod of_account;
mod scores;

use axum::extract::State;
use caravan_catalog::definitions::{Interest, RoleCard};
use caravan_catalog::groups as rules;
use caravan_catalog::world::Group;
use caravan_engine::Engine;
use caravan_engine::groups::loaded;
use caravan_engine::sorting::GroupOrder;
use caravan_model::GroupId;
use caravan_model::document::DocumentKind;
use caravan_store::Session;
use caravan_store::group_pages::{self as pages, GroupFilter, ListedGroup, StageMove};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Permission::ReadCustomers;
use crate::history::Named;
use crate::http::page::{Page, behind, page_limit, place_of};
use crate::http::{Answer, Operations, Path, Problem, Query};

const GROUPS: &str = "/api/v1/buying_groups";
const GROUP: &str = "/api/v1/buying_groups/{id}";
/// Moves between stages that a group's page shows.
const MOVES: usize = 20;

/// The operations of this file and of those beside it.
pub fn operations() -> Operations {
    Operations::of("Buying groups")
        .get(GROUPS, ReadCustomers, list, "Buying groups, what changed last first or in another order")
        .get(GROUP, ReadCustomers, show, "A buying group with its roles, scores and where it has stood")
        .and(members::operations())
        .and(by_hand::operations())
        .and(of_account::operations())
        .and(figures::operations())
        .and(scores::operations())
        .and(jobs::operations())
}

/// Which buying groups.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct GroupQuery {
    /// Rows on a page, 1 to 200; 50 when left out.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// `next_cursor` of the page before; left out: the first page.
    cursor: Option<String>,
    /// Only groups in whose name this text occurs.
    q: Option<String>,
    /// Key of the solution interest.
    solution_interest: Option<String>,
    /// Key of the account.
    account: Option<String>,
    /// The stage; empty: none yet.
    stage: Option<String>,
    /// The status; empty: none.
    status: Option<String>,
    /// Completeness from, included; the exact value is compared.
    completeness_from: Option<f64>,
    /// Completeness up to, included.
    completeness_to: Option<f64>,
    /// Engagement from, included; the exact value is compared.
    engagement_from: Option<f64>,
    /// Engagement up to, included.
    engagement_to: Option<f64>,
    /// A role that nobody in the group has.
    missing_role: Option<String>,
    /// A role that somebody in the group has.
    present_role: Option<String>,
    /// What they are ordered by; what changed last comes first when left out. What is missing stands last.
    sort: Option<GroupOrder>,
    /// The highest first.
    #[serde(default)]
    descending: bool,
}

/// A buying group in a list.
#[derive(Debug, Serialize, JsonSchema)]
struct GroupRow {
    /// Its id, `grp_…`.
    id: String,
    /// Interest and account: `CRM for Acme`.
    name: String,
    /// Its account.
    account: Named,
    /// Its solution interest.
    solution_interest: Named,
    /// Its stage.
    stage: Option<String>,
    /// Its status.
    status: Option<String>,
    /// How complete it is, 0 to 100, exact; none when no role is required.
    completeness: Option<f64>,
    /// How engaged it is, 0 to 100, exact; none before the first daily run.
    engagement: Option<f64>,
    /// How many members it has.
    members: i64,
    /// When it was created.
    created_at: Timestamp,
    /// When anything about it last changed.
    updated_at: Timestamp,
}

impl From<ListedGroup> for GroupRow {
    fn from(row: ListedGroup) -> Self {
        Self {
            id: row.id.to_string(),
            name: rules::name(&row.interest_name, &row.account_name),
            account: Named { key: row.account_key, name: Some(row.account_name) },
            solution_interest: Named { key: row.interest_key, name: Some(row.interest_name) },
            stage: row.stage,
            status: row.status,
            completeness: row.completeness,
            engagement: row.engagement,
            members: row.members,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

async fn list(State(state): State<ApiState>, Query(query): Query<GroupQuery>) -> Result<Page<GroupRow>, Problem> {
    let limit = page_limit(query.limit)?;
    let sort = GroupOrder::sort(query.sort, query.descending);
    let after = place_of(query.cursor.as_deref(), &sort)?;
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let Some(filter) = filter(engine, s, &query)? else {
                return Ok(Page::of(Vec::new(), limit, |_: &GroupRow| "").with_total(0));
            };
            let total = pages::count(s, &filter)?;
            let rows = behind(pages::page(s, &filter, sort, after.as_ref(), limit + 1))?;
            Ok(Page::ordered(rows, limit, &sort).map(GroupRow::from).with_total(total))
        })
    });
    read.await
}

/// The filter that a query asks for; none when it names something that is not there.
fn filter(engine: &Engine, s: &mut dyn Session, query: &GroupQuery) -> Result<Option<GroupFilter>, Problem> {
    let live = engine.live(s)?;
    let mut filter = GroupFilter {
        search: query.q.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
        stage: query.stage.clone(),
        status: query.status.clone(),
        completeness: (query.completeness_from, query.completeness_to),
        engagement: (query.engagement_from, query.engagement_to),
        missing_role: query.missing_role.clone(),
        present_role: query.present_role.clone(),
        ..GroupFilter::default()
    };
    if let Some(key) = &query.solution_interest {
        let Some(interest) = live.definitions.get(DocumentKind::SolutionInterest, key) else { return Ok(None) };
        filter.interest = Some(interest.id);
    }
    if let Some(key) = &query.account {
        let account = caravan_store::accounts::ids_of_keys(s, std::slice::from_ref(key))?;
        let Some((_, account)) = account.into_iter().next() else { return Ok(None) };
        filter.account = Some(account);
    }
    Ok(Some(filter))
}

/// Which group.
#[derive(Deserialize, JsonSchema)]
pub struct GroupPath {
    /// The group's id, `grp_…`.
    id: String,
}

impl GroupPath {
    /// As a number.
    pub fn id(&self) -> Result<GroupId, Problem> {
        self.id.parse().map_err(|_| unknown(&self.id))
    }
}

fn unknown(id: &str) -> Problem {
    Problem::not_found("unknown_buying_group", format!("The buying group `{id}`"))
}

/// A buying group in full.
#[derive(Debug, Serialize, JsonSchema)]
struct GroupDetail {
    #[serde(flatten)]
    row: GroupRow,
    /// Key of its roles template.
    roles_template: Option<String>,
    /// Its roles in order of priority, with how far each is filled.
    roles: Vec<Role>,
    /// Required roles that nobody has.
    missing_roles: Vec<String>,
    /// Its latest moves between stages, newest first.
    stages: Vec<Move>,
}

/// A role of a group.
#[derive(Debug, Serialize, JsonSchema)]
struct Role {
    /// Its name.
    role: String,
    /// Whether it counts for completeness.
    required: bool,
    /// Members that fill it.
    members_required: u32,
    /// Members that it has; those who left the account do not count.
    members: usize,
    /// How far it is filled, 0 to 100, exact.
    completeness: f64,
}

/// A move from one stage to another.
#[derive(Debug, Serialize, JsonSchema)]
struct Move {
    /// When.
    at: Timestamp,
    /// Where it stood.
    old: Option<String>,
    /// Where it stood then.
    new: Option<String>,
    /// Who moved it.
    source: String,
}

impl From<StageMove> for Move {
    fn from(row: StageMove) -> Self {
        Self { at: row.at, old: row.old, new: row.new, source: row.source }
    }
}

async fn show(State(state): State<ApiState>, Path(path): Path<GroupPath>) -> Result<Answer<GroupDetail>, Problem> {
    let id = path.id()?;
    state.blocking(move |engine| engine.store().read(|s| detail(engine, s, id))).await
}

fn detail(engine: &Engine, s: &mut dyn Session, id: GroupId) -> Result<Answer<GroupDetail>, Problem> {
    let row = pages::one(s, id)?.ok_or_else(|| unknown(&id.to_string()))?;
    let live = engine.live(s)?;
    let members = loaded::members_of(s, &[row.id.0])?.remove(&row.id).unwrap_or_default();
    let group = loaded::of_listed(&row, members);
    let definition = live.definitions.get(DocumentKind::SolutionInterest, &row.interest_key);
    let interest = live.interests.get(&row.interest);
    Ok(Answer::of(GroupDetail {
        roles_template: definition.and_then(|d| d.text("roles_template")).map(str::to_owned),
        roles: interest.map(|interest| roles(&group, interest)).unwrap_or_default(),
        missing_roles: interest
            .map(|interest| rules::missing_roles(&group, interest).into_iter().map(str::to_owned).collect())
            .unwrap_or_default(),
        stages: pages::stage_history(s, id, MOVES)?.into_iter().map(Move::from).collect(),
        row: row.into(),
    }))
}

fn roles(group: &Group, interest: &Interest) -> Vec<Role> {
    let role = |card: &RoleCard| Role {
        role: card.role.clone(),
        required: card.required,
        members_required: card.members_required,
        members: rules::members_in(group, &card.role),
        completeness: rules::role_completeness(group, card),
    };
    interest.roles.iter().map(role).collect()
}
