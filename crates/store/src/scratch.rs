//! Copies to try things on: what a simulation looks at, in a file that is thrown away, and the switches that leave one
//! journey running in it.
//!
//! SQLite copies itself. From PostgreSQL the tables that a step or a delivery reads are streamed in chunks, column by
//! column as the copy declares them; users, tokens and the rest stay where they are.

use std::path::Path;

use caravan_model::{Clock, DocumentId, EnrollmentId, VersionId};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::ids::FAMILIES;
use crate::params;
use crate::session::{Dialect, Row, Session, SessionExt};
use crate::store::{OpenOptions, Store};

/// A table that is copied, and which of its rows.
struct Part {
    table: &'static str,
    rows: &'static str,
}

const fn whole(table: &'static str) -> Part {
    Part { table, rows: "" }
}

/// Of trips that have ended only the rows remain, not what they did.
const ACTIVE: &str = "WHERE enrollment_id IN (SELECT id FROM enrollment WHERE ended_at IS NULL)";

/// What runs a journey, in an order in which references hold. A table that steps or delivery read belongs here.
const PARTS: &[Part] = &[
    whole("document"),
    whole("document_version"),
    whole("external_service"),
    whole("definitions_revision"),
    whole("account"),
    whole("person"),
    whole("account_person"),
    whole("person_score"),
    whole("object_record"),
    whole("list_member"),
    whole("buying_group"),
    whole("group_member"),
    whole("engagement_run"),
    whole("shard"),
    whole("enrollment"),
    Part { table: "move", rows: ACTIVE },
    whole("problem"),
    whole("inbox"),
    whole("recheck"),
    whole("heard"),
    whole("activity"),
    whole("outbox"),
    Part { table: "ledger", rows: ACTIVE },
    whole("tally"),
    whole("variant_counter"),
    whole("suppression"),
];

/// How many rows are held in memory on their way.
const CHUNK_ROWS: usize = 5_000;

/// An instant that no clock reaches (9999-12-30).
const NEVER: i64 = 253_402_207_200_000_000;

impl Store {
    /// Copies what journeys run on into `directory`, as one consistent state, and opens the copy with `clock`. Like
    /// [`Store::copy_to`] but from either database; ids are kept, new ones come after them.
    ///
    /// # Errors
    /// The directory has a database already, or cannot be written; either store refuses.
    pub fn scratch_copy(&self, directory: impl AsRef<Path>, clock: Clock) -> Result<Self, StoreError> {
        if self.dialect() == Dialect::Sqlite {
            return self.copy_to(directory, clock);
        }
        let copy = Self::open_sqlite(directory, OpenOptions { clock, scratch: true, ..OpenOptions::default() })?;
        copy.migrate()?;
        self.read(|from| {
            for part in PARTS {
                copy_part(from, &copy, part)?;
            }
            Ok::<_, StoreError>(())
        })?;
        copy.write(issue_ids_after_copied)?;
        Ok(copy)
    }
}

/// One column on its way.
enum Cells {
    Ints(Vec<Option<i64>>),
    Floats(Vec<Option<f64>>),
    Bools(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
}

impl Cells {
    /// For a column that the copy declares with this type.
    fn declared(as_type: &str) -> Self {
        match as_type {
            "INTEGER" | "BIGINT" => Self::Ints(Vec::new()),
            "DOUBLE PRECISION" => Self::Floats(Vec::new()),
            "BOOLEAN" => Self::Bools(Vec::new()),
            _ => Self::Texts(Vec::new()),
        }
    }

    fn take(&mut self, row: &dyn Row, i: usize) {
        match self {
            Self::Ints(all) => all.push(row.opt_int(i)),
            Self::Floats(all) => all.push(row.opt_float(i)),
            Self::Bools(all) => all.push(row.opt_bool(i)),
            Self::Texts(all) => all.push(row.opt_string(i)),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Ints(all) => all.clear(),
            Self::Floats(all) => all.clear(),
            Self::Bools(all) => all.clear(),
            Self::Texts(all) => all.clear(),
        }
    }
}

/// Rows of one table on their way.
struct Chunk {
    table: &'static str,
    columns: Vec<(String, Cells)>,
    rows: usize,
}

impl Chunk {
    fn of(copy: &Store, table: &'static str) -> Result<Self, StoreError> {
        let columns = copy.read(|s| {
            s.query_map("SELECT name, type FROM pragma_table_info($1) ORDER BY cid", params![table], |r| {
                Ok((r.string(0), Cells::declared(r.text(1))))
            })
        })?;
        Ok(Self { table, columns, rows: 0 })
    }

    fn take(&mut self, row: &dyn Row) {
        for (i, (_, cells)) in self.columns.iter_mut().enumerate() {
            cells.take(row, i);
        }
        self.rows += 1;
    }

