//! Connections, opened as they are defined now; opened again when their settings or secrets change.

use std::collections::HashMap;
use std::sync::Arc;

use caravan_connect::{Connector, ConnectorFacts, Outcome, Secret, Secrets, Surroundings, connector};
use caravan_model::Finding;
use caravan_model::document::{self, DocumentKind};
use caravan_store::outbox::OutboxRow;
use parking_lot::Mutex;
use serde_json::Value as Json;

use super::parcel;
use super::record::Recorder;
use crate::live::Live;

/// Where messages leave.
pub enum Doors {
    /// Through the connectors of the live connections.
    Real {
        /// What connectors get.
        surroundings: Surroundings,
        /// By key of the connection.
        open: Mutex<HashMap<String, Open>>,
    },
    /// Into a record.
    Recording(Arc<Recorder>),
}

/// An open door and what it was opened with.
pub struct Open {
    body: Arc<Json>,
    secrets: Secrets,
    connector: Arc<dyn Connector>,
}

impl Doors {
    pub fn real(surroundings: Surroundings) -> Self {
        Self::Real { surroundings, open: Mutex::default() }
    }

    /// The door of a connection, or why it is shut. None: messages are recorded.
    pub fn door(&self, live: &Live, connection: &str) -> Result<Option<Arc<dyn Connector>>, Outcome> {
        let Self::Real { surroundings, open } = self else { return Ok(None) };
        let Some(definition) = live.definitions.get(DocumentKind::Connection, connection) else {
            let message = format!("There is no connection `{connection}` any more. Apply it again.");
            return Err(Outcome::shut("no_connection", message));
        };
        let secrets = secrets_of(&format!("connection `{connection}`"), &definition.body)
            .map_err(|why| Outcome::shut("secret_missing", why))?;
        let mut open = open.lock();
        if let Some(known) = open.get(connection).filter(|o| o.body == definition.body && o.secrets == secrets) {
            return Ok(Some(Arc::clone(&known.connector)));
        }
        let connector = open_door(connection, &definition.body, &secrets, surroundings)?;
        let body = Arc::clone(&definition.body);
        open.insert(connection.to_owned(), Open { body, secrets, connector: Arc::clone(&connector) });
        Ok(Some(connector))
    }

    /// What must be known of a connection's door, or why it is shut. A record takes everything in one go.
    pub fn facts(&self, live: &Live, connection: &str) -> Result<ConnectorFacts, Outcome> {
        let recording = || ConnectorFacts {
            kind: "record",
            deduplicates: true,
            max_batch: usize::MAX,
            parallel: 1,
            sender: None,
            per_second: None,
        };
        Ok(self.door(live, connection)?.map_or_else(recording, |door| door.facts()))
    }

    /// Whether an effect that may have left can leave again without harm.
    pub fn repeats_safely(&self, live: &Live, row: &OutboxRow) -> bool {
        let door = self.door(live, &parcel::connection_of(row)).ok().flatten();
        door.is_some_and(|door| match parcel::call_of(row) {
            Some(call) => door.repeats_safely(&call),
            None => door.facts().deduplicates,
        })
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

/// The secrets that a definition names, read where they are kept; `what` says whose they are.
///
/// # Errors
/// Which one is missing, for people.
pub fn secrets_of(what: &str, body: &Json) -> Result<Secrets, String> {
    let Some(named) = body.get("secrets") else { return Ok(Secrets::new()) };
    let missing = |why: String| format!("The {what} lacks a secret: {why}.");
    let named: document::Secrets = serde_json::from_value(named.clone())
        .map_err(|error| missing(format!("its secrets cannot be read ({error})")))?;
    let read = |(name, place): (String, document::Secret)| {
        let value = match &place {
            document::Secret::Env(variable) => std::env::var(variable).map_err(|_| {
                missing(format!("`{name}` is to come from the environment variable `{variable}`, which is not set"))
            }),
            document::Secret::File(path) => std::fs::read_to_string(path)
                .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
                .map_err(|error| missing(format!("`{name}` is to come from the file `{path}`: {error}"))),
        };
        Ok((name, Secret::new(value?)))
    };
    named.into_iter().map(read).collect()
}
