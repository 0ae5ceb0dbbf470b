//! Connections, services and webhooks as people look after them: how they are, what they lack, who uses them, pausing.

use std::collections::HashMap;

use caravan_catalog::Definition;
use caravan_connect::connector;
use caravan_connect::services::Registered;
use caravan_connect::webhooks::SIGNING_SECRET;
use caravan_model::document::{Body, Document, DocumentKind};
use caravan_model::{DocumentId, Finding, Severity};
use caravan_store::audiences as stored;
use caravan_store::health::{self, HealthRow};
use caravan_store::{Session, StoreError, documents, outbox};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use crate::Engine;
use crate::audiences::{self, Ending};
use crate::definitions::{DefinitionError, Named, stored_document};
use crate::deliver::Way;
use crate::deliver::warm_up::{self, WarmUpState};
use crate::live::Live;
use crate::secrets::{self, SecretState};
use crate::systems::consent;
use crate::uses::Uses;
use crate::webhooks;

/// The kinds of definitions that lead to other systems.
pub const SYSTEMS: [DocumentKind; 3] = [DocumentKind::Connection, DocumentKind::ExternalAction, DocumentKind::Webhook];

/// Whether the other side was reached the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It was neither tried nor used yet.
    Untested,
    /// It worked the last time.
    Healthy,
    /// It failed the last time: see `last_error`.
    Failing,
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LastError {
    /// Stable code.
    pub code: String,
    /// What went wrong and what to do.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// A connection, service or webhook and how it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SystemState {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What kind of connection it is (`smtp`, `marketo` …); none for services and webhooks.
    #[serde(rename = "type")]
    pub connection_type: Option<String>,
    /// The kind's name for people.
    pub label: String,
    /// Whether the other side was reached the last time.
    pub health: Health,
    /// Since when it is so.
    pub since: Option<Timestamp>,
    /// When it last worked.
    pub last_success_at: Option<Timestamp>,
    /// The last failure, also of one that works again.
    pub last_error: Option<LastError>,
    /// Nothing leaves through it until it is resumed.
    pub paused: bool,
    /// When it was switched off because it had failed for long; resuming switches it on again.
    pub disabled_at: Option<Timestamp>,
    /// Effects that wait for it.
    pub waiting: i64,
    /// Its secrets, never their values.
    pub secrets: Vec<SecretState>,
    /// The consent by which it works, where a person gives one on the other side's own page.
    pub consent: Option<ConsentState>,
    /// How far it has come today, where it is warmed up by plan.
    pub warm_up: Option<WarmUpState>,
    /// The definitions that name it; it cannot be deleted as long as there are any.
    pub used_by: Vec<Named>,
}

/// The consent by which a connection works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConsentState {
    /// Where the other side sends people back to; it must know this address. None: nobody says how Caravan is reached.
    pub redirect_address: Option<String>,
    /// Until when it holds, as far as that is known.
    pub ends_at: Option<Timestamp>,
    /// It ends soon or holds no longer: what is so and what to do.
    pub problem: Option<String>,
    /// What must be set before anybody can be asked for it, and how.
    pub missing: Vec<Finding>,
}

/// How every connection (service, webhook) is, by key.
///
/// # Errors
/// The store cannot be read.
pub fn states(engine: &Engine, kind: DocumentKind) -> Result<Vec<SystemState>, StoreError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let mut all: Vec<&Definition> = live.definitions.of_kind(kind).map(AsRef::as_ref).collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        let healths: HashMap<_, _> = health::all(s)?.into_iter().map(|row| (row.document, row)).collect();
        let around = Around::load(engine, s, &live)?;
        Ok(all.into_iter().map(|it| state_of(&live, it, healths.get(&it.id), &around)).collect())
    })
}

/// How one of them is.
///
/// # Errors
/// There is none of that key.
pub fn state(engine: &Engine, kind: DocumentKind, key: &str) -> Result<SystemState, DefinitionError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        let definition = live.definitions.get(kind, key).ok_or_else(|| unknown(kind, key))?;
        let (health, around) = (health::get(s, definition.id)?, Around::load(engine, s, &live)?);
        Ok(state_of(&live, definition, health.as_ref(), &around))
    })
}

