//! Adobe Experience Platform, as far as Caravan calls it: signing in, external audiences, and readings of files that lie in a
//! bucket.
//!
//! Everything takes its time: an audience is made, and a file read, behind the call that asks for it. A file counts when its
//! columns are those of the audience and every row has its identity; who is in it stays for the audience's time to live.

mod audiences;
mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use caravan_model::Clock;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

pub use self::audiences::{Audience, Field, Member};
pub use self::runs::Run;
use super::faults::Faults;
use super::s3::Shelf;
use super::server::Server;
use super::wire::{Asked, System, UnderWay, serve};

const ROOT: &str = "/data/core/ais/";

/// The platform with one organisation, one credential, one sandbox, and one connection to a bucket.
pub struct Aep {
    server: Server,
    inner: Arc<Inner>,
}

/// How it is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What it tells the time by.
    pub clock: Clock,
    /// The credential's id, which is the API key.
    pub client_id: String,
    /// And its secret.
    pub client_secret: String,
    /// The organisation.
    pub org_id: String,
    /// The sandbox.
    pub sandbox: String,
    /// The connection by which it reads the bucket.
    pub base_connection_id: String,
    /// How long a token holds.
    pub token_life: SignedDuration,
    /// How long making an audience takes.
    pub making: SignedDuration,
    /// How long reading a file takes.
    pub reading: SignedDuration,
    /// Whether operations are found below `external-audiences/`; else below `external-audience/`.
    pub plural: bool,
    /// The status for a second reading at a time: 409 or 422.
    pub busy: u16,
    /// Seconds that a refusal with 429 asks to wait.
    pub retry_after: Option<u64>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            clock: Clock::System,
            client_id: "caravan".into(),
            client_secret: "hush".into(),
            org_id: "ACME@AdobeOrg".into(),
            sandbox: "prod".into(),
            base_connection_id: "6b6e0000-bucket".into(),
            token_life: SignedDuration::from_hours(24),
            making: SignedDuration::from_secs(90),
            reading: SignedDuration::from_secs(20 * 60),
            plural: true,
            busy: 422,
            retry_after: None,
        }
    }
}

/// Everything that it holds.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// By id.
    pub audiences: BTreeMap<String, Audience>,
    /// How many of the next readings fail though nothing is wrong with their files.
    pub unlucky: usize,
    /// How many of the next audiences cannot be made.
    pub unmade: usize,
    /// Tokens and when they end.
    tokens: BTreeMap<String, Timestamp>,
    granted: usize,
}

impl Holdings {
    /// The audience with this name.
    pub fn named(&self, name: &str) -> Option<&Audience> {
        self.audiences.values().find(|audience| audience.name == name)
    }
}

struct Inner {
    setup: Setup,
    bucket: Shelf,
    faults: Faults,
    holdings: Mutex<Holdings>,
    calls: Mutex<Vec<String>>,
    refused: Mutex<Vec<String>>,
}

/// A call as the handlers see it.
struct Call {
    query: BTreeMap<String, String>,
    body: Json,
    now: Timestamp,
}

/// A code of the platform's own, which ends with the status, and words.
struct Refusal(String, String);

impl Refusal {
    fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self(code.into(), message.into())
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new("100911-400", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.0.rsplit('-').next().and_then(|status| status.parse().ok());
        let status = StatusCode::from_u16(status.expect("codes end with a status")).expect("a status");
        (status, axum::Json(json!({"code": self.0, "message": self.1}))).into_response()
    }
}

impl Aep {
    /// On a port of its own, reading from this bucket.
    pub fn start(setup: Setup, bucket: Shelf) -> Self {
        Self::start_on(setup, bucket, 0)
    }

    /// On this port.
    pub fn start_on(setup: Setup, bucket: Shelf, port: u16) -> Self {
        let inner = Arc::new(Inner {
            setup,
            bucket,
            faults: Faults::default(),
            holdings: Mutex::default(),
            calls: Mutex::default(),
            refused: Mutex::default(),
        });
        Self { server: serve(&inner, port), inner }
    }

    /// Its address, for `base_url` and `ims_url`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What goes wrong. Codes of faults end with the status.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Looks at, or changes, what it holds now.
    pub fn with<T>(&self, look: impl FnOnce(&mut Holdings) -> T) -> T {
        let mut holdings = self.inner.holdings.lock();
        self.inner.settle(&mut holdings);
        look(&mut holdings)
    }

    /// The identities of whoever is in the audience of this name now, in order.
    pub fn members(&self, name: &str) -> Vec<String> {
        let now = self.inner.setup.clock.now();
        self.with(|holdings| {
            let audience = holdings.named(name).into_iter();
            audience.flat_map(|audience| audience.present(now).map(|(identity, _)| identity.to_owned())).collect()
        })
    }

    /// No token holds any longer.
    pub fn expire_tokens(&self) {
        self.inner.holdings.lock().tokens.clear();
    }

    /// How many tokens it gave.
    pub fn tokens_granted(&self) -> usize {
        self.inner.holdings.lock().granted
    }

    /// Method and path of the calls that it got, in order.
    pub fn calls(&self) -> Vec<String> {
        self.inner.calls.lock().clone()
    }

    /// Codes and words of what was refused, planned faults left out.
    pub fn refused(&self) -> Vec<String> {
        self.inner.refused.lock().clone()
    }
}

impl System for Inner {
    const LARGEST_BODY: usize = 1024 * 1024;
    const GARBAGE: &'static str = "{\"operationId\": ";
    const LIST: &'static str = "runs";

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn planned(&self, code: &'static str) -> Response {
        let response = Refusal::new(code, "a planned fault").into_response();
        match self.setup.retry_after {
            Some(seconds) if response.status() == StatusCode::TOO_MANY_REQUESTS => {
                ([(header::RETRY_AFTER, seconds.to_string())], response).into_response()
            }
            _ => response,
        }
    }

