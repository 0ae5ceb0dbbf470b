//! Looking after an installation through the API.

use caravan_api::access::add_user;
use serde_json::{Value, json};

use crate::on_both_stores;
use crate::support::{Api, Reply};

on_both_stores! {
    a_user_is_added_signs_in_gets_another_role_and_is_taken_away
    an_administrator_is_always_left
    an_access_role_of_ones_own_lets_its_users_and_tokens_do_what_it_says_at_once
    nobody_gives_or_takes_more_than_they_have
    an_access_role_that_somebody_has_stays
    a_token_is_told_once_works_and_is_refused_once_it_is_taken_away
    what_was_done_by_hand_is_listed_newest_first_and_searched
    background_work_is_listed_and_done_at_once
    storage_tells_every_table_with_its_rows_and_room
    a_file_of_machines_is_loaded_whole_or_not_at_all_and_says_who_loaded_it
}

async fn sign_in(api: &Api, email: &str, password: &str) -> Reply {
    api.post("/api/v1/session").json(&json!({"email": email, "password": password})).send().await
}

fn texts<'a>(items: &'a Value, field: &str) -> Vec<&'a str> {
    items["items"].as_array().into_iter().flatten().filter_map(|item| item[field].as_str()).collect()
}

async fn a_user_is_added_signs_in_gets_another_role_and_is_taken_away(api: Api) {
    let admin = api.token("administrator");
    let put = |role: &str, disabled: bool| {
        api.call("PUT", "/api/v1/users/Ada@Acme.example")
            .bearer(&admin)
            .json(&json!({"role": role, "disabled": disabled}))
            .send()
    };
    let added = put("viewer", false).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let password = added.json()["password"].as_str().expect("a password").to_owned();
    let signed_in = sign_in(&api, "ada@acme.example", &password).await;
    assert_eq!(signed_in.json()["user"]["role"], "viewer");
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let session = || api.get("/api/v1/session").header("cookie", &cookie).send();

    let changed = put("journey_manager", false).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["password"]), (200, &Value::Null));
    assert_eq!(session().await.json()["user"]["role"], "journey_manager");
    let listed = api.get("/api/v1/users").bearer(&admin).send().await.json();
    let now = api.clock.now().to_string();
    assert_eq!(
        listed["items"],
        json!([{"email": "ada@acme.example", "role": "journey_manager", "disabled": false,
                "created_at": now, "signed_in_at": now}])
    );

    assert_eq!(put("journey_manager", true).await.status, 200);
    assert_eq!(session().await.refusal(), (401, "session_ended".to_owned()));
    assert_eq!(sign_in(&api, "ada@acme.example", &password).await.refusal().0, 401);

    let reset = api.post("/api/v1/users/ada@acme.example/password").bearer(&admin).send().await.json();
    let second = reset["password"].as_str().expect("a password");
    assert_ne!(second, password);
    assert_eq!(sign_in(&api, "ada@acme.example", second).await.status, 200, "a reset lets the user in again");

    let delete = || api.call("DELETE", "/api/v1/users/ada@acme.example").bearer(&admin).send();
    assert_eq!(delete().await.status, 204);
    assert_eq!(delete().await.refusal(), (404, "unknown_user".to_owned()));
    assert_eq!(put("viewer", true).await.refusal(), (404, "unknown_user".to_owned()), "nobody is added disabled");
}

