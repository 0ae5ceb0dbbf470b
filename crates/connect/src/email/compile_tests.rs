use super::super::content::Sender;
use super::*;

fn attributes() -> Attributes {
    Attributes::new(["person.first_name", "person.job_title", "account.name", "my.event"])
}

fn html(body: &str) -> EmailContent {
    EmailContent {
        subject: "Hello {{ person.first_name | default('there') }}".into(),
        preheader: None,
        body: EmailBody::Html(body.into()),
        text: None,
        language: None,
        default_language: None,
        from: None,
        reply_to: None,
        operational: false,
        optimize_html: false,
        web_view: false,
        view_link: None,
        footer: None,
        links: BTreeMap::new(),
    }
}

fn mjml(body: &str) -> EmailContent {
    let source = format!("<mjml><mj-body><mj-section><mj-column>{body}</mj-column></mj-section></mj-body></mjml>");
    EmailContent { body: EmailBody::Mjml(source), ..html("") }
}

fn findings(content: &EmailContent) -> Vec<(String, String, Option<u32>)> {
    let findings = compile(content, &attributes()).expect_err("findings");
    let errors = findings.into_iter().filter(Finding::is_error);
    errors.map(|finding| (finding.code, finding.pointer, finding.line)).collect()
}

fn found(code: &str, pointer: &str, line: Option<u32>) -> (String, String, Option<u32>) {
    (code.to_owned(), pointer.to_owned(), line)
}

#[test]
fn the_attributes_and_links_of_an_email_are_known() {
    let compiled = compile(
        &html(
            "<p>{{ account.name }}</p><a href='https://acme.example/{{ my.event }}'>x</a><a href='mailto:a@b.example'>y</a>\
             <a href='https://acme.example/z' data-track='no'>z</a><a href='{{ system.unsubscribe_url }}'>out</a>",
        ),
        &attributes(),
    )
    .expect("compiles");
    let paths: Vec<_> = compiled.paths().collect();
    assert_eq!(paths, ["account.name", "my.event", "person.first_name", "system.unsubscribe_url"]);
    let links: Vec<_> = compiled.links().iter().map(|link| (link.number, link.tracking == Tracking::Tracked)).collect();
    assert_eq!(links, [(0, true), (1, false), (2, false), (3, false)]);
    assert_eq!(compiled.warnings(), []);
}

#[test]
fn links_are_tracked_as_the_email_or_the_link_itself_says() {
    let links = [
        ("https://acme.example/one", LinkTracking::WithToken),
        ("https://acme.example/{{ my.event }}", LinkTracking::Off),
        ("https://acme.example/three", LinkTracking::WithToken),
        ("https://acme.example/gone", LinkTracking::Off),
    ];
    let links = links.into_iter().map(|(target, wish)| (target.to_owned(), wish)).collect();
    let body = "<a href='https://acme.example/one'>one</a><a href='https://acme.example/{{ my.event }}'>two</a>\
        <a href='https://acme.example/three' data-track='yes'>three</a><a href='https://acme.example/four' data-track='token'>four</a>";
    let compiled = compile(&EmailContent { links, ..html(body) }, &attributes()).expect("compiles");
    let tracking: Vec<_> = compiled.links().iter().map(|link| link.tracking).collect();
    assert_eq!(tracking, [Tracking::WithToken, Tracking::Off, Tracking::Tracked, Tracking::WithToken]);
    let warned: Vec<_> = compiled.warnings().iter().filter(|warning| warning.code == "link_unknown").collect();
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].message.contains("https://acme.example/gone"));
}

