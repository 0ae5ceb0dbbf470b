//! A store of its own on either database, and short ways to import and to look.

use caravan_connect::Surroundings;
use caravan_connect::outbound::{Guard, Outbound};
use caravan_engine::Engine;
use caravan_engine::definitions::{ApplyOptions, apply};
use caravan_engine::import::{
    FileFormat, ImportError, ImportKind, ImportOptions, ImportReport, Observer, Reject, import, take_in_arrived,
};
use caravan_engine::runtime;
use caravan_model::Clock;
use caravan_store::{OpenOptions, SessionExt, Store, StoreError};
use caravan_testkit::{ScratchDatabase, scratch_copy};
use jiff::Timestamp;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::runtime::Runtime;

pub const NOW: &str = "2026-12-01T09:00:00Z";

/// Runs every test on both databases.
macro_rules! on_both_databases {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&$crate::imports::place::Place::sqlite()); })*
        }
        mod postgres {
            $(#[test] fn $name() { super::$name(&$crate::imports::place::Place::postgres()); })*
        }
    };
}
pub(crate) use on_both_databases;

pub struct Place {
    pub engine: Engine,
    pub clock: Clock,
    _directory: Option<tempfile::TempDir>,
    _database: Option<ScratchDatabase>,
}

/// Everything that an import told its observer.
#[derive(Default)]
pub struct Heard {
    pub rejects: Vec<Reject>,
    pub rows: u64,
}

impl Observer for Heard {
    fn progress(&mut self, progress: caravan_engine::import::Progress) {
        self.rows = progress.rows;
    }
    fn reject(&mut self, reject: &Reject) {
        self.rejects.push(reject.clone());
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Makes the schema of a database that tests get copies of.
fn migrated(url: &str) {
    Store::open_postgres(url, OpenOptions::default()).expect("a store").migrate().expect("migrations");
}

impl Place {
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Clock::manual(at(NOW));
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        let store = Store::open_sqlite(directory.path(), options).expect("a store");
        Self::over(store, clock, Some(directory), None)
    }

    pub fn postgres() -> Self {
        let database = scratch_copy("caravan_schema", migrated);
        let clock = Clock::manual(at(NOW));
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        let store = Store::open_postgres(&database.url, options).expect("a store");
        Self::over(store, clock, None, Some(database))
    }

    fn over(
        store: Store,
        clock: Clock,
        directory: Option<tempfile::TempDir>,
        database: Option<ScratchDatabase>,
    ) -> Self {
        store.migrate().expect("migrations");
        Self { engine: Engine::new(store), clock, _directory: directory, _database: database }
    }

    pub fn accounts(&self, file: &str) -> ImportReport {
        self.file(ImportKind::Accounts, file.as_bytes()).expect("an import")
    }

    pub fn people(&self, file: &str) -> ImportReport {
        self.file(ImportKind::People, file.as_bytes()).expect("an import")
    }

    pub fn activities(&self, file: &str) -> ImportReport {
        self.file(ImportKind::Activities, file.as_bytes()).expect("an import")
    }

    pub fn file(&self, kind: ImportKind, file: &[u8]) -> Result<ImportReport, ImportError> {
        let format = if file.starts_with(b"{") { FileFormat::JsonLines } else { FileFormat::Csv };
        import(&self.engine, &kind, file, format, &ImportOptions::default(), &mut ())
    }

    pub fn with(&self, kind: ImportKind, file: &str, options: &ImportOptions) -> Result<ImportReport, ImportError> {
        import(&self.engine, &kind, file.as_bytes(), FileFormat::Csv, options, &mut ())
    }

    pub fn apply(&self, manifest: &str) {
        let files = [("test.yaml".to_owned(), manifest.to_owned())];
        if let Err(error) = apply(&self.engine, &files, "test", ApplyOptions::default()) {
            panic!("{error:?}");
        }
    }

    /// Files that have arrived are taken in, then everything runs until nothing is due.
    pub fn run(&self) {
        take_in_arrived(&self.engine, &self.surroundings()).expect("a look");
        let report = runtime::run_until_idle(&self.engine, None, Duration::from_secs(30)).expect("a run");
        assert!(report.idle, "it came to rest");
    }

    pub fn surroundings(&self) -> Surroundings {
        static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
        Surroundings {
            clock: self.clock.clone(),
            runtime: RUNTIME.handle().clone(),
            outbound: Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")])),
        }
    }

    /// The numbers that a statement selects as text.
    pub fn ids(&self, sql: &str) -> Vec<i64> {
        self.texts(sql).iter().map(|text| text.parse().expect("a number")).collect()
    }

    /// The rows of a statement that selects one text column.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let read = |s: &mut dyn caravan_store::Session| -> Result<Vec<String>, StoreError> {
            s.query_map(sql, &[], |r| Ok(r.opt_string(0).unwrap_or_else(|| "-".to_owned())))
        };
        self.engine.store().read(read).expect("rows")
    }

    pub fn execute(&self, sql: &str) {
        self.engine.store().write(|s| s.execute(sql, &[])).expect("it is executed");
    }

    pub fn one(&self, sql: &str) -> i64 {
        self.engine.store().read(|s| s.query_int(sql, &[])).expect("a number")
    }
}

/// `(read, created, updated, unchanged, parked, rejected)`; they always add up.
pub fn counts(report: &ImportReport) -> (u64, u64, u64, u64, u64, u64) {
    let ImportReport { read, created, updated, unchanged, parked, rejected, .. } = *report;
    assert_eq!(read, created + updated + unchanged + parked + rejected, "{report:?}");
    (read, created, updated, unchanged, parked, rejected)
}

/// `line code` of each reject.
pub fn rejected(report: &ImportReport) -> Vec<String> {
    report.rejects.iter().map(|reject| format!("{} {}", reject.line, reject.code)).collect()
}
