//! External audiences: marks on whom to look at again, and how each person stands at each destination.
//!
//! At most one effect of a person, audience and destination is under way: then the state is `pending`, and marks of that
//! person wait. So the destination hears of changes in their order, whoever carries them there.

use caravan_model::clock::to_micros;
use caravan_model::{DocumentId, PersonId};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// Something is on its way to the destination.
pub const PENDING: &str = "pending";
/// The person stands there.
pub const THERE: &str = "there";
/// A member who is not handed over, for the reason beside it.
pub const LEFT_OUT: &str = "left_out";
/// The destination refused the last change, for the reason beside it.
pub const FAILED: &str = "failed";
/// Nobody knows whether the last change was heard.
pub const IN_DOUBT: &str = "in_doubt";

/// One person of one audience at one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The external audience.
    pub audience: DocumentId,
    /// The destination.
    pub destination: DocumentId,
    /// The person.
    pub person: PersonId,
    /// `pending`, `there`, `left_out`, `failed`, `in_doubt`.
    pub state: String,
    /// Why it is left out or has failed, stable.
    pub reason: Option<String>,
    /// What stands for the person there.
    pub element: Option<String>,
    /// What may stand there beside it, a JSON list: it was said, and nobody knows whether it was heard.
    pub maybe: Option<String>,
    /// When the destination last took the person.
    pub told_at: Option<Timestamp>,
    /// The number of its last effect; the next one has a higher one.
    pub round: i64,
}

impl Standing {
    /// Nothing is known of the person there yet.
    pub fn new(audience: DocumentId, destination: DocumentId, person: PersonId) -> Self {
        Self {
            audience,
            destination,
            person,
            state: String::new(),
            reason: None,
            element: None,
            maybe: None,
            told_at: None,
            round: 0,
        }
    }

    /// What may stand there beside the element, a list.
    pub fn maybes(&self) -> Vec<String> {
        self.maybe.as_deref().and_then(|maybe| serde_json::from_str(maybe).ok()).unwrap_or_default()
    }

    /// From now on this may stand there too.
    pub fn may_hold(&mut self, element: &str) {
        let mut maybes = self.maybes();
        if !maybes.iter().any(|known| known == element) {
            maybes.push(element.to_owned());
        }
        self.maybe = serde_json::to_string(&maybes).ok();
    }
}

const STANDING: &str = "audience_id, destination_id, person_id, state, reason, element, maybe, told_at, round";

fn read(r: &dyn Row) -> Result<Standing, StoreError> {
    Ok(Standing {
        audience: DocumentId(r.int(0)),
        destination: DocumentId(r.int(1)),
        person: PersonId(r.int(2)),
        state: r.string(3),
        reason: r.opt_string(4),
        element: r.opt_string(5),
        maybe: r.opt_string(6),
        told_at: r.opt_instant(7),
        round: r.int(8),
    })
}

/// A mark and whom it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which mark of this person it is.
    pub stamp: i64,
    /// The external audience.
    pub audience: DocumentId,
    /// The person.
    pub person: PersonId,
}

fn stamp(s: &mut dyn Session) -> Result<i64, StoreError> {
    Ok(s.reserve_ids("audience_mark", 1)?.next().unwrap_or_default())
}

/// Marks people of an audience, each once.
pub fn mark(s: &mut dyn Session, audience: DocumentId, people: &[i64]) -> Result<(), StoreError> {
    if people.is_empty() {
        return Ok(());
    }
    let stamp = stamp(s)?;
    let marks = Bulk::insert("audience_mark").same("stamp", stamp).same("audience_id", audience);
    s.bulk(&marks.column("person_id", people))?;
    Ok(())
}

/// Marks people in every one of these audiences that they are in, and wherever they stand at a destination.
/// Indexes: `list_member_subject`, `audience_standing_person`.
pub fn mark_people(s: &mut dyn Session, people: &[i64], audiences: &[i64]) -> Result<(), StoreError> {
    if people.is_empty() {
        return Ok(());
    }
    let stamp = stamp(s)?;
    s.execute(
        "INSERT INTO audience_mark (stamp, audience_id, person_id)
         SELECT CAST($3 AS BIGINT), list_id, subject_id FROM list_member WHERE subject_id {in:1} AND list_id {in:2}
         UNION SELECT CAST($3 AS BIGINT), audience_id, person_id FROM audience_standing WHERE person_id {in:1}",
        params![people, audiences, stamp],
    )?;
    Ok(())
}

