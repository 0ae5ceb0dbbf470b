//! Emails, templates and fragments are written by permissions of their own, whatever way leads to them.

use caravan_store::{Dialect, StoreError, params};
use serde_json::{Value, json};

use crate::on_both_stores;
use crate::support::{Api, Reply};

on_both_stores! {
    each_kind_of_content_is_written_by_its_own_permission_whatever_way_leads_to_it
    whoever_may_not_publish_fragments_changes_drafts_alone
    whoever_reads_definitions_sees_content_as_nobody_and_customers_only_with_a_permission_of_their_own
    roles_made_before_keep_what_they_could
}

/// A token of a role that may read definitions, and these.
async fn token(api: &Api, key: &str, permissions: &[&str]) -> String {
    let granted: Vec<&str> = ["definitions:read"].iter().chain(permissions).copied().collect();
    let role = json!({"permissions": granted});
    let put = api.call("PUT", &format!("/api/v1/access_roles/{key}")).bearer(&api.token("administrator")).json(&role);
    let put = put.send().await;
    assert!(put.status.is_success(), "{}", put.text());
    api.token(key)
}

async fn send(api: &Api, token: &str, method: &str, path: &str, body: &Value) -> Reply {
    api.call(method, &format!("/api/v1/{path}")).bearer(token).json(body).send().await
}

fn refused(reply: &Reply) -> bool {
    reply.status == 403 && reply.json()["code"] == "not_allowed"
}

fn email() -> Value {
    json!({"kind": "email", "key": "hello", "connection": "mail", "subject": "Hi", "body": {"html": "<p>x</p>"}})
}

fn template() -> Value {
    json!({"kind": "email_template", "key": "letter", "body": {"html": "<p>x</p>"}})
}

fn fragment() -> Value {
    json!({"kind": "fragment", "key": "foot", "body": {"html": "<p>Acme</p>"}})
}

async fn each_kind_of_content_is_written_by_its_own_permission_whatever_way_leads_to_it(api: Api) {
    let admin = api.token("administrator");
    let connection = json!({"type": "smtp", "settings": {"host": "127.0.0.1", "from": "acme@acme.example"}});
    let made = send(&api, &admin, "PUT", "connections/mail", &connection).await;
    assert_eq!(made.status, 201, "{}", made.text());
    for (path, body) in
        [("email_templates/letter", template()), ("fragments/foot", fragment()), ("emails/hello", email())]
    {
        assert_eq!(send(&api, &admin, "PUT", path, &body).await.status, 201);
    }
    let writers = [
        ("emails", "emails/hello", email(), token(&api, "emails-only", &["emails:write"]).await),
        ("templates", "email_templates/letter", template(), token(&api, "templates-only", &["templates:write"]).await),
        ("fragments", "fragments/foot", fragment(), token(&api, "fragments-only", &["fragments:write"]).await),
        (
            "definitions",
            "scores/fit",
            json!({"kind": "score", "key": "fit"}),
            token(&api, "rest-only", &["definitions:write"]).await,
        ),
    ];
    for (who, _, _, token) in &writers {
        for (whose, path, body, _) in &writers {
            let own = who == whose;
            let batch = json!({"manifests": [body], "dry_run": true});
            let with_own = json!({"manifests": [writers.iter().find(|it| it.0 == *who).map(|it| &it.2), body]});
            assert_eq!(refused(&send(&api, token, "PUT", path, body).await), !own, "{who} put {path}");
            assert_eq!(refused(&send(&api, token, "POST", "manifests", &batch).await), !own, "{who} apply {path}");
            if !own {
                assert!(refused(&send(&api, token, "POST", "manifests", &with_own).await), "{who} smuggle {path}");
                assert!(refused(&send(&api, token, "DELETE", path, &json!({})).await), "{who} delete {path}");
            }
            if *whose != "definitions" {
                let said = send(&api, token, "POST", &format!("{path}/comments"), &json!({"text": "Hello"})).await;
                assert_eq!(refused(&said), !own, "{who} comment on {path}");
            }
        }
        let begun = json!({"key": "first", "connection": "mail"});
        let begun = send(&api, token, "POST", "email_templates/letter/email", &begun).await;
        assert_eq!(refused(&begun), *who != "emails", "{who}: the email that is begun is an email");
        let proof = json!({"to": [{"email": "ada@acme.example"}]});
        assert_eq!(refused(&send(&api, token, "POST", "emails/hello/proof", &proof).await), *who != "emails", "{who}");
        let import = api.post("/api/v1/email_templates/brought/import").bearer(token);
        let import = import.bytes("text/html", b"<p>x</p>".to_vec()).send().await;
        assert_eq!(refused(&import), *who != "templates", "{who} import");
    }
    let (_, _, _, mine) = &writers[1];
    assert_eq!(send(&api, mine, "DELETE", "email_templates/letter", &json!({})).await.status, 204, "one's own goes");
}

