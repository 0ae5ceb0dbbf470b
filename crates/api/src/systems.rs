//! Other systems as people set them up: trying connections, what their pickers offer, registering external services.

use std::collections::BTreeMap;

use axum::extract::State;
use caravan_engine::audiences::AudienceState;
use caravan_engine::definitions::{DefinitionError, Named};
use caravan_engine::external::{self, ServiceFields};
use caravan_engine::systems::Systems;
use caravan_engine::uses;
use caravan_model::Finding;
use caravan_model::document::DocumentKind;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiState;
use crate::access::Permission::{ReadDefinitions, WriteChannels};
use crate::connections::KeyPath;
use crate::http::{Answer, Json, Operations, Path, Problem, Query};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Other systems")
        .get(
            "/api/v1/connections/{key}/choices/{what}",
            ReadDefinitions,
            choices,
            "What the other side offers to choose from: lists, campaigns, emails, workspaces; kept for a quarter of an hour",
        )
        .post(
            "/api/v1/destinations/{key}/test",
            WriteChannels,
            test_destination,
            "Try a destination without sending anything: a sentence on what the other side said, or on what is wrong",
        )
        .get(
            "/api/v1/destinations/{key}/audiences",
            ReadDefinitions,
            audiences,
            "The audiences of a destination: who is in them, how they stood when they were last asked, what is wrong",
        )
        .post(
            "/api/v1/destinations/{key}/audiences/refresh",
            WriteChannels,
            refresh,
            "Ask the other side now how the audiences of a destination stand",
        )
        .get(
            "/api/v1/destinations/{key}/used_by",
            ReadDefinitions,
            |state, path| used_by(DocumentKind::Destination, state, path),
            "The external audiences, data flows and journeys that name a destination",
        )
        .get(
            "/api/v1/external_audiences/{key}/used_by",
            ReadDefinitions,
            |state, path| used_by(DocumentKind::ExternalAudience, state, path),
            "The journeys that name an external audience",
        )
        .post(
            "/api/v1/external_actions/{key}/registration",
            WriteChannels,
            register,
            "Read the OpenAPI document of an external action and keep what it says; journeys can call it from then on",
        )
        .get(
            "/api/v1/external_actions/{key}/registration",
            ReadDefinitions,
            registration,
            "What a registered service takes from each node, and what paths can be chosen by",
        )
        .post(
            "/api/v1/external_services/inspection",
            WriteChannels,
            inspect,
            "Look at a service by the address of its OpenAPI document, and get a manifest to begin with; nothing is kept",
        )
}

#[derive(Deserialize, JsonSchema)]
struct ChoicesPath {
    /// Key of the connection.
    key: String,
    /// `lists`, `campaigns`, `emails`, `workspaces` …
    what: String,
}

#[derive(Deserialize, JsonSchema)]
struct ChoicesQuery {
    /// What was chosen before: the workspace of a campaign.
    within: Option<String>,
    /// Ask the other side now, whatever is kept.
    #[serde(default)]
    refresh: bool,
}

/// What came of trying a connection.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tested {
    /// Whether it works.
    pub ok: bool,
    /// What the other side said, or what is wrong and what to do.
    pub message: String,
}

/// What there is to choose from.
#[derive(Debug, Serialize, JsonSchema)]
struct Choices {
    /// In the order in which the other side has them.
    data: Vec<Choice>,
    /// When the other side was asked.
    asked_at: Timestamp,
    /// Why these are older ones: the other side could not be asked now.
    problem: Option<String>,
}

/// Something of the other system that a setting may name.
#[derive(Debug, Serialize, JsonSchema)]
struct Choice {
    /// What the setting gets.
    value: String,
    /// Its name for people.
    label: String,
    /// Where it stands, to tell namesakes apart.
    detail: String,
}

/// A service that is registered.
#[derive(Debug, Serialize, JsonSchema)]
struct Registration {
    /// Its title.
    title: String,
}

/// Which service to look at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Inspection {
    /// Address of its OpenAPI document.
    url: String,
    /// Values of the secrets by name (`api_key`; `user`, `password`; `client_id`, `client_secret`), used once and not kept.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

/// What was found at an address.
#[derive(Debug, Serialize, JsonSchema)]
struct Inspected {
    /// What the document and the service say.
    service: Value,
    /// A manifest to begin with; the mapping of fields is to be filled in.
    manifest: Value,
}

