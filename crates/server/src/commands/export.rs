//! `caravan export`: definitions back as manifests.

use caravan_engine::definitions;
use caravan_model::document::{DocumentKind, KINDS, to_yaml};
use caravan_model::suggest::did_you_mean;
use serde_json::Value;

use super::Context;
use crate::failure::{Done, Failure, Outcome};
use crate::report;

/// What `export` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this kind
    kind: Option<String>,
    /// Only this one
    key: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Outcome {
    let kind = args.kind.as_deref().map(kind).transpose()?;
    let documents = definitions::export(&context.engine()?, kind, args.key.as_deref()).map_err(Failure::refused)?;
    let values = documents.iter().map(|document| document.to_value()).collect::<Result<Vec<Value>, _>>();
    let values = values.map_err(anyhow::Error::from)?;
    if context.json {
        report::json(&values)?;
    } else {
        let documents: Vec<String> = values.iter().map(to_yaml).collect();
        report::text(&documents.join("---\n"))?;
    }
    Ok(Done::All)
}

fn kind(written: &str) -> Result<DocumentKind, Failure> {
    DocumentKind::from_key(written).or_else(|| DocumentKind::from_plural(written)).ok_or_else(|| {
        let meant = did_you_mean(written, KINDS.iter().map(|kind| kind.key()));
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.key()).collect();
        let message = format!("There is no kind `{written}`.{meant} There are: {}.", known.join(", "));
        Failure::usage("unknown_kind", message)
    })
}
