//! Documents: everything a person designs, as one envelope around a typed body.
//!
//! A kind is a struct with its checks in one of the files beside this one, a line in [`kind`] and a line in [`body`].
//! The stored form is the manifest itself ([`Document::to_value`]).

mod body;
mod check;
mod circle;
mod content;
mod crm;
mod declarations;
mod difference;
mod envelope;
mod expand;
mod governance;
mod groups;
mod kind;
mod language;
mod lists;
mod objects;
mod read;
mod reference;
mod rules;
mod schedule;
mod schema;
mod shape;
mod stages;
mod systems;
#[cfg(test)]
mod tests;
mod yaml;

use serde_json::Value;

pub use body::Body;
pub use check::declared_attributes;
pub use circle::list_circles;
pub(crate) use content::is_name;
pub use content::*;
pub use crm::{CrmKind, CrmLinks, crm_ids, crm_link};
pub use declarations::*;
pub(crate) use difference::shown;
pub use difference::{Difference, Fate};
pub use envelope::{Document, DocumentState, Envelope, Origin};
pub use expand::{Found, Fragments};
pub use governance::*;
pub use groups::*;
pub use kind::{DocumentKind, KINDS, KeyForm, LifeCycle};
pub use language::{DEFAULT_LANGUAGE, Direction, is_language};
pub use lists::*;
pub use objects::{CustomObject, MAX_CUSTOM_OBJECTS, OPPORTUNITY, OPPORTUNITY_ID};
pub use read::{read_document, read_documents};
pub use reference::Reference;
pub use rules::*;
pub use schedule::{ArrivingFiles, ImportSchedule};
pub use schema::schema;
pub use shape::check_shape;
pub use stages::*;
pub use systems::*;
pub use yaml::to_yaml;

use crate::attribute::Subject;
use crate::finding::Finding;
use crate::journey::Journey;

/// The body of a kind: what it checks by itself and what it names.
pub trait Definition {
    /// What is wrong with it, as far as it can tell alone. Pointers begin at the document.
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        Vec::new()
    }

    /// The documents it names, those in its conditions and actions aside.
    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    /// The conditions in it, as written; reading them needs the installation's attributes.
    fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        Vec::new()
    }
}

/// A condition as written, with what its place decides about it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedCondition<'a> {
    /// JSON pointer inside the document.
    pub pointer: String,
    /// Whom it is about.
    pub subject: Subject,
    /// Whether there is a journey entry to count from.
    pub in_journey: bool,
    /// What was written.
    pub json: &'a Value,
}

impl<'a> PlacedCondition<'a> {
    /// A condition outside journeys.
    pub fn new(pointer: impl Into<String>, subject: Subject, json: &'a Value) -> Self {
        Self { pointer: pointer.into(), subject, in_journey: false, json }
    }

    /// A condition inside a journey.
    pub fn in_journey(pointer: impl Into<String>, subject: Subject, json: &'a Value) -> Self {
        Self { in_journey: true, ..Self::new(pointer, subject, json) }
    }
}

// A journey's own checks depend on the time and the catalogue: `Journey::check`.
impl Definition for Journey {
    fn references(&self) -> Vec<Reference> {
        self.own_references()
    }

    fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        self.placed_conditions()
    }
}
