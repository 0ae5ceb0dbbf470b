//! What a connection to Marketo Engage is set to.

use caravan_model::Finding;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a connection of type `marketo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarketoSettings {
    /// The instance, like `123-ABC-456`; it stands in Marketo under Admin, Munchkin.
    pub munchkin_id: String,
    /// Client id of the custom service that Caravan uses. Its secret is the secret `client_secret`.
    pub client_id: String,
    /// Which people are meant when several in Marketo have the same address.
    #[serde(default)]
    pub update_policy: UpdatePolicy,
    /// For an email of Marketo: the requestable campaign that sends it, by the email's name or id. Marketo has no call
    /// that sends an email; a campaign with a Send Email step does.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub email_campaigns: IndexMap<String, String>,
    /// Address of the instance, when it is not `https://MUNCHKIN_ID.mktorest.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// How many calls Caravan makes in 20 seconds. The instance allows 100 to all who use it together.
    #[serde(default = "fifty")]
    #[schemars(range(min = 1, max = 100))]
    pub calls_per_20_seconds: u32,
    /// How many calls Caravan has under way at once. The instance allows 10 to all who use it together.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 10))]
    pub concurrent_calls: u32,
    /// How many calls a day Caravan leaves to others of the instance's daily quota.
    #[serde(default = "ten_thousand")]
    pub daily_reserve: u32,
    /// The instance's daily quota of calls.
    #[serde(default = "fifty_thousand")]
    pub daily_quota: u32,
}

fn fifty() -> u32 {
    50
}

fn five() -> u32 {
    5
}

fn ten_thousand() -> u32 {
    10_000
}

fn fifty_thousand() -> u32 {
    50_000
}

/// Which people are meant when several have the same address. Age goes by when Marketo created them, then by id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdatePolicy {
    /// Each of them.
    #[default]
    All,
    /// The one created first.
    Oldest,
    /// The one created last.
    Newest,
}

impl MarketoSettings {
    /// Reads settings as a manifest has them. Pointers start at the connection document.
    pub fn read(settings: &serde_json::Value) -> Result<Self, Vec<Finding>> {
        let read: Self = serde_json::from_value(settings.clone()).map_err(|error| {
            let message = format!("These settings do not fit a connection of type marketo: {error}.");
            vec![Finding::error("bad_connection_settings", "/settings", message)]
        })?;
        match read.base() {
            Ok(_) => Ok(read),
            Err(finding) => Err(vec![*finding]),
        }
    }

    /// The address that every path is appended to, without a slash at its end. An address that was copied from Marketo
    /// with `/rest` or `/identity` behind it is understood.
    pub fn base(&self) -> Result<String, Box<Finding>> {
        if let Some(url) = &self.base_url {
            let bare = url.trim().trim_end_matches('/');
            let bare = bare.strip_suffix("/rest").or_else(|| bare.strip_suffix("/identity")).unwrap_or(bare);
            return Ok(bare.trim_end_matches('/').to_owned());
        }
        let id = self.munchkin_id.trim();
        let fits = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !fits {
            let message =
                format!("`{id}` is no Munchkin id. It looks like 123-ABC-456 and stands under Admin, Munchkin.");
            return Err(Box::new(Finding::error("bad_connection_settings", "/settings/munchkin_id", message)));
        }
        Ok(format!("https://{}.mktorest.com", id.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_copied_from_marketo_is_understood() {
        let base = |extra: serde_json::Value| {
            let mut settings = json!({ "munchkin_id": "123-ABC-456", "client_id": "c" });
            settings.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            MarketoSettings::read(&settings)
                .and_then(|s| s.base().map_err(|f| vec![*f]))
                .map_err(|f| f[0].pointer.clone())
        };
        assert_eq!(base(json!({})).unwrap(), "https://123-abc-456.mktorest.com");
        for copied in ["https://x.mktorest.com/rest", "https://x.mktorest.com/identity/", "https://x.mktorest.com//"] {
            assert_eq!(base(json!({ "base_url": copied })).unwrap(), "https://x.mktorest.com", "{copied}");
        }
        assert_eq!(base(json!({ "munchkin_id": "a.b/c" })).unwrap_err(), "/settings/munchkin_id");
        assert_eq!(base(json!({ "surprise": 1 })).unwrap_err(), "/settings");
    }
}
