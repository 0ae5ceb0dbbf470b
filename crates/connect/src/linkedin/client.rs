//! One call to LinkedIn: token, headers, limits, and what its statuses mean.
//!
//! A token that is no longer taken is dealt with before anything else: it is replaced and the call repeated, once.

use std::time::Duration;

use caravan_model::clock::told;
use caravan_model::{Clock, Shard};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value as Json;

use super::settings::LinkedInSettings;
use crate::connector::{Outcome, Secret, Secrets};
use crate::oauth::TokenSource;
use crate::outbound::{Answer, CallError, Outbound};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause after a second refusal in a row: a limit of the day, which nobody says when it ends.
const DAILY_PAUSE: Duration = Duration::from_secs(3_600);
/// The most that a pause until the next minute is spread by.
const SPREAD_SECS: u64 = 10;

/// What a call is about.
pub struct Request<'a> {
    pub method: Method,
    /// Begins with a slash.
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    /// Rest.li's name of the method, where it is not that of HTTP.
    pub named: Option<&'static str>,
    pub body: Option<&'a Json>,
}

impl Request<'_> {
    pub fn get(path: impl Into<String>, query: Vec<(&'static str, String)>) -> Self {
        Self { method: Method::GET, path: path.into(), query, named: None, body: None }
    }
}

/// Why a call did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// What it is about is not there, or not yet (404).
    Missing(String),
    /// Somebody made it meanwhile (409).
    Taken,
    /// What was sent is wrong (400).
    Invalid(String),
    /// Anything that does not depend on what the call is about.
    Other(Outcome),
}

impl Refusal {
    /// What it means for the effects of the call, where nothing better is known.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Missing(message) => Outcome::failed("linkedin_404", message),
            Self::Taken => Outcome::retry("linkedin_409", "LinkedIn says that somebody else made it at the same time."),
            Self::Invalid(message) => Outcome::failed("linkedin_400", message),
            Self::Other(outcome) => outcome,
        }
    }
}

/// Speaks with LinkedIn for one application and one consent. Shared by all who use the connection in this process.
pub struct Client {
    outbound: Outbound,
    clock: Clock,
    api: String,
    version: String,
    served_until: String,
    consent: Consent,
    throttled: Mutex<Throttled>,
}

/// What calls are made with.
enum Consent {
    /// A refresh token, which ends some day however often it is used.
    Refreshed(TokenSource),
    /// An access token, and when it ends where that is known.
    Given(Secret, Option<Timestamp>),
}

#[derive(Default)]
struct Throttled {
    in_a_row: u32,
    until: Option<Timestamp>,
}

/// LinkedIn's body of a refusal.
#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    message: String,
    #[serde(rename = "serviceErrorCode", default)]
    code: Option<i64>,
}