async fn an_administrator_is_always_left(api: Api) {
    let password = add_user(api.store(), &api.random, "ada@acme.example", "administrator").expect("a user");
    let signed_in = sign_in(&api, "ada@acme.example", &password).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let csrf = signed_in.json()["csrf"].as_str().unwrap_or_default().to_owned();
    let own = |method: &str| {
        api.call(method, "/api/v1/users/ada@acme.example").header("cookie", &cookie).header("x-csrf-token", &csrf)
    };
    assert_eq!(own("DELETE").send().await.refusal(), (409, "own_user".to_owned()));
    let demoted = own("PUT").json(&json!({"role": "viewer"})).send().await;
    assert_eq!(demoted.refusal(), (409, "own_user".to_owned()));

    let token = api.token("administrator");
    let demote = || {
        let call = api.call("PUT", "/api/v1/users/ada@acme.example").bearer(&token);
        call.json(&json!({"role": "viewer"})).send()
    };
    assert_eq!(demote().await.refusal(), (409, "last_administrator".to_owned()));
    add_user(api.store(), &api.random, "bo@acme.example", "administrator").expect("a user");
    assert_eq!(demote().await.status, 200);
    let delete = api.call("DELETE", "/api/v1/users/bo@acme.example").bearer(&token).send().await;
    assert_eq!(delete.refusal(), (409, "last_administrator".to_owned()));
}

/// Defines an access role as an administrator.
async fn access_role(api: &Api, key: &str, permissions: &[&str]) {
    let body = json!({"name": format!("The {key}"), "description": "For trials.", "permissions": permissions});
    let put = api.call("PUT", &format!("/api/v1/access_roles/{key}")).bearer(&api.token("administrator")).json(&body);
    let put = put.send().await;
    assert!(put.status.is_success(), "{}", put.text());
}

async fn an_access_role_of_ones_own_lets_its_users_and_tokens_do_what_it_says_at_once(api: Api) {
    access_role(&api, "scorer", &["definitions:read", "definitions:write"]).await;
    let admin = api.token("administrator");
    let put = api.call("PUT", "/api/v1/users/ada@acme.example").bearer(&admin).json(&json!({"role": "scorer"}));
    let added = put.send().await;
    assert_eq!((added.status.as_u16(), &added.json()["role"]), (201, &json!("scorer")), "{}", added.text());
    let password = added.json()["password"].as_str().expect("a password").to_owned();
    let signed_in = sign_in(&api, "ada@acme.example", &password).await;
    let session = signed_in.json();
    assert_eq!(session["user"], json!({"email": "ada@acme.example", "role": "scorer"}));
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let csrf = session["csrf"].as_str().unwrap_or_default();
    let write = || {
        let call = api.call("PUT", "/api/v1/scores/fit").header("cookie", &cookie).header("x-csrf-token", csrf);
        call.json(&json!({})).send()
    };
    let token = api.token("scorer");
    let people = || api.get("/api/v1/people").bearer(&token).send();
    assert_eq!(write().await.status, 201);
    assert_eq!(people().await.refusal(), (403, "not_allowed".to_owned()));

    access_role(&api, "scorer", &["definitions:read", "customers:read"]).await;
    assert_eq!(write().await.refusal(), (403, "not_allowed".to_owned()), "the role changed for everybody who has it");
    assert_eq!(people().await.status, 200);

    let roles = api.get("/api/v1/user_roles").bearer(&token).send().await.json();
    let listed: Vec<_> = roles["items"].as_array().expect("roles").iter().map(|it| it["role"].clone()).collect();
    assert_eq!(listed, ["administrator", "journey_manager", "channel_manager", "sales", "viewer", "scorer"]);
    let own = &roles["items"][5];
    assert_eq!(
        (&own["name"], &own["about"], &own["built_in"]),
        (&json!("The scorer"), &json!("For trials."), &json!(false))
    );
    let keys: Vec<_> = own["permissions"].as_array().expect("permissions").iter().map(|it| it["key"].clone()).collect();
    assert_eq!(keys, ["definitions:read", "customers:read"]);
    let may_give: Vec<_> = roles["items"].as_array().expect("roles").iter().map(|it| it["may_give"].clone()).collect();
    assert_eq!(may_give, [false, false, false, false, true, true], "the sales role decides about groups too");

    let unknown = api.call("PUT", "/api/v1/users/bo@acme.example").bearer(&admin).json(&json!({"role": "scorrer"}));
    let refused = unknown.send().await;
    assert_eq!(refused.refusal(), (400, "unknown_role".to_owned()));
    assert!(refused.text().contains("scorer"), "{}", refused.text());
}

