//! What the other side of a connection offered to choose from, kept so that it is not asked every time.

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// What was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptChoices {
    /// Revision of the connection that was asked.
    pub revision: i64,
    /// When.
    pub asked_at: Timestamp,
    /// The choices, JSON.
    pub body: String,
}

/// What a connection offered the last time: `what`, within what was chosen before (empty: nothing was).
pub fn get(
    s: &mut dyn Session,
    document: DocumentId,
    what: &str,
    within: &str,
) -> Result<Option<KeptChoices>, StoreError> {
    s.query_opt(
        "SELECT revision, asked_at, body FROM kept_choices WHERE document_id = $1 AND what = $2 AND within = $3",
        params![document, what, within],
        |r| Ok(KeptChoices { revision: r.int(0), asked_at: r.instant(1), body: r.string(2) }),
    )
}

/// Keeps what was offered. The document must be there.
pub fn put(
    s: &mut dyn Session,
    document: DocumentId,
    what: &str,
    within: &str,
    kept: &KeptChoices,
) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO kept_choices (document_id, what, within, revision, asked_at, body)
         SELECT id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS TEXT)
         FROM document WHERE id = $1
         ON CONFLICT (document_id, what, within) DO UPDATE SET revision = excluded.revision,
             asked_at = excluded.asked_at, body = excluded.body",
        params![document, what, within, kept.revision, kept.asked_at, &kept.body],
    )?;
    Ok(())
}
