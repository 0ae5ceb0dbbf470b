//! What a person does to single travellers by hand. Nobody but the step moves them: each command goes to the inbox of
//! the traveller's shard.

use std::collections::HashMap;

use caravan_model::clock::told;
use caravan_model::journey::{NoEntry, next_entry};
use caravan_model::{EnrollmentId, Finding};
use caravan_store::Session;
use caravan_store::journeys::{self, Problem, ProblemFilter};
use caravan_store::step::{self, EnrollmentRow, NewInbox};

use crate::Engine;
use crate::definitions::DefinitionError;
use crate::inbox::Command;
use crate::status::journey_row;
use crate::walk::Cause;

/// Problems that are told at once.
const AT_ONCE: usize = 500;

/// An account or person enters a journey.
///
/// # Errors
/// There is no such journey or subject; the journey takes nobody in, or not this one (again).
pub fn enter(engine: &Engine, journey: &str, subject: &str, actor: &str) -> Result<(), DefinitionError> {
    tell(engine, |s| {
        let row = journey_row(s, journey)?;
        if row.state != "live" {
            return Err(refused(journey, &row.state, "only a live one takes travellers in"));
        }
        let live = engine.live(s)?;
        let of_people = live.journeys.get(&row.id).is_some_and(|journey| journey.of_people);
        let kind = if of_people { "person" } else { "account" };
        let (id, shard) = journeys::subject_of_key(s, of_people, subject)?.ok_or_else(|| unknown(kind, subject))?;
        if let Some(last) = step::latest_trips(s, &[row.id], &[id])?.pop() {
            let again = match row.live_version {
                Some(version) => live.plan(s, version)?.and_then(|plan| plan.again.clone()),
                None => None,
            };
            next_entry(again.as_ref(), Some(last.last_trip()), s.now()?, live.zone())
                .map_err(|reason| may_not_enter(journey, subject, last.entry, reason))?;
        }
        let now = s.now()?;
        let cause = Cause::hand(actor, "enter");
        Ok(vec![Command::Enter { journey: row.id, subject: id, chain: 1, cause, request: None }.to(shard, now)])
    })
}

/// The entry rules hold for those who are let in by hand, too.
fn may_not_enter(journey: &str, subject: &str, entries: i64, reason: NoEntry) -> DefinitionError {
    let message = match reason {
        NoEntry::AlreadyInside => format!("`{subject}` is inside the journey `{journey}` already."),
        NoEntry::NoReentry => {
            format!("`{subject}` was in the journey `{journey}` {entries} times, and it lets nobody in again.")
        }
        NoEntry::TooEarly { until } => {
            format!("`{subject}` may enter the journey `{journey}` again from {} on.", told(until))
        }
    };
    Finding::error(reason.code(), "", message).into()
}

/// A trip ends as `removed`.
///
/// # Errors
/// There is no such trip under way in this journey.
pub fn remove(engine: &Engine, journey: &str, trip: EnrollmentId, actor: &str) -> Result<(), DefinitionError> {
    to_trip(engine, journey, trip, Command::Remove { trip, by: Cause::hand(actor, "remove") })
}

/// The wait of a trip is over now.
///
/// # Errors
/// There is no such trip under way in this journey, or it is paused.
pub fn skip(engine: &Engine, journey: &str, trip: EnrollmentId, actor: &str) -> Result<(), DefinitionError> {
    if engine.store().read(|s| journey_row(s, journey))?.paused {
        return Err(rests(journey));
    }
    to_trip(engine, journey, trip, Command::Skip { trip, by: Cause::hand(actor, "skip") })
}

/// What somebody does about trips that failed by our own fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// They are tried again now.
    Retry,
    /// The node that failed is left out; they go on behind it.
    LeaveOut,
}

/// Does something about one trip that failed.
///
/// # Errors
/// The trip has no problem, or this does not help: of a version that cannot run nobody knows what comes behind a node, and
/// a paused journey moves nobody.
pub fn remedy(engine: &Engine, trip: EnrollmentId, remedy: Remedy, actor: &str) -> Result<(), DefinitionError> {
    tell(engine, |s| {
        let problem = journeys::problem_of(s, trip)?.ok_or_else(|| unknown("problem", &trip.to_string()))?;
        let live = engine.live(s)?;
        if let Some(journey) = live.journeys.get(&problem.journey).filter(|journey| journey.paused) {
            return Err(rests(&journey.key));
        }
        let (helped, beyond) = apart(engine, s, vec![problem], remedy)?;
        match beyond.first() {
            Some(problem) => Err(cannot_run(problem)),
            None => told_to(s, &helped, remedy, actor),
        }
    })
}

