//! One call to a Marketo instance: token, throttle, and what its answers mean.
//!
//! Marketo answers nearly everything with HTTP 200 and says in the body whether it worked, on two levels: the whole
//! request (`errors`) and each record of it (`status`, `reasons`). Codes decide, texts never.

use std::time::Duration;

use caravan_model::Clock;
use caravan_model::clock::told;
use jiff::Timestamp;
use parking_lot::Mutex;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value as Json;

use super::settings::MarketoSettings;
use super::throttle::{Throttle, WINDOW, quota_day, until_quota_is_asked_for, until_quota_resets};
use crate::connector::{Outcome, Secret};
use crate::outbound::{Allowed, Answer, CallError, Held, Outbound};

/// Longer than the longest time after which Marketo itself gives a lead call up (90 s): whoever hangs up earlier loses the
/// outcome of calls that then succeed.
const PATIENCE: Duration = Duration::from_secs(100);
/// The least life of a token that is still used.
const TOKEN_MARGIN: Duration = Duration::from_secs(3);
/// Longest address in bytes; a longer query travels in the body.
const LONGEST_QUERY: usize = 7_500;
/// What Marketo means by 607.
const REACHED: &str = "Marketo's daily quota is used up by all who share the instance.";
/// How long an import into a list keeps others out, usually.
const IMPORT_RUNS: Duration = Duration::from_secs(30);

/// What a call is about.
pub struct Request {
    pub method: Method,
    /// Begins with a slash.
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<Json>,
    /// Whether the same call made twice does the same as once. What is not may not be repeated when its answer is lost.
    pub repeats_safely: bool,
}

impl Request {
    pub fn get(path: impl Into<String>, query: Vec<(&'static str, String)>) -> Self {
        Self { method: Method::GET, path: path.into(), query, body: None, repeats_safely: true }
    }
}

/// What a call that worked says.
#[derive(Debug, Default)]
pub struct Page {
    pub result: Vec<Json>,
    /// The next page, where there is one.
    pub next: Option<String>,
}

/// Why a call did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing happened; later it may.
    Later { after: Option<Duration>, code: String, message: String },
    /// Nothing happened, and nothing can for anybody until somebody or time mends it.
    Shut { after: Option<Duration>, code: String, message: String },
    /// Refused for good, with Marketo's code.
    Refused { marketo: String, message: String },
    /// It may have happened.
    Unknown { message: String },
}

impl Trouble {
    /// Nothing can happen for anybody, and nobody can say until when.
    pub fn shut(code: &str, message: impl Into<String>) -> Self {
        Self::Shut { after: None, code: code.to_owned(), message: message.into() }
    }

    /// What it means for an effect of the call.
    pub fn outcome(&self) -> Outcome {
        match self.clone() {
            Self::Later { after, code, message } => Outcome::Retry { after, code, message },
            Self::Shut { after, code, message } => Outcome::Shut { after, code, message },
            Self::Refused { marketo, message } => Outcome::failed(format!("marketo_{marketo}"), message),
            Self::Unknown { message } => Outcome::Unknown { message },
        }
    }

    /// Whether Marketo refused with this code.
    pub fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused { marketo, .. } if marketo == code)
    }

    /// For people.
    pub fn message(&self) -> &str {
        match self {
            Self::Later { message, .. }
            | Self::Shut { message, .. }
            | Self::Refused { message, .. }
            | Self::Unknown { message } => message,
        }
    }
}

/// Speaks with one instance on behalf of one custom service. Shared by all who use the connection in this process.
pub struct Client {
    outbound: Outbound,
    clock: Clock,
    base: String,
    client_id: String,
    client_secret: Secret,
    throttle: Throttle,
    /// What all processes together may do at this instance; the day is filled in.
    allowed: Allowed,
    /// Marketo said that the day's quota is used up: nobody calls before this instant.
    closed: Mutex<Option<Timestamp>>,
    /// Held while a token is asked for, so that workers who find it expired together ask once.
    token: tokio::sync::Mutex<Option<Token>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    value: Secret,
    ends: Timestamp,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "requestId", default)]
    request_id: String,
    #[serde(default)]
    success: bool,
    #[serde(default)]
    result: Option<Vec<Json>>,
    #[serde(default)]
    errors: Option<Vec<Reason>>,
    #[serde(rename = "nextPageToken", default)]
    next: Option<String>,
    #[serde(rename = "moreResult", default)]
    more: Option<bool>,
}

/// A code and its text, of a whole request or of one record.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Reason {
    #[serde(default, deserialize_with = "text_or_number")]
    pub code: String,
    #[serde(default)]
    pub message: String,
}

fn text_or_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Json::deserialize(deserializer)? {
        Json::String(text) => text,
        other => other.to_string(),
    })
}

