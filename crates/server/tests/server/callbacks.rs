//! Answers of external services over real sockets: the service is a server of its own, and posts to the router that
//! `caravan serve` runs. Time is moved by hand. After every story all that it could have changed is compared.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::http;
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::tracking::SigningKeys;
use caravan_connect::vault::Vault;
use caravan_connect::webhooks::Signer;
use caravan_connect::{Secret, Surroundings};
use caravan_engine::deliver::{Delivery, Dispatcher};
use caravan_engine::{Engine, definitions, external, lifecycle, runtime, status};
use caravan_model::{Clock, Random};
use caravan_store::{OpenOptions, SessionExt, Store};
use caravan_testkit::fakes::service::{Accepted, Setup};
use caravan_testkit::fakes::{Fault, Service};
use caravan_testkit::scratch_database;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// A secret with which callbacks are signed.
const SIGNING: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
/// Accounts `a-0` … that travel.
const ACCOUNTS: usize = 3;

/// An installation that serves, with a service that a published journey calls for each account.
struct Place {
    engine: Engine,
    clock: Clock,
    keys: SigningKeys,
    url: String,
    service: Service,
    sockets: tokio::runtime::Runtime,
    _keep: Box<dyn std::any::Any>,
}

/// Everything that a callback could have changed.
#[derive(Debug, Clone, PartialEq)]
struct State {
    /// Travellers at `call`, `well` and `badly`.
    standing: (i64, i64, i64),
    /// Calls of the node that are pending, that succeeded, and that failed by code.
    calls: (i64, i64, BTreeMap<String, i64>),
    /// The attribute that answers write, by account.
    industries: BTreeMap<String, String>,
    /// What is told on the stream, by account: whether it succeeded, whether it came too late.
    told: Vec<(String, bool, bool)>,
    /// Calls that still wait to be made.
    queued: i64,
}

