//! What a trip did, step by step, and what it waits for.

use std::collections::{BTreeMap, HashMap};

use caravan_model::EnrollmentId;
use caravan_store::journeys::{self, EffectOutcome, Move, Problem};
use caravan_store::{Session, StoreError, step};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::map::titles;
use super::travellers::{SubjectRef, shown, unparked};
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::plan::{Plan, Step};

/// A node in a stored walk, as the walk wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct StoredVisit {
    n: i64,
    #[serde(default)]
    o: BTreeMap<String, Vec<i64>>,
    #[serde(default)]
    b: Vec<StoredVisit>,
    #[serde(default)]
    p: Option<String>,
    #[serde(default)]
    e: Option<String>,
}

/// One stay of a trip at a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The node's number.
    pub node: i64,
    /// When it arrived.
    pub arrived: Timestamp,
    /// When it left.
    pub left: Option<Timestamp>,
    /// By which path.
    pub path: Option<String>,
    /// How the trip ended, when it ended here.
    pub ended: Option<String>,
    /// What was done: outcome as counted → people.
    pub outcomes: BTreeMap<String, Vec<i64>>,
    /// What a people box did inside: the box action, and its outcomes.
    pub inside: Vec<(i64, BTreeMap<String, Vec<i64>>)>,
}

/// The stays of a trip from its moves, in order.
pub fn visits_of(moves: &[Move]) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    for step in moves {
        let stored: Vec<StoredVisit> = serde_json::from_str(&step.visits).unwrap_or_default();
        let last = stored.len().saturating_sub(1);
        for (at, visit) in stored.into_iter().enumerate() {
            // The first node of a later step is where the one before came to rest.
            let known = visits.last().is_some_and(|v| at == 0 && v.node == visit.n && v.left.is_none());
            if !known {
                visits.push(Visit {
                    node: visit.n,
                    arrived: step.at,
                    left: None,
                    path: None,
                    ended: None,
                    outcomes: BTreeMap::new(),
                    inside: Vec::new(),
                });
            }
            if let Some(current) = visits.last_mut() {
                current.left = (at < last || visit.e.is_some()).then_some(step.at);
                current.path = visit.p;
                current.ended = visit.e;
                current.outcomes.extend(visit.o);
                current.inside.extend(visit.b.into_iter().map(|inner| (inner.n, inner.o)));
            }
        }
    }
    visits
}

/// A trip from beginning to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TripTimeline {
    /// The trip.
    pub id: String,
    /// Who travels.
    pub traveller: SubjectRef,
    /// The journey's key.
    pub journey: String,
    /// The version that it follows.
    pub version: i64,
    /// Entry 1, 2, 3 …
    pub entry: i64,
    /// `active` or `ended`.
    #[schemars(extend("enum" = ["active", "ended"]))]
    pub state: String,
    /// How it ended.
    pub outcome: Option<String>,
    /// When it entered.
    pub entered_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it waits for.
    pub waiting: Option<Waiting>,
    /// What happened, oldest first.
    pub items: Vec<TimelineItem>,
}

/// What a trip waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waiting {
    /// The node.
    pub node: String,
    /// What its card is called.
    pub title: String,
    /// Until when.
    pub until: Option<Timestamp>,
    /// For which activities.
    pub event: Option<String>,
}

/// One thing that happened on a trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TimelineItem {
    /// When.
    pub at: Timestamp,
    /// `entered`, `arrived`, `acted`, `moved` or `ended`.
    #[schemars(extend("enum" = ["entered", "arrived", "acted", "moved", "ended", "problem"]))]
    pub kind: String,
    /// The node.
    pub node: String,
    /// What its card is called.
    pub title: String,
    /// The path taken, or how the trip ended.
    pub path: Option<String>,
    /// What was done, per person or once for the account.
    pub outcomes: Vec<TimelineOutcome>,
    /// What more there is to say: why the trip stands at a problem.
    pub detail: Option<String>,
}

/// What became of one execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TimelineOutcome {
    /// For whom; none: for the account.
    pub person: Option<SubjectRef>,
    /// `done`, `pending`, `no_op`, `skipped`, `failed` or `in_doubt`.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// In words, where there is more to say.
    pub message: Option<String>,
    /// When it was decided, where that was later.
    pub at: Option<Timestamp>,
}

