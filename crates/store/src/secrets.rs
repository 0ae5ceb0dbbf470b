//! Secrets of definitions, encrypted: what is stored here is of no use without a key that is kept elsewhere.

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// An encrypted secret of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRow {
    /// Whose.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// Which key opens it.
    pub key_id: String,
    /// The encrypted secret.
    pub sealed: String,
    /// When it was set.
    pub set_at: Timestamp,
    /// By whom.
    pub set_by: String,
    /// It is not used any more from then on.
    pub ends_at: Option<Timestamp>,
}

const SECRET: &str = "document_id, name, key_id, sealed, set_at, set_by, ends_at";

fn read(r: &dyn Row) -> Result<SecretRow, StoreError> {
    Ok(SecretRow {
        document: DocumentId(r.int(0)),
        name: r.string(1),
        key_id: r.string(2),
        sealed: r.string(3),
        set_at: r.instant(4),
        set_by: r.string(5),
        ends_at: r.opt_instant(6),
    })
}

/// Every secret there is.
pub fn all(s: &mut dyn Session) -> Result<Vec<SecretRow>, StoreError> {
    s.query_map(&format!("SELECT {SECRET} FROM secret ORDER BY document_id, name"), &[], read)
}

/// One secret of a definition.
pub fn get(s: &mut dyn Session, document: DocumentId, name: &str) -> Result<Option<SecretRow>, StoreError> {
    let sql = format!("SELECT {SECRET} FROM secret WHERE document_id = $1 AND name = $2");
    s.query_opt(&sql, params![document, name], read)
}

/// Keeps a secret in place of the one of that name.
pub fn put(s: &mut dyn Session, row: &SecretRow) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO secret (document_id, name, key_id, sealed, set_at, set_by, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (document_id, name) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed,
             set_at = excluded.set_at, set_by = excluded.set_by, ends_at = excluded.ends_at",
        params![row.document, &row.name, &row.key_id, &row.sealed, row.set_at, &row.set_by, row.ends_at],
    )?;
    Ok(())
}

/// Takes a secret away; false when there is none.
pub fn delete(s: &mut dyn Session, document: DocumentId, name: &str) -> Result<bool, StoreError> {
    Ok(s.execute("DELETE FROM secret WHERE document_id = $1 AND name = $2", params![document, name])? == 1)
}

/// Takes away what has ended; how many there were.
pub fn delete_ended(s: &mut dyn Session, now: Timestamp) -> Result<u64, StoreError> {
    s.execute("DELETE FROM secret WHERE ends_at <= $1", params![now])
}
