//! SQL is written once; here the few places where the two databases differ are spelled out.
//!
//! See [`Session`](crate::Session) for the expansions. Text inside quotes and comments is left alone.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{StoreError, excerpt};
use crate::session::Dialect;

/// The statement as `dialect` wants it.
pub(crate) fn translate(dialect: Dialect, sql: &str) -> Result<String, StoreError> {
    let mut out = String::with_capacity(sql.len() + 32);
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '"', '-', '$', '{']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (piece, used) = match from.as_bytes().first() {
            Some(b'\'') => verbatim(from, quoted_len(from, '\'')),
            Some(b'"') => verbatim(from, quoted_len(from, '"')),
            Some(b'-') if from.starts_with("--") => verbatim(from, from.find('\n').unwrap_or(from.len())),
            Some(b'$') if dialect == Dialect::Sqlite => ("?".to_owned(), 1),
            Some(b'{') => expansion(dialect, from).ok_or_else(|| unknown_expansion(sql))?,
            _ => verbatim(from, 1),
        };
        out.push_str(&piece);
        rest = from.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    Ok(out)
}

fn verbatim(from: &str, len: usize) -> (String, usize) {
    (from.get(..len).unwrap_or(from).to_owned(), len)
}

/// The length of a quoted text with its quotes; a doubled quote inside reads as two quoted texts, which is the same.
fn quoted_len(from: &str, quote: char) -> usize {
    from.get(1..).and_then(|inner| inner.find(quote)).map_or(from.len(), |end| end + 2)
}

/// What `{…}` at the beginning of `from` stands for, and how long it is.
fn expansion(dialect: Dialect, from: &str) -> Option<(String, usize)> {
    let end = from.find('}')?;
    let name = from.get(1..end)?;
    let text = match (name.split_once(':'), name, dialect) {
        (Some(("in", n)), _, Dialect::Sqlite) => format!("IN (SELECT value FROM rarray(?{}))", number(n)?),
        (Some(("in", n)), _, Dialect::Postgres) => format!("= ANY(${})", number(n)?),
        (Some(("not_in", n)), _, Dialect::Sqlite) => format!("NOT IN (SELECT value FROM rarray(?{}))", number(n)?),
        (Some(("not_in", n)), _, Dialect::Postgres) => format!("<> ALL(${})", number(n)?),
        (None, "for_update" | "skip_locked", Dialect::Sqlite) => String::new(),
        (None, "for_update", Dialect::Postgres) => "FOR UPDATE".to_owned(),
        (None, "skip_locked", Dialect::Postgres) => "FOR UPDATE SKIP LOCKED".to_owned(),
        _ => return None,
    };
    Some((text, end + 1))
}

fn number(text: &str) -> Option<u16> {
    text.parse().ok()
}

fn unknown_expansion(sql: &str) -> StoreError {
    StoreError::Statement(format!("it has an expansion that is not known: {}", excerpt(sql)))
}

/// Statements and what became of them, kept for a connection's life.
pub(crate) struct Cache<T> {
    entries: HashMap<Box<str>, T>,
}

/// Statements made at run time (compiled conditions) must not grow a connection without bound.
const CACHED_STATEMENTS: usize = 512;

impl<T: Clone> Cache<T> {
    pub(crate) fn new() -> Self {
        Self { entries: HashMap::new() }
    }

    pub(crate) fn get(&self, sql: &str) -> Option<T> {
        self.entries.get(sql).cloned()
    }

    pub(crate) fn put(&mut self, sql: &str, entry: T) -> T {
        if self.entries.len() >= CACHED_STATEMENTS {
            self.entries.clear();
        }
        self.entries.insert(sql.into(), entry.clone());
        entry
    }
}

/// How many prepared statements a SQLite connection keeps: as many as translations.
pub(crate) const PREPARED_STATEMENTS: usize = CACHED_STATEMENTS;

/// Translations kept for a connection's life.
pub(crate) type Translations = Cache<Arc<str>>;

impl Cache<Arc<str>> {
    pub(crate) fn translated(&mut self, dialect: Dialect, sql: &str) -> Result<Arc<str>, StoreError> {
        match self.get(sql) {
            Some(text) => Ok(text),
            None => Ok(self.put(sql, translate(dialect, sql)?.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(sql: &str) -> (String, String) {
        (
            translate(Dialect::Sqlite, sql).expect("it translates"),
            translate(Dialect::Postgres, sql).expect("it translates"),
        )
    }

    #[test]
    fn placeholders_lists_and_locks_are_spelled_for_each_database() {
        let (sqlite, postgres) = both("SELECT a FROM t WHERE b = $12 AND id {in:1} AND c {not_in:2} {for_update}");
        assert_eq!(
            sqlite,
            "SELECT a FROM t WHERE b = ?12 AND id IN (SELECT value FROM rarray(?1)) AND c NOT IN (SELECT value FROM rarray(?2)) "
        );
        assert_eq!(postgres, "SELECT a FROM t WHERE b = $12 AND id = ANY($1) AND c <> ALL($2) FOR UPDATE");
        assert_eq!(both("SELECT 1 {skip_locked}").1, "SELECT 1 FOR UPDATE SKIP LOCKED");
    }

    #[test]
    fn quoted_text_and_comments_stay_as_they_are() {
        for sql in ["SELECT '{in:1} $1 it''s', \"{x}\", a - b", "SELECT 1 -- {nothing} $1", "SELECT 'open {", "é'è"] {
            assert_eq!(both(sql), (sql.to_owned(), sql.to_owned()));
        }
    }

    #[test]
    fn an_unknown_expansion_is_refused() {
        for sql in ["SELECT {nope}", "SELECT {in:x}", "SELECT {", "SELECT {in}"] {
            assert_eq!(translate(Dialect::Sqlite, sql).map_err(|e| e.code()), Err("store_statement"), "{sql}");
        }
    }
}
