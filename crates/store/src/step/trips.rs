//! Enrollments as steps read and write them, and their moves.

use caravan_model::clock::{from_micros, to_micros};
use caravan_model::journey::LastTrip;
use caravan_model::{DocumentId, EnrollmentId, Shard, VersionId};
use jiff::Timestamp;

use super::Claim;
use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::session::{Dialect, Param, Row, Session};

/// An enrollment as a step reads and writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentRow {
    /// Its id.
    pub id: EnrollmentId,
    /// The traveller's shard.
    pub shard: Shard,
    /// The journey.
    pub journey: DocumentId,
    /// The version that it keeps until an explicit command moves it.
    pub version: VersionId,
    /// Account or person id, as the journey's subject says.
    pub subject: i64,
    /// Entry 1, 2, 3 …
    pub entry: i64,
    /// Index of the node in the version's plan.
    pub node: i64,
    /// Counts its steps; guards every update.
    pub seq: i64,
    /// When it moves next by itself.
    pub due_at: Option<Timestamp>,
    /// It waits for an event.
    pub listening: bool,
    /// What the node keeps in mind of it, JSON of the node's own; before the first step, why it entered.
    pub memory: Option<String>,
    /// How many journeys led here, itself included.
    pub chain: i64,
    /// When the trip began.
    pub entered_at: Timestamp,
    /// When it arrived at the node.
    pub node_at: Timestamp,
    /// When the trip ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<String>,
    /// When the journey's goal was met.
    pub goal_at: Option<Timestamp>,
}

impl EnrollmentRow {
    /// What decides whether its traveller may enter again.
    pub fn last_trip(&self) -> LastTrip {
        LastTrip { entry: self.entry, entered_at: self.entered_at, ended_at: self.ended_at }
    }
}

/// The walk of one enrollment in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveRow {
    /// The trip.
    pub enrollment: EnrollmentId,
    /// Its step number.
    pub seq: i64,
    /// Step time.
    pub at: Timestamp,
    /// What it walked through, JSON (see the engine's `visits`).
    pub visits: String,
}

/// The columns of an enrollment.
pub(crate) const ENROLLMENT: &str = "id, shard, journey_id, version_id, subject_id, entry, node, seq, due_at, listening, memory, chain, \
     entered_at, node_at, ended_at, outcome, goal_at";
/// How many they are.
pub(crate) const ENROLLMENT_WIDTH: usize = 17;

/// Up to `most` due enrollments of the claimed shards, by (due time, number). Index: `enrollment_due`.
pub fn due(s: &mut dyn Session, claim: &Claim, most: usize) -> Result<Vec<EnrollmentRow>, StoreError> {
    let now = to_micros(claim.now);
    let mut rows: Vec<EnrollmentRow> = Vec::new();
    match s.dialect() {
        Dialect::Sqlite => {
            let sql = format!(
                "SELECT {ENROLLMENT} FROM enrollment WHERE shard = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $3"
            );
            for shard in &claim.shards {
                let left = most.saturating_sub(rows.len());
                if left == 0 {
                    break;
                }
                let params = [Param::Int(shard.0), Param::Int(now), Param::Int(left as i64)];
                s.query(&sql, &params, &mut |r| {
                    rows.push(read_enrollment(r));
                    Ok(())
                })?;
            }
        }
        Dialect::Postgres => {
            let sql = format!(
                "SELECT {ENROLLMENT} FROM unnest($1::bigint[]) AS held (held_id) CROSS JOIN LATERAL (
                     SELECT * FROM enrollment WHERE shard = held_id AND due_at <= $2 ORDER BY due_at, id LIMIT $3
                 ) AS due LIMIT $3"
            );
            let shards: Vec<i64> = claim.shards.iter().map(|s| s.0).collect();
            s.query(&sql, &[Param::Ints(&shards), Param::Int(now), Param::Int(most as i64)], &mut |r| {
                rows.push(read_enrollment(r));
                Ok(())
            })?;
        }
    }
    rows.sort_by_key(|e| (e.due_at, e.id));
    Ok(rows)
}

/// All due enrollments of these subjects. Index: `enrollment_subject`; the plus signs keep a database from reading whatever
/// is due in the shards instead.
pub fn due_of(s: &mut dyn Session, claim: &Claim, subjects: &[i64]) -> Result<Vec<EnrollmentRow>, StoreError> {
    let sql = format!(
        "SELECT {ENROLLMENT} FROM enrollment WHERE subject_id {{in:1}} AND +shard {{in:2}} AND +due_at <= $3
         ORDER BY due_at, id"
    );
    let shards: Vec<i64> = claim.shards.iter().map(|s| s.0).collect();
    collect_enrollments(s, &sql, crate::params![subjects, &shards, claim.now])
}

