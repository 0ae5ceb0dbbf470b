//! The text of one recipient.

use caravan_model::template::environment;
use minijinja::Value;
use minijinja::value::Serde;
use serde_json::Value as Json;

/// No text is longer, in characters; providers refuse it.
const MOST_CHARS: usize = 1_600;

/// Why a text cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextProblem {
    /// Stable.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// Fills a template in. With `shorten`, `short` gives what stands for each link, by its number from 0; where it gives
/// nothing the link stays. A value that is missing is empty.
///
/// # Errors
/// Not a template, nothing left of it, or too long.
pub fn render(
    body: &str,
    shorten: bool,
    values: &Json,
    short: &mut dyn FnMut(u16, &str) -> Option<String>,
) -> Result<String, TextProblem> {
    let text = fill_in(body, shorten, values, short)?;
    let chars = text.chars().count();
    let problem = |code, message: String| Err(TextProblem { code, message });
    match chars {
        0 => problem("sms_empty", "Nothing is left of the text with this recipient's values.".to_owned()),
        1..=MOST_CHARS => Ok(text),
        _ => problem("sms_too_long", format!("The text has {chars} characters; {MOST_CHARS} are allowed.")),
    }
}

/// As [`render`], however long it gets: to say how long that is.
///
/// # Errors
/// Not a template.
pub fn fill_in(
    body: &str,
    shorten: bool,
    values: &Json,
    short: &mut dyn FnMut(u16, &str) -> Option<String>,
) -> Result<String, TextProblem> {
    let rendered = environment().render_named_str("text", body, Value::from(Serde(values.clone())));
    let rendered = rendered.map_err(|error| TextProblem { code: "render_failed", message: error.to_string() })?;
    let text = if shorten { with_short_links(&rendered, short) } else { rendered };
    Ok(text.trim().chars().filter(|c| *c == '\n' || !c.is_control()).collect())
}

fn with_short_links(text: &str, short: &mut dyn FnMut(u16, &str) -> Option<String>) -> String {
    let mut number = 0;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, link) = rest.split_at(at);
        let end = link.find(|c: char| c.is_whitespace() || "<>\"".contains(c)).unwrap_or(link.len());
        // What ends a sentence is not part of the link in it.
        let target = link.get(..end).unwrap_or(link).trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        out.push_str(before);
        out.push_str(&short(number, target).unwrap_or_else(|| target.to_owned()));
        number = number.saturating_add(1);
        rest = link.get(target.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(body: &str, shorten: bool) -> Result<String, TextProblem> {
        let values = json!({"person": {"first_name": "Zoë"}});
        render(body, shorten, &values, &mut |number, target| {
            assert!(target.starts_with("https://acme.example/"), "{target}");
            Some(format!("s{number}"))
        })
    }

    #[test]
    fn values_are_filled_in_and_links_shortened() {
        let body = "Hi {{ person.first_name }}{{ person.last_name }}, see https://acme.example/a?b=1. Or (https://acme.example/c)!";
        assert_eq!(made(body, true).as_deref(), Ok("Hi Zoë, see s0. Or (s1)!"));
        assert_eq!(made("Hi {{ person.job_title | default('you') }}", false).as_deref(), Ok("Hi you"));
    }

    proptest::proptest! {
        #[test]
        fn no_value_puts_a_control_character_into_a_text(name in "(\\r|\\n|\u{0}|\u{1b}|<b>|\\PC){0,30}") {
            let values = json!({"person": {"first_name": name}});
            let text = render("Hi {{ person.first_name | upper }}{{ person.first_name }}!", false, &values, &mut |_, _| None);
            let text = text.expect("a text");
            proptest::prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", text);
            proptest::prop_assert!(!text.contains("&lt;"), "text messages know no markup: {}", text);
        }
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let code = |body: &str| made(body, false).expect_err("refused").code;
        assert_eq!(code("{{ person.last_name }}"), "sms_empty");
        assert_eq!(code(&"x".repeat(1_601)), "sms_too_long");
        assert_eq!(code("{% for n in range(100000) %}{{ n }}{% endfor %}"), "render_failed");
    }
}
