//! The objects of an installation: opportunities and what it declares, as imports and pages see them.

use caravan_catalog::{Definition, Definitions};
use caravan_model::DocumentId;
use caravan_model::attribute::Subject;
use caravan_model::document::{CustomObject, DocumentKind};
use caravan_model::suggest::did_you_mean;
use caravan_model::value::ValueType;
use caravan_store::records::Table;

/// One kind of records.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Under which its records are stored.
    pub id: DocumentId,
    /// In commands, conditions and addresses.
    pub key: String,
    /// What people read.
    pub name: String,
    /// Whose records they are, and their fields.
    pub shape: CustomObject,
}

impl Object {
    /// The object with this key.
    pub fn find(definitions: &Definitions, key: &str) -> Option<Self> {
        definitions.get(DocumentKind::CustomObject, key).and_then(|definition| Self::of(definition))
    }

    /// Every object whose records belong to this subject, by key.
    pub fn all_of(definitions: &Definitions, subject: Subject) -> Vec<Self> {
        let mut all: Vec<Self> =
            definitions.of_kind(DocumentKind::CustomObject).filter_map(|definition| Self::of(definition)).collect();
        all.retain(|object| object.shape.subject == subject);
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all
    }

    fn of(definition: &Definition) -> Option<Self> {
        let field = |name: &str| definition.body.get(name).cloned().unwrap_or_default();
        let shape = serde_json::json!({
            "subject": field("subject"),
            "primary_key": field("primary_key"),
            "version": field("version"),
            "fields": field("fields"),
        });
        let shape = serde_json::from_value(shape).ok()?;
        Some(Self { id: definition.id, key: definition.key.clone(), name: definition.name.clone(), shape })
    }

    /// A record's key as a value of its key field: a number where that holds numbers.
    pub fn key_value(&self, key: &str) -> serde_json::Value {
        let takes_numbers = self.shape.fields.get(&self.shape.primary_key) == Some(&ValueType::Integer);
        key.parse::<i64>().ok().filter(|_| takes_numbers).map_or_else(|| key.into(), Into::into)
    }

    /// The table of those whom its records belong to.
    pub(crate) fn table(&self) -> Table {
        self.shape.subject.into()
    }

    /// What to say when there is no object with this key.
    pub(crate) fn unknown(definitions: &Definitions, key: &str) -> String {
        let known = definitions.of_kind(DocumentKind::CustomObject).map(|definition| definition.key.as_str());
        let hint = did_you_mean(key, known);
        let hint = if hint.is_empty() { " Declare it with kind `custom_object`." } else { &hint };
        let shown: String = key.chars().take(80).collect();
        format!("There is no object `{shown}`.{hint}")
    }
}
