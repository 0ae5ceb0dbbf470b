//! Ends the account's trip through a journey, which may be this one. Travellers inside a closed journey can be taken
//! out too.

use caravan_model::Finding;

use super::add_to_journey::Settings;
use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::changes::Command;
use crate::definitions::{Definitions, TargetJourney};
use crate::needs::Needs;
use crate::world::World;

/// *Remove Account from Journey*.
pub struct RemoveFromJourney;

impl Action for RemoveFromJourney {
    type Settings = Settings;
    type Prepared = TargetJourney;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "remove_from_journey",
            label: "Remove Account from Journey",
            description: "Ends the account's trip through a journey, which may be this one.",
            subject: Subjects::Account,
            category: "journeys",
            icon: "route",
            in_person_journeys: false,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[("not_inside", "The account is not inside that journey.")],
        }
    }

    fn example(&self) -> Settings {
        Settings { journey: "win-back".to_owned() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<TargetJourney, Vec<Finding>> {
        settings.target(definitions)
    }

    fn needs(&self, target: &TargetJourney) -> Needs {
        Needs { journeys: [target.id].into(), ..Needs::default() }
    }

    fn decide(&self, target: &TargetJourney, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Subject::Account(account) = subject else { return Outcome::NoOp("not_inside") };
        if target.id == visit.journey {
            world.changes.commands.push(Command::EndTrip { enrollment: visit.enrollment });
            return Outcome::Done;
        }
        if !world.inside(account, target.id) {
            return Outcome::NoOp("not_inside");
        }
        world.remove_account(account, target.id);
        Outcome::Done
    }
}
