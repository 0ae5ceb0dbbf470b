//! What a journey names: lists, emails, services, other journeys.

use super::check::ActionCatalogue;
use super::node::pointer_to;
use super::{Entry, Journey, Node};
use crate::document::{DocumentKind, Reference};

impl Journey {
    /// Every document named by the journey itself. What actions name is known to the catalogue, which is asked for it.
    pub fn references(&self, catalogue: &dyn ActionCatalogue) -> Vec<Reference> {
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
        for placed in self.actions() {
            found.extend(catalogue.references(placed.action, placed.settings, &placed.pointer()));
        }
        found
    }
}