/// The active enrollments of these subjects that wait for an event. Index: `enrollment_listening`.
pub fn listening(s: &mut dyn Session, claim: &Claim, subjects: &[i64]) -> Result<Vec<EnrollmentRow>, StoreError> {
    let sql = format!("SELECT {ENROLLMENT} FROM enrollment WHERE listening AND subject_id {{in:1}} AND shard {{in:2}}");
    let shards: Vec<i64> = claim.shards.iter().map(|s| s.0).collect();
    collect_enrollments(s, &sql, &[Param::Ints(subjects), Param::Ints(&shards)])
}

/// The latest enrollment of each of these subjects in each of these journeys. Index: `enrollment_entry`.
pub fn latest_trips(
    s: &mut dyn Session,
    journeys: &[DocumentId],
    subjects: &[i64],
) -> Result<Vec<EnrollmentRow>, StoreError> {
    let sql = format!(
        "SELECT {ENROLLMENT} FROM enrollment AS e WHERE e.journey_id = $1 AND e.subject_id {{in:2}}
         AND NOT EXISTS (SELECT 1 FROM enrollment AS later WHERE later.journey_id = e.journey_id
                         AND later.subject_id = e.subject_id AND later.entry > e.entry)"
    );
    let mut rows = Vec::new();
    for journey in journeys {
        rows.extend(collect_enrollments(s, &sql, &[Param::Int(journey.0), Param::Ints(subjects)])?);
    }
    Ok(rows)
}

/// Enrollments by id, those that exist.
pub fn enrollments(s: &mut dyn Session, ids: &[EnrollmentId]) -> Result<Vec<EnrollmentRow>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    collect_enrollments(
        s,
        &format!("SELECT {ENROLLMENT} FROM enrollment WHERE id {{in:1}} ORDER BY id"),
        &[Param::Ints(&ids)],
    )
}

/// Enrollments that meet a condition, written as SQL by this crate alone.
pub(crate) fn enrollments_where(
    s: &mut dyn Session,
    condition: &str,
    params: &[Param],
) -> Result<Vec<EnrollmentRow>, StoreError> {
    collect_enrollments(s, &format!("SELECT {ENROLLMENT} FROM enrollment AS e WHERE {condition}"), params)
}

fn collect_enrollments(s: &mut dyn Session, sql: &str, params: &[Param]) -> Result<Vec<EnrollmentRow>, StoreError> {
    let mut rows = Vec::new();
    s.query(sql, params, &mut |r| {
        rows.push(read_enrollment(r));
        Ok(())
    })?;
    Ok(rows)
}

pub(crate) fn read_enrollment(r: &dyn Row) -> EnrollmentRow {
    EnrollmentRow {
        id: EnrollmentId(r.int(0)),
        shard: Shard(r.int(1)),
        journey: DocumentId(r.int(2)),
        version: VersionId(r.int(3)),
        subject: r.int(4),
        entry: r.int(5),
        node: r.int(6),
        seq: r.int(7),
        due_at: r.opt_int(8).map(from_micros),
        listening: r.bool(9),
        memory: r.opt_string(10),
        chain: r.int(11),
        entered_at: from_micros(r.int(12)),
        node_at: from_micros(r.int(13)),
        ended_at: r.opt_int(14).map(from_micros),
        outcome: r.opt_text(15).map(str::to_owned),
        goal_at: r.opt_int(16).map(from_micros),
    }
}

