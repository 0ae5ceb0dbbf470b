//! What is worth a look in the templates of a message: links that say nothing, values without fallback, values that do not
//! fit what is done with them.

use caravan_model::template::{self, FILTERS, Group, ObjectRead};
use caravan_model::value::ValueType;

use super::compile::Link;
use super::content::Attributes;
use super::names::{is_word, uses, words_after};
use super::tags::{Piece, Tag, TagKind, mask, pieces, tags};

/// Texts of links that say nothing of where they lead.
const VAGUE: &[&str] = &[
    "here",
    "click here",
    "click",
    "this",
    "link",
    "this link",
    "more",
    "read more",
    "learn more",
    "hier",
    "hier klicken",
    "mehr",
];
/// What every message has, or has by its nature only sometimes.
const NEVER_BARE: &[&str] = &["person.email", "person.key", "account.key", "account.name"];

/// What is worth a look about links: a code and a sentence.
pub fn of_links(links: &[Link]) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for link in links {
        let number = link.number + 1;
        if matches!(link.target.trim(), "" | "#") {
            found.push(("link_empty", format!("Link {number} leads nowhere; give it an address.")));
        }
        let label = link.label.trim().trim_end_matches(['.', '!', '…', '»', '>', ':']).trim().to_lowercase();
        if VAGUE.contains(&label.as_str()) {
            let message = format!("Link {number} only says \u{201c}{}\u{201d}; say where it leads.", link.label);
            found.push(("link_text_vague", message));
        }
    }
    found
}

/// Why a sender's name would be taken for a trick: mailbox providers ask that it says who sends, and nothing else.
pub fn of_sender(name: &str) -> Option<&'static str> {
    let paths = tags(name).into_iter().flat_map(|tag| template::paths(&whole_statement(&tag)).unwrap_or_default());
    let of_recipient =
        |path: String| ["person.first_name", "person.last_name", "person.email"].contains(&path.as_str());
    let bare = super::compile::without_tags(name);
    let lower = bare.trim().to_lowercase();
    let counts = bare.split('(').skip(1).any(|rest| {
        let inside = rest.split(')').next().unwrap_or_default();
        !inside.is_empty() && inside.chars().all(|c| c.is_ascii_digit())
    });
    if paths.into_iter().any(of_recipient) {
        return Some("holds the recipient's own name");
    }
    if bare.chars().any(is_picture) {
        return Some("holds an emoji");
    }
    let answers = ["re:", "fw:", "fwd:", "aw:"].iter().any(|start| lower.starts_with(start));
    (answers || counts).then_some("looks like a conversation that there was not")
}

/// Pictures among the characters, as far as names are decorated with them.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27BF}' | '\u{1F000}'..='\u{1FAFF}' | '\u{2B50}' | '\u{2B55}' | '\u{FE0F}')
}

/// Attributes that a template puts out without a fallback and without asking for them, each once, with the line.
pub fn bare_values(source: &str) -> Vec<(String, u32)> {
    let tags = tags(source);
    let asked: Vec<String> = tags.iter().filter(|tag| tag.kind == TagKind::Statement).map(Tag::code).collect();
    let mut found: Vec<(String, u32)> = Vec::new();
    for tag in tags.iter().filter(|tag| tag.kind == TagKind::Output) {
        let code = tag.code();
        let handled =
            words_after(&code, "|").iter().any(|filter| matches!(*filter, "default" | "d")) || code.contains(" if ");
        let named = template::paths(tag.whole).unwrap_or_default();
        let of_data = |path: &String| path.starts_with("person.") || path.starts_with("account.");
        for path in named.into_iter().filter(of_data) {
            let known = handled
                || NEVER_BARE.contains(&path.as_str())
                || asked.iter().any(|code| !uses(code, &path).is_empty())
                || found.iter().any(|(seen, _)| *seen == path);
            if !known {
                found.push((path, tag.line));
            }
        }
    }
    found
}

