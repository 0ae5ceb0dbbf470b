//! The design of an email as an HTML document whose template tags are placeholders.
//!
//! MJML is laid out once for a version, not for a recipient: the layout does not depend on values. Its renderer has
//! two habits that this module guards against: it writes attribute values as Rust writes string literals (`\"`, `\n`,
//! `\u{200d}`), and it leaves out elements it does not know without a word.

use mrml::prelude::parser::Error as MjmlError;

use super::content::EmailBody;
use super::gaps;
use super::tags::{Masked, TagKind, mask};

/// The elements of MJML.
const ELEMENTS: &[&str] = &[
    "mj-accordion",
    "mj-accordion-element",
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-all",
    "mj-attributes",
    "mj-body",
    "mj-breakpoint",
    "mj-button",
    "mj-carousel",
    "mj-carousel-image",
    "mj-class",
    "mj-column",
    "mj-divider",
    "mj-font",
    "mj-group",
    "mj-head",
    "mj-hero",
    "mj-image",
    "mj-navbar",
    "mj-navbar-link",
    "mj-preview",
    "mj-raw",
    "mj-section",
    "mj-social",
    "mj-social-element",
    "mj-spacer",
    "mj-style",
    "mj-table",
    "mj-text",
    "mj-title",
    "mj-wrapper",
];

/// What is wrong with a design.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesignProblem {
    /// A whole sentence or two.
    pub message: String,
    /// Line of the source.
    pub line: Option<u32>,
}

/// The document, and the tags behind its placeholders.
pub fn document(body: &EmailBody) -> Result<(String, Masked), DesignProblem> {
    match body {
        EmailBody::Html(source) => {
            let masked = mask(source);
            Ok((whole_document(&masked.text), masked))
        }
        EmailBody::Mjml(source) => {
            let mut masked = mask(&gaps::closed(source));
            let shielded = shielded(&mut masked)?;
            let html = laid_out(&shielded).map_err(|problem| problem.in_source(&masked, &shielded))?;
            Ok((whole_document(&html), masked))
        }
    }
}

/// A document with exactly the body that the passes over it look for.
fn whole_document(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    match (lower.contains("<body"), lower.contains("</body")) {
        (true, true) => html.to_owned(),
        (true, false) => format!("{html}</body>"),
        (false, _) => {
            format!("<!doctype html>\n<html><head><meta charset=\"utf-8\"></head><body>\n{html}\n</body></html>\n")
        }
    }
}

/// A problem at a byte of the shielded text.
struct At {
    message: String,
    byte: Option<usize>,
}

impl At {
    fn in_source(self, masked: &Masked, shielded: &str) -> DesignProblem {
        let before = self.byte.and_then(|byte| shielded.get(..byte)).map(|before| masked.unmask(before));
        let line = before.and_then(|before| u32::try_from(before.matches('\n').count() + 1).ok());
        DesignProblem { message: self.message, line }
    }
}

fn laid_out(mjml: &str) -> Result<String, At> {
    let parsed = mrml::parse(mjml).map_err(|error| At { message: sentence(&error), byte: byte(&error) })?;
    let options = mrml::prelude::render::RenderOptions::default();
    let refused = |error| At { message: format!("The MJML cannot be laid out: {error}."), byte: None };
    parsed.element.render(&options).map_err(refused)
}

fn sentence(error: &MjmlError) -> String {
    match error {
        MjmlError::NoRootNode => "There is no <mjml> element; the whole design goes into one.".to_owned(),
        MjmlError::EndOfStream { .. } => "The MJML ends too early; close every element.".to_owned(),
        MjmlError::UnexpectedElement { .. } => {
            "This element may not stand here; see which elements MJML allows in it.".to_owned()
        }
        MjmlError::MissingAttribute { name, .. } => format!("An element lacks its attribute `{name}`; add it."),
        MjmlError::IncludeLoaderError { .. } => "Other files cannot be included; put their content here.".to_owned(),
        _ => "The MJML cannot be read here; close every element and every quote.".to_owned(),
    }
}

