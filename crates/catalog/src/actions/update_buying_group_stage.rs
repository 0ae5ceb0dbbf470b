//! Moves the account's buying group to another stage, where the stage model allows it.

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::definitions::{Definitions, Interest, Stages};
use crate::groups;
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Update Buying Group Stage*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whose buying group of the account.
    #[schemars(extend("x-reference" = "solution_interest"))]
    pub solution_interest: String,
    /// A stage of the interest's stage model.
    #[schemars(length(min = 1))]
    #[schemars(extend("x-stage-of" = "solution_interest"))]
    pub stage: String,
}

/// The interest, found, and the stage.
pub struct Prepared {
    interest: Interest,
    stage: String,
}

/// *Update Buying Group Stage*.
pub struct UpdateBuyingGroupStage;

impl Action for UpdateBuyingGroupStage {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "update_buying_group_stage",
            label: "Update Buying Group Stage",
            description: "Moves the account's buying group to another stage, where the stage model allows it.",
            subject: Subjects::Account,
            category: "buying_groups",
            icon: "flag",
            in_person_journeys: false,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[
                ("no_buying_group", "The account has no buying group of this solution interest."),
                ("no_stage_model", "The solution interest no longer has a live stage model."),
                ("already_in_stage", "The group is in this stage already."),
                ("transition_not_allowed", "The stage model does not allow this move."),
            ],
        }
    }

    fn example(&self) -> Settings {
        Settings { solution_interest: "crm".to_owned(), stage: "Aware".to_owned() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        let interest = definitions.interest(&settings.solution_interest, "/solution_interest")?;
        if !definitions.running() {
            find_stage(settings, interest.stages.as_ref()).map_err(|finding| vec![finding])?;
        }
        Ok(Prepared { interest, stage: settings.stage.clone() })
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        Needs { interests: [prepared.interest.id].into(), ..Needs::default() }
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Prepared { interest, stage } = prepared;
        let group = match subject {
            Subject::Account(ix) => world.group_of(ix, interest.id),
            Subject::Person(_) => None,
        };
        let Some(group) = group else { return Outcome::NoOp("no_buying_group") };
        match groups::move_to_stage(world, group, interest, stage, &visit.origin) {
            Ok(()) => Outcome::Done,
            Err(reason) => Outcome::NoOp(reason),
        }
    }
}

fn find_stage(settings: &Settings, stages: Option<&Stages>) -> Result<(), Finding> {
    let (interest, stage) = (&settings.solution_interest, &settings.stage);
    let Some(stages) = stages else {
        let message = format!("The solution interest `{interest}` has no stage model. Give it one.");
        return Err(Finding::error("no_stage_model", "/solution_interest", message));
    };
    if stages.has(stage) {
        return Ok(());
    }
    let hint = caravan_model::suggest::did_you_mean(stage, stages.stages.iter().map(|(name, _, _)| name.as_str()));
    let message = format!("The stage model of `{interest}` has no stage `{stage}`. Choose one of its stages.{hint}");
    Err(Finding::error("unknown_stage", "/stage", message))
}
