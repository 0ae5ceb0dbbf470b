//! Takes the account out of an audience at a destination. What was said of it when it joined is said again, so that it is
//! found there whatever has changed since.

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::activate_to_destination::blank;
use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::definitions::Definitions;
use crate::memberships::{PreparedMembership, SUPERSEDED};
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Deactivate from destination*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The destination.
    #[schemars(extend("x-reference" = "destination", "x-takes" = "accounts"))]
    pub destination: String,
    /// Name of the audience, as accounts were activated to it.
    #[schemars(length(min = 1, max = 100))]
    pub audience_name: String,
}

/// *Deactivate from destination*.
pub struct DeactivateFromDestination;

impl Action for DeactivateFromDestination {
    type Settings = Settings;
    type Prepared = PreparedMembership;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "deactivate_from_destination",
            label: "Deactivate from destination",
            description: "Takes the account out of an audience that it was activated to.",
            subject: Subjects::Account,
            category: "destinations",
            icon: "target",
            in_person_journeys: false,
            leaves: true,
            permission: "journeys.publish",
            reasons: &[("not_in_audience", "No journey has put the account into this audience."), SUPERSEDED],
        }
    }

    fn example(&self) -> Settings {
        Settings { destination: "li".to_owned(), audience_name: "Key accounts".to_owned() }
    }

    fn check(&self, settings: &Settings) -> Vec<Finding> {
        blank(&settings.audience_name).into_iter().collect()
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<PreparedMembership, Vec<Finding>> {
        let place = (settings.destination.as_str(), settings.audience_name.as_str());
        PreparedMembership::new(definitions, place, "deactivate_from_destination", false)
    }

    fn needs(&self, prepared: &PreparedMembership) -> Needs {
        prepared.needs()
    }

    fn decide(&self, prepared: &PreparedMembership, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        prepared.queue(visit, subject, world)
    }
}
