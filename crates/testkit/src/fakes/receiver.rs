//! Somebody who receives webhooks and trusts nobody: it checks every message as the specification of Standard Webhooks
//! says, with code of its own, and takes each id once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caravan_model::Clock;
use hmac::{Hmac, Mac as _};
use parking_lot::Mutex;
use serde_json::Value as Json;
use sha2::Sha256;

use super::faults::Faults;
use super::server::Server;
use super::wire::{Asked, System, UnderWay, serve, status_code};

/// How far a timestamp may be from the receiver's clock, in seconds.
const TOLERANCE: u64 = 300;

/// A message that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// `webhook-id`.
    pub id: String,
    /// How many signatures it carried.
    pub signatures: usize,
    /// The body.
    pub body: Json,
}

/// What the receiver answers instead of taking a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mood {
    /// Takes what is signed.
    Takes,
    /// Takes what is signed, but answers with this status.
    LosesAnswer(u16),
    /// Answers with this status and takes nothing.
    Refuses(u16),
    /// The same, and asks for a pause of so many seconds.
    AsksForPause(u16, u32),
    /// Answers with another address.
    Redirects(String),
    /// Takes what is signed, and thinks about it for so long.
    TakesSlowly(Duration),
}

/// A running receiver.
pub struct Receiver {
    server: Server,
    inner: Arc<Inner>,
}

struct Inner {
    secret: Mutex<String>,
    clock: Clock,
    state: Mutex<Held>,
    faults: Faults,
    under_way: Arc<AtomicUsize>,
    most_at_once: AtomicUsize,
}

struct Held {
    mood: Mood,
    taken: Vec<Taken>,
    /// By id: how often each message came.
    attempts: BTreeMap<String, usize>,
    /// What was wrong with messages, in words.
    refused: Vec<String>,
}

impl Receiver {
    /// On a port of its own, with the secret that it was given and its own clock.
    pub fn start(secret: &str, clock: Clock) -> Self {
        Self::start_on(secret, clock, 0)
    }

    /// The same on this port.
    pub fn start_on(secret: &str, clock: Clock, port: u16) -> Self {
        let held = Held { mood: Mood::Takes, taken: Vec::new(), attempts: BTreeMap::new(), refused: Vec::new() };
        let inner = Arc::new(Inner {
            secret: Mutex::new(secret.to_owned()),
            clock,
            state: Mutex::new(held),
            faults: Faults::default(),
            under_way: Arc::default(),
            most_at_once: AtomicUsize::new(0),
        });
        Self { server: serve(&inner, port), inner }
    }

    /// Where it receives.
    pub fn url(&self) -> String {
        format!("{}/hooks", self.server.url())
    }

    /// What goes wrong before or after a message is looked at; codes of faults are statuses.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// From now on this secret counts.
    pub fn trusts(&self, secret: &str) {
        *self.inner.secret.lock() = secret.to_owned();
    }

    /// How it answers from now on.
    pub fn mood(&self, mood: Mood) {
        self.inner.state.lock().mood = mood;
    }

    /// What it took, each id once.
    pub fn taken(&self) -> Vec<Taken> {
        self.inner.state.lock().taken.clone()
    }

    /// How often each message came.
    pub fn attempts(&self) -> BTreeMap<String, usize> {
        self.inner.state.lock().attempts.clone()
    }

    /// The most messages that were under way at the same time.
    pub fn most_at_once(&self) -> usize {
        self.inner.most_at_once.load(Ordering::SeqCst)
    }

    /// What was wrong with messages.
    pub fn refused(&self) -> Vec<String> {
        self.inner.state.lock().refused.clone()
    }
}

impl System for Inner {
    const LARGEST_BODY: usize = 64 * 1024;
    const GARBAGE: &'static str = "took";

    fn faults(&self) -> &Faults {
        &self.faults
    }

    fn planned(&self, code: &'static str) -> Response {
        self.status(code.parse().expect("codes are statuses"))
    }

    async fn answers(&self, asked: Asked) -> Response {
        let signed = match self.check(&asked) {
            Ok(taken) => taken,
            Err(why) => {
                self.state.lock().refused.push(why.clone());
                return (StatusCode::UNAUTHORIZED, why).into_response();
            }
        };
        let (_under_way, at_once) = UnderWay::begin(&self.under_way);
        self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        let mood = self.state.lock().mood.clone();
        if let Mood::TakesSlowly(thinks) = mood {
            tokio::time::sleep(thinks).await;
        }
        self.state.lock().answer(mood, signed)
    }
}

impl Held {
    /// Takes a message whose signature fits, or not.
    fn answer(&mut self, mood: Mood, signed: Taken) -> Response {
        *self.attempts.entry(signed.id.clone()).or_default() += 1;
        match mood {
            Mood::Refuses(code) => status_code(code).into_response(),
            Mood::AsksForPause(code, seconds) => {
                (status_code(code), [(header::RETRY_AFTER, seconds.to_string())]).into_response()
            }
            Mood::Redirects(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
            Mood::LosesAnswer(code) => {
                self.take(signed);
                status_code(code).into_response()
            }
            Mood::Takes | Mood::TakesSlowly(_) => {
                self.take(signed);
                StatusCode::NO_CONTENT.into_response()
            }
        }
    }

    fn take(&mut self, signed: Taken) {
        if !self.taken.iter().any(|known| known.id == signed.id) {
            self.taken.push(signed);
        }
    }
}

impl Inner {
    fn check(&self, asked: &Asked) -> Result<Taken, String> {
        let Asked { parts, body } = asked;
        let header = |name: &str| -> Result<String, String> {
            let mut values = parts.headers.get_all(name).iter();
            match (values.next(), values.next()) {
                (Some(one), None) => one.to_str().map(str::to_owned).map_err(|_| format!("{name} is not text")),
                _ => Err(format!("{name} must stand there once")),
            }
        };
        if parts.method != Method::POST || header("content-type")? != "application/json" {
            return Err("a message is JSON that is posted".to_owned());
        }
        let (id, timestamp, signatures) =
            (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
        if id.is_empty() || id.contains('.') {
            return Err(format!("`{id}` is no id"));
        }
        let at: i64 = timestamp.parse().map_err(|_| format!("`{timestamp}` is no time"))?;
        if self.clock.now().as_second().abs_diff(at) > TOLERANCE {
            return Err("the message is too old or from the future".to_owned());
        }
        let key = self.secret.lock().trim_start_matches("whsec_").to_owned();
        let key = STANDARD.decode(key).map_err(|_| "the receiver's own secret is none".to_owned())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let given: Vec<&str> = signatures.split(' ').collect();
        if !given.contains(&expected.as_str()) {
            return Err("no signature fits".to_owned());
        }
        let body: Json = serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))?;
        well_formed(&body)?;
        Ok(Taken { id, signatures: given.len(), body })
    }
}

/// `type` of identifiers between dots, `timestamp` in ISO 8601, `data` an object, and nothing else.
fn well_formed(body: &Json) -> Result<(), String> {
    let fields = body.as_object().ok_or("a message is an object")?;
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    if names != ["type", "timestamp", "data"] || !body["data"].is_object() {
        return Err(format!("a message has `type`, `timestamp` and `data`, not {names:?}"));
    }
    let kind = body["type"].as_str().unwrap_or_default();
    let identifier = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !kind.split('.').all(identifier) {
        return Err(format!("`{kind}` is no type"));
    }
    let at = body["timestamp"].as_str().unwrap_or_default();
    at.parse::<jiff::Timestamp>().map(|_| ()).map_err(|_| format!("`{at}` is no time"))
}