#[test]
fn mistakes_are_found_with_place_and_line() {
    assert_eq!(findings(&html("a\n{{ person.first_nam }}")), [found("attribute_unknown", "/body/html", Some(2))]);
    assert_eq!(findings(&html("a\n\n{% if person.first_name %}")), [found("template_syntax", "/body/html", Some(3))]);
    assert_eq!(findings(&html("{{ visitor.name }}")), [found("attribute_unknown", "/body/html", Some(1))]);
    assert_eq!(findings(&html("{{ person }}")), [found("attribute_not_named", "/body/html", Some(1))]);
    assert_eq!(findings(&html("{{ person[my.event] }}")), [found("attribute_not_named", "/body/html", Some(1))]);
    assert_eq!(findings(&html("{{ my.event | shout }}")), [found("filter_unknown", "/body/html", Some(1))]);
    assert_eq!(
        findings(&html("{% if my.event is odder %}{% endif %}")),
        [found("test_unknown", "/body/html", Some(1))]
    );
    assert_eq!(findings(&html("<p\n>{{ my.event | safe }}")), [found("filter_unknown", "/body/html", Some(2))]);
    assert_eq!(
        findings(&html("{% autoescape false %}{{ my.event }}{% endautoescape %}")),
        [found("escaping_off", "/body/html", Some(1))]
    );
    assert_eq!(findings(&html("<a href={{ my.event }}>")), [found("value_misplaced", "/body/html", None)]);
    assert_eq!(findings(&html("{% include 'other' %}")), [found("template_syntax", "/body/html", Some(1))]);
    assert_eq!(findings(&html("  ")), [found("html_empty", "/body/html", None)]);
    assert_eq!(
        findings(&EmailContent { subject: " ".into(), text: Some("{{ x }}".into()), ..html("x") }),
        [found("subject_missing", "/subject", None), found("attribute_unknown", "/text", Some(1))]
    );
    assert_eq!(findings(&mjml("<mj-text>x</mj-text>\n<mj-txt>")), [found("mjml_invalid", "/body/mjml", Some(2))]);
    assert_eq!(findings(&mjml("<mj-text>x")), [found("mjml_invalid", "/body/mjml", None)]);
    let from = Some(Sender { name: "Acme".into(), email: "news at acme".into() });
    assert_eq!(findings(&EmailContent { from, ..html("x") }), [found("address_invalid", "/from/email", None)]);
}

#[test]
fn every_mistake_is_found_at_once() {
    let content = EmailContent {
        subject: "{{ person.nickname }}".into(),
        preheader: Some("{{ my.evnt }}".into()),
        reply_to: Some("{{".into()),
        ..html("{{ account.nam }}\n{{ account.nam | loud }}")
    };
    let codes: Vec<_> = findings(&content).into_iter().map(|(code, pointer, _)| format!("{code} {pointer}")).collect();
    assert_eq!(
        codes,
        [
            "attribute_unknown /subject",
            "attribute_unknown /preheader",
            "template_syntax /reply_to",
            "attribute_unknown /body/html",
            "filter_unknown /body/html",
        ]
    );
}

#[test]
fn a_misspelt_attribute_is_answered_with_the_right_one() {
    let findings = compile(&html("{{ person.first_nme }}"), &attributes()).expect_err("findings");
    let message = &findings.iter().find(|finding| finding.is_error()).expect("an error").message;
    assert!(message.contains("did you mean `person.first_name`?"), "{message}");
}

#[test]
fn names_that_the_template_gives_itself_are_no_attributes() {
    let body = "{% set greeting = 'Hi' %}{% if my.event %}{% set topic = my.event %}{% endif %}{{ greeting }} {{ topic }}\
                {% for n in range(3) %}{{ n }}{{ loop.index }}{% endfor %}{% raw %}{{ nothing.here }}{% endraw %}";
    let compiled = compile(&html(body), &attributes()).expect("compiles");
    let paths: Vec<_> = compiled.paths().collect();
    assert_eq!(paths, ["my.event", "person.first_name", "system.postal_address", "system.unsubscribe_url"]);
}

