//! Files that people asked for: what was asked, how far it has got, and the pieces that were written.
//!
//! Whoever writes one has it alone until its `due_at`, which every piece moves on. A writer that finds it moved by somebody
//! else has lost the right and writes nothing more.

use caravan_model::{AccountId, PersonId};
use jiff::Timestamp;

use crate::error::StoreError;
use crate::group_pages::Where;
use crate::params;
use crate::people::{TIMELINE, TimelineRow, read_timeline};
use crate::session::{Param, Row, Session, SessionExt};

/// A file that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// Its id.
    pub id: i64,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// What of, JSON.
    pub request: String,
    /// `queued`, `running`, `done`, `failed`, `cancelled`, `expired`.
    pub state: String,
    /// Until when its writer has it alone; when an open one is taken.
    pub due_at: Timestamp,
    /// Behind which row it goes on.
    pub place: Option<String>,
    /// Rows written.
    pub rows: i64,
    /// Rows that there were when it was asked for, where that is cheap to tell.
    pub expected: Option<i64>,
    /// Bytes written, before they are compressed.
    pub bytes: i64,
    /// Pieces kept.
    pub pieces: i64,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// When it is deleted.
    pub expires_at: Timestamp,
    /// Why there is no file, JSON.
    pub problem: Option<String>,
}

const EXPORT: &str =
    "id, asked_by, asked_at, request, state, due_at, place, row_count, expected, bytes, pieces, ended_at,
    expires_at, problem";

fn read_export(r: &dyn Row) -> Result<ExportRow, StoreError> {
    Ok(ExportRow {
        id: r.int(0),
        asked_by: r.string(1),
        asked_at: r.instant(2),
        request: r.string(3),
        state: r.string(4),
        due_at: r.instant(5),
        place: r.opt_string(6),
        rows: r.int(7),
        expected: r.opt_int(8),
        bytes: r.int(9),
        pieces: r.int(10),
        ended_at: r.opt_instant(11),
        expires_at: r.instant(12),
        problem: r.opt_string(13),
    })
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who asks.
    pub by: &'a str,
    /// What of, JSON.
    pub request: &'a str,
    /// The file tells of people: whoever has one deleted has it deleted too.
    pub holds_people: bool,
    /// Rows there are, where that is cheap to tell.
    pub expected: Option<i64>,
    /// When it is deleted, whatever became of it.
    pub expires_at: Timestamp,
}

/// Queues an export; returns its id.
pub fn ask(s: &mut dyn Session, asked: Asked<'_>, now: Timestamp) -> Result<i64, StoreError> {
    let id = s.reserve_ids("export", 1)?.next().unwrap_or_default();
    let Asked { by, request, holds_people, expected, expires_at } = asked;
    s.execute(
        "INSERT INTO export (id, asked_by, asked_at, request, holds_people, state, due_at, expected, expires_at)
         VALUES ($1, $2, $3, $4, $5, 'queued', $3, $6, $7)",
        params![id, by, now, request, holds_people, expected, expires_at],
    )?;
    Ok(id)
}

/// An export that was not deleted.
pub fn get(s: &mut dyn Session, id: i64) -> Result<Option<ExportRow>, StoreError> {
    let sql = format!("SELECT {EXPORT} FROM export WHERE id = $1 AND state <> 'deleted'");
    s.query_opt(&sql, params![id], read_export)
}

/// The latest `most` exports of one who asked (none: of everybody) before the id `before`, newest first.
/// Index: `export_asked_by`.
pub fn list(
    s: &mut dyn Session,
    asked_by: Option<&str>,
    before: Option<i64>,
    most: usize,
) -> Result<Vec<ExportRow>, StoreError> {
    let mut params = params![before.unwrap_or(i64::MAX), most as i64].to_vec();
    let own = asked_by.map_or("", |_| "AND asked_by = $3");
    params.extend(asked_by.map(Param::Text));
    let sql =
        format!("SELECT {EXPORT} FROM export WHERE id < $1 AND state <> 'deleted' {own} ORDER BY id DESC LIMIT $2");
    s.query_map(&sql, &params, read_export)
}

/// How many exports somebody has: still open, and kept in all.
pub fn count(s: &mut dyn Session, asked_by: &str) -> Result<(i64, i64), StoreError> {
    let sql = "SELECT COUNT(CASE WHEN state IN ('queued', 'running') THEN 1 END), COUNT(*) FROM export
               WHERE asked_by = $1 AND state <> 'deleted'";
    s.query_one(sql, params![asked_by], |r| Ok((r.int(0), r.int(1))))
}

/// The open export whose turn it is. Index: `export_open`.
pub fn next_open(s: &mut dyn Session, now: Timestamp) -> Result<Option<ExportRow>, StoreError> {
    let sql = format!(
        "SELECT {EXPORT} FROM export WHERE state IN ('queued', 'running') AND due_at <= $1 ORDER BY due_at, id LIMIT 1"
    );
    s.query_opt(&sql, params![now], read_export)
}

/// Takes an export until `until`, or keeps it so long, if nobody else has moved it on from `due_at`.
pub fn hold(s: &mut dyn Session, id: i64, due_at: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE export SET state = 'running', due_at = $3
               WHERE id = $1 AND due_at = $2 AND state IN ('queued', 'running')";
    Ok(s.execute(sql, params![id, due_at, until])? == 1)
}

/// What one piece adds.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Its number, from 0.
    pub no: i64,
    /// Compressed.
    pub bytes: &'a [u8],
    /// How long it is when it is not.
    pub plain: i64,
    /// Its rows.
    pub rows: i64,
    /// Behind which row the next one goes on.
    pub place: Option<&'a str>,
}

