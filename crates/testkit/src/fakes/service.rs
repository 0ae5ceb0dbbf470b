//! An external service as journeys call it: an OpenAPI document, a definition, calls that are accepted and answered later.
//!
//! It checks every call against what it announced and keeps it. Its answers are made when they are asked for, so that a
//! test decides when they come; by hand they are posted at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

use super::faults::Faults;
use super::server::Server;
use super::wire::{Asked, System, serve, status_code};

/// How the service knows its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// The key `hush` in the header `X-Key`.
    Header,
    /// The key `hush` in the parameter `key`.
    Query,
    /// `caravan` and `hush`.
    Basic,
    /// Client credentials `caravan` and `hush`, under names of its own.
    OAuth,
}

/// How the service is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// How it knows its callers.
    pub login: Login,
    /// `lead`, `account` or `accountPerson`.
    pub entity: &'static str,
    /// Whether its answers choose paths.
    pub split: bool,
    /// Its title.
    pub title: &'static str,
    /// The status of an accepted call.
    pub accepts_with: u16,
    /// Whether refusals are nested in `error`.
    pub nested_errors: bool,
    /// Whether it says in the head for how long it wants to be left alone (70 seconds); else in the body (3 seconds).
    pub pause_in_head: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            login: Login::Header,
            entity: "account",
            split: false,
            title: "Enrichment",
            accepts_with: 201,
            nested_errors: false,
            pause_in_head: false,
        }
    }
}

/// A call that was accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Its body.
    pub body: Json,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// The id that was given to it.
    pub request_id: String,
}

impl Accepted {
    /// The id of the entity as callbacks write it.
    pub fn id(&self) -> i64 {
        let context = &self.body["objectData"]["objectContext"];
        let id = [&context["leadId"], &context["accountId"]].into_iter().find_map(Json::as_str).expect("an id");
        id.parse().expect("a number")
    }

    /// The token.
    pub fn token(&self) -> &str {
        self.body["token"].as_str().expect("a token")
    }
}

/// A running service.
pub struct Service {
    server: Server,
    inner: Arc<Inner>,
}

struct Inner {
    setup: Setup,
    faults: Faults,
    state: Mutex<Held>,
    /// What it does with a call that it has taken, before it says so.
    eager: Mutex<Option<Eager>>,
}

/// What a service does with a call before it acknowledges it.
type Eager = Arc<dyn Fn(&Accepted) + Send + Sync>;

#[derive(Default)]
struct Held {
    url: String,
    /// By token: a repetition is recognised and accepted again.
    accepted: Vec<Accepted>,
    repeated: usize,
    tokens: usize,
    valid: Option<String>,
}

impl Service {
    /// On a port of its own.
    pub fn start(setup: Setup) -> Self {
        Self::start_on(setup, 0)
    }

    /// On this port.
    pub fn start_on(setup: Setup, port: u16) -> Self {
        let inner =
            Arc::new(Inner { setup, faults: Faults::default(), state: Mutex::default(), eager: Mutex::default() });
        let server = serve(&inner, port);
        inner.state.lock().url = server.url();
        Self { server, inner }
    }

    /// Where its document is.
    pub fn document_url(&self) -> String {
        format!("{}/openapi.json", self.server.url())
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// From now on it does this with every call before it acknowledges it; calls wait for it.
    pub fn before_acknowledging(&self, does: impl Fn(&Accepted) + Send + Sync + 'static) {
        *self.inner.eager.lock() = Some(Arc::new(does));
    }

    /// The calls that it accepted, each once.
    pub fn accepted(&self) -> Vec<Accepted> {
        self.inner.state.lock().accepted.clone()
    }

    /// How many calls it recognised as repetitions.
    pub fn repeated(&self) -> usize {
        self.inner.state.lock().repeated
    }

    /// How many tokens it granted.
    pub fn tokens_granted(&self) -> usize {
        self.inner.state.lock().tokens
    }

    /// Its current token ends now.
    pub fn expire_token(&self) {
        self.inner.state.lock().valid = None;
    }

    /// The body of a successful callback for a call.
    pub fn success(&self, call: &Accepted, data: Json, variables: Json) -> Json {
        let mut own = json!({"id": call.id(), "accessorValues": variables});
        merge(&mut own, data.clone());
        let activity = json!({"success": true, "errorCode": null, "reason": null});
        let entry = match self.inner.setup.entity {
            "lead" => json!({"activityData": activity, "leadData": own}),
            "account" => json!({"activityData": activity, "accountData": own}),
            _ => {
                let mut relation = call.body["objectData"]["objectContext"]["accountPersonRelationships"][0].clone();
                relation["leadData"] = data;
                relation["accessorValues"] = own["accessorValues"].clone();
                json!({"activityData": activity, "accountPersonData": [relation]})
            }
        };
        json!({"objectData": [entry]})
    }

    /// The body of a callback that says that it did not work.
    pub fn failure(&self, call: &Accepted, code: &str) -> Json {
        let mut body = self.success(call, json!({}), json!({}));
        body["objectData"][0]["activityData"] = json!({"success": false, "errorCode": code, "reason": "so it is"});
        body
    }
}

fn merge(into: &mut Json, more: Json) {
    if let (Some(into), Json::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

impl System for Inner {
    const LARGEST_BODY: usize = 1024 * 1024;
    const GARBAGE: &'static str = "{\"status\": ";

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn planned(&self, code: &'static str) -> Response {
        self.status(code.parse().expect("codes are statuses"))
    }

    fn status(&self, status: u16) -> Response {
        match status {
            302 => (StatusCode::FOUND, [(header::LOCATION, "http://169.254.169.254/")]).into_response(),
            429 if self.setup.pause_in_head => {
                let body = json!({"status": "error", "code": "RATE_LIMITED", "message": "slow down"});
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "70")], axum::Json(body)).into_response()
            }
            429 => {
                let body = json!({"error": {"code": "RATE_LIMIT_EXCEEDED", "message": "slow down", "retryAfter": 3}});
                (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response()
            }
            status => self.refuse(status, "INTERNAL_ERROR", "a planned fault"),
        }
    }

    async fn answers(&self, asked: Asked) -> Response {
        let response = self.route(&asked);
        if asked.path().ends_with("/submitAsyncAction") && response.status().is_success() {
            self.be_eager(&asked.body).await;
        }
        response
    }
}

impl Inner {
    async fn be_eager(&self, body: &[u8]) {
        let Some(does) = self.eager.lock().clone() else { return };
        let body: Json = serde_json::from_slice(body).unwrap_or_default();
        let call = self.state.lock().accepted.iter().find(|call| call.body["token"] == body["token"]).cloned();
        if let Some(call) = call {
            tokio::task::spawn_blocking(move || does(&call)).await.expect("what it does ends");
        }
    }

