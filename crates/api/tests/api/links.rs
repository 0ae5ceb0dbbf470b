//! Links in messages.

use std::time::Duration;

use caravan_engine::tracking::{Purpose, Secret, SigningKeys, Token};
use caravan_model::{EffectId, PersonId};
use serde_json::json;

use crate::support::Api;

const FORM: &str = "application/x-www-form-urlencoded";
/// What a mail program says (RFC 8058).
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

fn keys() -> SigningKeys {
    SigningKeys::new(1, Secret::new("a secret of this installation"))
}

fn token(purpose: Purpose, person: i64) -> String {
    keys().sign(&Token { effect: EffectId(1), person: Some(PersonId(person)), purpose })
}

/// An installation with one person, who was sent something, and the person's id.
async fn sent() -> (Api, String, i64) {
    let api = Api::with(|state| state.signing = Some(keys()));
    let admin = api.token("administrator");
    let put = api.call("PUT", "/api/v1/people/ada").bearer(&admin).json(&json!({"email": "ada@acme.example"}));
    assert_eq!(put.send().await.status, 201);
    let shown = api.store().read(|s| caravan_store::journeys::subject_of_key(s, true, "ada")).expect("it is read");
    (api, admin, shown.expect("the person").0)
}

#[tokio::test]
async fn proof_8_looking_at_the_way_out_never_opts_out_and_the_button_does() {
    let (api, admin, person) = sent().await;
    let path = format!("/t/u/{}", token(Purpose::Unsubscribe, person));
    let opted_out =
        || async { api.get("/api/v1/people/ada").bearer(&admin).send().await.json()["unsubscribed"].clone() };
    for _ in 0..3 {
        let page = api.get(&path).send().await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("<form method=\"post\">") && page.text().contains("a•••@acme.example"));
        api.call("HEAD", &path).send().await;
    }
    assert_eq!(opted_out().await, false);
    let done = api.post(&path).text("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click").send().await;
    assert_eq!((done.status.as_u16(), done.text().as_str(), done.header("location")), (200, "", ""));
    assert_eq!(done.header("set-cookie"), "");
    assert_eq!(opted_out().await, true);
    let again = api.get(&path).send().await;
    assert!(again.text().contains("You are unsubscribed"));
}

#[tokio::test]
async fn proof_8_mail_programs_opt_out_by_either_kind_of_form_as_often_as_they_like() {
    let (api, admin, person) = sent().await;
    let path = format!("/t/u/{}", token(Purpose::Unsubscribe, person));
    let parts = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    for _ in 0..2 {
        let done = api.post(&path).text("multipart/form-data; boundary=b", parts).send().await;
        assert_eq!((done.status.as_u16(), done.text().as_str()), (200, ""));
    }
    let ada = api.get("/api/v1/people/ada").bearer(&admin).send().await.json();
    assert_eq!((&ada["unsubscribed"], &ada["unsubscribed_reason"]), (&json!(true), &json!("header_one_click")));
    let form = "application/x-www-form-urlencoded";
    let unknown = api.post("/t/u/cut-off").text(form, "List-Unsubscribe=One-Click").send().await;
    assert_eq!(unknown.status, 200, "a mail program has nobody to tell");
    assert_eq!(api.post("/t/u/cut-off").text(form, "").send().await.status, 404, "a person has");
}

#[tokio::test]
async fn proof_8_no_way_of_looking_opts_out() {
    let (api, admin, person) = sent().await;
    let path = format!("/t/u/{}", token(Purpose::Unsubscribe, person));
    let looks: [(&str, &[(&str, &str)]); 8] = [
        ("GET", &[]),
        ("HEAD", &[]),
        ("OPTIONS", &[("origin", "https://mail.example"), ("access-control-request-method", "POST")]),
        ("GET", &[("purpose", "prefetch"), ("sec-purpose", "prefetch;prerender"), ("x-moz", "prefetch")]),
        ("GET", &[("user-agent", "GoogleImageProxy"), ("x-http-method-override", "POST")]),
        ("PUT", &[]),
        ("DELETE", &[]),
        ("PATCH", &[]),
    ];
    for (method, headers) in looks {
        for query in ["", "?List-Unsubscribe=One-Click", "?_method=POST"] {
            let call = api.call(method, &format!("{path}{query}")).text(FORM, ONE_CLICK);
            let reply = headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send().await;
            let looked = matches!(method, "GET" | "HEAD");
            assert_eq!(reply.status == 200, looked, "{method} {query}: {}", reply.status);
            assert_eq!((reply.header("set-cookie"), reply.header("location")), ("", ""), "{method} {query}");
        }
    }
    let ada = api.get("/api/v1/people/ada").bearer(&admin).send().await.json();
    assert_eq!(ada["unsubscribed"], false);
    let suppressed = api.get("/api/v1/suppressions").bearer(&admin).send().await.json();
    assert_eq!(suppressed["items"], json!([]), "{suppressed}");
}

