//! Consents that people give on other systems' own pages (OAuth 2, authorization code): where they are asked for, and what
//! becomes of what comes back.

use axum::extract::State;
use caravan_engine::systems::consent::{Asker, Page, Returned};
use caravan_engine::tracking::{Secret, SigningKeys};
use caravan_model::Finding;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ApiState;
use crate::access::Permission::WriteChannels;
use crate::access::{Caller, new_secret};
use crate::connections::KeyPath;
use crate::http::{Answer, Json, Operations, Path, Problem};
use crate::systems::{Tested, asked};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Connections")
        .post(
            "/api/v1/connections/{key}/consent",
            WriteChannels,
            ask_for_consent,
            "Ask a person for the consent by which a connection works: the address of the other side's own page",
        )
        .post(
            "/api/v1/consents",
            WriteChannels,
            take_consent,
            "Hand over what came back from such a page: tokens are kept, encrypted, and the connection is tried",
        )
}

/// Where a person consents.
#[derive(Debug, Serialize, JsonSchema)]
struct ConsentPage {
    /// The page's address, to be opened in the browser of whoever asks.
    address: String,
    /// Where it leads back to; the other side must know this address.
    redirect_address: String,
    /// Until when what comes back is taken.
    ends_at: Timestamp,
}

/// What came back from a page on which somebody was asked for a consent: the parameters of its address.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConsentAnswer {
    /// What went along.
    #[schemars(length(max = 4_096))]
    state: String,
    /// A code for tokens, where somebody consented.
    #[serde(default)]
    #[schemars(length(max = 4_096), extend("writeOnly" = true))]
    code: Option<String>,
    /// Why there is none.
    #[serde(default)]
    error: Option<String>,
    /// The same in words.
    #[serde(default)]
    error_description: Option<String>,
}

/// A consent that was taken.
#[derive(Debug, Serialize, JsonSchema)]
struct ConsentTaken {
    /// Key of the connection that works by it from now on.
    connection: String,
    /// What came of trying the connection with it.
    tried: Tested,
}

/// What signs; without it nothing that comes back could be told from anything else.
fn signing(state: &ApiState) -> Result<SigningKeys, Problem> {
    state.signing.clone().ok_or_else(|| {
        let message = "This process signs nothing; ask the one that serves the app.";
        Problem::findings(vec![Finding::error("systems_unreachable", "", message)])
    })
}

async fn ask_for_consent(
    State(state): State<ApiState>,
    caller: Caller,
    Path(path): Path<KeyPath>,
) -> Result<Answer<ConsentPage>, Problem> {
    let (keys, once) = (signing(&state)?, new_secret(&state.random));
    asked(state, move |systems| {
        let asker = Asker { actor: &caller.actor, keys: &keys };
        let Page { address, redirect_address, ends_at } = systems.ask_for_consent(&path.key, asker, once)?;
        Ok(ConsentPage { address, redirect_address, ends_at })
    })
    .await
}

async fn take_consent(
    State(state): State<ApiState>,
    caller: Caller,
    Json(answer): Json<ConsentAnswer>,
) -> Result<Answer<ConsentTaken>, Problem> {
    let keys = signing(&state)?;
    let ConsentAnswer { state: sealed, code, error, error_description } = answer;
    let returned = match code.filter(|code| !code.is_empty()) {
        Some(code) if error.is_none() => Returned::Code(Secret::new(code)),
        _ => Returned::Refused {
            error: error.unwrap_or_else(|| "no code".to_owned()),
            description: error_description.unwrap_or_default(),
        },
    };
    let taken = asked(state, move |systems| {
        let asker = Asker { actor: &caller.actor, keys: &keys };
        let (connection, tried) = systems.take_consent(&sealed, &returned, asker)?;
        let tried = Tested { ok: tried.is_ok(), message: tried.unwrap_or_else(|why| why) };
        Ok(ConsentTaken { connection, tried })
    })
    .await?;
    let ConsentTaken { connection, tried } = taken.body();
    let detail = json!({ "connection": connection, "works": tried.ok, "message": tried.message });
    Ok(taken.written_down(detail))
}
