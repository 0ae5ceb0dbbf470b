//! An empty database of its own for each test, on the server that `scripts/postgres.sh` started.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use tokio::runtime::Runtime;
use tokio_postgres::{Client, Error, NoTls};

/// Where the server's address is found.
pub const ADDRESS_VARIABLE: &str = "CARAVAN_TEST_DATABASE_URL";

/// A database that nobody else uses; dropped, with whoever is still connected, when this value goes.
#[derive(Debug)]
pub struct ScratchDatabase {
    server: String,
    name: String,
    /// Where to connect, `postgres://…`.
    pub url: String,
}

/// Makes a new, empty database.
///
/// # Panics
/// When `CARAVAN_TEST_DATABASE_URL` is not set or its server does not do as told: a test that needs PostgreSQL fails
/// without it, it is never skipped.
pub fn scratch_database() -> ScratchDatabase {
    scratch(None)
}

/// Makes a new database with all that `fill` put into a database called `model`, whose address it gets. Only the first test
/// that asks for this model fills one; a copy takes the server a fraction of the time that a schema takes.
///
/// # Panics
/// As [`scratch_database`] does.
pub fn scratch_copy(model: &str, fill: impl FnOnce(&str) + Send) -> ScratchDatabase {
    thread::scope(|scope| scope.spawn(|| make_model(&server(), model, fill)).join().expect("a model database"))
        .unwrap_or_else(|error| panic!("PostgreSQL made no database {model}: {error:?}"));
    scratch(Some(model))
}

fn server() -> String {
    std::env::var(ADDRESS_VARIABLE).unwrap_or_else(|_| {
        panic!("this test needs PostgreSQL: run it as `scripts/postgres.sh with cargo nextest run …`, which sets {ADDRESS_VARIABLE}")
    })
}

fn scratch(model: Option<&str>) -> ScratchDatabase {
    let (server, name) = (server(), unused_name());
    let like = model.map(|model| format!(" TEMPLATE {model}")).unwrap_or_default();
    // A database of this name can only be the leftover of an ended process that had our number.
    let statements = [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}{like}")];
    execute(&server, &statements).unwrap_or_else(|error| panic!("PostgreSQL made no database {name}: {error:?}"));
    let url = with_database(&server, &name);
    ScratchDatabase { server, name, url }
}

/// Fills the model if nobody has; whoever comes meanwhile waits. It gets its name last, so that nobody copies half of it.
fn make_model(server: &str, model: &str, fill: impl FnOnce(&str)) -> Result<(), Error> {
    let line = Line::open(server)?;
    line.execute("SELECT pg_advisory_lock(hashtext('models of test databases'))")?;
    if line.has_database(model)? {
        return Ok(());
    }
    let unfinished = format!("{model}_unfinished");
    line.execute(&format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"))?;
    line.execute(&format!("CREATE DATABASE {unfinished}"))?;
    fill(&with_database(server, &unfinished));
    line.execute(&format!("ALTER DATABASE {unfinished} RENAME TO {model}"))
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        if let Err(error) = execute(&self.server, &[format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)]) {
            eprintln!("PostgreSQL kept database {}: {error:?}", self.name);
        }
    }
}

fn unused_name() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    format!("caravan_test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed))
}

/// The same address with another database; parameters after `?` stay.
fn with_database(server: &str, name: &str) -> String {
    let (address, parameters) = server.split_once('?').map_or((server, None), |(before, after)| (before, Some(after)));
    let after_scheme = address.find("://").map_or(0, |at| at + 3);
    let end_of_host = address[after_scheme..].find('/').map_or(address.len(), |at| after_scheme + at);
    let parameters = parameters.map(|all| format!("?{all}")).unwrap_or_default();
    format!("{}/{name}{parameters}", &address[..end_of_host])
}

/// One statement after another, each by itself (databases are made outside transactions), on a thread of its own, since
/// the caller may be inside an asynchronous runtime.
fn execute(server: &str, statements: &[String]) -> Result<(), tokio_postgres::Error> {
    thread::scope(|scope| scope.spawn(|| execute_here(server, statements)).join().expect("the thread ends by itself"))
}

fn execute_here(server: &str, statements: &[String]) -> Result<(), Error> {
    let line = Line::open(server)?;
    statements.iter().try_for_each(|statement| line.execute(statement))
}

/// A connection, with the runtime of one thread that it lives in.
struct Line {
    runtime: Runtime,
    client: Client,
}

impl Line {
    fn open(server: &str) -> Result<Self, Error> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime of one thread");
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(server, NoTls).await?;
            tokio::spawn(connection);
            Ok::<_, Error>(client)
        })?;
        Ok(Self { runtime, client })
    }

    fn execute(&self, statement: &str) -> Result<(), Error> {
        self.runtime.block_on(self.client.batch_execute(statement))
    }

    fn has_database(&self, name: &str) -> Result<bool, Error> {
        let found = "SELECT 1 FROM pg_database WHERE datname = $1";
        Ok(self.runtime.block_on(self.client.query_opt(found, &[&name]))?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_changes_its_database_only() {
        assert_eq!(with_database("postgres://u@127.0.0.1:5/postgres", "x"), "postgres://u@127.0.0.1:5/x");
        assert_eq!(with_database("postgres://u@h", "x"), "postgres://u@h/x");
        assert_eq!(with_database("postgres://u@h/a?sslmode=disable", "x"), "postgres://u@h/x?sslmode=disable");
    }

    #[test]
    fn a_copy_has_what_its_model_has_which_is_filled_once() {
        let model = format!("caravan_model_{}", std::process::id());
        let fill = |url: &str| execute(url, &["CREATE TABLE account (no int)".into()]).unwrap();
        let one = scratch_copy(&model, fill);
        let two = scratch_copy(&model, |_| panic!("it is there"));
        execute(&one.url, &["DROP TABLE account".into()]).unwrap();
        execute(&two.url, &["SELECT * FROM account".into()]).unwrap();
        execute(&server(), &[format!("DROP DATABASE {model}")]).unwrap();
    }

    #[test]
    fn two_databases_do_not_see_each_other_and_go_away() {
        let (one, two) = (scratch_database(), scratch_database());
        execute(&one.url, &["CREATE TABLE account (no int)".into()]).unwrap();
        execute(&two.url, &["CREATE TABLE account (no int)".into()]).unwrap();
        let gone = one.url.clone();
        drop(one);
        assert!(execute(&gone, &["SELECT 1".into()]).is_err());
        execute(&two.url, &["SELECT * FROM account".into()]).unwrap();
    }
}
