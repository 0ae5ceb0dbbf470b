//! Engagement: what people did lately, counted; the scores of people and groups; and how they were day by day.
//!
//! Only the daily run writes scores. Days are counted from 1970-01-01 in the organisation's time zone; this module is given
//! them.

use caravan_model::{AccountId, DocumentId, GroupId, PersonId, Shard};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// Microseconds of a quarter of an hour. Offsets of time zones are multiples of it, so no quarter lies on two days.
pub const QUARTER: i64 = 15 * 60 * 1_000_000;

/// What a person did of one type in one quarter of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarterCount {
    /// The person.
    pub person: PersonId,
    /// The type.
    pub kind: String,
    /// The quarter's beginning.
    pub from: Timestamp,
    /// How often.
    pub n: i64,
    /// When last.
    pub last_at: Timestamp,
}

/// What these people did of these types from `from` up to, not including, `to`, as far as it had been received by
/// `received`; by person, type and time. Index: `activity_person`.
pub fn quarters(
    s: &mut dyn Session,
    people: &[i64],
    types: &[String],
    (from, to): (Timestamp, Timestamp),
    received: Timestamp,
) -> Result<Vec<QuarterCount>, StoreError> {
    let sql = format!(
        "SELECT person_id, type, at / {QUARTER}, COUNT(*), MAX(at) FROM activity
         WHERE person_id {{in:1}} AND type {{in:2}} AND at >= $3 AND at < $4 AND received_at <= $5
         GROUP BY person_id, type, at / {QUARTER} ORDER BY 1, 2, 3"
    );
    s.query_map(&sql, params![people, types, from, to, received], |r| {
        Ok(QuarterCount {
            person: PersonId(r.int(0)),
            kind: r.string(1),
            from: caravan_model::clock::from_micros(r.int(2) * QUARTER),
            n: r.int(3),
            last_at: r.instant(4),
        })
    })
}

/// The number of the newest activity, and whether any of these types came behind the number `after`.
pub fn newest(s: &mut dyn Session, types: &[String], after: i64) -> Result<(i64, bool), StoreError> {
    let newest = s.query_int("SELECT COALESCE(MAX(id), 0) FROM activity", &[])?;
    if types.is_empty() || newest <= after {
        return Ok((newest, false));
    }
    let sql = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM activity WHERE id > $1 AND type {in:2} LIMIT 1) AS found";
    Ok((newest, s.query_int(sql, params![after, types])? > 0))
}

/// The next people of a shard behind `after`, by id, test profiles aside. Index: `person_shard`.
pub fn people_in_shard(
    s: &mut dyn Session,
    shard: Shard,
    after: PersonId,
    most: usize,
) -> Result<Vec<PersonId>, StoreError> {
    let sql = "SELECT id FROM person WHERE shard = $1 AND id > $2 AND NOT test_profile ORDER BY id LIMIT $3";
    s.query_map(sql, params![shard, after, most as i64], |r| Ok(PersonId(r.int(0))))
}

/// What a person did of one type within the window.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountRow {
    /// The person's shard.
    pub shard: Shard,
    /// The person.
    pub person: PersonId,
    /// The type.
    pub kind: String,
    /// How many count: capped day by day.
    pub counted: i64,
    /// How many there were.
    pub total: i64,
    /// When last.
    pub last_at: Timestamp,
}

const COUNT: &str = "shard, person_id, type, counted, total, last_at";

fn read_count(r: &dyn Row) -> Result<CountRow, StoreError> {
    Ok(CountRow {
        shard: Shard(r.int(0)),
        person: PersonId(r.int(1)),
        kind: r.string(2),
        counted: r.int(3),
        total: r.int(4),
        last_at: r.instant(5),
    })
}

/// The counts of a shard's people with ids above `after` and up to `last`, in order of person and type.
pub fn counts(s: &mut dyn Session, shard: Shard, after: PersonId, last: PersonId) -> Result<Vec<CountRow>, StoreError> {
    let sql = format!(
        "SELECT {COUNT} FROM engagement_count WHERE shard = $1 AND person_id > $2 AND person_id <= $3
         ORDER BY person_id, type"
    );
    s.query_map(&sql, params![shard, after, last], read_count)
}

