//! The way out of messages, tried from outside: answered by a real server of ours, by others, and by nobody; on both stores.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{eventually, http};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use caravan_api::{ApiState, access};
use caravan_connect::Secret;
use caravan_connect::Surroundings;
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::way_out::PROOF;
use caravan_engine::Engine;
use caravan_engine::deliver::{self, Delivery, WayOutNews};
use caravan_model::{Clock, Random};
use caravan_store::watched::{self, DomainCheckRow};
use caravan_store::{OpenOptions, SessionExt as _, Store, notifications};
use caravan_testkit::scratch_database;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const LOOPBACK: &str = "127.0.0.0/8";

/// An installation, and what tries its way out.
struct House {
    engine: Engine,
    clock: Clock,
    keys: SigningKeys,
    sockets: tokio::runtime::Runtime,
    _kept: Box<dyn Any>,
}

/// Somebody who answers.
struct Server {
    address: String,
    serving: JoinHandle<()>,
}

impl House {
    fn embedded() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_owned();
        Self::over(|options| Store::open_sqlite(&path, options), Box::new(folder))
    }

    fn postgres() -> Self {
        let database = scratch_database();
        let url = database.url.clone();
        Self::over(|options| Store::open_postgres(&url, options), Box::new(database))
    }

    fn over(open: impl FnOnce(OpenOptions) -> Result<Store, caravan_store::StoreError>, kept: Box<dyn Any>) -> Self {
        let clock = Clock::manual("2026-12-01T09:00:00Z".parse().expect("a time"));
        let store = open(OpenOptions { clock: clock.clone(), ..OpenOptions::default() }).expect("the store opens");
        store.migrate().expect("the schema is made");
        let sockets =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
        let keys = SigningKeys::new(1, Secret::new("a secret of this installation"));
        Self { engine: Engine::new(store), clock, keys, sockets, _kept: kept }
    }

    /// Serves on a free port, or on that of a server that made way.
    fn serve(&self, router: Router, address: Option<&str>) -> Server {
        let at = address.map_or("127.0.0.1:0", |address| address.trim_start_matches("http://"));
        let listener = self.sockets.block_on(TcpListener::bind(at)).expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let serving = self.sockets.spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Server { address, serving }
    }

    fn make_way(&self, server: Server) -> String {
        server.serving.abort();
        self.sockets.block_on(async { server.serving.await.expect_err("it makes way") });
        server.address
    }

    /// Our own server.
    fn ours(&self) -> Router {
        let mut state = ApiState::new(self.engine.clone(), Random::seeded(1), "https://go.acme.example");
        state.signing = Some(self.keys.clone());
        caravan_api::router(state)
    }

    /// Tries the way out, if that is due.
    fn tries(&self, address: &str) -> bool {
        self.tries_within(LOOPBACK, Delivery::new(address, self.keys.clone()))
    }

    fn tries_within(&self, opened: &str, delivery: Delivery) -> bool {
        let opened = opened.split_whitespace().map(|network| network.parse().expect("a network")).collect();
        let surroundings = Surroundings {
            clock: self.clock.clone(),
            runtime: self.sockets.handle().clone(),
            outbound: Outbound::new(Guard::new(opened)),
        };
        deliver::try_way_out(&self.engine, &delivery, &surroundings).expect("the store")
    }

    fn after(&self, seconds: i64) {
        self.clock.advance_to(self.clock.now() + SignedDuration::from_secs(seconds));
    }

    /// What the API lists, over HTTP.
    fn listed(&self, path: &str) -> Vec<Value> {
        let server = self.serve(self.ours(), None);
        let token = access::create_token(self.engine.store(), &Random::System, &format!("t{}", unique()), "viewer");
        let bearer = format!("Bearer {}", token.expect("a token"));
        let url = format!("{}/api/v1/{path}", server.address);
        let (status, text) = http("GET", &url, &[("Authorization", &bearer)], "");
        assert_eq!(status, 200, "{text}");
        server.serving.abort();
        let page: Value = serde_json::from_str(&text).expect("JSON");
        page["items"].as_array().cloned().unwrap_or_default()
    }

    /// Problems with the way out: code and message.
    fn problems(&self) -> Vec<(String, String)> {
        let of_it = self.listed("problems").into_iter().filter(|row| row["kind"] == "way_out");
        let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
        of_it.map(|row| (text(&row, "code"), text(&row, "message"))).collect()
    }

    /// What the last trial says of itself.
    fn last(&self) -> Value {
        let job = self.listed("jobs").into_iter().find(|job| job["name"] == "way_out");
        job.expect("it is listed")["last"].clone()
    }

    /// What a user was told, newest first: whether the way out is answered.
    fn told(&self, user: &str) -> Vec<bool> {
        let rows = self.engine.store().read(|s| notifications::latest(s, user, 30)).expect("the store");
        rows.iter().map(|row| serde_json::from_str::<WayOutNews>(&row.detail).expect("news").answers).collect()
    }

    fn user(&self, email: &str, role: &str) {
        access::add_user(self.engine.store(), &Random::System, email, role).expect("a user");
    }

    fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        self.engine.store().read(|s| s.query_int(&sql, &[])).expect("the store")
    }
}

