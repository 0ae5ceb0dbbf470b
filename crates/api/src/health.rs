//! For whoever watches the process: is it alive, can it work, what does it count.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::ApiState;
use crate::access::Gate;
use crate::http::{Answer, Operations, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Health")
        .get("/healthz", Gate::Public, alive, "Whether the process answers")
        .get("/readyz", Gate::Public, ready, "Whether the store can be reached and its schema is up to date")
        .get("/metrics", Gate::Public, metrics, "Counters for Prometheus")
}

/// How it stands.
#[derive(Debug, Serialize, JsonSchema)]
struct Health {
    /// `ok`; otherwise the answer is a problem.
    status: &'static str,
    /// Version of Caravan.
    version: &'static str,
}

const FINE: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

async fn alive() -> Answer<Health> {
    Answer::of(FINE)
}

/// A migration runs before anything is served, so a store that knows our newest table is up to date.
async fn ready(State(state): State<ApiState>) -> Result<Answer<Health>, Problem> {
    state.read(|s| Ok(caravan_store::access::count_users(s)?)).await.map_err(|problem| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "The store cannot be reached, or is not migrated.")
            .header(header::RETRY_AFTER, HeaderValue::from_static("5"))
            .because(&problem)
    })?;
    Ok(Answer::of(FINE))
}

async fn metrics(State(state): State<ApiState>) -> Result<Metrics, Problem> {
    let Some(handle) = state.metrics else {
        return Err(Problem::not_found("metrics_off", "A recorder of metrics"));
    };
    Ok(Metrics(handle.render()))
}

struct Metrics(String);

impl IntoResponse for Metrics {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], self.0).into_response()
    }
}

impl aide::OperationOutput for Metrics {
    type Inner = String;

    fn inferred_responses(
        ctx: &mut aide::generate::GenContext,
        operation: &mut aide::openapi::Operation,
    ) -> Vec<(Option<aide::openapi::StatusCode>, aide::openapi::Response)> {
        String::inferred_responses(ctx, operation)
    }
}
