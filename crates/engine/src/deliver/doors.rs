//! Connections, opened as they are defined now; opened again when their settings or secrets change.

use std::collections::HashMap;
use std::sync::Arc;

use caravan_catalog::Definition;
use caravan_connect::services::{self, Registered};
use caravan_connect::{Connector, ConnectorFacts, Outcome, Secrets, Surroundings, connector, webhooks};
use caravan_model::Finding;
use caravan_model::document::DocumentKind;
use caravan_store::outbox::OutboxRow;
use caravan_store::subscriptions::WEBHOOK;
use parking_lot::Mutex;
use serde_json::Value as Json;

use super::parcel;
use super::record::Recorder;
use crate::external;
use crate::live::Live;
use crate::secrets::secrets_of;

/// Where messages leave.
pub enum Doors {
    /// Through the connectors of the live connections.
    Real {
        /// What connectors get.
        surroundings: Surroundings,
        /// By what they lead through.
        open: Mutex<HashMap<Way, Open>>,
    },
    /// Through doors that somebody brought.
    Given(Brought),
    /// Into a record.
    Recording(Arc<Recorder>),
}

/// The door to bring for what has this kind and key.
pub type Brought = Box<dyn Fn(DocumentKind, &str) -> Arc<dyn Connector> + Send + Sync>;

/// What an effect leaves through: a connection, or an external service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Way {
    kind: DocumentKind,
    pub(super) key: String,
}

impl Way {
    pub fn connection(key: impl Into<String>) -> Self {
        Self { kind: DocumentKind::Connection, key: key.into() }
    }

    pub fn service(key: impl Into<String>) -> Self {
        Self { kind: DocumentKind::ExternalAction, key: key.into() }
    }

    pub fn webhook(key: impl Into<String>) -> Self {
        Self { kind: DocumentKind::Webhook, key: key.into() }
    }

    /// What a definition is as a way.
    pub fn of(definition: &Definition) -> Self {
        Self { kind: definition.kind, key: definition.key.clone() }
    }

    /// What a lane leads through: it is named by what is done, through which connection, and perhaps to what.
    pub fn of_lane(lane: &str) -> Self {
        let mut parts = lane.split(':');
        let (what, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match what {
            external::CALL => Self::service(key),
            WEBHOOK => Self::webhook(key),
            _ => Self::connection(key),
        }
    }

    /// Its definition, while there is one.
    pub fn definition<'a>(&self, live: &'a Live) -> Option<&'a Definition> {
        live.definitions.get(self.kind, &self.key).map(AsRef::as_ref)
    }

    /// Whether nothing leaves through it for now.
    pub fn is_paused(&self, live: &Live) -> bool {
        self.definition(live).is_some_and(|definition| live.paused.contains(&definition.id))
    }

    /// Its key, unique among its kind.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} `{}`", self.kind.label().to_lowercase(), self.key)
    }
}

/// An open door and what it was opened with.
pub struct Open {
    body: Arc<Json>,
    registered: Option<Arc<Json>>,
    secrets: Secrets,
    connector: Arc<dyn Connector>,
}

impl Doors {
    pub fn real(surroundings: Surroundings) -> Self {
        Self::Real { surroundings, open: Mutex::default() }
    }

    /// What connectors get; none where nothing leaves.
    pub fn surroundings(&self) -> Option<&Surroundings> {
        if let Self::Real { surroundings, .. } = self { Some(surroundings) } else { None }
    }

    /// The door that a way leads through, or why it is shut. None: messages are recorded.
    pub fn door(&self, live: &Live, way: &Way) -> Result<Option<Arc<dyn Connector>>, Outcome> {
        let (surroundings, open) = match self {
            Self::Real { surroundings, open } => (surroundings, open),
            Self::Given(brought) => return Ok(Some(brought(way.kind, &way.key))),
            Self::Recording(_) => return Ok(None),
        };
        let Some(definition) = live.definitions.get(way.kind, &way.key) else {
            let message = format!("There is no {way} any more. Apply it again.");
            return Err(Outcome::shut("no_connection", message));
        };
        let secrets = secrets_of(live, definition, surroundings.clock.now())
            .map_err(|why| Outcome::shut("secret_missing", why))?;
        let registered = live.definitions.registered(&way.key).filter(|_| way.kind == DocumentKind::ExternalAction);
        let mut open = open.lock();
        let same = |open: &&Open| {
            open.body == definition.body && open.secrets == secrets && open.registered.as_ref() == registered
        };
        if let Some(known) = open.get(way).filter(same) {
            return Ok(Some(Arc::clone(&known.connector)));
        }
        let connector = match way.kind {
            DocumentKind::ExternalAction => {
                open_service(&way.key, &definition.body, registered, &secrets, surroundings)?
            }
            DocumentKind::Webhook => open_webhook(&way.key, definition, &secrets, surroundings)?,
            _ => open_door(&way.key, &definition.body, &secrets, surroundings)?,
        };
        let (body, registered) = (Arc::clone(&definition.body), registered.cloned());
        open.insert(way.clone(), Open { body, registered, secrets, connector: Arc::clone(&connector) });
        Ok(Some(connector))
    }