impl Client {
    /// None without what a token is asked for with, and without a token.
    pub fn new(settings: &LinkedInSettings, secrets: &Secrets, outbound: Outbound, clock: Clock) -> Option<Self> {
        let application = settings.client_id.as_ref().zip(secrets.get("client_secret"));
        let consent = match (application, secrets.get("refresh_token"), secrets.get("access_token")) {
            (Some((client_id, client_secret)), Some(refresh_token), _) => {
                let form = vec![
                    ("grant_type".to_owned(), Secret::new("refresh_token")),
                    ("refresh_token".to_owned(), refresh_token.clone()),
                    ("client_id".to_owned(), Secret::new(client_id.clone())),
                    ("client_secret".to_owned(), client_secret.clone()),
                ];
                let source = TokenSource::new(settings.token_address(), form, outbound.clone(), clock.clone());
                Consent::Refreshed(source)
            }
            (_, _, Some(token)) => Consent::Given(token.clone(), settings.access_token_ends),
            _ => return None,
        };
        Some(Self {
            outbound,
            clock,
            api: settings.api(),
            version: settings.api_version.clone(),
            served_until: settings.served_until(),
            consent,
            throttled: Mutex::default(),
        })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Until when the member's consent holds, where LinkedIn says so.
    pub async fn consent_ends(&self) -> Result<Option<Timestamp>, Outcome> {
        match &self.consent {
            Consent::Refreshed(source) => {
                let granted = source.ask().await.map_err(consent_ended)?;
                let left = granted.refresh_token_expires_in.map(|left| left.clamp(0, 10 * 31_536_000));
                Ok(left.map(|left| self.clock.now() + SignedDuration::from_secs(left)))
            }
            Consent::Given(_, ends) => Ok(*ends),
        }
    }

    /// Makes a call.
    pub async fn call(&self, request: &Request<'_>) -> Result<Answer, Refusal> {
        self.wait_is_over().map_err(Refusal::Other)?;
        let token = self.token().await.map_err(Refusal::Other)?;
        let answer = self.send(request, &token).await?;
        if answer.status != 401 {
            return self.read(answer);
        }
        let Consent::Refreshed(source) = &self.consent else {
            return Err(Refusal::Other(ended("LinkedIn no longer takes the access token.")));
        };
        source.refused(&token).await;
        let fresh = self.token().await.map_err(Refusal::Other)?;
        let answer = self.send(request, &fresh).await?;
        match answer.status {
            401 => Err(Refusal::Other(ended("LinkedIn refuses a token that it has just given."))),
            _ => self.read(answer),
        }
    }

    async fn token(&self) -> Result<Secret, Outcome> {
        match &self.consent {
            Consent::Refreshed(source) => source.token().await.map_err(consent_ended),
            Consent::Given(token, _) => Ok(token.clone()),
        }
    }

    async fn send(&self, request: &Request<'_>, token: &Secret) -> Result<Answer, Refusal> {
        let address = format!("{}{}", self.api, request.path);
        let unsent = |error: CallError| Refusal::Other(unanswered(error));
        let mut call = self.outbound.call(request.method.clone(), &address).map_err(unsent)?;
        call = call
            .query(&request.query)
            .bearer_auth(token.reveal())
            .header("LinkedIn-Version", &self.version)
            .header("X-Restli-Protocol-Version", "2.0.0");
        if let Some(named) = request.named {
            call = call.header("X-RestLi-Method", named);
        }
        if let Some(body) = request.body {
            call = call.json(body);
        }
        self.outbound.send(call, PATIENCE).await.map_err(unsent)
    }

    fn read(&self, answer: Answer) -> Result<Answer, Refusal> {
        if answer.is_success() {
            *self.throttled.lock() = Throttled::default();
            return Ok(answer);
        }
        let said: Said = answer.json().unwrap_or_default();
        let code = said.code.map_or_else(String::new, |code| format!(", code {code}"));
        let text: String = said.message.chars().filter(|c| !c.is_control()).take(300).collect();
        let message = format!("LinkedIn says: {text} (status {}{code}).", answer.status);
        let shut = |code: &str, more: &str| Refusal::Other(Outcome::shut(code, format!("{message} {more}")));
        let about_version = text.to_lowercase().contains("version");
        Err(match answer.status {
            426 => shut("linkedin_version", &self.old_version()),
            400 if about_version => shut("linkedin_version", &self.old_version()),
            400 => Refusal::Invalid(message),
            403 => shut(
                "linkedin_403",
                "Either LinkedIn has not let the application into its Audiences program (permission rw_dmp_segments), or \
                 the member who consented may only view the ad account, or the source platform is not yours.",
            ),
            404 => Refusal::Missing(message),
            409 => Refusal::Taken,
            429 => Refusal::Other(self.too_many(&answer, message)),
            _ => Refusal::Other(Outcome::Shut {
                after: answer.retry_after(self.clock.now()),
                code: "linkedin_unavailable".to_owned(),
                message,
            }),
        })
    }

    fn old_version(&self) -> String {
        format!(
            "The connection asks for version {}, which LinkedIn served until about {}. Set a newer `api_version`.",
            self.version, self.served_until
        )
    }

    /// The first refusal ends with the minute, as far as one can tell; a second in a row is the day's limit.
    fn too_many(&self, answer: &Answer, message: String) -> Outcome {
        let now = self.clock.now();
        let mut throttled = self.throttled.lock();
        throttled.in_a_row += 1;
        let pause = answer.retry_after(now).unwrap_or_else(|| match throttled.in_a_row {
            1 => next_minute(now) + spread(now),
            _ => DAILY_PAUSE,
        });
        throttled.until = SignedDuration::try_from(pause).ok().map(|pause| now + pause);
        Outcome::Shut { after: Some(pause), code: "linkedin_429".to_owned(), message }
    }

    /// LinkedIn counts the calls of a member, not those of one audience: after a refusal all wait.
    fn wait_is_over(&self) -> Result<(), Outcome> {
        let now = self.clock.now();
        let until = self.throttled.lock().until.filter(|until| *until > now);
        until.map_or(Ok(()), |until| {
            let message = format!("LinkedIn asked for a pause; calls go on at {}.", told(until));
            let after = until.duration_since(now).try_into().ok();
            Err(Outcome::Shut { after, code: "linkedin_429".to_owned(), message })
        })
    }
}

fn next_minute(now: Timestamp) -> Duration {
    Duration::from_secs(60 - now.as_second().rem_euclid(60).unsigned_abs())
}

/// So that not everybody comes back in the same second.
fn spread(now: Timestamp) -> Duration {
    Duration::from_secs(Shard::of_key(&now.to_string()).0.unsigned_abs() % SPREAD_SECS)
}

fn ended(why: &str) -> Outcome {
    Outcome::shut("consent_ended", format!("{why} {CONSENT_AGAIN}"))
}

const CONSENT_AGAIN: &str = "A member of the ad account has to consent again: press Connect on the connection's page, or put \
                             new tokens where its secrets are.";

/// LinkedIn says `invalid_grant` when a refresh token has ended or was withdrawn: only a person can mend that.
fn consent_ended(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Shut { message, .. } if message.contains("invalid_grant") => ended(&message),
        other => other,
    }
}

/// All that is called may be repeated: finding, and what sets membership.
fn unanswered(error: CallError) -> Outcome {
    match error {
        CallError::Refused(message) => Outcome::shut("address_refused", message),
        CallError::Unreachable(message) => Outcome::shut("unreachable", message),
        CallError::Lost(message) => Outcome::retry("no_answer", message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_minute_is_never_now() {
        let at = |text: &str| next_minute(text.parse().expect("a time")).as_secs();
        assert_eq!(at("2026-11-26T10:00:00Z"), 60);
        assert_eq!(at("2026-11-26T10:00:59Z"), 1);
    }
}
