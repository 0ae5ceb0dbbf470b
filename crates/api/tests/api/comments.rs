//! Comments on content over HTTP, on both stores.

use caravan_api::access::add_user;
use caravan_store::{SessionExt, access};
use serde_json::{Value, json};

use crate::support::Api;

const FRAGMENT: &str = "/api/v1/fragments/foot";
const COMMENTS: &str = "/api/v1/fragments/foot/comments";

async fn call(api: &Api, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let reply = api.call(method, path).bearer(token).json(body).send().await;
    let body = if reply.text().is_empty() { Value::Null } else { reply.json() };
    (reply.status.into(), body)
}

async fn put_fragment(api: &Api, token: &str) {
    let body = json!({"kind": "fragment", "key": "foot", "name": "Foot", "body": {"mjml": "<mj-text data-comment=\"c1\">Acme</mj-text>"}});
    let (status, body) = call(api, token, "PUT", FRAGMENT, &body).await;
    assert!(status < 300, "{body}");
}

async fn listed(api: &Api, token: &str) -> Value {
    api.get(COMMENTS).bearer(token).send().await.json()
}

async fn people_talk_of_content(api: Api) {
    let (token, reader) = (api.token("administrator"), api.token("viewer"));
    let user = |s: &mut dyn caravan_store::Session| {
        let now = s.now()?;
        access::add_user(s, "ada@acme.example", "viewer", "no hash", now)?;
        Ok::<_, caravan_store::StoreError>(())
    };
    api.store().write(user).expect("a user");
    assert_eq!(call(&api, &token, "POST", COMMENTS, &json!({"text": "Hello"})).await.0, 404, "no definition yet");
    put_fragment(&api, &token).await;

    let first = json!({"text": "Is this the address, @ada@acme.example?", "block": "c1"});
    let (status, thread) = call(&api, &token, "POST", COMMENTS, &first).await;
    assert_eq!((status, &thread["block"], &thread["answers"]), (200, &json!("c1"), &Value::Null), "{thread}");
    let id = thread["id"].as_i64().expect("an id");
    let answer = json!({"text": "> Is this the address, @ada@acme.example?\nYes.", "answers": id, "block": "c1"});
    let (_, answer) = call(&api, &token, "POST", COMMENTS, &answer).await;
    assert_eq!((&answer["answers"], &answer["block"]), (&json!(id), &Value::Null), "{answer}");
    let (_, again) = call(&api, &token, "POST", COMMENTS, &json!({"text": "Sure?", "answers": answer["id"]})).await;
    assert_eq!(again["answers"], json!(id), "an answer to an answer is of the same thread");

    let told = |s: &mut dyn caravan_store::Session| caravan_store::notifications::latest(s, "ada@acme.example", 10);
    let told = api.store().read(told).expect("what she was told");
    assert_eq!(told.len(), 1, "once, and not by what is quoted");
    assert!(told[0].about == "mention" && told[0].detail.contains("\"kind\":\"fragments\""), "{told:?}");

    let one = format!("{COMMENTS}/{id}");
    let (status, resolved) = call(&api, &token, "PUT", &one, &json!({"block": null, "resolved": true})).await;
    assert_eq!((status, &resolved["block"]), (200, &Value::Null));
    assert!(resolved["resolved_by"].is_string() && resolved["resolved_at"].is_string(), "{resolved}");
    let again = call(&api, &token, "PUT", &one, &json!({"block": null, "resolved": true})).await.1;
    assert_eq!(again["resolved_at"], resolved["resolved_at"], "whoever resolved it first did");
    let other = api.token("journey_manager");
    let words = json!({"text": " Is it? "});
    assert_eq!(call(&api, &other, "PATCH", &one, &words).await.1["code"], "not_the_author");
    let (status, edited) = call(&api, &token, "PATCH", &one, &words).await;
    assert_eq!((status, &edited["text"], edited["edited_at"].is_string()), (200, &json!("Is it?"), true), "{edited}");
    assert_eq!(
        (&edited["resolved_by"], &edited["at"]),
        (&resolved["resolved_by"], &resolved["at"]),
        "all else is as it was"
    );
    assert_eq!(call(&api, &token, "PATCH", &one, &json!({"text": " "})).await.0, 400);
    let shown = listed(&api, &reader).await;
    assert_eq!(shown["items"].as_array().map(Vec::len), Some(3), "{shown}");
    assert_eq!(shown["items"][0]["resolved_by"], resolved["resolved_by"]);
    assert_eq!(shown["mentionable"], json!([]), "who may not comment is not told who is here");
    assert_eq!(listed(&api, &token).await["mentionable"], json!(["ada@acme.example"]));
    let (_, open) = call(&api, &token, "PUT", &one, &json!({"block": "c1", "resolved": false})).await;
    assert_eq!((&open["resolved_by"], &open["block"]), (&Value::Null, &json!("c1")));
    assert_eq!(open["resolved_at"], Value::Null);

    let of_answer = format!("{COMMENTS}/{}", answer["id"]);
    for (method, path, body, expected) in [
        ("POST", COMMENTS, json!({"text": " "}), (400, "invalid_field")),
        ("POST", COMMENTS, json!({"text": "x".repeat(2_001)}), (400, "invalid_field")),
        ("POST", COMMENTS, json!({"text": "x", "block": "a b"}), (400, "invalid_field")),
        ("POST", COMMENTS, json!({"text": "x", "answers": 999_999_999}), (404, "unknown_comment")),
        ("PUT", &of_answer, json!({"block": null, "resolved": true}), (400, "not_a_thread")),
        ("DELETE", "/api/v1/fragments/foot/comments/999999999", json!({}), (404, "unknown_comment")),
    ] {
        let (status, refusal) = call(&api, &token, method, path, &body).await;
        assert_eq!((status, refusal["code"].as_str().unwrap_or_default()), expected, "{method} {path} {refusal}");
    }
    for (method, path) in [("POST", COMMENTS), ("PUT", one.as_str()), ("PATCH", one.as_str()), ("DELETE", one.as_str())]
    {
        let body = json!({"text": "x"});
        assert_eq!(call(&api, &reader, method, path, &body).await.0, 403, "{method}");
    }

    let erased = api.call("DELETE", &of_answer).bearer(&token).send().await;
    assert!(erased.status.is_success(), "{}", erased.text());
    assert_eq!(listed(&api, &token).await["items"].as_array().map(Vec::len), Some(2));
    api.call("DELETE", &one).bearer(&token).send().await;
    assert_eq!(listed(&api, &token).await["items"], json!([]), "the whole thread went");

    // Whoever makes it anew does not find what was said of the one before.
    call(&api, &token, "POST", COMMENTS, &json!({"text": "Old"})).await;
    let gone = api.call("DELETE", FRAGMENT).bearer(&token).send().await;
    assert!(gone.status.is_success(), "{}", gone.text());
    put_fragment(&api, &token).await;
    assert_eq!(listed(&api, &token).await["items"], json!([]));
}

