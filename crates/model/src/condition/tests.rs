//! Conditions, from JSON to their answer.

mod read_errors;
mod world;
