//! The plain text of a design, made once for each of its shapes. A shape is what a template puts out beside its values: for
//! most mail there is one, with conditions there are a few. Making text from HTML costs as much as everything else about a
//! message together, and for all recipients of a shape it comes to the same, but for the values.
//!
//! Values that could change more than the place where they stand (none at all, several lines, markup of their own) are not
//! put in afterwards: such a message has its text made from its own HTML.

use std::collections::HashMap;
use std::sync::Arc;

use caravan_model::template::{HTML_PREFIX, put_out};
use minijinja::Environment;
use parking_lot::Mutex;

use super::html::decoded_wholly;
use super::tags::{TagKind, tags};
use super::text;

/// Around every value while the design is rendered. Neither is a character: no text may hold them.
const OPEN: char = '\u{FDD0}';
const CLOSE: char = '\u{FDD1}';

/// Statements of templates whose values stand where they are put out. Others (`set`, `macro`, `filter`) take up what was put
/// out as a value.
const TRANSPARENT: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];
/// Texts that are kept of a version.
const MOST_SHAPES: usize = 32;
/// Longer values, and longer lines, might be broken.
const LONGEST_VALUE: usize = 500;
const LONGEST_LINE: usize = 3_000;

/// Whether the shapes of a design can be told from its values.
pub fn has_shapes(design: &str) -> bool {
    let opaque = |tag: &super::tags::Tag<'_>| tag.kind == TagKind::Statement && !TRANSPARENT.contains(&tag.keyword());
    !tags(design).iter().any(opaque)
}

/// From now on the values of the design are put out between marks.
pub fn mark_values(env: &mut Environment<'_>) {
    use std::fmt::Write;
    env.set_formatter(|out, state, value| {
        if state.name() != HTML_PREFIX {
            return put_out(out, state, value);
        }
        out.write_char(OPEN)?;
        put_out(out, state, value)?;
        Ok(out.write_char(CLOSE)?)
    });
}

/// A design as it was rendered for somebody, apart from its values.
#[derive(Debug, PartialEq, Eq)]
pub struct Shaped {
    /// With a numbered mark for each value.
    skeleton: String,
    /// The values, as plain text.
    values: Vec<String>,
}

/// The design without the marks, and its shape where all its values are simple.
pub fn read(marked: &str) -> (String, Option<Shaped>) {
    let mut design = String::with_capacity(marked.len());
    let mut shaped = Some(Shaped { skeleton: String::with_capacity(marked.len()), values: Vec::new() });
    let mut parts = marked.split(OPEN);
    let first = parts.next().unwrap_or_default();
    let clean = !first.contains(CLOSE);
    let mut fixed = |text: &str, shaped: &mut Option<Shaped>| {
        design.push_str(text);
        if let Some(shaped) = shaped {
            shaped.skeleton.push_str(text);
        }
    };
    fixed(first, &mut shaped);
    for part in parts {
        let Some((value, rest)) = part.split_once(CLOSE).filter(|(_, rest)| clean && !rest.contains(CLOSE)) else {
            // Somebody's value holds a mark: there is no telling them apart.
            return (marked.replace([OPEN, CLOSE], ""), None);
        };
        match (&mut shaped, simple(value)) {
            (Some(known), Some(plain)) => {
                let number = known.values.len();
                known.skeleton.push_str(&format!("{OPEN}{number}{CLOSE}"));
                known.values.push(plain);
            }
            _ => shaped = None,
        }
        let mut only_design = None;
        fixed(value, &mut only_design);
        fixed(rest, &mut shaped);
    }
    (design, shaped)
}

/// A value as a reader of plain text sees it, if it changes nothing around it.
fn simple(value: &str) -> Option<String> {
    let plain = decoded_wholly(value).filter(|_| !value.contains(['<', '>']))?;
    let plainly = |c: char| !c.is_control() && (c == ' ' || !c.is_whitespace()) && !invisible(c);
    let still = !plain.is_empty()
        && plain.len() <= LONGEST_VALUE
        && plain.trim() == plain
        && !plain.contains("  ")
        // What they would do at the beginning of an address.
        && !plain.starts_with('#')
        && !plain.contains("mailto:")
        && plain.chars().all(plainly);
    still.then_some(plain)
}

fn invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// The texts of a version's shapes, by skeleton.
#[derive(Debug, Default)]
pub struct Texts(Mutex<HashMap<String, Arc<str>>>);

