//! A journey in numbers: who entered in a time and what became of them, day by day, by version and by the path they took.
//!
//! All of it is counted from the journey's own trips, which `enrollment_entry` finds by the journey; nothing looks at the
//! trips of another. Those that are only counted, and those that have not begun yet, are in no figure.

use caravan_model::{DocumentId, VersionId};
use jiff::{SignedDuration, Timestamp};

use crate::engagement::QUARTER;
use crate::error::StoreError;
use crate::params;
use crate::session::{Dialect, Row, Session, SessionExt};

/// The trips of a journey that began in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// The journey.
    pub journey: DocumentId,
    /// At this instant or later.
    pub from: Timestamp,
    /// Before this instant.
    pub until: Timestamp,
}

/// Trips that are counted: they have begun, and do not belong to the part of the audience that is held out.
const COUNTED: &str = "e.journey_id = $1 AND e.seq > 0 AND COALESCE(e.outcome, '') <> 'held_out'";
const WITHIN: &str = "AND e.entered_at >= $2 AND e.entered_at < $3";

/// The traveller met the goal after its first step; in it, it met the goal before. Index: the key of `move`.
const CONVERTED: &str =
    "COALESCE(e.goal_at > (SELECT m.at FROM move AS m WHERE m.enrollment_id = e.id AND m.seq = 1), FALSE)";

/// What became of trips.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// They began.
    pub entered: i64,
    /// Of these, those that came to an end of the map, whenever.
    pub completed: i64,
    /// Of these, those whose traveller met the goal already when it entered.
    pub before: i64,
    /// Of these, those whose traveller met the goal afterwards.
    pub converted: i64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.entered += more.entered;
        self.completed += more.completed;
        self.before += more.before;
        self.converted += more.converted;
    }
}

/// The columns of [`Counts`] over trips `t` with their outcome, whether they met the goal and whether they converted.
const COUNTS: &str = "COUNT(*), COUNT(CASE WHEN t.outcome = 'completed' THEN 1 END),
     COUNT(CASE WHEN t.met AND NOT t.converted THEN 1 END), COUNT(CASE WHEN t.converted THEN 1 END)";

fn read_counts(r: &dyn Row, at: usize) -> Counts {
    Counts { entered: r.int(at), completed: r.int(at + 1), before: r.int(at + 2), converted: r.int(at + 3) }
}

/// What became of the trips of each version, by version.
pub fn by_version(s: &mut dyn Session, of: &Entered) -> Result<Vec<(VersionId, Counts)>, StoreError> {
    let sql = format!(
        "SELECT t.version_id, {COUNTS}
         FROM (SELECT e.version_id, e.outcome, e.goal_at IS NOT NULL AS met, {CONVERTED} AS converted
               FROM enrollment AS e WHERE {COUNTED} {WITHIN}) AS t
         GROUP BY t.version_id ORDER BY t.version_id"
    );
    s.query_map(&sql, params![of.journey, of.from, of.until], |r| Ok((VersionId(r.int(0)), read_counts(r, 1))))
}

/// Trips that left a node by a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathCounts {
    /// Their version.
    pub version: VersionId,
    /// The node's number in it.
    pub node: i64,
    /// The path.
    pub path: String,
    /// What became of them.
    pub counts: Counts,
}

/// What became of the trips that left one of these nodes by each of its paths, each trip once for each path. Only steps of
/// trips on these versions are read, by the key of `move`.
pub fn by_path(
    s: &mut dyn Session,
    of: &Entered,
    versions: &[i64],
    nodes: &[i64],
) -> Result<Vec<PathCounts>, StoreError> {
    let visits = match s.dialect() {
        Dialect::Sqlite => "json_each(m.visits) AS v",
        Dialect::Postgres => "json_array_elements(CAST(m.visits AS JSON)) AS v (value)",
    };
    let sql = format!(
        "SELECT t.version_id, t.node, t.path, {COUNTS}
         FROM (SELECT DISTINCT e.id, e.version_id, CAST(v.value ->> 'n' AS BIGINT) AS node, v.value ->> 'p' AS path,
                      e.outcome, e.goal_at IS NOT NULL AS met, {CONVERTED} AS converted
               FROM enrollment AS e JOIN move AS m ON m.enrollment_id = e.id CROSS JOIN {visits}
               WHERE {COUNTED} {WITHIN} AND e.version_id {{in:4}} AND CAST(v.value ->> 'n' AS BIGINT) {{in:5}}
               AND v.value ->> 'p' IS NOT NULL) AS t
         GROUP BY t.version_id, t.node, t.path ORDER BY t.version_id, t.node, t.path"
    );
    s.query_map(&sql, params![of.journey, of.from, of.until, versions, nodes], |r| {
        Ok(PathCounts { version: VersionId(r.int(0)), node: r.int(1), path: r.string(2), counts: read_counts(r, 3) })
    })
}

