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
use super::tags::{Masked, Piece, TagKind, end_of, mask, pieces, tags};

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

/// Text as it reads: references to characters and white space make no difference.
fn plain(text: &str) -> String {
    decoded(&text.replace("&nbsp;", " ")).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "locks_tests.rs"]
mod tests;
