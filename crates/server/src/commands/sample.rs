//! `caravan sample`: invented accounts, people and opportunities as import files, with manifests that fit them; the same for
//! the same seed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use caravan_model::sample::{AccountRow, OpportunityRow, PersonRow, Sample};
use serde_json::json;

use super::Context;
use crate::demo::GROUPS_AND_LISTS;
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
    let opportunities = args.out.join("opportunities.csv");
    let mut deals = 0_u64;
    let rows = sample.opportunities().inspect(|_| deals += 1);
    written(&opportunities, |to| OpportunityRow::write_csv(rows, to))?;
    let manifests = args.out.join("manifests");
    std::fs::create_dir_all(&manifests).map_err(|error| unwritable(&manifests, &error))?;
    for (name, text) in GROUPS_AND_LISTS {
        written(&manifests.join(name), |to| to.write_all(text.as_bytes()))?;
    }
    if context.json {
        report::json(&json!({"accounts": {"rows": args.accounts, "file": accounts},
                             "people": {"rows": count, "file": people},
                             "opportunities": {"rows": deals, "file": opportunities},
                             "manifests": manifests}))?;
    } else {
        report::line(format!("{}  {} accounts", accounts.display(), args.accounts))?;
        report::line(format!("{}  {count} people", people.display()))?;
        report::line(format!("{}  {deals} opportunities", opportunities.display()))?;
        report::line(format!("{}  roles, stages, interests and lists", manifests.display()))?;
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
