//! Exports in the background over HTTP, on both stores: asked for, written by the runtime, downloaded, and gone again.

use std::time::Duration;

use caravan_engine::{exports, runtime};
use caravan_store::{StoreError, exports as stored};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Api, Reply};

const EXPORTS: &str = "/api/v1/exports";

async fn furnished(api: &Api, people: usize) -> String {
    let token = api.token("administrator");
    let accounts = "key,name,industry,employees\nacme,Acme,Mining,10\nblau,\"=HYPERLINK(\"\"x\"\")\",,20\ncaro,\"Caro, \"\"the\"\" best\",Retail,30\n";
    let mut file = String::from("key,email,first_name,phone,account_key\n");
    for n in 0..people {
        file.push_str(&format!("p-{n:05},p{n}@acme.example,Person {n},+49 30 {n},acme\n"));
    }
    for (kind, file) in [("accounts", accounts), ("people", file.as_str())] {
        let done = api.post(&format!("/api/v1/import/{kind}?format=csv")).bearer(&token).text("text/csv", file);
        let done = done.send().await;
        assert_eq!(done.status, 200, "{}", done.text());
    }
    token
}

async fn ask(api: &Api, token: &str, request: Value) -> Reply {
    api.post(EXPORTS).bearer(token).json(&request).send().await
}

async fn asked(api: &Api, token: &str, request: Value) -> String {
    let reply = ask(api, token, request).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let export = reply.json();
    assert_eq!((&export["state"], &export["rows"]), (&json!("queued"), &json!(0)), "{export}");
    let id = export["id"].as_str().expect("an id").to_owned();
    assert_eq!(reply.header("location"), format!("{EXPORTS}/{id}"));
    id
}

async fn run(api: &Api) {
    let engine = api.engine.clone();
    let run = move || runtime::run_until_idle(&engine, None, Duration::from_secs(60));
    assert!(tokio::task::spawn_blocking(run).await.expect("a thread").expect("a run").idle);
}

async fn one(api: &Api, token: &str, id: &str) -> Value {
    api.get(&format!("{EXPORTS}/{id}")).bearer(token).send().await.json()
}

async fn download(api: &Api, token: &str, id: &str) -> Reply {
    api.get(&format!("{EXPORTS}/{id}/file")).bearer(token).send().await
}

async fn a_file_is_written_in_the_background_and_downloaded(api: Api) {
    let token = furnished(&api, 2_500).await;
    let wanted = json!({"of": {"people": {"sort": "name", "descending": true, "q": "person", "passed_over": null}},
        "columns": ["key", "first_name", "accounts", "phone"]});
    let id = asked(&api, &token, wanted.clone()).await;
    assert_eq!(download(&api, &token, &id).await.refusal(), (409, "export_not_ready".to_owned()));
    run(&api).await;
    let export = one(&api, &token, &id).await;
    assert_eq!(
        (&export["state"], &export["rows"], &export["expected"]),
        (&json!("done"), &json!(2_500), &json!(2_500))
    );
    assert_eq!((&export["file_name"], &export["of"]), (&json!("people-2026-12-01.csv"), &wanted["of"]));
    let file = download(&api, &token, &id).await;
    assert_eq!((file.status.as_u16(), file.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"people-2026-12-01.csv\"");
    let text = file.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..3],
        ["key,first_name,accounts,phone", "p-00999,Person 999,acme,'+49 30 999", "p-00998,Person 998,acme,'+49 30 998"]
    );
    let keys: std::collections::BTreeSet<&str> = lines[1..].iter().filter_map(|line| line.split(',').next()).collect();
    assert_eq!((lines.len(), keys.len()), (2_501, 2_500), "each person once");
    assert_eq!(export["bytes"], text.len());
    let audit = api.get("/api/v1/audit?q=exports").bearer(&token).send().await.json();
    let done: Vec<&str> =
        audit["items"].as_array().expect("items").iter().filter_map(|it| it["what"].as_str()).collect();
    assert_eq!(done, ["GET", "POST"], "asking and downloading are written down: {audit}");
    let told = api.get("/api/v1/notifications").bearer(&token).send().await.json();
    let item = &told["items"][0];
    assert_eq!((&told["unseen"], &told["open_exports"], &item["file"]), (&json!(1), &json!(0), &json!(true)), "{told}");
    assert_eq!((&item["about"]["export"]["export"], &item["about"]["export"]["rows"]), (&json!(id), &json!(2_500)));
    let seen = api.post("/api/v1/notifications/seen").bearer(&token).json(&json!({"ids": [item["id"]]})).send().await;
    assert_eq!(seen.status, 204);
    assert_eq!(api.get("/api/v1/notifications").bearer(&token).send().await.json()["unseen"], 0);
}

