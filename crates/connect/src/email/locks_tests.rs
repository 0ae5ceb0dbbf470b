use proptest::prelude::*;

use super::*;

const TEMPLATE: &str = r##"<mjml><mj-head><mj-title>Acme</mj-title></mj-head><mj-body>
  <mj-section background-color="#fff" data-lock="locked"><mj-column>
    <mj-image src="https://acme.example/logo.png" alt="Acme"/>
    <mj-text data-lock="content" color="#111">Your headline</mj-text>
    <mj-text data-lock="editable">Anything</mj-text>
  </mj-column></mj-section>
  <mj-section><mj-column><mj-text>Free {{ person.first_name | default("you") }}</mj-text></mj-column></mj-section>
  <mj-section data-lock="locked"><mj-column><mj-text>Acme Ltd &amp; Sons, {{ system.postal_address }}</mj-text></mj-column></mj-section>
</mj-body></mjml>"##;

fn against(design: &str, all: bool) -> Option<String> {
    let body = |source: &str| EmailBody::Mjml(source.to_owned());
    let lock = if all { TemplateLock::All } else { TemplateLock::Marked };
    broken(&body(TEMPLATE), lock, None, &body(design)).map(|broken| broken.part)
}

fn changed(from: &str, to: &str) -> Option<String> {
    assert!(TEMPLATE.contains(from), "{from}");
    against(&TEMPLATE.replace(from, to), false)
}

#[test]
fn what_is_open_may_change_and_what_is_locked_may_not() {
    for (from, to) in [
        ("Your headline", "Spring <b>sale</b>"),
        ("color=\"#111\">Your", "color=\"#111\" title=\"x\">Your"),
        (
            "<mj-text data-lock=\"editable\">Anything</mj-text>",
            "<mj-text data-lock=\"editable\" color=\"red\">More</mj-text>",
        ),
        (
            "<mj-section><mj-column><mj-text>Free",
            "<mj-section padding=\"0\"><mj-column><mj-button>Go</mj-button><mj-text>Free",
        ),
        ("<mj-body>", "<mj-body><mj-section><mj-column><mj-text>Above</mj-text></mj-column></mj-section>"),
        ("<mj-body>", "<mj-body background-color=\"#eee\">"),
        // A comment is pinned to what is locked too.
        ("<mj-image src", "<mj-image data-comment=\"c1\" src"),
    ] {
        assert_eq!(changed(from, to), None, "{from} → {to}");
    }
    for (from, to, part) in [
        ("logo.png", "other.png", "<mj-image>"),
        ("#fff", "#000", "<mj-section>"),
        ("color=\"#111\"", "color=\"#222\"", "<mj-text> “Your headline”"),
        ("<mj-text data-lock=\"editable\">Anything</mj-text>", "", "<mj-column>"),
        ("<mj-image src", "<mj-text>New</mj-text><mj-image src", "<mj-column>"),
        ("Acme Ltd &amp; Sons", "Acme", "<mj-text> “Acme Ltd & Sons, {{ system.postal_address }}”"),
        ("system.postal_address", "system.organisation", "<mj-text>"),
        (" data-lock=\"locked\"", "", "<mj-section>"),
    ] {
        let found = changed(from, to).unwrap_or_else(|| panic!("{from} → {to} passes"));
        assert!(found.starts_with(part), "{from} → {to}: {found}");
    }
    let other_kind =
        broken(&EmailBody::Mjml(TEMPLATE.into()), TemplateLock::Marked, None, &EmailBody::Html(TEMPLATE.into()));
    assert!(other_kind.is_some());
}

#[test]
fn what_is_locked_inside_of_free_content_stays_locked() {
    let template = r#"<mjml><mj-body><mj-section><mj-column data-lock="content" padding="0">
            <mj-text>Yours</mj-text><mj-image data-lock="locked" src="https://acme.example/seal.png" alt="Seal"/>
            </mj-column></mj-section></mj-body></mjml>"#;
    let body = |source: &str| EmailBody::Mjml(source.to_owned());
    let against =
        |design: String| broken(&body(template), TemplateLock::Marked, None, &body(&design)).map(|broken| broken.part);
    assert_eq!(against(template.replace("Yours</mj-text>", "Mine</mj-text><mj-button>Go</mj-button>")), None);
    assert_eq!(against(template.replace("seal.png", "other.png")).as_deref(), Some("<mj-image>"));
    assert_eq!(against(template.replace("padding=\"0\"", "padding=\"9\"")).as_deref(), Some("<mj-column> “Yours”"));
}

