//! Folders of this machine: files of imports arrive there, audiences are handed over there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use caravan_model::Finding;
use caravan_model::document::ImportSchedule;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

use crate::connector::{
    Connector, ConnectorFacts, ConnectorKind, Outcome, Outgoing, SecretField, Secrets, Surroundings,
};
use crate::inlet::{Arrived, Inlet};

/// Settings of a connection of type `folder`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderSettings {
    /// The folder.
    pub path: PathBuf,
    /// Import files that arrive there: how often to look, and which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imports: Option<ImportSchedule>,
}

impl FolderSettings {
    /// Reads settings as a manifest has them. Pointers start at the connection document.
    pub fn read(settings: &serde_json::Value) -> Result<Self, Vec<Finding>> {
        serde_json::from_value(settings.clone()).map_err(|error| {
            let message = format!("These settings do not fit a connection of type folder: {error}.");
            vec![Finding::error("bad_connection_settings", "/settings", message)]
        })
    }
}

/// Connections to folders.
#[derive(Debug)]
pub struct Folder;

impl ConnectorKind for Folder {
    fn key(&self) -> &'static str {
        "folder"
    }

    fn label(&self) -> &'static str {
        "Folder"
    }

    fn description(&self) -> &'static str {
        "A folder of the machine that Caravan runs on. Files of imports arrive there, audiences are handed over there."
    }

    fn settings_schema(&self) -> Schema {
        schema_for!(FolderSettings)
    }

    fn secrets(&self) -> &'static [SecretField] {
        &[]
    }

    fn check_settings(&self, settings: &serde_json::Value) -> Vec<Finding> {
        FolderSettings::read(settings).err().unwrap_or_default()
    }

    fn open(
        &self,
        settings: &serde_json::Value,
        _: &Secrets,
        _: &Surroundings,
    ) -> Result<Box<dyn Connector>, Vec<Finding>> {
        Ok(Box::new(FolderConnector { arrivals: Arrivals(FolderSettings::read(settings)?.path) }))
    }
}

/// An open door to one folder.
struct FolderConnector {
    arrivals: Arrivals,
}

impl Connector for FolderConnector {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts { kind: "folder", deduplicates: true, max_batch: 1, parallel: 1, sender: None, per_second: None }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        vec![Outcome::failed("wrong_effect", "A folder takes no messages."); batch.len()]
    }

    fn check(&self) -> Result<String, String> {
        let Arrivals(path) = &self.arrivals;
        let found =
            self.arrivals.list().map_err(|error| format!("{} cannot be looked into: {error}.", path.display()))?;
        Ok(format!("The folder is there; it holds {} files.", found.len()))
    }

    fn inlet(&self) -> Option<&dyn Inlet> {
        Some(&self.arrivals)
    }
}

/// What has arrived in a folder; what lies in folders within it is not looked at.
struct Arrivals(PathBuf);

impl Inlet for Arrivals {
    fn list(&self) -> io::Result<Vec<Arrived>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let metadata = fs::metadata(entry.path())?;
            let Some(name) = entry.file_name().to_str().filter(|_| metadata.is_file()).map(str::to_owned) else {
                continue;
            };
            let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            found.push(Arrived { name, version: format!("{}-{}", changed.as_micros(), metadata.len()) });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(File::open(self.0.join(name))?))
    }
}
