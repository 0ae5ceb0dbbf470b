//! What all fakes do alike: they read each request whole, let what was planned go wrong, and leave the rest to the system.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;
use tokio_stream::StreamExt as _;

use super::faults::{Fault, Faults};
use super::server::Server;

/// A system behind a port.
pub(super) trait System: Send + Sync + Sized + 'static {
    /// Larger bodies are refused.
    const LARGEST_BODY: usize;
    /// How an answer begins that is not what it should be.
    const GARBAGE: &'static str;
    /// The field of answers whose list is cut in half by [`Fault::Short`].
    const LIST: &'static str = "";

    /// What goes wrong.
    fn faults(&self) -> &Faults;

    /// The system's own refusal with this code.
    fn planned(&self, code: &'static str) -> Response;

    /// What stands before the system says this instead of it; 200 to 599.
    fn status(&self, status: u16) -> Response {
        (status_code(status), "<html><body>Bad gateway</body></html>").into_response()
    }

    /// A call comes in, whatever becomes of it. What is given back lives until it is answered, or its caller has gone.
    fn begins(&self, _: &Asked) -> Option<UnderWay> {
        None
    }

    /// Does what is asked for.
    fn answers(&self, asked: Asked) -> impl Future<Output = Response> + Send;
}

/// A request, read whole.
pub(super) struct Asked {
    /// Everything but the body.
    pub parts: Parts,
    /// The body.
    pub body: Bytes,
}

impl Asked {
    pub fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// As it was written.
    pub fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// A header's text; nothing where there is none.
    pub fn header(&self, name: &str) -> &str {
        text(&self.parts.headers, name).unwrap_or_default()
    }

    /// Whether the body says of itself that it is a form.
    pub fn is_form(&self) -> bool {
        self.header("content-type").starts_with("application/x-www-form-urlencoded")
    }

    /// The body read as a form.
    pub fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The body read as JSON, null where there is none.
    pub fn json(&self) -> Result<Json, serde_json::Error> {
        if self.body.is_empty() { Ok(Json::Null) } else { serde_json::from_slice(&self.body) }
    }
}

/// A header's text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A status by its number.
pub(super) fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a status")
}

/// A call, from when it came until it is answered or its caller has gone.
pub(super) struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    /// Counts one more; how many there are with it.
    pub fn begin(count: &Arc<AtomicUsize>) -> (Self, usize) {
        let now = count.fetch_add(1, Ordering::SeqCst) + 1;
        (Self(Arc::clone(count)), now)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Puts a system behind a port, 0 for a free one.
pub(super) fn serve<S: System>(system: &Arc<S>, port: u16) -> Server {
    Server::start(Router::new().fallback(answer::<S>).with_state(Arc::clone(system)), port)
}

async fn answer<S: System>(State(system): State<Arc<S>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, S::LARGEST_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let asked = Asked { parts, body };
    let _under_way = system.begins(&asked);
    let fault = system.faults().of(asked.path());
    match fault {
        Some(Fault::Status(status)) => return system.status(status),
        Some(Fault::HangUpBefore) => return hang_up(),
        Some(Fault::CodeBefore(code)) => return system.planned(code),
        _ => {}
    }
    let response = system.answers(asked).await;
    match fault {
        Some(Fault::HangUpAfter) => hang_up(),
        Some(Fault::CodeAfter(code)) => system.planned(code),
        Some(Fault::Garbage) => S::GARBAGE.into_response(),
        Some(Fault::Short) => shortened(response, S::LIST).await,
        Some(Fault::Truncated) => truncated(response).await,
        Some(Fault::Slow(pause)) => {
            tokio::time::sleep(pause).await;
            response
        }
        _ => response,
    }
}

/// An answer whose body breaks off: the client sees its connection end.
fn hang_up() -> Response {
    let broken = Body::from_stream(tokio_stream::once(Err::<Vec<u8>, _>(std::io::Error::other("hung up"))));
    Response::builder().header(header::CONTENT_LENGTH, "100").body(broken).expect("a response")
}

/// The same with the first half of its list, where it has one.
async fn shortened(response: Response, list: &str) -> Response {
    let (parts, body) = response.into_parts();
    let body = whole(body).await;
    let mut said: Json = serde_json::from_slice(&body).unwrap_or_default();
    match said.get_mut(list).and_then(Json::as_array_mut) {
        Some(list) => list.truncate(list.len() / 2),
        None => return Response::from_parts(parts, Body::from(body)),
    }
    axum::Json(said).into_response()
}

/// The head promises all of the body, of which the first half comes.
async fn truncated(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let body = whole(body).await;
    let half = body.slice(..body.len() / 2).to_vec();
    let pieces = tokio_stream::iter([Ok(half), Err(std::io::Error::other("cut off"))]).then(|piece| async move {
        if piece.is_err() {
            // What came before the end has left by then.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        piece
    });
    let mut cut = Response::from_parts(parts, Body::from_stream(pieces));
    cut.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    cut
}

async fn whole(body: Body) -> Bytes {
    to_bytes(body, usize::MAX).await.expect("our own body")
}
