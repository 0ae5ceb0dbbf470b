use caravan_model::{EffectId, PersonId};
use proptest::prelude::*;
use serde_json::json;

use super::super::compile::compile;
use super::super::content::{Attributes, EmailBody, EmailContent, Sender};
use super::*;
use crate::connector::Secret;
use crate::tracking::{Purpose, SigningKeys, with_parameters};

const MJML: &str = r#"<mjml>
  <mj-head><mj-title>{{ my.event }}</mj-title></mj-head>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>Hello {{ person.first_name | default("there") }} of {{ account.name }},</mj-text>
        <mj-raw>{% if account.employees >= 1000 %}</mj-raw>
        <mj-text>we have a plan for <b>large</b> companies.</mj-text>
        <mj-raw>{% endif %}</mj-raw>
        <mj-button href="https://acme.example/roi?c={{ account.name }}&amp;from=mail">See the numbers</mj-button>
        <mj-text>Or write to <a href="mailto:sales@acme.example">sales</a>.</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>"#;

fn attributes() -> Attributes {
    Attributes::new([
        "person.first_name",
        "person.email",
        "account.name",
        "account.employees",
        "account.website",
        "my.event",
    ])
}

fn email(body: EmailBody) -> EmailContent {
    EmailContent {
        subject: "{{ my.event }} for {{ person.first_name | default('you') }}".into(),
        preheader: Some("What {{ account.name }} gains".into()),
        body,
        text: None,
        language: None,
        default_language: None,
        from: Some(Sender { name: "Acme for {{ account.name }}".into(), email: "news@acme.example".into() }),
        reply_to: None,
        operational: false,
        optimize_html: false,
        web_view: false,
        view_link: None,
        footer: None,
        links: Default::default(),
    }
}

fn html(body: &str) -> EmailContent {
    email(EmailBody::Html(body.into()))
}

fn keys() -> SigningKeys {
    SigningKeys::new(1, Secret::new("secret"))
}

fn render(content: &EmailContent, snapshot: &Json) -> Rendered {
    let keys = keys();
    let links = LinkMaker::new(&keys, "https://go.acme.example", EffectId(7), Some(PersonId(9)));
    compile(content, &attributes()).expect("compiles").render(snapshot, &links).expect("renders")
}

fn snapshot() -> Json {
    json!({
        "person": {"first_name": "Ada <script>", "email": null},
        "account": {"name": "Lovelace & Söhne", "employees": 1200, "website": "javascript:alert(1)"},
        "system": {"postal_address": "1 Main Street, Springfield"},
        "my": {"event": "Spring\r\nBcc: all@acme.example"},
    })
}

#[test]
fn a_designed_mail_as_one_recipient_gets_it() {
    let rendered = render(&email(EmailBody::Mjml(MJML.into())), &snapshot());
    insta::assert_snapshot!("designed_mail_html", rendered.html);
    insta::assert_snapshot!("designed_mail_text", rendered.text);
    assert_eq!(rendered.subject, "Spring Bcc: all@acme.example for Ada <script>");
    assert_eq!(rendered.from, Some(Mailbox::named("Acme for Lovelace & Söhne", "news@acme.example")));
}

