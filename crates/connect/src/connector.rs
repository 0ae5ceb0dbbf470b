//! The port to other systems: a batch of effects goes out, one outcome for each comes back.
//!
//! A kind of connector is one type that implements [`ConnectorKind`] and one line in [`KINDS`]; forms, checks and the
//! catalogue are made from it. Nothing here knows what a journey is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use caravan_model::{Clock, Finding};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use crate::audiences::{Audiences, Membership};
use crate::call::Call;
use crate::consent;
use crate::external_audiences::TakesPeople;
use crate::inlet::Inlet;
use crate::outbound::{Guard, Network, Outbound};
use crate::services::ServiceCall;
use crate::smtp::Signer;
use crate::spam::SpamReport;
use crate::texts::Report;
use crate::webhooks::WebhookMessage;

/// One open door to another system. Called from plain threads; an implementation brings its own waiting.
pub trait Connector: Send + Sync {
    /// What the dispatcher must know before it hands over a batch.
    fn facts(&self) -> ConnectorFacts;

    /// Delivers a batch, at most [`ConnectorFacts::max_batch`] long, and returns one outcome for each item in the same
    /// order. One item that fails never fails the others.
    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome>;

    /// Tries the door without sending anything: what the other side said, or why it cannot be used, for people.
    fn check(&self) -> Result<String, String>;

    /// Whether delivering this effect twice is the same as once, though the other side does not recognise its key. What
    /// is not is in doubt after a crash.
    fn repeats_safely(&self, _body: &EffectBody) -> bool {
        self.facts().deduplicates
    }

    /// How a message fares that left through it, by the other side's id: for reports that never came. None where the other
    /// side cannot be asked, or does not know it.
    ///
    /// # Errors
    /// Why it does not say, for people.
    fn fares(&self, _remote_id: &str) -> Result<Option<Report>, String> {
        Ok(None)
    }

    /// The messages that the other side has of a text whose answer was lost: to the same number, with the same words, made
    /// since then. Which of them it is, the caller knows, who knows all others.
    ///
    /// # Errors
    /// Why it does not say, for people.
    fn find_text(&self, _lost: &LostText) -> Result<Vec<Report>, String> {
        Ok(Vec::new())
    }

    /// What the connection's spam filter makes of an email that would leave through it; none where it has no filter.
    ///
    /// # Errors
    /// Why the filter does not say, for people.
    fn spam_report(&self, _email: &EmailMessage) -> Result<Option<SpamReport>, String> {
        Ok(None)
    }

    /// What a picker offers of the other side: `lists`, `campaigns` …, within what was chosen before. Nothing, usually.
    fn choices(&self, what: &str, _within: Option<&str>) -> Result<Vec<Choice>, String> {
        Err(format!("This connection has no `{what}` to choose from."))
    }

    /// Where files of imports arrive, when they do.
    fn inlet(&self) -> Option<&dyn Inlet> {
        None
    }

    /// Its audiences of accounts, where it has such.
    fn audiences(&self) -> Option<&dyn Audiences> {
        None
    }

    /// Until when somebody's consent holds by which this connection works; none where it needs none. Asks the other side.
    ///
    /// # Errors
    /// [`Outcome::Shut`]: it holds no longer, or nobody can tell now.
    fn consent_ends(&self) -> Result<Option<Timestamp>, Outcome> {
        Ok(None)
    }
}

/// A plan by which a new sender makes itself known: every day a little more than the day before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WarmUp {
    /// The first day, like `2027-01-04`. Until it comes, the number of the first day holds.
    #[schemars(with = "String")]
    pub starts: Date,
    /// The most messages of each day, the first day's first; after the last day nothing is limited any more.
    pub days: Vec<u32>,
}

impl WarmUp {
    /// The most items of a day; none: as many as go.
    pub fn most_on(&self, day: Date) -> Option<u32> {
        let number = (day - self.starts).get_days().max(0);
        self.days.get(usize::try_from(number).ok()?).copied()
    }
}

