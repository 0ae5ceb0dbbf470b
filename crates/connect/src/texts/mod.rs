//! Text messages: numbers, keywords, and the providers behind one port.
//!
//! A provider is a [`ConnectorKind`](crate::ConnectorKind) for what goes out, and a [`TextProvider`] for what comes
//! back. Sinch and Infobip join with a folder beside `twilio` and a line in each of the two registries.

mod failure;
mod keywords;
mod number;
mod provider;
mod render;
mod segments;
pub mod twilio;
mod words;

pub use failure::FailureClass;
pub use keywords::Keyword;
pub use number::{NumberProblem, can_be_answered, e164, sender_key};
pub use provider::{Call, CallRefused, Inbound, PROVIDERS, Reply, Report, Returned, State, TextProvider, provider};
pub use render::{TextLinks, TextProblem, fill_in, render};
pub use segments::{Alphabet, Segments, segments};
pub use words::{AnswerWords, Meaning};
