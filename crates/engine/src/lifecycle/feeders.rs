//! Journeys that send travellers into another one: who closes or aborts that one is told.

use caravan_model::document::DocumentKind;
use caravan_model::journey::Journey;
use caravan_model::{Finding, VersionId};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError, journeys};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::{Verb, journey_row};
use crate::Engine;
use crate::definitions::DefinitionError;
use crate::live::journey_of;

/// A journey under way that sends travellers into another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Feeder {
    /// Its key.
    pub journey: String,
    /// The nodes that send them, in the order of its map.
    pub nodes: Vec<String>,
}

/// The journeys under way that send travellers into this one, by key.
///
/// # Errors
/// There is no such journey.
pub fn feeders(engine: &Engine, key: &str) -> Result<Vec<Feeder>, DefinitionError> {
    engine.store().read(|s| {
        journey_row(s, key)?;
        Ok(feeders_of(s, key)?)
    })
}

pub(super) fn feeders_of(s: &mut dyn Session, key: &str) -> Result<Vec<Feeder>, StoreError> {
    let under_way = |row: &DocumentRow| matches!(row.state.as_str(), "live" | "closed" | "scheduled");
    let is_journey = |row: &DocumentRow| row.kind == DocumentKind::Journey.key();
    let mut feeders = Vec::new();
    for row in documents::all(s)?.iter().filter(|row| is_journey(row) && under_way(row) && row.key != key) {
        let mut nodes = Vec::new();
        for version in travelled(s, row)? {
            let Some(version) = documents::version(s, version)? else { continue };
            let Ok(journey) = journey_of(&version.body) else { continue };
            nodes
                .extend(nodes_into(&journey, key).into_iter().filter(|node| !nodes.contains(node)).collect::<Vec<_>>());
        }
        if !nodes.is_empty() {
            feeders.push(Feeder { journey: row.key.clone(), nodes });
        }
    }
    feeders.sort_by(|a, b| a.journey.cmp(&b.journey));
    Ok(feeders)
}

/// The versions on which anybody is or will be.
fn travelled(s: &mut dyn Session, row: &DocumentRow) -> Result<Vec<VersionId>, StoreError> {
    let mut versions = journeys::travelled_versions(s, row.id)?;
    let next = row.live_version.filter(|version| row.state != "closed" && !versions.contains(version));
    versions.extend(next);
    Ok(versions)
}

fn nodes_into(journey: &Journey, key: &str) -> Vec<String> {
    let leads = |action: &str, settings: &Json| caravan_catalog::action(action)?.leads_into(settings);
    let actions = journey.actions().into_iter();
    actions
        .filter(|placed| leads(placed.action, &Json::Object(placed.settings.clone())).is_some_and(|to| to == key))
        .map(|placed| placed.node.as_str().to_owned())
        .collect()
}

/// What to say to somebody who stops a journey from taking anybody in.
pub(super) fn warnings(verb: Verb, feeders: &[Feeder]) -> Vec<Finding> {
    if !matches!(verb, Verb::Close | Verb::Abort) {
        return Vec::new();
    }
    let warning = |feeder: &Feeder| {
        let message = format!(
            "Journey `{}` sends travellers here, at {}. From now on that does nothing; it is counted as \
             `target_not_live`.",
            feeder.journey,
            feeder.nodes.iter().map(|node| format!("`{node}`")).collect::<Vec<_>>().join(", ")
        );
        Finding::warning("journey_is_fed", "", message)
    };
    feeders.iter().map(warning).collect()
}
