//! Proof 2: whatever stands in the data, a message has the markup and the headers of its template and goes to whom it was meant for.

use caravan_model::{EffectId, PersonId};
use mail_parser::{HeaderValue, MessageParser};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Attributes, Compiled, Edge, EmailBody, EmailContent, Rendered, Sender, compile, one_line};
use crate::connector::{EmailMessage, Mailbox, Secret, Unsubscribe};
use crate::hostile::{runs_code, tags, value};
use crate::smtp::compose;
use crate::tracking::{LinkMaker, Purpose, SigningKeys};

/// Every place of a design where a value may stand; `¤` is one.
const HTML: &str = r##"<html><head><title>¤</title><meta name="description" content="¤"></head><body lang="¤">
  <h1 class="¤" id='¤' style="color:¤;background:url('¤')">¤</h1>
  <a href="¤" title="¤">¤</a><a href='¤'>1</a><a href="  ¤">2</a><a href="https://acme.example/¤/x?a=¤&amp;¤=b#¤">3</a>
  <a href='https://acme.example/?a=¤' data-track="no">4</a><a href="mailto:¤?subject=¤">5</a><a href="java¤">6</a><a href="¤¤">7</a>
  <a href="{% if my.event %}¤{% else %}https://acme.example/{% endif %}">8</a><a href="https:¤" data-track="token"><img src="¤" alt="¤"></a>
  <map name="m"><area href="¤" alt="¤"></map>
  <img src="¤" alt="¤" width="¤"><img src='https://acme.example/¤.png' alt='¤'>
  <table background="¤" bgcolor="¤"><tr><td background='¤'>¤</td></tr></table>
  <form action="¤"><button formaction="¤">¤</button><textarea>¤</textarea><input value="¤"></form>
  <svg><a xlink:href="¤"><text>¤</text></a></svg><object data="¤"></object><video poster="¤"></video><iframe src="¤"></iframe>
  <!-- ¤ --><!--[if mso]><v:rect href="¤" fillcolor='¤' title="¤"><b>¤</b></v:rect><![endif]-->
  <!--[if !mso]><!--><p title="¤">¤</p><!--<![endif]-->
  {% set block %}<i title="¤">¤</i>{% endset %}{{ block }}{% for each in [my.event, account.name] %}<u title="{{ each }}">{{ each }}</u>{% endfor %}
  {% macro show(x) %}<s title="{{ x }}">{{ x }}</s>{% endmacro %}{{ show(person.first_name) }}
</body></html>"##;

const MJML: &str = r#"<mjml><mj-head><mj-title>¤</mj-title><mj-preview>¤</mj-preview><mj-font name="Inter" href="https://acme.example/f.css" />
    <mj-attributes><mj-text color="¤" /></mj-attributes></mj-head>
  <mj-body background-color="¤">
    <mj-section background-url="¤" background-color="¤" css-class="¤"><mj-column>
      <mj-text>¤ <a href="¤" title="¤">¤</a> <b style="color:¤" class='¤'>¤</b></mj-text>
      <mj-button href="¤" title="¤" background-color="¤">¤</mj-button>
      <mj-button href="https://acme.example/¤?a=¤&amp;b=¤">¤</mj-button>
      <mj-image src="¤" alt="¤" title="¤" href="¤" />
      <mj-raw>{% if account.name %}</mj-raw><mj-text>¤</mj-text><mj-raw>{% else %}</mj-raw><mj-text>none</mj-text><mj-raw>{% endif %}</mj-raw>
      <mj-raw><div title="¤" style="background:url('¤')"><a href='¤'>¤</a><!--[if mso]><i title="¤">¤</i><![endif]--></div></mj-raw>
      <mj-table><tr><td title="¤">¤</td></tr></mj-table>
      <mj-social><mj-social-element name="facebook" href="¤" alt="¤">¤</mj-social-element></mj-social>
      <mj-navbar><mj-navbar-link href="¤">¤</mj-navbar-link></mj-navbar>
      <mj-accordion><mj-accordion-element><mj-accordion-title>¤</mj-accordion-title><mj-accordion-text>¤</mj-accordion-text></mj-accordion-element></mj-accordion>
    </mj-column></mj-section>
    <mj-hero background-url="https://acme.example/¤.png" background-height="100px"><mj-text>¤</mj-text></mj-hero>
  </mj-body></mjml>"#;

