//! Calls of the platform's control API: signed in, and what its answers mean.

use std::time::Duration;

use caravan_model::Clock;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value as Json;

use super::settings::AepSettings;
use crate::connector::{Outcome, Secret, THROTTLED};
use crate::oauth::TokenSource;
use crate::outbound::{Answer, CallError, Outbound};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Below which the paths of external audiences are.
const EXTERNAL_AUDIENCES: &str = "/data/core/ais";
/// Where all audiences of a sandbox are listed, whoever made them.
const ALL_AUDIENCES: &str = "/data/core/ups/audiences";

/// Speaks with one sandbox.
pub struct Client {
    outbound: Outbound,
    clock: Clock,
    base: String,
    headers: [(&'static str, String); 3],
    tokens: TokenSource,
}

/// What the platform says.
#[derive(Debug)]
pub enum Said {
    /// It did it.
    Done(Json),
    /// There is nothing of the kind.
    NotFound,
    /// There is one already, or one is under way.
    Conflict,
    /// Not now, or not like this: its words.
    Unprocessable(String),
}

/// One call, to be made again with another token where the first one is no longer taken.
struct Request<'a> {
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    body: Option<&'a Json>,
}

impl Client {
    pub fn new(settings: &AepSettings, client_secret: Secret, outbound: Outbound, clock: Clock) -> Self {
        let form = vec![
            ("grant_type".to_owned(), Secret::new("client_credentials")),
            ("client_id".to_owned(), Secret::new(settings.client_id.clone())),
            ("client_secret".to_owned(), client_secret),
            ("scope".to_owned(), Secret::new(settings.scope.clone())),
        ];
        let sign_in = format!("{}/ims/token/v3", settings.ims_url.trim_end_matches('/'));
        Self {
            tokens: TokenSource::new(sign_in, form, outbound.clone(), clock.clone()),
            base: settings.base_url.trim_end_matches('/').to_owned(),
            headers: [
                ("x-api-key", settings.client_id.clone()),
                ("x-gw-ims-org-id", settings.org_id.clone()),
                ("x-sandbox-name", settings.sandbox.clone()),
            ],
            outbound,
            clock,
        }
    }

    /// What is at a path of external audiences.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Said, Outcome> {
        let path = format!("{EXTERNAL_AUDIENCES}{path}");
        self.call(&Request { method: Method::GET, path: &path, query, body: None }).await
    }

    /// Asks for something at a path of external audiences.
    pub async fn post(&self, path: &str, body: &Json) -> Result<Said, Outcome> {
        let path = format!("{EXTERNAL_AUDIENCES}{path}");
        self.call(&Request { method: Method::POST, path: &path, query: &[], body: Some(body) }).await
    }

    /// The audiences of this name, among all of the sandbox.
    pub async fn named(&self, name: &str) -> Result<Vec<Json>, Outcome> {
        let property = format!("name=={name}");
        let query = [("property", property.as_str())];
        match self.call(&Request { method: Method::GET, path: ALL_AUDIENCES, query: &query, body: None }).await? {
            Said::Done(mut body) => match body["children"].take() {
                Json::Array(all) => Ok(all),
                _ => Err(Outcome::retry("aep_unexpected", "The platform's list of audiences cannot be read.")),
            },
            _ => Err(Outcome::shut("aep_not_found", "The platform does not list its audiences at this address.")),
        }
    }

    async fn call(&self, request: &Request<'_>) -> Result<Said, Outcome> {
        let token = self.tokens.token().await?;
        let answer = self.call_with(&token, request).await?;
        if answer.status != 401 {
            return self.said(&answer);
        }
        self.tokens.refused(&token).await;
        let fresh = self.tokens.token().await?;
        self.said(&self.call_with(&fresh, request).await?)
    }

    async fn call_with(&self, token: &Secret, request: &Request<'_>) -> Result<Answer, Outcome> {
        let address = format!("{}{}", self.base, request.path);
        let call = self.outbound.call(request.method.clone(), &address).map_err(unanswered)?;
        let call = self.headers.iter().fold(call, |call, (name, value)| call.header(*name, value));
        let call = call.query(request.query).bearer_auth(token.reveal());
        let call = match request.body {
            Some(body) => call.json(body),
            None => call,
        };
        self.outbound.send(call, PATIENCE).await.map_err(unanswered)
    }

    fn said(&self, answer: &Answer) -> Result<Said, Outcome> {
        let after = answer.retry_after(self.clock.now());
        let words = || words_of(answer);
        match answer.status {
            200..=299 if answer.body.is_empty() => Ok(Said::Done(Json::Null)),
            200..=299 => answer.json().map(Said::Done).map_err(|why| Outcome::retry("aep_unexpected", why)),
            404 => Ok(Said::NotFound),
            409 => Ok(Said::Conflict),
            422 => Ok(Said::Unprocessable(words())),
            401 => Err(Outcome::shut("sign_in_refused", words())),
            403 => {
                let message =
                    format!("{} Give the credential the permission to manage segments in this sandbox.", words());
                Err(Outcome::shut("aep_forbidden", message))
            }
            429 => Err(Outcome::Retry { after, code: THROTTLED.to_owned(), message: words() }),
            500.. => Err(Outcome::Retry { after, code: "aep_unavailable".to_owned(), message: words() }),
            status => Err(Outcome::failed(format!("aep_{status}"), words())),
        }
    }
}

/// A refusal in the platform's words, for people.
fn words_of(answer: &Answer) -> String {
    #[derive(Default, Deserialize)]
    struct Refusal {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let Refusal { code, message } = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message: String = message.chars().filter(|c| !c.is_control()).take(300).collect();
    let words = format!("Adobe Experience Platform answers {} {code} {message}", answer.status);
    format!("{}.", words.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.'))
}

/// Everything that is asked of the platform may be asked again.
fn unanswered(error: CallError) -> Outcome {
    match error {
        CallError::Refused(why) => Outcome::shut("address_refused", why),
        CallError::Unreachable(why) => Outcome::shut("unreachable", why),
        CallError::Lost(why) => Outcome::retry("no_answer", why),
    }
}
