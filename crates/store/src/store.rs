//! The door to the archive: opening it, and running work in transactions.

use std::cell::RefCell;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use caravan_model::Clock;

use crate::error::StoreError;
use crate::postgres::PostgresDriver;
use crate::session::{Dialect, Session};
use crate::sqlite::SqliteDriver;

/// How often a transaction that collided with others (or lost its connection before the commit) is tried.
const ATTEMPTS: u32 = 8;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Where time comes from; see [`Session::now`].
    pub clock: Clock,
    /// Connections kept at most: readers on SQLite, all on PostgreSQL.
    pub connections: usize,
    /// PostgreSQL: how long one statement may take.
    pub statement_timeout: Duration,
    /// PostgreSQL: what the server lists this process as.
    pub application_name: String,
    /// SQLite: a scratch database of one user that need not outlive a loss of power (simulations).
    pub scratch: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            clock: Clock::System,
            connections: 8,
            statement_timeout: Duration::from_secs(60),
            application_name: "caravan".to_owned(),
            scratch: false,
        }
    }
}

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// One of the two databases.
pub(crate) trait Driver: Send + Sync {
    fn dialect(&self) -> Dialect;
    fn begin(&self, access: Access) -> Result<Box<dyn Transaction + '_>, StoreError>;
    /// Keeps other processes from migrating until the answer is dropped.
    fn lock_migration(&self) -> Result<MigrationLock, StoreError>;
    /// Shows that this process is there, as long as what is given back is; none where no other process may be.
    fn presence(&self) -> Result<Option<Presence>, StoreError>;
    /// Brings the tables up to date.
    fn migrate(&self) -> Result<(), StoreError>;
    /// Writes a consistent copy into a new file.
    fn copy_into(&self, file: &Path) -> Result<(), StoreError>;
    fn size_bytes(&self) -> Result<u64, StoreError>;
}

/// Whatever a driver must hold on to while it migrates.
pub(crate) type MigrationLock = Box<dyn std::any::Any>;

/// A process that shows other processes of a store that it is there. When it goes, in whatever way, so does this.
pub struct Presence {
    /// What the process is called meanwhile.
    pub number: i64,
    pub(crate) shown: Box<dyn Shown>,
}

impl Presence {
    /// Whether it is still shown. It ends with its connection.
    pub fn is_shown(&self) -> bool {
        self.shown.is_shown()
    }
}

/// What shows it.
pub(crate) trait Shown: Send + Sync {
    fn is_shown(&self) -> bool;
}

/// A session that can end. Dropped without a commit, it rolls back.
pub(crate) trait Transaction: Session {
    fn commit(&mut self) -> Result<(), StoreError>;
    fn roll_back(&mut self);
    /// The error that made this transaction fail although the same work may succeed at once when repeated.
    fn collision(&self) -> Option<StoreError>;
}

/// A database of Caravan. Cheap to clone; every clone is the same store.
///
/// Calls block the thread; from asynchronous code use `spawn_blocking`.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    number: u64,
    clock: Clock,
    directory: Option<PathBuf>,
    driver: Arc<dyn Driver>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dialect", &self.dialect()).field("directory", &self.inner.directory).finish()
    }
}

/// Only one runtime may work on a directory; the lock ends with this value, also when the process is killed.
#[derive(Debug)]
pub struct RuntimeLock {
    _file: Option<File>,
}

impl Store {
    /// Opens (or creates) the database `caravan.db` in `directory`.
    pub fn open_sqlite(directory: impl AsRef<Path>, options: OpenOptions) -> Result<Self, StoreError> {
        let directory = directory.as_ref();
        let driver = SqliteDriver::open(directory, &options)?;
        Ok(Self::new(options.clock, Some(directory.to_owned()), Arc::new(driver)))
    }

    /// Whether a directory holds a database.
    pub fn is_in(directory: &Path) -> bool {
        directory.join(crate::sqlite::FILE_NAME).is_file()
    }

    /// Connects to the database at `url` (`postgres://user:password@host:5432/name`).
    pub fn open_postgres(url: &str, options: OpenOptions) -> Result<Self, StoreError> {
        let driver = PostgresDriver::open(url, &options)?;
        Ok(Self::new(options.clock, None, Arc::new(driver)))
    }

