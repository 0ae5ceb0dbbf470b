//! Who calls: told from the session cookie, a bearer token or, for Segment's clients, the write key.

use aide::OperationInput;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caravan_store::{StoreError, access};
use jiff::{SignedDuration, Timestamp};

use super::secret::fingerprint;
use super::{Permission, Rights, gate};
use crate::ApiState;
use crate::http::Problem;

/// The session's cookie.
pub const SESSION_COOKIE: &str = "caravan_session";
/// What writes carry beside the cookie.
const CSRF_HEADER: &str = "x-csrf-token";
/// Below this, a call may carry its token as `writeKey` in its body.
const WRITE_KEY_ROUTES: &str = "/v1/";
/// Segment's own limit of a batch is half of it.
const LARGEST_CALL: usize = 1024 * 1024;
/// A token's last use is written down this often at most.
const TOUCH_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// A user's email, or `token:NAME`: what the record of changes says.
    pub actor: String,
    /// What their role grants.
    pub rights: Rights,
    /// Of a signed-in user: what writes must carry beside the cookie.
    pub csrf: Option<String>,
}

impl Caller {
    /// Refuses with 403 when the role does not grant the permission.
    pub fn must(&self, permission: Permission) -> Result<(), Problem> {
        if self.rights.may(permission) {
            return Ok(());
        }
        let detail = format!(
            "The role {} does not include {}. Ask an administrator for another role.",
            self.rights.role(),
            permission.key()
        );
        Err(Problem::forbidden("not_allowed", detail))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(nobody)
    }
}

impl OperationInput for Caller {}

/// The answer to strangers.
pub fn nobody() -> Problem {
    Problem::unauthenticated("not_signed_in", "Sign in, or send `Authorization: Bearer TOKEN`.")
}

/// What a request carries to say who calls.
enum Credential {
    Token(String),
    Session(String),
}

/// The door of the whole router: finds out who calls, and sends strangers away from everything that is not public.
pub async fn identify(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    // What no route matches is the app's own pages, or a 404.
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else { return next.run(request).await };
    if gate::is_public(request.method(), path.as_str()) {
        return next.run(request).await;
    }
    let known = match credential(request.headers()) {
        None if path.as_str().starts_with(WRITE_KEY_ROUTES) => match write_key(request).await {
            Ok((again, key)) => {
                request = again;
                key.map(Credential::Token)
            }
            Err(problem) => return problem.into_response(),
        },
        known => known,
    };
    match caller(&state, known, request.headers(), request.method()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn caller(
    state: &ApiState,
    known: Option<Credential>,
    headers: &HeaderMap,
    method: &Method,
) -> Result<Caller, Problem> {
    match known.ok_or_else(nobody)? {
        Credential::Token(token) => by_token(state, token).await?.ok_or_else(wrong_token),
        Credential::Session(token) => {
            let caller = by_session(state, token).await?.ok_or_else(session_ended)?;
            check_csrf(&caller, headers, method)?;
            Ok(caller)
        }
    }
}

fn credential(headers: &HeaderMap) -> Option<Credential> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        // A header that cannot be read is a wrong token, never a reason to look at the cookie.
        let written = value.to_str().unwrap_or_default();
        return Some(Credential::Token(token_of(written).unwrap_or_default()));
    }
    let jar = CookieJar::from_headers(headers);
    jar.get(SESSION_COOKIE).map(|cookie| Credential::Session(cookie.value().to_owned()))
}

/// The write key that Segment's newer clients send inside the body instead of a header. The body is read to find it and
/// handed on as it was.
async fn write_key(request: Request) -> Result<(Request, Option<String>), Problem> {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, LARGEST_CALL).await.map_err(|_| {
        let detail = format!("The call is larger than {LARGEST_CALL} bytes. Send fewer messages at once.");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    })?;
    #[derive(serde::Deserialize)]
    struct Keyed {
        #[serde(rename = "writeKey")]
        write_key: Option<String>,
    }
    let key = serde_json::from_slice::<Keyed>(&bytes).ok().and_then(|call| call.write_key);
    Ok((Request::from_parts(parts, axum::body::Body::from(bytes)), key))
}

