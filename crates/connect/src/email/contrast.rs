//! Whether text stands out from what is behind it, as far as the design itself says: colours of inline styles and
//! attributes. What a style sheet or a picture may change is not judged.

use super::style::{Colour, Look, quoted, runs};

/// The least contrast that everybody can read (WCAG 2.1, level AA) …
const LEAST: f64 = 4.5;
/// … and for large letters.
const LEAST_FOR_LARGE: f64 = 3.0;
/// From this size on letters are large, in pixels …
const LARGE: f64 = 24.0;
/// … or from this one on when they are bold.
const LARGE_WHEN_BOLD: f64 = 18.0;
/// Findings of one design.
const MOST: usize = 10;

/// Texts of an HTML document, its tags masked, that do not stand out: a sentence for each pair of colours.
pub fn low(document: &str) -> Vec<String> {
    let mut seen: Vec<(Colour, Colour, String)> = Vec::new();
    for run in runs(document) {
        if let (Some((colour, behind)), Some(quoted)) = (too_low(run.look), quoted(&run.text))
            && !seen.iter().any(|(c, b, _)| (*c, *b) == (colour, behind))
        {
            seen.push((colour, behind, quoted));
        }
    }
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

/// The two colours, where they are too near to each other.
fn too_low(look: Look) -> Option<(Colour, Colour)> {
    let (colour, behind) = (look.colour?, look.behind?);
    let large = look.size >= LARGE || (look.bold && look.size >= LARGE_WHEN_BOLD);
    let least = if large { LEAST_FOR_LARGE } else { LEAST };
    (ratio(colour, behind) < least).then_some((colour, behind))
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
        assert!((ratio([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        assert!((ratio([118; 3], [255; 3]) - 4.54).abs() < 0.01, "#767676 is the lightest gray that passes");
        assert!((ratio([119; 3], [255; 3]) - 4.48).abs() < 0.01);
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
