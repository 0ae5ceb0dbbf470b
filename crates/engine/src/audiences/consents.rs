//! Consents by which connections work: a person gave them, and when one ends only a person can mend it. So it is said well
//! before: on the problems page, and when a journey is published that needs it.

use caravan_catalog::{Definition, Definitions};
use caravan_connect::consent::ACCESS_TOKEN;
use caravan_connect::{Connector, Outcome};
use caravan_model::document::DocumentKind;
use caravan_store::audiences::{self as stored, ConsentRow};
use caravan_store::{Session, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::keeping::message_of;
use crate::Engine;
use crate::deliver::{Doors, Way};
use crate::live::Live;
use crate::secrets;

/// The chore under which consents are looked at.
pub const CHORE: &str = "consents";
/// How often.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// How soon again where nobody could tell.
const UNTOLD: SignedDuration = SignedDuration::from_hours(1);
/// How long before the end it is said.
const WARNED_BEFORE: SignedDuration = SignedDuration::from_hours(45 * 24);

/// A connection that will stop to work, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its key.
    pub connection: String,
    /// When its consent ends, where that is known.
    pub ends_at: Option<Timestamp>,
    /// Whether it holds no longer.
    pub over: bool,
    /// When that was found.
    pub since: Timestamp,
    /// What is so and what to do.
    pub message: String,
}

/// Asks every connection until when its consent holds; how long until they are asked again.
pub fn look_at_all(engine: &Engine, live: &Live, doors: &Doors) -> Result<SignedDuration, StoreError> {
    let mut pause = EVERY;
    for connection in live.definitions.of_kind(DocumentKind::Connection) {
        // One that cannot be opened says so elsewhere.
        let Ok(Some(door)) = doors.door(live, &Way::connection(connection.key.clone())) else { continue };
        if !look(engine, live, connection, door.as_ref())? {
            pause = UNTOLD;
        }
    }
    Ok(pause)
}

/// Asks one connection. Whether that could be told.
pub(crate) fn look(
    engine: &Engine,
    live: &Live,
    connection: &Definition,
    door: &dyn Connector,
) -> Result<bool, StoreError> {
    // A token that Caravan asked for itself ends when it was told.
    let kept = secrets::end_of(live, connection, ACCESS_TOKEN);
    let (ends_at, problem) = match door.consent_ends().map(|ends| kept.or(ends)) {
        Ok(None) => return Ok(true),
        Ok(Some(ends_at)) => (Some(ends_at), None),
        Err(Outcome::Shut { code, message, .. }) if code == "consent_ended" => (None, Some(message)),
        Err(other) => {
            tracing::warn!(
                connection = connection.key,
                why = message_of(&other),
                "nobody can tell how long a consent holds"
            );
            return Ok(false);
        }
    };
    engine.store().write(|s| {
        let looked_at = s.now()?;
        stored::put_consent(s, &ConsentRow { connection: connection.id, ends_at, looked_at, problem: problem.clone() })
    })?;
    Ok(true)
}

/// Connections whose consent ends soon, or has ended.
///
/// # Errors
/// The store's.
pub fn endings(s: &mut dyn Session, definitions: &Definitions) -> Result<Vec<Ending>, StoreError> {
    let now = s.now()?;
    let rows = stored::consents(s)?;
    let ending = |row: ConsentRow| {
        let connection = definitions.of_kind(DocumentKind::Connection).find(|it| it.id == row.connection)?;
        let key = &connection.key;
        let over = row.problem.is_some() || row.ends_at.is_some_and(|ends| ends <= now);
        let message = match (row.problem, row.ends_at) {
            (Some(problem), _) => problem,
            (None, Some(ends)) if ends <= now + WARNED_BEFORE => format!(
                "The consent by which the connection `{key}` works {} on {}. A person has to consent again: press Connect on \
                 the connection's page, or put new tokens where its secrets are.",
                if over { "ended" } else { "ends" },
                ends.strftime("%-d %B %Y")
            ),
            _ => return None,
        };
        Some(Ending { connection: key.clone(), ends_at: row.ends_at, over, since: row.looked_at, message })
    };
    Ok(rows.into_iter().filter_map(ending).collect())
}
