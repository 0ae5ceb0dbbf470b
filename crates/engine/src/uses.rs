//! Who names whom among definitions: a definition that others name cannot be taken away.

use std::collections::{BTreeMap, BTreeSet};

use caravan_catalog::Actions;
use caravan_model::attribute::Subject;
use caravan_model::document::{Document, DocumentKind, Reference, declared_attributes, read_document};
use caravan_store::{Session, StoreError, documents};

use crate::definitions::{Named, stored_document};

/// Every definition and what it names, as drafted and as published.
pub(crate) struct Uses {
    all: Vec<(Document, Vec<Reference>)>,
}

impl Uses {
    /// Reads them all.
    pub fn load(s: &mut dyn Session) -> Result<Self, StoreError> {
        let rows = documents::all(s)?;
        let drafts: Vec<Document> = rows.iter().filter_map(stored_document).collect();
        let (schema, _) = declared_attributes(&drafts);
        let mut all: Vec<(Document, Vec<Reference>)> = drafts
            .into_iter()
            .map(|document| {
                let names = document.references(&schema, &Actions);
                (document, names)
            })
            .collect();
        // What is published may name something that the draft over it names no more.
        for row in rows.iter().filter(|row| row.live_version.is_some()) {
            let Some(version) = row.live_version.map(|id| documents::version(s, id)).transpose()?.flatten() else {
                continue;
            };
            let published = (version.body != row.body).then(|| serde_json::from_str(&version.body).ok()).flatten();
            let Some(published) = published.and_then(|value| read_document(value).0) else { continue };
            let more = published.references(&schema, &Actions);
            if let Some((_, names)) =
                all.iter_mut().find(|(draft, _)| draft.kind() == published.kind() && draft.key() == row.key)
            {
                names.extend(more);
            }
        }
        Ok(Self { all })
    }

    /// The definitions that name one.
    pub fn of(&self, kind: DocumentKind, key: &str) -> Vec<Named> {
        let is_it = |document: &Document| document.kind() == kind && document.key() == key;
        let named = self.all.iter().map(|(document, _)| document).find(|document| is_it(document));
        let names_it = |reference: &Reference| match named {
            Some(named) => names(reference, named),
            None => reference.kind == kind && reference.key == key,
        };
        let users = self.all.iter().filter(|(user, references)| !is_it(user) && references.iter().any(names_it));
        users.map(|(user, _)| Named { kind: user.kind().key().to_owned(), key: user.key().to_owned() }).collect()
    }
}

/// Whether a reference names a document: roles by their names, everything else by key.
pub(crate) fn names(reference: &Reference, document: &Document) -> bool {
    let by_name = document.kind() == DocumentKind::Role && reference.key == document.envelope.name;
    reference.kind == document.kind() && (by_name || reference.key == document.key())
}

/// The definitions that name this one.
pub fn used_by(s: &mut dyn Session, kind: DocumentKind, key: &str) -> Result<Vec<Named>, StoreError> {
    Ok(Uses::load(s)?.of(kind, key))
}

/// The definitions that ask for or write each attribute.
pub fn users_of_attributes(s: &mut dyn Session) -> Result<BTreeMap<(Subject, String), Vec<Named>>, StoreError> {
    let all: Vec<Document> = documents::all(s)?.iter().filter_map(stored_document).collect();
    let (schema, _) = declared_attributes(&all);
    let mut users: BTreeMap<(Subject, String), BTreeSet<Named>> = BTreeMap::new();
    for document in &all {
        let user = Named { kind: document.kind().key().to_owned(), key: document.key().to_owned() };
        for (subject, key, _) in document.attributes(&schema, &Actions) {
            users.entry((subject, key)).or_default().insert(user.clone());
        }
    }
    Ok(users.into_iter().map(|(attribute, users)| (attribute, users.into_iter().collect())).collect())
}
