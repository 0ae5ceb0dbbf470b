//! Counts as they change, as server-sent events. One reader per journey asks the store, whoever listens.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use caravan_engine::status;
use futures_util::{Stream, StreamExt, stream};
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;

use crate::ApiState;
use crate::access::Permission;
use crate::http::{Operations, Problem, Query};

/// How often a journey's counts are read at most.
const EVERY: Duration = Duration::from_secs(1);
/// Proxies close connections that are silent for longer.
const SILENT_AT_MOST: Duration = Duration::from_secs(15);

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Journeys").get(
        "/api/v1/events/stream",
        Permission::ReadDefinitions,
        follow_status,
        "Counts of a journey as they change: server-sent events named `status`, each with the whole status",
    )
}

/// The journeys that somebody looks at, each with its latest counts as JSON.
#[derive(Debug, Default)]
pub struct Streams {
    open: Mutex<HashMap<String, watch::Receiver<Arc<str>>>>,
}

#[derive(Deserialize, JsonSchema)]
struct StreamQuery {
    /// The journey's key.
    journey: String,
}

struct Counts(Response);

async fn follow_status(State(state): State<ApiState>, Query(query): Query<StreamQuery>) -> Result<Counts, Problem> {
    let first = read(&state, &query.journey).await?;
    let events = changes(listen(&state, query.journey, first)).map(as_event);
    Ok(Counts(answer(events)))
}

/// What is known now, then each change; it ends when nobody reads on.
fn changes(mut counts: watch::Receiver<Arc<str>>) -> impl Stream<Item = Arc<str>> {
    counts.mark_changed();
    stream::unfold(counts, |mut counts| async move {
        counts.changed().await.ok()?;
        let now = Arc::clone(&counts.borrow_and_update());
        Some((now, counts))
    })
}

fn as_event(status: Arc<str>) -> Result<Event, Infallible> {
    Ok(Event::default().event("status").data(&*status))
}

fn answer(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(SILENT_AT_MOST));
    // Buffering proxies would hold events back.
    ([("x-accel-buffering", "no")], events).into_response()
}

async fn read(state: &ApiState, journey: &str) -> Result<Arc<str>, Problem> {
    let journey = journey.to_owned();
    let read = state.blocking(move |engine| {
        let status = status::status(engine, &journey)?;
        serde_json::to_string(&status).map_err(Problem::internal)
    });
    Ok(read.await?.into())
}

/// Joins whoever looks at the journey already, or begins to read its counts.
fn listen(state: &ApiState, journey: String, first: Arc<str>) -> watch::Receiver<Arc<str>> {
    let mut open = state.streams.open.lock();
    if let Some(running) = open.get(&journey) {
        return running.clone();
    }
    let (sender, receiver) = watch::channel(first);
    open.insert(journey.clone(), receiver.clone());
    drop(open);
    tokio::spawn(follow(state.clone(), journey, sender));
    receiver
}

/// Reads until nobody listens any more, the journey is gone or the engine ends.
async fn follow(state: ApiState, journey: String, sender: watch::Sender<Arc<str>>) {
    loop {
        tokio::time::sleep(EVERY).await;
        {
            let mut open = state.streams.open.lock();
            // The one receiver left is ours in the map; under its lock nobody can join.
            if sender.receiver_count() <= 1 || state.engine.stopping() {
                open.remove(&journey);
                return;
            }
        }
        match read(&state, &journey).await {
            Ok(now) => {
                sender.send_if_modified(|last| {
                    let changed = *last != now;
                    *last = now;
                    changed
                });
            }
            Err(problem) if problem.status().is_server_error() => {
                tracing::warn!(%journey, "counts could not be read; the next try follows");
            }
            Err(_) => {
                state.streams.open.lock().remove(&journey);
                return;
            }
        }
    }
}

impl IntoResponse for Counts {
    fn into_response(self) -> Response {
        self.0
    }
}

impl aide::OperationOutput for Counts {
    type Inner = String;

    fn inferred_responses(
        _: &mut aide::generate::GenContext,
        _: &mut aide::openapi::Operation,
    ) -> Vec<(Option<aide::openapi::StatusCode>, aide::openapi::Response)> {
        let events = aide::openapi::Response {
            description: "Events named `status`; the data of each is a JourneyStatus as JSON.".to_owned(),
            content: [("text/event-stream".to_owned(), aide::openapi::MediaType::default())].into_iter().collect(),
            ..Default::default()
        };
        vec![(Some(aide::openapi::StatusCode::Code(200)), events)]
    }
}
