//! What an email that was made of a template may not change.
//!
//! Elements carry their lock as `data-lock`: `locked` (with all in it), `content` (what is in it is free, its looks and its place are
//! not) or `editable`; one without takes it from what it lies in. A locked one with `data-allow-delete` may be taken out as a whole. The design is compared with the template's element by element,
//! because editors write white space and the order of attributes anew. In what is editable, elements may come, go and change, but
//! those that are locked stay, in their order, and under no other conditions than in the template. How much may be added stands beside
//! the lock ([`Additions`]).

use std::collections::BTreeMap;

use caravan_model::document::{Additions, TemplateLock};

use super::EmailBody;
use super::added;
use super::html::decoded;
use super::tags::{Masked, Piece, TagKind, mask, pieces, tags};

/// The attribute that carries the lock of an element. It does not leave with a message.
pub const LOCK: &str = "data-lock";
/// The attribute by which comments name an element. It is nobody's design: it breaks no lock and does not leave with a message.
pub const PIN: &str = "data-comment";
/// The attribute of a locked element that may be taken out, though not changed. It does not leave with a message.
pub const ALLOW_DELETE: &str = "data-allow-delete";
/// Statements of templates that hold until their end.
const HOLDING: &[&str] = &["if", "for", "filter", "macro", "call", "with", "block", "autoescape"];
/// What an element says, beside its looks: free where only the content is.
const CONTENT: &[&str] = &["href", "src", "alt", "title"];
/// Elements that have no end tag.
const VOID: &[&str] =
    &["br", "hr", "img", "input", "link", "meta", "area", "base", "col", "embed", "source", "track", "wbr"];
/// Elements whose content is no markup.
const RAW: &[&str] = &["style", "script", "mj-style", "title"];
/// Elements may lie so deep in each other; what lies deeper is taken for being at this depth.
const DEEPEST: usize = 150;

/// How much of an element is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Locked,
    Content,
    Editable,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: BTreeMap<String, String>,
    children: Vec<Node>,
    /// The conditions and the like within which it stands, outermost first.
    within: Vec<String>,
    pub(super) line: u32,
}

#[derive(Debug, PartialEq)]
enum Node {
    Element(Element),
    Text(String),
}

/// A part that is not as the template has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The part, as one recognises it: `<mj-text> “Acme Ltd, Berlin”`.
    pub part: String,
    /// Line of the email's design where it, or what stands in its place, begins.
    pub line: Option<u32>,
    /// In which way.
    pub how: How,
}

/// In which way a design is not as its template has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A locked part is changed, or gone.
    Changed,
    /// A locked part depends on a condition on which it does not depend in the template.
    Conditional,
    /// A part was added where none may be.
    Added,
}

/// The first part of `design` that is not as the template, and what that locks, lets it be. `additions` left out: what is open takes any.
pub fn broken(
    template: &EmailBody,
    lock: TemplateLock,
    additions: Option<Additions>,
    design: &EmailBody,
) -> Option<Broken> {
    let (wanted, found) = match (template, design) {
        (EmailBody::Mjml(wanted), EmailBody::Mjml(found)) | (EmailBody::Html(wanted), EmailBody::Html(found)) => {
            (tree(wanted), tree(found))
        }
        _ => return Some(Broken { part: "the design as a whole".to_owned(), line: None, how: How::Changed }),
    };
    let (mode, additions) = match lock {
        TemplateLock::All => (Mode::Locked, additions.unwrap_or(Additions::None)),
        TemplateLock::Marked => (Mode::Editable, additions.unwrap_or(Additions::Structures)),
    };
    let keeper = Keeper { additions };
    let kept = keeper.kept(&wanted, &found, mode, lock == TemplateLock::All);
    let kept = kept.and_then(|()| match lock {
        TemplateLock::All => Ok(()),
        TemplateLock::Marked => added::few_enough(&wanted, &found, additions),
    });
    kept.err()
}

/// Compares a design with a template's.
struct Keeper {
    additions: Additions,
}

