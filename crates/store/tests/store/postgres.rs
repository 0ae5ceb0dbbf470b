//! What only a server promises: collisions, timeouts, lost connections.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use crate::support::Scratch;
use caravan_store::{Bulk, OpenOptions, Session, SessionExt, Store, StoreError, params};

fn create_count(store: &Store) {
    store
        .write(|s| {
            s.execute("CREATE TABLE count_of (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)", &[])?;
            s.bulk(&Bulk::insert("count_of").column("id", &[1, 2]).same("n", 0))
        })
        .expect("two rows to count on");
}

fn add_one(s: &mut dyn Session, id: i64) -> Result<(), StoreError> {
    s.execute("UPDATE count_of SET n = n + 1 WHERE id = $1", params![id]).map(|_| ())
}

fn counts(store: &Store) -> Vec<i64> {
    store.read(|s| s.query_map("SELECT n FROM count_of ORDER BY id", &[], |row| Ok(row.int(0)))).expect("counts")
}

#[test]
fn a_deadlock_is_tried_again_until_both_succeed() {
    let scratch = Scratch::postgres();
    create_count(&scratch.store);
    let tries = AtomicU32::new(0);
    let both_hold_a_row = Barrier::new(2);
    std::thread::scope(|scope| {
        for order in [[1, 2], [2, 1]] {
            let (store, tries, both_hold_a_row) = (&scratch.store, &tries, &both_hold_a_row);
            scope.spawn(move || {
                let mut first_try = true;
                let done = store.write(|s| {
                    tries.fetch_add(1, Ordering::SeqCst);
                    add_one(s, order[0])?;
                    if std::mem::take(&mut first_try) {
                        both_hold_a_row.wait();
                    }
                    add_one(s, order[1])
                });
                assert_eq!(done, Ok(()));
            });
        }
    });
    assert_eq!(counts(&scratch.store), [2, 2]);
    assert_eq!(tries.load(Ordering::SeqCst), 3, "one of the two was the victim once");
}

#[test]
fn a_collision_that_never_ends_is_given_up() {
    let scratch = Scratch::postgres();
    let mut tries = 0;
    let outcome = scratch.store.write(|s| {
        tries += 1;
        s.execute("DO $$ BEGIN RAISE EXCEPTION 'collided' USING ERRCODE = '40001'; END $$", &[])
    });
    assert_eq!(outcome, Err(StoreError::Conflict { attempts: 8, detail: "collided".into() }));
    assert_eq!(tries, 8);
}

#[test]
fn a_statement_that_takes_too_long_is_cut_off() {
    let scratch = Scratch::postgres();
    let options = OpenOptions { statement_timeout: Duration::from_millis(200), ..OpenOptions::default() };
    let store = scratch.open(options);
    let since = Instant::now();
    let slow = store.write(|s| s.query("SELECT pg_sleep(10)", &[], &mut |_| Ok(())));
    assert_eq!(slow.map_err(|e| (e.code(), e.is_transient())), Err(("store_busy", true)));
    assert!(since.elapsed() < Duration::from_secs(5));
    assert_eq!(store.ping(), Ok(()), "the connection is good for more");
}

const END_THE_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[test]
fn idle_connections_that_a_restart_ended_are_replaced() {
    let scratch = Scratch::postgres();
    create_count(&scratch.store);
    let all_hold_one = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                scratch.store.read(|s| {
                    all_hold_one.wait();
                    s.query_int("SELECT 1", &[])
                })
            });
        }
    });
    scratch.admin(END_THE_OTHERS);
    for _ in 0..5 {
        assert_eq!(scratch.store.write(|s| add_one(s, 1)), Ok(()));
    }
    assert_eq!(counts(&scratch.store), [5, 0]);
}

#[test]
fn work_whose_connection_is_lost_before_the_commit_is_done_again() {
    let scratch = Scratch::postgres();
    create_count(&scratch.store);
    let mut tries = 0;
    let done = scratch.store.write(|s| {
        tries += 1;
        add_one(s, 1)?;
        if tries == 1 {
            scratch.admin(END_THE_OTHERS);
        }
        add_one(s, 2)
    });
    assert_eq!((done, tries), (Ok(()), 2));
    assert_eq!(counts(&scratch.store), [1, 1]);
}

