//! The contract of the port: every test runs on both databases and must tell the same story.

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Scratch, on_both_databases};
use caravan_model::Clock;
use caravan_store::{Bulk, Dialect, OpenOptions, Param, Session, SessionExt, Store, StoreError, params};

on_both_databases! {
    values_of_every_type_read_back
    missing_values_read_back_as_none
    a_column_of_another_type_is_an_error_and_not_a_panic
    lists_select_their_members
    a_wrong_number_of_values_is_refused
    bulk_writes_columns_of_every_type
    bulk_inserts_add_up_on_conflict
    bulk_updates_touch_only_the_rows_that_match
    fifty_thousand_rows_are_written_changed_and_removed
    an_empty_bulk_touches_nothing
    bulks_that_do_not_fit_are_refused
    an_error_rolls_back
    a_swallowed_error_is_not_committed
    a_panic_rolls_back
    a_transaction_inside_another_is_refused
    reading_refuses_to_write
    readers_see_only_what_is_committed
    a_reader_sees_one_state
    a_violated_constraint_says_its_name
    ids_are_unique_and_ascend_in_every_thread
    an_undeclared_id_family_is_refused
    writers_wait_for_each_other
    a_manual_clock_wins
    migrating_again_changes_nothing
    the_database_answers_and_has_a_size
    row_locks_are_spelled_for_each_database
}

/// The JSON column type, the one type that the databases name differently.
fn json_type(store: &Store) -> &'static str {
    match store.dialect() {
        Dialect::Sqlite => "TEXT",
        Dialect::Postgres => "JSONB",
    }
}

fn bytes_type(store: &Store) -> &'static str {
    match store.dialect() {
        Dialect::Sqlite => "BLOB",
        Dialect::Postgres => "BYTEA",
    }
}

fn create_sample(store: &Store) {
    run(
        store,
        &format!(
            "CREATE TABLE sample (id BIGINT PRIMARY KEY, truth BOOLEAN, number BIGINT, ratio DOUBLE PRECISION, \
             words TEXT, body {}, raw {})",
            json_type(store),
            bytes_type(store)
        ),
    );
}

fn create_count(store: &Store) {
    run(store, "CREATE TABLE count_of (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)");
}

fn run(store: &Store, sql: &str) {
    store.write(|s| s.execute(sql, &[])).expect(sql);
}

fn int(store: &Store, sql: &str) -> i64 {
    store.read(|s| s.query_int(sql, &[])).expect(sql)
}

fn add_count(s: &mut dyn Session, id: i64, n: i64) -> Result<(), StoreError> {
    s.execute("INSERT INTO count_of (id, n) VALUES ($1, $2)", params![id, n]).map(|_| ())
}

const TEXT: &str = "Ærø – \"quoted\" 'text' {in:1} $1\n\u{1f42b}";

