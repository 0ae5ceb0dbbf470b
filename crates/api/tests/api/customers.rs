//! Accounts and people over HTTP, on both stores.

use serde_json::json;

use crate::support::Api;

const ACCOUNTS: &str = "key,name,industry,employees\nacme,Acme,Tools,1200\nbolt,Bolt & Sons,Tools,40\n,Nameless,,\n";
const PEOPLE: &str = "key,email,first_name,last_name,job_title,account_key\n\
    ada,ada@acme.example,Ada,Byron,Chief Engineer,acme\nbob,bob@acme.example,Bob,,Clerk,acme\n\
    cy,cy@bolt.example,Cy,Young,Owner,bolt\ndee,dee@x.example,Dee,Dee,,nowhere\n";

async fn furnished(api: &Api) -> String {
    let token = api.token("administrator");
    let import = |kind: &'static str, text: &'static str| {
        api.post(&format!("/api/v1/import/{kind}?format=csv")).bearer(&token).text("text/csv", text).send()
    };
    let accounts = import("accounts", ACCOUNTS).await;
    assert_eq!(accounts.status, 200, "{}", accounts.text());
    let report = accounts.json();
    assert_eq!((&report["read"], &report["created"], &report["rejected"]), (&json!(3), &json!(2), &json!(1)));
    assert_eq!(report["rejects"][0]["line"], 4, "{report}");
    assert!(report["rejects"][0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    let people = import("people", PEOPLE).await.json();
    assert_eq!((&people["created"], &people["rejected"]), (&json!(3), &json!(1)), "{people}");
    token
}

async fn an_import_tells_of_as_many_rejects_as_are_asked_for(api: Api) {
    let token = api.token("administrator");
    let nameless = format!("key,name\n{}", ",Nobody\n".repeat(150));
    let import = |query: &str| {
        let path = format!("/api/v1/import/accounts?format=csv{query}");
        api.post(&path).bearer(&token).text("text/csv", &nameless).send()
    };
    for (query, told) in [("", 100), ("&rejects=150", 150), ("&rejects=10000", 150), ("&rejects=0", 0)] {
        let report = import(query).await.json();
        assert_eq!(
            (&report["rejected"], report["rejects"].as_array().map(Vec::len)),
            (&json!(150), Some(told)),
            "{query}"
        );
    }
    let refused = import("&rejects=10001").await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &json!("bad_limit")));
}

async fn a_zero_character_is_refused_wherever_it_is_sent(api: Api) {
    let token = furnished(&api).await;
    for path in ["people/ada%00", "people?q=%00", "text_answers?person=%00", "accounts/%00/people"] {
        let refused = api.get(&format!("/api/v1/{path}")).bearer(&token).send().await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &json!("zero_character")), "{path}");
    }
    let body = json!({"email": "x", "to": {"people": ["\u{0}"]}});
    let refused = api.post("/api/v1/accounts/acme/email").bearer(&token).json(&body).send().await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["code"]),
        (400, &json!("zero_character")),
        "{}",
        refused.text()
    );
}

async fn an_import_can_be_read_page_by_page(api: Api) {
    let token = furnished(&api).await;
    let get = |path: &str| api.get(path).bearer(&token).send();
    let accounts = get("/api/v1/accounts?limit=1").await.json();
    assert_eq!(accounts["total"], 2);
    let row = &accounts["items"][0];
    assert_eq!((&row["key"], &row["employees"], &row["people"]), (&json!("acme"), &json!(1200), &json!(2)));
    let next = accounts["next_cursor"].as_str().expect("another page").to_owned();
    let second = get(&format!("/api/v1/accounts?limit=1&cursor={next}")).await.json();
    assert_eq!((&second["items"][0]["key"], &second["next_cursor"]), (&json!("bolt"), &json!(null)));
    assert_eq!(get("/api/v1/accounts?q=SONS").await.json()["items"][0]["key"], "bolt");

    let people = get("/api/v1/accounts/acme/people").await.json();
    assert_eq!(people["items"][0]["accounts"], json!([{"key": "acme", "name": "Acme"}]));
    assert_eq!(people["items"][1]["name"], "Bob");
    let found = |q: &str| get(&format!("/api/v1/accounts/acme/people?q={q}"));
    let engineers = found("chief%20ENG").await.json();
    assert_eq!((&engineers["items"][0]["key"], engineers["items"].as_array().map(Vec::len)), (&json!("ada"), Some(1)));
    assert_eq!(found("bo").await.json()["items"][0]["name"], "Bob");
    assert_eq!(found("nobody").await.json()["items"], json!([]));
    let ada = get("/api/v1/people/ada").await.json();
    assert_eq!((&ada["email"], &ada["job_title"]), (&json!("ada@acme.example"), &json!("Chief Engineer")));
    assert_eq!(ada["accounts"][0]["key"], "acme");
    let acme = get("/api/v1/accounts/acme").await.json();
    assert_eq!((&acme["name"], &acme["people"], &acme["lists"]), (&json!("Acme"), &json!(2), &json!([])));
    assert_eq!(get("/api/v1/accounts/acme/buying_groups").await.json()["items"], json!([]));
    assert_eq!(get("/api/v1/accounts/none").await.refusal(), (404, "unknown_account".to_owned()));
    assert_eq!(get("/api/v1/people/none/timeline").await.refusal(), (404, "unknown_person".to_owned()));
}

