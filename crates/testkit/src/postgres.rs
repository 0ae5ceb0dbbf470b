//! An empty database of its own for each test, on the server that `scripts/postgres.sh` started.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use tokio_postgres::NoTls;

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
    let server = std::env::var(ADDRESS_VARIABLE).unwrap_or_else(|_| {
        panic!("this test needs PostgreSQL: run it as `scripts/postgres.sh with cargo nextest run …`, which sets {ADDRESS_VARIABLE}")
    });
    let name = unused_name();
    // A database of this name can only be the leftover of an ended process that had our number.
    let statements = [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")];
    execute(&server, &statements).unwrap_or_else(|error| panic!("PostgreSQL made no database {name}: {error:?}"));
    let url = with_database(&server, &name);
    ScratchDatabase { server, name, url }
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

fn execute_here(server: &str, statements: &[String]) -> Result<(), tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime of one thread");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(server, NoTls).await?;
        let connection = tokio::spawn(connection);
        for statement in statements {
            client.batch_execute(statement).await?;
        }
        drop(client);
        connection.await.expect("the connection's task ends by itself")
    })
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
