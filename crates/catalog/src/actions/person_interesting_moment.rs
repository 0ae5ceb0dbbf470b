//! Notes a moment on the person that whoever sells to them should know of.

use caravan_model::Finding;

use super::account_interesting_moment::Settings;
use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit, person_of};
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::World;

/// *Person Interesting Moment*.
pub struct PersonInterestingMoment;

impl Action for PersonInterestingMoment {
    type Settings = Settings;
    type Prepared = String;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "person_interesting_moment",
            label: "Person Interesting Moment",
            description: "Notes a moment on the person that whoever sells to them should know of.",
            subject: Subjects::People,
            category: "data",
            icon: "star",
            in_person_journeys: true,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[],
        }
    }

    fn example(&self) -> Settings {
        Settings::example()
    }

    fn prepare(&self, settings: &Settings, _definitions: &Definitions) -> Result<String, Vec<Finding>> {
        Ok(settings.fields())
    }

    fn needs(&self, _prepared: &String) -> Needs {
        Needs::default()
    }

    fn decide(&self, fields: &String, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let person = person_of(subject).map(|ix| world.person(ix).id);
        world.tell("interesting_moment", None, person, fields.clone(), &visit.origin);
        Outcome::Done
    }
}
