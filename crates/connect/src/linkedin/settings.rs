//! What a connection to LinkedIn and a destination there are set to.

use caravan_model::Finding;
use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::company::FIELDS;
use crate::consent::Terms;

/// The version of LinkedIn's API that calls name when the connection says nothing else.
const VERSION: &str = "202604";
/// Months for which LinkedIn serves a version.
const MONTHS_SERVED: i32 = 12;

/// Settings of a connection of type `linkedin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkedInSettings {
    /// Client id of the application that LinkedIn let into its Audiences program. Its secret is the secret
    /// `client_secret`; *Connect* asks a member of the ad account for the consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The source platform that LinkedIn assigned to you.
    #[serde(default = "segment")]
    pub source_platform: String,
    /// Version of LinkedIn's API, `YYYYMM`. LinkedIn serves each for about a year.
    #[serde(default = "version")]
    #[schemars(regex(pattern = "^20[0-9]{2}(0[1-9]|1[0-2])$"))]
    pub api_version: String,
    /// When the access token ends, where LinkedIn gives your application no refresh tokens and the secret
    /// `access_token` stands in for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_ends: Option<Timestamp>,
    /// Address to call instead of LinkedIn's own two, for trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

fn segment() -> String {
    "SEGMENT".to_owned()
}

fn version() -> String {
    VERSION.to_owned()
}

impl LinkedInSettings {
    /// Reads settings as a manifest has them. Pointers start at the connection document.
    pub fn read(settings: &Json) -> Result<Self, Vec<Finding>> {
        let read: Self = serde_json::from_value(settings.clone()).map_err(|error| {
            let message = format!("These settings do not fit a connection of type linkedin: {error}.");
            vec![Finding::error("bad_connection_settings", "/settings", message)]
        })?;
        let wrong = |field: &str, message: String| {
            vec![Finding::error("bad_connection_settings", format!("/settings/{field}"), message)]
        };
        if year_and_month(&read.api_version).is_none() {
            let message = format!("`{}` is no version. Write year and month, like {VERSION}.", read.api_version);
            return Err(wrong("api_version", message));
        }
        let client_id = read.client_id.as_deref().unwrap_or("none");
        for (field, value) in [("client_id", client_id), ("source_platform", &read.source_platform)] {
            if value.trim().is_empty() {
                return Err(wrong(field, "It must not be empty.".to_owned()));
            }
        }
        Ok(read)
    }

    /// Below this are the calls of the API.
    pub fn api(&self) -> String {
        format!("{}/rest", self.base("https://api.linkedin.com"))
    }

    /// Where tokens are asked for.
    pub fn token_address(&self) -> String {
        format!("{}/oauth/v2/accessToken", self.base("https://www.linkedin.com"))
    }

    /// Where a member consents, and to what. None without the application's id.
    pub fn consent(&self) -> Option<Terms> {
        Some(Terms {
            page: format!("{}/oauth/v2/authorization", self.base("https://www.linkedin.com")),
            token_address: self.token_address(),
            client_id: self.client_id.clone()?,
            scopes: &["rw_dmp_segments"],
            when_not_granted: "LinkedIn must let the application into its Audiences program (permission rw_dmp_segments); a \
                               self-service application does not have it.",
        })
    }

    fn base(&self, usual: &str) -> String {
        self.base_url.as_deref().unwrap_or(usual).trim().trim_end_matches('/').to_owned()
    }

    /// The month until which LinkedIn serves the version, `2027-04`.
    pub fn served_until(&self) -> String {
        let (year, month) = year_and_month(&self.api_version).unwrap_or_default();
        let months = year * 12 + month - 1 + MONTHS_SERVED;
        format!("{}-{:02}", months.div_euclid(12), months.rem_euclid(12) + 1)
    }
}

fn year_and_month(version: &str) -> Option<(i32, i32)> {
    let fits = version.len() == 6 && version.bytes().all(|b| b.is_ascii_digit());
    let (year, month) = version.split_at_checked(4).filter(|_| fits)?;
    let (year, month) = (year.parse().ok()?, month.parse().ok()?);
    ((2000..2100).contains(&year) && (1..=12).contains(&month)).then_some((year, month))
}

