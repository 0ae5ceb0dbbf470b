//! Audiences at destinations, and what was said of each account in them.
//!
//! The other side never tells who is in an audience. What shall stand there for an account (`element`) and what may stand
//! there still (`stale`) is written down before it is said, so that it can be taken back whatever happens in between.

use std::collections::HashSet;

use caravan_model::{AccountId, DocumentId, EffectId};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// An audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudienceRow {
    /// Its id.
    pub id: i64,
    /// The destination.
    pub destination: DocumentId,
    /// Its name over there.
    pub name: String,
    /// The data flow that keeps it; none: journeys do.
    pub flow: Option<DocumentId>,
    /// Its id over there, once that is known.
    pub remote_id: Option<String>,
    /// The other side's word for its state, where it was asked.
    pub status: Option<String>,
    /// Whether campaigns may use it.
    pub usable: Option<bool>,
    /// Members over there who can be reached.
    pub size: Option<i64>,
    /// What its state means.
    pub note: Option<String>,
    /// When it was asked.
    pub looked_at: Option<Timestamp>,
    /// Why the last change or question did not work.
    pub problem: Option<String>,
}

const AUDIENCE: &str = "a.id, a.destination_id, a.name, a.flow_id, a.remote_id, a.status, a.usable, a.size, a.note, a.looked_at, a.problem";

fn read_audience(r: &dyn Row) -> Result<AudienceRow, StoreError> {
    Ok(AudienceRow {
        id: r.int(0),
        destination: DocumentId(r.int(1)),
        name: r.string(2),
        flow: r.opt_int(3).map(DocumentId),
        remote_id: r.opt_string(4),
        status: r.opt_string(5),
        usable: r.opt_bool(6),
        size: r.opt_int(7),
        note: r.opt_string(8),
        looked_at: r.opt_instant(9),
        problem: r.opt_string(10),
    })
}

/// The audience of that name, made when it is missing; who keeps it stays as it was.
pub fn ensure(
    s: &mut dyn Session,
    destination: DocumentId,
    name: &str,
    flow: Option<DocumentId>,
    now: Timestamp,
) -> Result<AudienceRow, StoreError> {
    let sql = format!("SELECT {AUDIENCE} FROM destination_audience AS a WHERE a.destination_id = $1 AND a.name = $2");
    if let Some(known) = s.query_opt(&sql, params![destination, name], read_audience)? {
        return Ok(known);
    }
    let id = s.reserve_ids("destination_audience", 1)?.next().unwrap_or_default();
    s.execute(
        "INSERT INTO destination_audience (id, destination_id, name, flow_id, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (destination_id, name) DO NOTHING",
        params![id, destination, name, flow, now],
    )?;
    s.query_one(&sql, params![destination, name], read_audience)
}

/// How many accounts an audience has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// That shall be in it.
    pub accounts: i64,
    /// Of whom the other side has not taken the last change yet.
    pub waiting: i64,
    /// Whom the other side refused.
    pub refused: i64,
}

/// All audiences of a destination (of all, where none is named) with their counts, by name.
pub fn all(s: &mut dyn Session, destination: Option<DocumentId>) -> Result<Vec<(AudienceRow, Counts)>, StoreError> {
    let sql = format!(
        "SELECT {AUDIENCE},
             (SELECT COUNT(*) FROM destination_member AS m WHERE m.audience_id = a.id AND m.element IS NOT NULL),
             (SELECT COUNT(*) FROM destination_member AS m WHERE m.audience_id = a.id AND m.taken_at IS NULL
                 AND m.problem IS NULL),
             (SELECT COUNT(*) FROM destination_member AS m WHERE m.audience_id = a.id AND m.problem IS NOT NULL)
         FROM destination_audience AS a JOIN document AS d ON d.id = a.destination_id
         WHERE a.destination_id = $1 OR $1 IS NULL ORDER BY a.destination_id, a.name"
    );
    s.query_map(&sql, params![destination], |r| {
        Ok((read_audience(r)?, Counts { accounts: r.int(11), waiting: r.int(12), refused: r.int(13) }))
    })
}

/// What is known of an account in an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The account.
    pub account: AccountId,
    /// What shall stand there; none: nothing.
    pub element: Option<String>,
    /// What may stand there and shall not, a JSON array.
    pub stale: String,
    /// The last effect that was done for it.
    pub last_effect: EffectId,
    /// When the other side took the last change; none while it is under way.
    pub taken_at: Option<Timestamp>,
    /// Why it did not take it for good.
    pub problem: Option<String>,
}

/// Nothing may stand there any more.
pub const NOTHING: &str = "[]";

const MEMBER: &str = "account_id, element, stale, last_effect, taken_at, problem";

fn read_member(r: &dyn Row) -> Result<MemberRow, StoreError> {
    Ok(MemberRow {
        account: AccountId(r.int(0)),
        element: r.opt_string(1),
        stale: r.string(2),
        last_effect: EffectId(r.int(3)),
        taken_at: r.opt_instant(4),
        problem: r.opt_string(5),
    })
}

