//! Checks an email's templates and makes them ready for many recipients.

use std::collections::BTreeSet;

use caravan_model::{Finding, template};
use minijinja::{Environment, ErrorKind, Value};

use super::address::check_address;
use super::content::{Attributes, EmailBody, EmailContent, Footer};
use super::design::{self, DesignProblem};
use super::html;
use super::look;
use super::place::bad_places;
use super::tags::{Tag, TagKind, tags};

/// The namespaces that a snapshot has.
const NAMESPACES: [&str; 6] = ["person", "account", "buying_group", "condition", "system", "my"];
const UNSUBSCRIBE: &str = "system.unsubscribe_url";
/// Longer mail is cut off by some mail programs, and with it the way out.
const MOST_BYTES: usize = 100 * 1024;
/// Texts of links that say nothing of where they lead.
const VAGUE: &[&str] = &[
    "here",
    "click here",
    "click",
    "this",
    "link",
    "this link",
    "more",
    "read more",
    "learn more",
    "hier",
    "hier klicken",
    "mehr",
];
const HTML_WEB_VIEW: &str = concat!(
    r#"<div style="padding:8px;text-align:center;font-family:Arial,sans-serif;font-size:12px;line-height:18px;color:#5f6368">"#,
    r#"<a href="{{ system.web_view_url }}" style="color:#5f6368">View as web page</a></div>"#,
);
const TEXT_WEB_VIEW: &str = "View as web page: {{ system.web_view_url }}";
/// What every message has, or has by its nature only sometimes.
const NEVER_BARE: &[&str] = &["person.email", "person.key", "account.key", "account.name"];

/// An email, checked and ready for any number of recipients. Keep one for each version.
#[derive(Debug)]
pub struct Compiled {
    pub(super) env: Environment<'static>,
    pub(super) has: Has,
    paths: BTreeSet<String>,
    links: Vec<Link>,
    warnings: Vec<Finding>,
    bare: BTreeSet<String>,
    operational: bool,
}

/// Which of the parts that may be left out an email has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Has {
    pub preheader: bool,
    pub text: bool,
    pub text_footer: bool,
    pub web_view: bool,
    pub from: bool,
    pub reply_to: bool,
}

/// A link of an email's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number, from 0, in the order of the design; tokens carry it.
    pub number: u16,
    /// Where it leads, as a template.
    pub target: String,
    /// Whether clicks on it are counted.
    pub tracking: Tracking,
    /// What people read of it, as a template; of a picture its description.
    pub label: String,
}

/// Whether clicks on a link are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tracking {
    /// They are.
    Tracked,
    /// The author does not want it: `data-track="no"`.
    Off,
    /// It leads to no page of the web, or it is one of ours: the way out, the web view.
    Never,
}

impl Compiled {
    /// The attributes that the templates read (`person.first_name`); what a message must have copied.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The links of the design.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// What is not wrong but should be looked at.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// Whether it goes out whatever the recipient opted out of.
    pub fn is_operational(&self) -> bool {
        self.operational
    }

    /// Values whose absence shows: they are put out without a fallback, and nothing asks first whether they are there.
    pub fn without_fallback(&self) -> impl Iterator<Item = &str> {
        self.bare.iter().map(String::as_str)
    }
}

/// Checks `content` and makes it ready. Pointers of the findings start at the email; lines count within the text
/// pointed at.
pub fn compile(content: &EmailContent, attributes: &Attributes) -> Result<Compiled, Vec<Finding>> {
    let mut check = Check {
        env: template::environment(),
        attributes,
        findings: Vec::new(),
        paths: BTreeSet::new(),
        bare: BTreeSet::new(),
    };
    let (body_pointer, body) = match &content.body {
        EmailBody::Mjml(source) => ("/body/mjml", source),
        EmailBody::Html(source) => ("/body/html", source),
    };
    check.required("subject_missing", "/subject", &content.subject, "The subject is empty; write one.");
    check.required("html_empty", body_pointer, body, "The email has no content; add some.");
    check.part("subject", "/subject", &content.subject);
    let mut has = check.optional_parts(content);
    let in_design = check.template(body_pointer, body).contains(UNSUBSCRIBE);
    let text = content.text.as_deref().filter(|text| !text.trim().is_empty());
    if content.text.is_some() && text.is_none() {
        let message = "The text part is empty; write one, or leave it out to have it made from the design.";
        check.findings.push(Finding::warning("text_version_empty", "/text", message));
    }
    let in_text = text.is_none_or(|text| check.part("text", "/text", text).contains(UNSUBSCRIBE));
    has.text = text.is_some();
    has.text_footer = has.text && !in_text && !content.operational;

    let footer = content.footer.clone().unwrap_or_default();
    let under_design = (!in_design && !content.operational).then_some(footer.html.as_str());
    if has.text_footer || under_design.is_some() {
        check.footer(&footer);
        check.warn_of_missing_opt_out(if in_design { "/text" } else { body_pointer });
    }
    has.web_view = content.web_view;
    if content.web_view {
        check.part("text_web_view", "/view_as_web_page", TEXT_WEB_VIEW);
    }
    let above_design = content.web_view.then_some(HTML_WEB_VIEW);
    check.look(body_pointer, body);
    let links = check.design(&content.body, body_pointer, (above_design, under_design));
    check.finish(content.operational, has, links)
}

