//! What a connection to Twilio is set to.

use std::collections::BTreeMap;

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::email::campaign_findings;
use crate::texts::{AnswerWords, e164};

/// Where Twilio is when nothing else is said.
const PUBLIC: &str = "https://api.twilio.com";

/// Settings of a connection of type `twilio`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TwilioSettings {
    /// The account (`AC…`).
    pub account_sid: String,
    /// The number that messages come from when they name no sender, in international form, or a sender id in letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Instead of a number: the messaging service (`MG…`) that chooses one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messaging_service_sid: Option<String>,
    /// The API key (`SK…`) to sign in with, when not with the account; its secret is `api_key_secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_sid: Option<String>,
    /// Seconds for which carriers may try (1 to 36000); left out: ten hours, as Twilio has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36_000))]
    pub validity_secs: Option<u32>,
    /// Words that end messages, beside the standard ones (`STOP`, `UNSUBSCRIBE` …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub stop_words: Vec<String>,
    /// Words that begin messages, beside the standard ones (`START`, `YES` …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub start_words: Vec<String>,
    /// Words that ask for help, beside the standard ones (`HELP`, `INFO` …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub help_words: Vec<String>,
    /// What a word that ends messages is answered with, when Twilio does not answer it; left out: nothing.
    #[serde(default, alias = "stop_text", skip_serializing_if = "Option::is_none")]
    pub stop_reply: Option<String>,
    /// What a word that begins messages is answered with, when Twilio does not answer it; left out: nothing.
    #[serde(default, alias = "start_text", skip_serializing_if = "Option::is_none")]
    pub start_reply: Option<String>,
    /// What a word that asks for help is answered with, when Twilio does not answer it; left out: nothing.
    #[serde(default, alias = "help_text", skip_serializing_if = "Option::is_none")]
    pub help_reply: Option<String>,
    /// What anything else is answered with, at most once a day for each number; left out: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_reply: Option<String>,
    /// How many messages a second the account takes at most, over all processes together; left out: as many as go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
    /// Parameters that short links are given where they have none of the name, like `utm_source: sms`. Values may name
    /// `{{ journey.key }}`, `{{ journey.name }}`, `{{ node.key }}`, `{{ sms_message.key }}` and `{{ sms_message.name }}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub link_parameters: BTreeMap<String, String>,
    /// Another address than Twilio's, for tests.
    #[serde(default = "public", skip_serializing_if = "is_public")]
    pub base_url: String,
}

fn public() -> String {
    PUBLIC.to_owned()
}

fn is_public(url: &String) -> bool {
    url == PUBLIC
}

impl TwilioSettings {
    /// Reads settings as a manifest has them. Pointers start at the connection document.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(settings: &serde_json::Value) -> Result<Self, Vec<Finding>> {
        let read: Self = serde_json::from_value(settings.clone()).map_err(|error| {
            vec![invalid("", format!("These settings do not fit a connection of type twilio: {error}."))]
        })?;
        let mut findings = read.findings();
        findings.extend(AnswerWords::of(settings).findings());
        if findings.is_empty() { Ok(read) } else { Err(findings) }
    }

    fn findings(&self) -> Vec<Finding> {
        let sid = |text: &str, prefix: &str| {
            text.len() == 34 && text.starts_with(prefix) && text.bytes().skip(2).all(|byte| byte.is_ascii_hexdigit())
        };
        let mut findings = Vec::new();
        let mut check = |wrong: bool, field: &str, message: &str| {
            if wrong {
                findings.push(invalid(field, message.to_owned()));
            }
        };
        check(!sid(&self.account_sid, "AC"), "/account_sid", "An account's SID is AC and 32 hexadecimal digits.");
        check(
            self.messaging_service_sid.as_deref().is_some_and(|text| !sid(text, "MG")),
            "/messaging_service_sid",
            "A messaging service's SID is MG and 32 hexadecimal digits.",
        );
        check(
            self.api_key_sid.as_deref().is_some_and(|text| !sid(text, "SK")),
            "/api_key_sid",
            "An API key's SID is SK and 32 hexadecimal digits.",
        );
        check(
            self.from.is_some() == self.messaging_service_sid.is_some(),
            "/from",
            "Messages come from a number or through a messaging service. Give `from` or `messaging_service_sid`.",
        );
        check(
            self.from.as_deref().is_some_and(|from| !is_sender(from)),
            "/from",
            "A sender is a number in international form, a short code, or up to eleven letters and digits.",
        );
        check(
            self.validity_secs.is_some_and(|secs| !(1..=36_000).contains(&secs)),
            "/validity_secs",
            "Between 1 and 36000 seconds are possible.",
        );
        check(
            self.per_second.is_some_and(|rate| !(0.01..=10_000.0).contains(&rate)),
            "/per_second",
            "Between 0.01 and 10000 messages a second are possible.",
        );
        findings.extend(campaign_findings(&self.link_parameters));
        findings
    }
}

/// A number, a short code, or a sender id in letters.
pub fn is_sender(text: &str) -> bool {
    let letters = (1..=11).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ');
    letters || e164(text).is_ok()
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
        let good = json!({"account_sid": "AC00000000000000000000000000000001", "from": "+15005550006"});
        assert_eq!(TwilioSettings::read(&good).expect("good settings").base_url, PUBLIC);
        let bad = json!({"account_sid": "AC1", "from": "0151", "messaging_service_sid": "MGx", "per_second": 0});
        let pointers: Vec<String> =
            TwilioSettings::read(&bad).expect_err("findings").into_iter().map(|finding| finding.pointer).collect();
        assert_eq!(
            pointers,
            ["/settings/account_sid", "/settings/messaging_service_sid", "/settings/from", "/settings/per_second"]
        );
    }
}
