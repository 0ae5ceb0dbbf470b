//! An API over an empty store, and calls to it in the words of the tests.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use caravan_api::{ApiState, access, router};
use caravan_engine::Engine;
use caravan_engine::secrets::Vault;
use caravan_model::{Clock, Random};
use caravan_store::{OpenOptions, Store};
use caravan_testkit::{ScratchDatabase, scratch_copy};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

/// An API over a store of its own, whose clock stands still until it is moved.
pub struct Api {
    pub router: Router,
    pub engine: Engine,
    pub clock: Clock,
    pub random: Random,
    _directory: Option<TempDir>,
    _keys: Option<TempDir>,
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Status and code of a refusal, which must be a problem.
    pub fn refusal(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {}", self.status, self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        (self.status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// A call in the making.
pub struct Call<'a> {
    api: &'a Api,
    request: axum::http::request::Builder,
    body: Body,
}

impl Api {
    /// Over an empty SQLite store.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same, with something else in its state.
    pub fn with(change: impl FnOnce(&mut ApiState)) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let clock = Clock::manual("2026-12-01T09:00:00Z".parse().expect("a time"));
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        let store = Store::open_sqlite(directory.path(), options).expect("the store opens");
        Self::over(store, clock, Some(directory), change)
    }

    /// Over an empty store in which nothing can be kept encrypted.
    pub fn without_secret_key() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let clock = Clock::manual("2026-12-01T09:00:00Z".parse().expect("a time"));
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        let store = Store::open_sqlite(directory.path(), options).expect("the store opens");
        Self::with_engine(Engine::new(store), clock, Some(directory), |_| {})
    }

    /// Over an empty store of either kind.
    pub fn over(store: Store, clock: Clock, directory: Option<TempDir>, change: impl FnOnce(&mut ApiState)) -> Self {
        let keys = tempfile::tempdir().expect("a temporary directory");
        let vault = Vault::in_file(keys.path().join("secret.key"), Random::seeded(7));
        Self { _keys: Some(keys), ..Self::with_engine(Engine::with_vault(store, vault), clock, directory, change) }
    }

    fn with_engine(
        engine: Engine,
        clock: Clock,
        directory: Option<TempDir>,
        change: impl FnOnce(&mut ApiState),
    ) -> Self {
        engine.store().migrate().expect("the schema is made");
        let random = Random::seeded(1);
        let mut state = ApiState::new(engine.clone(), random.clone(), "https://go.acme.example/");
        change(&mut state);
        Self { router: router(state), engine, clock, random, _directory: directory, _keys: None }
    }

    pub fn store(&self) -> &Store {
        self.engine.store()
    }

    /// A token of a role.
    pub fn token(&self, role: &str) -> String {
        access::create_token(self.store(), &self.random, &format!("{role}-{}", unique()), role).expect("a token")
    }

    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Call { api: self, request: Request::builder().method(method).uri(path), body: Body::empty() }
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str) -> Call<'_> {
        self.call("POST", path)
    }

    /// Moves the clock on.
    pub fn after(&self, seconds: i64) {
        let now: Timestamp = self.clock.now();
        self.clock.advance_to(now + jiff::SignedDuration::from_secs(seconds));
    }
}

fn unique() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

impl Call<'_> {
    pub fn bearer(self, token: &str) -> Self {
        self.header(header::AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.text("application/json", &body.to_string())
    }

    pub fn text(mut self, kind: &str, body: &str) -> Self {
        self = self.header(header::CONTENT_TYPE.as_str(), kind);
        self.body = Body::from(body.to_owned());
        self
    }

    pub fn bytes(mut self, kind: &str, body: Vec<u8>) -> Self {
        self = self.header(header::CONTENT_TYPE.as_str(), kind);
        self.body = Body::from(body);
        self
    }

    pub async fn send(self) -> Reply {
        let request = self.request.body(self.body).expect("a request");
        let response = self.api.router.clone().oneshot(request).await.expect("the router never fails");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 * 1024 * 1024).await.expect("a whole body").to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }
}

/// Each test over both stores.
#[macro_export]
macro_rules! on_both_stores {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test]
            async fn embedded() {
                super::$name($crate::support::Api::new()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                let made = tokio::task::spawn_blocking($crate::support::over_postgres);
                let (api, _database) = made.await.expect("an API");
                super::$name(api).await;
            }
        }
    )*};
}

/// Over a new database on PostgreSQL, which goes with the second of both.
pub fn over_postgres() -> (Api, ScratchDatabase) {
    let database = scratch_copy("caravan_schema", migrated);
    let clock = Clock::manual("2026-12-01T09:00:00Z".parse().expect("a time"));
    let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
    let store = Store::open_postgres(&database.url, options).expect("the store opens");
    (Api::over(store, clock, None, |_| {}), database)
}

/// Makes the schema of a database that tests get copies of.
fn migrated(url: &str) {
    Store::open_postgres(url, OpenOptions::default()).expect("a store").migrate().expect("migrations");
}
