//! The buying groups of one account, with their members.

use std::collections::HashMap;

use axum::extract::State;
use caravan_engine::Engine;
use caravan_engine::groups::loaded;
use caravan_engine::live::Live;
use caravan_model::attribute::Subject;
use caravan_model::document::DocumentKind;
use caravan_model::{AccountId, GroupId};
use caravan_store::group_pages::{self as pages, ListedMember};
use caravan_store::{Session, groups as stored};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Role, roles};
use crate::ApiState;
use crate::access::Permission::ReadCustomers;
use crate::history::SubjectPath;
use crate::http::page::Page;
use crate::http::{Operations, Path, Problem};
use crate::subject;

/// The operations of this file.
pub(super) fn operations() -> Operations {
    Operations::of("Buying groups").get(
        "/api/v1/accounts/{key}/buying_groups",
        ReadCustomers,
        list,
        "The buying groups of an account with their members",
    )
}

/// A buying group of an account.
#[derive(Debug, Serialize, JsonSchema)]
struct BuyingGroup {
    /// Its id, `grp_…`.
    id: String,
    /// Key of its solution interest.
    solution_interest: String,
    /// Name of its solution interest.
    name: Option<String>,
    /// Its stage.
    stage: Option<String>,
    /// Its status.
    status: Option<String>,
    /// How complete it is, in percent.
    completeness: Option<f64>,
    /// How engaged it is, in percent.
    engagement: Option<f64>,
    /// Its roles in order of priority, with how far each is filled.
    roles: Vec<Role>,
    /// Who belongs to it.
    members: Vec<Member>,
}

/// A member of a buying group.
#[derive(Debug, Serialize, JsonSchema)]
struct Member {
    /// Key of the person.
    person: String,
    /// Name of the person.
    name: Option<String>,
    job_title: Option<String>,
    /// The role in the group.
    role: String,
    /// No longer belongs to the account; fills no role.
    left_account: bool,
    /// Who put the person there: `manual`, `journey` or `system`.
    source: String,
}

async fn list(State(state): State<ApiState>, Path(path): Path<SubjectPath>) -> Result<Page<BuyingGroup>, Problem> {
    let read = state.blocking(move |engine| engine.store().read(|s| groups(engine, s, &path.key)));
    Ok(Page { items: read.await?, next_cursor: None, total: None })
}

fn groups(engine: &Engine, s: &mut dyn Session, key: &str) -> Result<Vec<BuyingGroup>, Problem> {
    let live = engine.live(s)?;
    let account = AccountId(subject::found(s, &live, Subject::Account, key)?.id);
    let mut members: HashMap<GroupId, Vec<ListedMember>> = HashMap::new();
    for (group, member) in pages::members_of_account(s, account)? {
        members.entry(group).or_default().push(member);
    }
    let groups = stored::of_account(s, account)?.into_iter();
    Ok(groups.map(|row| BuyingGroup::of(&live, &row, members.remove(&row.id).unwrap_or_default())).collect())
}

impl BuyingGroup {
    fn of(live: &Live, row: &stored::GroupRow, members: Vec<ListedMember>) -> Self {
        let definition = live.definitions.of_kind(DocumentKind::SolutionInterest).find(|it| it.id == row.interest);
        let group = loaded::of_row(row, members.iter().map(loaded::of_listed_member).collect());
        Self {
            id: row.id.to_string(),
            solution_interest: definition.map(|it| it.key.clone()).unwrap_or_default(),
            name: definition.map(|it| it.name.clone()),
            roles: live.interests.get(&row.interest).map(|interest| roles(&group, interest)).unwrap_or_default(),
            stage: group.stage,
            status: group.status,
            completeness: group.completeness,
            engagement: group.engagement,
            members: members.into_iter().map(Member::from).collect(),
        }
    }
}

impl From<ListedMember> for Member {
    fn from(row: ListedMember) -> Self {
        Self {
            person: row.key,
            name: Some(row.name).filter(|name| !name.is_empty()).or(row.email),
            job_title: row.job_title,
            role: row.role,
            left_account: row.left_account,
            source: row.source,
        }
    }
}
