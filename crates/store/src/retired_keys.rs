//! Signing keys of sending domains that sign no more.

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// A key that signed, and signs no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetiredKey {
    /// Under which receivers find its public half.
    pub selector: String,
    /// Name of the secret that its private half is, or was.
    pub secret: String,
    /// When another key took over.
    pub signed_until: Timestamp,
}

/// A key of a sending domain signs no more.
pub fn put(s: &mut dyn Session, domain: DocumentId, key: &RetiredKey) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO retired_key (document_id, selector, secret, signed_until) VALUES ($1, $2, $3, $4)
         ON CONFLICT (document_id, selector) DO UPDATE SET secret = excluded.secret, signed_until = excluded.signed_until",
        params![domain, key.selector.as_str(), key.secret.as_str(), key.signed_until],
    )?;
    Ok(())
}

/// Keys with these selectors sign, or are forgotten.
pub fn forget(s: &mut dyn Session, domain: DocumentId, selectors: &[String]) -> Result<(), StoreError> {
    if !selectors.is_empty() {
        s.execute("DELETE FROM retired_key WHERE document_id = $1 AND selector {in:2}", params![domain, selectors])?;
    }
    Ok(())
}

/// The keys of a sending domain that sign no more, the last first.
pub fn of(s: &mut dyn Session, domain: DocumentId) -> Result<Vec<RetiredKey>, StoreError> {
    let sql = "SELECT selector, secret, signed_until FROM retired_key WHERE document_id = $1
               ORDER BY signed_until DESC, selector";
    s.query_map(sql, params![domain], |r| {
        Ok(RetiredKey { selector: r.string(0), secret: r.string(1), signed_until: r.instant(2) })
    })
}
