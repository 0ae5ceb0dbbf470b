//! An Rspamd that takes whole messages at `/checkv2` and judges by what stands in them.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use parking_lot::Mutex;
use serde_json::json;

use super::server::Server;

type Refused = Arc<Mutex<Vec<String>>>;

/// A running Rspamd.
pub struct Rspamd {
    server: Server,
    refused: Refused,
}

impl Rspamd {
    /// On a port of its own.
    pub fn start() -> Self {
        let refused = Refused::default();
        let router = Router::new().route("/checkv2", post(judge)).with_state(Arc::clone(&refused));
        Self { server: Server::start(router, 0), refused }
    }

    /// Where it listens on this machine.
    pub fn port(&self) -> u16 {
        self.server.address.port()
    }

    /// What was wrong with questions.
    pub fn refused(&self) -> Vec<String> {
        self.refused.lock().clone()
    }
}

async fn judge(State(refused): State<Refused>, message: Bytes) -> Response {
    let message = String::from_utf8_lossy(&message);
    if !message.starts_with("From: ") || !message.contains("\r\n\r\n") {
        refused.lock().push(format!("`{message}` is no message"));
        return StatusCode::BAD_REQUEST.into_response();
    }
    let score = if message.contains("GTUBE") { 20.0 } else { 1.5 };
    let action = if score > 15.0 { "reject" } else { "no action" };
    let symbol = json!({"name": "A_RULE", "score": score, "description": "A rule"});
    axum::Json(json!({"score": score, "required_score": 15.0, "action": action, "symbols": {"A_RULE": symbol}}))
        .into_response()
}
