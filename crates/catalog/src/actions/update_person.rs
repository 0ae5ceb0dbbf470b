//! Sets an attribute of the person, or clears it.

use caravan_model::Finding;
use caravan_model::attribute::AttributeNo;
use caravan_model::value::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit, person_of};
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Change Data Value*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A person attribute that journeys may write.
    #[schemars(extend("x-attribute" = "person"))]
    pub attribute: String,
    /// Its new value; null clears an optional attribute.
    pub value: Json,
}

/// The attribute and its value, typed.
pub struct Prepared {
    attribute: AttributeNo,
    value: Value,
}

/// *Change Data Value*.
pub struct UpdatePerson;

impl Action for UpdatePerson {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "update_person",
            label: "Change Data Value",
            description: "Sets an attribute of the person, or clears it.",
            subject: Subjects::People,
            category: "data",
            icon: "pencil",
            in_person_journeys: true,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[("unchanged", "The attribute has this value already.")],
        }
    }

    fn example(&self) -> Settings {
        Settings { attribute: "status".to_owned(), value: "Engaged".into() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        let (attribute, value) =
            definitions.writable(&definitions.schema.person, &settings.attribute, &settings.value)?;
        Ok(Prepared { attribute, value })
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        Needs { person_attributes: [prepared.attribute].into(), writes_people: true, ..Needs::default() }
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Some(person) = person_of(subject) else { return Outcome::NoOp("unchanged") };
        let changed = world.set_person_value(person, prepared.attribute, prepared.value.clone(), &visit.origin);
        if changed { Outcome::Done } else { Outcome::NoOp("unchanged") }
    }
}
