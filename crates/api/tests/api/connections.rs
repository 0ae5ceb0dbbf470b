//! Connections as people look after them: forms, secrets, health, pausing, who uses them.

use caravan_engine::connections::{self, Health};
use caravan_model::document::DocumentKind;
use caravan_store::{health, secrets};
use serde_json::{Value, json};

use crate::support::{Api, Reply};

crate::on_both_stores! {
    a_secret_goes_in_encrypted_and_never_comes_out
    a_connection_tells_how_it_is_and_who_uses_it
    a_webhook_shows_its_signing_secret_once_and_logs_its_messages
    a_connection_in_use_is_not_deleted_though_only_the_published_version_names_it
}

async fn put(api: &Api, path: &str, body: &Value) -> Reply {
    api.call("PUT", path).bearer(&api.token("administrator")).json(body).send().await
}

async fn get(api: &Api, path: &str) -> Value {
    api.get(path).bearer(&api.token("viewer")).send().await.json()
}

async fn get_as(api: &Api, role: &str, path: &str) -> Value {
    api.get(path).bearer(&api.token(role)).send().await.json()
}

async fn mail(api: &Api) {
    let smtp = json!({
        "type": "smtp",
        "name": "Mail server",
        "description": "Newsletters leave here",
        "settings": {"host": "127.0.0.1", "port": 1, "security": "none", "username": "news", "from": {"email": "news@acme.example"}},
    });
    let made = put(api, "/api/v1/connections/mail", &smtp).await;
    assert_eq!(made.status, 201, "{}", made.text());
}

/// The code of what stands against it.
fn found(reply: &Reply) -> String {
    assert_eq!(reply.refusal().0, 422, "{}", reply.text());
    reply.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
}

fn secret(state: &Value, name: &str) -> Value {
    let all = state["secrets"].as_array().expect("secrets");
    all.iter().find(|secret| secret["name"] == name).unwrap_or_else(|| panic!("{name} in {state}")).clone()
}

async fn a_secret_goes_in_encrypted_and_never_comes_out(api: Api) {
    mail(&api).await;
    let before = get(&api, "/api/v1/connections/mail/state").await;
    assert_eq!(secret(&before, "password")["source"], Value::Null);
    let path = "/api/v1/connections/mail/secrets/password";
    let set = put(&api, path, &json!({"value": "hunter2"})).await;
    assert_eq!((set.status.as_u16(), set.text().as_str()), (204, ""));
    let after = get(&api, "/api/v1/connections/mail/state").await;
    let told = secret(&after, "password");
    assert_eq!((told["source"].as_str(), told["set_at"].as_str()), (Some("stored"), Some("2026-12-01T09:00:00Z")));
    assert!(told["set_by"].as_str().is_some_and(|by| by.contains("administrator")), "{told}");
    for shown in ["/api/v1/connections/mail/state", "/api/v1/connection_states", "/api/v1/connections/mail"] {
        assert!(!get(&api, shown).await.to_string().contains("hunter2"), "{shown}");
    }
    let stored = api.store().read(secrets::all).expect("the store reads").pop().expect("a secret");
    assert!(!stored.sealed.contains("hunter2"));

    api.after(60);
    assert_eq!(put(&api, path, &json!({"value": "correct horse"})).await.status, 204);
    let rotated = api.store().read(secrets::all).expect("the store reads");
    assert!(rotated.len() == 1 && rotated[0].sealed != stored.sealed, "rotated in place");

    let by_viewer = api.call("PUT", path).bearer(&api.token("viewer")).json(&json!({"value": "x"})).send().await;
    assert_eq!(by_viewer.refusal().0, 403);
    assert_eq!(found(&put(&api, path, &json!({"value": ""})).await), "bad_secret");
    let elsewhere = put(&api, "/api/v1/connections/nobody/secrets/password", &json!({"value": "x"})).await;
    assert_eq!(elsewhere.refusal().0, 404);

    let forgotten = api.call("DELETE", path).bearer(&api.token("administrator")).send().await;
    assert_eq!(forgotten.status, 204);
    assert_eq!(api.store().read(secrets::all).expect("the store reads"), []);
    let again = api.call("DELETE", path).bearer(&api.token("administrator")).send().await;
    assert_eq!(found(&again), "no_such_secret");
}