impl Keeper {
    /// `by_body`: what surrounds both is locked with the whole body, not by a mark.
    fn kept(&self, wanted: &Element, found: &Element, around: Mode, by_body: bool) -> Result<(), Broken> {
        if wanted.name != found.name {
            return Err(wanted.broken(found, How::Changed));
        }
        let by_body = by_body && !wanted.is_marked();
        match wanted.mode(around) {
            Mode::Locked if wanted.attributes != found.attributes => Err(wanted.broken(found, How::Changed)),
            Mode::Content if wanted.looks() != found.looks() => Err(wanted.broken(found, How::Changed)),
            Mode::Locked | Mode::Content if wanted.within != found.within => {
                Err(wanted.broken(found, How::Conditional))
            }
            Mode::Locked => self.all_kept(wanted, found, by_body),
            Mode::Content | Mode::Editable => self.marked_parts_kept(wanted, found),
        }
    }

    /// Everything in `wanted` stays in its order, but for what may be taken out and what may come in.
    fn all_kept(&self, wanted: &Element, found: &Element, by_body: bool) -> Result<(), Broken> {
        let comes_in = |node: Option<&Node>| match node {
            Some(Node::Element(element)) => by_body && added::may_come(self.additions, found, element),
            _ => false,
        };
        let mut rest = found.children.iter().peekable();
        for child in &wanted.children {
            loop {
                let fits = match (child, rest.peek()) {
                    (Node::Element(child), Some(Node::Element(there))) => {
                        self.kept(child, there, Mode::Locked, by_body)
                    }
                    (child, Some(there)) if child == *there => Ok(()),
                    _ => Err(wanted.broken(found, How::Changed)),
                };
                let Err(broken) = fits else {
                    rest.next();
                    break;
                };
                if comes_in(rest.peek().copied()) {
                    rest.next();
                } else if matches!(child, Node::Element(child) if child.may_go()) {
                    break;
                } else {
                    let same = matches!((child, rest.peek()), (Node::Element(one), Some(Node::Element(other))) if one.name == other.name);
                    let more_or_less = wanted.children.len() != found.children.len();
                    return Err(if more_or_less && !same { wanted.broken(found, How::Changed) } else { broken });
                }
            }
        }
        match rest.find(|node| !comes_in(Some(node))) {
            Some(_) => Err(wanted.broken(found, How::Changed)),
            None => Ok(()),
        }
    }

    /// What lies in `wanted` is free but for the parts that are marked: those stay, in their order.
    fn marked_parts_kept(&self, wanted: &Element, found: &Element) -> Result<(), Broken> {
        let mut rest = found.elements();
        for child in wanted.elements().filter(|child| child.holds_locks(Mode::Editable)) {
            let mut nearest: Option<Broken> = None;
            let mut ahead = rest.clone();
            let fits = ahead.by_ref().find_map(|candidate| match self.kept(child, candidate, Mode::Editable, false) {
                Ok(()) => Some(()),
                Err(broken) => {
                    if candidate.is_marked_as(child) {
                        nearest.get_or_insert(broken);
                    }
                    None
                }
            });
            match fits {
                Some(()) => rest = ahead,
                // What is there in its place is a changed one, unless it is marked as none.
                None if child.may_go() && nearest.is_none() => {}
                None => return Err(nearest.unwrap_or_else(|| child.broken(found, How::Changed))),
            }
        }
        Ok(())
    }
}

impl Element {
    /// That it is not kept by what stands in its place.
    fn broken(&self, found: &Self, how: How) -> Broken {
        Broken { part: self.described(), line: Some(found.line), how }
    }

    fn is_marked(&self) -> bool {
        self.attributes.contains_key(LOCK)
    }

    /// Whether it may be taken out.
    fn may_go(&self) -> bool {
        self.attributes.get(ALLOW_DELETE).is_some_and(|allowed| allowed != "no")
    }

