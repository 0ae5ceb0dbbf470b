//! The archive: one port ([`Session`]), two drivers, and the SQL of every table family.
//!
//! Never rules of the domain, never HTTP. Everything outside works through [`Store::write`] and [`Store::read`].

pub mod access;
pub mod accounts;
pub mod audiences;
pub mod backup;
pub mod choices;
pub mod chores;
pub mod copy;
pub mod counters;
pub mod documents;
pub mod engagement;
pub mod external_audiences;
pub mod faults;
pub mod filter;
pub mod group_figures;
pub mod group_jobs;
pub mod group_pages;
pub mod groups;
pub mod health;
pub mod held_clicks;
pub mod intake;
pub mod journeys;
pub mod lane_turns;
pub mod ledger;
pub mod limits;
pub mod members;
pub mod merge;
pub mod meta;
pub mod objects;
pub mod outbox;
pub mod pace;
pub mod people;
pub mod pictures;
pub mod records;
pub mod reports;
pub mod retention;
pub mod schedules;
pub mod scratch;
pub mod secrets;
pub mod services;
pub mod soft_bounces;
pub mod step;
pub mod storage;
pub mod subscriptions;
pub mod suppressions;
pub mod turns;
pub mod uses;
pub mod visitors;
pub mod watched;

mod bulk;
mod error;
pub mod ids;
mod migrate;
mod pool;
mod postgres;
mod session;
mod sql;
mod sqlite;
mod store;

pub use bulk::{Bulk, Cell, Column};
pub use error::StoreError;
pub use ids::IdRange;
pub use session::{Dialect, Param, Row, Session, SessionExt, Value};
pub use store::{OpenOptions, Presence, RuntimeLock, Store};