fn values_of_every_type_read_back(scratch: &Scratch) {
    let store = &scratch.store;
    create_sample(store);
    let raw: Vec<u8> = (0..=255).collect();
    let inserted = store.write(|s| {
        s.execute(
            "INSERT INTO sample (id, truth, number, ratio, words, body, raw) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![1, true, i64::MIN, 0.1, TEXT, Param::json(r#"{"a": [1, null]}"#), &raw],
        )
    });
    assert_eq!(inserted, Ok(1));
    let read = store.read(|s| {
        s.query_one("SELECT truth, number, ratio, words, body, raw FROM sample WHERE id = $1", params![1], |row| {
            Ok((row.bool(0), row.int(1), row.float(2), row.string(3), row.string(4), row.bytes(5).to_vec()))
        })
    });
    let expected = (true, i64::MIN, 0.1, TEXT.to_owned(), r#"{"a": [1, null]}"#.to_owned(), raw);
    assert_eq!(read, Ok(expected));
}

fn missing_values_read_back_as_none(scratch: &Scratch) {
    let store = &scratch.store;
    create_sample(store);
    let none: Option<i64> = None;
    store
        .write(|s| {
            s.execute(
                "INSERT INTO sample (id, truth, number, ratio, words, body, raw) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                params![1, Param::Null, none, None::<f64>, None::<&str>, Param::opt_json(None), Param::Null],
            )
        })
        .expect("the row is written");
    let read = store.read(|s| {
        s.query_one("SELECT truth, number, ratio, words, body, raw FROM sample", &[], |row| {
            assert!((0..6).all(|i| row.is_null(i)));
            assert_eq!((row.opt_bool(0), row.opt_int(1), row.opt_float(2)), (None, None, None));
            assert_eq!((row.opt_text(3), row.opt_text(4), row.opt_bytes(5)), (None, None, None));
            assert_eq!(row.opt_instant(1), None);
            Ok(())
        })
    });
    assert_eq!(read, Ok(()));
    let required = store.read(|s| s.query_one("SELECT number FROM sample", &[], |row| Ok(row.int(0))));
    assert_eq!(required.map_err(|e| e.code()), Err("store_corrupt"));
}

fn a_column_of_another_type_is_an_error_and_not_a_panic(scratch: &Scratch) {
    let store = &scratch.store;
    for (sql, column) in [("SELECT 'word'", 0), ("SELECT 1", 7), ("SELECT 'word' UNION ALL SELECT 'x'", 0)] {
        let read = store.read(|s| s.query_map(sql, &[], |row| Ok(row.int(column))));
        assert_eq!(read.map_err(|e| e.code()), Err("store_corrupt"), "{sql}");
    }
}

fn lists_select_their_members(scratch: &Scratch) {
    let store = &scratch.store;
    create_sample(store);
    store
        .write(|s| {
            let ids = [1, 2, 3, 4];
            let words = [Some("a"), Some("b"), None, Some("d")];
            s.bulk(&Bulk::insert("sample").column("id", &ids).column("words", &words))
        })
        .expect("rows are written");
    let ids = |sql: &str, params: &[Param<'_>]| {
        store.read(|s| s.query_map(sql, params, |row| Ok(row.int(0)))).expect("the list is read")
    };
    assert_eq!(ids("SELECT id FROM sample WHERE id {in:1} ORDER BY id", params![&[2, 4, 9]]), [2, 4]);
    assert_eq!(ids("SELECT id FROM sample WHERE words {in:1} ORDER BY id", params![&["a", "d"]]), [1, 4]);
    let strings = vec!["b".to_owned()];
    assert_eq!(ids("SELECT id FROM sample WHERE words {in:1} ORDER BY id", params![&strings]), [2]);
    assert_eq!(ids("SELECT id FROM sample WHERE id {not_in:1} ORDER BY id", params![&[1, 2]]), [3, 4]);
    assert_eq!(ids("SELECT id FROM sample WHERE id {in:1}", params![&[0_i64; 0]]), [] as [i64; 0]);
    let two = "SELECT id FROM sample WHERE id {in:2} AND id > $1 ORDER BY id LIMIT $3";
    assert_eq!(ids(two, params![1, &[1, 2, 3], 1]), [2]);
    let many: Vec<i64> = (2..50_000).collect();
    assert_eq!(ids("SELECT id FROM sample WHERE id {in:1} ORDER BY id", params![&many]), [2, 3, 4]);
}

fn a_wrong_number_of_values_is_refused(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    for params in [params![] as &[Param<'_>], params![1, 2]] {
        let answer = store.write(|s| s.execute("DELETE FROM count_of WHERE id = $1", params));
        assert_eq!(answer.map_err(|e| e.code()), Err("store_statement"));
    }
    let broken = store.write(|s| s.execute("DELETE FROM no_such_table", &[]));
    assert_eq!(broken.map_err(|e| e.code()), Err("store_statement"));
}

fn bulk_writes_columns_of_every_type(scratch: &Scratch) {
    let store = &scratch.store;
    create_sample(store);
    let texts = vec![None, Some(TEXT.to_owned())];
    let written = store.write(|s| {
        s.bulk(
            &Bulk::insert("sample")
                .column("id", &vec![1, 2])
                .column("truth", &[Some(true), None])
                .column("number", &[None, Some(7_i64)])
                .column("ratio", &[1.5, -0.25])
                .column("words", &texts)
                .json("body", &[Some("[1]"), None])
                .column("raw", &[&[0_u8, 1][..], &[]]),
        )?;
        s.bulk(
            &Bulk::insert("sample")
                .column("id", &[3_i64])
                .same("truth", false)
                .same("ratio", 2.0)
                .same("words", "same")
                .same("body", Param::json("{}"))
                .same("number", Param::Null)
                .same("raw", &b"raw"[..]),
        )
    });
    assert_eq!(written, Ok(1));
    let rows = store
        .read(|s| {
            s.query_map("SELECT truth, number, ratio, words, body, raw FROM sample ORDER BY id", &[], |row| {
                let raw = row.bytes(5).to_vec();
                Ok((row.opt_bool(0), row.opt_int(1), row.float(2), row.opt_string(3), row.opt_string(4), raw))
            })
        })
        .expect("rows are read");
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        rows,
        [
            (Some(true), None, 1.5, None, text("[1]"), vec![0, 1]),
            (None, Some(7), -0.25, text(TEXT), None, vec![]),
            (Some(false), None, 2.0, text("same"), text("{}"), b"raw".to_vec()),
        ]
    );
}

fn bulk_inserts_add_up_on_conflict(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    let add = |ids: &[i64], n: &[i64], clause| {
        store.write(|s| s.bulk(&Bulk::insert("count_of").column("id", ids).column("n", n).on_conflict(clause)))
    };
    let sum = "(id) DO UPDATE SET n = count_of.n + excluded.n";
    assert_eq!(add(&[1, 2], &[10, 20], sum), Ok(2));
    assert_eq!(add(&[2, 3], &[5, 7], sum), Ok(2));
    assert_eq!(add(&[3, 4], &[100, 1], "(id) DO NOTHING"), Ok(1));
    let read =
        store.read(|s| s.query_map("SELECT id, n FROM count_of ORDER BY id", &[], |row| Ok((row.int(0), row.int(1)))));
    assert_eq!(read, Ok(vec![(1, 10), (2, 25), (3, 7), (4, 1)]));
}

fn bulk_updates_touch_only_the_rows_that_match(scratch: &Scratch) {
    let store = &scratch.store;
    run(store, "CREATE TABLE trip (id BIGINT PRIMARY KEY, seq BIGINT NOT NULL, node BIGINT NOT NULL, words TEXT)");
    let moved = store.write(|s| {
        let ids = [1, 2, 3];
        s.bulk(&Bulk::insert("trip").column("id", &ids).column("seq", &[5, 5, 6]).same("node", 0))?;
        s.bulk(
            &Bulk::update("trip")
                .column("id", &ids)
                .same("seq", 5)
                .column("node", &[11, 12, 13])
                .column("words", &[Some("x"), None, Some("z")])
                .set("node = {node}, seq = {seq} + 1, words = {words}")
                .matching("id = {id} AND seq = {seq}"),
        )
    });
    assert_eq!(moved, Ok(2));
    let read = store.read(|s| {
        s.query_map("SELECT id, seq, node FROM trip ORDER BY id", &[], |row| Ok((row.int(0), row.int(1), row.int(2))))
    });
    assert_eq!(read, Ok(vec![(1, 6, 11), (2, 6, 12), (3, 6, 0)]));
}

fn fifty_thousand_rows_are_written_changed_and_removed(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    let ids: Vec<i64> = (1..=50_000).collect();
    let doubled: Vec<i64> = ids.iter().map(|id| id * 2).collect();
    let sum = "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM count_of";
    let insert = Bulk::insert("count_of").column("id", &ids).column("n", &ids);
    assert_eq!(store.write(|s| s.bulk(&insert)), Ok(50_000));
    assert_eq!(int(store, sum), 1_250_025_000);
    let update = Bulk::update("count_of").column("id", &ids).column("n", &doubled).set("n = {n}").matching("id = {id}");
    assert_eq!(store.write(|s| s.bulk(&update)), Ok(50_000));
    assert_eq!(int(store, sum), 2_500_050_000);
    let delete = Bulk::delete("count_of").column("id", &ids[1..]).matching("id = {id}");
    assert_eq!(store.write(|s| s.bulk(&delete)), Ok(49_999));
    assert_eq!(int(store, sum), 2);
}

fn an_empty_bulk_touches_nothing(scratch: &Scratch) {
    create_count(&scratch.store);
    let none: [i64; 0] = [];
    for bulk in [
        Bulk::insert("count_of").column("id", &none).same("n", 1),
        Bulk::update("count_of").column("id", &none).set("n = 1").matching("id = {id}"),
        Bulk::delete("count_of").column("id", &none).matching("id = {id}"),
    ] {
        assert_eq!(scratch.store.write(|s| s.bulk(&bulk)), Ok(0));
    }
}

fn bulks_that_do_not_fit_are_refused(scratch: &Scratch) {
    create_count(&scratch.store);
    for bulk in [
        Bulk::insert("count_of").column("id", &[1, 2]).column("n", &[1]),
        Bulk::insert("count_of").same("id", 1),
        Bulk::update("count_of").column("id", &[1]).matching("id = {id}"),
        Bulk::update("count_of").column("id", &[1]).set("n = {m}").matching("id = {id}"),
        Bulk::delete("count_of").column("id", &[1]),
    ] {
        let answer = scratch.store.write(|s| s.bulk(&bulk));
        assert_eq!(answer.map_err(|e| e.code()), Err("store_statement"), "{bulk:?}");
    }
}

/// An error of the domain, to see that the caller's own type passes through.
#[derive(Debug, PartialEq)]
enum DomainError {
    Refused,
    Store(StoreError),
}

impl From<StoreError> for DomainError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn an_error_rolls_back(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    let outcome: Result<(), DomainError> = store.write(|s| {
        add_count(s, 1, 1)?;
        Err(DomainError::Refused)
    });
    assert_eq!(outcome, Err(DomainError::Refused));
    assert_eq!(int(store, "SELECT COUNT(*) FROM count_of"), 0);
}

fn a_swallowed_error_is_not_committed(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    let outcome = store.write(|s| {
        add_count(s, 1, 1)?;
        let repeated = add_count(s, 1, 2);
        assert_eq!(repeated.as_ref().map_err(|e| e.code()), Err("store_constraint"));
        Ok::<_, StoreError>(())
    });
    assert_eq!(outcome.map_err(|e| e.code()), Err("store_statement"));
    assert_eq!(int(store, "SELECT COUNT(*) FROM count_of"), 0);
}

fn a_panic_rolls_back(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write(|s| -> Result<(), StoreError> {
            add_count(s, 1, 1)?;
            panic!("somewhere in the step");
        })
    }));
    assert!(outcome.is_err());
    assert_eq!(int(store, "SELECT COUNT(*) FROM count_of"), 0);
    assert_eq!(store.write(|s| add_count(s, 1, 1)), Ok(()));
}

