//! External audiences: how kinds of connections take people.
//!
//! Each makes what stands for a person in its own way from the person's raw attributes (which of them, how normalised, hashed
//! or not): systems do not agree on that, so nothing here knows of one hash per person.

pub mod columns;
pub mod csv;
mod forms;

use std::time::Duration;

use caravan_model::duration;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

pub use self::columns::{Column, Columns, Element};
pub use self::forms::Form;

/// A kind of connection that takes people into audiences. Nothing here asks the other side: changes travel as
/// [`Membership`](crate::audiences::Membership) through [`Connector::deliver`](crate::Connector::deliver). `settings` are those
/// of a destination.
pub trait TakesPeople: Send + Sync {
    /// Keys of the attributes that an element is made from.
    fn attributes(&self, settings: &Json) -> Vec<String>;

    /// What stands for a person, made from its attributes by key.
    ///
    /// # Errors
    /// Why nothing can: a stable reason.
    fn element(&self, settings: &Json, person: &Map<String, Json>) -> Result<Json, &'static str>;

    /// How a destination wants to be told.
    fn manner(&self, settings: &Json) -> Manner;
}

/// How a destination wants to be told of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Changes are gathered for so long before they are handed over together.
    pub every: Duration,
    /// Members who are not told again within this time leave the audience by themselves; none: they stay until taken out.
    pub lapses_after: Option<Duration>,
    /// Whether members can be taken out. Where not, they leave when their time is up.
    pub takes_out: bool,
}

impl Manner {
    /// The time that somebody asked for, or the usual one.
    pub fn every(asked: Option<duration::Duration>, usual: Duration) -> Duration {
        let span = |asked: duration::Duration| asked.after(Timestamp::UNIX_EPOCH, &TimeZone::UTC).as_second();
        asked.and_then(|asked| u64::try_from(span(asked)).ok()).map_or(usual, Duration::from_secs)
    }
}