async fn a_connection_tells_how_it_is_and_who_uses_it(api: Api) {
    mail(&api).await;
    let email = json!({"connection": "mail", "subject": "Hello", "body": {"html": "<p>Hello</p>"}});
    assert_eq!(put(&api, "/api/v1/emails/hello", &email).await.status, 201);
    let state = get(&api, "/api/v1/connection_states").await["items"][0].clone();
    assert_eq!(state["health"], "untested");
    assert_eq!((&state["type"], &state["label"]), (&json!("smtp"), &json!("SMTP server")));
    assert_eq!(state["description"], "Newsletters leave here");
    assert_eq!(state["used_by"], json!([{"kind": "email", "key": "hello"}]));

    let id = api.store().read(|s| api.engine.live(s)).expect("definitions");
    let id = id.definitions.get(DocumentKind::Connection, "mail").expect("mail").id;
    let note = |well: bool| {
        api.after(10);
        let now = api.clock.now();
        let done = api.store().write(|s| match well {
            true => health::worked(s, id, now),
            false => health::failed(s, id, now, "unreachable", "No connection could be made."),
        });
        done.expect("the store writes");
    };
    note(true);
    note(false);
    note(false);
    let failing = get(&api, "/api/v1/connections/mail/state").await;
    assert_eq!((&failing["health"], &failing["since"]), (&json!("failing"), &json!("2026-12-01T09:00:20Z")));
    assert_eq!(failing["last_success_at"], "2026-12-01T09:00:10Z");
    let error = json!({"code": "unreachable", "message": "No connection could be made.", "at": "2026-12-01T09:00:30Z"});
    assert_eq!(failing["last_error"], error);
    note(true);
    let well = get(&api, "/api/v1/connections/mail/state").await;
    assert_eq!((&well["health"], &well["last_error"]), (&json!("healthy"), &error), "the last failure is kept");

    let paused = api.post("/api/v1/connections/mail/pause").bearer(&api.token("channel_manager")).send().await;
    assert_eq!(paused.json()["paused"], true);
    let changed = json!({"type": "smtp", "settings": {"host": "127.0.0.1", "port": 2, "security": "none", "from": {"email": "a@acme.example"}}});
    assert_eq!(put(&api, "/api/v1/connections/mail", &changed).await.status, 200);
    let state = connections::state(&api.engine, DocumentKind::Connection, "mail").expect("a state");
    assert!(state.paused && state.health == Health::Healthy, "a change of settings resumes nothing");
    let resumed = api.post("/api/v1/connections/mail/resume").bearer(&api.token("channel_manager")).send().await;
    assert_eq!(resumed.json()["paused"], false);
}

