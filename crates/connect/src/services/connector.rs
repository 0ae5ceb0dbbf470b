//! The open door to one service.

use std::time::Duration;

use caravan_model::{Clock, Finding};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::openapi::Authentication;
use super::register::Registered;
use super::request::ServiceCall;
use crate::connector::{
    Connector, ConnectorFacts, EffectBody, Outcome, Outgoing, Secret, Secrets, Surroundings, needed,
};
use crate::oauth::TokenSource;
use crate::outbound::{Answer, CallError, Outbound};
use crate::webhooks::Signer;

/// How long a service may take to accept a call.
const PATIENCE: Duration = Duration::from_secs(15);
/// Calls of one service under way at the same time, from all processes together.
const AT_ONCE: usize = 4;
/// The longest code of a refusal that is kept.
const LONGEST_CODE: usize = 64;

/// How a service is reached: proof of who we are, on every call.
pub struct Access {
    outbound: Outbound,
    clock: Clock,
    proof: Proof,
}

enum Proof {
    Key { in_header: bool, name: String, key: Secret },
    Basic { user: Secret, password: Secret },
    Token(TokenSource),
}

impl Access {
    /// With the secrets that the way of authentication takes.
    ///
    /// # Errors
    /// Which secret is missing.
    pub fn new(how: &Authentication, secrets: &Secrets, surroundings: &Surroundings) -> Result<Self, Vec<Finding>> {
        let Surroundings { clock, outbound, .. } = surroundings.clone();
        let secret = |name: &str| needed(secrets, name).cloned();
        let proof = match how {
            Authentication::ApiKey { in_header, name } => {
                Proof::Key { in_header: *in_header, name: name.clone(), key: secret("api_key")? }
            }
            Authentication::Basic => Proof::Basic { user: secret("user")?, password: secret("password")? },
            Authentication::ClientCredentials { token_url, grant_type, client_id, client_secret } => {
                let form = vec![
                    (grant_type.clone(), Secret::new("client_credentials")),
                    (client_id.clone(), secret("client_id")?),
                    (client_secret.clone(), secret("client_secret")?),
                ];
                Proof::Token(TokenSource::new(token_url, form, outbound.clone(), clock.clone()))
            }
        };
        Ok(Self { outbound, clock, proof })
    }

