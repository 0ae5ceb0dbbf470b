//! Answers to text messages that somebody shall look at, over HTTP, on both stores.

use caravan_model::PersonId;
use caravan_store::records::{ActivityRow, insert_activities};
use caravan_store::{Session, SessionExt, StoreError, params, text_answers};
use serde_json::{Value, json};

use crate::on_both_stores;
use crate::support::Api;

const PATH: &str = "/api/v1/text_answers";

on_both_stores! {
    answers_are_listed_settled_by_somebody_and_written_down
    answers_go_with_whoever_is_erased
}

/// Ada and Ben, and what each wrote back.
async fn answers(api: &Api, token: &str) -> Vec<String> {
    for (key, name) in [("ada", "Ada"), ("ben", "Ben")] {
        let fields = json!({"first_name": name, "email": format!("{key}@acme.example")});
        let put = api.call("PUT", &format!("/api/v1/people/{key}")).bearer(token).json(&fields).send().await;
        assert!(put.status.is_success(), "{}", put.text());
    }
    let write = |s: &mut dyn Session| {
        let now = s.now()?;
        let mut ids = Vec::new();
        for (key, text) in [("ada", "Please stop, I moved"), ("ben", "Will you stop?")] {
            let person = s.query_int("SELECT id FROM person WHERE key = $1", params![key])?;
            let fields = json!({"text": text, "keyword": "stop", "for_review": true}).to_string();
            let row = ActivityRow {
                kind: "sms_received",
                at: now,
                received_at: now,
                account: None,
                person: Some(PersonId(person)),
                enrollment: None,
                node: None,
                source: "twilio",
                fields: &fields,
            };
            ids.extend(insert_activities(s, &[row])?);
        }
        text_answers::mark(s, &ids, None)?;
        Ok::<_, StoreError>(ids.iter().map(ToString::to_string).collect())
    };
    api.store().write(write).expect("answers")
}

async fn answers_are_listed_settled_by_somebody_and_written_down(api: Api) {
    let admin = api.token("administrator");
    let ids = answers(&api, &admin).await;
    let page = async |query: &str| api.get(&format!("{PATH}{query}")).bearer(&admin).send().await.json();
    let who = |page: &Value| {
        let items = page["items"].as_array().expect("items");
        items.iter().map(|it| it["person"]["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let all = page("").await;
    assert_eq!((who(&all), &all["total"]), (vec!["Ben".to_owned(), "Ada".to_owned()], &json!(2)), "{all}");
    let now = api.clock.now().to_string();
    assert_eq!(
        all["items"][1],
        json!({"id": ids[0], "state": "open", "person": {"key": "ada", "name": "Ada"}, "text": "Please stop, I moved",
            "keyword": "stop", "at": now, "source": "twilio", "answered": null, "done_by": null, "done_at": null})
    );
    let first = page("?limit=1").await;
    let next = page(&format!("?limit=1&cursor={}", first["next_cursor"].as_str().expect("more"))).await;
    assert_eq!((who(&first), who(&next), &next["next_cursor"]), (vec!["Ben".into()], vec!["Ada".into()], &Value::Null));
    assert_eq!(who(&page("?q=moved").await), ["Ada"]);
    assert_eq!(who(&page("?person=ben").await), ["Ben"]);
    assert_eq!(who(&page("?state=done").await), [""; 0]);

    let send = async |token: &str, what: &str, ids: Value| {
        api.post(&format!("{PATH}/{what}")).bearer(token).json(&json!({"ids": ids})).send().await
    };
    api.after(60);
    let manager = api.token("journey_manager");
    let done = send(&manager, "done", json!([ids[0], ids[0]])).await;
    assert_eq!((done.status.as_u16(), &done.json()["ids"]), (200, &json!([ids[0]])), "{}", done.text());
    let settled = page("?state=done").await;
    assert!(
        settled["items"][0]["done_by"].as_str().is_some_and(|by| by.starts_with("token:journey_manager")),
        "{settled}"
    );
    assert_eq!(settled["items"][0]["done_at"], api.clock.now().to_string());
    assert_eq!(send(&admin, "done", json!(ids)).await.json()["ids"], json!([ids[1]]), "who came first stays it");
    assert_eq!(who(&page("").await), [""; 0]);
    assert_eq!(send(&admin, "open", json!(ids)).await.json()["ids"], json!(ids));
    assert_eq!(who(&page("").await), ["Ben", "Ada"]);
    let audit = api.get("/api/v1/audit?q=text_answers").bearer(&admin).send().await.json();
    let log: Vec<_> = audit["items"].as_array().expect("a log").iter().map(|it| it["detail"].clone()).collect();
    assert_eq!(log, [json!({"answers": ids}), json!({"answers": [ids[1]]}), json!({"answers": [ids[0]]})]);

    let sales = api.token("sales");
    assert_eq!(api.get(PATH).bearer(&sales).send().await.status, 200, "who sees customers sees them");
    assert_eq!(send(&sales, "done", json!(ids)).await.refusal(), (403, "not_allowed".to_owned()));
    assert_eq!(api.get(PATH).bearer(&api.token("viewer")).send().await.refusal(), (403, "not_allowed".to_owned()));
    assert_eq!(send(&admin, "done", json!([])).await.refusal(), (400, "invalid_field".to_owned()));
    assert_eq!(send(&admin, "done", json!(["ada"])).await.refusal(), (404, "unknown_answer".to_owned()));
    assert_eq!(
        send(&admin, "done", json!(["act_999999999"])).await.json()["ids"],
        json!([]),
        "what is gone is passed over"
    );
}

async fn answers_go_with_whoever_is_erased(api: Api) {
    let admin = api.token("administrator");
    answers(&api, &admin).await;
    let gone = api.call("DELETE", "/api/v1/people/ada").bearer(&admin).send().await;
    assert!(gone.status.is_success(), "{}", gone.text());
    let left = api.get(PATH).bearer(&admin).send().await.json();
    assert_eq!((&left["total"], &left["items"][0]["person"]["key"]), (&json!(1), &json!("ben")), "{left}");
}