#[test]
fn links_lead_through_us_and_back_to_where_the_author_wanted() {
    let body = r##"<a href="https://acme.example/?a=1&amp;c={{ account.name }}">1</a><a href="mailto:a@b.example">2</a>
        <a href="tel:+1">3</a><a href="#top">4</a><a href="https://acme.example/plain" data-track="no">5</a>
        <a href="{{ system.unsubscribe_url }}">6</a><a href="{{ account.website }}">7</a>
        {% for n in range(2) %}<a href="https://acme.example/{{ n }}">8</a>{% endfor %}
        <a href="https://acme.example/known" data-track="token">9</a>"##;
    let rendered = render(&html(body), &snapshot());
    let targets: Vec<_> = hrefs(&rendered.html).iter().map(|href| followed(href)).collect();
    assert_eq!(
        targets,
        [
            "click 0 https://acme.example/?a=1&c=Lovelace%20%26%20S%C3%B6hne",
            "mailto:a@b.example",
            "tel:+1",
            "#top",
            "https://acme.example/plain",
            "unsubscribe",
            "#",
            "click 7 https://acme.example/0",
            "click 7 https://acme.example/1",
            "click 8 https://acme.example/known with token",
        ]
    );
    assert!(!rendered.html.contains("data-"), "marks of ours stay inside");
    assert!(rendered.text.contains("(https://acme.example/plain)"), "{}", rendered.text);
    let message = rendered.into_message(Mailbox::bare("ada@acme.example"));
    assert_eq!(message.unsubscribe.map(|way_out| followed(&way_out.url)).as_deref(), Some("unsubscribe"));
}

#[test]
fn tracked_links_alone_are_given_parameters() {
    let body = r##"<a href="https://acme.example/?a=1&amp;b=2#top">1</a><a href="mailto:a@b.example">2</a><a href="#top">3</a>
        <a href="https://acme.example/plain" data-track="no">4</a><a href="{{ system.unsubscribe_url }}">5</a>
        <a href="{{ system.web_view_url }}">6</a><a href="https://acme.example/?utm_source=own" data-track="token">7</a>"##;
    let compiled = compile(&html(body), &attributes()).expect("compiles");
    let more = [("utm_source".to_owned(), "caravan".to_owned())];
    let keys = keys();
    let links = LinkMaker::new(&keys, "https://go.acme.example", EffectId(7), Some(PersonId(9))).with_parameters(&more);
    let sent = compiled.render(&snapshot(), &links).expect("renders").html;
    let targets: Vec<_> = hrefs(&sent).iter().map(|href| followed(href)).collect();
    let expected = [
        "click 0 https://acme.example/?a=1&b=2&utm_source=caravan#top",
        "mailto:a@b.example",
        "#top",
        "https://acme.example/plain",
        "unsubscribe",
        "view",
        "click 6 https://acme.example/?utm_source=own with token",
    ];
    assert_eq!(targets, expected);
    let preview = LinkMaker::preview("https://go.acme.example").with_parameters(&more);
    let shown = hrefs(&compiled.render(&snapshot(), &preview).expect("renders").html);
    assert_eq!(shown[0], "https://acme.example/?a=1&b=2&utm_source=caravan#top");
    assert_eq!(
        shown[3..],
        [
            "https://acme.example/plain",
            "https://go.acme.example/t/u/preview",
            "https://go.acme.example/t/v/preview",
            "https://acme.example/?utm_source=own"
        ]
    );
}

