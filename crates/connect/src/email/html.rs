//! The two passes over the HTML: once for a version (number the links, make values in addresses safe, add the footer)
//! and once for a recipient (turn links into tracked ones, add the preheader and the picture).

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use caravan_model::document::LinkTracking;
use caravan_model::template::escaped;
use lol_html::errors::{AttributeNameError, RewritingError};
use lol_html::html_content::{Attribute, ContentType, Element};
use lol_html::{RewriteStrSettings, comments, element, rewrite_str};

use super::compile::{Link, Tracking};
use super::language::Language;
use super::locks::{ALLOW_DELETE, LOCK, PIN};
use super::smaller::smaller;
use super::tags::{Masked, Piece, TagKind, mask, pieces};
use crate::tracking::LinkMaker;

/// Carries the number of a link from the version to the recipient's mail; taken out there.
const LINK: &str = "data-link";
/// `data-track="no"` leaves a link untouched, `data-track="token"` tells the site who comes.
const TRACK: &str = "data-track";
/// Keeps the first words of the body out of the preview behind the preheader.
const FILLER: &str = "&#847;&zwnj;&nbsp;";
const FILLER_TIMES: usize = 60;

/// Attributes that hold an address which a browser follows or loads.
const ADDRESSES: &[&str] = &["href", "src", "action", "formaction", "background", "data", "poster", "xlink:href"];

/// Where an edge of the message goes. No value can put these there: they are markup.
const TOP: &str = "<!--caravan:top-->";
const BOTTOM: &str = "<!--caravan:bottom-->";

/// Numbers the links of a masked HTML document, makes the values inside addresses safe and marks where the edges go.
/// `wishes` say how links are tracked that do not say it themselves, by where they lead; the document says in which language it is.
/// With `optimize` what only its author sees is left out.
pub fn prepare(
    html: &str,
    masked: Masked,
    wishes: &BTreeMap<String, LinkTracking>,
    language: &Language<'_>,
    optimize: bool,
) -> Result<(String, Vec<Link>), RewritingError> {
    let masked = RefCell::new(masked);
    let html = with_encoded_values(html, &masked)?;
    let links = RefCell::new(Vec::new());
    let bodies = Cell::new(0);
    let number_links = element!("a[href], area[href]", |el| {
        let mut links = links.borrow_mut();
        let number = u16::try_from(links.len()).unwrap_or(u16::MAX);
        let target = el.get_attribute("href").unwrap_or_default();
        let target = decoded(&masked.borrow().unmask(&target)).into_owned();
        let wish = match el.has_attribute(TRACK) {
            true => wish_of(el),
            false => wishes.get(&target).copied().unwrap_or_default(),
        };
        let tracking = match (may_be_web_address(&target), wish) {
            (false, _) => Tracking::Never,
            (true, LinkTracking::Tracked) => Tracking::Tracked,
            (true, LinkTracking::WithToken) => Tracking::WithToken,
            (true, LinkTracking::Off) => Tracking::Off,
        };
        let label = el.get_attribute("alt").unwrap_or_default();
        links.push(Link { number, tracking, target, label });
        el.set_attribute(LINK, &number.to_string())?;
        el.set_attribute(TRACK, track(wish))?;
        Ok(())
    });
    // Links do not lie in each other, so what is read belongs to the last one.
    let read_labels = lol_html::text!("a[href]", |chunk| {
        if let Some(link) = links.borrow_mut().last_mut() {
            link.label.push_str(&masked.borrow().unmask(chunk.as_str()));
        }
        Ok(())
    });
    let read_pictures = element!("a[href] img[alt]", |el| {
        if let Some(link) = links.borrow_mut().last_mut() {
            link.label.push_str(&masked.borrow().unmask(&el.get_attribute("alt").unwrap_or_default()));
        }
        Ok(())
    });
    let mark_edges = element!("body", |el| {
        if bodies.replace(bodies.get() + 1) == 0 {
            el.prepend(TOP, ContentType::Html);
            el.append(BOTTOM, ContentType::Html);
        }
        Ok(())
    });
    let without_marks = element!("[data-lock], [data-allow-delete], [data-comment]", |el| {
        el.remove_attribute(LOCK);
        el.remove_attribute(ALLOW_DELETE);
        el.remove_attribute(PIN);
        Ok(())
    });
    let speak = element!("html, body, [lang=und]", |el| language.written_on(el));
    let turn = element!("[style]", |el| language.turned(el));
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(speak)
        .append_element_content_handler(turn)
        .append_element_content_handler(without_marks)
        .append_element_content_handler(number_links)
        .append_element_content_handler(read_labels)
        .append_element_content_handler(read_pictures)
        .append_element_content_handler(mark_edges);
    let html = rewrite_str(&html, settings)?;
    let html = if optimize { smaller(&html) } else { html };
    let html = masked.borrow().unmask(&html);
    let mut links = links.into_inner();
    for link in &mut links {
        link.label = decoded(&link.label).split_whitespace().collect::<Vec<_>>().join(" ");
    }
    Ok((html, links))
}

