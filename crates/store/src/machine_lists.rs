//! Files of programs and networks by which opens and clicks of machines are told.

use jiff::Timestamp;

use crate::error::StoreError;
use crate::session::{Session, SessionExt};
use crate::{documents, params};

/// A list that was loaded, without its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineListRow {
    /// Which.
    pub list: String,
    /// Another number says that it is another file.
    pub revision: i64,
    /// What stands in it, counted.
    pub entries: i64,
    /// Who loaded it.
    pub loaded_by: String,
    /// When.
    pub loaded_at: Timestamp,
}

/// What was loaded, one file for each list.
pub fn all(s: &mut dyn Session) -> Result<Vec<MachineListRow>, StoreError> {
    let sql = "SELECT list, revision, entries, loaded_by, loaded_at FROM machine_list ORDER BY list";
    s.query_map(sql, &[], |r| {
        Ok(MachineListRow {
            list: r.string(0),
            revision: r.int(1),
            entries: r.int(2),
            loaded_by: r.string(3),
            loaded_at: r.instant(4),
        })
    })
}

/// The file of a list as it was loaded; none: there is none.
pub fn file(s: &mut dyn Session, list: &str) -> Result<Option<String>, StoreError> {
    s.query_opt("SELECT file FROM machine_list WHERE list = $1", params![list], |r| Ok(r.string(0)))
}

/// Keeps a file in place of the one before. Counts as a change of definitions, so that every process looks again; first
/// statement of its transaction.
pub fn put(
    s: &mut dyn Session,
    list: &str,
    (file, entries): (&str, usize),
    loaded_by: &str,
) -> Result<MachineListRow, StoreError> {
    documents::begin_change(s)?;
    let row = MachineListRow {
        list: list.to_owned(),
        revision: documents::revision(s)?,
        entries: entries as i64,
        loaded_by: loaded_by.to_owned(),
        loaded_at: s.now()?,
    };
    s.execute(
        "INSERT INTO machine_list (list, revision, entries, loaded_by, loaded_at, file) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (list) DO UPDATE SET revision = excluded.revision, entries = excluded.entries,
             loaded_by = excluded.loaded_by, loaded_at = excluded.loaded_at, file = excluded.file",
        params![list, row.revision, row.entries, loaded_by, row.loaded_at, file],
    )?;
    Ok(row)
}

/// Takes a list away; false: there was none. First statement of its transaction, as above.
pub fn delete(s: &mut dyn Session, list: &str) -> Result<bool, StoreError> {
    documents::begin_change(s)?;
    Ok(s.execute("DELETE FROM machine_list WHERE list = $1", params![list])? > 0)
}