    /// What must be known of a door, or why it is shut. A record takes everything in one go.
    pub fn facts(&self, live: &Live, way: &Way) -> Result<ConnectorFacts, Outcome> {
        let recording = || ConnectorFacts {
            kind: "record",
            deduplicates: true,
            max_batch: usize::MAX,
            parallel: 1,
            sender: None,
            per_second: None,
            warm_up: None,
        };
        Ok(self.door(live, way)?.map_or_else(recording, |door| door.facts()))
    }

    /// Whether an effect that may have left can leave again without harm.
    pub fn repeats_safely(&self, live: &Live, row: &OutboxRow) -> bool {
        let door = self.door(live, &parcel::way_of(row)).ok().flatten();
        door.is_some_and(|door| match parcel::call_of(row) {
            Some(call) => door.repeats_safely(&call),
            None => door.facts().deduplicates,
        })
    }
}

/// A door, opened for one question.
///
/// # Errors
/// Why it cannot be opened, for people.
pub fn open_once(live: &Live, way: &Way, surroundings: &Surroundings) -> Result<Arc<dyn Connector>, String> {
    let doors = Doors::real(surroundings.clone());
    match doors.door(live, way) {
        Ok(Some(door)) => Ok(door),
        Ok(None) => Err("Messages are recorded here.".to_owned()),
        Err(Outcome::Shut { message, .. } | Outcome::Failed { message, .. }) => Err(message),
        Err(_) => Err(format!("The {way} cannot be opened.")),
    }
}

fn open_door(
    key: &str,
    body: &Json,
    secrets: &Secrets,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Connector>, Outcome> {
    let kind = body.get("type").and_then(Json::as_str).unwrap_or_default();
    let Some(kind) = connector::kind(kind) else {
        let message = format!("The connection `{key}` is of type `{kind}`, which sends nothing yet.");
        return Err(Outcome::shut("connection_unusable", message));
    };
    let settings = body.get("settings").cloned().unwrap_or_else(|| Json::Object(Default::default()));
    let opened = kind.open(&settings, secrets, surroundings).map_err(|findings| {
        let why: Vec<String> = findings.iter().map(|Finding { message, .. }| message.clone()).collect();
        Outcome::shut("connection_unusable", format!("The connection `{key}` cannot be used. {}", why.join(" ")))
    })?;
    Ok(Arc::from(opened))
}

fn open_webhook(
    key: &str,
    definition: &Definition,
    secrets: &Secrets,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Connector>, Outcome> {
    let url = definition.text("url").unwrap_or_default();
    let opened = webhooks::open(url, secrets, surroundings).map_err(|findings| {
        let why: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
        Outcome::shut("connection_unusable", format!("The webhook `{key}` cannot be told anything. {}", why.join(" ")))
    })?;
    Ok(Arc::from(opened))
}

fn open_service(
    key: &str,
    body: &Json,
    registered: Option<&Arc<Json>>,
    secrets: &Secrets,
    surroundings: &Surroundings,
) -> Result<Arc<dyn Connector>, Outcome> {
    let registered = registered.and_then(|found| serde_json::from_value::<Registered>((**found).clone()).ok());
    let Some(registered) = registered else {
        let message = format!("The service `{key}` is not registered. Register it again: its address has changed.");
        return Err(Outcome::shut("service_not_registered", message));
    };
    let headers = body.get("headers").and_then(Json::as_object).cloned().unwrap_or_default();
    let opened = services::open(&registered, &headers, secrets, surroundings).map_err(|findings| {
        let why: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
        Outcome::shut("connection_unusable", format!("The service `{key}` cannot be called. {}", why.join(" ")))
    })?;
    Ok(Arc::from(opened))
}
