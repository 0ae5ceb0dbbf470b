//! Writes the status of the account's buying group: a short text of one's own.

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::definitions::{Definitions, Interest};
use crate::groups;
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Update Buying Group Status*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whose buying group of the account.
    #[schemars(extend("x-reference" = "solution_interest"))]
    pub solution_interest: String,
    /// The new status, 1 to 50 characters; space around it is dropped.
    #[schemars(length(min = 1, max = 50))]
    pub status: String,
}

/// The interest, found, and the status.
pub struct Prepared {
    interest: Interest,
    status: String,
}

/// *Update Buying Group Status*.
pub struct UpdateBuyingGroupStatus;

impl Action for UpdateBuyingGroupStatus {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "update_buying_group_status",
            label: "Update Buying Group Status",
            description: "Writes the status of the account's buying group.",
            subject: Subjects::Account,
            category: "buying_groups",
            icon: "tag",
            in_person_journeys: false,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[
                ("no_buying_group", "The account has no buying group of this solution interest."),
                ("unchanged", "The group has this status already."),
            ],
        }
    }

    fn example(&self) -> Settings {
        Settings { solution_interest: "crm".to_owned(), status: "In talks".to_owned() }
    }

    fn check(&self, settings: &Settings) -> Vec<Finding> {
        let finding = || Finding::error("too_short", "/status", "`status` is empty. Write something.");
        settings.status.trim().is_empty().then(finding).into_iter().collect()
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        let interest = definitions.interest(&settings.solution_interest, "/solution_interest")?;
        Ok(Prepared { interest, status: settings.status.trim().to_owned() })
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        Needs { interests: [prepared.interest.id].into(), ..Needs::default() }
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Prepared { interest, status } = prepared;
        let group = match subject {
            Subject::Account(ix) => world.group_of(ix, interest.id),
            Subject::Person(_) => None,
        };
        let Some(group) = group else { return Outcome::NoOp("no_buying_group") };
        match groups::set_status(world, group, interest, Some(status), &visit.origin) {
            Ok(()) => Outcome::Done,
            Err(reason) => Outcome::NoOp(reason),
        }
    }
}
