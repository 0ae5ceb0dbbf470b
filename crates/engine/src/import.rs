//! Import files and ingestion: accounts, people, activities, records, suppressions and consents come in, in sets, in
//! constant memory.
//!
//! A file is read in chunks, each one transaction: its keys are looked up at once, its rows are folded over what is stored,
//! and what really differs is written, told on the stream and to the shards that may care. A row is taken whole or refused
//! whole. Single accounts and people (the API) and Segment calls take the same way.

mod accounts;
mod activities;
mod book;
mod consents;
mod draft;
mod ingest;
mod layout;
mod news;
mod people;
mod reader;
mod records;
mod rejects;
mod rows;
mod run;
mod scheduled;
pub mod segment;
mod single;
mod suppressions;

use std::collections::HashSet;

use caravan_catalog::changes::NewConsent;
use caravan_model::attribute::Schema;
use caravan_model::document::OPPORTUNITY;
use caravan_store::StoreError;
use serde::Serialize;

pub use activities::{ActivityType, ActivityTypes};
pub use ingest::{IncomingActivity, Ingested, ingest};
pub use rejects::{RejectsError, has_rejects, write_rejects};
pub use run::import;
pub use scheduled::take_in_arrived;
pub(crate) use single::lists_of;
pub use single::{Put, STALE, delete, delete_record, put, put_row};
pub use suppressions::{BY_HAND, listed};

use crate::Engine;
use draft::Draft;

/// How many rows one transaction takes: long enough that its commit does not count, short enough that writers beside it
/// wait for a fraction of a second.
const CHUNK_ROWS: usize = 10_000;

/// How many rejects the report itself keeps; all of them go to the observer.
const REJECTS_KEPT: usize = 100;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportKind {
    /// One account a row.
    Accounts,
    /// One person, in one of its accounts, a row.
    People,
    /// One activity a row.
    Activities,
    /// One do-not-contact address a row.
    Suppressions,
    /// What one number said to one sender of ours a row.
    Consents,
    /// One record of the object with this key a row.
    Records(String),
}

impl ImportKind {
    /// As commands and addresses name it. What is nothing else is the key of an object.
    pub fn named(name: &str) -> Self {
        match name {
            "accounts" => Self::Accounts,
            "people" => Self::People,
            "activities" => Self::Activities,
            "suppressions" => Self::Suppressions,
            "consents" => Self::Consents,
            "opportunities" => Self::Records(OPPORTUNITY.to_owned()),
            object => Self::Records(object.to_owned()),
        }
    }
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated, a header first.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl FileFormat {
    /// By the end of a file's name.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match &*extension.to_ascii_lowercase() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" | "json" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// How a file is taken.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Column → attribute; an empty name leaves the column out. When given, columns that are neither mapped nor known are
    /// ignored with a note.
    pub map: Vec<(String, String)>,
    /// Does everything but commit.
    pub dry_run: bool,
    /// What change activities name as their source.
    pub source: String,
    /// Who imports it: a user's address, `token:NAME`.
    pub by: Option<String>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { map: Vec::new(), dry_run: false, source: "import".to_owned(), by: None }
    }
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// Where it begins in the file, counted from 1.
    pub line: u64,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl Reject {
    pub(crate) fn new(line: u64, code: &'static str, message: String) -> Self {
        Self { line, code, message }
    }
}

/// Something worth saying that refused nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Stable code.
    pub code: &'static str,
    /// The sentence.
    pub message: String,
}

/// What became of a file. `read` = `created` + `updated` + `unchanged` + `parked` + `rejected`, all counted in rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Rows.
    pub read: u64,
    /// Rows that added something.
    pub created: u64,
    /// Rows that changed something.
    pub updated: u64,
    /// Rows that said what was known; activities received before.
    pub unchanged: u64,
    /// Activities that wait for their person or account.
    pub parked: u64,
    /// Rows that were not taken.
    pub rejected: u64,
    /// Opt-outs that the people made themselves and that rows would have lifted.
    pub opt_outs_kept: u64,
    /// Rows whose record is stored in the same or a later version; they are among the unchanged.
    pub older_versions: u64,
    /// The first rejects.
    pub rejects: Vec<Reject>,
    /// What else is worth saying.
    pub notes: Vec<Note>,
}

impl ImportReport {
    fn add(&mut self, outcome: &Outcome) {
        self.created += outcome.created;
        self.updated += outcome.updated;
        self.unchanged += outcome.unchanged;
        self.parked += outcome.parked;
        self.opt_outs_kept += outcome.opt_outs_kept;
        self.older_versions += outcome.older_versions;
    }
}

/// Why a file was not taken at all, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file as a whole is wrong; nothing was imported.
    #[error("{message}")]
    File {
        /// Stable code.
        code: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// It could not be read to its end; what came before is imported.
    #[error("the input cannot be read on: {0}. What was read before is imported; repeat the import when it is whole")]
    Read(#[from] std::io::Error),
    /// The store refused; chunks before are imported.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    pub(crate) fn file(code: &'static str, message: String) -> Self {
        Self::File { code, message }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { code, .. } => code,
            Self::Read(_) => "input_unreadable",
            Self::Store(error) => error.code(),
        }
    }
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// Rows committed or refused.
    pub rows: u64,
}

/// Whoever watches an import.
pub trait Observer {
    /// Called after each chunk.
    fn progress(&mut self, _progress: Progress) {}
    /// Called for each activity that was read, before it is taken in.
    fn activity(&mut self, _activity: &IncomingActivity) {}
    /// Called for each row that is not taken; in the order of lines, but for accounts that waited for a parent.
    fn reject(&mut self, _reject: &Reject) {}
}

impl Observer for () {}

/// What a transaction did with its rows.
#[derive(Debug, Default)]
struct Outcome {
    created: u64,
    updated: u64,
    unchanged: u64,
    parked: u64,
    opt_outs_kept: u64,
    older_versions: u64,
    rejects: Vec<Reject>,
    /// Rows that wait for the end of the file: their parent is not known yet.
    later: Vec<Draft>,
    /// Keys that are new.
    new_keys: Vec<String>,
}

/// What a transaction of an import is told beside its rows.
struct Chunk<'a> {
    engine: &'a Engine,
    schema: &'a Schema,
    source: &'a str,
    /// Dry run: keys that earlier chunks would have added.
    pretended: &'a HashSet<String>,
    /// The end of the file: no account waits for its parent any more.
    last: bool,
    /// Who writes: a user's address, `token:NAME`.
    by: Option<&'a str>,
}

impl Chunk<'_> {
    /// What its rows say of consent has this source and is shown by this. What a user of the app writes is told from what a
    /// program does.
    fn consent(&self) -> NewConsent {
        let source = self.told_source();
        let evidence = self.by.map(|by| ("by", by.to_owned())).into_iter().collect();
        NewConsent { source: source.to_owned(), evidence, ..NewConsent::default() }
    }

    fn told_source(&self) -> &str {
        let in_the_app = self.by.is_some_and(|by| !by.starts_with("token:"));
        if self.source == API && in_the_app { "admin" } else { self.source }
    }
}

/// What is written by requests.
pub const API: &str = "api";

/// Who writes a row.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// What change activities name as their source.
    pub source: &'a str,
    /// A user's address, or `token:NAME`.
    pub by: Option<&'a str>,
}

impl<'a> Writer<'a> {
    /// Whoever sends a request.
    pub fn asking(actor: &'a str) -> Self {
        Self { source: API, by: Some(actor) }
    }
}

impl<'a> From<&'a str> for Writer<'a> {
    fn from(source: &'a str) -> Self {
        Self { source, by: None }
    }
}
