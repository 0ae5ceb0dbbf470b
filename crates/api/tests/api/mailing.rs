//! Email by hand to members of a buying group and to people of an account, on both stores, until it has left.

use std::sync::Arc;

use caravan_engine::deliver::{Delivery, Dispatcher, Recorder, Taken};
use caravan_engine::machines::Visitor;
use caravan_engine::tracking::{self, Secret, SigningKeys};
use serde_json::{Value, json};

use crate::groups::{furnished, settle};
use crate::support::{Api, Reply};

crate::on_both_stores! {
    an_email_by_hand_leaves_once_for_each_member_and_stands_on_their_timelines
    whoever_may_not_be_written_to_is_told_and_gets_none
    an_email_by_hand_is_refused_as_a_whole_where_it_cannot_be_sent
    what_was_changed_after_sending_does_not_change_what_was_sent
    people_of_an_account_are_written_to_by_hand_those_who_are_chosen_or_all
    an_account_that_nobody_can_be_written_to_at_gets_nothing_and_says_why
    a_person_is_written_to_by_hand_with_or_without_an_account
}

fn keys() -> SigningKeys {
    SigningKeys::new(1, Secret::new("a secret of this installation"))
}

/// An installation with the group of Acme, Ada and Bob in it, and an email; a token, and the path of the group's mail.
async fn ready(api: &Api) -> (String, String) {
    let token = furnished(api).await;
    let put = |path: &str, body: Value| api.call("PUT", &format!("/api/v1/{path}")).bearer(&token).json(&body).send();
    let connection = json!({"type": "smtp", "settings": {"host": "127.0.0.1", "port": 2, "security": "none", "from": {"email": "us@acme.example"}}});
    for (path, body) in [("connections/mail", connection), ("emails/hello", hello("Hello"))] {
        let reply = put(path, body).await;
        assert_eq!(reply.status, 201, "{path}: {}", reply.text());
    }
    let bob = put("accounts/acme/buying_groups/crm/members/bob", json!({"role": "Influencer"})).await;
    assert_eq!(bob.status, 200, "{}", bob.text());
    settle(api);
    let groups = api.get("/api/v1/buying_groups?account=acme").bearer(&token).send().await.json();
    let id = groups["items"][0]["id"].as_str().expect("an id").to_owned();
    (token, format!("/api/v1/buying_groups/{id}/email"))
}

fn hello(subject: &str) -> Value {
    json!({
        "subject": format!("{subject} {{{{ person.first_name }}}}"),
        "connection": "mail",
        "solution_interest": "crm",
        "body": {"html": "<p>{{ account.name }} {{ buying_group.role }} <a href=\"https://acme.example/offer\">Offer</a> \
                         <a href=\"{{ system.unsubscribe_url }}\">Opt out</a></p>"},
    })
}

async fn send(api: &Api, token: &str, path: &str, people: &[&str]) -> Reply {
    api.post(path).bearer(token).json(&json!({"email": "hello", "people": people})).send().await
}

/// Lets everything leave, into a record.
fn deliver(api: &Api) -> Arc<Recorder> {
    let recorder = Arc::new(Recorder::new(10));
    let delivery = Delivery::new("https://go.acme.example", keys());
    let dispatcher = Dispatcher::recording(&api.engine, delivery, Arc::clone(&recorder));
    while !dispatcher.dispatch_once().expect("it delivers").is_idle() {}
    recorder
}

fn subjects(recorder: &Recorder) -> Vec<String> {
    let taken = recorder.taken();
    let samples = taken.values().flat_map(|mailing| &mailing.emails);
    let mut subjects: Vec<String> = samples.map(|message| message.subject.clone()).collect();
    subjects.sort();
    subjects
}

/// Types of what stands on a timeline, the latest first, with their fields.
async fn timeline(api: &Api, token: &str, of: &str) -> Vec<(String, Value)> {
    let page = api.get(&format!("/api/v1/{of}/timeline")).bearer(token).send().await.json();
    let items = page["items"].as_array().expect("items").clone();
    let told = |item: &Value| (item["type"].as_str().unwrap_or_default().to_owned(), item["fields"].clone());
    items.iter().map(told).filter(|(kind, _)| kind.starts_with("email_")).collect()
}

