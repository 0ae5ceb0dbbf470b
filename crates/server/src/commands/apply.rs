//! `caravan apply`: manifests into the store, all or nothing.

use std::path::PathBuf;

use caravan_engine::definitions::{self, ApplyOptions, ApplyReport, Named};

use super::Context;
use crate::failure::{Done, Outcome};
use crate::wiring::ACTOR;
use crate::{manifests, report};

/// What `apply` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifest, or a folder of manifests; - reads standard input
    #[arg(short, long = "file", required = true, value_name = "FILE|DIR")]
    file: Vec<PathBuf>,
    /// Say what would happen, change nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context, args: &Args) -> Outcome {
    let texts = manifests::read(&args.file)?;
    let options = ApplyOptions { dry_run: args.dry_run, ..ApplyOptions::default() };
    let applied = definitions::apply(&context.engine()?, &texts, ACTOR, options)?;
    if context.json {
        report::json(&applied)?;
    } else {
        print(&applied, args.dry_run)?;
    }
    Ok(Done::All)
}

fn print(applied: &ApplyReport, dry_run: bool) -> std::io::Result<()> {
    report::findings(&applied.warnings);
    for (word, documents) in [("created", &applied.created), ("changed", &applied.changed)] {
        for Named { kind, key } in documents {
            report::line(format!("{word}  {kind} {key}"))?;
        }
    }
    let (created, changed, unchanged) = (applied.created.len(), applied.changed.len(), applied.unchanged.len());
    let dry = if dry_run { " (a dry run: nothing was changed)" } else { "" };
    report::line(format!("{created} created, {changed} changed, {unchanged} unchanged{dry}"))
}
