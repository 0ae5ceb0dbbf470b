//! Exports in the background: somebody asks for a file of a long list, a job writes it piece by piece, and they are told when it
//! is ready.
//!
//! The pieces lie in the database, compressed: every process can hand them out, and they are backed up and deleted like
//! everything else. Each piece is one transaction with how far the file has got, so that whoever goes on after a death goes on
//! where the last piece ended. Memory is that of one piece.

mod cells;
mod pieces;
mod request;
mod source;

use caravan_model::Finding;
use caravan_store::exports::{self as stored, Asked, ExportRow};
use caravan_store::{Session, StoreError, notifications};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::pieces::for_spreadsheets;
pub use self::pieces::{FileError, write_file};
pub use self::request::{
    AccountsPassedOver, ExportOf, ExportRequest, ExportedAccounts, ExportedActivities, ExportedGroups, ExportedMembers,
    ExportedPeople, ExportedTravellers, ListKind, PeoplePassedOver,
};
use self::source::Source;
pub use self::source::Unwritable;
use crate::Engine;

/// How long a file is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many exports of one user may be queued or written at once.
pub const MOST_OPEN: i64 = 5;
/// How many exports of one user are kept in all.
pub const MOST_KEPT: i64 = 50;
/// The largest file, before it is compressed.
pub const MOST_BYTES: i64 = 2 * 1024 * 1024 * 1024;
/// How long notifications are kept.
const NOTIFICATIONS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Pieces, and notifications, that one transaction deletes.
const DELETED_AT_ONCE: usize = 64;

/// What is told of an export when it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportNews {
    /// Its id, `exp_…`.
    pub export: String,
    /// The file's name, without its ending.
    pub name: String,
    /// `done` or `failed`.
    pub state: String,
    /// Rows written.
    pub rows: i64,
    /// Why there is no file.
    pub problem: Option<ExportProblem>,
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportProblem {
    /// Stable code.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
}

/// Why an export is not taken.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// What is asked for has mistakes.
    #[error("what is asked for has mistakes")]
    Findings(Vec<Finding>),
    /// Somebody has as many as they may have.
    #[error("{0}")]
    TooMany(String),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unwritable> for AskError {
    fn from(error: Unwritable) -> Self {
        match error {
            Unwritable::Findings(findings) => Self::Findings(findings),
            Unwritable::Store(error) => Self::Store(error),
        }
    }
}

/// Queues an export; the runtime writes it next. Returns it as it is kept.
///
/// # Errors
/// [`AskError`].
pub fn ask(engine: &Engine, by: &str, request: &ExportRequest) -> Result<ExportRow, AskError> {
    let text = serde_json::to_string(request).map_err(|error| StoreError::Other(error.to_string()))?;
    let row = engine.store().write(|s| {
        let (live, now) = (engine.live(s)?, s.now()?);
        let source = Source::of(s, &live, request)?;
        let (open, kept) = stored::count(s, by)?;
        if open >= MOST_OPEN {
            let message = format!("{open} of your exports are not written yet. Wait for one of them, or cancel one.");
            return Err(AskError::TooMany(message));
        }
        if kept >= MOST_KEPT {
            return Err(AskError::TooMany(format!("You have {kept} exports. Delete some that you no longer need.")));
        }
        let asked = Asked {
            by,
            request: &text,
            holds_people: source.holds_people(),
            expected: source.count(s)?,
            expires_at: now + KEPT,
        };
        let id = stored::ask(s, asked, now)?;
        stored::get(s, id)?.ok_or_else(|| StoreError::Corrupt("an export vanished".to_owned()).into())
    })?;
    engine.poke();
    Ok(row)
}

/// Ends an open export without a file; whether it was open.
///
/// # Errors
/// The store's.
pub fn cancel(engine: &Engine, id: i64) -> Result<bool, StoreError> {
    engine.store().write(|s| {
        let now = s.now()?;
        stored::end(s, id, "cancelled", None, now, now + KEPT)
    })
}

/// Writes on at the export whose turn it is, or deletes what nobody needs any more; whether there was anything to do.
///
/// # Errors
/// The store's.
pub fn tick(engine: &Engine) -> Result<bool, StoreError> {
    let due = engine.store().read(|s| {
        let now = s.now()?;
        stored::next_open(s, now)
    })?;
    if let Some(row) = due {
        pieces::write_on(engine, &row)?;
        return Ok(true);
    }
    let over = engine.store().read(|s| {
        let now = s.now()?;
        Ok::<_, StoreError>(stored::any_over(s, now)? || notifications::any_before(s, now - NOTIFICATIONS_KEPT)?)
    })?;
    if !over {
        return Ok(false);
    }
    engine.store().write(|s| {
        let now = s.now()?;
        notifications::forget(s, now - NOTIFICATIONS_KEPT, DELETED_AT_ONCE)?;
        stored::drop_pieces(s, now, DELETED_AT_ONCE as i64)
    })?;
    Ok(true)
}

/// Ends an export, and tells whoever asked for it.
fn end(
    s: &mut dyn Session,
    row: &ExportRow,
    rows: i64,
    problem: Option<ExportProblem>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let state = if problem.is_some() { "failed" } else { "done" };
    let written = |value: serde_json::Result<String>| value.map_err(|error| StoreError::Other(error.to_string()));
    let text = problem.as_ref().map(|problem| written(serde_json::to_string(problem))).transpose()?;
    if !stored::end(s, row.id, state, text.as_deref(), now, now + KEPT)? {
        return Ok(());
    }
    let news = ExportNews {
        export: caravan_model::ExportId(row.id).to_string(),
        name: name_of(row),
        state: state.to_owned(),
        rows,
        problem,
    };
    notifications::tell(s, &row.asked_by, "export", &written(serde_json::to_string(&news))?, now)
}

/// What the file is called, without its ending.
fn name_of(row: &ExportRow) -> String {
    let request = serde_json::from_str::<ExportRequest>(&row.request);
    request.map_or_else(|_| "export".to_owned(), |request| request.of.name().to_owned())
}