    fn mode(&self, around: Mode) -> Mode {
        match self.attributes.get(LOCK).map(String::as_str) {
            Some("locked") => Mode::Locked,
            Some("content") => Mode::Content,
            Some("editable") => Mode::Editable,
            _ => around,
        }
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> + Clone {
        self.children.iter().filter_map(|child| if let Node::Element(element) = child { Some(element) } else { None })
    }

    fn looks(&self) -> Vec<(&String, &String)> {
        self.attributes.iter().filter(|(name, _)| !CONTENT.contains(&name.as_str())).collect()
    }

    /// Whether it may have been meant for another.
    fn is_marked_as(&self, other: &Self) -> bool {
        let marks = |element: &Self| [LOCK, ALLOW_DELETE].map(|name| element.attributes.get(name).cloned());
        self.name == other.name && marks(self) == marks(other)
    }

    /// Whether anything in it, or itself, is locked.
    fn holds_locks(&self, around: Mode) -> bool {
        let mode = self.mode(around);
        mode != Mode::Editable || self.elements().any(|child| child.holds_locks(mode))
    }

    pub(super) fn described(&self) -> String {
        let words: Vec<String> = self.words();
        let text: String = words.join(" ").chars().take(60).collect();
        match text.trim() {
            "" => format!("<{}>", self.name),
            text => format!("<{}> \u{201c}{text}\u{201d}", self.name),
        }
    }

    fn words(&self) -> Vec<String> {
        let of = |child: &Node| match child {
            Node::Text(text) => vec![text.clone()],
            Node::Element(element) => element.words(),
        };
        self.children.iter().flat_map(of).take(10).collect()
    }
}

/// The elements of a design. Foreign markup is read as it can be: an end without a beginning is passed over, what is not ended ends
/// with what it lies in.
fn tree(source: &str) -> Element {
    let masked = mask(source);
    let whole = Element { line: 1, ..Element::default() };
    let mut reader = Reader { masked: &masked, open: vec![whole], holding: Vec::new(), line: 1 };
    let mut rest = masked.text.as_str();
    while let Some((before, tag)) = rest.split_once('<') {
        reader.text(before);
        rest = reader.tag(tag);
    }
    reader.text(rest);
    while reader.open.len() > 1 {
        reader.close();
    }
    reader.open.pop().unwrap_or_default()
}

struct Reader<'a> {
    masked: &'a Masked,
    /// What is open, outermost first; the first is the whole.
    open: Vec<Element>,
    /// The statements of the template that hold here, outermost first.
    holding: Vec<String>,
    line: u32,
}

