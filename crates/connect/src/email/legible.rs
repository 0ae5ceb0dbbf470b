//! Whether everybody can read a design, beside its colours (WCAG 2.1, the European Accessibility Act): the size of its letters,
//! paragraphs in capitals, tables without heads, levels of headings that are left out. As far as the design itself says.

use std::cell::RefCell;
use std::rc::Rc;

use lol_html::{RewriteStrSettings, element, end_tag, rewrite_str};

use super::style::{Run, quoted, readable, runs};

/// Text of this size is read with ease, in pixels …
const WELL: f64 = 16.0;
/// … and smaller than this it is warned of. Phones enlarge text below about 13 px by themselves, and break the layout by that; 14 is
/// what most designs have, and a warning that all of them get would be read by nobody.
const LEAST: f64 = 14.0;
/// From so many words on, capitals are a paragraph; fewer are a label or a headline.
const WORDS: usize = 6;
/// So many of a hundred words in capitals make a paragraph in capitals.
const SHARE: usize = 75;
/// Findings of a kind in one design.
const MOST: usize = 10;

/// What is worth a look in an HTML document, its tags masked: codes and sentences.
pub fn at(document: &str) -> Vec<(&'static str, String)> {
    let runs = runs(document);
    let mut found = small(&runs);
    found.extend(in_capitals(&runs));
    found.extend(skipped_headings(&runs));
    found.extend(tables(document));
    found
}

/// Text that is too small: a sentence for each size.
fn small(runs: &[Run]) -> Vec<(&'static str, String)> {
    let mut sizes: Vec<(f64, String)> = Vec::new();
    for run in runs.iter().filter(|run| run.look.size < LEAST) {
        if let Some(quoted) = quoted(&run.text)
            && !sizes.iter().any(|(size, _)| (size - run.look.size).abs() < 0.05)
        {
            sizes.push((run.look.size, quoted));
        }
    }
    let sentence = |(size, quoted): (f64, String)| {
        let size = (size * 10.0).round() / 10.0;
        let message = format!(
            "\u{201c}{quoted}\u{201d} is {size} px; {WELL} px reads well for everybody, {LEAST} is the least. Make it larger (`font-size`)."
        );
        ("text_small", message)
    };
    sizes.into_iter().take(MOST).map(sentence).collect()
}

/// Paragraphs that are in capitals, written so or by style.
fn in_capitals(runs: &[Run]) -> Vec<(&'static str, String)> {
    let paragraphs = runs.chunk_by(|one, next| one.look.block == next.look.block);
    let loud = paragraphs.filter_map(|runs| {
        let (mut words, mut capital) = (0, 0);
        for run in runs {
            let text = readable(&run.text);
            for word in text.split_whitespace().filter(|word| has_case(word)) {
                words += 1;
                capital += usize::from(run.look.capitals || !word.chars().any(char::is_lowercase));
            }
        }
        let loud = words >= WORDS && capital * 100 >= words * SHARE;
        loud.then(|| quoted(&runs.iter().map(|run| run.text.as_str()).collect::<String>())).flatten()
    });
    let sentence = |quoted: String| {
        let message = format!(
            "\u{201c}{quoted}\u{201d} is a paragraph in capitals, which reads slowly and may be spelled out when it is read aloud. \
             Write it as usual; make it bold or larger to stand out."
        );
        ("text_in_capitals", message)
    };
    loud.take(MOST).map(sentence).collect()
}

/// Whether a word has at least two letters that are either large or small.
fn has_case(word: &str) -> bool {
    word.chars().filter(|c| c.is_lowercase() || c.is_uppercase()).count() >= 2
}

/// A heading that is more than one level below the one before it.
fn skipped_headings(runs: &[Run]) -> Option<(&'static str, String)> {
    let headings = runs.iter().filter_map(|run| Some((run.look.heading?, run)));
    let mut before: Option<u8> = None;
    for (level, run) in headings {
        if let Some(above) = before.filter(|above| level > above + 1) {
            let quoted = quoted(&run.text).unwrap_or_default();
            let message = format!(
                "\u{201c}{quoted}\u{201d} is a heading of level {level} under one of level {above}; make it <h{}>, and give it its size by style.",
                above + 1
            );
            return Some(("heading_skipped", message));
        }
        before = Some(level);
    }
    None
}

/// A table that is open.
#[derive(Default)]
struct Table {
    /// It only lays out: it says so, or it holds another.
    lays_out: bool,
    rows: usize,
    cells_in_row: usize,
    widest: usize,
    heads: usize,
    without_scope: usize,
}

impl Table {
    /// Whether it is a table of data whose cells cannot be told by their heads.
    fn lacks_heads(&self) -> bool {
        let data = !self.lays_out && self.rows > 1 && self.widest > 1;
        (data && self.heads == 0) || (!self.lays_out && self.without_scope > 0)
    }
}

