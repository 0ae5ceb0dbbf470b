//! Members of lists and audiences over HTTP, and conditions tried out, on both stores.

use serde_json::{Value, json};

use crate::support::Api;

async fn furnished(api: &Api) -> String {
    let token = api.token("administrator");
    for (path, manifest) in [
        ("account_lists/picked", json!({"kind": "account_list", "key": "picked", "type": "static", "state": "live"})),
        ("people_lists/friends", json!({"kind": "people_list", "key": "friends", "type": "static", "state": "live"})),
        (
            "account_lists/big",
            json!({"kind": "account_list", "key": "big", "type": "dynamic", "state": "live",
                "when": {"account": "employees", "at_least": 30}}),
        ),
        (
            "audiences/germans",
            json!({"kind": "audience", "key": "germans", "subject": "person", "when": {"person": "country", "is": "DE"}}),
        ),
    ] {
        let put = api.call("PUT", &format!("/api/v1/{path}")).bearer(&token).json(&manifest).send().await;
        assert_eq!(put.status.as_u16(), 201, "{}", put.text());
    }
    let accounts =
        "key,name,employees\nacme,Acme,10\nblau,Ämter,20\ncaro,\"Caro, \"\"the\"\" best\",30\ndora,acme two,40\n";
    let people = "key,email,first_name,country\nada,ada@acme.example,Ada,DE\nbob,bob@acme.example,,FR\n";
    for (kind, file) in [("accounts", accounts), ("people", people)] {
        let done = api.post(&format!("/api/v1/import/{kind}?format=csv")).bearer(&token).text("text/csv", file);
        let done = done.send().await;
        assert_eq!(done.status, 200, "{}", done.text());
    }
    let engine = api.engine.clone();
    let run = move || caravan_engine::runtime::run_until_idle(&engine, None, std::time::Duration::from_secs(30));
    assert!(tokio::task::spawn_blocking(run).await.expect("a thread").expect("a run").idle);
    token
}

fn keys(page: &Value) -> Vec<&str> {
    page["items"].as_array().expect("items").iter().filter_map(|row| row["key"].as_str()).collect()
}

async fn members_are_added_listed_and_taken_out_by_hand(api: Api) {
    let token = furnished(&api).await;
    let post = |path: &'static str, body: Value| api.post(path).bearer(&token).json(&body).send();
    let get = |path: &str| api.get(path).bearer(&token).send();
    let add = "/api/v1/account_lists/picked/members";
    let added = post(add, json!({"keys": ["acme", "blau", "acme", "nobody"]})).await;
    assert_eq!(added.json(), json!({"changed": 2, "unchanged": 0, "unknown": ["nobody"], "unknown_count": 1}));
    let more = post(add, json!({"when": {"account": "employees", "at_most": 40}})).await.json();
    assert_eq!((&more["changed"], &more["unchanged"]), (&json!(2), &json!(2)));
    let page = get("/api/v1/account_lists/picked/members?limit=3").await.json();
    assert_eq!(
        (keys(&page), &page["total"], &page["items"][0]["source"]),
        (vec!["acme", "blau", "caro"], &json!(4), &json!("manual"))
    );
    let next = page["next_cursor"].as_str().expect("another page");
    let rest = get(&format!("/api/v1/account_lists/picked/members?limit=3&cursor={next}")).await.json();
    assert_eq!((keys(&rest), &rest["next_cursor"]), (vec!["dora"], &Value::Null));
    // By name: letters alike, those of other scripts behind; the cursor goes on in the same order.
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&format!("/api/v1/account_lists/picked/members?sort=name&limit=1{cursor}")).await.json();
        seen.extend(keys(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["acme", "dora", "caro", "blau"]);
    let found = get("/api/v1/account_lists/picked/members?q=ACME").await.json();
    assert_eq!((keys(&found), &found["total"]), (vec!["acme", "dora"], &json!(2)));
    let gone = post("/api/v1/account_lists/picked/members/removals", json!({"keys": ["acme"]})).await.json();
    assert_eq!(gone["changed"], 1);
    let timeline = get("/api/v1/accounts/acme/timeline").await.json();
    let kinds: Vec<&str> =
        timeline["items"].as_array().expect("items").iter().filter_map(|it| it["type"].as_str()).collect();
    assert!(kinds.starts_with(&["account_list_left", "account_list_joined"]), "{kinds:?}");
    assert_eq!(post("/api/v1/people_lists/friends/members", json!({"keys": ["ada"]})).await.json()["changed"], 1);
    let friends = get("/api/v1/people_lists/friends/members?sort=newest").await.json();
    assert_eq!((keys(&friends), &friends["items"][0]["email"]), (vec!["ada"], &json!("ada@acme.example")));
}

async fn lists_that_find_their_members_take_no_hands(api: Api) {
    let token = furnished(&api).await;
    let post = |path: &'static str, body: Value| api.post(path).bearer(&token).json(&body).send();
    let big = post("/api/v1/account_lists/big/members", json!({"keys": ["acme"]})).await;
    assert_eq!(big.refusal(), (409, "list_not_static".to_owned()));
    let both = post("/api/v1/account_lists/picked/members", json!({"keys": [], "when": {"all": []}})).await;
    assert_eq!(both.refusal(), (400, "invalid_input".to_owned()));
    let none = post("/api/v1/account_lists/none/members", json!({"keys": ["acme"]})).await;
    assert_eq!(none.refusal(), (404, "unknown_reference".to_owned()));
    let wrong = post("/api/v1/account_lists/picked/members", json!({"when": {"account": "size", "is": 1}})).await;
    assert_eq!(wrong.refusal(), (422, "invalid_input".to_owned()));
    assert_eq!(
        post("/api/v1/account_lists/picked/repair", json!({})).await.refusal(),
        (409, "list_not_dynamic".to_owned())
    );
    assert_eq!(post("/api/v1/account_lists/big/repair", json!({})).await.status, 204);
}

