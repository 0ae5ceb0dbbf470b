//! `caravan merge`: one account or person of two.

use caravan_engine::merge::{self, MergeError, Merged};
use caravan_model::attribute::Subject;
use clap::ValueEnum;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::report;
use crate::wiring::ACTOR;

/// Which two are merged.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What they are
    kind: Kind,
    /// Key of the one that stays
    keep: String,
    /// Key of the one that goes; what it has goes over
    gone: String,
    /// Do it; without this only what would happen is told
    #[arg(long)]
    yes: bool,
}

/// What can be merged.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Two accounts
    Account,
    /// Two people
    Person,
}

pub fn run(context: &Context, args: &Args) -> Outcome {
    let engine = context.engine()?;
    let subject = match args.kind {
        Kind::Account => Subject::Account,
        Kind::Person => Subject::Person,
    };
    let done = match args.yes {
        true => merge::merge(&engine, subject, &args.keep, &args.gone, &format!("manual:{ACTOR}")),
        false => merge::preview(&engine, subject, &args.keep, &args.gone),
    };
    let done = done.map_err(refused)?;
    if context.json {
        report::json(&done)?;
    } else {
        print(&done)?;
        if !args.yes {
            report::line("Nothing was changed. Merging cannot be undone; repeat the command with --yes to do it.")?;
        }
    }
    Ok(Done::All)
}

fn print(done: &Merged) -> std::io::Result<()> {
    let listed = |keys: &[String]| if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
    report::line(format!("{} goes into {}", done.gone, done.keep))?;
    report::line(format!("values taken over: {}", listed(&done.filled)))?;
    report::line(format!("values that differ and stay: {}", listed(&done.kept)))?;
    let counts = [
        ("relations", done.relations),
        ("memberships of lists", done.lists),
        ("buying groups moved", done.groups_moved),
        ("buying groups united", done.groups_united),
        ("places in groups moved", done.members_moved),
        ("places in groups decided", done.members_decided),
        ("scores added up", done.scores),
        ("activities", done.activities),
        ("messages and calls", done.messages),
        ("records", done.records),
        ("trips moved", done.trips_moved),
        ("trips ended", done.trips_ended),
    ];
    for (what, n) in counts.into_iter().filter(|(_, n)| *n > 0) {
        report::line(format!("{n} {what}"))?;
    }
    Ok(())
}

fn refused(error: MergeError) -> Failure {
    match error {
        MergeError::Store(error) => error.into(),
        MergeError::Unknown(..) => Failure::usage("unknown_reference", format!("{error}.")),
        MergeError::Same(_) => Failure::usage("same_subject", format!("{error}. Name another.")),
        MergeError::Busy(_) => Failure::Failed(anyhow::anyhow!("{error}.")),
    }
}
