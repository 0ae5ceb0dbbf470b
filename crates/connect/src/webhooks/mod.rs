//! Messages that carry a signature of ours, and checking signatures of others (Standard Webhooks 1.0.0).

pub mod signature;

pub use signature::{Headers, Signer, Unsigned};
