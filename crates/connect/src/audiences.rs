//! Audiences at other systems: accounts are put into them and taken out of them, and they tell where they stand.
//!
//! What stands for an account over there (its *element*) is made once and kept by the caller: whoever takes an account
//! out says the same of it as when it was put in, whatever has become of the account since.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::connector::{Choice, Outcome};

/// Where a connection takes accounts into audiences. Changes travel as [`Membership`] through
/// [`Connector::deliver`](crate::Connector::deliver).
pub trait Audiences: Send + Sync {
    /// What stands for an account at the other side, made from the account's attributes by their keys, and `settings` of
    /// the destination.
    ///
    /// # Errors
    /// Why it cannot stand there: [`Outcome::Skipped`] or [`Outcome::Failed`].
    fn element(&self, settings: &Json, account: &Map<String, Json>) -> Result<Json, Outcome>;

    /// How an audience stands at the other side now; none where it is not there yet.
    ///
    /// # Errors
    /// Why that cannot be told, for people.
    fn standing(&self, audience: &Audience) -> Result<Option<Standing>, String>;

    /// The audiences that there are at the destination with these settings, whoever made them.
    ///
    /// # Errors
    /// Why that cannot be told, for people.
    fn existing(&self, settings: &Json) -> Result<Vec<Choice>, String>;

    /// Fewer members than this cannot be used over there.
    fn minimum(&self) -> i64;
}

/// One audience at a destination.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Audience {
    /// The destination's settings, JSON: they are compared and grouped by.
    pub settings: String,
    /// Its name over there.
    pub name: String,
    /// Our own id of it: the same whenever it is looked for, so that it is made once.
    pub source_id: String,
    /// Its id over there, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
}

impl Audience {
    /// Our own id of an audience: of this installation, at this destination, under this name. Always the same.
    pub fn source_id(installation: &str, destination: &str, name: &str) -> String {
        let digest = Sha256::digest(format!("{installation}\n{destination}\n{name}"));
        digest[..12].iter().fold("caravan-".to_owned(), |mut id, byte| {
            // Writing to a text does not fail.
            let _ = write!(id, "{byte:02x}");
            id
        })
    }
}

/// One account's change in an audience: what is taken out, then what is put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Which audience.
    pub audience: Audience,
    /// Elements that stand there, or may, and shall not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub take: Vec<Json>,
    /// The element that shall stand there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put: Option<Json>,
}

/// How an audience stands at the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its id over there.
    pub remote_id: String,
    /// The other side's own word for its state.
    pub status: String,
    /// Whether campaigns may use it in this state.
    pub usable: bool,
    /// Members who can be reached now; unlike accounts, these are people.
    pub size: Option<i64>,
    /// What the state means, for people.
    pub note: String,
}
