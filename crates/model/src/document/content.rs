//! Messages and what they are made of.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use serde_json::Value;

use super::expand::fragment_references;
use super::language::known_language;
use super::{Definition, DocumentKind, Envelope, PlacedCondition, Reference};
use crate::attribute::Subject;
use crate::finding::Finding;
use crate::template;

/// Name and address in a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// What people read; may be a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address; may be a template.
    pub email: String,
}

/// The body of an email: one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailBody {
    /// MJML, turned into HTML when it is published.
    Mjml(String),
    /// HTML as it is.
    Html(String),
}

impl MailBody {
    /// The source, with the pointer at which it stands.
    fn template(&self) -> (&'static str, &str) {
        match self {
            Self::Mjml(source) => ("/body/mjml", source),
            Self::Html(source) => ("/body/html", source),
        }
    }
}

/// A condition on which content depends: `{% if condition.NAME %}`. Its own, or one that is saved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContentCondition {
    /// Whom it is about: the recipient, or the account on whose trip the message is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// When it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reader" = "condition"))]
    pub when: Option<Value>,
    /// A saved filter that says both, instead; several emails may name the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "audience"))]
    pub audience: Option<String>,
}

/// What a condition asks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Asks<'a> {
    /// This, of this subject.
    Own(Subject, &'a Value),
    /// Whatever the saved filter of this key asks.
    Saved(&'a str),
}

impl ContentCondition {
    /// A condition of the content's own.
    pub fn own(subject: Subject, when: Value) -> Self {
        Self { subject: Some(subject), when: Some(when), audience: None }
    }

    /// What it asks; none where it is not written as one of the two.
    pub fn asks(&self) -> Option<Asks<'_>> {
        match (self.subject, &self.when, &self.audience) {
            (Some(subject), Some(when), None) => Some(Asks::Own(subject, when)),
            (None, None, Some(key)) => Some(Asks::Saved(key)),
            _ => None,
        }
    }
}

/// The conditions of the content's own, as they are written.
fn placed(conditions: &IndexMap<String, ContentCondition>) -> Vec<PlacedCondition<'_>> {
    let mut found = Vec::with_capacity(conditions.len());
    for (name, condition) in conditions {
        if let Some(Asks::Own(subject, when)) = condition.asks() {
            let pointer = format!("/conditions/{}/when", crate::source::escaped(name));
            found.push(PlacedCondition::in_journey(pointer, subject, when));
        }
    }
    found
}

/// The saved filters that conditions name.
fn saved(conditions: &IndexMap<String, ContentCondition>) -> impl Iterator<Item = Reference> {
    conditions.iter().filter_map(|(name, condition)| {
        let pointer = format!("/conditions/{}/audience", crate::source::escaped(name));
        Some(Reference::new(DocumentKind::Audience, condition.audience.as_ref()?, pointer))
    })
}

/// What stands against conditions: their names, and how they are written.
fn bad_conditions(conditions: &IndexMap<String, ContentCondition>) -> Vec<Finding> {
    let mut findings = bad_names(conditions.keys());
    for (name, _) in conditions.iter().filter(|(_, condition)| condition.asks().is_none()) {
        let message =
            "A condition says `subject` and `when`, or names a saved filter as `audience`. Keep one of the two.";
        let pointer = format!("/conditions/{}", crate::source::escaped(name));
        findings.push(Finding::error("not_exactly_one", pointer, message));
    }
    findings
}

/// What stands against their names.
fn bad_names<'a>(names: impl Iterator<Item = &'a String>) -> Vec<Finding> {
    let bad = names.filter(|name| !is_name(name));
    let message = |name: &String| {
        format!("`{name}` is no name for templates. Write small letters, digits and `_`, beginning with a letter.")
    };
    bad.map(|name| Finding::error("bad_name", format!("/conditions/{}", crate::source::escaped(name)), message(name)))
        .collect()
}

/// Whether templates can say it: `condition.NAME`, `my.NAME`.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= 60
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// What becomes of clicks on a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkTracking {
    /// They are counted.
    #[default]
    Tracked,
    /// They are counted, and the site is told who comes: what they look at there is theirs from then on.
    WithToken,
    /// They are not counted; the address stays as it is.
    Off,
}