    fn begins(&self, asked: &Asked) -> Option<UnderWay> {
        self.calls.lock().push(format!("{} {}", asked.parts.method, asked.path()));
        None
    }

    async fn answers(&self, asked: Asked) -> Response {
        if (asked.parts.method.as_str(), asked.path()) == ("POST", "/ims/token/v3") {
            return self.grant(&asked);
        }
        let answered = self.checked(&asked).and_then(|call| self.handle(&asked.parts.method, asked.path(), &call));
        answered.unwrap_or_else(|refusal| {
            self.refused.lock().push(format!("{} {}", refusal.0, refusal.1));
            refusal.into_response()
        })
    }
}

impl Inner {
    fn handle(&self, method: &Method, path: &str, call: &Call) -> Result<Response, Refusal> {
        let mut holdings = self.holdings.lock();
        self.settle(&mut holdings);
        if (method.as_str(), path) == ("GET", "/data/core/ups/audiences") {
            return list(&holdings, call);
        }
        let nothing = || Refusal::new("100940-404", "Not found");
        let parts: Vec<&str> = path.strip_prefix(ROOT).ok_or_else(nothing)?.split('/').collect();
        let operations = if self.setup.plural { "external-audiences" } else { "external-audience" };
        match (method.as_str(), parts.as_slice()) {
            ("POST", ["external-audience", ""]) => self.create(&mut holdings, call),
            ("GET", [spelling, "operations", operation]) if *spelling == operations => {
                audiences::operation(&holdings, operation, call.now).ok_or_else(nothing)
            }
            (method, ["external-audience", id, rest @ ..]) => {
                let Holdings { audiences, unlucky, .. } = &mut *holdings;
                let audience = audiences.get_mut(*id).filter(|it| it.is_made(call.now)).ok_or_else(nothing)?;
                match (method, rest) {
                    ("POST", ["run"]) => self.run(audience, unlucky, call),
                    ("GET", ["runs"]) => runs::page(audience, call),
                    ("GET", ["runs", run]) => runs::one(audience, run, call).ok_or_else(nothing),
                    _ => Err(nothing()),
                }
            }
            _ => Err(nothing()),
        }
    }

    /// What every call must bring along.
    fn checked(&self, asked: &Asked) -> Result<Call, Refusal> {
        let now = self.setup.clock.now();
        let header = |name: &str| asked.header(name);
        let token = header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        if self.holdings.lock().tokens.get(token).is_none_or(|ends| now >= *ends) {
            return Err(Refusal::new("100920-401", "Oauth token is not valid"));
        }
        if header("x-api-key") != self.setup.client_id {
            return Err(Refusal::new("100922-401", "Api Key is invalid"));
        }
        if header("x-gw-ims-org-id") != self.setup.org_id || header("x-sandbox-name") != self.setup.sandbox {
            return Err(Refusal::new("100925-403", "The organisation or the sandbox is not the credential's"));
        }
        if asked.parts.method == Method::POST && !header("content-type").starts_with("application/json") {
            return Err(Refusal::new("100910-415", "Content-Type must be application/json"));
        }
        let body = asked.json().map_err(|_| Refusal::new("100910-400", "The body is not JSON"))?;
        Ok(Call { query: form_urlencoded::parse(asked.query().as_bytes()).into_owned().collect(), body, now })
    }

    /// A token for the credential.
    fn grant(&self, asked: &Asked) -> Response {
        let form = asked.form();
        let is = |name: &str, value: &str| form.get(name).map(String::as_str) == Some(value);
        let refused = |status: StatusCode, error: &str| {
            (status, axum::Json(json!({"error": error, "error_description": "The request was refused"})))
                .into_response()
        };
        if !asked.is_form() || !is("grant_type", "client_credentials") || form.get("scope").is_none_or(String::is_empty)
        {
            return refused(StatusCode::BAD_REQUEST, "invalid_request");
        }
        if !is("client_id", &self.setup.client_id) || !is("client_secret", &self.setup.client_secret) {
            return refused(StatusCode::UNAUTHORIZED, "invalid_client");
        }
        let mut holdings = self.holdings.lock();
        holdings.granted += 1;
        let token = format!("ims-token-{}", holdings.granted);
        holdings.tokens.insert(token.clone(), self.setup.clock.now() + self.setup.token_life);
        let seconds = self.setup.token_life.as_secs();
        axum::Json(json!({"access_token": token, "token_type": "bearer", "expires_in": seconds})).into_response()
    }
}

/// The audiences of the sandbox, by name.
fn list(holdings: &Holdings, call: &Call) -> Result<Response, Refusal> {
    let wanted = call.query.get("property").and_then(|property| property.strip_prefix("name=="));
    let wanted = wanted.ok_or_else(|| Refusal::invalid("property=name==… is all that this sandbox looks for"))?;
    let found = holdings.audiences.iter().filter(|(_, it)| it.name == wanted && it.is_made(call.now));
    let shown = |(id, audience): (&String, &Audience)| {
        json!({
            "id": id, "audienceId": id, "name": audience.name, "originName": audience.origin,
            "customAudienceId": audience.custom_id, "namespace": "CustomerAudienceUpload", "lifecycleState": "published",
        })
    };
    let children: Vec<Json> = found.map(shown).collect();
    Ok(axum::Json(json!({"_page": {"totalCount": children.len()}, "children": children})).into_response())
}