    fn route(&self, asked: &Asked) -> Response {
        let (method, path, headers) = (&asked.parts.method, asked.path(), &asked.parts.headers);
        if (method, path) == (&Method::GET, "/openapi.json") {
            return axum::Json(self.document()).into_response();
        }
        if (method, path) == (&Method::POST, "/token") {
            return self.grant(&asked.form());
        }
        if !self.knows(asked) {
            return self.refuse(401, "UNAUTHORIZED", "who are you?");
        }
        match (method.as_str(), path) {
            ("GET", "/v1/getServiceDefinition") => axum::Json(self.definition()).into_response(),
            ("GET", "/v1/status") => {
                axum::Json(json!({"status": "healthy", "timestamp": "2026-01-01T00:00:00Z"})).into_response()
            }
            ("POST", "/v1/submitAsyncAction") => self.submit(headers, &asked.body),
            _ => self.refuse(404, "RESOURCE_NOT_FOUND", "no such operation"),
        }
    }

    fn refuse(&self, status: u16, code: &str, message: &str) -> Response {
        let body = match self.setup.nested_errors {
            true => json!({"error": {"code": code, "message": message}}),
            false => json!({"status": "error", "code": code, "message": message}),
        };
        (status_code(status), axum::Json(body)).into_response()
    }

