//! What only the embedded database promises.

use std::time::{Duration, Instant};

use crate::support::Scratch;
use caravan_model::Clock;
use caravan_store::{Bulk, OpenOptions, SessionExt, Store, StoreError, params};

fn create_count(store: &Store) {
    store
        .write(|s| s.execute("CREATE TABLE count_of (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)", &[]))
        .expect("the table is made");
}

fn count(store: &Store) -> i64 {
    store.read(|s| s.query_int("SELECT COUNT(*) FROM count_of", &[])).expect("rows are counted")
}

#[test]
fn a_second_runtime_on_the_directory_is_refused_until_the_first_ends() {
    let scratch = Scratch::sqlite();
    let other = scratch.open(OpenOptions::default());
    let first = scratch.store.try_lock_runtime().expect("the first runtime starts");
    let second = other.try_lock_runtime().expect_err("the second runtime is refused");
    assert_eq!(second.code(), "store_runtime_active");
    let directory = scratch.store.directory().expect("a directory").display().to_string();
    assert!(second.to_string().contains(&directory), "{second}");
    drop(first);
    assert!(other.try_lock_runtime().is_ok());
}

#[test]
fn a_copy_is_independent_and_leaves_nothing_out() {
    let scratch = Scratch::sqlite();
    let store = &scratch.store;
    create_count(store);
    let ids: Vec<i64> = (1..=1000).collect();
    store.write(|s| s.bulk(&Bulk::insert("count_of").column("id", &ids).same("n", 1))).expect("rows are written");
    let place = tempfile::tempdir().expect("a temporary directory");
    let at: jiff::Timestamp = "2031-01-01T00:00:00Z".parse().expect("an instant");
    let copy = store.copy_to(place.path().join("copy"), Clock::manual(at)).expect("the copy is made");
    assert_eq!(count(&copy), 1000);
    assert_eq!(copy.write(|s| s.now()), Ok(at));
    copy.write(|s| s.execute("DELETE FROM count_of WHERE id > $1", params![10])).expect("the copy is written");
    assert_eq!((count(store), count(&copy)), (1000, 10));
    let again = store.copy_to(place.path().join("copy"), Clock::System);
    assert_eq!(again.map(|_| ()).map_err(|e| e.code()), Err("store_files"));
}

#[test]
fn a_writer_waits_while_another_process_writes() {
    let scratch = Scratch::sqlite();
    create_count(&scratch.store);
    let other = scratch.open(OpenOptions::default());
    let (began, has_begun) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            other.write(|s| {
                s.execute("INSERT INTO count_of (id, n) VALUES (1, 1)", &[])?;
                began.send(()).expect("the test listens");
                std::thread::sleep(Duration::from_millis(300));
                Ok::<_, StoreError>(())
            })
        });
        has_begun.recv().expect("the other one writes");
        let since = Instant::now();
        let updated = scratch.store.write(|s| s.execute("UPDATE count_of SET n = 2 WHERE id = 1", &[]));
        assert_eq!(updated, Ok(1), "it sees what the other one wrote");
        assert!(since.elapsed() >= Duration::from_millis(100), "{:?}", since.elapsed());
    });
}

#[test]
fn ids_of_a_transaction_that_is_rolled_back_are_issued_again() {
    let scratch = Scratch::sqlite();
    let first = scratch.store.write(|s| {
        s.reserve_ids("person", 10)?;
        Err::<(), _>(StoreError::Stale("a test".into()))
    });
    assert_eq!(first.map_err(|e| e.is_transient()), Err(true));
    let ids = scratch.store.write(|s| s.reserve_ids("person", 3)).expect("ids are issued");
    assert_eq!(ids.collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn what_was_committed_is_there_after_opening_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let open = || {
        let store = Store::open_sqlite(directory.path(), OpenOptions::default()).expect("the database opens");
        store.migrate().expect("the schema is made");
        store
    };
    let store = open();
    create_count(&store);
    store.write(|s| s.execute("INSERT INTO count_of (id, n) VALUES (1, 1)", &[])).expect("a row is written");
    drop(store);
    assert_eq!(count(&open()), 1);
}

#[test]
fn a_database_of_a_newer_caravan_is_refused() {
    let scratch = Scratch::sqlite();
    let newer = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
                 SELECT 9999, 'from_the_future', applied_on, checksum FROM refinery_schema_history LIMIT 1";
    scratch.store.write(|s| s.execute(newer, &[])).expect("a change from the future");
    let refused = scratch.store.migrate().expect_err("the future is not known");
    assert_eq!(refused.code(), "store_migration");
    assert!(refused.to_string().contains("newer Caravan"), "{refused}");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(directory.path().join("caravan.db"), "x".repeat(5000)).expect("a file");
    let opened = Store::open_sqlite(directory.path(), OpenOptions::default());
    assert_eq!(opened.map(|_| ()).map_err(|e| e.code()), Err("store_corrupt"));
    let nowhere = Store::open_sqlite(directory.path().join("caravan.db/inside"), OpenOptions::default());
    assert_eq!(nowhere.map(|_| ()).map_err(|e| e.code()), Err("store_files"));
}
