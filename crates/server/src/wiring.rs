//! Puts the rooms together: settings → store → engine.

use caravan_engine::Engine;
use caravan_model::Clock;
use caravan_store::{OpenOptions, Store, StoreError};

use crate::config::{Place, Settings};

/// Who the history says did it, when it was done from here.
pub const ACTOR: &str = "command line";

/// Opens the store where the settings say, without touching its tables.
pub fn open(place: &Place) -> Result<Store, StoreError> {
    let options = OpenOptions { clock: Clock::System, ..OpenOptions::default() };
    match place {
        Place::Directory(path) => Store::open_sqlite(path, options),
        Place::Database(url) => Store::open_postgres(url, options),
    }
}

/// An engine over the store, its tables brought up to date.
pub fn engine(settings: &Settings) -> Result<Engine, StoreError> {
    let store = open(&settings.place)?;
    store.migrate()?;
    Ok(Engine::new(store))
}
