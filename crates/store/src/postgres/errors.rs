//! What an error of PostgreSQL means.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::error::{StoreError, excerpt};

/// What an error did to the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    /// It can only be rolled back.
    Doomed,
    /// It collided with another one; the same work may succeed at once when repeated.
    Collision(String),
    /// The connection is gone, and the transaction with it.
    Lost(String),
    /// The server ended it because it did nothing for too long; repeating the same work would end the same way.
    TooSlow(String),
}

impl Trouble {
    pub(super) fn of(error: &Error) -> Self {
        let detail = chain(error);
        match error.code() {
            Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Collision(detail)
            }
            Some(code) if *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::TooSlow(detail),
            Some(code) if ends_connection(code) => Self::Lost(detail),
            None if error.is_closed() || from_socket(error) => Self::Lost(detail),
            _ => Self::Doomed,
        }
    }
}

fn ends_connection(code: &SqlState) -> bool {
    code.code().starts_with("08") || code.code().starts_with("57P")
}

fn from_socket(error: &Error) -> bool {
    error.source().is_some_and(|source| source.is::<std::io::Error>())
}

/// The error with its causes: the driver's own text is only "db error".
pub(super) fn chain(error: &Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => db.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

pub(super) fn unreachable(why: impl std::fmt::Display) -> StoreError {
    StoreError::Unreachable(why.to_string())
}

/// The error as callers see it.
pub(super) fn refusal(error: &Error, trouble: &Trouble, sql: &str) -> StoreError {
    match trouble {
        Trouble::Lost(why) => return unreachable(why),
        Trouble::TooSlow(why) => return StoreError::Busy(why.clone()),
        Trouble::Collision(why) => return StoreError::Conflict { attempts: 1, detail: why.clone() },
        Trouble::None | Trouble::Doomed => {}
    }
    match error.as_db_error() {
        Some(db) => refused_by_server(db, sql),
        None => StoreError::Statement(format!("{}: {}", chain(error), excerpt(sql))),
    }
}

fn refused_by_server(db: &DbError, sql: &str) -> StoreError {
    let message = db.message().to_owned();
    match *db.code() {
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE | SqlState::TOO_MANY_CONNECTIONS => {
            StoreError::Busy(message)
        }
        SqlState::DISK_FULL => StoreError::Full(message),
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreError::Corrupt(message),
        ref code if code.code().starts_with("23") => StoreError::Constraint { name: constraint(db), detail: message },
        ref code if code.code().starts_with("42") || code.code().starts_with("25") => {
            StoreError::Statement(format!("{message}: {}", excerpt(sql)))
        }
        _ => StoreError::Other(message),
    }
}

/// The constraint's name; `table.column` for a missing value, which has none.
fn constraint(db: &DbError) -> String {
    match (db.constraint(), db.table(), db.column()) {
        (Some(name), _, _) => name.to_owned(),
        (None, Some(table), Some(column)) => format!("{table}.{column}"),
        _ => "unknown".to_owned(),
    }
}
