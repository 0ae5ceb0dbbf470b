//! Sections of MJML all of whose blocks depend on conditions. Where none of these holds, the section itself would stay behind as an
//! empty row; so it is put under the conditions of its blocks, together.

use super::tags::{Masked, Piece, TagKind, end_of, mask, pieces, tags};

/// Elements of a section that hold blocks and are none.
const HOLDERS: &[&str] = &["mj-section", "mj-column", "mj-group", "mj-raw"];

/// What holds at a place of the template.
enum Holds {
    /// This branch of an `if`, after others that did not hold.
    If { others: Vec<String>, this: Option<String> },
    /// Something that this does not look into: a loop, a macro.
    Other,
}

/// The design with each such section under the conditions of its blocks.
pub fn closed(source: &str) -> String {
    let mut masked = mask(source);
    let text = std::mem::take(&mut masked.text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("<mj-section") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some(end) = from.find("</mj-section>").map(|end| end + "</mj-section>".len()) else {
            rest = from;
            break;
        };
        let (section, after) = from.split_at(end);
        match condition(section, &masked) {
            Some(condition) => {
                out.push_str("<mj-raw>{% if ");
                out.push_str(&condition);
                out.push_str(" %}</mj-raw>");
                out.push_str(section);
                out.push_str("<mj-raw>{% endif %}</mj-raw>");
            }
            None => out.push_str(section),
        }
        rest = after;
    }
    out.push_str(rest);
    masked.unmask(&out)
}

/// On what it depends whether a section shows anything; none where something of it is always shown, or nothing can be told.
fn condition(section: &str, masked: &Masked) -> Option<String> {
    let mut open: Vec<Holds> = Vec::new();
    let mut of_blocks: Vec<String> = Vec::new();
    // How deep one is in a block; what lies in it is its own affair.
    let mut inside: Option<&str> = None;
    let mut rest = section;
    while !rest.is_empty() {
        let (text, tag) = rest.split_once('<').unwrap_or((rest, ""));
        statements(text, masked, &mut open)?;
        let end = (end_of(tag) + 1).min(tag.len());
        let (inner, after) = tag.split_at(end);
        let name = inner.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()?;
        if inner.starts_with('/') {
            inside = inside.filter(|block| *block != name);
        } else if inside.is_none() && name.starts_with("mj-") && !HOLDERS.contains(&name) {
            let shown = shown_when(&open)?;
            if !of_blocks.contains(&shown) {
                of_blocks.push(shown);
            }
            inside = Some(name).filter(|_| !inner.ends_with("/>"));
        } else {
            // A condition that begins in a tag is somebody's trick.
            statements(inner, masked, &mut open)?;
        }
        rest = after;
    }
    let balanced = open.is_empty() && !of_blocks.is_empty();
    balanced.then(|| of_blocks.join(" or "))
}

/// Takes note of the statements in a text; none where one changes what conditions mean.
fn statements(text: &str, masked: &Masked, open: &mut Vec<Holds>) -> Option<()> {
    for piece in pieces(text) {
        let Piece::Placeholder(number) = piece else { continue };
        let Some((TagKind::Statement, whole)) = masked.tag(number) else { continue };
        let tag = tags(whole).into_iter().next()?;
        let said = || tag.inner.strip_prefix(tag.keyword()).unwrap_or_default().trim().to_owned();
        match tag.keyword() {
            "if" => open.push(Holds::If { others: Vec::new(), this: Some(said()) }),
            keyword @ ("elif" | "else") => match open.last_mut()? {
                Holds::If { others, this } => {
                    others.extend(this.take());
                    *this = Some(said()).filter(|_| keyword == "elif");
                }
                Holds::Other => {}
            },
            "set" | "raw" | "endraw" | "include" => return None,
            keyword if keyword.starts_with("end") => drop(open.pop()?),
            _ => open.push(Holds::Other),
        }
    }
    Some(())
}

/// When a block under such conditions is shown; none where it is always, or nothing can be told.
fn shown_when(open: &[Holds]) -> Option<String> {
    let mut parts = Vec::new();
    for holds in open {
        let Holds::If { others, this } = holds else { return None };
        parts.extend(others.iter().map(|other| format!("not ({other})")));
        parts.extend(this.iter().map(|this| format!("({this})")));
    }
    (!parts.is_empty()).then(|| format!("({})", parts.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(column: &str) -> String {
        let closed = closed(&format!(
            "<mjml><mj-body><mj-section><mj-column>{column}</mj-column></mj-section></mj-body></mjml>"
        ));
        closed.split_once("<mj-section>").map(|(before, _)| before.replace("<mjml><mj-body>", "")).unwrap_or_default()
    }

    fn raw(tag: &str) -> String {
        format!("<mj-raw>{tag}</mj-raw>")
    }

    #[test]
    fn a_section_stands_under_the_conditions_of_its_blocks() {
        let (a, b, end) = (raw("{% if condition.a %}"), raw("{%- elif condition.b and x > 1 -%}"), raw("{% endif %}"));
        let block = "<mj-text>x <b>y</b></mj-text>";
        assert_eq!(of(&format!("{a}{block}{end}")), "<mj-raw>{% if ((condition.a)) %}</mj-raw>");
        assert_eq!(
            of(&format!("{a}{block}<mj-image src='x'/>{b}{block}{end}")),
            "<mj-raw>{% if ((condition.a)) or (not (condition.a) and (condition.b and x > 1)) %}</mj-raw>"
        );
        assert_eq!(
            of(&format!("{a}{}{block}{end}{end}", raw("{% if c %}"))),
            "<mj-raw>{% if ((condition.a) and (c)) %}</mj-raw>"
        );
        for shown in [
            format!("{a}{block}{end}{block}"),
            format!("{a}{end}"),
            format!("{}{block}{}", raw("{% for x in y %}"), raw("{% endfor %}")),
            format!("{a}{block}"),
            format!("{}{a}{block}{end}", raw("{% set condition = 1 %}")),
            "<mj-text>{% if condition.a %}x{% endif %}</mj-text>".to_owned(),
            format!("{a}<mj-image alt='1 > 0'/>{end}<mj-image alt='1 > 0'/>"),
        ] {
            assert_eq!(of(&shown), "", "{shown}");
        }
    }
}
