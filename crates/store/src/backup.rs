//! One file that holds everything, and a store made of it. For the embedded store; PostgreSQL has tools of its own.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::session::Dialect;
use crate::sqlite;
use crate::store::Store;

/// Why nothing was backed up or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// PostgreSQL.
    #[error("the store is a PostgreSQL database. Back it up with pg_dump, bring it back with pg_restore")]
    Server,
    /// Nothing is written over.
    #[error("there is a file {0} already. Name another, or move it away")]
    FileThere(PathBuf),
    /// Nothing is written over.
    #[error("there is a store in {0} already. Restore into a new directory, or move the old one away")]
    StoreThere(PathBuf),
    /// Not ours, or damaged.
    #[error("{file} is no backup of Caravan that can be used: {why}")]
    NoBackup {
        /// What was given.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The disk.
    #[error("{path}: {error}")]
    Files {
        /// What was written or read.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
}

impl Store {
    /// Writes the state of this moment into a new file, while others read and write on.
    ///
    /// # Errors
    /// [`BackupError`]; then no file of this name is there.
    pub fn back_up(&self, file: &Path) -> Result<(), BackupError> {
        if self.dialect() == Dialect::Postgres {
            return Err(BackupError::Server);
        }
        if file.exists() {
            return Err(BackupError::FileThere(file.to_owned()));
        }
        arrive(file, |partial| Ok(self.copy_into(partial)?))
    }
}

/// Makes the store of `directory` out of a backup; opening it brings an older one up to date.
///
/// # Errors
/// [`BackupError`]; then the directory has no store.
pub fn restore(file: &Path, directory: &Path) -> Result<(), BackupError> {
    let target = directory.join(sqlite::FILE_NAME);
    if target.exists() {
        return Err(BackupError::StoreThere(directory.to_owned()));
    }
    sqlite::check_backup(file).map_err(|why| BackupError::NoBackup { file: file.to_owned(), why })?;
    fs::create_dir_all(directory).map_err(|error| BackupError::Files { path: directory.to_owned(), error })?;
    arrive(&target, |partial| {
        fs::copy(file, partial).map_err(|error| BackupError::Files { path: partial.to_owned(), error })?;
        Ok(())
    })
}

/// Writes a file under another name, and gives it its own once it is safely on the disk.
fn arrive(file: &Path, write: impl FnOnce(&Path) -> Result<(), BackupError>) -> Result<(), BackupError> {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let failed = |error| BackupError::Files { path: partial.clone(), error };
    if partial.exists() {
        fs::remove_file(&partial).map_err(failed)?;
    }
    let written = write(&partial).and_then(|()| {
        File::open(&partial).and_then(|written| written.sync_all()).map_err(failed)?;
        fs::rename(&partial, file).map_err(failed)
    });
    if written.is_err() {
        // Half a file is of no use; that it cannot be removed either is less than why it was not written.
        fs::remove_file(&partial).ok();
    }
    written
}
