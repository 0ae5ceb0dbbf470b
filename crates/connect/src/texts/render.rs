//! The text of one recipient.

use caravan_model::template::environment;
use minijinja::Value;
use minijinja::value::Serde;
use serde_json::Value as Json;

use super::segments::{Segments, segments};

/// No text is longer, in units of its alphabet (an emoji takes two); providers refuse it.
const MOST_UNITS: usize = 1_600;

/// Why a text cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextProblem {
    /// Stable.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// What stands in what goes under a text, before the link by which one opts out.
const OPT_OUT: &str = "Opt out: ";

/// What becomes of the links of a text.
pub struct TextLinks<'a> {
    /// Gives what stands for each link, by its number from 0; where it gives nothing the link stays.
    pub short: &'a mut dyn FnMut(u16, &str) -> Option<String>,
    /// Where one opts out: `system.unsubscribe_url`.
    pub way_out: &'a str,
    /// Puts it under a text that does not name it.
    pub appends: bool,
}

/// Fills a template in. A value that is missing is empty.
///
/// # Errors
/// Not a template, nothing left of it, or too long.
pub fn render(body: &str, values: &Json, links: &mut TextLinks<'_>) -> Result<String, TextProblem> {
    let text = fill_in(body, values, links)?;
    let Segments { units, alphabet, .. } = segments(&text);
    let problem = |code, message: String| Err(TextProblem { code, message });
    match units {
        0 => problem("sms_empty", "Nothing is left of the text with this recipient's values.".to_owned()),
        1..=MOST_UNITS => Ok(text),
        _ => {
            let message = format!("The text has {units} units of the alphabet {alphabet}; {MOST_UNITS} are allowed.");
            problem("sms_too_long", message)
        }
    }
}

/// As [`render`], however long it gets: to say how long that is.
///
/// # Errors
/// Not a template.
pub fn fill_in(body: &str, values: &Json, links: &mut TextLinks<'_>) -> Result<String, TextProblem> {
    let values = with_way_out(values, links.way_out);
    let rendered = environment().render_named_str("text", body, Value::from(Serde(values)));
    let rendered = rendered.map_err(|error| TextProblem { code: "render_failed", message: error.to_string() })?;
    let text: String =
        with_short_links(&rendered, links).trim().chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    let appends = links.appends && !text.is_empty() && !text.contains(links.way_out);
    Ok(if appends { format!("{text}\n{OPT_OUT}{}", links.way_out) } else { text })
}

/// The values, with where one opts out among those of the system.
fn with_way_out(values: &Json, way_out: &str) -> Json {
    let mut values = values.clone();
    if let Some(values) = values.as_object_mut() {
        let system = values.entry("system").or_insert_with(|| Json::Object(Default::default()));
        if let Some(system) = system.as_object_mut() {
            system.insert("unsubscribe_url".to_owned(), way_out.into());
        }
    }
    values
}

fn with_short_links(text: &str, links: &mut TextLinks<'_>) -> String {
    let mut number = 0;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, link) = rest.split_at(at);
        let end = link.find(|c: char| c.is_whitespace() || "<>\"".contains(c)).unwrap_or(link.len());
        // What ends a sentence is not part of the link in it.
        let target = link.get(..end).unwrap_or(link).trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        out.push_str(before);
        // The way out is short, and opting out is no click.
        if target == links.way_out {
            out.push_str(target);
        } else {
            out.push_str(&(links.short)(number, target).unwrap_or_else(|| target.to_owned()));
            number = number.saturating_add(1);
        }
        rest = link.get(target.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OUT: &str = "https://go.example/s/out";

    fn made(body: &str, shorten: bool) -> Result<String, TextProblem> {
        made_with(body, shorten, false)
    }

    fn made_with(body: &str, shorten: bool, appends: bool) -> Result<String, TextProblem> {
        let values = json!({"person": {"first_name": "Zoë"}});
        let mut short = |number: u16, target: &str| {
            assert!(target.starts_with("https://acme.example/"), "{target}");
            shorten.then(|| format!("s{number}"))
        };
        render(body, &values, &mut TextLinks { short: &mut short, way_out: OUT, appends })
    }

    #[test]
    fn the_way_out_stands_where_it_is_named_or_below_and_is_not_shortened_again() {
        assert_eq!(
            made_with("Hi. {{ system.unsubscribe_url }}, https://acme.example/", true, true).as_deref(),
            Ok("Hi. https://go.example/s/out, s0")
        );
        assert_eq!(made_with("Hi\n", true, true).as_deref(), Ok("Hi\nOpt out: https://go.example/s/out"));
        assert_eq!(made_with("{{ person.none }}", true, true).expect_err("nothing to say").code, "sms_empty");
        assert_eq!(made_with(&"x".repeat(1_590), true, true).expect_err("its length counts").code, "sms_too_long");
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
            let mut links = TextLinks { short: &mut |_, _| None, way_out: OUT, appends: false };
            let text = render("Hi {{ person.first_name | upper }}{{ person.first_name }}!", &values, &mut links);
            let text = text.expect("a text");
            proptest::prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", text);
            proptest::prop_assert!(!text.contains("&lt;"), "text messages know no markup: {}", text);
        }
    }

    #[test]
    fn a_text_is_limited_in_units_of_its_alphabet() {
        let fits = |character: &str, times: usize| made(&character.repeat(times), false).is_ok();
        for (character, units) in [("x", 1), ("é", 1), ("€", 2), ("ł", 1), ("\u{1f389}", 2)] {
            assert!(fits(character, MOST_UNITS / units), "{character}");
            assert!(!fits(character, MOST_UNITS / units + 1), "{character}");
        }
        let mixed = format!("{}\u{1f389}", "€".repeat(MOST_UNITS - 2));
        assert!(made(&mixed, false).is_ok(), "in the alphabet of the emoji a euro takes one");
        let why = made(&format!("{mixed}x"), false).expect_err("one more");
        assert_eq!(why.code, "sms_too_long");
        assert!(why.message.contains("1601 units of the alphabet UCS-2"), "{}", why.message);
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let code = |body: &str| made(body, false).expect_err("refused").code;
        assert_eq!(code("{{ person.last_name }}"), "sms_empty");
        assert_eq!(code(&"x".repeat(1_601)), "sms_too_long");
        assert_eq!(code("{% for n in range(100000) %}{{ n }}{% endfor %}"), "render_failed");
    }
}
