//! Conditions, from JSON to their answer.

mod example;
mod notes;
mod people;
mod read_errors;
mod reference;
mod time;
mod values;
mod words;
mod world;
