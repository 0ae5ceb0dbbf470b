//! What a person does to single travellers by hand. Nobody but the step moves them: each command goes to the inbox of
//! the traveller's shard.

use caravan_model::{EnrollmentId, Finding};
use caravan_store::step::{self, EnrollmentRow};
use caravan_store::{Session, journeys};

use crate::Engine;
use crate::definitions::DefinitionError;
use crate::inbox::Command;
use crate::status::journey_row;

/// An account or person enters a journey.
///
/// # Errors
/// There is no such journey or subject; the journey takes nobody in.
pub fn enter(engine: &Engine, journey: &str, subject: &str) -> Result<(), DefinitionError> {
    tell(engine, |s| {
        let row = journey_row(s, journey)?;
        if row.state != "live" {
            return Err(refused(journey, &row.state, "only a live one takes travellers in"));
        }
        let live = engine.live(s)?;
        let of_people = live.journeys.get(&row.id).is_some_and(|journey| journey.of_people);
        let kind = if of_people { "person" } else { "account" };
        let (id, shard) = journeys::subject_of_key(s, of_people, subject)?.ok_or_else(|| unknown(kind, subject))?;
        let now = s.now()?;
        Ok(Command::Enter { journey: row.id, subject: id, chain: 1 }.to(shard, now))
    })
}

/// A trip ends as `removed`.
///
/// # Errors
/// There is no such trip under way in this journey.
pub fn remove(engine: &Engine, journey: &str, trip: EnrollmentId) -> Result<(), DefinitionError> {
    to_trip(engine, journey, trip, Command::End { trips: vec![trip], outcome: "removed".to_owned() })
}

/// The wait of a trip is over now.
///
/// # Errors
/// There is no such trip under way in this journey.
pub fn skip(engine: &Engine, journey: &str, trip: EnrollmentId) -> Result<(), DefinitionError> {
    to_trip(engine, journey, trip, Command::Skip { trip })
}

/// A trip that failed by our own fault is tried again now.
///
/// # Errors
/// The trip has no problem.
pub fn retry(engine: &Engine, trip: EnrollmentId) -> Result<(), DefinitionError> {
    tell(engine, |s| {
        let row = failed(s, trip)?;
        let now = s.now()?;
        Ok(Command::Retry { trip }.to(row.shard, now))
    })
}

/// A trip that failed by our own fault is given up: it ends as `removed`.
///
/// # Errors
/// The trip has no problem.
pub fn give_up(engine: &Engine, trip: EnrollmentId) -> Result<(), DefinitionError> {
    tell(engine, |s| {
        let row = failed(s, trip)?;
        let now = s.now()?;
        Ok(Command::End { trips: vec![trip], outcome: "removed".to_owned() }.to(row.shard, now))
    })
}

fn to_trip(engine: &Engine, journey: &str, trip: EnrollmentId, command: Command) -> Result<(), DefinitionError> {
    tell(engine, |s| {
        let journey = journey_row(s, journey)?.id;
        let known = |row: &EnrollmentRow| row.journey == journey && row.ended_at.is_none();
        let row = step::enrollments(s, &[trip])?.pop().filter(known);
        let row = row.ok_or_else(|| unknown("trip under way", &trip.to_string()))?;
        let now = s.now()?;
        Ok(command.to(row.shard, now))
    })
}

fn failed(s: &mut dyn Session, trip: EnrollmentId) -> Result<EnrollmentRow, DefinitionError> {
    let problems = step::problem_attempts(s, &[trip.0])?;
    let row = step::enrollments(s, &[trip])?.pop().filter(|_| !problems.is_empty());
    row.ok_or_else(|| unknown("problem", &trip.to_string()))
}

fn tell(
    engine: &Engine,
    command: impl Fn(&mut dyn Session) -> Result<step::NewInbox, DefinitionError>,
) -> Result<(), DefinitionError> {
    engine.store().write(|s| {
        let row = command(s)?;
        Ok::<_, DefinitionError>(step::insert_inbox(s, &[row])?)
    })?;
    engine.poke();
    Ok(())
}

fn unknown(kind: &str, key: &str) -> DefinitionError {
    DefinitionError::Unknown { kind: kind.to_owned(), key: key.to_owned() }
}

fn refused(journey: &str, state: &str, what: &str) -> DefinitionError {
    Finding::error("wrong_state", "", format!("Journey `{journey}` is {state}; {what}.")).into()
}
