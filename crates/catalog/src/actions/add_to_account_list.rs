//! Puts the account into a live static list. An account that is in already stays in, and nothing is told.

use caravan_model::document::DocumentKind;
use caravan_model::{DocumentId, Finding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Add to account list*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A live static account list.
    #[schemars(extend("x-reference" = "account_list", "x-list-type" = "static"))]
    pub list: String,
}

/// The list, found.
pub struct Prepared {
    list: DocumentId,
    key: String,
}

impl Prepared {
    /// A live static list.
    pub(super) fn find(settings: &Settings, definitions: &Definitions) -> Result<Self, Vec<Finding>> {
        let list = definitions.live(DocumentKind::AccountList, &settings.list, "/list").map_err(|f| vec![f])?;
        if list.text("type") != Some("static") {
            let message = format!("Account list `{}` is dynamic: its filter decides. Choose a static list.", list.key);
            return Err(vec![Finding::error("list_not_static", "/list", message)]);
        }
        Ok(Self { list: list.id, key: list.key.clone() })
    }

    pub(super) fn needs(&self) -> Needs {
        Needs { lists: [self.list].into(), ..Needs::default() }
    }

    pub(super) fn set(&self, visit: &Visit, subject: Subject, world: &mut World, member: bool) -> bool {
        match subject {
            Subject::Account(ix) => world.set_account_list(ix, self.list, &self.key, member, &visit.origin),
            Subject::Person(_) => false,
        }
    }
}

/// *Add to account list*.
pub struct AddToAccountList;

impl Action for AddToAccountList {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "add_to_account_list",
            label: "Add to account list",
            description: "Puts the account into a static account list.",
            subject: Subjects::Account,
            category: "lists",
            icon: "list-plus",
            in_person_journeys: false,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[("already_in_list", "The account is in the list already.")],
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
        if prepared.set(visit, subject, world, true) { Outcome::Done } else { Outcome::NoOp("already_in_list") }
    }
}
