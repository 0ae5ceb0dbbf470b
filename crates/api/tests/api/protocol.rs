//! What holds for every address: problems, limits, headers, the app's pages.

use serde_json::json;

use crate::support::Api;

#[tokio::test]
async fn what_no_route_knows_is_a_problem() {
    let api = Api::new();
    for (method, path) in [("GET", "/api/v1/nope"), ("POST", "/v1/nope"), ("GET", "/t/nope"), ("POST", "/anything")] {
        let reply = api.call(method, path).send().await;
        assert_eq!(reply.refusal(), (404, "unknown_address".to_owned()), "{method} {path}");
    }
    let token = api.token("administrator");
    let reply = api.call("DELETE", "/api/v1/emails").bearer(&token).send().await;
    assert_eq!(reply.refusal(), (405, "wrong_method".to_owned()));
}

#[tokio::test]
async fn a_body_that_is_no_json_too_large_or_of_another_type_is_a_problem_that_says_so() {
    let api = Api::new();
    let token = api.token("administrator");
    let put = || api.call("PUT", "/api/v1/scores/fit").bearer(&token);
    let broken = put().text("application/json", "{\"name\": ").send().await;
    assert_eq!(broken.refusal(), (400, "malformed_json".to_owned()));
    assert_eq!(broken.json()["errors"][0]["pointer"], "/name", "where it broke off");
    let form = put().text("text/plain", "{}").send().await;
    assert_eq!(form.refusal(), (415, "not_json".to_owned()));
    let large = put().json(&json!({"name": "x".repeat(5 * 1024 * 1024)})).send().await;
    assert_eq!(large.refusal(), (413, "body_too_large".to_owned()));
    let field = api.post("/api/v1/session").json(&json!({"email": 7, "password": "x"})).send().await;
    assert_eq!(field.refusal(), (400, "invalid_field".to_owned()));
    assert_eq!(field.json()["errors"][0]["pointer"], "/email");
}

#[tokio::test]
async fn a_wrong_limit_or_cursor_is_a_problem() {
    let api = Api::new();
    let token = api.token("viewer");
    for (query, code) in [
        ("limit=0", "bad_limit"),
        ("limit=201", "bad_limit"),
        ("limit=x", "bad_query"),
        ("cursor=%25%25", "bad_cursor"),
        ("cursor=bm9wZQ", "bad_cursor"),
    ] {
        let reply = api.get(&format!("/api/v1/emails?{query}")).bearer(&token).send().await;
        assert_eq!(reply.refusal(), (400, code.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn every_answer_forbids_guessing_framing_and_foreign_scripts() {
    let api = Api::new();
    for path in ["/healthz", "/api/v1/session", "/api/docs", "/nowhere"] {
        let reply = api.get(path).send().await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{path}");
        assert!(reply.header("content-security-policy").contains("script-src 'self'"), "{path}");
    }
}

#[tokio::test]
async fn health_readiness_and_metrics_answer_without_signing_in() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let api = Api::with(|state| state.metrics = Some(recorder.handle()));
    metrics::with_local_recorder(&recorder, || metrics::counter!("caravan_tested_total").increment(3));
    assert_eq!(api.get("/healthz").send().await.json()["status"], "ok");
    assert_eq!(api.get("/readyz").send().await.json()["status"], "ok");
    let reply = api.get("/metrics").send().await;
    assert!(reply.header("content-type").starts_with("text/plain"));
    assert!(reply.text().contains("caravan_tested_total 3"), "{}", reply.text());
}

#[tokio::test]
async fn caught_mail_is_off_where_there_is_no_catcher() {
    let api = Api::new();
    let reply = api.get("/api/v1/mail").bearer(&api.token("administrator")).send().await;
    assert_eq!(reply.refusal(), (404, "mail_catcher_off".to_owned()));
    let organisation = api.get("/api/v1/organisation").bearer(&api.token("viewer")).send().await.json();
    assert_eq!(
        organisation,
        json!({"name": "Caravan", "time_zone": "UTC", "version": env!("CARGO_PKG_VERSION"), "demo": false, "mail_catcher": false})
    );
}
