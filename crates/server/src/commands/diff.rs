//! `caravan diff`: what manifests would change, in the terms of whoever wrote them.

use std::path::PathBuf;

use caravan_engine::compare::{Changed, Comparison, compare};
use caravan_engine::definitions::Named;
use caravan_model::document::Fate;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::{manifests, report};

/// What `diff` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifest, or a folder of manifests; - reads standard input
    #[arg(short, long = "file", required = true, value_name = "FILE|DIR")]
    file: Vec<PathBuf>,
    /// Exit with 1 when anything differs
    #[arg(long)]
    exit_code: bool,
}

pub fn run(context: &Context, args: &Args) -> Outcome {
    let texts = manifests::read(&args.file)?;
    let found = compare(&context.engine()?, &texts)?;
    if context.json {
        report::json(&found)?;
    } else {
        print(&found)?;
    }
    let differs = !found.created.is_empty() || !found.changed.is_empty();
    if args.exit_code && differs { Err(Failure::Reported) } else { Ok(Done::All) }
}

fn print(found: &Comparison) -> std::io::Result<()> {
    for Named { kind, key } in &found.created {
        report::line(format!("new      {kind} {key}"))?;
    }
    for Changed { kind, key, differences } in &found.changed {
        report::line(format!("changed  {kind} {key}"))?;
        for difference in differences {
            report::line(format!("  {} {}", sign(difference.fate), difference.words))?;
        }
    }
    let (new, changed, unchanged) = (found.created.len(), found.changed.len(), found.unchanged.len());
    report::line(format!("{new} new, {changed} changed, {unchanged} unchanged"))
}

fn sign(fate: Fate) -> char {
    match fate {
        Fate::Added => '+',
        Fate::Removed => '-',
        Fate::Moved | Fate::Reordered => '>',
        Fate::Changed => '~',
        Fate::Rewritten => '=',
    }
}