impl Place {
    fn embedded() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = clock();
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        let store = Store::open_sqlite(directory.path(), options).expect("a store");
        Self::over(store, clock, Box::new(directory))
    }

    fn postgres() -> Self {
        let database = scratch_database();
        let clock = clock();
        let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
        let store = Store::open_postgres(&database.url, options).expect("a store");
        Self::over(store, clock, Box::new(database))
    }

    fn over(store: Store, clock: Clock, keep: Box<dyn std::any::Any>) -> Self {
        store.migrate().expect("the schema");
        let key = Secret::new("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        let engine = Engine::with_vault(store, Vault::given(&key, &[], Random::seeded(7)).expect("a key"));
        let keys = SigningKeys::new(1, Secret::new("a secret of this installation"));
        let sockets = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let sockets = sockets.expect("threads");
        let url = serve(&engine, &keys, &sockets);
        let service = Service::start(Setup::default());
        let place = Self { engine, clock, keys, url, service, sockets, _keep: keep };
        place.furnish();
        place
    }

    fn furnish(&self) {
        let token = caravan_api::access::create_token(self.engine.store(), &Random::System, "test", "administrator");
        let bearer = format!("Bearer {}", token.expect("a token"));
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        for n in 0..ACCOUNTS {
            let path = format!("{}/api/v1/accounts/a-{n}", self.url);
            let (status, body) = http("PUT", &path, &headers, &json!({"name": format!("Company {n}")}).to_string());
            assert!(status == 201, "{status}: {body}");
        }
        self.apply(
            "{kind: account_list, key: all, type: dynamic, when: {not: {account: name, is_empty: true}}, state: live}",
        );
        self.service_with("");
        self.secret("api_key", "hush");
        external::register(&self.engine, &self.surroundings(), "svc").expect("registered");
        self.apply(
            "kind: journey\nkey: j\nsubject: account\naudience: {account_list: all}\nend: 2027-06-30T00:00:00Z\nentry: call\nnodes:\n  \
             call: {type: external_action, on: account, service: svc, values: {model: v2}, next: well, failed: {next: badly}}\n  \
             well: {type: wait, duration: 90d, next: null}\n  badly: {type: wait, duration: 90d, next: null}\n",
        );
        lifecycle::publish(&self.engine, &["j".to_owned()], "test").expect("published");
        self.run();
    }

    fn service_with(&self, more: &str) {
        self.apply(&format!(
            "{{kind: external_action, key: svc, url: '{}', timeout: 1h, values: {{region: eu}}, on: account, \
             outgoing: {{company: name}}, incoming: {{industry: sector}}{more}}}",
            self.service.document_url()
        ));
    }

    fn secret(&self, name: &str, value: &str) {
        let kind = caravan_model::document::DocumentKind::ExternalAction;
        caravan_engine::secrets::set(&self.engine, kind, "svc", name, value.to_owned(), "test").expect("a secret");
    }

    fn apply(&self, manifest: &str) {
        let texts = [("test.yaml".to_owned(), manifest.to_owned())];
        if let Err(error) = definitions::apply(&self.engine, &texts, "test", definitions::ApplyOptions::default()) {
            panic!("{manifest}: {error:?}");
        }
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            clock: self.clock.clone(),
            runtime: self.sockets.handle().clone(),
            outbound: Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")])),
        }
    }

    fn run(&self) {
        let report = runtime::run_until_idle(&self.engine, None, Duration::from_secs(60)).expect("a run");
        assert!(report.idle, "it came to rest");
    }

    /// Makes every call that is due, and each that becomes due within this time.
    fn deliver_for(&self, time: SignedDuration) {
        let until = self.clock.now() + time;
        let delivery = Delivery::new(self.url.clone(), self.keys.clone());
        let dispatcher = Dispatcher::new(&self.engine, delivery, self.surroundings());
        loop {
            while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
            match dispatcher.next_due().expect("the next").filter(|next| *next <= until) {
                Some(next) => self.clock.advance_to(next),
                None => return self.run(),
            }
        }
    }

    fn deliver(&self) {
        self.deliver_for(SignedDuration::ZERO);
    }

    fn after(&self, time: SignedDuration) {
        self.clock.advance_to(self.clock.now() + time);
        self.run();
    }

    /// The calls, in the order of their accounts.
    fn calls(&self) -> Vec<Accepted> {
        let mut calls = self.service.accepted();
        calls.sort_by_key(Accepted::id);
        calls
    }

    fn sector(&self, call: &Accepted, sector: &str) -> Value {
        self.service.success(call, json!({"sector": sector}), json!({}))
    }

    /// Posts as the service does, and lets the runtime take it in.
    fn post(&self, call: &Accepted, body: &Value) -> u16 {
        let status = post(call, Some(call.token()), &[], &body.to_string());
        self.run();
        status
    }

    fn state(&self) -> State {
        let status = status::status(&self.engine, "j").expect("a status");
        let at = |node: &str| status.nodes[node].current;
        let outcomes = status.nodes["call"].outcomes.clone().unwrap_or_default();
        let read = self.engine.store().read(|s| {
            let industries =
                s.query_map("SELECT key, industry FROM account WHERE industry IS NOT NULL ORDER BY key", &[], |r| {
                    Ok((r.string(0), r.string(1)))
                })?;
            let told = s.query_map(
                "SELECT a.key, v.fields FROM activity AS v JOIN account AS a ON a.id = v.account_id
                 WHERE v.type = 'external_answered' ORDER BY a.key, v.id",
                &[],
                |r| Ok((r.string(0), r.string(1))),
            )?;
            Ok::<_, caravan_store::StoreError>((industries, told, s.query_int("SELECT COUNT(*) FROM outbox", &[])?))
        });
        let (industries, told, queued) = read.expect("the state");
        let told = told.into_iter().map(|(account, fields)| {
            let fields: Value = serde_json::from_str(&fields).expect("fields");
            (account, fields["success"] == true, fields["late"] == true)
        });
        State {
            standing: (at("call"), at("well"), at("badly")),
            calls: (outcomes.pending, outcomes.done, outcomes.failed),
            industries: industries.into_iter().collect(),
            told: told.collect(),
            queued,
        }
    }
}

fn clock() -> Clock {
    Clock::manual("2026-12-01T09:00:00Z".parse().expect("a time"))
}

/// The router behind a port of its own; where it is.
fn serve(engine: &Engine, keys: &SigningKeys, sockets: &tokio::runtime::Runtime) -> String {
    let listener = sockets.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let mut state = caravan_api::ApiState::new(engine.clone(), Random::System, &url);
    state.signing = Some(keys.clone());
    let router = caravan_api::router(state);
    sockets.spawn(async move { axum::serve(listener, router).await });
    url
}

fn post(call: &Accepted, token: Option<&str>, more: &[(&str, &str)], body: &str) -> u16 {
    let url = call.body["callbackUrl"].as_str().expect("where answers go");
    let mut headers = vec![("content-type", "application/json"), ("x-request-id", call.request_id.as_str())];
    headers.extend(token.map(|token| ("x-callback-token", token)));
    headers.extend(more);
    http("POST", url, &headers, body).0
}

