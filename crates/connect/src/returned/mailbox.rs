//! Reports that lie in a mailbox, fetched over IMAP.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_imap::types::Fetch;
use async_imap::{Authenticator, Client, Session};
use futures_util::TryStreamExt as _;
use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::connector::{Outcome, Secret, Secrets, Surroundings};
use crate::oauth::TokenSource;
use crate::outbound::{Guard, mail_server};
use crate::smtp::Security;

/// The most that is fetched of a message: a report says what it has to say at its beginning.
const LONGEST: usize = 1024 * 1024;
/// Messages looked at in one visit.
const MOST: usize = 200;
/// Messages fetched together; what was taken of them is put out of the way before the next.
const TOGETHER: usize = 20;
/// Secrets of `oauth`.
const CLIENT_SECRET: &str = "bounce_client_secret";
const REFRESH_TOKEN: &str = "bounce_refresh_token";
/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(15);
/// How long a visit may take.
const VISIT: Duration = Duration::from_secs(300);

/// A mailbox into which reports about delivery come. It should be for nothing else: what is read in it is put away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BounceMailbox {
    /// Name or address of the IMAP server.
    pub host: String,
    /// Its port; usually 993 with TLS, 143 with STARTTLS.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// User name; its password is the secret `bounce_password`, unless `oauth` says otherwise.
    pub username: String,
    /// How to sign in where the provider takes no passwords (Microsoft 365, Google).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<MailboxOauth>,
    /// The folder.
    #[serde(default = "inbox")]
    pub folder: String,
    /// What becomes of a message that was read.
    #[serde(default)]
    pub then: Handled,
    /// Certificate in PEM of an authority of your own that signed the server's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<String>,
}

fn inbox() -> String {
    "INBOX".to_owned()
}

/// Signing in with tokens (OAuth 2, XOAUTH2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailboxOauth {
    /// Where tokens are asked for: `https://login.microsoftonline.com/TENANT/oauth2/v2.0/token`,
    /// `https://oauth2.googleapis.com/token`.
    pub token_url: String,
    /// What the provider knows Caravan by.
    pub client_id: String,
    /// What is asked for; Microsoft wants `https://outlook.office365.com/.default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// By which right.
    pub grant: MailboxGrant,
}

/// By which right a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailboxGrant {
    /// The client's own, with the secret `bounce_client_secret` (Microsoft).
    ClientCredentials,
    /// That of the mailbox's owner, with the secret `bounce_refresh_token` and, where the client has one,
    /// `bounce_client_secret` (Google).
    RefreshToken,
}

impl MailboxOauth {
    /// What is posted to the token server.
    fn form(&self, secrets: &Secrets) -> Result<Vec<(String, Secret)>, String> {
        let secret = |key: &str| secrets.get(key).cloned();
        let needed = |key: &str| secret(key).ok_or_else(|| format!("the secret `{key}` is not given"));
        let field = |name: &str, value: Secret| (name.to_owned(), value);
        let (grant, mut form) = match self.grant {
            MailboxGrant::ClientCredentials => {
                ("client_credentials", vec![field("client_secret", needed(CLIENT_SECRET)?)])
            }
            MailboxGrant::RefreshToken => {
                let own = secret(CLIENT_SECRET).map(|own| field("client_secret", own));
                let token = field("refresh_token", needed(REFRESH_TOKEN)?);
                ("refresh_token", own.into_iter().chain([token]).collect())
            }
        };
        form.push(field("grant_type", Secret::new(grant)));
        form.push(field("client_id", Secret::new(&self.client_id)));
        form.extend(self.scope.as_ref().map(|scope| field("scope", Secret::new(scope))));
        Ok(form)
    }
}

/// Tokens of mailboxes, kept from one visit to the next.
#[derive(Default)]
pub struct MailboxTokens(Mutex<HashMap<String, Asked>>);

/// How tokens are asked for, and who asks.
type Asked = (String, Vec<(String, Secret)>, Arc<TokenSource>);

