//! Takes the account out of a live static list. An account that is not in it stays as it is, and nothing is told.

use caravan_model::Finding;

use super::add_to_account_list::{Prepared, Settings};
use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::World;

/// *Remove from account list*.
pub struct RemoveFromAccountList;

impl Action for RemoveFromAccountList {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "remove_from_account_list",
            label: "Remove from account list",
            description: "Takes the account out of a static account list.",
            subject: Subjects::Account,
            category: "lists",
            icon: "list-minus",
            in_person_journeys: false,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[("not_in_list", "The account is not in the list.")],
        }
    }

    fn example(&self) -> Settings {
        Settings { list: "hand-picked".to_owned() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        Prepared::find(settings, definitions)
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        prepared.needs()
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        if prepared.set(visit, subject, world, false) { Outcome::Done } else { Outcome::NoOp("not_in_list") }
    }
}
