//! Adds to a named score of the person, takes from it or sets it. Scores begin at 0 and stay within 64 bits.

use caravan_model::document::DocumentKind;
use caravan_model::{DocumentId, Finding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit, person_of};
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Change Score*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A named score.
    #[schemars(extend("x-reference" = "score"))]
    pub score: String,
    /// What happens to it: `+5`, `-10` or `=50`.
    #[schemars(length(max = 20))]
    pub change: String,
}

/// What happens to a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    By(i64),
    To(i64),
}

impl Change {
    /// `+5`, `-10`, `=50`, `=-3`.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let number = |digits: &str| digits.trim().parse::<i64>().ok();
        match text.strip_prefix('=') {
            Some(rest) => number(rest).map(Self::To),
            None if text.starts_with(['+', '-']) => number(text).map(Self::By),
            None => None,
        }
    }

    fn of(self, score: i64) -> i64 {
        match self {
            Self::By(points) => score.saturating_add(points),
            Self::To(points) => points,
        }
    }
}

/// The score, found, and the change, read.
pub struct Prepared {
    score: DocumentId,
    key: String,
    change: Change,
}

/// *Change Score*.
pub struct ChangeScore;

impl Action for ChangeScore {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "change_score",
            label: "Change Score",
            description: "Adds to a named score of the person, takes from it or sets it.",
            subject: Subjects::People,
            category: "data",
            icon: "gauge",
            in_person_journeys: true,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[("unchanged", "The score has this value already.")],
        }
    }

    fn example(&self) -> Settings {
        Settings { score: "interest".to_owned(), change: "+5".to_owned() }
    }

    fn check(&self, settings: &Settings) -> Vec<Finding> {
        let message = format!("`{}` is no change of a score. Write it like `+5`, `-10` or `=50`.", settings.change);
        let finding = || Finding::error("bad_score_change", "/change", message);
        Change::read(&settings.change).is_none().then(finding).into_iter().collect()
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        let score = definitions.find(DocumentKind::Score, &settings.score, "/score").map_err(|f| vec![f])?;
        let change = Change::read(&settings.change).ok_or_else(|| self.check(settings))?;
        Ok(Prepared { score: score.id, key: score.key.clone(), change })
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        Needs { scores: [prepared.score].into(), writes_people: true, ..Needs::default() }
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Some(person) = person_of(subject) else { return Outcome::NoOp("unchanged") };
        let value = prepared.change.of(world.score(person, prepared.score));
        let changed = world.set_score(person, prepared.score, &prepared.key, value, &visit.origin);
        if changed { Outcome::Done } else { Outcome::NoOp("unchanged") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_signed_or_set_and_nothing_else() {
        let read = |text| Change::read(text).map(|change| change.of(10));
        assert_eq!(read("+5"), Some(15));
        assert_eq!(read("-10"), Some(0));
        assert_eq!(read("=50"), Some(50));
        assert_eq!(read("= -3"), Some(-3));
        for wrong in ["", "5", "+", "=", "++5", "+5.5", "=x", "+99999999999999999999"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_score_stops_at_the_end_of_its_range() {
        assert_eq!(Change::By(5).of(i64::MAX), i64::MAX);
        assert_eq!(Change::By(-5).of(i64::MIN + 1), i64::MIN);
    }
}
