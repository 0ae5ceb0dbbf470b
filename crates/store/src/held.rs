//! Messages that wait in the outbox for their hour, and what holds them.

use caravan_model::{DocumentId, EnrollmentId, VersionId};
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// Messages of one node and one lane that wait for the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAtNode {
    /// The version.
    pub version: VersionId,
    /// The node, or the box action.
    pub node: i64,
    /// Through what they will leave.
    pub lane: String,
    /// What holds each of them, stable; none: they wait for their turn in the lane.
    pub held: Option<String>,
    /// How many.
    pub count: i64,
    /// When the first of them may go.
    pub next: Timestamp,
}

/// A message of a trip that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOnTrip {
    /// The trip.
    pub trip: EnrollmentId,
    /// The version that it follows.
    pub version: VersionId,
    /// The node, or the box action.
    pub node: i64,
    /// What it waits for.
    pub waits: Waits,
}

/// What a message in the outbox waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// Through what it will leave.
    pub lane: String,
    /// What holds it, stable; none: it waits for its turn.
    pub held: Option<String>,
    /// It may not go before this instant.
    pub not_before: Timestamp,
    /// Somebody is at it.
    pub claimed: bool,
}

fn read_at_node(r: &dyn Row) -> Result<HeldAtNode, StoreError> {
    Ok(HeldAtNode {
        version: VersionId(r.int(0)),
        node: r.int(1),
        lane: r.string(2),
        held: r.opt_string(3),
        count: r.int(4),
        next: r.instant(5),
    })
}

/// What is held message by message at the nodes of a journey. Index: `outbox_held`.
pub fn at_nodes(s: &mut dyn Session, journey: DocumentId, now: Timestamp) -> Result<Vec<HeldAtNode>, StoreError> {
    s.query_map(
        "SELECT version_id, node, lane, held, COUNT(*), MIN(not_before) FROM outbox
         WHERE held IS NOT NULL AND not_before > $2
             AND version_id IN (SELECT id FROM document_version WHERE document_id = $1)
         GROUP BY version_id, node, lane, held ORDER BY version_id, node, lane, held",
        params![journey, now],
        read_at_node,
    )
}

/// What waits in these lanes at the nodes of a journey and is not held by itself. Looks at all that the lanes hold.
pub fn in_lanes(
    s: &mut dyn Session,
    journey: DocumentId,
    lanes: &[&str],
    now: Timestamp,
) -> Result<Vec<HeldAtNode>, StoreError> {
    if lanes.is_empty() {
        return Ok(Vec::new());
    }
    s.query_map(
        "SELECT version_id, node, lane, NULL, COUNT(*), MIN(not_before) FROM outbox
         WHERE lane {in:2} AND claim IS NULL AND (held IS NULL OR not_before <= $3)
             AND version_id IN (SELECT id FROM document_version WHERE document_id = $1)
         GROUP BY version_id, node, lane ORDER BY version_id, node, lane",
        params![journey, lanes, now],
        read_at_node,
    )
}

/// Messages of these trips that nobody is at, by trip and node. Index: `outbox_enrollment`.
pub fn of_trips(s: &mut dyn Session, trips: &[i64]) -> Result<Vec<HeldOnTrip>, StoreError> {
    if trips.is_empty() {
        return Ok(Vec::new());
    }
    s.query_map(
        "SELECT enrollment_id, version_id, node, lane, held, not_before FROM outbox
         WHERE enrollment_id {in:1} AND claim IS NULL ORDER BY enrollment_id, node, id",
        params![trips],
        read_on_trip,
    )
}

/// Messages to a person that are held one by one, the next one first. Index: `outbox_held_person`.
pub fn of_person(s: &mut dyn Session, person: i64, now: Timestamp, most: usize) -> Result<Vec<HeldOnTrip>, StoreError> {
    s.query_map(
        "SELECT enrollment_id, version_id, node, lane, held, not_before FROM outbox
         WHERE person_id = $1 AND held IS NOT NULL AND not_before > $2 ORDER BY not_before, id LIMIT $3",
        params![person, now, most as i64],
        read_on_trip,
    )
}

fn read_on_trip(r: &dyn Row) -> Result<HeldOnTrip, StoreError> {
    let waits = Waits { lane: r.string(3), held: r.opt_string(4), not_before: r.instant(5), claimed: false };
    Ok(HeldOnTrip { trip: EnrollmentId(r.int(0)), version: VersionId(r.int(1)), node: r.int(2), waits })
}
