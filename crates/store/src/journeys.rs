//! What is read about journeys: who is inside, what was counted, who stands where, what a trip did.

use std::collections::HashMap;

use caravan_model::clock::from_micros;
use caravan_model::{DocumentId, EffectId, EnrollmentId, Shard, VersionId};
use jiff::{SignedDuration, Timestamp};

use crate::alerts::{self, AlertRecipient};
use crate::error::StoreError;
use crate::held::Waits;
use crate::params;
use crate::people::found_by_id;
use crate::records::Table;
use crate::search::{LOOKED_AT, Looked, Search};
use crate::session::{Param, Row, Session, SessionExt};
use crate::step::EnrollmentRow;

/// Trips of a journey that have not ended, with their shards.
pub fn active_trips(s: &mut dyn Session, journey: DocumentId) -> Result<Vec<(EnrollmentId, Shard)>, StoreError> {
    s.query_map(
        "SELECT id, shard FROM enrollment WHERE journey_id = $1 AND ended_at IS NULL ORDER BY shard, id",
        params![journey],
        |r| Ok((EnrollmentId(r.int(0)), Shard(r.int(1)))),
    )
}

/// How many trips of a journey have not ended, from the counters.
pub fn active(s: &mut dyn Session, journey: DocumentId) -> Result<i64, StoreError> {
    s.query_int(
        "SELECT CAST(COALESCE(SUM(CASE WHEN t.kind = 'entered' THEN t.n ELSE -t.n END), 0) AS BIGINT)
         FROM tally AS t JOIN document_version AS v ON v.id = t.version_id
         WHERE v.document_id = $1 AND t.node = -1 AND (t.kind = 'entered' OR t.kind LIKE 'trip:%')",
        params![journey],
    )
}

/// The versions of a journey on which anybody is under way, from the counters.
pub fn travelled_versions(s: &mut dyn Session, journey: DocumentId) -> Result<Vec<VersionId>, StoreError> {
    s.query_map(
        "SELECT t.version_id FROM tally AS t JOIN document_version AS v ON v.id = t.version_id
         WHERE v.document_id = $1 AND t.node = -1 AND (t.kind = 'entered' OR t.kind LIKE 'trip:%')
         GROUP BY t.version_id HAVING SUM(CASE WHEN t.kind = 'entered' THEN t.n ELSE -t.n END) > 0
         ORDER BY t.version_id",
        params![journey],
        |r| Ok(VersionId(r.int(0))),
    )
}

/// What the audience of a journey would do if the journey were published now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WouldEnter {
    /// Members of the audience that were never inside and may enter.
    pub enter: i64,
    /// The people that come with them: in person journeys themselves.
    pub people: i64,
    /// Members that were never inside and may not: accounts without a name, test profiles.
    pub refused: i64,
}

/// Counts who would enter a journey from a list. Indexes: the list's members, `enrollment_entry`.
pub fn would_enter(
    s: &mut dyn Session,
    journey: DocumentId,
    list: DocumentId,
    of_people: bool,
) -> Result<WouldEnter, StoreError> {
    let (table, may) = match of_people {
        true => ("person", "NOT t.test_profile"),
        false => ("account", "TRIM(t.name) <> ''"),
    };
    let members = format!(
        "FROM list_member AS m JOIN {table} AS t ON t.id = m.subject_id
         WHERE m.list_id = $1
         AND NOT EXISTS (SELECT 1 FROM enrollment AS e WHERE e.journey_id = $2 AND e.subject_id = m.subject_id)"
    );
    let enter = s.query_int(&format!("SELECT COUNT(*) {members} AND {may}"), params![list, journey])?;
    let all = s.query_int(&format!("SELECT COUNT(*) {members}"), params![list, journey])?;
    let people = match of_people {
        true => enter,
        false => s.query_int(
            &format!(
                "SELECT COUNT(*) FROM account_person WHERE account_id IN (SELECT m.subject_id {members} AND {may})"
            ),
            params![list, journey],
        )?,
    };
    Ok(WouldEnter { enter, people, refused: all - enter })
}

/// Members of an account list or audience that have no owner to write to.
pub fn members_without_owner(s: &mut dyn Session, list: DocumentId) -> Result<i64, StoreError> {
    s.query_int(
        "SELECT COUNT(*) FROM list_member AS m JOIN account AS a ON a.id = m.subject_id
         WHERE m.list_id = $1 AND COALESCE(a.owner_email, '') = ''",
        params![list],
    )
}

