//! The doors: wire protocols of other systems behind one [`Connector`] port, and the rendering of what goes through.
//!
//! Never SQL, never a rule of a journey: whether somebody may be written to is judged elsewhere, right before
//! [`Connector::deliver`].

pub mod aep;
pub mod audiences;
pub mod call;
pub mod catcher;
pub mod connector;
pub mod consent;
pub mod dns;
pub mod email;
pub mod external_audiences;
pub mod folder;
#[cfg(test)]
mod hostile;
pub mod inlet;
pub mod linkedin;
pub mod marketo;
pub mod oauth;
pub mod outbound;
pub mod returned;
pub mod s3;
pub mod services;
pub mod smtp;
pub mod spam;
pub mod texts;
pub mod tracking;
pub mod vault;
pub mod verp;
pub mod way_out;
pub mod webhooks;

pub use connector::{
    Choice, Connector, ConnectorFacts, ConnectorKind, EffectBody, EmailMessage, KINDS, Mailbox, Outcome, Outgoing,
    Secret, Secrets, Surroundings, TextMessage, Unsubscribe,
};
