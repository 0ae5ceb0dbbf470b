//! Databases to be thrown away, one for each test.

use caravan_store::{OpenOptions, Store};
use caravan_testkit::{ScratchDatabase, scratch_copy};
use tempfile::TempDir;

/// Each test on both databases.
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
pub(crate) use on_both_databases;

/// A database of its own for one test; removed when dropped.
pub struct Scratch {
    pub store: Store,
    place: Place,
}

enum Place {
    Directory(TempDir),
    Server(ScratchDatabase),
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
        let database = scratch_copy("caravan_schema", migrated);
        let store = Store::open_postgres(&database.url, OpenOptions::default()).expect("the database opens");
        Self { store, place: Place::Server(database) }
    }

    /// The same database, opened once more as another process would.
    pub fn open(&self, options: OpenOptions) -> Store {
        match &self.place {
            Place::Directory(directory) => Store::open_sqlite(directory.path(), options),
            Place::Server(database) => Store::open_postgres(&database.url, options),
        }
        .expect("the database opens again")
    }
}

impl Scratch {
    /// Runs a statement on the server from outside of the store.
    pub fn admin(&self, sql: &str) {
        match &self.place {
            Place::Server(database) => admin(&database.url, sql),
            Place::Directory(_) => panic!("only a server has an outside"),
        }
    }
}

/// Makes the schema of a database that tests get copies of.
fn migrated(url: &str) {
    Store::open_postgres(url, OpenOptions::default()).expect("a store").migrate().expect("migrations");
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