/// Adds a piece. Whoever writes it holds the export in the same transaction ([`hold`]).
pub fn add_piece(s: &mut dyn Session, id: i64, piece: Piece<'_>) -> Result<(), StoreError> {
    let Piece { no, bytes, plain, rows, place } = piece;
    s.execute("INSERT INTO export_piece (export_id, no, bytes) VALUES ($1, $2, $3)", params![id, no, bytes])?;
    s.execute(
        "UPDATE export SET pieces = $2, bytes = bytes + $3, row_count = row_count + $4, place = $5 WHERE id = $1",
        params![id, no + 1, plain, rows, place],
    )?;
    Ok(())
}

/// A piece as it is kept.
pub fn piece(s: &mut dyn Session, id: i64, no: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT p.bytes FROM export_piece AS p JOIN export AS e ON e.id = p.export_id
               WHERE p.export_id = $1 AND p.no = $2 AND e.state = 'done'";
    s.query_opt(sql, params![id, no], |r| Ok(r.bytes(0).to_vec()))
}

/// Ends an open export as `done`, `failed` or `cancelled`; whether it was open.
pub fn end(
    s: &mut dyn Session,
    id: i64,
    state: &str,
    problem: Option<&str>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE export SET state = $2, problem = $3, ended_at = $4, expires_at = $5
               WHERE id = $1 AND state IN ('queued', 'running')";
    Ok(s.execute(sql, params![id, state, problem, now, expires_at])? == 1)
}

/// Deletes an export; its pieces go with the next [`drop_pieces`].
pub fn delete(s: &mut dyn Session, id: i64) -> Result<(), StoreError> {
    s.execute("UPDATE export SET state = 'deleted' WHERE id = $1", params![id])?;
    Ok(())
}

/// Somebody was deleted: what was written about people holds no longer. Exports that were not begun are written later.
pub fn expire_people(s: &mut dyn Session, problem: &str) -> Result<(), StoreError> {
    s.execute(
        "UPDATE export SET state = 'expired', problem = $1, ended_at = COALESCE(ended_at, asked_at)
         WHERE holds_people AND state IN ('running', 'done')",
        params![problem],
    )?;
    Ok(())
}

/// Whether [`drop_pieces`] has anything to do.
pub fn any_over(s: &mut dyn Session, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM export WHERE state = 'deleted' OR state NOT IN ('queued', 'running') AND expires_at <= $1
               OR pieces > 0 AND state NOT IN ('running', 'done') LIMIT 1";
    s.exists(sql, params![now])
}

/// Deletes up to `most` pieces of one export that needs them no more, and the export itself where it is deleted or its time
/// is over. Whether there may be more to do.
pub fn drop_pieces(s: &mut dyn Session, now: Timestamp, most: i64) -> Result<bool, StoreError> {
    s.execute(
        "UPDATE export SET state = 'deleted' WHERE expires_at <= $1 AND state NOT IN ('queued', 'running', 'deleted')",
        params![now],
    )?;
    let sql = "SELECT id, pieces FROM export WHERE state = 'deleted' OR pieces > 0 AND state NOT IN ('running', 'done')
               ORDER BY id LIMIT 1";
    let Some((id, pieces)) = s.query_opt(sql, &[], |r| Ok((r.int(0), r.int(1))))? else { return Ok(false) };
    let left = (pieces - most).max(0);
    s.execute("DELETE FROM export_piece WHERE export_id = $1 AND no >= $2", params![id, left])?;
    s.execute("UPDATE export SET pieces = $2 WHERE id = $1", params![id, left])?;
    s.execute("DELETE FROM export WHERE id = $1 AND state = 'deleted' AND pieces = 0", params![id])?;
    Ok(true)
}

/// Which activities are exported; what is left out does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Of this account, and of its people where they carry no account.
    pub account: Option<AccountId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// Of these types.
    pub types: Vec<String>,
    /// From when on, included.
    pub from: Option<Timestamp>,
    /// Until when, not included.
    pub until: Option<Timestamp>,
}

/// The next `most` activities behind an id, in the order in which they came in. One walk over the stream, however much of it
/// is left out; the activities of one person by `activity_person`.
pub fn activities(
    s: &mut dyn Session,
    filter: &ActivityFilter,
    after: i64,
    most: usize,
) -> Result<Vec<TimelineRow>, StoreError> {
    let mut conditions = Where { sql: String::new(), params: params![after, most as i64].to_vec() };
    if let Some(account) = filter.account {
        let of_account = "(a.account_id = $ OR (a.account_id IS NULL AND a.person_id IN
             (SELECT person_id FROM account_person WHERE account_id = $)))";
        conditions.and(of_account, account);
    }
    if let Some(person) = filter.person {
        conditions.and("a.person_id = $", person);
    }
    if let Some(from) = filter.from {
        conditions.and("a.at >= $", from);
    }
    if let Some(until) = filter.until {
        conditions.and("a.at < $", until);
    }
    let Where { mut sql, mut params } = conditions;
    if !filter.types.is_empty() {
        params.push(Param::Strings(&filter.types));
        sql.push_str(&format!(" AND a.type {{in:{}}}", params.len()));
    }
    let sql = format!("SELECT {TIMELINE} FROM activity AS a WHERE a.id > $1{sql} ORDER BY a.id LIMIT $2");
    s.query_map(&sql, &params, read_timeline)
}
