//! `caravan groups`: the jobs that keep buying groups, and scoring on demand. What is asked for is done by the runtime.

use caravan_engine::groups::engagement;
use caravan_engine::groups::jobs::{self, Job, JobKind, JobState};
use serde_json::json;

use super::Context;
use crate::failure::{Done, Outcome};
use crate::report;
use crate::wiring::ACTOR;

/// What is done about buying groups.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Create the groups that are missing
    Create(Interests),
    /// Look at all groups again: members by rule, completeness
    Maintain(Interests),
    /// Score everybody now instead of tonight, and wait for it
    Score,
    /// Show the jobs and how far they have come
    Jobs,
}

/// Of which interests.
#[derive(Debug, clap::Args)]
pub struct Interests {
    /// Keys of solution interests; left out: all
    interests: Vec<String>,
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    match verb {
        Verb::Create(of) => ask(context, JobKind::Create, of),
        Verb::Maintain(of) => ask(context, JobKind::Maintain, of),
        Verb::Score => score(context),
        Verb::Jobs => list(context),
    }
}

fn ask(context: &Context, kind: JobKind, of: &Interests) -> Outcome {
    let asked = jobs::run_again(&context.engine()?, kind, &of.interests, ACTOR)?;
    match context.json {
        true => report::json(&json!({ "asked": asked }))?,
        false => {
            report::line(format!("asked for {}: {}", kind.as_str(), asked.join(", ")))?;
            report::line("the runtime does it; without one, `caravan run --until-idle`")?;
        }
    }
    Ok(Done::All)
}

fn score(context: &Context) -> Outcome {
    let engine = context.engine()?;
    let scored = engagement::run(&engine)?;
    match context.json {
        true => report::json(&scored)?,
        false => report::line(format!(
            "{} people are engaged ({} changed), {} groups ({} changed)",
            scored.people, scored.people_changed, scored.groups, scored.groups_changed
        ))?,
    }
    Ok(Done::All)
}

fn list(context: &Context) -> Outcome {
    let jobs = jobs::list(&context.engine()?)?;
    if context.json {
        report::json(&jobs)?;
        return Ok(Done::All);
    }
    let rows: Vec<Vec<String>> = jobs.iter().map(row).collect();
    report::table(&["INTEREST", "JOB", "STATE", "LOOKED AT", "CREATED", "NO NAME", "CHANGED", "LAST RUN"], &rows)?;
    for job in jobs.iter().filter_map(|job| job.problem.as_ref().map(|problem| (job, problem))) {
        eprintln!("caravan: {}: {}", job.0.solution_interest, job.1);
    }
    Ok(Done::All)
}

fn row(job: &Job) -> Vec<String> {
    let state = match job.state {
        JobState::Queued => "queued",
        JobState::Running => "running",
        JobState::Idle => "idle",
        JobState::Failed => "failed",
    };
    vec![
        job.solution_interest.clone(),
        job.kind.as_str().to_owned(),
        state.to_owned(),
        job.looked_at.to_string(),
        job.created.to_string(),
        job.skipped_without_name.to_string(),
        job.changed.to_string(),
        job.last_run_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
    ]
}
