//! Audiences at other systems: accounts and people are put into them and taken out of them.
//!
//! What stands for a member over there (its *element*) is made once, by each kind of connection in its own way, and kept by
//! the caller: whoever takes a member out says the same of it as when it was put in, whatever has become of it since.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::connector::{Choice, EffectBody, Outcome, Outgoing};

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Audience {
    /// The destination's settings, JSON: they are compared and grouped by.
    pub settings: String,
    /// Its name over there.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its key here, where it is defined here: fit to be the name of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Our own id of it: the same whenever it is looked for, so that it is made once.
    pub source_id: String,
    /// Its id over there, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
}

impl Audience {
    /// What files and folders of it are called.
    pub fn file_name(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.source_id)
    }

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

/// One member's change in an audience: what is taken out, then what is put in. Said twice it means the same as said once.
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
    /// What the other side called that it is at for this very change ([`Outcome::Later`]); none: it was not told yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<String>,
}

impl Membership {
    /// A change of which nobody was told yet.
    pub fn new(audience: Audience, take: Vec<Json>, put: Option<Json>) -> Self {
        Self { audience, take, put, under_way: None }
    }
}

/// A change on its way.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Key of its effect.
    pub key: &'a str,
    /// The change.
    pub change: &'a Membership,
}

/// Hands a batch over, audience by audience: `tell` answers for each change of one, in their order. What is no change of an
/// audience fails alone.
pub fn by_audience(batch: &[Outgoing], mut tell: impl FnMut(&Audience, &[Asked<'_>]) -> Vec<Outcome>) -> Vec<Outcome> {
    let wrong = Outcome::failed("wrong_effect", "This connection takes changes of audiences only.");
    let mut outcomes: Vec<Outcome> = vec![wrong; batch.len()];
    let mut audiences: BTreeMap<&Audience, (Vec<usize>, Vec<Asked<'_>>)> = BTreeMap::new();
    for (place, item) in batch.iter().enumerate() {
        if let EffectBody::Membership(change) = &item.body {
            let (places, asked) = audiences.entry(&change.audience).or_default();
            places.push(place);
            asked.push(Asked { key: &item.key, change: change.as_ref() });
        }
    }
    for (audience, (places, asked)) in audiences {
        for (place, outcome) in places.into_iter().zip(tell(audience, &asked)) {
            outcomes[place] = outcome;
        }
    }
    outcomes
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
