//! A store that is thrown away: in a directory of its own, or in a schema of its own of a PostgreSQL database.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use caravan_model::Clock;
use caravan_store::{OpenOptions, Store, StoreError};

/// Drops what it made when it goes.
pub struct Scratch {
    store: Option<Store>,
    place: Place,
}

enum Place {
    Directory(PathBuf),
    Schema { url: String, name: String },
}

static MADE: AtomicU32 = AtomicU32::new(0);

impl Scratch {
    /// A fresh store, as durable as a real one.
    pub fn make(database: Option<&str>, clock: Clock) -> anyhow::Result<Self> {
        let name = format!("caravan_bench_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let options = OpenOptions { clock, application_name: name.clone(), ..OpenOptions::default() };
        let scratch = match database {
            None => {
                let directory = std::env::temp_dir().join(name);
                let store = Store::open_sqlite(&directory, options)?;
                Self { store: Some(store), place: Place::Directory(directory) }
            }
            Some(url) => {
                Store::open_postgres(url, OpenOptions::default())?
                    .write(|s| s.execute(&format!("CREATE SCHEMA {name}"), &[]))
                    .context("the benchmark makes a schema of its own in the database")?;
                let place = Place::Schema { url: url.to_owned(), name: name.clone() };
                let mut scratch = Self { store: None, place };
                scratch.store = Some(Store::open_postgres(&within(url, &name), options)?);
                scratch
            }
        };
        scratch.store().migrate()?;
        Ok(scratch)
    }

    /// The store.
    pub fn store(&self) -> &Store {
        self.store.as_ref().expect("it is there until it is closed")
    }

    /// Lets go of the store, so that another process may run journeys on it; it is still dropped at the end.
    pub fn close(&mut self) {
        self.store = None;
    }

    /// The command line option that names it, and its value.
    pub fn place(&self) -> (&'static str, String) {
        match &self.place {
            Place::Directory(directory) => ("--data", directory.to_string_lossy().into_owned()),
            Place::Schema { url, name } => ("--database", within(url, name)),
        }
    }

    /// Which kind it is, for the report.
    pub fn kind(&self) -> &'static str {
        match self.place {
            Place::Directory(_) => "embedded",
            Place::Schema { .. } => "postgres",
        }
    }

    /// How many connections write at once.
    pub fn writers(&self) -> usize {
        match self.place {
            Place::Directory(_) => 1,
            Place::Schema { .. } => 2,
        }
    }

    /// Lets the database look at what was filled in, as its own maintenance does sooner or later.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.store().write(|s| s.execute("ANALYZE", &[]))?;
        Ok(())
    }
}

/// The same database, where only this schema is looked at.
fn within(url: &str, schema: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}options=-csearch_path%3D{schema}")
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.store = None;
        let dropped = match &self.place {
            Place::Directory(directory) => std::fs::remove_dir_all(directory).map_err(anyhow::Error::from),
            Place::Schema { url, name } => drop_schema(url, name).map_err(anyhow::Error::from),
        };
        if let Err(error) = dropped {
            tracing::warn!(%error, "the benchmark's scratch store is left behind");
        }
    }
}

fn drop_schema(url: &str, name: &str) -> Result<(), StoreError> {
    let store = Store::open_postgres(url, OpenOptions::default())?;
    store.write(|s| s.execute(&format!("DROP SCHEMA {name} CASCADE"), &[]))?;
    Ok(())
}