async fn every_list_is_exported_with_its_own_columns(api: Api) {
    let token = furnished(&api, 2).await;
    for (path, manifest) in [
        (
            "account_lists/big",
            json!({"kind": "account_list", "key": "big", "type": "static", "accounts": ["acme", "caro"], "state": "live"}),
        ),
        (
            "roles_templates/rt",
            json!({"kind": "roles_template", "key": "rt", "state": "live", "roles": [
            {"role": "Decision Maker", "required": true},
            {"role": "Influencer", "required": true, "when": {"person": "email", "contains": "p1@"}}]}),
        ),
        (
            "solution_interests/crm",
            json!({"kind": "solution_interest", "key": "crm", "name": "CRM", "roles_template": "rt", "create_for": {"account_list": "big"}}),
        ),
    ] {
        let put = api.call("PUT", &format!("/api/v1/{path}")).bearer(&token).json(&manifest).send().await;
        assert_eq!(put.status.as_u16(), 201, "{}", put.text());
    }
    run(&api).await;
    let cases = [
        (
            json!({"of": {"accounts": {"sort": "employees", "descending": true}}, "columns": ["name", "employees", "people"]}),
            "name,employees,people\n\"Caro, \"\"the\"\" best\",30,0\n\"'=HYPERLINK(\"\"x\"\")\",20,0\nAcme,10,2\n",
        ),
        (
            json!({"of": {"accounts": {"q": "blau"}}, "columns": ["name"], "exact": true}),
            "name\n\"=HYPERLINK(\"\"x\"\")\"\n",
        ),
        (
            json!({"of": {"members": {"kind": "account_list", "key": "big", "sort": "name"}}, "columns": ["key", "member_source"]}),
            "key,member_source\nacme,manifest\ncaro,manifest\n",
        ),
        (
            json!({"of": {"buying_groups": {"sort": "name", "missing_role": "Decision Maker", "completeness_to": 50}},
            "columns": ["name", "completeness", "members", "missing_roles", "account.industry"]}),
            "name,completeness,members,missing_roles,account.industry\nCRM for Acme,50,1,Decision Maker,Mining\n\"CRM for Caro, \"\"the\"\" best\",0,0,Decision Maker;Influencer,Retail\n",
        ),
        (json!({"of": {"buying_groups": {"present_role": "Influencer"}}, "columns": ["account"]}), "account\nacme\n"),
        (
            json!({"of": {"activities": {"account": "acme", "types": ["account_list_joined"]}}, "columns": ["type", "account", "fields"]}),
            "type,account,fields\naccount_list_joined,acme,\"{\"\"list\"\":\"\"big\"\"}\"\n",
        ),
        (json!({"of": {"people": {"q": "nobody"}}, "columns": ["key"]}), "key\n"),
    ];
    for (request, expected) in cases {
        let id = asked(&api, &token, request.clone()).await;
        run(&api).await;
        assert_eq!(download(&api, &token, &id).await.text().replace("\": \"", "\":\""), expected, "{request}");
    }
    let whole = asked(&api, &token, json!({"of": {"people": {}}})).await;
    run(&api).await;
    let text = download(&api, &token, &whole).await.text();
    assert!(
        text.starts_with("key,email,")
            && text.lines().next().is_some_and(|it| it.ends_with(",accounts,engagement,updated_at")),
        "{text}"
    );
}

