//! `caravan connection …`: trying connections, registering external services.

use caravan_engine::systems::Systems;
use serde_json::json;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::{report, wiring};

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Try connections without sending anything; without keys all of them
    Test {
        /// Keys of connections
        keys: Vec<String>,
    },
    /// Read the OpenAPI documents of external actions, so that journeys can call them; without keys all of them
    Register {
        /// Keys of external actions
        keys: Vec<String>,
    },
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    let engine = context.engine()?;
    let sockets = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from)?;
    let systems = Systems::new(&engine, wiring::surroundings(&engine, &sockets, &context.settings));
    let (kind, keys) = match verb {
        Verb::Test { keys } => ("connection", keys),
        Verb::Register { keys } => ("external_action", keys),
    };
    let keys = if keys.is_empty() { systems.keys(kind)? } else { keys.clone() };
    let mut all_well = true;
    for key in keys {
        let (ok, message) = match verb {
            Verb::Test { .. } => {
                let tried = systems.check(&key)?;
                (tried.is_ok(), tried.unwrap_or_else(|why| why))
            }
            Verb::Register { .. } => (true, format!("registered as {}", systems.register(&key)?)),
        };
        all_well &= ok;
        match context.json {
            true => report::compact(&json!({"key": key, "ok": ok, "message": message}))?,
            false => report::line(format!("{}  {key:<20}{message}", if ok { "ok  " } else { "BAD " }))?,
        }
    }
    if all_well { Ok(Done::All) } else { Err(Failure::Reported) }
}
