//! Pieces of content that a text takes in by name: `{% include "KEY" %}`, or with values for the fields that the piece leaves
//! open: `{% include "KEY" with headline="Hello", url="https://acme.example" %}`.
//!
//! They are put in place before the text is compiled, so that what is frozen with a version is whole.

/// A place in a text that takes a piece in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include<'a> {
    /// The piece's key.
    pub key: &'a str,
    /// What stands in fields of the piece, by their names.
    pub fields: Vec<(&'a str, &'a str)>,
    /// The whole tag.
    pub tag: &'a str,
    /// Line on which it stands, from 1.
    pub line: u32,
}

/// The pieces that a text takes in, in order.
pub fn includes(source: &str) -> Vec<Include<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = source.get(at..).and_then(|rest| rest.find("{%")).map(|start| at + start) {
        let end = source.get(start..).and_then(|rest| rest.find("%}")).map(|end| start + end + 2);
        let Some(tag) = end.and_then(|end| source.get(start..end)) else { break };
        if let Some((key, fields)) = read(tag) {
            let before = source.get(..start).unwrap_or_default();
            let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
            found.push(Include { key, fields, tag, line });
        }
        at = start + tag.len();
    }
    found
}

/// The key and the values of a tag; none for one that takes nothing in.
fn read(tag: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let inner = tag.strip_prefix("{%")?.strip_suffix("%}")?;
    let inner = inner.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim();
    let (key, rest) = quoted(inner.strip_prefix("include")?.strip_prefix(char::is_whitespace)?.trim_start())?;
    let mut fields = Vec::new();
    if !rest.is_empty() {
        let mut rest = rest.strip_prefix("with")?.strip_prefix(char::is_whitespace)?;
        loop {
            let (name, value) = rest.split_once('=')?;
            let (value, after) = quoted(value.trim_start())?;
            fields.push((Some(name.trim()).filter(|name| is_name(name))?, value));
            match after {
                "" => break,
                _ => rest = after.strip_prefix(',')?,
            }
        }
    }
    (!key.is_empty()).then_some((key, fields))
}

/// What stands in quotes at the beginning, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (inside, after) = text.strip_prefix(quote)?.split_once(quote)?;
    Some((inside, after.trim_start()))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The fields that a piece leaves open, in order: `{{ field.NAME }}`.
pub fn fields(source: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for (_, name) in field_tags(source) {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The text with every field filled in.
pub fn with_fields(source: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    for (tag, name) in field_tags(source) {
        let Some((before, after)) = rest.split_once(tag) else { continue };
        out.push_str(before);
        out.push_str(&value(name));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn field_tags(source: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some((_, from)) = rest.split_once("{{").map(|(before, _)| rest.split_at(before.len())) {
        let Some(end) = from.find("}}") else { break };
        let (tag, after) = from.split_at(end + 2);
        let inner = tag.trim_start_matches('{').trim_end_matches('}').trim_matches(['-', '+']).trim();
        if let Some(name) = inner.strip_prefix("field.").filter(|name| is_name(name)) {
            found.push((tag, name));
        }
        rest = after;
    }
    found
}

/// The text with every piece in its place.
///
/// # Errors
/// What `piece` says of one that it does not give.
pub fn included<E>(source: &str, mut piece: impl FnMut(&Include<'_>) -> Result<String, E>) -> Result<String, Vec<E>> {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let mut refused = Vec::new();
    for include in includes(source) {
        let Some((before, after)) = rest.split_once(include.tag) else { continue };
        out.push_str(before);
        match piece(&include) {
            Ok(text) => out.push_str(&text),
            Err(why) => refused.push(why),
        }
        rest = after;
    }
    out.push_str(rest);
    if refused.is_empty() { Ok(out) } else { Err(refused) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_with_their_lines() {
        let source = "a{% include \"x\" %}\n{%- include 'y-z' -%}{% if a %}{% endif %}{% include x %}";
        let found: Vec<_> = includes(source).into_iter().map(|it| (it.key, it.line)).collect();
        assert_eq!(found, [("x", 1), ("y-z", 2)]);
    }

    #[test]
    fn fields_are_given_in_the_tag_and_stand_open_in_the_piece() {
        fn of(tag: &str) -> Option<Vec<(&str, &str)>> {
            includes(tag).first().map(|it| it.fields.clone())
        }
        assert_eq!(
            of(r#"{% include "x" with url="https://a.example/?b=1", head_line='It "is" {{ my.x }}' %}"#),
            Some(vec![("url", "https://a.example/?b=1"), ("head_line", r#"It "is" {{ my.x }}"#)])
        );
        for broken in ["with", "with a", "with a=x", "with A='x'", "with a='x' b='y'", "without a='x'", "with a='x',"] {
            assert_eq!(of(&format!("{{% include 'x' {broken} %}}")), None, "{broken}");
        }
        let source = "{{ field.a }}{{- field.b -}}{{ field.a }}{{ fields.c }}{{ field.D }}{{ x.field.e }}{{ field.f";
        assert_eq!(fields(source), ["a", "b"]);
        let filled = with_fields(source, |name| name.to_uppercase());
        assert_eq!(filled, "ABA{{ fields.c }}{{ field.D }}{{ x.field.e }}{{ field.f");
    }

    #[test]
    fn pieces_come_into_their_places_or_say_why_not() {
        let piece = |include: &Include<'_>| if include.key == "x" { Ok("[x]".to_owned()) } else { Err(include.line) };
        assert_eq!(included("a{% include 'x' %}b{% include 'x' %}", piece), Ok("a[x]b[x]".to_owned()));
        assert_eq!(included("{% include 'n' %}\n{% include 'm' %}", piece), Err(vec![1, 2]));
    }
}
