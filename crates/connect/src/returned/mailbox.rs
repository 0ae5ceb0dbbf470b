//! Reports that lie in a mailbox, fetched over IMAP.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_imap::types::Fetch;
use async_imap::{Client, Session};
use futures_util::TryStreamExt as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::connector::{Secret, Surroundings};
use crate::outbound::{Guard, mail_server};
use crate::smtp::Security;

/// The most that is fetched of a message: a report says what it has to say at its beginning.
const LONGEST: usize = 1024 * 1024;
/// Messages looked at in one visit.
const MOST: usize = 200;
/// Messages fetched together; what was taken of them is put out of the way before the next.
const TOGETHER: usize = 20;
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
    /// User name; its password is the secret `bounce_password`.
    pub username: String,
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
        password: &Secret,
        surroundings: &Surroundings,
        take: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<usize, String> {
        let guard = surroundings.outbound.guard();
        let place = format!("the mailbox of {} at {}", self.username, self.host);
        let visit = surroundings.runtime.block_on(async { timeout(VISIT, self.read_all(password, guard, take)).await });
        visit.map_err(|_| format!("{place} takes too long")).flatten().map_err(|why| format!("{place}: {why}"))
    }

    async fn read_all(
        &self,
        password: &Secret,
        guard: &Guard,
        take: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<usize, String> {
        let mut session = self.sign_in(password, guard).await?;
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

    async fn sign_in(&self, password: &Secret, guard: &Guard) -> Result<Session<Stream>, String> {
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
        client.login(&self.username, password.reveal()).await.map_err(|(error, _)| told(error))
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
