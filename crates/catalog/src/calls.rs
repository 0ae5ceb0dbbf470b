//! What the actions share that call an operation of another system: its connection found, the call queued in its lane.

use caravan_model::attribute::person;
use caravan_model::document::DocumentKind;
use caravan_model::{DocumentId, Finding};
use serde_json::{Value as Json, json};

use crate::action::{Outcome, Subject, Visit};
use crate::changes::NewEffect;
use crate::definitions::Definitions;
use crate::effects::{self, CallEffect, MirrorEffect};
use crate::needs::Needs;
use crate::world::World;

/// An operation of a connection, ready to be called for one subject after another.
pub struct PreparedCall {
    connection: String,
    operation: &'static str,
    target: Json,
    lane: String,
    /// The score that the calls tell, when they do that.
    score: Option<DocumentId>,
}

impl PreparedCall {
    /// The operation of the connection `key`, which must be of this type. Calls with the same target travel together.
    pub fn new(
        definitions: &Definitions,
        (key, connection_type): (&str, &str),
        operation: &'static str,
        target: Json,
    ) -> Result<Self, Vec<Finding>> {
        let connection = definitions.find(DocumentKind::Connection, key, "/connection").map_err(|f| vec![f])?;
        if connection.text("type") != Some(connection_type) {
            let message = format!("The connection `{key}` is not of type `{connection_type}`. Name one that is.");
            return Err(vec![Finding::error("wrong_connection_type", "/connection", message)]);
        }
        let lane = format!("{operation}:{key}:{target}");
        Ok(Self { connection: connection.key.clone(), operation, target, lane, score: None })
    }

    /// The same, but its calls tell a score that has changed here already.
    #[must_use]
    pub fn telling(self, score: DocumentId) -> Self {
        Self { score: Some(score), ..self }
    }

    /// What a call for people looks at: their addresses.
    pub fn needs_of_people() -> Needs {
        Needs { person_attributes: [person::EMAIL].into(), ..Needs::default() }
    }

    /// Queues the call for a person that the other system knows by its address.
    pub fn queue_for_person(&self, visit: &Visit, subject: Subject, world: &mut World) -> Outcome {
        let Subject::Person(ix) = subject else { return Outcome::Failed("no_person") };
        let email = world.person_value(ix, person::EMAIL).as_text().map(|email| email.trim().to_owned());
        let Some(email) = email.filter(|email| !email.is_empty()) else { return Outcome::Skipped("email_missing") };
        self.queue(visit, subject, json!({ "email": email }), world)
    }

    /// Queues the call for a subject with what the operation needs to know of it.
    pub fn queue(&self, visit: &Visit, subject: Subject, known: Json, world: &mut World) -> Outcome {
        let person = match subject {
            Subject::Person(ix) => Some(world.person(ix).id),
            Subject::Account(_) => None,
        };
        let account = match subject {
            Subject::Account(ix) => Some(ix),
            Subject::Person(_) => visit.account,
        };
        let call = CallEffect {
            connection: self.connection.clone(),
            journey: effects::journey_key(&visit.origin.source),
            node: visit.node,
            operation: self.operation.to_owned(),
            target: self.target.clone(),
            subject: known,
        };
        let of_whom = person.map_or_else(String::new, |id| format!(".{id}"));
        let effect = NewEffect {
            lane: self.lane.clone(),
            kind: if self.score.is_some() { effects::MIRROR } else { effects::CALL },
            key: format!("{}.{}{of_whom}", visit.enrollment, visit.node),
            shard: visit.shard,
            enrollment: visit.enrollment,
            version: visit.version,
            node: visit.node,
            account: account.map(|ix| world.account(ix).id),
            person,
            body: match self.score {
                Some(DocumentId(score)) => serde_json::to_string(&MirrorEffect { call, score }),
                None => serde_json::to_string(&call),
            }
            .unwrap_or_default(),
        };
        world.changes.effects.push(effect);
        Outcome::Pending
    }
}
