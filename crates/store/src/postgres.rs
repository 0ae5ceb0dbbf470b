//! PostgreSQL: a server, any number of processes.
//!
//! Writing is READ COMMITTED, reading one state (REPEATABLE READ, READ ONLY). A process that freezes or loses its power
//! in mid-transaction is cut off by the server (`idle_in_transaction_session_timeout`, keepalives), which frees its row
//! locks within about ten seconds; its late commit fails. Statements are prepared once a connection.

mod errors;
mod tls;
mod unnest;
mod values;
mod wait;

use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use caravan_model::Clock;
use caravan_model::clock::from_micros;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Config, Statement};

use self::errors::{Trouble, refusal, unreachable};
use self::tls::Encryption;
use self::unnest::bulk_sql;
use self::values::{Bound, PostgresRow};
use self::wait::wait;
use crate::bulk::{Bulk, CHUNK_ROWS, Cells};
use crate::error::{StoreError, excerpt};
use crate::ids::{BLOCK, IdBlocks, IdRange, check_family};
use crate::pool::{Lent, Pool};
use crate::session::{Dialect, Faults, Param, Row, Session};
use crate::sql::{Cache, translate};
use crate::store::{Access, Driver, MigrationLock, OpenOptions, Presence, Shown, Transaction};

/// The first number of the advisory locks by which processes show that they are there; the second is the process's own.
pub(crate) const PRESENCE: i32 = 0x6361_7276;
/// How long a transaction may do nothing before the server ends it.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(10);

pub(crate) struct PostgresDriver {
    config: Config,
    encryption: Encryption,
    statement_timeout: Duration,
    clock: Clock,
    connections: Pool<Connection>,
    limit: usize,
    ids: IdBlocks,
    /// Drives the sockets. `None` only while dropping.
    runtime: Option<Runtime>,
}

struct Connection {
    client: Client,
    statements: Cache<Statement>,
    /// Why the server or the network ended the connection.
    ended: Arc<OnceLock<Trouble>>,
}

impl PostgresDriver {
    pub(crate) fn open(url: &str, options: &OpenOptions) -> Result<Self, StoreError> {
        let (mut config, encryption) = tls::read(url)?;
        let patience = config.get_connect_timeout().copied().unwrap_or(Duration::from_secs(10));
        config
            .application_name(&options.application_name)
            .connect_timeout(patience)
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3)
            .tcp_user_timeout(IDLE_IN_TRANSACTION);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("caravan-postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::Other(format!("no threads for its connections: {error}")))?;
        let driver = Self {
            config,
            encryption,
            statement_timeout: options.statement_timeout,
            clock: options.clock.clone(),
            connections: Pool::new(options.connections),
            limit: options.connections.max(1),
            ids: IdBlocks::default(),
            runtime: Some(runtime),
        };
        drop(driver.begin(Access::Read)?);
        Ok(driver)
    }

    fn connect(&self, settings: &str) -> Result<Connection, StoreError> {
        let runtime = self.runtime.as_ref().ok_or_else(|| StoreError::Other("the store is closed".into()))?;
        let (config, encryption) = (self.config.clone(), self.encryption.clone());
        let ended = Arc::new(OnceLock::new());
        let note = Arc::clone(&ended);
        let opened = runtime.spawn(async move {
            let (client, mut connection) = config.connect(encryption).await?;
            tokio::spawn(async move {
                // The reason is noted before the connection is dropped, which is what callers notice.
                if let Err(error) = (&mut connection).await {
                    let _ = note.set(Trouble::of(&error));
                }
            });
            Ok::<_, tokio_postgres::Error>(client)
        });
        let client = wait(opened).map_err(unreachable)?.map_err(|error| unreachable(errors::chain(&error)))?;
        wait(client.batch_execute(settings)).map_err(|error| unreachable(errors::chain(&error)))?;
        Ok(Connection { client, statements: Cache::new(), ended })
    }

    /// The settings of a working connection.
    fn settings(&self) -> String {
        settings(self.statement_timeout, IDLE_IN_TRANSACTION)
    }

    fn lend(&self) -> Result<Lent<'_, Connection>, StoreError> {
        self.connections.take(|connection| !connection.client.is_closed(), || self.connect(&self.settings()))
    }
}

/// The keepalives are the server's own, so that it notices a client without power. Steps look up a thousand keys at once:
/// with the default page cost of spinning disks the planner would rather read whole tables of middling size.
fn settings(statement: Duration, idle: Duration) -> String {
    format!(
        "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}; SET jit = off; SET random_page_cost = 1.1; \
         SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; \
         SET tcp_user_timeout = {}",
        statement.as_millis(),
        idle.as_millis(),
        IDLE_IN_TRANSACTION.as_millis()
    )
}

