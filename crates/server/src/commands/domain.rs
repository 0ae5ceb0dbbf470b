//! `caravan domain …`: sending domains, looked up in the DNS.

use caravan_connect::dns::RecordState;
use caravan_engine::deliver::DomainCheck;
use caravan_engine::systems::Systems;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::{report, wiring};

/// What can be done.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Look sending domains up in the DNS: signatures, return path, policy; without keys all of them
    Check {
        /// Keys of sending domains
        keys: Vec<String>,
    },
}

pub fn run(context: &Context, verb: &Verb) -> Outcome {
    let Verb::Check { keys } = verb;
    let engine = context.engine()?;
    let sockets = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from)?;
    let systems = Systems::new(&engine, wiring::surroundings(&engine, &sockets, &context.settings));
    let keys = if keys.is_empty() { systems.keys("sending_domain")? } else { keys.clone() };
    let mut all_well = true;
    for key in keys {
        let checked = systems.check_domain(&key).map_err(Failure::refused)?;
        all_well &= checked.well;
        match context.json {
            true => report::compact(&checked)?,
            false => print(&checked)?,
        }
    }
    if all_well { Ok(Done::All) } else { Err(Failure::Reported) }
}

fn print(checked: &DomainCheck) -> std::io::Result<()> {
    report::line(&checked.key)?;
    for record in &checked.records {
        report::line(format!("{}  {:<6}{}: {}", mark(record.state), record.record_type, record.name, record.message))?;
        if !matches!(record.state, RecordState::Good) {
            report::line(format!("      must be  {}", record.expected))?;
            for found in &record.found {
                report::line(format!("      found    {found}"))?;
            }
        }
    }
    Ok(())
}

fn mark(state: RecordState) -> &'static str {
    match state {
        RecordState::Good => "ok  ",
        RecordState::Note => "note",
        RecordState::Missing | RecordState::Wrong | RecordState::Unknown => "BAD ",
    }
}