fn hrefs(html: &str) -> Vec<String> {
    html.split("href=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.replace("&amp;", "&"))).collect()
}

/// Where a link leads: the purpose of its token, or itself.
fn followed(href: &str) -> String {
    let Some((_, token)) = href.strip_prefix("https://go.acme.example/t/").and_then(|rest| rest.split_once('/')) else {
        return href.to_owned();
    };
    let token = keys().verify(token).expect("a token of ours");
    assert_eq!((token.effect, token.person), (EffectId(7), Some(PersonId(9))));
    match token.purpose {
        Purpose::Open => "open".to_owned(),
        Purpose::Unsubscribe => "unsubscribe".to_owned(),
        Purpose::View => "view".to_owned(),
        Purpose::Trial => "trial".to_owned(),
        Purpose::Visitor => "visitor".to_owned(),
        Purpose::StopTexts => "stop texts".to_owned(),
        Purpose::Click { link, target, parameters, visitor } => {
            let target = with_parameters(&target, &parameters);
            format!("click {link} {target}{}", if visitor { " with token" } else { "" })
        }
    }
}

#[test]
fn opens_are_counted_by_one_picture_where_they_may_be() {
    let keys = keys();
    let links = LinkMaker::new(&keys, "https://go.acme.example", EffectId(7), Some(PersonId(9)));
    let compiled = compile(&html("<p>Hi</p>"), &attributes()).expect("compiles");
    let html = |links: &LinkMaker<'_>| compiled.render(&snapshot(), links).expect("renders").html;
    assert_eq!(html(&links).matches("/t/o/").count(), 1);
    assert_eq!(html(&links.clone().without_opens()).matches("/t/o/").count(), 0);
}

#[test]
fn the_footer_carries_address_and_way_out_in_both_parts() {
    let with_text = EmailContent { text: Some("Hi {{ person.first_name }}".into()), ..html("<p>Hi</p>") };
    let rendered = render(&with_text, &snapshot());
    for part in [&rendered.html, &rendered.text] {
        assert!(part.contains("1 Main Street, Springfield") && part.contains("/t/u/"), "{part}");
    }
    assert!(rendered.text.starts_with("Hi Ada <script>\n\n-- \n"), "text is not escaped: {}", rendered.text);
    let operational = render(&EmailContent { operational: true, ..with_text }, &snapshot());
    assert!(!operational.html.contains("/t/u/") && !operational.text.contains("/t/u/"));
    assert_eq!(operational.unsubscribe_url, None);
}

#[test]
fn too_much_work_gives_no_mail_at_all() {
    let compiled =
        compile(&html("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"), &attributes());
    let error =
        compiled.expect("compiles").render(&snapshot(), &LinkMaker::preview("http://localhost")).expect_err("stopped");
    assert_eq!(error.code, "render_limit");
}

#[test]
fn the_same_message_is_the_same_at_every_attempt() {
    let content = email(EmailBody::Mjml(MJML.into()));
    assert_eq!(render(&content, &snapshot()), render(&content, &snapshot()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn proof_2_no_value_adds_markup_or_a_header(name in "(<|>|\"|'|&|/|=|\r|\n|-|javascript:|script|onload=|\\PC){0,20}") {
        let content = html(r#"<p title="{{ account.name }}" class='{{ account.name }}'>{{ account.name }}</p>
            <a href="https://acme.example/{{ account.name }}?x={{ account.name }}">{{ account.name | upper }}</a>
            <a href="{{ account.name }}">z</a><!-- {{ account.name }} -->"#);
        let content = EmailContent { subject: "{{ account.name }}".into(), ..content };
        let plain = render(&content, &json!({"account": {"name": "x"}}));
        let hostile = render(&content, &json!({"account": {"name": name}}));
        prop_assert_eq!(elements(&hostile.html), elements(&plain.html), "{}", hostile.html);
        let from = hostile.from.expect("a sender").name.unwrap_or_default();
        for header in [&hostile.subject, &from] {
            prop_assert!(!header.chars().any(char::is_control), "{:?}", header);
        }
        for href in hrefs(&hostile.html) {
            let target = followed(&href);
            prop_assert!(!target.trim_start().to_ascii_lowercase().starts_with("javascript:"), "{}", target);
        }
    }
}

/// Every filter of ours and every one of the engine's that gives text, in text, in quotes and in an address.
fn through_every_filter() -> String {
    let own =
        ["upper", "lower", "title", "capitalize", "trim", "escape", "string", "replace('a', '<b>')", "default('<i>')"];
    let own = own.into_iter().chain(["split('<') | join('<')", "list | join", "reverse", "indent(2)", "first", "last"]);
    let ours = caravan_model::template::FILTERS.iter().map(|filter| {
        let (template, _) = filter.example;
        let tail = template.split(&format!("| {}", filter.name)).nth(1).unwrap_or_default();
        let arguments = if tail.starts_with('(') { tail.split_inclusive(')').next().unwrap_or_default() } else { "" };
        format!("{}{arguments}", filter.name)
    });
    let uses = own.map(str::to_owned).chain(ours);
    let placed = |filter: String| {
        let value = format!("{{{{ account.name | {filter} }}}}");
        let quoted = value.replace('"', "'");
        format!("<p title=\"{quoted}\">{value}</p>")
    };
    uses.map(placed).collect::<Vec<_>>().join("\n")
}

/// Ways to put a value together with others.
const TOGETHER: &str = r#"{% set bold %}<b>{{ account.name }}</b>{% endset %}{{ bold }}
    <p>{{ [account.name | e, account.name] | join }}{{ account.name ~ account.name | e }}{{ account.name * 2 }}</p>
    <p>{% for c in account.name | list %}{{ c }}{% endfor %}{{ account.name[1:] }}{{ {'a': account.name} }}{{ [account.name] }}</p>
    {% macro show(x) %}<i>{{ x }}</i>{% endmacro %}{{ show(account.name) }}"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn proof_2_no_value_becomes_markup_through_any_filter(name in "[a-z](<b>|</p>|\"|'|&lt;|>|=|\r\n|onload=x|%3C|\\PC){0,8}") {
        let source = format!("{}{TOGETHER}", through_every_filter());
        let compiled = compile(&html(&source), &attributes()).map_err(|findings| TestCaseError::fail(format!("{findings:?}")))?;
        let made = |name: &str| {
            let keys = keys();
            let links = LinkMaker::new(&keys, "https://go.acme.example", EffectId(7), Some(PersonId(9)));
            compiled.render(&json!({"account": {"name": name}}), &links)
        };
        let plain = made("x").map_err(|error| TestCaseError::fail(error.to_string()))?;
        let hostile = made(&name).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(elements(&hostile.html), elements(&plain.html), "{}", hostile.html);
        prop_assert!(!hostile.subject.chars().any(char::is_control));
    }
}

/// Every element with the names of its attributes.
fn elements(html: &str) -> Vec<String> {
    let found = std::cell::RefCell::new(Vec::new());
    let note = lol_html::element!("*", |el| {
        let names: Vec<_> = el.attributes().iter().map(|attribute| attribute.name()).collect();
        found.borrow_mut().push(format!("{} {}", el.tag_name(), names.join(" ")));
        Ok(())
    });
    let settings = lol_html::RewriteStrSettings::new().append_element_content_handler(note);
    lol_html::rewrite_str(html, settings).expect("HTML");
    found.into_inner()
}

#[test]
fn a_section_whose_blocks_are_all_hidden_leaves_no_row() {
    let section = |inside: &str| format!("<mj-section padding=\"40px 0\"><mj-column>{inside}</mj-column></mj-section>");
    let hidden = section(
        "<mj-raw>{% if account.employees > 5000 %}</mj-raw><mj-text>For giants</mj-text>\
         <mj-raw>{% elif person.email %}</mj-raw><mj-text>For mail</mj-text><mj-raw>{% endif %}</mj-raw>",
    );
    let around = |inside: &str| {
        let source = format!(
            "<mjml><mj-body>{}{inside}{}</mj-body></mjml>",
            section("<mj-text>Above</mj-text>"),
            section("<mj-text>Below</mj-text>")
        );
        EmailContent { text: None, ..email(EmailBody::Mjml(source)) }
    };
    let (without, with) = (render(&around(""), &snapshot()), render(&around(&hidden), &snapshot()));
    let rows = |mail: &Rendered| mail.html.matches("padding:40px 0").count();
    assert_eq!((rows(&without), rows(&with)), (2, 2), "{}", with.html);
    assert_eq!(with.text, without.text);
    let mut for_mail = snapshot();
    for_mail["person"]["email"] = json!("ada@acme.example");
    let shown = render(&around(&hidden), &for_mail);
    assert_eq!(rows(&shown), 3);
    assert!(shown.html.contains("For mail") && shown.text.contains("For mail") && !shown.html.contains("For giants"));
}
