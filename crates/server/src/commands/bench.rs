//! `caravan bench`: how fast this machine runs journeys and takes people in, on a scratch store.

use super::Context;
use crate::bench;
use crate::config::Place;
use crate::failure::{Done, Failure, Outcome};
use crate::report;

pub use crate::bench::Args;

pub fn run(context: &Context, args: &Args) -> Outcome {
    let database = match &context.settings.place {
        Place::Database(url) => Some(url.as_str()),
        Place::Directory(_) => None,
    };
    let measured = bench::run(args, database).map_err(Failure::Failed)?;
    if context.json {
        match measured.as_slice() {
            [one] => report::json(one)?,
            all => report::json(&all)?,
        }
    } else {
        measured.iter().try_for_each(|one| report::text(&one.to_string()))?;
    }
    Ok(Done::All)
}