/// Takes the lock under which it is decided what is said of the accounts of an audience. Before their rows.
pub fn lock(s: &mut dyn Session, audience: i64) -> Result<(), StoreError> {
    s.query_map("SELECT id FROM destination_audience WHERE id = $1 {for_update}", params![audience], |_| Ok(()))?;
    Ok(())
}

/// Which of these elements shall stand there for other accounts too. Index: `destination_member_element`.
pub fn held_by_others(
    s: &mut dyn Session,
    audience: i64,
    elements: &[String],
    accounts: &[i64],
) -> Result<HashSet<String>, StoreError> {
    if elements.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "SELECT DISTINCT element FROM destination_member
               WHERE audience_id = $1 AND element {in:2} AND NOT (account_id {in:3})";
    Ok(s.query_map(sql, params![audience, elements, accounts], |r| Ok(r.string(0)))?.into_iter().collect())
}

/// What is being taken out for accounts other than these by whoever has claimed their changes in the lane, JSON arrays.
/// Index: `outbox_claim`.
pub fn leaving(s: &mut dyn Session, audience: i64, lane: &str, accounts: &[i64]) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT m.stale FROM outbox AS o JOIN destination_member AS m ON m.audience_id = $1 AND m.account_id = o.account_id
         WHERE o.claim_until IS NOT NULL AND o.kind = 'membership' AND o.lane = $2 AND m.stale <> '{NOTHING}'
             AND NOT (o.account_id {{in:3}})"
    );
    s.query_map(&sql, params![audience, lane, accounts], |r| Ok(r.string(0)))
}

/// What is known of these accounts (in order), locked; a row is made for whom nothing is known of.
pub fn lock_members(s: &mut dyn Session, audience: i64, accounts: &[i64]) -> Result<Vec<MemberRow>, StoreError> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    s.bulk(
        &Bulk::insert("destination_member")
            .same("audience_id", audience)
            .column("account_id", accounts)
            .same("stale", NOTHING)
            .same("last_effect", 0_i64)
            .same("taken_at", 0_i64)
            .on_conflict("(audience_id, account_id) DO NOTHING"),
    )?;
    let sql = format!(
        "SELECT {MEMBER} FROM destination_member WHERE audience_id = $1 AND account_id {{in:2}} ORDER BY account_id {{for_update}}"
    );
    s.query_map(&sql, params![audience, accounts], read_member)
}

/// What is known of these accounts.
pub fn members(s: &mut dyn Session, audience: i64, accounts: &[i64]) -> Result<Vec<MemberRow>, StoreError> {
    let sql = format!(
        "SELECT {MEMBER} FROM destination_member WHERE audience_id = $1 AND account_id {{in:2}} ORDER BY account_id"
    );
    s.query_map(&sql, params![audience, accounts], read_member)
}

/// The next `most` accounts behind `after` of which something stands there, or may, in order.
pub fn members_after(
    s: &mut dyn Session,
    audience: i64,
    after: i64,
    most: usize,
) -> Result<Vec<MemberRow>, StoreError> {
    let sql = format!(
        "SELECT {MEMBER} FROM destination_member WHERE audience_id = $1 AND account_id > $2
             AND (element IS NOT NULL OR stale <> '{NOTHING}') ORDER BY account_id LIMIT $3"
    );
    s.query_map(&sql, params![audience, after, most as i64], read_member)
}

/// Which of these accounts are no more.
pub fn deleted(s: &mut dyn Session, accounts: &[i64]) -> Result<Vec<i64>, StoreError> {
    let there: Vec<i64> = s.query_map("SELECT id FROM account WHERE id {in:1}", params![accounts], |r| Ok(r.int(0)))?;
    let there: HashSet<i64> = there.into_iter().collect();
    Ok(accounts.iter().copied().filter(|id| !there.contains(id)).collect())
}

/// Changes of membership of these accounts that are in a lane: effect, account, whether somebody has claimed it.
/// Index: `outbox_membership`.
pub fn queued(
    s: &mut dyn Session,
    lane: &str,
    accounts: &[i64],
) -> Result<Vec<(EffectId, AccountId, bool)>, StoreError> {
    s.query_map(
        "SELECT id, account_id, claim IS NOT NULL FROM outbox
         WHERE kind = 'membership' AND lane = $1 AND account_id {in:2} ORDER BY id",
        params![lane, accounts],
        |r| Ok((EffectId(r.int(0)), AccountId(r.int(1)), r.bool(2))),
    )
}

/// Writes down what is about to be said of accounts, before it is said. Distinct accounts, in order.
pub fn intend(
    s: &mut dyn Session,
    audience: i64,
    rows: &[(AccountId, Option<String>, String)],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let account: Vec<i64> = rows.iter().map(|row| row.0.0).collect();
    let element: Vec<Option<&str>> = rows.iter().map(|row| row.1.as_deref()).collect();
    let stale: Vec<&str> = rows.iter().map(|row| row.2.as_str()).collect();
    s.bulk(
        &Bulk::update("destination_member")
            .same("audience_id", audience)
            .column("account_id", &account)
            .column("element", &element)
            .column("stale", &stale)
            .set("element = {element}, stale = {stale}, taken_at = NULL, problem = NULL")
            .matching("audience_id = {audience_id} AND account_id = {account_id}"),
    )?;
    Ok(())
}

