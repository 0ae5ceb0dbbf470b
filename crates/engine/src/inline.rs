//! Definitions that actions describe in place of naming them: made when a journey is applied whole, or published, and named
//! by the action from then on.

use std::collections::HashMap;

use caravan_model::Finding;
use caravan_model::document::{Document, DocumentKind, read_document};
use serde_json::{Value as Json, json};

use crate::definitions::DefinitionError;

/// The longest key that is made of a name.
const LONGEST_KEY: usize = 90;

/// The documents with what their actions describe beside them, and the actions naming it. `stored` are the names of what there
/// is already, by kind and key: what has the name already is meant.
pub(crate) fn made(
    documents: &[Document],
    stored: &HashMap<(DocumentKind, String), String>,
) -> Result<Vec<Document>, DefinitionError> {
    let mut known = stored.clone();
    known.extend(documents.iter().map(|it| ((it.kind(), it.key().to_owned()), it.envelope.name.clone())));
    let (mut all, mut new): (Vec<Document>, Vec<Document>) = (Vec::new(), Vec::new());
    for document in documents {
        all.push(named(document, &mut known, &mut new)?);
    }
    all.extend(new);
    Ok(all)
}

/// Whether an action of a journey describes something in place of naming it.
pub(crate) fn describes(document: &Document) -> bool {
    let actions = document.body.journey().map(|journey| journey.actions()).unwrap_or_default();
    actions.iter().any(|placed| {
        let settings = Json::Object(placed.settings.clone());
        caravan_catalog::action(placed.action).is_some_and(|action| action.inline(&settings).is_some())
    })
}

fn named(
    document: &Document,
    known: &mut HashMap<(DocumentKind, String), String>,
    new: &mut Vec<Document>,
) -> Result<Document, DefinitionError> {
    let Some(journey) = document.body.journey().filter(|_| describes(document)) else { return Ok(document.clone()) };
    let unreadable = |why: String| DefinitionError::from(Finding::error("not_storable", "", why));
    let mut manifest = document.to_value().map_err(|error| unreadable(error.to_string()))?;
    for placed in journey.actions() {
        let settings = Json::Object(placed.settings.clone());
        let Some(action) = caravan_catalog::action(placed.action) else { continue };
        let Some(inline) = action.inline(&settings) else { continue };
        let key = key_of(inline.kind, &inline.name, known);
        let Some(naming) = action.naming(&settings, &key) else { continue };
        if known.insert((inline.kind, key.clone()), inline.name.clone()).is_none() {
            let mut body = json!({"kind": inline.kind.key(), "key": key, "name": inline.name});
            if let Some(description) = inline.description {
                body["description"] = description.into();
            }
            let (made, findings) = read_document(body);
            new.push(made.ok_or(DefinitionError::Findings(findings))?);
        }
        if let Some(place) = manifest.pointer_mut(&placed.pointer()).and_then(Json::as_object_mut) {
            place.retain(|field, _| !placed.settings.contains_key(field));
            place.extend(naming);
        }
    }
    let (read, findings) = read_document(manifest);
    let read = read.ok_or(DefinitionError::Findings(findings))?;
    Ok(Document { origin: document.origin.clone(), ..read })
}

/// A key made of a name: the one that has this name already, or a free one.
fn key_of(kind: DocumentKind, name: &str, known: &HashMap<(DocumentKind, String), String>) -> String {
    let plain: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    let base: String = parts.join("-").chars().take(LONGEST_KEY).collect();
    let base = match base.trim_matches('-') {
        "" => kind.key().replace('_', "-"),
        base => base.to_owned(),
    };
    let numbered = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}-{n}")));
    let fits = |key: &String| known.get(&(kind, key.clone())).is_none_or(|known| known == name);
    numbered.into_iter().find(fits).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_of_the_name_and_never_of_anothers() {
        let kind = DocumentKind::ExternalAudience;
        let known = HashMap::from([((kind, "big-deals".to_owned()), "Big deals".to_owned())]);
        assert_eq!(key_of(kind, "Big deals", &known), "big-deals", "the same one");
        assert_eq!(key_of(kind, "Big -- Deals!", &known), "big-deals-2", "another one");
        assert_eq!(key_of(kind, "\u{c9}\u{e9}", &known), "external-audience");
    }
}
