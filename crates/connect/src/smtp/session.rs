//! One conversation with a mail server, command by command.

use std::cell::Cell;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use caravan_model::Finding;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail as MailFrom, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::Patience;
use super::failure::{Failure, Stage};
use super::message::Mail;
use super::settings::{Security, SmtpSettings};
use crate::connector::Secret;
use crate::outbound::{Guard, NoMailServer, mail_server};

/// How to reach a mail server.
pub struct Server {
    host: String,
    port: u16,
    security: Security,
    hello: ClientId,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    patience: Patience,
    guard: Guard,
}

impl Server {
    pub fn new(
        settings: &SmtpSettings,
        password: Option<&Secret>,
        patience: Patience,
        guard: Guard,
    ) -> Result<Self, Box<Finding>> {
        let tls = match settings.security {
            Security::None => None,
            Security::Starttls | Security::Tls => Some(tls_parameters(settings)?),
        };
        let credentials = match (&settings.username, password) {
            (Some(username), Some(password)) => Some(Credentials::new(username.clone(), password.reveal().to_owned())),
            (None, None) => None,
            (Some(_), None) => return Err(finding("/secrets/password", "The user name has no password; give one.")),
            (None, Some(_)) => return Err(finding("/settings/username", "The password has no user name; give one.")),
        };
        let (host, port, security) = (settings.host.clone(), settings.port, settings.security);
        let hello = settings.hello_name.clone().map_or_else(ClientId::default, ClientId::Domain);
        Ok(Self { host, port, security, hello, tls, credentials, patience, guard })
    }

    /// Opens a connection that is ready for messages.
    pub async fn connect(&self) -> Result<Session, Failure> {
        let hello = &self.hello;
        let open = async {
            match (self.security, &self.tls) {
                (Security::Tls, tls) => {
                    let addresses = self.addresses().await?;
                    let tls = tls.clone();
                    let connected = AsyncSmtpConnection::connect_tokio1(&addresses[..], None, hello, tls, None).await;
                    connected.map_err(|error| Failure::of(Stage::Connect, &error))
                }
                (_, tls) => self.connect_in_the_clear(hello, tls.as_ref()).await,
            }
        };
        let patience = self.patience.connect + self.patience.command;
        let mut connection = timeout(patience, open).await.map_err(|_| Failure::timeout(Stage::Connect))??;
        let offers = self.offers(&mut connection).await?;
        let patience = self.patience;
        let mut session = Session { connection, patience, offers, messages: 0, broken: false, used: Instant::now() };
        if let Some(credentials) = &self.credentials {
            let command = self.patience.command;
            let signed_in = session.connection.auth(DEFAULT_MECHANISMS, credentials);
            within(command, Stage::SignIn, signed_in).await?;
        }
        Ok(session)
    }

    /// What the server offers that the library keeps to itself, so it is asked again.
    async fn offers(&self, connection: &mut AsyncSmtpConnection) -> Result<Offers, Failure> {
        let hello = connection.command(Ehlo::new(self.hello.clone()));
        let features = within(self.patience.command, Stage::Connect, hello).await?;
        let has = |name: &str| features.message().any(|line| line.trim().eq_ignore_ascii_case(name));
        Ok(Offers { pipelining: has("PIPELINING"), envelope_ids: has("DSN") })
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, Failure> {
        let found = mail_server(&self.guard, &self.host, self.port).await;
        found.map_err(|error| match error {
            NoMailServer::Unknown(error) => lost(error),
            barred @ NoMailServer::NotAllowed { .. } => Failure::NotAllowed(barred.to_string()),
        })
    }

    async fn connect_in_the_clear(
        &self,
        hello: &ClientId,
        tls: Option<&TlsParameters>,
    ) -> Result<AsyncSmtpConnection, Failure> {
        let addresses = self.addresses().await?;
        let connect = TcpStream::connect(&addresses[..]);
        let stream = timeout(self.patience.connect, connect).await.map_err(|_| Failure::timeout(Stage::Connect))?;
        let stream = stream.map_err(lost)?;
        // A message and its end are two writes; without this the second waits for the other side's delayed answer.
        stream.set_nodelay(true).map_err(lost)?;
        let connected = AsyncSmtpConnection::connect_with_transport(Box::new(stream), hello).await;
        let mut connection = connected.map_err(|error| Failure::of(Stage::Connect, &error))?;
        if let Some(tls) = tls {
            let encrypted = connection.starttls(tls.clone(), hello).await;
            encrypted.map_err(|error| Failure::of(Stage::Connect, &error))?;
        }
        Ok(connection)
    }
}

fn lost(error: std::io::Error) -> Failure {
    Failure::Lost { stage: Stage::Connect, why: error.to_string() }
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, Box<Finding>> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.ca_certificate {
        let certificate = Some(pem).filter(|pem| pem.contains("-----BEGIN CERTIFICATE-----"));
        let certificate = certificate.and_then(|pem| Certificate::from_pem(pem.as_bytes()).ok());
        let unreadable = "The certificate cannot be read; paste it in PEM form.";
        let certificate = certificate.ok_or_else(|| finding("/settings/ca_certificate", unreadable))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| finding("/settings/security", &format!("TLS cannot be set up: {error}.")))
}

fn finding(pointer: &str, message: &str) -> Box<Finding> {
    Box::new(Finding::error("connection_settings_invalid", pointer, message))
}

/// What a server offers beside the plain protocol.
#[derive(Debug, Clone, Copy)]
struct Offers {
    /// It takes several commands at once (RFC 2920).
    pipelining: bool,
    /// Its reports name messages as we do (RFC 3461).
    envelope_ids: bool,
}

/// An open connection.
pub struct Session {
    connection: AsyncSmtpConnection,
    patience: Patience,
    /// The server takes several commands at once.
    offers: Offers,
    messages: u32,
    broken: bool,
    used: Instant,
}

impl Session {
    /// Hands one message over and returns the server's answer.
    pub async fn send(&mut self, mail: &Mail) -> Result<String, Failure> {
        self.messages += 1;
        let sent = self.converse(mail).await;
        if let Err(failure) = &sent
            && !failure.ends_connection()
        {
            // The refusal stands; a connection that cannot forget it is not used again.
            self.broken = self.broken || self.reset().await.is_err();
        }
        self.used = Instant::now();
        sent
    }