async fn members_are_exported_as_csv(api: Api) {
    let token = furnished(&api).await;
    let get = |path: &str| api.get(path).bearer(&token).send();
    let big = get("/api/v1/account_lists/big/members.csv").await;
    assert_eq!((big.status.as_u16(), big.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert_eq!(big.header("content-disposition"), "attachment; filename=\"big.csv\"");
    let text = big.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("key,name,industry,") && lines[0].ends_with(",member_source,member_since"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].starts_with("caro,\"Caro, \"\"the\"\" best\",") && lines[1].ends_with(",rule,2026-12-01T09:00:00Z")
    );
    assert_eq!(lines.len(), 3);
    let request = api.get("/api/v1/account_lists/big/members.csv").bearer(&token);
    let compressed = request.header("accept-encoding", "gzip").send().await;
    assert_eq!((compressed.header("content-encoding"), compressed.status.as_u16()), ("gzip", 200));
    let germans = get("/api/v1/audiences/germans/members.csv").await.text();
    assert!(germans.contains("\nada,ada@acme.example,") && germans.lines().count() == 2, "{germans}");
    assert_eq!(get("/api/v1/account_lists/none/members.csv").await.refusal(), (404, "unknown_reference".to_owned()));
    let viewer = api.token("viewer");
    assert_eq!(api.get("/api/v1/account_lists/big/members.csv").bearer(&viewer).send().await.status, 403);
}

async fn a_condition_is_tried_out_before_it_is_saved(api: Api) {
    let token = furnished(&api).await;
    let post = |body: Value| api.post("/api/v1/conditions/preview").bearer(&token).json(&body).send();
    let when = json!({"account": "employees", "at_least": 20});
    let shown = post(json!({"subject": "account", "when": when, "sample": 1, "why_not": "acme"})).await.json();
    assert_eq!((&shown["count"], &shown["sample"]), (&json!(3), &json!([{"key": "blau", "name": "Ämter"}])));
    assert_eq!(shown["words"], "Employees is at least 20");
    let why = &shown["why_not"];
    assert_eq!((&why["holds"], &why["lacking"]), (&json!(false), &json!("Employees is at least 20 (it was 10)")));
    assert_eq!(why["tests"], json!([{"test": "Employees is at least 20", "holds": false, "saw": "10"}]));
    let mistake = post(json!({"subject": "account", "when": {"account": "size", "is": 1}})).await;
    assert_eq!(
        (mistake.refusal(), &mistake.json()["errors"][0]["pointer"]),
        ((422, "invalid_input".to_owned()), &json!("/when/account"))
    );
    let nobody = post(json!({"subject": "person", "when": {"all": []}, "why_not": "acme"})).await;
    assert_eq!(nobody.refusal(), (404, "unknown_person".to_owned()));
    let many = post(json!({"subject": "person", "when": {"all": []}, "sample": 101})).await;
    assert_eq!(many.refusal(), (400, "bad_limit".to_owned()));
}

async fn people_are_put_into_external_audiences_and_their_standing_is_told(api: Api) {
    let token = furnished(&api).await;
    for (path, manifest) in [
        ("connections/out", json!({"kind": "connection", "key": "out", "type": "folder", "settings": {"path": "out"}})),
        ("destinations/files", json!({"kind": "destination", "key": "files", "type": "folder", "connection": "out"})),
        ("external_audiences/ads", json!({"kind": "external_audience", "key": "ads", "destinations": ["files"]})),
    ] {
        let put = api.call("PUT", &format!("/api/v1/{path}")).bearer(&token).json(&manifest).send().await;
        assert_eq!(put.status.as_u16(), 201, "{}", put.text());
    }
    let members = "/api/v1/external_audiences/ads/members";
    let post = |path: String, body: Value| api.post(&path).bearer(&token).json(&body).send();
    assert_eq!(post(members.to_owned(), json!({"keys": ["ada", "bob"]})).await.json()["changed"], 2);
    assert_eq!(post(format!("{members}/removals"), json!({"keys": ["bob"]})).await.json()["changed"], 1);
    assert_eq!(keys(&api.get(members).bearer(&token).send().await.json()), ["ada"]);
    let file = api.get("/api/v1/external_audiences/ads/members.csv").bearer(&token).send().await.text();
    assert!(file.contains("ada@acme.example") && !file.contains("bob@"), "{file}");
    let users = api.get("/api/v1/destinations/files/used_by").bearer(&token).send().await.json();
    assert_eq!(users["items"], json!([{"kind": "external_audience", "key": "ads"}]));
    let standing = "/api/v1/external_audiences/ads/standing";
    let told = api.get(standing).bearer(&token).send().await.json();
    assert_eq!((&told["members"], &told["destinations"][0]["destination"]), (&json!(1), &json!("files")), "{told}");
    assert_eq!(api.get("/api/v1/external_audiences/no/standing").bearer(&token).send().await.status, 404);
    let viewer = api.token("viewer");
    assert_eq!(api.post(members).bearer(&viewer).json(&json!({"keys": ["bob"]})).send().await.status, 403);
    let again = api.post("/api/v1/external_audiences/ads/repair").bearer(&token).send().await;
    assert_eq!(again.status, 404, "its members meet no condition");
}

crate::on_both_stores! {
    members_are_added_listed_and_taken_out_by_hand
    lists_that_find_their_members_take_no_hands
    members_are_exported_as_csv
    a_condition_is_tried_out_before_it_is_saved
    people_are_put_into_external_audiences_and_their_standing_is_told
}
