//! Scenario `import`: sample accounts and people are written as CSV and imported, as if by `caravan import`.
//!
//! The files exist only as a stream: what is imported is being generated meanwhile, on a thread of its own.

use std::io::{self, BufWriter, PipeReader, Write};
use std::thread;

use anyhow::{Context, ensure};
use caravan_engine::Engine;
use caravan_engine::import::{FileFormat, ImportKind, ImportOptions, ImportReport, import};
use caravan_model::Clock;
use caravan_model::sample::{AccountRow, PersonRow, Sample};
use caravan_store::{Bulk, Session, Store, StoreError};

use super::meter::{Meter, peak_memory_bytes};
use super::{Measured, Scratch};

/// People of an account on average.
const PEOPLE: u64 = 10;

/// Rows of one transaction of the plain loop, as many as the importer takes.
const CHUNK: usize = 10_000;

/// Imports about `people` people with their accounts, then inserts the same rows plainly into a fresh store.
pub fn measure(database: Option<&str>, people: u64) -> anyhow::Result<Measured> {
    let sample = Sample { accounts: people.div_ceil(PEOPLE), people_per_account: PEOPLE, seed: 1 };
    let scratch = Scratch::make(database, Clock::System)?;
    let engine = Engine::new(scratch.store().clone());
    let size = scratch.store().size_bytes()?;
    let meter = Meter::start();
    take_in(&engine, ImportKind::Accounts, move |to| AccountRow::write_csv(sample.accounts(), to))?;
    let report = take_in(&engine, ImportKind::People, move |to| PersonRow::write_csv(sample.people(), to))?;
    let (seconds, cpu) = (meter.seconds(), meter.cpu());
    let (created, peak) = (report.created, peak_memory_bytes());
    let grown = scratch.store().size_bytes()?.saturating_sub(size);
    let store = scratch.kind();
    drop(engine);
    drop(scratch);

    let (bare_seconds, _) = insert_plainly(database, sample)?;
    Ok(Measured {
        scenario: "import",
        store,
        travellers: created,
        people_per_s: Some(created as f64 / seconds),
        bare_people_per_s: Some(created as f64 / bare_seconds),
        ratio: Some(bare_seconds / seconds),
        cpu_share: Some(cpu / seconds),
        peak_memory_bytes: peak,
        bytes_per_traveller: Some(grown as f64 / created as f64),
        seconds,
        ..Measured::default()
    })
}

fn take_in(
    engine: &Engine,
    kind: ImportKind,
    write: impl FnOnce(&mut BufWriter<io::PipeWriter>) -> io::Result<()> + Send,
) -> anyhow::Result<ImportReport> {
    let (reader, writer) = io::pipe()?;
    let report = thread::scope(|scope| -> anyhow::Result<ImportReport> {
        let generator = scope.spawn(move || {
            let mut to = BufWriter::with_capacity(1 << 16, writer);
            write(&mut to).and_then(|()| to.flush())
        });
        let report = import_all(engine, kind, reader);
        generator.join().ok().context("the sample could not be generated")??;
        report
    })?;
    ensure!(report.rejected == 0, "{} rows of the sample were refused: {:?}", report.rejected, report.rejects.first());
    Ok(report)
}

fn import_all(engine: &Engine, kind: ImportKind, from: PipeReader) -> anyhow::Result<ImportReport> {
    Ok(import(engine, &kind, from, FileFormat::Csv, &ImportOptions::default(), &mut ())?)
}

/// Wall and processor seconds of plain inserts of the same rows.
fn insert_plainly(database: Option<&str>, sample: Sample) -> anyhow::Result<(f64, f64)> {
    let scratch = Scratch::make(database, Clock::System)?;
    let mut total = (0.0, 0.0);
    let mut timed = |work: &mut dyn FnMut() -> Result<(), StoreError>| -> Result<(), StoreError> {
        let meter = Meter::start();
        work()?;
        total = (total.0 + meter.seconds(), total.1 + meter.cpu());
        Ok(())
    };
    let mut next = 1;
    for rows in chunks(sample.accounts()) {
        let table = Texts::of(
            AccountRow::HEADER,
            &["annual_revenue", "employees", "parent_key"],
            next,
            &rows,
            AccountRow::cells,
        );
        next += rows.len() as i64;
        timed(&mut || table.insert(scratch.store(), "account", &[]))?;
    }
    let (mut next, mut account, mut last) = (1, 0, String::new());
    for rows in chunks(sample.people()) {
        let flags = ["unsubscribed", "email_invalid", "account_key", "account_roles"];
        let table = Texts::of(PersonRow::HEADER, &flags, next, &rows, PersonRow::cells);
        next += rows.len() as i64;
        let accounts: Vec<i64> = rows
            .iter()
            .map(|row| {
                account += i64::from(row.account_key != last);
                last = row.account_key.to_string();
                account
            })
            .collect();
        timed(&mut || table.insert(scratch.store(), "person", &accounts))?;
    }
    Ok(total)
}

fn chunks<T>(mut rows: impl Iterator<Item = T>) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let chunk: Vec<T> = rows.by_ref().take(CHUNK).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Rows as columns of text, with an id each.
struct Texts {
    ids: Vec<i64>,
    shards: Vec<i64>,
    columns: Vec<(&'static str, Vec<Option<String>>)>,
}

impl Texts {
    fn of<T, const N: usize>(
        header: &'static [&'static str],
        without: &[&str],
        first: i64,
        rows: &[T],
        cells: impl Fn(&T) -> [&str; N],
    ) -> Self {
        let ids: Vec<i64> = (first..).take(rows.len()).collect();
        let shards = ids.iter().map(|&id| caravan_model::Shard::of_number(id).0).collect();
        let mut columns: Vec<(&str, Vec<Option<String>>)> = header.iter().map(|name| (*name, Vec::new())).collect();
        for row in rows {
            for ((_, column), cell) in columns.iter_mut().zip(cells(row)) {
                column.push((!cell.is_empty()).then(|| cell.to_owned()));
            }
        }
        columns.retain(|(name, _)| !without.contains(name));
        Self { ids, shards, columns }
    }

    fn insert(&self, store: &Store, table: &str, accounts: &[i64]) -> Result<(), StoreError> {
        store.write(|s: &mut dyn Session| {
            let mut bulk = Bulk::insert(table).column("id", &self.ids).column("shard", &self.shards);
            for (name, column) in &self.columns {
                bulk = bulk.column(name, column);
            }
            s.bulk(&bulk.same("created_at", 0).same("updated_at", 0))?;
            if !accounts.is_empty() {
                s.bulk(&Bulk::insert("account_person").column("account_id", accounts).column("person_id", &self.ids))?;
            }
            Ok(())
        })
    }
}
