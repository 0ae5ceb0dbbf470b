//! What an email consists of, as frozen in a published version, and what its templates may name.

use std::collections::BTreeMap;

use caravan_model::document::LinkTracking;
use caravan_model::value::ValueType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The values of one message, by namespace: `person`, `account`, `buying_group`, `objects`, `system`, `my`.
pub type Snapshot = serde_json::Value;

/// An email as its version froze it. Every text is a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailContent {
    /// The subject.
    pub subject: String,
    /// What mail programs show beside the subject; 40 to 100 characters read best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    /// The design.
    pub body: EmailBody,
    /// The plain text part; made from the design when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The language it is written in, as it says itself (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The organisation's, for a design that does not say it either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_language: Option<String>,
    /// Who it comes from; the connection's sender when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Sender>,
    /// Where answers go, when not to the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Goes out whatever the recipient opted out of, and carries no way out: contracts, incidents, passwords.
    #[serde(default)]
    pub operational: bool,
    /// Leaves without white space and comments that nobody sees.
    #[serde(default)]
    pub optimize_html: bool,
    /// Begins with the way to the message as a web page.
    #[serde(default)]
    pub web_view: bool,
    /// The way to the message as a web page, put above it; a plain one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_link: Option<Edge>,
    /// What is put under an email that carries no way out of its own; a plain one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<Edge>,
    /// How links are tracked, by where they lead; all others are counted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, LinkTracking>,
}

/// The design of an email.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmailBody {
    /// MJML: one source, laid out for every mail program.
    Mjml(String),
    /// HTML, taken as it is.
    Html(String),
}

/// Who an email comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// The display name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// What is put above or under an email, in both its parts. Both are templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// In the HTML part.
    pub html: String,
    /// In the plain text part.
    pub text: String,
}

impl Edge {
    /// The way out, for emails without one. Must name `system.unsubscribe_url`.
    pub fn way_out() -> Self {
        Self {
            html: concat!(
                r#"<div style="padding:16px;text-align:center;font-family:Arial,sans-serif;font-size:12px;"#,
                r#"line-height:18px;color:#5f6368">{% if system.postal_address %}{{ system.postal_address }}<br>"#,
                r#"{% endif %}<a href="{{ system.unsubscribe_url }}" style="color:#5f6368">Unsubscribe</a></div>"#,
            )
            .into(),
            text: concat!(
                "-- \n{% if system.postal_address %}{{ system.postal_address }}\n{% endif %}",
                "Unsubscribe: {{ system.unsubscribe_url }}\n",
            )
            .into(),
        }
    }

    /// The way to the message as a web page. Must name `system.web_view_url`.
    pub fn web_view() -> Self {
        Self {
            html: concat!(
                r#"<div style="padding:8px;text-align:center;font-family:Arial,sans-serif;font-size:12px;"#,
                r#"line-height:18px;color:#5f6368">"#,
                r#"<a href="{{ system.web_view_url }}" style="color:#5f6368">View as web page</a></div>"#,
            )
            .into(),
            text: "View as web page: {{ system.web_view_url }}".into(),
        }
    }
}

/// What `system` offers to every template. `unsubscribe_url` and `web_view_url` are filled in by the renderer, the rest by whoever takes
/// the snapshot.
pub const SYSTEM_ATTRIBUTES: &[&str] = &[
    "unsubscribe_url",
    "web_view_url",
    "organisation",
    "postal_address",
    "date",
    "time",
    "date_time",
    "time_zone",
    "locale",
    "random",
];

/// The attributes that a template may name, as paths (`person.first_name`), with what values they take where that is
/// known.
#[derive(Debug, Clone, Default)]
pub struct Attributes(BTreeMap<String, Option<ValueType>>);

impl Attributes {
    /// The given paths and everything of `system`.
    pub fn new<S: Into<String>>(paths: impl IntoIterator<Item = S>) -> Self {
        let paths = paths.into_iter().map(|path| (path.into(), None)).collect();
        Self(paths).of_system(SYSTEM_ATTRIBUTES)
    }

    /// … and these of `system`.
    #[must_use]
    pub fn of_system(mut self, names: &[&str]) -> Self {
        self.0.extend(names.iter().map(|name| (format!("system.{name}"), None)));
        self
    }

    /// The same without these.
    #[must_use]
    pub fn without(mut self, paths: &[&str]) -> Self {
        self.0.retain(|path, _| !paths.contains(&path.as_str()));
        self
    }

    /// One more, which takes such values.
    #[must_use]
    pub fn typed(mut self, path: impl Into<String>, value_type: ValueType) -> Self {
        self.0.insert(path.into(), Some(value_type));
        self
    }

    /// Whether a template may name `path`.
    pub fn contains(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// What values an attribute takes, where that is known.
    pub fn value_type(&self, path: &str) -> Option<ValueType> {
        self.0.get(path).copied().flatten()
    }

    /// Whether any attribute lies below `namespace`.
    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.names_in(namespace).next().is_some()
    }

    /// The names below `namespace`.
    pub fn names_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().filter_map(move |path| path.strip_prefix(namespace)?.strip_prefix('.'))
    }
}
