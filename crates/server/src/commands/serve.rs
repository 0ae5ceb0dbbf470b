//! `caravan serve`: API, web app and runtime in one process.

use std::sync::Arc;

use caravan_api::ApiState;
use caravan_model::Random;
use serde_json::json;

use super::Context;
use crate::failure::{Done, Outcome};
use crate::report;
use crate::web;
use crate::wiring::Running;

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen on; port 0 takes a free one [env: CARAVAN_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
}

pub fn run(context: &Context) -> Outcome {
    let running = Running::begin(&context.settings)?;
    let (listener, address) = web::bind(context.settings.listen)?;
    let url = web::url_of(address);
    let public_url = context.settings.public_url.clone().unwrap_or_else(|| url.clone());
    let mut state = ApiState::new(running.engine.clone(), Random::System, &public_url);
    state.signing = Some(running.signing.clone());
    state.fetch = Some(running.fetch());
    state.systems = Some(running.systems());
    state.dispatcher = Some(Arc::new(running.dispatcher(&public_url)));
    state.metrics = Some(web::metrics()?);
    let router = caravan_api::router(state);
    let loops = running.start(&public_url)?;
    tracing::info!(%url, store = %context.settings.place, "serving");
    if context.json {
        report::compact(&json!({ "url": url }))?;
    } else {
        report::line(format!("Caravan serves {} at {url}", context.settings.place))?;
    }
    running.sockets.block_on(web::serve(listener, router))?;
    drop(loops);
    Ok(Done::All)
}