async fn nobody_gives_or_takes_more_than_they_have(api: Api) {
    access_role(&api, "doorkeeper", &["access:manage", "settings:write", "definitions:read", "customers:read"]).await;
    let (token, admin) = (api.token("doorkeeper"), api.token("administrator"));
    add_user(api.store(), &api.random, "ada@acme.example", "administrator").expect("a user");
    add_user(api.store(), &api.random, "bo@acme.example", "administrator").expect("a user");
    let more = (403, "more_than_own".to_owned());
    let send = |method: &'static str, path: &'static str, body: Value| {
        let call = api.call(method, path).bearer(&token).json(&body);
        call.send()
    };
    for role in ["administrator", "journey_manager", "sales"] {
        let body = json!({"role": role});
        assert_eq!(send("PUT", "/api/v1/users/cy@acme.example", body.clone()).await.refusal(), more, "{role}");
        assert_eq!(send("PUT", "/api/v1/tokens/mine", body).await.refusal(), more, "{role}");
    }
    let nothing = Value::Null;
    assert_eq!(send("PUT", "/api/v1/users/cy@acme.example", json!({"role": "viewer"})).await.status, 201);
    assert_eq!(send("PUT", "/api/v1/tokens/mine", json!({"role": "doorkeeper"})).await.status, 201);
    assert_eq!(send("PUT", "/api/v1/users/ada@acme.example", json!({"role": "viewer"})).await.refusal(), more);
    assert_eq!(send("DELETE", "/api/v1/users/ada@acme.example", nothing.clone()).await.refusal(), more);
    assert_eq!(send("POST", "/api/v1/users/ada@acme.example/password", nothing.clone()).await.refusal(), more);
    let made = api.call("PUT", "/api/v1/tokens/deploy").bearer(&admin).json(&json!({"role": "administrator"}));
    assert_eq!(made.send().await.status, 201);
    assert_eq!(send("DELETE", "/api/v1/tokens/deploy", nothing.clone()).await.refusal(), more);

    let all = json!({"permissions": ["access:manage", "customers:delete"]});
    assert_eq!(send("PUT", "/api/v1/access_roles/doorkeeper", all.clone()).await.refusal(), more, "not their own");
    assert_eq!(send("PUT", "/api/v1/access_roles/other", all.clone()).await.refusal(), more, "and no other");
    let batch = json!({"manifests": [{"kind": "access_role", "key": "other", "permissions": ["mail:read"]}]});
    assert_eq!(send("POST", "/api/v1/manifests", batch).await.refusal(), more, "nor among others");
    access_role(&api, "eraser", &["customers:delete"]).await;
    let less = json!({"permissions": ["customers:read"]});
    assert_eq!(send("PUT", "/api/v1/access_roles/eraser", less.clone()).await.refusal(), more, "nor is it taken");
    assert_eq!(send("DELETE", "/api/v1/access_roles/eraser", nothing.clone()).await.refusal(), more);
    assert_eq!(send("PUT", "/api/v1/access_roles/reader", less).await.status, 201);
}

async fn an_access_role_that_somebody_has_stays(api: Api) {
    access_role(&api, "reader", &["definitions:read"]).await;
    let admin = api.token("administrator");
    let delete = || api.call("DELETE", "/api/v1/access_roles/reader").bearer(&admin).send();
    let put = |role: &'static str| {
        let call = api.call("PUT", "/api/v1/users/ada@acme.example").bearer(&admin);
        call.json(&json!({"role": role})).send()
    };
    assert_eq!(put("reader").await.status, 201);
    let refused = delete().await;
    assert_eq!(refused.refusal(), (422, "invalid_input".to_owned()));
    assert_eq!(refused.json()["errors"][0]["code"], "in_use", "{}", refused.text());
    assert_eq!(put("viewer").await.status, 200);
    assert_eq!(delete().await.status, 204);
    assert_eq!(put("reader").await.refusal(), (400, "unknown_role".to_owned()));
}