/// Does the same about every trip that failed, of one journey or of all, where it can help. Returns how many there were.
///
/// # Errors
/// There is no such journey, or it helps none of them.
pub fn remedy_all(
    engine: &Engine,
    journey: Option<&str>,
    remedy: Remedy,
    actor: &str,
) -> Result<usize, DefinitionError> {
    let mut after = EnrollmentId(0);
    let mut done = 0;
    let mut left = None;
    loop {
        let part = engine.store().read(|s| {
            let journey = journey.map(|key| journey_row(s, key)).transpose()?.map(|row| row.id);
            let of = ProblemFilter { journey, ..ProblemFilter::default() };
            Ok::<_, DefinitionError>(journeys::problems(s, of, after, AT_ONCE)?)
        })?;
        let Some(last) = part.last() else { break };
        after = last.trip;
        let (helped, beyond) = engine.store().read(|s| apart(engine, s, part.clone(), remedy))?;
        left = left.or(beyond.into_iter().next());
        done += helped.len();
        tell(engine, |s| told_to(s, &helped, remedy, actor))?;
    }
    match left {
        Some(problem) if done == 0 => Err(cannot_run(&problem)),
        _ => Ok(done),
    }
}

/// Those whom it helps, and those whom it does not.
fn apart(
    engine: &Engine,
    s: &mut dyn Session,
    problems: Vec<Problem>,
    remedy: Remedy,
) -> Result<(Vec<Problem>, Vec<Problem>), DefinitionError> {
    if remedy == Remedy::Retry {
        return Ok((problems, Vec::new()));
    }
    let live = engine.live(s)?;
    let (mut helped, mut beyond) = (Vec::new(), Vec::new());
    for problem in problems {
        let runs = live.plan(s, problem.version)?.is_some();
        if runs { helped.push(problem) } else { beyond.push(problem) }
    }
    Ok((helped, beyond))
}

fn rests(journey: &str) -> DefinitionError {
    let message = format!("Journey `{journey}` is paused and moves nobody. Resume it first.");
    Finding::error("journey_paused", "", message).into()
}

fn cannot_run(problem: &Problem) -> DefinitionError {
    let message = format!(
        "The version that trip {} follows cannot run, so no node of it can be left out. Put back what it names (the \
         problem says when it is tried again), take the traveller out, or abort the journey.",
        problem.trip
    );
    Finding::error("version_cannot_run", "", message).into()
}

fn told_to(
    s: &mut dyn Session,
    problems: &[Problem],
    remedy: Remedy,
    actor: &str,
) -> Result<Vec<NewInbox>, DefinitionError> {
    let ids: Vec<EnrollmentId> = problems.iter().map(|problem| problem.trip).collect();
    let nodes: HashMap<EnrollmentId, i64> = problems.iter().map(|problem| (problem.trip, problem.node)).collect();
    let now = s.now()?;
    let command = |row: &EnrollmentRow| match (remedy, nodes.get(&row.id)) {
        (Remedy::LeaveOut, Some(&node)) => {
            Command::LeaveOut { trip: row.id, node, by: Cause::hand(actor, "leave_out") }
        }
        _ => Command::Retry { trip: row.id },
    };
    Ok(step::enrollments(s, &ids)?.iter().map(|row| command(row).to(row.shard, now)).collect())
}

fn to_trip(engine: &Engine, journey: &str, trip: EnrollmentId, command: Command) -> Result<(), DefinitionError> {
    tell(engine, |s| {
        let journey = journey_row(s, journey)?.id;
        let known = |row: &EnrollmentRow| row.journey == journey && row.ended_at.is_none();
        let row = step::enrollments(s, &[trip])?.pop().filter(known);
        let row = row.ok_or_else(|| unknown("trip under way", &trip.to_string()))?;
        let now = s.now()?;
        Ok(vec![command.to(row.shard, now)])
    })
}

fn tell(
    engine: &Engine,
    commands: impl Fn(&mut dyn Session) -> Result<Vec<NewInbox>, DefinitionError>,
) -> Result<(), DefinitionError> {
    engine.store().write(|s| {
        let rows = commands(s)?;
        Ok::<_, DefinitionError>(step::insert_inbox(s, &rows)?)
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
