//! An email of ours, found and made ready: what its templates name, and which connection sends it.

use caravan_model::Finding;
use caravan_model::attribute::person;
use caravan_model::document::{DocumentKind, Email};

use crate::definitions::{Definition, Definitions};
use crate::effects::EmailEffect;
use crate::needs::Needs;
use crate::snapshot::{Content, Recipient, Snapshot};
use crate::world::{PersonIx, World};

/// An email of ours that can be sent.
#[derive(Debug, Clone)]
pub struct Mailing {
    /// Its key.
    pub email: String,
    /// Key of the connection that sends it.
    pub connection: String,
    snapshot: Snapshot,
}

impl Mailing {
    /// The email of this key. Findings point at `/email`, where it is named.
    ///
    /// # Errors
    /// There is no such email, nothing sends it, or what its templates name is not there.
    pub fn of(key: &str, definitions: &Definitions) -> Result<Self, Vec<Finding>> {
        let email = definitions.find(DocumentKind::Email, key, "/email").map_err(|f| vec![f])?;
        let connection = connection_of(email, definitions).map_err(|f| vec![f])?;
        let snapshot = snapshot_of(email, definitions)
            .map_err(|findings| findings.into_iter().map(|finding| at_email(finding, key)).collect::<Vec<_>>())?;
        Ok(Self { email: key.to_owned(), connection, snapshot })
    }

    /// Where it queues.
    pub fn lane(&self) -> String {
        lane_of(&self.connection)
    }

    /// What is looked at when it is copied for somebody.
    pub fn needs(&self) -> Needs {
        let mut needs = self.snapshot.needs();
        needs.person_attributes.insert(person::EMAIL);
        needs
    }

    /// The email as it is for one person now; nothing that changes later changes it. On nobody's trip, `journey` is empty.
    pub fn effect(
        &self,
        world: &World,
        person_ix: PersonIx,
        recipient: Recipient,
        (journey, node): (String, i64),
    ) -> EmailEffect {
        EmailEffect {
            email: self.email.clone(),
            connection: self.connection.clone(),
            journey,
            node,
            to: world.person_value(person_ix, person::EMAIL).as_text().map(str::to_owned),
            person: world.person(person_ix).key.clone(),
            account: recipient.account.map(|account| world.account(account).key.clone()),
            values: self.snapshot.take(world, recipient),
        }
    }
}

/// What an email must have copied, its fragments included.
fn snapshot_of(email: &Definition, definitions: &Definitions) -> Result<Snapshot, Vec<Finding>> {
    let unreadable = || vec![Finding::error("unreadable", "", "It cannot be read. Apply it again.")];
    let email = email.read::<Email>().ok_or_else(unreadable)?.whole(&|key: &str| definitions.fragment(key))?;
    let content =
        Content { conditions: Some(&email.conditions), solution_interest: email.solution_interest.as_deref() };
    Snapshot::of(&email.paths()?, content, definitions)
}

/// The connection that sends an email.
fn connection_of(email: &Definition, definitions: &Definitions) -> Result<String, Finding> {
    let key = email.text("connection").unwrap_or_default();
    let connection = definitions.find(DocumentKind::Connection, key, "/email")?;
    if connection.text("type") == Some("smtp") {
        return Ok(connection.key.clone());
    }
    let message = format!(
        "The email `{}` leaves by connection `{key}`, which sends no mail. Give it one of type `smtp`.",
        email.key
    );
    Err(Finding::error("wrong_connection_type", "/email", message))
}

fn at_email(finding: Finding, email: &str) -> Finding {
    let message = format!("The email `{email}` cannot be sent. {}", finding.message);
    Finding { pointer: "/email".to_owned(), message, line: None, ..finding }
}

/// Where emails of a connection queue.
pub fn lane_of(connection: &str) -> String {
    format!("email:{connection}")
}

/// The connection by which mail leaves that names none: the first by key.
pub fn first_mail_connection(definitions: &Definitions) -> Option<String> {
    let connections = definitions.of_kind(DocumentKind::Connection).filter(|it| it.text("type") == Some("smtp"));
    connections.map(|it| it.key.clone()).min()
}