/// What the dispatcher must know about a connector.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorFacts {
    /// Key of its [`ConnectorKind`].
    pub kind: &'static str,
    /// Whether the other side recognises a repeated [`Outgoing::key`]. Where it does not, the dispatcher writes its
    /// intent before it calls, and what was under way at a crash is in doubt.
    pub deduplicates: bool,
    /// The most items in one call.
    pub max_batch: usize,
    /// How many calls may be under way at the same time: what a crash leaves in doubt at most, in batches.
    pub parallel: usize,
    /// The address of messages that name no sender of their own.
    pub sender: Option<String>,
    /// The most items a second over all processes together, where the user or the other side set one.
    pub per_second: Option<f64>,
    /// The most items a day over all processes together, while those who receive them get to know the sender.
    pub warm_up: Option<WarmUp>,
}

/// One effect on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The same at every attempt, different for every effect: what the other side or a person can recognise it by.
    pub key: String,
    /// What is delivered.
    pub body: EffectBody,
}

/// What is delivered, ready to leave: rendered, judged, addressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EffectBody {
    /// One email to one address.
    Email(Box<EmailMessage>),
    /// One call of an operation of another system.
    Call(Box<Call>),
    /// One text message to one number.
    Text(Box<TextMessage>),
    /// One call of an external service.
    Service(Box<ServiceCall>),
    /// One account's, or one person's, change in an audience.
    Membership(Box<Membership>),
    /// One activity, told to somebody who asked for it.
    Webhook(Box<WebhookMessage>),
}

/// A text message to one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextMessage {
    /// The number, E.164.
    pub to: String,
    /// The sender; the connection's own where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The text.
    pub text: String,
    /// Where the provider reports to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_to: Option<String>,
}

/// Something of the other system that a setting may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// What the setting gets.
    pub value: String,
    /// Its name for people.
    pub label: String,
    /// Where it stands, to tell namesakes apart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// A rendered email to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailMessage {
    /// The recipient.
    pub to: Mailbox,
    /// Who gets a copy of the same message; one that is refused holds up neither the recipient nor the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Mailbox>,
    /// The sender; the connection's own where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Mailbox>,
    /// Where answers go, when not to the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mailbox>,
    /// The subject, plain text in one line.
    pub subject: String,
    /// The HTML part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The plain text part.
    pub text: String,
    /// How the recipient takes themself off; left out of operational mail only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<Unsubscribe>,
    /// Value of `List-Id` without the angle brackets (`newsletter.acme.example`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_id: Option<String>,
    /// Value of `Feedback-ID`, by which mailbox providers report complaints; the same for many messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback_id: Option<String>,
    /// Where reports about its delivery go; the connection's own address where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_path: Option<String>,
    /// Signs it, where the sending domain has keys.
    #[serde(skip)]
    pub signer: Option<Arc<Signer>>,
    /// Marks mail that a machine wrote to a colleague (sales alerts, proofs), so that no auto-reply answers it.
    #[serde(default)]
    pub auto_submitted: bool,
    /// Marks a proof (`X-Proof`), so that mail programs and filters can tell it from what it shows.
    #[serde(default)]
    pub proof: bool,
}

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address.
    pub email: String,
}

impl Mailbox {
    /// An address without a name.
    pub fn bare(email: impl Into<String>) -> Self {
        Self { name: None, email: email.into() }
    }

    /// A name and an address.
    pub fn named(name: impl Into<String>, email: impl Into<String>) -> Self {
        Self { name: Some(name.into()), email: email.into() }
    }
}

/// The two ways out of a mailing, both for machines (RFC 2369, RFC 8058).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsubscribe {
    /// Answers a POST by opting out at once, a GET by a page.
    pub url: String,
    /// An address that opts out whoever writes to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailto: Option<String>,
}