fn byte(error: &MjmlError) -> Option<usize> {
    match error {
        MjmlError::UnexpectedElement { position, .. }
        | MjmlError::UnexpectedToken { position, .. }
        | MjmlError::MissingAttribute { position, .. }
        | MjmlError::InvalidAttribute { position, .. }
        | MjmlError::InvalidFormat { position, .. }
        | MjmlError::IncludeLoaderError { position, .. } => Some(position.start),
        MjmlError::EndOfStream { .. }
        | MjmlError::SizeLimit { .. }
        | MjmlError::ParserError { .. }
        | MjmlError::NoRootNode => None,
    }
}

/// The masked text with placeholders for the characters of attribute values that the renderer would change. Refuses
/// elements that are none.
fn shielded(masked: &mut Masked) -> Result<String, DesignProblem> {
    let text = std::mem::take(&mut masked.text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        out.push('<');
        if let Some((comment, after)) = tag.strip_prefix("!--").and_then(|tag| tag.split_once("-->")) {
            out.push_str(&format!("!--{comment}-->"));
            rest = after;
            continue;
        }
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next();
        if let Some(unknown) = name.filter(|name| name.starts_with("mj-") && !ELEMENTS.contains(name)) {
            let message = format!("There is no element <{unknown}> in MJML; its content would be lost.");
            return Err(At { message, byte: Some(out.len()) }.in_source(masked, &out));
        }
        rest = shield_tag(tag, masked, &mut out);
    }
    out.push_str(rest);
    Ok(out)
}

/// Copies a tag to `out` up to its `>` and returns what follows it.
fn shield_tag<'a>(tag: &'a str, masked: &mut Masked, out: &mut String) -> &'a str {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match quote {
            None if c == '>' => return tag.get(at..).unwrap_or_default(),
            None => quote = Some(c).filter(|c| matches!(c, '"' | '\'')),
            Some(open) if open == c => quote = None,
            Some(_) => {
                match kept(c) {
                    Some(written) => out.push_str(&masked.add(TagKind::Comment, written)),
                    None => out.push(c),
                }
                continue;
            }
        }
        out.push(c);
    }
    ""
}

/// How a character of an attribute value is written, where the renderer would change it.
fn kept(c: char) -> Option<String> {
    match c {
        '"' => Some("&quot;".to_owned()),
        '\'' => None,
        // Line breaks stay, so that lines can be counted.
        c if c.escape_debug().len() > 1 => Some(c.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(column: &str) -> Result<String, DesignProblem> {
        let source =
            format!("<mjml><mj-body><mj-section><mj-column>\n{column}</mj-column></mj-section></mj-body></mjml>");
        document(&EmailBody::Mjml(source)).map(|(document, masked)| masked.unmask(&document))
    }

    #[test]
    fn attributes_stay_as_they_are_written() {
        let family = "\u{1F469}\u{200D}\u{1F4BB}";
        let html = html(&format!(r#"<mj-image src="x" alt='{family} said "a\b" é' title="it's &quot;x&quot;"/>"#))
            .expect("MJML");
        assert!(html.contains(&format!(r#"alt="{family} said &quot;a\b&quot; é""#)), "{html}");
        assert!(html.contains(r#"title="it's &quot;x&quot;""#), "{html}");
    }

    #[test]
    fn elements_that_are_none_are_refused_with_their_line() {
        let problem =
            html("<mj-text>x</mj-text>\n<!-- <mj-none> -->\n{{ a\n }}<mj-txt>y</mj-txt>").expect_err("refused");
        assert!(problem.message.contains("<mj-txt>"), "{}", problem.message);
        assert_eq!(problem.line, Some(5));
        let problem = document(&EmailBody::Mjml("hello".into())).expect_err("refused");
        assert_eq!(problem.line, None);
    }

    #[test]
    fn html_becomes_a_whole_document() {
        for (source, whole) in [("<body>a</body>", "<body>a</body>"), ("<BODY>a", "<BODY>a</body>")] {
            assert_eq!(document(&EmailBody::Html(source.into())).map(|(html, _)| html), Ok(whole.to_owned()));
        }
        let (html, _) = document(&EmailBody::Html("a".into())).expect("HTML");
        assert!(html.contains("<body>\na\n</body>"), "{html}");
    }
}