/// How something that was said of an account was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The audience.
    pub audience: i64,
    /// The account.
    pub account: AccountId,
    /// The effect that said it; 0 for a data flow.
    pub effect: EffectId,
    /// Why it was refused for good; none: it was taken.
    pub refused: Option<String>,
}

/// Writes down how the other side took what was said of accounts. What was taken leaves nothing stale behind.
pub fn taken(s: &mut dyn Session, rows: &[Taken], now: Timestamp) -> Result<(), StoreError> {
    let mut rows: Vec<&Taken> = rows.iter().collect();
    rows.sort_by_key(|row| (row.audience, row.account, row.effect));
    // One account may have been dealt with twice; what was done last counts.
    rows.reverse();
    rows.dedup_by_key(|row| (row.audience, row.account));
    rows.reverse();
    if rows.is_empty() {
        return Ok(());
    }
    let audience: Vec<i64> = rows.iter().map(|row| row.audience).collect();
    let account: Vec<i64> = rows.iter().map(|row| row.account.0).collect();
    let effect: Vec<i64> = rows.iter().map(|row| row.effect.0).collect();
    let refused: Vec<Option<&str>> = rows.iter().map(|row| row.refused.as_deref()).collect();
    s.bulk(
        &Bulk::update("destination_member")
            .column("audience_id", &audience)
            .column("account_id", &account)
            .column("effect", &effect)
            .column("refused", &refused)
            .same("taken_at", now)
            .set(
                "problem = {refused},
                 stale = CASE WHEN {refused} IS NULL THEN '[]' ELSE stale END,
                 taken_at = CASE WHEN {refused} IS NULL THEN {taken_at} ELSE NULL END,
                 last_effect = CASE WHEN {effect} > last_effect THEN {effect} ELSE last_effect END",
            )
            .matching("audience_id = {audience_id} AND account_id = {account_id}"),
    )?;
    Ok(())
}

/// The audience's id at the other side is known now.
pub fn set_remote_id(s: &mut dyn Session, audience: i64, remote_id: &str) -> Result<(), StoreError> {
    let sql = "UPDATE destination_audience SET remote_id = $2, problem = NULL WHERE id = $1
               AND (remote_id IS NULL OR remote_id <> $2 OR problem IS NOT NULL)";
    s.execute(sql, params![audience, remote_id])?;
    Ok(())
}

/// Why the last change or question did not work; none: it did.
pub fn set_problem(s: &mut dyn Session, audience: i64, problem: Option<&str>) -> Result<(), StoreError> {
    s.execute("UPDATE destination_audience SET problem = $2 WHERE id = $1", params![audience, problem])?;
    Ok(())
}

/// How the audience stands at the other side.
pub fn set_standing(
    s: &mut dyn Session,
    audience: i64,
    (status, usable, size, note): (&str, bool, Option<i64>, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    s.execute(
        "UPDATE destination_audience SET status = $2, usable = $3, size = $4, note = $5, looked_at = $6, problem = NULL
         WHERE id = $1",
        params![audience, status, usable, size, note, now],
    )?;
    Ok(())
}

/// Forgets accounts that have left an audience for good before `before`.
pub fn forget_left(s: &mut dyn Session, before: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM destination_member WHERE element IS NULL AND stale = '[]' AND taken_at < $1";
    s.execute(sql, params![before])
}

/// Until when the consent of a connection holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// The connection.
    pub connection: DocumentId,
    /// When it ends, where the other side said so.
    pub ends_at: Option<Timestamp>,
    /// When the other side was asked.
    pub looked_at: Timestamp,
    /// Why it holds no longer.
    pub problem: Option<String>,
}

/// What is known of consents.
pub fn consents(s: &mut dyn Session) -> Result<Vec<ConsentRow>, StoreError> {
    let sql = "SELECT c.connection_id, c.ends_at, c.looked_at, c.problem FROM connection_consent AS c
               JOIN document AS d ON d.id = c.connection_id ORDER BY c.connection_id";
    s.query_map(sql, &[], |r| {
        Ok(ConsentRow {
            connection: DocumentId(r.int(0)),
            ends_at: r.opt_instant(1),
            looked_at: r.instant(2),
            problem: r.opt_string(3),
        })
    })
}

/// Writes down until when a consent holds.
pub fn put_consent(s: &mut dyn Session, row: &ConsentRow) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO connection_consent (connection_id, ends_at, looked_at, problem) VALUES ($1, $2, $3, $4)
         ON CONFLICT (connection_id) DO UPDATE SET ends_at = excluded.ends_at, looked_at = excluded.looked_at,
             problem = excluded.problem",
        params![row.connection, row.ends_at, row.looked_at, row.problem.as_deref()],
    )?;
    Ok(())
}
