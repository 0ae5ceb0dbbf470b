//! The publish checks that a journey's own text decides (no store needed): each with a stable code, the node, and a
//! sentence that says what to do.
//!
//! Whether what it names exists, is live and of the right type is asked later, of the store, by
//! `Document::references`.

mod boxes;
mod entry;
mod map;
mod nodes;
mod pace;
#[cfg(test)]
mod tests;
mod tokens;

pub(super) use pace::least_stay_secs;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Journey, NodeId, On};
use crate::attribute::Subject;
use crate::document::Reference;
use crate::finding::Finding;

/// What the checks need to know about an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionFacts {
    /// Whom it acts on.
    pub on: On,
    /// Whether it may stand in a person journey.
    pub in_person_journeys: bool,
}

/// The catalogue of actions, as the journey sees it.
pub trait ActionCatalogue {
    /// The keys of all actions.
    fn actions(&self) -> Vec<&'static str>;
    /// What kind of action it is; none: there is no such action.
    fn facts(&self, action: &str) -> Option<ActionFacts>;
    /// What is wrong with its settings; pointers begin with `pointer`.
    fn check(&self, action: &str, settings: &Map<String, Value>, pointer: &str) -> Vec<Finding>;
    /// The documents its settings name; pointers begin with `pointer`.
    fn references(&self, action: &str, settings: &Map<String, Value>, pointer: &str) -> Vec<Reference>;
    /// The attributes its settings name, each with its pointer, which begins with `pointer`.
    fn attributes(
        &self,
        _action: &str,
        _settings: &Map<String, Value>,
        _pointer: &str,
    ) -> Vec<(Subject, String, String)> {
        Vec::new()
    }
}

impl Journey {
    /// Everything that stands against publishing at `now`, errors and warnings, in the order of the document.
    pub fn check(&self, now: Timestamp, catalogue: &dyn ActionCatalogue) -> Vec<Finding> {
        let mut findings = entry::check(self, now);
        findings.extend(tokens::check(self));
        findings.extend(map::check(self));
        for (id, node) in &self.nodes {
            let mut at_node = nodes::check(self, id, node);
            at_node.extend(boxes::check(self, id, node));
            at_node.extend(check_actions(self, id, catalogue));
            findings.extend(at_node.into_iter().map(|finding| finding.at_node(id.as_str())));
        }
        findings.extend(pace::check(self));
        findings
    }
}

/// The actions of one node, those of its people box too: known, of the right kind, and right in themselves.
fn check_actions(journey: &Journey, id: &NodeId, catalogue: &dyn ActionCatalogue) -> Vec<Finding> {
    let mut findings = Vec::new();
    for placed in journey.node(id.as_str()).into_iter().flat_map(|node| node.actions(id)) {
        let pointer = placed.pointer();
        let Some(facts) = catalogue.facts(placed.action) else {
            findings.push(unknown_action(placed.action, &pointer, catalogue));
            continue;
        };
        findings.extend(nodes::action_fits(journey, &placed, facts, &pointer));
        findings.extend(catalogue.check(placed.action, placed.settings, &pointer));
    }
    findings
}

fn unknown_action(action: &str, pointer: &str, catalogue: &dyn ActionCatalogue) -> Finding {
    if action.is_empty() {
        let message = "No action is chosen yet. Choose what is to be done.";
        return Finding::error("missing_field", format!("{pointer}/action"), message);
    }
    let hint = crate::suggest::did_you_mean(action, catalogue.actions());
    let message = format!("There is no action `{action}`. Take one of the catalogue.{hint}");
    Finding::error("unknown_action", format!("{pointer}/action"), message)
}
