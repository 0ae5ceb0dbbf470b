//! Asks for the person's trip through a person journey to end. The person lives in a shard of its own: whether it is
//! inside is known there, and the answer is an activity.

use caravan_model::Finding;

use super::add_person_to_journey::Settings;
use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit, person_of};
use crate::changes::Command;
use crate::definitions::{Definitions, TargetJourney};
use crate::needs::Needs;
use crate::world::World;

/// *Remove Person from (other) Journey*.
pub struct RemovePersonFromJourney;

impl Action for RemovePersonFromJourney {
    type Settings = Settings;
    type Prepared = TargetJourney;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "remove_person_from_journey",
            label: "Remove Person from (other) Journey",
            description: "Asks for the person's trip through a person journey to end.",
            subject: Subjects::People,
            category: "journeys",
            icon: "route",
            in_person_journeys: true,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[("not_inside", "The person is not inside that journey.")],
        }
    }

    fn example(&self) -> Settings {
        Settings { journey: "onboarding".to_owned() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<TargetJourney, Vec<Finding>> {
        settings.target(definitions)
    }

    fn needs(&self, _target: &TargetJourney) -> Needs {
        Needs::default()
    }

    fn decide(&self, target: &TargetJourney, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Some(person) = person_of(subject) else { return Outcome::NoOp("not_inside") };
        let command = match visit.account {
            None if target.id == visit.journey => Command::EndTrip { enrollment: visit.enrollment },
            _ => {
                let person = world.person(person);
                Command::RemovePerson { journey: target.id, person: person.id, shard: person.shard }
            }
        };
        world.changes.commands.push(command);
        Outcome::Done
    }
}
