//! Copies of definitions that are frozen once they are live: a roles template, a weighting model or a list goes on as a new
//! draft.

use caravan_model::Finding;
use caravan_model::document::{DocumentKind, WeightingModel};
use caravan_store::documents;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Engine;
use crate::definitions::{ApplyOptions, DefinitionError, put, stored_document};

/// What the copy is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// The copy's key.
    pub key: String,
    /// The copy's name; left out: the name and ` copy`.
    #[serde(default)]
    pub name: Option<String>,
}

/// Makes a new draft like a definition, whatever state that is in. Returns its manifest.
///
/// # Errors
/// There is no such definition; `exists_already` when the key is taken.
pub fn copy(
    engine: &Engine,
    kind: DocumentKind,
    key: &str,
    wanted: &Copy,
    actor: &str,
) -> Result<Value, DefinitionError> {
    let (mut manifest, name) = engine.store().read(|s| {
        if documents::get(s, kind.key(), &wanted.key)?.is_some() {
            let message =
                format!("There is a {} `{}` already. Choose another key.", kind.label().to_lowercase(), wanted.key);
            return Err(DefinitionError::from(Finding::error("exists_already", "/key", message)));
        }
        let unknown = || DefinitionError::Unknown { kind: kind.label().to_lowercase(), key: key.to_owned() };
        match documents::get(s, kind.key(), key)?.as_ref().and_then(stored_document) {
            Some(document) => {
                let name = document.envelope.name.clone();
                Ok((document.to_value().map_err(|_| unknown())?, name))
            }
            None if kind == DocumentKind::WeightingModel && key == WeightingModel::FIRST => Ok(first_model()),
            None => Err(unknown()),
        }
    })?;
    if let Some(fields) = manifest.as_object_mut() {
        fields.shift_remove("state");
        fields.insert("key".to_owned(), wanted.key.as_str().into());
        fields.insert("name".to_owned(), wanted.name.clone().unwrap_or_else(|| format!("{name} copy")).into());
    }
    put(engine, manifest.clone(), actor, ApplyOptions::default(), None)?;
    Ok(manifest)
}

/// The model that came with the installation, as a manifest. Types of activity that nobody has declared are left out.
fn first_model() -> (Value, String) {
    let mut model = WeightingModel::first();
    model.activities.retain(|kind, _| caravan_catalog::events::EVENTS.iter().any(|event| event.kind == kind));
    let mut manifest = json!(model);
    manifest["kind"] = DocumentKind::WeightingModel.key().into();
    (manifest, "Activity weighting model 1".to_owned())
}
