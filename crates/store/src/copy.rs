//! A whole store into another one: from a directory to PostgreSQL, back, or from directory to directory.
//!
//! Everything is copied in one transaction of the target, ids kept, and compared before it is committed: a copy is there
//! whole or not at all.

mod rows;

use serde::Serialize;

pub(crate) use self::rows::Shape;
use crate::error::StoreError;
use crate::ids::{BLOCK, FAMILIES};
use crate::params;
use crate::session::{Dialect, Session, SessionExt};
use crate::store::Store;

/// What a store holds as soon as somebody used it.
const USED: &[&str] = &["document", "account", "person", "app_user", "activity"];

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Either store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is there would be mixed with what comes.
    #[error("the store that is copied to holds data already (table {0}). Name a new directory or an empty database")]
    NotEmpty(String),
    /// The copy was taken back.
    #[error(
        "the copy of table {table} differs from the original ({copied} of {rows} rows). Nothing was kept; please report this"
    )]
    Differs {
        /// Whose rows differ.
        table: String,
        /// How many there are.
        rows: u64,
        /// How many arrived.
        copied: u64,
    },
    /// Two PostgreSQL databases.
    #[error("both are PostgreSQL. Use pg_dump and pg_restore")]
    BothServers,
}

/// A table that was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Its name.
    pub table: String,
    /// How many rows, the same on both sides.
    pub rows: u64,
}

impl Store {
    /// Copies everything into `to`, which must have its tables and nothing in them, and compares the two.
    ///
    /// # Errors
    /// [`CopyError`]; then nothing was copied.
    pub fn copy_whole(&self, to: &Self) -> Result<Vec<Copied>, CopyError> {
        if self.dialect() == Dialect::Postgres && to.dialect() == Dialect::Postgres {
            return Err(CopyError::BothServers);
        }
        to.write(|target| self.read(|source| copy_all(source, target)))
    }
}

fn copy_all(from: &mut dyn Session, to: &mut dyn Session) -> Result<Vec<Copied>, CopyError> {
    for table in USED {
        if to.exists(&format!("SELECT 1 FROM {table} LIMIT 1"), &[])? {
            return Err(CopyError::NotEmpty((*table).to_owned()));
        }
    }
    let all = if from.dialect() == Dialect::Sqlite { tables(from)? } else { tables(to)? };
    let mut copied = Vec::new();
    for table in all {
        let shape = Shape::of(&table, from, to)?;
        shape.copy(from, to, "")?;
        let (original, copy) = (shape.sum(from)?, shape.sum(to)?);
        if original != copy {
            return Err(CopyError::Differs { table, rows: original.rows, copied: copy.rows });
        }
        copied.push(Copied { table, rows: original.rows });
    }
    hand_on_ids(from, to)?;
    Ok(copied)
}

/// The tables of an embedded store, those that others refer to first.
pub(crate) fn tables(embedded: &mut dyn Session) -> Result<Vec<String>, StoreError> {
    embedded.query_map(
        "SELECT name FROM sqlite_schema AS t WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
             AND name NOT IN ('refinery_schema_history', 'id_counter')
         ORDER BY EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name)), name",
        &[],
        |r| Ok(r.string(0)),
    )
}

/// The target issues ids from where the source stopped.
fn hand_on_ids(from: &mut dyn Session, to: &mut dyn Session) -> Result<(), StoreError> {
    for family in FAMILIES {
        let next = match from.dialect() {
            Dialect::Sqlite => from.query_int("SELECT next FROM id_counter WHERE family = $1", params![*family])?,
            Dialect::Postgres => from.query_int(
                &format!("SELECT CASE WHEN is_called THEN last_value + {BLOCK} ELSE last_value END FROM id_{family}"),
                &[],
            )?,
        };
        match to.dialect() {
            Dialect::Sqlite => {
                to.execute("UPDATE id_counter SET next = $2 WHERE family = $1", params![*family, next])?;
            }
            Dialect::Postgres => {
                to.query_int(&format!("SELECT setval('id_{family}', $1, FALSE)"), params![next])?;
            }
        }
    }
    Ok(())
}
