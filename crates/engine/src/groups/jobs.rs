//! The jobs that keep groups: creating those that are missing and maintaining those that there are. Both go on by
//! themselves as accounts and people change; each can be asked for as the repair, and is asked for once a day.

use std::collections::BTreeMap;

use caravan_catalog::definitions::Interest;
use caravan_model::document::DocumentKind;
use caravan_model::suggest::did_you_mean;
use caravan_model::{DocumentId, Finding, SHARDS, Shard};
use caravan_store::group_jobs::{self as stored, JobRow, Progress};
use caravan_store::{Session, StoreError, step};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Engine;
use crate::definitions::DefinitionError;
use crate::inbox::Command;
use crate::live::Live;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Creates the groups that are missing.
    Create,
    /// Decides members by rule anew, where the interest says so, and works completeness out again.
    Maintain,
}

impl JobKind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Maintain => "maintain",
        }
    }

    fn command(self, interest: DocumentId, reassign: bool, run: i64) -> Command {
        match self {
            Self::Create => Command::CreateGroups { interest, after: 0, run },
            Self::Maintain => Command::MaintainGroups { interest, reassign, after: 0, run },
        }
    }
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It was asked for; no step has begun it.
    Queued,
    /// Steps are at it.
    Running,
    /// It is done and goes on by itself as accounts and people change.
    Idle,
    /// It cannot be done; `problem` says why.
    Failed,
}

/// A job of an interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Job {
    /// Key of the solution interest.
    pub solution_interest: String,
    /// What it does.
    pub kind: JobKind,
    /// Whose accounts get groups: `account_list KEY` or `audience KEY`; none for maintenance.
    pub accounts: Option<String>,
    /// How far its latest run has come.
    pub state: JobState,
    /// Why it cannot be done.
    pub problem: Option<String>,
    /// How often it was asked for.
    pub run: i64,
    /// When it was asked for last.
    pub asked_at: Timestamp,
    /// By whom: a user, `daily`, or `definitions` when they changed.
    pub asked_by: String,
    /// When it did something last.
    pub last_run_at: Option<Timestamp>,
    /// Accounts, or groups, that the latest run looked at.
    pub looked_at: i64,
    /// Groups created since it began.
    pub created: i64,
    /// Accounts passed over because they have no name.
    pub skipped_without_name: i64,
    /// Groups whose members changed.
    pub changed: i64,
}

/// Asks for a job of an interest. Interests without `create_for` have nothing to create.
pub(crate) fn ask(
    s: &mut dyn Session,
    interest: DocumentId,
    kind: JobKind,
    reassign: bool,
    by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let run = stored::ask(s, interest, kind.as_str(), by, now)?;
    step::insert_inbox(s, &kind.command(interest, reassign, run).to_all(now))
}

/// Asks for the jobs of every interest that runs.
pub(crate) fn ask_all(s: &mut dyn Session, live: &Live, by: &str, now: Timestamp) -> Result<(), StoreError> {
    let mut interests: Vec<&Interest> = live.interests.values().collect();
    interests.sort_by_key(|interest| interest.id);
    for interest in interests {
        ask(s, interest.id, JobKind::Maintain, interest.update_existing, by, now)?;
        if interest.create_for.is_some() {
            ask(s, interest.id, JobKind::Create, false, by, now)?;
        }
    }
    Ok(())
}

/// Does a job again, for these interests; for all that there are when none is named. Maintenance that is asked for by hand
/// decides members anew only where the interest says so.
///
/// # Errors
/// An interest that is not there, cannot run, or has nothing to create.
pub fn run_again(
    engine: &Engine,
    kind: JobKind,
    interests: &[String],
    actor: &str,
) -> Result<Vec<String>, DefinitionError> {
    let asked = engine.store().write(|s| {
        let live = engine.live(s)?;
        let now = s.now()?;
        let mut chosen = Vec::new();
        for key in interests {
            chosen.push(chosen_interest(&live, kind, key)?);
        }
        if interests.is_empty() {
            chosen.extend(live.interests.values().filter(|i| kind == JobKind::Maintain || i.create_for.is_some()));
            chosen.sort_by_key(|interest| interest.id);
        }
        for interest in &chosen {
            ask(s, interest.id, kind, interest.update_existing, actor, now)?;
        }
        Ok::<_, DefinitionError>(chosen.into_iter().map(|interest| interest.key.clone()).collect())
    })?;
    engine.poke();
    Ok(asked)
}

