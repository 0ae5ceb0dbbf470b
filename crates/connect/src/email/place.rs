//! Where in an HTML text a value would land.
//!
//! Escaping makes a value safe between tags and inside quotes. It cannot make it safe as the name of an attribute, in a
//! value without quotes, in a style sheet, in a script, or in an attribute whose text is run as one or read as markup; a
//! template that puts one there is refused. What only some mail programs see (`<!--[if mso]>`) is markup like any other.

use super::tags::{Masked, Piece, TagKind, pieces};

/// A place in which no value may land.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadPlace {
    /// Inside a tag, outside of quotes.
    Tag,
    /// Inside `<style>`.
    Style,
    /// Inside `<script>`.
    Script,
    /// Inside an attribute that is a script or a document (`onclick`, `srcdoc`).
    Code,
}

impl BadPlace {
    /// What to tell the author.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Tag => {
                "stands inside an HTML tag but outside of quotes; put the whole attribute value in double quotes"
            }
            Self::Style => "stands in a style sheet, where values cannot be made safe; use a style attribute instead",
            Self::Script => "stands in a script; mail programs do not run scripts, take it out",
            Self::Code => "stands in an attribute that is run or read as a document (`on…`, `srcdoc`); take it out",
        }
    }
}

/// The output tags of a masked HTML text that stand where no value may land, in order.
pub fn bad_places<'a>(html: &str, masked: &'a Masked) -> Vec<(BadPlace, &'a str)> {
    let mut place = Place::Text;
    let mut found = Vec::new();
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) => place = walk(place, text),
            Piece::Placeholder(number) => {
                if let (Some(bad), Some((TagKind::Output, whole))) = (place.bad(), masked.tag(number)) {
                    found.push((bad, whole));
                }
            }
        }
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Comment,
    /// Behind `<!--[if`, before what some mail programs see.
    Condition,
    Tag(Content),
    Quoted(char, Content),
    Code(char, Content),
    Raw(&'static str),
}

/// What follows after the tag one is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Text,
    Raw(&'static str),
}

impl Place {
    fn bad(self) -> Option<BadPlace> {
        match self {
            Self::Text | Self::Comment | Self::Quoted(..) => None,
            Self::Code(..) => Some(BadPlace::Code),
            Self::Tag(_) | Self::Condition => Some(BadPlace::Tag),
            Self::Raw("style") => Some(BadPlace::Style),
            Self::Raw(_) => Some(BadPlace::Script),
        }
    }
}

fn walk(mut place: Place, text: &str) -> Place {
    let mut rest = text;
    while let Some((next, after)) = step(place, rest) {
        place = next;
        rest = after;
    }
    place
}

/// The next change of place in `text` and what comes after it.
fn step(place: Place, text: &str) -> Option<(Place, &str)> {
    match place {
        Place::Text => {
            let after = text.get(text.find('<')? + 1..)?;
            if let Some(comment) = after.strip_prefix("!--") {
                let ended = comment.strip_prefix("->").or(comment.strip_prefix('>'));
                return Some(match ended {
                    Some(after) => (Place::Text, after),
                    None if comment.starts_with("[if") => (Place::Condition, comment),
                    None => (Place::Comment, comment),
                });
            }
            // A bracket right before a placeholder would make a tag of whatever the value is.
            let opens = after.is_empty()
                || after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
            Some((if opens { Place::Tag(content_of(after)) } else { Place::Text }, after))
        }
        Place::Comment => Some((Place::Text, text.split_once("-->")?.1)),
        Place::Condition => Some((Place::Text, text.split_once("]>")?.1)),
        Place::Tag(content) => {
            let at = text.find(['>', '"', '\''])?;
            let (found, after) = (text.get(at..)?.chars().next()?, text.get(at + 1..)?);
            let next = match (found, content) {
                ('>', Content::Text) => Place::Text,
                ('>', Content::Raw(name)) => Place::Raw(name),
                (quote, content) if is_code(text.get(..at)?) => Place::Code(quote, content),
                (quote, content) => Place::Quoted(quote, content),
            };
            Some((next, after))
        }
        Place::Quoted(quote, content) | Place::Code(quote, content) => {
            Some((Place::Tag(content), text.split_once(quote)?.1))
        }
        Place::Raw(name) => {
            let end = text.char_indices().map(|(at, _)| at).find(|at| {
                text.get(at + 2..at + 2 + name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name))
                    && text.get(*at..at + 2) == Some("</")
            })?;
            Some((Place::Tag(Content::Text), text.get(end + 2..)?))
        }
    }
}

/// Whether the attribute whose value begins here is run or read as a document.
fn is_code(before: &str) -> bool {
    let name = before.trim_end().trim_end_matches('=').trim_end();
    let name = name.rsplit(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default().to_ascii_lowercase();
    name.starts_with("on") || name == "srcdoc"
}

fn content_of(tag: &str) -> Content {
    let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    match name {
        _ if name.eq_ignore_ascii_case("style") => Content::Raw("style"),
        _ if name.eq_ignore_ascii_case("script") => Content::Raw("script"),
        _ => Content::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tags::mask;
    use super::*;

    fn bad(html: &str) -> Vec<BadPlace> {
        let masked = mask(html);
        bad_places(&masked.text, &masked).into_iter().map(|(place, _)| place).collect()
    }

    #[test]
    fn values_may_stand_in_text_and_in_quotes() {
        assert_eq!(bad(r#"<p title="{{ a }}" class='{{ b }}'>1 < 2 {{ c }}</p><!-- {{ d }} > --> {{ e }}"#), []);
        assert_eq!(bad(r#"<a {% if x %}class="y"{% endif %}>z</a>"#), [], "statements put out nothing of their own");
    }

    #[test]
    fn values_may_not_stand_where_escaping_does_not_help() {
        assert_eq!(bad("<a href={{ a }}>"), [BadPlace::Tag]);
        assert_eq!(bad("<{{ a }}>x</p>"), [BadPlace::Tag], "the value would become the name of a tag");
        assert_eq!(bad("<p {{ a }}>x</p>"), [BadPlace::Tag]);
        assert_eq!(bad("<STYLE media='x'>p{color:{{ a }}}</STYLE>{{ b }}"), [BadPlace::Style]);
        assert_eq!(bad("<script>var x = '{{ a }}'</script>"), [BadPlace::Script]);
        assert_eq!(bad(r#"<p title="{{ a }}" onClick = "f('{{ b }}')" class="{{ c }}">"#), [BadPlace::Code]);
        assert_eq!(bad("<iframe src='{{ a }}'\nsrcdoc='{{ b }}'></iframe>{{ c }}"), [BadPlace::Code]);
    }

    #[test]
    fn what_only_some_mail_programs_see_is_markup() {
        assert_eq!(
            bad("<!--[if mso]><td {{ a }} title=\"{{ b }}\">{{ c }}<![endif]--><p>{{ d }}</p>"),
            [BadPlace::Tag]
        );
        assert_eq!(bad("<!--[if !mso]><!--><td {{ a }}><!--<![endif]--><p>{{ b }}</p>"), [BadPlace::Tag]);
        assert_eq!(bad("<!--[if gte mso 9]><style>p{color:{{ a }}}</style><![endif]-->{{ b }}"), [BadPlace::Style]);
        assert_eq!(bad("<!--[if {{ a }}]>x<![endif]-->"), [BadPlace::Tag]);
        assert_eq!(bad("<!--> <p {{ a }}> -->"), [BadPlace::Tag], "a comment that ends where it begins");
        assert_eq!(bad("<!-- [1] <p {{ a }}> > --><p title='{{ b }}'>"), [], "nobody reads a comment");
    }
}