async fn what_cannot_be_exported_is_refused_at_once(api: Api) {
    let token = furnished(&api, 1).await;
    for (request, code, pointer) in [
        (json!({"of": {"accounts": {}}, "columns": ["name", "size"]}), "unknown_column", "/columns/1"),
        (json!({"of": {"accounts": {}}, "columns": ["name", "name"]}), "repeated_column", "/columns/1"),
        (json!({"of": {"accounts": {}}, "columns": []}), "no_columns", "/columns"),
        (json!({"of": {"members": {"kind": "people_list", "key": "none"}}}), "unknown_reference", "/of/members/key"),
        (json!({"of": {"activities": {"person": "nobody"}}}), "unknown_reference", "/of/activities/person"),
        (
            json!({"of": {"buying_groups": {"solution_interest": "x"}}}),
            "unknown_reference",
            "/of/buying_groups/solution_interest",
        ),
    ] {
        let refused = ask(&api, &token, request.clone()).await;
        assert_eq!(refused.status, 422, "{request}");
        let error = &refused.json()["errors"][0];
        assert_eq!((&error["code"], &error["pointer"]), (&json!(code), &json!(pointer)), "{error}");
    }
    for unread in [
        json!({"of": {"secrets": {}}}),
        json!({"of": {"accounts": {"sort": "custom"}}}),
        json!({"of": {"accounts": {"limit": 1}}}),
    ] {
        assert_eq!(ask(&api, &token, unread).await.status, 400);
    }
    for id in ["exp_0", "exp_x", "..%2F..%2Fetc%2Fpasswd", "acc_1"] {
        assert_eq!(download(&api, &token, id).await.refusal(), (404, "unknown_export".to_owned()), "{id}");
    }
    for _ in 0..exports::MOST_OPEN {
        asked(&api, &token, json!({"of": {"accounts": {}}})).await;
    }
    assert_eq!(
        ask(&api, &token, json!({"of": {"accounts": {}}})).await.refusal(),
        (409, "too_many_exports".to_owned())
    );
}

async fn files_are_for_whoever_asked_and_may_still_read_people(api: Api) {
    let token = furnished(&api, 1).await;
    let (sales, viewer) = (api.token("sales"), api.token("viewer"));
    let people = json!({"of": {"people": {}}, "columns": ["email"]});
    assert_eq!(ask(&api, &viewer, people.clone()).await.status, 403, "who may not read people exports none");
    let role = json!({"kind": "access_role", "key": "desk", "permissions": ["definitions:read", "customers:read"]});
    assert_eq!(
        api.call("PUT", "/api/v1/access_roles/desk").bearer(&token).json(&role).send().await.status.as_u16(),
        201
    );
    let desk = api.token("desk");
    let id = asked(&api, &desk, people).await;
    run(&api).await;
    assert_eq!(download(&api, &desk, &id).await.text(), "email\np0@acme.example\n");
    let at = format!("{EXPORTS}/{id}");
    assert_eq!(api.get(&at).bearer(&sales).send().await.status, 404, "others are told that there is none");
    assert_eq!(download(&api, &sales, &id).await.status, 404);
    assert_eq!(api.call("DELETE", &at).bearer(&sales).send().await.status, 404);
    assert_eq!(api.get(&format!("{EXPORTS}?everybody=true")).bearer(&sales).send().await.status, 403);
    let own = api.get(EXPORTS).bearer(&sales).send().await.json();
    assert_eq!(own["items"], json!([]));
    let all = api.get(&format!("{EXPORTS}?everybody=true")).bearer(&token).send().await.json();
    assert_eq!(all["items"][0]["id"], json!(id));
    // The role loses the right: it is asked again at download.
    let role = json!({"kind": "access_role", "key": "desk", "permissions": ["definitions:read"]});
    assert_eq!(
        api.call("PUT", "/api/v1/access_roles/desk").bearer(&token).json(&role).send().await.status.as_u16(),
        200
    );
    assert_eq!(download(&api, &desk, &id).await.refusal(), (403, "not_allowed".to_owned()));
    assert_eq!(api.get(&format!("{EXPORTS}/{id}/file")).send().await.status, 401);
}

async fn exports_are_cancelled_deleted_and_expire(api: Api) {
    let token = furnished(&api, 1).await;
    let accounts = json!({"of": {"accounts": {}}, "columns": ["key"]});
    let stopped = asked(&api, &token, accounts.clone()).await;
    let cancel = |id: &str| api.post(&format!("{EXPORTS}/{id}/cancel")).bearer(&token).send();
    assert_eq!(cancel(&stopped).await.json()["state"], "cancelled");
    let done = asked(&api, &token, accounts.clone()).await;
    let deleted = asked(&api, &token, accounts).await;
    run(&api).await;
    assert_eq!(one(&api, &token, &stopped).await["state"], "cancelled");
    assert_eq!(download(&api, &token, &stopped).await.refusal(), (410, "export_without_file".to_owned()));
    assert_eq!(cancel(&done).await.refusal(), (409, "export_over".to_owned()));
    assert_eq!(api.call("DELETE", &format!("{EXPORTS}/{deleted}")).bearer(&token).send().await.status, 204);
    assert_eq!(download(&api, &token, &deleted).await.status, 404);
    assert_eq!(download(&api, &token, &done).await.text(), "key\nacme\nblau\ncaro\n");
    api.after(7 * 24 * 3600 + 1);
    run(&api).await;
    assert_eq!(download(&api, &token, &done).await.status, 404);
    assert_eq!(pieces(&api), 0, "nothing is left of what nobody can download");
}

