//! Who gets in, and how far.

use caravan_api::access::{AccessError, GRANTS, PUBLIC, Permission, Role, add_user, create_token, reset_user};
use caravan_api::openapi_document;
use caravan_store::access::AuditBy;
use caravan_store::ordered::Sort;
use serde_json::json;

use crate::support::{Api, Reply};

fn cookie_of(reply: &Reply) -> String {
    reply.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
}

async fn sign_in(api: &Api, email: &str, password: &str) -> Reply {
    api.post("/api/v1/session").json(&json!({"email": email, "password": password})).send().await
}

/// Every operation of the document: method, path with its parameters filled in, permission.
fn operations() -> Vec<(String, String, String, Option<String>)> {
    let document = openapi_document();
    let paths = document["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            let filled: String = path
                .split('/')
                .map(|part| if part.starts_with('{') { "/x" } else { part })
                .fold(String::new(), |whole, part| format!("{whole}/{}", part.trim_start_matches('/')));
            let permission = operation["x-permission"].as_str().map(str::to_owned);
            all.push((method.to_uppercase(), path.clone(), filled.replacen("//", "/", 1), permission));
        }
    }
    assert!(all.len() > 100, "only {} operations", all.len());
    all
}

#[tokio::test]
async fn every_operation_that_is_not_listed_as_public_refuses_strangers() {
    let api = Api::new();
    for (method, path, filled, permission) in operations() {
        let public = PUBLIC.contains(&(method.as_str(), path.as_str()));
        assert_eq!(permission.is_none(), public, "{method} {path} is public or asks for a permission");
        if !public {
            let reply = api.call(&method, &filled).send().await;
            assert_eq!(reply.refusal(), (401, "not_signed_in".to_owned()), "{method} {path}");
            assert!(reply.header("www-authenticate").starts_with("Bearer"));
        }
    }
}

#[tokio::test]
async fn every_operation_refuses_a_role_without_its_permission() {
    let api = Api::new();
    let tokens: Vec<(Role, String)> = GRANTS.iter().map(|(role, _)| (*role, api.token(role.key()))).collect();
    for (method, path, filled, permission) in operations() {
        let Some(permission) = permission.filter(|it| it != "signed_in") else { continue };
        for (role, token) in &tokens {
            let granted = GRANTS.iter().find(|(it, _)| it == role).map(|(_, all)| *all).unwrap_or_default();
            if granted.iter().any(|it| it.key() == permission) {
                continue;
            }
            let reply = api.call(&method, &filled).bearer(token).send().await;
            assert_eq!(reply.refusal(), (403, "not_allowed".to_owned()), "{role} {method} {path}");
        }
    }
}

