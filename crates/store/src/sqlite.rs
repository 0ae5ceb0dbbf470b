//! SQLite: embedded, one file, one writer.
//!
//! Writers of this process queue fairly on one connection; writers of other processes (a command beside a server) wait in
//! `BEGIN IMMEDIATE`. Readers have their own connections and see the last commit (WAL). A checkpoint runs in the commit
//! that fills the log to [`CHECKPOINT_PAGES`]: rarely enough to write each hot page once for many commits, often enough
//! that the log stays around 64 MiB; the last connection to close empties it.
//!
//! A scratch store has one user and nothing to lose: its readers queue for the writer's connection, whose cache stays
//! warm, and no log is written.

mod backup;
mod errors;

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use caravan_model::Clock;
use caravan_model::text::fold;
use jiff::Timestamp;
use parking_lot::{FairMutex, FairMutexGuard};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSqlOutput, Value as SqliteValue, ValueRef};
use rusqlite::{CachedStatement, OpenFlags, ToSql};

pub(crate) use self::backup::check_backup;
use self::errors::{constraint_name, refusal};
use crate::bulk::{Bulk, Cells, Verb, each_cells};
use crate::error::{StoreError, excerpt};
use crate::ids::{IdRange, check_family};
use crate::pool::{Lent, Pool};
use crate::session::{Dialect, Faults, Param, Row, Session, Value};
use crate::sql::{PREPARED_STATEMENTS, Translations};
use crate::store::{Access, Driver, MigrationLock, OpenOptions, Presence, Transaction, lock_file};

/// The database file in the data directory.
pub(crate) const FILE_NAME: &str = "caravan.db";

/// How long a writer waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The length of the log at which a commit checkpoints: 64 MiB.
const CHECKPOINT_PAGES: u32 = 16_384;

pub(crate) struct SqliteDriver {
    directory: PathBuf,
    scratch: bool,
    clock: Clock,
    writer: FairMutex<Connection>,
    readers: Pool<Connection>,
}

struct Connection {
    raw: rusqlite::Connection,
    translations: Translations,
}

impl Connection {
    fn open(directory: &Path, access: Access, scratch: bool) -> Result<Self, StoreError> {
        let path = directory.join(FILE_NAME);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let raw =
            rusqlite::Connection::open_with_flags(&path, flags).map_err(|error| StoreError::files(&path, error))?;
        let set_up = || {
            raw.busy_timeout(BUSY_TIMEOUT)?;
            raw.execute_batch(&pragmas(access, scratch))?;
            rusqlite::vtab::array::load_module(&raw)?;
            register_fold(&raw)
        };
        set_up().map_err(|error| refusal(&error, "PRAGMA"))?;
        raw.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        Ok(Self { raw, translations: Translations::new() })
    }

    fn prepare(&mut self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        let text = self.translations.translated(Dialect::Sqlite, sql)?;
        self.raw.prepare_cached(&text).map_err(|error| refusal(&error, sql))
    }
}

/// What compiled conditions compare text by; PostgreSQL has a function of the same name.
fn register_fold(raw: &rusqlite::Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    raw.create_scalar_function("caravan_fold", 1, flags, |context| match context.get_raw(0) {
        ValueRef::Text(text) => Ok(Some(fold(&String::from_utf8_lossy(text)).into_owned())),
        _ => Ok(None),
    })
}

/// `synchronous = FULL`: a commit that was reported survives a loss of power.
fn pragmas(access: Access, scratch: bool) -> String {
    let synchronous = if scratch { "OFF" } else { "FULL" };
    let journal = if scratch { "MEMORY" } else { "WAL" };
    let query_only = if access == Access::Read { "ON" } else { "OFF" };
    let cache_kib = if access == Access::Read { 16_384 } else { 65_536 };
    format!(
        "PRAGMA journal_mode = {journal}; PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{cache_kib}; PRAGMA mmap_size = 268435456; \
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA journal_size_limit = 134217728; \
         PRAGMA query_only = {query_only};"
    )
}