impl Texts {
    /// The text of a message; none where it must be made from the message's own HTML.
    pub fn of(&self, shaped: &Shaped) -> Option<String> {
        let known = self.0.lock().get(&shaped.skeleton).cloned();
        let text = match known {
            Some(text) => text,
            None => self.make(&shaped.skeleton)?,
        };
        let mut out = String::with_capacity(text.len());
        let mut parts = text.split(OPEN);
        out.push_str(parts.next()?);
        for part in parts {
            let (number, rest) = part.split_once(CLOSE)?;
            out.push_str(shaped.values.get(number.parse::<usize>().ok()?)?);
            out.push_str(rest);
        }
        out.lines().all(|line| line.len() <= LONGEST_LINE).then_some(out)
    }

    fn make(&self, skeleton: &str) -> Option<Arc<str>> {
        let text: Arc<str> = text::from_html(skeleton).ok()?.into();
        let mut known = self.0.lock();
        if known.len() >= MOST_SHAPES {
            known.clear();
        }
        known.insert(skeleton.to_owned(), Arc::clone(&text));
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As it comes out of the template: values escaped, between marks.
    fn marked(design: &str, values: &[&str]) -> String {
        let mut values = values.iter();
        let mut out = String::new();
        for part in design.split_inclusive('@') {
            match part.strip_suffix('@') {
                Some(text) => {
                    let value = caravan_model::template::escaped(values.next().copied().unwrap_or_default());
                    out.push_str(&format!("{text}{OPEN}{value}{CLOSE}"));
                }
                None => out.push_str(part),
            }
        }
        out
    }

    const DESIGNS: [&str; 4] = [
        "<html><body><p>Dear @,</p><p>@ has @ people.</p><a href=\"https://a.example/x?y=@\">See</a></body></html>",
        "<table><tr><td>@</td><td><img src='x.png' alt='@'></td></tr></table><ul><li>@</li><li>two @</li></ul>",
        "<h1>@</h1>text @ <b>@</b>@<br>@<pre>  @  x</pre><ol><li>@<li>@</ol><hr><p title='@'>@</p>",
        "@ <div>@ @</div><!-- @ --><blockquote>@<p>@</p></blockquote><a href='@'>@</a><a href='mailto:a@b.example'>m</a>",
    ];

    #[test]
    fn texts_are_made_once_for_a_shape() {
        let texts = Texts::default();
        for name in ["Ada", "Ben & Co", "Zoë"] {
            let (design, shaped) = read(&marked(DESIGNS[0], &[name, "Acme", "7", "z"]));
            let text = texts.of(&shaped.expect("simple")).expect("a text");
            assert_eq!(text, text::from_html(&design).expect("a text"));
            assert!(text.contains(&format!("Dear {name},")), "{text}");
        }
        assert_eq!(texts.0.lock().len(), 1);
    }

    #[test]
    fn values_that_change_what_is_around_them_are_not_simple() {
        let hostile =
            ["", " ", " a", "a  b", "a\nb", "a\u{a0}b", "&nbsp;", "<b>x</b>", "#top", "mailto:x", "a\u{200b}"];
        for value in hostile.into_iter().chain(["&copy;"]) {
            assert_eq!(simple(value), None, "{value:?}");
        }
        assert_eq!(simple("Ada &amp; Söhne &lt;x&gt;").as_deref(), Some("Ada & Söhne <x>"));
        let (design, shaped) = read(&format!("a{OPEN}b{OPEN}c{CLOSE}d{CLOSE}e"));
        assert_eq!((design.as_str(), shaped), ("abcde", None));
    }

    #[test]
    fn what_takes_up_other_values_has_no_shapes() {
        assert!(has_shapes(
            "{% if a %}{{ b }}{% elif c %}{% else %}{% for d in e %}{{ d }}{% endfor %}{% endif %}{# no #}"
        ));
        for opaque in
            ["{% set a %}{{ b }}{% endset %}", "{% macro m() %}x{% endmacro %}", "{% filter upper %}x{% endfilter %}"]
        {
            assert!(!has_shapes(opaque), "{opaque}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_text_from_its_shape_is_the_text_from_the_html(
            design in 0..DESIGNS.len(),
            values in prop::collection::vec("([a-zé<&>\"'#.:/ -]|mailto:| {2}|\n|\u{a0}|漢){0,12}", 12),
        ) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let (design, shaped) = read(&marked(DESIGNS[design], &values));
            prop_assert!(!design.contains([OPEN, CLOSE]));
            if let Some(shaped) = shaped {
                let text = Texts::default().of(&shaped);
                prop_assert_eq!(text, Some(text::from_html(&design).expect("a text")));
            }
        }

        #[test]
        fn simple_values_come_from_their_shape(values in prop::collection::vec("[a-zé<&>]{1,8}( [a-z漢]{1,5}){0,2}", 12), n in 0..DESIGNS.len()) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let (design, shaped) = read(&marked(DESIGNS[n], &values));
            let text = Texts::default().of(&shaped.expect("simple"));
            prop_assert_eq!(text, Some(text::from_html(&design).expect("a text")));
        }
    }
}
