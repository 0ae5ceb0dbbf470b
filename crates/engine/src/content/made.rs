//! Which emails were made of a template. They are their own: the template may change or go without asking them.

use caravan_model::document::{Body, DocumentKind};
use caravan_store::documents::{self, DefinitionBy, DefinitionFilter};
use caravan_store::ordered::Sort;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Engine;
use crate::definitions::{DefinitionError, stored_document};

/// Emails that are told of one template.
const MOST: usize = 500;
/// Emails that are read at once.
const PAGE: usize = 200;

/// An email that was made of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Made {
    /// `email`.
    pub kind: &'static str,
    /// Its key.
    pub key: String,
    /// What people read.
    pub name: String,
}

/// The emails that were made of a template, by key.
///
/// # Errors
/// There is no such template, or the store cannot be read.
pub fn made_of(engine: &Engine, template: &str) -> Result<Vec<Made>, DefinitionError> {
    engine.store().read(|s| {
        let kind = DocumentKind::EmailTemplate;
        if documents::get(s, kind.key(), template)?.is_none() {
            return Err(DefinitionError::Unknown { kind: kind.label().to_lowercase(), key: template.to_owned() });
        }
        let emails = DefinitionFilter::all_of(DocumentKind::Email.key());
        let mut made = Vec::new();
        let mut after = None;
        loop {
            let by_key = Sort::up(DefinitionBy::Key);
            let page = documents::page(s, &emails, by_key, after.as_ref(), PAGE)?;
            let Some((_, last)) = page.last() else { break };
            after = Some(last.clone());
            for (row, _) in page {
                let document = stored_document(&row);
                let is_made = document.is_some_and(|document| match &document.body {
                    Body::Email(email) => email.template() == Some(template),
                    _ => false,
                });
                if is_made {
                    made.push(Made { kind: DocumentKind::Email.key(), key: row.key, name: row.name });
                }
            }
            if made.len() >= MOST {
                made.truncate(MOST);
                break;
            }
        }
        Ok(made)
    })
}
