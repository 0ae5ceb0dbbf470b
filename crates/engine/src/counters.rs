//! What variant splits have shared out: one counter per node, locked from loading to commit, so that every traveller of
//! every worker gets the next number and none is left out.

use std::collections::{BTreeMap, BTreeSet};

use caravan_model::VersionId;
use caravan_store::{Session, StoreError, counters};

/// The counters of a batch.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    counted: BTreeMap<(VersionId, i64), Counter>,
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    stored: i64,
    next: i64,
}

impl Counters {
    /// Locks the counters of these nodes, in key order. They are the last rows that a step locks, so that whoever holds
    /// one waits for nobody.
    pub fn lock(s: &mut dyn Session, nodes: &BTreeSet<(VersionId, i64)>) -> Result<Self, StoreError> {
        let mut counted = BTreeMap::new();
        for &(version, node) in nodes {
            let stored = counters::lock(s, version, node)?;
            counted.insert((version, node), Counter { stored, next: stored });
        }
        Ok(Self { counted })
    }

    /// The next number of a node: 0, 1, 2 …
    pub fn take(&mut self, version: VersionId, node: i64) -> i64 {
        let counter = self.counted.entry((version, node)).or_insert(Counter { stored: 0, next: 0 });
        counter.next += 1;
        counter.next - 1
    }

    /// Writes the numbers that were taken.
    pub fn save(&self, s: &mut dyn Session) -> Result<(), StoreError> {
        for (&(version, node), counter) in self.counted.iter().filter(|(_, counter)| counter.next != counter.stored) {
            counters::set(s, version, node, counter.next)?;
        }
        Ok(())
    }
}