#[test]
fn a_connection_that_is_lost_every_time_is_reported_as_such() {
    let scratch = Scratch::postgres();
    create_count(&scratch.store);
    let done = scratch.store.write(|s| {
        scratch.admin(END_THE_OTHERS);
        add_one(s, 1)
    });
    assert_eq!(done.map_err(|e| e.code()), Err("store_unreachable"));
    assert_eq!(counts(&scratch.store), [0, 0]);
}

#[test]
fn a_connection_lost_at_the_commit_is_reported_and_nothing_is_repeated() {
    let scratch = Scratch::postgres();
    create_count(&scratch.store);
    let mut tries = 0;
    let done = scratch.store.write(|s| {
        tries += 1;
        add_one(s, 1)?;
        scratch.admin(END_THE_OTHERS);
        Ok::<_, StoreError>(())
    });
    assert_eq!((done.map_err(|e| e.code()), tries), (Err("store_unreachable"), 1));
    assert_eq!(counts(&scratch.store), [0, 0]);
}

#[test]
fn whoever_does_nothing_in_a_transaction_loses_it_and_its_locks() {
    let scratch = Scratch::postgres();
    create_count(&scratch.store);
    let frozen = scratch.store.write(|s| {
        s.execute("SET idle_in_transaction_session_timeout = 200", &[])?;
        add_one(s, 1)?;
        std::thread::sleep(Duration::from_millis(600));
        add_one(s, 2)
    });
    assert_eq!(frozen.map_err(|e| e.code()), Err("store_busy"));
    assert_eq!(counts(&scratch.store), [0, 0]);
    assert_eq!(scratch.store.write(|s| add_one(s, 1)), Ok(()));
}

#[test]
fn calls_from_asynchronous_code_block_but_do_not_panic() {
    let scratch = Scratch::postgres();
    for flavour in [tokio::runtime::Builder::new_multi_thread(), tokio::runtime::Builder::new_current_thread()] {
        let runtime = { flavour }.enable_all().build().expect("a runtime");
        let store = scratch.open(OpenOptions::default());
        assert_eq!(runtime.block_on(async move { store.ping() }), Ok(()));
        let store = scratch.store.clone();
        let spawned = runtime.block_on(runtime.spawn_blocking(move || store.ping()));
        assert_eq!(spawned.expect("the task ends"), Ok(()));
    }
}

#[test]
fn callers_wait_for_a_connection_when_all_are_in_use() {
    let scratch = Scratch::postgres();
    create_count(&scratch.store);
    let store = scratch.open(OpenOptions { connections: 2, ..OpenOptions::default() });
    let pids = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let pid = store.write(|s| {
                    add_one(s, 1)?;
                    s.query_int("SELECT pg_backend_pid()", &[])
                });
                pids.lock().expect("no panic").push(pid.expect("a turn for everybody"));
            });
        }
    });
    let mut pids = pids.into_inner().expect("no panic");
    pids.sort_unstable();
    pids.dedup();
    assert!(pids.len() <= 2, "{pids:?}");
    assert_eq!(counts(&scratch.store), [8, 0]);
}

#[test]
fn sums_that_are_not_cast_say_what_to_do() {
    let scratch = Scratch::postgres();
    create_count(&scratch.store);
    let sum = scratch.store.read(|s| s.query_int("SELECT SUM(n) FROM count_of", &[]));
    let error = sum.expect_err("a NUMERIC");
    assert!(error.to_string().contains("cast it to BIGINT"), "{error}");
}

#[test]
fn several_processes_may_make_the_schema_at_once() {
    let scratch = Scratch::postgres();
    scratch.admin("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    let stores = [scratch.open(OpenOptions::default()), scratch.open(OpenOptions::default())];
    std::thread::scope(|scope| {
        for store in &stores {
            scope.spawn(|| assert_eq!(store.migrate(), Ok(())));
        }
    });
    let facts = scratch.store.read(|s| s.query_int("SELECT COUNT(*) FROM meta", &[]));
    assert_eq!(facts, Ok(2));
}

#[test]
fn addresses_that_lead_nowhere_are_explained() {
    let open = |url: &str| {
        let options = OpenOptions::default();
        Store::open_postgres(url, options).map(|_| ()).expect_err(url)
    };
    assert_eq!(open("postgres://nobody@127.0.0.1:1/none").code(), "store_unreachable");
    assert_eq!(open("what is this").code(), "store_unreachable");
    assert_eq!(open("postgres://nobody@127.0.0.1:1/none?sslmode=perhaps").code(), "store_unreachable");
}
