//! How the text of a document looks, as far as the design itself says: inline styles and attributes. What a style sheet or a picture
//! may change is not known.

use std::cell::RefCell;
use std::rc::Rc;

use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, element, end_tag, rewrite_str, text};

use super::tags::{Piece, pieces};

/// Characters of the text that a finding quotes.
const QUOTED: usize = 40;
/// Elements that are paragraphs of their own, or hold some.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "td",
    "th",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "dd",
    "dt",
    "caption",
    "body",
    "center",
];
/// Of the page, unless somebody says otherwise.
const USUAL_SIZE: f64 = 16.0;

/// A colour, 0 to 255 each.
pub type Colour = [u8; 3];

const WHITE: Colour = [255; 3];
const BLACK: Colour = [0; 3];
/// Of links that nobody coloured.
const LINK: Colour = [0, 0, 238];

/// Colours that go by a name; what is not here is not judged.
const NAMED: &[(&str, Colour)] = &[
    ("black", BLACK),
    ("white", WHITE),
    ("silver", [192; 3]),
    ("gray", [128; 3]),
    ("grey", [128; 3]),
    ("lightgray", [211; 3]),
    ("lightgrey", [211; 3]),
    ("darkgray", [169; 3]),
    ("darkgrey", [169; 3]),
    ("whitesmoke", [245; 3]),
    ("red", [255, 0, 0]),
    ("maroon", [128, 0, 0]),
    ("orange", [255, 165, 0]),
    ("yellow", [255, 255, 0]),
    ("olive", [128, 128, 0]),
    ("lime", [0, 255, 0]),
    ("green", [0, 128, 0]),
    ("teal", [0, 128, 128]),
    ("aqua", [0, 255, 255]),
    ("cyan", [0, 255, 255]),
    ("blue", [0, 0, 255]),
    ("navy", [0, 0, 128]),
    ("purple", [128, 0, 128]),
    ("fuchsia", [255, 0, 255]),
    ("magenta", [255, 0, 255]),
];

/// How text looks inside an element; none where the design does not say.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub colour: Option<Colour>,
    pub behind: Option<Colour>,
    /// In pixels.
    pub size: f64,
    pub bold: bool,
    pub shown: bool,
    /// Style puts it in capitals.
    pub capitals: bool,
    /// The level of the heading that it is part of.
    pub heading: Option<u8>,
    /// The paragraph that it is part of, by number.
    pub block: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            colour: Some(BLACK),
            behind: Some(WHITE),
            size: USUAL_SIZE,
            bold: false,
            shown: true,
            capitals: false,
            heading: None,
            block: 0,
        }
    }
}

/// A piece of text, its tags masked, and how it looks.
#[derive(Debug)]
pub struct Run {
    pub look: Look,
    pub text: String,
}

/// The texts of an HTML document, its tags masked, in their order; none of one that cannot be read, which is somebody else's finding.
pub fn runs(document: &str) -> Vec<Run> {
    let open: Rc<RefCell<Vec<Look>>> = Rc::default();
    let blocks = RefCell::new(0);
    let seen: RefCell<Vec<Run>> = RefCell::default();
    let enter = element!("*", |el| {
        let before = open.borrow().last().copied().unwrap_or_default();
        let mut look = before.within(el);
        if BLOCKS.contains(&el.tag_name().as_str()) || el.tag_name() == "br" {
            *blocks.borrow_mut() += 1;
            look.block = *blocks.borrow();
        }
        let Some(handlers) = el.end_tag_handlers() else { return Ok(()) };
        let depth = open.borrow().len();
        let closes = Rc::clone(&open);
        // What was left open inside closes with it.
        handlers.push(end_tag!(move |_| {
            closes.borrow_mut().truncate(depth);
            Ok(())
        }));
        open.borrow_mut().push(look);
        Ok(())
    });
    let read = text!("*", |chunk| {
        let look = open.borrow().last().copied().unwrap_or_default();
        if look.shown && look.size > 0.0 && !chunk.as_str().trim().is_empty() {
            seen.borrow_mut().push(Run { look, text: chunk.as_str().to_owned() });
        }
        Ok(())
    });
    let settings = RewriteStrSettings::new().append_element_content_handler(enter).append_element_content_handler(read);
    if rewrite_str(document, settings).is_err() {
        return Vec::new();
    }
    seen.into_inner()
}

/// The first words of a text, its values left out; none where there is nothing to read.
pub fn quoted(text: &str) -> Option<String> {
    let plain = readable(text);
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(words.chars().take(QUOTED).collect())
        .filter(|words: &String| words.chars().any(char::is_alphanumeric) || words.contains('\u{2026}'))
}

/// A text as it is read, with a sign for each of its values.
pub fn readable(text: &str) -> String {
    let plain = pieces(text).into_iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Placeholder(_) => "\u{2026}",
    });
    plain.collect::<String>().replace("&nbsp;", " ").replace("&#847;", "").replace("&zwnj;", "")
}

