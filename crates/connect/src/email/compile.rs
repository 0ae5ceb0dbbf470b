//! Checks an email's templates and makes them ready for many recipients.

use std::collections::BTreeSet;

use caravan_model::{Finding, template};
use minijinja::{Environment, ErrorKind, Value};

use super::address::check_address;
use super::content::{Attributes, EmailBody, EmailContent, Footer};
use super::design::{self, DesignProblem};
use super::html;
use super::place::bad_places;
use super::tags::{Tag, TagKind, tags};

/// The namespaces that a snapshot has.
const NAMESPACES: [&str; 5] = ["person", "account", "buying_group", "system", "my"];
const UNSUBSCRIBE: &str = "system.unsubscribe_url";

/// An email, checked and ready for any number of recipients. Keep one for each version.
#[derive(Debug)]
pub struct Compiled {
    pub(super) env: Environment<'static>,
    pub(super) has: Has,
    paths: BTreeSet<String>,
    links: Vec<Link>,
    warnings: Vec<Finding>,
    operational: bool,
}

/// Which of the parts that may be left out an email has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Has {
    pub preheader: bool,
    pub text: bool,
    pub text_footer: bool,
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
    pub tracked: bool,
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
}

/// Checks `content` and makes it ready. Pointers of the findings start at the email; lines count within the text
/// pointed at.
pub fn compile(content: &EmailContent, attributes: &Attributes) -> Result<Compiled, Vec<Finding>> {
    let mut check = Check { env: template::environment(), attributes, findings: Vec::new(), paths: BTreeSet::new() };
    let (body_pointer, body) = match &content.body {
        EmailBody::Mjml(source) => ("/body/mjml", source),
        EmailBody::Html(source) => ("/body/html", source),
    };
    check.required("subject_missing", "/subject", &content.subject, "The subject is empty; write one.");
    check.required("body_empty", body_pointer, body, "The email has no content; add some.");
    check.part("subject", "/subject", &content.subject);
    let mut has = check.optional_parts(content);
    let in_design = check.template(body_pointer, body).contains(UNSUBSCRIBE);
    let text = content.text.as_deref().filter(|text| !text.trim().is_empty());
    let in_text = text.is_none_or(|text| check.part("text", "/text", text).contains(UNSUBSCRIBE));
    has.text = text.is_some();
    has.text_footer = has.text && !in_text && !content.operational;

    let footer = content.footer.clone().unwrap_or_default();
    let under_design = (!in_design && !content.operational).then_some(footer.html.as_str());
    if has.text_footer || under_design.is_some() {
        check.footer(&footer);
        check.warn_of_missing_opt_out(if in_design { "/text" } else { body_pointer });
    }
    let links = check.design(&content.body, body_pointer, under_design);
    check.finish(content.operational, has, links)
}

struct Check<'a> {
    env: Environment<'static>,
    attributes: &'a Attributes,
    findings: Vec<Finding>,
    paths: BTreeSet<String>,
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
    fn design(&mut self, body: &EmailBody, pointer: &str, footer: Option<&str>) -> Vec<Link> {
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
        match html::prepare(&document, masked, footer) {
            Ok((template, links)) => {
                if !self.findings.iter().any(Finding::is_error) {
                    self.add(template::HTML_PREFIX, pointer, template);
                }
                self.warn_of_empty_links(pointer, &links);
                links
            }
            Err(error) => {
                let message = format!("The HTML cannot be read: {error}. Check that tags and quotes are closed.");
                self.findings.push(Finding::error("html_invalid", pointer, message));
                Vec::new()
            }
        }
    }

    fn warn_of_empty_links(&mut self, pointer: &str, links: &[Link]) {
        for link in links.iter().filter(|link| matches!(link.target.trim(), "" | "#")) {
            let message = format!("Link {} leads nowhere; give it an address.", link.number + 1);
            self.findings.push(Finding::warning("link_empty", pointer, message));
        }
    }

    fn finish(self, operational: bool, has: Has, links: Vec<Link>) -> Result<Compiled, Vec<Finding>> {
        if self.findings.iter().any(Finding::is_error) {
            return Err(self.findings);
        }
        Ok(Compiled { env: self.env, has, paths: self.paths, links, warnings: self.findings, operational })
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
