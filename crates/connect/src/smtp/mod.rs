//! Mail through an SMTP server: the settings of a connection and the delivery of messages over a few connections.
//!
//! The library's own pool hides at which point of the conversation a delivery failed, and that point decides between
//! "try again" and "in doubt"; so the conversation is held command by command here (`session`).

mod dkim;
mod failure;
mod keys;
mod message;
mod session;
mod settings;

use std::time::Duration;

use caravan_model::Finding;
use parking_lot::Mutex;
use schemars::{Schema, schema_for};
use tokio::sync::Notify;
use tokio::time::timeout;

pub use self::dkim::{KeyError, Signer, SigningError};
use self::failure::{Failure, Stage};
pub use self::keys::new_signing_key;
#[cfg(test)]
pub(crate) use self::message::compose;
pub use self::message::is_message_id_of;
use self::session::{Server, Session};
pub use self::settings::{Security, SenderSettings, SmtpSettings};
use crate::connector::{
    Connector, ConnectorFacts, ConnectorKind, EffectBody, EmailMessage, Outcome, Outgoing, SecretField, Secrets,
    Surroundings,
};
use crate::spam::SpamReport;

/// Connections to mail servers.
#[derive(Debug)]
pub struct Smtp;

impl ConnectorKind for Smtp {
    fn key(&self) -> &'static str {
        "smtp"
    }

    fn label(&self) -> &'static str {
        "SMTP server"
    }

    fn description(&self) -> &'static str {
        "Sends email through a mail server: your own, your provider's, or the built-in mail catcher."
    }

    fn settings_schema(&self) -> Schema {
        schema_for!(SmtpSettings)
    }

    fn secrets(&self) -> &'static [SecretField] {
        &[
            SecretField { key: "password", help: "Password of the user name at the mail server.", required: false },
            SecretField {
                key: "webhook_secret",
                help: "Signs reports about delivery that are posted to /hooks/mail/KEY.",
                required: false,
            },
            SecretField {
                key: "bounce_password",
                help: "Password of the mailbox into which bounces come (`bounces`).",
                required: false,
            },
            SecretField {
                key: "bounce_client_secret",
                help: "Secret of the client that signs in to that mailbox with tokens (`bounces.oauth`).",
                required: false,
            },
            SecretField {
                key: "bounce_refresh_token",
                help: "What the owner of that mailbox granted the client (`bounces.oauth`, `grant: refresh_token`).",
                required: false,
            },
        ]
    }

    fn check_settings(&self, settings: &serde_json::Value) -> Vec<Finding> {
        SmtpSettings::read(settings).err().unwrap_or_default()
    }

    fn open(
        &self,
        settings: &serde_json::Value,
        secrets: &Secrets,
        surroundings: &Surroundings,
    ) -> Result<Box<dyn Connector>, Vec<Finding>> {
        let settings = SmtpSettings::read(settings)?;
        let connector = SmtpConnector::new(settings, secrets.get("password"), surroundings, Patience::default());
        Ok(Box::new(connector.map_err(|finding| vec![*finding])?))
    }
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// For a connection to stand, name lookup included.
    connect: Duration,
    /// For the answer to a command.
    command: Duration,
    /// For the answer to a whole message: servers check content first. Giving up early leaves the message in doubt.
    accept: Duration,
    /// For a connection to be free, where the server takes fewer than we would like.
    turn: Duration,
    /// A connection unused for longer is not used again.
    idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self { connect: secs(10), command: secs(30), accept: secs(120), turn: secs(120), idle: secs(30) }
    }
}

/// The connections that stand.
#[derive(Default)]
struct Pool {
    idle: Vec<Session>,
    /// On which a message is under way.
    busy: usize,
}

/// An open door to one mail server. Connections are kept and used again.
pub struct SmtpConnector {
    settings: SmtpSettings,
    server: Server,
    patience: Patience,
    surroundings: Surroundings,
    pool: Mutex<Pool>,
    /// Told when one of them is not busy any more.
    freed: Notify,
}

impl SmtpConnector {
    fn new(
        settings: SmtpSettings,
        password: Option<&crate::connector::Secret>,
        surroundings: &Surroundings,
        patience: Patience,
    ) -> Result<Self, Box<Finding>> {
        let server = Server::new(&settings, password, patience, surroundings.outbound.guard().clone())?;
        let (surroundings, pool) = (surroundings.clone(), Mutex::default());
        Ok(Self { settings, server, patience, surroundings, pool, freed: Notify::new() })
    }

