//! Where a group's scores come from: every term of both sums.

use std::collections::{BTreeMap, HashMap};

use caravan_catalog::definitions::Interest;
use caravan_catalog::engagement::{self as formulas, PersonSum, Weights};
use caravan_model::{GroupId, PersonId};
use caravan_store::engagement::{self as stored, QuarterCount, RunRow, ScoredMember};
use caravan_store::{Session, StoreError, group_pages, groups, journeys};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::engagement::{Window, by_day, sum_of};
use crate::Engine;
use crate::live::Live;

/// Both scores of a buying group, term by term.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Explained {
    /// The group's id, `grp_…`.
    pub id: String,
    /// Interest and account: `CRM for Acme`.
    pub name: String,
    /// How complete it is.
    pub completeness: CompletenessSum,
    /// How engaged it is.
    pub engagement: EngagementSum,
}

/// Completeness: the sum of what each role adds.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CompletenessSum {
    /// The score as it is stored, 0 to 100, exact; none when no role is required.
    pub score: Option<f64>,
    /// As it is shown: a whole number, halves up.
    pub shown: Option<i64>,
    /// The sum of what the roles add, as of now.
    pub sum: Option<f64>,
    /// How many roles are required: each adds its part of them.
    pub required_roles: usize,
    /// The roles in order of priority.
    pub roles: Vec<RoleTerm>,
}

/// What a role adds to completeness.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RoleTerm {
    /// The role.
    pub role: String,
    /// Whether it counts.
    pub required: bool,
    /// Members that fill it; who was removed or left the account does not count.
    pub members: usize,
    /// Members that it needs.
    pub members_required: u32,
    /// 100 × the smaller of both ÷ what it needs.
    pub filled: f64,
    /// `filled` ÷ the number of required roles; 0 when it is not required.
    pub adds: f64,
}

/// Engagement: what each member adds, from what they did.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EngagementSum {
    /// The score as it is stored, 0 to 100, exact.
    pub score: Option<f64>,
    /// As it is shown: a whole number, halves up.
    pub shown: Option<i64>,
    /// The run that scored; none before the first.
    pub run: Option<RunTerms>,
    /// The roles that somebody has, and what their members weigh.
    pub roles: Vec<RoleShare>,
    /// What each member adds.
    pub members: Vec<MemberTerm>,
    /// The sum of what the members add.
    pub raw: f64,
    /// 100 × √`raw` ÷ √ of the largest sum of a group: the score, unless members changed since the run.
    pub scaled: Option<f64>,
}

/// What a run measured by.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RunTerms {
    /// The last day that counts.
    #[schemars(with = "String")]
    pub day: Date,
    /// The first day that counts.
    #[schemars(with = "String")]
    pub first_day: Date,
    /// Key of the weighting model.
    pub model: Option<String>,
    /// Name of the formulas.
    pub norm: String,
    /// Type of activity → weight, scaled so that the largest of those that occurred is 1.
    pub weights: BTreeMap<String, f64>,
    /// The most that count of one type for a person and day.
    pub most_per_day: i64,
    /// The largest sum of a person: its score is 100.
    pub largest_person: f64,
    /// The largest sum of a group: its score is 100.
    pub largest_group: f64,
    /// What was received later did not count.
    pub started_at: Timestamp,
}

/// What a role's members weigh.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RoleShare {
    /// The role.
    pub role: String,
    /// What the template gives it.
    pub weight: u32,
    /// Its share among the roles that somebody has, 0 to 1.
    pub share: f64,
}

/// What a member adds.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MemberTerm {
    /// Key of the person.
    pub person: String,
    /// First and last name.
    pub name: Option<String>,
    /// The role.
    pub role: String,
    /// The person's score: 100 × √`raw` ÷ √ of the largest sum of a person.
    pub score: f64,
    /// The share of the role.
    pub share: f64,
    /// `score` × `share`.
    pub adds: f64,
    /// The sum of what the person's activities add.
    pub raw: f64,
    /// What the person did of each type.
    pub activities: Vec<ActivityDays>,
}

/// What a person did of one type.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ActivityDays {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its weight in the run.
    pub weight: f64,
    /// How many count.
    pub counted: i64,
    /// `counted` × `weight`.
    pub adds: f64,
    /// Day by day.
    pub days: Vec<DayTerm>,
}

/// What a person did of one type on one day.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DayTerm {
    /// The day.
    #[schemars(with = "String")]
    pub day: Date,
    /// How often.
    pub times: i64,
    /// How many of them count.
    pub counted: i64,
}

/// Explains a group; none when there is no such group.
///
/// # Errors
/// The store's.
pub fn explain(engine: &Engine, id: GroupId) -> Result<Option<Explained>, StoreError> {
    engine.store().read(|s| {
        let Some(row) = group_pages::one(s, id)? else { return Ok(None) };
        let live = engine.live(s)?;
        let interest = live.interests.get(&row.interest);
        let members = stored::members_of(s, &[id.0])?;
        let mut explained = Explained {
            id: id.to_string(),
            name: caravan_catalog::groups::name(&row.interest_name, &row.account_name),
            completeness: completeness(&members, interest),
            engagement: engagement(s, &live, &members, interest)?,
        };
        let shown = |score: Option<f64>| score.map(formulas::displayed);
        (explained.completeness.score, explained.completeness.shown) = (row.completeness, shown(row.completeness));
        (explained.engagement.score, explained.engagement.shown) = (row.engagement, shown(row.engagement));
        Ok(Some(explained))
    })
}

