//! Mail through an SMTP server: the settings of a connection and the delivery of a batch over a few connections.
//!
//! The library's own pool hides at which point of the conversation a delivery failed, and that point decides between
//! "try again" and "in doubt"; so the conversation is held command by command here (`session`).

mod failure;
mod message;
mod run;
mod session;
mod settings;

use std::time::Duration;

use caravan_model::{Clock, Finding};
use futures_util::future::join_all;
use parking_lot::Mutex;
use schemars::{Schema, schema_for};

use self::failure::Failure;
use self::run::Run;
use self::session::{Server, Session};
pub use self::settings::{Security, SenderSettings, SmtpSettings};
use crate::connector::{
    Connector, ConnectorFacts, ConnectorKind, EffectBody, Outcome, Outgoing, SecretField, Secrets, Surroundings,
};

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
        &[SecretField { key: "password", help: "Password of the user name at the mail server.", required: false }]
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
    /// No message of a batch is begun later than this.
    last_start: Duration,
    /// A connection unused for longer is not used again.
    idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self { connect: secs(10), command: secs(30), accept: secs(120), last_start: secs(180), idle: secs(30) }
    }
}

impl Patience {
    /// The longest a batch takes: its last message over a fresh connection, every answer at the last moment.
    fn batch(&self) -> Duration {
        self.last_start + (self.connect + self.command * 8 + self.accept) * 2
    }
}

/// An open door to one mail server. Connections are kept and used again.
pub struct SmtpConnector {
    settings: SmtpSettings,
    server: Server,
    patience: Patience,
    clock: Clock,
    runtime: tokio::runtime::Handle,
    idle: Mutex<Vec<Session>>,
}

impl SmtpConnector {
    fn new(
        settings: SmtpSettings,
        password: Option<&crate::connector::Secret>,
        surroundings: &Surroundings,
        patience: Patience,
    ) -> Result<Self, Box<Finding>> {
        let server = Server::new(&settings, password, patience)?;
        let Surroundings { clock, runtime, .. } = surroundings.clone();
        Ok(Self { settings, server, patience, clock, runtime, idle: Mutex::new(Vec::new()) })
    }

    async fn deliver_all(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        let run = Run::new(batch);
        // One connection first: a server that is not there is asked once, and one that takes few connections gets one.
        let first = match self.session(&run).await {
            Ok(session) => session,
            Err(failure) => return vec![failure.outcome(&self.settings.host); batch.len()],
        };
        let others = usize::from(self.settings.connections).min(batch.len()).saturating_sub(1);
        join_all(std::iter::once(Some(first)).chain((0..others).map(|_| None)).map(|session| self.work(&run, session)))
            .await;
        run.outcomes()
    }

    async fn session(&self, run: &Run<'_>) -> Result<Session, Failure> {
        let session = match self.idle_session() {
            Some(session) => session,
            None => self.server.connect().await?,
        };
        run.opened();
        Ok(session)
    }

    /// One connection's share of a batch: the next item, until there is none.
    async fn work(&self, run: &Run<'_>, mut session: Option<Session>) {
        while let Some((n, item)) = run.take() {
            let outcome = match run.why_stopped(self.patience.last_start) {
                Some(outcome) => outcome,
                None => match self.deliver_one(item, &mut session, run).await {
                    Ok(outcome) => outcome,
                    // The server takes fewer connections than we would like: the others go on with this one's share.
                    Err(_) if run.anybody_connected() => return run.put_back(n),
                    Err(failure) => run.stop(failure.outcome(&self.settings.host)),
                },
            };
            run.settle(n, outcome);
        }
        if let Some(session) = session {
            run.closed();
            self.idle.lock().push(session);
        }
    }

    /// Delivers one item; fails when no connection stands.
    async fn deliver_one(
        &self,
        item: &Outgoing,
        session: &mut Option<Session>,
        run: &Run<'_>,
    ) -> Result<Outcome, Failure> {
        let EffectBody::Email(email) = &item.body;
        let mail = match message::compose(&item.key, email, &self.settings, self.clock.now()) {
            Ok(mail) => mail,
            Err(outcome) => return Ok(outcome),
        };
        loop {
            let mut open = match session.take() {
                Some(open) => open,
                None => self.session(run).await?,
            };
            let kept = open.messages() > 0;
            let sent = open.send(&mail).await;
            let ended = sent.as_ref().is_err_and(Failure::ends_connection);
            if ended || open.is_broken() || open.messages() >= self.settings.messages_per_connection {
                run.closed();
                open.close(ended).await;
            } else {
                *session = Some(open);
            }
            // A kept connection may have been closed by the other side meanwhile; that is no failure of the message.
            if !(kept && ended && sent.as_ref().is_err_and(Failure::nothing_happened)) {
                return Ok(self.outcome(sent, mail.message_id));
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
        let mut idle = self.idle.lock();
        idle.retain(|session| session.idle_for() < self.patience.idle);
        idle.pop()
    }
}

impl Connector for SmtpConnector {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts { kind: "smtp", deduplicates: false, max_batch: 100, patience: self.patience.batch() }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        if batch.is_empty() {
            return Vec::new();
        }
        self.runtime.block_on(self.deliver_all(batch))
    }

    fn check(&self) -> Result<String, String> {
        self.runtime.block_on(async {
            let session = self.server.connect().await.map_err(|failure| failure.to_string())?;
            let said = session.describe();
            session.close(false).await;
            Ok(format!("{} answers: {said}.", self.settings.host))
        })
    }
}

#[cfg(test)]
mod tests;