/// Hands over every count of a shard, in order of person and type.
pub fn each_count(
    s: &mut dyn Session,
    shard: Shard,
    each: &mut dyn FnMut(CountRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = format!("SELECT {COUNT} FROM engagement_count WHERE shard = $1 ORDER BY person_id, type");
    s.query(&sql, params![shard], &mut |r| each(read_count(r)?))
}

/// The types that anybody did within the window.
pub fn counted_types(s: &mut dyn Session) -> Result<Vec<String>, StoreError> {
    s.query_map("SELECT DISTINCT type FROM engagement_count ORDER BY type", &[], |r| Ok(r.string(0)))
}

/// Writes counts, new or changed; distinct rows in key order.
pub fn put_counts(s: &mut dyn Session, rows: &[CountRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let shard: Vec<i64> = rows.iter().map(|r| r.shard.0).collect();
    let person: Vec<i64> = rows.iter().map(|r| r.person.0).collect();
    let kind: Vec<&str> = rows.iter().map(|r| r.kind.as_str()).collect();
    let counted: Vec<i64> = rows.iter().map(|r| r.counted).collect();
    let total: Vec<i64> = rows.iter().map(|r| r.total).collect();
    let last_at: Vec<i64> = rows.iter().map(|r| caravan_model::clock::to_micros(r.last_at)).collect();
    s.bulk(
        &Bulk::insert("engagement_count")
            .column("shard", &shard)
            .column("person_id", &person)
            .column("type", &kind)
            .column("counted", &counted)
            .column("total", &total)
            .column("last_at", &last_at)
            .on_conflict(
                "(shard, person_id, type) DO UPDATE SET counted = excluded.counted, total = excluded.total, \
                 last_at = excluded.last_at",
            ),
    )?;
    Ok(())
}

/// Takes counts away whose activities have aged out.
pub fn delete_counts(s: &mut dyn Session, rows: &[CountRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let shard: Vec<i64> = rows.iter().map(|r| r.shard.0).collect();
    let person: Vec<i64> = rows.iter().map(|r| r.person.0).collect();
    let kind: Vec<&str> = rows.iter().map(|r| r.kind.as_str()).collect();
    s.bulk(
        &Bulk::delete("engagement_count")
            .column("shard", &shard)
            .column("person_id", &person)
            .column("type", &kind)
            .matching("shard = {shard} AND person_id = {person_id} AND type = {type}"),
    )?;
    Ok(())
}

/// A person's score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PersonScore {
    /// The person.
    pub person: PersonId,
    /// 0 to 100, exact.
    pub engagement: f64,
}

/// The next people of a shard behind `after` who have a score or have done something that counts, by id.
pub fn scored_in_shard(
    s: &mut dyn Session,
    shard: Shard,
    after: PersonId,
    most: usize,
) -> Result<Vec<PersonScore>, StoreError> {
    let sql = "SELECT p.id, p.engagement FROM person AS p WHERE p.shard = $1 AND p.id > $2 AND (p.engagement <> 0
         OR EXISTS (SELECT 1 FROM engagement_count AS c WHERE c.shard = p.shard AND c.person_id = p.id))
         ORDER BY p.id LIMIT $3";
    s.query_map(sql, params![shard, after, most as i64], read_score)
}

fn read_score(r: &dyn Row) -> Result<PersonScore, StoreError> {
    Ok(PersonScore { person: PersonId(r.int(0)), engagement: r.float(1) })
}

/// The scores of these people, by id.
pub fn scores_of(s: &mut dyn Session, people: &[i64]) -> Result<Vec<PersonScore>, StoreError> {
    s.query_map("SELECT id, engagement FROM person WHERE id {in:1} ORDER BY id", params![people], read_score)
}

/// Writes people's scores; one row per person, by id.
pub fn set_scores(s: &mut dyn Session, rows: &[PersonScore]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let id: Vec<i64> = rows.iter().map(|r| r.person.0).collect();
    let score: Vec<f64> = rows.iter().map(|r| r.engagement).collect();
    s.bulk(
        &Bulk::update("person")
            .column("id", &id)
            .column("engagement", &score)
            .set("engagement = {engagement}")
            .matching("id = {id}"),
    )?;
    Ok(())
}

/// A group as the run scores it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredGroup {
    /// Its id.
    pub id: GroupId,
    /// Its account.
    pub account: AccountId,
    /// Its interest.
    pub interest: DocumentId,
    /// Its completeness.
    pub completeness: Option<f64>,
    /// Its engagement.
    pub engagement: Option<f64>,
    /// Its sum before scaling.
    pub raw: Option<f64>,
}