fn unique() -> usize {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// Answers the way out, whatever token it is.
fn answering(status: StatusCode, headers: &[(&'static str, &'static str)]) -> Router {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect();
    Router::new().route("/t/u/{token}", post(move || async move { (status, headers, "<h1>Welcome</h1>") }))
}

macro_rules! on_both_stores {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn embedded() {
                super::$name(&super::House::embedded());
            }

            #[test]
            fn postgres() {
                super::$name(&super::House::postgres());
            }
        }
    )*};
}

on_both_stores! {
    our_own_server_answers_and_nobody_is_changed
    whatever_else_answers_is_told_once_and_so_is_its_end
    every_host_of_links_in_use_is_tried
    nobody_looks_where_no_public_address_is_set_or_it_may_not_be_reached
}

fn our_own_server_answers_and_nobody_is_changed(house: &House) {
    let ours = house.serve(house.ours(), None);
    let kept = ["activity", "suppression", "consent_record", "notification", "inbox", "message_use"];
    assert!(house.tries(&ours.address));
    assert!(!house.tries(&ours.address), "once an hour");
    let now = house.clock.now().to_string();
    assert_eq!(house.last(), json!({"ended_at": now, "addresses": 1, "answered": 1}));
    house.after(3_599);
    assert!(!house.tries(&ours.address));
    house.after(1);
    assert!(house.tries(&ours.address));
    assert_eq!(house.problems(), []);
    assert_eq!(kept.map(|table| house.count(table)), [0; 6]);

    // One that signs with other keys does not answer for us.
    let stranger = SigningKeys::new(1, Secret::new("a secret of another installation"));
    for _ in 0..2 {
        house.after(3_600);
        assert!(house.tries_within(LOOPBACK, Delivery::new(ours.address.clone(), stranger.clone())));
    }
    assert_eq!(house.problems().first().map(|(code, _)| code.as_str()), Some("way_out_not_ours"));
}

fn whatever_else_answers_is_told_once_and_so_is_its_end(house: &House) {
    house.user("ada@acme.example", "administrator");
    house.user("bob@acme.example", "channel_manager");
    let redirect = [("location", "https://www.acme.example/t/u/secret")];
    let others = [
        (Some(answering(StatusCode::OK, &[])), "way_out_not_ours", "Somebody else answers"),
        (Some(answering(StatusCode::OK, &[(PROOF, "somebody-else")])), "way_out_not_ours", "Somebody else answers"),
        (
            Some(answering(StatusCode::FOUND, &redirect)),
            "way_out_redirects",
            "redirects to https://www.acme.example (302)",
        ),
        (Some(answering(StatusCode::FORBIDDEN, &[])), "way_out_refused", "answers 403"),
        (None, "way_out_unreachable", "Nobody answers"),
    ];
    for (rounds, (router, code, says)) in others.into_iter().enumerate() {
        let gone = router.is_none();
        let server = house.serve(router.unwrap_or_default(), None);
        let address = server.address.clone();
        let mut server = Some(server);
        if gone {
            server.take().map(|server| house.make_way(server));
        }
        let news = || house.told("ada@acme.example");
        assert!(house.tries(&address));
        assert_eq!((house.problems(), news().len()), (Vec::new(), 2 * rounds), "once tells nothing");
        house.after(299);
        assert!(!house.tries(&address));
        house.after(1);
        assert!(house.tries(&address), "it is tried again soon");
        let [(found, message)] = house.problems().try_into().expect("one problem");
        assert_eq!(found, code);
        assert!(message.contains(says) && message.contains(&address) && !message.contains("/t/u/"), "{message}");
        assert_eq!((news().len(), news().first()), (2 * rounds + 1, Some(&false)));
        house.after(3_600);
        assert!(house.tries(&address));
        assert_eq!((house.problems().len(), news().len()), (1, 2 * rounds + 1), "it is told once");

        // We answer at the same address again.
        house.after(3_600);
        server.take().map(|server| house.make_way(server));
        let ours = house.serve(house.ours(), Some(&address));
        assert!(house.tries(&address));
        assert_eq!((house.problems(), news().len(), news().first()), (Vec::new(), 2 * rounds + 2, Some(&true)));
        house.make_way(ours);
        house.after(3_600);
    }
    assert_eq!(
        house.told("bob@acme.example"),
        Vec::<bool>::new(),
        "who does not look after the installation is not told"
    );
}

