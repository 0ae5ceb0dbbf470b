//! A design without what only its author sees: white space that nobody sees, comments. Comments that Outlook reads stay, and so does
//! what is written in one of the elements in which white space counts.

use super::tags::end_of;

/// Elements in which white space counts.
const AS_WRITTEN: &[&str] = &["pre", "textarea", "script", "xmp"];
/// Elements of a table, behind whose beginning and before whose end nobody sees white space, unless in a cell.
const OF_TABLES: &[&str] = &["table", "thead", "tbody", "tfoot", "tr", "colgroup"];
/// What such elements hold.
const IN_TABLES: &[&str] = &["thead", "tbody", "tfoot", "tr", "td", "th", "col", "colgroup", "caption"];
/// Elements around and in the head, where nothing is text but the title.
const OF_HEAD: &[&str] = &["html", "head", "meta", "link", "title", "style", "base", "!doctype"];
/// Comments that somebody reads: Outlook, and the passes that come after this.
const READ: &[&str] = &["[if", "<![endif]", "caravan:"];

/// The same document, its tags masked, in fewer bytes.
pub fn smaller(html: &str) -> String {
    let mut writer = Writer { out: String::with_capacity(html.len()), before: String::new(), as_written: Vec::new() };
    // Where style sheets say which white space counts, all of it may.
    let all_counts = html
        .to_ascii_lowercase()
        .split("<style")
        .skip(1)
        .any(|sheet| sheet.split("</style").next().is_some_and(|sheet| sheet.contains("white-space")));
    let mut rest = html;
    while let Some((text, tag)) = rest.split_once('<') {
        rest = match tag.strip_prefix("!--").and_then(|comment| comment.split_once("-->")) {
            Some((comment, after)) => {
                writer.text(text, "!--", all_counts);
                let read = READ.iter().any(|start| comment.trim_start().starts_with(start));
                if read || !writer.as_written.is_empty() {
                    writer.out.push_str(&format!("<!--{comment}-->"));
                    "!--".clone_into(&mut writer.before);
                }
                after
            }
            None => writer.tag(text, tag, all_counts),
        };
    }
    writer.text(rest, "", all_counts);
    writer.out
}

struct Writer {
    out: String,
    /// The tag that was written last, `/td` for its end.
    before: String,
    /// The elements in which white space counts and that are open.
    as_written: Vec<String>,
}

impl Writer {
    /// Writes what stands before the next tag.
    fn text(&mut self, text: &str, next: &str, all_counts: bool) {
        if !self.as_written.is_empty() || (all_counts && !text.trim().is_empty()) {
            self.out.push_str(text);
            return;
        }
        if text.chars().all(is_white) && unseen(&self.before, next) {
            return;
        }
        // A comment may have stood between two pieces of white space.
        let mut white = self.out.ends_with(' ');
        for c in text.chars() {
            match is_white(c) {
                true if white => {}
                true => self.out.push(' '),
                false => self.out.push(c),
            }
            white = is_white(c);
        }
    }

    /// Writes a text and the tag behind it; returns what follows.
    fn tag<'a>(&mut self, text: &str, tag: &'a str, all_counts: bool) -> &'a str {
        let starts = |c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?');
        if !tag.starts_with(starts) {
            // A sign by itself.
            self.text(&format!("{text}<"), "", all_counts);
            self.before.clear();
            return tag;
        }
        let end = end_of(tag);
        let inside = tag.get(..end).unwrap_or_default();
        let after = tag.get(end + 1..).unwrap_or_default();
        let name = inside.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or_default();
        let name = name.trim_end_matches(if name.len() > 1 { '/' } else { '\0' }).to_ascii_lowercase();
        self.text(text, &name, all_counts);
        self.out.push('<');
        self.out.push_str(inside);
        self.out.push('>');
        self.opens_or_closes(&name, inside);
        self.before.clone_from(&name);
        if name != "style" {
            return after;
        }
        let end = after.to_ascii_lowercase().find("</style").unwrap_or(after.len());
        let (sheet, after) = after.split_at(end);
        // Words of a style sheet may stand apart by any white space.
        self.out.push_str(&sheet.split_whitespace().collect::<Vec<_>>().join(" "));
        after
    }

    fn opens_or_closes(&mut self, name: &str, inside: &str) {
        match name.strip_prefix('/') {
            Some(ended) => {
                if let Some(at) = self.as_written.iter().rposition(|open| open == ended) {
                    self.as_written.truncate(at);
                }
            }
            // Within such an element its like are counted, so that the right end ends it.
            None if inside.ends_with('/') => {}
            None if self.as_written.iter().any(|open| open == name) || keeps_white(name, inside) => {
                self.as_written.push(name.to_owned());
            }
            None => {}
        }
    }
}

