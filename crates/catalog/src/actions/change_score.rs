//! Adds to a named score of the person, takes from it or sets it. Scores begin at 0 and stay within 64 bits.
//!
//! A score that is mirrored to Marketo Engage is told there as well, of people whom Marketo knows by their address: as a
//! value of a field, or as a change by a campaign.

use caravan_model::attribute::person;
use caravan_model::document::{DocumentKind, Score, ScoreCampaign, ScoreMirror};
use caravan_model::{DocumentId, Finding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit, person_of};
use crate::calls::PreparedCall;
use crate::definitions::{Definition, Definitions};
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
    mirror: Option<Mirror>,
}

/// How another system is told.
struct Mirror {
    call: PreparedCall,
    /// The token that says by how much; none: it is told the value.
    token: Option<String>,
}

impl Mirror {
    fn of(score: &Definition, definitions: &Definitions) -> Result<Option<Self>, Vec<Finding>> {
        let Some(ScoreMirror { connection, field, campaign }) = score.read::<Score>().and_then(|score| score.mirror)
        else {
            return Ok(None);
        };
        let (operation, target, token) = match (field, campaign) {
            (_, Some(ScoreCampaign { workspace, campaign, token })) => {
                ("marketo_request_campaign", json!({ "workspace": workspace, "campaign": campaign }), Some(token))
            }
            (Some(field), None) => ("marketo_set_score", json!({ "field": field }), None),
            (None, None) => return Ok(None),
        };
        let at_score = |findings: Vec<Finding>| {
            let moved = findings.into_iter().map(|finding| Finding { pointer: "/score".to_owned(), ..finding });
            moved.collect::<Vec<_>>()
        };
        let call = PreparedCall::new(definitions, (&connection, "marketo"), operation, target).map_err(at_score)?;
        Ok(Some(Self { call: call.telling(score.id), token }))
    }

    /// Tells of a person whom the other system may know.
    fn tell(&self, visit: &Visit, subject: Subject, (old, new): (i64, i64), world: &mut World) {
        let Subject::Person(ix) = subject else { return };
        let email = world.person_value(ix, person::EMAIL).as_text().map(|email| email.trim().to_owned());
        let Some(email) = email.filter(|email| !email.is_empty()) else { return };
        let known = match &self.token {
            Some(token) => json!({ "email": email, "tokens": { token: format!("{:+}", new.saturating_sub(old)) } }),
            None => json!({ "email": email, "value": new }),
        };
        self.call.queue(visit, subject, known, world);
    }
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
        let mirror = Mirror::of(score, definitions)?;
        Ok(Prepared { score: score.id, key: score.key.clone(), change, mirror })
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        let mut needs = Needs { scores: [prepared.score].into(), writes_people: true, ..Needs::default() };
        if prepared.mirror.is_some() {
            needs.extend(&PreparedCall::needs_of_people());
        }
        needs
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Some(person) = person_of(subject) else { return Outcome::NoOp("unchanged") };
        let old = world.score(person, prepared.score);
        let value = prepared.change.of(old);
        if !world.set_score(person, prepared.score, &prepared.key, value, &visit.origin) {
            return Outcome::NoOp("unchanged");
        }
        if let Some(mirror) = &prepared.mirror {
            mirror.tell(visit, subject, (old, value), world);
        }
        Outcome::Done
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
    fn a_mirrored_score_is_told_by_its_value_or_by_the_difference() {
        use crate::testing::{account, with_definition};
        let told = |mirror: serde_json::Value| {
            let definitions = with_definition(DocumentKind::Score, "interest", json!({ "mirror": mirror }));
            let mut scene = account("acme").people(1).world();
            let change = |change: &str| json!({ "score": "interest", "change": change });
            for step in ["=50", "-8", "-0"] {
                scene.run_with("change_score", change(step), &definitions);
            }
            let effects = scene.world.changes.effects.iter();
            effects
                .map(|effect| {
                    let body: serde_json::Value = serde_json::from_str(&effect.body).unwrap();
                    format!("{} {} {}", effect.kind, effect.lane, body["subject"])
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            told(json!({ "connection": "mkto", "field": "leadScore" })),
            [
                r#"score_mirror marketo_set_score:mkto:{"field":"leadScore"} {"email":"p1@acme.example","value":50}"#,
                r#"score_mirror marketo_set_score:mkto:{"field":"leadScore"} {"email":"p1@acme.example","value":42}"#,
            ]
        );
        let by_campaign =
            told(json!({ "connection": "mkto", "campaign": { "workspace": "Default", "campaign": "Score" } }));
        assert!(
            by_campaign[0].ends_with(r#"{"email":"p1@acme.example","tokens":{"my.scoreDelta":"+50"}}"#),
            "{by_campaign:?}"
        );
        assert!(by_campaign[1].contains("-8"), "{by_campaign:?}");
    }

    #[test]
    fn a_score_stops_at_the_end_of_its_range() {
        assert_eq!(Change::By(5).of(i64::MAX), i64::MAX);
        assert_eq!(Change::By(-5).of(i64::MIN + 1), i64::MIN);
    }
}