/// Checks one template that puts out plain text, as text messages are.
pub fn check_text(pointer: &str, source: &str, attributes: &Attributes) -> Vec<Finding> {
    let mut check = Check {
        env: template::environment(),
        attributes,
        findings: Vec::new(),
        paths: BTreeSet::new(),
        bare: BTreeSet::new(),
    };
    check.template(pointer, source);
    check.findings
}

/// What stands in a template whatever its values are.
pub fn without_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    for tag in tags(source) {
        out.push_str(source.get(at..tag.start).unwrap_or_default());
        at = tag.start + tag.whole.len();
    }
    out.push_str(source.get(at..).unwrap_or_default());
    out
}

struct Check<'a> {
    env: Environment<'static>,
    attributes: &'a Attributes,
    findings: Vec<Finding>,
    paths: BTreeSet<String>,
    bare: BTreeSet<String>,
}

impl Check<'_> {
    fn required(&mut self, code: &str, pointer: &str, text: &str, message: &str) {
        if text.trim().is_empty() {
            self.findings.push(Finding::error(code, pointer, message));
        }
    }

    fn optional_parts(&mut self, content: &EmailContent) -> Has {
        let mut has = Has::default();
        if let Some(preheader) = content.preheader.as_deref().filter(|text| !text.trim().is_empty()) {
            has.preheader = true;
            self.part("preheader", "/preheader", preheader);
        }
        if let Some(from) = &content.from {
            has.from = true;
            self.required("from_name_missing", "/from/name", &from.name, "The sender has no name; give one.");
            self.required("from_email_missing", "/from/email", &from.email, "The sender has no address; give one.");
            self.part("from_name", "/from/name", &from.name);
            self.part("from_email", "/from/email", &from.email);
            self.address("/from/email", &from.email);
        }
        if let Some(reply_to) = &content.reply_to {
            has.reply_to = true;
            self.part("reply_to", "/reply_to", reply_to);
            self.address("/reply_to", reply_to);
        }
        has
    }

    /// An address without values in it must be one.
    fn address(&mut self, pointer: &str, written: &str) {
        let fixed = !written.trim().is_empty() && !written.contains('{');
        if fixed && let Err(problem) = check_address(written) {
            self.findings.push(Finding::error(
                "address_invalid",
                pointer,
                format!("`{written}`: {problem}; correct it."),
            ));
        }
    }

    fn footer(&mut self, footer: &Footer) {
        let html = self.template("/footer/html", &footer.html);
        let text = self.part("text_footer", "/footer/text", &footer.text);
        for (pointer, used) in [("/footer/html", html), ("/footer/text", text)] {
            if !used.contains(UNSUBSCRIBE) {
                let message = "The footer has no way out; put {{ system.unsubscribe_url }} into it.";
                self.findings.push(Finding::error("opt_out_link_missing", pointer, message));
            }
        }
    }

    fn warn_of_missing_opt_out(&mut self, pointer: &str) {
        let message = "There is no opt-out link here, so the footer with one is put under it; \
                       link to {{ system.unsubscribe_url }} to place it yourself.";
        self.findings.push(Finding::warning("opt_out_link_missing", pointer, message));
    }

    /// Checks a part and keeps it as a template of that name.
    fn part(&mut self, name: &'static str, pointer: &str, source: &str) -> BTreeSet<String> {
        let used = self.template(pointer, source);
        if !self.findings.iter().any(Finding::is_error) {
            self.add(name, pointer, source.to_owned());
        }
        used
    }

    fn add(&mut self, name: &'static str, pointer: &str, source: String) {
        if let Err(error) = self.env.add_template_owned(name, source) {
            self.findings.push(syntax_finding(pointer, &error));
        }
    }

    /// Checks a template and returns the attributes it uses.
    fn template(&mut self, pointer: &str, source: &str) -> BTreeSet<String> {
        let used = match template::paths(source) {
            Ok(used) => used,
            Err(finding) => {
                self.findings.push(finding.under(pointer));
                return BTreeSet::new();
            }
        };
        let tags: Vec<_> = tags(source).into_iter().filter(|tag| tag.kind != TagKind::Comment).collect();
        for path in &used {
            if let Some((code, message)) = unknown(path, self.attributes) {
                let at = line_of(&tags, |code| names(code, path));
                self.findings.push(at_line(Finding::error(code, pointer, message), at));
            }
        }
        for tag in &tags {
            let refused = self.refused(tag).map(|(code, why)| Finding::error(code, pointer, why));
            self.findings.extend(refused.map(|finding| at_line(finding, Some(tag.line))));
        }
        self.paths.extend(used.iter().cloned());
        if !pointer.starts_with("/footer") {
            self.fallbacks(pointer, source);
        }
        used
    }

    /// Why a tag is refused: an unknown filter or test, or escaping switched off.
    fn refused(&self, tag: &Tag<'_>) -> Option<(&'static str, String)> {
        if tag.kind == TagKind::Statement && tag.keyword() == "autoescape" {
            let why = "Escaping cannot be switched off, because values come from outside; take `autoescape` out.";
            return Some(("escaping_off", why.to_owned()));
        }
        let code = tag.code();
        let mut state = self.env.empty_state();
        let unknown_filter = words_after(&code, "|").into_iter().find(|name| {
            matches!(state.apply_filter(name, &[Value::from("")]), Err(error) if error.kind() == ErrorKind::UnknownFilter)
        });
        if let Some(name) = unknown_filter {
            let why = match name {
                "safe" | "tojson" => format!("The filter `{name}` would let a value in unescaped; take it out."),
                _ => format!("There is no filter `{name}`; check its spelling."),
            };
            return Some(("filter_unknown", why));
        }
        let unknown_test = words_after(&code, " is ").into_iter().find(|name| {
            matches!(state.perform_test(name, &[Value::from("")]), Err(error) if error.kind() == ErrorKind::UnknownTest)
        });
        unknown_test.map(|name| ("test_unknown", format!("There is no test `is {name}`; check its spelling.")))
    }

    /// Turns the design into the HTML template and returns its links.
    fn design(&mut self, body: &EmailBody, pointer: &str, (header, footer): (Option<&str>, Option<&str>)) -> Vec<Link> {
        let (document, masked) = match design::document(body) {
            Ok(document) => document,
            Err(DesignProblem { message, line }) => {
                self.findings.push(at_line(Finding::error("mjml_invalid", pointer, message), line));
                return Vec::new();
            }
        };
        for (place, tag) in bad_places(&document, &masked) {
            let message = format!("`{tag}` {}.", place.advice());
            self.findings.push(Finding::error("value_misplaced", pointer, message));
        }
        match html::prepare(&document, masked, header, footer) {
            Ok((template, links)) => {
                if template.len() > MOST_BYTES {
                    let message = format!(
                        "The HTML is longer than {} KB; some mail programs cut it off. Shorten it.",
                        MOST_BYTES / 1024
                    );
                    self.findings.push(Finding::warning("size_over_100kb", pointer, message));
                }
                if !self.findings.iter().any(Finding::is_error) {
                    self.add(template::HTML_PREFIX, pointer, template);
                }
                self.warn_of_links(pointer, &links);
                links
            }
            Err(error) => {
                let message = format!("The HTML cannot be read: {error}. Check that tags and quotes are closed.");
                self.findings.push(Finding::error("html_invalid", pointer, message));
                Vec::new()
            }
        }
    }

    fn warn_of_links(&mut self, pointer: &str, links: &[Link]) {
        for link in links {
            if matches!(link.target.trim(), "" | "#") {
                let message = format!("Link {} leads nowhere; give it an address.", link.number + 1);
                self.findings.push(Finding::warning("link_empty", pointer, message));
            }
            let label = link.label.trim().trim_end_matches(['.', '!', '…', '»', '>', ':']).trim().to_lowercase();
            if VAGUE.contains(&label.as_str()) {
                let message =
                    format!("Link {} only says \u{201c}{}\u{201d}; say where it leads.", link.number + 1, link.label);
                self.findings.push(Finding::warning("link_text_vague", pointer, message));
            }
        }
    }

    /// What meets the eye in the source.
    fn look(&mut self, pointer: &str, body: &str) {
        for (code, message) in look::at(body) {
            self.findings.push(Finding::warning(code, pointer, message));
        }
    }

    /// Values that are put out bare.
    fn fallbacks(&mut self, pointer: &str, source: &str) {
        for (path, line) in bare_values(source) {
            let message = format!(
                "`{path}` has no fallback; where it is missing, nothing stands there. Write {{{{ {path} | default(\"\u{2026}\") }}}}."
            );
            self.findings.push(at_line(Finding::warning("token_without_fallback", pointer, message), Some(line)));
            self.bare.insert(path);
        }
    }

    fn finish(self, operational: bool, has: Has, links: Vec<Link>) -> Result<Compiled, Vec<Finding>> {
        if self.findings.iter().any(Finding::is_error) {
            return Err(self.findings);
        }
        Ok(Compiled {
            env: self.env,
            has,
            paths: self.paths,
            links,
            warnings: self.findings,
            bare: self.bare,
            operational,
        })
    }
}