impl Reader<'_> {
    /// Takes note of the statements in a piece of the design, wherever they stand: the template knows no elements.
    fn statements(&mut self, raw: &str) {
        for piece in pieces(raw) {
            let Piece::Placeholder(number) = piece else { continue };
            let Some((TagKind::Statement, whole)) = self.masked.tag(number) else { continue };
            let Some(tag) = tags(whole).into_iter().next() else { continue };
            let said = tag.inner.split_whitespace().collect::<Vec<_>>().join(" ");
            match tag.keyword() {
                "elif" | "else" => {
                    if let Some(holds) = self.holding.last_mut() {
                        *holds = said;
                    }
                }
                keyword if keyword.starts_with("end") && keyword != "endraw" => drop(self.holding.pop()),
                keyword if HOLDING.contains(&keyword) || (keyword == "set" && !said.contains('=')) => {
                    self.holding.push(said);
                }
                _ => {}
            }
        }
    }

    fn text(&mut self, raw: &str) {
        self.statements(raw);
        let text = self.masked.unmask(raw);
        self.line = self.line.saturating_add(u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX));
        let words = plain(&text);
        if !words.is_empty() {
            self.add(Node::Text(words));
        }
    }

    fn add(&mut self, node: Node) {
        if let Some(holder) = self.open.last_mut() {
            holder.children.push(node);
        }
    }

    fn close(&mut self) {
        if let Some(element) = self.open.pop() {
            self.add(Node::Element(element));
        }
    }

    /// Reads what follows a `<`; returns what follows its `>`.
    fn tag<'b>(&mut self, tag: &'b str) -> &'b str {
        if let Some((comment, after)) = tag.strip_prefix("!--").and_then(|tag| tag.split_once("-->")) {
            self.text(&format!("\u{0}!--{comment}--"));
            return after;
        }
        let end = end_of(tag);
        let (inside, after) = (tag.get(..end).unwrap_or_default(), tag.get(end + 1..).unwrap_or_default());
        if let Some(name) = inside.strip_prefix('/') {
            let name = name.trim().to_ascii_lowercase();
            if self.open.iter().skip(1).any(|element| element.name == name) {
                while self.open.last().is_some_and(|element| element.name != name) {
                    self.close();
                }
                self.close();
            }
            return after;
        }
        if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
            // No tag: a sign by itself, or a document type.
            self.text(inside);
            return after;
        }
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside.trim_end_matches('/'), ""));
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        let within = self.holding.clone();
        self.statements(inside);
        let line = self.line;
        let element = Element { attributes: self.attributes(attributes), within, line, name, children: Vec::new() };
        self.line = self.line.saturating_add(u32::try_from(inside.matches('\n').count()).unwrap_or(u32::MAX));
        let alone = inside.ends_with('/') || VOID.contains(&element.name.as_str()) || self.open.len() >= DEEPEST;
        if alone {
            self.add(Node::Element(element));
            return after;
        }
        let raw = RAW.contains(&element.name.as_str());
        let closing = format!("</{}", element.name);
        self.open.push(element);
        if !raw {
            return after;
        }
        let end = after.to_ascii_lowercase().find(&closing).unwrap_or(after.len());
        let (content, after) = after.split_at(end);
        self.text(content);
        after
    }

    fn attributes(&self, source: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut rest = source.trim_start();
        while !rest.is_empty() {
            let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let after = after.trim_start();
            let (value, next) = match after.strip_prefix('=') {
                Some(value) => value_of(value.trim_start()),
                None => ("", after),
            };
            let name = name.trim_matches('/').to_ascii_lowercase();
            if !name.is_empty() && name != PIN {
                found.insert(name, plain(&self.masked.unmask(value)));
            }
            rest = next.trim_start();
        }
        found
    }
}

/// The value of an attribute, in quotes or not, and what follows.
fn value_of(source: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inside) = source.strip_prefix(quote) {
            return inside.split_once(quote).unwrap_or((inside, ""));
        }
    }
    source.split_at(source.find(char::is_whitespace).unwrap_or(source.len()))
}

