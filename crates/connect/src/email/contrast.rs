//! Whether text stands out from what is behind it, as far as the design itself says: colours of inline styles and
//! attributes. What a style sheet or a picture may change is not judged.

use std::cell::RefCell;
use std::rc::Rc;

use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, element, end_tag, rewrite_str, text};

use super::tags::{Piece, pieces};

/// The least contrast that everybody can read (WCAG 2.1, level AA) …
const LEAST: f64 = 4.5;
/// … and for large letters.
const LEAST_FOR_LARGE: f64 = 3.0;
/// From this size on letters are large, in pixels …
const LARGE: f64 = 24.0;
/// … or from this one on when they are bold.
const LARGE_WHEN_BOLD: f64 = 18.0;
/// Characters of the text that a finding quotes.
const QUOTED: usize = 40;
/// Findings of one design.
const MOST: usize = 10;

/// A colour, 0 to 255 each.
type Colour = [u8; 3];

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
struct Look {
    colour: Option<Colour>,
    behind: Option<Colour>,
    size: f64,
    bold: bool,
    shown: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { colour: Some(BLACK), behind: Some(WHITE), size: 16.0, bold: false, shown: true }
    }
}

/// Texts of an HTML document, its tags masked, that do not stand out: a sentence for each pair of colours.
pub fn low(document: &str) -> Vec<String> {
    let open: Rc<RefCell<Vec<Look>>> = Rc::default();
    let seen: RefCell<Vec<(Colour, Colour, String)>> = RefCell::default();
    let enter = element!("*", |el| {
        let before = open.borrow().last().copied().unwrap_or_default();
        let look = before.within(el);
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
        if let (Some(pair), Some(quoted)) = (look.too_low(), quoted(chunk.as_str())) {
            let mut seen = seen.borrow_mut();
            if !seen.iter().any(|(colour, behind, _)| (*colour, *behind) == pair) {
                seen.push((pair.0, pair.1, quoted));
            }
        }
        Ok(())
    });
    let settings = RewriteStrSettings::new().append_element_content_handler(enter).append_element_content_handler(read);
    // A document that cannot be read is somebody else's finding.
    if rewrite_str(document, settings).is_err() {
        return Vec::new();
    }
    let seen = seen.into_inner();
    seen.into_iter().take(MOST).map(|(colour, behind, quoted)| sentence(colour, behind, &quoted)).collect()
}

fn sentence(colour: Colour, behind: Colour, quoted: &str) -> String {
    let written = |[r, g, b]: Colour| format!("#{r:02x}{g:02x}{b:02x}");
    format!(
        "\u{201c}{quoted}\u{201d} is {} on {}, a contrast of {:.1}:1; {LEAST}:1 is the least that everybody can read \
         ({LEAST_FOR_LARGE:.0}:1 for large letters). Make one darker or the other lighter.",
        written(colour),
        written(behind),
        ratio(colour, behind)
    )
}

/// The first words of a text, its values left out; none where there is nothing to read.
fn quoted(text: &str) -> Option<String> {
    let plain = pieces(text).into_iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Placeholder(_) => "\u{2026}",
    });
    let plain: String = plain.collect::<String>().replace("&nbsp;", " ").replace("&#847;", "").replace("&zwnj;", "");
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(words.chars().take(QUOTED).collect())
        .filter(|words: &String| words.chars().any(char::is_alphanumeric) || words.contains('\u{2026}'))
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
            "h1" => (self.size, self.bold) = (32.0, true),
            "h2" => (self.size, self.bold) = (24.0, true),
            "h3" => (self.size, self.bold) = (18.7, true),
            "h4" | "h5" | "h6" | "b" | "strong" | "th" => self.bold = true,
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
            "font-size" => {
                self.size = value.strip_suffix("px").and_then(|px| px.trim().parse().ok()).unwrap_or(self.size)
            }
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

    /// The two colours, where they are too near to each other.
    fn too_low(self) -> Option<(Colour, Colour)> {
        let (colour, behind) = (self.colour?, self.behind?);
        let large = self.size >= LARGE || (self.bold && self.size >= LARGE_WHEN_BOLD);
        let least = if large { LEAST_FOR_LARGE } else { LEAST };
        (self.shown && self.size > 0.0 && ratio(colour, behind) < least).then_some((colour, behind))
    }
}

