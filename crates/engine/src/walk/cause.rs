//! Why a trip began, or who moved it by hand: kept with the move.

use caravan_model::ActivityId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What brought a traveller in, or moved it other than by the map.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Cause {
    /// It belongs to the audience. The usual case, for which nothing is stored.
    #[default]
    Audience,
    /// It still belongs to the audience, and the delay before re-entry is over.
    Again,
    /// An event that the journey begins with.
    Event {
        /// Which.
        activity: ActivityId,
        /// Its type.
        #[serde(rename = "type")]
        kind: String,
        /// When it happened.
        at: Timestamp,
    },
    /// An action of another journey.
    Journey {
        /// Its key.
        journey: String,
    },
    /// Its account or person is no longer there.
    Gone,
    /// A person.
    Hand {
        /// Who.
        by: String,
        /// What the person did: `enter`, `skip`, `remove` or `leave_out`.
        #[serde(rename = "did")]
        deed: String,
    },
}

impl Cause {
    /// What a person did by hand.
    pub fn hand(by: &str, deed: &str) -> Self {
        Self::Hand { by: by.to_owned(), deed: deed.to_owned() }
    }

    /// From its stored form; nothing stored is the usual case.
    pub fn of(stored: Option<&str>) -> Self {
        stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// As it is stored; the usual case is not.
    pub fn stored(&self) -> Option<String> {
        (*self != Self::Audience).then(|| self.to_json())
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// It came because it belongs to the audience, by itself.
    pub fn is_audience(&self) -> bool {
        matches!(self, Self::Audience | Self::Again | Self::Event { .. })
    }
}
