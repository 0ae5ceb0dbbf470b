//! Messages that wait to leave, as people see them: how many, what holds them, and when the next of them go.

use std::collections::{BTreeMap, HashMap};

use caravan_model::{DocumentId, EnrollmentId};
use caravan_store::held::{self, HeldAtNode, Waits};
use caravan_store::{Session, StoreError, outbox};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::JourneyStatus;
use super::map::Titles;
use crate::Engine;
use crate::deliver::{Hold, Holds};
use crate::live::Live;

/// The most messages to one person that are shown.
const MOST_OF_PERSON: usize = 50;

/// Messages that wait for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HeldMessages {
    /// What holds them: `quiet_hours`, `destination_rests` (a mailbox provider asked for less), `warm_up` (the day's plan of a new
    /// sender is full), `connection_rests`, `connection_paused`, `journey_paused` or `hold` (everything is held).
    pub reason: String,
    /// How many.
    pub count: i64,
    /// When the next of them may go; none: somebody has to let them.
    pub until: Option<Timestamp>,
}

/// A message to a person that waits to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HeldMessage {
    /// The trip that sends it.
    pub trip: String,
    /// The journey's key.
    pub journey: String,
    /// The node.
    pub node: String,
    /// What the node's card is called.
    pub node_title: String,
    /// What holds it, as at nodes.
    pub reason: String,
    /// When it may go; none: somebody has to let it.
    pub until: Option<Timestamp>,
}

/// Adds messages up by what holds them.
#[derive(Debug, Default)]
pub(super) struct Sum(BTreeMap<String, (i64, Option<Timestamp>)>);

impl Sum {
    pub(super) fn add(&mut self, (reason, until): Hold, count: i64) {
        let sum = self.0.entry(reason).or_insert((0, until));
        *sum = (sum.0 + count, [sum.1, until].into_iter().flatten().min());
    }

    pub(super) fn all(self) -> Vec<HeldMessages> {
        self.0.into_iter().map(|(reason, (count, until))| HeldMessages { reason, count, until }).collect()
    }
}

/// Writes into a journey's figures what is held at its nodes.
pub(super) fn add_held(
    s: &mut dyn Session,
    live: &Live,
    journey: DocumentId,
    status: &mut JourneyStatus,
) -> Result<(), StoreError> {
    let mut sums: HashMap<String, Sum> = HashMap::new();
    for (row, hold) in at_nodes(s, live, journey, status.paused)? {
        let Some(plan) = live.plan(s, row.version)? else { continue };
        sums.entry(plan.node(row.node).id.clone()).or_default().add(hold, row.count);
    }
    for (node, sum) in sums {
        if let Some(outcomes) = status.nodes.get_mut(&node).and_then(|node| node.outcomes.as_mut()) {
            outcomes.held = sum.all();
        }
    }
    Ok(())
}

fn at_nodes(
    s: &mut dyn Session,
    live: &Live,
    journey: DocumentId,
    paused: bool,
) -> Result<Vec<(HeldAtNode, Hold)>, StoreError> {
    let now = s.now()?;
    let holds = Holds::load(s, live)?;
    let lanes = outbox::lanes(s)?;
    let whole: Vec<&str> =
        lanes.iter().map(|(lane, _)| lane.as_str()).filter(|lane| holds.holds(lane, paused)).collect();
    let mut rows = held::at_nodes(s, journey, now)?;
    rows.extend(held::in_lanes(s, journey, &whole, now)?);
    let hold = |row: HeldAtNode| {
        let waits = Waits { lane: row.lane.clone(), held: row.held.clone(), not_before: row.next, claimed: false };
        let hold = holds.of(&waits, paused)?;
        Some((row, hold))
    };
    Ok(rows.into_iter().filter_map(hold).collect())
}

/// What is held of each of these trips: of one node where `node` says so for the trip.
pub(super) fn of_trips(
    s: &mut dyn Session,
    live: &Live,
    trips: &[(EnrollmentId, Option<i64>)],
    paused: bool,
) -> Result<HashMap<EnrollmentId, Vec<HeldMessages>>, StoreError> {
    let holds = Holds::load(s, live)?;
    let wanted: HashMap<EnrollmentId, Option<i64>> = trips.iter().copied().collect();
    let ids: Vec<i64> = trips.iter().map(|(trip, _)| trip.0).collect();
    let mut sums: HashMap<EnrollmentId, Sum> = HashMap::new();
    for row in held::of_trips(s, &ids)? {
        let here = wanted.get(&row.trip).is_some_and(|node| node.is_none_or(|node| node == row.node));
        if let Some(hold) = holds.of(&row.waits, paused).filter(|_| here) {
            sums.entry(row.trip).or_default().add(hold, 1);
        }
    }
    Ok(sums.into_iter().map(|(trip, sum)| (trip, sum.all())).collect())
}

/// Messages of journeys to a person that are held one by one, the next one first, at most fifty.
///
/// # Errors
/// The store's.
pub fn held_of_person(engine: &Engine, s: &mut dyn Session, person: i64) -> Result<Vec<HeldMessage>, StoreError> {
    let now = s.now()?;
    let rows = held::of_person(s, person, now, MOST_OF_PERSON)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let live = engine.live(s)?;
    let holds = Holds::load(s, &live)?;
    let mut titles = Titles::default();
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(plan) = live.plan(s, row.version)? else { continue };
        let paused = live.journeys.get(&plan.journey).is_some_and(|journey| journey.paused);
        let Some((reason, until)) = holds.of(&row.waits, paused) else { continue };
        let node = plan.node(row.node).id.clone();
        messages.push(HeldMessage {
            trip: row.trip.to_string(),
            journey: plan.key.to_string(),
            node_title: titles.of(s, &live, row.version, &node)?,
            node,
            reason,
            until,
        });
    }
    Ok(messages)
}
