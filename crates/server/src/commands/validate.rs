//! `caravan validate`: manifests checked by themselves.

use std::path::PathBuf;

use caravan_engine::definitions;
use caravan_model::{Clock, Finding};
use serde_json::json;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::{manifests, report};

/// What `validate` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifest, or a folder of manifests; - reads standard input
    #[arg(short, long = "file", required = true, value_name = "FILE|DIR")]
    file: Vec<PathBuf>,
}

pub fn run(context: &Context, args: &Args) -> Outcome {
    let texts = manifests::read(&args.file)?;
    let findings = definitions::validate(&texts, Clock::System.now(), context.settings.public_url.as_deref());
    if findings.iter().any(Finding::is_error) {
        return Err(Failure::Invalid(findings));
    }
    if context.json {
        report::json(&json!({ "findings": findings }))?;
    } else {
        report::findings(&findings);
        report::line(format!("{} checked, no errors", report::count(texts.len(), "file", "files")))?;
    }
    Ok(Done::All)
}
