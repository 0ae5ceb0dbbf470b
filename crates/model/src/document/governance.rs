//! What governs: access roles, the organisation's settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::known_zone;
use super::{Definition, Envelope};
use crate::finding::Finding;

/// What a role of users may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessRole {
    /// Names of permissions.
    pub permissions: Vec<String>,
}

impl Definition for AccessRole {}

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
}

impl Definition for Settings {
    fn check(&self, envelope: &Envelope) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            self.time_zone.iter().filter_map(|zone| known_zone(zone, "/time_zone")).collect();
        if envelope.key != "settings" {
            let message = "There is one document of settings. Give it the key `settings`.";
            findings.push(Finding::error("settings_key", "/key", message));
        }
        findings
    }
}