/// `#fff`, `#ffffff`, `rgb(255, 255, 255)` or a name; none for what is not one of these.
fn colour_of(written: &str) -> Option<Colour> {
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

/// The contrast of two colours, 1 to 21 (WCAG 2.1, *contrast ratio*).
fn ratio(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// WCAG 2.1, *relative luminance*.
fn luminance([r, g, b]: Colour) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

#[cfg(test)]
mod tests {
    use super::super::content::EmailBody;
    use super::super::design;
    use super::*;

    fn of(html: &str) -> Vec<String> {
        low(&design::document(&EmailBody::Html(html.to_owned())).expect("HTML").0)
    }

    #[test]
    fn contrast_is_what_the_standard_says() {
        assert!((ratio(BLACK, WHITE) - 21.0).abs() < 1e-9);
        assert!((ratio([118; 3], WHITE) - 4.54).abs() < 0.01, "#767676 is the lightest gray that passes");
        assert!((ratio([119; 3], WHITE) - 4.48).abs() < 0.01);
        assert_eq!(colour_of(" #FA0 "), Some([255, 170, 0]));
        assert_eq!(colour_of("rgb(1, 2,3)"), Some([1, 2, 3]));
        assert_eq!((colour_of("#ffff"), colour_of("rgb(1,2)"), colour_of("var(--x)")), (None, None, None));
    }

    #[test]
    fn text_that_does_not_stand_out_is_quoted() {
        let [found] = of("<p style='color:#ccc'>Read <b>this {{ person.first_name }}</b></p><p>fine</p>")
            .try_into()
            .expect("one");
        assert!(found.starts_with("\u{201c}Read\u{201d} is #cccccc on #ffffff, a contrast of 1.6:1;"), "{found}");
        assert_eq!(of("<td bgcolor='#000'><p>x</p></td>").len(), 1, "black on black");
        assert_eq!(
            of("<td bgcolor='navy'><p style='color: white'>x <a href='y' style='color:#99f'>z</a></p></td>"),
            [""; 0]
        );
        assert_eq!(of("<div style='background:#004'><a href='y'>z</a></div>").len(), 1, "a link that nobody coloured");
    }

    #[test]
    fn large_letters_need_less_and_what_nobody_sees_none() {
        assert_eq!(of("<p style='color:#888;font-size:24px'>x</p>"), [""; 0]);
        assert_eq!(of("<p style='color:#888;font-size:18px'>x</p>").len(), 1);
        assert_eq!(of("<p style='color:#888;font-size:18px;font-weight:700'>x</p>"), [""; 0]);
        assert_eq!(
            of("<h1 style='color:#888'>x</h1><p style='color:#fff'>&nbsp; \u{2014}</p>"),
            [""; 0],
            "there is nothing to read"
        );
        assert_eq!(of("<div style='display:none;color:#fff'>hidden <b>too</b></div><style>p{}</style>"), [""; 0]);
    }

    #[test]
    fn what_the_design_does_not_say_is_not_judged() {
        assert_eq!(of("<td style='background:url(x.png)'><p style='color:#fff'>x</p></td>"), [""; 0]);
        assert_eq!(of("<td background='x.png'><p style='color:#fff'>x</p></td>"), [""; 0]);
        assert_eq!(of("<p style='color:{{ my.colour }}'>x</p>"), [""; 0]);
        assert_eq!(
            of("<div><p style='color:#ccc'>x<div>y</div></div><p>z</p>").len(),
            1,
            "what is left open closes with what is around it"
        );
    }

    #[test]
    fn mjml_is_judged_as_it_is_laid_out() {
        let mail = |text: &str| {
            let source = format!(
                "<mjml><mj-body background-color='#f4f4f4'><mj-section background-color='#102030'><mj-column>\
                 <mj-text {text}>Hello there</mj-text><mj-button href='https://a.example' background-color='#0055aa' color='#ffffff'>Go</mj-button>\
                 </mj-column></mj-section></mj-body></mjml>"
            );
            low(&design::document(&EmailBody::Mjml(source)).expect("MJML").0)
        };
        assert_eq!(mail("color='#ffffff'"), [""; 0]);
        let [found] = mail("").try_into().expect("one");
        assert!(found.contains("\u{201c}Hello there\u{201d} is #000000 on #102030"), "{found}");
    }
}