    fn grant(&self, form: &BTreeMap<String, String>) -> Response {
        let wanted = [("grant", "client_credentials"), ("app", "caravan"), ("client_secret", "hush")];
        if wanted.iter().any(|(name, value)| form.get(*name).map(String::as_str) != Some(value)) {
            return (StatusCode::UNAUTHORIZED, axum::Json(json!({"error": "invalid_client"}))).into_response();
        }
        let mut state = self.state.lock();
        state.tokens += 1;
        let token = format!("token-{}", state.tokens);
        state.valid = Some(token.clone());
        axum::Json(json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600})).into_response()
    }

    fn knows(&self, asked: &Asked) -> bool {
        let header = |name: &str| asked.header(name);
        match self.setup.login {
            Login::Header => header("x-key") == "hush",
            Login::Query => {
                form_urlencoded::parse(asked.query().as_bytes()).any(|(name, value)| name == "key" && value == "hush")
            }
            // base64 of caravan:hush.
            Login::Basic => header("authorization") == "Basic Y2FyYXZhbjpodXNo",
            Login::OAuth => {
                let state = self.state.lock();
                state.valid.as_ref().is_some_and(|token| header("authorization") == format!("Bearer {token}"))
            }
        }
    }

    fn document(&self) -> Json {
        let scheme = match self.setup.login {
            Login::Header => json!({"type": "apiKey", "in": "header", "name": "X-Key"}),
            Login::Query => json!({"type": "apiKey", "in": "query", "name": "key"}),
            Login::Basic => json!({"type": "http", "scheme": "basic"}),
            Login::OAuth => {
                json!({"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {},
                "x-grantTypeName": "grant", "x-clientIdName": "app"}}})
            }
        };
        json!({
            "openapi": "3.0.3",
            "info": {"title": self.setup.title, "description": "A service for tests.", "version": "1"},
            "servers": [{"url": format!("{}/v1", self.state.lock().url)}],
            "components": {"securitySchemes": {"login": scheme}},
            "security": [{"login": []}],
            "paths": {
                "/getServiceDefinition": {"get": {"operationId": "definition"}},
                "/submitAsyncAction": {"post": {"operationId": "submit"}},
                "/status": {"get": {"operationId": "status"}},
            },
        })
    }

    fn definition(&self) -> Json {
        let field = |name: &str| json!({"serviceAttribute": name, "dataType": "string", "required": true});
        let of_people = self.setup.entity != "account";
        let of_accounts = self.setup.entity != "lead";
        let only = |is: bool, name: &str| if is { vec![field(name)] } else { Vec::new() };
        json!({
            "apiName": self.setup.title.to_lowercase(),
            "i18n": {"en_US": {"name": self.setup.title, "description": "A service for tests."}},
            "description": "description", "primaryAttribute": "model",
            "supportedEntityType": self.setup.entity, "enableSplitPaths": self.setup.split, "timeout": 60,
            "invocationPayloadDef": {
                "globalAttributes": [{"apiName": "region", "dataType": "string", "required": true}],
                "flowAttributes": [{"apiName": "model", "dataType": "string"}],
                "fields": only(of_people, "email"), "accountFields": only(of_accounts, "company"),
                "headers": [{"headerName": "X-Tenant", "defaultValue": "acme"}],
                "accessorsMetadata": [
                    {"accessorName": "score", "dataType": "integer", "constraints": {"minValue": 0, "maxValue": 100}},
                    {"accessorName": "tier", "dataType": "string"}],
            },
            "callbackPayloadDef": {"fields": only(of_people, "title"), "accountFields": only(of_accounts, "sector")},
        })
    }

    /// Everything that the interface requires of a call is required here.
    fn submit(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        let Ok(body) = serde_json::from_slice::<Json>(body) else {
            return self.refuse(400, "INVALID_REQUEST", "no JSON");
        };
        if let Some(wrong) = self.wrong_with(headers, &body) {
            return self.refuse(422, "VALIDATION_ERROR", &wrong);
        }
        let mut state = self.state.lock();
        let known = state.accepted.iter().find(|call| call.body["token"] == body["token"]).cloned();
        let request_id = match known {
            Some(call) => {
                state.repeated += 1;
                call.request_id
            }
            None => {
                let request_id = format!("req-{}", state.accepted.len() + 1);
                let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
                let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
                state.accepted.push(Accepted { body, headers, request_id: request_id.clone() });
                request_id
            }
        };
        (status_code(self.setup.accepts_with), axum::Json(json!({"status": "accepted", "requestId": request_id})))
            .into_response()
    }

    fn wrong_with(&self, headers: &HeaderMap, body: &Json) -> Option<String> {
        let is_text = |pointer: &str| {
            body.pointer(pointer).is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()))
        };
        let (entity, context) = (self.setup.entity, &body["objectData"]["objectContext"]);
        let (id, data) = if entity == "lead" { ("leadId", "leadData") } else { ("accountId", "accountData") };
        let sent = if entity == "lead" { "email" } else { "company" };
        let mut checks = vec![
            (is_text("/token"), "token"),
            (is_text("/callbackUrl"), "callbackUrl"),
            (body["objectData"]["objectType"] == entity, "objectType"),
            (context[id].as_str().is_some_and(|id| id.parse::<i64>().is_ok()), "id: a text of digits"),
            (context[data].get(sent).is_some(), "a required field"),
            (body["actionConfig"]["timeout"].as_u64().is_some_and(|minutes| (1..=240).contains(&minutes)), "timeout"),
            (body["enableSplitPaths"] == self.setup.split, "enableSplitPaths"),
            (is_text("/context/admin/region"), "context.admin.region"),
            (body["objectData"]["flowStepContext"].is_object(), "flowStepContext"),
            (headers.get("x-tenant").is_some_and(|value| value == "acme"), "the header X-Tenant"),
            (headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json"), "Content-Type"),
        ];
        if entity == "accountPerson" {
            let relation = &context["accountPersonRelationships"][0];
            let exact = |name: &str| relation[name].as_u64().is_some_and(|id| id < 1 << 53);
            let fits = exact("accountPersonRelId") && exact("accountId") && exact("personId");
            checks.push((fits && relation["leadData"]["email"].is_string(), "accountPersonRelationships"));
        }
        if self.setup.split {
            let paths = body["actionConfig"]["pathConfig"].as_array();
            let texts = |path: &Json| {
                let tests = path["pathDefinition"].as_array();
                tests.is_some_and(|all| {
                    all.iter().all(|test| test["values"].as_array().is_some_and(|v| v.iter().all(Json::is_string)))
                })
            };
            checks.push((paths.is_some_and(|paths| paths.iter().all(texts)), "pathConfig"));
        }
        checks.into_iter().find(|(holds, _)| !holds).map(|(_, what)| format!("wrong: {what}"))
    }
}
