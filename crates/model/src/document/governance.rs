//! What governs: access roles, the organisation's settings.

use std::net::IpAddr;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::crm::CrmLinks;
use super::language::{DEFAULT_LANGUAGE, is_language, known_language};
use super::rules::known_zone;
use super::{Definition, DocumentKind, Envelope, Reference};
use crate::attribute::{Schema, Subject, Switch};
use crate::duration::Duration;
use crate::finding::Finding;
use crate::permission::Permission;

/// What a role of users may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessRole {
    /// What whoever has the role may do.
    #[schemars(length(min = 1))]
    pub permissions: Vec<Permission>,
}

/// Key of the role that may do everything.
pub const ADMINISTRATOR: &str = "administrator";

/// Keys of the roles that every installation has.
pub const BUILT_IN_ACCESS_ROLES: &[&str] = &[ADMINISTRATOR, "journey_manager", "channel_manager", "sales", "viewer"];

impl Definition for AccessRole {
    fn check(&self, envelope: &Envelope) -> Vec<Finding> {
        let mut findings = Vec::new();
        if BUILT_IN_ACCESS_ROLES.contains(&envelope.key.replace('-', "_").as_str()) {
            let message = format!("Every installation has a role `{}`. Choose another key.", envelope.key);
            findings.push(Finding::error("built_in_access_role", "/key", message));
        }
        for (n, permission) in self.permissions.iter().enumerate() {
            if self.permissions[..n].contains(permission) {
                let message = format!("`{}` stands here twice. Remove one.", permission.key());
                findings.push(Finding::error("duplicate_permission", format!("/permissions/{n}"), message));
            }
        }
        findings
    }
}

/// The organisation's settings. There is one such document, with the key `settings`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the organisation.
    pub organisation: String,
    /// Postal address, as marketing mail must carry it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_address: Option<String>,
    /// The organisation's zone; left out: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Languages of its messages (`en`, `de`), the default first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// For trials: only these get messages, everybody else is skipped. Addresses (`ada@acme.example`), domains
    /// (`@acme.example`) and phone numbers (`+49…`); left out: everybody may get messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_list: Option<Vec<String>>,
    /// What is decided about standard attributes of accounts and people, by their key.
    #[serde(default, skip_serializing_if = "FieldSwitches::is_empty")]
    pub fields: FieldSwitches,
    /// Key of the true-or-false attribute of people that says whether their opens may be seen; whoever has no *true* there
    /// gets no picture that tells. Left out: everybody's opens may be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_tracking_consent: Option<String>,
    /// What goes around every email.
    #[serde(default, skip_serializing_if = "AroundEmails::is_default")]
    pub emails: AroundEmails,
    /// How many records of an object a message is made from, the newest; left out: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub records_in_messages: Option<u32>,
    /// Proofs: messages to those who look them over.
    #[serde(default, skip_serializing_if = "Proofs::is_default")]
    pub proofs: Proofs,
    /// Mail to users of this installation.
    #[serde(default, skip_serializing_if = "Notices::is_default")]
    pub notices: Notices,
    /// What is done with opens and clicks of machines.
    #[serde(default, skip_serializing_if = "Machines::is_default")]
    pub machines: Machines,
    /// Whether browsers are told to come over https alone.
    #[serde(default, skip_serializing_if = "StrictTransport::is_default")]
    pub strict_transport: StrictTransport,
    /// How long what happened is kept; left out: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Where records stand in the CRM, so that their pages link to it.
    #[serde(default, skip_serializing_if = "CrmLinks::is_default")]
    pub crm: CrmLinks,
}

impl Settings {
    /// The language of what does not say its own: the first of the organisation's.
    pub fn language(&self) -> &str {
        self.languages.first().map(String::as_str).filter(|tag| is_language(tag)).unwrap_or(DEFAULT_LANGUAGE)
    }
}