/// Trips under way that nothing will ever move: neither due nor listening; parked although their journey is not paused;
/// or due in a shard that does not know it. Indexes: `enrollment_stuck`, `enrollment_due`.
pub fn stuck(s: &mut dyn Session, parked: SignedDuration, most: usize) -> Result<Vec<EnrollmentRow>, StoreError> {
    let parked = i64::try_from(parked.as_micros()).unwrap_or(i64::MAX);
    let most = most as i64;
    let mut ids = s.query_map(
        "SELECT id FROM enrollment WHERE ended_at IS NULL AND due_at IS NULL AND NOT listening ORDER BY id LIMIT $1",
        params![most],
        |r| Ok(r.int(0)),
    )?;
    ids.extend(s.query_map(
        "SELECT e.id FROM shard JOIN enrollment AS e ON e.shard = shard.id AND e.due_at >= $1
         JOIN document AS d ON d.id = e.journey_id
         WHERE e.ended_at IS NULL AND NOT d.paused AND d.state IN ('live', 'closed')
         AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.shard = shard.id AND inbox.kind = 'resume')
         ORDER BY e.id LIMIT $2",
        params![parked, most],
        |r| Ok(r.int(0)),
    )?);
    ids.extend(s.query_map(
        "SELECT (SELECT e.id FROM enrollment AS e WHERE e.shard = late.id AND e.due_at = late.first ORDER BY e.id LIMIT 1)
         FROM (SELECT id, due_at, (SELECT MIN(e.due_at) FROM enrollment AS e
                                   WHERE e.shard = shard.id AND e.due_at IS NOT NULL) AS first
               FROM shard) AS late
         WHERE late.first IS NOT NULL AND (late.due_at IS NULL OR late.due_at > late.first) LIMIT $1",
        params![most],
        |r| Ok(r.int(0)),
    )?);
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        Ok(Vec::new())
    } else {
        crate::step::enrollments_where(s, "id {in:1} ORDER BY id", params![&ids[..]])
    }
}

/// Trips whose traveller is no longer there, of those that were looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orphans {
    /// They are under way.
    pub trips: Vec<(EnrollmentId, Shard)>,
    /// The last trip that was looked at; none when there is none further.
    pub last: Option<EnrollmentId>,
}

/// Of the next `most` trips after `after`, those under way whose account or person is no longer there. `of_people`: the
/// journeys whose travellers are people.
pub fn orphans(
    s: &mut dyn Session,
    of_people: &[i64],
    after: EnrollmentId,
    most: usize,
) -> Result<Orphans, StoreError> {
    let mut found = Orphans::default();
    s.query(
        "SELECT e.id, e.shard, e.ended_at IS NOT NULL
                OR CASE WHEN e.journey_id {in:1} THEN EXISTS (SELECT 1 FROM person WHERE person.id = e.subject_id)
                        ELSE EXISTS (SELECT 1 FROM account WHERE account.id = e.subject_id) END
         FROM (SELECT id, shard, journey_id, subject_id, ended_at FROM enrollment WHERE id > $2 ORDER BY id LIMIT $3) AS e
         ORDER BY e.id",
        params![of_people, after, most as i64],
        &mut |r| {
            let trip = EnrollmentId(r.int(0));
            found.last = Some(trip);
            if !r.bool(2) {
                found.trips.push((trip, Shard(r.int(1))));
            }
            Ok(())
        },
    )?;
    Ok(found)
}

/// A counter, summed over its slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The version.
    pub version: VersionId,
    /// The node in its plan; -1 for the trips themselves.
    pub node: i64,
    /// What is counted.
    pub kind: String,
    /// How many.
    pub n: i64,
}

/// All counters of a journey, of every version.
pub fn tallies(s: &mut dyn Session, journey: DocumentId) -> Result<Vec<Tally>, StoreError> {
    s.query_map(
        "SELECT t.version_id, t.node, t.kind, CAST(SUM(t.n) AS BIGINT) FROM tally AS t
         JOIN document_version AS v ON v.id = t.version_id WHERE v.document_id = $1
         GROUP BY t.version_id, t.node, t.kind ORDER BY t.version_id, t.node, t.kind",
        params![journey],
        |r| Ok(Tally { version: VersionId(r.int(0)), node: r.int(1), kind: r.string(2), n: r.int(3) }),
    )
}

/// What one step of a trip did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Its step number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The nodes it walked through, JSON.
    pub visits: String,
}

/// Id and shard of the account or person with this key. Index: `account_key`, `person_key`.
pub fn subject_of_key(s: &mut dyn Session, of_people: bool, key: &str) -> Result<Option<(i64, Shard)>, StoreError> {
    let sql = match of_people {
        true => "SELECT id, shard FROM person WHERE key = $1",
        false => "SELECT id, shard FROM account WHERE key = $1",
    };
    s.query_opt(sql, params![key], |r| Ok((r.int(0), Shard(r.int(1)))))
}

/// The steps of a trip, in order.
pub fn moves(s: &mut dyn Session, trip: EnrollmentId) -> Result<Vec<Move>, StoreError> {
    s.query_map("SELECT seq, at, visits FROM move WHERE enrollment_id = $1 ORDER BY seq", params![trip], |r| {
        Ok(Move { seq: r.int(0), at: from_micros(r.int(1)), visits: r.string(2) })
    })
}