    async fn converse(&mut self, mail: &Mail) -> Result<String, Failure> {
        let sender = MailFrom::new(Some(mail.from.clone()), self.parameters(mail)?);
        let recipient = Rcpt::new(mail.to.clone(), Vec::new());
        match self.offers.pipelining && mail.copies.is_empty() {
            true => self.envelope_at_once(&sender, &recipient).await?,
            false => self.envelope(sender, recipient, &mail.copies).await?,
        }
        self.send_content(&mail.content).await
    }

    /// Command by command. Copies are named when the recipient is taken, so that none leaves alone.
    async fn envelope(&mut self, sender: MailFrom, recipient: Rcpt, copies: &[Address]) -> Result<(), Failure> {
        let command = self.patience.command;
        within(command, Stage::Sender, self.connection.command(sender)).await?;
        within(command, Stage::Recipient, self.connection.command(recipient)).await?;
        for copy in copies {
            let copy = self.connection.command(Rcpt::new(copy.clone(), Vec::new()));
            match within(command, Stage::Recipient, copy).await {
                Err(refused) if !refused.ends_connection() => {
                    tracing::info!(%refused, "a copy of a message is not taken; the message itself goes on");
                }
                answer => drop(answer?),
            }
        }
        within(command, Stage::Content, self.connection.command(Data)).await.map(drop)
    }

    /// Three commands in one write. The server answers each of them; the first refusal is the message's.
    async fn envelope_at_once(&mut self, sender: &MailFrom, recipient: &Rcpt) -> Result<(), Failure> {
        let command = self.patience.command;
        let lost = |answer: &Result<_, Failure>| matches!(answer, Err(Failure::Lost { .. }));
        let all = self.connection.command(format!("{sender}{recipient}{Data}"));
        let sender = within(command, Stage::Sender, all).await;
        if lost(&sender) {
            return sender.map(drop);
        }
        let recipient = within(command, Stage::Recipient, self.connection.read_response()).await;
        if sender.is_ok() && lost(&recipient) {
            return recipient.map(drop);
        }
        let data = within(command, Stage::Content, self.connection.read_response()).await;
        let Err(refusal) = sender.and(recipient) else { return data.map(drop) };
        // A server that waits for a message to nobody, or is gone: this connection cannot go on with another message.
        self.broken = !matches!(data, Err(Failure::Refused { .. }));
        Err(refusal)
    }

    fn parameters(&self, mail: &Mail) -> Result<Vec<MailParameter>, Failure> {
        let id = mail.envelope_id.as_ref().filter(|_| self.offers.envelope_ids);
        let named = |id: &String| MailParameter::Other { keyword: "ENVID".to_owned(), value: Some(id.clone()) };
        let mut parameters: Vec<MailParameter> = id.map(named).into_iter().collect();
        if !mail.needs_unicode() {
            return Ok(parameters);
        }
        if !self.connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Failure::NoUnicodeAddresses);
        }
        parameters.extend([MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)]);
        Ok(parameters)
    }

    async fn send_content(&mut self, content: &[u8]) -> Result<String, Failure> {
        // The library ends the message after the last chunk; once it has asked for more than there is, the end may be
        // on its way.
        let ended = Cell::new(false);
        let body = content.strip_suffix(b"\r\n").unwrap_or(content);
        let chunks = std::iter::once(body).chain(std::iter::from_fn(|| {
            ended.set(true);
            None
        }));
        let answer = timeout(self.patience.accept, self.connection.message_iter(chunks)).await;
        let stage = if ended.get() { Stage::Answer } else { Stage::Content };
        match answer {
            Ok(Ok(response)) => Ok(words(&response)),
            Ok(Err(error)) => Err(Failure::of(stage, &error)),
            Err(_) => Err(Failure::timeout(stage)),
        }
    }

    /// Forgets a refused message, so that the next one starts clean.
    async fn reset(&mut self) -> Result<(), Failure> {
        within(self.patience.command, Stage::Sender, self.connection.command(Rset)).await.map(|_| ())
    }

    /// Says goodbye, where the other side may still listen, and closes.
    pub async fn close(mut self, lost: bool) {
        if !lost {
            let goodbye = self.connection.command(Quit);
            _ = timeout(Duration::from_secs(1), goodbye).await;
        }
    }

    /// Whether it is of no use any more, although nothing was lost.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// How many messages went over it.
    pub fn messages(&self) -> u32 {
        self.messages
    }

    /// How long it has not been used.
    pub fn idle_for(&self) -> Duration {
        self.used.elapsed()
    }

    /// What the server said about itself.
    pub fn describe(&self) -> String {
        let encrypted = if self.connection.is_encrypted() { "encrypted" } else { "not encrypted" };
        format!("{encrypted}, {}", self.connection.server_info())
    }
}

async fn within(
    patience: Duration,
    stage: Stage,
    answer: impl Future<Output = Result<Response, Error>>,
) -> Result<Response, Failure> {
    match timeout(patience, answer).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(Failure::of(stage, &error)),
        Err(_) => Err(Failure::timeout(stage)),
    }
}

fn words(response: &Response) -> String {
    response.message().collect::<Vec<_>>().join(" ")
}
