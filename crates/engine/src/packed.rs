//! Pieces of files as the store keeps them: compressed, each by itself.

use std::io::{self, Read, Write};

use caravan_store::StoreError;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// A piece as it is kept.
pub(crate) fn pack(text: &[u8]) -> Result<Vec<u8>, StoreError> {
    let refused = |error: io::Error| StoreError::Other(error.to_string());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).map_err(refused)?;
    encoder.finish().map_err(refused)
}

/// Writes a piece as it was.
pub(crate) fn unpack(piece: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    GzDecoder::new(piece).read_to_end(&mut text)?;
    out.write_all(&text)
}
