//! Lets the account enter another journey, by that journey's own re-entry rules.

use caravan_model::Finding;
use caravan_model::attribute;
use caravan_model::journey::{LastTrip, next_entry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::definitions::{Definitions, TargetJourney};
use crate::needs::Needs;
use crate::world::World;

/// How many journeys may send a traveller on, one after another.
pub const LONGEST_CHAIN: i64 = 10;

/// Settings of *Add Account to (other) Journey* and *Remove Account from Journey*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A live account journey.
    #[schemars(extend("x-reference" = "journey", "x-subject" = "account"))]
    pub journey: String,
}

impl Settings {
    pub(super) fn target(&self, definitions: &Definitions) -> Result<TargetJourney, Vec<Finding>> {
        definitions.journey(&self.journey, attribute::Subject::Account, "/journey").map_err(|finding| vec![finding])
    }
}

/// *Add Account to (other) Journey*.
pub struct AddToJourney;

impl Action for AddToJourney {
    type Settings = Settings;
    type Prepared = TargetJourney;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "add_to_journey",
            label: "Add Account to (other) Journey",
            description: "Lets the account enter another journey, by that journey's own re-entry rules.",
            subject: Subjects::Account,
            category: "journeys",
            icon: "route",
            in_person_journeys: false,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[
                ("target_not_live", "The other journey takes nobody in now."),
                ("already_inside", "The account is inside that journey."),
                ("no_reentry", "The account was in that journey as often as it lets anybody in."),
                ("reentry_too_early", "The delay after which the account may enter that journey again is not over."),
                ("journey_chain_too_long", "Ten journeys have sent this account on already, one after another."),
            ],
        }
    }

    fn example(&self) -> Settings {
        Settings { journey: "win-back".to_owned() }
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<TargetJourney, Vec<Finding>> {
        settings.target(definitions)
    }

    fn leads_into(&self, settings: &Settings) -> Option<String> {
        Some(settings.journey.clone())
    }

    fn needs(&self, target: &TargetJourney) -> Needs {
        Needs { journeys: [target.id].into(), ..Needs::default() }
    }

    fn decide(&self, target: &TargetJourney, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Subject::Account(account) = subject else { return Outcome::NoOp("target_not_live") };
        if !target.live {
            return Outcome::NoOp("target_not_live");
        }
        if world.inside(account, target.id) {
            return Outcome::NoOp("already_inside");
        }
        // One that is on its way out by then has ended.
        let last = world.account_trip(account, target.id).map(|trip| trip.last);
        let ended = last.map(|last| LastTrip { ended_at: last.ended_at.or(Some(world.now)), ..last });
        if let Err(reason) = next_entry(target.reentry.as_ref(), ended, world.now, &target.zone) {
            return Outcome::NoOp(reason.code());
        }
        if visit.chain >= LONGEST_CHAIN {
            return Outcome::NoOp("journey_chain_too_long");
        }
        world.enter_account(account, target.id, visit.chain + 1);
        Outcome::Done
    }
}
