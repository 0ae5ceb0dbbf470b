//! What journeys are made of, as the app's palette and forms need it.

use axum::extract::State;
use caravan_catalog::catalogue::Catalogue;
use caravan_engine::connections::connection_kinds;

use crate::ApiState;
use crate::access::Permission;
use crate::http::{Answer, Operations, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Catalogue").get(
        "/api/v1/catalogue",
        Permission::ReadDefinitions,
        show,
        "Nodes, actions, events and attributes of this installation",
    )
}

async fn show(State(state): State<ApiState>) -> Result<Answer<Catalogue>, Problem> {
    let read = state.blocking(|engine| {
        let live = engine.store().read(|s| engine.live(s))?;
        let connectors = connection_kinds().iter().filter_map(|kind| serde_json::to_value(kind).ok()).collect();
        Ok(Catalogue::new(&live.definitions, connectors))
    });
    Ok(Answer::of(read.await?))
}