impl Drop for PostgresDriver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Driver for PostgresDriver {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn begin(&self, access: Access) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let begin = match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        };
        let mut stale = 0;
        loop {
            let connection = self.lend()?;
            let mut transaction =
                PostgresTransaction { driver: self, connection: Some(connection), trouble: Trouble::None };
            match transaction.control(begin) {
                Ok(()) => return Ok(Box::new(transaction)),
                // Idle connections died with a server that was restarted: each is found out here once.
                Err(_) if matches!(transaction.trouble, Trouble::Lost(_)) && stale < self.limit => stale += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn lock_migration(&self) -> Result<MigrationLock, StoreError> {
        let connection = self.connect(&settings(Duration::ZERO, Duration::ZERO))?;
        let run = |sql| wait(connection.client.batch_execute(sql));
        // Two processes may create the table at once: the second one's error means that it is there.
        if let Err(error) = run("CREATE TABLE IF NOT EXISTS migration_lock ()") {
            tracing::debug!(%error, "somebody else makes the migration lock");
        }
        run("BEGIN; LOCK TABLE migration_lock IN ACCESS EXCLUSIVE MODE")
            .map_err(|error| StoreError::Migration(errors::chain(&error)))?;
        Ok(Box::new(connection))
    }

    fn presence(&self) -> Result<Option<Presence>, StoreError> {
        let connection = self.connect(&settings(Duration::ZERO, Duration::ZERO))?;
        // The number is its session's. The lock ends with the session, whatever ended it; it must not end for being idle.
        let sql = format!(
            "SELECT set_config(name, '0', FALSE) FROM pg_settings WHERE name = 'idle_session_timeout';
             SELECT pg_advisory_lock({PRESENCE}, pg_backend_pid())"
        );
        let run = |sql: &str| wait(connection.client.batch_execute(sql));
        run(&sql).map_err(|error| unreachable(errors::chain(&error)))?;
        let row = wait(connection.client.query_one("SELECT CAST(pg_backend_pid() AS BIGINT)", &[]));
        let number = row.map_err(|error| unreachable(errors::chain(&error)))?.get(0);
        Ok(Some(Presence { number, shown: Box::new(connection) }))
    }

    fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = self.connect(&settings(Duration::ZERO, Duration::ZERO))?;
        wait(crate::migrate::postgres::migrations::runner().run_async(&mut connection.client))
            .map_err(|error| crate::migrate::failure(&error))?;
        Ok(())
    }

    fn copy_into(&self, _: &Path) -> Result<(), StoreError> {
        Err(StoreError::Unsupported("only a data directory is copied into a file. Use pg_dump for PostgreSQL".into()))
    }

    fn size_bytes(&self) -> Result<u64, StoreError> {
        let mut bytes = 0;
        let mut transaction = self.begin(Access::Read)?;
        transaction.query("SELECT pg_database_size(current_database())", &[], &mut |row| {
            bytes = row.int(0);
            Ok(())
        })?;
        Ok(bytes.unsigned_abs())
    }
}

impl Shown for Connection {
    fn is_shown(&self) -> bool {
        !self.client.is_closed()
    }
}

struct PostgresTransaction<'a> {
    driver: &'a PostgresDriver,
    /// `None` once the transaction has ended.
    connection: Option<Lent<'a, Connection>>,
    trouble: Trouble,
}

impl PostgresTransaction<'_> {
    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_deref_mut().ok_or_else(|| StoreError::Statement("its transaction has ended".into()))
    }

    /// Passes an outcome on; the first error decides what becomes of the transaction.
    fn judged<T>(&mut self, sql: &str, outcome: Result<T, Failure>) -> Result<T, StoreError> {
        outcome.map_err(|failure| match failure {
            Failure::Server(error) => {
                let ended = self.connection.as_ref().and_then(|connection| connection.ended.get()).cloned();
                let trouble = ended.unwrap_or_else(|| Trouble::of(&error));
                let refused = refusal(&error, &trouble, sql);
                if self.trouble == Trouble::None {
                    self.trouble = trouble;
                }
                refused
            }
            Failure::Ours(error) => {
                if self.trouble == Trouble::None {
                    self.trouble = Trouble::Doomed;
                }
                error
            }
        })
    }

    /// `BEGIN`, `COMMIT`, `ROLLBACK`.
    fn control(&mut self, sql: &str) -> Result<(), StoreError> {
        let done = wait(self.connection()?.client.batch_execute(sql)).map_err(Failure::Server);
        self.judged(sql, done)
    }

    fn try_query(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<Result<(), StoreError>, Failure> {
        let connection = self.connection()?;
        let statement = connection.prepare(sql, params.len())?;
        let faults = Faults::default();
        wait(async {
            let bound = params.iter().map(|param| Bound::One(*param));
            let mut rows = pin!(connection.client.query_raw(&statement, bound).await?);
            while let Some(row) = rows.try_next().await? {
                let outcome = each(&PostgresRow { row: &row, faults: &faults });
                if let Err(error) = faults.judge(outcome) {
                    return Ok(Err(error));
                }
            }
            Ok(Ok(()))
        })
    }

    fn try_execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, Failure> {
        let connection = self.connection()?;
        let statement = connection.prepare(sql, params.len())?;
        Ok(wait(connection.client.execute_raw(&statement, params.iter().map(|param| Bound::One(*param))))?)
    }

    fn try_bulk(&mut self, bulk: &Bulk<'_>) -> Result<u64, Failure> {
        let rows = bulk.rows()?;
        let mut touched = 0;
        if rows == 0 {
            return Ok(touched);
        }
        let (sql, order) = bulk_sql(bulk)?;
        let connection = self.connection()?;
        let statement = connection.prepare(&sql, order.len())?;
        for start in (0..rows).step_by(CHUNK_ROWS) {
            let chunk = start..(start + CHUNK_ROWS).min(rows);
            let bound = order.iter().map(|column| match column.cells {
                Cells::Same(value) => Bound::One(value),
                cells => Bound::Column(cells.slice(&chunk)),
            });
            touched += wait(connection.client.execute_raw(&statement, bound))?;
        }
        Ok(touched)
    }

    fn end(&mut self) {
        self.connection = None;
    }
}