async fn a_token_is_told_once_works_and_is_refused_once_it_is_taken_away(api: Api) {
    let admin = api.token("administrator");
    let put = |name: &str| {
        let call = api.call("PUT", &format!("/api/v1/tokens/{name}")).bearer(&admin);
        call.json(&json!({"role": "viewer"})).send()
    };
    let made = put("crm%20sync").await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["name"], "crm sync");
    let token = made.json()["token"].as_str().expect("a token").to_owned();
    assert_eq!(put("crm%20sync").await.refusal(), (409, "exists_already".to_owned()));
    assert_eq!(api.get("/api/v1/emails").bearer(&token).send().await.status, 200);

    let listed = api.get("/api/v1/tokens").bearer(&admin).send().await;
    assert!(!listed.text().contains(&token), "a token is told once");
    let row = listed.json()["items"].as_array().into_iter().flatten().find(|row| row["name"] == "crm sync").cloned();
    assert_eq!(row.expect("the token")["last_used_at"], api.clock.now().to_string());

    let delete = || api.call("DELETE", "/api/v1/tokens/crm%20sync").bearer(&admin).send();
    assert_eq!(delete().await.status, 204);
    assert_eq!(api.get("/api/v1/emails").bearer(&token).send().await.refusal(), (401, "wrong_token".to_owned()));
    assert_eq!(delete().await.refusal(), (404, "unknown_token".to_owned()));
}

async fn what_was_done_by_hand_is_listed_newest_first_and_searched(api: Api) {
    let admin = api.token("administrator");
    for key in ["fit", "fit_2", "reach"] {
        let put = api.call("PUT", &format!("/api/v1/scores/{key}")).bearer(&admin).json(&json!({})).send().await;
        assert_eq!(put.status, 201, "{}", put.text());
    }
    let get = |query: &str| api.get(&format!("/api/v1/audit{query}")).bearer(&admin).send();
    let first = get("?limit=2").await.json();
    assert_eq!(texts(&first, "subject"), ["/api/v1/scores/reach", "/api/v1/scores/fit_2"]);
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = get(&format!("?limit=1&cursor={cursor}")).await.json();
    assert_eq!(texts(&second, "subject"), ["/api/v1/scores/fit"]);
    assert_eq!(texts(&second, "what"), ["PUT"]);
    let found = get("?q=SCORES/FIT_").await.json();
    assert_eq!(texts(&found, "subject"), ["/api/v1/scores/fit_2"], "the underscore is no wildcard");
    let mine = get("?q=command%20LINE").await.json();
    assert_eq!(texts(&mine, "what"), ["token created"]);

    let put = api.call("PUT", "/api/v1/users/ada%40acme.example").bearer(&admin).json(&json!({"role": "viewer"}));
    assert_eq!(put.send().await.status, 201);
    let about_ada = get("?q=ada%40acme.example").await.json();
    assert_eq!(texts(&about_ada, "subject"), ["/api/v1/users/ada@acme.example"], "however the address was called");
}

async fn background_work_is_listed_and_done_at_once(api: Api) {
    let admin = api.token("administrator");
    let list = || async { api.get("/api/v1/jobs").bearer(&admin).send().await.json() };
    assert_eq!(texts(&list().await, "name"), ["groups_daily", "repair_lists", "retention", "way_out"]);
    assert_eq!(list().await["queues"], json!({"inbox": 0, "travellers_due": 0, "outbox": 0}));

    while caravan_engine::retention::tick(&api.engine).expect("it is done") {}
    let retention = |jobs: &Value| jobs["items"][2].clone();
    let planned = retention(&list().await);
    assert_eq!(planned["due_at"], (api.clock.now() + jiff::SignedDuration::from_hours(24)).to_string());
    assert_eq!(planned["last"]["activities"], 0);

    api.after(60);
    assert!(!caravan_engine::retention::tick(&api.engine).expect("nothing is due"));
    let run = api.post("/api/v1/jobs/retention/run").bearer(&admin).send().await;
    assert_eq!((run.status.as_u16(), run.json()), (202, json!({"parts": 1})));
    assert!(caravan_engine::retention::tick(&api.engine).expect("it is due"));
    assert_eq!(retention(&list().await)["last"]["ended_at"], api.clock.now().to_string());
    let unknown = api.post("/api/v1/jobs/coffee/run").bearer(&admin).send().await;
    assert_eq!(unknown.refusal(), (404, "unknown_job".to_owned()));
}