/// Marks the next people of an audience behind `after`, members and whoever stands at a destination; the last of them, none
/// when there are no more. Of whom something is on its way are not marked.
pub fn mark_next(
    s: &mut dyn Session,
    audience: DocumentId,
    after: i64,
    most: usize,
) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT person_id FROM (
             SELECT subject_id AS person_id FROM list_member WHERE list_id = $1 AND subject_id > $2
             UNION SELECT person_id FROM audience_standing WHERE audience_id = $1 AND person_id > $2
         ) AS concerned ORDER BY person_id LIMIT $3";
    let people = s.query_map(sql, params![audience, after, most as i64], |r| Ok(r.int(0)))?;
    let Some(&last) = people.last() else { return Ok(None) };
    let busy =
        "SELECT person_id FROM audience_standing WHERE person_id {in:1} AND audience_id = $2 AND state = 'pending'";
    let busy = s.query_map(busy, params![&people, audience], |r| Ok(r.int(0)))?;
    let free: Vec<i64> = people.into_iter().filter(|person| !busy.contains(person)).collect();
    mark(s, audience, &free)?;
    Ok(Some(last))
}

/// Marks of whom nothing is on its way, oldest first; marks that others look at are passed over.
pub fn marks(s: &mut dyn Session, most: usize) -> Result<Vec<Mark>, StoreError> {
    let sql = "SELECT m.stamp, m.audience_id, m.person_id FROM audience_mark AS m
         WHERE NOT EXISTS (SELECT 1 FROM audience_standing AS a
                           WHERE a.person_id = m.person_id AND a.audience_id = m.audience_id AND a.state = 'pending')
         ORDER BY m.stamp, m.audience_id, m.person_id LIMIT $1 {skip_locked}";
    s.query_map(sql, params![most as i64], |r| {
        Ok(Mark { stamp: r.int(0), audience: DocumentId(r.int(1)), person: PersonId(r.int(2)) })
    })
}

/// Whether anybody is marked.
pub fn any_marks(s: &mut dyn Session) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM audience_mark", &[])
}

/// Takes marks away.
pub fn unmark(s: &mut dyn Session, marks: &[Mark]) -> Result<(), StoreError> {
    if marks.is_empty() {
        return Ok(());
    }
    let stamp: Vec<i64> = marks.iter().map(|mark| mark.stamp).collect();
    let audience: Vec<i64> = marks.iter().map(|mark| mark.audience.0).collect();
    let person: Vec<i64> = marks.iter().map(|mark| mark.person.0).collect();
    s.bulk(
        &Bulk::delete("audience_mark")
            .column("stamp", &stamp)
            .column("audience_id", &audience)
            .column("person_id", &person)
            .matching("stamp = {stamp} AND audience_id = {audience_id} AND person_id = {person_id}"),
    )?;
    Ok(())
}

/// How people of an audience stand, at all destinations.
pub fn standings(s: &mut dyn Session, audience: DocumentId, people: &[i64]) -> Result<Vec<Standing>, StoreError> {
    let sql = format!(
        "SELECT {STANDING} FROM audience_standing WHERE person_id {{in:1}} AND audience_id = $2
         ORDER BY audience_id, destination_id, person_id {{for_update}}"
    );
    s.query_map(&sql, params![people, audience], read)
}

/// How a person stands at every destination. Index: `audience_standing_person`.
pub fn of_person(s: &mut dyn Session, person: PersonId) -> Result<Vec<Standing>, StoreError> {
    let sql =
        format!("SELECT {STANDING} FROM audience_standing WHERE person_id = $1 ORDER BY audience_id, destination_id");
    s.query_map(&sql, params![person], read)
}

/// Whether anybody stands at a destination, or may. Asked when somebody changes where it is; it reads until it finds one.
pub fn any_at(s: &mut dyn Session, destination: DocumentId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM audience_standing WHERE destination_id = $1 AND (element IS NOT NULL OR maybe IS NOT NULL) LIMIT 1";
    s.exists(sql, params![destination])
}

/// Of these elements, those that stand for somebody else than this person at a destination, of whom nothing is on its way.
/// Index: `audience_standing_element`.
pub fn shared_elements(
    s: &mut dyn Session,
    (audience, destination): (DocumentId, DocumentId),
    elements: &[&str],
    person: PersonId,
) -> Result<Vec<String>, StoreError> {
    let mut shared = Vec::new();
    for element in elements {
        let sql = "SELECT 1 FROM audience_standing WHERE audience_id = $1 AND destination_id = $2 AND element = $3
             AND person_id <> $4 AND state <> 'pending'";
        if s.exists(sql, params![audience, destination, *element, person])? {
            shared.push((*element).to_owned());
        }
    }
    Ok(shared)
}

