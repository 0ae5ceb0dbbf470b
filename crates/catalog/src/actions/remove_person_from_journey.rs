//! Asks for the person's trip through a person journey to end. The person lives in a shard of its own: whether it is
//! inside is known there. Until that has answered the execution is pending; the traveller does not wait for it.

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
        if visit.account.is_none() && target.id == visit.journey {
            world.changes.commands.push(Command::EndTrip { enrollment: visit.enrollment });
            return Outcome::Done;
        }
        let person = world.person(person);
        let command =
            Command::RemovePerson { node: visit.node, journey: target.id, person: person.id, shard: person.shard };
        world.changes.commands.push(command);
        Outcome::Pending
    }
}
