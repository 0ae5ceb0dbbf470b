//! What tests of all rooms share: real servers beside them, the real binary under them, invented input.
//!
//! Never part of the product, and nothing here pretends: PostgreSQL is PostgreSQL, mail goes to a real SMTP server.
//! Since only tests use it, it panics with a sentence where a test cannot go on.

pub mod by_hand;
pub mod companies;
pub mod dns;
pub mod fakes;
pub mod http;
pub mod imap;
pub mod keys;
pub mod postgres;
pub mod process;
pub mod smtp;
pub mod twilio;

pub use companies::companies_csv;
pub use dns::Dns;
pub use imap::Imap;
pub use postgres::{ScratchDatabase, scratch_copy, scratch_database};
pub use process::{Finished, Process, Program, free_port, wait_for_http};
pub use smtp::{Behaviour, Received, Smtp, Stage};