#[tokio::test]
async fn proof_8_a_mail_program_is_answered_200_whatever_the_token_and_however_it_writes_its_form() {
    let in_parts = |head: &str, end: &str| {
        format!("--b{end}Content-Disposition: form-data; {head}{end}{end}One-Click{end}--b--{end}")
    };
    let multipart = "multipart/form-data; boundary=b";
    let forms = [
        (FORM, ONE_CLICK.to_owned()),
        (FORM, "List%2DUnsubscribe=One%2DClick\r\n".to_owned()),
        ("", format!("a=b&{ONE_CLICK}")),
        (multipart, in_parts("name=\"List-Unsubscribe\"", "\r\n")),
        (multipart, in_parts("name=List-Unsubscribe", "\r\n")),
        (multipart, in_parts("name=\"List-Unsubscribe\"", "\n")),
        (multipart, in_parts("name=\"List-Unsubscribe\"\r\nContent-Type: text/plain", "\r\n")),
    ];
    for (kind, form) in forms {
        let (api, admin, person) = sent().await;
        let good = token(Purpose::Unsubscribe, person);
        let gone = token(Purpose::Unsubscribe, person + 1_000);
        let foreign = SigningKeys::new(1, Secret::new("another secret"));
        let foreign = foreign.sign(&Token { effect: EffectId(1), person: None, purpose: Purpose::Unsubscribe });
        let other_purpose = token(Purpose::Open, person);
        for token in [gone.as_str(), &foreign, &other_purpose, "cut-off", &good[..good.len() - 1], &good, &good] {
            let reply = api.post(&format!("/t/u/{token}")).text(kind, &form).send().await;
            assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, ""), "{kind} {form:?} {token}");
            assert_eq!((reply.header("set-cookie"), reply.header("location")), ("", ""));
        }
        let ada = api.get("/api/v1/people/ada").bearer(&admin).send().await.json();
        let is = (&json!(true), &json!("header_one_click"));
        assert_eq!((&ada["unsubscribed"], &ada["unsubscribed_reason"]), is, "{kind} {form:?}");
        let told = api.store().read(|s| {
            let sql = "SELECT COUNT(*) FROM activity WHERE type = 'email_unsubscribed'";
            caravan_store::SessionExt::query_map(s, sql, &[], |r| Ok(r.int(0)))
        });
        let told = told.expect("a count");
        assert!(told[0] <= 1, "twice is once: {told:?}");
    }
}

#[tokio::test]
async fn proof_8_a_body_that_says_something_else_is_no_mail_programs() {
    for body in [
        "",
        "List-Unsubscribe=No",
        "list-unsubscribe=one-click",
        "One-Click",
        "x=List-Unsubscribe=One-Click",
        "\u{0}\u{fffd}",
    ] {
        let (api, admin, person) = sent().await;
        let reply = api.post(&format!("/t/u/{}", token(Purpose::Unsubscribe, person))).text(FORM, body).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (200, ""), "{body:?}");
        let ada = api.get("/api/v1/people/ada").bearer(&admin).send().await.json();
        assert_eq!(ada["unsubscribed_reason"], "body_link", "whoever posts wants out, by the page: {body:?}");
    }
}

#[tokio::test]
async fn a_link_with_letters_beyond_ascii_leads_on() {
    let (api, _, person) = sent().await;
    for (target, leads_to) in [
        ("https://bücher.example/grüße?für=dich#ä", "https://b%C3%BCcher.example/gr%C3%BC%C3%9Fe?f%C3%BCr=dich#%C3%A4"),
        (
            "https://acme.example/a b?c=\"d\"\r\nSet-Cookie: x=y",
            "https://acme.example/a%20b?c=%22d%22Set-Cookie:%20x=y",
        ),
        ("https://acme.example/a%20b?c=%C3%A4&d=[1]", "https://acme.example/a%20b?c=%C3%A4&d=[1]"),
    ] {
        let purpose = Purpose::Click { link: 0, target: target.to_owned(), parameters: String::new(), visitor: false };
        let reply = api.get(&format!("/t/c/{}", token(purpose, person))).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (302, leads_to), "{target}");
        assert_eq!(reply.header("set-cookie"), "");
    }
}

#[tokio::test]
async fn the_button_of_the_page_answers_with_a_page() {
    let (api, _, person) = sent().await;
    let path = format!("/t/u/{}", token(Purpose::Unsubscribe, person));
    let done = api.post(&path).text("application/x-www-form-urlencoded", "").send().await;
    assert!(done.status == 200 && done.text().contains("You are unsubscribed"), "{}", done.text());
}

#[tokio::test]
async fn a_link_leads_only_to_where_it_was_signed_for() {
    let (api, _, person) = sent().await;
    let target = "https://acme.example/offer?a=1&b=2";
    let good =
        token(Purpose::Click { link: 0, target: target.to_owned(), parameters: String::new(), visitor: false }, person);
    let reply = api.get(&format!("/t/c/{good}")).send().await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (302, target));
    let foreign = SigningKeys::new(1, Secret::new("another secret"));
    let purpose = Purpose::Click {
        link: 0,
        target: "https://evil.example".to_owned(),
        parameters: String::new(),
        visitor: false,
    };
    let forged = foreign.sign(&Token { effect: EffectId(1), person: None, purpose });
    let open = token(Purpose::Open, person);
    for bad in [forged.as_str(), &format!("{good}x"), "preview", "https:%2F%2Fevil.example", &open] {
        let reply = api.get(&format!("/t/c/{bad}")).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (404, ""), "{bad}");
        assert!(reply.text().contains("This link does not work"));
    }
}