    fn pour(&mut self, copy: &Store) -> Result<(), StoreError> {
        copy.write(|s| {
            let mut bulk = Bulk::insert(self.table);
            for (name, cells) in &self.columns {
                bulk = match cells {
                    Cells::Ints(all) => bulk.column(name, all),
                    Cells::Floats(all) => bulk.column(name, all),
                    Cells::Bools(all) => bulk.column(name, all),
                    Cells::Texts(all) => bulk.column(name, all),
                };
            }
            s.bulk(&bulk)
        })?;
        self.columns.iter_mut().for_each(|(_, cells)| cells.clear());
        self.rows = 0;
        Ok(())
    }
}

fn copy_part(from: &mut dyn Session, copy: &Store, part: &Part) -> Result<(), StoreError> {
    // Rows that a new database begins with, or those of an attempt that lost its connection.
    copy.write(|s| s.execute(&format!("DELETE FROM {}", part.table), &[]))?;
    let mut chunk = Chunk::of(copy, part.table)?;
    let names: Vec<&str> = chunk.columns.iter().map(|(name, _)| name.as_str()).collect();
    let sql = format!("SELECT {} FROM {} {}", names.join(", "), part.table, part.rows);
    from.query(&sql, &[], &mut |row| {
        chunk.take(row);
        if chunk.rows == CHUNK_ROWS { chunk.pour(copy) } else { Ok(()) }
    })?;
    chunk.pour(copy)
}

/// One number for all families: the copy's ids only have to be new.
fn issue_ids_after_copied(s: &mut dyn Session) -> Result<(), StoreError> {
    let mut next = 1;
    for family in FAMILIES.iter().filter(|family| PARTS.iter().any(|part| part.table == **family)) {
        next = next.max(s.query_int(&format!("SELECT COALESCE(MAX(id), 0) + 1 FROM {family}"), &[])?);
    }
    s.execute("UPDATE id_counter SET next = $1 WHERE next < $1", params![next])?;
    Ok(())
}

/// Leaves `journey` alone to run: the others keep their states, but they neither move nor send nor end.
pub fn hold_others(s: &mut dyn Session, journey: DocumentId) -> Result<(), StoreError> {
    s.execute(
        "UPDATE document SET paused = TRUE, ends_at = NULL,
             starts_at = CASE WHEN state = 'scheduled' THEN $2 ELSE starts_at END
         WHERE kind = 'journey' AND id <> $1 AND state IN ('live', 'closed', 'scheduled')",
        params![journey, NEVER],
    )?;
    s.execute("UPDATE enrollment SET due_at = NULL, listening = FALSE WHERE journey_id <> $1", params![journey])?;
    s.execute(
        "DELETE FROM heard WHERE document_id IN (SELECT id FROM document WHERE kind = 'journey' AND id <> $1)",
        params![journey],
    )?;
    s.execute(
        "DELETE FROM outbox WHERE version_id NOT IN (SELECT id FROM document_version WHERE document_id = $1)",
        params![journey],
    )?;
    // What a dispatcher has in its hands goes out in the simulation.
    s.execute("UPDATE outbox SET claim = NULL, claim_until = NULL, intent = FALSE WHERE claim IS NOT NULL", &[])?;
    // Virtual time may begin before the last real step.
    s.execute("UPDATE shard SET last_step_at = 0", &[])?;
    Ok(())
}

/// Makes a journey a draft that nobody has ever travelled.
pub fn forget_trips(s: &mut dyn Session, journey: DocumentId) -> Result<(), StoreError> {
    for table in ["move", "problem", "outbox", "ledger"] {
        s.execute(
            &format!("DELETE FROM {table} WHERE enrollment_id IN (SELECT id FROM enrollment WHERE journey_id = $1)"),
            params![journey],
        )?;
    }
    for table in ["tally", "variant_counter"] {
        s.execute(
            &format!(
                "DELETE FROM {table} WHERE version_id IN (SELECT id FROM document_version WHERE document_id = $1)"
            ),
            params![journey],
        )?;
    }
    s.execute("DELETE FROM enrollment WHERE journey_id = $1", params![journey])?;
    s.execute(
        "UPDATE document SET state = 'draft', live_version_id = NULL, paused = FALSE, starts_at = NULL, ends_at = NULL
         WHERE id = $1",
        params![journey],
    )?;
    Ok(())
}

/// A trip with its traveller's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedTrip {
    /// The trip.
    pub id: EnrollmentId,
    /// Key of the account or person.
    pub traveller: String,
    /// Entry 1, 2, 3 …
    pub entry: i64,
    /// Its version.
    pub version: VersionId,
    /// When it began.
    pub entered_at: Timestamp,
}

/// Trips of a journey that had not ended before `since`, by (traveller key, entry) after `after`, at most `most`.
pub fn trips_by_key(
    s: &mut dyn Session,
    journey: DocumentId,
    of_people: bool,
    since: Timestamp,
    after: (&str, i64),
    most: usize,
) -> Result<Vec<KeyedTrip>, StoreError> {
    let table = if of_people { "person" } else { "account" };
    let sql = format!(
        "SELECT e.id, t.key, e.entry, e.version_id, e.entered_at FROM {table} AS t
         JOIN enrollment AS e ON e.journey_id = $1 AND e.subject_id = t.id
         WHERE t.key >= $2 AND (t.key > $2 OR e.entry > $3) AND (e.ended_at IS NULL OR e.ended_at >= $5)
         ORDER BY t.key, e.entry LIMIT $4"
    );
    s.query_map(&sql, params![journey, after.0, after.1, most as i64, since], |r| {
        Ok(KeyedTrip {
            id: EnrollmentId(r.int(0)),
            traveller: r.string(1),
            entry: r.int(2),
            version: VersionId(r.int(3)),
            entered_at: r.instant(4),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copied_table_is_one_of_the_schema_and_declares_types_that_are_known() {
        let directory = tempfile::tempdir().unwrap();
        let options = OpenOptions { scratch: true, ..OpenOptions::default() };
        let store = Store::open_sqlite(directory.path(), options).unwrap();
        store.migrate().unwrap();
        for part in PARTS {
            let chunk = Chunk::of(&store, part.table).unwrap();
            assert!(!chunk.columns.is_empty(), "{}", part.table);
            let types: Vec<String> = store
                .read(|s| {
                    s.query_map("SELECT type FROM pragma_table_info($1)", params![part.table], |r| Ok(r.string(0)))
                })
                .unwrap();
            for declared in types {
                assert!(
                    matches!(declared.as_str(), "INTEGER" | "BIGINT" | "DOUBLE PRECISION" | "BOOLEAN" | "TEXT"),
                    "{} {declared}",
                    part.table
                );
            }
        }
    }
}
