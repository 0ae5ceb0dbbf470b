//! `caravan webhook …`: signing secrets of outgoing webhooks.

use caravan_engine::webhooks;
use caravan_model::Random;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::report;
use crate::wiring::ACTOR;

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Make a new signing secret and show it, this once; the former one signs beside it for a day
    Secret {
        /// Key of the webhook
        key: String,
    },
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    let Verb::Secret { key } = verb;
    let made = webhooks::rotate_secret(&context.engine()?, key, &Random::System, ACTOR).map_err(Failure::refused)?;
    if context.json {
        report::json(&made)?;
    } else {
        report::line(&made.secret)?;
        if let Some(ends) = made.former_ends_at {
            report::line(format!("The former secret signs beside it until {ends:.0}."))?;
        }
    }
    Ok(Done::All)
}