/// What goes around every email, in words of the organisation's own. A published journey keeps what held when it was published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AroundEmails {
    /// Under marketing emails that place no way out themselves: must name `system.unsubscribe_url`. Left out: the postal address
    /// and *Unsubscribe*.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_out: Option<EmailEdge>,
    /// Above emails that are also a web page: must name `system.web_view_url`. Left out: *View as web page*.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_as_web_page: Option<EmailEdge>,
}

impl AroundEmails {
    /// Whether nothing is said otherwise than it is by itself.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Something around emails, in both their parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailEdge {
    /// In the HTML part; may name `system.organisation` and `system.postal_address`.
    pub html: String,
    /// In the plain text part; may name the same.
    pub text: String,
}

/// How proofs leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Proofs {
    /// What stands before the subject of an email; empty: nothing.
    #[schemars(length(max = 60))]
    pub subject_prefix: String,
    /// Proofs that leave within an hour of the clock, emails and text messages together.
    #[schemars(range(min = 1, max = 10_000))]
    pub per_hour: u32,
    /// The organisation's own domains, and what lies below them: proofs of emails to others ask for the permission
    /// `proofs:outside`. Empty: every domain is one's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub domains: Vec<String>,
}

impl Default for Proofs {
    fn default() -> Self {
        Self { subject_prefix: "[Proof]".to_owned(), per_hour: 100, domains: Vec::new() }
    }
}

impl Proofs {
    /// Whether an address lies outside of the organisation's own domains.
    pub fn is_outside(&self, address: &str) -> bool {
        let host = address.rsplit_once('@').map_or("", |(_, host)| host).trim().to_ascii_lowercase();
        let inside = |domain: &String| {
            let domain = domain.trim().to_ascii_lowercase();
            host.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        !self.domains.is_empty() && !self.domains.iter().any(inside)
    }

    fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let prefix = &self.subject_prefix;
        if prefix.chars().count() > 60 || prefix.chars().any(char::is_control) {
            let message = "This goes before a subject. Write at most 60 characters, in one line.";
            findings.push(Finding::error("bad_prefix", "/proofs/subject_prefix", message));
        }
        for (n, domain) in self.domains.iter().enumerate() {
            let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
            if !domain.contains('.') || !domain.split('.').all(label) {
                let message = format!("`{domain}` is no domain. Write it like `acme.example`.");
                findings.push(Finding::error("bad_domain", format!("/proofs/domains/{n}"), message));
            }
        }
        if !(1..=10_000).contains(&self.per_hour) {
            let message = "Between 1 and 10000 proofs an hour are possible.";
            findings.push(Finding::error("out_of_range", "/proofs/per_hour", message));
        }
        findings
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What users of this installation are told by mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Notices {
    /// Whoever is mentioned in a comment is told by mail too, unless they do not want that.
    pub mentions: bool,
    /// Key of the connection that sends it; left out: the first of those that send emails, by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "connection", "x-connection-type" = "smtp"))]
    pub connection: Option<String>,
}

impl Default for Notices {
    fn default() -> Self {
        Self { mentions: true, connection: None }
    }
}

impl Notices {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What is done with opens and clicks that a machine made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// Machines are not looked for.
    Off,
    /// They count, and their activities say how they were told.
    Log,
    /// They are kept apart; journeys, scores and rates do not see them.
    #[default]
    Filter,
}

/// How machines are told from people, and what is done with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Machines {
    /// Programs that say themselves that they are machines (crawlers, previews, security gateways), and whatever comes from
    /// `networks`.
    pub known: Treatment,
    /// Pictures that mailbox providers fetch before anybody looks (Apple's mail privacy protection, Gmail's proxy).
    pub prefetches: Treatment,
    /// Several links of one message followed at nearly the same time.
    pub bursts: Treatment,
    /// The picture that tells of an open fetched twice, or while a link is followed, at nearly the same time. Some mail
    /// programs of people fetch it twice.
    pub open_bursts: Treatment,
    /// What that is, in seconds, 3 at most; 0: in the same second.
    #[schemars(range(max = 3))]
    pub burst_seconds: u8,
    /// More names of machines, or parts of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<String>,
    /// Links followed so soon after the message was handed over that nobody can have read it.
    pub quick: Treatment,
    /// What that is, in seconds, 60 at most.
    #[schemars(range(max = 60))]
    pub quick_seconds: u8,
    /// Messages carry a link that no person sees: whoever follows it, and what they follow around it, is a machine.
    pub hidden_link: Treatment,
    /// Networks that only machines use, `203.0.113.0/24` say: data centres, security gateways.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// Networks of which nothing is taken in at all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_networks: Vec<String>,
}

impl Default for Machines {
    fn default() -> Self {
        Self {
            known: Treatment::Filter,
            prefetches: Treatment::Filter,
            bursts: Treatment::Filter,
            // Programs of people fetch a picture several times in a row, too.
            open_bursts: Treatment::Off,
            burst_seconds: 0,
            agents: Vec::new(),
            quick: Treatment::Log,
            quick_seconds: 2,
            // It changes what is sent, and some filters look for such links.
            hidden_link: Treatment::Off,
            networks: Vec::new(),
            blocked_networks: Vec::new(),
        }
    }
}

impl Machines {
    fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut refuse = |code: &str, at: String, message: String| {
            findings.push(Finding::error(code, format!("/machines/{at}"), message));
        };
        if self.burst_seconds > 3 {
            let message = "Links followed more than 3 seconds apart may be a person's. Give 0 to 3 seconds.";
            refuse("out_of_range", "burst_seconds".to_owned(), message.to_owned());
        }
        if self.quick_seconds > 60 {
            let message = "Somebody may have read it by then. Give 0 to 60 seconds.";
            refuse("out_of_range", "quick_seconds".to_owned(), message.to_owned());
        }
        for (field, networks) in [("networks", &self.networks), ("blocked_networks", &self.blocked_networks)] {
            for (n, network) in networks.iter().enumerate().filter(|(_, network)| !is_network(network)) {
                let message = format!("`{network}` is no network. Write one like 203.0.113.0/24.");
                refuse("bad_network", format!("{field}/{n}"), message);
            }
        }
        findings
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Strict transport security (HSTS): a browser that came over https comes back over nothing else. It is said only where the
/// public address begins with `https://`. Take care: what a browser was told it keeps to until `max_age_days` are over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StrictTransport {
    /// At the public address; left out: nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<Strictness>,
    /// At the hosts of links of sending domains; left out: nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Strictness>,
}

/// For how long, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Strictness {
    /// For how many days browsers keep to it, counted from the last visit; 0: they forget it.
    #[schemars(range(max = 730))]
    pub max_age_days: u16,
    /// Whether it holds for every host below, too.
    #[serde(default)]
    pub include_subdomains: bool,
}