/// `Bearer TOKEN`, or `Basic` with the token as the user, as Segment's clients send their write key.
fn token_of(written: &str) -> Option<String> {
    let (scheme, rest) = written.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    decoded.split_once(':').map(|(user, _)| user.to_owned())
}

async fn by_token(state: &ApiState, token: String) -> Result<Option<Caller>, Problem> {
    let found = state.blocking(move |engine| {
        let (store, now) = (engine.store(), engine.clock().now());
        let found = store.read(|s| {
            let found = access::token(s, &fingerprint(&token))?;
            found.map(|it| Ok::<_, StoreError>((Rights::of(s, &it.role)?, it))).transpose()
        })?;
        let rested = |last: Timestamp| now.duration_since(last) >= TOUCH_AFTER;
        if let Some(token) =
            found.as_ref().map(|(_, token)| token).filter(|token| token.last_used_at.is_none_or(rested))
        {
            store.write(|s| access::touch_token(s, token.id, now))?;
        }
        Ok(found)
    });
    let Some((rights, token)) = found.await? else { return Ok(None) };
    let rights = rights.ok_or_else(|| unknown_role(&token.role))?;
    Ok(Some(Caller { actor: format!("token:{}", token.name), rights, csrf: None }))
}

async fn by_session(state: &ApiState, token: String) -> Result<Option<Caller>, Problem> {
    let now = state.engine.clock().now();
    let found = state.read(move |s| {
        let found = access::session(s, &fingerprint(&token), now)?;
        Ok(found.map(|it| Ok::<_, StoreError>((Rights::of(s, &it.role)?, it))).transpose()?)
    });
    let Some((rights, session)) = found.await? else { return Ok(None) };
    let rights = rights.ok_or_else(|| unknown_role(&session.role))?;
    Ok(Some(Caller { actor: session.email, rights, csrf: Some(session.csrf) }))
}

fn wrong_token() -> Problem {
    Problem::unauthenticated("wrong_token", "There is no such token. Create one with `caravan token create`.")
}

fn session_ended() -> Problem {
    Problem::unauthenticated("session_ended", "The session has ended. Sign in again.")
}

/// The answer to somebody whose role cannot be read by this version.
pub(crate) fn unknown_role(key: &str) -> Problem {
    let detail = format!("The role `{key}` is not known to this version. Ask an administrator for another role.");
    Problem::forbidden("unknown_role", detail)
}

/// A page of somebody else can make a browser send the cookie, but cannot read the token.
fn check_csrf(caller: &Caller, headers: &HeaderMap, method: &Method) -> Result<(), Problem> {
    if method.is_safe() {
        return Ok(());
    }
    let given = headers.get(CSRF_HEADER).map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
    let expected = caller.csrf.as_deref().unwrap_or_default().as_bytes();
    if !expected.is_empty() && same(given, expected) {
        return Ok(());
    }
    let detail = "Send the header X-CSRF-Token with the `csrf` value of GET /api/v1/session.";
    Err(Problem::forbidden("csrf_missing", detail))
}

/// Compares without telling by its time how much was right.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_bearer_and_from_the_user_of_basic() {
        assert_eq!(token_of("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(token_of("bearer  abc ").as_deref(), Some("abc"));
        assert_eq!(token_of(&format!("Basic {}", STANDARD.encode("key:"))).as_deref(), Some("key"));
        for foreign in ["", "Bearer", "Digest x", "Basic %%%", &format!("Basic {}", STANDARD.encode("key"))] {
            assert_eq!(token_of(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn only_the_same_bytes_are_the_same() {
        assert!(same(b"ab", b"ab") && !same(b"ab", b"ac") && !same(b"ab", b"abc"));
    }
}
