//! Consents that people give on other systems' own pages: what came back from there counts once.

use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::Session;

/// Takes what came back with this number, which is good until `ends_at`; false when it was taken before. What is too old
/// by now is refused anyway, and forgotten here.
pub fn spend(s: &mut dyn Session, once: &str, ends_at: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    s.execute("DELETE FROM consent_spent WHERE ends_at <= $1", params![now])?;
    let sql = "INSERT INTO consent_spent (once, ends_at) VALUES ($1, $2) ON CONFLICT (once) DO NOTHING";
    Ok(s.execute(sql, params![once, ends_at])? == 1)
}
