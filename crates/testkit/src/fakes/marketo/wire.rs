//! What comes over the wire before an operation sees it: faults, sign-in, limits, and the envelope of every answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

use super::super::faults::Fault;
use super::super::server::hang_up;
use super::{Inner, Setup};

/// The window of the rate limit.
const WINDOW: Duration = Duration::from_secs(20);
/// Largest body and address.
const LARGEST_BODY: usize = 1024 * 1024;
const LONGEST_ADDRESS: usize = 8 * 1024;

/// A call as the handlers see it.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    query: Vec<(String, String)>,
    pub(super) body: Json,
}

impl Call {
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(key, _)| key == name);
        values.flat_map(|(_, value)| value.split(',').map(str::to_owned)).collect()
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A refusal of the whole request.
pub(super) type Refusal = (&'static str, String);

pub(super) async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.to_string().len() > LONGEST_ADDRESS {
        return StatusCode::URI_TOO_LONG.into_response();
    }
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let path = parts.uri.path().to_owned();
    let fault = inner.faults.of(&path);
    match fault {
        Some(Fault::Status(status)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            return (status, "<html><body>Bad gateway</body></html>").into_response();
        }
        Some(Fault::HangUpBefore) => return hang_up(),
        Some(Fault::CodeBefore(code)) => return inner.refuse(&(code, "a planned fault".into())),
        _ => {}
    }
    let mut query: Vec<(String, String)> = serde_urlencoded(parts.uri.query().unwrap_or_default());
    if path == "/identity/oauth/token" {
        return inner.identity(&query);
    }
    let mut method = parts.method.clone();
    let mut json = Json::Null;
    if query.iter().any(|(name, value)| name == "_method" && value == "GET") {
        if !is_form(&parts.headers) || method != Method::POST {
            return inner.refuse(&("612", "Invalid Content Type".into()));
        }
        method = Method::GET;
        query = serde_urlencoded(&String::from_utf8_lossy(&body));
    } else if !body.is_empty() {
        match serde_json::from_slice(&body) {
            Ok(read) => json = read,
            Err(_) => return inner.refuse(&("609", "Invalid JSON".into())),
        }
    }
    let _call = UnderWay::begin(&inner);
    let response = inner.judged(&parts.headers, &Call { method, path, query, body: json });
    match fault {
        Some(Fault::HangUpAfter) => hang_up(),
        Some(Fault::CodeAfter(code)) => inner.refuse(&(code, "a planned fault".into())),
        Some(Fault::Garbage) => "{\"requestId\": ".into_response(),
        Some(Fault::Slow(pause)) => {
            tokio::time::sleep(pause).await;
            response
        }
        _ => response,
    }
}

/// A call, from when it came until it is answered or its caller has gone.
struct UnderWay(Arc<Inner>);

impl UnderWay {
    fn begin(inner: &Arc<Inner>) -> Self {
        inner.under_way.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(inner))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"))
}

fn serde_urlencoded(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

impl Inner {
    fn identity(&self, query: &[(String, String)]) -> Response {
        let has = |name: &str, value: &str| query.iter().any(|(n, v)| n == name && v == value);
        let known = has("grant_type", "client_credentials")
            && has("client_id", &self.setup.client_id)
            && has("client_secret", &self.setup.client_secret);
        if !known {
            let body = json!({ "error": "unauthorized", "error_description": "Bad client credentials" });
            return (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response();
        }
        let mut tokens = self.tokens.lock();
        let now = Instant::now();
        if tokens.current.as_ref().is_none_or(|(_, ends)| *ends <= now) {
            tokens.granted += 1;
            let token = format!("cdf01657-110d-4155-99a7-{:012}:int", tokens.granted);
            tokens.current = Some((token, now + self.setup.token_life));
        }
        let (token, ends) = tokens.current.clone().expect("just granted");
        let left = ends.duration_since(now).as_secs();
        axum::Json(
            json!({ "access_token": token, "token_type": "bearer", "expires_in": left, "scope": "apis@acme.example" }),
        )
        .into_response()
    }

    fn judged(&self, headers: &HeaderMap, call: &Call) -> Response {
        self.count_down();
        if let Err(refusal) = self.signed_in(headers) {
            return self.refuse(&refusal);
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        match self.within_limits().and_then(|()| self.handle(call)) {
            Ok(mut envelope) => {
                envelope["requestId"] = self.request_id().into();
                envelope["success"] = true.into();
                axum::Json(envelope).into_response()
            }
            Err(refusal) => self.refuse(&refusal),
        }
    }

    fn signed_in(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let tokens = self.tokens.lock();
        let Some((token, ends)) = tokens.current.as_ref().filter(|(token, _)| token == given) else {
            let old = given.starts_with("cdf01657-110d-4155-99a7-");
            return Err(if old {
                ("602", "Access token expired".into())
            } else {
                ("601", "Access token invalid".into())
            });
        };
        let _ = token;
        if *ends <= Instant::now() {
            return Err(("602", "Access token expired".into()));
        }
        Ok(())
    }

    fn within_limits(&self) -> Result<(), Refusal> {
        let Setup { rate, at_once, daily, .. } = self.setup;
        if self.made.fetch_add(1, Ordering::SeqCst) >= daily {
            return Err(("607", format!("Daily API Request Limit '{daily}' reached")));
        }
        let mut begun = self.begun.lock();
        let now = Instant::now();
        while begun.front().is_some_and(|first| now.duration_since(*first) > WINDOW) {
            begun.pop_front();
        }
        if begun.len() >= rate {
            return Err(("606", format!("Max rate limit '{rate}' exceeded with in '20' secs")));
        }
        begun.push_back(now);
        if self.under_way.load(Ordering::SeqCst) > at_once {
            return Err(("615", format!("Concurrent access limit '{at_once}' reached")));
        }
        Ok(())
    }

    fn refuse(&self, (code, message): &Refusal) -> Response {
        *self.refusals.lock().entry(*code).or_default() += 1;
        let body = json!({
            "requestId": self.request_id(),
            "success": false,
            "errors": [{ "code": code, "message": message }],
        });
        axum::Json(body).into_response()
    }

    fn request_id(&self) -> String {
        format!("{:x}#17061{:06x}", 0x6860, self.requests.fetch_add(1, Ordering::SeqCst))
    }
}