async fn whoever_reads_definitions_sees_content_as_nobody_and_customers_only_with_a_permission_of_their_own(api: Api) {
    let admin = api.token("administrator");
    let connection = json!({"type": "smtp", "settings": {"host": "127.0.0.1", "from": "acme@acme.example"}});
    assert_eq!(send(&api, &admin, "PUT", "connections/mail", &connection).await.status, 201);
    for (path, body) in
        [("email_templates/letter", template()), ("fragments/foot", fragment()), ("emails/hello", email())]
    {
        assert_eq!(send(&api, &admin, "PUT", path, &body).await.status, 201);
    }
    assert_eq!(send(&api, &admin, "PUT", "people/ada", &json!({"email": "ada@acme.example"})).await.status, 201);
    let (looks, reads) = (api.token("viewer"), token(&api, "reads", &["customers:read"]).await);
    let draft =
        json!({"draft": {"subject": "x", "connection": "", "body": {"html": "<p>{{ person.first_name }}</p>"}}});
    for path in ["email_templates/letter/preview", "fragments/foot/preview", "emails/hello/preview"] {
        let shown = send(&api, &looks, "POST", path, &json!({})).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.text());
        for somebody in [json!({"person": "ada"}), json!({"account": "acme"})] {
            assert!(refused(&send(&api, &looks, "POST", path, &somebody).await), "{path} as {somebody}");
        }
        let shown = send(&api, &reads, "POST", path, &json!({"person": "ada"})).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.text());
    }
    let shown = send(&api, &looks, "POST", "emails/hello/preview", &draft).await.json();
    assert_eq!(shown["missing"], json!(["person.first_name"]), "what is posted tells of nobody: {shown}");
    for path in ["emails/hello/spam_report", "sms_messages/ping/longest"] {
        assert!(refused(&send(&api, &looks, "POST", path, &json!({})).await), "{path}");
    }
    let as_ada = send(&api, &looks, "POST", "sms_messages/ping/preview", &json!({"person": "ada"})).await;
    assert!(refused(&as_ada), "a text as somebody: {}", as_ada.text());
    assert_eq!(send(&api, &looks, "POST", "sms_messages/ping/preview", &json!({})).await.status, 404);
}

async fn whoever_may_not_publish_fragments_changes_drafts_alone(api: Api) {
    let (writer, publisher) = (
        token(&api, "writer", &["fragments:write"]).await,
        token(&api, "publisher", &["fragments:write", "fragments:publish"]).await,
    );
    let said = |state: Option<&str>, words: &str| {
        let mut manifest = fragment();
        manifest["body"]["html"] = format!("<p>{words}</p>").into();
        if let Some(state) = state {
            manifest["state"] = state.into();
        }
        manifest
    };
    let live = said(Some("live"), "one");
    assert!(refused(&send(&api, &writer, "PUT", "fragments/foot", &live).await));
    assert!(refused(&send(&api, &writer, "POST", "manifests", &json!({"manifests": [live]})).await));
    assert_eq!(send(&api, &publisher, "PUT", "fragments/foot", &live).await.status, 201);
    let published = || {
        let read = |s: &mut dyn caravan_store::Session| {
            let row = caravan_store::documents::get(s, "fragment", "foot")?.and_then(|row| row.live_version);
            let version = row.map(|id| caravan_store::documents::version(s, id)).transpose()?.flatten();
            Ok::<_, StoreError>(version.map(|version| (version.no, version.body)))
        };
        api.store().read(read).expect("read").expect("a version")
    };
    // Whatever says nothing of its state would stay published with what it changes.
    for (n, state) in [None, Some("draft")].into_iter().enumerate() {
        let put = send(&api, &writer, "PUT", "fragments/foot", &said(state, &format!("draft {n}"))).await;
        assert_eq!((put.status.as_u16(), &put.json()["state"]), (200, &json!("draft")), "{}", put.text());
        let applied = json!({"manifests": [said(state, &format!("again {n}"))]});
        assert_eq!(send(&api, &writer, "POST", "manifests", &applied).await.status, 200);
        let (no, body) = published();
        assert!(no == 1 && body.contains("one"), "{no} {body}");
    }
    let put = send(&api, &publisher, "PUT", "fragments/foot", &said(Some("live"), "two")).await;
    assert_eq!(put.json()["state"], "live", "{}", put.text());
    assert_eq!(published().0, 2);
    let delete = |token: &str, key: &str| api.call("DELETE", &format!("/api/v1/fragments/{key}")).bearer(token).send();
    assert!(refused(&delete(&writer, "foot").await), "what is published would go with it");
    assert_eq!(delete(&publisher, "foot").await.status, 204);
    assert_eq!(send(&api, &writer, "PUT", "fragments/foot", &said(Some("draft"), "three")).await.status, 201);
    assert_eq!(delete(&writer, "foot").await.status, 204, "a draft is theirs");
}

async fn roles_made_before_keep_what_they_could(api: Api) {
    let migration = |dialect| match dialect {
        Dialect::Sqlite => include_str!("../../../../migrations/sqlite/V0480__permissions_by_content.sql"),
        Dialect::Postgres => include_str!("../../../../migrations/postgres/V0480__permissions_by_content.sql"),
    };
    let author = token(&api, "author", &["definitions:write"]).await;
    let reader = token(&api, "reader", &[]).await;
    let before = api.get("/api/v1/access_roles/reader").bearer(&reader).send().await.json();
    let migrate = |s: &mut dyn caravan_store::Session| s.execute(migration(s.dialect()), params![]);
    assert_eq!(api.store().write(migrate), Ok(1), "that of the author alone");
    assert_eq!(api.store().write(migrate), Ok(0), "once");
    let role = api.get("/api/v1/access_roles/author").bearer(&author).send().await.json();
    let may = ["definitions:read", "definitions:write", "emails:write", "templates:write", "fragments:write"];
    let may: Vec<&str> = may.into_iter().chain(["fragments:publish"]).collect();
    assert_eq!(role["permissions"], json!(may));
    let live = json!({"kind": "fragment", "key": "foot", "state": "live", "body": {"html": "<p>Acme</p>"}});
    assert_eq!(send(&api, &author, "PUT", "fragments/foot", &live).await.status, 201, "their tokens write as before");
    assert!(refused(&send(&api, &reader, "PUT", "fragments/foot", &live).await));
    assert_eq!(api.get("/api/v1/access_roles/reader").bearer(&reader).send().await.json(), before);
}