    fn new(clock: Clock, directory: Option<PathBuf>, driver: Arc<dyn Driver>) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        Self { inner: Arc::new(Inner { number, clock, directory, driver }) }
    }

    /// The same database behind another driver.
    pub(crate) fn with_driver(&self, wrap: impl FnOnce(Arc<dyn Driver>) -> Arc<dyn Driver>) -> Self {
        let Inner { clock, directory, driver, .. } = &*self.inner;
        Self::new(clock.clone(), directory.clone(), wrap(Arc::clone(driver)))
    }

    /// Runs `work` in one transaction and commits what it wrote; an error rolls everything back.
    ///
    /// READ COMMITTED on PostgreSQL; on SQLite one writer at a time, waiting for its turn. `work` may run several times
    /// (deadlock, serialization failure, a connection lost before the commit): it must not change anything but the
    /// session.
    pub fn write<T, E: From<StoreError>>(&self, work: impl FnMut(&mut dyn Session) -> Result<T, E>) -> Result<T, E> {
        self.run(Access::Write, work)
    }

    /// Runs `work` on one consistent, committed state of the data; writing is refused.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnMut(&mut dyn Session) -> Result<T, E>) -> Result<T, E> {
        self.run(Access::Read, work)
    }

    fn run<T, E: From<StoreError>>(
        &self,
        access: Access,
        mut work: impl FnMut(&mut dyn Session) -> Result<T, E>,
    ) -> Result<T, E> {
        let _inside = Inside::enter(self.inner.number)?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut transaction = self.inner.driver.begin(access)?;
            let outcome = match work(&mut *transaction) {
                Ok(value) => transaction.commit().map(|()| value).map_err(E::from),
                Err(error) => {
                    transaction.roll_back();
                    Err(error)
                }
            };
            let collision = transaction.collision();
            drop(transaction);
            match (outcome, collision) {
                (Err(_), Some(cause)) if attempts < ATTEMPTS => {
                    tracing::debug!(attempts, %cause, "the transaction is tried again");
                    std::thread::sleep(Duration::from_millis(2 << attempts));
                }
                (Err(_), Some(cause)) => return Err(cause.after(attempts).into()),
                (outcome, _) => return outcome,
            }
        }
    }

    /// Brings the schema up to date; safe to call from several processes at once.
    pub fn migrate(&self) -> Result<(), StoreError> {
        let inside = Inside::enter(self.inner.number)?;
        let _lock = self.inner.driver.lock_migration()?;
        self.inner.driver.migrate()?;
        drop(inside);
        self.write(crate::migrate::furnish)
    }

    /// Whether the database answers.
    pub fn ping(&self) -> Result<(), StoreError> {
        self.read(|s| s.query("SELECT 1", &[], &mut |_| Ok(())))
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.inner.driver.dialect()
    }

    /// The clock the store was opened with.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The data directory; none on PostgreSQL.
    pub fn directory(&self) -> Option<&Path> {
        self.inner.directory.as_deref()
    }

    /// How much the database takes, in bytes.
    pub fn size_bytes(&self) -> Result<u64, StoreError> {
        self.inner.driver.size_bytes()
    }

    /// Claims the right to be the one runtime of this directory. Several runtimes may share a PostgreSQL database.
    pub fn try_lock_runtime(&self) -> Result<RuntimeLock, StoreError> {
        let Some(directory) = &self.inner.directory else {
            return Ok(RuntimeLock { _file: None });
        };
        let path = directory.join("runtime.lock");
        let file = lock_file(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(RuntimeLock { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::RuntimeActive(directory.display().to_string())),
            Err(TryLockError::Error(error)) => Err(StoreError::files(&path, error)),
        }
    }

    /// Shows other processes of this store that this one is there, until it is dropped or the process is gone: the database
    /// notices that, whatever ended the process. None on an embedded store, which has one runtime.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub fn presence(&self) -> Result<Option<Presence>, StoreError> {
        self.inner.driver.presence()
    }

    /// Writes the database as it stands now into a new file.
    pub(crate) fn copy_into(&self, file: &Path) -> Result<(), StoreError> {
        self.inner.driver.copy_into(file)
    }

    /// Copies the whole database as it stands now into `directory` and opens the copy: fast, not safe against a loss of
    /// power, meant to be thrown away.
    pub fn copy_to(&self, directory: impl AsRef<Path>, clock: Clock) -> Result<Self, StoreError> {
        let directory = directory.as_ref();
        std::fs::create_dir_all(directory).map_err(|error| StoreError::files(directory, error))?;
        self.copy_into(&directory.join(crate::sqlite::FILE_NAME))?;
        Self::open_sqlite(directory, OpenOptions { clock, scratch: true, ..OpenOptions::default() })
    }
}

pub(crate) fn lock_file(path: &Path) -> Result<File, StoreError> {
    File::options().create(true).truncate(false).write(true).open(path).map_err(|error| StoreError::files(path, error))
}

thread_local! {
    static INSIDE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Marks that this thread is inside a transaction of a store; a second one would wait for the first forever.
struct Inside(u64);

impl Inside {
    fn enter(number: u64) -> Result<Self, StoreError> {
        INSIDE.with_borrow_mut(|inside| {
            if inside.contains(&number) {
                return Err(StoreError::Nested);
            }
            inside.push(number);
            Ok(Self(number))
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(|inside| inside.retain(|number| *number != self.0));
    }
}
