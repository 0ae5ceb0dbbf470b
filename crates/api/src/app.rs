//! The web app's own files, built into the binary. Every address that is no file and no operation is the app's to
//! draw.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::http::Problem;

/// `web/dist`, as the web build left it; empty when the server is built before it.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";
/// Addresses below these are never the app's.
const NOT_THE_APP: &[&str] = &["api/", "v1/", "t/"];
/// The web build puts a hash of their content into the names of these files.
const HASHED: &str = "assets/";

/// Encodings in which a file may lie beside the plain one, best first.
const PRECOMPRESSED: &[(&str, &str)] = &[("br", ".br"), ("gzip", ".gz")];

/// The app's file at the address, the app itself, or 404.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if NOT_THE_APP.iter().any(|prefix| path.starts_with(prefix)) || !reading {
        return unknown(&request).into_response();
    }
    if let Some(file) = found(path, request.headers()) {
        return file;
    }
    // A file that is missing must not be answered with a page.
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if is_file {
        return unknown(&request).into_response();
    }
    found(INDEX, request.headers()).unwrap_or_else(|| not_built().into_response())
}

fn unknown(request: &Request) -> Problem {
    Problem::not_found("unknown_address", format!("{} {}", request.method(), request.uri().path()))
}

fn not_built() -> Problem {
    let detail = "This server was built without the web app: run `npm run build` in web/ and build the server again. The API is at /api/docs.";
    Problem::new(StatusCode::NOT_FOUND, "app_not_built", detail)
}

fn found(path: &str, headers: &HeaderMap) -> Option<Response> {
    if path.is_empty() {
        return None;
    }
    let plain = Files::get(path)?;
    let (file, encoding) = best(path, headers).unwrap_or((plain, None));
    Some(answer(path, file, encoding, headers))
}

/// The smallest form of a file that the browser takes.
fn best(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = |name: &str| accepted.split(',').any(|one| one.split(';').next().is_some_and(|it| it.trim() == name));
    PRECOMPRESSED
        .iter()
        .filter(|(encoding, _)| takes(encoding))
        .find_map(|(encoding, ending)| Some((Files::get(&format!("{path}{ending}"))?, Some(*encoding))))
}

fn answer(path: &str, file: EmbeddedFile, encoding: Option<&'static str>, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash()));
    let lasts = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut response = match (known, file.data) {
        (true, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, Cow::Borrowed(bytes)) => bytes.into_response(),
        (false, Cow::Owned(bytes)) => bytes.into_response(),
    };
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let mut set = |name, value: &str| {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, &with_charset(kind.essence_str()));
    set(header::CACHE_CONTROL, lasts);
    set(header::ETAG, &tag);
    set(header::VARY, "accept-encoding");
    if let Some(encoding) = encoding {
        set(header::CONTENT_ENCODING, encoding);
    }
    response
}

fn with_charset(kind: &str) -> String {
    let text = kind.starts_with("text/") || kind.ends_with("javascript") || kind.ends_with("json");
    if text { format!("{kind}; charset=utf-8") } else { kind.to_owned() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
