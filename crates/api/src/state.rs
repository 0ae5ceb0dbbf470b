//! What every operation holds, and how it gets its blocking work done.

use std::sync::Arc;

use caravan_engine::Engine;
use caravan_engine::deliver::Dispatcher;
use caravan_engine::systems::Systems;
use caravan_engine::tracking::SigningKeys;
use caravan_model::Random;
use caravan_store::Session;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

use crate::access::Throttle;
use crate::fronts::Fronts;
use crate::http::Problem;
use crate::mail::MailCatcher;
use crate::stream::Streams;

/// Passwords verified at the same time: each takes 19 MiB and a core for a moment.
const PASSWORDS_AT_ONCE: usize = 2;

/// Fetches a small file at a public address.
pub type Fetch = Arc<dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync>;

/// What the operations work with. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// The engine.
    pub engine: Engine,
    /// Where tokens come from.
    pub random: Random,
    /// The address at which browsers and recipients of mail reach this installation, without `/` at its end.
    pub public_url: Arc<str>,
    /// The built-in mail catcher, where it runs.
    pub mail: Option<Arc<dyn MailCatcher>>,
    /// What signs the links in messages; without it they lead nowhere.
    pub signing: Option<SigningKeys>,
    /// Fetches small files at public addresses: certificates of those who sign their calls.
    pub fetch: Option<Fetch>,
    /// Other systems, where this process reaches them.
    pub systems: Option<Systems>,
    /// What sends proofs, where delivery runs.
    pub dispatcher: Option<Arc<Dispatcher>>,
    /// Whether this is the demo.
    pub demo: bool,
    /// What `/metrics` renders.
    pub metrics: Option<PrometheusHandle>,
    pub(crate) fronts: Arc<Fronts>,
    pub(crate) streams: Arc<Streams>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) passwords: Arc<Semaphore>,
    pub(crate) simulations: Arc<Semaphore>,
}

impl ApiState {
    /// The state over an engine, reached at `public_url`; no mail catcher, no metrics, not the demo.
    pub fn new(engine: Engine, random: Random, public_url: &str) -> Self {
        engine.reached_at(public_url.trim_end_matches('/'));
        Self {
            engine,
            random,
            public_url: public_url.trim_end_matches('/').into(),
            mail: None,
            signing: None,
            fetch: None,
            systems: None,
            dispatcher: None,
            demo: false,
            metrics: None,
            fronts: Arc::default(),
            streams: Arc::default(),
            throttle: Arc::default(),
            passwords: Arc::new(Semaphore::new(PASSWORDS_AT_ONCE)),
            simulations: Arc::new(Semaphore::new(1)),
        }
    }

    /// Whether cookies must only travel encrypted.
    pub(crate) fn secure_cookies(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// Runs work that blocks on a thread of its own.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let engine = self.engine.clone();
        tokio::task::spawn_blocking(move || work(&engine)).await.unwrap_or_else(|error| Err(Problem::internal(error)))
    }

    /// Reads from one consistent state of the store.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut dyn Session) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.blocking(move |engine| engine.store().read(work)).await
    }
}
