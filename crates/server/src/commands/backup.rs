//! `caravan backup`, `caravan restore`: the embedded store as one file, and back.

use std::path::PathBuf;

use caravan_store::backup::{self, BackupError};
use serde_json::json;

use super::Context;
use crate::config::Place;
use crate::failure::{Done, Failure, Outcome};
use crate::{report, wiring};

/// The file of a backup.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The backup
    file: PathBuf,
}

/// Writes a backup, beside a running server too.
pub fn back_up(context: &Context, args: &Args) -> Outcome {
    let engine = context.engine()?;
    engine.store().back_up(&args.file).map_err(refused)?;
    let bytes = std::fs::metadata(&args.file)?.len();
    if context.json {
        report::json(&json!({"file": args.file, "bytes": bytes}))?;
    } else {
        report::line(format!("{}: {:.1} MB, everything of this moment", args.file.display(), bytes as f64 / 1e6))?;
    }
    Ok(Done::All)
}

/// Makes a store of a backup.
pub fn restore(context: &Context, args: &Args) -> Outcome {
    let Place::Directory(directory) = &context.settings.place else { return Err(refused(BackupError::Server)) };
    backup::restore(&args.file, directory).map_err(refused)?;
    let store = wiring::open(&context.settings.place)?;
    store.migrate()?;
    if context.json {
        report::json(&json!({"data": directory}))?;
    } else {
        report::line(format!(
            "{} is the store that was backed up. Do not run the original beside it: both would send what is due.",
            directory.display()
        ))?;
    }
    Ok(Done::All)
}

fn refused(error: BackupError) -> Failure {
    let code = match &error {
        BackupError::Store(_) | BackupError::Files { .. } => return Failure::Failed(error.into()),
        BackupError::Server => "embedded_only",
        BackupError::FileThere(_) | BackupError::StoreThere(_) => "exists_already",
        BackupError::NoBackup { .. } => "not_a_backup",
    };
    Failure::usage(code, format!("{error}."))
}
