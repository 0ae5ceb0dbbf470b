//! Asks for the person to enter a person journey. The person lives in a shard of its own: that journey's rules are
//! asked there. Until it has answered the execution is pending; the traveller does not wait for that.

use caravan_model::Finding;
use caravan_model::attribute;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::add_to_journey::LONGEST_CHAIN;
use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit, person_of};
use crate::changes::Command;
use crate::definitions::{Definitions, TargetJourney};
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Add Person to (other) Journey* and *Remove Person from (other) Journey*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A live person journey.
    #[schemars(extend("x-reference" = "journey", "x-subject" = "person"))]
    pub journey: String,
}

impl Settings {
    pub(super) fn target(&self, definitions: &Definitions) -> Result<TargetJourney, Vec<Finding>> {
        definitions.journey(&self.journey, attribute::Subject::Person, "/journey").map_err(|finding| vec![finding])
    }
}

/// *Add Person to (other) Journey*.
pub struct AddPersonToJourney;

impl Action for AddPersonToJourney {
    type Settings = Settings;
    type Prepared = TargetJourney;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "add_person_to_journey",
            label: "Add Person to (other) Journey",
            description: "Asks for the person to enter a person journey, by that journey's own rules.",
            subject: Subjects::People,
            category: "journeys",
            icon: "route",
            in_person_journeys: true,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[
                ("target_not_live", "The other journey takes nobody in now."),
                ("already_inside", "The person is inside that journey."),
                ("no_reentry", "The person was in that journey as often as it lets anybody in."),
                ("reentry_too_early", "The delay after which the person may enter that journey again is not over."),
                ("test_profile", "The person is a test profile, and those never enter."),
                ("gone", "The person is no longer there."),
                ("journey_chain_too_long", "Ten journeys have sent this traveller on already, one after another."),
            ],
        }
    }

    fn example(&self) -> Settings {
        Settings { journey: "onboarding".to_owned() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<TargetJourney, Vec<Finding>> {
        settings.target(definitions)
    }

    fn leads_into(&self, settings: &Settings) -> Option<String> {
        Some(settings.journey.clone())
    }

    fn needs(&self, _target: &TargetJourney) -> Needs {
        Needs::default()
    }

    fn decide(&self, target: &TargetJourney, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Some(person) = person_of(subject).filter(|_| target.live) else {
            return Outcome::NoOp("target_not_live");
        };
        if visit.chain >= LONGEST_CHAIN {
            return Outcome::NoOp("journey_chain_too_long");
        }
        let person = world.person(person);
        let (journey, chain) = (target.id, visit.chain + 1);
        let command = Command::EnterPerson { node: visit.node, journey, person: person.id, shard: person.shard, chain };
        world.changes.commands.push(command);
        Outcome::Pending
    }
}
