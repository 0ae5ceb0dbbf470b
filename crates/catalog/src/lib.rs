//! The catalogue: one file per action, one visible registry; schema, validation, form, palette, docs and permissions
//! follow from the type.
//!
//! Pure: never SQL, sockets or spawned tasks, and no entry knows another.

pub mod action;
pub mod actions;
pub mod calls;
pub mod catalogue;
pub mod changes;
pub mod definitions;
pub mod effects;
pub mod engagement;
pub mod events;
mod facts;
pub mod groups;
pub mod mailing;
pub mod memberships;
pub mod needs;
pub mod personas;
mod reference;
pub mod registry;
mod settings;
pub mod snapshot;
pub mod world;

pub use action::{Action, ActionFacts, ActionKind, Outcome, PreparedAction, Subject, Subjects, Visit};
pub use catalogue::{Actions, Catalogue};
pub use changes::Changes;
pub use definitions::{Definition, Definitions};
pub use needs::Needs;
pub use reference::reference_markdown;
pub use registry::{ACTIONS, action};
pub use snapshot::Snapshot;
pub use world::World;

#[cfg(test)]
mod actions_tests;
#[cfg(test)]
mod catalogue_tests;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod testing;
