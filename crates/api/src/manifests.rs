//! Several definitions at once: all of them are applied, or none.

use axum::extract::State;
use caravan_engine::Engine;
use caravan_engine::definitions::{self, ApplyOptions, ApplyReport};
use caravan_model::document::DocumentKind;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::ApiState;
use crate::access::{Caller, Gate};
use crate::documents::allowed;
use crate::http::{Answer, Json, Operations, Problem};

/// Manifests that are applied at once.
const MOST: usize = 200;

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Definitions").post(
        "/api/v1/manifests",
        Gate::SignedIn,
        apply,
        "Apply manifests of any kinds that belong together, all or none; each kind asks for its own permission",
    )
}

/// What is applied together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Manifests {
    /// Each with its `kind` and `key`; they may name each other.
    #[schemars(length(min = 1, max = 200))]
    manifests: Vec<Value>,
    /// Check and say what would happen, but change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Keep drafts of journeys although they cannot be published as they are.
    #[serde(default)]
    incomplete: bool,
}

async fn apply(
    State(state): State<ApiState>,
    caller: Caller,
    Json(given): Json<Manifests>,
) -> Result<Answer<ApplyReport>, Problem> {
    let Manifests { manifests, dry_run, incomplete } = given;
    if manifests.is_empty() || manifests.len() > MOST {
        let detail = format!("Send one to {MOST} manifests at once.");
        return Err(Problem::bad_request("invalid_field", detail).at("/manifests"));
    }
    let options = ApplyOptions { dry_run, incomplete };
    let write = state.blocking(move |engine| {
        let one = |manifest| one_allowed(engine, &caller, manifest);
        let manifests = manifests.into_iter().map(one).collect::<Result<Vec<_>, Problem>>()?;
        Ok(definitions::put_all(engine, manifests, &caller.actor, options)?)
    });
    Ok(Answer::of(write.await?))
}

/// A manifest as its caller may apply it. Whatever names no kind that there is, is refused as unreadable afterwards.
fn one_allowed(engine: &Engine, caller: &Caller, manifest: Value) -> Result<Value, Problem> {
    let said = |field: &str| manifest.get(field).and_then(Value::as_str);
    let key = said("key").unwrap_or_default().to_owned();
    match said("kind").and_then(DocumentKind::from_key) {
        Some(kind) => allowed(engine, caller, kind, &key, manifest),
        None => Ok(manifest),
    }
}
