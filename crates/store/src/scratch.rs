//! Copies to try things on: what a simulation looks at, in a file that is thrown away, and the switches that leave one
//! journey running in it.
//!
//! SQLite copies itself. From PostgreSQL the tables that a step or a delivery reads are streamed in chunks; users, tokens and the rest stay where they are.

use std::path::Path;

use caravan_model::{Clock, DocumentId, EnrollmentId, VersionId};
use jiff::Timestamp;

use crate::copy::Shape;
use crate::error::StoreError;
use crate::ids::FAMILIES;
use crate::params;
use crate::session::{Dialect, Session, SessionExt};
use crate::store::{OpenOptions, Store};

/// A table that is copied, and which of its rows.
struct Part {
    table: &'static str,
    rows: &'static str,
}

const fn whole(table: &'static str) -> Part {
    Part { table, rows: "" }
}

/// Of trips that have ended only the rows remain, not what they did.
const ACTIVE: &str = "WHERE enrollment_id IN (SELECT id FROM enrollment WHERE ended_at IS NULL)";

/// What runs a journey, in an order in which references hold. A table that steps or delivery read belongs here.
const PARTS: &[Part] = &[
    whole("document"),
    whole("document_version"),
    whole("external_service"),
    whole("definitions_revision"),
    whole("account"),
    whole("person"),
    whole("account_person"),
    whole("person_score"),
    whole("object_record"),
    whole("list_member"),
    whole("buying_group"),
    whole("group_member"),
    whole("engagement_run"),
    whole("shard"),
    whole("enrollment"),
    Part { table: "move", rows: ACTIVE },
    whole("problem"),
    whole("inbox"),
    whole("recheck"),
    whole("heard"),
    whole("activity"),
    whole("outbox"),
    Part { table: "ledger", rows: ACTIVE },
    whole("tally"),
    whole("variant_counter"),
    whole("suppression"),
];

/// An instant that no clock reaches (9999-12-30).
const NEVER: i64 = 253_402_207_200_000_000;

impl Store {
    /// Copies what journeys run on into `directory`, as one consistent state, and opens the copy with `clock`. Like
    /// [`Store::copy_to`] but from either database; ids are kept, new ones come after them.
    ///
    /// # Errors
    /// The directory has a database already, or cannot be written; either store refuses.
    pub fn scratch_copy(&self, directory: impl AsRef<Path>, clock: Clock) -> Result<Self, StoreError> {
        if self.dialect() == Dialect::Sqlite {
            return self.copy_to(directory, clock);
        }
        let copy = Self::open_sqlite(directory, OpenOptions { clock, scratch: true, ..OpenOptions::default() })?;
        copy.migrate()?;
        copy.write(|to| {
            self.read(|from| {
                PARTS.iter().try_for_each(|part| Shape::of(part.table, from, to)?.copy(from, to, part.rows))
            })
        })?;
        copy.write(issue_ids_after_copied)?;
        Ok(copy)
    }
}

/// One number for all families: the copy's ids only have to be new.
fn issue_ids_after_copied(s: &mut dyn Session) -> Result<(), StoreError> {
    let mut next = 1;
    for family in FAMILIES.iter().filter(|family| PARTS.iter().any(|part| part.table == **family)) {
        next = next.max(s.query_int(&format!("SELECT COALESCE(MAX(id), 0) + 1 FROM {family}"), &[])?);
    }
    s.execute("UPDATE id_counter SET next = $1 WHERE next < $1", params![next])?;
    Ok(())
}

/// Leaves `journey` alone to run: the others keep their states, but they neither move nor send nor end.
pub fn hold_others(s: &mut dyn Session, journey: DocumentId) -> Result<(), StoreError> {
    s.execute(
        "UPDATE document SET paused = TRUE, ends_at = NULL,
             starts_at = CASE WHEN state = 'scheduled' THEN $2 ELSE starts_at END
         WHERE kind = 'journey' AND id <> $1 AND state IN ('live', 'closed', 'scheduled')",
        params![journey, NEVER],
    )?;
    // Nobody outside hears of what only might happen.
    s.execute("DELETE FROM webhook_subscription", &[])?;
    // What a pause of a connection holds back in the real store is shown all the same.
    s.execute("UPDATE document SET paused = FALSE WHERE kind <> 'journey' AND paused", &[])?;
    s.execute("UPDATE enrollment SET due_at = NULL, listening = FALSE WHERE journey_id <> $1", params![journey])?;
    s.execute(
        "DELETE FROM heard WHERE document_id IN (SELECT id FROM document WHERE kind = 'journey' AND id <> $1)",
        params![journey],
    )?;
    s.execute(
        "DELETE FROM outbox WHERE version_id NOT IN (SELECT id FROM document_version WHERE document_id = $1)",
        params![journey],
    )?;
    // What a dispatcher has in its hands goes out in the simulation.
    s.execute("UPDATE outbox SET claim = NULL, claim_until = NULL, intent = FALSE WHERE claim IS NOT NULL", &[])?;
    // Virtual time may begin before the last real step.
    s.execute("UPDATE shard SET last_step_at = 0", &[])?;
    Ok(())
}