/// The timeline of a trip of a journey.
pub fn timeline(engine: &Engine, key: &str, trip: EnrollmentId) -> Result<TripTimeline, DefinitionError> {
    engine.store().read(|s| {
        let unknown = || DefinitionError::Unknown { kind: "trip".to_owned(), key: trip.to_string() };
        let row = step::enrollments(s, &[trip])?.pop().ok_or_else(unknown)?;
        let live = engine.live(s)?;
        let plan = live.plan(s, row.version)?.filter(|plan| &*plan.key == key).ok_or_else(unknown)?;
        let visits = visits_of(&journeys::moves(s, trip)?);
        let effects = journeys::effects_of_trip(s, trip)?;
        let people = people_named(s, &visits)?;
        let titles = titles(s, &live, row.version)?;
        let active = row.ended_at.is_none();
        let problem = journeys::problem_of(s, trip)?.map(|problem| stuck(&plan, &titles, problem));
        Ok(TripTimeline {
            id: trip.to_string(),
            traveller: shown(s, plan.of_people, row.subject)?,
            journey: key.to_owned(),
            version: plan.version_no,
            entry: row.entry,
            state: if active { "active" } else { "ended" }.to_owned(),
            outcome: row.outcome.clone(),
            entered_at: row.entered_at,
            ended_at: row.ended_at,
            waiting: active.then(|| waiting(&plan, &titles, row.node, row.due_at)),
            items: visits
                .iter()
                .flat_map(|visit| items(visit, &plan, &titles, &people, &effects))
                .chain(problem)
                .collect(),
        })
    })
}

fn stuck(plan: &Plan, titles: &HashMap<String, String>, problem: Problem) -> TimelineItem {
    let node = plan.node(problem.node).id.clone();
    TimelineItem {
        at: problem.since,
        kind: "problem".to_owned(),
        title: title_of(titles, &node),
        node,
        path: None,
        outcomes: Vec::new(),
        detail: Some(problem.message),
    }
}

fn title_of(titles: &HashMap<String, String>, node: &str) -> String {
    titles.get(node).map_or(node, String::as_str).to_owned()
}

fn waiting(plan: &Plan, titles: &HashMap<String, String>, node: i64, due_at: Option<Timestamp>) -> Waiting {
    let node = plan.node(node);
    let event = match &node.step {
        Step::Listen(listen) => {
            Some(listen.events.iter().map(|event| event.activity.as_str()).collect::<Vec<_>>().join(", "))
        }
        _ => None,
    };
    Waiting { node: node.id.clone(), title: title_of(titles, &node.id), until: due_at.map(unparked), event }
}

fn people_named(s: &mut dyn Session, visits: &[Visit]) -> Result<HashMap<i64, SubjectRef>, StoreError> {
    let mut ids: Vec<i64> = visits
        .iter()
        .flat_map(|visit| visit.outcomes.values().chain(visit.inside.iter().flat_map(|(_, o)| o.values())))
        .flatten()
        .copied()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(journeys::shown_people(s, &ids)?
        .into_iter()
        .map(|p| (p.id, SubjectRef { subject: "person".to_owned(), key: p.key, name: p.name }))
        .collect())
}

fn items(
    visit: &Visit,
    plan: &Plan,
    titles: &HashMap<String, String>,
    people: &HashMap<i64, SubjectRef>,
    effects: &[EffectOutcome],
) -> Vec<TimelineItem> {
    let item = |at, kind: &str, node: i64, path: Option<String>, outcomes| TimelineItem {
        at,
        kind: kind.to_owned(),
        node: plan.node(node).id.clone(),
        title: title_of(titles, &plan.node(node).id),
        path,
        outcomes,
        detail: None,
    };
    let arrived = if visit.node == 0 { "entered" } else { "arrived" };
    let mut items = vec![item(visit.arrived, arrived, visit.node, None, Vec::new())];
    let done = |node: i64, outcomes: &BTreeMap<String, Vec<i64>>| outcomes_of(node, outcomes, people, effects);
    if !visit.outcomes.is_empty() {
        items.push(item(visit.arrived, "acted", visit.node, None, done(visit.node, &visit.outcomes)));
    }
    for (boxed, outcomes) in &visit.inside {
        items.push(item(visit.arrived, "acted", *boxed, None, done(*boxed, outcomes)));
    }
    match (&visit.ended, visit.left) {
        (Some(outcome), Some(at)) => items.push(item(at, "ended", visit.node, Some(outcome.clone()), Vec::new())),
        (None, Some(at)) => items.push(item(at, "moved", visit.node, visit.path.clone(), Vec::new())),
        _ => {}
    }
    items
}

/// Each execution's outcome; one that was queued is told by its effect.
fn outcomes_of(
    node: i64,
    outcomes: &BTreeMap<String, Vec<i64>>,
    people: &HashMap<i64, SubjectRef>,
    effects: &[EffectOutcome],
) -> Vec<TimelineOutcome> {
    let mut all = Vec::new();
    for (counted, ids) in outcomes {
        let (outcome, reason) = match counted.split_once(':') {
            Some((outcome, reason)) => (outcome, Some(reason.to_owned())),
            None => (counted.as_str(), None),
        };
        let persons: Vec<Option<i64>> =
            if ids.is_empty() { vec![None] } else { ids.iter().copied().map(Some).collect() };
        for person in persons {
            let effect = effects.iter().find(|e| outcome == "pending" && e.node == node && e.person == person);
            all.push(TimelineOutcome {
                person: person.and_then(|id| people.get(&id).cloned()),
                outcome: effect.map_or(outcome, |e| e.outcome.as_str()).to_owned(),
                reason: effect.map_or_else(|| reason.clone(), |e| e.reason.clone()),
                message: effect.and_then(|e| e.message.clone()),
                at: effect.map(|e| e.at),
            });
        }
    }
    all
}
