//! Buying groups in numbers: what dashboards show. The same filters as the list, and the same numbers.

use axum::extract::State;
use caravan_engine::groups::engagement;
use caravan_model::document::DocumentKind;
use caravan_store::group_figures::{self as stored, BANDS, Banded, DayFigures, RoleFigures};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GroupQuery, filter};
use crate::ApiState;
use crate::access::Permission::ReadDefinitions;
use crate::http::page::Page;
use crate::http::{Answer, Operations, Problem, Query};

/// Days back when nothing is said, and at most.
const DAYS: (i64, i64) = (90, 800);

/// The operations of this file.
pub(super) fn operations() -> Operations {
    Operations::of("Buying groups")
        .get(
            "/api/v1/buying_groups/figures",
            ReadDefinitions,
            figures,
            "Buying groups counted by stage, completeness, engagement and role; filtered as the list is",
        )
        .get(
            "/api/v1/buying_groups/days",
            ReadDefinitions,
            days,
            "Mean completeness and engagement of buying groups, day by day",
        )
}

/// Buying groups in numbers.
#[derive(Debug, Serialize, JsonSchema)]
struct GroupFigures {
    /// How many groups.
    groups: i64,
    /// Mean completeness of those that have one.
    mean_completeness: Option<f64>,
    /// Mean engagement of those that have one.
    mean_engagement: Option<f64>,
    /// By stage.
    stages: Vec<AtStage>,
    /// By completeness, in quarters.
    completeness: Vec<InBand>,
    /// By engagement, in quarters.
    engagement: Vec<InBand>,
    /// By role.
    roles: Vec<OfRole>,
}

/// Groups at a stage.
#[derive(Debug, Serialize, JsonSchema)]
struct AtStage {
    /// The stage; none: at no stage yet.
    stage: Option<String>,
    /// How many.
    groups: i64,
}

/// Groups whose score lies between two values: from the first, up to but without the second; 100 is in the last.
#[derive(Debug, Serialize, JsonSchema)]
struct InBand {
    /// From; none: groups without the score.
    from: Option<f64>,
    /// Up to.
    to: Option<f64>,
    /// How many.
    groups: i64,
}

/// A role over the groups.
#[derive(Debug, Serialize, JsonSchema)]
struct OfRole {
    /// Its name.
    role: String,
    /// Members that have it, each in each of their groups.
    members: i64,
    /// Groups in which somebody has it.
    filled: i64,
    /// Groups in which nobody has it.
    missing: i64,
    /// Mean engagement of its members.
    mean_engagement: Option<f64>,
}

fn in_bands(banded: Banded) -> Vec<InBand> {
    let bands = BANDS.iter().zip(banded.groups);
    let bands = bands.map(|((from, to), groups)| InBand { from: Some(*from), to: Some(*to), groups });
    bands.chain([InBand { from: None, to: None, groups: banded.none }]).collect()
}

async fn figures(
    State(state): State<ApiState>,
    Query(query): Query<GroupQuery>,
) -> Result<Answer<GroupFigures>, Problem> {
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let (totals, stages, roles) = match filter(engine, s, &query)? {
                None => Default::default(),
                Some(filter) => {
                    (stored::totals(s, &filter)?, stored::by_stage(s, &filter)?, stored::by_role(s, &filter)?)
                }
            };
            let of_role = |it: RoleFigures| OfRole {
                role: it.role,
                members: it.members,
                filled: it.groups,
                missing: totals.groups - it.groups,
                mean_engagement: it.mean_engagement,
            };
            Ok(Answer::of(GroupFigures {
                groups: totals.groups,
                mean_completeness: totals.mean_completeness,
                mean_engagement: totals.mean_engagement,
                stages: stages.into_iter().map(|(stage, groups)| AtStage { stage, groups }).collect(),
                completeness: in_bands(totals.completeness),
                engagement: in_bands(totals.engagement),
                roles: roles.into_iter().map(of_role).collect(),
            }))
        })
    });
    read.await
}

/// How far back, and of which groups.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct DaysQuery {
    /// Days back from today, 1 to 800; 90 when left out.
    #[schemars(range(min = 1, max = 800))]
    days: Option<i64>,
    /// Key of the solution interest; left out: of all.
    solution_interest: Option<String>,
}

/// Scores of one day.
#[derive(Debug, Serialize, JsonSchema)]
struct ScoredDay {
    /// The day.
    day: String,
    /// Groups that were scored.
    groups: i64,
    /// Their mean completeness.
    mean_completeness: Option<f64>,
    /// Their mean engagement.
    mean_engagement: Option<f64>,
}

async fn days(State(state): State<ApiState>, Query(query): Query<DaysQuery>) -> Result<Page<ScoredDay>, Problem> {
    let back = query.days.unwrap_or(DAYS.0).clamp(1, DAYS.1);
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let live = engine.live(s)?;
            let interest = match &query.solution_interest {
                None => None,
                Some(key) => match live.definitions.get(DocumentKind::SolutionInterest, key) {
                    Some(found) => Some(found.id),
                    None => return Ok(Vec::new()),
                },
            };
            let from = engagement::Window::at(s.now()?, &live).day - back;
            Ok(stored::by_day(s, interest, from)?)
        })
    });
    let shown = |it: DayFigures| ScoredDay {
        day: engagement::date_of(it.day).to_string(),
        groups: it.groups,
        mean_completeness: it.mean_completeness,
        mean_engagement: it.mean_engagement,
    };
    let items: Vec<ScoredDay> = read.await?.into_iter().map(shown).collect();
    Ok(Page { items, next_cursor: None, total: None })
}