impl Strictness {
    /// As the header says it.
    pub fn header(self) -> String {
        let seconds = u32::from(self.max_age_days) * 86_400;
        let below = if self.include_subdomains { "; includeSubDomains" } else { "" };
        format!("max-age={seconds}{below}")
    }
}

impl StrictTransport {
    fn check(&self) -> Vec<Finding> {
        let sides = [("public", self.public), ("links", self.links)].into_iter();
        let long = sides.filter(|(_, side)| side.is_some_and(|side| side.max_age_days > 730));
        let told = long.map(|(at, _)| {
            let message = "Browsers would keep to it for more than two years. Give 0 to 730 days.";
            Finding::error("out_of_range", format!("/strict_transport/{at}/max_age_days"), message)
        });
        told.collect()
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How long things are kept, counted from when they were received. Durations like `90d` or `24mo`, at least a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Activities of every type that `by_type` does not name; left out: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activities: Option<Duration>,
    /// Activities by their type.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub by_type: IndexMap<String, Duration>,
    /// Ids by which repeated activities are refused; left out: 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Duration>,
    /// Activities that wait for a person or account that is not known; left out: 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Duration>,
    /// Messages of webhooks that were taken or given up; left out: 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Duration>,
    /// What receivers report of the mail of sending domains (DMARC); left out: 200 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_reports: Option<Duration>,
}

impl Retention {
    /// How long reports of receivers are kept.
    pub fn mail_reports(&self) -> Duration {
        self.mail_reports.unwrap_or(Duration::days(200))
    }

