//! Folders of this machine: files of imports arrive there, audiences are handed over there.

mod outlet;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use caravan_model::document::ImportSchedule;
use caravan_model::{Clock, Finding};
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

use self::outlet::Outlet;
use crate::audiences::by_audience;
use crate::connector::{
    Connector, ConnectorFacts, ConnectorKind, Outcome, Outgoing, SecretField, Secrets, Surroundings,
};
use crate::external_audiences::TakesPeople;
use crate::external_audiences::csv::{CHANGEABLE, CSV, FileSettings, MOST_IN_A_FILE, handed_over};
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
        surroundings: &Surroundings,
    ) -> Result<Box<dyn Connector>, Vec<Finding>> {
        let path = FolderSettings::read(settings)?.path;
        let outlet = Outlet::new(&path, surroundings.outbound.guard().files());
        Ok(Box::new(FolderConnector { arrivals: Arrivals(path), outlet, clock: surroundings.clock.clone() }))
    }

    fn destination_schema(&self) -> Option<Schema> {
        Some(schema_for!(FileSettings))
    }

    fn check_destination(&self, settings: &serde_json::Value) -> Vec<Finding> {
        FileSettings::read(settings).err().unwrap_or_default()
    }

    fn changeable_settings(&self) -> &'static [&'static str] {
        CHANGEABLE
    }

    fn takes_people(&self) -> Option<&dyn TakesPeople> {
        Some(&CSV)
    }
}

/// An open door to one folder.
struct FolderConnector {
    arrivals: Arrivals,
    outlet: Outlet,
    clock: Clock,
}

impl Connector for FolderConnector {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "folder",
            deduplicates: true,
            max_batch: MOST_IN_A_FILE,
            parallel: 1,
            sender: None,
            per_second: None,
            warm_up: None,
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        by_audience(batch, |audience, asked| {
            handed_over(audience, asked, self.clock.now(), |folder, name, content| {
                let put = self.outlet.put(folder, name, &content);
                put.map_err(|why| Outcome::shut("folder_unusable", why))
            })
        })
    }

    fn check(&self) -> Result<String, String> {
        let Arrivals(path) = &self.arrivals;
        match (self.arrivals.list(), self.outlet.check()) {
            (Ok(found), Ok(())) => Ok(format!("Files are read and written there; it holds {} now.", found.len())),
            (Ok(found), Err(why)) => {
                Ok(format!("Files are read there; it holds {}. None can be written: {why}", found.len()))
            }
            (Err(_), Ok(())) => Ok("Files are written there.".to_owned()),
            (Err(error), Err(why)) => Err(format!("{} cannot be looked into: {error}. {why}", path.display())),
        }
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