/// Settings of a destination of type `linkedin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationSettings {
    /// Number of the ad account in Campaign Manager.
    pub ad_account: String,
    /// More that LinkedIn may find a company by, each with the attribute of yours that holds it: `company_page_url`,
    /// `organization`, `email_domain`, `stock_symbol`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(schema_with = "fields_schema")]
    pub fields: IndexMap<String, String>,
}

/// An attribute of accounts for each of LinkedIn's fields.
fn fields_schema(_: &mut SchemaGenerator) -> Schema {
    let attribute = json!({"type": "string", "x-attribute": "account", "x-attribute-use": "read"});
    let properties: Map<String, Json> = FIELDS.map(|field| (field.to_owned(), attribute.clone())).into_iter().collect();
    json_schema!({"type": "object", "properties": properties, "additionalProperties": false})
}

impl DestinationSettings {
    /// Reads settings as a manifest has them. Pointers start at the destination document.
    pub fn read(settings: &Json) -> Result<Self, Vec<Finding>> {
        let wrong =
            |pointer: String, message: String| vec![Finding::error("bad_destination_settings", pointer, message)];
        let read: Self = serde_json::from_value(settings.clone()).map_err(|error| {
            let message = format!("These settings do not fit a destination of type linkedin: {error}.");
            wrong("/settings".to_owned(), message)
        })?;
        let account = read.account();
        if account.is_empty() || !account.bytes().all(|b| b.is_ascii_digit()) {
            let message = format!(
                "`{}` is no ad account. Campaign Manager shows its number, like 512345, beside its name.",
                read.ad_account
            );
            return Err(wrong("/settings/ad_account".to_owned(), message));
        }
        if let Some(unknown) = read.fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
            let message = format!("LinkedIn finds no company by `{unknown}`. Name one of {}.", FIELDS.join(", "));
            return Err(wrong(format!("/settings/fields/{unknown}"), message));
        }
        Ok(read)
    }

    fn account(&self) -> &str {
        self.ad_account.trim().trim_start_matches("urn:li:sponsoredAccount:")
    }

    /// The ad account as LinkedIn writes it.
    pub fn urn(&self) -> String {
        format!("urn:li:sponsoredAccount:{}", self.account())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_tells_until_when_it_is_served() {
        let settings = |version: &str| LinkedInSettings::read(&json!({"client_id": "c", "api_version": version}));
        assert_eq!(settings("202604").unwrap().served_until(), "2027-04");
        assert_eq!(settings("202612").unwrap().served_until(), "2027-12");
        for wrong in ["2026", "202613", "2026-4", "20260é"] {
            assert_eq!(settings(wrong).unwrap_err()[0].pointer, "/settings/api_version", "{wrong}");
        }
    }

    #[test]
    fn an_ad_account_is_a_number_or_its_urn() {
        let urn = |account: &str| DestinationSettings::read(&json!({"ad_account": account})).map(|read| read.urn());
        assert_eq!(urn("512345").unwrap(), "urn:li:sponsoredAccount:512345");
        assert_eq!(urn(" urn:li:sponsoredAccount:512345 ").unwrap(), "urn:li:sponsoredAccount:512345");
        assert_eq!(urn("Acme").unwrap_err()[0].pointer, "/settings/ad_account");
        let fields = json!({"ad_account": "1", "fields": {"shoe_size": "size"}});
        assert_eq!(DestinationSettings::read(&fields).unwrap_err()[0].pointer, "/settings/fields/shoe_size");
    }

    #[test]
    fn a_base_address_stands_for_both_of_linkedin_s() {
        let mut settings = LinkedInSettings::read(&json!({"client_id": "c"})).unwrap();
        assert_eq!(settings.api(), "https://api.linkedin.com/rest");
        assert_eq!(settings.token_address(), "https://www.linkedin.com/oauth/v2/accessToken");
        settings.base_url = Some("http://127.0.0.1:9/".to_owned());
        assert_eq!(settings.api(), "http://127.0.0.1:9/rest");
    }
}