/// An email.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// The connection that sends it.
    #[schemars(extend("x-reference" = "connection", "x-connection-type" = "smtp"))]
    pub connection: String,
    /// Who it comes from; left out: the connection's sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Mailbox>,
    /// Where answers go; left out: to the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mailbox>,
    /// The subject line, a template.
    #[schemars(length(min = 1, max = 998))]
    pub subject: String,
    /// What mail programs show beside the subject, a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    /// The content, a template.
    pub body: MailBody,
    /// The text version, a template; left out: made from the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The language it is written in (`de`, `pt-BR`, `ar`), for those who have it read aloud or translated, and for the way it
    /// runs; left out: what the design says itself, or else the first of the organisation's languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Not marketing: goes also to people who opted out, and counts for no limit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub operational: bool,
    /// No open tracking, for anybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disable_open_tracking: bool,
    /// Sends its HTML without the white space and the comments that nobody sees; what Outlook reads stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optimize_html: bool,
    /// Prepends the link to the web page of this email.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub view_as_web_page: bool,
    /// Attributes that hold addresses for copies (`account.owner_email`), at most 25. A copy is the same message: whatever is
    /// done with its links counts for the recipient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 25))]
    pub cc: Vec<String>,
    /// The rule set that limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "rule_set"))]
    pub rule_set: Option<String>,
    /// The solution interest whose buying group of the account `buying_group` tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "solution_interest"))]
    pub solution_interest: Option<String>,
    /// Conditions on which content depends, by the name with which templates ask: `{% if condition.NAME %}`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub conditions: IndexMap<String, ContentCondition>,
    /// How clicks on links are tracked, by where they lead, as it stands in the content; all others are counted.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub links: IndexMap<String, LinkTracking>,
    /// Key of the template that it was made of, which may be gone or changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_of: Option<String>,
    /// What the template that it was made of locks; stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<EmailLock>,
}

/// What an email that was made of a template may not change: the locks as they were then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailLock {
    /// Key of the template.
    pub template: String,
    /// How much is locked.
    pub lock: TemplateLock,
    /// What may be added, where the template says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additions: Option<Additions>,
    /// The template's content, with its marks.
    pub body: MailBody,
}

/// What emails made of a template may change. Elements are marked with `data-lock`: `locked`, `content` or `editable`; what lies in
/// one follows it until it is marked itself. A locked one with `data-allow-delete="yes"` may be taken out as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplateLock {
    /// All but what is marked.
    Marked,
    /// Nothing but what is marked.
    All,
}

/// What may be added to emails made of a template. What is marked `locked` or `content` takes nothing new, whatever is said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Additions {
    /// Nothing: there are no more blocks and sections than the template has.
    None,
    /// Blocks, in the columns that there are; no sections.
    Content,
    /// Blocks and sections.
    Structures,
}

impl Email {
    /// Key of the template that it was made of, if it says so.
    pub fn template(&self) -> Option<&str> {
        self.made_of.as_deref().or(self.lock.as_ref().map(|lock| lock.template.as_str()))
    }

    /// Every text of it that is a template, with its pointer.
    pub fn templates(&self) -> Vec<(&'static str, &str)> {
        let mut found = vec![("/subject", self.subject.as_str()), self.body.template()];
        found.extend(self.preheader.as_deref().map(|text| ("/preheader", text)));
        found.extend(self.text.as_deref().map(|text| ("/text", text)));
        for (mailbox, name, email) in
            [(&self.from, "/from/name", "/from/email"), (&self.reply_to, "/reply_to/name", "/reply_to/email")]
        {
            found.extend(mailbox.iter().filter_map(|mailbox| Some((name, mailbox.name.as_deref()?))));
            found.extend(mailbox.iter().map(|mailbox| (email, mailbox.email.as_str())));
        }
        found
    }

    /// The values that its templates read, as paths (`person.first_name`).
    ///
    /// # Errors
    /// Every text that is no template.
    pub fn paths(&self) -> Result<BTreeSet<String>, Vec<Finding>> {
        let mut paths = BTreeSet::new();
        let mut findings = Vec::new();
        for (pointer, text) in self.templates() {
            match template::paths(text) {
                Ok(found) => paths.extend(found),
                Err(finding) => findings.push(finding.under(pointer)),
            }
        }
        paths.extend(self.cc.iter().filter(|path| path.contains('.')).cloned());
        if findings.is_empty() { Ok(paths) } else { Err(findings) }
    }
}