fn completeness(members: &[ScoredMember], interest: Option<&Interest>) -> CompletenessSum {
    let cards = interest.map(|interest| interest.roles.as_slice()).unwrap_or_default();
    let required_roles = cards.iter().filter(|card| card.required).count();
    let roles: Vec<RoleTerm> = cards
        .iter()
        .map(|card| {
            let there = members.iter().filter(|member| member.role == card.role).count();
            let filled = caravan_catalog::groups::filled(there, card.members_required);
            let adds = if card.required { filled / required_roles as f64 } else { 0.0 };
            let (role, required) = (card.role.clone(), card.required);
            RoleTerm { role, required, members: there, members_required: card.members_required, filled, adds }
        })
        .collect();
    let sum = (required_roles > 0).then(|| roles.iter().map(|role| role.adds).sum());
    CompletenessSum { score: None, shown: None, sum, required_roles, roles }
}

fn engagement(
    s: &mut dyn Session,
    live: &Live,
    members: &[ScoredMember],
    interest: Option<&Interest>,
) -> Result<EngagementSum, StoreError> {
    let run = stored::latest_run(s)?;
    let weights: Weights = run.as_ref().and_then(|run| serde_json::from_str(&run.weights).ok()).unwrap_or_default();
    let did = match &run {
        Some(run) => did(s, live, run, members, &weights)?,
        None => HashMap::new(),
    };
    let people: Vec<i64> = members.iter().map(|member| member.person.0).collect();
    let people: HashMap<i64, journeys::Shown> =
        journeys::shown_people(s, &people)?.into_iter().map(|shown| (shown.id, shown)).collect();
    let sum = interest.map(|interest| sum_of(members, interest)).unwrap_or_default();
    let share = |role: &str| sum.roles.iter().find(|known| known.role == role).map_or(0.0, |known| known.share);
    let term = |(n, member): (usize, &ScoredMember)| {
        let shown = people.get(&member.person.0);
        let activities = did.get(&member.person).cloned().unwrap_or_default();
        MemberTerm {
            person: shown.map(|shown| shown.key.clone()).unwrap_or_default(),
            name: shown.map(|shown| shown.name.clone()).filter(|name| !name.is_empty()),
            role: member.role.clone(),
            score: member.engagement,
            share: share(&member.role),
            adds: sum.adds.get(n).copied().unwrap_or(0.0),
            raw: activities.iter().map(|activity| activity.adds).sum(),
            activities,
        }
    };
    Ok(EngagementSum {
        score: None,
        shown: None,
        roles: sum
            .roles
            .iter()
            .map(|role| RoleShare { role: role.role.clone(), weight: role.weight, share: role.share })
            .collect(),
        members: members.iter().enumerate().map(term).collect(),
        raw: sum.raw,
        scaled: run.as_ref().map(|run| formulas::scaled(sum.raw, run.largest_group)),
        run: run.map(|run| terms_of(run, weights)),
    })
}

fn terms_of(run: RunRow, weights: Weights) -> RunTerms {
    let day = super::engagement::date_of(run.day);
    RunTerms {
        day,
        first_day: super::engagement::date_of(run.day - i64::from(formulas::WINDOW_DAYS) + 1),
        model: run.model,
        norm: run.norm,
        weights,
        most_per_day: formulas::MOST_PER_DAY,
        largest_person: run.largest_person,
        largest_group: run.largest_group,
        started_at: run.started_at,
    }
}

/// What these members did that counted in a run, by person and type.
fn did(
    s: &mut dyn Session,
    live: &Live,
    run: &RunRow,
    members: &[ScoredMember],
    weights: &Weights,
) -> Result<HashMap<PersonId, Vec<ActivityDays>>, StoreError> {
    let people: Vec<i64> = members.iter().map(|member| member.person.0).collect();
    let types: Vec<String> = weights.keys().cloned().collect();
    if people.is_empty() || types.is_empty() {
        return Ok(HashMap::new());
    }
    let window = Window::of_run(run, live);
    let quarters: Vec<QuarterCount> = stored::quarters(s, &people, &types, (window.from, window.to), run.started_at)?;
    let mut by_type: BTreeMap<(PersonId, String), Vec<DayTerm>> = BTreeMap::new();
    for day in by_day(&quarters, live) {
        let term = DayTerm { day: day.day, times: day.n, counted: formulas::counted(day.n) };
        by_type.entry((day.person, day.kind)).or_default().push(term);
    }
    let mut of_person: HashMap<PersonId, Vec<ActivityDays>> = HashMap::new();
    for ((person, kind), days) in by_type {
        let counted = days.iter().map(|day| day.counted).sum();
        for term in PersonSum::of([(kind.as_str(), counted)], weights).terms {
            let activity = ActivityDays {
                kind: term.kind,
                weight: term.weight,
                counted: term.counted,
                adds: term.adds,
                days: days.clone(),
            };
            of_person.entry(person).or_default().push(activity);
        }
    }
    Ok(of_person)
}

/// A day of a group's scores.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PastScores {
    /// The day.
    #[schemars(with = "String")]
    pub day: Date,
    /// Completeness, exact.
    pub completeness: Option<f64>,
    /// Engagement, exact.
    pub engagement: Option<f64>,
    /// Name of the formulas.
    pub norm: String,
}

/// A group's scores of the last `days` days, oldest first; none when there is no such group.
///
/// # Errors
/// The store's.
pub fn history(engine: &Engine, id: GroupId, days: i64) -> Result<Option<Vec<PastScores>>, StoreError> {
    engine.store().read(|s| {
        if groups::one(s, id)?.is_none() {
            return Ok(None);
        }
        let live = engine.live(s)?;
        let now = s.now()?;
        let from = Window::at(now, &live).day - days;
        let past = |(day, completeness, engagement, norm)| {
            let day = super::engagement::date_of(day);
            PastScores { day, completeness, engagement, norm }
        };
        Ok(Some(stored::score_history(s, false, id.0, from)?.into_iter().map(past).collect()))
    })
}