async fn what_names_a_block_does_not_leave(api: Api) {
    let token = api.token("administrator");
    let from = json!({"email": "us@acme.example"});
    let settings = json!({"host": "127.0.0.1", "port": 2, "security": "none", "from": from});
    let connection = json!({"type": "smtp", "settings": settings});
    let (status, made) = call(&api, &token, "PUT", "/api/v1/connections/mail", &connection).await;
    assert!(status < 300, "{made}");
    let marked = " data-comment=\"c1\"";
    for body in [
        json!({"mjml": format!("<mjml><mj-body><mj-section{marked}><mj-column><mj-text{marked}>Hello</mj-text></mj-column></mj-section></mj-body></mjml>")}),
        json!({"html": format!("<html><body><p{marked}>Hello</p></body></html>")}),
    ] {
        let draft = json!({"kind": "email", "key": "hello", "connection": "mail", "subject": "Hello", "body": body});
        let asked = json!({"draft": draft});
        let (status, shown) = call(&api, &token, "POST", "/api/v1/emails/hello/preview", &asked).await;
        let html = shown["html"].as_str().unwrap_or_default();
        assert!(status == 200 && html.contains("Hello") && !html.contains("data-comment"), "{shown}");
    }
}

/// Keys of the mail that waits to leave to users.
fn queued(api: &Api) -> Vec<String> {
    let read = |s: &mut dyn caravan_store::Session| {
        let sql = "SELECT key FROM outbox WHERE kind = 'notice' ORDER BY id";
        s.query_map(sql, &[], |r| Ok::<_, caravan_store::StoreError>(r.string(0)))
    };
    api.store().read(read).expect("the outbox")
}

