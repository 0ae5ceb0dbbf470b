//! The rejects of an import by schedule, all of them: written down while the file is read, read back as one CSV file.

use std::io::{self, Write};

use caravan_model::DocumentId;
use caravan_store::{StoreError, import_rejects as stored};

use super::{Observer, Reject};
use crate::Engine;
use crate::packed;

/// About how long a piece is before it is compressed, in bytes.
const PIECE: usize = 256 * 1024;

/// Writes the rejects of one file down as they come.
pub(super) struct Book<'a> {
    engine: &'a Engine,
    connection: DocumentId,
    which: (&'a str, &'a str),
    text: Vec<u8>,
    pieces: i64,
    failed: Option<StoreError>,
}

impl<'a> Book<'a> {
    /// Of one version of a file at a connection; what an earlier attempt left is forgotten.
    pub(super) fn open(
        engine: &'a Engine,
        connection: DocumentId,
        which: (&'a str, &'a str),
    ) -> Result<Self, StoreError> {
        engine.store().write(|s| stored::clear(s, connection, which))?;
        Ok(Self { engine, connection, which, text: Vec::new(), pieces: 0, failed: None })
    }

    fn add(&mut self, cells: [&str; 3]) -> Result<(), StoreError> {
        let mut csv = csv::Writer::from_writer(&mut self.text);
        let written = csv.write_record(cells).and_then(|()| csv.flush().map_err(csv::Error::from));
        drop(csv);
        written.map_err(|error| StoreError::Other(error.to_string()))?;
        if self.text.len() < PIECE { Ok(()) } else { self.keep() }
    }

    fn keep(&mut self) -> Result<(), StoreError> {
        let bytes = packed::pack(&self.text)?;
        let (connection, which, no) = (self.connection, self.which, self.pieces);
        self.engine.store().write(|s| stored::add(s, connection, which, no, &bytes))?;
        self.text.clear();
        self.pieces += 1;
        Ok(())
    }

    /// Keeps what is left.
    pub(super) fn close(mut self) -> Result<(), StoreError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.text.is_empty() { Ok(()) } else { self.keep() }
    }
}

impl Observer for Book<'_> {
    fn reject(&mut self, reject: &Reject) {
        if self.failed.is_some() {
            return;
        }
        let first = self.pieces == 0 && self.text.is_empty();
        let line = reject.line.to_string();
        let header = if first { self.add(["line", "code", "reason"]) } else { Ok(()) };
        self.failed = header.and_then(|()| self.add([&line, reject.code, &reject.message])).err();
    }
}

/// Why rejects end early.
#[derive(Debug, thiserror::Error)]
pub enum RejectsError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody takes what is written.
    #[error("the file cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Whether the rejects of a run are kept; none were, or their time is over.
///
/// # Errors
/// The store's.
pub fn has_rejects(engine: &Engine, connection: DocumentId, run: i64) -> Result<bool, StoreError> {
    Ok(engine.store().read(|s| stored::piece(s, connection, run, 0))?.is_some())
}

/// Writes all rejects of a run: line, code and reason.
///
/// # Errors
/// [`RejectsError`].
pub fn write_rejects(
    engine: &Engine,
    connection: DocumentId,
    run: i64,
    out: &mut dyn Write,
) -> Result<(), RejectsError> {
    for no in 0.. {
        let Some(piece) = engine.store().read(|s| stored::piece(s, connection, run, no))? else { break };
        packed::unpack(&piece, out)?;
    }
    out.flush()?;
    Ok(())
}
