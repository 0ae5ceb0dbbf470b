//! Opportunities, records of custom objects and suppressed addresses over HTTP, on both stores.

use caravan_api::access::add_user;
use caravan_engine::systems::Surroundings;
use serde_json::{Value, json};

use crate::support::Api;

const LICENCE: &str = r#"{"kind":"custom_object","key":"licence","name":"Licence","subject":"person","primary_key":"no",
    "fields":{"no":"integer","plan":"string"}}"#;

async fn furnished(api: &Api) -> String {
    let token = api.token("administrator");
    let object: Value = serde_json::from_str(LICENCE).expect("a manifest");
    let put = api.call("PUT", "/api/v1/custom_objects/licence").bearer(&token).json(&object).send().await;
    assert_eq!(put.status.as_u16(), 201, "{}", put.text());
    for (kind, file) in [
        ("accounts", "key,name\nacme,Acme\n"),
        ("people", "key,email,account_key,first_name\nada,ada@acme.example,acme,Ada\n"),
        (
            "opportunities",
            "key,account_key,stage,is_closed\no1,acme,Aware,\no2,acme,Won,true\no3,acme,Lost,false\no4,none,,\n",
        ),
        ("licence", "no,person_key,plan\n7,ada,Gold\n"),
        ("suppressions", "address,reason\nX@acme.example,legal\nada@acme.example,unsubscribed\n"),
    ] {
        let done = api.post(&format!("/api/v1/import/{kind}?format=csv")).bearer(&token).text("text/csv", file);
        let done = done.send().await;
        assert_eq!(done.status, 200, "{kind}: {}", done.text());
    }
    token
}

async fn records_are_listed_under_their_object_and_whom_they_belong_to(api: Api) {
    let token = furnished(&api).await;
    let get = |path: &str| api.get(path).bearer(&token).send();
    let acme = get("/api/v1/accounts/acme").await.json();
    assert_eq!((&acme["open_opportunities"], &acme["records"]), (&json!(2), &json!({"opportunity": 3})));
    let all = get("/api/v1/custom_objects/opportunity/records?limit=2").await.json();
    assert_eq!((&all["total"], &all["items"][1]["key"]), (&json!(3), &json!("o2")));
    let next = all["next_cursor"].as_str().expect("another page").to_owned();
    let rest = get(&format!("/api/v1/accounts/acme/records/opportunity?cursor={next}")).await.json();
    assert_eq!(rest["items"][0]["key"], "o3");
    assert_eq!(rest["items"][0]["account"], json!({"key": "acme", "name": "Acme"}));
    assert_eq!(
        (&rest["items"][0]["fields"]["stage"], &rest["items"][0]["fields"]["amount"]),
        (&json!("Lost"), &Value::Null)
    );
    let ada = get("/api/v1/people/ada").await.json();
    assert_eq!(ada["records"], json!({"licence": 1}));
    let licences = get("/api/v1/people/ada/records/licence").await.json();
    assert_eq!(licences["items"][0]["fields"], json!({"no": 7, "plan": "Gold"}));
    assert_eq!(get("/api/v1/accounts/acme/records/licence").await.refusal(), (400, "wrong_subject".to_owned()));
    assert_eq!(get("/api/v1/accounts/acme/records/none").await.refusal(), (404, "unknown_object".to_owned()));
}

async fn records_link_to_where_they_stand_in_the_crm(api: Api) {
    let token = furnished(&api).await;
    let get = |path: &str| api.get(path).bearer(&token).send();
    assert_eq!(get("/api/v1/accounts/acme").await.json()["crm_link"], Value::Null);
    let settings = |crm: Value| {
        let body = json!({"organisation": "Acme", "crm": crm});
        api.call("PUT", "/api/v1/settings/settings").bearer(&token).json(&body).send()
    };
    let scripted = settings(json!({"person": "javascript:alert('{key}')"})).await;
    assert_eq!(scripted.refusal(), (422, "invalid_input".to_owned()));
    let error = &scripted.json()["errors"][0];
    assert_eq!((&error["code"], &error["pointer"]), (&json!("bad_crm_link"), &json!("/crm/person")));
    let at = |kind: &str| format!("https://crm.example/{kind}/{{key}}/view");
    let kept = settings(json!({"account": at("a"), "person": at("p"), "opportunity": at("o")})).await;
    assert!(kept.status.is_success(), "{}", kept.text());
    assert_eq!(get("/api/v1/accounts/acme").await.json()["crm_link"], "https://crm.example/a/acme/view");
    assert_eq!(get("/api/v1/people/ada").await.json()["crm_link"], "https://crm.example/p/ada/view");
    let deals = get("/api/v1/accounts/acme/records/opportunity").await.json();
    assert_eq!(deals["items"][0]["crm_link"], "https://crm.example/o/o1/view");
    let licences = get("/api/v1/people/ada/records/licence").await.json();
    assert_eq!(licences["items"][0]["crm_link"], Value::Null, "licences stand in no CRM");
    let odd = api.call("PUT", "/api/v1/people/a%2Fb").bearer(&token).json(&json!({"email": "ab@acme.example"}));
    assert_eq!(odd.send().await.status, 201);
    assert_eq!(get("/api/v1/people/a%2Fb").await.json()["crm_link"], "https://crm.example/p/a%2Fb/view");
}

