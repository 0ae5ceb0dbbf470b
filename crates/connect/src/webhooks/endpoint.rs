//! The address of somebody who wants to hear of activities: each message signed, posted once, answered by 2xx.

use std::time::Duration;

use caravan_model::{Clock, Finding};
use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Signer;
use crate::connector::{
    Connector, ConnectorFacts, EffectBody, Outcome, Outgoing, Secret, Secrets, Surroundings, THROTTLED, sentence,
};
use crate::outbound::{Answer, CallError, Outbound};

/// Name of the secret that signs.
pub const SIGNING_SECRET: &str = "signing_secret";
/// … and of the one that it replaces, while both hold.
pub const FORMER_SIGNING_SECRET: &str = "former_signing_secret";
/// Code of the answer by which a receiver says that it wants nothing more (410).
pub const GONE: &str = "endpoint_gone";

/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Messages under way at the same time, from all processes together.
const AT_ONCE: usize = 4;

/// A message on its way, ready to be signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookMessage {
    /// The body, byte for byte: the same at every attempt.
    pub body: String,
}

/// Opens the door to a receiver.
///
/// # Errors
/// Its signing secret is missing, or is none.
pub fn open(url: &str, secrets: &Secrets, surroundings: &Surroundings) -> Result<Box<dyn Connector>, Vec<Finding>> {
    let missing = || {
        let message =
            "The webhook has no signing secret yet. Make one: it is shown once, for whoever receives the messages.";
        vec![Finding::error("secret_missing", "/secrets/signing_secret", message)]
    };
    let secret: &Secret = secrets.get(SIGNING_SECRET).ok_or_else(missing)?;
    let signer = Signer::new(secret, secrets.get(FORMER_SIGNING_SECRET))
        .map_err(|why| vec![Finding::error("bad_secret", "/secrets/signing_secret", why)])?;
    let Surroundings { clock, runtime, outbound } = surroundings.clone();
    Ok(Box::new(Endpoint { url: url.to_owned(), signer, clock, runtime, outbound }))
}

struct Endpoint {
    url: String,
    signer: Signer,
    clock: Clock,
    runtime: tokio::runtime::Handle,
    outbound: Outbound,
}

impl Endpoint {
    async fn post(&self, id: &str, body: &str) -> Outcome {
        // Signed afterwards: receivers refuse what was signed too long ago.
        let _turn = match self.outbound.turns().one_of(&self.url, AT_ONCE, 2 * PATIENCE).await {
            Ok(turn) => turn,
            Err(uncounted) => return uncounted,
        };
        let signed = self.signer.sign(id, self.clock.now(), body.as_bytes());
        let call = match self.outbound.call(Method::POST, &self.url) {
            Ok(call) => call,
            Err(error) => return unanswered(error),
        };
        let call = call
            .header("content-type", "application/json")
            .header("webhook-id", &signed.id)
            .header("webhook-timestamp", &signed.timestamp)
            .header("webhook-signature", &signed.signature)
            .body(body.to_owned());
        match self.outbound.send(call, PATIENCE).await {
            Ok(answer) => read(&answer, self.clock.now()),
            Err(error) => unanswered(error),
        }
    }
}

/// Only 2xx is success. Who is overloaded or away is left alone for a while, whatever message it was; any other answer is
/// about this message and holds no other up.
fn read(answer: &Answer, now: Timestamp) -> Outcome {
    let after = answer.retry_after(now);
    let status = answer.status;
    match status {
        200..=299 => {
            Outcome::Delivered { remote_id: Some(format!("http_{status}")), detail: "It was taken.".to_owned() }
        }
        410 => Outcome::failed(GONE, "The receiver says that it wants no messages any more (410)."),
        429 => {
            let message = "The receiver asks for a pause (429).".to_owned();
            Outcome::Shut { after, code: THROTTLED.to_owned(), message }
        }
        502..=504 => {
            let message = format!("The receiver is away ({status}).");
            Outcome::Shut { after, code: format!("http_{status}"), message }
        }
        300..=399 => {
            let message = format!(
                "The receiver answers with another address ({status}), which is not followed. Give the webhook that one."
            );
            Outcome::Retry { after, code: "redirected".to_owned(), message }
        }
        _ => {
            let message = format!("The receiver answers {status}. {}", answer.excerpt());
            Outcome::Retry { after, code: format!("http_{status}"), message: message.trim_end().to_owned() }
        }
    }
}

/// Receivers recognise a repetition by its id: nothing needs to be in doubt.
fn unanswered(error: CallError) -> Outcome {
    match error {
        CallError::Refused(message) => Outcome::shut("address_refused", message),
        CallError::Unreachable(message) => Outcome::shut("unreachable", message),
        CallError::Lost(message) => Outcome::retry("no_answer", message),
    }
}

impl Connector for Endpoint {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "webhook",
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
            EffectBody::Webhook(message) => self.runtime.block_on(self.post(&item.key, &message.body)),
            _ => Outcome::failed("wrong_effect", "A webhook takes activities alone."),
        };
        batch.iter().map(one).collect()
    }

    /// Posts a message of type `ping`, signed like all others.
    fn check(&self) -> Result<String, String> {
        let now = self.clock.now();
        let body = json!({"type": "ping", "timestamp": format!("{now:.3}"), "data": {}}).to_string();
        let outcome = self.runtime.block_on(self.post(&format!("msg_ping_{}", now.as_microsecond()), &body));
        match &outcome {
            Outcome::Delivered { .. } => Ok("The receiver took a signed message of type `ping`.".to_owned()),
            refused => Err(sentence(refused)),
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, RETRY_AFTER};

    use super::*;

    fn outcome(status: u16) -> Outcome {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, "9".parse().unwrap())]);
        read(&Answer { status, headers, body: b"no\n".to_vec() }, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn only_2xx_is_success_and_each_failure_holds_up_what_it_should() {
        let nine = Some(Duration::from_secs(9));
        for good in [200, 201, 202, 204] {
            assert!(matches!(outcome(good), Outcome::Delivered { .. }), "{good}");
        }
        for away in [429, 502, 503, 504] {
            assert!(matches!(outcome(away), Outcome::Shut { after, .. } if after == nine), "{away}");
        }
        for this_one in [301, 308, 400, 401, 404, 413, 500, 501] {
            assert!(matches!(outcome(this_one), Outcome::Retry { after, .. } if after == nine), "{this_one}");
        }
        assert!(matches!(outcome(410), Outcome::Failed { code, .. } if code == GONE));
    }
}
