//! The motor: steps, entry, event matching, timers, simulation, delivery.
//!
//! Never SQL text, never the name of a concrete action or connector.

pub mod audiences;
pub mod batch;
pub mod chores;
pub mod compare;
pub mod compile;
pub mod connections;
pub mod content;
pub mod copies;
mod counters;
pub mod definitions;
pub mod deliver;
mod device;
pub mod draft;
pub mod engine;
pub mod external;
pub mod external_audiences;
pub mod figures;
pub mod groups;
pub mod guards;
pub mod import;
pub mod inbox;
mod inline;
pub mod lifecycle;
pub mod listen;
mod lists;
pub mod live;
pub mod load;
pub mod machines;
pub mod members;
pub mod merge;
pub mod metrics;
pub mod nodes;
pub mod objects;
pub mod plan;
pub mod retention;
pub mod returned;
pub mod runtime;
pub mod save;
pub mod scenario;
pub mod secrets;
pub mod sets;
pub mod simulate;
pub mod status;
mod structure;
pub mod sweep;
pub mod systems;
pub mod tallies;
pub mod texts;
pub mod tracking;
pub mod travel;
pub mod uses;
pub mod walk;
pub mod why;

pub use engine::Engine;
