//! What leaves the installation as a whole: holding it, and letting it go again.

use axum::extract::State;
use caravan_engine::deliver;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Permission;
use crate::http::{Answer, Json, Operations, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Delivery")
        .get("/api/v1/delivery/hold", Permission::ReadDefinitions, held, "Whether everything that would leave is held")
        .put(
            "/api/v1/delivery/hold",
            Permission::WriteChannels,
            hold,
            "Hold everything that would leave, or let it go again; nothing is lost",
        )
}

/// Whether everything that would leave is held: messages and calls stay queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Hold {
    /// True: nothing leaves.
    held: bool,
}

async fn held(State(state): State<ApiState>) -> Result<Answer<Hold>, Problem> {
    state.read(|s| Ok(Answer::of(Hold { held: deliver::is_held(s)? }))).await
}

async fn hold(State(state): State<ApiState>, Json(hold): Json<Hold>) -> Result<Answer<Hold>, Problem> {
    state.blocking(move |engine| Ok(deliver::hold_all(engine, hold.held)?)).await?;
    Ok(Answer::of(hold))
}
