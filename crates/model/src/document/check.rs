//! Checks that need the installation's attributes, and everything that a document names.

use jiff::Timestamp;

use super::{Body, Document, DocumentKind, Reference};
use crate::attribute::{Schema, Subject};
use crate::condition::{self, Condition, NameKind, Scope, read_fields};
use crate::finding::Finding;
use crate::journey::ActionCatalogue;
use crate::template;

/// The standard attributes as the settings among `documents` switch them, and those that `documents` declare, with what
/// stands against the latter.
pub fn declared_attributes<'a>(documents: impl IntoIterator<Item = &'a Document>) -> (Schema, Vec<Finding>) {
    let mut schema = Schema::standard();
    let mut findings = Vec::new();
    let mut declared: Vec<&Document> = Vec::new();
    for document in documents {
        match &document.body {
            Body::Attribute(_) => declared.push(document),
            // Its own check tells what is wrong with it.
            Body::Settings(settings) => drop(settings.fields.apply(&mut schema)),
            _ => {}
        }
    }
    declared.sort_by(|a, b| a.key().cmp(b.key()));
    for document in declared {
        let Body::Attribute(attribute) = &document.body else { continue };
        if let Err(finding) = schema.declare(&attribute.declaration(&document.envelope)) {
            let mut found = [finding];
            document.locate(&mut found);
            findings.extend(found);
        }
    }
    (schema, findings)
}

impl Document {
    /// What is wrong with its conditions and its tests on events, given the attributes there are.
    pub fn check_conditions(&self, schema: &Schema) -> Vec<Finding> {
        let mut findings = Vec::new();
        for placed in self.body.conditions() {
            let scope = Scope { subject: placed.subject, schema, in_journey: placed.in_journey };
            match Condition::read(placed.json, &placed.pointer, scope) {
                Ok(condition) => findings.extend_from_slice(condition.warnings()),
                Err(mistakes) => findings.extend(mistakes),
            }
        }
        for (pointer, event) in self.body.journey().into_iter().flat_map(|journey| journey.event_tests()) {
            let read =
                event.fields.as_ref().map(|json| read_fields(json, &format!("{pointer}/where"), &event.activity));
            if let Some(Err(mistakes)) = read {
                findings.extend(mistakes);
            }
        }
        for finding in &mut findings {
            finding.node = self.node_at(&finding.pointer);
        }
        self.locate(&mut findings);
        findings
    }

    /// Everything that can be said without a store: its conditions and, for a journey, what stands against publishing
    /// it at `now`.
    pub fn check(&self, schema: &Schema, catalogue: &dyn ActionCatalogue, now: Timestamp) -> Vec<Finding> {
        let mut findings = self.body.journey().map(|journey| journey.check(now, catalogue)).unwrap_or_default();
        self.locate(&mut findings);
        findings.extend(self.check_conditions(schema));
        findings
    }

    /// The attributes that its conditions ask for, its actions write and its texts name, each with where; conditions and
    /// texts with mistakes ask for nothing.
    pub fn attributes(&self, schema: &Schema, catalogue: &dyn ActionCatalogue) -> Vec<(Subject, String, String)> {
        let mut found = Vec::new();
        for placed in self.body.conditions() {
            let scope = Scope { subject: placed.subject, schema, in_journey: placed.in_journey };
            let Ok(condition) = Condition::read(placed.json, &placed.pointer, scope) else { continue };
            let needs = condition.needs();
            for (subject, asked) in
                [(Subject::Account, &needs.account_attributes), (Subject::Person, &needs.person_attributes)]
            {
                let keys = asked.iter().filter_map(|&no| schema.of(subject).at(no));
                found.extend(keys.map(|attribute| (subject, attribute.key.clone(), placed.pointer.clone())));
            }
        }
        for placed in self.body.journey().into_iter().flat_map(|journey| journey.actions()) {
            let written = catalogue.attributes(placed.action, placed.settings, &placed.pointer());
            found.extend(written);
        }
        for (pointer, text) in self.body.templates() {
            let named = template::paths(text).unwrap_or_default();
            found.extend(named.iter().filter_map(|path| attribute_at(path, schema, pointer)));
        }
        found
    }

    /// Every document that it names, in conditions and actions too. Built-in roles and activity types are among them,
    /// as they are written; conditions with mistakes name nothing.
    pub fn references(&self, schema: &Schema, catalogue: &dyn ActionCatalogue) -> Vec<Reference> {
        let mut found = self.body.references();
        let declared = |subject, key: &str| schema.of(subject).get(key).is_some_and(|attribute| attribute.custom);
        let asked = self.attributes(schema, catalogue).into_iter().filter(|(subject, key, _)| declared(*subject, key));
        found.extend(asked.map(|(_, key, pointer)| Reference::new(DocumentKind::Attribute, key, pointer)));
        for placed in self.body.conditions() {
            let scope = Scope { subject: placed.subject, schema, in_journey: placed.in_journey };
            if let Ok(condition) = Condition::read(placed.json, &placed.pointer, scope) {
                found.extend(condition.references().iter().filter_map(named));
            }
        }
        found.extend(self.body.journey().into_iter().flat_map(|journey| journey.action_references(catalogue)));
        found
    }

    /// The node of the map that a pointer leads into.
    fn node_at(&self, pointer: &str) -> Option<String> {
        self.body.journey()?;
        let node = pointer.strip_prefix("/nodes/")?.split('/').next()?;
        Some(node.replace("~1", "/").replace("~0", "~"))
    }
}

/// The attribute that a template reads by a path like `person.first_name`, and where.
fn attribute_at(path: &str, schema: &Schema, pointer: &str) -> Option<(Subject, String, String)> {
    let (namespace, key) = path.split_once('.')?;
    let subject = [Subject::Account, Subject::Person].into_iter().find(|subject| subject.as_str() == namespace)?;
    let attribute = schema.of(subject).get(key)?;
    Some((subject, attribute.key.clone(), pointer.to_owned()))
}

/// The document behind what a condition names; stages and fields are parts of documents, not documents.
fn named(reference: &condition::Reference) -> Option<Reference> {
    let kind = match reference.kind {
        NameKind::AccountList => DocumentKind::AccountList,
        NameKind::PeopleList => DocumentKind::PeopleList,
        NameKind::ExternalAudience => DocumentKind::ExternalAudience,
        NameKind::SolutionInterest => DocumentKind::SolutionInterest,
        NameKind::Score => DocumentKind::Score,
        NameKind::CustomObject => DocumentKind::CustomObject,
        NameKind::Persona => DocumentKind::Persona,
        NameKind::ActivityType => DocumentKind::ActivityType,
        NameKind::Role => DocumentKind::Role,
        NameKind::Stage | NameKind::ActivityField | NameKind::ObjectField => return None,
    };
    Some(Reference::new(kind, &reference.key, &reference.pointer))
}
