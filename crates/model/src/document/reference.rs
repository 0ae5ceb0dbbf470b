//! One document names another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Behaviour, DocumentKind};
use crate::finding::Finding;

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

    /// The finding that refuses the use of a kind that does nothing yet.
    pub fn not_available(&self) -> Option<Finding> {
        let message = || {
            format!(
                "Documents of kind `{}` are stored but do nothing in this version, so a journey cannot use `{}`. Remove it.",
                self.kind, self.key
            )
        };
        (self.kind.behaviour() == Behaviour::Later).then(|| Finding::error("not_available", &self.pointer, message()))
    }

    /// The same reference, seen from a document in which this one's document lies at `prefix`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}