#[tokio::test]
async fn everybody_who_may_write_definitions_may_read_them_and_only_administrators_may_all() {
    for (role, granted) in GRANTS {
        if granted.contains(&Permission::WriteDefinitions) {
            assert!(granted.contains(&Permission::ReadDefinitions), "{role}");
        }
        assert_eq!(granted.contains(&Permission::WriteSettings), *role == Role::Administrator, "{role}");
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_as_a_problem_even_beside_a_good_session() {
    let api = Api::new();
    let password = add_user(api.store(), &api.random, "ada@acme.example", "administrator").expect("a user");
    let cookie = cookie_of(&sign_in(&api, "ada@acme.example", &password).await);
    for wrong in ["Bearer nonsense", "Bearer ", "Nonsense", "Basic bm9uc2Vuc2U6", "Bearer \u{fc}"] {
        let reply = api.get("/api/v1/emails").header("authorization", wrong).header("cookie", &cookie).send().await;
        assert_eq!(reply.refusal(), (401, "wrong_token".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn a_user_signs_in_reads_writes_with_the_csrf_token_and_signs_out() {
    let api = Api::new();
    let password = add_user(api.store(), &api.random, "Ada@Acme.example", "journey_manager").expect("a user");
    let signed_in = sign_in(&api, " ada@acme.EXAMPLE ", &password).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    assert_eq!(signed_in.json()["user"], json!({"email": "ada@acme.example", "role": "journey_manager"}));
    let set = signed_in.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    let (cookie, csrf) = (cookie_of(&signed_in), signed_in.json()["csrf"].as_str().unwrap_or_default().to_owned());
    let again = api.get("/api/v1/session").header("cookie", &cookie).send().await;
    assert_eq!(again.json(), signed_in.json());
    assert_eq!(again.header("cache-control"), "no-store");

    let score = json!({"name": "Fit"});
    let write = || api.call("PUT", "/api/v1/scores/fit").header("cookie", &cookie).json(&score);
    assert_eq!(write().send().await.refusal(), (403, "csrf_missing".to_owned()));
    assert_eq!(write().header("x-csrf-token", "guess").send().await.refusal(), (403, "csrf_missing".to_owned()));
    let written = write().header("x-csrf-token", &csrf).send().await;
    assert_eq!(written.status, 201, "{}", written.text());

    let out = api.call("DELETE", "/api/v1/session").header("cookie", &cookie).header("x-csrf-token", &csrf);
    let out = out.send().await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let gone = api.get("/api/v1/session").header("cookie", &cookie).send().await;
    assert_eq!(gone.refusal(), (401, "session_ended".to_owned()));
}

#[tokio::test]
async fn what_was_done_by_hand_is_written_down_with_who_did_it() {
    let api = Api::new();
    let token = create_token(api.store(), &api.random, "deploy", "journey_manager").expect("a token");
    let put = api.call("PUT", "/api/v1/scores/fit").bearer(&token).json(&json!({})).send().await;
    assert_eq!(put.status, 201, "{}", put.text());
    let refused = api.call("PUT", "/api/v1/scores/FIT").bearer(&token).json(&json!({})).send().await;
    assert_eq!(refused.status, 422);
    let newest = Sort::down(AuditBy::At);
    let rows = api.store().read(|s| caravan_store::access::records(s, "", newest, None, 10)).expect("records");
    let told: Vec<_> =
        rows.iter().map(|(row, _)| (row.actor.as_str(), row.what.as_str(), row.subject.as_str())).collect();
    assert_eq!(told, [("token:deploy", "PUT", "/api/v1/scores/fit"), ("command line", "token created", "deploy")]);
}

#[tokio::test]
async fn a_session_ends_after_two_weeks_and_at_a_reset_of_the_password() {
    let api = Api::new();
    let first = add_user(api.store(), &api.random, "ada@acme.example", "viewer").expect("a user");
    let cookie = cookie_of(&sign_in(&api, "ada@acme.example", &first).await);
    let show = || api.get("/api/v1/session").header("cookie", &cookie);
    api.after(13 * 86_400);
    assert_eq!(show().send().await.status, 200);
    api.after(86_400);
    assert_eq!(show().send().await.refusal(), (401, "session_ended".to_owned()));

    let cookie = cookie_of(&sign_in(&api, "ada@acme.example", &first).await);
    let second = reset_user(api.store(), &api.random, "ada@acme.example").expect("it is reset");
    let show = api.get("/api/v1/session").header("cookie", &cookie).send().await;
    assert_eq!(show.refusal(), (401, "session_ended".to_owned()));
    assert_eq!(sign_in(&api, "ada@acme.example", &first).await.refusal(), (401, "wrong_password".to_owned()));
    assert_eq!(sign_in(&api, "ada@acme.example", &second).await.status, 200);
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_and_tells_nothing_about_who_exists() {
    let api = Api::new();
    let password = add_user(api.store(), &api.random, "ada@acme.example", "viewer").expect("a user");
    for email in ["ada@acme.example", "nobody@acme.example"] {
        for _ in 0..5 {
            assert_eq!(sign_in(&api, email, "guess").await.refusal(), (401, "wrong_password".to_owned()));
        }
        let refused = sign_in(&api, email, &password).await;
        assert_eq!(refused.refusal(), (429, "too_many_tries".to_owned()));
        assert_eq!(refused.header("retry-after"), "5");
    }
    api.after(5);
    assert_eq!(sign_in(&api, "ada@acme.example", &password).await.status, 200);
}

#[test]
fn what_makes_no_user_or_token_is_said_with_a_code() {
    let api = Api::new();
    let refused = |made: Result<String, AccessError>| made.map_err(|error| error.code()).expect_err("it is refused");
    assert_eq!(refused(add_user(api.store(), &api.random, "ada", "viewer")), "bad_email");
    assert_eq!(refused(add_user(api.store(), &api.random, "a@b", "king")), "unknown_role");
    assert_eq!(refused(reset_user(api.store(), &api.random, "a@b")), "unknown_user");
    assert_eq!(refused(create_token(api.store(), &api.random, " ", "viewer")), "bad_name");
    add_user(api.store(), &api.random, "a@b", "viewer").expect("a user");
    assert_eq!(refused(add_user(api.store(), &api.random, "A@B", "viewer")), "exists_already");
    create_token(api.store(), &api.random, "ci", "viewer").expect("a token");
    assert_eq!(refused(create_token(api.store(), &api.random, "ci", "viewer")), "exists_already");
}
