//! Sets an attribute of the account, or clears it.

use caravan_model::Finding;
use caravan_model::attribute::AttributeNo;
use caravan_model::value::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Account Change Data Value*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// An account attribute that journeys may write.
    #[schemars(extend("x-attribute" = "account"))]
    pub attribute: String,
    /// Its new value; null clears an optional attribute.
    pub value: Json,
}

/// The attribute and its value, typed.
pub struct Prepared {
    attribute: AttributeNo,
    value: Value,
}

/// *Account Change Data Value*.
pub struct UpdateAccount;

impl Action for UpdateAccount {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "update_account",
            label: "Account Change Data Value",
            description: "Sets an attribute of the account, or clears it.",
            subject: Subjects::Account,
            category: "data",
            icon: "pencil",
            in_person_journeys: false,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[("unchanged", "The attribute has this value already.")],
        }
    }

    fn example(&self) -> Settings {
        Settings { attribute: "industry".to_owned(), value: "Software".into() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        let (attribute, value) =
            definitions.writable(&definitions.schema.account, &settings.attribute, &settings.value)?;
        Ok(Prepared { attribute, value })
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        Needs { account_attributes: [prepared.attribute].into(), ..Needs::default() }
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let changed = match subject {
            Subject::Account(ix) => {
                world.set_account_value(ix, prepared.attribute, prepared.value.clone(), &visit.origin)
            }
            Subject::Person(_) => false,
        };
        if changed { Outcome::Done } else { Outcome::NoOp("unchanged") }
    }
}
