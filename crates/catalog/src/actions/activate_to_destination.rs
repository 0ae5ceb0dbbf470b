//! Puts the account into an audience at a destination: a matched audience of companies in LinkedIn. The audience is made
//! when the first account joins it, and the account stays in it until it is deactivated.
//!
//! Accounts travel in batches, after the journey has gone on. LinkedIn matches companies by what it is told of them (name,
//! website, and what the destination maps) and shows ads to audiences of at least 300 members.

use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionFacts, Outcome, Subject, Subjects, Visit};
use crate::definitions::Definitions;
use crate::memberships::{PreparedMembership, SUPERSEDED};
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Activate to destination*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The destination, one that takes accounts.
    #[schemars(extend("x-reference" = "destination", "x-takes" = "accounts"))]
    pub destination: String,
    /// Name of the audience over there; it is made when it is missing.
    #[schemars(length(min = 1, max = 100))]
    pub audience_name: String,
}

/// *Activate to destination*.
pub struct ActivateToDestination;

impl Action for ActivateToDestination {
    type Settings = Settings;
    type Prepared = PreparedMembership;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "activate_to_destination",
            label: "Activate to destination",
            description: "Puts the account into an audience of companies, such as a matched audience in LinkedIn.",
            subject: Subjects::Account,
            category: "destinations",
            icon: "target",
            in_person_journeys: false,
            leaves: true,
            permission: "journeys.publish",
            reasons: &[
                (
                    "no_company_identifier",
                    "Nothing is known of the account by which it could be found: no name, no website.",
                ),
                SUPERSEDED,
            ],
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
        PreparedMembership::new(definitions, place, "activate_to_destination", true)
    }

    fn needs(&self, prepared: &PreparedMembership) -> Needs {
        prepared.needs()
    }

    fn decide(&self, prepared: &PreparedMembership, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        prepared.queue(visit, subject, world)
    }
}

/// A name of nothing but blanks.
pub(super) fn blank(name: &str) -> Option<Finding> {
    let message = "The audience needs a name.";
    name.trim().is_empty().then(|| Finding::error("empty", "/audience_name", message))
}

#[cfg(test)]
mod tests {
    use caravan_model::document::DocumentKind;
    use serde_json::{Value as Json, json};

    use crate::action::Outcome;
    use crate::testing::{account, refused, refused_with, with_definition};

    const SETTINGS: &str = r#"{"destination": "li", "audience_name": "Key accounts"}"#;

    fn settings() -> Json {
        serde_json::from_str(SETTINGS).expect("settings")
    }

    #[test]
    fn what_the_destination_may_know_of_the_account_is_copied_when_the_journey_decides() {
        let fields = json!({"email_domain": "phone", "organization": "sic_code"});
        let li =
            json!({"type": "linkedin", "connection": "linkedin", "settings": {"ad_account": "1", "fields": fields}});
        let definitions = with_definition(DocumentKind::Destination, "li", li);
        let mut scene = account("acme").with("website", "acme.example").with("sic_code", "1035").world();
        assert_eq!(scene.run_with("activate_to_destination", settings(), &definitions), [Outcome::Pending]);
        let effect = &scene.world.changes.effects[0];
        assert_eq!(effect.lane, "audience:linkedin:li:Key accounts");
        let body: Json = serde_json::from_str(&effect.body).expect("a body");
        let told = json!({"key": "acme", "name": "Acme", "website": "acme.example", "sic_code": "1035"});
        assert_eq!((&body["account"], &body["joins"]), (&told, &json!(true)));
    }

    #[test]
    fn a_destination_that_takes_no_accounts_or_names_unknown_attributes_is_refused() {
        let with = |destination: Json| with_definition(DocumentKind::Destination, "li", destination);
        let folder = json!({"type": "folder", "connection": "linkedin"});
        let refused_by = |destination| refused_with("activate_to_destination", settings(), &with(destination));
        assert_eq!(refused_by(folder), ["wrong_destination_type /destination"]);
        let unknown =
            json!({"type": "linkedin", "connection": "linkedin", "settings": {"fields": {"organization": "nope"}}});
        assert_eq!(refused_by(unknown), ["unknown_attribute /destination"]);
        let nowhere = json!({"destination": "li", "audience_name": "  "});
        assert_eq!(refused("activate_to_destination", nowhere), ["empty /audience_name"]);
    }
}