/// The values inside addresses made safe.
fn with_encoded_values(html: &str, masked: &RefCell<Masked>) -> Result<String, RewritingError> {
    let encode = element!("[href], [src]", |el| {
        for name in ["href", "src"] {
            if let Some(address) = el.get_attribute(name) {
                el.set_attribute(name, &encoded(&address, &mut masked.borrow_mut()))?;
            }
        }
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(encode))
}

/// A recipient's document with what goes above and under it.
pub fn with_edges(html: &str, above: Option<&str>, under: Option<&str>) -> String {
    let html = html.replacen(TOP, above.unwrap_or_default(), 1);
    match html.rsplit_once(BOTTOM) {
        Some((before, after)) => [before, under.unwrap_or_default(), after].concat(),
        None => html,
    }
}

/// Whether links of this kind are tracked at all; templates that begin with a value may become one.
fn may_be_web_address(target: &str) -> bool {
    let ours = ["system.unsubscribe_url", "system.web_view_url"].iter().any(|name| target.contains(name));
    let begins_with_a_value = ["{{", "{%"].iter().any(|tag| target.trim_start().starts_with(tag));
    !ours && (begins_with_a_value || is_web_address(target))
}

fn is_web_address(target: &str) -> bool {
    let start = target.trim_start().to_ascii_lowercase();
    start.starts_with("http://") || start.starts_with("https://")
}

fn wish_of(el: &Element<'_, '_>) -> LinkTracking {
    match el.get_attribute(TRACK).as_deref() {
        Some("no") => LinkTracking::Off,
        Some("token") => LinkTracking::WithToken,
        _ => LinkTracking::Tracked,
    }
}

fn track(wish: LinkTracking) -> &'static str {
    match wish {
        LinkTracking::Tracked => "yes",
        LinkTracking::WithToken => "token",
        LinkTracking::Off => "no",
    }
}

/// An address as links have it once the values in it are safe.
pub fn as_linked(address: &str) -> String {
    let mut masked = mask(address);
    let linked = encoded(&masked.text.clone(), &mut masked);
    masked.unmask(&linked)
}

/// Values inside an address are percent-encoded; one that begins it is an address itself.
fn encoded(address: &str, masked: &mut Masked) -> String {
    let mut out = String::with_capacity(address.len());
    let mut in_query = false;
    for piece in pieces(address) {
        match piece {
            Piece::Text(text) => {
                in_query |= text.contains('?');
                out.push_str(text);
            }
            Piece::Placeholder(number) => {
                let filter = if in_query { "url_encode" } else { "url_part" };
                let kept = masked.add_filter(number, filter).filter(|_| !out.is_empty());
                out.push_str(&kept.unwrap_or_else(|| masked.placeholder(number)));
            }
        }
    }
    out
}

impl Masked {
    fn placeholder(&mut self, number: usize) -> String {
        let (kind, whole) = self.tag(number).map_or((TagKind::Comment, String::new()), |(k, w)| (k, w.to_owned()));
        self.add(kind, whole)
    }

    /// A placeholder for the same output with a filter behind it, unless it already has one of the kind.
    fn add_filter(&mut self, number: usize, filter: &str) -> Option<String> {
        let (TagKind::Output, whole) = self.tag(number)? else { return None };
        let expression = whole.strip_prefix("{{")?.strip_suffix("}}")?;
        let expression = expression.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim();
        if expression.contains("url_encode") || expression.contains("url_part") {
            return None;
        }
        let filtered = format!("{{{{ ({expression}) | {filter} }}}}");
        Some(self.add(TagKind::Output, filtered))
    }
}

