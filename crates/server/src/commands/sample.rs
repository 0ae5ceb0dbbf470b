//! `caravan sample`: invented accounts and people as import files, the same for the same seed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use caravan_model::sample::{AccountRow, PersonRow, Sample};
use serde_json::json;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::report;

/// What `sample` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many accounts
    #[arg(long, value_name = "N")]
    accounts: u64,
    /// How many people in each on average
    #[arg(long, value_name = "M", default_value_t = 8)]
    people_per_account: u64,
    /// Everything follows from this number
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "sample")]
    out: PathBuf,
}

/// The most of each that the files may hold.
const MOST: u64 = 100_000_000;

pub fn run(context: &Context, args: &Args) -> Outcome {
    if args.accounts > MOST || args.people_per_account > MOST || args.accounts * args.people_per_account > MOST {
        return Err(Failure::usage("sample_too_large", format!("A sample holds at most {MOST} people.")));
    }
    let sample = Sample { accounts: args.accounts, people_per_account: args.people_per_account, seed: args.seed };
    let (accounts, people) = (args.out.join("accounts.csv"), args.out.join("people.csv"));
    std::fs::create_dir_all(&args.out).map_err(|error| unwritable(&args.out, &error))?;
    let rows = sample.accounts();
    written(&accounts, |to| AccountRow::write_csv(rows, to))?;
    let mut count = 0_u64;
    let rows = sample.people().inspect(|_| count += 1);
    written(&people, |to| PersonRow::write_csv(rows, to))?;
    if context.json {
        report::json(&json!({"accounts": {"rows": args.accounts, "file": accounts},
                             "people": {"rows": count, "file": people}}))?;
    } else {
        report::line(format!("{}  {} accounts", accounts.display(), args.accounts))?;
        report::line(format!("{}  {count} people", people.display()))?;
    }
    Ok(Done::All)
}

fn written(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), Failure> {
    let done = File::create(path).and_then(|file| {
        let mut to = BufWriter::new(file);
        write(&mut to)?;
        to.flush()
    });
    done.map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Failed(anyhow::anyhow!("{} cannot be written: {error}", path.display()))
}
