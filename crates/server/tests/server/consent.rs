//! A member's consent over HTTP: from Connect through LinkedIn's page back to a connection that works, and everything that
//! may go wrong on the way. The router, the stores and the calls are real; LinkedIn is a fake that checks every step.

#[allow(dead_code, reason = "this test uses its own part")]
use caravan_api::ApiState;
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::{Secret, Surroundings};
use caravan_engine::systems::Systems;
use caravan_engine::tracking::SigningKeys;
use caravan_model::Clock;
use caravan_store::{OpenOptions, Store, secrets};
use caravan_testkit::fakes::LinkedIn;
use caravan_testkit::fakes::linkedin::{Setup, answer_page};
use caravan_testkit::{ScratchDatabase, scratch_database};
use serde_json::{Value, json};

use crate::api::{Api, Reply};

const BACK: &str = "https://go.acme.example/consent";
const START: &str = "2026-12-01T09:00:00Z";

/// An installation beside LinkedIn, with a connection to it that nobody consented to.
struct World {
    api: Api,
    linkedin: LinkedIn,
    ada: String,
    _database: Option<ScratchDatabase>,
}

impl World {
    async fn new(store: Kind, change: impl FnOnce(&mut Setup)) -> Self {
        let clock = Clock::manual(START.parse().expect("a time"));
        let mut setup = Setup { clock: clock.clone(), redirects: vec![BACK.to_owned()], ..Setup::default() };
        change(&mut setup);
        let handle = tokio::runtime::Handle::current();
        let made = tokio::task::spawn_blocking(move || (LinkedIn::start(setup), installation(store, &clock, handle)));
        let (linkedin, (api, database)) = made.await.expect("an installation");
        let ada = api.token("administrator");
        let world = Self { api, linkedin, ada, _database: database };
        let url = world.linkedin.url();
        for (path, body) in [
            ("linkedin", json!({"type": "linkedin", "settings": {"client_id": "caravan", "base_url": url}})),
            (
                "mail",
                json!({"type": "smtp", "settings": {"host": "127.0.0.1", "port": 1, "from": {"email": "a@acme.example"}}}),
            ),
        ] {
            let path = format!("/api/v1/connections/{path}");
            let put = world.api.call("PUT", &path).bearer(&world.ada).json(&body).send().await;
            assert_eq!(put.status, 201, "{}", put.text());
        }
        let secret = "/api/v1/connections/linkedin/secrets/client_secret";
        let set = world.api.call("PUT", secret).bearer(&world.ada).json(&json!({"value": "hush"})).send().await;
        assert_eq!(set.status, 204, "{}", set.text());
        world
    }

    async fn post(&self, path: &str, body: &Value, who: &str) -> Reply {
        self.api.post(path).bearer(who).json(body).send().await
    }

    async fn state(&self) -> Value {
        self.api.get("/api/v1/connections/linkedin/state").bearer(&self.api.token("viewer")).send().await.json()
    }

    /// The page that Ada is sent to.
    async fn page(&self) -> String {
        let asked = self.post("/api/v1/connections/linkedin/consent", &json!({}), &self.ada).await;
        assert_eq!(asked.status, 200, "{}", asked.text());
        let asked = asked.json();
        assert_eq!(asked["redirect_address"], BACK);
        asked["address"].as_str().expect("an address").to_owned()
    }

    /// What Ada's browser brings back from the page, when she answers so.
    async fn back(&self, answer: &'static str) -> Value {
        let page = self.page().await;
        let back = tokio::task::spawn_blocking(move || answer_page(&page, answer)).await.expect("an answer");
        parameters(&back.expect("sent back"))
    }

    /// Code and words with which what was brought back is refused.
    async fn refusal(&self, brought: &Value, who: &str) -> (String, String) {
        let reply = self.post("/api/v1/consents", brought, who).await;
        assert_eq!(reply.refusal().0, 422, "{}", reply.text());
        let error = &reply.json()["errors"][0];
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (text("code"), text("message"))
    }

    /// What must be set before anybody can consent, as the connection's page tells it.
    async fn missing(&self) -> Vec<(String, String)> {
        let state = self.state().await;
        let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let missing = state["consent"]["missing"].as_array().expect("what is missing");
        missing.iter().map(|it| (text(it, "code"), text(it, "pointer"))).collect()
    }

    /// The newest consent in the record of what was done by hand, found by the connection's key.
    async fn written_down(&self) -> Value {
        let audit = self.api.get("/api/v1/audit?q=linkedin").bearer(&self.ada).send().await.json();
        let rows = audit["items"].as_array().expect("rows");
        rows.iter().find(|row| row["subject"] == "/api/v1/consents").cloned().unwrap_or_default()
    }

