//! Trips that failed by our own fault, and what is kept of them until their next try.

use caravan_model::EnrollmentId;
use caravan_model::clock::from_micros;
use jiff::Timestamp;

use super::EnrollmentRow;
use crate::error::StoreError;
use crate::session::{Session, SessionExt};

/// A trip that failed, and why.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// The trip as it stood before it failed: its due time is kept.
    pub row: &'a EnrollmentRow,
    /// The node that failed.
    pub node: i64,
    /// Stable code.
    pub code: &'a str,
    /// For people.
    pub message: &'a str,
    /// When it is tried again.
    pub next_try: Option<Timestamp>,
    /// What it has heard and not taken in, JSON of the runtime's own; none leaves what was kept before.
    pub unheard: Option<&'a str>,
}

/// Writes a problem of a trip, new or once more.
pub fn put_problem(s: &mut dyn Session, failed: &Failed<'_>, at: Timestamp) -> Result<(), StoreError> {
    s.execute(
        "INSERT INTO problem (enrollment_id, node, code, message, since, attempts, next_try_at, due_at, unheard)
         VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8)
         ON CONFLICT (enrollment_id) DO UPDATE SET node = excluded.node, code = excluded.code,
             message = excluded.message, attempts = problem.attempts + 1, next_try_at = excluded.next_try_at,
             unheard = COALESCE(excluded.unheard, problem.unheard)",
        crate::params![
            failed.row.id,
            failed.node,
            failed.code,
            failed.message,
            at,
            failed.next_try,
            failed.row.due_at,
            failed.unheard
        ],
    )?;
    Ok(())
}

/// The journeys of trips that failed are paused: they are tried again when those go on. What they had heard is kept in
/// mind by their nodes from now on.
pub fn rest_problems(s: &mut dyn Session, trips: &[i64]) -> Result<(), StoreError> {
    let sql = "UPDATE problem SET next_try_at = NULL, unheard = NULL WHERE enrollment_id {in:1}";
    s.execute(sql, crate::params![trips])?;
    Ok(())
}

/// What is kept of a trip that failed, until its next try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The trip.
    pub trip: EnrollmentId,
    /// How often it has failed in a row.
    pub attempts: i64,
    /// Its due time from before it failed.
    pub due_at: Option<Timestamp>,
    /// What it has heard and not taken in.
    pub unheard: Option<String>,
}

/// What is kept of those of these trips that failed.
pub fn troubles(s: &mut dyn Session, trips: &[i64]) -> Result<Vec<Trouble>, StoreError> {
    let sql = "SELECT enrollment_id, attempts, due_at, unheard FROM problem WHERE enrollment_id {in:1}";
    s.query_map(sql, crate::params![trips], |r| {
        Ok(Trouble {
            trip: EnrollmentId(r.int(0)),
            attempts: r.int(1),
            due_at: r.opt_int(2).map(from_micros),
            unheard: r.opt_string(3),
        })
    })
}

/// Forgets the problems of trips that went on.
pub fn clear_problems(s: &mut dyn Session, trips: &[i64]) -> Result<(), StoreError> {
    s.execute("DELETE FROM problem WHERE enrollment_id {in:1}", crate::params![trips])?;
    Ok(())
}

/// Whether any trip has a problem, so that steps without one ask nothing more.
pub fn any_problem(s: &mut dyn Session) -> Result<bool, StoreError> {
    s.exists("SELECT 1 FROM problem LIMIT 1", &[])
}
