//! Other systems: connections, destinations, services, sending domains.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Definition, DocumentKind, Envelope, PlacedCondition, Reference};
use crate::attribute::Subject;
use crate::duration::Duration;
use crate::finding::Finding;
use crate::journey::On;

/// Where a secret is found. Never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// In this environment variable.
    Env(String),
    /// In this file.
    File(String),
}

/// Secrets by name.
pub type Secrets = IndexMap<String, Secret>;

/// What kind of system a connection reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ConnectionType {
    Smtp,
    Twilio,
    Sinch,
    Infobip,
    Marketo,
    Linkedin,
    Aep,
    Google,
    Meta,
    S3,
    Sftp,
    Folder,
    Openai,
    Webhook,
}

/// Access to another system. Its settings are typed by the connector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// What kind of system it is.
    #[serde(rename = "type")]
    pub connection_type: ConnectionType,
    /// What the connector needs to know.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-reader" = "settings"))]
    pub settings: Map<String, Value>,
    /// What it must keep to itself, each `{env: NAME}` or `{file: PATH}`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(extend("x-reader" = "secrets"))]
    pub secrets: Secrets,
}

impl Definition for Connection {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        self.imports().err().into_iter().collect()
    }
}

/// Where audiences and accounts are handed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// What kind of system it is.
    #[serde(rename = "type")]
    pub destination_type: DestinationType,
    /// The connection to it.
    #[schemars(extend("x-reference" = "connection"))]
    pub connection: String,
    /// What the connector needs to know about this destination.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-reader" = "settings"))]
    pub settings: Map<String, Value>,
}

/// Systems that take audiences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum DestinationType {
    Linkedin,
    Aep,
    Google,
    Meta,
    S3,
    Sftp,
    Folder,
    Webhook,
}

impl DestinationType {
    /// Whether journeys and data flows hand accounts to it.
    pub fn takes_accounts(self) -> bool {
        matches!(self, Self::Linkedin)
    }
}

impl Definition for Destination {
    fn references(&self) -> Vec<Reference> {
        vec![Reference::new(DocumentKind::Connection, &self.connection, "/connection")]
    }
}

/// Accounts that a destination is kept in step with: whoever meets the condition is in the audience, nobody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataFlow {
    /// The destination.
    #[schemars(extend("x-reference" = "destination", "x-takes" = "accounts"))]
    pub destination: String,
    /// Which accounts: by their buying groups. It cannot be changed once the flow is live.
    #[schemars(extend("x-reader" = "condition"))]
    pub when: Value,
}

impl DataFlow {
    /// The most data flows that there may be.
    pub const MOST: usize = 10;
    /// What the names of their audiences begin with over there.
    pub const PREFIX: &'static str = "Caravan ";
}

impl Definition for DataFlow {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        let message = "A data flow is about buying groups. Test one of them with `buying_group`.";
        let without = !mentions(&self.when, "buying_group");
        without.then(|| Finding::error("no_buying_group_test", "/when", message)).into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::new(DocumentKind::Destination, &self.destination, "/destination")]
    }

    fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        vec![PlacedCondition::new("/when", Subject::Account, &self.when)]
    }
}

/// Whether a condition has a test of this name anywhere.
fn mentions(condition: &Value, test: &str) -> bool {
    match condition {
        Value::Object(fields) => fields.iter().any(|(name, inner)| name == test || mentions(inner, test)),
        Value::Array(all) => all.iter().any(|inner| mentions(inner, test)),
        _ => false,
    }
}

/// A named set of people that is handed to destinations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalAudience {
    /// The destinations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-reference" = "destination", "x-takes" = "people"))]
    pub destinations: Vec<String>,
}

impl Definition for ExternalAudience {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        let message = "The audience is handed to nobody. Name its destinations.";
        let nobody = self.destinations.is_empty();
        nobody.then(|| Finding::warning("no_destination", "/destinations", message)).into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        Reference::each(DocumentKind::Destination, &self.destinations, "/destinations")
    }
}

/// An external service that journeys call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalAction {
    /// Address of its OpenAPI document.
    pub url: String,
    /// Whom it is about.
    pub on: On,
    /// Whether its answer chooses a path (for external splits).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub split: bool,
    /// How long an answer may take, 4 hours at most; left out: one hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-units" = ["m", "h"]))]
    pub timeout: Option<Duration>,
    /// Attribute of the service → attribute of ours that is sent as it.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(extend("additionalProperties" = {"type": "string", "x-attribute": "on", "x-attribute-use": "read"}))]
    pub outgoing: IndexMap<String, String>,
    /// Updatable attribute of ours → attribute of the service's answer that is written to it.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(extend("x-keys" = "attribute"))]
    pub incoming: IndexMap<String, String>,
    /// Headers of every call.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("x-reader" = "settings"))]
    pub headers: Map<String, Value>,
    /// Values that are the same in every call.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
    /// What it must keep to itself, each `{env: NAME}` or `{file: PATH}`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(extend("x-reader" = "secrets"))]
    pub secrets: Secrets,
}

