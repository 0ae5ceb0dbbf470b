//! Takes the person out of the account's buying group. What a hand decided stays.

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit, person_of};
use crate::definitions::{Definitions, Interest};
use crate::groups::{self, Kept};
use crate::needs::Needs;
use crate::world::{Source, World};

/// Settings of *Remove from Buying Group*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whose buying group of the account.
    #[schemars(extend("x-reference" = "solution_interest"))]
    pub solution_interest: String,
}

/// *Remove from Buying Group*.
pub struct RemoveFromBuyingGroup;

impl Action for RemoveFromBuyingGroup {
    type Settings = Settings;
    type Prepared = Interest;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "remove_from_buying_group",
            label: "Remove from Buying Group",
            description: "Takes the person out of the account's buying group.",
            subject: Subjects::People,
            category: "buying_groups",
            icon: "user-minus",
            in_person_journeys: false,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[
                ("no_buying_group", "The account has no buying group of this solution interest."),
                ("not_member", "The person is not a member."),
                ("decided_by_hand", "Somebody decided this membership by hand, which counts for more."),
            ],
        }
    }

    fn example(&self) -> Settings {
        Settings { solution_interest: "crm".to_owned() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Interest, Vec<Finding>> {
        definitions.interest(&settings.solution_interest, "/solution_interest")
    }

    fn needs(&self, interest: &Interest) -> Needs {
        Needs { interests: [interest.id].into(), ..Needs::default() }
    }

    fn decide(&self, interest: &Interest, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let group = visit.account.and_then(|account| world.group_of(account, interest.id));
        let (Some(group), Some(person)) = (group, person_of(subject)) else {
            return Outcome::NoOp("no_buying_group");
        };
        let person = world.person(person).id;
        match groups::remove(world, group, interest, person, Source::Journey, &visit.origin) {
            Ok(()) => {
                groups::settle_completeness(world, group, interest, &visit.origin);
                Outcome::Done
            }
            Err(Kept::AsAsked) => Outcome::NoOp("not_member"),
            Err(Kept::DecidedBy(_)) => Outcome::NoOp("decided_by_hand"),
        }
    }
}
