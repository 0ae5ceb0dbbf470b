//! Long lists in every order that is offered, page by page, on both stores: nothing comes twice, nothing is left out, ties keep
//! their order, and what is missing stands last.

use caravan_store::{StoreError, documents};
use serde_json::{Value, json};

use crate::support::Api;

async fn furnished(api: &Api) -> String {
    let token = api.token("administrator");
    let accounts = "key,name,industry,country,employees,owner_email\na,zebra,Mining,DE,10,\nb,Ärger,,AT,10,x@y.example\n\
        c,Acme,mining,,,\nd,acme,Retail,DE,5,a@y.example\ne,Öl,,,7,\n";
    let people = "key,email,first_name,last_name,job_title,country,account_key\np,p@x.example,Ann,Falk,Chief,DE,a\n\
        q,q@x.example,ann,Éclair,,AT,a\nr,r@x.example,,,Clerk,,b\np,,,,,,b\ns,a@x.example,Zoë,,chief,DE,\n";
    for (kind, file) in [("accounts", accounts), ("people", people)] {
        let done = api.post(&format!("/api/v1/import/{kind}?format=csv")).bearer(&token).text("text/csv", file);
        let done = done.send().await;
        assert_eq!(done.json()["rejected"], 0, "{}", done.text());
    }
    let put = api.call("PUT", "/api/v1/people/q").bearer(&token).json(&json!({"email": null})).send().await;
    assert!(put.status.is_success(), "{}", put.text());
    for (path, manifest) in [
        (
            "account_lists/all",
            json!({"kind": "account_list", "key": "all", "type": "static", "accounts": ["a", "b", "c", "d", "e"], "state": "live"}),
        ),
        (
            "roles_templates/rt",
            json!({"kind": "roles_template", "key": "rt", "state": "live", "roles": [
            {"role": "Decision Maker", "required": true, "when": {"person": "job_title", "is": "Chief"}},
            {"role": "Influencer", "required": true, "when": {"person": "job_title", "is": "Clerk"}}]}),
        ),
        (
            "solution_interests/crm",
            json!({"kind": "solution_interest", "key": "crm", "name": "CRM", "roles_template": "rt", "create_for": {"account_list": "all"}}),
        ),
    ] {
        let put = api.call("PUT", &format!("/api/v1/{path}")).bearer(&token).json(&manifest).send().await;
        assert_eq!(put.status.as_u16(), 201, "{}", put.text());
    }
    let engine = api.engine.clone();
    let run = move || caravan_engine::runtime::run_until_idle(&engine, None, std::time::Duration::from_secs(60));
    assert!(tokio::task::spawn_blocking(run).await.expect("a thread").expect("a run").idle);
    token
}

/// What a list holds under `field`, page by page of two rows.
async fn walked(api: &Api, token: &str, list: &str, query: &str, field: &str) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply = api.get(&format!("{list}?limit=2{query}{cursor}")).bearer(token).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let page = reply.json();
        let rows = page["items"].as_array().expect("items");
        assert!(rows.len() <= 2);
        seen.extend(rows.iter().map(|row| row.pointer(field).and_then(Value::as_str).unwrap_or_default().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { return seen };
        cursor = format!("&cursor={next}");
    }
}

async fn in_order(api: &Api, token: &str, list: &str, field: &str, cases: &[(&str, &[&str])]) {
    for (sort, expected) in cases {
        assert_eq!(walked(api, token, list, &format!("&sort={sort}"), field).await, *expected, "{list} {sort}");
    }
}

