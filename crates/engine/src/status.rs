//! What people look at: the figures of a journey, its map, who stands where and what a trip did.
//!
//! Figures come from the counters that move with what they count; trips from their rows and moves.

mod facts;
mod figures;
mod held;
mod map;
mod timeline;
mod travellers;
mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;

use caravan_model::document::DocumentKind;
use caravan_model::journey::ENTRY;
use caravan_store::documents::{self, DocumentRow};
use caravan_store::journeys::ProblemFilter;
use caravan_store::search::{Looked, Search};
use caravan_store::{Session, StoreError, journeys};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

pub use figures::{Engagement, JourneyDay, JourneyFigures, Performance, Took, VariantFigures, VersionFigures, figures};
pub use held::{HeldMessage, HeldMessages, held_of_person};
pub use map::{JourneyMap, MapAction, MapBox, MapEdge, MapFact, MapNode, Titles, Which, map};
pub use timeline::{TimelineItem, TimelineOutcome, TripTimeline, Waiting, WhyHere, timeline};
pub use travellers::{
    Asked, AskedTrips, Names, Stand, SubjectRef, TravellerRow, look_for_trips, travellers, trips_of_account,
    trips_of_journey, trips_of_person,
};
pub use versions::{JourneyVersion, manifest, versions};

use crate::Engine;
use crate::definitions::DefinitionError;
use crate::plan::Plan;
use crate::tallies::{Counted, TRIPS};
use crate::walk::HELD_OUT;

/// The figures of a journey: see the interfaces page, *Journey status*.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct JourneyStatus {
    /// Its key.
    pub key: String,
    /// `draft`, `scheduled`, `live`, `closed`, `aborted` or `finished`.
    #[schemars(extend("enum" = ["draft", "scheduled", "live", "closed", "finished", "aborted"]))]
    pub state: String,
    /// The version that new travellers take; 0 before the first.
    pub version: i64,
    /// It moves nobody for now.
    pub paused: bool,
    /// Trips that failed by our own fault and are tried again.
    pub problems: usize,
    /// Trips, by how they stand.
    pub travellers: Travellers,
    /// Who would have entered but may not, by reason.
    pub not_entered: BTreeMap<String, i64>,
    /// Who reached the journey's goal; none while it has none.
    pub goal: Option<Goal>,
    /// By node: `audience`, the nodes in their order, then the actions of people boxes.
    pub nodes: IndexMap<String, NodeStatus>,
}

/// Trips, by how they stand. `entered` is the sum of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Travellers {
    /// Trips that began.
    pub entered: i64,
    /// Trips under way.
    pub active: i64,
    /// They came to an end of the map.
    pub completed: i64,
    /// No path of a split took them.
    pub no_path: i64,
    /// They heard nothing in time.
    pub timed_out: i64,
    /// They were taken out.
    pub removed: i64,
    /// The journey was aborted.
    pub aborted: i64,
    /// The journey's end came.
    pub expired: i64,
    /// They belong to the part of the audience that is only counted.
    pub held_out: i64,
}

/// Who reached the journey's goal, travellers beside those who are only counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Goal {
    /// Those who travel.
    pub travellers: Conversion,
    /// Those who are only counted.
    pub held_out: Conversion,
}

/// How many of those who entered reached the goal afterwards.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Conversion {
    /// Trips that began.
    pub entered: i64,
    /// Of these, those whose traveller met the goal already.
    pub before: i64,
    /// Those who met it after they had entered, inside or later.
    pub converted: i64,
    /// `converted / (entered - before)`; none when nobody could convert.
    pub rate: Option<f64>,
}

impl Goal {
    fn of(&mut self, held_out: bool) -> &mut Conversion {
        if held_out { &mut self.held_out } else { &mut self.travellers }
    }
}

impl Conversion {
    fn settle(&mut self, entered: i64) {
        self.entered = entered;
        let could = entered - self.before;
        self.rate = (could > 0).then(|| self.converted as f64 / could as f64);
    }
}

/// The figures of a node. `reached = left + current + ended`, always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NodeStatus {
    /// Who ever arrived.
    pub reached: i64,
    /// Who stands there now.
    pub current: i64,
    /// Who went on.
    pub left: i64,
    /// Whose trip ended there.
    pub ended: i64,
    /// Who took which path: by label, `other`, `timeout`, `failed`.
    pub paths: BTreeMap<String, i64>,
    /// What became of the executions of an action, per person or account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Outcomes>,
}

/// What became of executions; all of them add up to the executions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Outcomes {
    /// Queued.
    pub pending: i64,
    /// Those of the pending that something holds back, by what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldMessages>,
    /// Done.
    pub done: i64,
    /// There was nothing to do, by reason.
    pub no_op: BTreeMap<String, i64>,
    /// A rule excluded the person, by reason.
    pub skipped: BTreeMap<String, i64>,
    /// It could not be done, by code.
    pub failed: BTreeMap<String, i64>,
    /// Nobody knows whether it happened.
    pub in_doubt: i64,
}

