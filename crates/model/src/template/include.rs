//! Pieces of content that a text takes in by name: `{% include "KEY" %}`.
//!
//! They are put in place before the text is compiled, so that what is frozen with a version is whole.

/// A place in a text that takes a piece in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include<'a> {
    /// The piece's key.
    pub key: &'a str,
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
        if let Some(key) = key_of(tag) {
            let before = source.get(..start).unwrap_or_default();
            let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
            found.push(Include { key, tag, line });
        }
        at = start + tag.len();
    }
    found
}

fn key_of(tag: &str) -> Option<&str> {
    let inner = tag.strip_prefix("{%")?.strip_suffix("%}")?;
    let inner = inner.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim();
    let named = inner.strip_prefix("include")?.strip_prefix(char::is_whitespace)?.trim();
    let quote = named.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let key = named.strip_prefix(quote)?.strip_suffix(quote)?;
    (!key.is_empty() && !key.contains(quote)).then_some(key)
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
    fn pieces_come_into_their_places_or_say_why_not() {
        let piece = |include: &Include<'_>| if include.key == "x" { Ok("[x]".to_owned()) } else { Err(include.line) };
        assert_eq!(included("a{% include 'x' %}b{% include 'x' %}", piece), Ok("a[x]b[x]".to_owned()));
        assert_eq!(included("{% include 'n' %}\n{% include 'm' %}", piece), Err(vec![1, 2]));
    }
}
