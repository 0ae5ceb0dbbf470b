//! Readings: the platform is told to read a file, and says much later how that went. Until then nobody knows whether the
//! people in it are in the audience.
//!
//! This is kept in memory. Whoever does not know of a reading hands its people over once more, which changes nothing there.

use std::collections::{HashSet, VecDeque};

use jiff::Timestamp;

/// Readings that are remembered of an audience.
const REMEMBERED: usize = 16;

/// The readings of one audience.
#[derive(Debug, Default)]
pub struct Readings(VecDeque<Reading>);

/// A reading of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What the platform calls it.
    pub run: String,
    /// When it was asked for.
    pub began: Timestamp,
    /// Whether the platform has done it.
    pub is_done: bool,
    /// Keys of the effects whose people are in the file.
    keys: HashSet<String>,
}

impl Readings {
    /// The platform was told to read a file.
    pub fn begin<'a>(&mut self, run: String, began: Timestamp, keys: impl Iterator<Item = &'a str>) {
        let keys = keys.map(str::to_owned).collect();
        self.0.push_back(Reading { run, began, is_done: false, keys });
        while self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    /// The one that the platform is still at.
    pub fn under_way(&self) -> Option<&Reading> {
        self.0.iter().find(|reading| !reading.is_done)
    }

    /// The reading that this effect's person is in.
    pub fn with(&self, key: &str) -> Option<&Reading> {
        self.0.iter().rev().find(|reading| reading.keys.contains(key))
    }

    /// The platform has read it.
    pub fn done(&mut self, run: &str) {
        self.0.iter_mut().filter(|reading| reading.run == run).for_each(|reading| reading.is_done = true);
    }

    /// It came to nothing: whoever was in it is handed over again.
    pub fn failed(&mut self, run: &str) {
        self.0.retain(|reading| reading.run != run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_wait_for_their_reading_and_are_handed_over_again_when_it_fails() {
        let mut readings = Readings::default();
        readings.begin("r1".into(), Timestamp::UNIX_EPOCH, ["a", "b"].into_iter());
        assert_eq!(readings.under_way().map(|it| it.run.as_str()), Some("r1"));
        readings.done("r1");
        assert!(readings.under_way().is_none() && readings.with("a").is_some_and(|it| it.is_done));
        readings.begin("r2".into(), Timestamp::UNIX_EPOCH, ["a"].into_iter());
        assert_eq!(readings.with("a").map(|it| it.run.as_str()), Some("r2"), "the last one counts");
        readings.failed("r2");
        assert!(readings.under_way().is_none());
        assert_eq!(readings.with("c"), None);
    }

    #[test]
    fn only_the_last_ones_are_remembered() {
        let mut readings = Readings::default();
        for n in 0..=REMEMBERED {
            readings.begin(format!("r{n}"), Timestamp::UNIX_EPOCH, [format!("k{n}").as_str()].into_iter());
        }
        assert_eq!((readings.with("k0"), readings.with("k1").map(|it| it.run.as_str())), (None, Some("r1")));
    }
}
