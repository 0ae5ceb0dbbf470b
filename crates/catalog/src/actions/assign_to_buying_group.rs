//! Gives the person a role in the account's buying group. What a hand decided stays.

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit, person_of};
use crate::definitions::{Definitions, Interest};
use crate::groups::{self, Kept};
use crate::needs::Needs;
use crate::world::{Source, World};

/// Settings of *Assign to Buying Group*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whose buying group of the account.
    #[schemars(extend("x-reference" = "solution_interest"))]
    pub solution_interest: String,
    /// Name of a role of the interest's template.
    #[schemars(extend("x-reference" = "role"))]
    pub role: String,
}

/// The interest, found, and the role, if the template has it.
pub struct Prepared {
    interest: Interest,
    role: Option<String>,
}

/// *Assign to Buying Group*.
pub struct AssignToBuyingGroup;

impl Action for AssignToBuyingGroup {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "assign_to_buying_group",
            label: "Assign to Buying Group",
            description: "Gives the person a role in the account's buying group.",
            subject: Subjects::People,
            category: "buying_groups",
            icon: "user-plus",
            in_person_journeys: false,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[
                ("no_buying_group", "The account has no buying group of this solution interest."),
                ("role_not_in_template", "The roles template of the interest no longer has this role."),
                ("already_member", "The person has this role already."),
                ("decided_by_hand", "Somebody decided this membership by hand, which counts for more."),
            ],
        }
    }

    fn example(&self) -> Settings {
        Settings { solution_interest: "crm".to_owned(), role: "Influencer".to_owned() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        let interest = definitions.interest(&settings.solution_interest, "/solution_interest")?;
        let role = interest.roles.iter().find(|card| card.role == settings.role).map(|card| card.role.clone());
        if role.is_none() && !definitions.running() {
            return Err(vec![unknown_role(settings, &interest)]);
        }
        Ok(Prepared { interest, role })
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        Needs { interests: [prepared.interest.id].into(), ..Needs::default() }
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let interest = &prepared.interest;
        let Some(role) = &prepared.role else { return Outcome::NoOp("role_not_in_template") };
        let group = visit.account.and_then(|account| world.group_of(account, interest.id));
        let (Some(group), Some(person)) = (group, person_of(subject)) else {
            return Outcome::NoOp("no_buying_group");
        };
        let person = world.person(person).id;
        match groups::assign(world, group, interest, person, role, Source::Journey, &visit.origin) {
            Ok(()) => {
                groups::settle_completeness(world, group, interest, &visit.origin);
                Outcome::Done
            }
            Err(Kept::AsAsked) => Outcome::NoOp("already_member"),
            Err(Kept::DecidedBy(_)) => Outcome::NoOp("decided_by_hand"),
        }
    }
}

fn unknown_role(settings: &Settings, interest: &Interest) -> Finding {
    let roles = interest.roles.iter().map(|card| card.role.as_str());
    let hint = caravan_model::suggest::did_you_mean(&settings.role, roles);
    let message = format!(
        "The roles template of `{}` has no role `{}`. Choose one of its roles.{hint}",
        interest.key, settings.role
    );
    Finding::error("role_not_in_template", "/role", message)
}
