//! Segment-compatible calls, so that existing clients work unchanged: the write key is an API token, as basic-auth
//! user or as `writeKey` in the body.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use caravan_engine::import::segment::{self, Call, CallKind};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::ApiState;
use crate::access::Permission::WriteActivities;
use crate::http::extract::{body_refused, read_json};
use crate::http::{Answer, Operations, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Activities")
        .post("/v1/identify", WriteActivities, identify, "Who somebody is")
        .post("/v1/group", WriteActivities, group, "Which account somebody belongs to; a group is an account")
        .post("/v1/track", WriteActivities, track, "Something somebody did")
        .post("/v1/page", WriteActivities, page, "A page somebody looked at")
        .post("/v1/screen", WriteActivities, nothing, "Accepted; without meaning here")
        .post("/v1/alias", WriteActivities, nothing, "Accepted; without meaning here")
        .post("/v1/batch", WriteActivities, batch, "Several calls at once")
}

/// What became of calls. Segment's clients look at the status only.
#[derive(Debug, Serialize, JsonSchema)]
struct Received {
    /// Always true: what was wrong with single calls is in `rejects`.
    success: bool,
    /// Taken in.
    accepted: u64,
    /// Received before; a `messageId` counts once.
    repeated: u64,
    /// Of somebody who is not yet known; kept for 30 days.
    parked: u64,
    /// Anonymous, or without meaning here.
    ignored: u64,
    /// Not taken.
    rejects: Vec<RejectedCall>,
}

/// A call that was not taken.
#[derive(Debug, Serialize, JsonSchema)]
struct RejectedCall {
    /// Its place in the batch, counted from 1.
    call: u64,
    /// Stable code.
    code: &'static str,
    /// What is wrong and what to do.
    reason: String,
}

/// The body of a call. Browsers send it as text, so that no preflight is needed.
struct CallBody(Bytes);

type Answered = Result<Answer<Received>, Problem>;

async fn identify(State(state): State<ApiState>, body: CallBody) -> Answered {
    one(state, CallKind::Identify, body).await
}

async fn group(State(state): State<ApiState>, body: CallBody) -> Answered {
    one(state, CallKind::Group, body).await
}

async fn track(State(state): State<ApiState>, body: CallBody) -> Answered {
    one(state, CallKind::Track, body).await
}

async fn page(State(state): State<ApiState>, body: CallBody) -> Answered {
    one(state, CallKind::Page, body).await
}

async fn nothing(State(state): State<ApiState>, body: CallBody) -> Answered {
    one(state, CallKind::Other, body).await
}

async fn one(state: ApiState, kind: CallKind, body: CallBody) -> Answered {
    receive(state, body, move |body, schema, now| Ok(vec![segment::read(kind, body, schema, now)])).await
}

async fn batch(State(state): State<ApiState>, body: CallBody) -> Answered {
    receive(state, body, |body, schema, now| Ok(segment::batch(body, schema, now)?)).await
}

async fn receive(
    state: ApiState,
    body: CallBody,
    read: impl FnOnce(&Value, &caravan_model::attribute::Schema, jiff::Timestamp) -> Result<Vec<Call>, Problem>
    + Send
    + 'static,
) -> Answered {
    let body: Value = read_json(&body.0)?;
    let keys = state.signing.clone();
    let taking = state.blocking(move |engine| {
        let live = engine.store().read(|s| engine.live(s))?;
        let calls = read(&body, &live.definitions.schema, engine.clock().now())?;
        let report = segment::receive(engine, keys.as_ref(), &calls)?;
        engine.poke();
        Ok(report)
    });
    let report = taking.await?;
    Ok(Answer::of(Received {
        success: true,
        accepted: report.accepted,
        repeated: report.repeated,
        parked: report.parked,
        ignored: report.ignored,
        rejects: report
            .rejects
            .into_iter()
            .map(|reject| RejectedCall { call: reject.line, code: reject.code, reason: reject.message })
            .collect(),
    }))
}

impl<S: Send + Sync> axum::extract::FromRequest<S> for CallBody {
    type Rejection = Problem;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Problem> {
        let read: Result<Bytes, BytesRejection> = Bytes::from_request(request, state).await;
        read.map(Self).map_err(|error| body_refused(error.status()))
    }
}

impl aide::OperationInput for CallBody {
    fn operation_input(ctx: &mut aide::generate::GenContext, operation: &mut aide::openapi::Operation) {
        axum::Json::<Value>::operation_input(ctx, operation);
    }
}