/// Values inside addresses of a plain text that are not encoded, as they are in the HTML part by themselves: the tag, and
/// its line.
pub fn unencoded(source: &str) -> Vec<(String, u32)> {
    let tags = tags(source);
    let mut found = Vec::new();
    // The address that one is in, as far as it has come.
    let mut word = String::new();
    for piece in pieces(&mask(source).text) {
        match piece {
            Piece::Text(text) => match text.rfind(ends_address) {
                Some(at) => word = text.get(at..).unwrap_or_default().trim_start_matches(ends_address).to_owned(),
                None => word.push_str(text),
            },
            Piece::Placeholder(number) => {
                let inside = word.split_once("://").is_some_and(|(_, rest)| !rest.is_empty());
                let Some(tag) = tags.get(number).filter(|tag| inside && tag.kind == TagKind::Output) else { continue };
                let code = tag.code();
                if !["url_encode", "url_part", "urlencode"]
                    .iter()
                    .any(|filter| words_after(&code, "|").contains(filter))
                {
                    found.push((tag.whole.to_owned(), tag.line));
                }
            }
        }
    }
    found
}

/// Whether no address goes on behind a character.
fn ends_address(c: char) -> bool {
    c.is_whitespace() || "<>\"'()".contains(c)
}

/// Values that cannot be what a tag takes them for: a sentence.
pub fn mistyped(tag: &Tag<'_>, attributes: &Attributes) -> Vec<String> {
    let code = tag.code();
    let paths = template::paths(&whole_statement(tag)).unwrap_or_default();
    let repeated = repeated_over(tag, &code).filter(|path| is_single(path) && paths.contains(*path));
    let repeated =
        repeated.map(|path| format!("`{path}` is one value, not a list, so nothing can be repeated over it"));
    let filtered = paths.iter().filter_map(|path| {
        let value_type = attributes.value_type(path)?;
        let piped = uses(&code, path).into_iter().filter_map(|after| after.trim_start().strip_prefix('|'));
        let mut filters = piped.filter_map(|after| after.trim_start().split(|c: char| !is_word(c)).next());
        filters.find_map(|filter| {
            let group = FILTERS.iter().find(|known| known.name == filter)?.group;
            let takes = refuses(group, filter, value_type)?;
            Some(format!("`{filter}` takes {takes}, and `{path}` is {}", described(value_type)))
        })
    });
    repeated.into_iter().chain(filtered).collect()
}

/// A field of records that is handed to a filter which does not take it: a sentence.
pub fn mistyped_field(read: &ObjectRead, attributes: &Attributes) -> Option<String> {
    let (path, filter) = (read.path(), read.filter.as_deref()?);
    let value_type = attributes.value_type(&path)?;
    let group = FILTERS.iter().find(|known| known.name == filter)?.group;
    let takes = refuses(group, filter, value_type)?;
    let field = read.field.as_deref().unwrap_or_default();
    Some(format!("`{filter}` takes {takes}, and `{field}` of `{}` is {}", read.object, described(value_type)))
}

/// A statement with its end, so that it can be read by itself.
fn whole_statement(tag: &Tag<'_>) -> String {
    match (tag.kind, tag.keyword()) {
        (TagKind::Statement, keyword @ ("if" | "for")) => format!("{}{{% end{keyword} %}}", tag.whole),
        (TagKind::Statement, "elif") => format!("{{% if x %}}{}{{% endif %}}", tag.whole),
        _ => tag.whole.to_owned(),
    }
}

/// The plain path over which a statement repeats.
fn repeated_over<'a>(tag: &Tag<'_>, code: &'a str) -> Option<&'a str> {
    if tag.kind != TagKind::Statement || tag.keyword() != "for" {
        return None;
    }
    let (_, list) = code.split_once(" in ")?;
    let list = list.split(" if ").next()?.trim().trim_end_matches(" recursive").trim();
    (!list.contains(|c: char| !c.is_alphanumeric() && c != '_' && c != '.')).then_some(list)
}

/// Whether a path is never a list.
fn is_single(path: &str) -> bool {
    ["person.", "account.", "system.", "my.", "condition."].iter().any(|namespace| path.starts_with(namespace))
}

