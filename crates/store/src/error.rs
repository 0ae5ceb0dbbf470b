//! What can go wrong with the archive, and what to do about it.
//!
//! Users' mistakes are `Finding`s and never come from here. Constraint names are mapped to codes beside the SQL that can
//! violate them.

/// An error of the store. The code ([`StoreError::code`]) is stable, the text is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no connection to the database, or it broke. Whether a commit that was under way took effect is unknown.
    #[error(
        "the database cannot be reached: {0}. Check that it is running and that its address, user and password are right"
    )]
    Unreachable(String),
    /// Somebody else held what was needed for too long, or the statement took longer than its timeout.
    #[error("the database is busy: {0}. Try again; if it stays so, look for a long transaction or raise the timeout")]
    Busy(String),
    /// The transaction collided with others in every attempt.
    #[error("the change collided with others {attempts} times ({detail}). Try again later")]
    Conflict {
        /// How often it was tried.
        attempts: u32,
        /// What the database said last.
        detail: String,
    },
    /// A row contradicts a constraint. `name` is the constraint's; `table.column` for a missing value, `foreign_key` on
    /// SQLite for a reference (it does not say which).
    #[error("the data contradicts the rule {name}: {detail}. Correct the value and repeat")]
    Constraint {
        /// The name of the constraint, the same on both databases.
        name: String,
        /// What the database said.
        detail: String,
    },
    /// A stored value cannot be read back. Either it was damaged, or the SQL that read it names another type.
    #[error("a stored value cannot be read: {0}. If nobody edited the database by hand, please report this")]
    Corrupt(String),
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(String),
    /// What was decided on has changed meanwhile; the transaction was rolled back.
    #[error("{0} changed meanwhile. Read it again and repeat the change")]
    Stale(String),
    /// Another runtime works on the same directory.
    #[error(
        "another Caravan already runs on the data directory {0}. Stop that one, choose another directory, or use PostgreSQL for several processes"
    )]
    RuntimeActive(String),
    /// A transaction was begun inside another one on the same thread, which would wait for itself.
    #[error(
        "a transaction was begun inside another one of the same store; use the session at hand (please report this)"
    )]
    Nested,
    /// There is no room left for the database.
    #[error("the database has no room left: {0}. Free some space; nothing of this change was saved")]
    Full(String),
    /// What was asked for does not exist with this database or in this build.
    #[error("{0}")]
    Unsupported(String),
    /// The statement itself is wrong: a defect of Caravan, never of the data.
    #[error("a statement is wrong (please report this): {0}")]
    Statement(String),
    /// Files of the store cannot be opened, read or written.
    #[error("{path}: {message}. Check that the directory exists and may be written")]
    Files {
        /// The file or directory.
        path: String,
        /// What the operating system said.
        message: String,
    },
    /// Anything else that the database says.
    #[error("the database refused: {0}")]
    Other(String),
}

impl StoreError {
    /// The stable code, for API answers and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "store_unreachable",
            Self::Busy(_) => "store_busy",
            Self::Conflict { .. } => "store_conflict",
            Self::Constraint { .. } => "store_constraint",
            Self::Corrupt(_) => "store_corrupt",
            Self::Migration(_) => "store_migration",
            Self::Stale(_) => "store_stale",
            Self::RuntimeActive(_) => "store_runtime_active",
            Self::Nested => "store_nested",
            Self::Full(_) => "store_full",
            Self::Unsupported(_) => "store_unsupported",
            Self::Statement(_) => "store_statement",
            Self::Files { .. } => "store_files",
            Self::Other(_) => "store_refused",
        }
    }

    /// Whether the same work may succeed when it is repeated later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Busy(_) | Self::Conflict { .. } | Self::Stale(_))
    }

    /// The violated constraint, if that is what this is.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Constraint { name, .. } => Some(name),
            _ => None,
        }
    }

    /// A stored value that cannot be read; `what` names the row and why.
    pub fn corrupt(what: impl std::fmt::Display) -> Self {
        Self::Corrupt(what.to_string())
    }

    /// The same error after so many attempts.
    pub(crate) fn after(self, attempts: u32) -> Self {
        match self {
            Self::Conflict { detail, .. } => Self::Conflict { attempts, detail },
            other => other,
        }
    }

    pub(crate) fn files(path: &std::path::Path, error: impl std::fmt::Display) -> Self {
        Self::Files { path: path.display().to_string(), message: error.to_string() }
    }
}

/// The beginning of a statement, for messages.
pub(crate) fn excerpt(sql: &str) -> String {
    let mut text = String::new();
    for word in sql.split_whitespace() {
        if text.len() + word.len() > 160 {
            text.push_str(" …");
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}