fn a_transaction_inside_another_is_refused(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    let inner = |_: &mut dyn Session| store.write(|s| add_count(s, 1, 1));
    assert_eq!(store.write(inner), Err(StoreError::Nested));
    assert_eq!(store.read(inner), Err(StoreError::Nested));
    assert_eq!(store.write(|s| add_count(s, 1, 1)), Ok(()), "the store is free again");
}

fn reading_refuses_to_write(scratch: &Scratch) {
    create_count(&scratch.store);
    assert!(scratch.store.read(|s| add_count(s, 1, 1)).is_err());
    assert_eq!(int(&scratch.store, "SELECT COUNT(*) FROM count_of"), 0);
}

fn readers_see_only_what_is_committed(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    let seen = |store: &Store| int(store, "SELECT COUNT(*) FROM count_of");
    store
        .write(|s| {
            add_count(s, 1, 1)?;
            assert_eq!(s.query_int("SELECT COUNT(*) FROM count_of", &[])?, 1, "the writer sees its own row");
            std::thread::scope(|scope| scope.spawn(|| assert_eq!(seen(store), 0)).join().expect("a reader"));
            Ok::<_, StoreError>(())
        })
        .expect("the row is written");
    assert_eq!(seen(store), 1);
}

fn a_reader_sees_one_state(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    let counts = store.read(|s| {
        let before = s.query_int("SELECT COUNT(*) FROM count_of", &[])?;
        std::thread::scope(|scope| {
            scope.spawn(|| store.write(|s| add_count(s, 1, 1)).expect("a row is written")).join().expect("a writer");
        });
        Ok::<_, StoreError>((before, s.query_int("SELECT COUNT(*) FROM count_of", &[])?))
    });
    assert_eq!(counts, Ok((0, 0)));
    assert_eq!(int(store, "SELECT COUNT(*) FROM count_of"), 1);
}

