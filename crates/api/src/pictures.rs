//! Designs that were made elsewhere, with their pictures; and the pictures, as messages show them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use caravan_engine::content::{ImportedTemplate, export_template, import_template, picture};
use caravan_model::document::DocumentKind;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::access::{Caller, Gate, Permission};
use crate::documents::permission_to_write;
use crate::http::upload::{Upload, UploadKind};
use crate::http::{Answer, Operations, Path, Problem};

/// What is shown runs nothing, whatever stands in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Content")
        .post(
            "/api/v1/email_templates/{key}/import",
            permission_to_write(DocumentKind::EmailTemplate),
            import,
            "Make an email template of HTML, or of a zip archive of HTML, style sheets and pictures",
        )
        .get(
            "/api/v1/email_templates/{key}/archive",
            Permission::ReadDefinitions,
            export,
            "An email template as a zip archive: its manifest, its design as HTML, its pictures",
        )
        .get("/p/{name}", Gate::Public, show, "A picture that was imported, as messages show it")
}

#[derive(Deserialize, JsonSchema)]
struct TemplatePath {
    /// Key of the email template; one that is imported is made, or gets another body.
    key: String,
}

#[derive(Deserialize, JsonSchema)]
struct PicturePath {
    /// Made from what the picture holds.
    name: String,
}

/// An archive, or HTML by itself.
enum Design {}

impl UploadKind for Design {
    const MEDIA_TYPES: &[&str] = &["application/zip", "text/html"];
    const MOST_BYTES: usize = 20 * 1024 * 1024;
    const TOO_LARGE: (&str, &str) = ("archive_too_large", "Make its pictures smaller.");
}

async fn import(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<TemplatePath>,
    design: Upload<Design>,
) -> Result<Answer<ImportedTemplate>, Problem> {
    let url = Arc::clone(&state.public_url);
    let made = state.blocking(move |engine| Ok(import_template(engine, &path.key, &design.0, &url, &caller.actor)?));
    Ok(Answer::of(made.await?))
}

async fn export(State(state): State<ApiState>, Path(path): Path<TemplatePath>) -> Result<Shown, Problem> {
    let url = Arc::clone(&state.public_url);
    let name = format!("attachment; filename=\"{}.zip\"", path.key);
    let archive = state.blocking(move |engine| Ok(export_template(engine, &path.key, &url)?)).await?;
    let name = HeaderValue::from_str(&name).map_err(Problem::internal)?;
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static("application/zip")), (header::CONTENT_DISPOSITION, name)];
    Ok(Shown((headers, archive).into_response()))
}

/// A file, for browsers and mail programs.
struct Shown(Response);

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        self.0
    }
}

impl aide::OperationOutput for Shown {
    type Inner = ();
}

async fn show(State(state): State<ApiState>, Path(path): Path<PicturePath>) -> Result<Shown, Problem> {
    let name = path.name.clone();
    let found = state.read(move |s| Ok(picture(s, &name)?)).await?;
    let found = found.ok_or_else(|| Problem::not_found("unknown_picture", format!("The picture `{}`", path.name)))?;
    let content_type = HeaderValue::from_str(&found.content_type).map_err(Problem::internal)?;
    let headers = [
        (header::CONTENT_TYPE, content_type),
        // Its name is made from what it holds, so what it holds never changes.
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    Ok(Shown((headers, found.bytes).into_response()))
}
