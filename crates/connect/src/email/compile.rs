//! Checks an email's templates and makes them ready for many recipients.

use std::collections::{BTreeMap, BTreeSet};

use caravan_model::document::LinkTracking;
use caravan_model::{Finding, template};
use minijinja::{Environment, ErrorKind, Value};

use super::address::check_address;
use super::content::{Attributes, Edge, EmailBody, EmailContent};
use super::contrast;
use super::design::{self, DesignProblem};
use super::html;
use super::language::Language;
use super::legible;
use super::lint;
use super::look;
use super::names;
use super::place::{BadPlace, bad_places};
use super::shape::{self, Texts};
use super::tags::{Tag, TagKind, mask, tags};

const UNSUBSCRIBE: &str = "system.unsubscribe_url";
/// Longer mail is cut off by some mail programs, and with it the way out.
const MOST_BYTES: usize = 100 * 1024;
const WEB_VIEW: &str = "system.web_view_url";
/// Names of the templates that go above and under the design. Their beginning switches escaping on.
pub(super) const HTML_WEB_VIEW: &str = "html_web_view";
pub(super) const HTML_FOOTER: &str = "html_footer";
/// What an edge must name, and what is said where it does not.
const OPT_OUT_MISSING: (&str, &str, &str) =
    (UNSUBSCRIBE, "opt_out_link_missing", "The footer has no way out; put {{ system.unsubscribe_url }} into it.");
const WEB_VIEW_MISSING: (&str, &str, &str) =
    (WEB_VIEW, "web_view_link_missing", "There is no way to the web page here; put {{ system.web_view_url }} into it.");

/// An email, checked and ready for any number of recipients. Keep one for each version.
#[derive(Debug)]
pub struct Compiled {
    pub(super) env: Environment<'static>,
    pub(super) has: Has,
    pub(super) texts: Texts,
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
    pub html_footer: bool,
    pub text_footer: bool,
    pub web_view: bool,
    pub from: bool,
    pub reply_to: bool,
    /// Its text is made once for each shape of the design.
    pub shapes: bool,
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
    /// They are, and the site is told who comes: `data-track="token"`.
    WithToken,
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
    check.addresses_of_text("/text", text.unwrap_or_default());
    has.text = text.is_some();
    has.html_footer = !in_design && !content.operational;
    has.text_footer = if has.text { !in_text && !content.operational } else { has.html_footer };
    if has.html_footer || has.text_footer {
        let footer = content.footer.clone().unwrap_or_else(Edge::way_out);
        check.edge((HTML_FOOTER, "text_footer", "/footer"), &footer, OPT_OUT_MISSING);
        check.warn_of_missing_opt_out(if in_design { "/text" } else { body_pointer });
    }
    has.web_view = content.web_view;
    if content.web_view {
        let view = content.view_link.clone().unwrap_or_else(Edge::web_view);
        check.edge((HTML_WEB_VIEW, "text_web_view", "/view_link"), &view, WEB_VIEW_MISSING);
    }
    check.look(body_pointer, body);
    let links = check.design(content, body_pointer);
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
    check.addresses_of_text(pointer, source);
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
            if let Some(why) = lint::of_sender(&from.name) {
                let message =
                    format!("The sender's name {why}; mailbox providers take that for a trick. Say who sends.");
                self.findings.push(Finding::warning("from_name_unclear", "/from/name", message));
            }
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