impl SqliteDriver {
    pub(crate) fn open(directory: &Path, options: &OpenOptions) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory).map_err(|error| StoreError::files(directory, error))?;
        Ok(Self {
            directory: directory.to_owned(),
            scratch: options.scratch,
            clock: options.clock.clone(),
            writer: FairMutex::new(Connection::open(directory, Access::Write, options.scratch)?),
            readers: Pool::new(options.connections),
        })
    }
}

impl Driver for SqliteDriver {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn begin(&self, access: Access) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let (connection, begin) = match access {
            Access::Write => (Held::Writer(self.writer.lock()), "BEGIN IMMEDIATE"),
            Access::Read if self.scratch => (Held::Writer(self.writer.lock()), "BEGIN DEFERRED"),
            Access::Read => {
                let connect = || Connection::open(&self.directory, access, false);
                (Held::Reader(self.readers.take(|_| true, connect)?), "BEGIN DEFERRED")
            }
        };
        let mut transaction = SqliteTransaction { connection, clock: &self.clock, state: State::Begun };
        transaction.control(begin)?;
        Ok(Box::new(transaction))
    }

    fn lock_migration(&self) -> Result<MigrationLock, StoreError> {
        let path = self.directory.join("migrate.lock");
        let lock = lock_file(&path)?;
        lock.lock().map_err(|error| StoreError::files(&path, error))?;
        Ok(Box::new(lock))
    }

    fn migrate(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock();
        crate::migrate::sqlite::migrations::runner()
            .run(&mut writer.raw)
            .map_err(|error| crate::migrate::failure(&error))?;
        Ok(())
    }

    fn copy_into(&self, file: &Path) -> Result<(), StoreError> {
        if file.exists() {
            return Err(StoreError::files(file, "there is a database already"));
        }
        let source = Connection::open(&self.directory, Access::Write, self.scratch)?;
        let target = file.to_string_lossy();
        source.raw.execute("VACUUM INTO ?1", [target.as_ref()]).map_err(|error| refusal(&error, "VACUUM INTO"))?;
        Ok(())
    }

    fn presence(&self) -> Result<Option<Presence>, StoreError> {
        Ok(None)
    }

    fn size_bytes(&self) -> Result<u64, StoreError> {
        let file = self.directory.join(FILE_NAME);
        let main = std::fs::metadata(&file).map_err(|error| StoreError::files(&file, error))?.len();
        let log = std::fs::metadata(self.directory.join(format!("{FILE_NAME}-wal"))).map_or(0, |log| log.len());
        Ok(main + log)
    }
}

enum Held<'a> {
    Writer(FairMutexGuard<'a, Connection>),
    Reader(Lent<'a, Connection>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begun,
    Doomed,
    Ended,
}

struct SqliteTransaction<'a> {
    connection: Held<'a>,
    clock: &'a Clock,
    state: State,
}