impl MailboxTokens {
    /// How one signs in to the mailbox of a connection.
    ///
    /// # Errors
    /// A secret is missing.
    pub fn sign_in(
        &self,
        connection: &str,
        mailbox: &BounceMailbox,
        secrets: &Secrets,
        surroundings: &Surroundings,
    ) -> Result<SignIn, String> {
        let Some(oauth) = &mailbox.oauth else {
            let password = secrets.get("bounce_password").ok_or("the secret `bounce_password` is not given")?;
            return Ok(SignIn::Password(password.clone()));
        };
        let form = oauth.form(secrets)?;
        let mut all = self.0.lock();
        if let Some((_, _, source)) =
            all.get(connection).filter(|(url, had, _)| *url == oauth.token_url && *had == form)
        {
            return Ok(SignIn::Tokens(Arc::clone(source)));
        }
        let (outbound, clock) = (surroundings.outbound.clone(), surroundings.clock.clone());
        let source = Arc::new(TokenSource::new(&oauth.token_url, form.clone(), outbound, clock));
        all.insert(connection.to_owned(), (oauth.token_url.clone(), form, Arc::clone(&source)));
        Ok(SignIn::Tokens(source))
    }
}

/// How one signs in to a mailbox.
pub enum SignIn {
    /// With the password of its user.
    Password(Secret),
    /// With a token (XOAUTH2).
    Tokens(Arc<TokenSource>),
}

/// Says who comes and with which token; a refusal is explained in a challenge, which is answered with nothing.
struct Xoauth2 {
    said: Option<String>,
    refusal: Arc<Mutex<String>>,
}

impl Authenticator for Xoauth2 {
    type Response = String;

    fn process(&mut self, challenge: &[u8]) -> String {
        self.said.take().unwrap_or_else(|| {
            let told = String::from_utf8_lossy(challenge).chars().filter(|c| !c.is_control()).take(200).collect();
            *self.refusal.lock() = told;
            String::new()
        })
    }
}

/// What becomes of a message that was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Handled {
    /// It is marked as read and stays.
    #[default]
    MarkRead,
    /// It is deleted.
    Delete,
}

/// What an encrypted and a plain connection have in common.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Debug> Wire for T {}

type Stream = Box<dyn Wire>;