async fn storage_tells_every_table_with_its_rows_and_room(api: Api) {
    let admin = api.token("administrator");
    add_user(api.store(), &api.random, "ada@acme.example", "viewer").expect("a user");
    let told = api.get("/api/v1/storage").bearer(&admin).send().await.json();
    let tables = told["tables"].as_array().expect("tables");
    let users = tables.iter().find(|it| it["table"] == "app_user").expect("the users");
    assert_eq!((&users["rows"], &users["estimated"]), (&json!(1), &json!(false)));
    let room: Vec<i64> = tables.iter().filter_map(|it| it["bytes"].as_i64()).collect();
    assert_eq!(room.len(), tables.len(), "every table has its room");
    assert!(room.is_sorted_by(|a, b| a >= b) && room[0] > 0, "{room:?}");
    assert!(told["bytes"].as_i64() >= Some(room.iter().sum::<i64>()), "{told}");
}

async fn a_file_of_machines_is_loaded_whole_or_not_at_all_and_says_who_loaded_it(api: Api) {
    let (admin, manager) = (api.token("administrator"), api.token("journey_manager"));
    const LIST: &str = "/api/v1/machines/lists/networks";
    let put = |token: &str, file: &str| api.call("PUT", LIST).bearer(token).text("text/plain", file).send();
    assert_eq!(put(&manager, "203.0.113.0/24\n").await.refusal().0, 403);
    assert_eq!(api.get(LIST).bearer(&manager).send().await.refusal(), (404, "no_such_list".to_owned()));

    let first = put(&admin, "# gateways\n203.0.113.0/24\n198.51.100.7\n").await;
    let loaded = first.json();
    let by = loaded["loaded_by"].as_str().is_some_and(|by| by.starts_with("token:administrator"));
    assert!(by && loaded["loaded_at"] == api.clock.now().to_string().as_str(), "{loaded}");
    assert_eq!((&loaded["list"], &loaded["entries"]), (&json!("networks"), &json!(2)), "{loaded}");
    let refused = put(&admin, "2001:db8::/32\nacme.example\n0.0.0.0/0\n").await;
    assert_eq!(refused.refusal(), (422, "invalid_input".to_owned()));
    let errors = refused.json()["errors"].clone();
    let told = |n: usize| (errors[n]["pointer"].as_str(), errors[n]["code"].as_str());
    assert_eq!([told(0), told(1)], [(Some("/2"), Some("bad_network")), (Some("/3"), Some("too_broad"))], "{errors}");
    assert_eq!(put(&admin, &"#".repeat(4 * 1024 * 1024 + 1)).await.refusal(), (413, "list_too_large".to_owned()));

    let listed = api.get("/api/v1/machines/lists").bearer(&manager).send().await.json();
    assert_eq!(listed["items"], json!([loaded]), "what was refused changed nothing");
    let file = api.get(LIST).bearer(&manager).send().await;
    assert_eq!(
        (file.header("content-type"), file.text().as_str()),
        ("text/plain; charset=utf-8", "# gateways\n203.0.113.0/24\n198.51.100.7\n")
    );
    let audit = api.get("/api/v1/audit?q=machines").bearer(&admin).send().await.json();
    assert_eq!(
        (&audit["items"][0]["detail"], audit["items"].as_array().map(Vec::len)),
        (&json!({"entries": 2}), Some(1)),
        "{audit}"
    );

    let clear = || api.call("DELETE", LIST).bearer(&admin).send();
    assert_eq!(clear().await.status, 204);
    assert_eq!(clear().await.refusal(), (404, "no_such_list".to_owned()));
    assert_eq!(api.get("/api/v1/machines/lists").bearer(&admin).send().await.json()["items"], json!([]));
}
