//! The motor: steps, entry, event matching, timers, simulation, delivery.
//!
//! Never SQL text, never the name of a concrete action or connector.

pub mod compile;
pub mod inbox;
pub mod listen;
pub mod live;
pub mod load;
pub mod plan;
pub mod tallies;
pub mod walk;