const PATHS: &[&str] = &["account.name", "my.event", "person.first_name", "buying_group.name"];

/// Values of all namespaces by turns in the places of a template.
fn with_values(template: &str) -> String {
    let mut paths = PATHS.iter().cycle();
    template
        .split('¤')
        .map(str::to_owned)
        .reduce(|all, next| {
            let path = paths.next().copied().unwrap_or_default();
            format!("{all}{{{{ {path} }}}}{next}")
        })
        .unwrap_or_default()
}

fn compiled(body: EmailBody, text: Option<&str>, optimize_html: bool) -> Compiled {
    let edge = |path: &str| Edge {
        html: with_values(&format!("<p title=\"¤\">¤ <a href=\"{{{{ system.{path} }}}}\">¤</a></p>")),
        text: with_values(&format!("¤ {{{{ system.{path} }}}} ¤")),
    };
    let content = EmailContent {
        subject: with_values("¤ for ¤"),
        preheader: Some(with_values("¤ and ¤")),
        body,
        text: text.map(with_values),
        language: None,
        default_language: None,
        from: Some(Sender { name: with_values("¤ of ¤"), email: "news@acme.example".into() }),
        reply_to: Some("{{ person.first_name | default('a') | length }}@acme.example".into()),
        operational: false,
        optimize_html,
        web_view: true,
        view_link: Some(edge("web_view_url")),
        footer: Some(edge("unsubscribe_url")),
        links: Default::default(),
    };
    compile(&content, &Attributes::new(PATHS.iter().copied())).expect("it compiles")
}

fn designs() -> Vec<Compiled> {
    let (html, mjml) = (EmailBody::Html(with_values(HTML)), EmailBody::Mjml(with_values(MJML)));
    vec![
        compiled(html.clone(), None, false),
        compiled(html, Some("¤, https://acme.example/?a=¤ {% if my.event %}¤{% endif %}"), true),
        compiled(mjml.clone(), None, false),
        compiled(mjml, Some("Hi ¤"), true),
    ]
}

fn render(design: &Compiled, value: &str) -> Result<Rendered, TestCaseError> {
    let keys = SigningKeys::new(1, Secret::new("secret"));
    let parameters = [("utm_campaign".to_owned(), "spring".to_owned())];
    let links = LinkMaker::new(&keys, "https://go.acme.example", EffectId(7), Some(PersonId(9)));
    let snapshot: Json = json!({
        "person": {"first_name": value}, "account": {"name": value}, "my": {"event": value}, "buying_group": {"name": value},
    });
    let rendered = design.render(&snapshot, &links.with_parameters(&parameters));
    rendered.map_err(|error| TestCaseError::fail(error.to_string()))
}

fn shapes(html: &str) -> Vec<String> {
    tags(html).iter().map(crate::hostile::Tag::shape).collect()
}

/// As it leaves, with the value wherever a message has a place for it beside what was rendered.
fn message(rendered: Rendered, value: &str) -> EmailMessage {
    let message = rendered.into_message(Mailbox::named(value, "ada@acme.example"));
    EmailMessage {
        cc: vec![Mailbox::named(value, "ben@acme.example"), Mailbox::bare(value)],
        reply_to: Some(Mailbox::named(value, "sales@acme.example")),
        list_id: Some(format!("{value}.go.acme.example")),
        feedback_id: Some(format!("{value}:hello:email:caravan")),
        unsubscribe: message.unsubscribe.map(|way| Unsubscribe { mailto: Some(value.to_owned()), ..way }),
        ..message
    }
}