fn every_host_of_links_in_use_is_tried(house: &House) {
    let ours = house.serve(house.ours(), None);
    let domain = |key: &str, host: &str| {
        format!("{{kind: sending_domain, key: {key}, domain: {key}.example, tracking: {host}}}")
    };
    let text = format!("{}\n---\n{}", domain("acme", "links.acme.invalid"), domain("other", "links.other.example"));
    let options = caravan_engine::definitions::ApplyOptions::default();
    caravan_engine::definitions::apply(&house.engine, &[("domains.yaml".to_owned(), text)], "ada", options)
        .expect("they are applied");
    // Of the two hosts one was seen to lead here.
    let found = json!([{"purpose": "tracking", "name": "links.acme.invalid", "type": "CNAME", "state": "good", "expected": "", "found": [], "message": ""}]);
    let row = |now| DomainCheckRow { domain: "acme".to_owned(), checked_at: now, well: true, found: found.to_string() };
    house
        .engine
        .store()
        .write(|s| {
            let now = s.now()?;
            watched::put_domain_check(s, &row(now))
        })
        .expect("the store");
    for _ in 0..2 {
        assert!(house.tries(&ours.address));
        house.after(300);
    }
    assert_eq!((house.last()["addresses"].as_i64(), house.last()["answered"].as_i64()), (Some(2), Some(1)));
    let [(code, message)] = house.problems().try_into().expect("one problem");
    assert!(code == "way_out_unreachable" && message.contains("`https://links.acme.invalid`"), "{code}: {message}");
    house.after(3_600);
    assert!(house.tries("https://Links.acme.invalid"));
    assert_eq!(house.last()["addresses"], 1, "a host that is the public address, too, is tried once");
}

fn nobody_looks_where_no_public_address_is_set_or_it_may_not_be_reached(house: &House) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&asked);
    let count = move || async move { counts.fetch_add(1, Ordering::SeqCst).to_string() };
    let server = house.serve(Router::new().fallback(count), None);
    for _ in 0..2 {
        let guessed = Delivery { reached: false, ..Delivery::new(server.address.clone(), house.keys.clone()) };
        assert!(house.tries_within(LOOPBACK, guessed));
        house.after(3_600);
    }
    assert_eq!(house.last()["not_tried"], "no public address is set (`--public-url`)");
    for _ in 0..2 {
        assert!(house.tries_within("", Delivery::new(server.address.clone(), house.keys.clone())));
        house.after(3_600);
    }
    let why = house.last()["not_tried"].as_str().unwrap_or_default().to_owned();
    assert!(why.contains("--allow-network") && !why.contains("/t/u/"), "{why}");
    assert_eq!(
        (asked.load(Ordering::SeqCst), house.problems()),
        (0, Vec::new()),
        "no call was made, and nothing is told"
    );
}

#[test]
fn a_server_that_knows_its_public_address_tries_its_own_way_out() {
    let folder = crate::support::Folder::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
    let token = folder.done("token create ci --role viewer --json").json();
    let line = format!(
        "serve --listen 127.0.0.1:{port} --public-url http://127.0.0.1:{port} --allow-network {LOOPBACK} --json"
    );
    let server = folder.program(&line).start();
    server.wait_for_line("\"url\"", crate::support::SOON);
    let bearer = format!("Bearer {}", token["token"].as_str().expect("a token"));
    eventually("it has answered itself", || {
        let (_, text) = http("GET", &format!("http://127.0.0.1:{port}/api/v1/jobs"), &[("Authorization", &bearer)], "");
        let work: Value = serde_json::from_str(&text).expect("JSON");
        let job = work["items"].as_array().into_iter().flatten().find(|job| job["name"] == "way_out").cloned();
        job.is_some_and(|job| job["last"]["answered"] == 1)
    });
    crate::support::terminate(server).expect_code(0);
}