/// Writes how people stand from now on.
pub fn put(s: &mut dyn Session, rows: &[Standing], now: Timestamp) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<&Standing> = rows.iter().collect();
    rows.sort_by_key(|row| (row.audience, row.destination, row.person));
    let audience: Vec<i64> = rows.iter().map(|row| row.audience.0).collect();
    let destination: Vec<i64> = rows.iter().map(|row| row.destination.0).collect();
    let person: Vec<i64> = rows.iter().map(|row| row.person.0).collect();
    let state: Vec<&str> = rows.iter().map(|row| row.state.as_str()).collect();
    let reason: Vec<Option<&str>> = rows.iter().map(|row| row.reason.as_deref()).collect();
    let element: Vec<Option<&str>> = rows.iter().map(|row| row.element.as_deref()).collect();
    let maybe: Vec<Option<&str>> = rows.iter().map(|row| row.maybe.as_deref()).collect();
    let told_at: Vec<Option<i64>> = rows.iter().map(|row| row.told_at.map(to_micros)).collect();
    let round: Vec<i64> = rows.iter().map(|row| row.round).collect();
    s.bulk(
        &Bulk::insert("audience_standing")
            .column("audience_id", &audience)
            .column("destination_id", &destination)
            .column("person_id", &person)
            .column("state", &state)
            .column("reason", &reason)
            .column("element", &element)
            .column("maybe", &maybe)
            .column("told_at", &told_at)
            .column("round", &round)
            .same("changed_at", now)
            .on_conflict(
                "(audience_id, destination_id, person_id) DO UPDATE SET state = excluded.state, reason = excluded.reason,
                 element = excluded.element, maybe = excluded.maybe, told_at = excluded.told_at, round = excluded.round,
                 changed_at = excluded.changed_at",
            ),
    )?;
    Ok(())
}

/// Forgets people of whom nothing stands at a destination.
pub fn forget(s: &mut dyn Session, rows: &[Standing]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let audience: Vec<i64> = rows.iter().map(|row| row.audience.0).collect();
    let destination: Vec<i64> = rows.iter().map(|row| row.destination.0).collect();
    let person: Vec<i64> = rows.iter().map(|row| row.person.0).collect();
    s.bulk(
        &Bulk::delete("audience_standing")
            .column("audience_id", &audience)
            .column("destination_id", &destination)
            .column("person_id", &person)
            .matching("audience_id = {audience_id} AND destination_id = {destination_id} AND person_id = {person_id}"),
    )?;
    Ok(())
}

/// Forgets an audience that is deleted, with its members.
pub fn forget_audience(s: &mut dyn Session, audience: DocumentId) -> Result<(), StoreError> {
    forget_told(s, audience)?;
    s.execute("DELETE FROM list_member WHERE list_id = $1", params![audience])?;
    s.execute("DELETE FROM job WHERE name = 'external_audience' AND slice = $1", params![audience])?;
    Ok(())
}

/// Forgets whom destinations were told of, for what is no external audience (any more). Its members are not touched: marks may
/// name another list by mistake, and that must never cost it anybody.
pub fn forget_told(s: &mut dyn Session, audience: DocumentId) -> Result<(), StoreError> {
    s.execute("DELETE FROM audience_mark WHERE audience_id = $1", params![audience])?;
    s.execute("DELETE FROM audience_standing WHERE audience_id = $1", params![audience])?;
    Ok(())
}

/// When everybody of an audience is marked next, and what the last time is remembered by.
pub fn sweep_of(s: &mut dyn Session, audience: DocumentId) -> Result<Option<(Timestamp, Option<String>)>, StoreError> {
    let sql = "SELECT due_at, body FROM job WHERE name = 'external_audience' AND slice = $1";
    s.query_opt(sql, params![audience], |r| Ok((r.instant(0), r.opt_string(1))))
}

/// The same, locked; due now when it was never done.
pub fn lock_sweep(s: &mut dyn Session, audience: DocumentId, now: Timestamp) -> Result<Option<String>, StoreError> {
    s.execute(
        "INSERT INTO job (name, slice, due_at) VALUES ('external_audience', $1, $2) ON CONFLICT (name, slice) DO NOTHING",
        params![audience, now],
    )?;
    let sql = "SELECT body FROM job WHERE name = 'external_audience' AND slice = $1 {for_update}";
    Ok(s.query_opt(sql, params![audience], |r| Ok(r.opt_string(0)))?.flatten())
}

/// Says when everybody of an audience is marked next.
pub fn put_sweep(s: &mut dyn Session, audience: DocumentId, due_at: Timestamp, memory: &str) -> Result<(), StoreError> {
    let sql = "UPDATE job SET due_at = $2, body = $3 WHERE name = 'external_audience' AND slice = $1";
    s.execute(sql, params![audience, due_at, memory])?;
    Ok(())
}

/// How many people of an audience stand how at one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The destination.
    pub destination: DocumentId,
    /// The state.
    pub state: String,
    /// Why, where the state has a reason.
    pub reason: Option<String>,
    /// How many people.
    pub people: i64,
    /// When the last of them changed.
    pub changed_at: Timestamp,
}

/// How the people of an audience stand, counted.
pub fn counts(s: &mut dyn Session, audience: DocumentId) -> Result<Vec<Count>, StoreError> {
    let sql = "SELECT destination_id, state, reason, COUNT(*), MAX(changed_at) FROM audience_standing
         WHERE audience_id = $1 GROUP BY destination_id, state, reason ORDER BY destination_id, state, reason";
    s.query_map(sql, params![audience], |r| {
        Ok(Count {
            destination: DocumentId(r.int(0)),
            state: r.string(1),
            reason: r.opt_string(2),
            people: r.int(3),
            changed_at: r.instant(4),
        })
    })
}
