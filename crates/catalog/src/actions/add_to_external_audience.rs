//! Puts the person into an external audience, once: whoever is in it already stays in it. The audience's destinations are told
//! when their time has come; nobody waits for that.
//!
//! The audience is named, or made from here: `create` gives its name, and when the journey is published (or applied by the
//! command line) the audience is there and the action names it.

use caravan_model::document::DocumentKind;
use caravan_model::{DocumentId, Finding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::action::{Action, ActionFacts, Inline, Outcome, Subject, Subjects, Visit, person_of};
use crate::definitions::Definitions;
use crate::needs::Needs;
use crate::world::World;

/// Settings of *Add to external customer audience*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// An external audience that is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reference" = "external_audience"))]
    pub audience: Option<String>,
    /// A new external audience, in place of one that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-instead-of" = "audience"))]
    pub create: Option<Create>,
}

/// An external audience to make.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Its name.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub description: Option<String>,
}

/// The audience, found; none while it is not made yet, in the draft that a simulation looks at.
pub struct Prepared {
    audience: Option<(DocumentId, String)>,
}

/// *Add to external customer audience*.
pub struct AddToExternalAudience;

impl Action for AddToExternalAudience {
    type Settings = Settings;
    type Prepared = Prepared;

    fn facts(&self) -> ActionFacts {
        ActionFacts {
            key: "add_to_external_audience",
            label: "Add to external customer audience",
            description: "Puts the person into an audience that other systems are told of.",
            subject: Subjects::People,
            category: "audiences",
            icon: "share",
            in_person_journeys: true,
            leaves: false,
            permission: "journeys.publish",
            reasons: &[
                ("already_in_audience", "The person is in the audience already."),
                ("test_profile", "Test profiles are never handed to other systems."),
            ],
        }
    }

    fn example(&self) -> Settings {
        Settings { audience: Some("retarget".to_owned()), create: None }
    }

    fn check(&self, settings: &Settings) -> Vec<Finding> {
        match (&settings.audience, &settings.create) {
            (Some(_), None) => Vec::new(),
            (None, Some(create)) if !create.name.trim().is_empty() => Vec::new(),
            (None, Some(_)) => {
                vec![Finding::error("required", "/create/name", "The new audience has no name. Give it one.")]
            }
            (None, None) => {
                let message = "No audience is named. Choose one, or give the name of a new one.";
                vec![Finding::error("required", "/audience", message)]
            }
            (Some(_), Some(_)) => {
                let message = "Both an audience and a new one are given. Keep one of the two.";
                vec![Finding::error("ambiguous_audience", "/create", message)]
            }
        }
    }

    fn inline(&self, settings: &Settings) -> Option<Inline> {
        let create = settings.create.as_ref()?;
        Some(Inline {
            kind: DocumentKind::ExternalAudience,
            name: create.name.trim().to_owned(),
            description: create.description.clone().filter(|text| !text.trim().is_empty()),
        })
    }

    fn naming(&self, _: &Settings, key: &str) -> Map<String, Json> {
        Map::from_iter([("audience".to_owned(), Json::from(key))])
    }

    fn prepare(&self, settings: &Settings, definitions: &Definitions) -> Result<Prepared, Vec<Finding>> {
        let Some(key) = &settings.audience else { return Ok(Prepared { audience: None }) };
        let audience = definitions.find(DocumentKind::ExternalAudience, key, "/audience").map_err(|f| vec![f])?;
        Ok(Prepared { audience: Some((audience.id, audience.key.clone())) })
    }

    fn warnings(&self, settings: &Settings, definitions: &Definitions) -> Vec<Finding> {
        if settings.create.is_some() {
            let message = "The new external audience will have no destination: people are put into it, and nobody is told. \
                           Name its destinations once it is there.";
            return vec![Finding::warning("no_destination", "/create", message)];
        }
        let audience = settings.audience.as_ref().and_then(|key| definitions.get(DocumentKind::ExternalAudience, key));
        let is_handed =
            |body: &Json| body.get("destinations").and_then(Json::as_array).is_some_and(|all| !all.is_empty());
        let lacks = audience.filter(|audience| !is_handed(&audience.body));
        let message = |key: &str| {
            format!(
                "The external audience `{key}` has no destination: people are put into it, and nobody is told. Name its \
                 destinations."
            )
        };
        lacks.map(|it| Finding::warning("no_destination", "/audience", message(&it.key))).into_iter().collect()
    }

    fn needs(&self, prepared: &Prepared) -> Needs {
        Needs { lists: prepared.audience.iter().map(|(id, _)| *id).collect(), writes_people: true, ..Needs::default() }
    }

    fn decide(&self, prepared: &Prepared, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Some(ix) = person_of(subject) else { return Outcome::Failed("no_person") };
        if world.person(ix).test_profile {
            return Outcome::Skipped("test_profile");
        }
        let Some((audience, key)) = &prepared.audience else { return Outcome::Done };
        match world.join_external_audience(ix, *audience, key, &visit.origin) {
            true => Outcome::Done,
            false => Outcome::NoOp("already_in_audience"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(settings: Json) -> Vec<String> {
        let settings: Settings = serde_json::from_value(settings).expect("settings");
        AddToExternalAudience.check(&settings).into_iter().map(|finding| finding.code.to_string()).collect()
    }

    #[test]
    fn an_audience_is_named_or_made_and_not_both() {
        let new = serde_json::json!({"name": "New"});
        assert_eq!(codes(serde_json::json!({"audience": "a"})), Vec::<String>::new());
        assert_eq!(codes(serde_json::json!({"create": new})), Vec::<String>::new());
        assert_eq!(codes(serde_json::json!({})), ["required"]);
        assert_eq!(codes(serde_json::json!({"create": {"name": " "}})), ["required"]);
        assert_eq!(codes(serde_json::json!({"audience": "a", "create": new})), ["ambiguous_audience"]);
    }
}
