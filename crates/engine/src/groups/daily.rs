//! Once a day, at three in the organisation's night: groups are created and maintained again, then everybody is scored.
//! What a process that died left undone, the next one does.

use caravan_store::{Session, StoreError, group_jobs as stored};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{engagement, jobs};
use crate::Engine;
use crate::inbox::{CREATE_GROUPS, MAINTAIN_GROUPS};
use crate::live::Live;

/// The hour of the run.
const HOUR: i8 = 3;
/// How long a run may take before another process begins it again.
const LEASE: SignedDuration = SignedDuration::from_mins(30);
/// The groups have been asked for; scores come when they are done.
const SCORES: &str = "scores";

/// Does what is due of the daily run. Returns whether anything was done.
///
/// # Errors
/// The store's.
pub fn tick(engine: &Engine) -> Result<bool, StoreError> {
    let (now, planned, waiting) = engine.store().read(|s| {
        let planned = stored::daily(s)?;
        let due = planned.as_ref().is_some_and(|(_, phase)| phase.is_some());
        let waiting = due && stored::waiting(s, &[MAINTAIN_GROUPS, CREATE_GROUPS])?;
        Ok::<_, StoreError>((s.now()?, planned, waiting))
    })?;
    match planned {
        None => {
            engine.store().write(|s| {
                let live = engine.live(s)?;
                stored::plan_daily(s, next_run(now, &live), None)
            })?;
            Ok(false)
        }
        Some((due, _)) if due > now => Ok(false),
        Some((_, None)) => begin(engine, now),
        Some((_, Some(_))) if waiting => Ok(false),
        Some((_, Some(_))) => score(engine, now),
    }
}

fn begin(engine: &Engine, now: Timestamp) -> Result<bool, StoreError> {
    engine.store().write(|s| {
        let live = engine.live(s)?;
        if !stored::claim_daily(s, now, now)? {
            return Ok(false);
        }
        jobs::ask_all(s, &live, "daily", now)?;
        stored::plan_daily(s, now, Some(SCORES))?;
        Ok(true)
    })
}

fn score(engine: &Engine, now: Timestamp) -> Result<bool, StoreError> {
    if !engine.store().write(|s| stored::claim_daily(s, now, now.saturating_add(LEASE).unwrap_or(now)))? {
        return Ok(false);
    }
    let scored = engagement::run(engine)?;
    tracing::info!(?scored, "everybody was scored");
    engine.store().write(|s| {
        let live = engine.live(s)?;
        let next = next_run(s.now()?, &live);
        stored::plan_daily(s, next, None)
    })?;
    Ok(true)
}

/// Scores everybody at the next opportunity instead of tonight.
///
/// # Errors
/// The store's.
pub fn score_soon(s: &mut dyn Session) -> Result<(), StoreError> {
    let now = s.now()?;
    stored::plan_daily(s, now, Some(SCORES))
}

/// Creates and maintains all groups again, as the daily run does first.
///
/// # Errors
/// The store's.
pub fn maintain(engine: &Engine) -> Result<(), StoreError> {
    engine.store().write(|s| {
        let (live, now) = (engine.live(s)?, s.now()?);
        jobs::ask_all(s, &live, "daily", now)?;
        Ok(())
    })
}

/// When the next daily run is due by the organisation's clock.
///
/// # Errors
/// The store's.
pub fn next_night(engine: &Engine) -> Result<Timestamp, StoreError> {
    engine.store().read(|s| {
        let live = engine.live(s)?;
        Ok(next_run(s.now()?, &live))
    })
}

fn next_run(now: Timestamp, live: &Live) -> Timestamp {
    let zone = live.zone();
    let today = zone.to_datetime(now).date();
    [today, today.saturating_add(1.day())]
        .into_iter()
        .filter_map(|day| zone.to_zoned(day.at(HOUR, 0, 0, 0)).ok())
        .map(|at| at.timestamp())
        .find(|at| *at > now)
        .unwrap_or(now)
}