async fn whoever_is_mentioned_is_mailed_unless_nobody_wants_that(api: Api) {
    let token = api.token("administrator");
    let role = json!({"permissions": ["customers:read"]});
    assert!(call(&api, &token, "PUT", "/api/v1/access_roles/blind", &role).await.0 < 300);
    let mut passwords = Vec::new();
    for (name, role) in [("ada", "viewer"), ("ben", "journey_manager"), ("cy", "viewer"), ("dan", "blind")] {
        let password = add_user(api.store(), &api.random, &format!("{name}@acme.example"), role).expect("a user");
        passwords.push(password);
    }
    let disabled = json!({"role": "viewer", "disabled": true});
    assert_eq!(call(&api, &token, "PUT", "/api/v1/users/cy@acme.example", &disabled).await.0, 200);
    put_fragment(&api, &token).await;
    let all =
        json!({"text": "@ada@acme.example @ben@acme.example @cy@acme.example @dan@acme.example @nobody@acme.example"});
    assert_eq!(call(&api, &token, "POST", COMMENTS, &all).await.0, 200);
    assert_eq!(queued(&api), [""; 0], "nothing sends mail: the comment is there all the same");

    let from = json!({"email": "us@acme.example"});
    let settings = json!({"host": "127.0.0.1", "port": 2, "security": "none", "from": from});
    for key in ["post", "mail"] {
        let connection = json!({"type": "smtp", "settings": settings});
        assert!(call(&api, &token, "PUT", &format!("/api/v1/connections/{key}"), &connection).await.0 < 300);
    }
    let said = async |body: &Value| {
        let (status, said) = call(&api, &token, "POST", COMMENTS, body).await;
        assert_eq!(status, 200, "{said}");
        said["id"].as_i64().expect("an id")
    };
    let id = said(&all).await;
    let both = [format!("mention.{id}.ada@acme.example"), format!("mention.{id}.ben@acme.example")];
    assert_eq!(queued(&api), both, "who may see it, and may sign in");
    said(&json!({"text": "> @ada@acme.example\nTwice @Ada@acme.example, @ada@acme.example"})).await;
    assert_eq!(queued(&api).len(), 3, "once for a comment");
    let anew = json!({"text": "@ada@acme.example"});
    assert_eq!(call(&api, &token, "PATCH", &format!("{COMMENTS}/{id}"), &anew).await.0, 200);
    assert_eq!(queued(&api).len(), 3, "what is written anew tells nobody");

    // Ben mentions himself, and Ada does not want mail.
    let signed_in = async |name: &str, password: &str| {
        let body = json!({"email": format!("{name}@acme.example"), "password": password});
        let reply = api.post("/api/v1/session").json(&body).send().await;
        let cookie = reply.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        (cookie, reply.json()["csrf"].as_str().unwrap_or_default().to_owned())
    };
    let (cookie, csrf) = signed_in("ben", &passwords[1]).await;
    let own = api.post(COMMENTS).header("cookie", &cookie).header("x-csrf-token", &csrf);
    assert_eq!(own.json(&json!({"text": "@ben@acme.example"})).send().await.status, 200);
    assert_eq!(queued(&api).len(), 3, "nobody is told of what they said themselves");
    let (cookie, csrf) = signed_in("ada", &passwords[0]).await;
    let own = |method: &str| {
        api.call(method, "/api/v1/session/notices").header("cookie", &cookie).header("x-csrf-token", &csrf)
    };
    assert_eq!(own("GET").send().await.json(), json!({"mentions": true}));
    assert_eq!(own("PUT").json(&json!({"mentions": false})).send().await.status, 200);
    assert_eq!(own("GET").send().await.json(), json!({"mentions": false}));
    said(&all).await;
    let now = queued(&api);
    assert!(now.len() == 4 && now[3].ends_with(".ben@acme.example"), "{now:?}");
    let told = |s: &mut dyn caravan_store::Session| caravan_store::notifications::latest(s, "ada@acme.example", 10);
    assert_eq!(api.store().read(told).expect("what she was told").len(), 4, "in the app she is told");
    let (status, refusal) = call(&api, &token, "PUT", "/api/v1/session/notices", &json!({"mentions": false})).await;
    assert_eq!((status, &refusal["code"]), (404, &json!("unknown_user")), "programs are told nothing");

    let lane =
        |s: &mut dyn caravan_store::Session| s.query_int("SELECT COUNT(*) FROM outbox WHERE lane <> 'email:mail'", &[]);
    assert_eq!(api.store().read(lane), Ok(0), "by the first connection");
    let settings = |notices: Value| json!({"organisation": "Acme", "notices": notices});
    for (notices, more) in [(json!({"connection": "post"}), 1), (json!({"mentions": false}), 0)] {
        let before = queued(&api).len();
        let (status, put) = call(&api, &token, "PUT", "/api/v1/settings/settings", &settings(notices)).await;
        assert!(status < 300, "{put}");
        said(&json!({"text": "@ben@acme.example"})).await;
        assert_eq!(queued(&api).len(), before + more);
    }
    assert_eq!(api.store().read(lane), Ok(1), "by the one that the settings name");
    let (_, unknown) =
        call(&api, &token, "PUT", "/api/v1/settings/settings", &settings(json!({"connection": "x"}))).await;
    assert_eq!(unknown["errors"][0]["pointer"], "/notices/connection", "{unknown}");
}

crate::on_both_stores! {
    people_talk_of_content
    whoever_is_mentioned_is_mailed_unless_nobody_wants_that
    what_names_a_block_does_not_leave
}