/// Where a tag ends, quotes skipped.
fn end_of(tag: &str) -> usize {
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

/// Text as it reads: references to characters and white space make no difference.
fn plain(text: &str) -> String {
    decoded(&text.replace("&nbsp;", " ")).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEMPLATE: &str = r##"<mjml><mj-head><mj-title>Acme</mj-title></mj-head><mj-body>
  <mj-section background-color="#fff" data-lock="locked"><mj-column>
    <mj-image src="https://acme.example/logo.png" alt="Acme"/>
    <mj-text data-lock="content" color="#111">Your headline</mj-text>
    <mj-text data-lock="editable">Anything</mj-text>
  </mj-column></mj-section>
  <mj-section><mj-column><mj-text>Free {{ person.first_name | default("you") }}</mj-text></mj-column></mj-section>
  <mj-section data-lock="locked"><mj-column><mj-text>Acme Ltd &amp; Sons, {{ system.postal_address }}</mj-text></mj-column></mj-section>
</mj-body></mjml>"##;

    fn against(design: &str, all: bool) -> Option<String> {
        let body = |source: &str| EmailBody::Mjml(source.to_owned());
        let lock = if all { TemplateLock::All } else { TemplateLock::Marked };
        broken(&body(TEMPLATE), lock, None, &body(design)).map(|broken| broken.part)
    }

    fn changed(from: &str, to: &str) -> Option<String> {
        assert!(TEMPLATE.contains(from), "{from}");
        against(&TEMPLATE.replace(from, to), false)
    }

    #[test]
    fn what_is_open_may_change_and_what_is_locked_may_not() {
        for (from, to) in [
            ("Your headline", "Spring <b>sale</b>"),
            ("color=\"#111\">Your", "color=\"#111\" title=\"x\">Your"),
            (
                "<mj-text data-lock=\"editable\">Anything</mj-text>",
                "<mj-text data-lock=\"editable\" color=\"red\">More</mj-text>",
            ),
            (
                "<mj-section><mj-column><mj-text>Free",
                "<mj-section padding=\"0\"><mj-column><mj-button>Go</mj-button><mj-text>Free",
            ),
            ("<mj-body>", "<mj-body><mj-section><mj-column><mj-text>Above</mj-text></mj-column></mj-section>"),
            ("<mj-body>", "<mj-body background-color=\"#eee\">"),
            // A comment is pinned to what is locked too.
            ("<mj-image src", "<mj-image data-comment=\"c1\" src"),
        ] {
            assert_eq!(changed(from, to), None, "{from} → {to}");
        }
        for (from, to, part) in [
            ("logo.png", "other.png", "<mj-image>"),
            ("#fff", "#000", "<mj-section>"),
            ("color=\"#111\"", "color=\"#222\"", "<mj-text> “Your headline”"),
            ("<mj-text data-lock=\"editable\">Anything</mj-text>", "", "<mj-column>"),
            ("<mj-image src", "<mj-text>New</mj-text><mj-image src", "<mj-column>"),
            ("Acme Ltd &amp; Sons", "Acme", "<mj-text> “Acme Ltd & Sons, {{ system.postal_address }}”"),
            ("system.postal_address", "system.organisation", "<mj-text>"),
            (" data-lock=\"locked\"", "", "<mj-section>"),
        ] {
            let found = changed(from, to).unwrap_or_else(|| panic!("{from} → {to} passes"));
            assert!(found.starts_with(part), "{from} → {to}: {found}");
        }
        let other_kind =
            broken(&EmailBody::Mjml(TEMPLATE.into()), TemplateLock::Marked, None, &EmailBody::Html(TEMPLATE.into()));
        assert!(other_kind.is_some());
    }

    #[test]
    fn what_is_locked_inside_of_free_content_stays_locked() {
        let template = r#"<mjml><mj-body><mj-section><mj-column data-lock="content" padding="0">
            <mj-text>Yours</mj-text><mj-image data-lock="locked" src="https://acme.example/seal.png" alt="Seal"/>
            </mj-column></mj-section></mj-body></mjml>"#;
        let body = |source: &str| EmailBody::Mjml(source.to_owned());
        let against = |design: String| {
            broken(&body(template), TemplateLock::Marked, None, &body(&design)).map(|broken| broken.part)
        };
        assert_eq!(against(template.replace("Yours</mj-text>", "Mine</mj-text><mj-button>Go</mj-button>")), None);
        assert_eq!(against(template.replace("seal.png", "other.png")).as_deref(), Some("<mj-image>"));
        assert_eq!(against(template.replace("padding=\"0\"", "padding=\"9\"")).as_deref(), Some("<mj-column> “Yours”"));
    }

    #[test]
    fn locked_parts_stay_in_their_order() {
        let (first, last) = (TEMPLATE.find("<mj-section b").unwrap(), TEMPLATE.rfind("<mj-section").unwrap());
        let (end, body) = (TEMPLATE.find("</mj-body>").unwrap(), TEMPLATE.find("<mj-section b").unwrap());
        let turned =
            format!("{}{}{}{}", &TEMPLATE[..body], &TEMPLATE[last..end], &TEMPLATE[first..last], &TEMPLATE[end..]);
        assert!(against(&turned, false).is_some());
    }

    #[test]
    fn with_everything_locked_only_what_is_marked_may_change() {
        assert_eq!(against(TEMPLATE, true), None);
        assert_eq!(against(&TEMPLATE.replace("Your headline", "News"), true), None);
        assert!(against(&TEMPLATE.replace("Free ", "Bound "), true).is_some());
        assert!(against(&TEMPLATE.replace("<mj-body>", "<mj-body><mj-section></mj-section>"), true).is_some());
    }

    #[test]
    fn how_it_is_written_makes_no_difference() {
        let written = TEMPLATE
            .replace(
                "<mj-image src=\"https://acme.example/logo.png\" alt=\"Acme\"/>",
                "<mj-image  alt='Acme'\n src='https://acme.example/logo.png'></mj-image>",
            )
            .replace("Acme Ltd &amp; Sons,", "\n Acme Ltd &#38; Sons,\n");
        assert_eq!(against(&written, false), None);
        assert_eq!(against(&written, true), None);
    }

    #[test]
    fn the_line_says_where() {
        let design = TEMPLATE.replace("logo.png", "other.png");
        let body = |source: &str| EmailBody::Mjml(source.to_owned());
        let found = broken(&body(TEMPLATE), TemplateLock::Marked, None, &body(&design)).expect("broken");
        assert_eq!(found.line, Some(3));
    }

    #[test]
    fn html_is_held_to_it_too() {
        let html = |logo: &str, text: &str| {
            EmailBody::Html(format!(
                "<!doctype html><body><div data-lock=locked><img src={logo}><p>Acme<br>Ltd</p></div><p>{text}</p></body>"
            ))
        };
        assert_eq!(broken(&html("a.png", "Hi"), TemplateLock::Marked, None, &html("a.png", "Ho <b>ho</b>")), None);
        assert!(broken(&html("a.png", "Hi"), TemplateLock::Marked, None, &html("b.png", "Hi")).is_some());
    }

    /// How a design differs from a template, both the content of one column and what is around it.
    fn how(template: &str, lock: TemplateLock, additions: Option<Additions>, design: &str) -> Option<(How, String)> {
        let body = |inside: &str| EmailBody::Mjml(format!("<mjml><mj-body>{inside}</mj-body></mjml>"));
        broken(&body(template), lock, additions, &body(design)).map(|broken| (broken.how, broken.part))
    }

    fn section(attributes: &str, inside: &str) -> String {
        format!("<mj-section{attributes}><mj-column>{inside}</mj-column></mj-section>")
    }

    #[test]
    fn what_may_be_deleted_may_go_as_a_whole_and_not_change() {
        let optional = section(" data-lock=\"locked\" data-allow-delete=\"yes\"", "<mj-text>Offer</mj-text>");
        let fixed = section(
            " data-lock=\"locked\"",
            "<mj-text>Foot</mj-text><mj-image src=\"a.png\" data-allow-delete=\"yes\"/>",
        );
        let template = format!("{optional}{fixed}");
        for lock in [TemplateLock::Marked, TemplateLock::All] {
            let how = |design: &str| how(&template, lock, None, design);
            assert_eq!(how(&template), None);
            assert_eq!(how(&fixed), None, "the offer is gone");
            assert_eq!(
                how(&template.replace("<mj-image src=\"a.png\" data-allow-delete=\"yes\"/>", "")),
                None,
                "a part within"
            );
            assert_eq!(how(&optional).map(|(how, _)| how), Some(How::Changed), "the foot may not go");
            assert!(how(&template.replace("Offer", "Mine")).is_some(), "nor may the offer be another");
            assert!(how(&template.replace("a.png", "b.png")).is_some());
        }
        assert_eq!(
            how(&optional.replace("\"yes\"", "\"no\""), TemplateLock::Marked, None, "")
                .map(|(_, part)| part)
                .as_deref(),
            Some("<mj-section> \u{201c}Offer\u{201d}")
        );
    }

    #[test]
    fn no_condition_comes_around_what_is_locked() {
        let (open, foot) =
            (section("", "<mj-text>Yours</mj-text>"), section(" data-lock=\"locked\"", "<mj-text>Foot</mj-text>"));
        let template = format!("{open}{foot}");
        let how = |design: String| how(&template, TemplateLock::Marked, None, &design).map(|(how, _)| how);
        let raw = |tag: &str| format!("<mj-raw>{tag}</mj-raw>");
        let (begin, end) = (raw("{% if condition.big %}"), raw("{% endif %}"));
        assert_eq!(how(format!("{begin}{open}{end}{foot}")), None, "around what is open one may");
        for design in [
            format!("{open}{begin}{foot}{end}"),
            format!("{begin}{open}{}{foot}{end}", raw("{% else %}")),
            format!("{open}{}{foot}{}", raw("{%- for x in objects.licence -%}"), raw("{% endfor %}")),
            format!("{}{foot}{end}", open.replace("<mj-text>", "<mj-text title=\"{% if condition.big %}\">")),
            format!("{open}<!-- {{% if condition.big %}} -->{foot}<!-- {{% endif %}} -->"),
        ] {
            assert_eq!(how(design.clone()), Some(How::Conditional), "{design}");
        }
        let own = format!("{open}{begin}{foot}{end}");
        assert_eq!(super::tests::how(&own, TemplateLock::Marked, None, &own), None, "the template's own stays");
        assert_eq!(
            super::tests::how(&own, TemplateLock::Marked, None, &template).map(|(how, _)| how),
            Some(How::Conditional),
            "and does not go"
        );
        let raw_block = format!("{}{open}{foot}", raw("{% raw %}{% if x %}{% endraw %}{% set a = 1 %}"));
        assert_eq!(how(raw_block), None, "what is no statement holds nothing");
    }

    #[test]
    fn additions_are_as_many_as_the_template_lets_come() {
        use Additions::{Content, None as Nothing, Structures};
        let text = "<mj-text>Yours</mj-text>";
        let (open, foot) = (section("", text), section(" data-lock=\"locked\"", "<mj-text>Foot</mj-text>"));
        let template = format!("{open}{foot}");
        let block = template.replace(text, &format!("{text}<mj-button>Go</mj-button>"));
        let structure = format!("{open}{open}{foot}");
        let in_foot = template.replace("Foot</mj-text>", "Foot</mj-text><mj-text>More</mj-text>");
        for (lock, additions, takes_block, takes_structure) in [
            (TemplateLock::All, None, false, false),
            (TemplateLock::All, Some(Nothing), false, false),
            (TemplateLock::All, Some(Content), true, false),
            (TemplateLock::All, Some(Structures), true, true),
            (TemplateLock::Marked, None, true, true),
            (TemplateLock::Marked, Some(Structures), true, true),
            (TemplateLock::Marked, Some(Content), true, false),
            (TemplateLock::Marked, Some(Nothing), false, false),
        ] {
            let takes = |design: &str| how(&template, lock, additions, design).is_none();
            assert!(takes(&template), "{lock:?} {additions:?}");
            assert_eq!(takes(&block), takes_block, "{lock:?} {additions:?}");
            assert_eq!(takes(&structure), takes_structure, "{lock:?} {additions:?}");
            assert!(!takes(&in_foot), "{lock:?} {additions:?}: what is marked takes nothing");
        }
        let told = how(&template, TemplateLock::Marked, Some(Content), &structure);
        assert_eq!(told, Some((How::Added, "<mj-section> \u{201c}Yours\u{201d}".to_owned())));
        assert!(how(&template, TemplateLock::All, Some(Structures), &template.replace("Yours", "Mine")).is_some());
    }

    proptest! {
        #[test]
        fn no_design_makes_it_panic_and_each_is_kept_by_itself(
            design in "(<mj-text|<p|<br>|</p>|</mj-text>|>| data-lock='locked'|data-lock=|\"|'|x|\\{\\{ a \\}\\}|<!--|-->|é|/|\n){0,40}"
        ) {
            let body = EmailBody::Html(design);
            prop_assert_eq!(broken(&body, TemplateLock::All, None, &body), None);
            prop_assert_eq!(broken(&body, TemplateLock::Marked, None, &body), None);
        }

        #[test]
        fn however_deep_it_is_it_ends(depth in 1_usize..3000) {
            let body = EmailBody::Html(format!("{}x", "<b>".repeat(depth)));
            prop_assert_eq!(broken(&body, TemplateLock::All, None, &body), None);
        }
    }
}
