//! What a step of the runtime reads and writes: the claim, due enrollments, the inbox, moves and tallies.
//!
//! Everything here runs inside the transaction that holds the shards' row locks. See ARCHITECTURE.md, *The runtime*.

use caravan_model::clock::{from_micros, to_micros};
use caravan_model::{DocumentId, EnrollmentId, InboxId, Shard, VersionId};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::session::{Dialect, Param, Row, Session, SessionExt};

/// The shards that this transaction holds, and the instant from which everything in it is decided.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Locked until the transaction ends.
    pub shards: Vec<Shard>,
    /// Step time: read after the lock, never earlier than any claimed shard's last step.
    pub now: Timestamp,
}

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

/// Something that steps must still take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Its id, in order of arrival.
    pub id: InboxId,
    /// Whose shard.
    pub shard: Shard,
    /// `activity`, or the name of a command.
    pub kind: String,
    /// Account or person, where it is about one.
    pub subject: Option<i64>,
    /// When it happened.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// The rest, JSON.
    pub body: String,
}

/// Something for a shard's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInbox {
    /// Whose shard.
    pub shard: Shard,
    /// `activity`, or the name of a command.
    pub kind: &'static str,
    /// Account or person, where it is about one.
    pub subject: Option<i64>,
    /// When it happened.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// The rest, JSON.
    pub body: String,
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

const ENROLLMENT: &str = "id, shard, journey_id, version_id, subject_id, entry, node, seq, due_at, listening, memory, chain, \
     entered_at, node_at, ended_at, outcome, goal_at";

/// Takes up to `most` shards that have work, longest ready first. The lock is the claim.
pub fn claim(s: &mut dyn Session, most: usize) -> Result<Option<Claim>, StoreError> {
    let asked = to_micros(s.now()?);
    let mut shards = Vec::new();
    let mut last_step = i64::MIN;
    // Loading comes in later statements: in this one it would see the previous holder's rows.
    s.query(
        "SELECT id, last_step_at FROM shard
         WHERE due_at <= $1 OR EXISTS (SELECT 1 FROM inbox WHERE inbox.shard = shard.id)
         ORDER BY COALESCE(due_at, 0), id LIMIT $2 {for_update} {skip_locked}",
        &[Param::Int(asked), Param::Int(most as i64)],
        &mut |r| {
            shards.push(Shard(r.int(0)));
            last_step = last_step.max(r.int(1));
            Ok(())
        },
    )?;
    if shards.is_empty() {
        return Ok(None);
    }
    let now = from_micros(to_micros(s.now()?).max(last_step));
    Ok(Some(Claim { shards, now }))
}

/// Locks the given shards whatever they have to do (a simulation, or a command that must hold them).
pub fn claim_these(s: &mut dyn Session, shards: &[Shard]) -> Result<Claim, StoreError> {
    let ids: Vec<i64> = shards.iter().map(|s| s.0).collect();
    let mut last_step = i64::MIN;
    s.query(
        "SELECT id, last_step_at FROM shard WHERE id {in:1} ORDER BY id {for_update}",
        &[Param::Ints(&ids)],
        &mut |r| {
            last_step = last_step.max(r.int(1));
            Ok(())
        },
    )?;
    let now = from_micros(to_micros(s.now()?).max(last_step));
    Ok(Claim { shards: shards.to_vec(), now })
}

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

/// Up to `most` inbox rows of the claimed shards, in order of arrival.
pub fn inbox(s: &mut dyn Session, claim: &Claim, most: usize) -> Result<Vec<InboxRow>, StoreError> {
    let shards: Vec<i64> = claim.shards.iter().map(|s| s.0).collect();
    let mut rows = Vec::new();
    s.query(
        "SELECT id, shard, kind, subject_id, at, received_at, body FROM inbox WHERE shard {in:1} ORDER BY id LIMIT $2",
        &[Param::Ints(&shards), Param::Int(most as i64)],
        &mut |r| {
            rows.push(InboxRow {
                id: InboxId(r.int(0)),
                shard: Shard(r.int(1)),
                kind: r.text(2).to_owned(),
                subject: r.opt_int(3),
                at: from_micros(r.int(4)),
                received_at: from_micros(r.int(5)),
                body: r.text(6).to_owned(),
            });
            Ok(())
        },
    )?;
    Ok(rows)
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
    collect_enrollments(s, &format!("SELECT {ENROLLMENT} FROM enrollment WHERE {condition}"), params)
}

fn collect_enrollments(s: &mut dyn Session, sql: &str, params: &[Param]) -> Result<Vec<EnrollmentRow>, StoreError> {
    let mut rows = Vec::new();
    s.query(sql, params, &mut |r| {
        rows.push(read_enrollment(r));
        Ok(())
    })?;
    Ok(rows)
}

