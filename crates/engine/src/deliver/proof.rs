//! Proofs: an email as somebody would get it, sent to those who look it over. They leave no trace: no consent is asked, no
//! limit counts them, no figure tells of them; the do-not-contact list and the hold on everything are respected.

use caravan_connect::email::{Rendered, check_address};
use caravan_connect::{EffectBody, Mailbox, Outcome, Outgoing};
use caravan_model::EffectId;
use caravan_store::{StoreError, ledger, outbox};
use schemars::JsonSchema;
use serde::Serialize;

use super::doors::Way;
use super::gates::{COMPLAINT, UNSUBSCRIBED, folded_address};
use super::results::Verdict;
use super::{Dispatcher, call};

/// What became of a proof to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Proofed {
    /// The address.
    pub to: String,
    /// `sent`, or `refused`.
    #[schemars(extend("enum" = ["sent", "refused"]))]
    pub outcome: &'static str,
    /// Why it was refused, for people.
    pub message: Option<String>,
}

impl Dispatcher {
    /// Sends one proof. The subject says that it is one; nothing else differs from what the preview shows.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn proof(&self, connection: &str, rendered: &Rendered, to: &str) -> Result<Proofed, StoreError> {
        let refused = |message: String| Proofed { to: to.to_owned(), outcome: "refused", message: Some(message) };
        let address = match check_address(to) {
            Ok(address) => address.to_string(),
            Err(problem) => return Ok(refused(format!("{problem}."))),
        };
        let folded: Vec<String> = folded_address(&address).into_iter().collect();
        let (live, now, held, listed) = self.engine.store().read(|s| -> Result<_, StoreError> {
            Ok((self.engine.live(s)?, s.now()?, outbox::on_hold(s)?, ledger::suppressed(s, &folded)?))
        })?;
        if held {
            return Ok(refused("Everything that would leave is held. Let it go again first.".to_owned()));
        }
        // Who opted out of marketing may still look a proof over.
        if listed.iter().any(|(_, reason)| ![UNSUBSCRIBED, COMPLAINT].contains(&reason.as_str())) {
            return Ok(refused("The address is on the do-not-contact list.".to_owned()));
        }
        let door = match self.doors.door(&live, &Way::connection(connection)) {
            Ok(Some(door)) => door,
            Ok(None) => return Ok(refused("Nothing leaves here; messages are only recorded.".to_owned())),
            Err(shut) => return Ok(refused(told(&shut).unwrap_or_default())),
        };
        let mut message = rendered.clone().into_message(Mailbox::bare(address));
        message.subject = format!("[Proof] {}", message.subject);
        message.unsubscribe = None;
        message.auto_submitted = true;
        let message = match self.sealed(&live, Some(door.as_ref()), EffectId(0), message) {
            Ok(message) => message,
            Err(Verdict::Again { message, .. } | Verdict::Failed { message, .. }) => return Ok(refused(message)),
            Err(_) => return Ok(refused("It cannot be signed.".to_owned())),
        };
        let key = format!("proof.{}.{}", now.as_microsecond(), folded.first().map_or("", String::as_str).len());
        let batch = [Outgoing { key, body: EffectBody::Email(Box::new(message)) }];
        let outcome = call::call(door.as_ref(), &batch).into_iter().next();
        Ok(match outcome.as_ref().and_then(told) {
            None => Proofed { to: to.to_owned(), outcome: "sent", message: None },
            Some(why) => refused(why),
        })
    }
}

/// Why something was not taken; none when it was.
fn told(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Delivered { .. } => None,
        Outcome::Skipped { reason } => Some((*reason).to_owned()),
        Outcome::Failed { message, .. }
        | Outcome::Unknown { message }
        | Outcome::Retry { message, .. }
        | Outcome::Shut { message, .. } => Some(message.clone()),
    }
}
