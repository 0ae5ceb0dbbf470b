//! Several definitions at once: all of them are applied, or none.

use axum::extract::State;
use caravan_engine::definitions::{self, ApplyOptions, ApplyReport};
use caravan_model::document::DocumentKind;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::ApiState;
use crate::access::{Caller, Gate};
use crate::documents::{may_change_role, permission_to_write};
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
    // Whatever names no kind that there is, is refused as unreadable below.
    for kind in manifests.iter().filter_map(|it| DocumentKind::from_key(it.get("kind")?.as_str()?)) {
        caller.must(permission_to_write(kind))?;
    }
    let options = ApplyOptions { dry_run, incomplete };
    let write = state.blocking(move |engine| {
        for manifest in &manifests {
            let (kind, key) =
                (manifest.get("kind").and_then(Value::as_str), manifest.get("key").and_then(Value::as_str));
            if let (Some(kind), Some(key)) = (kind.and_then(DocumentKind::from_key), key) {
                may_change_role(engine, &caller, kind, key, Some(manifest))?;
            }
        }
        Ok(definitions::put_all(engine, manifests, &caller.actor, options)?)
    });
    Ok(Answer::of(write.await?))
}