#[test]
fn locked_parts_stay_in_their_order() {
    let (first, last) = (TEMPLATE.find("<mj-section b").unwrap(), TEMPLATE.rfind("<mj-section").unwrap());
    let (end, body) = (TEMPLATE.find("</mj-body>").unwrap(), TEMPLATE.find("<mj-section b").unwrap());
    let turned = format!("{}{}{}{}", &TEMPLATE[..body], &TEMPLATE[last..end], &TEMPLATE[first..last], &TEMPLATE[end..]);
    assert!(against(&turned, false).is_some());
}

#[test]
fn with_everything_locked_only_what_is_marked_may_change() {
    assert_eq!(against(TEMPLATE, true), None);
    assert_eq!(against(&TEMPLATE.replace("Your headline", "News"), true), None);
    assert!(against(&TEMPLATE.replace("Free ", "Bound "), true).is_some());
    assert!(against(&TEMPLATE.replace("<mj-body>", "<mj-body><mj-section></mj-section>"), true).is_some());
}

#[test]
fn how_it_is_written_makes_no_difference() {
    let written = TEMPLATE
        .replace(
            "<mj-image src=\"https://acme.example/logo.png\" alt=\"Acme\"/>",
            "<mj-image  alt='Acme'\n src='https://acme.example/logo.png'></mj-image>",
        )
        .replace("Acme Ltd &amp; Sons,", "\n Acme Ltd &#38; Sons,\n");
    assert_eq!(against(&written, false), None);
    assert_eq!(against(&written, true), None);
}

#[test]
fn the_line_says_where() {
    let design = TEMPLATE.replace("logo.png", "other.png");
    let body = |source: &str| EmailBody::Mjml(source.to_owned());
    let found = broken(&body(TEMPLATE), TemplateLock::Marked, None, &body(&design)).expect("broken");
    assert_eq!(found.line, Some(3));
}

#[test]
fn html_is_held_to_it_too() {
    let html = |logo: &str, text: &str| {
        EmailBody::Html(format!(
            "<!doctype html><body><div data-lock=locked><img src={logo}><p>Acme<br>Ltd</p></div><p>{text}</p></body>"
        ))
    };
    assert_eq!(broken(&html("a.png", "Hi"), TemplateLock::Marked, None, &html("a.png", "Ho <b>ho</b>")), None);
    assert!(broken(&html("a.png", "Hi"), TemplateLock::Marked, None, &html("b.png", "Hi")).is_some());
}

/// How a design differs from a template, both the content of one column and what is around it.
fn how(template: &str, lock: TemplateLock, additions: Option<Additions>, design: &str) -> Option<(How, String)> {
    let body = |inside: &str| EmailBody::Mjml(format!("<mjml><mj-body>{inside}</mj-body></mjml>"));
    broken(&body(template), lock, additions, &body(design)).map(|broken| (broken.how, broken.part))
}

fn section(attributes: &str, inside: &str) -> String {
    format!("<mj-section{attributes}><mj-column>{inside}</mj-column></mj-section>")
}

#[test]
fn what_may_be_deleted_may_go_as_a_whole_and_not_change() {
    let optional = section(" data-lock=\"locked\" data-allow-delete=\"yes\"", "<mj-text>Offer</mj-text>");
    let fixed =
        section(" data-lock=\"locked\"", "<mj-text>Foot</mj-text><mj-image src=\"a.png\" data-allow-delete=\"yes\"/>");
    let template = format!("{optional}{fixed}");
    for lock in [TemplateLock::Marked, TemplateLock::All] {
        let how = |design: &str| how(&template, lock, None, design);
        assert_eq!(how(&template), None);
        assert_eq!(how(&fixed), None, "the offer is gone");
        assert_eq!(
            how(&template.replace("<mj-image src=\"a.png\" data-allow-delete=\"yes\"/>", "")),
            None,
            "a part within"
        );
        assert_eq!(how(&optional).map(|(how, _)| how), Some(How::Changed), "the foot may not go");
        assert!(how(&template.replace("Offer", "Mine")).is_some(), "nor may the offer be another");
        assert!(how(&template.replace("a.png", "b.png")).is_some());
    }
    assert_eq!(
        how(&optional.replace("\"yes\"", "\"no\""), TemplateLock::Marked, None, "").map(|(_, part)| part).as_deref(),
        Some("<mj-section> \u{201c}Offer\u{201d}")
    );
}