impl Client {
    pub fn new(
        base: String,
        settings: &MarketoSettings,
        client_secret: Secret,
        outbound: Outbound,
        clock: Clock,
    ) -> Self {
        let daily = settings.daily_quota.saturating_sub(settings.daily_reserve);
        Self {
            outbound,
            clock,
            base,
            client_id: settings.client_id.clone(),
            client_secret,
            throttle: Throttle::new(settings.calls_per_20_seconds, settings.concurrent_calls, daily),
            allowed: Allowed {
                per_window: settings.calls_per_20_seconds,
                window: WINDOW,
                at_once: settings.concurrent_calls,
                per_day: daily,
                day: String::new(),
                patience: 2 * PATIENCE,
            },
            closed: Mutex::new(None),
            token: tokio::sync::Mutex::new(None),
        }
    }

    /// Makes a call. A token that Marketo no longer takes is replaced and the call repeated, once.
    pub async fn call(&self, request: &Request) -> Result<Page, Trouble> {
        let token = self.token(None).await?;
        match self.call_with(request, &token).await {
            Err(refused) if refused.is("601") || refused.is("602") => {
                let fresh = self.token(Some(&token)).await?;
                self.call_with(request, &fresh).await.map_err(|again| match again.is("601") || again.is("602") {
                    true => Trouble::shut("sign_in_refused", again.message()),
                    false => again,
                })
            }
            answer => answer,
        }
    }

    /// All pages of a query, at most `most` records.
    pub async fn all_pages(&self, mut request: Request, most: usize) -> Result<Vec<Json>, Trouble> {
        let mut all = Vec::new();
        loop {
            let page = self.call(&request).await?;
            all.extend(page.result);
            let Some(next) = page.next.filter(|_| all.len() < most) else { return Ok(all) };
            request.query.retain(|(name, _)| *name != "nextPageToken");
            request.query.push(("nextPageToken", next));
        }
    }

    async fn call_with(&self, request: &Request, token: &Token) -> Result<Page, Trouble> {
        self.is_open()?;
        let Some(_turn) = self.throttle.turn(self.clock.now()).await else { return Err(self.quota_used()) };
        let Some(_shared) = self.shared_turn().await? else { return Err(self.quota_used()) };
        let answer = match self.send(request, token).await {
            Ok(answer) => answer,
            Err(error) => return Err(unanswered(error, request.repeats_safely)),
        };
        self.read(&answer, request.repeats_safely)
    }

    /// A turn among all processes that share the store.
    async fn shared_turn(&self) -> Result<Option<Held>, Trouble> {
        let allowed = Allowed { day: quota_day(self.clock.now()), ..self.allowed.clone() };
        self.outbound.turns().take(&self.base, &allowed).await.map_err(|why| {
            let message = format!("Calls cannot be counted now: {why}");
            Trouble::Later { after: None, code: "turns_unavailable".into(), message }
        })
    }

    async fn send(&self, request: &Request, token: &Token) -> Result<Answer, CallError> {
        let address = format!("{}{}", self.base, request.path);
        let encoded: usize = request.query.iter().map(|(name, value)| name.len() + value.len() * 3 + 2).sum();
        let call = match encoded > LONGEST_QUERY && request.method == Method::GET {
            true => {
                let call = self.outbound.call(Method::POST, &format!("{address}?_method=GET"))?;
                call.form(&request.query)
            }
            false => {
                let call = self.outbound.call(request.method.clone(), &address)?.query(&request.query);
                match &request.body {
                    Some(body) => call.json(body),
                    None => call,
                }
            }
        };
        self.outbound.send(call.bearer_auth(token.value.reveal()), PATIENCE).await
    }

    fn read(&self, answer: &Answer, repeats_safely: bool) -> Result<Page, Trouble> {
        let later = |code: &str, message| Trouble::Later {
            after: answer.retry_after(self.clock.now()),
            code: code.into(),
            message,
        };
        match answer.status {
            200 => {}
            413 | 414 => {
                let message = "The request was too long for Marketo.".to_owned();
                return Err(Trouble::Refused { marketo: answer.status.to_string(), message });
            }
            status if status >= 500 => {
                let message = format!("Marketo's gateway answered with status {status}.");
                // A gateway gives up on calls that go on behind it.
                return Err(if repeats_safely {
                    later("marketo_unavailable", message)
                } else {
                    Trouble::Unknown { message }
                });
            }
            status => {
                let message = format!("Marketo answered with status {status}: {}", answer.excerpt());
                return Err(later("marketo_unexpected", message));
            }
        }
        let envelope: Envelope = match answer.json() {
            Ok(envelope) => envelope,
            Err(message) if repeats_safely => return Err(later("marketo_unexpected", message)),
            Err(message) => return Err(Trouble::Unknown { message }),
        };
        if envelope.success {
            let next = envelope.next.filter(|_| envelope.more != Some(false));
            return Ok(Page { result: envelope.result.unwrap_or_default(), next });
        }
        let reason = envelope.errors.unwrap_or_default().into_iter().next().unwrap_or_default();
        tracing::info!(code = reason.code, request = envelope.request_id, "Marketo refused a request");
        Err(self.trouble(&reason, &envelope.request_id, repeats_safely))
    }