fn read_enrollment(r: &dyn Row) -> EnrollmentRow {
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

/// A trip that failed, and why.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// The trip as it stood before it failed: its due time is kept.
    pub row: &'a EnrollmentRow,
    /// The node that failed.
    pub node: i64,
    /// Stable code.
    pub code: &'a str,
    /// For people.
    pub message: &'a str,
    /// When it is tried again.
    pub next_try: Option<Timestamp>,
    /// What it has heard and not taken in, JSON of the runtime's own; none leaves what was kept before.
    pub unheard: Option<&'a str>,
}

/// Writes a problem of a trip, new or once more.
pub fn put_problem(s: &mut dyn Session, failed: &Failed<'_>, at: Timestamp) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO problem (enrollment_id, node, code, message, since, attempts, next_try_at, due_at, unheard)
         VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8)
         ON CONFLICT (enrollment_id) DO UPDATE SET node = excluded.node, code = excluded.code,
             message = excluded.message, attempts = problem.attempts + 1, next_try_at = excluded.next_try_at,
             unheard = COALESCE(excluded.unheard, problem.unheard)",
        crate::params![
            failed.row.id,
            failed.node,
            failed.code,
            failed.message,
            at,
            failed.next_try,
            failed.row.due_at,
            failed.unheard
        ],
    )?;
    Ok(())
}

/// What is kept of a trip that failed, until its next try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The trip.
    pub trip: EnrollmentId,
    /// How often it has failed in a row.
    pub attempts: i64,
    /// Its due time from before it failed.
    pub due_at: Option<Timestamp>,
    /// What it has heard and not taken in.
    pub unheard: Option<String>,
}

/// What is kept of those of these trips that failed.
pub fn troubles(s: &mut dyn Session, trips: &[i64]) -> Result<Vec<Trouble>, StoreError> {
    let sql = "SELECT enrollment_id, attempts, due_at, unheard FROM problem WHERE enrollment_id {in:1}";
    s.query_map(sql, crate::params![trips], |r| {
        Ok(Trouble {
            trip: EnrollmentId(r.int(0)),
            attempts: r.int(1),
            due_at: r.opt_int(2).map(from_micros),
            unheard: r.opt_string(3),
        })
    })
}

/// Forgets the problems of trips that went on.
pub fn clear_problems(s: &mut dyn Session, trips: &[i64]) -> Result<(), StoreError> {
    s.execute("DELETE FROM problem WHERE enrollment_id {in:1}", crate::params![trips])?;
    Ok(())
}

/// Whether any trip has a problem, so that steps without one ask nothing more.
pub fn any_problem(s: &mut dyn Session) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM problem LIMIT 1", &[])
}