#[tokio::test]
async fn the_picture_is_a_picture_whatever_the_token_says() {
    let (api, _, person) = sent().await;
    for token in [token(Purpose::Open, person), "nonsense".to_owned()] {
        let reply = tokio::time::timeout(Duration::from_secs(10), api.get(&format!("/t/o/{token}")).send()).await;
        let reply = reply.expect("in time");
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "image/gif"));
        assert!(reply.bytes.starts_with(b"GIF89a"));
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn links_of_previews_and_proofs_lead_to_a_page_that_changes_nothing() {
    let (api, _, _) = sent().await;
    for path in ["/t/u/preview", "/t/v/preview"] {
        let page = api.get(path).send().await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text().contains("This is a preview") && !page.text().contains("<form"), "{}", page.text());
    }
}

#[tokio::test]
async fn the_way_out_of_texts_asks_about_texts_and_leaves_email_alone() {
    let (api, admin, person) = sent().await;
    let number = json!({"email": "ada@acme.example", "mobile_phone": "+4915112345678"});
    assert_eq!(api.call("PUT", "/api/v1/people/ada").bearer(&admin).json(&number).send().await.status, 200);
    let path = format!("/t/u/{}", token(Purpose::StopTexts, person));
    let said = || async { api.get("/api/v1/people/ada").bearer(&admin).send().await.json() };
    let page = api.get(&path).send().await;
    assert!(page.text().contains("Shall ••••78 get no more marketing text messages?"), "{}", page.text());
    assert_ne!(said().await["sms_consent"], "n", "looking changes nothing");
    let done = api.post(&path).text("application/x-www-form-urlencoded", "").send().await;
    assert!(done.text().contains("You will get no more marketing text messages from us"), "{}", done.text());
    let ada = said().await;
    assert_eq!((&ada["sms_consent"], &ada["unsubscribed"]), (&json!("n"), &json!(false)));
}

#[tokio::test]
async fn hosts_of_links_answer_what_messages_lead_to_and_nothing_else() {
    let (api, admin, person) = sent().await;
    let strict = json!({"public": {"max_age_days": 1}, "links": {"max_age_days": 2, "include_subdomains": true}});
    let manifests = json!({"manifests": [
        {"kind": "sending_domain", "key": "acme", "domain": "acme.example", "tracking": "links.acme.example"},
        {"kind": "settings", "key": "settings", "organisation": "Acme", "postal_address": "x", "strict_transport": strict},
    ]});
    let applied = api.post("/api/v1/manifests").bearer(&admin).json(&manifests).send().await;
    assert_eq!(applied.status, 200, "{}", applied.text());
    api.after(1);
    let at = |host: &'static str, path: String| api.get(&path).header("host", host);
    let way_out = format!("/t/u/{}", token(Purpose::Unsubscribe, person));
    let strict = "strict-transport-security";
    for path in ["/api/docs", "/", "/login", "/healthz", "/api/v1/session", "/metrics"] {
        let refused = at("links.acme.example:443", path.to_owned()).bearer(&admin).send().await;
        assert_eq!(refused.refusal(), (404, "unknown_address".to_owned()), "{path}");
        assert_eq!(refused.header(strict), "max-age=172800; includeSubDomains");
    }
    let page = at("LINKS.acme.example", way_out.clone()).send().await;
    assert_eq!((page.status.as_u16(), page.header(strict)), (200, "max-age=172800; includeSubDomains"));
    let page = at("go.acme.example", way_out).send().await;
    assert_eq!((page.status.as_u16(), page.header(strict)), (200, "max-age=86400"));
    assert_eq!(at("go.acme.example", "/healthz".to_owned()).send().await.status, 200);
    let inside = at("10.0.0.7:8080", "/healthz".to_owned()).send().await;
    assert_eq!((inside.status.as_u16(), inside.header(strict)), (200, ""), "whoever looks after it from inside");
}

#[tokio::test]
async fn browsers_are_told_nothing_where_the_address_is_not_encrypted() {
    let api = Api::with(|state| state.public_url = "http://go.acme.example".into());
    let admin = api.token("administrator");
    let strict = json!({"public": {"max_age_days": 1}});
    let manifests = json!({"manifests": [
        {"kind": "settings", "key": "settings", "organisation": "Acme", "postal_address": "x", "strict_transport": strict},
    ]});
    let applied = api.post("/api/v1/manifests").bearer(&admin).json(&manifests).send().await;
    assert_eq!(applied.status, 200, "{}", applied.text());
    api.after(1);
    let alive = api.get("/healthz").header("host", "go.acme.example").send().await;
    assert_eq!((alive.status.as_u16(), alive.header("strict-transport-security")), (200, ""));
}