/// The most attributes with addresses for copies.
const MOST_COPIES: usize = 25;

impl Definition for Email {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        let mut findings = bad_conditions(&self.conditions);
        if self.cc.len() > MOST_COPIES {
            let message = format!("An email has at most {MOST_COPIES} attributes with addresses for copies.");
            findings.push(Finding::error("too_many_copies", "/cc", message));
        }
        findings.extend(self.language.as_deref().and_then(|tag| known_language(tag, "/language")));
        findings
    }

    fn references(&self) -> Vec<Reference> {
        let mut found = vec![Reference::new(DocumentKind::Connection, &self.connection, "/connection")];
        found.extend(self.rule_set.iter().map(|key| Reference::new(DocumentKind::RuleSet, key, "/rule_set")));
        let interest = self.solution_interest.iter();
        found.extend(interest.map(|key| Reference::new(DocumentKind::SolutionInterest, key, "/solution_interest")));
        found.extend(fragment_references(&self.body, self.text.as_deref()));
        found.extend(object_references(self.templates()));
        found.extend(saved(&self.conditions));
        found
    }

    fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        placed(&self.conditions)
    }
}

/// The custom objects whose records texts read. One that cannot be read names none; that is said elsewhere.
fn object_references(texts: Vec<(&'static str, &str)>) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    for (pointer, text) in texts {
        let without_pieces = template::included(text, |_| Ok::<_, ()>(String::new())).unwrap_or_default();
        for read in template::object_reads(&without_pieces).unwrap_or_default() {
            let reference = Reference::new(DocumentKind::CustomObject, read.object, pointer);
            if !found.contains(&reference) {
                found.push(reference);
            }
        }
    }
    found
}

/// A body to begin emails with; later changes do not reach them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailTemplate {
    /// A subject line to begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The content.
    pub body: MailBody,
    /// The text version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The language it is written in (`de`, `pt-BR`, `ar`); emails made of it begin with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Conditions on which content depends; emails made of it begin with them.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub conditions: IndexMap<String, ContentCondition>,
    /// What emails made of it may change; left out: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<TemplateLock>,
    /// What may be added to emails made of it, where it locks something; left out: nothing where all is locked, anything to what
    /// is open otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additions: Option<Additions>,
}

impl EmailTemplate {
    /// An email that begins as this template, of this key, is, and keeps to what it locks.
    pub fn begun(&self, key: &str, connection: &str) -> Email {
        let lock = self.lock.map(|lock| EmailLock {
            template: key.to_owned(),
            lock,
            additions: self.additions,
            body: self.body.clone(),
        });
        Email { lock, made_of: Some(key.to_owned()), ..self.email(connection) }
    }

    /// An email with what this template says; it goes its own way from then on.
    pub fn email(&self, connection: &str) -> Email {
        Email {
            connection: connection.to_owned(),
            from: None,
            reply_to: None,
            subject: self.subject.clone().unwrap_or_default(),
            preheader: None,
            body: self.body.clone(),
            text: self.text.clone(),
            language: self.language.clone(),
            operational: false,
            disable_open_tracking: false,
            optimize_html: false,
            view_as_web_page: false,
            cc: Vec::new(),
            rule_set: None,
            solution_interest: None,
            conditions: self.conditions.clone(),
            links: IndexMap::new(),
            made_of: None,
            lock: None,
        }
    }
}

impl EmailTemplate {
    /// Every text of it that is a template, with its pointer.
    pub fn templates(&self) -> Vec<(&'static str, &str)> {
        let subject = self.subject.as_deref().map(|text| ("/subject", text));
        let text = self.text.as_deref().map(|text| ("/text", text));
        subject.into_iter().chain([self.body.template()]).chain(text).collect()
    }
}

