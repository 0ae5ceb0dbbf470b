//! External services: what was found when each was registered, and which calls have been answered.

use std::collections::HashSet;

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// What was found of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRow {
    /// The external action.
    pub document: DocumentId,
    /// Address of the document that registered it.
    pub url: String,
    /// Its name.
    pub title: String,
    /// When.
    pub registered_at: Timestamp,
    /// What was found, JSON.
    pub body: String,
}

/// Every registered service whose external action is still there.
pub fn all(s: &mut dyn Session) -> Result<Vec<ServiceRow>, StoreError> {
    let sql = "SELECT e.document_id, e.url, e.title, e.registered_at, e.body FROM external_service AS e
               JOIN document AS d ON d.id = e.document_id ORDER BY e.document_id";
    s.query_map(sql, &[], |r| {
        Ok(ServiceRow {
            document: DocumentId(r.int(0)),
            url: r.string(1),
            title: r.string(2),
            registered_at: r.instant(3),
            body: r.string(4),
        })
    })
}

/// Keeps what was found of a service, in place of what was found before.
pub fn put(s: &mut dyn Session, row: &ServiceRow) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO external_service (document_id, url, title, registered_at, body) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (document_id) DO UPDATE SET url = excluded.url, title = excluded.title,
             registered_at = excluded.registered_at, body = excluded.body",
        params![row.document, &row.url, &row.title, row.registered_at, &row.body],
    )?;
    Ok(())
}

/// Writes down that a call is answered; false when it was before.
pub fn answered(s: &mut dyn Session, call: &str, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "INSERT INTO external_answer (call_key, answered_at) VALUES ($1, $2) ON CONFLICT (call_key) DO NOTHING";
    Ok(s.execute(sql, params![call, at])? == 1)
}

/// Which of these calls are answered.
pub fn answered_of(s: &mut dyn Session, calls: &[String]) -> Result<HashSet<String>, StoreError> {
    if calls.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "SELECT call_key FROM external_answer WHERE call_key {in:1}";
    Ok(s.query_map(sql, params![calls], |r| Ok(r.string(0)))?.into_iter().collect())
}
