//! What a design has beyond its template: structures (sections, and what they are laid out with) and content (blocks).

use caravan_model::document::Additions;

use super::locks::{Broken, Element, How};

/// Elements that lay out.
const STRUCTURES: &[&str] = &[
    "mj-section",
    "mj-wrapper",
    "mj-hero",
    "mj-group",
    "mj-column",
    "table",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
    "div",
];
/// Elements that hold structures: what is added to these is one.
const HOLD_STRUCTURES: &[&str] = &["mj-body", "mj-wrapper", "body"];
/// Elements that hold content.
const HOLD_CONTENT: &[&str] = &["mj-column", "mj-hero", "td", "th", "div", "body"];
/// Words and the like within content; they are no content by themselves.
const WITHIN_TEXT: &[&str] =
    &["a", "abbr", "b", "br", "code", "em", "i", "s", "small", "span", "strong", "sub", "sup", "u", "mj-raw"];
/// Elements that nobody sees, with all in them.
const OF_HEAD: &[&str] = &["mj-head", "head", "style", "script", "title"];

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Structure,
    Content,
    Other,
}

fn kind(element: &Element) -> Kind {
    let name = element.name.as_str();
    match name {
        _ if STRUCTURES.contains(&name) => Kind::Structure,
        _ if WITHIN_TEXT.contains(&name) || matches!(name, "mjml" | "mj-body" | "html" | "body" | "") => Kind::Other,
        _ => Kind::Content,
    }
}

/// Whether an element may be new in what is locked with the whole body.
pub(super) fn may_come(additions: Additions, holder: &Element, element: &Element) -> bool {
    let structure = HOLD_STRUCTURES.contains(&holder.name.as_str()) && kind(element) == Kind::Structure;
    let content = HOLD_CONTENT.contains(&holder.name.as_str()) && kind(element) == Kind::Content;
    // Statements of the template stand in an element of their own.
    let statement = element.name == "mj-raw";
    match additions {
        Additions::None => false,
        Additions::Content => content || statement,
        Additions::Structures => structure || content || statement,
    }
}

/// Whether a design has no more of what may not be added than its template has.
pub(super) fn few_enough(wanted: &Element, found: &Element, additions: Additions) -> Result<(), Broken> {
    let refused: &[Kind] = match additions {
        Additions::Structures => &[],
        Additions::Content => &[Kind::Structure],
        Additions::None => &[Kind::Structure, Kind::Content],
    };
    refused.iter().try_for_each(|of_kind| {
        let (template, there) = (all(wanted, *of_kind), all(found, *of_kind));
        if there.len() <= template.len() {
            return Ok(());
        }
        let like = |elements: &[&Element], one: &Element| {
            elements.iter().filter(|other| other.described() == one.described()).count()
        };
        match there.iter().find(|one| like(&there, one) > like(&template, one)) {
            Some(one) => Err(Broken { part: one.described(), line: Some(one.line), how: How::Added }),
            None => Ok(()),
        }
    })
}

/// Everything of a kind in an element, in its order. What lies in content is its own affair.
fn all(element: &Element, of_kind: Kind) -> Vec<&Element> {
    let mut found = Vec::new();
    for child in element.elements().filter(|child| !OF_HEAD.contains(&child.name.as_str())) {
        let kind = kind(child);
        found.extend(Some(child).filter(|_| kind == of_kind));
        if kind != Kind::Content {
            found.extend(all(child, of_kind));
        }
    }
    found
}