async fn a_record_is_written_and_taken_away_by_hand(api: Api) {
    let token = furnished(&api).await;
    let at = |key: &str| format!("/api/v1/custom_objects/licence/records/{key}");
    let put = |key: &str, body: Value| api.call("PUT", &at(key)).bearer(&token).json(&body).send();
    let created = put("8", json!({"person_key": "ada", "plan": "Free"})).await;
    assert_eq!((created.status.as_u16(), &created.json()["person"]["name"]), (201, &json!("Ada")));
    let changed = put("8", json!({"plan": null})).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["fields"]), (200, &json!({"no": 8, "plan": null})));
    assert_eq!(put("9", json!({"plan": "Free"})).await.refusal(), (422, "required".to_owned()));
    assert_eq!(put("x", json!({"person_key": "ada"})).await.refusal(), (422, "wrong_value_type".to_owned()));
    let delete = || api.call("DELETE", &at("8")).bearer(&token).send();
    assert_eq!(delete().await.status, 204);
    assert_eq!(delete().await.refusal(), (404, "unknown_record".to_owned()));
}

async fn addresses_are_suppressed_and_released_by_hand(api: Api) {
    let token = furnished(&api).await;
    let get = |path: &str| api.get(path).bearer(&token).send();
    let listed = get("/api/v1/suppressions").await.json();
    assert_eq!((&listed["total"], &listed["items"][1]["address"]), (&json!(2), &json!("x@acme.example")));
    assert_eq!(get("/api/v1/suppressions?q=X@").await.json()["items"].as_array().map(Vec::len), Some(1));
    let call = |method: &'static str, address: &str, body: Value| {
        api.call(method, &format!("/api/v1/suppressions/{address}")).bearer(&token).json(&body).send()
    };
    let put = call("PUT", "+49%2030%20123-456", json!({"reason": "wrong number"})).await;
    assert_eq!(
        (put.status.as_u16(), &put.json()["address"], &put.json()["source"]),
        (201, &json!("+4930123456"), &json!("api"))
    );
    let by = put.json()["added_by"].as_str().unwrap_or_default().to_owned();
    assert!(by.starts_with("token:administrator"), "{by}");
    assert_eq!(call("PUT", "nobody", json!({})).await.refusal(), (422, "invalid_address".to_owned()));
    assert_eq!(call("DELETE", "+4930123456", json!({})).await.status, 204);
    assert_eq!(call("DELETE", "ada@acme.example", json!({})).await.refusal(), (409, "opt_out_kept".to_owned()));
    assert_eq!(get("/api/v1/suppressions/X@ACME.example").await.json()["reason"], "legal");
    assert_eq!(get("/api/v1/suppressions/+4930123456").await.refusal(), (404, "unknown_suppression".to_owned()));
}

async fn an_address_that_somebody_adds_in_the_app_tells_who_did_and_no_longer_once_that_is_lifted(api: Api) {
    let token = furnished(&api).await;
    let password = add_user(api.store(), &api.random, "eva@acme.example", "administrator").expect("a user");
    let signed_in = json!({"email": "eva@acme.example", "password": password});
    let signed_in = api.post("/api/v1/session").json(&signed_in).send().await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let csrf = signed_in.json()["csrf"].as_str().unwrap_or_default().to_owned();
    // Ada had opted out herself before.
    for address in ["new@acme.example", "ada@acme.example"] {
        let put = api.call("PUT", &format!("/api/v1/suppressions/{address}")).header("cookie", &cookie);
        let put = put.header("x-csrf-token", &csrf).json(&json!({"reason": "rude"})).send().await;
        let told = put.json();
        assert_eq!(
            (&told["source"], &told["added_by"], &told["reason"]),
            (&json!("admin"), &json!("eva@acme.example"), &json!("rude"))
        );
    }
    let listed = api.get("/api/v1/suppressions?q=new").bearer(&token).send().await.json();
    assert_eq!(listed["items"][0]["added_by"], "eva@acme.example", "{listed}");
    api.call("DELETE", "/api/v1/suppressions/ada@acme.example").bearer(&token).send().await;
    let left = api.get("/api/v1/suppressions/ada@acme.example").bearer(&token).send().await.json();
    assert_eq!(
        (&left["reason"], &left["source"], &left["added_by"]),
        (&json!("unsubscribed"), &json!("person"), &Value::Null)
    );
}