/// The figures of a journey.
pub fn status(engine: &Engine, key: &str) -> Result<JourneyStatus, DefinitionError> {
    engine.store().read(|s| {
        let row = journey_row(s, key)?;
        let mut status = status_of(engine, s, &row)?;
        let live = engine.live(s)?;
        held::add_held(s, &live, row.id, &mut status)?;
        Ok(status)
    })
}

/// One journey's row.
///
/// # Errors
/// There is no such journey.
pub fn journey_row(s: &mut dyn Session, key: &str) -> Result<DocumentRow, DefinitionError> {
    documents::get(s, DocumentKind::Journey.key(), key)?
        .ok_or_else(|| DefinitionError::Unknown { kind: "journey".to_owned(), key: key.to_owned() })
}

/// The figures of a journey whose row is at hand, in the same transaction, without what its messages wait for.
pub fn status_of(engine: &Engine, s: &mut dyn Session, row: &DocumentRow) -> Result<JourneyStatus, DefinitionError> {
    let live = engine.live(s)?;
    let of_this = ProblemFilter { journey: Some(row.id), ..ProblemFilter::default() };
    let mut status = JourneyStatus {
        key: row.key.clone(),
        state: row.state.clone(),
        version: 0,
        paused: row.paused,
        problems: journeys::problems(s, of_this, caravan_model::EnrollmentId(0), 1_000)?.len(),
        travellers: Travellers::default(),
        not_entered: BTreeMap::new(),
        goal: None,
        nodes: IndexMap::new(),
    };
    if let Some(version) = row.live_version
        && let Some(plan) = live.plan(s, version)?
    {
        status.version = plan.version_no;
        status.goal = plan.goal.as_ref().map(|_| Goal::default());
        add_nodes(&mut status, &plan);
    }
    for tally in journeys::tallies(s, row.id)? {
        let Some(counted) = Counted::from_stored(&tally.kind) else { continue };
        if tally.node == TRIPS {
            count_trip(&mut status, counted, tally.n);
            continue;
        }
        let Some(plan) = live.plan(s, tally.version)? else { continue };
        let name = plan.node(tally.node).id.clone();
        count_node(status.nodes.entry(name).or_default(), counted, tally.n);
    }
    settle(&mut status);
    Ok(status)
}

/// Every node stands in the figures, also while nobody has come.
fn add_nodes(status: &mut JourneyStatus, plan: &Arc<Plan>) {
    for node in &plan.nodes {
        let outcomes = node.step.acts().then(Outcomes::default);
        status.nodes.insert(node.id.clone(), NodeStatus { outcomes, ..NodeStatus::default() });
    }
}

fn count_trip(status: &mut JourneyStatus, counted: Counted, n: i64) {
    let travellers = &mut status.travellers;
    match counted {
        Counted::Entered => travellers.entered += n,
        Counted::NotEntered(reason) => *status.not_entered.entry(reason).or_default() += n,
        Counted::Trip(outcome) => match outcome.as_str() {
            "completed" => travellers.completed += n,
            "no_path" => travellers.no_path += n,
            "timed_out" => travellers.timed_out += n,
            "removed" => travellers.removed += n,
            "aborted" => travellers.aborted += n,
            HELD_OUT => travellers.held_out += n,
            _ => travellers.expired += n,
        },
        Counted::GoalBefore { held_out } => status.goal.get_or_insert_default().of(held_out).before += n,
        Counted::Goal { held_out } => status.goal.get_or_insert_default().of(held_out).converted += n,
        _ => {}
    }
}

fn count_node(node: &mut NodeStatus, counted: Counted, n: i64) {
    let outcomes = &mut node.outcomes;
    match counted {
        Counted::Reached => node.reached += n,
        Counted::Left => node.left += n,
        Counted::Ended => node.ended += n,
        Counted::Path(key) => *node.paths.entry(key).or_default() += n,
        Counted::Done => outcomes.get_or_insert_default().done += n,
        Counted::Pending => outcomes.get_or_insert_default().pending += n,
        Counted::InDoubt => outcomes.get_or_insert_default().in_doubt += n,
        Counted::NoOp(reason) => *outcomes.get_or_insert_default().no_op.entry(reason).or_default() += n,
        Counted::Skipped(reason) => *outcomes.get_or_insert_default().skipped.entry(reason).or_default() += n,
        Counted::Failed(code) => *outcomes.get_or_insert_default().failed.entry(code).or_default() += n,
        Counted::Entered
        | Counted::NotEntered(_)
        | Counted::Trip(_)
        | Counted::GoalBefore { .. }
        | Counted::Goal { .. } => {}
    }
}

