//! Content and delivery over HTTP: what stands against it, previews, proofs through a real mail server, sending domains in the
//! DNS, figures.

#[allow(dead_code, reason = "this test uses its own part")]
use std::sync::Arc;

use caravan_connect::dns::Dns;
use caravan_connect::outbound::{Guard, Outbound};
use caravan_connect::{Secret, Surroundings};
use caravan_engine::deliver::{Delivery, Dispatcher};
use caravan_engine::systems::Systems;
use caravan_engine::tracking::SigningKeys;
use caravan_testkit::Smtp;
use caravan_testkit::fakes::{Spamd, SpamdMood};
use caravan_testkit::twilio::{ACCOUNT_SID, AUTH_TOKEN, NUMBER, Twilio};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::{Api, Reply};

/// An installation that sends: a mail server, Twilio's double and a DNS beside it.
struct Sending {
    api: Api,
    smtp: Smtp,
    dns: caravan_testkit::Dns,
    token: String,
    folder: TempDir,
    _twilio: Twilio,
}

impl Sending {
    async fn new() -> Self {
        let (dns, smtp, twilio) = (caravan_testkit::Dns::start(&[]), Smtp::start(), Twilio::start(&[]));
        let (handle, addr) = (tokio::runtime::Handle::current(), dns.addr);
        let api = Api::with(move |state| {
            let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a range")]);
            let clock = state.engine.clock().clone();
            let surroundings = Surroundings { clock, runtime: handle.clone(), outbound: Outbound::new(guard) };
            let keys = SigningKeys::new(1, Secret::new("a secret of this installation"));
            let delivery = Delivery::new("https://go.acme.example", keys.clone());
            state.signing = Some(keys);
            state.dispatcher = Some(Arc::new(Dispatcher::new(&state.engine, delivery, surroundings.clone())));
            let asked = Dns::at(addr, &handle).expect("a DNS");
            state.systems = Some(Systems::new(&state.engine, surroundings).with_dns(asked));
        });
        let (token, folder) = (api.token("administrator"), tempfile::tempdir().expect("a folder"));
        let sending = Self { api, smtp, dns, token, folder, _twilio: twilio };
        sending.furnish().await;
        sending
    }

    async fn furnish(&self) {
        let secret = self.file("token", AUTH_TOKEN);
        let key = self.file("key.pem", caravan_testkit::keys::RSA_2048);
        for (path, body) in [
            ("settings/settings", json!({"kind": "settings", "organisation": "Acme", "postal_address": "Berlin"})),
            (
                "connections/mail",
                json!({"kind": "connection", "type": "smtp", "settings": {"host": "127.0.0.1", "port": self.smtp.port,
                    "security": "none", "from": {"name": "Acme", "email": "news@acme.example"}}}),
            ),
            (
                "connections/twilio",
                json!({"kind": "connection", "type": "twilio", "settings": {"account_sid": ACCOUNT_SID, "from": NUMBER,
                    "base_url": format!("http://127.0.0.1:{}", self._twilio.port)}, "secrets": {"auth_token": {"file": secret}}}),
            ),
            (
                "sending_domains/acme",
                json!({"kind": "sending_domain", "domain": "acme.example", "dkim": [{"selector": "c1"}],
                    "secrets": {"dkim_private_key": {"file": key}}}),
            ),
            ("people/ada", json!({"email": "ada@acme.example", "first_name": "Ada"})),
            ("fragments/legal", json!({"kind": "fragment", "state": "live", "body": {"html": "<p>Terms apply.</p>"}})),
            (
                "emails/hello",
                json!({"kind": "email", "connection": "mail", "subject": "Hello {{ person.first_name | default('you') }}",
                    "body": {"html": "<p>{{ person.key }}</p>{% include 'legal' %}"}}),
            ),
            (
                "email_templates/plain",
                json!({"kind": "email_template", "subject": "News", "body": {"html": "<p>News</p>"}}),
            ),
            (
                "sms_messages/ping",
                json!({"kind": "sms_message", "connection": "twilio", "type": "marketing", "body": "Hi {{ person.first_name }}"}),
            ),
        ] {
            let put = self.api.call("PUT", &format!("/api/v1/{path}")).bearer(&self.token).json(&body).send().await;
            assert!(put.status.is_success(), "{path}: {}", put.text());
        }
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path.display().to_string()
    }

    async fn post(&self, path: &str, body: &Value) -> Reply {
        self.api.post(path).bearer(&self.token).json(body).send().await
    }