/// Lets nothing leave through it any more, or lets it go again. What waits stays in its order; nothing is lost.
///
/// # Errors
/// There is none of that key.
pub fn set_paused(engine: &Engine, kind: DocumentKind, key: &str, paused: bool) -> Result<(), DefinitionError> {
    engine.store().write(|s| -> Result<(), DefinitionError> {
        documents::begin_change(s)?;
        let row = documents::get(s, kind.key(), key)?.ok_or_else(|| unknown(kind, key))?;
        documents::set_paused(s, row.id, paused)?;
        if !paused {
            health::set_disabled(s, row.id, None)?;
            if let Some(Body::Webhook(webhook)) = stored_document(&row).map(|document| document.body) {
                webhooks::follow(s, row.id, key, &webhook)?;
            }
        }
        Ok(())
    })?;
    engine.poke();
    Ok(())
}

pub(crate) fn unknown(kind: DocumentKind, key: &str) -> DefinitionError {
    DefinitionError::Unknown { kind: kind.label().to_lowercase(), key: key.to_owned() }
}

/// Effects that wait, by what they leave through.
fn waiting(s: &mut dyn Session) -> Result<HashMap<Way, i64>, StoreError> {
    let mut waiting = HashMap::new();
    for (lane, effects) in outbox::waiting_by_lane(s)? {
        *waiting.entry(Way::of_lane(&lane)).or_default() += effects;
    }
    Ok(waiting)
}

/// How many effects wait to leave through one of them.
pub(crate) fn waiting_for(s: &mut dyn Session, way: &Way) -> Result<i64, StoreError> {
    Ok(waiting(s)?.get(way).copied().unwrap_or_default())
}

/// What states are told from beside the definitions and their health.
struct Around {
    waiting: HashMap<Way, i64>,
    uses: Uses,
    /// Until when consents hold, as far as that is known.
    consents: HashMap<DocumentId, Option<Timestamp>>,
    endings: Vec<Ending>,
    redirect_address: Option<String>,
    warm_ups: HashMap<String, WarmUpState>,
    now: Timestamp,
}

impl Around {
    fn load(engine: &Engine, s: &mut dyn Session, live: &Live) -> Result<Self, StoreError> {
        Ok(Self {
            waiting: waiting(s)?,
            uses: Uses::load(s)?,
            consents: stored::consents(s)?.into_iter().map(|row| (row.connection, row.ends_at)).collect(),
            endings: audiences::endings(s, &live.definitions)?,
            redirect_address: consent::redirect_address(engine),
            warm_ups: warm_up::states(s, live)?,
            now: engine.clock().now(),
        })
    }

    fn consent_of(&self, live: &Live, definition: &Definition) -> Option<ConsentState> {
        let connection = Some(definition).filter(|it| it.kind == DocumentKind::Connection)?;
        let missing = consent::missing(live, connection, self.redirect_address.as_deref(), self.now)?;
        let problem = self.endings.iter().find(|ending| ending.connection == definition.key);
        Some(ConsentState {
            redirect_address: self.redirect_address.clone(),
            ends_at: self.consents.get(&definition.id).copied().flatten(),
            problem: problem.map(|ending| ending.message.clone()),
            missing,
        })
    }
}

fn state_of(live: &Live, definition: &Definition, health: Option<&HealthRow>, around: &Around) -> SystemState {
    let connection_type = definition.text("type").filter(|_| definition.kind == DocumentKind::Connection);
    let connector = connection_type.and_then(connector::kind);
    let label = connector.map_or_else(|| connection_type.unwrap_or(definition.kind.label()), |kind| kind.label());
    let last_error = health.and_then(|health| {
        Some(LastError { code: health.code.clone()?, message: health.message.clone()?, at: health.failed_at? })
    });
    SystemState {
        key: definition.key.clone(),
        name: definition.name.clone(),
        description: definition.text("description").unwrap_or_default().to_owned(),
        connection_type: connection_type.map(str::to_owned),
        label: label.to_owned(),
        health: match health {
            None => Health::Untested,
            Some(health) if health.well => Health::Healthy,
            Some(_) => Health::Failing,
        },
        since: health.map(|health| health.since),
        last_success_at: health.and_then(|health| health.succeeded_at),
        last_error,
        paused: live.paused.contains(&definition.id),
        disabled_at: health.and_then(|health| health.disabled_at),
        waiting: around.waiting.get(&Way::of(definition)).copied().unwrap_or_default(),
        secrets: secrets::states(live, definition, &secrets_taken(live, definition)),
        consent: around.consent_of(live, definition),
        warm_up: connection_type.and_then(|_| around.warm_ups.get(&definition.key).cloned()),
        used_by: around.uses.of(definition.kind, &definition.key),
    }
}

