//! The names there are.

use std::collections::{BTreeMap, HashSet};

use caravan_model::Finding;
use caravan_model::document::{Document, DocumentKind, OPPORTUNITY, Reference};
use caravan_model::suggest::did_you_mean;

/// The names there are, for telling what is unknown.
pub(super) struct Names(BTreeMap<DocumentKind, HashSet<String>>);

impl Names {
    pub(super) fn of(documents: Vec<&Document>) -> Self {
        let mut names: BTreeMap<DocumentKind, HashSet<String>> = BTreeMap::new();
        for document in documents {
            let known = names.entry(document.kind()).or_default();
            known.insert(document.key().to_owned());
            if document.kind() == DocumentKind::Role {
                known.insert(document.envelope.name.clone());
            }
        }
        names
            .entry(DocumentKind::Role)
            .or_default()
            .extend(caravan_model::document::BUILT_IN_ROLES.iter().map(|r| (*r).to_owned()));
        names
            .entry(DocumentKind::ActivityType)
            .or_default()
            .extend(caravan_catalog::events::EVENTS.iter().map(|event| event.kind.to_owned()));
        names.entry(DocumentKind::CustomObject).or_default().insert(OPPORTUNITY.to_owned());
        Self(names)
    }

    pub(super) fn unknown(&self, reference: &Reference) -> Option<Finding> {
        let known = self.0.get(&reference.kind);
        if known.is_some_and(|names| names.contains(&reference.key)) {
            return None;
        }
        let hint = did_you_mean(&reference.key, known.into_iter().flatten().map(String::as_str));
        let what = reference.kind.label().to_lowercase();
        let message = format!("There is no {what} `{}`. Define it here or apply it first.{hint}", reference.key);
        Some(Finding::error("unknown_reference", &reference.pointer, message))
    }
}