    /// Makes a call; a token that the service no longer takes is replaced and the call repeated, once.
    pub(super) async fn call(
        &self,
        method: &Method,
        address: &str,
        finish: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, Outcome> {
        let answer = self.call_once(method, address, &finish).await?;
        match &self.proof {
            Proof::Token(tokens) if answer.status == 401 => {
                tokens.refused(&tokens.token().await?).await;
                self.call_once(method, address, &finish).await
            }
            _ => Ok(answer),
        }
    }

    async fn call_once(
        &self,
        method: &Method,
        address: &str,
        finish: &impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, Outcome> {
        let call = self.outbound.call(method.clone(), address).map_err(unanswered)?;
        let call = match &self.proof {
            Proof::Key { in_header: true, name, key } => call.header(name, key.reveal()),
            Proof::Key { in_header: false, name, key } => call.query(&[(name.as_str(), key.reveal())]),
            Proof::Basic { user, password } => call.basic_auth(user.reveal(), Some(password.reveal())),
            Proof::Token(tokens) => call.bearer_auth(tokens.token().await?.reveal()),
        };
        self.outbound.send(finish(call), PATIENCE).await.map_err(unanswered)
    }
}

/// The token of a call lets the service recognise a repetition: nothing needs to be in doubt.
fn unanswered(error: CallError) -> Outcome {
    match error {
        CallError::Refused(message) => Outcome::shut("address_refused", message),
        CallError::Unreachable(message) => Outcome::shut("unreachable", message),
        CallError::Lost(message) => Outcome::retry("no_answer", message),
    }
}

/// Opens the door to a registered service.
///
/// # Errors
/// A secret is missing or no signing secret.
pub fn open(
    registered: &Registered,
    headers: &Map<String, Json>,
    secrets: &Secrets,
    surroundings: &Surroundings,
) -> Result<Box<dyn Connector>, Vec<Finding>> {
    let signer = secrets.get("signing_secret").map(|secret| Signer::new(secret, secrets.get("former_signing_secret")));
    let signer =
        signer.transpose().map_err(|why| vec![Finding::error("bad_secret", "/secrets/signing_secret", why)])?;
    Ok(Box::new(Service {
        access: Access::new(&registered.described.authentication, secrets, surroundings)?,
        registered: registered.clone(),
        headers: registered.headers(headers),
        signer,
        runtime: surroundings.runtime.clone(),
    }))
}

struct Service {
    registered: Registered,
    access: Access,
    headers: Map<String, Json>,
    signer: Option<Signer>,
    runtime: tokio::runtime::Handle,
}

impl Service {
    async fn submit(&self, key: &str, call: &ServiceCall) -> Outcome {
        let body = call.body(&self.registered.definition, &self.headers).to_string();
        let signed = self.signer.as_ref().map(|signer| {
            signer.sign(&format!("call_{}", key.replace('.', "_")), self.access.clock.now(), body.as_bytes())
        });
        let finish = |request: RequestBuilder| {
            let mut request = request.header("content-type", "application/json").body(body.clone());
            for (name, value) in &self.headers {
                request = request.header(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
            match &signed {
                None => request,
                Some(signed) => request
                    .header("webhook-id", &signed.id)
                    .header("webhook-timestamp", &signed.timestamp)
                    .header("webhook-signature", &signed.signature),
            }
        };
        let base = &self.registered.described.base;
        let address = format!("{base}/submitAsyncAction");
        // A token may be asked for, and a refused one replaced, within one turn.
        let _turn = match self.access.outbound.turns().one_of(base, AT_ONCE, 6 * PATIENCE).await {
            Ok(turn) => turn,
            Err(uncounted) => return uncounted,
        };
        match self.access.call(&Method::POST, &address, finish).await {
            Ok(answer) => self.read(&answer),
            Err(outcome) => outcome,
        }
    }

    fn read(&self, answer: &Answer) -> Outcome {
        let said = Said::of(&answer.body);
        let after = answer.retry_after(self.access.clock.now()).or(said.retry_after);
        match answer.status {
            200..=299 if said.refused => Outcome::failed(said.code(answer.status), said.message),
            200..=299 => Outcome::Delivered { remote_id: said.request_id, detail: said.message },
            401 => {
                Outcome::shut("sign_in_refused", "The service does not know us: its key, password or token is refused.")
            }
            429 => {
                let message = "The service asks for a pause.".to_owned();
                Outcome::Shut { after, code: "throttled".to_owned(), message }
            }
            // Whoever stands before the service says that it is away: for everybody, and nobody's try.
            502..=504 => {
                let message = format!("The service is away ({}). {}", answer.status, said.message);
                Outcome::Shut { after, code: said.code(answer.status), message: message.trim_end().to_owned() }
            }
            500..=599 => {
                let message = format!("The service answered with status {}. {}", answer.status, said.message);
                Outcome::Retry { after, code: said.code(answer.status), message }
            }
            300..=399 => Outcome::failed("redirected", "The service answered with another address. Calls follow none."),
            status => Outcome::failed(
                said.code(status),
                format!("The service refused with status {status}. {}", said.message),
            ),
        }
    }
}

/// What an answer says, in either of the two shapes of errors.
#[derive(Default)]
struct Said {
    refused: bool,
    request_id: Option<String>,
    code: Option<String>,
    message: String,
    retry_after: Option<Duration>,
}

impl Said {
    fn of(body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Flat {
            status: Option<String>,
            request_id: Option<String>,
            code: Option<String>,
            message: Option<String>,
            retry_after: Option<f64>,
            error: Option<Nested>,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Nested {
            code: Option<String>,
            message: Option<String>,
            retry_after: Option<f64>,
        }
        let Flat { status, request_id, code, message, retry_after, error } =
            serde_json::from_slice(body).unwrap_or_default();
        let refused = error.is_some() || status.as_deref() == Some("error");
        let error = error.unwrap_or_default();
        let seconds = retry_after.or(error.retry_after).filter(|seconds| (0.0..=86_400.0).contains(seconds));
        let message = message.or(error.message).unwrap_or_default();
        Self {
            refused,
            request_id: request_id.map(|id| id.chars().take(200).collect()),
            code: code.or(error.code),
            message: message.chars().filter(|c| !c.is_control()).take(300).collect(),
            retry_after: seconds.map(Duration::from_secs_f64),
        }
    }

    fn code(&self, status: u16) -> String {
        let plain = |code: &String| {
            code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(LONGEST_CODE).collect::<String>()
        };
        self.code.as_ref().map(plain).filter(|code| !code.is_empty()).unwrap_or_else(|| format!("http_{status}"))
    }
}

impl Connector for Service {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "external_action",
            deduplicates: true,
            max_batch: 1,
            parallel: AT_ONCE,
            sender: None,
            per_second: None,
            warm_up: None,
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        let one = |item: &Outgoing| match &item.body {
            EffectBody::Service(call) => self.runtime.block_on(self.submit(&item.key, call)),
            _ => Outcome::failed("wrong_effect", "A service takes calls of external actions alone."),
        };
        batch.iter().map(one).collect()
    }

    fn check(&self) -> Result<String, String> {
        let address = format!("{}/status", self.registered.described.base);
        let answer = self.runtime.block_on(self.access.call(&Method::GET, &address, |call| call));
        let answer = answer.map_err(|outcome| crate::connector::sentence(&outcome))?;
        #[derive(Deserialize)]
        struct Status {
            status: String,
        }
        match (answer.is_success(), answer.json::<Status>()) {
            (true, Ok(said)) if said.status == "healthy" => Ok("The service says that it is healthy.".to_owned()),
            (true, Ok(said)) => Err(format!("The service says that it is `{}`.", said.status)),
            (true, Err(why)) => Err(why),
            (false, _) => Err(format!("The service answers {} to /status.", answer.status)),
        }
    }
}