/// The steps of several trips, by trip and step.
pub fn moves_of(s: &mut dyn Session, trips: &[i64]) -> Result<Vec<(EnrollmentId, Move)>, StoreError> {
    s.query_map(
        "SELECT enrollment_id, seq, at, visits FROM move WHERE enrollment_id {in:1} ORDER BY enrollment_id, seq",
        params![trips],
        |r| {
            let step = Move { seq: r.int(1), at: from_micros(r.int(2)), visits: r.string(3) };
            Ok((EnrollmentId(r.int(0)), step))
        },
    )
}

/// The trips of a subject after `after`, by id, newest last. Index: `enrollment_subject`.
pub fn trips_of_subject(s: &mut dyn Session, subject: i64, most: usize) -> Result<Vec<EnrollmentRow>, StoreError> {
    crate::step::enrollments_where(s, "subject_id = $1 ORDER BY id DESC LIMIT $2", params![subject, most as i64])
}

/// A trip that failed by our own fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The trip.
    pub trip: EnrollmentId,
    /// Its journey.
    pub journey: DocumentId,
    /// Its version.
    pub version: VersionId,
    /// Who travels.
    pub subject: i64,
    /// The node at which it failed.
    pub node: i64,
    /// Stable code.
    pub code: String,
    /// For people.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
    /// How often.
    pub attempts: i64,
    /// When it is tried again; none: when its journey goes on, or by hand.
    pub next_try: Option<Timestamp>,
    /// When it would have moved by itself, had it not failed.
    pub due_at: Option<Timestamp>,
}

const PROBLEM: &str = "p.enrollment_id, e.journey_id, e.version_id, e.subject_id, p.node, p.code, p.message, p.since,
     p.attempts, p.next_try_at, p.due_at";

fn read_problem(r: &dyn Row) -> Result<Problem, StoreError> {
    Ok(Problem {
        trip: EnrollmentId(r.int(0)),
        journey: DocumentId(r.int(1)),
        version: VersionId(r.int(2)),
        subject: r.int(3),
        node: r.int(4),
        code: r.string(5),
        message: r.string(6),
        since: r.instant(7),
        attempts: r.int(8),
        next_try: r.opt_instant(9),
        due_at: r.opt_instant(10),
    })
}

/// The problem of a trip, if it stands at one.
pub fn problem_of(s: &mut dyn Session, trip: EnrollmentId) -> Result<Option<Problem>, StoreError> {
    let sql = format!(
        "SELECT {PROBLEM} FROM problem AS p JOIN enrollment AS e ON e.id = p.enrollment_id WHERE p.enrollment_id = $1"
    );
    s.query_opt(&sql, params![trip], read_problem)
}

/// Which problems a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProblemFilter<'a> {
    /// Only those of this journey.
    pub journey: Option<DocumentId>,
    /// Only those in whose words this occurs, or, where it looks at customers, in whose traveller.
    pub search: Search<'a>,
    /// The journeys in which people travel: where a traveller is searched for.
    pub of_people: &'a [i64],
}

/// Problems after `after`, by trip, of the next ones that one look goes through.
pub fn look_for_problems(
    s: &mut dyn Session,
    filter: ProblemFilter<'_>,
    after: EnrollmentId,
    most: usize,
) -> Result<Looked<Problem, EnrollmentId>, StoreError> {
    let sql = "SELECT enrollment_id FROM problem WHERE enrollment_id > $1 ORDER BY enrollment_id LIMIT 1 OFFSET $2";
    let end = s.query_opt(sql, params![after, LOOKED_AT as i64 - 1], |r| Ok(EnrollmentId(r.int(0))))?;
    let found = problems_between(s, filter, (after, end), most)?;
    Ok(Looked { found, end })
}

/// Problems after `after`, by trip, however many have to be looked at.
pub fn problems(
    s: &mut dyn Session,
    filter: ProblemFilter<'_>,
    after: EnrollmentId,
    most: usize,
) -> Result<Vec<Problem>, StoreError> {
    problems_between(s, filter, (after, None), most)
}

