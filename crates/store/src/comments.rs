//! What people say of a definition while it is made.

use caravan_model::DocumentId;
use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Row, Session, SessionExt};

/// Something that somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentRow {
    /// Its id.
    pub id: i64,
    /// The first comment of the thread that it belongs to; none for that one.
    pub answers: Option<i64>,
    /// The part of the design that the thread is pinned to.
    pub block: Option<String>,
    /// Who said it.
    pub written_by: String,
    /// When.
    pub at: Timestamp,
    /// What was said.
    pub text: String,
    /// Who saw to it; none: it is open.
    pub resolved_by: Option<String>,
    /// When they did.
    pub resolved_at: Option<Timestamp>,
    /// When it was last written anew.
    pub edited_at: Option<Timestamp>,
}

const COMMENT: &str = "id, answers, block, written_by, at, text, resolved_by, resolved_at, edited_at";

fn read(r: &dyn Row) -> CommentRow {
    CommentRow {
        id: r.int(0),
        answers: r.opt_int(1),
        block: r.opt_string(2),
        written_by: r.string(3),
        at: r.instant(4),
        text: r.string(5),
        resolved_by: r.opt_string(6),
        resolved_at: r.opt_instant(7),
        edited_at: r.opt_instant(8),
    }
}

/// Everything that was said of a definition, oldest first; `most` at once. Index: `definition_comment_of`.
pub fn all(s: &mut dyn Session, of: DocumentId, most: usize) -> Result<Vec<CommentRow>, StoreError> {
    let sql = format!("SELECT {COMMENT} FROM definition_comment WHERE document_id = $1 ORDER BY id LIMIT $2");
    s.query_map(&sql, params![of.0, most as i64], |r| Ok(read(r)))
}

/// One comment of a definition.
pub fn get(s: &mut dyn Session, of: DocumentId, id: i64) -> Result<Option<CommentRow>, StoreError> {
    let sql = format!("SELECT {COMMENT} FROM definition_comment WHERE document_id = $1 AND id = $2");
    s.query_opt(&sql, params![of.0, id], |r| Ok(read(r)))
}

/// Keeps what somebody said; its id is given here.
pub fn add(s: &mut dyn Session, of: DocumentId, row: CommentRow) -> Result<CommentRow, StoreError> {
    let id = s.reserve_ids("definition_comment", 1)?.next().unwrap_or_default();
    s.execute(
        "INSERT INTO definition_comment (id, document_id, answers, block, written_by, at, text, resolved_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            id,
            of.0,
            row.answers,
            row.block.as_deref(),
            row.written_by.as_str(),
            row.at,
            row.text.as_str(),
            row.resolved_by.as_deref()
        ],
    )?;
    Ok(CommentRow { id, ..row })
}

/// Pins a thread elsewhere or nowhere, and says who saw to it and when, if anybody.
pub fn set(s: &mut dyn Session, row: &CommentRow) -> Result<(), StoreError> {
    let sql = "UPDATE definition_comment SET block = $2, resolved_by = $3, resolved_at = $4 WHERE id = $1";
    s.execute(sql, params![row.id, row.block.as_deref(), row.resolved_by.as_deref(), row.resolved_at])?;
    Ok(())
}

/// Writes a comment anew.
pub fn edit(s: &mut dyn Session, id: i64, text: &str, at: Timestamp) -> Result<(), StoreError> {
    s.execute("UPDATE definition_comment SET text = $2, edited_at = $3 WHERE id = $1", params![id, text, at])?;
    Ok(())
}

/// Erases a comment; with the first of a thread, the whole thread.
pub fn erase(s: &mut dyn Session, id: i64) -> Result<(), StoreError> {
    s.execute("DELETE FROM definition_comment WHERE id = $1", params![id])?;
    Ok(())
}
