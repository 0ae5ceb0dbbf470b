//! What a journey would have done to other journeys, from the counts of the actions that name one.

use std::collections::BTreeMap;

use caravan_catalog::Actions;
use caravan_model::document::DocumentKind;
use caravan_model::journey::{ActionCatalogue, PlacedAction};
use caravan_store::documents;

use super::stage::Stage;
use crate::definitions::DefinitionError;
use crate::live::journey_of;
use crate::status::JourneyStatus;

/// How often each action that names another journey was done: by `ACTION:JOURNEY`.
pub(super) fn on_other_journeys(
    stage: &Stage,
    before: &JourneyStatus,
    after: &JourneyStatus,
) -> Result<BTreeMap<String, i64>, DefinitionError> {
    let versions = stage.engine.store().read(|s| documents::versions_of(s, stage.journey))?;
    // An action keeps the name under which it is counted from version to version.
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for journey in versions.iter().filter_map(|version| journey_of(&version.body).ok()) {
        for action in journey.actions() {
            if let Some(target) = target_of(&action).filter(|target| *target != stage.key) {
                names.insert(action.id.as_str().to_owned(), format!("{}:{target}", action.action));
            }
        }
    }
    let mut done: BTreeMap<String, i64> = BTreeMap::new();
    for (node, name) in names {
        *done.entry(name).or_default() += done_at(after, &node) - done_at(before, &node);
    }
    done.retain(|_, n| *n != 0);
    Ok(done)
}

fn target_of(action: &PlacedAction<'_>) -> Option<String> {
    let named = Actions.references(action.action, action.settings, "");
    named.into_iter().find(|reference| reference.kind == DocumentKind::Journey).map(|reference| reference.key)
}

fn done_at(status: &JourneyStatus, node: &str) -> i64 {
    status.nodes.get(node).and_then(|node| node.outcomes.as_ref()).map_or(0, |outcomes| outcomes.done)
}