/// A text message of which nobody knows whether the other side has taken it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostText {
    /// The number.
    pub to: String,
    /// The text as it was sent.
    pub text: String,
    /// It was sent at this instant or later.
    pub since: Timestamp,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The other side took responsibility for it.
    Delivered {
        /// The other side's own id.
        remote_id: Option<String>,
        /// What it answered.
        detail: String,
    },
    /// There is nothing to do for this one (the other side does not know the person): it goes on, with this reason.
    Skipped {
        /// Stable, `snake_case`.
        reason: &'static str,
    },
    /// Nothing happened; worth trying again.
    Retry {
        /// When the other side asked for a pause.
        after: Option<Duration>,
        /// Stable, `snake_case`.
        code: String,
        /// For people.
        message: String,
    },
    /// The door is shut for everybody (unreachable, sign-in refused): nothing happened, and the fault is not this item's.
    Shut {
        /// When the other side asked for a pause.
        after: Option<Duration>,
        /// Stable, `snake_case`.
        code: String,
        /// For people.
        message: String,
    },
    /// Nothing is wrong: the other side is still at it, and is asked again after this pause. That is no attempt.
    Later {
        /// The pause.
        after: Duration,
        /// What the other side calls what it is at for this item, where it was told of it already: comes back as
        /// [`Membership::under_way`], also in another process.
        under_way: Option<String>,
    },
    /// Refused for good; trying again does not help.
    Failed {
        /// Stable, `snake_case`.
        code: String,
        /// For people.
        message: String,
    },
    /// It may or may not have happened (the line went dead after the last byte): in doubt until somebody settles it.
    Unknown {
        /// For people.
        message: String,
    },
}

/// Code of a [`Outcome::Retry`] with which the other side asks to be sent less: the destination is slowed down.
pub const THROTTLED: &str = "throttled";

/// What [`Outcome::Later`] means, for people.
pub const STILL_AT_IT: &str = "The other side is still at it.";

impl Outcome {
    /// Nothing happened; worth trying again at a time of the dispatcher's choice.
    pub fn retry(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Retry { after: None, code: code.into(), message: message.into() }
    }

    /// Nothing to do for this one.
    pub fn skipped(reason: &'static str) -> Self {
        Self::Skipped { reason }
    }

    /// Shut for everybody.
    pub fn shut(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Shut { after: None, code: code.into(), message: message.into() }
    }

    /// Refused for good.
    pub fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Failed { code: code.into(), message: message.into() }
    }
}

/// What stands in the way, for people; nothing for what worked.
pub(crate) fn sentence(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered { detail, .. } => detail.clone(),
        Outcome::Skipped { reason } => (*reason).to_owned(),
        Outcome::Retry { message, .. }
        | Outcome::Shut { message, .. }
        | Outcome::Failed { message, .. }
        | Outcome::Unknown { message } => message.clone(),
        Outcome::Later { .. } => STILL_AT_IT.to_owned(),
    }
}

/// A kind of connector: what its settings are and how a door of its kind is opened.
pub trait ConnectorKind: Send + Sync {
    /// `type` in a manifest of kind `connection`.
    fn key(&self) -> &'static str;
    /// Its name for people.
    fn label(&self) -> &'static str;
    /// What it connects to, one or two sentences.
    fn description(&self) -> &'static str;
    /// JSON Schema of its settings; the doc comments are the help of the fields.
    fn settings_schema(&self) -> Schema;
    /// The secrets it takes.
    fn secrets(&self) -> &'static [SecretField];
    /// What is wrong with settings, before any secret is resolved. Pointers start at the connection document.
    fn check_settings(&self, settings: &serde_json::Value) -> Vec<Finding>;
    /// Opens a door. Does not call the other side yet: [`Connector::check`] does.
    fn open(
        &self,
        settings: &serde_json::Value,
        secrets: &Secrets,
        surroundings: &Surroundings,
    ) -> Result<Box<dyn Connector>, Vec<Finding>>;
    /// JSON Schema of the settings of destinations that are reached through it; none where nothing is handed to it.
    fn destination_schema(&self) -> Option<Schema> {
        None
    }
    /// What is wrong with the settings of a destination. Pointers start at the destination document.
    fn check_destination(&self, _settings: &serde_json::Value) -> Vec<Finding> {
        Vec::new()
    }
    /// How many destinations there may be at systems of this kind; none: any number.
    fn most_destinations(&self) -> Option<usize> {
        None
    }
    /// Settings of a destination that may change while somebody stands there: the others say where that is, and as what.
    fn changeable_settings(&self) -> &'static [&'static str] {
        &[]
    }
    /// Where a person consents to it, on the other side's own page, where it works by somebody's consent.
    ///
    /// # Errors
    /// What the settings lack for that. Pointers start at the connection document.
    fn consent(&self, _settings: &serde_json::Value) -> Option<Result<consent::Terms, Vec<Finding>>> {
        None
    }
    /// How it takes people into external audiences, where it does.
    fn takes_people(&self) -> Option<&dyn TakesPeople> {
        None
    }
}

