//! `caravan copy`: a whole store to another place.

use caravan_store::copy::{Copied, CopyError};
use caravan_store::{OpenOptions, Store};
use serde_json::json;

use super::Context;
use crate::config::Place;
use crate::failure::{Done, Failure, Outcome};
use crate::report;

/// Longer than any single statement of a copy should take.
const STATEMENT: std::time::Duration = std::time::Duration::from_secs(3_600);

/// From where to where.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Data directory, or address of a PostgreSQL database; nothing may run on it
    #[arg(long, value_name = "PLACE")]
    from: String,
    /// New data directory, or address of an empty PostgreSQL database
    #[arg(long, value_name = "PLACE")]
    to: String,
}

pub fn run(context: &Context, args: &Args) -> Outcome {
    let (from, to) = (Place::written(&args.from), Place::written(&args.to));
    if let Place::Directory(directory) = &from
        && !Store::is_in(directory)
    {
        return Err(Failure::usage("no_store", format!("There is no store in {}.", directory.display())));
    }
    let source = open(&from)?;
    // What moves on in the original while it is copied would be missing, and two of one would send twice.
    let _still = source.try_lock_runtime()?;
    let target = open(&to)?;
    let copied = source.copy_whole(&target).map_err(refused)?;
    print(context, &copied, &to)
}

fn open(place: &Place) -> Result<Store, Failure> {
    let options = OpenOptions { statement_timeout: STATEMENT, ..OpenOptions::default() };
    let store = match place {
        Place::Directory(path) => Store::open_sqlite(path, options)?,
        Place::Database(url) => Store::open_postgres(url, options)?,
    };
    store.migrate()?;
    Ok(store)
}

fn print(context: &Context, copied: &[Copied], to: &Place) -> Outcome {
    if context.json {
        report::json(&json!({"to": to.to_string(), "tables": copied}))?;
        return Ok(Done::All);
    }
    let filled = copied.iter().filter(|table| table.rows > 0);
    let rows: Vec<Vec<String>> = filled.map(|table| vec![table.table.clone(), table.rows.to_string()]).collect();
    report::table(&["table", "rows"], &rows)?;
    let all: u64 = copied.iter().map(|table| table.rows).sum();
    report::line(format!("{all} rows are in {to}, compared and the same. Start Caravan there, not on the original."))?;
    Ok(Done::All)
}

fn refused(error: CopyError) -> Failure {
    match error {
        CopyError::NotEmpty(_) => Failure::usage("not_empty", format!("{error}.")),
        CopyError::BothServers => Failure::usage("both_servers", format!("{error}.")),
        error @ (CopyError::Store(_) | CopyError::Differs { .. }) => Failure::Failed(error.into()),
    }
}
