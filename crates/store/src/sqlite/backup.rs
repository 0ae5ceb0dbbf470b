//! Whether a file is a database that Caravan made, and whole.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// What is wrong with a backup.
pub(crate) fn check_backup(file: &Path) -> Result<(), String> {
    if !file.is_file() {
        return Err("there is no such file".to_owned());
    }
    let unreadable = |error: rusqlite::Error| format!("it is no database ({error})");
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(unreadable)?;
    let tables =
        "SELECT COUNT(*) FROM sqlite_schema WHERE name IN ('refinery_schema_history', 'meta', 'account', 'enrollment')";
    let known: i64 = database.query_row(tables, [], |row| row.get(0)).map_err(unreadable)?;
    if known != 4 {
        return Err("its tables are not those of Caravan".to_owned());
    }
    let verdict: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(unreadable)?;
    if verdict == "ok" { Ok(()) } else { Err(format!("it is damaged: {verdict}")) }
}
