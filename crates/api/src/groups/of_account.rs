//! The buying groups of one account, with their members.

use std::collections::HashMap;

use axum::extract::State;
use caravan_engine::Engine;
use caravan_model::AccountId;
use caravan_model::attribute::Subject;
use caravan_model::document::DocumentKind;
use caravan_store::{Session, groups as stored, journeys};
use schemars::JsonSchema;
use serde::Serialize;

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
    /// The role in the group.
    role: String,
    /// Who put the person there: `manual`, `journey` or `system`.
    source: String,
}

async fn list(State(state): State<ApiState>, Path(path): Path<SubjectPath>) -> Result<Page<BuyingGroup>, Problem> {
    let read = state.blocking(move |engine| engine.store().read(|s| groups(engine, s, &path.key)));
    Ok(Page { items: read.await?, next_cursor: None, total: None })
}

fn groups(engine: &Engine, s: &mut dyn Session, key: &str) -> Result<Vec<BuyingGroup>, Problem> {
    let live = engine.live(s)?;
    let account = subject::found(s, &live, Subject::Account, key)?;
    let rows = stored::of_account(s, AccountId(account.id))?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
    let members = stored::members(s, &ids)?;
    let people: Vec<i64> = members.iter().map(|member| member.person.0).collect();
    let people: HashMap<i64, journeys::Shown> =
        journeys::shown_people(s, &people)?.into_iter().map(|shown| (shown.id, shown)).collect();
    let interests: HashMap<_, _> =
        live.definitions.of_kind(DocumentKind::SolutionInterest).map(|interest| (interest.id, interest)).collect();
    let group = |row: stored::GroupRow| {
        let interest = interests.get(&row.interest);
        let own = members.iter().filter(|member| member.group == row.id && !member.removed);
        BuyingGroup {
            id: row.id.to_string(),
            solution_interest: interest.map(|it| it.key.clone()).unwrap_or_default(),
            name: interest.map(|it| it.name.clone()),
            stage: row.stage,
            status: row.status,
            completeness: row.completeness,
            engagement: row.engagement,
            members: own
                .filter_map(|member| {
                    let shown = people.get(&member.person.0)?;
                    let name = Some(shown.name.clone()).filter(|name| !name.is_empty());
                    let (role, source) = (member.role.clone(), member.source.clone());
                    Some(Member { person: shown.key.clone(), name, role, source })
                })
                .collect(),
        }
    };
    Ok(rows.into_iter().map(group).collect())
}
