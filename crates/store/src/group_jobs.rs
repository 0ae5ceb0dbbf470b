//! The jobs that keep buying groups: how often each was asked for, and what came of it shard by shard.

use caravan_model::{DocumentId, Shard};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// A job is asked for once more. Returns the number of its run.
pub fn ask(s: &mut dyn Session, interest: DocumentId, kind: &str, by: &str, at: Timestamp) -> Result<i64, StoreError> {
    s.query_int(
        "INSERT INTO group_job (interest_id, kind, run, asked_at, asked_by) VALUES ($1, $2, 1, $3, $4)
         ON CONFLICT (interest_id, kind) DO UPDATE SET run = group_job.run + 1, asked_at = excluded.asked_at,
             asked_by = excluded.asked_by
         RETURNING run",
        params![interest, kind, at, by],
    )
}

/// What a step did for a job in one shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// The run that asked for it; 0: it followed by itself.
    pub run: i64,
    /// Accounts or groups looked at.
    pub looked_at: i64,
    /// Groups created.
    pub created: i64,
    /// Accounts that got no group because they have no name.
    pub skipped: i64,
    /// Groups whose members changed.
    pub changed: i64,
    /// The shard is done.
    pub done: bool,
}

/// Adds what a step did; the step holds the shards. A newer run begins at 0. One row per job and shard.
pub fn advance(
    s: &mut dyn Session,
    rows: &[((DocumentId, &'static str, Shard), Progress)],
    at: Timestamp,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let interest: Vec<i64> = rows.iter().map(|(job, _)| job.0.0).collect();
    let kind: Vec<&str> = rows.iter().map(|(job, _)| job.1).collect();
    let shard: Vec<i64> = rows.iter().map(|(job, _)| job.2.0).collect();
    let run: Vec<i64> = rows.iter().map(|(_, p)| p.run).collect();
    let at = caravan_model::clock::to_micros(at);
    let done_at: Vec<Option<i64>> = rows.iter().map(|(_, p)| p.done.then_some(at)).collect();
    let looked_at: Vec<i64> = rows.iter().map(|(_, p)| p.looked_at).collect();
    let created: Vec<i64> = rows.iter().map(|(_, p)| p.created).collect();
    let skipped: Vec<i64> = rows.iter().map(|(_, p)| p.skipped).collect();
    let changed: Vec<i64> = rows.iter().map(|(_, p)| p.changed).collect();
    s.bulk(
        &Bulk::insert("group_job_shard")
            .column("interest_id", &interest)
            .column("kind", &kind)
            .column("shard", &shard)
            .column("run", &run)
            .column("done_at", &done_at)
            .column("looked_at", &looked_at)
            .column("created", &created)
            .column("skipped", &skipped)
            .column("changed", &changed)
            .on_conflict(ADDED),
    )?;
    Ok(())
}

const ADDED: &str = "(interest_id, kind, shard) DO UPDATE SET \
    done_at = CASE WHEN excluded.run > group_job_shard.run THEN excluded.done_at \
        ELSE COALESCE(excluded.done_at, group_job_shard.done_at) END, \
    looked_at = excluded.looked_at + CASE WHEN excluded.run > group_job_shard.run THEN 0 ELSE group_job_shard.looked_at END, \
    created = excluded.created + CASE WHEN excluded.run > group_job_shard.run THEN 0 ELSE group_job_shard.created END, \
    skipped = excluded.skipped + CASE WHEN excluded.run > group_job_shard.run THEN 0 ELSE group_job_shard.skipped END, \
    changed = excluded.changed + CASE WHEN excluded.run > group_job_shard.run THEN 0 ELSE group_job_shard.changed END, \
    run = CASE WHEN excluded.run > group_job_shard.run THEN excluded.run ELSE group_job_shard.run END";

/// A job with what its latest run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// Its interest.
    pub interest: DocumentId,
    /// `create` or `maintain`.
    pub kind: String,
    /// How often it was asked for.
    pub run: i64,
    /// When last.
    pub asked_at: Timestamp,
    /// By whom.
    pub asked_by: String,
    /// Shards that the latest run has begun.
    pub shards_begun: i64,
    /// Shards that it is done with.
    pub shards_done: i64,
    /// When it did something last.
    pub done_at: Option<Timestamp>,
    /// Accounts or groups looked at.
    pub looked_at: i64,
    /// Groups created.
    pub created: i64,
    /// Accounts passed over because they have no name.
    pub skipped: i64,
    /// Groups whose members changed.
    pub changed: i64,
}

/// All jobs, by interest and kind.
pub fn all(s: &mut dyn Session) -> Result<Vec<JobRow>, StoreError> {
    let sum = |column: &str| format!("CAST(COALESCE(SUM(p.{column}), 0) AS BIGINT)");
    let sql = format!(
        "SELECT j.interest_id, j.kind, j.run, j.asked_at, j.asked_by, COUNT(p.shard), COUNT(p.done_at), MAX(p.done_at),
             {}, {}, {}, {}
         FROM group_job AS j LEFT JOIN group_job_shard AS p
             ON p.interest_id = j.interest_id AND p.kind = j.kind AND p.run = j.run
         GROUP BY j.interest_id, j.kind, j.run, j.asked_at, j.asked_by ORDER BY j.interest_id, j.kind",
        sum("looked_at"),
        sum("created"),
        sum("skipped"),
        sum("changed")
    );
    s.query_map(&sql, &[], |r| {
        Ok(JobRow {
            interest: DocumentId(r.int(0)),
            kind: r.string(1),
            run: r.int(2),
            asked_at: r.instant(3),
            asked_by: r.string(4),
            shards_begun: r.int(5),
            shards_done: r.int(6),
            done_at: r.opt_instant(7),
            looked_at: r.int(8),
            created: r.int(9),
            skipped: r.int(10),
            changed: r.int(11),
        })
    })
}

/// Forgets the jobs of an interest that is gone.
pub fn forget(s: &mut dyn Session, interest: DocumentId) -> Result<(), StoreError> {
    s.execute("DELETE FROM group_job WHERE interest_id = $1", params![interest])?;
    s.execute("DELETE FROM group_job_shard WHERE interest_id = $1", params![interest])?;
    Ok(())
}

/// Whether any of these kinds of work waits in an inbox.
pub fn waiting(s: &mut dyn Session, kinds: &[&str]) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM inbox WHERE kind {in:1} LIMIT 1", params![kinds])
}

/// Under which the daily run is kept.
pub const DAILY: &str = "groups_daily";

/// When the daily run is due and how far it has come; none: it has never been planned.
pub fn daily(s: &mut dyn Session) -> Result<Option<(Timestamp, Option<String>)>, StoreError> {
    let sql = "SELECT due_at, body FROM job WHERE name = $1 AND slice = 0";
    s.query_opt(sql, params![DAILY], |r| Ok((r.instant(0), r.opt_string(1))))
}

/// Plans the daily run.
pub fn plan_daily(s: &mut dyn Session, at: Timestamp, phase: Option<&str>) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO job (name, slice, due_at, body) VALUES ($1, 0, $2, $3)
         ON CONFLICT (name, slice) DO UPDATE SET due_at = excluded.due_at, body = excluded.body",
        params![DAILY, at, phase],
    )?;
    Ok(())
}

/// Takes the right to do what is due until `until`; false when somebody else has it.
pub fn claim_daily(s: &mut dyn Session, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE job SET due_at = $3 WHERE name = $1 AND slice = 0 AND due_at <= $2";
    Ok(s.execute(sql, params![DAILY, now, until])? == 1)
}
