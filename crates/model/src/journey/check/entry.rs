//! Who enters, when, and how often.

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use crate::duration::Unit;
use crate::finding::Finding;
use crate::journey::{Entry, Journey, Subject};

/// The largest part of the audience that may be held out, in percent.
const MAX_HOLD_OUT: u32 = 50;
/// Events that may start a person journey.
const MAX_ENTRY_EVENTS: usize = 10;

pub(super) fn check(journey: &Journey, now: Timestamp) -> Vec<Finding> {
    let mut findings = audience(journey);
    findings.extend(dates(journey, now));
    findings.extend(reentry(journey));
    findings.extend(hold_out(journey));
    findings
}

fn hold_out(journey: &Journey) -> Option<Finding> {
    let percent = journey.hold_out?;
    if !(1..=MAX_HOLD_OUT).contains(&percent) {
        let message = format!("{percent} percent are held out. Hold out 1 to {MAX_HOLD_OUT} percent, or none.");
        return Some(Finding::error("bad_hold_out", "/hold_out", message));
    }
    journey.goal.is_none().then(|| {
        let message =
            "Without a goal there is nothing to compare those held out by. Write a `goal`, or hold out nobody.";
        Finding::warning("hold_out_without_goal", "/hold_out", message)
    })
}

fn audience(journey: &Journey) -> Vec<Finding> {
    let error = |code: &str, pointer: &str, message: &str| vec![Finding::error(code, pointer, message)];
    match (&journey.audience, journey.subject) {
        (None, _) => error(
            "no_audience",
            "/audience",
            "The journey has no audience, so nobody would enter. Choose a list, a saved audience or, in person journeys, events.",
        ),
        (Some(Entry::AccountList(_)), Subject::Person) => error(
            "audience_wrong_subject",
            "/audience/account_list",
            "An account list cannot feed a person journey. Take a people list, an audience of people, or events.",
        ),
        (Some(Entry::PeopleList(_)), Subject::Account) => error(
            "audience_wrong_subject",
            "/audience/people_list",
            "A people list cannot feed an account journey. Take an account list or an audience of accounts.",
        ),
        (Some(Entry::Events(_)), Subject::Account) => error(
            "audience_wrong_subject",
            "/audience/events",
            "Events start person journeys only. Take an account list or an audience of accounts.",
        ),
        (Some(Entry::Events(events)), Subject::Person) if events.is_empty() || events.len() > MAX_ENTRY_EVENTS => {
            error(
                "audience_event_count",
                "/audience/events",
                "A person journey starts on 1 to 10 events. Add or remove some.",
            )
        }
        (Some(_), _) => Vec::new(),
    }
}

fn dates(journey: &Journey, now: Timestamp) -> Option<Finding> {
    let Some(end) = journey.end else {
        let message = "The journey has no end date. Set one, at most three years after the start.";
        return Some(Finding::error("end_missing", "/end", message));
    };
    let start = journey.start.map_or(now, |start| start.max(now));
    if end <= now {
        return Some(Finding::error("end_past", "/end", format!("The end date {end} has passed. Set a later one.")));
    }
    if end <= start {
        let message = format!("The journey would end at {end}, before it starts at {start}. Set a later end date.");
        return Some(Finding::error("end_before_start", "/end", message));
    }
    let begins = journey.start.unwrap_or(now);
    let latest = begins.to_zoned(TimeZone::UTC).checked_add(3.years()).map_or(Timestamp::MAX, |at| at.timestamp());
    (end > latest).then(|| {
        let message =
            format!("The end date is more than three years after the start. Set it to {latest} at the latest.");
        Finding::error("end_too_late", "/end", message)
    })
}

fn reentry(journey: &Journey) -> Option<Finding> {
    let reentry = journey.reentry.as_ref()?;
    if journey.subject == Subject::Person {
        let message = "Re-entry exists in account journeys only. Remove `reentry`.";
        return Some(Finding::error("reentry_person_journey", "/reentry", message));
    }
    (!matches!(reentry.delay.unit(), Unit::Hours | Unit::Days)).then(|| {
        let message = "The delay before re-entry is given in hours or days, such as `12h` or `30d`.";
        Finding::error("reentry_delay_unit", "/reentry/delay", message)
    })
}