impl Definition for EmailTemplate {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        let language = self.language.as_deref().and_then(|tag| known_language(tag, "/language"));
        let mut findings = bad_conditions(&self.conditions);
        findings.extend(language);
        if self.additions.is_some() && self.lock.is_none() {
            let message =
                "Nothing is locked, so anything may be added. Say what is locked with `lock`, or take `additions` out.";
            findings.push(Finding::error("additions_without_lock", "/additions", message));
        }
        findings
    }

    fn references(&self) -> Vec<Reference> {
        let fragments = fragment_references(&self.body, self.text.as_deref()).into_iter();
        fragments.chain(object_references(self.templates())).chain(saved(&self.conditions)).collect()
    }

    fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        placed(&self.conditions)
    }
}

/// A piece of content that several emails include.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fragment {
    /// The content.
    pub body: MailBody,
    /// The same for text parts that take it in; left out: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Conditions on which its content depends.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub conditions: IndexMap<String, ContentCondition>,
    /// What those who take it in may say otherwise, by the name under which it asks for it: `{{ field.NAME }}`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fields: IndexMap<String, FragmentField>,
}

/// A field of a fragment that others may fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FragmentField {
    /// What people read beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What stands there when nobody says otherwise: text, not markup; may be a template.
    pub default: String,
}

impl Fragment {
    /// A fragment without conditions and fields.
    pub fn new(body: MailBody, text: Option<String>) -> Self {
        Self { body, text, conditions: IndexMap::new(), fields: IndexMap::new() }
    }

    /// Fields that it asks for and does not declare.
    pub(super) fn undeclared(&self) -> Vec<Finding> {
        let (pointer, body) = match &self.body {
            MailBody::Mjml(source) => ("/body/mjml", source.as_str()),
            MailBody::Html(source) => ("/body/html", source.as_str()),
        };
        let texts = [(pointer, body), ("/text", self.text.as_deref().unwrap_or_default())];
        let asked = texts
            .into_iter()
            .flat_map(|(pointer, text)| template::fields(text).into_iter().map(move |name| (pointer, name)));
        let unknown = asked.filter(|(_, name)| !self.fields.contains_key(*name));
        let message =
            |name: &str| format!("The field `{name}` is not declared. Add it under `fields` with its `default`.");
        unknown.map(|(pointer, name)| Finding::error("fragment_field_unknown", pointer, message(name))).collect()
    }
}

impl Fragment {
    /// Every text of it that is a template, with its pointer.
    pub fn templates(&self) -> Vec<(&'static str, &str)> {
        let text = self.text.as_deref().map(|text| ("/text", text));
        std::iter::once(self.body.template()).chain(text).collect()
    }
}

impl Definition for Fragment {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        let mut findings = bad_conditions(&self.conditions);
        let bad = self.fields.keys().filter(|name| !is_name(name));
        findings.extend(bad.map(|name| {
            let message = format!(
                "`{name}` is no name for templates. Write small letters, digits and `_`, beginning with a letter."
            );
            Finding::error("bad_name", format!("/fields/{}", crate::source::escaped(name)), message)
        }));
        findings.extend(self.undeclared());
        findings
    }

    fn references(&self) -> Vec<Reference> {
        let fragments = fragment_references(&self.body, self.text.as_deref()).into_iter();
        fragments.chain(object_references(self.templates())).chain(saved(&self.conditions)).collect()
    }

    fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        placed(&self.conditions)
    }
}

/// Why a message is sent, which decides on the consent it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageType {
    /// Needs consent.
    Marketing,
    /// Something the person asked for.
    Transactional,
}

/// A text message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsMessage {
    /// The connection that sends it.
    #[schemars(extend("x-reference" = "connection", "x-connection-type" = "twilio"))]
    pub connection: String,
    /// Why it is sent.
    #[serde(rename = "type")]
    pub message_type: MessageType,
    /// The text, a template.
    #[schemars(length(min = 1, max = 1600))]
    pub body: String,
    /// Whether links are shortened and counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shorten_links: bool,
    /// Whether the sites to which short links lead are told who comes, as tracked links of emails can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub visitor_token: bool,
    /// The rule set that limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "rule_set"))]
    pub rule_set: Option<String>,
}

impl Definition for SmsMessage {
    fn references(&self) -> Vec<Reference> {
        let mut found = vec![Reference::new(DocumentKind::Connection, &self.connection, "/connection")];
        found.extend(self.rule_set.iter().map(|key| Reference::new(DocumentKind::RuleSet, key, "/rule_set")));
        found.extend(object_references(vec![("/body", self.body.as_str())]));
        found
    }
}