fn syntax_finding(pointer: &str, error: &minijinja::Error) -> Finding {
    let line = error.line().and_then(|line| u32::try_from(line).ok());
    let why = error.detail().unwrap_or("it cannot be read");
    at_line(
        Finding::error("template_syntax", pointer, format!("The template is not complete or not valid: {why}.")),
        line,
    )
}

fn at_line(mut finding: Finding, line: Option<u32>) -> Finding {
    if let Some(line) = line {
        finding.message = format!("{} (line {line} of this text)", finding.message);
        finding.line = Some(line);
    }
    finding
}

/// Why a path cannot be used, if it cannot.
fn unknown(path: &str, attributes: &Attributes) -> Option<(&'static str, String)> {
    let (namespace, name) = path.split_once('.').unwrap_or((path, ""));
    if attributes.contains(path) {
        return None;
    }
    if !NAMESPACES.contains(&namespace) {
        let known = NAMESPACES.join("`, `");
        return Some(("attribute_unknown", format!("There is no `{path}`; a value begins with one of `{known}`.")));
    }
    if name.is_empty() {
        let why = format!("`{namespace}` as a whole cannot be used; name the attribute, like `{namespace}.name`.");
        return Some(("attribute_not_named", why));
    }
    let why = match nearest(name, attributes.names_in(namespace)) {
        Some(near) => format!("There is no attribute `{path}`; did you mean `{namespace}.{near}`?"),
        None if !attributes.has_namespace(namespace) => {
            format!("There is no attribute `{path}`; `{namespace}` has none here.")
        }
        None => format!("There is no attribute `{path}`; check its spelling or declare it."),
    };
    Some(("attribute_unknown", why))
}

