//! What meets the eye in the source of a design: pictures without source or description, content that style hides.

use std::cell::RefCell;

use lol_html::{RewriteStrSettings, element, rewrite_str};

use super::tags::mask;

/// What is worth a look, each kind once with how often: a code and a sentence.
pub fn at(source: &str) -> Vec<(&'static str, String)> {
    #[derive(Default)]
    struct Seen {
        without_source: usize,
        without_alt: usize,
        hidden: usize,
    }
    let seen = RefCell::new(Seen::default());
    let pictures = element!("img, mj-image", |el| {
        let mut seen = seen.borrow_mut();
        seen.without_source += usize::from(el.get_attribute("src").is_none_or(|src| src.trim().is_empty()));
        // An empty description is a description: of an ornament.
        seen.without_alt += usize::from(el.get_attribute("alt").is_none());
        Ok(())
    });
    let hidden = element!("[style]", |el| {
        let style: String = el.get_attribute("style").unwrap_or_default().to_ascii_lowercase();
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
        let hides = ["display:none", "visibility:hidden", "font-size:0;", "opacity:0;"];
        let hides = hides.iter().any(|rule| format!("{style};").contains(rule));
        seen.borrow_mut().hidden += usize::from(hides);
        Ok(())
    });
    let settings =
        RewriteStrSettings::new().append_element_content_handler(pictures).append_element_content_handler(hidden);
    // A source that cannot be read at all is somebody else's finding.
    if rewrite_str(&mask(source).text, settings).is_err() {
        return Vec::new();
    }
    let Seen { without_source, without_alt, hidden } = seen.into_inner();
    let images = |n: usize| if n == 1 { "An image has".to_owned() } else { format!("{n} images have") };
    let all = [
        (without_source, "image_missing", format!("{} no source; choose a picture.", images(without_source))),
        (
            without_alt,
            "image_without_alt",
            format!("{} no description; write one in `alt`, or leave it empty for an ornament.", images(without_alt)),
        ),
        (
            hidden,
            "content_hidden_by_css",
            "Style hides content; mail programs take that for spam. Take it out.".to_owned(),
        ),
    ];
    all.into_iter().filter(|(n, ..)| *n > 0).map(|(_, code, message)| (code, message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(source: &str) -> Vec<&'static str> {
        at(source).into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn pictures_and_hidden_content_are_seen() {
        assert_eq!(codes("<img src='a.png' alt=''><mj-image src='{{ person.picture }}' alt='x' />"), [""; 0]);
        assert_eq!(codes("<img alt='a' src=' '>"), ["image_missing"]);
        assert_eq!(codes("<mj-image src='a.png'/>"), ["image_without_alt"]);
        assert_eq!(codes("<p style='color:red; Display : none'>x</p>"), ["content_hidden_by_css"]);
        assert!(at("<img src='a'><img src='b'>")[0].1.starts_with("2 images have"));
    }
}