fn settle(status: &mut JourneyStatus) {
    let t = &mut status.travellers;
    t.active = t.entered - t.completed - t.no_path - t.timed_out - t.removed - t.aborted - t.expired - t.held_out;
    if let Some(goal) = &mut status.goal {
        goal.travellers.settle(t.entered - t.held_out);
        goal.held_out.settle(t.held_out);
    }
    for node in status.nodes.values_mut() {
        node.current = node.reached - node.left - node.ended;
        node.paths.retain(|_, n| *n != 0);
        if let Some(outcomes) = &mut node.outcomes {
            outcomes.no_op.retain(|_, n| *n != 0);
            outcomes.skipped.retain(|_, n| *n != 0);
            outcomes.failed.retain(|_, n| *n != 0);
        }
    }
    debug_assert!(status.nodes.get(ENTRY).is_none_or(|entry| entry.current >= 0));
}

/// A journey in a list, with its figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JourneyInList {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// `account` or `person`.
    #[schemars(extend("enum" = ["account", "person"]))]
    pub subject: String,
    /// Where it stands in its life.
    #[schemars(extend("enum" = ["draft", "scheduled", "live", "closed", "finished", "aborted"]))]
    pub state: String,
    /// It moves nobody for now.
    pub paused: bool,
    /// The version that new travellers take; none before the first.
    pub version: Option<i64>,
    /// Counts its changes.
    pub revision: i64,
    /// When it starts.
    pub start: Option<jiff::Timestamp>,
    /// When it ends.
    pub end: Option<jiff::Timestamp>,
    /// When it was made.
    pub created_at: jiff::Timestamp,
    /// By whom.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: jiff::Timestamp,
    /// By whom.
    pub updated_by: String,
    /// When it was last published.
    pub published_at: Option<jiff::Timestamp>,
    /// By whom.
    pub published_by: Option<String>,
    /// Its trips.
    pub travellers: Travellers,
}

/// A journey as lists show it.
pub fn in_list(engine: &Engine, s: &mut dyn Session, row: &DocumentRow) -> Result<JourneyInList, DefinitionError> {
    let live = engine.live(s)?;
    let of_people = live.journeys.get(&row.id).is_some_and(|j| j.of_people);
    let status = status_of(engine, s, row)?;
    Ok(JourneyInList {
        key: row.key.clone(),
        name: row.name.clone(),
        subject: if of_people { "person" } else { "account" }.to_owned(),
        state: row.state.clone(),
        paused: row.paused,
        version: Some(status.version).filter(|no| *no > 0),
        revision: row.revision,
        start: row.starts_at,
        end: row.ends_at,
        created_at: row.created_at,
        created_by: row.created_by.clone(),
        updated_at: row.updated_at,
        updated_by: row.updated_by.clone(),
        published_at: row.published_at,
        published_by: row.published_by.clone(),
        travellers: status.travellers,
    })
}

/// A trip that failed by our own fault, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProblemRow {
    /// The trip.
    pub id: String,
    /// The journey's key.
    pub journey: String,
    /// The node.
    pub node: String,
    /// What the node's card is called.
    pub node_title: String,
    /// Who travels.
    pub traveller: SubjectRef,
    /// Stable code.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// Since when.
    pub since: jiff::Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried again.
    pub next_try: Option<jiff::Timestamp>,
}

/// Problems of one journey or of all, by trip, of the next ones that one look goes through; only those in whose words `search`
/// occurs, or, where it looks at customers, in whose traveller.
pub fn problems(
    engine: &Engine,
    journey: Option<&str>,
    search: Search<'_>,
    after: caravan_model::EnrollmentId,
    most: usize,
) -> Result<Looked<ProblemRow, caravan_model::EnrollmentId>, DefinitionError> {
    engine.store().read(|s| {
        let journey = journey.map(|key| journey_row(s, key)).transpose()?.map(|row| row.id);
        let live = engine.live(s)?;
        let of_people: Vec<i64> = live.journeys.values().filter(|j| j.of_people).map(|j| j.id.0).collect();
        let filter = ProblemFilter { journey, search, of_people: &of_people };
        let Looked { found, end } = journeys::look_for_problems(s, filter, after, most)?;
        let is_of_people = |journey| live.journeys.get(&journey).is_some_and(|j| j.of_people);
        let names = Names::of(s, found.iter().map(|problem| (is_of_people(problem.journey), problem.subject)))?;
        let mut rows = Vec::new();
        let mut titles = Titles::default();
        for problem in found {
            let plan = live.plan(s, problem.version)?;
            let node = plan.map(|plan| plan.node(problem.node).id.clone()).unwrap_or_default();
            let known = live.journeys.get(&problem.journey);
            rows.push(ProblemRow {
                id: problem.trip.to_string(),
                journey: known.map(|j| j.key.clone()).unwrap_or_default(),
                node_title: titles.of(s, &live, problem.version, &node)?,
                node,
                traveller: names.subject(is_of_people(problem.journey), problem.subject),
                code: problem.code,
                message: problem.message,
                since: problem.since,
                attempts: problem.attempts,
                next_try: problem.next_try,
            });
        }
        Ok(Looked { found: rows, end })
    })
}

/// Whatever a read of figures may fail with in the store.
impl From<DefinitionError> for StoreError {
    fn from(error: DefinitionError) -> Self {
        match error {
            DefinitionError::Store(error) => error,
            other => Self::Other(other.to_string()),
        }
    }
}
