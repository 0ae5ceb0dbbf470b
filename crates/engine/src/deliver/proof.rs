//! Proofs: a message as somebody would get it, sent to those who look it over. They leave no trace: no consent is asked,
//! no limit on messages counts them, no figure tells of them; the do-not-contact list, the allow list of a trial and the
//! hold on everything are respected. So many leave in an hour and no more: nobody mails a list by proofs.

use std::sync::Arc;

use caravan_connect::connector::STILL_AT_IT;
use caravan_connect::email::{Rendered, check_address};
use caravan_connect::texts::e164;
use caravan_connect::{Connector, EffectBody, Mailbox, Outcome, Outgoing, TextMessage};
use caravan_model::EffectId;
use caravan_model::clock;
use caravan_model::document::{Period, Proofs, SmsMessage};
use caravan_store::{StoreError, ledger, limits, outbox};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::doors::Way;
use super::gates::{COMPLAINT, UNSUBSCRIBED, folded_address};
use super::results::Verdict;
use super::text::Texted;
use super::{Dispatcher, call};
use crate::live::Live;

/// What became of a proof to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Proofed {
    /// The address, or the number.
    pub to: String,
    /// `sent`, or `refused`.
    #[schemars(extend("enum" = ["sent", "refused"]))]
    pub outcome: &'static str,
    /// Why it was refused, for people.
    pub message: Option<String>,
    /// Of an email: how long its HTML part is.
    pub size: Option<HtmlSize>,
}

/// How long the HTML part of an email is, in bytes, tracked links and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HtmlSize {
    /// As it leaves.
    pub bytes: usize,
    /// Without `optimize_html`; none where the email does not ask for it.
    pub bytes_unoptimized: Option<usize>,
}

impl Proofed {
    /// … and how long its HTML part is.
    #[must_use]
    pub fn sized(self, bytes: usize, bytes_unoptimized: Option<usize>) -> Self {
        Self { size: Some(HtmlSize { bytes, bytes_unoptimized }), ..self }
    }

    /// To an address, or why not.
    pub fn of(to: &str, sent: Result<(), String>) -> Self {
        let outcome = if sent.is_ok() { "sent" } else { "refused" };
        Self { to: to.to_owned(), outcome, message: sent.err(), size: None }
    }
}

/// A text message and the values that it is made from.
#[derive(Debug, Clone)]
pub struct TextOf {
    /// The message.
    pub message: SmsMessage,
    /// The values, by namespace.
    pub values: Json,
}

/// What a proof needs of the installation as it is now.
struct Now {
    live: Arc<Live>,
    at: Timestamp,
    door: Arc<dyn Connector>,
    proofs: Proofs,
}

