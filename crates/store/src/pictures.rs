//! Pictures of content that was imported. Messages that left long ago show them, so none is ever taken away.

use jiff::Timestamp;

use crate::error::StoreError;
use crate::params;
use crate::session::{Session, SessionExt};

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureRow {
    /// What it is called in addresses: made from what it holds.
    pub name: String,
    /// Its content type.
    pub content_type: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Keeps pictures; one that is there is the same.
pub fn put(s: &mut dyn Session, pictures: &[PictureRow], now: Timestamp) -> Result<(), StoreError> {
    for PictureRow { name, content_type, bytes } in pictures {
        s.execute(
            "INSERT INTO picture (name, content_type, bytes, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING",
            params![name, content_type, bytes, now],
        )?;
    }
    Ok(())
}

/// A picture by its name.
pub fn get(s: &mut dyn Session, name: &str) -> Result<Option<PictureRow>, StoreError> {
    let sql = "SELECT name, content_type, bytes FROM picture WHERE name = $1";
    s.query_opt(sql, params![name], |r| {
        Ok(PictureRow { name: r.string(0), content_type: r.string(1), bytes: r.bytes(2).to_vec() })
    })
}
