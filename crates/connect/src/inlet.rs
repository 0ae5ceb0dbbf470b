//! Places where import files arrive.

use std::io::{self, Read};

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

    /// Reads one of them, piece by piece.
    ///
    /// # Errors
    /// It is gone, or cannot be read.
    fn open(&self, name: &str) -> io::Result<Box<dyn Read>>;
}
