//! Puts the rooms together: settings → store → engine → delivery → loops.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caravan_api::Fetch;
use caravan_connect::dns::Dns;
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::vault::{Vault, VaultError};
use caravan_connect::{Secret, Surroundings};
use caravan_engine::Engine;
use caravan_engine::deliver::{Delivery, Dispatcher};
use caravan_engine::runtime::{self, RuntimeHandle};
use caravan_engine::systems::Systems;
use caravan_engine::turns::StoreTurns;
use caravan_model::{Clock, Random};
use caravan_store::{Dialect, OpenOptions, RuntimeLock, Store, StoreError, meta};
use parking_lot::Mutex;

use crate::config::{Place, SecretKey, Settings};

/// Who the history says did it, when it was done from here.
pub const ACTOR: &str = "command line";

/// How long fetching a small file may take.
const FETCH: Duration = Duration::from_secs(10);

/// Opens the store where the settings say, without touching its tables.
pub fn open(place: &Place) -> Result<Store, StoreError> {
    let options = OpenOptions { clock: Clock::System, ..OpenOptions::default() };
    match place {
        Place::Directory(path) => Store::open_sqlite(path, options),
        Place::Database(url) => Store::open_postgres(url, options),
    }
}

/// An engine over the store, its tables brought up to date.
pub fn engine(settings: &Settings) -> anyhow::Result<Engine> {
    let store = open(&settings.place)?;
    store.migrate()?;
    Ok(Engine::with_vault(store, vault(&settings.secret_key)?))
}

/// What encrypts the secrets of connections.
pub fn vault(key: &SecretKey) -> Result<Vault, VaultError> {
    match key {
        SecretKey::Given { current, former } => Vault::given(current, former, Random::System),
        SecretKey::File(path) => Ok(Vault::in_file(path, Random::System)),
        SecretKey::Nowhere => Ok(Vault::nowhere()),
    }
}

/// The guarded client; its turns are those of all processes of the store.
fn outbound(engine: &Engine, settings: &Settings) -> Outbound {
    let guard = Guard::new(settings.allow_network.clone())
        .with_mail_networks(settings.allow_mail_network.clone())
        .with_files(settings.files.as_deref());
    Outbound::new(guard).sharing(Arc::new(StoreTurns::new(engine.store())))
}

/// What connectors get of a command that only asks.
pub fn surroundings(engine: &Engine, sockets: &tokio::runtime::Runtime, settings: &Settings) -> Surroundings {
    Surroundings {
        clock: engine.clock().clone(),
        runtime: sockets.handle().clone(),
        outbound: outbound(engine, settings),
    }
}

/// What sends proofs for a command. It claims nothing, so that it works beside a running server.
///
/// # Errors
/// The store's.
pub fn dispatcher(
    engine: &Engine,
    sockets: &tokio::runtime::Runtime,
    settings: &Settings,
    public_url: &str,
) -> Result<Dispatcher, StoreError> {
    let delivery = Delivery::new(public_url, signing_keys(engine.store(), &Random::System)?);
    Ok(Dispatcher::new(engine, delivery, surroundings(engine, sockets, settings)))
}

/// What a process that runs journeys holds.
pub struct Running {
    /// The engine.
    pub engine: Engine,
    /// Signs the links in messages, and reads them back.
    pub signing: SigningKeys,
    /// Threads that wait for sockets.
    pub sockets: tokio::runtime::Runtime,
    /// The guarded client for HTTP calls.
    outbound: Outbound,
    /// Says who takes mail for a domain.
    dns: Option<Dns>,
    /// Somebody said where this installation is reached from outside.
    reached: bool,
    /// The right to be the one runtime of an embedded store.
    _lock: RuntimeLock,
}

impl Running {
    /// Opens the store and claims the right to run its journeys.
    ///
    /// # Errors
    /// [`StoreError::RuntimeActive`] when another process runs them, on an embedded store.
    pub fn begin(settings: &Settings) -> anyhow::Result<Self> {
        let engine = engine(settings)?;
        let lock = engine.store().try_lock_runtime()?;
        let signing = signing_keys(engine.store(), &Random::System)?;
        let sockets = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let outbound = outbound(&engine, settings);
        let dns = Dns::of_machine(sockets.handle()).inspect_err(|why| {
            tracing::info!(%why, "destinations are told apart by the domains of addresses alone");
        });
        Ok(Self {
            engine,
            signing,
            sockets,
            outbound,
            dns: dns.ok(),
            reached: settings.public_url.is_some(),
            _lock: lock,
        })
    }

    /// The same, but nobody is asked who takes mail for a domain.
    #[must_use]
    pub fn without_dns(self) -> Self {
        Self { dns: None, ..self }
    }

    /// What connectors and the mail catcher get of this process.
    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            clock: self.engine.clock().clone(),
            runtime: self.sockets.handle().clone(),
            outbound: self.outbound.clone(),
        }
    }

    /// Other systems, for people who set them up.
    pub fn systems(&self) -> Systems {
        Systems::new(&self.engine, self.surroundings())
    }

    /// What takes effects out of the outbox; `public_url` is what links in messages begin with.
    pub fn dispatcher(&self, public_url: &str) -> Dispatcher {
        let delivery = Delivery {
            dns: self.dns.clone(),
            reached: self.reached,
            ..Delivery::new(public_url, self.signing.clone())
        };
        Dispatcher::new(&self.engine, delivery, self.surroundings())
    }

    /// Fetches small files at public addresses; each is asked for once.
    pub fn fetch(&self) -> Fetch {
        let Surroundings { runtime, outbound, .. } = self.surroundings();
        let known: Mutex<HashMap<String, Vec<u8>>> = Mutex::default();
        Arc::new(move |url| {
            if let Some(file) = known.lock().get(url) {
                return Ok(file.clone());
            }
            let file = runtime.block_on(outbound.fetch(url, FETCH))?;
            // Confirmations are fetched once by their nature; keeping them as well does no harm.
            known.lock().insert(url.to_owned(), file.clone());
            Ok(file)
        })
    }

    /// Starts the loops. They end when the handle goes.
    pub fn start(&self, public_url: &str) -> std::io::Result<RuntimeHandle> {
        runtime::serve(&self.engine, Some(Arc::new(self.dispatcher(public_url))), steppers(&self.engine))
    }
}

/// SQLite has one writer; on PostgreSQL a thread a core keeps the database busy.
fn steppers(engine: &Engine) -> usize {
    match engine.store().dialect() {
        Dialect::Sqlite => 1,
        Dialect::Postgres => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    }
}

/// The key that signs links: drawn once, the same for every process of a store. Never logged.
fn signing_keys(store: &Store, random: &Random) -> Result<SigningKeys, StoreError> {
    let drawn = URL_SAFE_NO_PAD.encode(random.bytes::<32>());
    let key = store.write(|s| meta::get_or_set(s, "signing_key", &drawn))?;
    Ok(SigningKeys::new(1, Secret::new(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signing_key_is_drawn_once() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(directory.path(), OpenOptions::default()).unwrap();
        store.migrate().unwrap();
        let stored = |store: &Store| store.read(|s| meta::get(s, "signing_key")).unwrap();
        assert_eq!(stored(&store), None);
        signing_keys(&store, &Random::seeded(1)).unwrap();
        let first = stored(&store);
        assert!(first.as_ref().is_some_and(|key| key.len() >= 43));
        signing_keys(&store, &Random::seeded(2)).unwrap();
        assert_eq!(stored(&store), first);
    }
}