/// The next groups of a shard behind `after`, by id, those that were put away aside.
pub fn groups_in_shard(
    s: &mut dyn Session,
    shard: Shard,
    after: GroupId,
    most: usize,
) -> Result<Vec<ScoredGroup>, StoreError> {
    let sql = "SELECT id, account_id, interest_id, completeness, engagement, engagement_raw FROM buying_group
         WHERE shard = $1 AND id > $2 AND archived_at IS NULL ORDER BY id LIMIT $3";
    s.query_map(sql, params![shard, after, most as i64], |r| {
        Ok(ScoredGroup {
            id: GroupId(r.int(0)),
            account: AccountId(r.int(1)),
            interest: DocumentId(r.int(2)),
            completeness: r.opt_float(3),
            engagement: r.opt_float(4),
            raw: r.opt_float(5),
        })
    })
}

/// A member with its person's score.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredMember {
    /// The group.
    pub group: GroupId,
    /// The person.
    pub person: PersonId,
    /// The role.
    pub role: String,
    /// The person's score.
    pub engagement: f64,
}

/// The members of these groups who fill a role (neither removed nor gone from the account), by group and person.
pub fn members_of(s: &mut dyn Session, groups: &[i64]) -> Result<Vec<ScoredMember>, StoreError> {
    s.query_map(
        "SELECT m.group_id, m.person_id, m.role, p.engagement FROM group_member AS m
         JOIN buying_group AS g ON g.id = m.group_id JOIN person AS p ON p.id = m.person_id
         JOIN account_person AS tie ON tie.account_id = g.account_id AND tie.person_id = m.person_id
         WHERE m.group_id {in:1} AND NOT m.removed ORDER BY m.group_id, m.person_id",
        params![groups],
        |r| {
            Ok(ScoredMember {
                group: GroupId(r.int(0)),
                person: PersonId(r.int(1)),
                role: r.string(2),
                engagement: r.float(3),
            })
        },
    )
}

/// Writes groups' sums before scaling; one row per group, by id.
pub fn set_group_sums(s: &mut dyn Session, rows: &[(GroupId, f64)]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let id: Vec<i64> = rows.iter().map(|r| r.0.0).collect();
    let raw: Vec<f64> = rows.iter().map(|r| r.1).collect();
    s.bulk(
        &Bulk::update("buying_group")
            .column("id", &id)
            .column("raw", &raw)
            .set("engagement_raw = {raw}")
            .matching("id = {id}"),
    )?;
    Ok(())
}

/// Writes groups' scores; one row per group, by id.
pub fn set_group_scores(s: &mut dyn Session, rows: &[(GroupId, f64)], at: Timestamp) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let id: Vec<i64> = rows.iter().map(|r| r.0.0).collect();
    let score: Vec<f64> = rows.iter().map(|r| r.1).collect();
    s.bulk(
        &Bulk::update("buying_group")
            .column("id", &id)
            .column("engagement", &score)
            .same("updated_at", at)
            .set("engagement = {engagement}, updated_at = {updated_at}")
            .matching("id = {id}"),
    )?;
    Ok(())
}