/// Asks other systems, where this process reaches them.
pub async fn asked<T: Send + 'static>(
    state: ApiState,
    ask: impl FnOnce(&Systems) -> Result<T, DefinitionError> + Send + 'static,
) -> Result<Answer<T>, Problem>
where
    Answer<T>: Send,
{
    let Some(systems) = state.systems.clone() else {
        let message = "This process reaches no other systems; ask the one that serves the app.";
        return Err(Problem::findings(vec![Finding::error("systems_unreachable", "", message)]));
    };
    state.blocking(move |_| Ok(Answer::of(ask(&systems)?))).await
}

/// Tries a connection, service or webhook.
pub async fn test(
    kind: DocumentKind,
    State(state): State<ApiState>,
    Path(path): Path<KeyPath>,
) -> Result<Answer<Tested>, Problem> {
    asked(state, move |systems| {
        let tried = systems.check(kind, &path.key)?;
        Ok(Tested { ok: tried.is_ok(), message: tried.unwrap_or_else(|why| why) })
    })
    .await
}

async fn test_destination(State(state): State<ApiState>, Path(path): Path<KeyPath>) -> Result<Answer<Tested>, Problem> {
    asked(state, move |systems| {
        let tried = systems.check_destination(&path.key)?;
        Ok(Tested { ok: tried.is_ok(), message: tried.unwrap_or_else(|why| why) })
    })
    .await
}

/// The audiences of a destination.
#[derive(Debug, Serialize, JsonSchema)]
struct Audiences {
    /// By name.
    items: Vec<AudienceState>,
}

async fn audiences(State(state): State<ApiState>, Path(path): Path<KeyPath>) -> Result<Answer<Audiences>, Problem> {
    asked(state, move |systems| Ok(Audiences { items: systems.audiences(&path.key, false)? })).await
}

async fn refresh(State(state): State<ApiState>, Path(path): Path<KeyPath>) -> Result<Answer<Audiences>, Problem> {
    asked(state, move |systems| Ok(Audiences { items: systems.audiences(&path.key, true)? })).await
}

/// Who names a definition.
#[derive(Debug, Serialize, JsonSchema)]
struct UsedBy {
    /// By kind and key. A definition that is named cannot be deleted.
    items: Vec<Named>,
}

async fn used_by(
    kind: DocumentKind,
    State(state): State<ApiState>,
    Path(path): Path<KeyPath>,
) -> Result<Answer<UsedBy>, Problem> {
    let read = state.blocking(move |engine| Ok(engine.store().read(|s| uses::used_by(s, kind, &path.key))?));
    let mut items = read.await?;
    items.sort();
    Ok(Answer::of(UsedBy { items }))
}

async fn choices(
    State(state): State<ApiState>,
    Path(path): Path<ChoicesPath>,
    Query(query): Query<ChoicesQuery>,
) -> Result<Answer<Choices>, Problem> {
    asked(state, move |systems| {
        let found = systems.choices(&path.key, &path.what, query.within.as_deref(), query.refresh)?;
        let choices = found.choices.into_iter();
        let data = choices.map(|it| Choice { value: it.value, label: it.label, detail: it.detail }).collect();
        Ok(Choices { data, asked_at: found.asked_at, problem: found.problem })
    })
    .await
}

async fn register(State(state): State<ApiState>, Path(path): Path<KeyPath>) -> Result<Answer<Registration>, Problem> {
    asked(state, move |systems| Ok(Registration { title: systems.register(&path.key)? })).await
}

async fn registration(
    State(state): State<ApiState>,
    Path(path): Path<KeyPath>,
) -> Result<Answer<ServiceFields>, Problem> {
    Ok(Answer::of(state.blocking(move |engine| Ok(external::fields_of(engine, &path.key)?)).await?))
}

async fn inspect(State(state): State<ApiState>, Json(ask): Json<Inspection>) -> Result<Answer<Inspected>, Problem> {
    asked(state, move |systems| {
        let found = systems.inspect(&ask.url, ask.secrets)?;
        let service = serde_json::to_value(&found.registered).unwrap_or_default();
        Ok(Inspected { service, manifest: found.manifest })
    })
    .await
}
