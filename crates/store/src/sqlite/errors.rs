//! What an error of SQLite means.

use rusqlite::ErrorCode;

use super::FILE_NAME;
use crate::error::{StoreError, excerpt};

/// The error as callers see it.
pub(super) fn refusal(error: &rusqlite::Error, sql: &str) -> StoreError {
    let Some(code) = error.sqlite_error_code() else {
        return StoreError::Statement(format!("{error}: {}", excerpt(sql)));
    };
    let message = error.to_string();
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            StoreError::Busy(format!("another process writes ({message})"))
        }
        ErrorCode::ConstraintViolation => {
            let (rule, columns) = message.split_once(" constraint failed").unwrap_or((&message, ""));
            let columns = columns.trim_start_matches(": ");
            let name = if columns.is_empty() { rule.to_lowercase().replace(' ', "_") } else { columns.to_owned() };
            StoreError::Constraint { name, detail: message.clone() }
        }
        ErrorCode::DiskFull => StoreError::Full(message),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            StoreError::Corrupt(format!("{message}; restore the latest backup"))
        }
        ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::PermissionDenied => {
            StoreError::Files { path: FILE_NAME.to_owned(), message }
        }
        ErrorCode::Unknown | ErrorCode::TypeMismatch | ErrorCode::ApiMisuse | ErrorCode::ParameterOutOfRange => {
            StoreError::Statement(format!("{message}: {}", excerpt(sql)))
        }
        _ => StoreError::Other(message),
    }
}

/// The name of the constraint over `columns` (`table.a, table.b`) in the words of the schema, as PostgreSQL would say it.
/// Anything else (a check's name, a missing value's `table.column`) is its own name.
pub(super) fn constraint_name(raw: &rusqlite::Connection, columns: &str) -> String {
    let Some((table, _)) = columns.split_once('.') else { return columns.to_owned() };
    let wanted: String = columns.replace(&format!("{table}."), "").split_whitespace().collect();
    let Ok(mut statement) = raw.prepare_cached("SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL")
    else {
        return columns.to_owned();
    };
    let texts: Vec<String> =
        statement.query_map([table], |row| row.get(0)).map(|rows| rows.flatten().collect()).unwrap_or_default();
    let find = |start: &str, end: &str| texts.iter().find_map(|text| name_before(text, start, end, &wanted));
    find("CONSTRAINT ", " UNIQUE")
        .or_else(|| find("CREATE UNIQUE INDEX ", " ON "))
        .or_else(|| primary_key(&texts, &wanted).then(|| format!("{table}_pkey")))
        .unwrap_or_else(|| columns.to_owned())
}

/// In `start NAME end … (columns)`: the name, when the columns in the next parentheses are those wanted.
fn name_before(text: &str, start: &str, end: &str, wanted: &str) -> Option<String> {
    text.split(start).skip(1).find_map(|from| {
        let (name, rest) = from.split_once(end)?;
        (!name.contains(char::is_whitespace) && parenthesized(rest) == wanted).then(|| name.to_owned())
    })
}

fn primary_key(texts: &[String], wanted: &str) -> bool {
    texts.iter().any(|text| {
        let table_wide =
            text.split_once("PRIMARY KEY (").is_some_and(|(_, rest)| parenthesized(&format!("({rest}")) == wanted);
        let on_column = text.lines().any(|line| {
            line.contains("PRIMARY KEY") && line.trim_start().split(' ').next().is_some_and(|name| name == wanted)
        });
        let on_one_line = text.contains(&format!("({wanted} ")) && text.contains("PRIMARY KEY,");
        table_wide || on_column || on_one_line
    })
}

/// The list in the first parentheses, without spaces.
fn parenthesized(text: &str) -> String {
    let inside = text.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
    inside.split_whitespace().collect()
}
