//! Databases to be thrown away, one for each test.

#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::atomic::{AtomicU32, Ordering};

use caravan_store::{OpenOptions, Store};
use tempfile::TempDir;

/// Each test on both databases.
#[allow(unused_macros, reason = "each test file uses its part")]
macro_rules! on_both_databases {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&super::Scratch::sqlite()); })*
        }
        mod postgres {
            $(#[test] fn $name() { super::$name(&super::Scratch::postgres()); })*
        }
    };
}
#[allow(unused_imports, reason = "each test file uses its part")]
pub(crate) use on_both_databases;

/// A database of its own for one test; removed when dropped.
pub struct Scratch {
    pub store: Store,
    place: Place,
}

enum Place {
    Directory(TempDir),
    Server { admin_url: String, name: String, url: String },
}

impl Scratch {
    /// An empty, migrated SQLite database.
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open_sqlite(directory.path(), OpenOptions::default()).expect("the database opens");
        store.migrate().expect("the schema is made");
        Self { store, place: Place::Directory(directory) }
    }

    /// An empty, migrated database on the server of `CARAVAN_TEST_DATABASE_URL`.
    pub fn postgres() -> Self {
        static NUMBERS: AtomicU32 = AtomicU32::new(0);
        let admin_url = std::env::var("CARAVAN_TEST_DATABASE_URL").expect(
            "set CARAVAN_TEST_DATABASE_URL to a PostgreSQL server on which databases may be created, \
             for example postgres://postgres@127.0.0.1:5432/postgres",
        );
        let name = format!("caravan_test_{}_{}", std::process::id(), NUMBERS.fetch_add(1, Ordering::Relaxed));
        admin(&admin_url, &format!("CREATE DATABASE {name}"));
        let url = match admin_url.rsplit_once('/') {
            Some((server, _)) => format!("{server}/{name}"),
            None => panic!("CARAVAN_TEST_DATABASE_URL must end in /DATABASE"),
        };
        let store = Store::open_postgres(&url, OpenOptions::default()).expect("the database opens");
        store.migrate().expect("the schema is made");
        Self { store, place: Place::Server { admin_url, name, url } }
    }

    /// The same database, opened once more as another process would.
    pub fn open(&self, options: OpenOptions) -> Store {
        match &self.place {
            Place::Directory(directory) => Store::open_sqlite(directory.path(), options),
            Place::Server { url, .. } => Store::open_postgres(url, options),
        }
        .expect("the database opens again")
    }
}

impl Scratch {
    /// Runs a statement on the server from outside of the store.
    pub fn admin(&self, sql: &str) {
        match &self.place {
            Place::Server { url, .. } => admin(url, sql),
            Place::Directory(_) => panic!("only a server has an outside"),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Place::Server { admin_url, name, .. } = &self.place {
            admin(admin_url, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

/// Runs a statement that no transaction may hold.
fn admin(url: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) =
            tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the server of the tests answers");
        tokio::spawn(connection);
        client.batch_execute(sql).await.expect(sql);
    });
}