impl Definition for ExternalAction {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        web_address(&self.url).into_iter().collect()
    }
}

/// A domain that mail is sent from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendingDomain {
    /// Its name.
    pub domain: String,
    /// The keys that sign; two while one replaces the other. Left out: none signs yet.
    #[serde(default)]
    #[schemars(length(max = 2))]
    pub dkim: Vec<DkimKey>,
    /// Domain that bounces return to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_path: Option<String>,
    /// Domain of the links in messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// The private keys by name, each `{env: NAME}` or `{file: PATH}`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(extend("x-reader" = "secrets"))]
    pub secrets: Secrets,
}

/// A signing key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DkimKey {
    /// Under which its public half is found.
    pub selector: String,
    /// Name of its private half under `secrets`; left out: `dkim_private_key`. `dkim_key_…` was made and is kept here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// How secrets of keys that were made here begin; their selector follows.
const MADE_HERE: &str = "dkim_key_";

impl DkimKey {
    /// A key that is made and kept here. Names of secrets have no hyphens.
    pub fn made_here(selector: &str) -> Self {
        Self { selector: selector.to_owned(), secret: Some(format!("{MADE_HERE}{}", selector.replace('-', "_"))) }
    }

    /// The selector of a key that was made here, by the name of its secret.
    pub fn made_here_for(secret: &str) -> Option<String> {
        secret.strip_prefix(MADE_HERE).map(|selector| selector.replace('_', "-"))
    }

    /// Whether it was made here.
    pub fn is_made_here(&self) -> bool {
        self.secret_name().starts_with(MADE_HERE)
    }

    /// Name of its private half.
    pub fn secret_name(&self) -> &str {
        self.secret.as_deref().unwrap_or(SendingDomain::DEFAULT_SECRET)
    }
}

impl SendingDomain {
    /// The secret of a key that names none.
    pub const DEFAULT_SECRET: &'static str = "dkim_private_key";
}

impl Definition for SendingDomain {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        let mut findings = Vec::new();
        let domains = [
            (Some(&self.domain), "/domain"),
            (self.return_path.as_ref(), "/return_path"),
            (self.tracking.as_ref(), "/tracking"),
        ];
        for (domain, pointer) in domains.into_iter().filter_map(|(domain, pointer)| Some((domain?, pointer))) {
            let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !domain.contains('.') || !domain.split('.').all(label) {
                let message = format!("`{domain}` is no domain. Write it like `news.acme.example`, in ASCII.");
                findings.push(Finding::error("bad_domain", pointer, message));
            }
        }
        for (n, key) in self.dkim.iter().enumerate() {
            let name = key.secret_name();
            if !self.secrets.contains_key(name) && !key.is_made_here() {
                let message = format!("The private key `{name}` is not given. Name where it is found under `secrets`.");
                findings.push(Finding::error("required", format!("/dkim/{n}/secret"), message));
            }
            let selector = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            if key.selector.is_empty() || !key.selector.chars().all(selector) {
                let message = "A selector is made of letters, digits and hyphens.";
                findings.push(Finding::error("bad_selector", format!("/dkim/{n}/selector"), message));
            }
        }
        findings
    }
}

/// A subscription of another system to activities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where they are posted to.
    pub url: String,
    /// Types of activity; left out: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-reference" = "activity_type"))]
    pub activities: Vec<String>,
    /// `signing_secret`, as `{env: NAME}` or `{file: PATH}`, when it is not kept by Caravan.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(extend("x-reader" = "secrets"))]
    pub secrets: Secrets,
}

impl Definition for Webhook {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        web_address(&self.url).into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        Reference::each(DocumentKind::ActivityType, &self.activities, "/activities")
    }
}

fn web_address(url: &str) -> Option<Finding> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if host.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
        let message = format!("`{url}` is no web address. Write it in full, beginning with https://.");
        return Some(Finding::error("bad_url", "/url", message));
    }
    host.and_then(|rest| rest.split('/').next()).filter(|authority| authority.contains('@')).map(|_| {
        let message = "The address carries a user name or password. Move them to `secrets`.";
        Finding::error("literal_secret", "/url", message)
    })
}
