//! `caravan destination …`: trying destinations, and what stands there.

use caravan_engine::audiences::AudienceState;
use caravan_engine::systems::Systems;
use serde_json::json;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::{report, wiring};

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Try destinations without sending anything; without keys all of them
    Test {
        /// Keys of destinations
        keys: Vec<String>,
    },
    /// Show the audiences of a destination: accounts, state, size, and whether a campaign can use them
    Audiences {
        /// Key of the destination
        key: String,
        /// Ask the other side now
        #[arg(long)]
        refresh: bool,
    },
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    let engine = context.engine()?;
    let sockets = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from)?;
    let systems = Systems::new(&engine, wiring::surroundings(&engine, &sockets, &context.settings));
    match verb {
        Verb::Test { keys } => test(context, &systems, keys),
        Verb::Audiences { key, refresh } => audiences(context, &systems, key, *refresh),
    }
}

fn test(context: &Context, systems: &Systems, keys: &[String]) -> Outcome {
    let keys = if keys.is_empty() { systems.keys("destination")? } else { keys.to_vec() };
    let mut all_well = true;
    for key in keys {
        let tried = systems.check_destination(&key)?;
        let (ok, message) = (tried.is_ok(), tried.unwrap_or_else(|why| why));
        all_well &= ok;
        match context.json {
            true => report::compact(&json!({"key": key, "ok": ok, "message": message}))?,
            false => report::line(format!("{}  {key:<20}{message}", if ok { "ok  " } else { "BAD " }))?,
        }
    }
    if all_well { Ok(Done::All) } else { Err(Failure::Reported) }
}

fn audiences(context: &Context, systems: &Systems, key: &str, refresh: bool) -> Outcome {
    for audience in systems.audiences(key, refresh)? {
        match context.json {
            true => report::compact(&audience)?,
            false => report::line(told(&audience))?,
        }
    }
    Ok(Done::All)
}

fn told(audience: &AudienceState) -> String {
    let AudienceState { name, accounts, waiting, refused, .. } = audience;
    let kept = audience.data_flow.as_ref().map_or_else(String::new, |flow| format!(" (data flow {flow})"));
    let status = audience.status.as_deref().unwrap_or("not asked yet");
    let mut lines = vec![format!("{name}{kept}: {accounts} accounts, {waiting} waiting, {refused} refused · {status}")];
    lines.extend(audience.note.as_ref().map(|note| format!("  {note}")));
    lines.extend(audience.problem.as_ref().map(|problem| format!("  PROBLEM: {problem}")));
    lines.join("\n")
}
