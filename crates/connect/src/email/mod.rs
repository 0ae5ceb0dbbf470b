//! An email from its frozen version to what one recipient gets. Pure: the same version, values and links give the same
//! mail, whether it is sent, tried again or shown as a preview.
//!
//! [`compile`] runs once for a version: it checks the templates, turns MJML into an HTML template and numbers the
//! links. [`Compiled::render`] runs for every recipient.

mod added;
mod address;
pub mod archive;
mod campaign;
mod compile;
mod content;
mod contrast;
mod design;
mod gaps;
mod html;
mod language;
mod legible;
mod lint;
pub mod locks;
mod look;
mod names;
pub mod packed;
mod place;
mod render;
mod shape;
mod smaller;
mod style;
mod tags;
mod text;

pub use address::{AddressProblem, check_address};
pub use campaign::Campaign;
pub(crate) use campaign::findings as campaign_findings;
pub use compile::{Compiled, Link, Tracking, check_text, compile, without_tags};
pub use content::{Attributes, Edge, EmailBody, EmailContent, SYSTEM_ATTRIBUTES, Sender, Snapshot};
pub(crate) use render::one_line;
pub use render::{RenderError, Rendered};

#[cfg(test)]
mod hostile_tests;
