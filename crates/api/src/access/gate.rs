//! Who passes to an operation. What is not listed as public asks for a caller, whatever the operation forgot to say.

use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Caller, Permission};

/// Every operation that answers strangers, by method and path. Everything else on the router needs a caller; the app's
/// own files are no operations and hold nothing of anybody.
pub const PUBLIC: &[(&str, &str)] = &[
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("POST", "/api/v1/session"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/docs"),
    ("GET", "/api/docs/page.js"),
    ("POST", "/hooks/external/callback"),
    ("POST", "/hooks/mail/{connection}"),
    ("POST", "/hooks/texts/{connection}"),
    ("GET", "/s/{code}"),
    ("GET", "/p/{name}"),
    ("GET", "/t/o/{token}"),
    ("GET", "/t/c/{token}"),
    ("GET", "/t/u/{token}"),
    ("GET", "/t/v/{token}"),
    ("POST", "/t/u/{token}"),
];

/// Whether strangers may call this operation.
pub(super) fn is_public(method: &Method, path: &str) -> bool {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    PUBLIC.contains(&(method, path))
}

/// What an operation asks of whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Nothing. It must stand in [`PUBLIC`] too.
    Public,
    /// To be signed in, or to hold any token.
    SignedIn,
    /// A permission.
    Needs(Permission),
}

impl From<Permission> for Gate {
    fn from(permission: Permission) -> Self {
        Self::Needs(permission)
    }
}

impl Gate {
    /// The permission it asks for, if it is one.
    pub fn permission(self) -> Option<Permission> {
        match self {
            Self::Needs(permission) => Some(permission),
            Self::Public | Self::SignedIn => None,
        }
    }

    /// Lets a request through, or answers 401 or 403.
    pub(crate) async fn pass(self, request: Request, next: Next) -> Response {
        let caller = request.extensions().get::<Caller>();
        let refused = match (self, caller) {
            (Self::Public, _) | (Self::SignedIn, Some(_)) => None,
            (Self::Needs(permission), Some(caller)) => caller.must(permission).err(),
            (Self::SignedIn | Self::Needs(_), None) => Some(super::caller::nobody()),
        };
        match refused {
            Some(problem) => problem.into_response(),
            None => next.run(request).await,
        }
    }
}
