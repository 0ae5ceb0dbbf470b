//! Effects on their way out.
//!
//! A dispatcher claims rows of a lane with a token and a deadline, marks its intent before it calls another system, and
//! settles what it still holds. Whoever lost its claim changes nothing. See ARCHITECTURE.md, *Effects and delivery*.

use std::collections::HashSet;

use caravan_model::{AccountId, EffectId, EnrollmentId, PersonId, Shard, VersionId};
use jiff::{SignedDuration, Timestamp};

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// A queued effect as a dispatcher reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its id; its ledger row gets the same.
    pub id: EffectId,
    /// Connection × operation × target.
    pub lane: String,
    /// Stable over every retry.
    pub key: String,
    /// What is delivered.
    pub kind: String,
    /// The traveller's shard.
    pub shard: Shard,
    /// The trip.
    pub enrollment: EnrollmentId,
    /// Its version.
    pub version: VersionId,
    /// The node, or the box action.
    pub node: i64,
    /// The account on whose trip it is sent.
    pub account: Option<AccountId>,
    /// The recipient.
    pub person: Option<PersonId>,
    /// When the step queued it.
    pub queued_at: Timestamp,
    /// How often it was tried.
    pub attempt: i64,
    /// How long quiet hours have held it, all such waiting added up.
    pub quiet_for: SignedDuration,
    /// What rendering needs, JSON.
    pub body: String,
}

pub(crate) const OUTBOX: &str = "id, lane, key, kind, shard, enrollment_id, version_id, node, account_id, person_id, queued_at, \
     attempt, quiet_for, body";

/// Not held back: nobody has claimed it and its journey is not paused.
const FREE: &str = "claim IS NULL AND version_id NOT IN (SELECT v.id FROM document_version AS v \
     JOIN document AS d ON d.id = v.document_id WHERE d.paused)";

pub(crate) fn read_outbox(r: &dyn Row) -> Result<OutboxRow, StoreError> {
    Ok(OutboxRow {
        id: EffectId(r.int(0)),
        lane: r.string(1),
        key: r.string(2),
        kind: r.string(3),
        shard: Shard(r.int(4)),
        enrollment: EnrollmentId(r.int(5)),
        version: VersionId(r.int(6)),
        node: r.int(7),
        account: r.opt_int(8).map(AccountId),
        person: r.opt_int(9).map(PersonId),
        queued_at: r.instant(10),
        attempt: r.int(11),
        quiet_for: SignedDuration::from_micros(r.int(12)),
        body: r.string(13),
    })
}

fn numbers(ids: &[EffectId]) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids
}

/// Every lane with something in it and when its next free row may go; none where all of it is claimed or paused.
/// Skips from lane to lane on index `outbox_lane`.
pub fn lanes(s: &mut dyn Session) -> Result<Vec<(String, Option<Timestamp>)>, StoreError> {
    let sql = format!(
        "WITH RECURSIVE l (lane) AS (
             SELECT MIN(lane) FROM outbox
             UNION ALL SELECT (SELECT MIN(o.lane) FROM outbox AS o WHERE o.lane > l.lane) FROM l WHERE l.lane IS NOT NULL
         )
         SELECT l.lane, (SELECT o.not_before FROM outbox AS o WHERE o.lane = l.lane AND {FREE}
                         ORDER BY o.not_before, o.id LIMIT 1)
         FROM l WHERE l.lane IS NOT NULL ORDER BY l.lane"
    );
    s.query_map(&sql, &[], |r| Ok((r.string(0), r.opt_instant(1))))
}

/// Claims up to `most` due rows of a lane until `until`, oldest first; rows that others are claiming are passed over.
pub fn claim(
    s: &mut dyn Session,
    lane: &str,
    token: &str,
    now: Timestamp,
    until: Timestamp,
    most: usize,
) -> Result<Vec<OutboxRow>, StoreError> {
    let sql = format!(
        "SELECT {OUTBOX} FROM outbox WHERE lane = $1 AND not_before <= $2 AND {FREE}
         ORDER BY not_before, id LIMIT $3 {{skip_locked}}"
    );
    let rows = s.query_map(&sql, params![lane, now, most as i64], read_outbox)?;
    let ids = numbers(&rows.iter().map(|row| row.id).collect::<Vec<_>>());
    if !ids.is_empty() {
        s.execute("UPDATE outbox SET claim = $2, claim_until = $3 WHERE id {in:1}", params![&ids, token, until])?;
    }
    Ok(rows)
}

/// Says that another system is about to be called for these rows: if nothing more is heard of them, they are in doubt.
pub fn mark_intents(s: &mut dyn Session, token: &str, ids: &[EffectId]) -> Result<(), StoreError> {
    if !ids.is_empty() {
        let sql = "UPDATE outbox SET intent = TRUE WHERE id {in:1} AND claim = $2";
        s.execute(sql, params![&numbers(ids), token])?;
    }
    Ok(())
}

