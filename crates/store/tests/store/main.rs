//! What the store promises, on both databases.

mod comments;
mod conformance;
mod consent_records;
mod faults;
mod objects;
mod outbox;
mod postgres;
mod postgres_tls;
mod sqlite;
mod support;
mod text_answers;