async fn who_is_passed_over_is_counted_and_listed(api: Api) {
    let token = furnished(&api).await;
    let file = "key,email,test_profile\nbob,\\N,\ncy,,true\n";
    let import = api.post("/api/v1/import/people?format=csv").bearer(&token).text("text/csv", file).send().await;
    assert_eq!(import.json()["updated"], 2, "{}", import.text());
    // Nothing of ours takes a name away; another system that writes to the database may.
    let nameless = "UPDATE account SET name = ' ' WHERE key = 'bolt'";
    api.engine.store().write(|s| s.execute(nameless, &[])).expect("a statement");
    for (path, key) in [
        ("accounts?passed_over=no_name", "bolt"),
        ("people?passed_over=no_email", "bob"),
        ("people?passed_over=test_profile", "cy"),
    ] {
        let found = api.get(&format!("/api/v1/{path}")).bearer(&token).send().await.json();
        assert_eq!((&found["total"], &found["items"][0]["key"]), (&json!(1), &json!(key)), "{path}: {found}");
        let none = api.get(&format!("/api/v1/{path}&q=nobody")).bearer(&token).send().await.json();
        assert_eq!(none["total"], 0, "{none}");
    }
}

async fn an_account_is_changed_only_from_the_version_that_was_read(api: Api) {
    let token = furnished(&api).await;
    let put = |body: serde_json::Value| api.call("PUT", "/api/v1/accounts/acme").bearer(&token).json(&body);
    let read = api.get("/api/v1/accounts/acme").bearer(&token).send().await;
    api.after(60);
    let changed = put(json!({"employees": 1300})).header("if-match", read.header("etag")).send().await;
    assert_eq!((changed.status.as_u16(), &changed.json()["employees"]), (200, &json!(1300)), "{}", changed.text());
    assert_eq!(changed.json()["industry"], "Tools", "what is absent stays");
    let stale = put(json!({"employees": 1})).header("if-match", read.header("etag")).send().await;
    assert_eq!(stale.refusal(), (412, "stale_write".to_owned()));
    assert_eq!(put(json!({"employees": "many"})).send().await.status, 422);
    assert_eq!(put(json!({"colour": "red"})).send().await.status, 422);
    let new = api.call("PUT", "/api/v1/people/eve").bearer(&token).json(&json!({"email": "eve@acme.example"}));
    assert_eq!(new.send().await.status, 201);
    let timeline = api.get("/api/v1/accounts/acme/timeline").bearer(&token).send().await.json();
    assert_eq!(timeline["items"][0]["type"], "account_changed", "{timeline}");
    assert_eq!(timeline["items"][0]["fields"]["attribute"], "employees");
    assert_eq!(timeline["items"][0]["account"], json!({"key": "acme", "name": "Acme"}));
    let delete = api.call("DELETE", "/api/v1/accounts/acme").bearer(&token).send().await;
    assert_eq!(delete.status, 204, "{}", delete.text());
    assert_eq!(api.get("/api/v1/accounts/acme").bearer(&token).send().await.status, 404);
}

