//! Filters of dates and times. What cannot be read as one is missing.

use std::cmp::Ordering;

use icu_calendar::Gregorian;
use icu_datetime::fieldsets::{T, YMD, YMDE};
use icu_datetime::input::{Date as IcuDate, DateTime as IcuDateTime, Time as IcuTime};
use icu_datetime::pattern::{DateTimePattern, FixedCalendarDateTimeNames};
use icu_datetime::{FixedCalendarDateTimeFormatter, NoCalendarFormatter};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Unit, Zoned};
use minijinja::{State, Value};
use writeable::{TryWriteable as _, Writeable as _};

use super::locale::locale_of;
use super::missing;
use super::moment::{Moment, written};

pub fn format_date(state: &State<'_, '_>, value: &Value, pattern: Option<&str>, locale: Option<&str>) -> Value {
    let Some(moment) = Moment::read(state, value) else { return missing() };
    let in_words = in_words(state, &moment, pattern.unwrap_or("long"), locale);
    in_words.map_or_else(|| moment.write(), Value::from)
}

fn in_words(state: &State<'_, '_>, moment: &Moment, pattern: &str, locale: Option<&str>) -> Option<String> {
    let locale = locale_of(state, locale);
    let day = moment.day();
    let date =
        IcuDate::try_new_gregorian(day.year().into(), u8::try_from(day.month()).ok()?, u8::try_from(day.day()).ok()?)
            .ok()?;
    let styled = |fields: YMD| {
        let formatter = FixedCalendarDateTimeFormatter::<Gregorian, _>::try_new((&locale).into(), fields).ok()?;
        Some(formatter.format(&date).write_to_string().into_owned())
    };
    match pattern {
        "short" => styled(YMD::short()),
        "medium" => styled(YMD::medium()),
        "long" => styled(YMD::long()),
        "full" => {
            let formatter = FixedCalendarDateTimeFormatter::<Gregorian, _>::try_new((&locale).into(), YMDE::long());
            Some(formatter.ok()?.format(&date).write_to_string().into_owned())
        }
        pattern => {
            let time = time_of(&moment.instant(state)?)?;
            let pattern: DateTimePattern = pattern.parse().ok()?;
            let mut names = FixedCalendarDateTimeNames::<Gregorian>::try_new((&locale).into()).ok()?;
            let formatter = names.include_for_pattern(&pattern).ok()?;
            let formatted = formatter.format(&IcuDateTime { date, time });
            let text = formatted.try_write_to_string().ok()?;
            Some(text.into_owned())
        }
    }
}

fn time_of(at: &Zoned) -> Option<IcuTime> {
    let part = |n: i8| u8::try_from(n).ok();
    IcuTime::try_new(part(at.hour())?, part(at.minute())?, part(at.second())?, 0).ok()
}

pub fn format_time(state: &State<'_, '_>, value: &Value, locale: Option<&str>) -> Value {
    let text = || {
        let time = time_of(&Moment::read(state, value)?.instant(state)?)?;
        let formatter = NoCalendarFormatter::try_new((&locale_of(state, locale)).into(), T::hm()).ok()?;
        Some(formatter.format(&time).write_to_string().into_owned())
    };
    text().map_or_else(missing, Value::from)
}

pub fn to_zone(state: &State<'_, '_>, value: &Value, zone: &str) -> Value {
    let moved = || {
        let zone = TimeZone::get(zone).ok()?;
        Some(Moment::At(Moment::read(state, value)?.instant(state)?.with_time_zone(zone)))
    };
    written(moved())
}

pub fn to_utc(state: &State<'_, '_>, value: &Value) -> Value {
    to_zone(state, value, "UTC")
}

/// Later by an exact time.
fn later(state: &State<'_, '_>, value: &Value, by: SignedDuration) -> Value {
    let moved = || {
        let at = Moment::read(state, value)?.instant(state)?;
        at.checked_add(by).ok().map(Moment::At)
    };
    written(moved())
}

pub fn add_seconds(state: &State<'_, '_>, value: &Value, n: i64) -> Value {
    later(state, value, SignedDuration::from_secs(n))
}