/// New enrollments. Index `enrollment_entry` refuses a second one with the same entry number.
pub fn insert_enrollments(s: &mut dyn Session, rows: &[EnrollmentRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = EnrollmentColumns::of(rows);
    s.bulk(
        &Bulk::insert("enrollment")
            .column("id", &columns.id)
            .column("shard", &columns.shard)
            .column("journey_id", &columns.journey)
            .column("version_id", &columns.version)
            .column("subject_id", &columns.subject)
            .column("entry", &columns.entry)
            .column("node", &columns.node)
            .column("seq", &columns.seq)
            .column("due_at", &columns.due_at)
            .column("listening", &columns.listening)
            .column("memory", &columns.memory)
            .column("chain", &columns.chain)
            .column("entered_at", &columns.entered_at)
            .column("node_at", &columns.node_at)
            .column("ended_at", &columns.ended_at)
            .column("outcome", &columns.outcome)
            .column("goal_at", &columns.goal_at),
    )?;
    Ok(())
}

/// Writes enrollments as they are after their step. `stored_seqs` are the step numbers they had when they were read: a
/// row that has another one now was moved by someone else.
///
/// # Errors
/// [`StoreError::Stale`] when any row was.
pub fn update_enrollments(s: &mut dyn Session, rows: &[EnrollmentRow], stored_seqs: &[i64]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = EnrollmentColumns::of(rows);
    let changed = s.bulk(
        &Bulk::update("enrollment")
            .column("id", &columns.id)
            .column("stored_seq", stored_seqs)
            .column("node", &columns.node)
            .column("seq", &columns.seq)
            .column("due_at", &columns.due_at)
            .column("listening", &columns.listening)
            .column("memory", &columns.memory)
            .column("node_at", &columns.node_at)
            .column("ended_at", &columns.ended_at)
            .column("outcome", &columns.outcome)
            .column("goal_at", &columns.goal_at)
            .set(
                "node = {node}, seq = {seq}, due_at = {due_at}, listening = {listening}, memory = {memory}, \
                 node_at = {node_at}, ended_at = {ended_at}, outcome = {outcome}, goal_at = {goal_at}",
            )
            .matching("id = {id} AND seq = {stored_seq}"),
    )?;
    if changed != rows.len() as u64 {
        let lost = rows.len() as u64 - changed;
        return Err(StoreError::Stale(format!("{lost} of {} enrollments were moved by someone else", rows.len())));
    }
    Ok(())
}

#[derive(Default)]
struct EnrollmentColumns<'a> {
    id: Vec<i64>,
    shard: Vec<i64>,
    journey: Vec<i64>,
    version: Vec<i64>,
    subject: Vec<i64>,
    entry: Vec<i64>,
    node: Vec<i64>,
    seq: Vec<i64>,
    due_at: Vec<Option<i64>>,
    listening: Vec<bool>,
    memory: Vec<Option<&'a str>>,
    chain: Vec<i64>,
    entered_at: Vec<i64>,
    node_at: Vec<i64>,
    ended_at: Vec<Option<i64>>,
    outcome: Vec<Option<&'a str>>,
    goal_at: Vec<Option<i64>>,
}

impl<'a> EnrollmentColumns<'a> {
    fn of(rows: &'a [EnrollmentRow]) -> Self {
        let mut c = Self::default();
        for e in rows {
            c.id.push(e.id.0);
            c.shard.push(e.shard.0);
            c.journey.push(e.journey.0);
            c.version.push(e.version.0);
            c.subject.push(e.subject);
            c.entry.push(e.entry);
            c.node.push(e.node);
            c.seq.push(e.seq);
            c.due_at.push(e.due_at.map(to_micros));
            c.listening.push(e.listening);
            c.memory.push(e.memory.as_deref());
            c.chain.push(e.chain);
            c.entered_at.push(to_micros(e.entered_at));
            c.node_at.push(to_micros(e.node_at));
            c.ended_at.push(e.ended_at.map(to_micros));
            c.outcome.push(e.outcome.as_deref());
            c.goal_at.push(e.goal_at.map(to_micros));
        }
        c
    }
}

/// Gives the parked travellers of a resumed journey in a shard their due times back. Index: `enrollment_due`, whose
/// far end holds parked rows only.
pub fn unpark(
    s: &mut dyn Session,
    shard: Shard,
    journey: DocumentId,
    parked: jiff::SignedDuration,
) -> Result<(), StoreError> {
    let by = i64::try_from(parked.as_micros()).unwrap_or(i64::MAX);
    s.execute(
        "UPDATE enrollment SET due_at = due_at - $3, seq = CASE WHEN seq = 0 THEN 0 ELSE seq + 1 END
         WHERE shard = $1 AND due_at >= $3 AND journey_id = $2",
        crate::params![shard, journey, by],
    )?;
    Ok(())
}

/// Notes that these trips have reached their journey's goal. Trips of shards that the step holds.
pub fn set_goal_reached(s: &mut dyn Session, trips: &[i64], at: Timestamp) -> Result<(), StoreError> {
    if trips.is_empty() {
        return Ok(());
    }
    s.execute("UPDATE enrollment SET goal_at = $2 WHERE id {in:1}", crate::params![trips, at])?;
    Ok(())
}

/// Appends the walks of a step.
pub fn insert_moves(s: &mut dyn Session, rows: &[MoveRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let enrollment: Vec<i64> = rows.iter().map(|m| m.enrollment.0).collect();
    let seq: Vec<i64> = rows.iter().map(|m| m.seq).collect();
    let at: Vec<i64> = rows.iter().map(|m| to_micros(m.at)).collect();
    let visits: Vec<&str> = rows.iter().map(|m| m.visits.as_str()).collect();
    s.bulk(
        &Bulk::insert("move")
            .column("enrollment_id", &enrollment)
            .column("seq", &seq)
            .column("at", &at)
            .column("visits", &visits),
    )?;
    Ok(())
}