/// Moves a claim's deadline; returns how many rows it still holds.
pub fn extend_claim(s: &mut dyn Session, token: &str, ids: &[EffectId], until: Timestamp) -> Result<u64, StoreError> {
    s.execute("UPDATE outbox SET claim_until = $3 WHERE id {in:1} AND claim = $2", params![&numbers(ids), token, until])
}

/// Which of these rows the token still holds, locked; whatever is settled is settled for them alone.
pub fn held(s: &mut dyn Session, token: &str, ids: &[EffectId]) -> Result<HashSet<EffectId>, StoreError> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "SELECT id FROM outbox WHERE id {in:1} AND claim = $2 ORDER BY id {for_update}";
    let rows = s.query_map(sql, params![&numbers(ids), token], |r| Ok(EffectId(r.int(0))))?;
    Ok(rows.into_iter().collect())
}

/// Lets every claim end now: for the one runtime of an embedded store, whose former process is gone.
pub fn end_all_claims(s: &mut dyn Session) -> Result<(), StoreError> {
    s.execute("UPDATE outbox SET claim_until = 0 WHERE claim_until IS NOT NULL", &[])?;
    Ok(())
}

/// Claims whose deadline has passed are taken over by `token`: rows without an intent are free again, the others are
/// returned and held. Index: `outbox_claim`.
pub fn take_over(
    s: &mut dyn Session,
    token: &str,
    now: Timestamp,
    until: Timestamp,
    most: usize,
) -> Result<Vec<OutboxRow>, StoreError> {
    let sql = format!(
        "SELECT {OUTBOX}, intent FROM outbox WHERE claim_until < $1 ORDER BY claim_until LIMIT $2 {{skip_locked}}"
    );
    let rows = s.query_map(&sql, params![now, most as i64], |r| read_outbox(r).map(|row| (row, r.bool(14))))?;
    let (called, idle): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, intent)| *intent);
    release(s, &idle.into_iter().map(|(row, _)| row.id).collect::<Vec<_>>())?;
    let called: Vec<OutboxRow> = called.into_iter().map(|(row, _)| row).collect();
    let ids = numbers(&called.iter().map(|row| row.id).collect::<Vec<_>>());
    if !ids.is_empty() {
        s.execute("UPDATE outbox SET claim = $2, claim_until = $3 WHERE id {in:1}", params![&ids, token, until])?;
    }
    Ok(called)
}

/// Gives rows that the caller holds back as they were.
pub fn release(s: &mut dyn Session, ids: &[EffectId]) -> Result<(), StoreError> {
    if !ids.is_empty() {
        let sql = "UPDATE outbox SET claim = NULL, claim_until = NULL, intent = FALSE WHERE id {in:1}";
        s.execute(sql, params![&numbers(ids)])?;
    }
    Ok(())
}

/// A row that is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// Which.
    pub id: EffectId,
    /// How often it was tried.
    pub attempt: i64,
    /// Not before this instant.
    pub not_before: Timestamp,
    /// What holds it until then, stable; none: nothing that people need to know of.
    pub held: Option<&'static str>,
    /// How long quiet hours have held it by then.
    pub quiet_for: SignedDuration,
    /// Why it did not go, stable; none: it only waits for its time.
    pub code: Option<String>,
    /// Why, for people.
    pub message: Option<String>,
    /// What rendering needs from now on.
    pub body: String,
}

fn micros(waited: SignedDuration) -> i64 {
    i64::try_from(waited.as_micros()).unwrap_or(i64::MAX)
}

/// Puts rows that the caller holds back for another try.
pub fn put_back(s: &mut dyn Session, rows: &[Again]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<&Again> = rows.iter().collect();
    rows.sort_by_key(|row| row.id);
    let id: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
    let attempt: Vec<i64> = rows.iter().map(|row| row.attempt).collect();
    let not_before: Vec<i64> = rows.iter().map(|row| caravan_model::clock::to_micros(row.not_before)).collect();
    let held: Vec<Option<&str>> = rows.iter().map(|row| row.held).collect();
    let quiet_for: Vec<i64> = rows.iter().map(|row| micros(row.quiet_for)).collect();
    let code: Vec<Option<&str>> = rows.iter().map(|row| row.code.as_deref()).collect();
    let message: Vec<Option<&str>> = rows.iter().map(|row| row.message.as_deref()).collect();
    let body: Vec<&str> = rows.iter().map(|row| row.body.as_str()).collect();
    s.bulk(
        &Bulk::update("outbox")
            .column("id", &id)
            .column("attempt", &attempt)
            .column("not_before", &not_before)
            .column("held", &held)
            .column("quiet_for", &quiet_for)
            .column("code", &code)
            .column("message", &message)
            .column("body", &body)
            .set(
                "attempt = {attempt}, not_before = {not_before}, held = {held}, quiet_for = {quiet_for}, code = {code}, \
                 message = {message}, body = {body}, claim = NULL, claim_until = NULL, intent = FALSE",
            )
            .matching("id = {id}"),
    )?;
    Ok(())
}