impl Dispatcher {
    /// Whether an address lies outside of the organisation's own domains, so that not everybody may send proofs to it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn is_outside(&self, address: &str) -> Result<bool, StoreError> {
        let live = self.engine.store().read(|s| self.engine.live(s))?;
        let settings = live.definitions.settings();
        Ok(settings.is_some_and(|settings| settings.proofs.is_outside(address)))
    }

    /// Sends one proof of an email. The subject says that it is one; nothing else differs from what the preview shows.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn proof(&self, connection: &str, rendered: &Rendered, to: &str) -> Result<Proofed, StoreError> {
        let address = match check_address(to) {
            Ok(address) => address.to_string(),
            Err(problem) => return Ok(Proofed::of(to, Err(format!("{problem}.")))),
        };
        let folded = folded_address(&address).unwrap_or_default();
        let now = match self.ready(connection, &folded)? {
            Ok(now) => now,
            Err(why) => return Ok(Proofed::of(to, Err(why))),
        };
        let mut message = rendered.clone().into_message(Mailbox::bare(address));
        message.subject = match now.proofs.subject_prefix.trim() {
            "" => message.subject,
            prefix => format!("{prefix} {}", message.subject),
        };
        message.unsubscribe = None;
        message.auto_submitted = true;
        message.proof = true;
        let sealed = self.sealed(&now.live, Some(now.door.as_ref()), EffectId(0), message).map_err(|why| match why {
            Verdict::Again { message, .. } | Verdict::Failed { message, .. } => message,
            _ => "It cannot be signed.".to_owned(),
        });
        let sent = match sealed {
            Ok(message) => self.counted(&now)?.and_then(|()| now.sends(&folded, EffectBody::Email(Box::new(message)))),
            Err(why) => Err(why),
        };
        Ok(Proofed::of(to, sent))
    }

    /// Sends one proof of a text message, from `sender` or the connection's own. Links in it lead where they shall, and
    /// count for nobody; what a provider says of the number is nobody's consent.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn proof_text(&self, text: &TextOf, sender: Option<&str>, to: &str) -> Result<Proofed, StoreError> {
        let number = match e164(to) {
            Ok(number) => number,
            Err(problem) => return Ok(Proofed::of(to, Err(format!("`{to}`: {problem}.")))),
        };
        let now = match self.ready(&text.message.connection, &number)? {
            Ok(now) => now,
            Err(why) => return Ok(Proofed::of(to, Err(why))),
        };
        // No message has such a number, so what is clicked in it is nobody's.
        let nobody = EffectId(-now.at.as_microsecond());
        let own = now.door.facts().sender.unwrap_or_default();
        let texted = Texted { id: nobody, person: None, sender: sender.unwrap_or(&own), parameters: &[] };
        let (made, links) = match self.made(&text.message, &text.values, &texted) {
            Ok(made) => made,
            Err(problem) => return Ok(Proofed::of(to, Err(problem.message))),
        };
        self.keep_links(&links)?;
        let sender = sender.map(str::to_owned);
        let message = TextMessage { to: number.clone(), sender, text: made, report_to: None };
        let sent = self.counted(&now)?.and_then(|()| now.sends(&number, EffectBody::Text(Box::new(message))));
        Ok(Proofed::of(to, sent))
    }

    /// Counts a proof that is about to leave. Why it may not, when as many left in this hour as may.
    fn counted(&self, now: &Now) -> Result<Result<(), String>, StoreError> {
        let (begin, end) = Period::Hour.window(1, now.at, &TimeZone::UTC);
        let most = now.proofs.per_hour;
        let key = format!("proofs|{}", begin.as_second());
        let fits = self.engine.store().write(|s| limits::count_one(s, &key, most.into(), end, now.at))?;
        let message = || {
            let then = clock::told(end);
            format!("No more than {most} proofs leave in an hour. Send it again after {then}, or change the settings.")
        };
        Ok(if fits { Ok(()) } else { Err(message()) })
    }

    /// Whether a proof may go to this (folded) address, and what it goes through.
    fn ready(&self, connection: &str, folded: &str) -> Result<Result<Now, String>, StoreError> {
        let (live, at, held, listed) = self.engine.store().read(|s| -> Result<_, StoreError> {
            let listed = ledger::suppressed(s, &[folded.to_owned()])?;
            Ok((self.engine.live(s)?, s.now()?, outbox::on_hold(s)?, listed))
        })?;
        if held {
            return Ok(Err("Everything that would leave is held. Let it go again first.".to_owned()));
        }
        // Who opted out of marketing may still look a proof over.
        if listed.iter().any(|(_, reason)| ![UNSUBSCRIBED, COMPLAINT].contains(&reason.as_str())) {
            return Ok(Err("The address is on the do-not-contact list.".to_owned()));
        }
        if !live.rules.allows(folded) {
            let why = "Only the addresses of the allow list get anything here; this one is not on it.";
            return Ok(Err(why.to_owned()));
        }
        Ok(match self.doors.door(&live, &Way::connection(connection)) {
            Ok(Some(door)) => {
                let settings = live.definitions.settings();
                Ok(Now { live, at, door, proofs: settings.map(|settings| settings.proofs).unwrap_or_default() })
            }
            Ok(None) => Err("Nothing leaves here; messages are only recorded.".to_owned()),
            Err(shut) => Err(told(&shut).unwrap_or_default()),
        })
    }
}

impl Now {
    fn sends(&self, to: &str, body: EffectBody) -> Result<(), String> {
        let key = format!("proof.{}.{to}", self.at.as_microsecond());
        let outcome = call::call(self.door.as_ref(), &[Outgoing { key, body }]).into_iter().next();
        outcome.as_ref().and_then(told).map_or(Ok(()), Err)
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
        Outcome::Later { .. } => Some(STILL_AT_IT.to_owned()),
    }
}