async fn accounts_and_people_come_in_every_order_that_is_offered(api: Api) {
    let token = furnished(&api).await;
    in_order(
        &api,
        &token,
        "/api/v1/accounts",
        "/key",
        &[
            ("key", &["a", "b", "c", "d", "e"]),
            ("key&descending=true", &["e", "d", "c", "b", "a"]),
            // Letters alike, in the order of their codes; ties by id.
            ("name", &["c", "d", "a", "b", "e"]),
            ("name&descending=true", &["e", "b", "a", "d", "c"]),
            ("industry", &["a", "c", "d", "b", "e"]),
            ("industry&descending=true", &["d", "c", "a", "e", "b"]),
            ("employees", &["d", "e", "a", "b", "c"]),
            ("employees&descending=true", &["b", "a", "e", "d", "c"]),
            ("people&descending=true", &["b", "a", "e", "d", "c"]),
            ("owner_email", &["d", "b", "a", "c", "e"]),
            ("country&q=ac", &["d", "c"]),
            ("updated_at", &["a", "b", "c", "d", "e"]),
        ],
    )
    .await;
    in_order(
        &api,
        &token,
        "/api/v1/people",
        "/key",
        &[
            ("name", &["p", "q", "s", "r"] as &[&str]),
            ("email", &["s", "p", "r", "q"]),
            ("email&descending=true", &["r", "p", "s", "q"]),
            ("job_title", &["p", "s", "r", "q"]),
            ("accounts&descending=true", &["p", "r", "q", "s"]),
            ("unsubscribed", &["p", "q", "r", "s"]),
            ("engagement&descending=true", &["s", "r", "q", "p"]),
            ("country&passed_over=no_email", &["q"] as &[&str]),
        ],
    )
    .await;
    let total = api.get("/api/v1/accounts?sort=name&limit=1").bearer(&token).send().await.json();
    assert_eq!(total["total"], 5);
}

async fn buying_groups_come_in_every_order_that_is_offered(api: Api) {
    let token = furnished(&api).await;
    in_order(
        &api,
        &token,
        "/api/v1/buying_groups",
        "/account/key",
        &[
            ("name", &["c", "d", "a", "b", "e"]),
            ("account&descending=true", &["e", "b", "a", "d", "c"]),
            ("members&descending=true", &["b", "a", "e", "d", "c"]),
            ("completeness&descending=true", &["b", "a", "e", "d", "c"]),
            ("solution_interest", &["a", "b", "c", "d", "e"]),
            ("stage", &["a", "b", "c", "d", "e"]),
            ("created_at", &["a", "b", "c", "d", "e"]),
        ],
    )
    .await;
    let status = json!({"status": "Hot"});
    api.after(60);
    let put = api.call("PUT", "/api/v1/accounts/c/buying_groups/crm/status").bearer(&token).json(&status).send().await;
    assert!(put.status.is_success(), "{}", put.text());
    in_order(
        &api,
        &token,
        "/api/v1/buying_groups",
        "/account/key",
        &[("status", &["c", "a", "b", "d", "e"]), ("status&descending=true", &["c", "e", "d", "b", "a"])],
    )
    .await;
    // Without a word: what changed last.
    assert_eq!(walked(&api, &token, "/api/v1/buying_groups", "", "/account/key").await, ["c", "e", "d", "b", "a"]);
    let missing = "&missing_role=Decision%20Maker&completeness_to=49.99&sort=name";
    assert_eq!(walked(&api, &token, "/api/v1/buying_groups", missing, "/account/key").await, ["c", "d", "e"]);
    assert_eq!(walked(&api, &token, "/api/v1/buying_groups", "&present_role=Influencer", "/account/key").await, ["b"]);
    // Whoever leaves the account fills no role there, for the filter as for the score.
    let left = "key,account_key,relation\nr,b,remove\n";
    let done = api.post("/api/v1/import/people?format=csv").bearer(&token).text("text/csv", left).send().await;
    assert_eq!(done.json()["rejected"], 0, "{}", done.text());
    assert!(walked(&api, &token, "/api/v1/buying_groups", "&present_role=Influencer", "/account/key").await.is_empty());
    let missing = walked(&api, &token, "/api/v1/buying_groups", "&missing_role=Influencer&sort=name", "/account/key");
    assert_eq!(missing.await, ["c", "d", "a", "b", "e"]);
}

