//! What is answered under which host: under the hosts of links of sending domains, nothing but what messages lead to; and
//! what browsers are told to do from then on (strict transport security).

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use caravan_engine::Engine;
use caravan_model::document::{DocumentKind, SendingDomain, StrictTransport};
use caravan_store::StoreError;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::ApiState;
use crate::http::Problem;

/// For how long what was read holds: reading it for every request would cost as much as answering it.
const HOLDS: SignedDuration = SignedDuration::from_secs(1);
/// What messages lead to: links, opens, the way out, pictures; and what authorities ask for before they sign a certificate.
const OF_MESSAGES: &[&str] = &["/t/", "/s/", "/p/", "/.well-known/"];

/// What was read a moment ago.
#[derive(Default)]
pub(crate) struct Fronts(Mutex<Option<(Timestamp, Arc<Known>)>>);

/// The hosts, and what browsers are told.
#[derive(Default)]
struct Known {
    of_links: HashSet<String>,
    strict: StrictTransport,
}

impl Known {
    fn read(engine: &Engine) -> Result<Self, StoreError> {
        let live = engine.store().read(|s| engine.live(s))?;
        let domains = live.definitions.of_kind(DocumentKind::SendingDomain);
        let hosts = domains.filter_map(|domain| domain.read::<SendingDomain>()?.tracking);
        let settings = live.definitions.settings();
        Ok(Self {
            of_links: hosts.map(|host| host.to_ascii_lowercase()).collect(),
            strict: settings.map(|settings| settings.strict_transport).unwrap_or_default(),
        })
    }
}

/// Lets a request through where its host answers it.
pub(crate) async fn guard(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let host = host(&request);
    let public = without_scheme(&state.public_url);
    let is_public = host.as_deref() == public.as_deref();
    let known = known(&state).await;
    let is_of_links = !is_public && host.is_some_and(|host| known.of_links.contains(&host));
    let path = request.uri().path();
    let mut response = match is_of_links && !OF_MESSAGES.iter().any(|prefix| path.starts_with(prefix)) {
        true => Problem::not_found("unknown_address", format!("{} {path}", request.method())).into_response(),
        false => next.run(request).await,
    };
    let strict = match (is_public, is_of_links) {
        (true, _) => known.strict.public,
        (_, true) => known.strict.links,
        _ => None,
    };
    // Over anything else browsers must not believe it.
    let value = strict.filter(|_| state.secure_cookies()).and_then(|it| HeaderValue::from_str(&it.header()).ok());
    if let Some(value) = value {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

async fn known(state: &ApiState) -> Arc<Known> {
    let now = state.engine.clock().now();
    let fresh = |at: Timestamp| (SignedDuration::ZERO..HOLDS).contains(&now.duration_since(at));
    let before = state.fronts.0.lock().clone();
    if let Some((_, known)) = before.as_ref().filter(|(at, _)| fresh(*at)) {
        return Arc::clone(known);
    }
    match state.blocking(|engine| Ok(Known::read(engine)?)).await {
        Ok(known) => {
            let known = Arc::new(known);
            *state.fronts.0.lock() = Some((now, Arc::clone(&known)));
            known
        }
        // Hosts do not change because the store is away.
        Err(_) => before.map(|(_, known)| known).unwrap_or_default(),
    }
}

/// The host that a request names, in small letters, without its port.
fn host(request: &Request) -> Option<String> {
    let named = |headers: &HeaderMap| headers.get(header::HOST)?.to_str().ok().map(str::to_owned);
    let host = named(request.headers()).or_else(|| request.uri().authority().map(ToString::to_string))?;
    Some(without_port(&host))
}

fn without_scheme(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    rest.split('/').next().map(without_port)
}

fn without_port(host: &str) -> String {
    let end = host.rfind(':').filter(|at| !host.get(*at..).is_some_and(|port| port.contains(']')));
    let host = end.and_then(|at| host.get(..at)).unwrap_or(host);
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_known_however_they_are_written() {
        for (written, host) in [
            ("Go.Acme.example:8443", "go.acme.example"),
            ("go.acme.example.", "go.acme.example"),
            ("[fd00::1]", "[fd00::1]"),
        ] {
            assert_eq!(without_port(written), host);
        }
        assert_eq!(without_scheme("https://a.example:81/x").as_deref(), Some("a.example"));
    }
}
