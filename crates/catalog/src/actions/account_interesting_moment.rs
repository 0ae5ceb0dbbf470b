//! Notes a moment on the account that its owner should know of.

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::World;

/// What kind of moment it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Something happened in email.
    Email,
    /// Something was reached.
    Milestone,
    /// Something happened on the web.
    Web,
}

/// Settings of both *Interesting Moment* actions.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What kind of moment it is.
    pub moment: Moment,
    /// What happened, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub description: Option<String>,
}

impl Settings {
    /// The fields of the activity, as JSON.
    pub(super) fn fields(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn example() -> Self {
        Self { moment: Moment::Milestone, description: Some("Asked for a demo".to_owned()) }
    }
}

/// *Account Interesting Moment*.
pub struct AccountInterestingMoment;

impl Action for AccountInterestingMoment {
    type Settings = Settings;
    type Prepared = String;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "account_interesting_moment",
            label: "Account Interesting Moment",
            description: "Notes a moment on the account that its owner should know of.",
            subject: Subjects::Account,
            category: "data",
            icon: "star",
            in_person_journeys: false,
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
        let account = match subject {
            Subject::Account(ix) => Some(world.account(ix).id),
            Subject::Person(_) => None,
        };
        world.tell("account_interesting_moment", account, None, fields.clone(), &visit.origin);
        Outcome::Done
    }
}