async fn definitions_and_journeys_come_in_every_order_that_is_offered(api: Api) {
    let token = api.token("administrator");
    let put = async |path: &str, manifest: Value| {
        api.after(60);
        let put = api.call("PUT", path).bearer(&token).json(&manifest).send().await;
        assert!(put.status.is_success(), "{}", put.text());
    };
    for (key, name, state) in [("c", "zebra", "live"), ("a", "Ärger_1", "draft"), ("b", "Acme", "live")] {
        let manifest = json!({"kind": "account_list", "key": key, "name": name, "type": "static", "state": state});
        put(&format!("/api/v1/account_lists/{key}"), manifest).await;
        let manifest = json!({"kind": "journey", "key": key, "name": name, "subject": "account"});
        put(&format!("/api/v1/journeys/{key}?incomplete=true"), manifest).await;
    }
    let changed = json!({"kind": "account_list", "key": "a", "name": "Ärger_1", "type": "static", "state": "draft",
        "description": "Changed last."});
    put("/api/v1/account_lists/a", changed).await;
    let both: &[(&str, &[&str])] = &[
        ("key", &["a", "b", "c"]),
        ("key&descending=true", &["c", "b", "a"]),
        // Letters alike, in the order of their codes.
        ("name", &["b", "c", "a"]),
        ("name&descending=true", &["a", "c", "b"]),
        ("updated_by&descending=true", &["b", "a", "c"]),
        // Small and capital letters alike, also beyond ASCII, and no character is a wildcard.
        ("name&q=%C3%84RGER", &["a"]),
        ("name&q=_", &["a"]),
        ("name&q=%25", &[]),
    ];
    in_order(&api, &token, "/api/v1/account_lists", "/key", both).await;
    in_order(&api, &token, "/api/v1/journeys", "/key", both).await;
    let lists: &[(&str, &[&str])] = &[
        ("updated_at&descending=true", &["a", "b", "c"]),
        ("created_at", &["c", "a", "b"]),
        ("state", &["a", "c", "b"]),
        ("published_at", &["c", "b", "a"]),
        ("published_by&descending=true", &["b", "c", "a"]),
    ];
    in_order(&api, &token, "/api/v1/account_lists", "/key", lists).await;
    in_order(&api, &token, "/api/v1/journeys", "/key", &[("updated_at&descending=true", &["b", "a", "c"])]).await;
    let narrowed: &[(&str, &[&str])] = &[
        ("key&state=draft", &["a"]),
        ("key&state=live", &["b", "c"]),
        ("key&state=live,%20draft", &["a", "b", "c"]),
        ("key&state=archived", &[]),
        ("key&state=draft&q=nothing", &[]),
    ];
    in_order(&api, &token, "/api/v1/account_lists", "/key", narrowed).await;
    let refused = api.get("/api/v1/account_lists?state=live,alive").bearer(&token).send().await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &json!("bad_state")));
    let found = api.get("/api/v1/account_lists?state=live&limit=1").bearer(&token).send().await.json();
    assert_eq!(found["total"], 2);
    api.engine
        .store()
        .write(|s| {
            for (key, state) in [("a", "live"), ("b", "live"), ("c", "finished")] {
                let journey = documents::get(s, "journey", key)?.expect("there");
                documents::set_state(s, journey.id, state)?;
                documents::set_paused(s, journey.id, key != "b")?;
            }
            Ok::<_, StoreError>(())
        })
        .expect("written");
    let pausing: &[(&str, &[&str])] =
        &[("key&state=live", &["b"]), ("key&state=paused", &["a"]), ("key&state=finished,paused", &["a", "c"])];
    in_order(&api, &token, "/api/v1/journeys", "/key", pausing).await;
    let found = api.get("/api/v1/journeys?q=e&limit=1&sort=name").bearer(&token).send().await.json();
    assert_eq!((&found["total"], &found["items"][0]["key"]), (&json!(3), &json!("b")));
}

