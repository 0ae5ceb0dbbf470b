//! When waits end, by plain arithmetic: the zones here never change their clocks.

use crate::model::case::{DAY, Must, Secs, Unit, WaitRule, ZONES, Zone};

/// Days from 1 January 1970 to the base, a Tuesday.
const BASE_DAY: i64 = 20_788;

/// When a wait that starts at `from` ends; `own` is the traveller's zone.
pub fn ends_at(rule: &WaitRule, from: Secs, own: Option<usize>) -> Secs {
    let (amount, unit, must) = match rule {
        WaitRule::Until(at) => return (*at).max(from),
        WaitRule::For { amount, unit, must } => (*amount, *unit, must.as_ref()),
    };
    let offset = must.map_or(0, |must| offset_of(must.zone, own));
    let over = match unit {
        Unit::Minutes => from + amount * 60,
        Unit::Hours => from + amount * 3_600,
        Unit::Days => from + amount * DAY,
        Unit::Weeks => from + amount * 7 * DAY,
        Unit::Months => months_later(from + offset, amount) - offset,
    };
    must.map_or(over, |must| first_matching(must, over + offset) - offset)
}

fn offset_of(zone: Zone, own: Option<usize>) -> Secs {
    match zone {
        Zone::Organisation => 0,
        Zone::Own => own.map_or(0, |zone| ZONES[zone].1),
        Zone::Named(zone) => ZONES[zone].1,
    }
}

/// The first local moment from `local` on that is on one of the days at the time.
fn first_matching(must: &Must, local: Secs) -> Secs {
    let (hour, minute) = must.time.unwrap_or((0, 0));
    let today = local.div_euclid(DAY);
    let days = (today..).map(|day| (day, day * DAY + hour * 3_600 + minute * 60));
    let fits = |day: i64| must.days.is_empty() || must.days.contains(&(day + BASE_DAY + 3).rem_euclid(7));
    days.filter(|(day, at)| *at >= local && fits(*day)).map(|(_, at)| at).next().expect("a week has every day")
}

/// The same time of day so many months later, on the last day of the month at the latest.
fn months_later(local: Secs, months: i64) -> Secs {
    let (day, time) = (local.div_euclid(DAY) + BASE_DAY, local.rem_euclid(DAY));
    // Walk the calendar day by day from 1970: slow and obvious.
    let (mut year, mut month, mut first) = (1970, 1, 0);
    while first + length(year, month) <= day {
        first += length(year, month);
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    let of_month = day - first;
    for _ in 0..months {
        first += length(year, month);
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    (first + of_month.min(length(year, month) - 1) - BASE_DAY) * DAY + time
}

fn length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