fn check_headers(message: &EmailMessage, value: &str) -> Result<(), TestCaseError> {
    let settings = json!({"host": "127.0.0.1", "port": 25, "security": "none", "from": {"name": "Acme", "email": "news@acme.example"}});
    let settings = crate::smtp::SmtpSettings::read(&settings).expect("settings");
    let mail = compose(value, message, &settings, jiff::Timestamp::UNIX_EPOCH);
    let mail = mail.map_err(|outcome| TestCaseError::fail(format!("{outcome:?}")))?;
    let source = String::from_utf8(mail.content).expect("text");
    for line in source.split("\r\n") {
        prop_assert!(!line.contains(['\r', '\n', '\0']) && line.len() <= 998, "{} characters: {line:?}", line.len());
    }
    let read = MessageParser::default().parse(source.as_bytes()).expect("a message");
    let mut names: Vec<String> = read.headers().iter().map(|header| header.name().to_ascii_lowercase()).collect();
    names.sort();
    let expected = [
        "cc",
        "content-type",
        "date",
        "feedback-id",
        "from",
        "list-id",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "message-id",
        "mime-version",
        "reply-to",
        "subject",
        "to",
        "x-caravan-key",
    ];
    prop_assert_eq!(names, expected, "{}", source.split("\r\n\r\n").next().unwrap_or_default());
    let of = |name: &str| match read.header(name) {
        Some(HeaderValue::Address(addresses)) => addresses
            .iter()
            .map(|it| {
                (
                    it.name.as_deref().unwrap_or_default().to_owned(),
                    it.address.as_deref().unwrap_or_default().to_owned(),
                )
            })
            .collect(),
        _ => Vec::new(),
    };
    let named = |name: &str, address: &str| vec![(name.to_owned(), address.to_owned())];
    let shown = |name: &str| name.chars().take(250).collect::<String>().trim_end().to_owned();
    let from = message.from.as_ref().and_then(|it| it.name.as_deref()).unwrap_or_default();
    let (from, shown) = (shown(from), shown(&one_line(value)));
    prop_assert_eq!(of("From"), named(&from, "news@acme.example"));
    prop_assert_eq!(of("To"), named(&shown, "ada@acme.example"));
    prop_assert_eq!(of("Cc"), named(&shown, "ben@acme.example"));
    prop_assert_eq!(of("Reply-To"), named(&shown, "sales@acme.example"));
    prop_assert_eq!(read.subject(), Some(message.subject.as_str()));
    prop_assert_eq!(read.parts.len(), 3, "text and HTML");
    let raw = |name: &str| read.header_raw(name).unwrap_or_default().trim().to_owned();
    let way_out = raw("List-Unsubscribe");
    prop_assert!(
        way_out.matches("<https://go.acme.example/t/u/").count() == 1 && way_out.matches('<').count() == 1,
        "{way_out}"
    );
    let list = raw("List-Id");
    prop_assert!(list.starts_with('<') && list.ends_with('>') && list.matches(['<', '>']).count() == 2, "{list}");
    Ok(())
}

fn check_markup(rendered: &Rendered, plain: &Rendered) -> Result<(), TestCaseError> {
    for part in [&rendered.html, &rendered.text] {
        prop_assert!(!part.contains(|c: char| c.is_ascii_control() && !"\r\n\t".contains(c)), "{part:?}");
    }
    prop_assert_eq!(shapes(&rendered.html), shapes(&plain.html), "{}", rendered.html);
    let keys = SigningKeys::new(1, Secret::new("secret"));
    for tag in tags(&rendered.html) {
        prop_assert_eq!(runs_code(&tag), None, "{:?}", tag);
        for (_, address) in &tag.attributes {
            let token = address.strip_prefix("https://go.acme.example/t/c/").and_then(|token| keys.verify(token).ok());
            if let Some(Purpose::Click { target, .. }) = token.map(|token| token.purpose) {
                prop_assert!(target.starts_with("http://") || target.starts_with("https://"), "{target}");
                prop_assert!(!target.contains(char::is_control), "{target}");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, max_shrink_iters: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn proof_2_no_value_adds_markup_code_a_header_or_a_recipient(value in value(), which in 0_usize..4) {
        thread_local!(static DESIGNS: Vec<(Compiled, Rendered)> = designs().into_iter().map(|design| {
            let plain = render(&design, "x").expect("it renders");
            (design, plain)
        }).collect());
        DESIGNS.with(|designs| {
            let (design, plain) = designs.get(which).expect("one of them");
            let rendered = render(design, &value)?;
            check_markup(&rendered, plain)?;
            check_headers(&message(rendered, &value), &value)
        })?;
    }
}