/// More than any date can move, so that a unit's seconds never overflow.
fn bounded(n: i64) -> i64 {
    n.clamp(-1_000_000_000, 1_000_000_000)
}

pub fn add_minutes(state: &State<'_, '_>, value: &Value, n: i64) -> Value {
    later(state, value, SignedDuration::from_secs(bounded(n) * 60))
}

pub fn add_hours(state: &State<'_, '_>, value: &Value, n: i64) -> Value {
    later(state, value, SignedDuration::from_secs(bounded(n) * 3_600))
}

/// Later by calendar units.
fn later_by(state: &State<'_, '_>, value: &Value, span: Result<Span, jiff::Error>) -> Value {
    let moved = || Moment::read(state, value)?.plus_calendar(span.ok()?);
    written(moved())
}

pub fn add_days(state: &State<'_, '_>, value: &Value, n: i64) -> Value {
    later_by(state, value, Span::new().try_days(n))
}

pub fn add_months(state: &State<'_, '_>, value: &Value, n: i64) -> Value {
    later_by(state, value, Span::new().try_months(n))
}

pub fn add_years(state: &State<'_, '_>, value: &Value, n: i64) -> Value {
    later_by(state, value, Span::new().try_years(n))
}

/// Full units from `start` to `end`.
fn between(state: &State<'_, '_>, start: &Moment, end: &Moment, unit: Unit) -> Option<i64> {
    let (start, end) =
        (start.instant(state)?, end.instant(state)?.with_time_zone(start.instant(state)?.time_zone().clone()));
    let seconds = end.timestamp().as_second() - start.timestamp().as_second();
    match unit {
        Unit::Second => Some(seconds),
        Unit::Minute => Some(seconds / 60),
        Unit::Hour => Some(seconds / 3_600),
        Unit::Day => Some(seconds / 86_400),
        Unit::Month | Unit::Year => {
            let span = start.until((unit, &end)).ok()?;
            Some(if unit == Unit::Month { span.get_months().into() } else { span.get_years().into() })
        }
        _ => None,
    }
}

fn number(n: Option<i64>) -> Value {
    n.map_or_else(missing, Value::from)
}

fn since(state: &State<'_, '_>, value: &Value, unit: Unit) -> Value {
    let full = || between(state, &Moment::read(state, value)?, &Moment::now(state)?, unit);
    number(full())
}

pub fn age(state: &State<'_, '_>, value: &Value) -> Value {
    since(state, value, Unit::Year)
}

pub fn age_in_days(state: &State<'_, '_>, value: &Value) -> Value {
    since(state, value, Unit::Day)
}

pub fn age_in_months(state: &State<'_, '_>, value: &Value) -> Value {
    since(state, value, Unit::Month)
}

pub fn compare_dates(state: &State<'_, '_>, value: &Value, other: &Value) -> Value {
    let order = || {
        let (a, b) = (Moment::read(state, value)?.instant(state)?, Moment::read(state, other)?.instant(state)?);
        Some(match a.timestamp().cmp(&b.timestamp()) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        })
    };
    number(order())
}

fn diff(state: &State<'_, '_>, end: &Value, start: &Value, unit: Unit) -> Value {
    let full = || between(state, &Moment::read(state, start)?, &Moment::read(state, end)?, unit);
    number(full())
}

pub fn date_diff(state: &State<'_, '_>, value: &Value, other: &Value) -> Value {
    let days = || {
        let (to, from) = (Moment::read(state, value)?.day(), Moment::read(state, other)?.day());
        Some(i64::from(from.until((Unit::Day, to)).ok()?.get_days()))
    };
    number(days())
}

pub fn diff_in_seconds(state: &State<'_, '_>, value: &Value, start: &Value) -> Value {
    diff(state, value, start, Unit::Second)
}

pub fn diff_in_minutes(state: &State<'_, '_>, value: &Value, start: &Value) -> Value {
    diff(state, value, start, Unit::Minute)
}

pub fn diff_in_hours(state: &State<'_, '_>, value: &Value, start: &Value) -> Value {
    diff(state, value, start, Unit::Hour)
}