async fn whoever_has_a_person_deleted_has_files_of_people_deleted(api: Api) {
    let token = furnished(&api, 1).await;
    let of_people = asked(&api, &token, json!({"of": {"people": {}}})).await;
    let of_accounts = asked(&api, &token, json!({"of": {"accounts": {}}})).await;
    run(&api).await;
    assert_eq!(api.call("DELETE", "/api/v1/people/p-00000").bearer(&token).send().await.status, 204);
    let export = one(&api, &token, &of_people).await;
    assert_eq!((&export["state"], &export["problem"]["code"]), (&json!("expired"), &json!("person_deleted")));
    assert_eq!(download(&api, &token, &of_people).await.status, 410);
    assert_eq!(download(&api, &token, &of_accounts).await.status, 200);
    run(&api).await;
    assert_eq!(pieces(&api), 1, "only that of the accounts");
}

async fn an_export_whose_list_is_gone_fails_with_a_sentence(api: Api) {
    let token = furnished(&api, 1).await;
    let list = json!({"kind": "people_list", "key": "friends", "type": "static"});
    let at = "/api/v1/people_lists/friends";
    assert_eq!(api.call("PUT", at).bearer(&token).json(&list).send().await.status.as_u16(), 201);
    let id = asked(&api, &token, json!({"of": {"members": {"kind": "people_list", "key": "friends"}}})).await;
    assert!(api.call("DELETE", at).bearer(&token).send().await.status.is_success());
    run(&api).await;
    let export = one(&api, &token, &id).await;
    assert_eq!(
        (&export["state"], &export["problem"]["message"]),
        (&json!("failed"), &json!("There is no people list `friends`."))
    );
    let told = api.get("/api/v1/notifications").bearer(&token).send().await.json();
    assert_eq!(
        (&told["items"][0]["about"]["export"]["state"], &told["items"][0]["file"]),
        (&json!("failed"), &json!(false))
    );
}

async fn a_file_that_a_dead_process_left_is_written_by_the_next(api: Api) {
    let token = furnished(&api, 1_500).await;
    let id = asked(&api, &token, json!({"of": {"people": {}}, "columns": ["key"]})).await;
    let number: caravan_model::ExportId = id.parse().expect("an id");
    let engine = api.engine.clone();
    let hold = move |from: Option<Timestamp>| {
        let (engine, until) = (engine.clone(), engine.clock().now() + SignedDuration::from_secs(60));
        let held = move || {
            engine.store().write(|s| {
                let due = stored::get(s, number.0)?.expect("an export").due_at;
                Ok::<_, StoreError>((stored::hold(s, number.0, from.unwrap_or(due), until)?, until))
            })
        };
        std::thread::spawn(held).join().expect("a thread").expect("an answer")
    };
    let (taken, until) = hold(None);
    assert!(taken, "another process has it");
    run(&api).await;
    assert_eq!(one(&api, &token, &id).await["state"], "running");
    api.after(61);
    run(&api).await;
    let export = one(&api, &token, &id).await;
    assert_eq!((&export["state"], &export["rows"]), (&json!("done"), &json!(1_500)));
    assert_eq!(download(&api, &token, &id).await.text().lines().count(), 1_501);
    assert!(!hold(Some(until)).0, "whoever comes back finds that it is over");
}

/// How many pieces of files are kept.
fn pieces(api: &Api) -> i64 {
    let engine = api.engine.clone();
    let count = move || {
        let tables = engine.store().read(caravan_store::storage::tables).expect("the tables");
        tables.into_iter().find(|it| it.table == "export_piece").expect("the table").rows
    };
    std::thread::spawn(count).join().expect("a count")
}

crate::on_both_stores! {
    a_file_is_written_in_the_background_and_downloaded
    every_list_is_exported_with_its_own_columns
    what_cannot_be_exported_is_refused_at_once
    files_are_for_whoever_asked_and_may_still_read_people
    exports_are_cancelled_deleted_and_expire
    whoever_has_a_person_deleted_has_files_of_people_deleted
    an_export_whose_list_is_gone_fails_with_a_sentence
    a_file_that_a_dead_process_left_is_written_by_the_next
}
