//! What a connection brings in by itself: which files, how often.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Connection, ConnectionType};
use crate::duration::Duration;
use crate::finding::Finding;

/// Import files that arrive at a connection: `imports` in its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportSchedule {
    /// How often to look.
    pub every: Duration,
    /// Which files, in the order in which their kinds are taken.
    pub files: Vec<ArrivingFiles>,
}

/// Files of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrivingFiles {
    /// Their names; `*` stands for anything.
    pub name: String,
    /// What they hold: accounts, people, activities, opportunities, suppressions, consents, or the key of a custom object.
    pub kind: String,
    /// Column → attribute, as `--map` of the command.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub map: IndexMap<String, String>,
}

impl ArrivingFiles {
    /// Whether a file is one of them. Hidden files are nobody's.
    pub fn take(&self, name: &str) -> bool {
        !name.starts_with('.') && matches(&self.name, name)
    }
}

/// Whether `text` is what `pattern` describes, whose `*` stand for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(tail) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(tail)
}

impl Connection {
    /// The import files that it brings in, when it does.
    ///
    /// # Errors
    /// What is wrong with the schedule.
    pub fn imports(&self) -> Result<Option<ImportSchedule>, Finding> {
        let Some(json) = self.settings.get("imports") else { return Ok(None) };
        if !matches!(self.connection_type, ConnectionType::Folder | ConnectionType::S3) {
            let message = "Import files are taken from connections of the types `folder` and `s3` only.";
            return Err(Finding::error("no_imports_here", "/settings/imports", message));
        }
        let schedule: ImportSchedule = serde_json::from_value(json.clone()).map_err(|error| {
            let message = format!("The schedule of imports cannot be read: {error}. Give `every` and `files`.");
            Finding::error("invalid_schedule", "/settings/imports", message)
        })?;
        if schedule.files.is_empty() {
            let message = "The schedule takes no files. Name some, each with its kind.";
            return Err(Finding::error("invalid_schedule", "/settings/imports/files", message));
        }
        Ok(Some(schedule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, yes) in [
            ("accounts.csv", "accounts.csv", true),
            ("accounts.csv", "accounts.csv.gz", false),
            ("accounts-*.csv", "accounts-2026-12.csv", true),
            ("accounts-*.csv", "accounts-.csv.tmp", false),
            ("*", "anything", true),
            ("*a*a", "a", false),
            ("*a*a", "banana", true),
            ("*.csv", ".hidden.csv", false),
        ] {
            let files = ArrivingFiles { name: pattern.to_owned(), kind: "accounts".to_owned(), map: IndexMap::new() };
            assert_eq!(files.take(name), yes, "{pattern} {name}");
        }
    }
}
