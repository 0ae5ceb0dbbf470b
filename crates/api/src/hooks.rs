//! What other systems tell us: reports about mail and text messages, and what people write back.
//!
//! Nobody signs in here; each call carries a signature of the system that makes it.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use caravan_engine::external::{CallbackError as NotTaken, Posted, Signature, callback};
use caravan_engine::returned::{self, ReportError};
use caravan_engine::texts::{self, Call, CallRefused, CallbackError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::access::Gate;
use crate::http::{Operations, Path, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Reports of other systems")
        .post("/hooks/mail/{connection}", Gate::Public, mail, "Reports about mail, signed by us or by Amazon SNS")
        .post(
            "/hooks/external/callback",
            Gate::Public,
            external,
            "The answer of an external service to a call of a journey",
        )
        .post("/hooks/texts/{connection}", Gate::Public, text, "Reports and answers of a provider of text messages")
}

#[derive(Deserialize, JsonSchema)]
struct HookPath {
    /// Key of the connection.
    connection: String,
}

/// An answer for machines.
struct Heard(Response);

impl IntoResponse for Heard {
    fn into_response(self) -> Response {
        self.0
    }
}

impl aide::OperationOutput for Heard {
    type Inner = ();
}

async fn mail(
    State(state): State<ApiState>,
    Path(path): Path<HookPath>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Heard, Problem> {
    let Some(keys) = state.signing.clone() else { return Err(not_wanted()) };
    let fetch = state.fetch.clone();
    let signature = headers.get("x-caravan-signature").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let taken = state.blocking(move |engine| {
        let fetch =
            |url: &str| fetch.as_ref().map_or_else(|| Err("nothing is fetched here".to_owned()), |fetch| fetch(url));
        match returned::received(engine, &keys, &path.connection, signature.as_deref(), &body, &fetch) {
            Ok(()) => Ok(()),
            Err(ReportError::Store(error)) => Err(error.into()),
            Err(ReportError::NotWanted) => Err(not_wanted()),
            Err(refused) => Err(match &refused {
                ReportError::NotSigned => Problem::new(StatusCode::FORBIDDEN, "not_signed", refused.to_string()),
                ReportError::Later(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_now", refused.to_string()),
                _ => Problem::new(StatusCode::BAD_REQUEST, "unreadable", refused.to_string()),
            }),
        }
    });
    taken.await?;
    Ok(Heard(StatusCode::NO_CONTENT.into_response()))
}

async fn external(State(state): State<ApiState>, headers: HeaderMap, body: Bytes) -> Result<Heard, Problem> {
    let Some(keys) = state.signing.clone() else { return Err(not_wanted()) };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
    let signature = match (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature")) {
        (Some(id), Some(timestamp), Some(signature)) => Some(Signature { id, timestamp, signature }),
        _ => None,
    };
    let key = header("x-api-key").or(bearer);
    let posted = Posted { token: header("x-callback-token"), key, signature, body: body.to_vec() };
    let taken = state.blocking(move |engine| match callback(engine, &keys, &posted) {
        Ok(()) => Ok(()),
        Err(NotTaken::Store(error)) => Err(error.into()),
        Err(refused @ NotTaken::NotAllowed(_)) => {
            Err(Problem::new(StatusCode::UNAUTHORIZED, "not_allowed", refused.to_string()))
        }
        Err(refused @ NotTaken::BadToken) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, "bad_token", refused.to_string()))
        }
        Err(refused) => Err(Problem::new(StatusCode::BAD_REQUEST, "unreadable", refused.to_string())),
    });
    taken.await?;
    Ok(Heard(StatusCode::OK.into_response()))
}

fn not_wanted() -> Problem {
    Problem::not_found("no_such_hook", "A connection of that name that takes reports")
}

async fn text(
    State(state): State<ApiState>,
    Path(path): Path<HookPath>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Heard, Problem> {
    // The address as the provider called it: a proxy may have changed the one that we see.
    let url = format!("{}{}", state.public_url, uri.path_and_query().map_or("/", |path| path.as_str()));
    let headers: Vec<(String, String)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let answered = state.blocking(move |engine| {
        let call = Call { url: &url, headers: &headers, body: &body };
        match texts::received(engine, &path.connection, &call) {
            Ok(answer) => Ok(answer),
            Err(CallbackError::Store(error)) => Err(error.into()),
            Err(CallbackError::UnknownConnection) => Err(not_wanted()),
            Err(refused @ CallbackError::NotSetUp(_)) => {
                Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_now", refused.to_string()))
            }
            Err(refused @ CallbackError::Refused(CallRefused::NotSigned)) => {
                Err(Problem::new(StatusCode::FORBIDDEN, "not_signed", refused.to_string()))
            }
            Err(refused) => Err(Problem::new(StatusCode::BAD_REQUEST, "unreadable", refused.to_string())),
        }
    });
    let reply = answered.await?;
    Ok(Heard(([(header::CONTENT_TYPE, reply.content_type)], reply.body).into_response()))
}