async fn an_email_by_hand_leaves_once_for_each_member_and_stands_on_their_timelines(api: Api) {
    let (token, path) = ready(&api).await;
    let sales = api.token("sales");
    let sent = send(&api, &sales, &path, &["ada", "bob", "ada"]).await;
    assert_eq!((sent.status.as_u16(), sent.json()), (202, json!({"queued": 2, "refused": []})), "{}", sent.text());
    let recorder = deliver(&api);
    assert_eq!(subjects(&recorder), ["Hello Ada", "Hello Bob"]);
    assert_eq!(subjects(&deliver(&api)), Vec::<String>::new(), "nothing leaves twice");

    let ada = timeline(&api, &token, "people/ada").await;
    assert_eq!(ada, [("email_sent".to_owned(), json!({"email": "hello"}))], "no journey sent it");
    assert_eq!(timeline(&api, &token, "accounts/acme").await.len(), 2);

    let taken = recorder.taken();
    let message = taken[&(Taken::Email, "hello".to_owned())]
        .emails
        .iter()
        .find(|it| it.subject == "Hello Ada")
        .expect("a message")
        .clone();
    let html = message.html.clone().unwrap_or_default();
    assert!(html.contains("Acme Decision Maker"), "{html}");
    let click = html.split("/t/c/").nth(1).and_then(|rest| rest.split('"').next()).expect("a tracked link");
    api.after(3600);
    tracking::clicked(&api.engine, &keys(), click, &Visitor::default()).expect("it leads somewhere");
    // Until its second is over it could be a machine's.
    api.after(1);
    tracking::tell_held_clicks(&api.engine).expect("it is told");
    let ada = timeline(&api, &token, "people/ada").await;
    assert_eq!(ada[0].0, "email_clicked", "{ada:?}");
    assert_eq!((&ada[0].1["email"], &ada[0].1["journey"]), (&json!("hello"), &Value::Null));

    let figures = api.get("/api/v1/messages/figures?by=message").bearer(&token).send().await.json();
    let counted = &figures["items"][0];
    let expected = (&json!("hello"), &json!(2), &json!(1));
    assert_eq!((&counted["message"], &counted["sent"], &counted["clicked"]), expected, "{figures}");
    let audit = api.get("/api/v1/audit?q=%2Femail").bearer(&token).send().await.json();
    let row =
        audit["items"].as_array().and_then(|rows| rows.iter().find(|row| row["subject"] == path.as_str())).cloned();
    let detail = json!({"email": "hello", "queued": 2, "refused": 0});
    assert_eq!(row.expect("it is written down")["detail"], detail);
}

async fn whoever_may_not_be_written_to_is_told_and_gets_none(api: Api) {
    let (token, path) = ready(&api).await;
    let bob = api.call("PUT", "/api/v1/people/bob").bearer(&token).json(&json!({"unsubscribed": true})).send().await;
    assert_eq!(bob.status, 200, "{}", bob.text());
    let sent = send(&api, &token, &path, &["ada", "bob"]).await.json();
    assert_eq!((&sent["queued"], &sent["refused"][0]["person"]), (&json!(1), &json!("bob")));
    assert_eq!(sent["refused"][0]["code"], "unsubscribed");
    let suppressed = api.call("PUT", "/api/v1/suppressions/ada@acme.example").bearer(&token);
    assert!(suppressed.json(&json!({"reason": "asked"})).send().await.status.is_success());
    assert_eq!(subjects(&deliver(&api)), Vec::<String>::new(), "the gates judge again when it leaves");
    let ada = timeline(&api, &token, "people/ada").await;
    assert_eq!(ada, [("email_skipped".to_owned(), json!({"email": "hello", "reason": "suppressed"}))]);

    let nobody = send(&api, &token, &path, &["ada", "bob"]).await;
    assert_eq!(nobody.refusal(), (422, "invalid_input".to_owned()));
    let codes: Vec<_> =
        nobody.json()["errors"].as_array().expect("errors").iter().map(|it| it["code"].clone()).collect();
    assert_eq!(codes, ["suppressed", "unsubscribed"]);
    assert_eq!(deliver(&api).taken().len(), 0);
}

