//! What a connection to Adobe Experience Platform, and a destination there, are set to.

use std::time::Duration as Span;

use caravan_model::Finding;
use caravan_model::duration::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::external_audiences::{Columns, Manner, columns};
use crate::s3::S3Settings;

/// Hours between two files of an audience where nothing is said: the platform reads one after another, and takes its time.
const EVERY_HOURS: u64 = 6;
const DAY: Span = Span::from_secs(24 * 60 * 60);

/// Settings of a connection of type `aep`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AepSettings {
    /// Client id of the project's OAuth server-to-server credential; it is the API key as well. Its secret is the secret
    /// `client_secret`.
    pub client_id: String,
    /// The organisation, `…@AdobeOrg`.
    pub org_id: String,
    /// Name of the sandbox.
    #[serde(default = "prod")]
    pub sandbox: String,
    /// Scopes of the credential, separated by commas.
    #[serde(default = "scopes")]
    pub scope: String,
    /// Id of the base connection by which the platform reads the bucket below.
    pub base_connection_id: String,
    /// The bucket in which files are handed over to the platform. Its keys are secrets of this connection.
    pub files: S3Settings,
    /// Address of the platform, when it is not Adobe's own.
    #[serde(default = "platform")]
    pub base_url: String,
    /// Address of the service that signs in, when it is not Adobe's own.
    #[serde(default = "ims")]
    pub ims_url: String,
}

fn prod() -> String {
    "prod".to_owned()
}

fn scopes() -> String {
    "openid,AdobeID,read_organizations,additional_info.projectedProductContext,session".to_owned()
}

fn platform() -> String {
    "https://platform.adobe.io".to_owned()
}

fn ims() -> String {
    "https://ims-na1.adobelogin.com".to_owned()
}

impl AepSettings {
    /// Reads settings as a manifest has them. Pointers start at the connection document.
    pub fn read(settings: &Json) -> Result<Self, Vec<Finding>> {
        let read: Self = serde_json::from_value(settings.clone()).map_err(|error| {
            let message = format!("These settings do not fit a connection of type aep: {error}.");
            vec![Finding::error("bad_connection_settings", "/settings", message)]
        })?;
        let findings = read.files.check("/settings/files");
        if findings.is_empty() { Ok(read) } else { Err(findings) }
    }
}

/// Settings of a destination of type `aep`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AepDestination {
    /// The columns by their names over there; left out: the person's key, and the address in small letters.
    #[serde(default = "columns::usual")]
    pub columns: Columns,
    /// The column by which the platform knows a person.
    #[serde(default = "email")]
    pub identity: String,
    /// The namespace of that column.
    #[serde(default = "email_namespace")]
    pub identity_namespace: String,
    /// Days after which the platform lets go of whom it has not been told again, 1 to 90. Caravan tells it of everybody again in
    /// half of that time.
    #[serde(default = "thirty")]
    #[schemars(range(min = 1, max = 90))]
    pub ttl_days: u32,
    /// How long changes are gathered before the platform reads them; left out: 6 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
}

fn email() -> String {
    "email".to_owned()
}

fn email_namespace() -> String {
    "Email".to_owned()
}

fn thirty() -> u32 {
    30
}

impl Default for AepDestination {
    fn default() -> Self {
        Self {
            columns: columns::usual(),
            identity: email(),
            identity_namespace: email_namespace(),
            ttl_days: thirty(),
            every: None,
        }
    }
}

impl AepDestination {
    /// Reads settings as a manifest has them. Pointers start at the destination document.
    pub fn read(settings: &Json) -> Result<Self, Vec<Finding>> {
        let wrong = |pointer: &str, message: String| Finding::error("bad_destination_settings", pointer, message);
        let read: Self = serde_json::from_value(settings.clone()).map_err(|error| {
            vec![wrong("/settings", format!("These settings do not fit a destination of type aep: {error}."))]
        })?;
        let mut findings = columns::check(&read.columns);
        if !read.columns.contains_key(&read.identity) {
            let message =
                format!("There is no column `{}` by which people are known. Name one of the columns.", read.identity);
            findings.push(wrong("/settings/identity", message));
        }
        if !(1..=90).contains(&read.ttl_days) {
            findings.push(wrong("/settings/ttl_days", "The platform keeps people for 1 to 90 days.".to_owned()));
        }
        if findings.is_empty() { Ok(read) } else { Err(findings) }
    }

    /// People are told again in half of the time after which they would be let go of; nobody is taken out.
    pub fn manner(&self) -> Manner {
        let usual = Span::from_secs(EVERY_HOURS * 60 * 60);
        Manner { every: Manner::every(self.every, usual), lapses_after: Some(DAY * self.ttl_days), takes_out: false }
    }
}
