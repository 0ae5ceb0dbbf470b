//! What a journey names: lists, emails, services, other journeys.

use super::check::ActionCatalogue;
use super::node::pointer_to;
use super::{Entry, EventTest, Journey, Node, Subject};
use crate::document::{DocumentKind, PlacedCondition, Reference};

impl Journey {
    /// The documents that its actions name. Only the catalogue knows their settings.
    pub fn action_references(&self, catalogue: &dyn ActionCatalogue) -> Vec<Reference> {
        let each = self.actions().into_iter();
        each.flat_map(|it| catalogue.references(it.action, it.settings, &it.pointer())).collect()
    }

    /// The documents that it names itself, those in its conditions and actions aside.
    pub(crate) fn own_references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        match &self.audience {
            Some(Entry::AccountList(key)) => {
                found.push(Reference::new(DocumentKind::AccountList, key, "/audience/account_list"));
            }
            Some(Entry::Audience(key)) => found.push(Reference::new(DocumentKind::Audience, key, "/audience/audience")),
            Some(Entry::PeopleList(key)) => {
                found.push(Reference::new(DocumentKind::PeopleList, key, "/audience/people_list"));
            }
            Some(Entry::Events(_)) | None => {}
        }
        found.extend(self.event_tests().into_iter().map(|(pointer, event)| activity(event, &pointer)));
        for (id, node) in &self.nodes {
            let at = pointer_to(id);
            let service = match node {
                Node::ExternalAction(it) => Some((DocumentKind::ExternalAction, &it.service, "service")),
                Node::ExternalSplit(it) => Some((DocumentKind::ExternalAction, &it.service, "service")),
                Node::NextBestPath(it) => Some((DocumentKind::Connection, &it.connection, "connection")),
                _ => None,
            };
            found.extend(service.map(|(kind, key, field)| Reference::new(kind, key, format!("{at}/{field}"))));
        }
        found
    }

    /// What its nodes and its entry listen for, each with its pointer.
    pub(crate) fn event_tests(&self) -> Vec<(String, &EventTest)> {
        let mut found = Vec::new();
        if let Some(Entry::Events(events)) = &self.audience {
            found.extend(events.iter().enumerate().map(|(n, event)| (format!("/audience/events/{n}"), event)));
        }
        for (id, node) in &self.nodes {
            let Node::Listen(listen) = node else { continue };
            let at = pointer_to(id);
            found.extend(listen.event.iter().map(|event| (format!("{at}/event"), event)));
            found.extend(listen.events.iter().enumerate().map(|(n, event)| (format!("{at}/events/{n}"), event)));
        }
        found
    }

    /// Its conditions, as written. Those of external splits are about the answer and no conditions in this sense.
    pub(crate) fn placed_conditions(&self) -> Vec<PlacedCondition<'_>> {
        let mut found = Vec::new();
        // Who has reached the goal is followed from outside, whatever the entry was.
        found.extend(self.goal.iter().map(|goal| PlacedCondition::new("/goal", self.subject, goal)));
        for (id, node) in &self.nodes {
            let at = pointer_to(id);
            match node {
                Node::Listen(it) => {
                    let filters = it.filters.iter();
                    found.extend(
                        filters.map(|json| PlacedCondition::in_journey(format!("{at}/filters"), Subject::Person, json)),
                    );
                }
                Node::Split(it) => {
                    let paths = it.paths.iter().enumerate();
                    found.extend(paths.filter_map(|(n, path)| {
                        Some(PlacedCondition::in_journey(format!("{at}/paths/{n}/when"), it.by, path.when.as_ref()?))
                    }));
                }
                _ => {}
            }
        }
        found
    }
}

fn activity(event: &EventTest, pointer: &str) -> Reference {
    Reference::new(DocumentKind::ActivityType, &event.activity, format!("{pointer}/activity"))
}
