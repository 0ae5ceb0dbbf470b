//! Shares: so many of a hundred of whoever comes, spread evenly, so that half of three is two and not what chance makes it.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// So many of a hundred, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "u8")]
pub struct Share(u8);

impl Share {
    /// Whether it takes the next one after so many others came, the first of all among those it takes.
    pub(super) fn takes(self, came: u64) -> bool {
        let taken = |of: u64| (of * u64::from(self.0)).div_ceil(100);
        taken(came + 1) > taken(came)
    }
}

impl TryFrom<i64> for Share {
    type Error = &'static str;

    fn try_from(of_hundred: i64) -> Result<Self, Self::Error> {
        let fits = u8::try_from(of_hundred).ok().filter(|of_hundred| (1..=100).contains(of_hundred));
        fits.map(Self).ok_or("a share is a whole number from 1 to 100")
    }
}

impl From<Share> for u8 {
    fn from(share: Share) -> Self {
        share.0
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
        let taken = |of_hundred: i64, of: u64| {
            let share = Share::try_from(of_hundred).expect("a share");
            (0..of).filter(|came| share.takes(*came)).collect::<Vec<_>>()
        };
        assert_eq!(taken(50, 5), [0, 2, 4]);
        assert_eq!(taken(100, 3), [0, 1, 2]);
        assert_eq!(taken(10, 30), [0, 10, 20]);
        assert_eq!(taken(33, 100).len(), 33);
        for wrong in [0, 101, 300, -1] {
            let refused = serde_json::from_value::<Share>(wrong.into()).expect_err("no share");
            assert_eq!(refused.to_string(), "a share is a whole number from 1 to 100");
        }
    }
}