/// A run over everybody.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// The day up to which activities count.
    pub day: i64,
    /// Name of the formulas.
    pub norm: String,
    /// Key of the weighting model.
    pub model: Option<String>,
    /// Type → normalised weight, JSON.
    pub weights: String,
    /// The largest sum of a person.
    pub largest_person: f64,
    /// The largest sum of a group.
    pub largest_group: f64,
    /// When it began: what was received later did not count.
    pub started_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

/// Writes a run; one of the same day is replaced.
pub fn put_run(s: &mut dyn Session, run: &RunRow) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO engagement_run (day, norm, model, weights, largest_person, largest_group, started_at, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (day) DO UPDATE SET norm = excluded.norm, model = excluded.model, weights = excluded.weights,
             largest_person = excluded.largest_person, largest_group = excluded.largest_group,
             started_at = excluded.started_at, finished_at = excluded.finished_at",
        params![
            run.day,
            &run.norm,
            &run.model,
            crate::Param::json(&run.weights),
            run.largest_person,
            run.largest_group,
            run.started_at,
            run.finished_at
        ],
    )?;
    Ok(())
}

/// The run in force: the newest that is over.
pub fn latest_run(s: &mut dyn Session) -> Result<Option<RunRow>, StoreError> {
    let sql = "SELECT day, norm, model, weights, largest_person, largest_group, started_at, finished_at
         FROM engagement_run WHERE finished_at IS NOT NULL ORDER BY day DESC LIMIT 1";
    s.query_opt(sql, &[], |r| {
        Ok(RunRow {
            day: r.int(0),
            norm: r.string(1),
            model: r.opt_string(2),
            weights: r.string(3),
            largest_person: r.float(4),
            largest_group: r.float(5),
            started_at: r.instant(6),
            finished_at: r.opt_instant(7),
        })
    })
}

/// A subject's scores on one day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreDay {
    /// Group or person id.
    pub subject: i64,
    /// Completeness; of groups alone.
    pub completeness: Option<f64>,
    /// Engagement.
    pub engagement: Option<f64>,
}

/// Keeps the scores of a day; one row per subject, by id. What was kept of the same day is replaced.
pub fn put_score_days(
    s: &mut dyn Session,
    (shard, day, of_people): (Shard, i64, bool),
    norm: &str,
    rows: &[ScoreDay],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let subject: Vec<i64> = rows.iter().map(|r| r.subject).collect();
    let completeness: Vec<Option<f64>> = rows.iter().map(|r| r.completeness).collect();
    let engagement: Vec<Option<f64>> = rows.iter().map(|r| r.engagement).collect();
    s.bulk(
        &Bulk::insert("score_day")
            .same("shard", shard)
            .same("day", day)
            .same("of_people", of_people)
            .column("subject_id", &subject)
            .column("completeness", &completeness)
            .column("engagement", &engagement)
            .same("norm", norm)
            .on_conflict(
                "(shard, day, of_people, subject_id) DO UPDATE SET completeness = excluded.completeness, \
                 engagement = excluded.engagement, norm = excluded.norm",
            ),
    )?;
    Ok(())
}

/// Forgets days of a shard before `day`.
pub fn forget_score_days(s: &mut dyn Session, shard: Shard, day: i64) -> Result<u64, StoreError> {
    s.execute("DELETE FROM score_day WHERE shard = $1 AND day < $2", params![shard, day])
}

/// A day of a subject's history: the day, completeness, engagement, name of the formulas.
pub type PastScore = (i64, Option<f64>, Option<f64>, String);

/// A subject's scores from `day` on, oldest first. Index: `score_day_subject`.
pub fn score_history(
    s: &mut dyn Session,
    of_people: bool,
    subject: i64,
    day: i64,
) -> Result<Vec<PastScore>, StoreError> {
    let sql = "SELECT day, completeness, engagement, norm FROM score_day
         WHERE subject_id = $1 AND of_people = $2 AND day >= $3 ORDER BY day";
    s.query_map(sql, params![subject, of_people, day], |r| Ok((r.int(0), r.opt_float(1), r.opt_float(2), r.string(3))))
}