/// How many began and how many completed in a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuarterFigures {
    /// The quarter's beginning.
    pub from: Timestamp,
    /// Trips that began.
    pub entered: i64,
    /// Trips that came to an end of the map, whenever they began.
    pub completed: i64,
}

/// The quarters of an hour in which anybody entered or completed, by time; [`QUARTER`] says why quarters.
pub fn by_quarter(s: &mut dyn Session, of: &Entered) -> Result<Vec<QuarterFigures>, StoreError> {
    let sql = format!(
        "SELECT q.quarter, CAST(SUM(q.entered) AS BIGINT), CAST(SUM(q.completed) AS BIGINT)
         FROM (SELECT e.entered_at / {QUARTER} AS quarter, COUNT(*) AS entered, 0 AS completed
               FROM enrollment AS e WHERE {COUNTED} {WITHIN} GROUP BY e.entered_at / {QUARTER}
               UNION ALL
               SELECT e.ended_at / {QUARTER}, 0, COUNT(*)
               FROM enrollment AS e WHERE {COUNTED} AND e.outcome = 'completed' AND e.ended_at >= $2 AND e.ended_at < $3
               GROUP BY e.ended_at / {QUARTER}) AS q
         GROUP BY q.quarter ORDER BY q.quarter"
    );
    s.query_map(&sql, params![of.journey, of.from, of.until], |r| {
        Ok(QuarterFigures {
            from: caravan_model::clock::from_micros(r.int(0) * QUARTER),
            entered: r.int(1),
            completed: r.int(2),
        })
    })
}

/// How long trips took that completed: within the first, half of them did; within the second, nine of ten.
pub fn durations(s: &mut dyn Session, of: &Entered) -> Result<Option<(SignedDuration, SignedDuration)>, StoreError> {
    let sql = format!(
        "SELECT MIN(CASE WHEN 2 * d.place >= d.trips THEN d.took END), MIN(CASE WHEN 10 * d.place >= 9 * d.trips THEN d.took END)
         FROM (SELECT e.ended_at - e.entered_at AS took, COUNT(*) OVER () AS trips,
                      ROW_NUMBER() OVER (ORDER BY e.ended_at - e.entered_at) AS place
               FROM enrollment AS e WHERE {COUNTED} {WITHIN} AND e.outcome = 'completed') AS d"
    );
    s.query_one(&sql, params![of.journey, of.from, of.until], |r| {
        Ok(r.opt_int(0)
            .zip(r.opt_int(1))
            .map(|(half, most)| (SignedDuration::from_micros(half), SignedDuration::from_micros(most))))
    })
}

/// Who did something since they entered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Engaged {
    /// Accounts that entered, or whose people did.
    pub accounts: i64,
    /// Of these, those of whose people somebody did something.
    pub engaged_accounts: i64,
    /// People of these accounts, or those who entered.
    pub people: i64,
    /// Of these, those who did something.
    pub engaged_people: i64,
}

/// Who did something of these types since the traveller first entered within the time. Indexes: those of
/// `account_person`, and `activity_person` for each person.
pub fn engaged(s: &mut dyn Session, of: &Entered, of_people: bool, types: &[String]) -> Result<Engaged, StoreError> {
    let (account, person, tie) = match of_people {
        true => ("tie.account_id", "i.subject_id", "tie.person_id = i.subject_id"),
        false => ("i.subject_id", "tie.person_id", "tie.account_id = i.subject_id"),
    };
    let sql = format!(
        "SELECT COUNT(DISTINCT p.account), COUNT(DISTINCT CASE WHEN p.engaged THEN p.account END),
                COUNT(DISTINCT p.person), COUNT(DISTINCT CASE WHEN p.engaged THEN p.person END)
         FROM (SELECT {account} AS account, {person} AS person,
                      EXISTS (SELECT 1 FROM activity AS a
                              WHERE a.person_id = {person} AND a.type {{in:4}} AND a.at >= i.since) AS engaged
               FROM (SELECT e.subject_id, MIN(e.entered_at) AS since FROM enrollment AS e
                     WHERE {COUNTED} {WITHIN} GROUP BY e.subject_id) AS i
               LEFT JOIN account_person AS tie ON {tie}) AS p"
    );
    s.query_one(&sql, params![of.journey, of.from, of.until, types], |r| {
        Ok(Engaged { accounts: r.int(0), engaged_accounts: r.int(1), people: r.int(2), engaged_people: r.int(3) })
    })
}
