//! What somebody might write who means harm, and how a browser reads what became of it (tests only).

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use proptest::prelude::*;

const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\0",
    "\u{0b}",
    "\u{1b}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "\u{2066}",
    "\u{feff}",
    "\u{fdd0}",
    "\u{fdd1}",
    "Bcc: all@evil.example",
    "\r\nBcc: all@evil.example\r\n\r\n<script>alert(1)</script>",
    "=?utf-8?q?=0D=0ABcc:_all@evil.example?=",
    "=?utf-8?b?PHNjcmlwdD4=?=",
    "\"",
    "'",
    "`",
    "\\",
    "<",
    ">",
    "&",
    "=",
    "/",
    "?",
    "#",
    ",",
    ";",
    ":",
    "@evil.example",
    "<all@evil.example>",
    "<script>",
    "</title>",
    "</style>",
    "</td></tr></table>",
    "-->",
    "--!>",
    "<!--",
    "<![endif]-->",
    "]]>",
    "\" onload=\"alert(1)",
    " onload=alert(1) ",
    "javascript:",
    "java\tscript:alert(1)",
    "&#106;avascript:",
    "&Tab;",
    "&colon;",
    "vbscript:",
    "data:text/html,<script>alert(1)</script>",
    "https://evil.example/",
    "//evil.example/",
    r"\\evil.example\share",
    "file:///c:/x",
    "mailto:all@evil.example?bcc=all@evil.example",
    "');background:url(https://evil.example/",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "⟦¦0¦⟧",
    "<!--caravan:bottom-->",
    "%0d%0aBcc:",
    "%00",
    "🎉",
    "é",
    "a",
];

/// Longer than any header, and short enough that a message full of it is still made.
const LONGEST: usize = 1_200;

/// A value that is not empty: of anything, of what harms and of both, some of them very long.
pub fn value() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(PIECES).prop_map(str::to_owned);
    let anything = proptest::collection::vec(any::<char>(), 1..6).prop_map(String::from_iter);
    let piece = prop_oneof![3 => known, 1 => anything];
    let times = prop_oneof![24 => Just(1_usize), 1 => Just(300)];
    (proptest::collection::vec(piece, 1..6), times)
        .prop_map(|(pieces, times)| pieces.concat().repeat(times).chars().take(LONGEST).collect())
}

/// An element as a browser reads it, its attributes with their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    /// Its name and those of its attributes.
    pub fn shape(&self) -> String {
        let names: Vec<&str> = self.attributes.iter().map(|(name, _)| name.as_str()).collect();
        format!("{} {}", self.name, names.join(" "))
    }
}

/// Every opening and closing tag, those that only some mail programs see among them.
pub fn tags(html: &str) -> Vec<Tag> {
    let seen_by_all = html.replace("<!--<![endif]-->", "").replace("<![endif]-->", "").replace("<!-->", "");
    let seen_by_all = seen_by_all.replace("<!--[if", "<x-if");
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(seen_by_all));
    let tokenizer = Tokenizer::new(Seen::default(), Default::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

/// Where a browser goes or from where it loads something, that would run code on the way.
pub fn runs_code(tag: &Tag) -> Option<&str> {
    const ADDRESSES: &[&str] = &["href", "src", "action", "formaction", "background", "poster", "data", "xlink:href"];
    let runs = |address: &str| {
        let plain: String = address.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
        let plain = plain.to_ascii_lowercase();
        let scheme = plain.split(['/', '?', '#']).next().and_then(|start| start.split_once(':'));
        scheme.is_some_and(|(scheme, _)| {
            !["http", "https", "mailto", "tel", "sms", "cid"].contains(&scheme) && !plain.starts_with("data:image/")
        })
    };
    let (_, address) = tag
        .attributes
        .iter()
        .find(|(name, address)| name.starts_with("on") || (ADDRESSES.contains(&name.as_str()) && runs(address)))?;
    Some(address)
}

#[derive(Default)]
struct Seen(RefCell<Vec<Tag>>);

impl TokenSink for Seen {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else { return TokenSinkResult::Continue };
        let opens = tag.kind == TagKind::StartTag;
        let name = format!("{}{}", if opens { "" } else { "/" }, tag.name);
        let attributes = tag.attrs.iter().map(|it| (it.name.local.to_string(), it.value.to_string())).collect();
        self.0.borrow_mut().push(Tag { name: name.clone(), attributes });
        match name.as_str() {
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            _ => TokenSinkResult::Continue,
        }
    }
}