    async fn get(&self, path: &str) -> Reply {
        self.api.get(path).bearer(&self.token).send().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn content_is_checked_and_shown_before_it_is_saved() {
    let sending = Sending::new().await;
    let draft = json!({"kind": "email", "key": "hello", "connection": "mail", "subject": " ",
        "body": {"html": "<p style='color:#ccc'>{{ person.shoe }}</p>"}});
    let found = sending.post("/api/v1/content/findings", &draft).await.json();
    let codes: Vec<&str> =
        found["items"].as_array().expect("items").iter().filter_map(|it| it["code"].as_str()).collect();
    for code in ["subject_missing", "attribute_unknown", "contrast_low"] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    let shown = sending.post("/api/v1/emails/hello/preview", &json!({"person": "ada"})).await.json();
    assert_eq!(shown["subject"], "Hello Ada");
    assert!(shown["html"].as_str().expect("HTML").contains("Terms apply."), "{shown:#}");
    let draft = json!({"draft": {"kind": "email", "key": "hello", "connection": "mail", "subject": "Draft", "body": {"html": "x"}}});
    assert_eq!(sending.post("/api/v1/emails/hello/preview", &draft).await.json()["subject"], "Draft");
    let text = sending.post("/api/v1/sms_messages/ping/preview", &json!({"person": "ada"})).await.json();
    assert_eq!((&text["text"], &text["parts"]), (&json!("Hi Ada"), &json!(1)));
    let longest = sending.post("/api/v1/sms_messages/ping/longest", &json!({})).await.json();
    assert_eq!((&longest["text"], &longest["values"]["person.first_name"]), (&json!("Hi Ada"), &json!("Ada")));
    assert_eq!(sending.post("/api/v1/emails/none/preview", &json!({})).await.status, 404);
    assert_eq!(sending.post("/api/v1/emails/hello/preview", &json!({"person": "nobody"})).await.status, 404);
    let begun = sending.post("/api/v1/email_templates/plain/email", &json!({"key": "new", "connection": "mail"})).await;
    assert_eq!((&begun.json()["subject"], &begun.json()["key"]), (&json!("News"), &json!("new")));
    let filters = sending.get("/api/v1/filters").await.json();
    assert!(filters["items"].as_array().is_some_and(|items| items.len() > 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_leave_and_leave_no_trace() {
    let sending = Sending::new().await;
    let proof = json!({"to": [{"email": "boss@acme.example", "person": "ada"}, {"email": "nobody"}]});
    let answer = sending.post("/api/v1/emails/hello/proof", &proof).await.json();
    assert_eq!((&answer["items"][0]["outcome"], &answer["items"][1]["outcome"]), (&json!("sent"), &json!("refused")));
    let [message] = sending.smtp.messages().try_into().expect("one message");
    assert_eq!(message.rcpt_to, ["boss@acme.example"]);
    assert_eq!(message.header("Subject"), Some("[Proof] Hello Ada"));
    assert_eq!((message.header("List-Unsubscribe"), message.header("Auto-Submitted")), (None, Some("auto-generated")));
    let proof = json!({"to": [{"phone": "+1 555 867 5310", "person": "ada"}]});
    let answer = sending.post("/api/v1/sms_messages/ping/proof", &proof).await.json();
    assert_eq!(answer, json!({"items": [{"to": "+1 555 867 5310", "outcome": "sent", "message": null, "size": null}]}));
    let figures = sending.get("/api/v1/messages/figures").await.json();
    assert_eq!(figures["items"], json!([]));
    let none = sending.post("/api/v1/sms_messages/ping/proof", &json!({"to": []})).await;
    assert_eq!(none.refusal(), (400, "invalid_field".to_owned()));
    let viewer = sending.api.token("viewer");
    let refused = sending.api.post("/api/v1/emails/hello/proof").bearer(&viewer).json(&proof).send().await;
    assert_eq!(refused.status, 403, "who only looks sends nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_to_other_domains_take_a_permission_of_their_own() {
    let sending = Sending::new().await;
    let settings = json!({"kind": "settings", "organisation": "Acme", "postal_address": "Berlin", "proofs": {"domains": ["acme.example"]}});
    let put = sending.api.call("PUT", "/api/v1/settings/settings").bearer(&sending.token).json(&settings).send().await;
    assert!(put.status.is_success(), "{}", put.text());
    let proof = json!({"to": [{"email": "boss@Mail.acme.example"}, {"email": "agency@elsewhere.example"}, {"email": "x@notacme.example"}]});
    let manager = sending.api.token("journey_manager");
    let answer = sending.api.post("/api/v1/emails/hello/proof").bearer(&manager).json(&proof).send().await.json();
    let outcomes: Vec<_> =
        answer["items"].as_array().expect("items").iter().map(|item| item["outcome"].clone()).collect();
    assert_eq!(outcomes, ["sent", "refused", "refused"]);
    assert!(answer["items"][1]["message"].as_str().is_some_and(|why| why.contains("proofs:outside")), "{answer}");
    assert_eq!(sending.smtp.messages().len(), 1);
    let answer = sending.post("/api/v1/emails/hello/proof", &proof).await.json();
    assert_eq!(answer["items"][1]["outcome"], "sent", "an administrator may: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sending_domain_is_looked_up_and_what_was_found_is_kept() {
    let sending = Sending::new().await;
    let check = "/api/v1/delivery/domains/acme/check";
    assert_eq!(sending.get(check).await.refusal(), (404, "never_checked".to_owned()));
    sending.dns.holds(&["_dmarc.acme.example TXT \"v=DMARC1; p=reject; rua=mailto:a@acme.example\""]);
    let found = sending.post(check, &json!({})).await.json();
    assert_eq!(found["well"], false);
    let records = found["records"].as_array().expect("records");
    let of = |purpose: &str| records.iter().find(|record| record["purpose"] == purpose).expect("it is looked at");
    assert_eq!((&of("dkim")["state"], &of("dkim")["name"]), (&json!("missing"), &json!("c1._domainkey.acme.example")));
    assert!(of("dkim")["expected"].as_str().is_some_and(|record| record.starts_with("v=DKIM1;")));
    assert_eq!((&of("dmarc")["state"], &of("dmarc")["type"]), (&json!("good"), &json!("TXT")));
    assert_eq!(sending.get(check).await.json(), found);
    assert_eq!(sending.post("/api/v1/delivery/domains/none/check", &json!({})).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_receivers_are_taken_as_files_and_shown_with_the_next_step() {
    let sending = Sending::new().await;
    let report = "<feedback><report_metadata><org_name>r.example</org_name><report_id>1</report_id><date_range><begin>BEGIN</begin>\
        <end>END</end></date_range></report_metadata><policy_published><domain>acme.example</domain><p>none</p></policy_published>\
        <record><row><source_ip>192.0.2.1</source_ip><count>4</count><policy_evaluated><dkim>pass</dkim><spf>fail</spf>\
        </policy_evaluated></row><identifiers><header_from>acme.example</header_from></identifiers></record></feedback>";
    let now = caravan_model::Clock::System.now().as_second();
    let report = report.replace("BEGIN", &(now - 90_000).to_string()).replace("END", &(now - 3_600).to_string());
    let send = async |file: Vec<u8>, who: &str| {
        sending.api.post("/api/v1/delivery/dmarc-reports").bearer(who).bytes("application/xml", file).send().await
    };
    let (admin, viewer) = (sending.api.token("administrator"), sending.api.token("viewer"));
    let taken = send(report.clone().into_bytes(), &admin).await.json();
    assert_eq!(
        (&taken["outcome"], &taken["messages"], &taken["sending_domains"]),
        (&json!("kept"), &json!(4), &json!(["acme"]))
    );
    assert_eq!(send(report.clone().into_bytes(), &admin).await.json()["outcome"], "known");
    let refused = send(b"hello".to_vec(), &admin).await;
    assert_eq!(refused.refusal(), (422, "dmarc_report_unreadable".to_owned()));
    assert_eq!(send(report.into_bytes(), &viewer).await.status, 403);
    let shown = sending.get("/api/v1/delivery/domains/acme/dmarc?days=7").await.json();
    assert_eq!((&shown["total"]["pass_rate"], &shown["sources"][0]["verdict"]), (&json!(1.0), &json!("dkim_alone")));
    assert_eq!((&shown["policy"]["policy"], &shown["next"]["code"]), (&json!("none"), &json!("wait")));
    assert_eq!(
        sending.get("/api/v1/delivery/domains/none/dmarc").await.refusal(),
        (404, "unknown_sending_domain".to_owned())
    );
    assert_eq!(sending.get("/api/v1/delivery/domains/acme/dmarc?days=0").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spam_filter_judges_emails_and_rules_of_our_own_do_where_there_is_none() {
    let sending = Sending::new().await;
    let judge = async || sending.post("/api/v1/emails/hello/spam_report", &json!({})).await.json();
    let ours = judge().await;
    assert_eq!((&ours["by"], &ours["threshold"], &ours["problem"]), (&json!("caravan"), &json!(5.0), &Value::Null));

    let spamd = Spamd::start();
    let mail = json!({"kind": "connection", "type": "smtp", "settings": {"host": "127.0.0.1", "port": sending.smtp.port,
        "security": "none", "from": {"name": "Acme", "email": "news@acme.example"},
        "spam_filter": {"type": "spamassassin", "host": "127.0.0.1", "port": spamd.address.port()}}});
    let put = sending.api.call("PUT", "/api/v1/connections/mail").bearer(&sending.token).json(&mail).send().await;
    assert!(put.status.is_success(), "{}", put.text());
    let theirs = judge().await;
    assert_eq!((&theirs["by"], &theirs["worrying"]), (&json!("spamassassin"), &json!(false)));
    assert_eq!(theirs["rules"][0]["name"], "DKIM_SIGNED", "it sees the message as it would leave: {theirs}");
    assert_eq!(spamd.refused(), [""; 0]);
    assert_eq!(sending.smtp.messages().len(), 0, "nothing is sent");

    spamd.mood(SpamdMood::Busy);
    let neither = judge().await;
    assert_eq!(neither["by"], "caravan");
    assert!(neither["problem"].as_str().is_some_and(|why| why.contains("EX_TEMPFAIL")), "{neither}");
    assert_eq!(sending.post("/api/v1/emails/none/spam_report", &json!({})).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_a_table_too_and_mailboxes_stand_under_the_problems() {
    let sending = Sending::new().await;
    let table = sending.get("/api/v1/messages/figures.csv?by=journey").await;
    assert_eq!((table.status.as_u16(), table.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert!(table.text().starts_with("channel,journey,node,message,sent,delivered,"), "{}", table.text());
    sending
        .api
        .store()
        .write(|s| {
            caravan_store::watched::put_mailbox_trouble(s, "mail", "it does not answer", sending.api.clock.now())
        })
        .expect("noted");
    let problems = sending.get("/api/v1/problems").await.json();
    let [problem] = problems["items"].as_array().expect("items").as_slice() else { panic!("{problems:#}") };
    assert_eq!((&problem["kind"], &problem["code"]), (&json!("mailbox"), &json!("mailbox_unreadable")));
    assert!(problem["message"].as_str().is_some_and(|text| text.contains("it does not answer.")), "{problem:#}");
    let dry = sending.post("/api/v1/fragments/legal/propagate?dry_run=true", &json!({})).await;
    assert_eq!((dry.status.as_u16(), dry.json()), (200, json!({"items": []})));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mention_in_a_comment_is_mailed_with_a_link_to_it() {
    let sending = Sending::new().await;
    for name in ["ben", "cy"] {
        let user = json!({"role": "viewer"});
        let put = sending.api.call("PUT", &format!("/api/v1/users/{name}@acme.example")).bearer(&sending.token);
        assert_eq!(put.json(&user).send().await.status, 201);
    }
    let suppressed = sending.api.call("PUT", "/api/v1/suppressions/cy@acme.example").bearer(&sending.token);
    assert!(suppressed.json(&json!({"reason": "manual"})).send().await.status.is_success());
    let text = "Is this right, @ben@acme.example and @cy@acme.example?\nI am not sure.";
    let said = sending.post("/api/v1/emails/hello/comments", &json!({"text": text})).await;
    assert_eq!(said.status, 200, "{}", said.text());
    let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a range")]);
    let (clock, runtime) = (sending.api.clock.clone(), tokio::runtime::Handle::current());
    let surroundings = Surroundings { clock, runtime, outbound: Outbound::new(guard) };
    let keys = SigningKeys::new(1, Secret::new("a secret of this installation"));
    let delivery = Delivery::new("https://go.acme.example", keys);
    let dispatcher = Arc::new(Dispatcher::new(&sending.api.engine, delivery, surroundings));
    let rounds = tokio::task::spawn_blocking(move || [dispatcher.dispatch_once(), dispatcher.dispatch_once()]);
    let [first, second] = rounds.await.expect("two rounds").map(|done| done.expect("it delivers"));
    assert_eq!(
        (first.delivered, first.skipped, second.is_idle()),
        (1, 1, true),
        "nobody writes to whom nobody may write"
    );

    let [message] = &sending.smtp.messages()[..] else { panic!("{:?}", sending.smtp.messages()) };
    let header = |name: &str| {
        let found = message.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
    };
    assert_eq!(message.rcpt_to, ["ben@acme.example"]);
    assert!(
        header("From").contains("news@acme.example") && header("Auto-Submitted").starts_with("auto"),
        "{message:?}"
    );
    assert!(header("Subject").ends_with("mentioned you in a comment on the email Hello"), "{}", header("Subject"));
    assert!(!header("DKIM-Signature").is_empty(), "signed as all mail of the domain");
    let body = message.text.clone().unwrap_or_default();
    let link = format!("https://go.acme.example/definitions/emails/hello?comment={}", said.json()["id"]);
    assert!(body.contains("> I am not sure.") && body.contains(&link), "{body}");
    let figures = sending.get("/api/v1/messages/figures.csv?by=journey").await;
    assert_eq!(
        (figures.status.as_u16(), figures.text().lines().count()),
        (200, 1),
        "counted nowhere: {}",
        figures.text()
    );
}
