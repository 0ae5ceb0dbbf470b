//! How engaged people and buying groups are: pure sums, from counts of activities to scores of 0 to 100.
//!
//! A score compares with the most engaged of the installation, so every run works all of them out again. What a score is
//! made of can be shown term by term ([`PersonSum`], [`GroupSum`]): the sums here are what a run stores and what an
//! explanation prints.

use std::collections::{BTreeMap, BTreeSet};

/// Name of these formulas, stored with every score: scores of other formulas do not compare.
pub const NORM: &str = "v1";
/// Days that count, the day of the run included.
pub const WINDOW_DAYS: i32 = 30;
/// The most activities of one type that count for a person on one day.
pub const MOST_PER_DAY: i64 = 20;

/// Weight of each type of activity; those that are not named count nothing.
pub type Weights = BTreeMap<String, f64>;

/// What of a day's activities of one type counts.
pub fn counted(on_one_day: i64) -> i64 {
    on_one_day.clamp(0, MOST_PER_DAY)
}

/// The weights that a run works with: those of the types that anybody did within the window, scaled so that the largest
/// is 1. What nobody did dilutes nothing.
pub fn normalised(weights: &BTreeMap<String, u32>, occurred: &BTreeSet<String>) -> Weights {
    let used = || weights.iter().filter(|(kind, weight)| **weight > 0 && occurred.contains(*kind));
    let largest = used().map(|(_, weight)| *weight).max().unwrap_or(0);
    used().map(|(kind, weight)| (kind.clone(), f64::from(*weight) / f64::from(largest))).collect()
}

/// `value` on the scale on which `largest` is 100; 0 where nobody did anything.
pub fn scaled(value: f64, largest: f64) -> f64 {
    if largest > 0.0 { (100.0 * value.max(0.0).sqrt() / largest.sqrt()).min(100.0) } else { 0.0 }
}

/// What one type of activity adds to a person's sum.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityTerm {
    /// The type.
    pub kind: String,
    /// How many count: each day's, capped, over the window.
    pub counted: i64,
    /// Its weight in this run, 0 to 1.
    pub weight: f64,
    /// What it adds.
    pub adds: f64,
}

/// A person's sum before it is scaled.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PersonSum {
    /// What each type adds, by type.
    pub terms: Vec<ActivityTerm>,
    /// All of it together.
    pub raw: f64,
}

impl PersonSum {
    /// The sum of what counts, by type; each type once.
    pub fn of<'a>(counts: impl IntoIterator<Item = (&'a str, i64)>, weights: &Weights) -> Self {
        let mut sum = Self::default();
        for (kind, counted) in counts {
            let Some(&weight) = weights.get(kind) else { continue };
            let adds = counted as f64 * weight;
            sum.raw += adds;
            sum.terms.push(ActivityTerm { kind: kind.to_owned(), counted, weight, adds });
        }
        sum
    }
}

/// A member as a group's sum sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Engaged<'a> {
    /// Role in the group.
    pub role: &'a str,
    /// The person's score.
    pub score: f64,
}

/// What a role's members weigh in a group.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleWeight {
    /// The role.
    pub role: String,
    /// What the template gives it: 20 to 100.
    pub weight: u32,
    /// Its share among the roles that somebody has, 0 to 1.
    pub share: f64,
}

/// A group's sum before it is scaled.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupSum {
    /// The roles that somebody has, in the order in which they were given.
    pub roles: Vec<RoleWeight>,
    /// What each member adds, in their order; none for members whose role weighs nothing.
    pub adds: Vec<f64>,
    /// All of it together: a sum, so that a bigger group is more engaged.
    pub raw: f64,
}

impl GroupSum {
    /// The sum over members who fill a role. `weights` are the template's, by role.
    pub fn of(members: &[Engaged<'_>], weights: &[(&str, u32)]) -> Self {
        let taken: BTreeSet<&str> = members.iter().map(|member| member.role).collect();
        let used: Vec<(&str, u32)> = weights.iter().copied().filter(|(role, _)| taken.contains(role)).collect();
        let total: u32 = used.iter().map(|(_, weight)| weight).sum();
        let share = |weight: u32| if total > 0 { f64::from(weight) / f64::from(total) } else { 0.0 };
        let roles: Vec<RoleWeight> = used
            .into_iter()
            .map(|(role, weight)| RoleWeight { role: role.to_owned(), weight, share: share(weight) })
            .collect();
        let share_of = |role: &str| roles.iter().find(|known| known.role == role).map_or(0.0, |known| known.share);
        let adds: Vec<f64> = members.iter().map(|member| member.score * share_of(member.role)).collect();
        let raw = adds.iter().sum();
        Self { roles, adds, raw }
    }
}

/// A score as it is shown: a whole number, halves up. What is compared and added up is the exact score.
pub fn displayed(score: f64) -> i64 {
    (score + 0.5).floor() as i64
}

#[cfg(test)]
#[path = "engagement_tests.rs"]
mod tests;