/// Queues effects. The unique key refuses a second one.
pub fn insert_effects(s: &mut dyn Session, rows: &[EffectRow<'_>], now: Timestamp) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = s.reserve_ids("outbox", rows.len())?.collect();
    let lane: Vec<&str> = rows.iter().map(|e| e.lane).collect();
    let key: Vec<&str> = rows.iter().map(|e| e.key).collect();
    let kind: Vec<&str> = rows.iter().map(|e| e.kind).collect();
    let shard: Vec<i64> = rows.iter().map(|e| e.shard.0).collect();
    let enrollment: Vec<i64> = rows.iter().map(|e| e.enrollment.0).collect();
    let version: Vec<i64> = rows.iter().map(|e| e.version.0).collect();
    let node: Vec<i64> = rows.iter().map(|e| e.node).collect();
    let account: Vec<Option<i64>> = rows.iter().map(|e| e.account).collect();
    let person: Vec<Option<i64>> = rows.iter().map(|e| e.person).collect();
    let body: Vec<&str> = rows.iter().map(|e| e.body).collect();
    s.bulk(
        &Bulk::insert("outbox")
            .column("id", &ids)
            .column("lane", &lane)
            .column("key", &key)
            .column("kind", &kind)
            .column("shard", &shard)
            .column("enrollment_id", &enrollment)
            .column("version_id", &version)
            .column("node", &node)
            .column("account_id", &account)
            .column("person_id", &person)
            .same("queued_at", now)
            .same("not_before", now)
            .same("attempt", 0i64)
            .same("intent", false)
            .column("body", &body),
    )?;
    Ok(())
}

/// An effect to queue.
#[derive(Debug, Clone, Copy)]
pub struct EffectRow<'a> {
    /// Connection × operation × target.
    pub lane: &'a str,
    /// Stable over every retry.
    pub key: &'a str,
    /// What is delivered.
    pub kind: &'a str,
    /// The traveller's shard.
    pub shard: Shard,
    /// The trip.
    pub enrollment: EnrollmentId,
    /// Its version.
    pub version: VersionId,
    /// The node, or the box action.
    pub node: i64,
    /// The account on whose trip it is sent.
    pub account: Option<i64>,
    /// The recipient.
    pub person: Option<i64>,
    /// What rendering needs, JSON.
    pub body: &'a str,
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

/// Appends to inboxes; whoever appends never touches the shard's row.
pub fn insert_inbox(s: &mut dyn Session, rows: &[NewInbox]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = s.reserve_ids("inbox", rows.len())?.collect();
    let shard: Vec<i64> = rows.iter().map(|r| r.shard.0).collect();
    let kind: Vec<&str> = rows.iter().map(|r| r.kind).collect();
    let subject: Vec<Option<i64>> = rows.iter().map(|r| r.subject).collect();
    let at: Vec<i64> = rows.iter().map(|r| to_micros(r.at)).collect();
    let received_at: Vec<i64> = rows.iter().map(|r| to_micros(r.received_at)).collect();
    let body: Vec<&str> = rows.iter().map(|r| r.body.as_str()).collect();
    s.bulk(
        &Bulk::insert("inbox")
            .column("id", &ids)
            .column("shard", &shard)
            .column("kind", &kind)
            .column("subject_id", &subject)
            .column("at", &at)
            .column("received_at", &received_at)
            .column("body", &body),
    )?;
    Ok(())
}

/// Takes inbox rows away by key.
pub fn delete_inbox(s: &mut dyn Session, ids: &[InboxId]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    s.bulk(&Bulk::delete("inbox").column("id", &ids).matching("id = {id}"))?;
    Ok(())
}

/// Leaves an inbox row where it is with another body: a long command that goes on in the next step.
pub fn continue_inbox(s: &mut dyn Session, id: InboxId, body: &str) -> Result<(), StoreError> {
    s.execute("UPDATE inbox SET body = $2 WHERE id = $1", &[Param::Int(id.0), Param::Text(body)])?;
    Ok(())
}

/// One counter to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyChange {
    /// The version.
    pub version: VersionId,
    /// The node, or the box action, in its plan.
    pub node: i64,
    /// `reached`, `left`, `ended`, `path:LABEL`, `done`, `skipped:REASON`, `trip:OUTCOME` …
    pub kind: String,
    /// By how much.
    pub n: i64,
}

/// Moves counters. `slot` keeps writers apart: a step gives a shard that it holds, delivery its own.
pub fn add_tallies(s: &mut dyn Session, slot: i64, rows: &[TallyChange]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let version: Vec<i64> = rows.iter().map(|t| t.version.0).collect();
    let node: Vec<i64> = rows.iter().map(|t| t.node).collect();
    let kind: Vec<&str> = rows.iter().map(|t| t.kind.as_str()).collect();
    let slots = vec![slot; rows.len()];
    let n: Vec<i64> = rows.iter().map(|t| t.n).collect();
    s.bulk(
        &Bulk::insert("tally")
            .column("version_id", &version)
            .column("node", &node)
            .column("kind", &kind)
            .column("slot", &slots)
            .column("n", &n)
            .on_conflict("(version_id, node, kind, slot) DO UPDATE SET n = tally.n + excluded.n"),
    )?;
    Ok(())
}

/// Ends the step for the claimed shards: when each is due next, and that it stepped at `claim.now`.
pub fn release(s: &mut dyn Session, claim: &Claim) -> Result<(), StoreError> {
    let shards: Vec<i64> = claim.shards.iter().map(|s| s.0).collect();
    let now = to_micros(claim.now);
    s.execute(
        "UPDATE shard SET last_step_at = $2, due_at = (
             SELECT MIN(due_at) FROM (
                 SELECT MIN(due_at) AS due_at FROM enrollment WHERE enrollment.shard = shard.id AND due_at IS NOT NULL
                 UNION ALL SELECT MIN(due_at) FROM recheck WHERE recheck.shard = shard.id
             ) AS next)
         WHERE id {in:1}",
        &[Param::Ints(&shards), Param::Int(now)],
    )?;
    Ok(())
}

/// The earliest instant at which any shard has something to do by itself, and whether an inbox holds anything.
pub fn next_due(s: &mut dyn Session) -> Result<(Option<Timestamp>, bool), StoreError> {
    let mut due = None;
    let mut inbox = false;
    s.query("SELECT (SELECT MIN(due_at) FROM shard), EXISTS (SELECT 1 FROM inbox)", &[], &mut |r| {
        due = r.opt_int(0).map(from_micros);
        inbox = r.bool(1);
        Ok(())
    })?;
    Ok((due, inbox))
}