impl Connection {
    fn prepare(&mut self, sql: &str, values: usize) -> Result<Statement, Failure> {
        let statement = match self.statements.get(sql) {
            Some(statement) => statement,
            None => {
                let text = translate(Dialect::Postgres, sql)?;
                self.statements.put(sql, wait(self.client.prepare(&text))?)
            }
        };
        let places = statement.params().len();
        if places != values {
            let text = format!("it has {places} placeholders and {values} values: {}", excerpt(sql));
            return Err(Failure::Ours(StoreError::Statement(text)));
        }
        Ok(statement)
    }
}

/// Whose fault it was that a statement did not succeed.
enum Failure {
    Server(tokio_postgres::Error),
    Ours(StoreError),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Ours(error)
    }
}

impl Session for PostgresTransaction<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn query(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let outcome = self.try_query(sql, params, each);
        self.judged(sql, outcome)?
    }

    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let outcome = self.try_execute(sql, params);
        self.judged(sql, outcome)
    }

    fn bulk(&mut self, bulk: &Bulk<'_>) -> Result<u64, StoreError> {
        let outcome = self.try_bulk(bulk);
        self.judged(bulk.table, outcome)
    }

    fn reserve_ids(&mut self, family: &'static str, n: usize) -> Result<IdRange, StoreError> {
        check_family(family)?;
        let mut range = IdRange::default();
        let mut missing = self.driver.ids.take(family, n, &mut range);
        while missing > 0 {
            let blocks = missing.div_ceil(BLOCK as usize) as i64;
            let mut starts = Vec::new();
            self.query(
                &format!("SELECT nextval('id_{family}') FROM generate_series(CAST(1 AS BIGINT), $1)"),
                &[Param::Int(blocks)],
                &mut |row| {
                    starts.push(row.int(0));
                    Ok(())
                },
            )?;
            self.driver.ids.give(family, &starts);
            missing = self.driver.ids.take(family, missing, &mut range);
        }
        Ok(range)
    }

    fn now(&mut self) -> Result<Timestamp, StoreError> {
        if self.driver.clock.is_manual() {
            return Ok(self.driver.clock.now());
        }
        let mut now = Timestamp::UNIX_EPOCH;
        let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
        self.query(sql, &[], &mut |row| {
            now = from_micros(row.int(0));
            Ok(())
        })?;
        Ok(now)
    }
}

impl Transaction for PostgresTransaction<'_> {
    fn commit(&mut self) -> Result<(), StoreError> {
        if self.trouble != Trouble::None {
            self.roll_back();
            return Err(StoreError::Statement(
                "a transaction was to be committed after one of its statements failed".into(),
            ));
        }
        let done = self.control("COMMIT");
        match (&done, &self.trouble) {
            (Ok(()), _) => self.end(),
            // Nobody knows whether it took effect: repeating could do the work twice.
            (Err(_), Trouble::Lost(_)) => {
                self.trouble = Trouble::Doomed;
                self.discard();
            }
            (Err(_), _) => self.roll_back(),
        }
        done
    }

    fn roll_back(&mut self) {
        if self.connection.is_none() {
            return;
        }
        if matches!(self.trouble, Trouble::Lost(_)) || self.control("ROLLBACK").is_err() {
            return self.discard();
        }
        self.end();
    }

    fn collision(&self) -> Option<StoreError> {
        match &self.trouble {
            Trouble::Collision(detail) => Some(StoreError::Conflict { attempts: 1, detail: detail.clone() }),
            Trouble::Lost(detail) => Some(unreachable(detail)),
            Trouble::None | Trouble::Doomed | Trouble::TooSlow(_) => None,
        }
    }
}

impl PostgresTransaction<'_> {
    fn discard(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.discard();
        }
    }
}

impl Drop for PostgresTransaction<'_> {
    fn drop(&mut self) {
        self.roll_back();
    }
}