/// The known name that differs least, when it is near enough to be meant.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (distance(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, known)| known)
}

/// How many characters must be changed, added or removed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(100).enumerate() {
        let mut next = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let (Some(&diagonal), Some(&above), Some(&left)) = (row.get(j), row.get(j + 1), next.last()) else { break };
            next.push((diagonal + usize::from(from != *to)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Attributes that a template puts out without a fallback and without asking for them, each once, with the line.
fn bare_values(source: &str) -> Vec<(String, u32)> {
    let tags = tags(source);
    let asked: Vec<String> = tags.iter().filter(|tag| tag.kind == TagKind::Statement).map(Tag::code).collect();
    let mut found: Vec<(String, u32)> = Vec::new();
    for tag in tags.iter().filter(|tag| tag.kind == TagKind::Output) {
        let code = tag.code();
        let handled =
            words_after(&code, "|").iter().any(|filter| matches!(*filter, "default" | "d")) || code.contains(" if ");
        let named = template::paths(tag.whole).unwrap_or_default();
        let of_data = |path: &String| path.starts_with("person.") || path.starts_with("account.");
        for path in named.into_iter().filter(of_data) {
            let known = handled
                || NEVER_BARE.contains(&path.as_str())
                || asked.iter().any(|code| names(code, &path))
                || found.iter().any(|(seen, _)| *seen == path);
            if !known {
                found.push((path, tag.line));
            }
        }
    }
    found
}

/// The words that follow right after `mark`.
fn words_after<'a>(code: &'a str, mark: &str) -> Vec<&'a str> {
    let word = |rest: &'a str| rest.trim_start().split(|c: char| !is_word(c)).next().filter(|word| !word.is_empty());
    let after = code.split(mark).skip(1).map(|rest| rest.trim_start());
    after.map(|rest| rest.strip_prefix("not ").unwrap_or(rest)).filter_map(word).collect()
}

fn line_of(tags: &[Tag<'_>], matches: impl Fn(&str) -> bool) -> Option<u32> {
    tags.iter().find(|tag| matches(&tag.code())).map(|tag| tag.line)
}

/// Whether `code` names `path`, not only something that begins or ends like it.
fn names(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        let after = code.get(at + path.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(|c| is_word(c) || c == '.') && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