/// Nobody was answered: all wait.
fn waiting() -> State {
    State {
        standing: (ACCOUNTS as i64, 0, 0),
        calls: (ACCOUNTS as i64, 0, BTreeMap::new()),
        industries: BTreeMap::new(),
        told: Vec::new(),
        queued: 0,
    }
}

/// Each account was answered in time with its sector.
fn answered(sector: impl Fn(usize) -> String) -> State {
    let key = |n: usize| format!("a-{n}");
    State {
        standing: (0, ACCOUNTS as i64, 0),
        calls: (0, ACCOUNTS as i64, BTreeMap::new()),
        industries: (0..ACCOUNTS).map(|n| (key(n), sector(n))).collect(),
        told: (0..ACCOUNTS).map(|n| (key(n), true, false)).collect(),
        queued: 0,
    }
}

macro_rules! on_both_stores {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn embedded() {
                super::$name(super::Place::embedded());
            }

            #[test]
            fn postgres() {
                super::$name(super::Place::postgres());
            }
        }
    )*};
}

on_both_stores! {
    answers_that_come_before_the_acknowledgement_count
    answers_that_come_before_an_acknowledgement_that_is_lost_count_once
    a_repeated_answer_changes_nothing
    an_answer_that_comes_too_late_is_told_and_changes_nothing_else
    a_token_that_is_not_the_call_s_own_opens_nothing
    a_service_with_a_key_and_a_signature_must_show_both
}

/// From now on the service posts its answer, and waits for ours, before it acknowledges the call.
fn answer_at_once(place: &Place) {
    let body = |call: &Accepted| {
        json!({"objectData": [{
            "activityData": {"success": true},
            "accountData": {"id": call.id(), "sector": format!("Sector {}", call.id())},
        }]})
    };
    place.service.before_acknowledging(move |call| {
        assert_eq!(post(call, Some(call.token()), &[], &body(call).to_string()), 200);
    });
}

/// What [`answer_at_once`] leads to.
fn answered_at_once(place: &Place) -> State {
    let ids: Vec<i64> = place.calls().iter().map(Accepted::id).collect();
    answered(|n| format!("Sector {}", ids[n]))
}

fn answers_that_come_before_the_acknowledgement_count(place: Place) {
    answer_at_once(&place);
    place.deliver();
    let expected = answered_at_once(&place);
    assert_eq!((place.state(), place.service.repeated()), (expected.clone(), 0));
    place.after(SignedDuration::from_hours(2));
    assert_eq!(place.state(), expected, "the time limit of the calls finds nobody");
}

fn answers_that_come_before_an_acknowledgement_that_is_lost_count_once(place: Place) {
    answer_at_once(&place);
    place.service.faults().plan("/submitAsyncAction", 0, ACCOUNTS, Fault::HangUpAfter);
    place.deliver_for(SignedDuration::from_mins(20));
    assert_eq!(place.service.repeated(), 0, "nobody who has answered is called again");
    assert_eq!(place.state(), answered_at_once(&place));
}

fn a_repeated_answer_changes_nothing(place: Place) {
    place.deliver();
    assert_eq!(place.state(), waiting());
    let calls = place.calls();
    let bodies: Vec<Value> =
        calls.iter().enumerate().map(|(n, call)| place.sector(call, &format!("Sector {n}"))).collect();
    // All of them four times, at the same time.
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let again = (0..4).flat_map(|_| calls.iter().zip(&bodies));
        let threads: Vec<_> =
            again.map(|(call, body)| scope.spawn(|| post(call, Some(call.token()), &[], &body.to_string()))).collect();
        threads.into_iter().map(|thread| thread.join().expect("posted")).collect()
    });
    place.run();
    assert_eq!(statuses, vec![200; 4 * ACCOUNTS]);
    let expected = answered(|n| format!("Sector {n}"));
    assert_eq!(place.state(), expected);
    // Later the service says the same, something else, and the contrary.
    place.after(SignedDuration::from_mins(10));
    assert_eq!(place.post(&calls[0], &bodies[0]), 200);
    assert_eq!(place.post(&calls[1], &place.sector(&calls[1], "Another")), 200);
    assert_eq!(place.post(&calls[2], &place.service.failure(&calls[2], "NOT_FOUND")), 200);
    assert_eq!(place.state(), expected);
}