/// Tables of data without heads that say what they are heads of.
fn tables(document: &str) -> Option<(&'static str, String)> {
    let open: Rc<RefCell<Vec<Table>>> = Rc::default();
    let lacking = Rc::new(RefCell::new(0_usize));
    let begin = element!("table", |el| {
        let lays_out = el.get_attribute("role").is_some_and(|role| matches!(role.trim(), "presentation" | "none"));
        let mut tables = open.borrow_mut();
        tables.iter_mut().for_each(|around| around.lays_out = true);
        let depth = tables.len();
        tables.push(Table { lays_out, ..Table::default() });
        let (open, lacking) = (Rc::clone(&open), Rc::clone(&lacking));
        if let Some(handlers) = el.end_tag_handlers() {
            handlers.push(end_tag!(move |_| {
                let closed = open.borrow_mut().split_off(depth);
                *lacking.borrow_mut() += closed.iter().filter(|table| table.lacks_heads()).count();
                Ok(())
            }));
        }
        Ok(())
    });
    let row = element!("table tr", |_el| {
        if let Some(table) = open.borrow_mut().last_mut() {
            table.rows += 1;
            table.cells_in_row = 0;
        }
        Ok(())
    });
    let cell = element!("table td, table th", |el| {
        if let Some(table) = open.borrow_mut().last_mut() {
            table.cells_in_row += 1;
            table.widest = table.widest.max(table.cells_in_row);
            if el.tag_name() == "th" {
                table.heads += 1;
                table.without_scope += usize::from(!el.has_attribute("scope"));
            }
        }
        Ok(())
    });
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(begin)
        .append_element_content_handler(row)
        .append_element_content_handler(cell);
    rewrite_str(document, settings).ok()?;
    let lacking = *lacking.borrow();
    let tables = if lacking == 1 { "A table has".to_owned() } else { format!("{lacking} tables have") };
    let message = format!(
        "{tables} no heads that say what they are heads of; write them as <th scope=\"col\"> or <th scope=\"row\">, or \
         role=\"presentation\" on a table that only lays out."
    );
    (lacking > 0).then_some(("table_without_heads", message))
}

#[cfg(test)]
mod tests {
    use super::super::content::EmailBody;
    use super::super::design;
    use super::*;

    fn of(html: &str) -> Vec<(&'static str, String)> {
        at(&design::document(&EmailBody::Html(html.to_owned())).expect("HTML").0)
    }

    fn codes(html: &str) -> Vec<&'static str> {
        of(html).into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn small_text_is_quoted_with_its_size_once_for_each() {
        let found = of(
            "<p style='font-size:13px'>Terms <b>apply</b></p><p style='font-size:0.5em'>tiny</p><p style='font-size:13px'>again</p>",
        );
        let [(code, one), (_, other)] = found.try_into().expect("two sizes");
        assert_eq!(code, "text_small");
        assert!(one.starts_with("\u{201c}Terms\u{201d} is 13 px; 16 px reads well"), "{one}");
        assert!(other.contains("is 8 px"), "{other}");
        assert_eq!(codes("<p style='font-size:14px'>x</p><p>y</p><p style='font-size:9px'>&nbsp;</p>"), [""; 0]);
        assert_eq!(codes("<div style='font-size:0'><p style='font-size:16px'>x</p></div>"), [""; 0]);
        assert_eq!(codes("<div style='display:none;font-size:1px'>x</div>"), [""; 0], "nobody sees it");
    }

    #[test]
    fn mjml_is_judged_by_the_size_that_it_is_laid_out_with() {
        let mail = |attributes: &str| {
            let source = format!(
                "<mjml><mj-body><mj-section><mj-column><mj-text {attributes}>Hello</mj-text></mj-column></mj-section></mj-body></mjml>"
            );
            at(&design::document(&EmailBody::Mjml(source)).expect("MJML").0)
        };
        let [(_, found)] = mail("").try_into().expect("one");
        assert!(found.contains("is 13 px"), "what MJML has by itself: {found}");
        assert_eq!(mail("font-size='16px'"), []);
    }

    #[test]
    fn paragraphs_in_capitals_are_told_from_labels() {
        assert_eq!(codes("<p>READ THIS BEFORE THE OFFER <b>ENDS TODAY</b></p>"), ["text_in_capitals"]);
        assert_eq!(
            codes("<p style='text-transform:uppercase'>read this before the offer ends</p>"),
            ["text_in_capitals"]
        );
        for fine in [
            "<h1>SPRING SALE ENDS TODAY</h1>",
            "<p>NATO and the EU met in ROME, and UN and OSCE came</p>",
            "<p>ONE TWO THREE</p><p>FOUR FIVE SIX</p>",
            "<p>1 2 3 4 5 6 7 8</p><p>漢字 漢字 漢字 漢字 漢字 漢字</p>",
            "<p style='text-transform:uppercase'><span style='text-transform:none'>as it is usual to write it here</span></p>",
        ] {
            assert_eq!(codes(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn data_has_heads_and_layout_says_that_it_is_one() {
        let table = |attributes: &str, head: &str| {
            format!("<table {attributes}><tr>{head}<{0}>Price</td></tr><tr><td>Team</td><td>9</td></tr></table>", "td")
        };
        assert_eq!(codes(&table("", "<td>Plan</td>")), ["table_without_heads"]);
        assert_eq!(codes(&table("", "<th>Plan</th>")), ["table_without_heads"]);
        assert_eq!(codes(&table("", "<th scope='col'>Plan</th>")), [""; 0]);
        assert_eq!(codes(&table("role='presentation'", "<td>Plan</td>")), [""; 0]);
        assert_eq!(codes("<table><tr><td>one column</td></tr><tr><td>lays out</td></tr></table>"), [""; 0]);
        let around = format!(
            "<table><tr><td>a</td><td>b</td></tr><tr><td colspan='2'>{}</td></tr></table>",
            table("", "<td>Plan</td>")
        );
        assert!(of(&around)[0].1.starts_with("A table has"), "what holds a table lays it out");
    }

    #[test]
    fn levels_of_headings_follow_each_other() {
        assert_eq!(codes("<h1>a</h1><h3>b</h3>"), ["heading_skipped"]);
        assert!(of("<h2>a</h2><h4>b</h4>")[0].1.contains("make it <h3>"));
        assert_eq!(codes("<h2>a</h2><h3>b</h3><h2>c</h2><h1>d</h1><h2>e</h2>"), [""; 0]);
    }
}