async fn what_was_done_by_hand_comes_in_every_order_that_is_offered(api: Api) {
    let ann = api.token("administrator");
    let bob = api.token("journey_manager");
    for (token, key) in [(&ann, "c"), (&bob, "a"), (&ann, "b")] {
        api.after(60);
        let manifest = json!({"kind": "account_list", "key": key, "type": "static"});
        let put = api.call("PUT", &format!("/api/v1/account_lists/{key}")).bearer(token).json(&manifest).send().await;
        assert_eq!(put.status.as_u16(), 201, "{}", put.text());
    }
    let [a, b, c] = ["a", "b", "c"].map(|key| format!("/api/v1/account_lists/{key}"));
    let (a, b, c) = (a.as_str(), b.as_str(), c.as_str());
    let cases: &[(&str, &[&str])] = &[
        ("at&q=lists", &[c, a, b]),
        ("at&descending=true&q=LISTS", &[b, a, c]),
        ("subject&q=lists", &[a, b, c]),
        ("actor&q=lists", &[c, b, a]),
        ("actor&descending=true&q=lists/b", &[b]),
    ];
    in_order(&api, &ann, "/api/v1/audit", "/subject", cases).await;
    assert_eq!(walked(&api, &ann, "/api/v1/audit", "", "/subject").await[..3], [b, a, c]);
}

async fn members_come_in_every_order_that_is_offered(api: Api) {
    let token = furnished(&api).await;
    in_order(
        &api,
        &token,
        "/api/v1/account_lists/all/members",
        "/key",
        &[
            ("name&descending=true", &["e", "b", "a", "d", "c"]),
            ("source", &["a", "b", "c", "d", "e"]),
            ("added_at", &["a", "b", "c", "d", "e"]),
            ("newest", &["e", "d", "c", "b", "a"]),
            ("email&descending=true", &["e", "d", "c", "b", "a"]),
        ],
    )
    .await;
}

async fn a_cursor_belongs_to_the_order_that_gave_it(api: Api) {
    let token = furnished(&api).await;
    let get = |path: String| api.get(&path).bearer(&token).send();
    let first = get("/api/v1/accounts?limit=1&sort=name".to_owned()).await.json();
    let cursor = first["next_cursor"].as_str().expect("another page");
    for other in ["industry", "employees", "name&descending=true"] {
        let refused = get(format!("/api/v1/accounts?limit=1&sort={other}&cursor={cursor}")).await;
        assert_eq!(refused.refusal(), (400, "bad_cursor".to_owned()), "{other}");
    }
    // Written by hand: the right order with a place of another kind.
    for place in ["Employees+ 5:tacme", "Employees+ 5:w", "Employees+", "Name+ 5:w7"] {
        let forged = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, format!("1:{place}"));
        let sort = if place.starts_with('N') { "name" } else { "employees" };
        let refused = get(format!("/api/v1/accounts?limit=1&sort={sort}&cursor={forged}")).await;
        assert_eq!(refused.refusal(), (400, "bad_cursor".to_owned()), "{place}");
    }
    assert_eq!(get("/api/v1/accounts?sort=custom".to_owned()).await.refusal(), (400, "bad_query".to_owned()));
    assert_eq!(get("/api/v1/accounts?sort=name;drop".to_owned()).await.refusal(), (400, "bad_query".to_owned()));
}

async fn members_of_a_group_come_in_every_order_that_is_offered(api: Api) {
    let token = furnished(&api).await;
    let group = api.get("/api/v1/buying_groups?account=b").bearer(&token).send().await.json();
    let list = format!("/api/v1/buying_groups/{}/members", group["items"][0]["id"].as_str().expect("an id"));
    in_order(
        &api,
        &token,
        &list,
        "/person",
        &[
            ("key&descending=true", &["r", "p"] as &[&str]),
            ("name", &["p", "r"]),
            ("role", &["p", "r"]),
            ("job_title&descending=true", &["r", "p"]),
            ("engagement&descending=true", &["r", "p"]),
            ("email", &["p", "r"]),
            ("phone", &["p", "r"]),
            ("added_at", &["p", "r"]),
            ("engagement&role=Influencer", &["r"]),
            ("removed_at&removed=true", &[]),
        ],
    )
    .await;
}

crate::on_both_stores! {
    members_of_a_group_come_in_every_order_that_is_offered
    accounts_and_people_come_in_every_order_that_is_offered
    buying_groups_come_in_every_order_that_is_offered
    definitions_and_journeys_come_in_every_order_that_is_offered
    what_was_done_by_hand_comes_in_every_order_that_is_offered
    members_come_in_every_order_that_is_offered
    a_cursor_belongs_to_the_order_that_gave_it
}
