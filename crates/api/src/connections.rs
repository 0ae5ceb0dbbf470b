//! Connections, services and webhooks as people look after them: how they are, their secrets, pausing, trying.
//!
//! Their manifests are definitions like all others (`/api/v1/connections/{key}`). A secret goes in and never comes out.

use axum::extract::State;
use caravan_engine::connections::{self, ConnectionKind, SYSTEMS, SystemState};
use caravan_engine::secrets;
use caravan_model::document::DocumentKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Caller;
use crate::access::Permission::{ReadDefinitions, WriteChannels};
use crate::http::{Answer, Done, Json, Operations, Path, Problem};
use crate::systems;

/// The operations of this file.
pub fn operations() -> Operations {
    let kinds = Operations::of("Connections").get(
        "/api/v1/connection_types",
        ReadDefinitions,
        types,
        "The types of connections: JSON Schema of their settings and the secrets they take, to make forms from",
    );
    SYSTEMS.iter().fold(kinds, |operations, &kind| operations.and(of_kind(kind)))
}

fn of_kind(kind: DocumentKind) -> Operations {
    let (one, label) = (format!("/api/v1/{}/{{key}}", kind.plural()), kind.label().to_lowercase());
    let secret = format!("{one}/secrets/{{name}}");
    Operations::of("Connections")
        .get(
            &format!("/api/v1/{}_states", kind.key()),
            ReadDefinitions,
            move |state| states(kind, state),
            &format!(
                "How every {label} is: health with its last success and failure, secrets that are set, who uses it"
            ),
        )
        .get(
            &format!("{one}/state"),
            ReadDefinitions,
            move |state, path| state_of(kind, state, path),
            &format!("How one {label} is"),
        )
        .post(
            &format!("{one}/pause"),
            WriteChannels,
            move |state, path| pause(kind, true, state, path),
            &format!("Let nothing leave through a {label}; what is to leave waits"),
        )
        .post(
            &format!("{one}/resume"),
            WriteChannels,
            move |state, path| pause(kind, false, state, path),
            &format!("Let a {label} go on, also one that was switched off after failing for long"),
        )
        .post(
            &format!("{one}/test"),
            WriteChannels,
            move |state, path| systems::test(kind, state, path),
            &format!(
                "Try a {label} without a real effect: a sentence on what the other side said, or on what is wrong"
            ),
        )
        .put(
            &secret,
            WriteChannels,
            move |state, caller, path, body| set_secret(kind, state, caller, path, body),
            &format!("Keep a secret of a {label}, encrypted, in place of the one that it had; it is never shown again"),
        )
        .delete(
            &secret,
            WriteChannels,
            move |state, path| forget_secret(kind, state, path),
            &format!("Forget a kept secret of a {label}; the place that its manifest names holds again"),
        )
}

#[derive(Deserialize, JsonSchema)]
pub struct KeyPath {
    /// Its key.
    pub key: String,
}

#[derive(Deserialize, JsonSchema)]
struct SecretPath {
    /// Whose: its key.
    key: String,
    /// Name of the secret.
    name: String,
}

/// A secret on its way in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    /// The secret itself.
    #[schemars(extend("writeOnly" = true))]
    value: String,
}

/// How they all are.
#[derive(Debug, Serialize, JsonSchema)]
struct SystemStates {
    /// By key.
    items: Vec<SystemState>,
}

/// All types.
#[derive(Debug, Serialize, JsonSchema)]
struct ConnectionKinds {
    /// In the order of the documentation.
    items: Vec<ConnectionKind>,
}

async fn types() -> Result<Answer<ConnectionKinds>, Problem> {
    Ok(Answer::of(ConnectionKinds { items: connections::connection_kinds() }))
}

async fn states(kind: DocumentKind, State(state): State<ApiState>) -> Result<Answer<SystemStates>, Problem> {
    state.blocking(move |engine| Ok(Answer::of(SystemStates { items: connections::states(engine, kind)? }))).await
}

async fn state_of(
    kind: DocumentKind,
    State(state): State<ApiState>,
    Path(path): Path<KeyPath>,
) -> Result<Answer<SystemState>, Problem> {
    state.blocking(move |engine| Ok(Answer::of(connections::state(engine, kind, &path.key)?))).await
}

async fn pause(
    kind: DocumentKind,
    paused: bool,
    State(state): State<ApiState>,
    Path(path): Path<KeyPath>,
) -> Result<Answer<SystemState>, Problem> {
    let done = state.blocking(move |engine| {
        connections::set_paused(engine, kind, &path.key, paused)?;
        Ok(Answer::of(connections::state(engine, kind, &path.key)?))
    });
    done.await
}

async fn set_secret(
    kind: DocumentKind,
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<SecretPath>,
    Json(body): Json<NewSecret>,
) -> Result<Done, Problem> {
    let set = state.blocking(move |engine| {
        Ok(secrets::set(engine, kind, &path.key, &path.name, body.value.clone(), &caller.actor)?)
    });
    set.await.map(|()| Done::default())
}

async fn forget_secret(
    kind: DocumentKind,
    State(state): State<ApiState>,
    Path(path): Path<SecretPath>,
) -> Result<Done, Problem> {
    let forgotten = state.blocking(move |engine| Ok(secrets::forget(engine, kind, &path.key, &path.name)?));
    forgotten.await.map(|()| Done::default())
}
