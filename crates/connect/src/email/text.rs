//! The plain text part made from the design.

use html2text::render::TextDecorator;

/// Lines are not broken here: mail programs do it, and a broken address cannot be followed.
const WIDTH: usize = 4_000;

/// What a reader of plain text sees of an HTML document: the text, with the address behind every link.
pub fn from_html(html: &str) -> Result<String, html2text::Error> {
    let config = html2text::config::with_decorator(Plain::default()).raw_mode(true).allow_width_overflow();
    let text = config.string_from_read(html.as_bytes(), WIDTH)?;
    Ok(tidy(&text))
}

/// No blanks at line ends, no more than one empty line in a row.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 && !(line.is_empty() && out.is_empty()) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[derive(Debug, Clone, Default)]
struct Plain {
    /// The address of the link one is in.
    link: Option<String>,
}

impl TextDecorator for Plain {
    type Annotation = ();

    fn decorate_link_start(&mut self, url: &str) -> (String, ()) {
        let url = url.trim_start_matches("mailto:");
        self.link = Some(url.to_owned()).filter(|url| !url.is_empty() && !url.starts_with('#'));
        (String::new(), ())
    }

    fn decorate_link_end(&mut self) -> String {
        self.link.take().map_or_else(String::new, |url| format!(" ({url})"))
    }

    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_em_end(&self) -> String {
        String::new()
    }

    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_strong_end(&self) -> String {
        String::new()
    }

    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }

    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_code_end(&self) -> String {
        String::new()
    }

    fn decorate_preformat_first(&self) {}

    fn decorate_preformat_cont(&self) {}

    fn decorate_image(&mut self, _src: &str, title: &str) -> (String, ()) {
        (title.to_owned(), ())
    }

    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }

    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }

    fn unordered_item_prefix(&self) -> String {
        "- ".to_owned()
    }

    fn ordered_item_prefix(&self, i: i64) -> String {
        format!("{i}. ")
    }

    fn make_subblock_decorator(&self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_lists_stay_readable() {
        let html = "<h1>News</h1><table><tr><td><p>See <a href='https://a.example/x?y=1&amp;z=2'>the page</a>.</p></td>\
                    <td><img src='x.png' alt='A chart'></td></tr></table><ul><li>one</li><li><b>two</b></li></ul>";
        let text = from_html(html).expect("HTML");
        insta::assert_snapshot!(text, @r"
        News

        See the page (https://a.example/x?y=1&z=2).
        A chart
        - one
        - two
        ");
    }
}
