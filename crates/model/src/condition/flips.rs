//! When the answer of a condition can change by itself, as time passes.

use jiff::{SignedDuration, Timestamp};

use super::evaluate::{Asked, Context};
use super::facts::{PersonFacts, Who};
use super::{Check, Checks, Condition, Expr, HistoryTest, Test, Window, check};
use crate::duration::{Duration, first_instant};
use crate::value::ValueRef;

/// Instants are stored in whole microseconds.
const TICK: SignedDuration = SignedDuration::from_micros(1);

impl Condition {
    /// The first instant after now at which a test about time (`in_past`, `within`) changes its answer by itself, if
    /// nothing else happens. The whole condition need not change then; ask again.
    pub fn flips_at<'a>(&self, who: impl Into<Who<'a>>, context: &Context<'_>) -> Option<Timestamp> {
        self.root().flips_at(who.into(), context)
    }
}

impl Expr {
    fn flips_at(&self, who: Who<'_>, context: &Context<'_>) -> Option<Timestamp> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().filter_map(|part| part.flips_at(who, context)).min(),
            Self::Not(part) => part.flips_at(who, context),
            Self::Test(test) => test.flips_at(who, context),
        }
    }
}

impl Test {
    fn flips_at(&self, who: Who<'_>, context: &Context<'_>) -> Option<Timestamp> {
        let mut first = Earliest::default();
        match (self, who) {
            (Self::Attribute(test), _) => {
                first.take(test.value(who).and_then(|value| test.checks.flip_at(value, context)));
            }
            (Self::HasPeople(test), Who::Account(account)) => {
                account.any_person(&mut |person| first.take(test.who.flips_at(Who::Person(person), context)));
            }
            (Self::HasObject(test), _) => {
                let mut each = |record: &dyn super::Fields| {
                    for field in &test.fields {
                        first.take(field.checks.flip_at(record.field(&field.field), context));
                    }
                    false
                };
                match who {
                    Who::Account(account) => account.any_object(&test.object, &mut each),
                    Who::Person(person) => person.any_object(&test.object, &mut each),
                };
            }
            (Self::Did(test), Who::Person(person)) => {
                first.take(test.flip_at(person, context));
            }
            _ => {}
        }
        first.0
    }
}

/// Keeps the earliest instant that it is given.
#[derive(Default)]
struct Earliest(Option<Timestamp>);

impl Earliest {
    /// Always false, so that a visit goes on.
    fn take(&mut self, at: Option<Timestamp>) -> bool {
        self.0 = match (self.0, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        false
    }
}

impl HistoryTest {
    /// Only a window that moves with now can lose its last needed activity.
    fn flip_at(&self, person: &dyn PersonFacts, context: &Context<'_>) -> Option<Timestamp> {
        let (Window::Within(duration), None) = (self.query.window, context.entry) else { return None };
        let asked = Asked { query: &self.query, range: self.query.range(context)?, context };
        let last_needed = person.nth_newest_activity(&asked, self.at_least)?;
        Some(leaves(duration, last_needed, context))
    }
}

impl Checks {
    fn flip_at(&self, value: ValueRef<'_>, context: &Context<'_>) -> Option<Timestamp> {
        let flips = self.0.iter().filter_map(|check| match check {
            Check::InPast(duration) => in_past_flips(*duration, check::timely(value), context),
            _ => None,
        });
        flips.min()
    }
}

fn in_past_flips(duration: Duration, value: ValueRef<'_>, context: &Context<'_>) -> Option<Timestamp> {
    let start = duration.before(context.now, context.zone);
    match value {
        ValueRef::Instant(at) if at > context.now => Some(at),
        ValueRef::Instant(at) if at >= start => Some(leaves(duration, at, context)),
        ValueRef::Date(day) if day > context.day(context.now) => first_instant(day.into(), context.zone),
        ValueRef::Date(day) if day >= context.day(start) => {
            // The day is left when its last moment is.
            let next = first_instant(day.tomorrow().ok()?.into(), context.zone)?;
            Some(leaves(duration, next.checked_sub(TICK).ok()?, context))
        }
        _ => None,
    }
}

/// The first instant after now from which `duration` does not reach back to `at` any more.
fn leaves(duration: Duration, at: Timestamp, context: &Context<'_>) -> Timestamp {
    let gone = |now: Timestamp| duration.before(now, context.zone) > at;
    let guess = duration.after(at, context.zone).saturating_add(TICK).unwrap_or(Timestamp::MAX);
    if !duration.is_calendar() {
        return guess.max(context.now.saturating_add(TICK).unwrap_or(Timestamp::MAX));
    }
    // Months of unequal length and changes of clocks move the instant by days at most: it is searched for.
    let mut still = context.now;
    let mut left = guess.max(still).saturating_add(SignedDuration::from_hours(5 * 24)).unwrap_or(Timestamp::MAX);
    if let Ok(early) = guess.checked_sub(SignedDuration::from_hours(3 * 24)) {
        still = if gone(early) { still } else { still.max(early) };
    }
    while left.duration_since(still) > TICK {
        let half = left.duration_since(still).as_micros() / 2;
        let Ok(middle) = still.checked_add(SignedDuration::from_micros(half as i64)) else { break };
        if gone(middle) { left = middle } else { still = middle }
    }
    left
}
