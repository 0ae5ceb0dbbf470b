//! `caravan worker`: runtime and delivery without API and app; health and metrics for whoever watches it.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use caravan_engine::Engine;
use serde_json::json;

use super::Context;
use crate::failure::{Done, Outcome};
use crate::report;
use crate::web;
use crate::wiring::Running;

/// The address when nobody names one: beside a server on the same machine.
pub const LISTEN: &str = "127.0.0.1:8081";

/// What `worker` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address for /healthz, /readyz and /metrics
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
    pub listen: String,
}

pub fn run(context: &Context) -> Outcome {
    let running = Running::begin(&context.settings)?;
    let (listener, address) = web::bind(context.settings.listen)?;
    let public_url = context.settings.public_url.clone().unwrap_or_else(|| web::url_of(address));
    if context.settings.public_url.is_none() {
        tracing::warn!("no --public-url: links in messages lead to {public_url}, where a worker answers none");
    }
    let metrics = web::metrics()?;
    let router = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|| async move { metrics.render() }))
        .with_state(running.engine.clone());
    let loops = running.start(&public_url)?;
    tracing::info!(%address, store = %context.settings.place, "working");
    if context.json {
        report::compact(&json!({ "url": web::url_of(address) }))?;
    } else {
        report::line(format!("Caravan works on {}, health at {}", context.settings.place, web::url_of(address)))?;
    }
    running.sockets.block_on(web::serve(listener, router))?;
    drop(loops);
    Ok(Done::All)
}

async fn ready(State(engine): State<Engine>) -> (StatusCode, &'static str) {
    match tokio::task::spawn_blocking(move || engine.store().ping()).await {
        Ok(Ok(())) => (StatusCode::OK, "ok"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be reached"),
    }
}
