//! External services: what a node asks of them, and how their answers come in. The engine's port to whatever calls them.
//!
//! A node queues one effect of kind [`CALL`] for each account or person, with a body of [`Call`]; whoever delivers it
//! calls the service and hands back through [`answer`] what came of it, as often as it likes: only the first answer of a
//! call counts. Such an effect stays `pending` in its node's counts until it is answered, so delivery itself moves no
//! counts of it. A call whose traveller leaves the node before is counted then and there as skipped, and is not made if it
//! has not been. An answer that comes too late changes nothing and is told on the stream.

mod callback;
mod fields;
mod registration;

use caravan_model::{EnrollmentId, PersonId};
use caravan_store::step;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::Engine;
use crate::definitions::DefinitionError;
use crate::inbox::Command;

pub use caravan_connect::webhooks::Headers as Signature;

pub(crate) use self::callback::token;
pub use self::callback::{CallbackError, Posted, callback};
pub use self::fields::{ServiceField, ServiceFields, fields_of};
pub use self::registration::{Found, inspect, register};

/// The kind of effects that are calls of a service.
pub const CALL: &str = "external_call";

/// The failure of a call that was not answered in time.
pub(crate) const TIMED_OUT: &str = "timed_out";

/// Why a call is skipped whose traveller has left: somebody moved it on or took it out, or its trip ended.
pub(crate) const NO_LONGER_AWAITED: &str = "no_longer_awaited";

/// The activity that tells of an answer.
pub(crate) const ANSWERED: &str = "external_answered";

/// One call: what the service is told. Copied when the node decided, so that nothing that changes later changes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Key of the service (kind `external_action`).
    pub service: String,
    /// Key of the journey.
    pub journey: String,
    /// The node's id in the manifest.
    pub node: String,
    /// Key of the account.
    pub account: String,
    /// Key of the person, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The service's and the node's values for its parameters.
    pub values: Map<String, Json>,
    /// Attributes of ours, under the names that the service gave them.
    pub attributes: Map<String, Json>,
    /// The paths of a split and their conditions as the service reads them, for its information.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Json>,
    /// When the node stops waiting, unless the service accepts the call before.
    pub answer_by: Timestamp,
}

/// Which call is answered; its text is the effect's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallKey {
    /// The trip.
    pub trip: EnrollmentId,
    /// The node's number in the trip's version.
    pub node: i64,
    /// About whom; none: the account.
    pub person: Option<PersonId>,
}

impl std::fmt::Display for CallKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.trip, self.node)?;
        self.person.map_or(Ok(()), |person| write!(f, ".{person}"))
    }
}

impl std::str::FromStr for CallKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let trip = parts.next().and_then(|part| part.parse().ok()).ok_or(())?;
        let node = parts.next().and_then(|part| part.parse().ok()).ok_or(())?;
        let person = parts.next().map(|part| part.parse().map_err(|_| ())).transpose()?;
        if parts.next().is_some() { Err(()) } else { Ok(Self { trip, node, person }) }
    }
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The service has taken the call and will answer later: its time begins now.
    Accepted,
    /// It is done.
    Succeeded {
        /// What conditions of an external split ask for.
        #[serde(default)]
        variables: Map<String, Json>,
        /// Attributes as the service names them.
        #[serde(default)]
        attributes: Map<String, Json>,
    },
    /// It could not be done.
    Failed {
        /// The service's code, or ours.
        code: String,
        /// For people.
        #[serde(default)]
        reason: Option<String>,
    },
}

/// An answer on its way to the traveller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Of which call.
    pub call: CallKey,
    /// What came of it.
    pub answer: Answer,
    /// When it was received.
    pub at: Timestamp,
}

impl Eq for Answered {}

/// Hands an answer to the traveller that waits for it.
///
/// # Errors
/// There is no such trip.
pub fn answer(engine: &Engine, call: CallKey, answer: Answer) -> Result<(), DefinitionError> {
    engine.store().write(|s| {
        let row = step::enrollments(s, &[call.trip])?.pop();
        let unknown = || DefinitionError::Unknown { kind: "trip".to_owned(), key: call.trip.to_string() };
        let row = row.ok_or_else(unknown)?;
        let answered = Answered { call, answer: answer.clone(), at: s.now()? };
        Ok::<_, DefinitionError>(step::insert_inbox(s, &[Command::answered(answered, row.subject, row.shard)])?)
    })?;
    engine.poke();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_call_is_its_text_and_foreign_text_is_none() {
        for person in [None, Some(PersonId(7))] {
            let key = CallKey { trip: EnrollmentId(41), node: 3, person };
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for text in ["", "x", "enr_1", "enr_1.x", "enr_1.2.per_3.4", "enr_1.2.", ".."] {
            assert_eq!(text.parse::<CallKey>(), Err(()), "{text:?}");
        }
    }
}
