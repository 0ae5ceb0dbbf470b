//! Segment's calls.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Api, Reply};

async fn call(api: &Api, key: &str, path: &str, body: &Value) -> Reply {
    let basic = format!("Basic {}", STANDARD.encode(format!("{key}:")));
    api.post(path).header("authorization", &basic).text("text/plain", &body.to_string()).send().await
}

#[tokio::test]
async fn a_person_an_account_and_what_was_done_come_in_and_a_message_counts_once() {
    let api = Api::new();
    let key = api.token("journey_manager");
    let group = json!({"messageId": "m1", "userId": "ada", "groupId": "acme", "traits": {"name": "Acme"}});
    let identify =
        json!({"messageId": "m2", "userId": "ada", "traits": {"email": "ada@acme.example", "firstName": "Ada"}});
    assert_eq!(call(&api, &key, "/v1/identify", &identify).await.json()["accepted"], 1);
    let grouped = call(&api, &key, "/v1/group", &group).await;
    assert_eq!((grouped.status.as_u16(), &grouped.json()["accepted"]), (200, &json!(1)), "{}", grouped.text());
    let track = json!({"type": "track", "messageId": "m3", "userId": "ada", "event": "Demo Requested"});
    let page =
        json!({"type": "page", "messageId": "m4", "userId": "ada", "properties": {"url": "https://acme.example"}});
    let batch = json!({"batch": [track, page, track, {"type": "alias", "userId": "x"}]});
    let first = call(&api, &key, "/v1/batch", &batch).await.json();
    assert_eq!((&first["success"], &first["accepted"]), (&json!(true), &json!(2)), "{first}");
    let again = call(&api, &key, "/v1/batch", &batch).await.json();
    assert_eq!((&again["accepted"], &again["repeated"]), (&json!(0), &json!(3)), "{again}");

    let timeline = api.get("/api/v1/people/ada/timeline").bearer(&key).send().await.json();
    let count =
        |kind: &str| timeline["items"].as_array().expect("items").iter().filter(|it| it["type"] == kind).count();
    assert_eq!((count("demo_requested"), count("page_viewed")), (1, 1), "{timeline}");
    for (types, found) in [("page_*", 1), ("page_viewed,%20demo_*", 2), ("page", 0), ("page%25", 0), ("", 2)] {
        let narrowed = api.get(&format!("/api/v1/people/ada/timeline?type={types}")).bearer(&key).send().await.json();
        assert_eq!(narrowed["items"].as_array().map(Vec::len), Some(found), "{types}: {narrowed}");
    }
    let many = vec!["a"; 21].join(",");
    let refused = api.get(&format!("/api/v1/people/ada/timeline?type={many}")).bearer(&key).send().await;
    assert_eq!(refused.refusal(), (400, "too_many_types".to_owned()));
    let ada = api.get("/api/v1/people/ada").bearer(&key).send().await.json();
    assert_eq!((&ada["first_name"], &ada["accounts"][0]["key"]), (&json!("Ada"), &json!("acme")));
}

#[tokio::test]
async fn a_call_without_a_good_key_or_with_a_broken_body_is_refused() {
    let api = Api::new();
    let track = json!({"userId": "ada", "event": "x"});
    assert_eq!(call(&api, "nonsense", "/v1/track", &track).await.refusal(), (401, "wrong_token".to_owned()));
    assert_eq!(call(&api, &api.token("viewer"), "/v1/track", &track).await.refusal(), (403, "not_allowed".to_owned()));
    let key = api.token("administrator");
    assert_eq!(call(&api, &key, "/v1/batch", &json!({})).await.refusal(), (422, "invalid_batch".to_owned()));
    let basic = format!("Basic {}", STANDARD.encode(format!("{key}:")));
    let broken = api.post("/v1/track").header("authorization", &basic).text("text/plain", "{").send().await;
    assert_eq!(broken.refusal(), (400, "malformed_json".to_owned()));
}

#[tokio::test]
async fn the_write_key_may_stand_in_the_body_of_a_segment_call_and_nowhere_else() {
    let api = Api::new();
    let key = api.token("channel_manager");
    let identify = |key: &str| json!({"writeKey": key, "messageId": "m1", "userId": "ada", "traits": {"email": "ada@acme.example"}});
    let taken = api.post("/v1/identify").json(&identify(&key)).send().await;
    assert_eq!((taken.status.as_u16(), &taken.json()["accepted"]), (200, &json!(1)), "{}", taken.text());
    let wrong = api.post("/v1/identify").json(&identify("nonsense")).send().await;
    assert_eq!(wrong.refusal(), (401, "wrong_token".to_owned()));
    let without = api.post("/v1/identify").json(&json!({"userId": "ada"})).send().await;
    assert_eq!(without.refusal(), (401, "not_signed_in".to_owned()));
    let elsewhere = api.post("/api/v1/import/people").json(&identify(&key)).send().await;
    assert_eq!(elsewhere.refusal(), (401, "not_signed_in".to_owned()));
    let huge = api.post("/v1/batch").text("application/json", &"x".repeat(1024 * 1024 + 1)).send().await;
    assert_eq!(huge.refusal(), (413, "body_too_large".to_owned()));
}
