//! What a connection to a mail server is set to.

use std::collections::BTreeMap;

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connector::WarmUp;
use crate::email::{campaign_findings, check_address};
use crate::returned::BounceMailbox;
use crate::spam::SpamFilter;

/// Settings of a connection of type `smtp`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// Name or address of the mail server.
    pub host: String,
    /// Port of the mail server; usually 587 with STARTTLS, 465 with TLS, 25 without.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// Who emails come from when they do not name a sender of their own.
    pub from: SenderSettings,
    /// Where bounces go; the sender's address when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_path: Option<String>,
    /// The name by which this machine greets the mail server; its host name when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hello_name: Option<String>,
    /// User name at the mail server, when it wants one. Its password is the secret `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Certificate in PEM of an authority of your own that signed the mail server's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<String>,
    /// How many connections are open at most at the same time.
    #[serde(default = "four")]
    #[schemars(range(min = 1, max = 20))]
    pub connections: u8,
    /// How many messages go over one connection before a fresh one is opened.
    #[serde(default = "hundred")]
    #[schemars(range(min = 1))]
    pub messages_per_connection: u32,
    /// How many messages a second the mail server wants at most, over all processes together; left out: as many as go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
    /// A plan by which a new sender makes itself known: the most messages of each calendar day in the organisation's time
    /// zone. What is more waits for the next day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<WarmUp>,
    /// The topic (`arn:aws:sns:…`) through which Amazon SES reports to /hooks/mail/KEY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sns_topic: Option<String>,
    /// The mailbox into which bounces come, where nothing else tells of them: looked at once a minute, over IMAP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounces: Option<BounceMailbox>,
    /// A spam filter of your own that is asked what it makes of an email while it is written; left out: a few rules here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spam_filter: Option<SpamFilter>,
    /// Parameters that tracked links are given where they have none of the name, like `utm_source: newsletter`. Values may
    /// name `{{ journey.key }}`, `{{ journey.name }}`, `{{ node.key }}`, `{{ email.key }}` and `{{ email.name }}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub link_parameters: BTreeMap<String, String>,
}

fn four() -> u8 {
    4
}

fn hundred() -> u32 {
    100
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// Not at all: for a server on the same machine.
    None,
    /// Begins in the clear and must become encrypted before anything is said.
    Starttls,
    /// From the first byte.
    Tls,
}

/// Who emails come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SenderSettings {
    /// The display name.
    pub name: String,
    /// The address.
    pub email: String,
}

impl SmtpSettings {
    /// Reads settings as a manifest has them. Pointers start at the connection document.
    pub fn read(settings: &serde_json::Value) -> Result<Self, Vec<Finding>> {
        let read: Self = serde_json::from_value(settings.clone()).map_err(|error| {
            vec![invalid("", format!("These settings do not fit a connection of type smtp: {error}."))]
        })?;
        let findings = read.findings();
        if findings.is_empty() { Ok(read) } else { Err(findings) }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut check = |wrong: bool, field: &str, message: &str| {
            if wrong {
                findings.push(invalid(field, message.to_owned()));
            }
        };
        let name_is_bad = |name: &str| name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control());
        check(
            name_is_bad(&self.host),
            "/host",
            "The host is not the name of a server; write one like mail.acme.example.",
        );
        let hello_is_bad = self.hello_name.as_deref().is_some_and(name_is_bad);
        check(hello_is_bad, "/hello_name", "This is not the name of a machine; write one like app.acme.example.");
        check(self.port == 0, "/port", "Port 0 cannot be connected to; use 25, 465 or 587.");
        let address_is_bad = |address: &str| check_address(address).is_err();
        check(address_is_bad(&self.from.email), "/from/email", "The sender's address is not of the form name@domain.");
        let return_path_is_bad = self.return_path.as_deref().is_some_and(address_is_bad);
        check(return_path_is_bad, "/return_path", "The return path is not of the form name@domain.");
        check(!(1..=20).contains(&self.connections), "/connections", "Between 1 and 20 connections are possible.");
        check(
            self.messages_per_connection == 0,
            "/messages_per_connection",
            "At least 1 message goes over a connection.",
        );
        let rate_is_bad = self.per_second.is_some_and(|rate| !(0.01..=10_000.0).contains(&rate));
        check(rate_is_bad, "/per_second", "Between 0.01 and 10000 messages a second are possible.");
        let plan_is_bad = self.warm_up.as_ref().is_some_and(|plan| plan.days.is_empty() || plan.days.contains(&0));
        check(plan_is_bad, "/warm_up/days", "Write for each day how many messages may leave, like [50, 100, 200].");
        let in_the_clear = self.username.is_some() && self.security == Security::None && !self.is_local();
        for (field, message) in self.bounces.iter().flat_map(BounceMailbox::findings) {
            check(true, &format!("/bounces{field}"), message);
        }
        for (field, message) in self.spam_filter.iter().flat_map(SpamFilter::findings) {
            check(true, &format!("/spam_filter{field}"), message);
        }
        check(in_the_clear, "/security", "The password would cross the network in the clear; use starttls or tls.");
        findings.extend(campaign_findings(&self.link_parameters));
        findings
    }

    /// Whether the server is this machine.
    fn is_local(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn invalid(field: &str, message: String) -> Finding {
    Finding::error("connection_settings_invalid", format!("/settings{field}"), message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_read_and_mistakes_named() {
        let good = json!({"host": "127.0.0.1", "port": 2525, "security": "none", "from": {"name": "Acme", "email": "news@acme.example"}});
        let read = SmtpSettings::read(&good).expect("good settings");
        assert_eq!((read.connections, read.messages_per_connection), (4, 100));

        let mut bad = good.clone();
        bad["from"]["email"] = json!("news");
        bad["connections"] = json!(0);
        bad["host"] = json!("mail.acme.example");
        bad["username"] = json!("acme");
        let pointers: Vec<_> = SmtpSettings::read(&bad).expect_err("findings").into_iter().map(|f| f.pointer).collect();
        assert_eq!(pointers, ["/settings/from/email", "/settings/connections", "/settings/security"]);

        let mut campaign = good.clone();
        campaign["link_parameters"] =
            json!({"utm_source": "caravan", "utm campaign": "x", "utm_term": "{{ person.email }}"});
        let found = SmtpSettings::read(&campaign).expect_err("findings");
        let told: Vec<_> = found.iter().map(|f| (f.code.as_str(), f.pointer.as_str())).collect();
        let bad = |pointer| ("link_parameter_invalid", pointer);
        assert_eq!(told, [bad("/settings/link_parameters/utm campaign"), bad("/settings/link_parameters/utm_term")]);

        let mut unknown = good;
        unknown["hosst"] = json!("x");
        let finding = &SmtpSettings::read(&unknown).expect_err("a finding")[0];
        assert!(finding.message.contains("hosst"), "{}", finding.message);
    }
}
