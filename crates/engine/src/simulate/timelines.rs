//! The steps of all travellers, one line each, read from the moves that the trips left.

use std::collections::HashMap;
use std::sync::Arc;

use caravan_model::EnrollmentId;
use caravan_store::journeys::{self, Move};
use caravan_store::scratch::{self, KeyedTrip};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stage::Stage;
use crate::definitions::DefinitionError;
use crate::plan::Plan;
use crate::walk::StoredVisit;

/// Trips read at a time.
const TRIPS: usize = 1_000;

/// One traveller at one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineLine {
    /// Key of the account or person.
    pub traveller: String,
    /// The node.
    pub node: String,
    /// When it arrived.
    pub arrived: Timestamp,
    /// When it went on, or its trip ended; none while it stands there.
    pub left: Option<Timestamp>,
    /// The path it took, where the node has several.
    pub path: Option<String>,
    /// How its trip ended, where it ended here.
    pub outcome: Option<String>,
}

/// Tells everything that happened at or after `since`, and where everybody stands, by (traveller key, arrival).
pub(super) fn tell(stage: &Stage, since: Timestamp, take: &mut dyn FnMut(TimelineLine)) -> Result<(), DefinitionError> {
    let mut after = (String::new(), 0);
    loop {
        let lines = stage.engine.store().read(|s| {
            let live = stage.engine.live(s)?;
            let of_people = live.journeys.get(&stage.journey).is_some_and(|journey| journey.of_people);
            let trips = scratch::trips_by_key(s, stage.journey, of_people, since, (&after.0, after.1), TRIPS)?;
            let mut moves = moves_of(s, &trips)?;
            let mut lines = Vec::new();
            for trip in &trips {
                let Some(plan) = live.plan(s, trip.version)? else { continue };
                lines.extend(lines_of(trip, &plan, moves.remove(&trip.id).unwrap_or_default())?);
            }
            let last = trips.last().map(|trip| (trip.traveller.clone(), trip.entry));
            Ok::<_, StoreError>(last.map(|last| (last, lines)))
        })?;
        let Some((last, lines)) = lines else { return Ok(()) };
        lines.into_iter().filter(|line| line.left.is_none_or(|left| left >= since)).for_each(&mut *take);
        after = last;
    }
}

fn moves_of(s: &mut dyn Session, trips: &[KeyedTrip]) -> Result<HashMap<EnrollmentId, Vec<Move>>, StoreError> {
    let ids: Vec<i64> = trips.iter().map(|trip| trip.id.0).collect();
    let mut moves: HashMap<EnrollmentId, Vec<Move>> = HashMap::new();
    if !ids.is_empty() {
        for (trip, step) in journeys::moves_of(s, &ids)? {
            moves.entry(trip).or_default().push(step);
        }
    }
    Ok(moves)
}

fn lines_of(trip: &KeyedTrip, plan: &Arc<Plan>, moves: Vec<Move>) -> Result<Vec<TimelineLine>, StoreError> {
    let line = |node: i64, arrived: Timestamp| TimelineLine {
        traveller: trip.traveller.clone(),
        node: plan.node(node).id.clone(),
        arrived,
        left: None,
        path: None,
        outcome: None,
    };
    let mut lines = Vec::new();
    let mut standing = Some((0, trip.entered_at));
    for step in moves {
        let visits = StoredVisit::read(&step.visits)
            .map_err(|error| StoreError::corrupt(format!("move {} of trip {}: {error}", step.seq, trip.id)))?;
        let last = visits.len().saturating_sub(1);
        for (at, visit) in visits.into_iter().enumerate() {
            let arrived =
                standing.take().filter(|(node, _)| *node == visit.node).map_or(step.at, |(_, arrived)| arrived);
            // The last one is where it stands from now on, unless its trip ended there.
            if at == last && visit.ended.is_none() {
                standing = Some((visit.node, arrived));
            } else {
                let there = line(visit.node, arrived);
                lines.push(TimelineLine { left: Some(step.at), path: visit.path, outcome: visit.ended, ..there });
            }
        }
    }
    lines.extend(standing.map(|(node, arrived)| line(node, arrived)));
    Ok(lines)
}