async fn an_id_of_the_crm_leads_to_whoever_has_it_and_nobody_and_several_are_told_apart(api: Api) {
    let token = furnished(&api).await;
    let put = |path: &str, body: Value| api.call("PUT", &format!("/api/v1/{path}")).bearer(&token).json(&body).send();
    let find = async |path: &str| {
        let reply = api.get(&format!("/api/v1/crm/{path}")).bearer(&token).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let found = reply.json();
        let keys = found["items"].as_array().expect("items").iter().map(|it| it["key"].as_str().unwrap_or_default());
        let subject = format!(
            "{} {}",
            found["subject"].as_str().unwrap_or_default(),
            found["attribute"].as_str().unwrap_or_default()
        );
        (subject, keys.map(str::to_owned).collect::<Vec<_>>())
    };
    let guid = "6F9619FF-8B86-D011-B42D-00C04FC964FF";
    for key in ["001A0000006Vm9r", "001A0000006Vm9R", "6f9619ff-8b86-d011-b42d-00c04fc964ff", "77@eu.CRM", "77@us.CRM"]
    {
        assert_eq!(put(&format!("accounts/{key}"), json!({"name": "Of the CRM"})).await.status, 201, "{key}");
    }
    let of = |keys: &[&str]| ("account key".to_owned(), keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
    assert_eq!(find("account/acme").await, of(&["acme"]));
    assert_eq!(find("account/001A0000006Vm9rIAC").await, of(&["001A0000006Vm9r"]), "18 letters for 15, in their case");
    assert_eq!(find(&format!("account/%7B{guid}%7D")).await, of(&["6f9619ff-8b86-d011-b42d-00c04fc964ff"]));
    assert_eq!(find("account/77").await, of(&["77@eu.CRM", "77@us.CRM"]), "the same id in two systems");
    for nobody in ["account/7", "account/acm", "account/ACME", "account/%20", "contact/acme"] {
        assert_eq!(find(nobody).await.1, [""; 0], "{nobody}");
    }

    let attribute = |key: &str, subject: &str| {
        put(&format!("attributes/{key}"), json!({"name": "CRM id", "subject": subject, "type": "string"}))
    };
    for (key, subject) in [("sfdc_id", "account"), ("contact_id", "person"), ("lead_id", "person")] {
        assert_eq!(attribute(key, subject).await.status, 201, "{key}");
    }
    let settings = json!({"organisation": "Acme", "crm": {"account_id": "sfdc_id", "contact_id": "contact_id", "lead_id": "lead_id"}});
    let written = put("settings/settings", settings).await;
    assert!(written.status.is_success(), "{}", written.text());
    for (path, body) in [
        ("accounts/acme", json!({"sfdc_id": "001A0000006Vm9r"})),
        ("people/ada", json!({"email": "ada@acme.example", "contact_id": "003-7", "lead_id": "00Q-1"})),
        ("people/bob", json!({"email": "bob@acme.example", "contact_id": "003-7"})),
    ] {
        let reply = put(path, body).await;
        assert!(reply.status.is_success(), "{path}: {}", reply.text());
    }
    let of_acme = ("account sfdc_id".to_owned(), vec!["acme".to_owned()]);
    assert_eq!(find("account/001A0000006Vm9r").await, of_acme, "the settings say where ids stand");
    assert_eq!(find("lead/00Q-1").await, ("person lead_id".to_owned(), vec!["ada".to_owned()]));
    assert_eq!(find("contact/003-7").await.1, ["ada", "bob"]);
    assert_eq!(find("contact/00Q-1").await.1, [""; 0]);

    let refused = put("settings/settings", json!({"organisation": "Acme", "crm": {"lead_id": "led_id"}})).await;
    let error = &refused.json()["errors"][0];
    assert_eq!(
        (&error["code"], &error["pointer"]),
        (&json!("unknown_attribute"), &json!("/crm/lead_id")),
        "{}",
        refused.text()
    );
    let deal = api.get("/api/v1/crm/deal/1").bearer(&token).send().await;
    assert!(deal.status.is_client_error(), "{}", deal.text());
    assert_eq!(api.get("/api/v1/crm/account/acme").send().await.status, 401);
}

crate::on_both_stores! {
    an_address_that_somebody_adds_in_the_app_tells_who_did_and_no_longer_once_that_is_lifted
    records_link_to_where_they_stand_in_the_crm
    an_id_of_the_crm_leads_to_whoever_has_it_and_nobody_and_several_are_told_apart
    records_are_listed_under_their_object_and_whom_they_belong_to
    a_record_is_written_and_taken_away_by_hand
    addresses_are_suppressed_and_released_by_hand
    fields_say_what_may_be_done_with_them_and_who_uses_them
    imports_by_schedule_are_told_file_by_file
}

async fn fields_say_what_may_be_done_with_them_and_who_uses_them(api: Api) {
    let token = api.token("administrator");
    let put = |path: &'static str, body: Value| api.call("PUT", path).bearer(&token).json(&body).send();
    let tier = json!({"kind": "attribute", "key": "tier", "subject": "account", "type": "string", "updatable": true});
    assert_eq!(put("/api/v1/attributes/tier", tier).await.status, 201);
    let settings =
        json!({"kind": "settings", "organisation": "Acme", "fields": {"account": {"region": {"managed": false}}}});
    assert_eq!(put("/api/v1/settings/settings", settings).await.status, 201);
    let gold =
        json!({"kind": "audience", "key": "gold", "subject": "account", "when": {"account": "tier", "is": "gold"}});
    assert_eq!(put("/api/v1/audiences/gold", gold).await.status, 201);
    let fields = api.get("/api/v1/fields").bearer(&token).send().await.json();
    let account = &fields["account"];
    let field = |key: &str| {
        let all = account["fields"].as_array().expect("a list");
        all.iter().find(|field| field["key"] == key).cloned().unwrap_or_default()
    };
    assert_eq!(field("tier")["used_by"], json!([{"kind": "audience", "key": "gold"}]));
    assert_eq!((&field("tier")["custom"], &field("tier")["label"]), (&json!(true), &json!("Tier")));
    assert_eq!((&field("region")["managed"], &field("region")["updatable"]), (&json!(false), &json!(false)));
    assert_eq!((&account["managed"], &account["most_managed"]), (&json!(21), &json!(100)));
    assert_eq!(fields["person"]["fields"].as_array().map(Vec::len), Some(30));
}

async fn imports_by_schedule_are_told_file_by_file(api: Api) {
    let token = api.token("administrator");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.csv"), "key,name\nacme,Acme\n,Nobody\n").expect("a file");
    let crm = json!({"kind": "connection", "key": "crm", "type": "folder", "settings": {"path": folder.path(),
        "imports": {"every": "1h", "files": [{"name": "*.csv", "kind": "accounts"}]}}});
    let put = api.call("PUT", "/api/v1/connections/crm").bearer(&token).json(&crm).send().await;
    assert_eq!(put.status, 201, "{}", put.text());
    let at = |rest: &str| format!("/api/v1/connections/crm/imports{rest}");
    assert_eq!(api.get(&at("/schedule")).bearer(&token).send().await.json(), json!({"next_at": null, "problem": null}));
    let engine = api.engine.clone();
    let surroundings = Surroundings::guarded(engine.clock().clone(), tokio::runtime::Handle::current())
        .with_mail_networks(vec!["127.0.0.0/8".parse().expect("a range")]);
    let taken = tokio::task::spawn_blocking(move || caravan_engine::import::take_in_arrived(&engine, &surroundings));
    assert!(taken.await.expect("a thread").expect("a look"));
    let runs = api.get(&at("")).bearer(&token).send().await.json();
    let run = &runs["items"][0];
    assert_eq!((&run["file"], &run["state"], &run["report"]["created"]), (&json!("a.csv"), &json!("done"), &json!(1)));
    assert_eq!(run["report"]["rejects"][0]["line"], 3);
    let due = api.get(&at("/schedule")).bearer(&token).send().await.json();
    assert_eq!(due["next_at"], "2026-12-01T10:00:00Z");
    let now = api.post(&at("/schedule")).bearer(&token).send().await;
    assert_eq!(now.json()["next_at"], "2026-12-01T09:00:00Z", "{}", now.text());
    let none = api.get("/api/v1/connections/none/imports").bearer(&token).send().await;
    assert_eq!(none.refusal(), (404, "unknown_reference".to_owned()));
}
