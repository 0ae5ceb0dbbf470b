//! What people said to messages, over HTTP, on both stores: by person, by address, as a file, and after they are erased.

use serde_json::{Value, json};

use crate::support::Api;

async fn what_a_person_said_is_listed_by_person_by_address_and_as_a_file(api: Api) {
    let token = api.token("administrator");
    let put = async |fields: Value| {
        api.after(60);
        let put = api.call("PUT", "/api/v1/people/ada").bearer(&token).json(&fields).send().await;
        assert!(put.status.is_success(), "{}", put.text());
    };
    let get = async |path: &str| api.get(path).bearer(&token).send().await;
    let said = async |path: &str| {
        let page = get(path).await.json();
        let of = |row: &Value| {
            [&row["channel"], &row["value"], &row["source"]].map(|it| it.as_str().unwrap_or("-").to_owned()).join(" ")
        };
        (page["items"].as_array().expect("items").iter().map(of).collect::<Vec<_>>(), page)
    };
    put(json!({"email": "Ada@Acme.example", "mobile_phone": "+4915112345678"})).await;
    assert_eq!(said("/api/v1/people/ada/consent_records").await.0, [""; 0], "nothing was said yet");
    put(json!({"unsubscribed": true})).await;
    put(json!({"unsubscribed": true, "sms_consent": "y"})).await;
    let (all, page) = said("/api/v1/people/ada/consent_records").await;
    assert_eq!(all, ["sms y api", "email n api"], "newest first, what was said again is not said twice: {page}");
    assert_eq!(page["items"][1]["address"], "ada@acme.example");
    let first = said("/api/v1/people/ada/consent_records?limit=1").await;
    assert_eq!(first.0, ["sms y api"]);
    let next = first.1["next_cursor"].as_str().expect("more").to_owned();
    assert_eq!(said(&format!("/api/v1/people/ada/consent_records?limit=1&cursor={next}")).await.0, ["email n api"]);
    assert_eq!(said("/api/v1/consent_records?address=ADA%40acme.example").await.0, ["email n api"]);
    assert_eq!(said("/api/v1/consent_records?address=%2B49%20151%2012345678").await.0, ["sms y api"]);
    assert_eq!(get("/api/v1/consent_records?address=nobody").await.refusal(), (400, "invalid_address".to_owned()));

    let file = get("/api/v1/people/ada/consent_records.csv").await;
    assert!(file.header("content-type").starts_with("text/csv"));
    let lines: Vec<String> = file.text().lines().map(str::to_owned).collect();
    assert_eq!((lines.len(), lines[0].as_str()), (3, "at,channel,value,address,sender,reason,source,evidence"));
    assert!(lines[2].contains(",email,n,ada@acme.example,"), "{}", lines[2]);

    let gone = api.call("DELETE", "/api/v1/people/ada").bearer(&token).send().await;
    assert!(gone.status.is_success(), "{}", gone.text());
    assert_eq!(get("/api/v1/people/ada/consent_records").await.refusal(), (404, "unknown_person".to_owned()));
    let (left, page) = said("/api/v1/consent_records?address=ada%40acme.example").await;
    assert_eq!(left, ["email n api"], "an objection outlives whoever made it");
    assert!(page["items"][0]["address"].as_str().is_some_and(|address| address.starts_with('#')), "{page}");
    assert_eq!(said("/api/v1/consent_records?address=%2B4915112345678").await.0, [""; 0], "a yes does not");
}

async fn whoever_may_not_see_customers_sees_neither_consent_nor_what_machines_did(api: Api) {
    let token = api.token("administrator");
    let put =
        api.call("PUT", "/api/v1/people/ada").bearer(&token).json(&json!({"email": "ada@acme.example"})).send().await;
    assert!(put.status.is_success(), "{}", put.text());
    let machines = api.get("/api/v1/people/ada/machines").bearer(&token).send().await;
    assert_eq!((machines.status.as_u16(), &machines.json()["items"]), (200, &json!([])));
    let paths = [
        "people/ada/machines",
        "people/ada/consent_records",
        "people/ada/consent_records.csv",
        "consent_records?address=a%40b.example",
    ];
    for path in paths {
        assert_eq!(api.get(&format!("/api/v1/{path}")).send().await.status.as_u16(), 401, "{path}");
    }
    assert_eq!(api.get("/api/v1/people/nobody/machines").bearer(&token).send().await.refusal().0, 404);
}

crate::on_both_stores! {
    what_a_person_said_is_listed_by_person_by_address_and_as_a_file
    whoever_may_not_see_customers_sees_neither_consent_nor_what_machines_did
}