/// Finishes one recipient's HTML: tracked links, preheader, picture; addresses of a scheme that can run code are dead.
pub fn finish(html: &str, preheader: Option<&str>, links: &LinkMaker<'_>) -> Result<String, RewritingError> {
    let (unsubscribe, web_view) = (links.unsubscribe(), links.web_view());
    let bodies = Cell::new(0);
    let disarm = element!("*", |el| Ok(disarm(el).map(drop)?));
    // Links of Outlook stand in comments.
    let disarm_conditional = comments!("*", |comment| {
        let text = comment.text();
        let holds = text.starts_with("[if") && ADDRESSES.iter().any(|name| text.contains(&format!("{name}=")));
        match holds.then(|| disarmed(&text)).transpose()?.flatten() {
            Some(text) => Ok(comment.set_text(&text)?),
            None => Ok(()),
        }
    });
    let track = element!("[data-link]", |el| {
        let number = el.get_attribute(LINK).and_then(|number| number.parse().ok());
        let target = el.get_attribute("href").unwrap_or_default();
        // Browsers leave these out wherever they stand.
        let target = decoded(&target).replace(['\t', '\n', '\r'], "");
        let target = target.trim();
        let ours = target == unsubscribe || target == web_view;
        let wish = wish_of(el);
        let wanted = wish != LinkTracking::Off && is_web_address(target) && !ours;
        let told = wish == LinkTracking::WithToken;
        if let Some(tracked) = number.filter(|_| wanted).and_then(|number| links.click(number, target, told)) {
            el.set_attribute("href", &tracked)?;
        }
        el.remove_attribute(LINK);
        el.remove_attribute(TRACK);
        Ok(())
    });
    let add_hidden = element!("body", |el| {
        if bodies.replace(bodies.get() + 1) == 0 {
            if let Some(preheader) = preheader {
                el.prepend(&hidden(preheader), ContentType::Html);
            }
            if let Some(trap) = links.hidden_link() {
                el.append(&hidden_link(&trap), ContentType::Html);
            }
            if let Some(picture) = links.open() {
                el.append(&picture_tag(&picture), ContentType::Html);
            }
        }
        Ok(())
    });
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(disarm)
        .append_element_content_handler(disarm_conditional)
        .append_element_content_handler(track)
        .append_element_content_handler(add_hidden);
    rewrite_str(html, settings)
}

/// Takes addresses out of an element that can do more than lead somewhere; whether there were any.
fn disarm(el: &mut Element<'_, '_>) -> Result<bool, AttributeNameError> {
    let runs = |attribute: &&Attribute<'_>| {
        ADDRESSES.contains(&attribute.name().as_str()) && !is_harmless(&decoded(&attribute.value()))
    };
    let found: Vec<String> = el.attributes().iter().filter(runs).map(Attribute::name).collect();
    for name in &found {
        el.set_attribute(name, "#")?;
    }
    Ok(!found.is_empty())
}

/// The same of a piece of HTML; none where there was nothing to do.
fn disarmed(html: &str) -> Result<Option<String>, RewritingError> {
    let found = Cell::new(false);
    let look = element!("*", |el| {
        found.set(disarm(el)? || found.get());
        Ok(())
    });
    let html = rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(look))?;
    Ok(Some(html).filter(|_| found.get()))
}

fn hidden(preheader: &str) -> String {
    let style = "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden";
    format!(r#"<div style="{style}">{}{}</div>"#, escaped(preheader), FILLER.repeat(FILLER_TIMES))
}

/// Neither seen nor read aloud, nor reached by the keyboard.
fn hidden_link(url: &str) -> String {
    format!(r#"<a href="{}" style="display:none" aria-hidden="true" tabindex="-1" rel="nofollow"></a>"#, escaped(url))
}

fn picture_tag(url: &str) -> String {
    format!(r#"<img src="{}" width="1" height="1" alt="" style="display:block;border:0">"#, escaped(url))
}

/// Whether following or loading an address can at most go somewhere: no scheme that runs code.
fn is_harmless(address: &str) -> bool {
    let address: String = address.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    // Of a computer in the network, which Windows signs in at.
    if address.starts_with(r"\\") {
        return false;
    }
    let before_path = address.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = before_path.split_once(':') else { return true };
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" | "mailto" | "tel" | "sms" | "cid" => true,
        "data" => rest.to_ascii_lowercase().starts_with("image"),
        _ => false,
    }
}

/// Reads the character references that occur in addresses.
pub fn decoded(raw: &str) -> Cow<'_, str> {
    if !raw.contains('&') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        match after.split_once(';').and_then(|(name, after)| Some((reference(name)?, after))) {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The same, where every reference in it can be read.
pub fn decoded_wholly(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut parts = raw.split('&');
    out.push_str(parts.next()?);
    for part in parts {
        let (name, after) = part.split_once(';')?;
        out.push(reference(name)?);
        out.push_str(after);
    }
    Some(out)
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "colon" => Some(':'),
        "sol" => Some('/'),
        "Tab" => Some('\t'),
        "NewLine" => Some('\n'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_that_run_code_are_not_harmless() {
        for bad in [
            "javascript:alert(1)",
            " JAVA\tscript:x",
            "vbscript:x",
            "data:text/html,x",
            "file:///etc/passwd",
            r"\\evil.example\x",
        ] {
            assert!(!is_harmless(bad), "{bad}");
        }
        for good in ["https://a.example/x:y", "/a:b", "#top", "?x=a:b", "mailto:a@b.example", "data:image/png;base64,x"]
        {
            assert!(is_harmless(good), "{good}");
        }
    }

    #[test]
    fn character_references_are_read() {
        assert_eq!(decoded("a?x=1&amp;y=2&#x2f;&#47;&copy;&"), "a?x=1&y=2//&copy;&");
    }
}
