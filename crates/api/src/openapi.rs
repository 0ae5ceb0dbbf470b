//! The OpenAPI document, made from the operations themselves, and the page that shows it.

use aide::openapi::{Info, License, OpenApi, SecurityScheme, Tag};
use aide::transform::TransformOpenApi;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use caravan_model::document::{KINDS, schema};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::access::Gate;
use crate::http::Operations;
use crate::{ApiState, operations};

/// The finished document, as it is served.
#[derive(Clone)]
struct Document(Arc<str>);

/// The operations of this file.
pub fn own_operations() -> Operations {
    Operations::of("Documentation")
        .get("/api/v1/openapi.json", Gate::Public, document_json, "This document")
        .get("/api/docs", Gate::Public, page, "A page that shows this document")
        .get("/api/docs/page.js", Gate::Public, page_script, "The script of that page")
}

/// All routes, and the document that describes them.
pub(crate) fn routes() -> (Router<ApiState>, Value) {
    aide::generate::reset_context();
    aide::generate::extract_schemas(true);
    aide::generate::infer_responses(true);
    aide::generate::on_error(|error| tracing::error!(%error, "the OpenAPI document is incomplete"));
    let mut document = about();
    let router = operations().finish(&mut document);
    aide::generate::reset_context();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    for &kind in KINDS {
        describe_kind(&mut document, kind);
    }
    let text = document.to_string();
    (router.layer(Extension(Document(text.into()))), document)
}

fn about() -> OpenApi {
    let mut document = OpenApi {
        info: Info {
            title: "Caravan".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: Some(ABOUT.to_owned()),
            license: Some(License {
                name: "Apache-2.0".to_owned(),
                identifier: Some("Apache-2.0".to_owned()),
                ..License::default()
            }),
            ..Info::default()
        },
        ..OpenApi::default()
    };
    let bearer = SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: None,
        description: Some("An API token, made with `caravan token create`.".to_owned()),
        extensions: Default::default(),
    };
    let cookie = SecurityScheme::ApiKey {
        location: aide::openapi::ApiKeyLocation::Cookie,
        name: crate::access::SESSION_COOKIE.to_owned(),
        description: Some("The app's session; writes carry X-CSRF-Token too.".to_owned()),
        extensions: Default::default(),
    };
    let _ = TransformOpenApi::new(&mut document).security_scheme("token", bearer).security_scheme("session", cookie);
    document.tags = TAGS
        .iter()
        .map(|(name, about)| Tag { name: (*name).to_owned(), description: Some((*about).to_owned()), ..Tag::default() })
        .collect();
    document
}

const ABOUT: &str = "Account journeys: definitions, their life cycle, and what happened to accounts and people.\n\n\
    Lists answer `{items, next_cursor, total?}` and take `limit` and `cursor`. Refusals are \
    `application/problem+json` with a stable `code`. Definitions carry an `ETag`; a write with `If-Match` is refused \
    with 412 when somebody else was faster. `x-permission` names what a role must include.";

/// What belongs together, in the order of the page.
const TAGS: &[(&str, &str)] = &[
    ("Session", "Signing in and out, and this installation."),
    ("Journeys", "Life cycle, map, counts and travellers of journeys."),
    ("Definitions", "Everything that is designed: one manifest per kind and key."),
    ("Catalogue", "What journeys are made of."),
    ("Members of lists", "Who is in account lists, people lists and audiences."),
    ("Accounts", "Accounts, their people and history."),
    ("People", "People and their history."),
    ("Buying groups", "Buying groups: lists, members, stage and status, scores and how they come about."),
    ("Records", "Opportunities and records of custom objects."),
    ("Suppressions", "Addresses that are not written to."),
    ("Consent", "What people said to messages, when, how, and what shows it."),
    ("Connections", "How other systems are reached, how they are, who uses them, and what they offer."),
    ("Webhooks", "Activities posted to other systems: signing secrets, what was sent, sending again."),
    ("Import", "Accounts, people, activities, records, suppressions and consents in bulk."),
    ("Exports", "CSV files of long lists, written in the background, and notifications of what is over."),
    ("Activities", "Segment-compatible calls: what people did."),
    ("Problems", "What could not be done and waits for somebody."),
    ("Content", "Emails and text messages while they are written: checks, previews, proofs, filters."),
    ("Delivery", "Holding what leaves, bounces, and what became of messages."),
    ("Caught mail", "The built-in mail catcher of demos and tests."),
    ("Reports of other systems", "What mail servers and providers tell about messages."),
    ("Other systems", "Connections tried, what their pickers offer, external services registered."),
    ("Links in messages", "Where tracked links, pictures and the way out lead."),
    ("Administration", "Who may use this installation, what was done by hand, background work and storage."),
    ("Health", "For whoever watches the process."),
    ("Documentation", "This document."),
];

/// Puts the manifest's own schema to the operations of a kind.
fn describe_kind(document: &mut Value, kind: caravan_model::document::DocumentKind) {
    let name = format!("{}Manifest", camel(kind.key()));
    let reference = json!({"$ref": format!("#/components/schemas/{name}")});
    let path = format!("/api/v1/{}/{{key}}", kind.plural());
    let manifest = &["application/json", "schema"];
    for place in [
        [&["paths", &path, "put", "requestBody", "content"][..], manifest].concat(),
        [&["paths", &path, "get", "responses", "200", "content"][..], manifest].concat(),
        [&["paths", &path, "put", "responses", "200", "content"][..], manifest].concat(),
    ] {
        if let Some(found) = place.iter().try_fold(&mut *document, |at, step| at.get_mut(*step)) {
            *found = reference.clone();
        }
    }
    let mut schema = schema(kind);
    let parts = schema.as_object_mut().and_then(|it| it.shift_remove("$defs"));
    if let Some(it) = schema.as_object_mut() {
        it.shift_remove("$schema");
    }
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    for (part, mut value) in parts.into_iter().filter_map(into_object).flatten() {
        move_references(&mut value, &name);
        schemas.insert(format!("{name}{part}"), value);
    }
    move_references(&mut schema, &name);
    schemas.insert(name, schema);
}

fn into_object(value: Value) -> Option<serde_json::Map<String, Value>> {
    match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// `#/$defs/Part` of a manifest's schema is found among the document's components.
fn move_references(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                match value {
                    Value::String(target) if key == "$ref" => {
                        if let Some(part) = target.strip_prefix("#/$defs/") {
                            *target = format!("#/components/schemas/{name}{part}");
                        }
                    }
                    other => move_references(other, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| move_references(item, name)),
        _ => {}
    }
}

/// `account_list` → `AccountList`.
fn camel(key: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    key.split('_').map(capital).collect()
}

struct Text(&'static str, Arc<str>);

impl IntoResponse for Text {
    fn into_response(self) -> Response {
        let mut response = self.1.to_string().into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.0));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

impl aide::OperationOutput for Text {
    type Inner = ();
}

async fn document_json(Extension(document): Extension<Document>) -> Text {
    Text("application/json", document.0)
}

async fn page() -> Text {
    Text("text/html; charset=utf-8", include_str!("openapi/page.html").into())
}

async fn page_script() -> Text {
    Text("text/javascript; charset=utf-8", include_str!("openapi/page.js").into())
}