/// The secrets that a definition takes: name, help, whether nothing works without it.
fn secrets_taken(live: &Live, definition: &Definition) -> Vec<(&'static str, &'static str, bool)> {
    match definition.kind {
        DocumentKind::Connection => {
            let kind = definition.text("type").and_then(connector::kind);
            let fields = kind.map(|kind| kind.secrets()).unwrap_or_default();
            fields.iter().map(|field| (field.key, field.help, field.required)).collect()
        }
        DocumentKind::ExternalAction => {
            let found = live.definitions.registered(&definition.key);
            let found = found.and_then(|found| serde_json::from_value::<Registered>((**found).clone()).ok());
            let names = found.map(|found| found.described.authentication.secrets()).unwrap_or_default();
            let own = names.iter().map(|name| (*name, "What the service knows us by.", true));
            own.chain(SECRETS_OF_SERVICES).collect()
        }
        DocumentKind::Webhook => vec![(SIGNING_SECRET, "Signs every message; receivers check it.", true)],
        _ => Vec::new(),
    }
}

/// What every service may have beside what its document asks for.
const SECRETS_OF_SERVICES: [(&str, &str, bool); 3] = [
    ("signing_secret", "Signs every call, so that the service can tell that it is ours.", false),
    ("callback_key", "The service proves with it that an answer is its own.", false),
    ("callback_signing_secret", "The service signs its answers with it.", false),
];

/// What is wrong with the settings of a connection, as its connector reads them: warnings, since a connection may be
/// defined before everything is known of it. It is not opened as long as they stand.
pub(crate) fn settings_findings(document: &Document) -> Vec<Finding> {
    let Body::Connection(connection) = &document.body else { return Vec::new() };
    let kind = serde_json::to_value(connection.connection_type).ok();
    let Some(kind) = kind.as_ref().and_then(Json::as_str).and_then(connector::kind) else { return Vec::new() };
    let found = kind.check_settings(&Json::Object(connection.settings.clone())).into_iter();
    let warning = |finding: Finding| Finding { severity: Severity::Warning, ..finding };
    let mut findings: Vec<Finding> = found.map(warning).collect();
    document.locate(&mut findings);
    findings
}

/// A type of connection: what forms are made from.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConnectionKind {
    /// `type` in manifests.
    #[serde(rename = "type")]
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it connects to.
    pub description: &'static str,
    /// JSON Schema of its settings, with the help of each field as its description.
    pub settings: Json,
    /// The secrets that it takes beside its settings.
    pub secrets: Vec<SecretKind>,
    /// What destinations that are reached through it are like; left out where nothing is handed to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<DestinationKind>,
}

/// What destinations of a type are like.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DestinationKind {
    /// Whom they take.
    pub takes: Taken,
    /// JSON Schema of their settings, with the help of each field as its description.
    pub settings: Json,
}

/// Whom destinations take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// Accounts, from journeys and data flows.
    Accounts,
    /// People, from external audiences.
    People,
}

/// A secret that a type of connection takes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SecretKind {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Whether nothing works without it.
    pub required: bool,
}

/// Every type of connection there is, from the connectors' own settings types.
pub fn connection_kinds() -> Vec<ConnectionKind> {
    let secret =
        |field: &connector::SecretField| SecretKind { name: field.key, help: field.help, required: field.required };
    let entry = |kind: &&'static dyn connector::ConnectorKind| ConnectionKind {
        key: kind.key(),
        label: kind.label(),
        description: kind.description(),
        settings: kind.settings_schema().to_value(),
        secrets: kind.secrets().iter().map(secret).collect(),
        destination: destination_kind(*kind),
    };
    connector::KINDS.iter().map(entry).collect()
}

fn destination_kind(kind: &dyn connector::ConnectorKind) -> Option<DestinationKind> {
    let settings = kind.destination_schema()?.to_value();
    let takes = if kind.takes_people().is_some() { Taken::People } else { Taken::Accounts };
    Some(DestinationKind { takes, settings })
}