pub fn diff_in_months(state: &State<'_, '_>, value: &Value, start: &Value) -> Value {
    diff(state, value, start, Unit::Month)
}

pub fn diff_in_years(state: &State<'_, '_>, value: &Value, start: &Value) -> Value {
    diff(state, value, start, Unit::Year)
}

/// A number of the day.
fn of_day(state: &State<'_, '_>, value: &Value, part: impl FnOnce(jiff::civil::Date) -> i64) -> Value {
    number(Moment::read(state, value).map(|moment| part(moment.day())))
}

pub fn day_of_month(state: &State<'_, '_>, value: &Value) -> Value {
    of_day(state, value, |day| day.day().into())
}

pub fn day_of_week(state: &State<'_, '_>, value: &Value) -> Value {
    of_day(state, value, |day| day.weekday().to_monday_one_offset().into())
}

pub fn day_of_year(state: &State<'_, '_>, value: &Value) -> Value {
    of_day(state, value, |day| day.day_of_year().into())
}

pub fn week_of_year(state: &State<'_, '_>, value: &Value) -> Value {
    of_day(state, value, |day| day.iso_week_date().week().into())
}

pub fn extract_years(state: &State<'_, '_>, value: &Value) -> Value {
    of_day(state, value, |day| day.year().into())
}

pub fn extract_months(state: &State<'_, '_>, value: &Value) -> Value {
    of_day(state, value, |day| day.month().into())
}

/// A number of the time of day.
fn of_time(state: &State<'_, '_>, value: &Value, part: impl FnOnce(&Zoned) -> i8) -> Value {
    let read = || Moment::read(state, value)?.instant(state);
    number(read().map(|at| part(&at).into()))
}

pub fn extract_hours(state: &State<'_, '_>, value: &Value) -> Value {
    of_time(state, value, Zoned::hour)
}

pub fn extract_minutes(state: &State<'_, '_>, value: &Value) -> Value {
    of_time(state, value, Zoned::minute)
}

pub fn extract_seconds(state: &State<'_, '_>, value: &Value) -> Value {
    of_time(state, value, Zoned::second)
}

pub fn set_day(state: &State<'_, '_>, value: &Value, day: i64) -> Value {
    let moved = || {
        let day = i8::try_from(day).ok()?;
        Some(match Moment::read(state, value)? {
            Moment::Day(date) => Moment::Day(date.with().day(day).build().ok()?),
            Moment::At(at) => Moment::At(at.with().day(day).build().ok()?),
        })
    };
    written(moved())
}

pub fn set_hour(state: &State<'_, '_>, value: &Value, hour: i64) -> Value {
    let moved = || {
        let at = Moment::read(state, value)?.instant(state)?;
        at.with().hour(i8::try_from(hour).ok()?).build().ok().map(Moment::At)
    };
    written(moved())
}

/// The moment on another day, which is made of its own.
fn on_day(
    state: &State<'_, '_>,
    value: &Value,
    other: impl FnOnce(jiff::civil::Date) -> Option<jiff::civil::Date>,
) -> Value {
    let moved = || {
        let moment = Moment::read(state, value)?;
        moment.on(other(moment.day()))
    };
    written(moved())
}

pub fn start_of_day(state: &State<'_, '_>, value: &Value) -> Value {
    on_day(state, value, Some)
}

pub fn start_of_week(state: &State<'_, '_>, value: &Value) -> Value {
    on_day(state, value, |day| {
        let since = day.weekday().since(Weekday::Monday);
        day.checked_sub(Span::new().days(since)).ok()
    })
}

pub fn start_of_month(state: &State<'_, '_>, value: &Value) -> Value {
    on_day(state, value, |day| Some(day.first_of_month()))
}

pub fn start_of_quarter(state: &State<'_, '_>, value: &Value) -> Value {
    on_day(state, value, |day| day.with().month((day.month() - 1) / 3 * 3 + 1).day(1).build().ok())
}

pub fn start_of_year(state: &State<'_, '_>, value: &Value) -> Value {
    on_day(state, value, |day| Some(day.first_of_year()))
}
