//! Definitions over HTTP.

use serde_json::{Value, json};

use crate::support::Api;

#[tokio::test]
async fn a_definition_is_made_read_changed_listed_and_taken_away() {
    let api = Api::new();
    let token = api.token("journey_manager");
    let path = "/api/v1/account_lists/enterprise";
    let manifest = json!({"type": "dynamic", "when": {"account": "employees", "at_least": 1000}});
    let made = api.call("PUT", path).bearer(&token).json(&manifest).send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    let read = api.get(path).bearer(&token).send().await;
    assert_eq!(read.header("etag"), made.header("etag"));
    assert_eq!(read.json(), made.json());
    assert_eq!(read.json()["kind"], "account_list");
    assert_eq!(read.json()["when"], manifest["when"]);

    let again = api.call("PUT", path).bearer(&token).json(&read.json()).send().await;
    assert_eq!((again.status.as_u16(), again.header("etag")), (200, read.header("etag")), "nothing changed");

    let list = api.get("/api/v1/account_lists").bearer(&token).send().await.json();
    assert_eq!((&list["total"], &list["next_cursor"]), (&json!(1), &json!(null)));
    assert_eq!(list["items"][0]["key"], "enterprise");
    assert!(list["items"][0]["updated_by"].as_str().is_some_and(|by| by.starts_with("token:journey_manager")));

    let found = |q: &str| api.get(&format!("/api/v1/account_lists?q={q}")).bearer(&token).send();
    assert_eq!(found("PRISE").await.json()["items"][0]["key"], "enterprise");
    assert_eq!(found("other").await.json()["items"], json!([]));

    assert_eq!(api.call("DELETE", path).bearer(&token).send().await.status, 204);
    assert_eq!(api.get(path).bearer(&token).send().await.refusal(), (404, "unknown_definition".to_owned()));
    let twice = api.call("DELETE", path).bearer(&token).send().await;
    assert_eq!(twice.refusal(), (404, "unknown_definition".to_owned()));
}

#[tokio::test]
async fn a_write_on_an_older_revision_is_refused_with_both_versions() {
    let api = Api::new();
    let token = api.token("administrator");
    let put = |name: &str, seen: Option<&str>| {
        let call = api.call("PUT", "/api/v1/scores/fit").bearer(&token).json(&json!({"name": name}));
        match seen {
            Some(tag) => call.header("if-match", tag),
            None => call,
        }
    };
    let first = put("Fit", None).send().await.header("etag").to_owned();
    let second = put("Fit score", Some(&first)).send().await;
    assert_eq!(second.status, 200, "{}", second.text());
    let stale = put("Mine", Some(&first)).send().await;
    assert_eq!(stale.refusal(), (412, "stale_write".to_owned()));
    let (yours, current) = (first.trim_matches('"'), second.header("etag").trim_matches('"'));
    assert_eq!(stale.json()["versions"], json!({"yours": yours, "current": current}));
    let delete = api.call("DELETE", "/api/v1/scores/fit").bearer(&token).header("if-match", &first).send().await;
    assert_eq!(delete.refusal(), (412, "stale_write".to_owned()));
    let absent = api.call("PUT", "/api/v1/scores/none").bearer(&token).json(&json!({})).header("if-match", "\"1\"");
    assert_eq!(absent.send().await.json()["versions"], json!({"yours": "1", "current": null}));
}

