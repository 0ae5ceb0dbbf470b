//! The catalogue as others see it: the journey's checks, the API and the app, the reference page.

use caravan_model::Finding;
use caravan_model::document::Reference;
use caravan_model::journey::{self, On};
use serde_json::{Map, Value as Json};

use crate::action::Subjects;
use crate::registry::{ACTIONS, action};
use crate::settings;

/// The registry, as a journey's checks ask it.
#[derive(Debug, Clone, Copy)]
pub struct Actions;

impl journey::ActionCatalogue for Actions {
    fn actions(&self) -> Vec<&'static str> {
        ACTIONS.iter().map(|action| action.facts().key).collect()
    }

    fn facts(&self, key: &str) -> Option<journey::ActionFacts> {
        let facts = action(key)?.facts();
        let on = match facts.subject {
            Subjects::Account => On::Account,
            Subjects::People => On::People,
        };
        Some(journey::ActionFacts { on, in_person_journeys: facts.in_person_journeys })
    }

    fn check(&self, key: &str, settings: &Map<String, Json>, pointer: &str) -> Vec<Finding> {
        let findings = action(key).map(|action| action.check(&Json::Object(settings.clone()))).unwrap_or_default();
        findings.into_iter().map(|finding| finding.under(pointer)).collect()
    }

    fn references(&self, key: &str, settings: &Map<String, Json>, pointer: &str) -> Vec<Reference> {
        let Some(action) = action(key) else { return Vec::new() };
        let found = settings::references(action.schema().as_value(), settings);
        found.into_iter().map(|reference| reference.under(pointer)).collect()
    }
}