/// A secret that a kind of connector takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretField {
    /// Its key under `secrets` of the manifest.
    pub key: &'static str,
    /// Help for people.
    pub help: &'static str,
    /// Whether the connection cannot work without it.
    pub required: bool,
}

/// What a connector gets from the process it lives in.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where the `Date` of a message comes from.
    pub clock: Clock,
    /// A multi-threaded runtime for the connector's waiting; its threads drive the sockets.
    pub runtime: tokio::runtime::Handle,
    /// The guarded client for HTTP calls.
    pub outbound: Outbound,
}

impl Surroundings {
    /// Those of a process whose administrator opened no private range.
    pub fn guarded(clock: Clock, runtime: tokio::runtime::Handle) -> Self {
        Self { clock, runtime, outbound: Outbound::new(Guard::default()) }
    }

    /// The same, and mail servers may stand in these private ranges.
    #[must_use]
    pub fn with_mail_networks(self, opened: Vec<Network>) -> Self {
        Self { outbound: self.outbound.with_mail_networks(opened), ..self }
    }
}

/// Every kind of connector there is. A new one is a line here.
pub const KINDS: &[&dyn ConnectorKind] = &[
    &crate::smtp::Smtp,
    &crate::texts::twilio::Twilio,
    &crate::marketo::Marketo,
    &crate::linkedin::LinkedIn,
    &crate::folder::Folder,
    &crate::s3::S3,
    &crate::aep::Aep,
];

/// The kind of that key.
pub fn kind(key: &str) -> Option<&'static dyn ConnectorKind> {
    KINDS.iter().copied().find(|kind| kind.key() == key)
}

/// Resolved secrets of one connection, by key.
pub type Secrets = BTreeMap<String, Secret>;

/// The secret of this name, for a connector that cannot work without it.
///
/// # Errors
/// It is not set: what to do, as `connection create` and the connection's page tell it.
pub(crate) fn needed<'s>(secrets: &'s Secrets, name: &str) -> Result<&'s Secret, Vec<Finding>> {
    secrets.get(name).ok_or_else(|| {
        let message = format!(
            "The secret `{name}` is not set. Set it on the connection's page, or name where it is found under `secrets` of its manifest."
        );
        vec![Finding::error("secret_missing", format!("/secrets/{name}"), message)]
    })
}

/// A resolved secret. Neither `Debug` nor serialization shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secrets = Secrets::from([("password".to_owned(), Secret::new("hunter2"))]);
        assert!(!format!("{secrets:?}").contains("hunter2"));
        assert_eq!(secrets["password"].reveal(), "hunter2");
    }

    #[test]
    fn every_kind_is_found_by_a_key_of_its_own_and_describes_itself() {
        for kind in KINDS {
            assert_eq!(KINDS.iter().filter(|other| other.key() == kind.key()).count(), 1, "{}", kind.key());
            assert_eq!(super::kind(kind.key()).map(ConnectorKind::label), Some(kind.label()));
            assert!(!kind.label().is_empty() && !kind.description().is_empty(), "{}", kind.key());
            let schema = kind.settings_schema().to_value();
            let properties = schema["properties"].as_object().expect("settings are an object");
            for (field, schema) in properties {
                assert!(schema.get("description").is_some(), "{}.{field} has no help", kind.key());
            }
        }
    }
}