fn chosen_interest<'a>(live: &'a Live, kind: JobKind, key: &str) -> Result<&'a Interest, DefinitionError> {
    let known = live.definitions.get(DocumentKind::SolutionInterest, key).ok_or_else(|| {
        let keys = live.definitions.of_kind(DocumentKind::SolutionInterest).map(|d| d.key.as_str());
        let hint = did_you_mean(key, keys);
        Finding::error("unknown_definition", "", format!("There is no solution interest `{key}`.{hint}"))
    })?;
    let interest = match live.interests.get(&known.id) {
        Some(interest) => interest,
        None => return Err(DefinitionError::Findings(live.definitions.interest(key, "").err().unwrap_or_default())),
    };
    if kind == JobKind::Create && interest.create_for.is_none() {
        let message = format!("`{key}` says for no accounts that they get groups. Give it a `create_for`.");
        return Err(Finding::error("nothing_to_create", "", message).into());
    }
    Ok(interest)
}

/// All jobs, by interest.
///
/// # Errors
/// The store's.
pub fn list(engine: &Engine) -> Result<Vec<Job>, StoreError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let jobs = stored::all(s)?;
        let mut jobs: Vec<Job> = jobs.into_iter().filter_map(|row| job(&live, row)).collect();
        jobs.sort_by(|a, b| (&a.solution_interest, a.kind).cmp(&(&b.solution_interest, b.kind)));
        Ok(jobs)
    })
}

fn job(live: &Live, row: JobRow) -> Option<Job> {
    let definition = live.definitions.of_kind(DocumentKind::SolutionInterest).find(|d| d.id == row.interest)?;
    let problem = live
        .definitions
        .interest(&definition.key, "")
        .err()
        .map(|findings| findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>().join(" "));
    let state = match (&problem, row.shards_begun, row.shards_done) {
        (Some(_), ..) => JobState::Failed,
        (None, 0, _) => JobState::Queued,
        (None, _, SHARDS) => JobState::Idle,
        _ => JobState::Running,
    };
    let kind = if row.kind == JobKind::Create.as_str() { JobKind::Create } else { JobKind::Maintain };
    let accounts = definition.body.get("create_for").and_then(|of| of.as_object()).and_then(|of| {
        let (kind, key) = of.iter().next()?;
        Some(format!("{kind} {}", key.as_str()?))
    });
    Some(Job {
        solution_interest: definition.key.clone(),
        kind,
        accounts: accounts.filter(|_| kind == JobKind::Create),
        state,
        problem,
        run: row.run,
        asked_at: row.asked_at,
        asked_by: row.asked_by,
        last_run_at: row.done_at,
        looked_at: row.looked_at,
        created: row.created,
        skipped_without_name: row.skipped,
        changed: row.changed,
    })
}

/// What a step did for jobs, by interest, kind and shard.
#[derive(Debug, Default)]
pub(crate) struct Done(BTreeMap<(DocumentId, JobKind, Shard), Progress>);

impl Done {
    /// The figures of one job in one shard, to add to.
    pub(crate) fn of(&mut self, interest: DocumentId, kind: JobKind, shard: Shard) -> &mut Progress {
        self.0.entry((interest, kind, shard)).or_default()
    }

    pub(crate) fn save(self, s: &mut dyn Session, now: Timestamp) -> Result<(), StoreError> {
        let rows = self.0.into_iter().map(|((interest, kind, shard), p)| ((interest, kind.as_str(), shard), p));
        stored::advance(s, &rows.collect::<Vec<_>>(), now)
    }
}
