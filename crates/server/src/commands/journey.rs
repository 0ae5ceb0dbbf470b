//! `caravan journey`: the life of journeys, and what happened to their travellers.

use caravan_engine::lifecycle::{self, Published};
use serde_json::json;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::report;
use crate::wiring::ACTOR;

/// What is done to journeys.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Freeze the drafts as new versions and let travellers in; several are published together, all or none
    Publish(Keys),
    /// Move nobody and send nothing; events keep arriving and count
    Pause(Keys),
    /// Go on after a pause; what became due meanwhile is due now
    Resume(Keys),
    /// Take nobody in any more; travellers inside go on
    Close(Keys),
    /// Stop every traveller where it stands, for good
    Abort(Keys),
}

/// Which journeys.
#[derive(Debug, clap::Args)]
pub struct Keys {
    /// Keys of the journeys
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    match verb {
        Verb::Publish(keys) => publish(context, &keys.keys),
        Verb::Pause(keys) => command(context, &keys.keys, lifecycle::Verb::Pause, "paused"),
        Verb::Resume(keys) => command(context, &keys.keys, lifecycle::Verb::Resume, "resumed"),
        Verb::Close(keys) => command(context, &keys.keys, lifecycle::Verb::Close, "closed to new entries"),
        Verb::Abort(keys) => command(context, &keys.keys, lifecycle::Verb::Abort, "aborted"),
    }
}

fn publish(context: &Context, keys: &[String]) -> Outcome {
    let published = lifecycle::publish(&context.engine()?, keys, ACTOR).map_err(Failure::refused)?;
    if context.json {
        report::json(&published)?;
        return Ok(Done::All);
    }
    let mut shown = Vec::new();
    for Published { key, version, state, warnings } in &published {
        // Journeys published together carry each other's warnings.
        let new: Vec<_> = warnings.iter().filter(|warning| !shown.contains(*warning)).cloned().collect();
        report::findings(&new);
        shown.extend(new);
        report::line(format!("{key} version {version} is {state}"))?;
    }
    Ok(Done::All)
}

/// One after another: those before one that is refused stay done, and were said.
fn command(context: &Context, keys: &[String], verb: lifecycle::Verb, done: &str) -> Outcome {
    let engine = context.engine()?;
    let mut all = Vec::new();
    for key in keys {
        lifecycle::command(&engine, key, verb, ACTOR).map_err(Failure::refused)?;
        if !context.json {
            report::line(format!("{key} is {done}"))?;
        }
        all.push(json!({ "key": key }));
    }
    if context.json {
        report::json(&all)?;
    }
    Ok(Done::All)
}
