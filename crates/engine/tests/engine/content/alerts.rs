//! What is said against content: the same in the editor, by validate, when it is applied and when a journey is published.

use caravan_engine::definitions::{self, ApplyOptions, DefinitionError};

use crate::support::World;
use crate::support::post::Post;

/// The codes of findings, errors marked.
pub fn told(findings: Vec<caravan_model::Finding>) -> Vec<String> {
    let mark = |f: &caravan_model::Finding| if f.is_error() { "!" } else { "" };
    let mut told: Vec<String> = findings.iter().map(|f| format!("{}{} {}", mark(f), f.code, f.pointer)).collect();
    told.sort();
    told.dedup();
    told
}

#[test]
fn the_same_is_said_of_content_in_the_editor_when_it_is_applied_and_by_validate() {
    let post = Post::new(World::embedded("2026-12-01T09:00:00Z"));
    let broken = r##"
kind: email
key: broken
connection: mail
subject: " "
text: " "
from: {name: "", email: news@acme.example}
body:
  html: |
    <p>{{ person.first_nam }} {{ person.job_title }}</p><img src="">
    <a href="#">click here</a> {{ person.city | shout }}
"##;
    let expected = [
        "!attribute_unknown /body/html",
        "!filter_unknown /body/html",
        "!from_name_missing /from/name",
        "!subject_missing /subject",
    ];
    let validated = told(definitions::validate(&[("x.yaml".into(), broken.into())], post.world.clock.now(), None));
    for code in &expected {
        assert!(validated.iter().any(|told| told == code), "{code}: {validated:?}");
    }
    for code in [
        "image_missing",
        "image_without_alt",
        "link_empty",
        "link_text_vague",
        "text_version_empty",
        "token_without_fallback",
        "opt_out_link_missing",
    ] {
        assert!(validated.iter().any(|told| told.starts_with(code)), "{code}: {validated:?}");
    }
    let manifest = r##"{"kind": "email", "key": "broken", "connection": "mail", "subject": " ", "text": " ",
        "from": {"name": "", "email": "news@acme.example"},
        "body": {"html": "<p>{{ person.first_nam }} {{ person.job_title }}</p><img src=\"\">\n<a href=\"#\">click here</a> {{ person.city | shout }}\n"}}"##;
    let in_editor = definitions::content_findings(&post.world.engine, serde_json::from_str(manifest).expect("JSON"));
    assert_eq!(told(in_editor.expect("findings")), validated);
    let Err(DefinitionError::Findings(applied)) = post.world.try_apply(broken) else { panic!("it is refused") };
    assert_eq!(told(applied), validated);
}

/// An email at which nothing is wrong, changed.
fn mail(change: &serde_json::Value) -> serde_json::Value {
    let mut mail = serde_json::json!({"kind": "email", "key": "one", "connection": "mail", "subject": "Hello",
        "body": {"html": "<p>Hello, see <a href='{{ system.unsubscribe_url }}'>how to leave</a></p>"}});
    for (field, value) in change.as_object().expect("fields") {
        mail[field] = value.clone();
    }
    mail
}

