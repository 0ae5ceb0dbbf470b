//! How an operation is registered: its path, who may call it and its sentence, in one place each.

use aide::axum::ApiRouter;
use aide::axum::routing::{delete_with, get_with, patch_with, post_with, put_with};
use aide::openapi::OpenApi;
use aide::operation::{OperationHandler, OperationInput, OperationOutput};
use aide::transform::TransformOperation;
use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{Next, from_fn};

use crate::ApiState;
use crate::access::{Gate, Permission};

/// Operations that belong together; their name heads them in the documentation.
pub struct Operations {
    name: &'static str,
    router: ApiRouter<ApiState>,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $method:ident, $with:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $method<H, I, O, T>(self, path: &str, gate: impl Into<Gate>, handler: H, summary: &str) -> Self
        where
            H: Handler<T, ApiState> + OperationHandler<I, O>,
            I: OperationInput,
            O: OperationOutput,
            T: 'static,
        {
            let gate = gate.into();
            let id = operation_id(stringify!($method), path);
            let route = $with(handler, |op| describe(op, self.name, &id, gate, summary));
            let guarded = route.layer(from_fn(move |request: Request, next: Next| gate.pass(request, next)));
            Self { router: self.router.api_route(path, guarded), ..self }
        }
    )*};
}

impl Operations {
    /// No operations yet.
    pub fn of(name: &'static str) -> Self {
        Self { name, router: ApiRouter::new() }
    }

    methods! {
        /// Adds an operation that reads.
        get, get_with;
        /// Adds an operation that replaces, or creates under a given key.
        put, put_with;
        /// Adds an operation that changes a part of something.
        patch, patch_with;
        /// Adds an operation that does or creates something.
        post, post_with;
        /// Adds an operation that takes away.
        delete, delete_with;
    }

    /// Both lists of operations as one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { name: self.name, router: self.router.merge(other.router) }
    }

    /// The routes, and their description written into `document`.
    pub fn finish(self, document: &mut OpenApi) -> Router<ApiState> {
        self.router.finish_api(document)
    }
}

fn describe<'t>(op: TransformOperation<'t>, tag: &str, id: &str, gate: Gate, summary: &str) -> TransformOperation<'t> {
    let mut op = op.tag(tag).id(id).summary(summary);
    if gate == Gate::Public {
        return op;
    }
    let permission = gate.permission().map_or("signed_in", Permission::key);
    op.inner_mut().extensions.insert("x-permission".to_owned(), permission.into());
    op.security_requirement("token").security_requirement("session")
}

/// `get` `/api/v1/journeys/{key}/map` → `get_journeys_key_map`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/api/v1").split(['/', '.']).map(|part| part.trim_matches(['{', '}']));
    words.filter(|word| !word.is_empty()).fold(method.to_owned(), |id, word| format!("{id}_{word}"))
}
