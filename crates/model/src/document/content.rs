//! Messages and what they are made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Definition, DocumentKind, Envelope, Reference};
use crate::finding::Finding;

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

/// An email.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Key of the connection that sends it.
    #[schemars(extend("x-reference" = "connection"))]
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
    /// Not marketing: goes also to people who opted out, and counts for no limit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub operational: bool,
    /// No open tracking, for anybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disable_open_tracking: bool,
    /// Prepends the link to the web page of this email.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub view_as_web_page: bool,
    /// Attributes that hold addresses for copies, at most 25.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 25))]
    pub cc: Vec<String>,
    /// Key of the rule set that limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "rule_set"))]
    pub rule_set: Option<String>,
}

impl Definition for Email {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        let empty = self.subject.trim().is_empty();
        empty
            .then(|| Finding::error("no_subject", "/subject", "The email has no subject. Write one."))
            .into_iter()
            .collect()
    }

    fn references(&self) -> Vec<Reference> {
        let mut found = vec![Reference::new(DocumentKind::Connection, &self.connection, "/connection")];
        found.extend(self.rule_set.iter().map(|key| Reference::new(DocumentKind::RuleSet, key, "/rule_set")));
        found
    }
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
}

impl Definition for EmailTemplate {}

/// A piece of content that several emails include.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fragment {
    /// The content.
    pub body: MailBody,
}

impl Definition for Fragment {}

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
    /// Key of the connection that sends it.
    #[schemars(extend("x-reference" = "connection"))]
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
    /// Key of the rule set that limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "rule_set"))]
    pub rule_set: Option<String>,
}

impl Definition for SmsMessage {
    fn references(&self) -> Vec<Reference> {
        let mut found = vec![Reference::new(DocumentKind::Connection, &self.connection, "/connection")];
        found.extend(self.rule_set.iter().map(|key| Reference::new(DocumentKind::RuleSet, key, "/rule_set")));
        found
    }
}
