//! How the other sides are, as delivery finds them: written down when it changes, and now and then while it does not.

use std::collections::HashMap;

use caravan_catalog::Definition;
use caravan_connect::Outcome;
use caravan_model::DocumentId;
use caravan_store::{Session, StoreError, health};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::results::{Settled, Verdict};

/// How often it is written down that something still works: a statement is not the price of every message.
const STILL_WELL: SignedDuration = SignedDuration::from_secs(60);

/// What this process wrote down last.
#[derive(Default)]
pub struct Healths {
    known: Mutex<HashMap<DocumentId, (bool, Timestamp)>>,
}

/// What was written down: whose, that it is well or not, when.
pub type Noted = (DocumentId, bool, Timestamp);

/// How the other side was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It took something.
    Well,
    /// It could not be used, or took nothing.
    Failing { code: String, message: String },
}

/// What answers tell of the other side; nothing where nobody asked it. One that was taken tells that it works, whatever
/// became of the others.
pub fn of(answered: &[Settled], unopened: Option<&Outcome>) -> Option<Found> {
    if answered.iter().any(|settled| matches!(settled.verdict, Verdict::Done { .. })) {
        return Some(Found::Well);
    }
    let failure = answered.iter().find_map(|settled| match &settled.verdict {
        Verdict::Shut { code, message, .. } | Verdict::Again { code, message, .. } => Some((code, message)),
        _ => None,
    });
    let unopened = unopened.and_then(|outcome| match outcome {
        Outcome::Shut { code, message, .. } => Some((code, message)),
        _ => None,
    });
    let (code, message) = failure.or(unopened)?;
    Some(Found::Failing { code: code.clone(), message: message.clone() })
}

impl Healths {
    /// Writes down what was found, unless it says nothing new.
    pub fn note(
        &self,
        s: &mut dyn Session,
        definition: Option<&Definition>,
        found: Option<Found>,
        now: Timestamp,
    ) -> Result<Option<Noted>, StoreError> {
        let (Some(definition), Some(found)) = (definition, found) else { return Ok(None) };
        let known = self.known.lock().get(&definition.id).copied();
        match found {
            Found::Well if known.is_some_and(|(well, at)| well && now.duration_since(at) < STILL_WELL) => Ok(None),
            Found::Well => {
                health::worked(s, definition.id, now)?;
                Ok(Some((definition.id, true, now)))
            }
            Found::Failing { code, message } => {
                health::failed(s, definition.id, now, &code, &message)?;
                Ok(Some((definition.id, false, now)))
            }
        }
    }

    /// What was written down is committed.
    pub fn remember(&self, noted: Option<Noted>) {
        if let Some((document, well, at)) = noted {
            self.known.lock().insert(document, (well, at));
        }
    }
}
