//! Marketo Engage, as far as Caravan calls it.

mod operations;
mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Map, Value as Json};

use super::faults::Faults;
use super::server::Server;
use super::wire::serve;

/// A fake instance with one custom service.
pub struct Marketo {
    server: Server,
    inner: Arc<Inner>,
}

/// How the instance is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The custom service's id.
    pub client_id: String,
    /// And its secret.
    pub client_secret: String,
    /// How long a token lives.
    pub token_life: Duration,
    /// Calls in 20 seconds.
    pub rate: usize,
    /// Calls at once.
    pub at_once: usize,
    /// Calls a day.
    pub daily: usize,
    /// Workspaces that the service's role sees.
    pub workspaces: Vec<String>,
    /// Whether removing who is not on a list is told as `skipped` with 1015; else as `removed`.
    pub tells_non_members: bool,
    /// Whether a request of a campaign for somebody who is not there is refused as a whole (1004); else it is taken and
    /// they are dropped.
    pub refuses_unknown: bool,
    /// Whether it has a person for every address that it is asked for, but for those that begin with `nobody`: for trials
    /// by hand.
    pub knows_everybody: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            client_id: "caravan".into(),
            client_secret: "hush".into(),
            token_life: Duration::from_secs(3_600),
            rate: 100,
            at_once: 10,
            daily: 50_000,
            workspaces: vec!["Default".into()],
            tells_non_members: true,
            refuses_unknown: true,
            knows_everybody: false,
        }
    }
}

/// A person of the instance.
#[derive(Debug, Clone, Default)]
pub struct Lead {
    /// Address.
    pub email: String,
    /// When it was created.
    pub created_at: String,
    /// Further fields that were set.
    pub fields: Map<String, Json>,
}

/// A trigger campaign.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Name.
    pub name: String,
    /// Workspace.
    pub workspace: String,
    /// Active and with the source *Web Service API*.
    pub requestable: bool,
    /// Whether a person goes through it once only.
    pub once: bool,
    /// Each time somebody was requested, with the call's tokens.
    pub requested: Vec<(i64, BTreeMap<String, String>)>,
    /// Who went through it.
    pub ran: Vec<i64>,
}

/// A static list.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Name.
    pub name: String,
    /// Workspace.
    pub workspace: String,
    /// Program.
    pub program: String,
    /// Ids of its members.
    pub members: BTreeSet<i64>,
}

/// Everything that the instance holds.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// People by id.
    pub leads: BTreeMap<i64, Lead>,
    /// Static lists by id.
    pub lists: BTreeMap<i64, List>,
    /// Campaigns by id.
    pub campaigns: BTreeMap<i64, Campaign>,
    /// People who go as soon as they were found: by id, into whom they are merged, if into anybody.
    pub going: BTreeMap<i64, Option<i64>>,
    /// Approved emails by id: name and workspace.
    pub emails: BTreeMap<i64, (String, String)>,
}

struct Inner {
    setup: Setup,
    faults: Faults,
    holdings: Mutex<Holdings>,
    tokens: Mutex<Tokens>,
    /// Calls until the current token ends before its time.
    calls_left: Mutex<Option<usize>>,
    begun: Mutex<VecDeque<Instant>>,
    under_way: Arc<AtomicUsize>,
    made: AtomicUsize,
    calls: AtomicUsize,
    requests: AtomicUsize,
    /// Requests refused as a whole, by code.
    refusals: Mutex<BTreeMap<&'static str, usize>>,
}

#[derive(Default)]
struct Tokens {
    current: Option<(String, Instant)>,
    granted: usize,
}

impl Marketo {
    /// A fresh instance on a port of its own.
    pub fn start(setup: Setup) -> Self {
        Self::start_on(setup, 0)
    }

    /// The same on this port.
    pub fn start_on(setup: Setup, port: u16) -> Self {
        let inner = Arc::new(Inner {
            setup,
            faults: Faults::default(),
            holdings: Mutex::default(),
            tokens: Mutex::default(),
            calls_left: Mutex::default(),
            begun: Mutex::default(),
            under_way: Arc::default(),
            made: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            refusals: Mutex::default(),
        });
        Self { server: serve(&inner, port), inner }
    }

    /// Its address, for `base_url`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Looks at, or changes, what it holds.
    pub fn with<T>(&self, look: impl FnOnce(&mut Holdings) -> T) -> T {
        look(&mut self.inner.holdings.lock())
    }

    /// Adds a person.
    pub fn lead(&self, id: i64, email: &str, created_at: &str) {
        let lead = Lead { email: email.into(), created_at: created_at.into(), fields: Map::new() };
        self.with(|holdings| holdings.leads.insert(id, lead));
    }

    /// Adds a list of the default workspace.
    pub fn list(&self, id: i64, name: &str) {
        let list = List { name: name.into(), workspace: "Default".into(), program: "P1".into(), ..List::default() };
        self.with(|holdings| holdings.lists.insert(id, list));
    }

    /// Adds a requestable campaign of the default workspace.
    pub fn campaign(&self, id: i64, name: &str) {
        let campaign = Campaign {
            name: name.into(),
            workspace: "Default".into(),
            requestable: true,
            once: false,
            requested: Vec::new(),
            ran: Vec::new(),
        };
        self.with(|holdings| holdings.campaigns.insert(id, campaign));
    }

    /// It is midnight in Chicago: the day's quota begins anew.
    pub fn new_day(&self) {
        self.inner.made.store(0, Ordering::SeqCst);
    }

    /// How many calls it answered, identity left out.
    pub fn calls(&self) -> usize {
        self.inner.calls.load(Ordering::SeqCst)
    }

    /// How many requests it refused as a whole with this code.
    pub fn refusals(&self, code: &str) -> usize {
        self.inner.refusals.lock().get(code).copied().unwrap_or_default()
    }

    /// How many different tokens it granted.
    pub fn tokens_granted(&self) -> usize {
        self.inner.tokens.lock().granted
    }

    /// Ends the current token before its time: the next call with it answers 602.
    pub fn expire_token(&self) {
        self.inner.expire_token();
    }

    /// The same after so many more calls.
    pub fn expire_token_after(&self, calls: usize) {
        *self.inner.calls_left.lock() = Some(calls);
    }
}

impl Inner {
    fn expire_token(&self) {
        if let Some((_, ends)) = &mut self.tokens.lock().current {
            *ends = Instant::now();
        }
    }

    /// A call comes in: is it the one that finds its token ended?
    fn count_down(&self) {
        let mut left = self.calls_left.lock();
        *left = match *left {
            Some(0) => {
                self.expire_token();
                None
            }
            more => more.map(|calls| calls - 1),
        };
    }
}