#[tokio::test]
async fn a_manifest_with_mistakes_is_refused_with_every_one_of_them_and_changes_nothing() {
    let api = Api::new();
    let token = api.token("administrator");
    let manifest = json!({"type": "dynamic", "when": {"account": "employes", "at_least": 1}, "colour": "red"});
    let reply = api.call("PUT", "/api/v1/account_lists/x").bearer(&token).json(&manifest).send().await;
    assert_eq!(reply.refusal(), (422, "invalid_input".to_owned()));
    let pointers: Vec<_> =
        reply.json()["errors"].as_array().expect("errors").iter().map(|it| it["pointer"].clone()).collect();
    assert!(pointers.contains(&json!("/colour")), "{}", reply.text());
    assert_eq!(api.get("/api/v1/account_lists/x").bearer(&token).send().await.status, 404);

    let other = json!({"kind": "audience"});
    let reply = api.call("PUT", "/api/v1/account_lists/x").bearer(&token).json(&other).send().await;
    assert_eq!(reply.refusal(), (422, "other_address".to_owned()));
    assert_eq!(reply.json()["errors"][0]["pointer"], "/kind");

    let tried = api.call("PUT", "/api/v1/scores/fit?dry_run=true").bearer(&token).json(&json!({})).send().await;
    assert_eq!(tried.status, 200);
    assert_eq!(api.get("/api/v1/scores/fit").bearer(&token).send().await.status, 404);
}

