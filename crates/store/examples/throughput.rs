//! How fast sets are written: `cargo run --release -p caravan-store --example throughput [postgres://…]`.
//!
//! The database must be empty or absent; tables made here stay behind.

use std::time::Instant;

use caravan_store::{Bulk, Dialect, OpenOptions, Store, StoreError};

const ROWS: i64 = 500_000;
const BATCH: usize = 1_000;

fn main() -> Result<(), StoreError> {
    let options = OpenOptions::default();
    let store = match std::env::args().nth(1) {
        Some(url) => Store::open_postgres(&url, options)?,
        None => Store::open_sqlite("caravan-data/throughput", options)?,
    };
    store.migrate()?;
    // SQLite keeps a table under its INTEGER PRIMARY KEY; a BIGINT one is a second index beside it.
    let id = if store.dialect() == Dialect::Sqlite { "INTEGER" } else { "BIGINT" };
    store.write(|s| {
        s.execute(
            &format!(
                "CREATE TABLE throughput (id {id} PRIMARY KEY, shard BIGINT NOT NULL, node BIGINT NOT NULL, \
             seq BIGINT NOT NULL, due_at BIGINT, note TEXT)"
            ),
            &[],
        )?;
        s.execute("CREATE INDEX throughput_due ON throughput (shard, due_at) WHERE due_at IS NOT NULL", &[])
    })?;
    let ids: Vec<i64> = (1..=ROWS).collect();
    // A fixed stride visits every id once in an order that jumps around.
    let scattered: Vec<i64> = (0..ROWS).map(|n| n * 314_159 % ROWS + 1).collect();
    measure("insert, 1,000 a transaction", &ids, |batch| insert(&store, batch))?;
    measure("update by id, adjacent", &ids, |batch| update(&store, batch, 1))?;
    measure("update by id, scattered", &scattered, |batch| {
        let mut batch = batch.to_vec();
        batch.sort_unstable();
        update(&store, &batch, 2)
    })
}

fn measure(
    what: &str,
    ids: &[i64],
    mut write: impl FnMut(&[i64]) -> Result<u64, StoreError>,
) -> Result<(), StoreError> {
    let since = Instant::now();
    let mut rows = 0;
    for batch in ids.chunks(BATCH) {
        rows += write(batch)?;
    }
    println!("{what}: {rows} rows, {:.0} rows/s", rows as f64 / since.elapsed().as_secs_f64());
    Ok(())
}

fn insert(store: &Store, ids: &[i64]) -> Result<u64, StoreError> {
    let shards: Vec<i64> = ids.iter().map(|id| id % 256).collect();
    let due: Vec<Option<i64>> = ids.iter().map(|id| Some(id * 1000)).collect();
    store.write(|s| {
        s.bulk(
            &Bulk::insert("throughput")
                .column("id", ids)
                .column("shard", &shards)
                .column("due_at", &due)
                .same("node", 0)
                .same("seq", 1)
                .same("note", "a short text"),
        )
    })
}

fn update(store: &Store, ids: &[i64], seq: i64) -> Result<u64, StoreError> {
    let due: Vec<Option<i64>> = ids.iter().map(|id| Some(id * 1000 + seq)).collect();
    store.write(|s| {
        s.bulk(
            &Bulk::update("throughput")
                .column("id", ids)
                .column("due_at", &due)
                .same("seq", seq)
                .set("node = node + 1, seq = {seq} + 1, due_at = {due_at}")
                .matching("id = {id} AND seq = {seq}"),
        )
    })
}