fn a_violated_constraint_says_its_name(scratch: &Scratch) {
    let store = &scratch.store;
    run(store, "CREATE TABLE kind_of (id BIGINT PRIMARY KEY)");
    run(
        store,
        "CREATE TABLE thing (id BIGINT PRIMARY KEY, kind BIGINT REFERENCES kind_of (id),
         a TEXT NOT NULL, b TEXT, n BIGINT,
         CONSTRAINT thing_n_positive CHECK (n > 0), CONSTRAINT thing_a_b UNIQUE (a, b))",
    );
    run(store, "CREATE UNIQUE INDEX thing_n ON thing (n)");
    run(store, "INSERT INTO thing (id, a, b, n) VALUES (1, 'a', 'b', 1)");
    let broken = |values: &str| {
        let answer = store.write(|s| s.execute(&format!("INSERT INTO thing (id, kind, a, b, n) VALUES {values}"), &[]));
        answer.expect_err(values).constraint().expect("a constraint").to_owned()
    };
    assert_eq!(broken("(1, NULL, 'x', 'y', 3)"), "thing_pkey");
    assert_eq!(broken("(2, NULL, 'a', 'b', 3)"), "thing_a_b");
    assert_eq!(broken("(2, NULL, 'x', 'y', 1)"), "thing_n");
    assert_eq!(broken("(2, NULL, 'x', 'y', 0)"), "thing_n_positive");
    assert_eq!(broken("(2, NULL, NULL, 'y', 3)"), "thing.a");
    let reference = broken("(2, 9, 'x', 'y', 3)");
    assert!(["foreign_key", "thing_kind_fkey"].contains(&reference.as_str()), "{reference}");
    let twice = |sql: &str| {
        let answer = store.write(|s| s.execute(sql, &[]).and_then(|_| s.execute(sql, &[])));
        answer.expect_err(sql).constraint().expect("a constraint").to_owned()
    };
    let related = "INSERT INTO account_person (account_id, person_id) VALUES (1, 2)";
    assert_eq!(twice(related), "account_person_pkey");
    let suppressed = "INSERT INTO suppression (address, reason, added_at) VALUES ('a@example.com', 'bounce', 0)";
    assert_eq!(twice(suppressed), "suppression_pkey");
    let fact = "INSERT INTO meta (key, value) VALUES ('a', 'b')";
    assert_eq!(twice(fact), "meta_pkey");
    let bulk = store.write(|s| {
        s.bulk(&Bulk::insert("thing").column("id", &[5, 6]).column("a", &["a", "a"]).column("b", &["c", "b"]))
    });
    assert_eq!(bulk.expect_err("a repeated pair").constraint(), Some("thing_a_b"));
}

