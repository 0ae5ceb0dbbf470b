//! Imports and ingestion, on both databases.

#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod activities;
mod consents;
mod fields;
mod files;
mod pages;
mod place;
mod records;
mod relations;
mod scheduled;
mod segment;
mod suppressions;
mod vectors;
