//! One document names another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DocumentKind;

/// A place in a document that names another document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Reference {
    /// What is named.
    pub kind: DocumentKind,
    /// Its key as written. Roles are named by their name (`Decision Maker`), everything else by key.
    pub key: String,
    /// JSON pointer of the place.
    pub pointer: String,
}

impl Reference {
    /// A reference to `key` from the place `pointer`.
    pub fn new(kind: DocumentKind, key: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self { kind, key: key.into(), pointer: pointer.into() }
    }

    /// A reference to each of `keys`, which stand as a list at `pointer`.
    pub(super) fn each(kind: DocumentKind, keys: &[String], pointer: &str) -> Vec<Self> {
        keys.iter().enumerate().map(|(n, key)| Self::new(kind, key, format!("{pointer}/{n}"))).collect()
    }

    /// The same reference, seen from a document in which this one's document lies at `prefix`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}
