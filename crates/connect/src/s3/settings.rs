//! What a connection to a bucket is set to.

use caravan_model::Finding;
use caravan_model::document::ImportSchedule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a connection of type `s3`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Settings {
    /// Name of the bucket.
    pub bucket: String,
    /// Region of the bucket, `eu-central-1`. Stores that know no regions take `us-east-1`, which is meant when none is given.
    #[serde(default = "us_east_1")]
    pub region: String,
    /// Address of the store, when it is not Amazon's: `https://minio.example.com:9000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Folder within the bucket, `crm/export`; left out: the bucket itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Whether addresses name the bucket in their path (`https://host/bucket`) rather than in the host's name
    /// (`https://bucket.host`). Left out: in the path where an endpoint is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_style: Option<bool>,
    /// Import files that arrive there: how often to look, and which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imports: Option<ImportSchedule>,
}

fn us_east_1() -> String {
    "us-east-1".to_owned()
}

impl S3Settings {
    /// Reads settings as a manifest has them. Pointers start at the connection document.
    pub fn read(settings: &serde_json::Value) -> Result<Self, Vec<Finding>> {
        let read: Self = serde_json::from_value(settings.clone()).map_err(|error| {
            let message = format!("These settings do not fit a connection of type s3: {error}.");
            vec![Finding::error("bad_connection_settings", "/settings", message)]
        })?;
        let findings = read.check("/settings");
        if findings.is_empty() { Ok(read) } else { Err(findings) }
    }

    /// What is wrong with them. Pointers start at `at`.
    pub fn check(&self, at: &str) -> Vec<Finding> {
        let wrong =
            |field: &str, message: String| Finding::error("bad_connection_settings", format!("{at}/{field}"), message);
        let mut findings = Vec::new();
        let name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if self.bucket.is_empty() || !self.bucket.chars().all(name) {
            let message =
                format!("`{}` is no name of a bucket. Write the name alone, without an address.", self.bucket);
            findings.push(wrong("bucket", message));
        }
        if self.region.is_empty() || !self.region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            findings.push(wrong("region", format!("`{}` is no region. Write it like eu-central-1.", self.region)));
        }
        if let Some(endpoint) = &self.endpoint {
            let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
            let fits = host.is_some_and(|host| !host.is_empty() && !host.contains(['@', '?', '#']));
            if !fits {
                let message =
                    format!("`{endpoint}` is no address of a store. Write it like https://minio.example.com:9000.");
                findings.push(wrong("endpoint", message));
            }
        }
        findings
    }

    /// The address that objects are found below, and whether it names the bucket in its host. None: Amazon's own.
    pub fn address(&self) -> (Option<String>, bool) {
        let endpoint = self.endpoint.as_deref().map(|endpoint| endpoint.trim_end_matches('/'));
        let in_host = !self.path_style.unwrap_or(endpoint.is_some());
        let address = endpoint.map(|endpoint| match (in_host, endpoint.split_once("://")) {
            (true, Some((scheme, host))) => format!("{scheme}://{}.{host}", self.bucket),
            _ => endpoint.to_owned(),
        });
        (address, in_host)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(more: serde_json::Value) -> Result<S3Settings, Vec<String>> {
        let mut settings = json!({"bucket": "crm-export"});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        S3Settings::read(&settings).map_err(|found| found.into_iter().map(|finding| finding.pointer).collect())
    }

    #[test]
    fn the_bucket_stands_where_the_store_expects_it() {
        let address = |more| settings(more).unwrap().address();
        assert_eq!(address(json!({})), (None, true));
        assert_eq!(address(json!({"path_style": true})), (None, false));
        let own = json!({"endpoint": "https://minio.example.com:9000/"});
        assert_eq!(address(own), (Some("https://minio.example.com:9000".to_owned()), false));
        let in_host = json!({"endpoint": "https://store.example.com", "path_style": false});
        assert_eq!(address(in_host), (Some("https://crm-export.store.example.com".to_owned()), true));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(settings(json!({"bucket": "s3://x/y"})).unwrap_err(), ["/settings/bucket"]);
        assert_eq!(settings(json!({"region": ""})).unwrap_err(), ["/settings/region"]);
        assert_eq!(settings(json!({"endpoint": "minio"})).unwrap_err(), ["/settings/endpoint"]);
        assert_eq!(settings(json!({"endpoint": "https://ann:pw@x"})).unwrap_err(), ["/settings/endpoint"]);
        assert_eq!(settings(json!({"surprise": 1})).unwrap_err(), ["/settings"]);
    }
}