fn ids_are_unique_and_ascend_in_every_thread(scratch: &Scratch) {
    let other = scratch.open(OpenOptions::default());
    let take = |store: &Store| {
        let mut all = Vec::new();
        for n in [1, 10, 700, 3000, 0, 5] {
            let ids = store.write(|s| s.reserve_ids("account", n)).expect("ids are issued");
            assert_eq!(ids.len(), n);
            let ids: Vec<i64> = ids.collect();
            assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
            all.extend(ids);
        }
        all
    };
    let mut all: Vec<i64> = std::thread::scope(|scope| {
        let stores = [&scratch.store, &scratch.store, &other, &other];
        let threads: Vec<_> = stores.map(|store| scope.spawn(move || take(store))).into_iter().collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    });
    let issued = 4 * 3716;
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), issued);
    all.sort_unstable();
    assert_eq!(all.first(), Some(&1));
    // Dense but for what the two processes still hold of their blocks.
    assert!(all.last().is_some_and(|last| *last <= issued as i64 + 4 * 1024), "{:?}", all.last());
}

fn an_undeclared_id_family_is_refused(scratch: &Scratch) {
    let answer = scratch.store.write(|s| s.reserve_ids("no_such_family", 1));
    assert_eq!(answer.map_err(|e| e.code()), Err("store_statement"));
}

