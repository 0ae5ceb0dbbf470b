//! Finding accounts by what people call them, and the members of their lists.

use caravan_model::{AccountId, DocumentId};

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// The ids of these keys, those that exist.
pub fn ids_of_keys(s: &mut dyn Session, keys: &[String]) -> Result<Vec<(String, AccountId)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    s.query_map("SELECT key, id FROM account WHERE key {in:1} ORDER BY id", params![keys], |r| {
        Ok((r.string(0), AccountId(r.int(1))))
    })
}

/// The members of a list that one source put there.
pub fn members_by_source(s: &mut dyn Session, list: DocumentId, source: &str) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT subject_id FROM list_member WHERE list_id = $1 AND source = $2 ORDER BY subject_id";
    s.query_map(sql, params![list, source], |r| Ok(r.int(0)))
}
