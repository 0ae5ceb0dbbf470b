//! Finds the template tags in a text, and takes them out of the way of parsers that do not know them.
//!
//! The template engine checks and runs the tags; this only has to know where they begin and end and on which line.
//! While a design goes through the MJML renderer or the HTML rewriter every tag is a placeholder, so that neither can
//! misread or change it.

/// What a tag is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// `{{ … }}`
    Output,
    /// `{% … %}`
    Statement,
    /// `{# … #}`
    Comment,
}

/// A tag of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'a> {
    pub kind: TagKind,
    /// With its brackets.
    pub whole: &'a str,
    /// Between the brackets, without whitespace control and surrounding space.
    pub inner: &'a str,
    /// Byte at which it begins.
    pub start: usize,
    /// Line on which it begins, from 1.
    pub line: u32,
}

/// The tags of `source` in order. An unfinished tag ends the search: the engine reports it.
pub fn tags(source: &str) -> Vec<Tag<'_>> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some((start, kind, close)) = next_opening(source, at) {
        line += newlines(source.get(at..start).unwrap_or_default());
        let Some(end) = closing(source, start + 2, kind, close) else { break };
        let Some(whole) = source.get(start..end) else { break };
        found.push(Tag { kind, whole, inner: inner(whole), start, line });
        line += newlines(whole);
        at = end;
        if kind == TagKind::Statement && inner(whole) == "raw" {
            let Some(raw) = source.get(at..).and_then(end_of_raw) else { break };
            line += newlines(raw);
            at += raw.len();
        }
    }
    found
}

/// What stands before the end of a raw block; nothing in it is a tag.
fn end_of_raw(rest: &str) -> Option<&str> {
    let ends = |at: &usize| rest.get(at + 2..).is_some_and(|tag| inner_start(tag).starts_with("endraw"));
    let at = rest.match_indices("{%").map(|(at, _)| at).find(ends)?;
    rest.get(..at)
}

fn inner_start(tag: &str) -> &str {
    tag.strip_prefix(['-', '+']).unwrap_or(tag).trim_start()
}

fn next_opening(source: &str, from: usize) -> Option<(usize, TagKind, &'static str)> {
    let rest = source.get(from..)?;
    let mut search = 0;
    while let Some(brace) = rest.get(search..)?.find('{') {
        let at = search + brace;
        let kind = match rest.as_bytes().get(at + 1) {
            Some(b'{') => Some((TagKind::Output, "}}")),
            Some(b'%') => Some((TagKind::Statement, "%}")),
            Some(b'#') => Some((TagKind::Comment, "#}")),
            _ => None,
        };
        if let Some((kind, close)) = kind {
            return Some((from + at, kind, close));
        }
        search = at + 1;
    }
    None
}

/// The byte after the closing bracket, strings of the expression skipped.
fn closing(source: &str, from: usize, kind: TagKind, close: &str) -> Option<usize> {
    if kind == TagKind::Comment {
        return Some(from + source.get(from..)?.find(close)? + close.len());
    }
    let bytes = source.as_bytes();
    let mut at = from;
    let mut quote = None;
    while let Some(&byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, _) if source.get(at..).is_some_and(|rest| rest.starts_with(close)) => return Some(at + close.len()),
            _ => {}
        }
        at += 1;
    }
    None
}

fn inner(whole: &str) -> &str {
    let inner = whole.get(2..whole.len().saturating_sub(2)).unwrap_or_default();
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    inner.strip_suffix(['-', '+']).unwrap_or(inner).trim()
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

impl Tag<'_> {
    /// The expression with the content of its strings blanked out, so that names can be looked for.
    pub fn code(&self) -> String {
        let mut quote = None;
        let mut escaped = false;
        let blank = |c: char| match quote {
            _ if std::mem::take(&mut escaped) => ' ',
            Some(_) if c == '\\' => {
                escaped = true;
                ' '
            }
            Some(open) if c == open => {
                quote = None;
                c
            }
            Some(_) => ' ',
            None => {
                quote = Some(c).filter(|c| matches!(c, '"' | '\''));
                c
            }
        };
        self.inner.chars().map(blank).collect()
    }

    /// The statement's keyword (`if`, `for`, `set` …).
    pub fn keyword(&self) -> &str {
        self.inner.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
    }
}

// Printable, because the MJML renderer writes other characters of attributes as escapes.
const OPEN: &str = "⟦¦";
const CLOSE: &str = "¦⟧";