fn writers_wait_for_each_other(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    store.write(|s| add_count(s, 1, 0)).expect("the row to count on");
    let other = scratch.open(OpenOptions::default());
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for store in [store, store, &other, &other] {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for _ in 0..25 {
                    let counted = store.write(|s| s.execute("UPDATE count_of SET n = n + 1 WHERE id = 1", &[]));
                    assert_eq!(counted, Ok(1));
                }
            });
        }
    });
    assert_eq!(int(store, "SELECT n FROM count_of"), 100);
}

fn a_manual_clock_wins(scratch: &Scratch) {
    let at: jiff::Timestamp = "2031-02-03T04:05:06.789012Z".parse().expect("an instant");
    let store = scratch.open(OpenOptions { clock: Clock::manual(at), ..OpenOptions::default() });
    assert_eq!(store.write(|s| s.now()), Ok(at));
    let real = scratch.store.write(|s| Ok::<_, StoreError>((s.now()?, s.now()?))).expect("the database's clock");
    assert!(real.0 <= real.1 && real.0.duration_until(Clock::System.now()).as_secs().abs() < 60, "{real:?}");
}

fn migrating_again_changes_nothing(scratch: &Scratch) {
    let facts = || {
        let sql = "SELECT key, value FROM meta ORDER BY key";
        scratch.store.read(|s| s.query_map(sql, &[], |row| Ok((row.string(0), row.string(1))))).expect("facts")
    };
    let before = facts();
    assert_eq!(before.len(), 2);
    assert!(before.iter().any(|(key, value)| key == "installation_id" && value.len() == 32), "{before:?}");
    let others = [scratch.open(OpenOptions::default()), scratch.open(OpenOptions::default())];
    std::thread::scope(|scope| {
        for store in &others {
            scope.spawn(|| assert_eq!(store.migrate(), Ok(())));
        }
    });
    assert_eq!(facts(), before);
}

fn the_database_answers_and_has_a_size(scratch: &Scratch) {
    assert_eq!(scratch.store.ping(), Ok(()));
    assert!(scratch.store.size_bytes().is_ok_and(|bytes| bytes > 10_000));
}

fn row_locks_are_spelled_for_each_database(scratch: &Scratch) {
    let store = &scratch.store;
    create_count(store);
    store.write(|s| s.bulk(&Bulk::insert("count_of").column("id", &[1, 2]).same("n", 0))).expect("two rows");
    let held = AtomicBool::new(false);
    let free = AtomicBool::new(false);
    let wait = |flag: &AtomicBool| {
        let since = Instant::now();
        while !flag.load(Ordering::SeqCst) && since.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            store.write(|s| {
                let locked = s.query_int("SELECT id FROM count_of WHERE id = 1 {for_update}", &[])?;
                held.store(true, Ordering::SeqCst);
                if store.dialect() == Dialect::Postgres {
                    wait(&free);
                }
                Ok::<_, StoreError>(locked)
            })
        });
        wait(&held);
        let sql = "SELECT id FROM count_of ORDER BY id {skip_locked}";
        let others = store.write(|s| s.query_map(sql, &[], |row| Ok(row.int(0)))).expect("unlocked rows");
        free.store(true, Ordering::SeqCst);
        match store.dialect() {
            Dialect::Postgres => assert_eq!(others, [2]),
            Dialect::Sqlite => assert_eq!(others, [1, 2]),
        }
    });
}