    async fn kept(&self) -> Vec<String> {
        let store = self.api.store().clone();
        let read = tokio::task::spawn_blocking(move || store.read(secrets::all).expect("the store reads"));
        read.await.expect("rows").into_iter().map(|row| row.name).collect()
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Embedded,
    Postgres,
}

fn installation(kind: Kind, clock: &Clock, handle: tokio::runtime::Handle) -> (Api, Option<ScratchDatabase>) {
    let options = OpenOptions { clock: clock.clone(), ..OpenOptions::default() };
    let over = |store: Store, directory| Api::over(store, clock.clone(), directory, |state| furnish(state, handle));
    match kind {
        Kind::Embedded => {
            let directory = tempfile::tempdir().expect("a directory");
            let store = Store::open_sqlite(directory.path(), options).expect("the store opens");
            (over(store, Some(directory)), None)
        }
        Kind::Postgres => {
            let database = scratch_database();
            let store = Store::open_postgres(&database.url, options).expect("the store opens");
            (over(store, None), Some(database))
        }
    }
}

fn furnish(state: &mut ApiState, runtime: tokio::runtime::Handle) {
    let outbound = Outbound::new(Guard::new(vec!["127.0.0.0/8".parse().expect("a range")]));
    let surroundings = Surroundings { clock: state.engine.clock().clone(), runtime, outbound };
    state.signing = Some(SigningKeys::new(1, Secret::new("a secret of this installation")));
    state.systems = Some(Systems::new(&state.engine, surroundings));
}

fn parameters(address: &str) -> Value {
    assert!(address.starts_with(&format!("{BACK}?")), "{address}");
    let address = reqwest::Url::parse(address).expect("an address");
    let pairs = address.query_pairs();
    Value::Object(pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect())
}

fn problem_of(state: &Value) -> &str {
    state["consent"]["problem"].as_str().unwrap_or_default()
}

/// Each test over both stores.
macro_rules! on_both_stores {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                super::$name(super::Kind::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                super::$name(super::Kind::Postgres).await;
            }
        }
    )*};
}

on_both_stores! {
    a_member_consents_and_the_connection_works_until_the_consent_ends
    what_came_back_counts_once_soon_and_for_whom_it_was_asked
    whatever_stands_in_the_way_is_told_in_words_and_nothing_is_kept
}

async fn a_member_consents_and_the_connection_works_until_the_consent_ends(store: Kind) {
    let world = World::new(store, |_| ()).await;
    let before = world.state().await;
    assert_eq!(before["consent"], json!({"redirect_address": BACK, "ends_at": null, "problem": null, "missing": []}));
    let brought = world.back("allow").await;
    assert!(!brought["state"].as_str().expect("a state").contains("administrator"), "LinkedIn is not told who asks");
    let taken = world.post("/api/v1/consents", &brought, &world.ada).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    let taken = taken.json();
    assert_eq!((&taken["connection"], &taken["tried"]["ok"]), (&json!("linkedin"), &json!(true)), "{taken}");
    assert!(taken["tried"]["message"].as_str().is_some_and(|it| it.contains("1 December 2027")), "{taken}");
    let written = world.written_down().await;
    let detail = json!({"connection": "linkedin", "works": true, "message": taken["tried"]["message"]});
    assert_eq!((&written["what"], &written["detail"]), (&json!("POST"), &detail), "{written}");
    assert!(written["actor"].as_str().is_some_and(|by| by.contains("administrator")), "{written}");

    let state = world.state().await;
    assert_eq!((&state["health"], &state["consent"]["ends_at"]), (&json!("healthy"), &json!("2027-12-01T09:00:00Z")));
    assert_eq!(problem_of(&state), "");
    let token = world.linkedin.refresh_token();
    assert_eq!(world.kept().await, ["client_secret", "refresh_token"]);
    for shown in [&state, &taken, &before] {
        assert!(!shown.to_string().contains(&token), "it is never shown: {shown}");
    }
    let secret = state["secrets"].as_array().expect("secrets").iter().find(|it| it["name"] == "refresh_token");
    let secret = secret.expect("the token");
    assert!(secret["set_by"].as_str().is_some_and(|by| by.contains("administrator")), "{secret}");

    world.api.after(330 * 24 * 3_600);
    let warned = world.state().await;
    assert!(problem_of(&warned).contains("ends on 1 December 2027"), "{warned}");
    let problems = world.api.get("/api/v1/problems").bearer(&world.api.token("administrator")).send().await.json();
    assert!(
        problems["items"].as_array().expect("problems").iter().any(|it| it["code"] == "consent_ends_soon"),
        "{problems}"
    );
    let again = world.back("allow").await;
    assert_eq!(world.post("/api/v1/consents", &again, &world.api.token("viewer")).await.status, 403);
    assert_eq!(world.post("/api/v1/consents", &again, &world.ada).await.status, 200);
    let renewed = world.state().await;
    assert_eq!((&renewed["consent"]["ends_at"], problem_of(&renewed)), (&json!("2028-10-26T09:00:00Z"), ""));
}