async fn another_address_leaves_behind_what_was_learnt_about_the_former(api: Api) {
    let token = furnished(&api).await;
    let put = |body: serde_json::Value| api.call("PUT", "/api/v1/people/eve").bearer(&token).json(&body).send();
    let flagged = json!({"email": "eve@acme.example", "email_invalid": true, "email_suspended": true});
    assert_eq!(put(flagged).await.status, 201);
    let flags = |person: serde_json::Value| (person["email_invalid"].clone(), person["email_suspended"].clone());
    let same = put(json!({"email": "Eve@Acme.example"})).await.json();
    assert_eq!(flags(same), (json!(true), json!(true)), "another case is no other address");
    let other = put(json!({"email": "eve@works.example"})).await.json();
    assert_eq!(flags(other), (json!(false), json!(false)));
    let said = put(json!({"email": "eve@bolt.example", "email_invalid": true})).await.json();
    assert_eq!(flags(said), (json!(true), json!(false)), "what is said of the new one holds");
}

async fn columns_of_an_import_are_mapped_and_left_out(api: Api) {
    let token = api.token("journey_manager");
    let send = |map: &str, text: &str| {
        let path =
            format!("/api/v1/import/accounts?map={}", map.replace('{', "%7B").replace('}', "%7D").replace('"', "%22"));
        api.post(&path).bearer(&token).text("text/csv", text).send()
    };
    let text = "Symbol,Company,industry,Notes\nMMM,3M,Tools,old\n";
    let taken = send(r#"{"Symbol":"key","Company":"name","industry":""}"#, text).await;
    assert_eq!(taken.json()["created"], 1, "{}", taken.text());
    let account = api.get("/api/v1/accounts/MMM").bearer(&token).send().await.json();
    assert_eq!(account["name"], "3M");
    assert_eq!(account.get("industry").filter(|it| !it.is_null()), None, "left out, though its name is known");
    assert_eq!(send("Symbol=key", text).await.refusal(), (400, "bad_map".to_owned()));
    assert_eq!(send(r#"{"Symbol":"nothing"}"#, text).await.refusal().0, 422);
}

async fn a_file_that_is_wrong_as_a_whole_imports_nothing(api: Api) {
    let token = api.token("journey_manager");
    let send = |query: &str, kind: &str, text: &str| {
        api.post(&format!("/api/v1/import/accounts{query}")).bearer(&token).text(kind, text).send()
    };
    let header = send("?format=csv", "text/csv", "key,name,colour\na,A,red\n").await;
    assert_eq!(header.refusal().0, 422, "{}", header.text());
    assert_eq!(send("", "application/pdf", "x").await.refusal(), (415, "unknown_format".to_owned()));
    let dry = send("?dry_run=true", "text/csv", "key,name\na,A\n").await.json();
    assert_eq!(dry["created"], 1);
    let lines = "{\"key\": \"l\", \"name\": \"Lines\"}\n";
    assert_eq!(send("", "application/x-ndjson", lines).await.json()["created"], 1);
    let all = api.get("/api/v1/accounts").bearer(&token).send().await.json();
    assert_eq!((&all["total"], &all["items"][0]["key"]), (&json!(1), &json!("l")));
}

crate::on_both_stores! {
    another_address_leaves_behind_what_was_learnt_about_the_former
    a_zero_character_is_refused_wherever_it_is_sent
    an_import_tells_of_as_many_rejects_as_are_asked_for
    an_import_can_be_read_page_by_page
    who_is_passed_over_is_counted_and_listed
    an_account_is_changed_only_from_the_version_that_was_read
    columns_of_an_import_are_mapped_and_left_out
    a_file_that_is_wrong_as_a_whole_imports_nothing
}

#[tokio::test]
async fn a_sample_can_be_imported_as_it_comes() {
    let api = Api::new();
    let token = api.token("journey_manager");
    for (kind, least) in [("accounts", 20), ("people", 40)] {
        let file = api.get(&format!("/api/v1/samples/{kind}?accounts=20")).bearer(&token).send().await;
        assert_eq!((file.status.as_u16(), file.header("content-type")), (200, "text/csv; charset=utf-8"));
        let call = api.post(&format!("/api/v1/import/{kind}")).bearer(&token).text("text/csv", &file.text());
        let report = call.send().await.json();
        assert!(report["created"].as_i64() >= Some(least), "{report}");
        assert_eq!(report["rejected"], 0, "{report}");
    }
    let large = api.get("/api/v1/samples/people?accounts=501").bearer(&token).send().await;
    assert_eq!(large.refusal(), (400, "sample_too_large".to_owned()));
}
