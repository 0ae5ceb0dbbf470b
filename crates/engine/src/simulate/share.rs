//! Shares: so many of a hundred of whoever comes, spread evenly, so that half of three is two and not what chance makes it.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// So many of a hundred, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub struct Share(u8);

impl Share {
    /// Whether it takes the next one after so many others came, the first of all among those it takes.
    pub(super) fn takes(self, came: u64) -> bool {
        let taken = |of: u64| (of * u64::from(self.0)).div_ceil(100);
        taken(came + 1) > taken(came)
    }
}

impl TryFrom<u8> for Share {
    type Error = &'static str;

    fn try_from(of_hundred: u8) -> Result<Self, Self::Error> {
        if (1..=100).contains(&of_hundred) {
            Ok(Self(of_hundred))
        } else {
            Err("a share is a whole number from 1 to 100")
        }
    }
}

impl JsonSchema for Share {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 100, "description": "So many of a hundred." })
    }
}

/// How many came to each of a list of things with shares.
#[derive(Debug, Default)]
pub(super) struct Turnout(Vec<u64>);

impl Turnout {
    /// Whether the thing at this place takes the one that comes to it now; without a share it takes everybody.
    pub(super) fn takes(&mut self, at: usize, share: Option<Share>) -> bool {
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        let came = self.0[at];
        self.0[at] += 1;
        share.is_none_or(|share| share.takes(came))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_spread_evenly_and_begins_with_the_first() {
        let taken = |of_hundred: u8, of: u64| {
            let share = Share::try_from(of_hundred).expect("a share");
            (0..of).filter(|came| share.takes(*came)).collect::<Vec<_>>()
        };
        assert_eq!(taken(50, 5), [0, 2, 4]);
        assert_eq!(taken(100, 3), [0, 1, 2]);
        assert_eq!(taken(10, 30), [0, 10, 20]);
        assert_eq!(taken(33, 100).len(), 33);
        assert!(Share::try_from(0).is_err() && Share::try_from(101).is_err());
    }
}