/// What a filter takes, when it is not what there is. Texts may hold anything.
fn refuses(group: Group, filter: &str, value_type: ValueType) -> Option<&'static str> {
    use ValueType::{Boolean, Date, DateTime, Integer, Number, String};
    match (group, value_type) {
        (_, String) => None,
        (Group::Dates, Integer | Number | Boolean) => Some("dates"),
        (Group::Numbers, Date | DateTime) => Some("numbers"),
        (Group::Numbers, Boolean) if filter != "to_int" => Some("numbers"),
        (Group::Lists, _) => Some("lists"),
        _ => None,
    }
}

fn described(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::String => "a text",
        ValueType::Integer | ValueType::Number => "a number",
        ValueType::Boolean => "true or false",
        ValueType::Date => "a date",
        ValueType::DateTime => "an instant",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(source: &str) -> Vec<String> {
        let attributes = Attributes::default()
            .typed("person.birth_date", ValueType::Date)
            .typed("account.employees", ValueType::Integer)
            .typed("person.unsubscribed", ValueType::Boolean)
            .typed("person.first_name", ValueType::String);
        tags(source).iter().flat_map(|tag| mistyped(tag, &attributes)).collect()
    }

    #[test]
    fn values_that_do_not_fit_are_told_by_their_types() {
        assert_eq!(
            mistakes("{{ person.birth_date | round_up }}"),
            ["`round_up` takes numbers, and `person.birth_date` is a date"]
        );
        assert_eq!(
            mistakes("{{ 1 + account.employees|add_days(3) }}"),
            ["`add_days` takes dates, and `account.employees` is a number"]
        );
        assert_eq!(
            mistakes("{% if person.unsubscribed | average %}"),
            ["`average` takes lists, and `person.unsubscribed` is true or false"]
        );
        for fits in [
            "{{ person.birth_date | format_date }}{{ account.employees | format_number }}",
            "{{ person.first_name | add_days(1) }}{{ person.birth_date | default('x') | round_up }}",
            "{{ person.unsubscribed | to_int }}{{ xperson.birth_date.y }}",
        ] {
            assert_eq!(mistakes(fits), [""; 0], "{fits}");
        }
    }

    #[test]
    fn a_sender_is_called_what_it_is() {
        for odd in ["Anna for {{ person.first_name }}", "Acme 🎉", "Re: Acme", "Acme (3)", "{{ person.email | upper }}"]
        {
            assert!(of_sender(odd).is_some(), "{odd}");
        }
        for plain in ["Acme", "Anna at Acme (Berlin)", "{{ account.name }}'s desk", "Ærø & Söhne"] {
            assert_eq!(of_sender(plain), None, "{plain}");
        }
    }

    #[test]
    fn nothing_is_repeated_over_one_value() {
        let one = "is one value, not a list, so nothing can be repeated over it";
        assert_eq!(mistakes("{% for n in person.first_name %}"), [format!("`person.first_name` {one}")]);
        assert_eq!(mistakes("{% for n in my.topics if n %}"), [format!("`my.topics` {one}")]);
        assert_eq!(
            mistakes(
                "{% for n in my.topics | split(',') %}{% for r in buying_group.missing_roles %}{% for i in range(3) %}"
            ),
            [""; 0]
        );
    }

    #[test]
    fn values_in_addresses_of_plain_text_are_encoded() {
        let found = |source: &str| unencoded(source).into_iter().map(|(_, line)| line).collect::<Vec<_>>();
        assert_eq!(found("See\nhttps://acme.example/?q={{ person.company }}&x={{ my.x | url_encode }}"), [2]);
        assert_eq!(found("(https://acme.example/{{ my.a }}/{{ my.b }})"), [1, 1]);
        assert_eq!(
            found("https://{{ my.host }} {{ system.unsubscribe_url }} a://b {{ my.x }} https://a.example/ {{ my.y }}"),
            [0; 0]
        );
    }
}