fn keeps_white(name: &str, inside: &str) -> bool {
    let inside: String = inside.to_ascii_lowercase().split_whitespace().collect();
    AS_WRITTEN.contains(&name) || inside.contains("white-space:pre") || inside.contains("white-space:break-spaces")
}

/// Whether white space between two tags is seen by nobody.
fn unseen(before: &str, next: &str) -> bool {
    let opened = |names: &[&str], tag: &str| names.contains(&tag);
    let named = |names: &[&str], tag: &str| names.contains(&tag.trim_start_matches('/'));
    let in_table =
        opened(OF_TABLES, before) || (before.starts_with('/') && before != "/table" && named(IN_TABLES, before));
    let stays_in_table = opened(IN_TABLES, next) || (next.starts_with('/') && named(OF_TABLES, next));
    let in_head = before.is_empty() || named(OF_HEAD, before);
    (in_table && stays_in_table)
        || (in_head && (named(OF_HEAD, next) || next == "body"))
        || (before == "/body" && next == "/html")
}

/// White space of HTML: no-break spaces are none.
fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\r' | '\t' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn white_space_and_comments_go() {
        let page = "<!doctype html>\n<html>\n <head>\n  <title> A  b </title>\n  <style>\n p {\n  color: red }\n</style>\n </head>\n <body>\n\
                    <!-- ours -->\n<table>\n  <tr>\n    <td>\n  Hello\n   <b>you</b> there\u{a0} \n</td>\n  </tr>\n</table>\n</body>\n</html>";
        assert_eq!(
            smaller(page),
            "<!doctype html><html><head><title> A b </title><style>p { color: red }</style></head><body> <table><tr><td> Hello <b>you</b> there\u{a0} </td></tr></table> </body></html>"
        );
    }

    #[test]
    fn what_outlook_reads_stays() {
        for kept in [
            "<!--[if mso | IE]>\n <table>\n  <tr>\n<![endif]-->",
            "<!--[if !mso]><!--><p>x</p><!--<![endif]-->",
            "<![if !mso]><p>x</p><![endif]>",
            "<!--caravan:top-->",
        ] {
            assert_eq!(smaller(kept), kept);
        }
        assert_eq!(smaller("a<!-- [note] -->b<!---->c"), "abc");
    }

    #[test]
    fn white_space_that_counts_stays() {
        for kept in [
            "<pre>a\n  <b>b</b>  c</pre>",
            "<div style='white-space: pre-wrap'>a\n  <div>b  b</div>\n c</div>",
            "<style>p { white-space: pre }</style><p>a  b</p>",
            "<b>a</b> <i>b</i>",
            "<img alt=\"a  b > c\">",
            "1 < 2",
        ] {
            assert_eq!(smaller(kept), kept);
        }
        assert_eq!(smaller("<pre>a  b</pre>  c  "), "<pre>a  b</pre> c ");
        assert_eq!(
            smaller("<table>x</table>\n\n<table>y</table>"),
            "<table>x</table> <table>y</table>",
            "they may stand in a line"
        );
    }

    proptest! {
        #[test]
        fn it_never_panics_grows_or_changes_on_a_second_pass(
            html in "(<p|<b>|<pre>|</pre>|<td>|</td>|<tr>|<table>|<style>|</style>|>|<!--|-->|\\[if|\"| |\n|x|é|/|<){0,40}"
        ) {
            let once = smaller(&html);
            prop_assert!(once.len() <= html.len() + 1, "{}", once);
        }
    }
}