async fn a_webhook_shows_its_signing_secret_once_and_logs_its_messages(api: Api) {
    let hook = json!({"url": "https://hooks.acme.example/in", "activities": ["account_list_joined"]});
    assert_eq!(put(&api, "/api/v1/webhooks/crm", &hook).await.status, 201);
    let unknown = json!({"url": "https://hooks.acme.example/in", "activities": ["email_licked"]});
    assert_eq!(put(&api, "/api/v1/webhooks/typo", &unknown).await.refusal().0, 422);
    let rotate = async || {
        let path = "/api/v1/webhooks/crm/signing_secret";
        api.post(path).bearer(&api.token("channel_manager")).send().await.json()
    };
    let (first, second) = (rotate().await, rotate().await);
    assert!(first["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{first}");
    assert_eq!((&first["former_ends_at"], &second["former_ends_at"]), (&Value::Null, &json!("2026-12-02T09:00:00Z")));
    let state = get(&api, "/api/v1/webhooks/crm/state").await;
    assert_eq!(secret(&state, "former_signing_secret")["ends_at"], "2026-12-02T09:00:00Z");
    for shown in [&first, &second] {
        assert!(!state.to_string().contains(shown["secret"].as_str().expect("a secret")));
    }

    put(&api, "/api/v1/accounts/acme", &json!({"name": "Acme"})).await;
    put(&api, "/api/v1/account_lists/vip", &json!({"type": "static"})).await;
    let join = api.post("/api/v1/account_lists/vip/members").bearer(&api.token("administrator"));
    let joined = join.json(&json!({"keys": ["acme"]})).send().await;
    assert!(joined.status.is_success(), "{}", joined.text());
    let log = get_as(&api, "administrator", "/api/v1/webhooks/crm/messages").await;
    let waiting = &log["waiting"][0];
    assert_eq!((&waiting["type"], &waiting["state"]), (&json!("account_list_joined"), &json!("waiting")));
    assert_eq!((&log["items"], &log["next_cursor"]), (&json!([]), &Value::Null));
    assert_eq!(get(&api, "/api/v1/webhooks/crm/state").await["waiting"], 1);
    let missing = api.post("/api/v1/webhooks/crm/messages/eff_999/resend").bearer(&api.token("administrator"));
    assert_eq!(found(&missing.send().await), "no_such_message");
}

async fn a_connection_in_use_is_not_deleted_though_only_the_published_version_names_it(api: Api) {
    for key in ["one", "two"] {
        let marketo = json!({"type": "marketo", "settings": {"munchkin_id": "123-ABC-456", "client_id": key}});
        assert_eq!(put(&api, &format!("/api/v1/connections/{key}"), &marketo).await.status, 201);
    }
    let list = json!({"type": "dynamic", "when": {"account": "employees", "at_least": 1}, "state": "live"});
    assert_eq!(put(&api, "/api/v1/account_lists/all", &list).await.status, 201);
    let journey = |connection: &str| {
        let mut add =
            json!({"type": "action", "on": "people", "action": "marketo_add_to_list", "list": "1", "next": null});
        add["connection"] = json!(connection);
        json!({"subject": "account", "audience": {"account_list": "all"}, "end": "2027-06-30T00:00:00Z", "entry": "add", "nodes": {"add": add}})
    };
    let made = put(&api, "/api/v1/journeys/nurture", &journey("one")).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let published = api.post("/api/v1/journeys/nurture/publish").bearer(&api.token("administrator")).send().await;
    assert_eq!(published.status, 200, "{}", published.text());
    assert_eq!(put(&api, "/api/v1/journeys/nurture", &journey("two")).await.status, 200);
    let delete = async |key: &str| {
        let path = format!("/api/v1/connections/{key}");
        api.call("DELETE", &path).bearer(&api.token("administrator")).send().await
    };
    for key in ["one", "two"] {
        let refused = delete(key).await;
        assert_eq!(found(&refused), "in_use");
        assert!(refused.text().contains("journey `nurture`"), "{}", refused.text());
    }
    mail(&api).await;
    assert_eq!(delete("mail").await.status, 204, "what nobody uses goes");
}

#[tokio::test]
async fn forms_follow_from_the_settings_type_of_each_connector() {
    let api = Api::new();
    let types = get(&api, "/api/v1/connection_types").await;
    let items = types["items"].as_array().expect("types");
    let marketo = items.iter().find(|kind| kind["type"] == "marketo").expect("marketo");
    assert_eq!(marketo["label"], "Marketo Engage");
    assert!(marketo["settings"]["properties"]["munchkin_id"]["description"].is_string());
    assert_eq!(marketo["settings"]["required"], json!(["munchkin_id", "client_id"]));
    let secret = &marketo["secrets"][0];
    assert_eq!((&secret["name"], &secret["required"]), (&json!("client_secret"), &json!(true)));
    assert_eq!(marketo["destination"], json!(null), "nothing is handed to it");
    let of = |key: &str| items.iter().find(|kind| kind["type"] == key).expect("a type")["destination"].clone();
    assert_eq!((&of("linkedin")["takes"], &of("folder")["takes"]), (&json!("accounts"), &json!("people")));
    assert_eq!(of("linkedin")["settings"]["required"], json!(["ad_account"]));
    let catalogue = get(&api, "/api/v1/catalogue").await;
    assert_eq!(catalogue["connectors"], types["items"], "the catalogue says the same");
}

#[tokio::test]
async fn without_a_key_a_secret_is_refused_with_what_to_do() {
    let api = Api::without_secret_key();
    mail(&api).await;
    let refused = put(&api, "/api/v1/connections/mail/secrets/password", &json!({"value": "x"})).await;
    assert_eq!(found(&refused), "no_secret_key");
    assert!(refused.text().contains("CARAVAN_SECRET_KEY"));
}

#[tokio::test]
async fn mail_that_comes_back_because_of_how_it_is_sent_stands_under_the_problems_for_a_day() {
    let api = Api::new();
    let admin = api.token("administrator");
    let refused = |effect, at: &str, said: &str| caravan_store::reports::DeliveryReport {
        effect: caravan_model::EffectId(effect),
        rank: 3,
        state: "refused_by_policy".into(),
        code: None,
        message: Some(said.into()),
        at: at.parse().expect("an instant"),
    };
    let reports = [
        refused(1, "2026-11-30T08:59:59Z", "550 long ago"),
        refused(2, "2026-12-01T07:00:00Z", "550 5.7.26 unauthenticated."),
        refused(3, "2026-12-01T08:00:00Z", "550 5.7.25 no reverse DNS"),
    ];
    for report in &reports {
        api.store().write(|s| caravan_store::reports::put(s, report, false)).expect("it is written");
    }
    let problems = api.get("/api/v1/problems").bearer(&admin).send().await.json();
    let [problem] = problems["items"].as_array().expect("rows").as_slice() else { panic!("{problems}") };
    assert_eq!((&problem["kind"], &problem["code"]), (&json!("policy"), &json!("refused_by_policy")));
    assert_eq!(problem["since"], "2026-12-01T07:00:00Z");
    let message = problem["message"].as_str().expect("a message");
    assert!(
        message.starts_with("2 messages")
            && message.contains("550 5.7.25 no reverse DNS. The address")
            && message.contains("PTR"),
        "{message}"
    );
}

#[tokio::test]
async fn what_a_provider_of_texts_reports_of_the_account_is_a_problem_whose_rest_can_be_ended() {
    let api = Api::new();
    let admin = api.token("administrator");
    let settings = json!({"account_sid": "AC00000000000000000000000000000001", "from": "+15005550006"});
    let connection = json!({"type": "twilio", "settings": settings, "secrets": {"auth_token": {"env": "PATH"}}});
    assert_eq!(put(&api, "/api/v1/connections/twilio", &connection).await.status, 201);
    let told = |code: &str, rests: bool| caravan_store::text_troubles::TextTrouble {
        connection: "twilio".into(),
        code: code.into(),
        since: "2026-12-01T08:00:00Z".parse().expect("an instant"),
        last_at: "2026-12-01T08:30:00Z".parse().expect("an instant"),
        messages: 2,
        rests: 1,
        rests_until: rests.then(|| "2026-12-01T09:10:00Z".parse().expect("an instant")),
        probed: false,
    };
    for trouble in [told("30007", false), told("30034", true)] {
        api.store().write(|s| caravan_store::text_troubles::put(s, &trouble)).expect("it is written");
    }
    let problems = || async { api.get("/api/v1/problems").bearer(&admin).send().await.json()["items"].clone() };
    let listed = problems().await;
    let ids: Vec<_> =
        listed.as_array().expect("rows").iter().map(|row| (row["id"].clone(), row["remedies"].clone())).collect();
    assert_eq!(ids, [(json!("texts:twilio:30007"), json!([])), (json!("texts:twilio:30034"), json!(["retry"]))]);
    assert_eq!((&listed[1]["kind"], &listed[1]["next_try"]), (&json!("text_account"), &json!("2026-12-01T09:10:00Z")));
    assert!(listed[1]["message"].as_str().expect("a message").contains("Register brand and campaign"));
    let retry = || async { api.post("/api/v1/problems/texts:twilio:30034/retry").bearer(&admin).send().await.status };
    assert_eq!(retry().await, 204);
    assert_eq!(problems().await.as_array().expect("rows").len(), 1, "what is only told stays");
    assert_eq!(retry().await, 404, "it rests no more");
}
