//! Ids: dense integers inside, prefixed strings outside.
//!
//! Hot tables are keyed by dense integers issued in order (random keys cost several times as much). Outside, an id
//! carries a prefix (`enr_123`) so that nobody takes one kind for another.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// What the public form starts with.
            pub const PREFIX: &'static str = $prefix;
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownId;
            fn from_str(s: &str) -> Result<Self, UnknownId> {
                s.strip_prefix(concat!($prefix, "_"))
                    .and_then(|n| n.parse().ok())
                    .map(Self)
                    .ok_or(UnknownId { expected: $prefix })
            }
        }
    )*};
}

ids! {
    /// An account.
    AccountId = "acc";
    /// A person.
    PersonId = "per";
    /// A buying group.
    GroupId = "grp";
    /// One traveller's one trip through one journey.
    EnrollmentId = "enr";
    /// One fact on the stream.
    ActivityId = "act";
    /// A queued effect.
    EffectId = "eff";
    /// A definition (journey, list, email …).
    DocumentId = "doc";
    /// A published, immutable version of a definition.
    VersionId = "ver";
    /// A row of the inbox.
    InboxId = "inb";
    /// A file that somebody asked for.
    ExportId = "exp";
    /// An import by schedule: one version of one file.
    ImportRunId = "imp";
}

/// A string that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind: it starts with `{expected}_` and ends in a number")]
pub struct UnknownId {
    /// The prefix that was expected.
    pub expected: &'static str,
}

/// Shards are fixed at install; every row of a hot table carries the shard of its traveller.
pub const SHARDS: i64 = 256;

/// One of the [`SHARDS`]; the row lock on it is the right to move its travellers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(pub i64);

impl Shard {
    /// The shard of a traveller, from its natural key. Stored at creation and never recomputed.
    pub fn of_key(key: &str) -> Self {
        // FNV-1a: stable across versions and machines, spreads short keys well.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in key.bytes() {
            hash ^= u64::from(byte);
            hash = hash.wrapping_mul(0x0100_0000_01b3);
        }
        Self(((hash >> 32) ^ hash) as i64 & (SHARDS - 1))
    }

    /// The shard of a traveller by its own dense number, in runs of 16: what is created together is kept together, so that
    /// a step's rows lie close. Stored at creation and never recomputed.
    pub fn of_number(id: i64) -> Self {
        Self((id >> 4) & (SHARDS - 1))
    }
}

impl EnrollmentId {
    /// What leaves on nobody's trip carries this in place of one: messages sent by hand.
    pub const NONE: Self = Self(0);

    /// The trip, where there is one.
    pub fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_ids_read_back_and_refuse_other_kinds() {
        assert_eq!(EnrollmentId(42).to_string(), "enr_42");
        assert_eq!("enr_42".parse(), Ok(EnrollmentId(42)));
        assert!("per_42".parse::<EnrollmentId>().is_err());
        assert!("enr_x".parse::<EnrollmentId>().is_err());
    }

    #[test]
    fn neighbours_share_a_shard_and_all_shards_are_used_alike() {
        assert_eq!(Shard::of_number(16), Shard::of_number(31));
        let mut counts = [0; SHARDS as usize];
        for id in 0..SHARDS * 16 * 3 {
            counts[Shard::of_number(id).0 as usize] += 1;
        }
        assert!(counts.iter().all(|&n| n == 48), "{counts:?}");
    }

    #[test]
    fn shards_are_spread_evenly_over_ordinary_keys() {
        let mut counts = [0; SHARDS as usize];
        for n in 0..25_600 {
            counts[Shard::of_key(&format!("acc-{n}")).0 as usize] += 1;
        }
        assert!(counts.iter().all(|&n| (50..=160).contains(&n)), "{counts:?}");
    }
}
