//! The built-in mail catcher: an SMTP server on this machine that keeps the last messages and delivers none.
//!
//! For demos, tests and trying a journey out. It is strict, so that what it accepts a real server accepts too.

mod mailbox;
mod protocol;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use caravan_model::Clock;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use self::mailbox::Mailbox;
pub use self::mailbox::{CaughtMail, CaughtPage, CaughtSummary};
use self::protocol::Session;
use crate::connector::Surroundings;
use crate::outbound::Guard;

/// Bounds of a mail catcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatcherLimits {
    /// Messages kept; older ones go.
    pub messages: usize,
    /// Bytes of all messages kept; older ones go.
    pub total_bytes: usize,
    /// Bytes of one message; a larger one is refused.
    pub message_bytes: usize,
    /// Recipients of one message.
    pub recipients: usize,
    /// Connections at the same time; another one is turned away.
    pub connections: usize,
    /// How long a connection may be silent.
    pub silence: Duration,
}

impl Default for CatcherLimits {
    fn default() -> Self {
        const MB: usize = 1024 * 1024;
        Self {
            messages: 5_000,
            total_bytes: 64 * MB,
            message_bytes: 10 * MB,
            recipients: 100,
            connections: 50,
            silence: Duration::from_secs(60),
        }
    }
}

/// A running mail catcher. It stops when this is dropped.
#[derive(Debug)]
pub struct Catcher {
    addr: SocketAddr,
    mailbox: Arc<Mailbox>,
    server: JoinHandle<()>,
    /// Lets it be reached, and it alone on this machine, as long as it lives.
    guard: Guard,
}

impl Catcher {
    /// Starts a mail catcher on an address of this machine (port 0: any free one).
    ///
    /// # Errors
    /// When the address is not of this machine alone, or is in use.
    pub fn start(addr: SocketAddr, limits: CatcherLimits, surroundings: &Surroundings) -> io::Result<Self> {
        if !addr.ip().is_loopback() {
            let message = "the mail catcher takes mail from anybody, so it only listens on this machine (127.0.0.1)";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = std::net::TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let guard = surroundings.outbound.guard().clone();
        guard.begin_mail_server(addr);
        let mailbox = Arc::new(Mailbox::new(limits));
        let serving = serve(listener, limits, surroundings.clock.clone(), Arc::clone(&mailbox));
        let server = surroundings.runtime.spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the mail catcher stopped");
            }
        });
        Ok(Self { addr, mailbox, server, guard })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The messages caught, newest first; `cursor` is [`CaughtPage::next_cursor`] of the page before. With a `text` only those in
    /// whose addresses or subject it occurs, in small or capital letters.
    pub fn list(&self, limit: usize, cursor: Option<&str>, text: Option<&str>) -> CaughtPage {
        self.mailbox.list(limit, cursor, text)
    }

    /// A message with everything in it.
    pub fn get(&self, id: &str) -> Option<CaughtMail> {
        self.mailbox.get(id)
    }

    /// Forgets all messages.
    pub fn clear(&self) {
        self.mailbox.clear();
    }
}

impl Drop for Catcher {
    fn drop(&mut self) {
        self.guard.end_mail_server(self.addr);
        self.server.abort();
    }
}

async fn serve(
    listener: std::net::TcpListener,
    limits: CatcherLimits,
    clock: Clock,
    mailbox: Arc<Mailbox>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut sessions = JoinSet::new();
    loop {
        while sessions.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of files, or the caller went away: the next one may fare better.
                tracing::warn!(%error, "the mail catcher could not take a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = Arc::clone(&places).try_acquire_owned().ok();
        let (mailbox, clock) = (Arc::clone(&mailbox), clock.clone());
        sessions.spawn(async move {
            _ = stream.set_nodelay(true);
            let mut session = Session::new(stream, limits);
            let ended = match place {
                Some(_place) => session.run(|envelope| mailbox.keep(envelope, clock.now())).await,
                None => session.turn_away().await,
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection to the mail catcher broke");
            }
        });
    }
}

#[cfg(test)]
mod tests;