    /// How long ids refuse repeats.
    pub fn repeats(&self) -> Duration {
        self.repeats.unwrap_or(MONTH_OF_DAYS)
    }

    /// How long activities wait for somebody unknown.
    pub fn unknown(&self) -> Duration {
        self.unknown.unwrap_or(MONTH_OF_DAYS)
    }

    /// How long the log of a webhook goes back.
    pub fn messages(&self) -> Duration {
        self.messages.unwrap_or(MONTH_OF_DAYS)
    }

    fn check(&self) -> Vec<Finding> {
        let named = [
            ("activities", self.activities),
            ("repeats", self.repeats),
            ("unknown", self.unknown),
            ("messages", self.messages),
            ("mail_reports", self.mail_reports),
        ];
        let named = named.into_iter().filter_map(|(at, keep)| Some((format!("/retention/{at}"), keep?)));
        let by_type = self.by_type.iter();
        let by_type =
            by_type.map(|(kind, keep)| (format!("/retention/by_type/{}", crate::source::escaped(kind)), *keep));
        let short = |keep: Duration| !keep.is_calendar() || keep.amount() == 0;
        let told = named.chain(by_type).filter(|(_, keep)| short(*keep)).map(|(at, _)| {
            let message = "This is kept for at least a day. Write days, weeks or months, like 90d.";
            Finding::error("retention_too_short", &at, message)
        });
        told.collect()
    }
}

/// Thirty days.
const MONTH_OF_DAYS: Duration = Duration::days(30);

/// What is decided about standard attributes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldSwitches {
    /// Of accounts.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub account: IndexMap<String, Switch>,
    /// Of people.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub person: IndexMap<String, Switch>,
}

impl FieldSwitches {
    fn is_empty(&self) -> bool {
        self.account.is_empty() && self.person.is_empty()
    }

    /// Switches the attributes of a schema; what stands against it, with pointers that begin at the settings.
    pub fn apply(&self, schema: &mut Schema) -> Vec<Finding> {
        let of = |subject, switches: &IndexMap<String, Switch>, schema: &mut Schema| {
            let switched = switches.iter().filter_map(|(key, switch)| {
                let at = format!("/fields/{}/{}", Subject::as_str(subject), crate::source::escaped(key));
                schema.switch(subject, key, switch).err().map(|finding| finding.under(&at))
            });
            switched.collect::<Vec<_>>()
        };
        let mut findings = of(Subject::Account, &self.account, schema);
        findings.extend(of(Subject::Person, &self.person, schema));
        findings
    }
}

impl Definition for Settings {
    fn references(&self) -> Vec<Reference> {
        let connection = self.notices.connection.iter();
        connection.map(|key| Reference::new(DocumentKind::Connection, key, "/notices/connection")).collect()
    }

    fn check(&self, envelope: &Envelope) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            self.time_zone.iter().filter_map(|zone| known_zone(zone, "/time_zone")).collect();
        findings.extend(self.retention.iter().flat_map(Retention::check));
        findings.extend(self.crm.check("/crm"));
        let languages = self.languages.iter().enumerate();
        findings.extend(languages.filter_map(|(n, tag)| known_language(tag, &format!("/languages/{n}"))));
        if envelope.key != "settings" {
            let message = "There is one document of settings. Give it the key `settings`.";
            findings.push(Finding::error("settings_key", "/key", message));
        }
        findings.extend(self.fields.apply(&mut Schema::standard()));
        findings.extend(self.proofs.check());
        findings.extend(self.machines.check());
        findings.extend(self.strict_transport.check());
        findings
    }
}

/// Whether a text names a range of addresses: `203.0.113.0/24`, `2001:db8::/32`.
fn is_network(written: &str) -> bool {
    let Some((address, prefix)) = written.split_once('/') else { return false };
    let bits = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    prefix.parse::<u8>().is_ok_and(|prefix| prefix <= bits)
}