/// Takes rows that the caller holds out of the outbox.
pub fn delete(s: &mut dyn Session, ids: &[EffectId]) -> Result<(), StoreError> {
    if !ids.is_empty() {
        s.execute("DELETE FROM outbox WHERE id {in:1}", params![&numbers(ids)])?;
    }
    Ok(())
}

/// One outbox row, claimed or not.
pub fn queued(s: &mut dyn Session, id: EffectId) -> Result<Option<OutboxRow>, StoreError> {
    s.query_opt(&format!("SELECT {OUTBOX} FROM outbox WHERE id = $1"), params![id], read_outbox)
}

/// Waits until nobody settles this effect at the moment, and lets nobody begin: what is heard of it meanwhile is then seen
/// by whoever settles it.
pub fn lock(s: &mut dyn Session, id: EffectId) -> Result<(), StoreError> {
    s.query_opt("SELECT id FROM outbox WHERE id = $1 {for_update}", params![id], |_| Ok(()))?;
    Ok(())
}

/// Puts an effect back into the outbox with the same id and key; its ledger row goes in the same transaction.
pub fn resend(s: &mut dyn Session, row: &OutboxRow, now: Timestamp) -> Result<(), StoreError> {
    s.execute("DELETE FROM ledger WHERE id = $1", params![row.id])?;
    s.execute(
        "INSERT INTO outbox (id, lane, key, kind, shard, enrollment_id, version_id, node, account_id, person_id,
             queued_at, not_before, attempt, intent, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, FALSE, $13)",
        params![
            row.id,
            &row.lane,
            &row.key,
            &row.kind,
            row.shard,
            row.enrollment,
            row.version,
            row.node,
            row.account,
            row.person,
            row.queued_at,
            now,
            &row.body,
        ],
    )?;
    Ok(())
}

/// A lane in which something does not get out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneProblem {
    /// The lane.
    pub lane: String,
    /// Why, stable.
    pub code: String,
    /// Why, for people.
    pub message: String,
    /// Since when the oldest of them waits.
    pub since: Timestamp,
    /// When the next of them is tried again.
    pub next_try: Timestamp,
    /// How many rows the lane holds.
    pub pending: i64,
}

/// Lanes whose rows were tried and did not get out, one for each lane and code.
pub fn lane_problems(s: &mut dyn Session) -> Result<Vec<LaneProblem>, StoreError> {
    s.query_map(
        "SELECT o.lane, o.code, MAX(o.message), MIN(o.queued_at), MIN(o.not_before),
             (SELECT COUNT(*) FROM outbox AS all_of WHERE all_of.lane = o.lane)
         FROM outbox AS o WHERE o.code IS NOT NULL GROUP BY o.lane, o.code ORDER BY o.lane, o.code",
        &[],
        |r| {
            Ok(LaneProblem {
                lane: r.string(0),
                code: r.string(1),
                message: r.opt_string(2).unwrap_or_default(),
                since: r.instant(3),
                next_try: r.instant(4),
                pending: r.int(5),
            })
        },
    )
}

/// How many effects are queued, claimed ones included. Looks at all of them.
pub fn waiting(s: &mut dyn Session) -> Result<i64, StoreError> {
    s.query_int("SELECT COUNT(*) FROM outbox", &[])
}

/// When the earliest claim runs out; none while nothing is claimed. Index: `outbox_claim`.
pub fn claims_end(s: &mut dyn Session) -> Result<Option<Timestamp>, StoreError> {
    s.query_one("SELECT MIN(claim_until) FROM outbox WHERE claim_until IS NOT NULL", &[], |r| Ok(r.opt_instant(0)))
}

/// How many effects each lane holds, claimed ones included. Index: `outbox_lane`.
pub fn waiting_by_lane(s: &mut dyn Session) -> Result<Vec<(String, i64)>, StoreError> {
    s.query_map("SELECT lane, COUNT(*) FROM outbox GROUP BY lane ORDER BY lane", &[], |r| Ok((r.string(0), r.int(1))))
}

const HOLD: &str = "hold_outgoing";

/// Whether the organisation holds everything that would leave.
pub fn on_hold(s: &mut dyn Session) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM meta WHERE key = $1", params![HOLD])
}

/// Holds everything that would leave, or lets it go again.
pub fn set_hold(s: &mut dyn Session, hold: bool) -> Result<(), StoreError> {
    let sql = match hold {
        true => "INSERT INTO meta (key, value) VALUES ($1, 'true') ON CONFLICT (key) DO NOTHING",
        false => "DELETE FROM meta WHERE key = $1",
    };
    s.execute(sql, params![HOLD])?;
    Ok(())
}
