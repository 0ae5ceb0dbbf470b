//! What a person who draws a journey asks beside its manifest and its map: what still stands against publishing it.

use axum::extract::State;
use caravan_engine::draft;
use caravan_model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Permission;
use crate::http::{Answer, Operations, Path, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Journeys").get(
        "/api/v1/journeys/{key}/findings",
        Permission::ReadDefinitions,
        findings,
        "What stands against publishing the draft, errors and warnings",
    )
}

#[derive(Deserialize, JsonSchema)]
struct DraftPath {
    /// The journey's key.
    key: String,
}

/// What stands against a draft.
#[derive(Debug, Serialize, JsonSchema)]
struct Findings {
    /// Errors refuse publishing, warnings do not.
    items: Vec<Finding>,
}

async fn findings(State(state): State<ApiState>, Path(path): Path<DraftPath>) -> Result<Answer<Findings>, Problem> {
    let found = state.blocking(move |engine| Ok(draft::findings(engine, &path.key)?));
    Ok(Answer::of(Findings { items: found.await? }))
}
