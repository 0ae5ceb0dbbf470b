//! How connections are: whether the other side was reached the last time, and since when.

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// How one connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthRow {
    /// Whose.
    pub document: DocumentId,
    /// It worked the last time.
    pub well: bool,
    /// Since when it is so.
    pub since: Timestamp,
    /// When it last worked.
    pub succeeded_at: Option<Timestamp>,
    /// When it last failed.
    pub failed_at: Option<Timestamp>,
    /// Code of the last failure.
    pub code: Option<String>,
    /// The last failure, for people.
    pub message: Option<String>,
    /// When it was switched off after failing for long.
    pub disabled_at: Option<Timestamp>,
}

const HEALTH: &str = "document_id, well, since, succeeded_at, failed_at, code, message, disabled_at";

fn read(r: &dyn Row) -> Result<HealthRow, StoreError> {
    Ok(HealthRow {
        document: DocumentId(r.int(0)),
        well: r.bool(1),
        since: r.instant(2),
        succeeded_at: r.opt_instant(3),
        failed_at: r.opt_instant(4),
        code: r.opt_string(5),
        message: r.opt_string(6),
        disabled_at: r.opt_instant(7),
    })
}

/// How every connection is that was ever used or tried.
pub fn all(s: &mut dyn Session) -> Result<Vec<HealthRow>, StoreError> {
    s.query_map(&format!("SELECT {HEALTH} FROM connection_health ORDER BY document_id"), &[], read)
}

/// How one connection is.
pub fn get(s: &mut dyn Session, document: DocumentId) -> Result<Option<HealthRow>, StoreError> {
    let sql = format!("SELECT {HEALTH} FROM connection_health WHERE document_id = $1");
    s.query_opt(&sql, params![document], read)
}

/// Writes down that it worked. The document must be there.
pub fn worked(s: &mut dyn Session, document: DocumentId, at: Timestamp) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO connection_health (document_id, well, since, succeeded_at)
         SELECT id, TRUE, CAST($2 AS BIGINT), CAST($2 AS BIGINT) FROM document WHERE id = $1
         ON CONFLICT (document_id) DO UPDATE SET
             since = CASE WHEN connection_health.well THEN connection_health.since ELSE excluded.since END,
             well = TRUE, succeeded_at = excluded.succeeded_at",
        params![document, at],
    )?;
    Ok(())
}

/// Writes down that it failed, and why. The document must be there.
pub fn failed(
    s: &mut dyn Session,
    document: DocumentId,
    at: Timestamp,
    code: &str,
    message: &str,
) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO connection_health (document_id, well, since, failed_at, code, message)
         SELECT id, FALSE, CAST($2 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT)
         FROM document WHERE id = $1
         ON CONFLICT (document_id) DO UPDATE SET
             since = CASE WHEN connection_health.well THEN excluded.since ELSE connection_health.since END,
             well = FALSE, failed_at = excluded.failed_at, code = excluded.code, message = excluded.message",
        params![document, at, code, message],
    )?;
    Ok(())
}

/// Switches it off, or on again.
pub fn set_disabled(s: &mut dyn Session, document: DocumentId, at: Option<Timestamp>) -> Result<(), StoreError> {
    s.execute("UPDATE connection_health SET disabled_at = $2 WHERE document_id = $1", params![document, at])?;
    Ok(())
}
