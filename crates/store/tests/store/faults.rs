//! Faults on purpose: what remains of a transaction that breaks, on both databases.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::support::Scratch;
use caravan_store::faults::{Faults, Moment};
use caravan_store::{SessionExt, Store, StoreError, params};

/// Breaks at the n-th moment of one kind.
struct At(Moment, AtomicI64);

impl Faults for At {
    fn breaks(&self, moment: Moment) -> bool {
        moment == self.0 && self.1.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

fn shards_after(store: &Store, moment: Moment, nth: i64) -> (Result<(), StoreError>, i64) {
    let breaking = store.with_faults(Arc::new(At(moment, AtomicI64::new(nth))));
    let done = breaking.write(|s| {
        s.execute("UPDATE shard SET last_step_at = 7 WHERE id = $1", params![1_i64])?;
        s.execute("UPDATE shard SET last_step_at = 7 WHERE id = $1", params![2_i64]).map(|_| ())
    });
    let sevens = store.read(|s| s.query_int("SELECT COUNT(*) FROM shard WHERE last_step_at = 7", &[]));
    store.write(|s| s.execute("UPDATE shard SET last_step_at = 0 WHERE last_step_at = 7", &[])).expect("a reset");
    (done, sevens.map_err(|error: StoreError| error).expect("a count"))
}

fn all_or_nothing_remains(store: &Store) {
    let broke = |done: Result<(), StoreError>| matches!(done, Err(StoreError::Unreachable(_)));
    for (moment, nth, remains) in [
        (Moment::Statement, 1, 0),
        (Moment::Statement, 2, 0),
        (Moment::Commit, 1, 0),
        // It was committed, but nobody learned so.
        (Moment::Committed, 1, 2),
    ] {
        let (done, sevens) = shards_after(store, moment, nth);
        assert!(broke(done), "{moment:?} {nth}");
        assert_eq!(sevens, remains, "{moment:?} {nth}");
    }
    let (done, sevens) = shards_after(store, Moment::Statement, 3);
    assert_eq!((done, sevens), (Ok(()), 2), "there is no third statement");
}

#[test]
fn all_or_nothing_remains_embedded() {
    all_or_nothing_remains(&Scratch::sqlite().store);
}

#[test]
fn all_or_nothing_remains_postgres() {
    all_or_nothing_remains(&Scratch::postgres().store);
}
