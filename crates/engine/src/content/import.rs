//! Email templates made of designs from elsewhere: the HTML becomes the template, the pictures are kept and shown by us. And
//! templates as archives, for other installations and tools.

use caravan_connect::email::{archive, packed};
use caravan_model::Finding;
use caravan_model::document::DocumentKind;
use caravan_store::pictures::{self, PictureRow};
use caravan_store::{Session, StoreError};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::Engine;
use crate::definitions::{self, ApplyOptions, DefinitionError};

/// A template that was made of a design.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ImportedTemplate {
    /// Its key.
    pub key: String,
    /// How many pictures came with it.
    pub pictures: usize,
    /// What was left out, what is missing, and what stands against the content.
    pub findings: Vec<Finding>,
}

/// Makes an email template of an archive, or of HTML by itself; one of that key gets another body.
///
/// # Errors
/// Why the design cannot be used, or the template cannot be kept.
pub fn import_template(
    engine: &Engine,
    key: &str,
    design: &[u8],
    public_url: &str,
    actor: &str,
) -> Result<ImportedTemplate, DefinitionError> {
    let public_url = public_url.trim_end_matches('/');
    let imported = archive::read(design, &|name| format!("{public_url}/p/{name}"))?;
    let rows = imported.pictures.into_iter().map(|picture| PictureRow {
        name: picture.name,
        content_type: picture.content_type.to_owned(),
        bytes: picture.bytes,
    });
    let rows: Vec<PictureRow> = rows.collect();
    // Pictures first: a template never shows what is not there.
    engine.store().write(|s| -> Result<(), StoreError> {
        let now = s.now()?;
        pictures::put(s, &rows, now)
    })?;
    let manifest = match imported.manifest {
        Some(mut ours) => {
            ours["key"] = key.into();
            ours
        }
        None => json!({"kind": "email_template", "key": key, "body": {"html": imported.html}}),
    };
    let options = ApplyOptions { incomplete: true, ..ApplyOptions::default() };
    let report = definitions::put(engine, manifest, actor, options, None)?;
    let findings = imported.notes.into_iter().chain(report.warnings).collect();
    Ok(ImportedTemplate { key: key.to_owned(), pictures: rows.len(), findings })
}

/// An email template as an archive: its manifest, its design as HTML, and the pictures of ours that it shows.
///
/// # Errors
/// There is no such template, or it cannot be packed.
pub fn export_template(engine: &Engine, key: &str, public_url: &str) -> Result<Vec<u8>, DefinitionError> {
    let kind = DocumentKind::EmailTemplate;
    let unknown = || DefinitionError::Unknown { kind: kind.key().to_owned(), key: key.to_owned() };
    let template = definitions::export(engine, Some(kind), Some(key))?.into_iter().next().ok_or_else(unknown)?;
    let refused = |why: String| Finding::error("archive_not_made", "", why);
    let manifest = template.to_value().map_err(|error| refused(error.to_string()))?;
    let shown_at = format!("{}/p/", public_url.trim_end_matches('/'));
    let names = packed::pictures_in(&manifest.to_string(), &shown_at);
    let pictures = engine.store().read(|s| -> Result<Vec<_>, StoreError> {
        let found = names.iter().map(|name| pictures::get(s, name)).collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().flatten().map(|picture| (picture.name, picture.bytes)).collect())
    })?;
    Ok(packed::pack(&manifest, &shown_at, &pictures).map_err(refused)?)
}

/// A picture that was imported.
///
/// # Errors
/// The store's.
pub fn picture(s: &mut dyn Session, name: &str) -> Result<Option<PictureRow>, StoreError> {
    pictures::get(s, name)
}
