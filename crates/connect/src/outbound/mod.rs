//! Calls to addresses that a user wrote: one client for every connector, which reaches public addresses only.
//!
//! The guard judges the address that a connection is made to (after the name was resolved, once), never the name; so a
//! name that leads to a private address is refused however it is written. Redirects are not followed: the answer is
//! handed back as it is. Answers are bounded. Nothing here retries.

mod client;
mod guard;
mod mail;
mod names;
mod turns;

pub use client::{Answer, CallError, Outbound};
pub use guard::{BadNetwork, Guard, Network};
pub(crate) use mail::{NoMailServer, mail_server};
pub use turns::{Allowed, Held, SharedTurns, Turn, Turns};
