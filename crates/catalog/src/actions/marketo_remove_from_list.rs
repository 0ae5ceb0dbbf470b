//! Takes the person off a static list in Marketo Engage.

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::calls::PreparedCall;
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Remove from Marketo list*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The connection to Marketo Engage.
    #[schemars(extend("x-reference" = "connection", "x-connection-type" = "marketo"))]
    pub connection: String,
    /// Name of the static list, or its id where several have the name.
    #[schemars(length(min = 1, max = 255), extend("x-choices" = "lists"))]
    pub list: String,
}

/// *Remove from Marketo list*.
pub struct MarketoRemoveFromList;

impl Action for MarketoRemoveFromList {
    type Settings = Settings;
    type Prepared = PreparedCall;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "marketo_remove_from_list",
            label: "Remove from Marketo list",
            description: "Removes the person from a static list in Marketo Engage.",
            subject: Subjects::People,
            category: "marketo",
            icon: "list-minus",
            in_person_journeys: true,
            leaves: true,
            permission: "journeys.publish",
            reasons: &[
                ("email_missing", "The person has no address by which Marketo could find them."),
                ("no_match", "Marketo knows nobody with this address. Nobody is created there."),
            ],
        }
    }

    fn example(&self) -> Settings {
        Settings { connection: "mkto".to_owned(), list: "VIP".to_owned() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<PreparedCall, Vec<Finding>> {
        let target = json!({ "list": settings.list });
        PreparedCall::new(definitions, (&settings.connection, "marketo"), "marketo_remove_from_list", target)
    }

    fn needs(&self, _: &PreparedCall) -> Needs {
        PreparedCall::needs_of_people()
    }

    fn decide(&self, call: &PreparedCall, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        call.queue_for_person(visit, subject, world)
    }
}