#[tokio::test]
async fn every_row_of_a_list_comes_once_whatever_the_size_of_its_pages() {
    let api = Api::new();
    let token = api.token("administrator");
    for n in 0..7 {
        let put = api.call("PUT", &format!("/api/v1/scores/p{n}")).bearer(&token).json(&json!({}));
        let put = put.send().await;
        assert_eq!(put.status, 201, "{}", put.text());
    }
    for limit in [1, 3, 7, 8] {
        let (mut keys, mut cursor) = (Vec::new(), String::new());
        loop {
            let page =
                api.get(&format!("/api/v1/scores?limit={limit}&cursor={cursor}")).bearer(&token).send().await.json();
            let items = page["items"].as_array().expect("items");
            assert!(items.len() <= limit);
            keys.extend(items.iter().map(|row| row["key"].as_str().expect("a key").to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(keys, ["p0", "p1", "p2", "p3", "p4", "p5", "p6"], "limit {limit}");
    }
}

#[tokio::test]
async fn the_catalogue_lists_actions_with_their_schemas() {
    let api = Api::new();
    let catalogue = api.get("/api/v1/catalogue").bearer(&api.token("viewer")).send().await.json();
    let actions = catalogue["actions"].as_array().expect("actions");
    assert_eq!(actions.len(), caravan_catalog::ACTIONS.len());
    assert!(actions.iter().all(|action| action["schema"]["type"] == "object"));
    assert!(catalogue["events"].as_array().is_some_and(|events| events.iter().any(|it| it["type"] == "email_clicked")));
}

#[tokio::test]
async fn every_kind_tells_its_schema_and_which_fields_name_others() {
    let api = Api::new();
    let token = api.token("viewer");
    let kinds = api.get("/api/v1/kinds").bearer(&token).send().await.json();
    let items = kinds["items"].as_array().expect("items");
    assert_eq!(items.len(), caravan_model::document::KINDS.len());
    let of = |kind: &str| items.iter().find(|it| it["kind"] == kind).expect("the kind");
    let template = of("solution_interest").pointer("/schema/properties/roles_template/x-reference");
    assert_eq!(template, Some(&json!("roles_template")));
    assert_eq!(of("role")["built_in"][0], "Decision Maker");
    assert_eq!(of("account_list")["life_cycle"], "publish");
}

/// What somebody wrote into the first steps.
fn first_steps() -> Value {
    json!([
        {"kind": "settings", "key": "settings", "organisation": "Acme", "postal_address": "1 Main St"},
        {"kind": "connection", "key": "mail", "type": "smtp",
         "settings": {"host": "localhost", "security": "none", "from": {"name": "Acme", "email": "a@acme.example"}}},
    ])
}

/// What the app offers to begin with, as the app fills it in.
fn beginnings() -> Vec<(String, Vec<Value>)> {
    let text = include_str!("../../../../web/src/welcome/templates.json");
    let filled = text.replace("\"CONNECTION\"", "\"mail\"").replace("\"END\"", "\"2027-11-01T00:00:00Z\"");
    let all: Vec<Value> = serde_json::from_str(&filled).expect("templates");
    let named = |it: Value| {
        let manifests = it["manifests"].as_array().cloned().unwrap_or_default();
        (it["id"].as_str().unwrap_or_default().to_owned(), manifests)
    };
    all.into_iter().map(named).collect()
}

#[tokio::test]
async fn every_journey_that_the_app_offers_to_begin_with_can_be_published_in_an_empty_store() {
    let beginnings = beginnings();
    assert!(beginnings.len() >= 3);
    for (name, manifests) in beginnings {
        let api = Api::new();
        let token = api.token("administrator");
        let apply = |manifests: Value| {
            api.post("/api/v1/manifests").bearer(&token).json(&json!({"manifests": manifests})).send()
        };
        assert_eq!(apply(first_steps()).await.status, 200);
        let journey = manifests.iter().find(|it| it["kind"] == "journey").expect("a journey")["key"].clone();
        let journey = journey.as_str().expect("a key");
        let applied = apply(Value::Array(manifests.clone())).await;
        assert_eq!(applied.status, 200, "{name}: {}", applied.text());
        assert_eq!(applied.json()["created"].as_array().map(Vec::len), Some(manifests.len()), "{name}");
        assert_eq!(applied.json()["warnings"], json!([]), "{name}");
        let published = api.post(&format!("/api/v1/journeys/{journey}/publish")).bearer(&token).json(&json!({}));
        let published = published.send().await;
        assert_eq!(published.status, 200, "{name}: {}", published.text());
    }
}

#[tokio::test]
async fn manifests_are_applied_together_or_not_at_all_and_each_asks_for_its_own_permission() {
    let api = Api::new();
    let apply = |role: &str, body: Value| {
        let token = api.token(role);
        let call = api.post("/api/v1/manifests").bearer(&token).json(&body);
        call.send()
    };
    let score = json!({"kind": "score", "key": "fit"});
    let email = json!({"kind": "email", "key": "hello", "connection": "nowhere", "subject": "Hi", "body": {"html": "<p>x</p>"}});
    let refused = apply("administrator", json!({"manifests": [score, email]})).await;
    assert_eq!(refused.refusal(), (422, "invalid_input".to_owned()));
    let token = api.token("viewer");
    assert_eq!(api.get("/api/v1/scores/fit").bearer(&token).send().await.status, 404, "nothing was kept");

    let domain = json!({"kind": "settings", "key": "settings", "organisation": "Acme"});
    let denied = apply("journey_manager", json!({"manifests": [score, domain]})).await;
    assert_eq!(denied.refusal(), (403, "not_allowed".to_owned()));
    let dry = apply("journey_manager", json!({"manifests": [score], "dry_run": true})).await;
    assert_eq!(dry.json()["created"], json!([{"kind": "score", "key": "fit"}]));
    assert_eq!(api.get("/api/v1/scores/fit").bearer(&token).send().await.status, 404, "a dry run keeps nothing");
    assert_eq!(apply("journey_manager", json!({"manifests": [score]})).await.status, 200);
    assert_eq!(apply("journey_manager", json!({"manifests": []})).await.refusal(), (400, "invalid_field".to_owned()));
    let odd = apply("journey_manager", json!({"manifests": [score, {"kind": "score"}]})).await;
    let pointer = odd.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
    assert!(pointer.starts_with("/manifests/1"), "{}", odd.text());
}

#[tokio::test]
async fn nothing_stands_against_any_design_that_the_app_offers_for_emails() {
    let designs: Vec<Value> =
        serde_json::from_str(include_str!("../../../../web/src/content/designs.json")).expect("designs");
    let api = Api::new();
    let token = api.token("administrator");
    let first = api.post("/api/v1/manifests").bearer(&token).json(&json!({"manifests": first_steps()})).send().await;
    assert_eq!(first.status, 200, "{}", first.text());
    assert!(designs.len() >= 4);
    for design in designs {
        let email = json!({"kind": "email", "key": "new", "connection": "mail", "subject": design["subject"],
                           "body": {"mjml": design["mjml"]}});
        let found = api.post("/api/v1/content/findings").bearer(&token).json(&email).send().await;
        assert_eq!(found.json()["items"], json!([]), "{}", design["id"]);
    }
}