fn an_answer_that_comes_too_late_is_told_and_changes_nothing_else(place: Place) {
    place.deliver();
    let calls = place.calls();
    assert_eq!(place.post(&calls[0], &place.sector(&calls[0], "Steel")), 200);
    place.after(SignedDuration::from_mins(61));
    let mut expected = State {
        standing: (0, 1, 2),
        calls: (0, 1, BTreeMap::from([("timed_out".to_owned(), 2)])),
        industries: BTreeMap::from([("a-0".to_owned(), "Steel".to_owned())]),
        told: vec![("a-0".to_owned(), true, false)],
        queued: 0,
    };
    assert_eq!(place.state(), expected);
    for _ in 0..2 {
        assert_eq!(place.post(&calls[1], &place.sector(&calls[1], "Glass")), 200, "nothing that is worth a repetition");
    }
    expected.told.push(("a-1".to_owned(), true, true));
    assert_eq!(place.state(), expected);
    // A month after its time a token opens nothing any more.
    place.after(SignedDuration::from_hours(24 * 31));
    let before = place.state();
    assert_eq!(place.post(&calls[2], &place.sector(&calls[2], "Glass")), 400);
    assert_eq!(place.state(), before);
}

fn a_token_that_is_not_the_call_s_own_opens_nothing(place: Place) {
    place.deliver();
    let calls = place.calls();
    let (own, other) = (place.sector(&calls[0], "Steel").to_string(), place.sector(&calls[1], "Glass").to_string());
    let token = calls[0].token();
    let turned: String = token.chars().rev().collect();
    let mut flipped = token.to_owned();
    flipped.replace_range(..1, if token.starts_with('A') { "B" } else { "A" });
    let says = place.keys.unseal("external call", token).expect("what the token says");
    let foreign = SigningKeys::new(1, Secret::new("of another installation")).seal("external call", &says);
    let of_a_link = place.keys.seal("another purpose", &says);
    for wrong in ["", "x", &says, &turned, &flipped, &foreign, &of_a_link] {
        assert_eq!(post(&calls[0], Some(wrong), &[], &own), 400, "{wrong}");
    }
    assert_eq!(post(&calls[0], None, &[], &own), 400);
    for body in [other.as_str(), "", "{}", "<html>", r#"{"objectData": []}"#] {
        assert_eq!(post(&calls[0], Some(token), &[], body), 400, "{body}");
    }
    place.run();
    assert_eq!(place.state(), waiting());
    for (n, call) in calls.iter().enumerate() {
        assert_eq!(place.post(call, &place.sector(call, &format!("Sector {n}"))), 200, "the right ones still do");
    }
    assert_eq!(place.state(), answered(|n| format!("Sector {n}")));
}

fn a_service_with_a_key_and_a_signature_must_show_both(place: Place) {
    place.secret("callback_key", "knock");
    place.secret("callback_signing_secret", SIGNING);
    place.deliver();
    let calls = place.calls();
    let signer = Signer::new(&Secret::new(SIGNING), None).expect("a signer");
    let signed = |call: &Accepted, key: Option<(&str, &str)>, at: jiff::Timestamp, of: &str, body: &str| {
        let it = signer.sign("msg_1", at, of.as_bytes());
        let mut headers = vec![
            ("webhook-id", it.id.as_str()),
            ("webhook-timestamp", &it.timestamp),
            ("webhook-signature", &it.signature),
        ];
        headers.extend(key);
        post(call, Some(call.token()), &headers, body)
    };
    let (now, call) = (place.clock.now(), &calls[0]);
    let body = place.sector(call, "Steel").to_string();
    let knock = Some(("x-api-key", "knock"));
    assert_eq!(post(call, Some(call.token()), &[("x-api-key", "knock")], &body), 401, "not signed");
    assert_eq!(signed(call, None, now, &body, &body), 401, "without the key");
    assert_eq!(signed(call, Some(("x-api-key", "knocks")), now, &body, &body), 401, "with another key");
    assert_eq!(signed(call, knock, now, &body.replace("Steel", "Glass"), &body), 401, "signed for another body");
    assert_eq!(signed(call, knock, now - SignedDuration::from_mins(6), &body, &body), 401, "signed too long ago");
    place.run();
    assert_eq!(place.state(), waiting());
    for (n, call) in calls.iter().enumerate() {
        let body = place.sector(call, &format!("Sector {n}")).to_string();
        let key = if n == 0 { knock } else { Some(("authorization", "Bearer knock")) };
        assert_eq!(signed(call, key, now, &body, &body), 200);
    }
    place.run();
    assert_eq!(place.state(), answered(|n| format!("Sector {n}")));
}