impl SqliteTransaction<'_> {
    fn connection(&mut self) -> &mut Connection {
        match &mut self.connection {
            Held::Writer(connection) => connection,
            Held::Reader(connection) => connection,
        }
    }

    /// `BEGIN`, `COMMIT`, `ROLLBACK`.
    fn control(&mut self, sql: &str) -> Result<(), StoreError> {
        let done = self
            .connection()
            .prepare(sql)
            .and_then(|mut statement| statement.raw_execute().map_err(|error| refusal(&error, sql)));
        if done.is_err() && self.connection().raw.is_autocommit() {
            self.state = State::Ended;
        }
        done.map(|_| ())
    }

    /// Passes a statement's outcome on; an error dooms the transaction, as it does on PostgreSQL.
    fn judged<T>(&mut self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        outcome.map_err(|error| {
            self.state = State::Doomed;
            self.named(error)
        })
    }

    /// SQLite names columns instead of constraints; the schema knows the constraint's name.
    fn named(&mut self, error: StoreError) -> StoreError {
        match error {
            StoreError::Constraint { name, detail } => {
                let name = constraint_name(&self.connection().raw, &name);
                StoreError::Constraint { name, detail }
            }
            other => other,
        }
    }

    fn try_query(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<Result<(), StoreError>, StoreError> {
        let mut statement = self.connection().prepare(sql)?;
        bind_all(&mut statement, params, sql)?;
        let faults = Faults::default();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|error| refusal(&error, sql))? {
            let outcome = each(&SqliteRow { row, faults: &faults });
            if let Err(error) = faults.judge(outcome) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    fn try_execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let mut statement = self.connection().prepare(sql)?;
        bind_all(&mut statement, params, sql)?;
        // Statements with rows are run to their end; `changes` counts only what the statement itself touched.
        if statement.column_count() > 0 {
            let mut rows = statement.raw_query();
            let mut count = 0;
            while rows.next().map_err(|error| refusal(&error, sql))?.is_some() {
                count += 1;
            }
            return Ok(count);
        }
        statement.raw_execute().map(|n| n as u64).map_err(|error| refusal(&error, sql))
    }

    fn try_bulk(&mut self, bulk: &Bulk<'_>) -> Result<u64, StoreError> {
        let rows = bulk.rows()?;
        if rows == 0 {
            return Ok(0);
        }
        let sql = bulk_sql(bulk)?;
        let fail = |error: rusqlite::Error| refusal(&error, &sql);
        let mut statement = self.connection().raw.prepare_cached(&sql).map_err(fail)?;
        let mut used = Vec::with_capacity(bulk.columns.len());
        for (i, (_, column)) in bulk.columns.iter().enumerate() {
            match column.cells {
                Cells::Same(value) => statement.raw_bind_parameter(i + 1, Bound(&value)).map_err(fail)?,
                cells => used.push((i + 1, cells)),
            }
        }
        let mut touched = 0;
        for row in 0..rows {
            for (place, cells) in &used {
                bind_cell(&mut statement, *place, cells, row).map_err(fail)?;
            }
            touched += statement.raw_execute().map_err(fail)? as u64;
        }
        Ok(touched)
    }
}

impl Session for SqliteTransaction<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let outcome = self.try_query(sql, params, each);
        self.judged(outcome)?
    }

    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let outcome = self.try_execute(sql, params);
        self.judged(outcome)
    }

    fn bulk(&mut self, bulk: &Bulk<'_>) -> Result<u64, StoreError> {
        let outcome = self.try_bulk(bulk);
        self.judged(outcome)
    }

    fn reserve_ids(&mut self, family: &'static str, n: usize) -> Result<IdRange, StoreError> {
        check_family(family)?;
        if n == 0 {
            return Ok(IdRange::default());
        }
        let mut start = None;
        self.query(
            "UPDATE id_counter SET next = next + $2 WHERE family = $1 RETURNING next - $2",
            &[Param::Text(family), Param::Int(n as i64)],
            &mut |row| {
                start = Some(row.int(0));
                Ok(())
            },
        )?;
        let start = start.ok_or_else(|| StoreError::Migration(format!("it lacks the id counter of {family}")))?;
        Ok(IdRange::of(start, n))
    }

    fn now(&mut self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }
}

impl Transaction for SqliteTransaction<'_> {
    fn commit(&mut self) -> Result<(), StoreError> {
        if self.state == State::Doomed {
            self.roll_back();
            return Err(StoreError::Statement(
                "a transaction was to be committed after one of its statements failed".into(),
            ));
        }
        self.control("COMMIT").inspect_err(|_| self.roll_back())?;
        self.state = State::Ended;
        Ok(())
    }

    fn roll_back(&mut self) {
        if self.state != State::Ended && !self.connection().raw.is_autocommit() {
            // Nothing can be done about an error here; the connection says so at its next BEGIN.
            if let Err(error) = self.control("ROLLBACK") {
                tracing::warn!(%error, "rolling back failed");
            }
        }
        self.state = State::Ended;
    }

    fn collision(&self) -> Option<StoreError> {
        None
    }
}

impl Drop for SqliteTransaction<'_> {
    fn drop(&mut self) {
        self.roll_back();
    }
}

