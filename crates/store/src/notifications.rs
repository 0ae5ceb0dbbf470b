//! What people are told in the app when something they asked for is over.

use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// Something that somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRow {
    /// Its id.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What it is about: `export`, `import`, `mention`, `way_out`.
    pub about: String,
    /// What there is to say of it, JSON.
    pub detail: String,
    /// They have looked at it.
    pub seen: bool,
}

/// Tells somebody something.
pub fn tell(s: &mut dyn Session, whom: &str, about: &str, detail: &str, now: Timestamp) -> Result<(), StoreError> {
    let id = s.reserve_ids("notification", 1)?.next().unwrap_or_default();
    s.execute(
        "INSERT INTO notification (id, told, at, about, detail) VALUES ($1, $2, $3, $4, $5)",
        params![id, whom, now, about, detail],
    )?;
    Ok(())
}

/// The latest `most` of what somebody was told, newest first. Index: `notification_told`.
pub fn latest(s: &mut dyn Session, whom: &str, most: usize) -> Result<Vec<NotificationRow>, StoreError> {
    let sql = "SELECT id, at, about, detail, seen FROM notification WHERE told = $1 ORDER BY at DESC, id DESC LIMIT $2";
    s.query_map(sql, params![whom, most as i64], |r| {
        Ok(NotificationRow { id: r.int(0), at: r.instant(1), about: r.string(2), detail: r.string(3), seen: r.bool(4) })
    })
}

/// Somebody has looked at these of theirs.
pub fn see(s: &mut dyn Session, whom: &str, ids: &[i64]) -> Result<(), StoreError> {
    s.execute("UPDATE notification SET seen = TRUE WHERE told = $1 AND id {in:2}", params![whom, ids])?;
    Ok(())
}

/// Whether anything was told before an instant.
pub fn any_before(s: &mut dyn Session, before: Timestamp) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM notification WHERE id = (SELECT MIN(id) FROM notification) AND at < $1", params![before])
}

/// Forgets what was told before an instant; `most` at once. How many.
pub fn forget(s: &mut dyn Session, before: Timestamp, most: usize) -> Result<u64, StoreError> {
    let sql = "DELETE FROM notification WHERE id IN (SELECT id FROM notification WHERE at < $1 ORDER BY id LIMIT $2)";
    s.execute(sql, params![before, most as i64])
}
