//! Messages that carry a signature of ours, and checking signatures of others (Standard Webhooks 1.0.0).

mod endpoint;
pub mod signature;

pub use endpoint::{FORMER_SIGNING_SECRET, GONE, SIGNING_SECRET, WebhookMessage, open};
pub use signature::{Headers, Signer, Unsigned, draw};