async fn an_email_by_hand_is_refused_as_a_whole_where_it_cannot_be_sent(api: Api) {
    let (token, path) = ready(&api).await;
    let code = async |people: &[&str]| {
        let refused = send(&api, &token, &path, people).await;
        assert_eq!(refused.refusal().0, 422, "{}", refused.text());
        let error = refused.json()["errors"][0].clone();
        (
            error["code"].as_str().unwrap_or_default().to_owned(),
            error["pointer"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let many: Vec<String> = (0..51).map(|n| format!("p{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(code(&many).await, ("too_many_members".to_owned(), String::new()), "TV-M10");
    assert_eq!(code(&[]).await.0, "nobody");
    assert_eq!(code(&["ada", "cy"]).await, ("not_a_member".to_owned(), "/people/1".to_owned()));
    assert_eq!(code(&["eve"]).await, ("unknown_person".to_owned(), "/people/0".to_owned()));
    let other = json!({"email": "helo", "people": ["ada"]});
    let unknown = api.post(&path).bearer(&token).json(&other).send().await;
    assert_eq!(unknown.json()["errors"][0]["code"], "unknown_reference", "{}", unknown.text());
    let of_journey = json!({"subject": "{{ my.offer }}", "connection": "mail", "body": {"html": "<p>Hi</p>"}});
    let put = api.call("PUT", "/api/v1/emails/offer").bearer(&token).json(&of_journey).send().await;
    assert_eq!(put.status, 201, "{}", put.text());
    let offer = api.post(&path).bearer(&token).json(&json!({"email": "offer", "people": ["ada"]})).send().await;
    assert_eq!(offer.json()["errors"][0]["code"], "my_token_undefined", "{}", offer.text());
    let nowhere = api.post("/api/v1/buying_groups/grp_999/email").bearer(&token);
    let nowhere = nowhere.json(&json!({"email": "hello", "people": ["ada"]})).send().await;
    assert_eq!(nowhere.refusal(), (404, "unknown_buying_group".to_owned()));
    let viewer = api.token("viewer");
    assert_eq!(send(&api, &viewer, &path, &["ada"]).await.refusal(), (403, "not_allowed".to_owned()));
    assert_eq!(subjects(&deliver(&api)), Vec::<String>::new());
}

async fn what_was_changed_after_sending_does_not_change_what_was_sent(api: Api) {
    let (token, path) = ready(&api).await;
    assert_eq!(send(&api, &token, &path, &["ada"]).await.status, 202);
    let put = api.call("PUT", "/api/v1/emails/hello").bearer(&token).json(&hello("Goodbye")).send().await;
    assert_eq!(put.status, 200, "{}", put.text());
    assert_eq!(send(&api, &token, &path, &["bob"]).await.status, 202);
    assert_eq!(send(&api, &token, &path, &["bob"]).await.status, 202, "somebody may send it again on purpose");
    assert_eq!(subjects(&deliver(&api)), ["Goodbye Bob", "Goodbye Bob", "Hello Ada"]);
}

const OF_ACME: &str = "/api/v1/accounts/acme/email";

async fn post(api: &Api, token: &str, path: &str, body: Value) -> Reply {
    api.post(path).bearer(token).json(&body).send().await
}

async fn people_of_an_account_are_written_to_by_hand_those_who_are_chosen_or_all(api: Api) {
    let (token, _) = ready(&api).await;
    let sales = api.token("sales");
    let chosen = json!({"email": "hello", "to": {"people": ["bob", "bob"]}});
    let sent = post(&api, &sales, OF_ACME, chosen).await;
    assert_eq!((sent.status.as_u16(), sent.json()), (202, json!({"queued": 1, "refused": []})), "{}", sent.text());
    assert_eq!(subjects(&deliver(&api)), ["Hello Bob"]);

    let bob = api.call("PUT", "/api/v1/people/bob").bearer(&token).json(&json!({"unsubscribed": true})).send().await;
    assert_eq!(bob.status, 200, "{}", bob.text());
    let all = post(&api, &sales, OF_ACME, json!({"email": "hello", "to": "everyone"})).await.json();
    assert_eq!((&all["queued"], &all["refused"][0]["person"]), (&json!(1), &json!("bob")), "{all}");
    assert_eq!(all["refused"][0]["code"], "unsubscribed");
    let recorder = deliver(&api);
    assert_eq!(subjects(&recorder), ["Hello Ada"], "nobody of another account");
    let taken = recorder.taken();
    let html = taken[&(Taken::Email, "hello".to_owned())].emails[0].html.clone().unwrap_or_default();
    assert!(html.contains("Acme"), "it speaks of the account: {html}");
    assert_eq!(timeline(&api, &token, "accounts/acme").await.len(), 2);

    let audit = api.get("/api/v1/audit?q=acme%2Femail").bearer(&token).send().await.json();
    let details: Vec<&Value> = audit["items"].as_array().expect("rows").iter().map(|row| &row["detail"]).collect();
    let row = |refused: i64| json!({"email": "hello", "queued": 1, "refused": refused});
    assert_eq!(details, [&row(1), &row(0)], "{audit}");
}

async fn an_account_that_nobody_can_be_written_to_at_gets_nothing_and_says_why(api: Api) {
    let (token, _) = ready(&api).await;
    let refused = async |path: &str, to: Value| {
        let reply = post(&api, &token, path, json!({"email": "hello", "to": to})).await;
        assert_eq!(reply.refusal().0, 422, "{}", reply.text());
        let error = reply.json()["errors"][0].clone();
        format!("{} {}", error["code"].as_str().unwrap_or_default(), error["pointer"].as_str().unwrap_or_default())
    };
    assert_eq!(refused(OF_ACME, json!({"people": ["ada", "cy"]})).await, "not_of_account /to/people/1");
    assert_eq!(refused(OF_ACME, json!({"people": ["eve"]})).await, "unknown_person /to/people/0");
    assert_eq!(refused(OF_ACME, json!({"people": []})).await, "nobody /to/people");
    let many: Vec<String> = (0..51).map(|n| format!("p{n}")).collect();
    assert_eq!(refused(OF_ACME, json!({"people": many})).await, "too_many_contacts ");
    assert_eq!(refused("/api/v1/accounts/tiny/email", json!("everyone")).await, "nobody /to");
    let cy = api.call("PUT", "/api/v1/people/cy").bearer(&token).json(&json!({"unsubscribed": true})).send().await;
    assert_eq!(cy.status, 200, "{}", cy.text());
    assert_eq!(refused("/api/v1/accounts/bolt/email", json!("everyone")).await, "unsubscribed /to");
    assert_eq!(refused("/api/v1/accounts/bolt/email", json!({"people": ["cy"]})).await, "unsubscribed /to/people/0");

    let body = json!({"email": "hello", "to": "everyone"});
    let nowhere = post(&api, &token, "/api/v1/accounts/none/email", body.clone()).await;
    assert_eq!(nowhere.refusal(), (404, "unknown_account".to_owned()));
    let viewer = api.token("viewer");
    assert_eq!(post(&api, &viewer, OF_ACME, body).await.refusal(), (403, "not_allowed".to_owned()));

    let mut people = String::from("key,email,account_key\n");
    people.extend((0..1001).map(|n| format!("m{n:04},m{n}@tiny.example,tiny\n")));
    let import = api.post("/api/v1/import/people?format=csv").bearer(&token).text("text/csv", &people).send().await;
    assert_eq!(import.status, 200, "{}", import.text());
    assert_eq!(refused("/api/v1/accounts/tiny/email", json!("everyone")).await, "too_many_contacts /to");
    assert_eq!(subjects(&deliver(&api)), Vec::<String>::new());
}

async fn a_person_is_written_to_by_hand_with_or_without_an_account(api: Api) {
    let (token, _) = ready(&api).await;
    let loose = json!({"email": "dot@dot.example", "first_name": "Dot"});
    let put = api.call("PUT", "/api/v1/people/dot").bearer(&token).json(&loose).send().await;
    assert_eq!(put.status, 201, "{}", put.text());
    let send = async |person: &str| {
        let path = format!("/api/v1/people/{person}/email");
        post(&api, &token, &path, json!({"email": "hello"})).await
    };
    for person in ["ada", "dot"] {
        let sent = send(person).await;
        assert_eq!((sent.status.as_u16(), sent.json()["queued"].clone()), (202, json!(1)), "{}", sent.text());
    }
    let recorder = deliver(&api);
    assert_eq!(subjects(&recorder), ["Hello Ada", "Hello Dot"]);
    let taken = recorder.taken();
    let ada = taken[&(Taken::Email, "hello".to_owned())].emails.iter().find(|it| it.subject == "Hello Ada");
    let html = ada.and_then(|it| it.html.clone()).unwrap_or_default();
    assert!(html.contains("Acme Decision Maker"), "as somebody of their account: {html}");
    assert_eq!(timeline(&api, &token, "people/dot").await, [("email_sent".to_owned(), json!({"email": "hello"}))]);
    assert_eq!(send("none").await.refusal(), (404, "unknown_person".to_owned()));
    let bob = api.call("PUT", "/api/v1/people/bob").bearer(&token).json(&json!({"unsubscribed": true})).send().await;
    assert_eq!(bob.status, 200, "{}", bob.text());
    let bob = send("bob").await;
    assert_eq!((bob.refusal().0, bob.json()["errors"][0]["code"].clone()), (422, json!("unsubscribed")));
}
