//! What a case comes to, in a form in which two of them can be compared, line by line.

use std::collections::BTreeMap;

use crate::model::case::Secs;

/// Everything that must be the same.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Final {
    /// By journey, traveller and entry.
    pub trips: BTreeMap<(String, String, i64), Trip>,
    /// By journey, what was counted.
    pub figures: BTreeMap<String, Figures>,
    /// Messages queued: `JOURNEY TRAVELLER/ENTRY NODE PERSON`, how often.
    pub mails: BTreeMap<String, i64>,
    /// What became of each of these. The engine cannot say where it is in doubt, so this is not compared.
    pub fates: BTreeMap<String, String>,
    /// What accounts and people are in the end, by key.
    pub accounts: BTreeMap<String, String>,
    pub people: BTreeMap<String, String>,
    /// Activities that journeys wrote: `TYPE by SOURCE of WHOM`, how often.
    pub told: BTreeMap<String, i64>,
}

/// One trip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    pub entered_at: Secs,
    /// Where it stands or ended, and since when.
    pub node: String,
    pub node_at: Secs,
    pub ended: Option<(Secs, String)>,
    /// Every node that it left, in order.
    pub stays: Vec<Stay>,
}

/// A node that was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    pub node: String,
    pub left: Secs,
    pub path: Option<String>,
    pub outcome: Option<String>,
}

/// `NODE WHAT` → n.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures(pub BTreeMap<String, i64>);

impl Figures {
    pub fn add(&mut self, what: &str, n: i64) {
        *self.0.entry(what.to_owned()).or_default() += n;
    }

    pub fn without_zeros(mut self) -> Self {
        self.0.retain(|_, n| *n != 0);
        self
    }
}

impl Final {
    /// Everything in which `found` differs, a line each.
    pub fn differences(&self, found: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        differ(&self.trips, &found.trips, &mut lines);
        let of_journey = |figures: &BTreeMap<String, Figures>| -> BTreeMap<String, i64> {
            let each = |(journey, figures): (&String, &Figures)| -> Vec<(String, i64)> {
                figures.0.iter().map(|(what, n)| (format!("{journey}: {what}"), *n)).collect()
            };
            figures.iter().flat_map(each).collect()
        };
        differ(&of_journey(&self.figures), &of_journey(&found.figures), &mut lines);
        differ(&self.mails, &found.mails, &mut lines);
        differ(&self.accounts, &found.accounts, &mut lines);
        differ(&self.people, &found.people, &mut lines);
        differ(&self.told, &found.told, &mut lines);
        lines
    }
}

fn differ<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    expected: &BTreeMap<K, V>,
    found: &BTreeMap<K, V>,
    lines: &mut Vec<String>,
) {
    let keys = expected.keys().chain(found.keys().filter(|key| !expected.contains_key(key)));
    for key in keys {
        match (expected.get(key), found.get(key)) {
            (Some(one), Some(other)) if one == other => {}
            (one, other) => lines.push(format!("{key:?}\n    expected {one:?}\n    found    {other:?}")),
        }
    }
}
