//! Campaign parameters (`utm_…`): what a connection gives the tracked links of its messages, so that the analytics of a site
//! tell which campaign brought a visit.

use std::collections::BTreeMap;

use caravan_model::Finding;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::tracking::VISITOR_PARAMETER;

/// The most parameters of a connection, and the longest name and template of one, in characters.
const MOST: usize = 20;
const LONGEST_NAME: usize = 60;
const LONGEST: usize = 200;

/// What stands in a value as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What the placeholders stand for in one message; what is not known is empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Campaign<'a> {
    /// `{{ journey.key }}`
    pub journey_key: &'a str,
    /// `{{ journey.name }}`; the key where it has none.
    pub journey_name: &'a str,
    /// `{{ node.key }}`
    pub node_key: &'a str,
    /// `{{ email.key }}`
    pub email_key: &'a str,
    /// `{{ email.name }}`; the key where it has none.
    pub email_name: &'a str,
    /// `{{ sms_message.key }}`
    pub sms_key: &'a str,
    /// `{{ sms_message.name }}`; the key where it has none.
    pub sms_name: &'a str,
}

impl<'a> Campaign<'a> {
    fn of(&self, placeholder: &str) -> Option<&'a str> {
        let named = |name: &'a str, key: &'a str| if name.trim().is_empty() { key } else { name };
        Some(match placeholder {
            "journey.key" => self.journey_key,
            "journey.name" => named(self.journey_name, self.journey_key),
            "node.key" => self.node_key,
            "email.key" => self.email_key,
            "email.name" => named(self.email_name, self.email_key),
            "sms_message.key" => self.sms_key,
            "sms_message.name" => named(self.sms_name, self.sms_key),
            _ => return None,
        })
    }

    /// Name and encoded value of each parameter, in the order of names. One with a placeholder that stands for nothing here
    /// is left out, and so is one that is empty.
    pub fn fill<'t>(&self, templates: impl IntoIterator<Item = (&'t str, &'t str)>) -> Vec<(String, String)> {
        let filled = templates.into_iter().filter_map(|(name, template)| {
            let value = self.value(template)?;
            Some((name.to_owned(), utf8_percent_encode(&value, ENCODED).to_string()))
        });
        let mut filled: Vec<_> = filled.collect();
        filled.sort();
        filled
    }

    fn value(&self, template: &str) -> Option<String> {
        let mut value = String::new();
        for piece in pieces(template).ok()? {
            match piece {
                Piece::Text(text) => value.push_str(text),
                Piece::Placeholder(name) => value.push_str(self.of(name).filter(|it| !it.is_empty())?),
            }
        }
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    }
}

enum Piece<'t> {
    Text(&'t str),
    Placeholder(&'t str),
}

/// The pieces of a template, or what is wrong with it.
fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let open = || "A placeholder begins here with `{{` and does not end with `}}`.".to_owned();
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or_else(open)?;
        let name = name.trim();
        if Campaign::default().of(name).is_none() {
            return Err(format!(
                "`{name}` is no placeholder here. There are journey.key, journey.name, node.key, and email.key and email.name or sms_message.key and sms_message.name."
            ));
        }
        pieces.extend([Piece::Text(text), Piece::Placeholder(name)]);
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// What is wrong with parameters, each with the name of the one it is about; none where it is about all of them.
fn problems(parameters: &BTreeMap<String, String>) -> Vec<(Option<&str>, String)> {
    let mut problems = Vec::new();
    if parameters.len() > MOST {
        problems.push((None, format!("At most {MOST} parameters are possible.")));
    }
    for (name, template) in parameters {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let problem = if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(letter) {
            Some(format!(
                "`{name}` is no name of a parameter: letters, digits, `_`, `-` and `.` are possible, {LONGEST_NAME} at most."
            ))
        } else if name == VISITOR_PARAMETER {
            Some(format!("`{name}` is how Caravan itself tells a site who comes. Take another name."))
        } else if template.trim().is_empty() {
            Some("The parameter has no value. Give it one, or take it out.".to_owned())
        } else if template.chars().count() > LONGEST {
            Some(format!("The value is too long: at most {LONGEST} characters are possible."))
        } else if template.contains(char::is_control) {
            Some("A value is one line.".to_owned())
        } else {
            pieces(template).err()
        };
        problems.extend(problem.map(|problem| (Some(name.as_str()), problem)));
    }
    problems
}

/// The same as findings in the settings of a connection.
pub fn findings(parameters: &BTreeMap<String, String>) -> Vec<Finding> {
    let found = |(name, problem): (Option<&str>, String)| {
        let place = name.map_or_else(String::new, |name| format!("/{}", name.replace('~', "~0").replace('/', "~1")));
        Finding::error("link_parameter_invalid", format!("/settings/link_parameters{place}"), problem)
    };
    problems(parameters).into_iter().map(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPRING: Campaign<'_> = Campaign {
        journey_key: "spring",
        journey_name: "Spring & Söhne",
        node_key: "mail",
        email_key: "welcome",
        email_name: "",
        sms_key: "",
        sms_name: "",
    };

    fn filled(campaign: &Campaign<'_>, templates: &[(&str, &str)]) -> String {
        let filled = campaign.fill(templates.iter().copied());
        filled.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn placeholders_are_filled_and_values_encoded() {
        let all = [
            ("utm_source", "caravan"),
            ("utm_campaign", "{{journey.name}}"),
            ("utm_content", "{{ email.name }}/{{ node.key }}"),
            ("utm_id", "{{ journey.key }}.{{ email.key }}"),
        ];
        assert_eq!(
            filled(&SPRING, &all),
            "utm_campaign=Spring%20%26%20S%C3%B6hne&utm_content=welcome%2Fmail&utm_id=spring.welcome&utm_source=caravan"
        );
        let by_hand = Campaign { journey_key: "", journey_name: "", node_key: "", ..SPRING };
        assert_eq!(filled(&by_hand, &all), "utm_source=caravan", "what stands for nothing takes its parameter along");
    }

    #[test]
    fn what_cannot_be_a_parameter_is_told() {
        let told = |name: &str, template: &str| {
            let parameters = BTreeMap::from([(name.to_owned(), template.to_owned())]);
            problems(&parameters).into_iter().map(|(_, problem)| problem).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told("utm_source", "{{ journey.key }} by mail"), "");
        for (name, template, said) in [
            ("utm source", "x", "no name"),
            ("a&b", "x", "no name"),
            ("", "x", "no name"),
            ("caravan_visitor", "x", "another name"),
            ("utm_source", " ", "no value"),
            ("utm_source", "{{ person.email }}", "no placeholder"),
            ("utm_source", "{{ journey.key", "does not end"),
            ("utm_source", &"x".repeat(201), "too long"),
            ("utm_source", "a\nb", "one line"),
        ] {
            assert!(told(name, template).contains(said), "{name}={template}: {}", told(name, template));
        }
        let many = (0..21).map(|n| (format!("p{n}"), "x".to_owned())).collect();
        assert_eq!(problems(&many).len(), 1);
    }
}