/// A template whose tags have become placeholders.
#[derive(Debug, Clone)]
pub struct Masked {
    /// The text with the placeholders.
    pub text: String,
    tags: Vec<(TagKind, String)>,
}

/// Puts a placeholder in the place of every tag.
pub fn mask(source: &str) -> Masked {
    let mut text = String::with_capacity(source.len());
    let mut masked = Vec::new();
    let mut at = 0;
    for tag in tags(source) {
        text.push_str(source.get(at..tag.start).unwrap_or_default());
        text.push_str(&placeholder(masked.len()));
        masked.push((tag.kind, tag.whole.to_owned()));
        at = tag.start + tag.whole.len();
    }
    text.push_str(source.get(at..).unwrap_or_default());
    Masked { text, tags: masked }
}

fn placeholder(number: usize) -> String {
    format!("{OPEN}{number}{CLOSE}")
}

/// A piece of a masked text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// The placeholder of the tag with this number.
    Placeholder(usize),
}

/// Cuts a masked text at its placeholders.
pub fn pieces(masked: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = masked;
    let mut search = 0;
    while let Some(at) = rest.get(search..).and_then(|rest| rest.find(OPEN)).map(|at| search + at) {
        let after = rest.get(at + OPEN.len()..).unwrap_or_default();
        match after.split_once(CLOSE).and_then(|(number, after)| Some((number.parse().ok()?, after))) {
            Some((number, after)) => {
                found.extend(rest.get(..at).filter(|text| !text.is_empty()).map(Piece::Text));
                found.push(Piece::Placeholder(number));
                (rest, search) = (after, 0);
            }
            // An author may use these characters too.
            None => search = at + OPEN.len(),
        }
    }
    found.extend(Some(rest).filter(|text| !text.is_empty()).map(Piece::Text));
    found
}

impl Masked {
    /// The tag behind a placeholder.
    pub fn tag(&self, number: usize) -> Option<(TagKind, &str)> {
        self.tags.get(number).map(|(kind, whole)| (*kind, whole.as_str()))
    }

    /// Adds a tag that the source did not have; returns its placeholder.
    pub fn add(&mut self, kind: TagKind, whole: String) -> String {
        self.tags.push((kind, whole));
        placeholder(self.tags.len() - 1)
    }

    /// Puts the tags back.
    pub fn unmask(&self, masked: &str) -> String {
        let whole = |piece| match piece {
            Piece::Text(text) => text,
            Piece::Placeholder(number) => self.tag(number).map_or("", |(_, whole)| whole),
        };
        pieces(masked).into_iter().map(whole).collect()
    }
}

/// Where an element's tag ends, quotes skipped: at its `>`, or behind the text.
pub(super) fn end_of(tag: &str) -> usize {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match quote {
            None if c == '>' => return at,
            None => quote = Some(c).filter(|c| matches!(c, '"' | '\'')),
            Some(open) if open == c => quote = None,
            Some(_) => {}
        }
    }
    tag.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_found_with_their_lines() {
        let source = "a { b\n{{- person.x | default('}}') -}}\n{% if a\n%}{# no #}{{ unfinished";
        let found: Vec<_> = tags(source).into_iter().map(|tag| (tag.kind, tag.inner, tag.line)).collect();
        assert_eq!(
            found,
            [
                (TagKind::Output, "person.x | default('}}')", 2),
                (TagKind::Statement, "if a", 3),
                (TagKind::Comment, "no", 4)
            ]
        );
    }

    #[test]
    fn nothing_in_a_raw_block_is_a_tag() {
        let found: Vec<_> =
            tags("{% raw %}{{ 'a\n{%- endraw -%}{{ b }}").into_iter().map(|tag| (tag.inner, tag.line)).collect();
        assert_eq!(found, [("raw", 1), ("endraw", 2), ("b", 2)]);
    }

    #[test]
    fn strings_are_blanked() {
        let code = tags(r#"{{ a | default("x | y \" . z") | upper }}"#).first().map(Tag::code);
        assert_eq!(code.as_deref().map(|code| code.matches('|').count()), Some(2));
    }

    proptest! {
        #[test]
        fn masking_and_putting_back_changes_nothing(source in "([a-z<>\"'&]|\\{\\{|\\}\\}|\\{%|%\\}|\\{#|#\\}|\n|é|⟦|¦|⟧){0,60}") {
            let masked = mask(&source);
            prop_assert_eq!(masked.unmask(&masked.text), source);
        }
    }
}