async fn what_came_back_counts_once_soon_and_for_whom_it_was_asked(store: Kind) {
    let world = World::new(store, |_| ()).await;
    let brought = world.back("allow").await;
    let eve = world.api.token("administrator");
    assert_eq!(world.refusal(&brought, &eve).await.0, "consent_unknown", "somebody else brings it");
    let mut changed = brought.clone();
    changed["state"] = json!(format!("{}x", brought["state"].as_str().expect("a state")));
    assert_eq!(world.refusal(&changed, &world.ada).await.0, "consent_unknown");
    assert_eq!(world.post("/api/v1/consents", &brought, &world.ada).await.status, 200, "nothing was used up by that");
    let (code, message) = world.refusal(&brought, &world.ada).await;
    assert_eq!(code, "consent_taken");
    assert!(message.contains("Press Connect again"), "{message}");

    let late = world.back("allow").await;
    world.api.after(10 * 60);
    let (code, message) = world.refusal(&late, &world.ada).await;
    assert_eq!(code, "consent_too_old");
    assert!(message.contains("10 minutes"), "{message}");

    let elsewhere = world.back("allow").await;
    let made_anew = json!({"type": "linkedin", "settings": {"client_id": "caravan", "base_url": world.linkedin.url()}});
    let path = "/api/v1/connections/linkedin";
    assert_eq!(world.api.call("DELETE", path).bearer(&world.ada).send().await.status, 204);
    assert_eq!(world.api.call("PUT", path).bearer(&world.ada).json(&made_anew).send().await.status, 201);
    assert_eq!(world.refusal(&elsewhere, &world.ada).await.0, "consent_unknown", "it was asked for another connection");
}

async fn whatever_stands_in_the_way_is_told_in_words_and_nothing_is_kept(store: Kind) {
    let world = World::new(store, |setup| setup.scope = "r_ads".to_owned()).await;
    let viewer = world.api.token("viewer");
    let ask = "/api/v1/connections/linkedin/consent";
    assert_eq!(world.post(ask, &json!({}), &viewer).await.status, 403);
    let mail = world.post("/api/v1/connections/mail/consent", &json!({}), &world.ada).await;
    assert_eq!(mail.json()["errors"][0]["code"], "no_consent_needed");
    assert_eq!(world.post("/api/v1/connections/nobody/consent", &json!({}), &world.ada).await.status, 404);

    let cancelled = world.back("cancel").await;
    let (code, message) = world.refusal(&cancelled, &world.ada).await;
    assert_eq!(code, "consent_refused");
    assert!(message.contains("The user cancelled the authorization"), "{message}");
    let (code, message) = world.refusal(&world.back("allow").await, &world.ada).await;
    assert_eq!(code, "scope_missing");
    assert!(message.contains("rw_dmp_segments") && message.contains("Audiences program"), "{message}");
    assert_eq!(world.kept().await, ["client_secret"]);

    let secret = "/api/v1/connections/linkedin/secrets/client_secret";
    let wrong = world.api.call("PUT", secret).bearer(&world.ada).json(&json!({"value": "wrong"})).send().await;
    assert_eq!(wrong.status, 204);
    assert_eq!(world.refusal(&world.back("allow").await, &world.ada).await.0, "application_refused");
    assert_eq!(world.api.call("DELETE", secret).bearer(&world.ada).send().await.status, 204);
    let asked = world.post(ask, &json!({}), &world.ada).await;
    assert_eq!(asked.json()["errors"][0]["code"], "secret_missing");
    assert_eq!(world.missing().await, [("secret_missing".to_owned(), "/secrets/client_secret".to_owned())]);
    let nameless = json!({"type": "linkedin", "settings": {"base_url": world.linkedin.url()}});
    let put = world.api.call("PUT", "/api/v1/connections/linkedin").bearer(&world.ada).json(&nameless).send().await;
    assert_eq!(put.status, 200, "{}", put.text());
    let asked = world.post(ask, &json!({}), &world.ada).await;
    assert_eq!(asked.json()["errors"][0]["code"], "client_id_missing");
    let (codes, _): (Vec<_>, Vec<_>) = world.missing().await.into_iter().unzip();
    assert_eq!(codes, ["client_id_missing", "secret_missing"], "all of it is told at once");
    assert_eq!(world.written_down().await, Value::Null, "what was refused was not done");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_without_refresh_tokens_works_until_its_access_token_ends_and_warns_before() {
    let world = World::new(Kind::Embedded, |setup| setup.refresh_tokens = false).await;
    let brought = world.back("allow").await;
    assert_eq!(world.post("/api/v1/consents", &brought, &world.ada).await.status, 200);
    assert_eq!(world.kept().await, ["access_token", "client_secret"]);
    let state = world.state().await;
    assert_eq!(state["consent"]["ends_at"], "2027-01-30T09:00:00Z");
    world.api.after(20 * 24 * 3_600);
    assert!(problem_of(&world.state().await).contains("ends on 30 January 2027"));
    let brought = world.back("allow").await;
    assert_eq!(world.post("/api/v1/consents", &brought, &world.ada).await.status, 200);
    assert_eq!(world.state().await["consent"]["ends_at"], "2027-02-19T09:00:00Z");
}
