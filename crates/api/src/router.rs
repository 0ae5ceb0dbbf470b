//! The whole router: operations behind the door, the app for everything else, and what holds for every answer.

use std::any::Any;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use caravan_store::access as rows;
use percent_encoding::percent_decode_str;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::trace::TraceLayer;

use crate::access::{Caller, identify};
use crate::http::Problem;
use crate::http::answer::Detail;
use crate::{ApiState, app, fronts, openapi};

/// A manifest or a batch of calls; imports say their own limit.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// Everything that is served under one address.
pub fn router(state: ApiState) -> Router {
    let (operations, _) = openapi::routes();
    operations
        .method_not_allowed_fallback(wrong_method)
        .fallback(app::serve)
        .layer(from_fn_with_state(state.clone(), audit))
        .layer(from_fn_with_state(state.clone(), identify))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(RequestDecompressionLayer::new())
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), fronts::guard))
        .layer(from_fn(protect))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http())
        .layer(from_fn(count))
        .with_state(state)
}

/// The OpenAPI document of [`router`].
pub fn openapi_document() -> serde_json::Value {
    openapi::routes().1
}

async fn wrong_method(request: Request) -> Problem {
    let detail = format!("{} is not possible here; /api/docs lists what is.", request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", detail)
}

/// Our own defect: the text goes to the log, not to the caller.
fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("no message");
    Problem::internal(format!("a handler panicked: {text}")).into_response()
}

/// Counts answers for `/metrics`, by method and status: both are few.
async fn count(request: Request, next: Next) -> Response {
    let method = method_label(request.method());
    let response = next.run(request).await;
    metrics::counter!("caravan_http_answers_total", "method" => method, "status" => response.status().as_str().to_owned())
        .increment(1);
    response
}

/// Whoever invents methods makes no new counts.
fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// What every answer carries: nothing is guessed about types, framed by others or cached unless it says so.
async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Scripts only from here. Styles are set by the app's components; caught mail shows pictures from anywhere.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: http: https:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; \
    base-uri 'none'; form-action 'self'; object-src 'none'";

/// Writes down who changed what by hand, once it was done.
async fn audit(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let changes = !request.method().is_safe() && !only_asks(request.method(), &path, request.uri().query());
    let by_hand = changes && path.starts_with("/api/v1/");
    let caller = request.extensions().get::<Caller>().cloned().filter(|_| by_hand);
    let method = request.method().clone();
    let path = readable(&path);
    let response = next.run(request).await;
    if let Some(caller) = caller.filter(|_| response.status().is_success()) {
        let detail = response.extensions().get::<Detail>().map(|Detail(detail)| detail.to_string());
        let written = state.blocking(move |engine| {
            let record = |s: &mut dyn caravan_store::Session| {
                let now = s.now()?;
                rows::record(s, now, &caller.actor, method.as_str(), &path, detail.as_deref())
            };
            Ok(engine.store().write(record)?)
        });
        if let Err(problem) = written.await {
            tracing::error!(?problem, "what was done by hand was not written down");
        }
    }
    response
}

/// Whether a call that writes by its method only asks what something would do, or what stands against it, or tells what its
/// caller has seen.
fn only_asks(method: &Method, path: &str, query: Option<&str>) -> bool {
    let dry = query.is_some_and(|query| query.split('&').any(|part| part == "dry_run=true"));
    // Whoever is called `preview` may still be put and deleted.
    *method == Method::POST
        && (dry
            || ["/preview", "/spam_report", "/findings", "/longest", "/notifications/seen"]
                .iter()
                .any(|end| path.ends_with(end))
            || path.starts_with("/api/v1/email_templates/") && path.ends_with("/email"))
}

/// A path as people write it, so that a search for an address finds it: `%40` is `@`. What would be read as another path
/// stays as it was called, and so does what is no text.
fn readable(path: &str) -> String {
    let part = |part: &str| match percent_decode_str(part).decode_utf8() {
        Ok(text) if !text.contains(char::is_control) => text.replace('%', "%25").replace('/', "%2F"),
        _ => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_asks_is_not_written_down_as_done() {
        let asks = |path, query| only_asks(&Method::POST, path, query);
        assert!(asks("/api/v1/emails/hello/propagate", Some("dry_run=true")));
        assert!(asks("/api/v1/import/people", Some("format=csv&dry_run=true")));
        assert!(asks("/api/v1/people/ada/merge/preview", None));
        assert!(asks("/api/v1/content/findings", None));
        assert!(asks("/api/v1/notifications/seen", None));
        assert!(asks("/api/v1/email_templates/letter/email", None));
        assert!(!asks("/api/v1/buying_groups/bgr_1/email", None));
        assert!(!asks("/api/v1/emails/hello/propagate", None));
        assert!(!asks("/api/v1/import/people", Some("dry_run=false")));
        assert!(!only_asks(&Method::DELETE, "/api/v1/people/preview", None));
    }

    #[test]
    fn a_path_is_written_down_as_people_read_it_and_leads_where_it_led() {
        for (called, written) in [
            ("/api/v1/users/ada%40acme.example", "/api/v1/users/ada@acme.example"),
            ("/api/v1/tokens/crm%20sync", "/api/v1/tokens/crm sync"),
            ("/api/v1/people/m%C3%BCller", "/api/v1/people/müller"),
            ("/api/v1/people/a%2Fb", "/api/v1/people/a%2Fb"),
            ("/api/v1/people/100%25", "/api/v1/people/100%25"),
            ("/api/v1/people/a%00b", "/api/v1/people/a%00b"),
            ("/api/v1/people/a%FFb", "/api/v1/people/a%FFb"),
        ] {
            assert_eq!(readable(called), written);
        }
    }
}
