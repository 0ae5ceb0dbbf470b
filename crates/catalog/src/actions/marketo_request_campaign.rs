//! Hands the person to a requestable campaign in Marketo Engage. Whether the campaign takes a person who ran through it before is
//! the campaign's own rule; Marketo does not say.

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::calls::PreparedCall;
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Add to Marketo Engage Request campaign*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The connection to Marketo Engage.
    #[schemars(extend("x-reference" = "connection", "x-connection-type" = "marketo"))]
    pub connection: String,
    /// The workspace in which the campaign stands.
    #[schemars(length(min = 1, max = 255), extend("x-choices" = "workspaces"))]
    pub workspace: String,
    /// Name of the requestable campaign, or its id.
    #[schemars(length(min = 1, max = 255), extend("x-choices" = "campaigns", "x-within" = "workspace"))]
    pub campaign: String,
}

/// *Add to Marketo Engage Request campaign*.
pub struct MarketoRequestCampaign;

impl Action for MarketoRequestCampaign {
    type Settings = Settings;
    type Prepared = PreparedCall;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "marketo_request_campaign",
            label: "Add to Marketo Engage Request campaign",
            description: "Hands the person to a requestable campaign in Marketo Engage.",
            subject: Subjects::People,
            category: "marketo",
            icon: "megaphone",
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
        Settings { connection: "mkto".to_owned(), workspace: "Default".to_owned(), campaign: "Welcome".to_owned() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<PreparedCall, Vec<Finding>> {
        let target = json!({ "workspace": settings.workspace, "campaign": settings.campaign });
        PreparedCall::new(definitions, (&settings.connection, "marketo"), "marketo_request_campaign", target)
    }

    fn needs(&self, _: &PreparedCall) -> Needs {
        PreparedCall::needs_of_people()
    }

    fn decide(&self, call: &PreparedCall, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        call.queue_for_person(visit, subject, world)
    }
}