/// Problems behind the first trip, up to the last one where there is one.
fn problems_between(
    s: &mut dyn Session,
    filter: ProblemFilter<'_>,
    (after, last): (EnrollmentId, Option<EnrollmentId>),
    most: usize,
) -> Result<Vec<Problem>, StoreError> {
    // Not by an index of the journey, which would lead through all of its trips.
    let which = if filter.journey.is_some() { "+e.journey_id = $3" } else { "$3 = 0" };
    let (journey, most) = (filter.journey.map_or(0, |id| id.0), most as i64);
    let last = last.map_or(i64::MAX, |id| id.0);
    let mut params = params![after, most, journey, last].to_vec();
    let pattern = filter.search.pattern(s);
    let mut found = String::new();
    if !filter.search.is_blank() {
        params.push(Param::Text(&pattern));
        let traveller = [("in", Table::Person), ("not_in", Table::Account)].map(|(of_people, table)| {
            format!("(e.journey_id {{{of_people}:6}} AND {})", found_by_id(table, "e.subject_id", 5))
        });
        if filter.search.in_customers {
            params.push(Param::Ints(filter.of_people));
        }
        found = format!("AND {}", filter.search.found(&["p.message", "p.code"], &traveller, 5));
    }
    let sql = format!(
        "SELECT {PROBLEM}
         FROM problem AS p JOIN enrollment AS e ON e.id = p.enrollment_id
         WHERE p.enrollment_id > $1 AND p.enrollment_id <= $4 AND {which} {found} ORDER BY p.enrollment_id LIMIT $2"
    );
    s.query_map(&sql, &params, read_problem)
}

/// What became of a queued effect of a trip; while it waits, `outcome` is `pending`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectOutcome {
    /// The effect.
    pub id: EffectId,
    /// The node, or the box action, that queued it.
    pub node: i64,
    /// The recipient, when it is a person of ours.
    pub person: Option<i64>,
    /// `pending`, `done`, `skipped`, `failed` or `in_doubt`.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// For people.
    pub message: Option<String>,
    /// When it was queued or decided.
    pub at: Timestamp,
    /// What became of it for each colleague, where it is a sales alert.
    pub recipients: Vec<AlertRecipient>,
    /// What it waits for; none: it is decided.
    pub waits: Option<Waits>,
}

/// The effects of trips, waiting ones and decided ones. Indexes: `outbox_enrollment`, `ledger_enrollment`.
pub fn effects_of_trips(
    s: &mut dyn Session,
    trips: &[i64],
) -> Result<HashMap<EnrollmentId, Vec<EffectOutcome>>, StoreError> {
    let mut effects: HashMap<EnrollmentId, Vec<EffectOutcome>> = HashMap::new();
    s.query(
        "SELECT enrollment_id, id, node, person_id, outcome, reason, message, decided_at, NULL, NULL, 0, FALSE
         FROM ledger WHERE enrollment_id {in:1}
         UNION ALL
         SELECT enrollment_id, id, node, person_id, 'pending', code, message, queued_at, lane, held, not_before,
             claim IS NOT NULL
         FROM outbox WHERE enrollment_id {in:1}",
        params![trips],
        &mut |r| {
            effects.entry(EnrollmentId(r.int(0))).or_default().push(EffectOutcome {
                id: EffectId(r.int(1)),
                node: r.int(2),
                person: r.opt_int(3),
                outcome: r.string(4),
                reason: r.opt_string(5),
                message: r.opt_string(6),
                at: r.instant(7),
                recipients: Vec::new(),
                waits: r.opt_string(8).map(|lane| Waits {
                    lane,
                    held: r.opt_string(9),
                    not_before: r.instant(10),
                    claimed: r.bool(11),
                }),
            });
            Ok(())
        },
    )?;
    let mut colleagues: HashMap<EffectId, Vec<AlertRecipient>> = HashMap::new();
    for recipient in alerts::of_trips(s, trips)? {
        colleagues.entry(recipient.effect).or_default().push(recipient);
    }
    for effect in effects.values_mut().flatten() {
        effect.recipients = colleagues.remove(&effect.id).unwrap_or_default();
    }
    Ok(effects)
}

/// How a subject is shown: its key and a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Account or person id.
    pub id: i64,
    /// Its natural key.
    pub key: String,
    /// Its name; of a person without one, the email.
    pub name: String,
    /// A person's address.
    pub email: Option<String>,
}

/// Accounts as they are shown.
pub fn shown_accounts(s: &mut dyn Session, ids: &[i64]) -> Result<Vec<Shown>, StoreError> {
    s.query_map("SELECT id, key, name FROM account WHERE id {in:1} ORDER BY id", params![ids], |r| {
        Ok(Shown { id: r.int(0), key: r.string(1), name: r.string(2), email: None })
    })
}

/// People as they are shown.
pub fn shown_people(s: &mut dyn Session, ids: &[i64]) -> Result<Vec<Shown>, StoreError> {
    s.query_map(
        "SELECT id, key, first_name, last_name, email FROM person WHERE id {in:1} ORDER BY id",
        params![ids],
        |r| {
            let full = [r.opt_text(2), r.opt_text(3)].into_iter().flatten().collect::<Vec<_>>().join(" ");
            let name = if full.is_empty() { r.opt_text(4).unwrap_or_default().to_owned() } else { full };
            Ok(Shown { id: r.int(0), key: r.string(1), name, email: r.opt_string(4) })
        },
    )
}