    /// What a code on the level of the request means.
    fn trouble(&self, reason: &Reason, request_id: &str, repeats_safely: bool) -> Trouble {
        let Reason { code, message } = reason;
        let message = format!("Marketo says: {message} (code {code}, request {request_id}).");
        let later = |after: Option<Duration>| Trouble::Later {
            after,
            code: format!("marketo_{code}"),
            message: message.clone(),
        };
        match code.as_str() {
            "606" => {
                self.throttle.exceeded();
                self.outbound.turns().rest(&self.base, WINDOW);
                later(None)
            }
            "615" => {
                self.throttle.crowded();
                later(Some(Duration::from_secs(2)))
            }
            "607" => self.quota_reached(),
            "603" => Trouble::shut(
                "marketo_603",
                format!("{message} The custom service's role lacks a permission, or an IP allow-list keeps us out."),
            ),
            "502" | "608" | "614" | "713" | "719" => later(None),
            "1019" => later(Some(IMPORT_RUNS)),
            "500" | "604" | "611" if repeats_safely => later(None),
            "500" | "604" | "611" => Trouble::Unknown { message },
            _ => Trouble::Refused { marketo: code.clone(), message },
        }
    }

    /// Caravan's share of the day is used up, by its own count.
    fn quota_used(&self) -> Trouble {
        let now = self.clock.now();
        quota_until(now, now + until_quota_resets(now), "Caravan's share of Marketo's daily quota is used up.")
    }

    /// The instance's quota is used up, by all who share it.
    fn quota_reached(&self) -> Trouble {
        let now = self.clock.now();
        let until = now + until_quota_is_asked_for(now);
        *self.closed.lock() = Some(until);
        quota_until(now, until, REACHED)
    }

    fn is_open(&self) -> Result<(), Trouble> {
        let now = self.clock.now();
        let closed = self.closed.lock().filter(|until| now < *until);
        closed.map_or(Ok(()), |until| Err(quota_until(now, until, REACHED)))
    }

    /// The token to use; `refused` is one that Marketo no longer took.
    async fn token(&self, refused: Option<&Token>) -> Result<Token, Trouble> {
        let mut kept = self.token.lock().await;
        if kept.as_ref() == refused {
            *kept = None;
        }
        loop {
            let now = self.clock.now();
            let fits =
                |token: &&Token| token.ends.duration_since(now).unsigned_abs() > TOKEN_MARGIN && token.ends > now;
            if let Some(token) = kept.as_ref().filter(fits) {
                return Ok(token.clone());
            }
            let token = self.sign_in().await?;
            // Asked again before its end, Marketo gives the same token with less time left: wait its last seconds out.
            if token.ends.duration_since(now).unsigned_abs() <= TOKEN_MARGIN {
                tokio::time::sleep(TOKEN_MARGIN).await;
                continue;
            }
            if Some(&token.value) == refused.map(|refused| &refused.value) {
                let message = "Marketo keeps giving a token that it refuses. Check the custom service.";
                return Err(Trouble::shut("sign_in_refused", message));
            }
            *kept = Some(token);
        }
    }

    /// Asks identity for a token. Does not count towards any limit.
    pub async fn sign_in_again(&self) -> Result<(), Trouble> {
        self.sign_in().await.map(|_| ())
    }

    async fn sign_in(&self) -> Result<Token, Trouble> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
            expires_in: i64,
        }
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.reveal()),
        ];
        let call = self.outbound.call(Method::POST, &format!("{}/identity/oauth/token", self.base));
        let call = call.map_err(|error| unanswered(error, true))?.query(&form);
        let answer = self.outbound.send(call, PATIENCE).await.map_err(|error| unanswered(error, true))?;
        match answer.status {
            200 => {}
            400 | 401 => {
                let message = "Marketo does not know the client id or refuses its secret. Check the custom service under \
                               Admin, LaunchPoint.";
                return Err(Trouble::shut("sign_in_refused", message));
            }
            status => {
                let message = format!("Marketo's identity service answered with status {status}.");
                return Err(Trouble::shut("marketo_unavailable", message));
            }
        }
        let granted: Granted = answer.json().map_err(|message| Trouble::shut("marketo_unexpected", message))?;
        let ends = self.clock.now() + jiff::SignedDuration::from_secs(granted.expires_in.clamp(0, 86_400));
        Ok(Token { value: Secret::new(granted.access_token), ends })
    }
}

/// Nobody calls until the day's quota begins anew.
fn quota_until(now: Timestamp, until: Timestamp, what: &str) -> Trouble {
    let message = format!("{what} Marketo counts anew at midnight in Chicago; calls go on at {}.", told(until));
    let after = until.duration_since(now).try_into().ok();
    Trouble::Shut { after, code: "marketo_607".to_owned(), message }
}

fn unanswered(error: CallError, repeats_safely: bool) -> Trouble {
    match error {
        CallError::Refused(message) => Trouble::shut("address_refused", message),
        CallError::Unreachable(message) => Trouble::shut("unreachable", message),
        CallError::Lost(message) if repeats_safely => Trouble::Later { after: None, code: "no_answer".into(), message },
        CallError::Lost(message) => Trouble::Unknown { message },
    }
}