#[test]
fn an_email_without_a_way_out_gets_the_footer_and_a_warning() {
    let compiled = compile(&html("<p>Hi</p>"), &attributes()).expect("compiles");
    assert!(compiled.paths().any(|path| path == "system.unsubscribe_url"));
    assert!(compiled.warnings().iter().any(|finding| finding.code == "opt_out_link_missing"));
    let compiled = compile(&EmailContent { operational: true, ..html("<p>Hi</p>") }, &attributes()).expect("compiles");
    assert!(compiled.paths().all(|path| path != "system.unsubscribe_url"));
    assert_eq!(compiled.warnings(), []);
    let footer = Some(Edge { html: "no way out".into(), text: "{{ system.unsubscribe_url }}".into() });
    assert_eq!(
        findings(&EmailContent { footer, ..html("<p>Hi</p>") }),
        [found("opt_out_link_missing", "/footer/html", None)]
    );
}

#[test]
fn mjml_keeps_every_kind_of_tag() {
    let body = r#"<mj-text>{% if account.name == "A & B" and 1 < 2 %}{{ person.first_name | default("you") }}{% endif %}</mj-text>
        <mj-button href="https://acme.example/?who={{ person.first_name | default("x") }}">{{ my.event }}</mj-button>
        <mj-raw>{% for i in range(2) %}</mj-raw><mj-text>row {{ i }}</mj-text><mj-raw>{% endfor %}</mj-raw>"#;
    let compiled = compile(&mjml(body), &attributes()).expect("compiles");
    assert_eq!(
        compiled.links()[0].target,
        r#"https://acme.example/?who={{ (person.first_name | default("x")) | url_encode }}"#
    );
}

/// The design as every recipient gets it, before values.
fn design_of(content: &EmailContent) -> String {
    let compiled = compile(content, &attributes()).expect("compiles");
    compiled.env.get_template(template::HTML_PREFIX).expect("a design").source().to_owned()
}

#[test]
fn the_language_stands_on_the_document_and_its_body() {
    let in_language = |content: EmailContent, own: Option<&str>, default: Option<&str>| {
        let content =
            EmailContent { language: own.map(str::to_owned), default_language: default.map(str::to_owned), ..content };
        let design = design_of(&content);
        let said = |element: &str| {
            let (_, rest) = design.split_once(element).expect("the element");
            let tag = rest.split('>').next().unwrap_or_default();
            let value = |name: &str| tag.split_once(name).and_then(|(_, rest)| rest.split('"').next()).unwrap_or("-");
            (value(" lang=\"").to_owned(), value(" dir=\"").to_owned())
        };
        assert_eq!(said("<html"), said("<body"), "{design}");
        let (lang, dir) = said("<html");
        format!("{lang} {dir}")
    };
    let text = || mjml("<mj-text>Hello there</mj-text>");
    assert_eq!(in_language(text(), None, None), "en ltr");
    let design = design_of(&text());
    assert!(!design.contains("und\"") && !design.contains("dir=\"auto\""), "{design}");
    assert_eq!(in_language(text(), None, Some("de")), "de ltr");
    assert_eq!(in_language(text(), Some("ar-EG"), Some("de")), "ar-EG rtl");
    assert_eq!(in_language(text(), Some("<odd>"), Some("de")), "de ltr", "what is none is not written");
    let own = || html("<!doctype html><html lang='fr' dir=\"rtl\"><body lang='fr' dir=\"rtl\">x</body></html>");
    assert_eq!(in_language(own(), None, Some("de")), "fr rtl", "the design says it itself");
    assert_eq!(in_language(own(), Some("pt-BR"), None), "pt-BR ltr");
    assert_eq!(in_language(html("<p>no document</p>"), Some("he"), None), "he rtl");
}

#[test]
fn a_design_of_a_language_that_runs_to_the_left_is_laid_out_so() {
    let of = |language: &str| {
        design_of(&EmailContent { language: Some(language.to_owned()), ..mjml("<mj-text>Hello there</mj-text>") })
    };
    assert!(of("de").contains("direction:ltr") && !of("de").contains("direction:rtl"));
    assert!(of("ar").contains("direction:rtl") && !of("ar").contains("direction:ltr"));
}