/// The statement that is run once for each row; the column at position `i` is parameter `i + 1`.
fn bulk_sql(bulk: &Bulk<'_>) -> Result<String, StoreError> {
    let placed = |text: &str| bulk.with_columns(text, |i| format!("?{}", i + 1));
    let table = bulk.table;
    match bulk.verb {
        Verb::Insert => {
            let names: Vec<_> = bulk.columns.iter().map(|(name, _)| *name).collect();
            let places: Vec<_> = (1..=names.len()).map(|i| format!("?{i}")).collect();
            let conflict = bulk.on_conflict.map(|clause| format!(" ON CONFLICT {clause}")).unwrap_or_default();
            Ok(format!("INSERT INTO {table} ({}) VALUES ({}){conflict}", names.join(", "), places.join(", ")))
        }
        Verb::Update => {
            let set = placed(bulk.part(bulk.set, "set")?)?;
            let matching = placed(bulk.part(bulk.matching, "matching")?)?;
            Ok(format!("UPDATE {table} SET {set} WHERE {matching}"))
        }
        Verb::Delete => {
            let matching = placed(bulk.part(bulk.matching, "matching")?)?;
            Ok(format!("DELETE FROM {table} WHERE {matching}"))
        }
    }
}

fn bind_cell(statement: &mut CachedStatement<'_>, place: usize, cells: &Cells<'_>, row: usize) -> rusqlite::Result<()> {
    // `rows` has checked the lengths.
    each_cells!(cells, slice => match slice.get(row) {
        Some(value) => statement.raw_bind_parameter(place, value),
        None => statement.raw_bind_parameter(place, rusqlite::types::Null),
    }, value => statement.raw_bind_parameter(place, Bound(value)))
}

fn bind_all(statement: &mut CachedStatement<'_>, params: &[Param<'_>], sql: &str) -> Result<(), StoreError> {
    if statement.parameter_count() != params.len() {
        return Err(StoreError::Statement(format!(
            "it has {} placeholders and {} values: {}",
            statement.parameter_count(),
            params.len(),
            excerpt(sql)
        )));
    }
    for (i, param) in params.iter().enumerate() {
        statement.raw_bind_parameter(i + 1, Bound(param)).map_err(|error| refusal(&error, sql))?;
    }
    Ok(())
}

struct Bound<'a>(&'a Param<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let array = |values: Vec<SqliteValue>| Ok(ToSqlOutput::from_rc(Rc::new(values), c"rarray"));
        match self.0 {
            Param::Null => Ok(ToSqlOutput::Borrowed(ValueRef::Null)),
            Param::Bool(value) => Ok(ToSqlOutput::Borrowed(ValueRef::Integer((*value).into()))),
            Param::Int(value) => Ok(ToSqlOutput::Borrowed(ValueRef::Integer(*value))),
            Param::Float(value) => Ok(ToSqlOutput::Borrowed(ValueRef::Real(*value))),
            Param::Text(text) | Param::Json(text) => Ok(ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))),
            Param::Bytes(bytes) => Ok(ToSqlOutput::Borrowed(ValueRef::Blob(bytes))),
            Param::Ints(values) => array(values.iter().map(|n| SqliteValue::Integer(*n)).collect()),
            Param::Texts(values) => array(values.iter().map(|text| SqliteValue::Text((*text).to_owned())).collect()),
            Param::Strings(values) => array(values.iter().map(|text| SqliteValue::Text(text.clone())).collect()),
        }
    }
}

struct SqliteRow<'r> {
    row: &'r rusqlite::Row<'r>,
    faults: &'r Faults,
}

impl Row for SqliteRow<'_> {
    fn value(&self, i: usize) -> Value<'_> {
        match self.row.get_ref(i) {
            Ok(ValueRef::Null) => Value::Null,
            Ok(ValueRef::Integer(n)) => Value::Int(n),
            Ok(ValueRef::Real(x)) => Value::Float(x),
            Ok(ValueRef::Text(text)) => {
                std::str::from_utf8(text).map_or(Value::Foreign("text that is not UTF-8"), Value::Text)
            }
            Ok(ValueRef::Blob(bytes)) => Value::Bytes(bytes),
            Err(_) => Value::Foreign("nothing: there is no such column"),
        }
    }

    fn fault(&self, i: usize, wanted: &str, found: &str) {
        self.faults.note(i, wanted, found);
    }
}
