//! OAuth 2 tokens for our own calls: asked for when they are needed, kept until shortly before they end, one asking at a
//! time.

use std::fmt;
use std::time::Duration;

use caravan_model::Clock;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::Deserialize;

use crate::connector::{Outcome, Secret};
use crate::outbound::{Answer, CallError, Outbound};

/// A token is not used in its last minute.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// The life of a token whose server does not say.
const UNSAID_SECONDS: i64 = 300;
/// How long signing in may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks for tokens with a form that never changes: client credentials, or a refresh token.
pub struct TokenSource {
    outbound: Outbound,
    clock: Clock,
    url: String,
    form: Vec<(String, Secret)>,
    /// Held while a token is asked for, so that workers who find it expired together ask once.
    kept: tokio::sync::Mutex<Option<Kept>>,
}

#[derive(Clone)]
struct Kept {
    token: Secret,
    ends: Timestamp,
}

/// What a token server grants.
#[derive(Debug, Clone, Deserialize)]
pub struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: Option<i64>,
    /// Seconds that a refresh token has left, where the server says so (LinkedIn does).
    #[serde(default)]
    pub refresh_token_expires_in: Option<i64>,
}

impl TokenSource {
    /// Tokens from the form endpoint `url`, asked for with `form`.
    pub fn new(url: impl Into<String>, form: Vec<(String, Secret)>, outbound: Outbound, clock: Clock) -> Self {
        Self { outbound, clock, url: url.into(), form, kept: tokio::sync::Mutex::new(None) }
    }

    /// A token that has some time left.
    ///
    /// # Errors
    /// Why nobody can sign in now: [`Outcome::Shut`].
    pub async fn token(&self) -> Result<Secret, Outcome> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some(kept) = kept.as_ref().filter(|kept| kept.ends > now) {
            return Ok(kept.token.clone());
        }
        let granted = self.ask().await?;
        let life = SignedDuration::from_secs(granted.expires_in.unwrap_or(UNSAID_SECONDS).clamp(0, 31_536_000));
        let token = Secret::new(granted.access_token);
        *kept = Some(Kept { token: token.clone(), ends: now + (life - MARGIN).max(SignedDuration::from_secs(1)) });
        Ok(token)
    }

    /// The other side no longer takes this token: the next one is a new one.
    pub async fn refused(&self, token: &Secret) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.token == *token) {
            *kept = None;
        }
    }

    /// Signs in now, whatever is kept.
    ///
    /// # Errors
    /// Why nobody can sign in now: [`Outcome::Shut`].
    pub async fn ask(&self) -> Result<Granted, Outcome> {
        let form: Vec<(&str, &str)> = self.form.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
        let answer = post(&self.outbound, &self.url, &form, PATIENCE).await?;
        match answer.status {
            200..=299 => answer.json().map_err(|why| Outcome::shut("sign_in_unexpected", format!("Signing in: {why}"))),
            400 | 401 | 403 => Err(Outcome::shut(
                "sign_in_refused",
                format!(
                    "Signing in was refused ({}). Check the client id and the secrets. {}",
                    answer.status,
                    Said::of(&answer.body)
                ),
            )),
            status => Err(Outcome::Shut {
                after: answer.retry_after(self.clock.now()),
                code: "sign_in_unavailable".to_owned(),
                message: format!("The token server answered with status {status}."),
            }),
        }
    }
}

/// Hands a form to a token server.
///
/// # Errors
/// It was not reached, or gave no answer: [`Outcome::Shut`].
pub(crate) async fn post(
    outbound: &Outbound,
    url: &str,
    form: &[(&str, &str)],
    patience: Duration,
) -> Result<Answer, Outcome> {
    let call = outbound.call(Method::POST, url).map_err(|error| unsent(&error))?.form(form);
    outbound.send(call, patience).await.map_err(|error| unsent(&error))
}

/// What OAuth servers say about a refusal (RFC 6749, 4.1.2.1 and 5.2), cut to what a sentence holds; nothing else of an
/// answer is shown.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Said {
    #[serde(default)]
    pub error: String,
    #[serde(default, rename = "error_description")]
    description: String,
}

impl Said {
    pub fn new(error: &str, description: &str) -> Self {
        Self { error: error.to_owned(), description: description.to_owned() }
    }

    /// What a body says; nothing where it is another system's.
    pub fn of(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Whether it names this, in lower case.
    pub fn mentions(&self, what: &str) -> bool {
        [&self.error, &self.description].iter().any(|text| text.to_lowercase().contains(what))
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{} {}", self.error, self.description);
        let text: String = text.trim().chars().filter(|c| !c.is_control()).take(200).collect();
        f.write_str(text.trim_end_matches('.'))
    }
}

fn unsent(error: &CallError) -> Outcome {
    let code = match error {
        CallError::Refused(_) => "address_refused",
        CallError::Unreachable(_) | CallError::Lost(_) => "sign_in_unavailable",
    };
    Outcome::shut(code, format!("Signing in did not work: {error}"))
}