/// Makes a journey a draft that nobody has ever travelled.
pub fn forget_trips(s: &mut dyn Session, journey: DocumentId) -> Result<(), StoreError> {
    for table in ["move", "problem", "outbox", "ledger"] {
        s.execute(
            &format!("DELETE FROM {table} WHERE enrollment_id IN (SELECT id FROM enrollment WHERE journey_id = $1)"),
            params![journey],
        )?;
    }
    for table in ["tally", "variant_counter"] {
        s.execute(
            &format!(
                "DELETE FROM {table} WHERE version_id IN (SELECT id FROM document_version WHERE document_id = $1)"
            ),
            params![journey],
        )?;
    }
    s.execute("DELETE FROM enrollment WHERE journey_id = $1", params![journey])?;
    s.execute(
        "UPDATE document SET state = 'draft', live_version_id = NULL, paused = FALSE, starts_at = NULL, ends_at = NULL
         WHERE id = $1",
        params![journey],
    )?;
    Ok(())
}

/// A trip with its traveller's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedTrip {
    /// The trip.
    pub id: EnrollmentId,
    /// Key of the account or person.
    pub traveller: String,
    /// Entry 1, 2, 3 …
    pub entry: i64,
    /// Its version.
    pub version: VersionId,
    /// When it began.
    pub entered_at: Timestamp,
}

/// Trips of a journey that had not ended before `since`, by (traveller key, entry) after `after`, at most `most`.
pub fn trips_by_key(
    s: &mut dyn Session,
    journey: DocumentId,
    of_people: bool,
    since: Timestamp,
    after: (&str, i64),
    most: usize,
) -> Result<Vec<KeyedTrip>, StoreError> {
    let table = if of_people { "person" } else { "account" };
    let sql = format!(
        "SELECT e.id, t.key, e.entry, e.version_id, e.entered_at FROM {table} AS t
         JOIN enrollment AS e ON e.journey_id = $1 AND e.subject_id = t.id
         WHERE t.key >= $2 AND (t.key > $2 OR e.entry > $3) AND (e.ended_at IS NULL OR e.ended_at >= $5)
         ORDER BY t.key, e.entry LIMIT $4"
    );
    s.query_map(&sql, params![journey, after.0, after.1, most as i64, since], |r| {
        Ok(KeyedTrip {
            id: EnrollmentId(r.int(0)),
            traveller: r.string(1),
            entry: r.int(2),
            version: VersionId(r.int(3)),
            entered_at: r.instant(4),
        })
    })
}

/// Who has come to a node at which travellers listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The trip.
    pub id: EnrollmentId,
    /// The account or person.
    pub subject: i64,
    /// Its key.
    pub key: String,
    /// The trip's version.
    pub version: VersionId,
    /// The node's number.
    pub node: i64,
    /// When it came there.
    pub at: Timestamp,
}

/// Makes looking for arrivals cheap: a simulation looks after every step.
pub fn watch_arrivals(s: &mut dyn Session) -> Result<(), StoreError> {
    s.execute("CREATE INDEX enrollment_arrival ON enrollment (journey_id, node_at) WHERE listening", &[])?;
    Ok(())
}

/// Travellers of a journey that listen where they came at or after `since`, by (arrival, traveller key). Index:
/// `enrollment_arrival`.
pub fn arrivals(
    s: &mut dyn Session,
    journey: DocumentId,
    of_people: bool,
    since: Timestamp,
) -> Result<Vec<Arrival>, StoreError> {
    let table = if of_people { "person" } else { "account" };
    let sql = format!(
        "SELECT e.id, e.subject_id, t.key, e.version_id, e.node, e.node_at FROM enrollment AS e
         JOIN {table} AS t ON t.id = e.subject_id
         WHERE e.journey_id = $1 AND e.listening AND e.node_at >= $2 ORDER BY e.node_at, t.key, e.id"
    );
    s.query_map(&sql, params![journey, since], |r| {
        Ok(Arrival {
            id: EnrollmentId(r.int(0)),
            subject: r.int(1),
            key: r.string(2),
            version: VersionId(r.int(3)),
            node: r.int(4),
            at: r.instant(5),
        })
    })
}