#[test]
fn no_condition_comes_around_what_is_locked() {
    let (open, foot) =
        (section("", "<mj-text>Yours</mj-text>"), section(" data-lock=\"locked\"", "<mj-text>Foot</mj-text>"));
    let template = format!("{open}{foot}");
    let how = |design: String| how(&template, TemplateLock::Marked, None, &design).map(|(how, _)| how);
    let raw = |tag: &str| format!("<mj-raw>{tag}</mj-raw>");
    let (begin, end) = (raw("{% if condition.big %}"), raw("{% endif %}"));
    assert_eq!(how(format!("{begin}{open}{end}{foot}")), None, "around what is open one may");
    for design in [
        format!("{open}{begin}{foot}{end}"),
        format!("{begin}{open}{}{foot}{end}", raw("{% else %}")),
        format!("{open}{}{foot}{}", raw("{%- for x in objects.licence -%}"), raw("{% endfor %}")),
        format!("{}{foot}{end}", open.replace("<mj-text>", "<mj-text title=\"{% if condition.big %}\">")),
        format!("{open}<!-- {{% if condition.big %}} -->{foot}<!-- {{% endif %}} -->"),
    ] {
        assert_eq!(how(design.clone()), Some(How::Conditional), "{design}");
    }
    let own = format!("{open}{begin}{foot}{end}");
    assert_eq!(super::tests::how(&own, TemplateLock::Marked, None, &own), None, "the template's own stays");
    assert_eq!(
        super::tests::how(&own, TemplateLock::Marked, None, &template).map(|(how, _)| how),
        Some(How::Conditional),
        "and does not go"
    );
    let raw_block = format!("{}{open}{foot}", raw("{% raw %}{% if x %}{% endraw %}{% set a = 1 %}"));
    assert_eq!(how(raw_block), None, "what is no statement holds nothing");
}

#[test]
fn additions_are_as_many_as_the_template_lets_come() {
    use Additions::{Content, None as Nothing, Structures};
    let text = "<mj-text>Yours</mj-text>";
    let (open, foot) = (section("", text), section(" data-lock=\"locked\"", "<mj-text>Foot</mj-text>"));
    let template = format!("{open}{foot}");
    let block = template.replace(text, &format!("{text}<mj-button>Go</mj-button>"));
    let structure = format!("{open}{open}{foot}");
    let in_foot = template.replace("Foot</mj-text>", "Foot</mj-text><mj-text>More</mj-text>");
    for (lock, additions, takes_block, takes_structure) in [
        (TemplateLock::All, None, false, false),
        (TemplateLock::All, Some(Nothing), false, false),
        (TemplateLock::All, Some(Content), true, false),
        (TemplateLock::All, Some(Structures), true, true),
        (TemplateLock::Marked, None, true, true),
        (TemplateLock::Marked, Some(Structures), true, true),
        (TemplateLock::Marked, Some(Content), true, false),
        (TemplateLock::Marked, Some(Nothing), false, false),
    ] {
        let takes = |design: &str| how(&template, lock, additions, design).is_none();
        assert!(takes(&template), "{lock:?} {additions:?}");
        assert_eq!(takes(&block), takes_block, "{lock:?} {additions:?}");
        assert_eq!(takes(&structure), takes_structure, "{lock:?} {additions:?}");
        assert!(!takes(&in_foot), "{lock:?} {additions:?}: what is marked takes nothing");
    }
    let told = how(&template, TemplateLock::Marked, Some(Content), &structure);
    assert_eq!(told, Some((How::Added, "<mj-section> \u{201c}Yours\u{201d}".to_owned())));
    assert!(how(&template, TemplateLock::All, Some(Structures), &template.replace("Yours", "Mine")).is_some());
}

proptest! {
    #[test]
    fn no_design_makes_it_panic_and_each_is_kept_by_itself(
        design in "(<mj-text|<p|<br>|</p>|</mj-text>|>| data-lock='locked'|data-lock=|\"|'|x|\\{\\{ a \\}\\}|<!--|-->|é|/|\n){0,40}"
    ) {
        let body = EmailBody::Html(design);
        prop_assert_eq!(broken(&body, TemplateLock::All, None, &body), None);
        prop_assert_eq!(broken(&body, TemplateLock::Marked, None, &body), None);
    }

    #[test]
    fn however_deep_it_is_it_ends(depth in 1_usize..3000) {
        let body = EmailBody::Html(format!("{}x", "<b>".repeat(depth)));
        prop_assert_eq!(broken(&body, TemplateLock::All, None, &body), None);
    }
}