/// Every alert of an email: its code, `!` for an error, and an email that it is about.
fn alerts() -> Vec<(&'static str, serde_json::Value)> {
    let html = |html: &str| serde_json::json!({"body": {"html": format!("{html} <a href='{{{{ system.unsubscribe_url }}}}'>how to leave</a>")}});
    let text = |text: &str| serde_json::json!({"text": text});
    vec![
        ("!from_name_missing", serde_json::json!({"from": {"name": " ", "email": "a@acme.example"}})),
        ("from_name_unclear", serde_json::json!({"from": {"name": "Acme 🎉", "email": "a@acme.example"}})),
        ("!subject_missing", serde_json::json!({"subject": " "})),
        ("!html_empty", serde_json::json!({"body": {"html": " "}})),
        ("!attribute_unknown", html("{{ person.shoe_size }}")),
        ("!token_type_mismatch", html("{{ account.employees | add_days(3) }}")),
        ("!template_syntax", html("{% if person.city %}")),
        ("opt_out_link_missing", serde_json::json!({"body": {"html": "<p>Hello</p>"}})),
        ("text_version_empty", text(" ")),
        ("link_empty", html("<a href='#'>our offer</a>")),
        ("size_over_100kb", html(&"<p>long</p>".repeat(12_000))),
        ("token_without_fallback", html("{{ person.first_name }}")),
        ("image_missing", html("<img src='' alt=''>")),
        ("image_without_alt", html("<img src='https://acme.example/a.png'>")),
        ("contrast_low", html("<p style='color:#ccc'>pale</p>")),
        ("text_small", html("<p style='font-size:12px'>small</p>")),
        ("text_in_capitals", html("<p>READ THIS BEFORE THE OFFER ENDS</p>")),
        ("table_without_heads", html("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>")),
        ("heading_skipped", html("<h1>Plans</h1><h3>Team</h3>")),
        ("link_text_vague", html("<a href='https://acme.example'>click here</a>")),
        ("token_in_url_unencoded", text("https://acme.example/?q={{ account.name }} {{ system.unsubscribe_url }}")),
        ("content_hidden_by_css", html("<p style='display:none'>hidden</p>")),
        ("postal_address_missing", html("")),
        ("!copy_address_unknown", serde_json::json!({"cc": ["person.boss"]})),
        ("copies_share_links", serde_json::json!({"cc": ["account.owner_email"]})),
        ("one_click_not_possible", html("")),
    ]
}

#[test]
fn every_alert_is_told_in_the_editor_by_validate_and_when_a_journey_is_published() {
    let post = Post::new(World::embedded("2026-12-01T09:00:00Z"));
    let engine = &post.world.engine;
    let url = "http://go.acme.example";
    engine.reached_at(url);
    let settings = "{kind: settings, key: settings, organisation: Acme}";
    post.world.apply(settings);
    post.world.apply(
        "{kind: journey, key: hello, subject: account, audience: {account_list: big}, end: 2027-06-30T00:00:00Z, entry: mail, \
           nodes: {mail: {type: action, on: people, action: send_email, email: one, next: null}}}\n---\n\
         {kind: email, key: one, connection: mail, subject: Hello, body: {html: x}}",
    );
    for (marked, change) in alerts() {
        let manifest = mail(&change);
        let (code, is_error) = (marked.trim_start_matches('!'), marked.starts_with('!'));
        let tells = |findings: &[caravan_model::Finding], place: &str| {
            let found = findings.iter().any(|f| f.code == code && f.is_error() == is_error);
            assert!(found, "{marked} {place}: {findings:#?}");
        };
        tells(&definitions::content_findings(engine, manifest.clone()).expect("findings"), "in the editor");
        let texts = [("a.yaml".to_owned(), manifest.to_string()), ("b.yaml".to_owned(), settings.to_owned())];
        tells(&definitions::validate(&texts, post.world.clock.now(), Some(url)), "by validate");
        let unfinished = ApplyOptions { incomplete: true, ..ApplyOptions::default() };
        definitions::apply(engine, &texts[..1], "test", unfinished).expect("a draft is kept");
        let review = caravan_engine::lifecycle::review(engine, &["hello".to_owned()]).expect("a review").remove(0);
        let at_node: Vec<_> = review.findings.into_iter().filter(|f| f.node.as_deref() == Some("mail")).collect();
        // What a template names that there is not is told by the action that would copy it.
        if code != "attribute_unknown" {
            tells(&at_node, "when it is published");
        }
        assert_eq!(review.publishable, !is_error, "{marked}");
    }
    let clean = mail(&serde_json::json!({"operational": true, "text": "Hello"}));
    assert_eq!(
        told(definitions::content_findings(engine, clean).expect("findings")),
        [""; 0],
        "and of a good one nothing"
    );
}
