//! What destinations hold of a person, for people.

use caravan_model::PersonId;
use caravan_model::document::DocumentKind;
use caravan_store::external_audiences::{self as stored, FAILED, IN_DOUBT, LEFT_OUT, PENDING, THERE};
use caravan_store::{Session, StoreError};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use crate::live::Live;

/// How a person of an external audience stands at a destination, and what stands there.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Held {
    /// Key of the external audience.
    pub audience: String,
    /// Its name.
    pub audience_name: String,
    /// Key of the destination.
    pub destination: String,
    /// Its name.
    pub destination_name: String,
    /// How the person stands there.
    pub state: HeldState,
    /// Why the person is left out or was refused, stable.
    pub reason: Option<String>,
    /// What the destination holds of the person, in its own form; none: nothing.
    pub holds: Option<Json>,
    /// What it may hold beside that: it was told, and nobody knows whether it was heard.
    pub may_hold: Vec<Json>,
    /// When it last took the person.
    pub told_at: Option<Timestamp>,
}

/// How a person stands at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldState {
    /// Something is on its way there.
    Pending,
    /// The destination took the person.
    There,
    /// The person is not handed over.
    LeftOut,
    /// It refused the last change.
    Failed,
    /// Nobody knows whether the last change was heard.
    InDoubt,
}

impl HeldState {
    fn of(state: &str) -> Option<Self> {
        Some(match state {
            PENDING => Self::Pending,
            THERE => Self::There,
            LEFT_OUT => Self::LeftOut,
            FAILED => Self::Failed,
            IN_DOUBT => Self::InDoubt,
            _ => return None,
        })
    }
}

/// What destinations hold of a person, by audience and destination.
///
/// # Errors
/// The store's.
pub fn held_of(s: &mut dyn Session, live: &Live, person: PersonId) -> Result<Vec<Held>, StoreError> {
    let named = |kind: DocumentKind, id| {
        let found = live.definitions.of_kind(kind).find(|it| it.id == id)?;
        let name = if found.name.is_empty() { &found.key } else { &found.name };
        Some((found.key.clone(), name.clone()))
    };
    let read = |element: &str| serde_json::from_str::<Json>(element).unwrap_or_else(|_| element.into());
    let held = stored::of_person(s, person)?.into_iter().filter_map(|standing| {
        let (audience, audience_name) = named(DocumentKind::ExternalAudience, standing.audience)?;
        let (destination, destination_name) = named(DocumentKind::Destination, standing.destination)?;
        Some(Held {
            audience,
            audience_name,
            destination,
            destination_name,
            state: HeldState::of(&standing.state)?,
            may_hold: standing.maybes().iter().map(|element| read(element)).collect(),
            holds: standing.element.as_deref().map(read),
            reason: standing.reason,
            told_at: standing.told_at,
        })
    });
    let mut held: Vec<Held> = held.collect();
    held.sort_by(|a, b| (&a.audience, &a.destination).cmp(&(&b.audience, &b.destination)));
    Ok(held)
}