impl Look {
    /// How text looks in an element that stands in one of this look.
    fn within(self, el: &Element<'_, '_>) -> Self {
        let mut look = self.by_nature(&el.tag_name(), el.has_attribute("href"));
        if let Some(colour) = el.get_attribute("bgcolor") {
            look.behind = colour_of(&colour);
        }
        if el.has_attribute("background") {
            look.behind = None;
        }
        if let Some(colour) = el.get_attribute("color") {
            look.colour = colour_of(&colour);
        }
        let style = el.get_attribute("style").unwrap_or_default();
        for rule in style.split(';') {
            if let Some((name, value)) = rule.split_once(':') {
                look.style(&name.trim().to_ascii_lowercase(), value.trim());
            }
        }
        look
    }

    /// What browsers do without being told.
    fn by_nature(mut self, name: &str, links: bool) -> Self {
        match name {
            "h1" => (self.size, self.bold, self.heading) = (32.0, true, Some(1)),
            "h2" => (self.size, self.bold, self.heading) = (24.0, true, Some(2)),
            "h3" => (self.size, self.bold, self.heading) = (18.7, true, Some(3)),
            "h4" => (self.bold, self.heading) = (true, Some(4)),
            "h5" => (self.bold, self.heading) = (true, Some(5)),
            "h6" => (self.bold, self.heading) = (true, Some(6)),
            "b" | "strong" | "th" => self.bold = true,
            "a" if links => self.colour = Some(LINK),
            "head" | "style" | "script" | "title" | "noscript" => self.shown = false,
            _ => {}
        }
        self
    }

    fn style(&mut self, name: &str, value: &str) {
        let value = value.trim_end_matches("!important").trim();
        match name {
            "color" if value != "inherit" => self.colour = colour_of(value),
            "background-color" | "background" => self.ground(value),
            "background-image" if value != "none" => self.behind = None,
            "font-size" => self.size = pixels(value, self.size).unwrap_or(self.size),
            "text-transform" => self.capitals = value.eq_ignore_ascii_case("uppercase"),
            "font-weight" => {
                self.bold = matches!(value, "bold" | "bolder") || value.parse().is_ok_and(|weight: u32| weight >= 600);
            }
            "display" if value == "none" => self.shown = false,
            "visibility" if value == "hidden" => self.shown = false,
            "max-height" if value == "0" || value == "0px" => self.shown = false,
            "opacity" if value != "1" => self.colour = None,
            _ => {}
        }
    }

    fn ground(&mut self, value: &str) {
        match value {
            "none" | "transparent" | "inherit" | "initial" => {}
            // `#fff url(x.png)` and the like may be anything.
            _ => self.behind = colour_of(value),
        }
    }
}

/// A size in pixels, where one is what a size of text is relative to.
fn pixels(value: &str, around: f64) -> Option<f64> {
    let value = value.to_ascii_lowercase();
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    let number: f64 = digits.trim().parse().ok()?;
    match value.get(digits.len()..)? {
        "px" => Some(number),
        "" if number == 0.0 => Some(0.0),
        "pt" => Some(number * 4.0 / 3.0),
        "rem" => Some(number * USUAL_SIZE),
        "em" => Some(number * around),
        "%" => Some(number / 100.0 * around),
        _ => None,
    }
}

/// `#fff`, `#ffffff`, `rgb(255, 255, 255)` or a name; none for what is not one of these.
pub fn colour_of(written: &str) -> Option<Colour> {
    let written = written.trim().to_ascii_lowercase();
    if let Some(digits) = written.strip_prefix('#') {
        let wide: String =
            if digits.len() == 3 { digits.chars().flat_map(|c| [c, c]).collect() } else { digits.to_owned() };
        if wide.len() != 6 || !wide.is_ascii() {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(wide.get(at..at + 2)?, 16).ok();
        return Some([part(0)?, part(2)?, part(4)?]);
    }
    if let Some(parts) = written.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
        let parts: Vec<u8> = parts.split(',').filter_map(|part| part.trim().parse().ok()).collect();
        return parts.try_into().ok();
    }
    NAMED.iter().find(|(name, _)| *name == written).map(|(_, colour)| *colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_sizes_are_read_where_they_are_plain() {
        assert_eq!(colour_of(" #FA0 "), Some([255, 170, 0]));
        assert_eq!(colour_of("rgb(1, 2,3)"), Some([1, 2, 3]));
        assert_eq!((colour_of("#ffff"), colour_of("rgb(1,2)"), colour_of("var(--x)")), (None, None, None));
        for (written, read) in
            [("12px", 12.0), ("9pt", 12.0), (".75em", 15.0), ("0.5REM", 8.0), ("50%", 10.0), ("0", 0.0)]
        {
            assert_eq!(pixels(written, 20.0), Some(read), "{written}");
        }
        for odd in ["small", "12", "calc(1px)", "px", "12 px x"] {
            assert_eq!(pixels(odd, 20.0), None, "{odd}");
        }
    }
}