    /// A connection to send over, kept or new. A server that takes fewer than we would like gets fewer: then one of
    /// the others is waited for.
    async fn session(&self) -> Result<Session, Failure> {
        let wait = async {
            loop {
                let freed = self.freed.notified();
                if let Some(session) = self.idle_session() {
                    return Ok(session);
                }
                match self.server.connect().await {
                    Ok(session) => {
                        self.pool.lock().busy += 1;
                        return Ok(session);
                    }
                    Err(failure) => {
                        let Pool { idle, busy } = &*self.pool.lock();
                        match (idle.is_empty(), busy) {
                            (true, 0) => return Err(failure),
                            (true, _) => {}
                            (false, _) => continue,
                        }
                    }
                }
                freed.await;
            }
        };
        timeout(self.patience.turn, wait).await.map_err(|_| Failure::timeout(Stage::Connect))?
    }

    /// A connection's message is dealt with: the connection is kept, or closed.
    async fn done_with(&self, session: Session, lost: bool) {
        let keeps = !lost && !session.is_broken() && session.messages() < self.settings.messages_per_connection;
        let closes = match keeps {
            true => {
                self.pool.lock().idle.push(session);
                None
            }
            false => Some(session),
        };
        if let Some(session) = closes {
            session.close(lost).await;
        }
        self.pool.lock().busy -= 1;
        self.freed.notify_one();
    }

    async fn deliver_one(&self, item: &Outgoing) -> Outcome {
        let EffectBody::Email(email) = &item.body else {
            return Outcome::failed("wrong_effect", "A mail server delivers nothing but email.");
        };
        let mail = match message::compose(&item.key, email, &self.settings, self.surroundings.clock.now()) {
            Ok(mail) => mail,
            Err(outcome) => return outcome,
        };
        loop {
            let mut session = match self.session().await {
                Ok(session) => session,
                Err(failure) => return failure.outcome(&self.settings.host),
            };
            let kept = session.messages() > 0;
            let sent = session.send(&mail).await;
            let lost = sent.as_ref().is_err_and(Failure::ends_connection);
            self.done_with(session, lost).await;
            // A kept connection may have been closed by the other side meanwhile; that is no failure of the message.
            if !(kept && lost && sent.as_ref().is_err_and(Failure::nothing_happened)) {
                return self.outcome(sent, mail.message_id);
            }
        }
    }

    fn outcome(&self, sent: Result<String, Failure>, message_id: String) -> Outcome {
        match sent {
            Ok(detail) => Outcome::Delivered { remote_id: Some(message_id), detail },
            Err(failure) => failure.outcome(&self.settings.host),
        }
    }

    fn idle_session(&self) -> Option<Session> {
        let mut pool = self.pool.lock();
        pool.idle.retain(|session| session.idle_for() < self.patience.idle);
        let session = pool.idle.pop()?;
        pool.busy += 1;
        Some(session)
    }
}

impl Connector for SmtpConnector {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "smtp",
            deduplicates: false,
            max_batch: 1,
            parallel: usize::from(self.settings.connections),
            sender: Some(self.settings.from.email.clone()),
            per_second: self.settings.per_second,
            warm_up: self.settings.warm_up.clone(),
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        self.surroundings.runtime.block_on(async {
            let mut outcomes = Vec::with_capacity(batch.len());
            for item in batch {
                let outcome = match outcomes.last() {
                    // A server that is not there is asked once.
                    Some(shut @ Outcome::Shut { .. }) => shut.clone(),
                    _ => self.deliver_one(item).await,
                };
                outcomes.push(outcome);
            }
            outcomes
        })
    }

    fn spam_report(&self, email: &EmailMessage) -> Result<Option<SpamReport>, String> {
        let Some(filter) = &self.settings.spam_filter else { return Ok(None) };
        let mail = message::compose("spam-report", email, &self.settings, self.surroundings.clock.now());
        let mail = mail.map_err(|outcome| match outcome {
            Outcome::Failed { message, .. } => message,
            _ => "The message cannot be put together.".to_owned(),
        })?;
        filter.judge(&mail.content, &self.surroundings).map(Some)
    }

    fn check(&self) -> Result<String, String> {
        self.surroundings.runtime.block_on(async {
            let session = self.server.connect().await.map_err(|failure| failure.advice(&self.settings))?;
            let said = session.describe();
            session.close(false).await;
            Ok(format!("{} answers: {said}.", self.settings.host))
        })
    }
}

#[cfg(test)]
mod tests;