    /// Checks what goes above or under the email, and keeps both its parts as templates of these names.
    fn edge(
        &mut self,
        (html, text, pointer): (&'static str, &'static str, &str),
        edge: &Edge,
        (wanted, code, message): (&str, &str, &str),
    ) {
        for (name, part, source) in [(html, "html", &edge.html), (text, "text", &edge.text)] {
            let pointer = format!("{pointer}/{part}");
            if !self.part(name, &pointer, source).contains(wanted) {
                self.findings.push(Finding::error(code, &pointer, message));
            }
        }
        for (place, tag) in places_in(&edge.html) {
            let message = format!("`{tag}` {}.", place.advice());
            self.findings.push(Finding::error("value_misplaced", format!("{pointer}/html"), message));
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
        let of_records = |path: &&String| path.split('.').next() == Some(template::OBJECTS);
        for path in used.iter().filter(|path| !of_records(path)) {
            if let Some((code, message)) = names::unknown(path, self.attributes) {
                let at = line_of(&tags, |code| !names::uses(code, path).is_empty());
                self.findings.push(at_line(Finding::error(code, pointer, message), at));
            }
        }
        for tag in &tags {
            let refused = self.refused(tag).map(|(code, why)| Finding::error(code, pointer, why));
            self.findings.extend(refused.map(|finding| at_line(finding, Some(tag.line))));
            for why in lint::mistyped(tag, self.attributes) {
                let finding = Finding::error("token_type_mismatch", pointer, format!("{why}."));
                self.findings.push(at_line(finding, Some(tag.line)));
            }
        }
        self.records(pointer, source);
        self.paths.extend(used.iter().cloned());
        if !["/footer", "/view_link"].iter().any(|edge| pointer.starts_with(edge)) {
            self.fallbacks(pointer, source);
        }
        used
    }

    /// What is read of records: fields that they do not have, and filters that do not take them.
    fn records(&mut self, pointer: &str, source: &str) {
        for read in template::object_reads(source).unwrap_or_default() {
            let unknown = names::unknown_field(&read, self.attributes).map(|why| ("attribute_unknown", why));
            let mistyped =
                || Some(("token_type_mismatch", format!("{}.", lint::mistyped_field(&read, self.attributes)?)));
            if let Some((code, why)) = unknown.or_else(mistyped) {
                let finding = at_line(Finding::error(code, pointer, why), Some(read.line));
                if !self.findings.contains(&finding) {
                    self.findings.push(finding);
                }
            }
        }
    }

    /// Why a tag is refused: an unknown filter or test, or escaping switched off.
    fn refused(&self, tag: &Tag<'_>) -> Option<(&'static str, String)> {
        if tag.kind == TagKind::Statement && tag.keyword() == "autoescape" {
            let why = "Escaping cannot be switched off, because values come from outside; take `autoescape` out.";
            return Some(("escaping_off", why.to_owned()));
        }
        let code = tag.code();
        let mut state = self.env.empty_state();
        let unknown_filter = names::words_after(&code, "|").into_iter().find(|name| {
            matches!(state.apply_filter(name, &[Value::from("")]), Err(error) if error.kind() == ErrorKind::UnknownFilter)
        });
        if let Some(name) = unknown_filter {
            let why = match name {
                "safe" | "tojson" => format!("The filter `{name}` would let a value in unescaped; take it out."),
                _ => format!("There is no filter `{name}`; check its spelling."),
            };
            return Some(("filter_unknown", why));
        }
        let unknown_test = names::words_after(&code, " is ").into_iter().find(|name| {
            matches!(state.perform_test(name, &[Value::from("")]), Err(error) if error.kind() == ErrorKind::UnknownTest)
        });
        unknown_test.map(|name| ("test_unknown", format!("There is no test `is {name}`; check its spelling.")))
    }

    /// Turns the design into the HTML template; returns its links.
    fn design(&mut self, content: &EmailContent, pointer: &str) -> Vec<Link> {
        let (document, masked) = match design::document(&content.body) {
            Ok(document) => document,
            Err(DesignProblem { message, line }) => {
                self.findings.push(at_line(Finding::error("mjml_invalid", pointer, message), line));
                return Vec::new();
            }
        };
        for message in contrast::low(&document) {
            self.findings.push(Finding::warning("contrast_low", pointer, message));
        }
        self.warn(pointer, legible::at(&document));
        for (place, tag) in bad_places(&document, &masked) {
            let message = format!("`{tag}` {}.", place.advice());
            self.findings.push(Finding::error("value_misplaced", pointer, message));
        }
        let wishes: BTreeMap<String, LinkTracking> =
            content.links.iter().map(|(target, wish)| (html::as_linked(target), *wish)).collect();
        match html::prepare(&document, masked, &wishes, &Language::of(content), content.optimize_html) {
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
                self.warn(pointer, lint::of_links(&links));
                let gone = wishes.keys().filter(|target| links.iter().all(|link| link.target != **target));
                let gone = gone.map(|target| {
                    let message =
                        format!("No link leads to `{target}`; take it out of `links`, or write it as it stands there.");
                    Finding::warning("link_unknown", "/links", message)
                });
                self.findings.extend(gone);
                links
            }
            Err(error) => {
                let message = format!("The HTML cannot be read: {error}. Check that tags and quotes are closed.");
                self.findings.push(Finding::error("html_invalid", pointer, message));
                Vec::new()
            }
        }
    }

    /// What meets the eye in the source.
    fn look(&mut self, pointer: &str, body: &str) {
        self.warn(pointer, look::at(body));
    }

    fn warn(&mut self, pointer: &str, found: Vec<(&'static str, String)>) {
        let warnings = found.into_iter().map(|(code, message)| Finding::warning(code, pointer, message));
        self.findings.extend(warnings);
    }

    /// Values in the addresses of a plain text.
    fn addresses_of_text(&mut self, pointer: &str, source: &str) {
        for (tag, line) in lint::unencoded(source) {
            let message = format!(
                "`{tag}` stands in an address as it is, which a blank or an `&` in it breaks. Put `| url_encode` behind it."
            );
            self.findings.push(at_line(Finding::warning("token_in_url_unencoded", pointer, message), Some(line)));
        }
    }

    /// Values that are put out bare.
    fn fallbacks(&mut self, pointer: &str, source: &str) {
        for (path, line) in lint::bare_values(source) {
            let message = format!(
                "`{path}` has no fallback; where it is missing, nothing stands there. Write {{{{ {path} | default(\"\u{2026}\") }}}}."
            );
            self.findings.push(at_line(Finding::warning("token_without_fallback", pointer, message), Some(line)));
            self.bare.insert(path);
        }
    }

    fn finish(mut self, operational: bool, mut has: Has, links: Vec<Link>) -> Result<Compiled, Vec<Finding>> {
        if self.findings.iter().any(Finding::is_error) {
            return Err(self.findings);
        }
        let design = self.env.get_template(template::HTML_PREFIX);
        has.shapes = !has.text && design.is_ok_and(|design| shape::has_shapes(design.source()));
        if has.shapes {
            shape::mark_values(&mut self.env);
        }
        Ok(Compiled {
            env: self.env,
            has,
            texts: Texts::default(),
            paths: self.paths,
            links,
            warnings: self.findings,
            bare: self.bare,
            operational,
        })
    }
}

/// Values of a piece of HTML that stand where no value may.
fn places_in(html: &str) -> Vec<(BadPlace, String)> {
    let masked = mask(html);
    bad_places(&masked.text, &masked).into_iter().map(|(place, tag)| (place, tag.to_owned())).collect()
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

fn line_of(tags: &[Tag<'_>], matches: impl Fn(&str) -> bool) -> Option<u32> {
    tags.iter().find(|tag| matches(&tag.code())).map(|tag| tag.line)
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