impl BounceMailbox {
    /// What is wrong with the settings: the field and why.
    pub fn findings(&self) -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        if self.host.trim().is_empty() || self.host.contains(char::is_whitespace) {
            found.push(("/host", "The host is not the name of a server; write one like imap.acme.example."));
        }
        if self.port == 0 {
            found.push(("/port", "Port 0 cannot be connected to; use 993 or 143."));
        }
        if let Some(oauth) = &self.oauth {
            if !oauth.token_url.starts_with("https://") {
                found.push((
                    "/oauth/token_url",
                    "The secret would cross the network in the clear; write an address with https.",
                ));
            }
            if oauth.client_id.trim().is_empty() {
                found.push(("/oauth/client_id", "Write what the provider knows Caravan by."));
            }
        }
        let local = self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback());
        if self.security == Security::None && !local {
            found.push(("/security", "The password would cross the network in the clear; use starttls or tls."));
        }
        found
    }

    /// Hands unread messages to `take`, the oldest first, and puts away what it took; one that it does not take ends the
    /// visit, and comes again with the next. Returns how many were taken.
    ///
    /// # Errors
    /// Why the mailbox cannot be read, for people.
    pub fn visit(
        &self,
        how: &SignIn,
        surroundings: &Surroundings,
        take: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<usize, String> {
        let guard = surroundings.outbound.guard();
        let place = format!("the mailbox of {} at {}", self.username, self.host);
        let visit = surroundings.runtime.block_on(async { timeout(VISIT, self.read_all(how, guard, take)).await });
        visit.map_err(|_| format!("{place} takes too long")).flatten().map_err(|why| format!("{place}: {why}"))
    }

    async fn read_all(
        &self,
        how: &SignIn,
        guard: &Guard,
        take: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<usize, String> {
        let mut session = self.sign_in(how, guard).await?;
        session.select(&self.folder).await.map_err(told)?;
        let mut unread: Vec<u32> = session.uid_search("UNSEEN UNDELETED").await.map_err(told)?.into_iter().collect();
        unread.sort_unstable();
        unread.truncate(MOST);
        let mut taken = 0;
        for some in unread.chunks(TOGETHER) {
            let query = format!("(UID BODY.PEEK[]<0.{LONGEST}>)");
            let fetched: Vec<Fetch> =
                session.uid_fetch(set(some), query).await.map_err(told)?.try_collect().await.map_err(told)?;
            let mut done = Vec::new();
            let goes_on = fetched.iter().all(|message| {
                let (Some(uid), Some(body)) = (message.uid, message.body()) else { return true };
                let took = take(body);
                done.extend(Some(uid).filter(|_| took));
                took
            });
            self.put_away(&mut session, &done).await?;
            taken += done.len();
            if !goes_on {
                break;
            }
        }
        // Whether it says goodbye in return is its own business.
        _ = session.logout().await;
        Ok(taken)
    }

    async fn put_away(&self, session: &mut Session<Stream>, uids: &[u32]) -> Result<(), String> {
        if uids.is_empty() {
            return Ok(());
        }
        let flags = match self.then {
            Handled::MarkRead => "+FLAGS (\\Seen)",
            Handled::Delete => "+FLAGS (\\Seen \\Deleted)",
        };
        let stored: Vec<Fetch> =
            session.uid_store(set(uids), flags).await.map_err(told)?.try_collect().await.map_err(told)?;
        drop(stored);
        if self.then == Handled::Delete {
            let gone: Vec<u32> = session.expunge().await.map_err(told)?.try_collect().await.map_err(told)?;
            drop(gone);
        }
        Ok(())
    }

    async fn sign_in(&self, how: &SignIn, guard: &Guard) -> Result<Session<Stream>, String> {
        let connect = async {
            let addresses = mail_server(guard, &self.host, self.port).await.map_err(told)?;
            TcpStream::connect(&addresses[..]).await.map_err(told)
        };
        let stream = timeout(CONNECT, connect).await.map_err(|_| "it does not answer".to_owned())??;
        let stream: Stream = match self.security {
            Security::Tls => self.encrypted(stream).await?,
            Security::None | Security::Starttls => Box::new(stream),
        };
        let mut client = Client::new(stream);
        client.read_response().await.map_err(told)?.ok_or("it hangs up at once")?;
        if self.security == Security::Starttls {
            client.run_command_and_check_ok("STARTTLS", None).await.map_err(told)?;
            client = Client::new(self.encrypted(client.into_inner()).await?);
        }
        match how {
            SignIn::Password(password) => {
                client.login(&self.username, password.reveal()).await.map_err(|(error, _)| told(error))
            }
            SignIn::Tokens(source) => self.sign_in_with_token(client, source).await,
        }
    }

    async fn sign_in_with_token(
        &self,
        client: Client<Stream>,
        source: &TokenSource,
    ) -> Result<Session<Stream>, String> {
        let token = source.token().await.map_err(|outcome| match outcome {
            Outcome::Shut { message, .. } => message,
            other => format!("no token was given: {other:?}"),
        })?;
        let said = format!("user={}\x01auth=Bearer {}\x01\x01", self.username, token.reveal());
        let refusal = Arc::default();
        let speaks = Xoauth2 { said: Some(said), refusal: Arc::clone(&refusal) };
        match client.authenticate("XOAUTH2", speaks).await {
            Ok(session) => Ok(session),
            Err((error, _)) => {
                // The next visit asks for another one.
                source.refused(&token).await;
                Err(format!("the token is not taken ({error}). {}", refusal.lock()).trim_end().to_owned())
            }
        }
    }

    async fn encrypted(&self, stream: impl Wire + 'static) -> Result<Stream, String> {
        let name = ServerName::try_from(self.host.clone()).map_err(told)?;
        let connector = TlsConnector::from(Arc::new(self.tls()?));
        Ok(Box::new(connector.connect(name, stream).await.map_err(told)?))
    }

    fn tls(&self) -> Result<ClientConfig, String> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(pem) = &self.ca_certificate {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(certificate.map_err(told)?).map_err(told)?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Ok(builder.map_err(told)?.with_root_certificates(roots).with_no_client_auth())
    }
}

fn set(uids: &[u32]) -> String {
    uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
