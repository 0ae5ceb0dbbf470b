//! New ids: dense integers issued in order.
//!
//! SQLite counts in the transaction. PostgreSQL hands each process blocks of [`BLOCK`] from one sequence per family, so
//! that nobody waits for anybody; ids are unique everywhere and ascend within a process.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use parking_lot::Mutex;

use crate::error::StoreError;

/// Everything that has ids of its own; named after its table. `migrate` makes a counter for each.
pub const FAMILIES: &[&str] = &[
    "account",
    "activity",
    "api_token",
    "app_user",
    "audience_mark",
    "audit",
    "buying_group",
    "consent_record",
    "definition_comment",
    "destination_audience",
    "document",
    "document_version",
    "enrollment",
    "export",
    "import_run",
    "inbox",
    "ledger",
    "mail",
    "notification",
    "object_record",
    "outbox",
    "parked_activity",
    "person",
];

/// How many ids a process takes from a sequence at once.
pub(crate) const BLOCK: i64 = 1024;

/// The family's name as the database knows it, or an error that says it is not declared.
pub(crate) fn check_family(family: &str) -> Result<(), StoreError> {
    if FAMILIES.contains(&family) {
        return Ok(());
    }
    Err(StoreError::Statement(format!("the id family {family:?} is not declared in ids::FAMILIES")))
}

/// Reserved ids, ascending; take them one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdRange {
    blocks: VecDeque<Range<i64>>,
}

impl IdRange {
    pub(crate) fn of(start: i64, n: usize) -> Self {
        let mut range = Self::default();
        range.push(start..start + n as i64);
        range
    }

    pub(crate) fn push(&mut self, block: Range<i64>) {
        if block.is_empty() {
            return;
        }
        match self.blocks.back_mut() {
            Some(last) if last.end == block.start => last.end = block.end,
            _ => self.blocks.push_back(block),
        }
    }
}

impl Iterator for IdRange {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        let block = self.blocks.front_mut()?;
        let id = block.next();
        if block.is_empty() {
            self.blocks.pop_front();
        }
        id
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.blocks.iter().map(|block| (block.end - block.start) as usize).sum();
        (left, Some(left))
    }
}

impl ExactSizeIterator for IdRange {}

/// The blocks a process has taken and not used up.
#[derive(Default)]
pub(crate) struct IdBlocks {
    free: Mutex<HashMap<&'static str, VecDeque<Range<i64>>>>,
}

impl IdBlocks {
    /// Moves up to `n` ids into `range`; returns how many are still missing.
    pub(crate) fn take(&self, family: &'static str, n: usize, range: &mut IdRange) -> usize {
        let mut missing = n as i64;
        let mut free = self.free.lock();
        let blocks = free.entry(family).or_default();
        while missing > 0
            && let Some(block) = blocks.front_mut()
        {
            let end = block.end.min(block.start + missing);
            missing -= end - block.start;
            range.push(block.start..end);
            block.start = end;
            if block.is_empty() {
                blocks.pop_front();
            }
        }
        missing as usize
    }

    /// Adds blocks that were taken from the sequence.
    pub(crate) fn give(&self, family: &'static str, starts: &[i64]) {
        let mut free = self.free.lock();
        let blocks = free.entry(family).or_default();
        blocks.extend(starts.iter().map(|&start| start..start + BLOCK));
        // Two threads may have fetched at once: keep what a process issues ascending.
        blocks.make_contiguous().sort_by_key(|block| block.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_runs_through_its_blocks_in_order() {
        let mut range = IdRange::of(5, 3);
        range.push(8..9);
        range.push(2048..2050);
        assert_eq!(range.len(), 6);
        assert_eq!(range.collect::<Vec<_>>(), [5, 6, 7, 8, 2048, 2049]);
    }

    #[test]
    fn blocks_are_used_up_before_new_ones_are_needed() {
        let blocks = IdBlocks::default();
        blocks.give("account", &[2049, 1]);
        let mut range = IdRange::default();
        assert_eq!(blocks.take("account", 1000, &mut range), 0);
        assert_eq!(blocks.take("account", 1100, &mut range), 52);
        let ids: Vec<_> = range.collect();
        assert_eq!(ids.len(), 2048);
        assert_eq!((ids[0], ids[1023], ids[1024], ids[2047]), (1, 1024, 2049, 3072));
    }
}
