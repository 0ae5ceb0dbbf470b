//! The engine's handle: what processes, the API and the command line hold.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use caravan_connect::vault::Vault;
use caravan_model::Clock;
use caravan_store::{Dialect, Session, Store, StoreError, documents, step};
use parking_lot::{Condvar, Mutex};

use crate::batch::{self, Culprits, Limits, Report, StepError};
use crate::live::Live;
use crate::metrics;

/// Commits are kept at about this long by taking more or fewer travellers.
const COMMIT_TARGET: Duration = Duration::from_millis(150);
/// The fewest travellers per step.
const FEWEST: usize = 256;
/// The most travellers per step.
const MOST: usize = 4_096;

/// The engine over one store. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    vault: Vault,
    live: Mutex<Option<Arc<Live>>>,
    travellers: Mutex<usize>,
    stopping: AtomicBool,
    public_url: OnceLock<String>,
    unpaced: AtomicBool,
    poke: (Mutex<bool>, Condvar),
}

impl Engine {
    /// An engine over a store that has been migrated. It keeps no secrets: [`with_vault`](Self::with_vault) does.
    pub fn new(store: Store) -> Self {
        Self::with_vault(store, Vault::nowhere())
    }

    /// An engine over a store that has been migrated, with what encrypts its secrets.
    pub fn with_vault(store: Store, vault: Vault) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                vault,
                live: Mutex::new(None),
                travellers: Mutex::new(FEWEST * 4),
                stopping: AtomicBool::new(false),
                public_url: OnceLock::new(),
                unpaced: AtomicBool::new(false),
                poke: (Mutex::new(false), Condvar::new()),
            }),
        }
    }

    /// Where recipients reach this installation, for checks of content that depend on it; the first address stays.
    pub fn reached_at(&self, public_url: &str) {
        self.inner.public_url.get_or_init(|| public_url.to_owned());
    }

    /// Where recipients reach this installation, where that is known.
    pub fn public_url(&self) -> Option<&str> {
        self.inner.public_url.get().map(String::as_str)
    }

    /// Nobody is held before an action, however much waits to be sent: simulations deliver everything at once.
    pub(crate) fn pace_nobody(&self) {
        self.inner.unpaced.store(true, Ordering::Relaxed);
    }

    /// Its store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// What encrypts its secrets.
    pub(crate) fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        self.inner.store.clock()
    }

    /// The live definitions as this transaction sees them; compiled again only when they changed.
    pub fn live(&self, s: &mut dyn Session) -> Result<Arc<Live>, StoreError> {
        let revision = documents::revision(s)?;
        let known = self.inner.live.lock().clone();
        if let Some(known) = known.as_ref().filter(|live| live.revision == revision) {
            return Ok(Arc::clone(known));
        }
        let mut live = Live::load(s, self.vault(), known.as_deref())?;
        live.paced = !self.inner.unpaced.load(Ordering::Relaxed);
        let live = Arc::new(live);
        *self.inner.live.lock() = Some(Arc::clone(&live));
        Ok(live)
    }

    /// Does one step, if anything is due. None: there is nothing to do now.
    pub fn step(&self) -> Result<Option<Report>, StoreError> {
        let started = std::time::Instant::now();
        let report = self.step_within(self.limits())?;
        if let Some(report) = &report {
            let took = started.elapsed();
            self.adapt(took);
            metrics::stepped(report, took);
        }
        Ok(report)
    }

    /// Does one step within these limits: a simulation cuts its batches the same way however fast the machine is.
    pub fn step_within(&self, limits: Limits) -> Result<Option<Report>, StoreError> {
        let mut culprits = Culprits::new();
        loop {
            let done = self.store().write(|s| -> Result<Option<Report>, StepError> {
                let Some(claim) = step::claim(s, limits.shards)? else { return Ok(None) };
                let live = self.live(s)?;
                batch::run(s, &live, &claim, limits, &culprits).map(Some)
            });
            match done {
                Ok(report) => return Ok(report),
                Err(StepError::Store(error)) => return Err(error),
                Err(StepError::Culprit(walk, fault)) => {
                    tracing::error!(%walk, code = fault.code, message = %fault.message, "a trip failed");
                    culprits.insert(walk, fault);
                }
            }
        }
    }

    fn limits(&self) -> Limits {
        let shards = match self.store().dialect() {
            Dialect::Sqlite => 256,
            Dialect::Postgres => 64,
        };
        Limits { shards, travellers: *self.inner.travellers.lock() }
    }

    fn adapt(&self, took: Duration) {
        let mut travellers = self.inner.travellers.lock();
        if took > COMMIT_TARGET {
            *travellers = (*travellers * 3 / 4).max(FEWEST);
        } else if took < COMMIT_TARGET / 2 {
            *travellers = (*travellers * 5 / 4).min(MOST);
        }
    }

    /// Says that there may be something to do, so that nobody waits for the next poll.
    pub fn poke(&self) {
        let (poked, woken) = &self.inner.poke;
        *poked.lock() = true;
        woken.notify_all();
    }

    /// Waits until poked, or until `at_most` has passed.
    pub fn rest(&self, at_most: Duration) {
        self.is_poked_within(at_most);
    }

    /// Waits until poked, or until `at_most` has passed. Whether it was poked.
    pub(crate) fn is_poked_within(&self, at_most: Duration) -> bool {
        let (poked, woken) = &self.inner.poke;
        let mut poked = poked.lock();
        let called = *poked || !woken.wait_for(&mut poked, at_most).timed_out();
        *poked = false;
        called
    }

    /// Asks every loop of this engine to come to its end after what it is doing.
    pub fn stop(&self) {
        self.inner.stopping.store(true, Ordering::SeqCst);
        self.poke();
    }

    /// Whether it has been asked to stop.
    pub fn stopping(&self) -> bool {
        self.inner.stopping.load(Ordering::SeqCst)
    }
}
