//! What comes over the wire before an operation sees it: faults, sign-in, limits, and the envelope of every answer.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

use super::super::faults::Faults;
use super::super::wire::{Asked, System, UnderWay};
use super::{Inner, Setup};

/// The window of the rate limit.
const WINDOW: Duration = Duration::from_secs(20);
/// The longest address.
const LONGEST_ADDRESS: usize = 8 * 1024;
const IDENTITY: &str = "/identity/oauth/token";

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

impl System for Inner {
    const LARGEST_BODY: usize = 1024 * 1024;
    const GARBAGE: &'static str = "{\"requestId\": ";
    const LIST: &'static str = "result";

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn planned(&self, code: &'static str) -> Response {
        self.refuse(&(code, "a planned fault".into()))
    }

    fn begins(&self, asked: &Asked) -> Option<UnderWay> {
        (asked.path() != IDENTITY).then(|| UnderWay::begin(&self.under_way).0)
    }

    async fn answers(&self, asked: Asked) -> Response {
        if asked.parts.uri.to_string().len() > LONGEST_ADDRESS {
            return StatusCode::URI_TOO_LONG.into_response();
        }
        if asked.path() == IDENTITY {
            return self.identity(&pairs(asked.query().as_bytes()));
        }
        match read(&asked) {
            Ok(call) => self.judged(&asked, &call),
            Err(refusal) => self.refuse(&refusal),
        }
    }
}

/// The call that a request stands for: long queries come as forms that say what they are.
fn read(asked: &Asked) -> Result<Call, Refusal> {
    let (method, path, query) = (asked.parts.method.clone(), asked.path().to_owned(), pairs(asked.query().as_bytes()));
    if query.iter().any(|(name, value)| name == "_method" && value == "GET") {
        if !asked.is_form() || method != Method::POST {
            return Err(("612", "Invalid Content Type".into()));
        }
        return Ok(Call { method: Method::GET, path, query: pairs(&asked.body), body: Json::Null });
    }
    let body = asked.json().map_err(|_| ("609", "Invalid JSON".into()))?;
    Ok(Call { method, path, query, body })
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
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

    fn judged(&self, asked: &Asked, call: &Call) -> Response {
        self.count_down();
        if let Err(refusal) = self.signed_in(asked) {
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

    fn signed_in(&self, asked: &Asked) -> Result<(), Refusal> {
        let given = asked.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
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
