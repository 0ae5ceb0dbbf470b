//! Places where import files arrive.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use caravan_model::document::{Connection, ConnectionType};

/// A file that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Its name in its place.
    pub name: String,
    /// Differs whenever its content does.
    pub version: String,
}

/// A place where files arrive.
pub trait Inlet: Send + Sync {
    /// The files that are there, by name.
    ///
    /// # Errors
    /// The place cannot be looked into.
    fn list(&self) -> io::Result<Vec<Arrived>>;

    /// Reads one of them.
    ///
    /// # Errors
    /// It is gone, or cannot be read.
    fn open(&self, name: &str) -> io::Result<Box<dyn Read>>;
}

/// The place that a connection leads to.
///
/// # Errors
/// Nothing arrives at connections of this type, or its settings lack something.
pub fn inlet(connection: &Connection) -> Result<Box<dyn Inlet>, String> {
    match connection.connection_type {
        ConnectionType::Folder => {
            let path = connection.settings.get("path").and_then(|path| path.as_str());
            let path = path.ok_or("its settings name no `path`. Give the folder")?;
            Ok(Box::new(Folder(PathBuf::from(path))))
        }
        other => Err(format!("nothing arrives at connections of type {other:?}")),
    }
}

/// A folder of this machine; what lies in folders within it is not looked at.
struct Folder(PathBuf);

impl Inlet for Folder {
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
