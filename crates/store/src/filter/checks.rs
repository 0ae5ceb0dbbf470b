//! Operators over columns whose type is declared.

use caravan_model::condition::{Check, Checks, Constant as Wanted, Order};
use caravan_model::duration::first_instant;
use caravan_model::value::ValueType;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{Bound, Column, Constant, FALSE, Writer, all, any, not};
use crate::session::Dialect;

impl Writer<'_> {
    /// Whether all checks hold of a column.
    pub(super) fn checks(&mut self, column: &Column, checks: &Checks, bound: Bound) -> String {
        let parts = checks.0.iter().map(|check| self.check(column, check, bound)).collect();
        all(parts)
    }

    fn check(&mut self, column: &Column, check: &Check, bound: Bound) -> String {
        // What a negated operator leaves open errs the other way.
        let inner = if is_negated(check) { bound.flipped() } else { bound };
        let positive = match check {
            Check::Empty { negated: true } => return self.present(column),
            Check::Empty { negated: false } => return not(&self.present(column)),
            Check::Is { any_of, .. } => self.is(column, any_of, inner),
            Check::StartsWith { any_of, .. } => self.has_any(&column.sql, any_of, true),
            Check::Contains { any_of, .. } => self.has_any(&column.sql, any_of, false),
            Check::Compare { order, than } => self.compare(column, *order, than, inner),
            Check::Between(from, to) => {
                let from = self.compare(column, Order::AtLeast, from, inner);
                let to = self.compare(column, Order::AtMost, to, inner);
                all(vec![from, to])
            }
            Check::On(days) => {
                let days: Vec<Wanted> = days.iter().map(|day| Wanted::Date(*day)).collect();
                self.is(column, &days, inner)
            }
            Check::InPast(duration) => {
                let context = self.ground.context;
                let start = duration.before(context.now, context.zone);
                match column.of {
                    ValueType::Date => {
                        let from = Wanted::Date(context.day(start));
                        let to = Wanted::Date(context.day(context.now));
                        return self.check(column, &Check::Between(from, to), bound);
                    }
                    _ => {
                        let between = Check::Between(Wanted::Instant(start), Wanted::Instant(context.now));
                        return self.check(column, &between, bound);
                    }
                }
            }
        };
        match is_negated(check) {
            true => all(vec![self.present(column), not(&positive)]),
            false => positive,
        }
    }

    fn present(&self, column: &Column) -> String {
        match column.of {
            ValueType::String | ValueType::Date | ValueType::DateTime => {
                format!("(COALESCE({}, '') <> '')", column.sql)
            }
            _ => format!("({} IS NOT NULL)", column.sql),
        }
    }

    fn is(&mut self, column: &Column, any_of: &[Wanted], bound: Bound) -> String {
        match column.of {
            ValueType::String => {
                let texts: Vec<_> = any_of.iter().filter_map(text).cloned().collect();
                match texts.len() == any_of.len() {
                    true => self.is_one_of(&format!("NULLIF({}, '')", column.sql), &texts),
                    false => self.open(bound),
                }
            }
            ValueType::Boolean => {
                let flags = any_of.iter().filter_map(|one| match one {
                    Wanted::Boolean(true) => Some(format!("COALESCE({} = TRUE, FALSE)", column.sql)),
                    Wanted::Boolean(false) => Some(format!("COALESCE({} = FALSE, FALSE)", column.sql)),
                    _ => None,
                });
                any(flags.collect())
            }
            ValueType::Integer => {
                let whole: Vec<i64> = any_of.iter().filter_map(whole).collect();
                if whole.is_empty() {
                    return FALSE.to_owned();
                }
                let n = self.bind(Constant::Ints(whole));
                let one_of = match self.dialect {
                    Dialect::Sqlite => format!("{{in:{n}}}"),
                    // Declared attributes are numerics.
                    Dialect::Postgres => format!("= ANY(CAST(${n} AS BIGINT[]))"),
                };
                format!("COALESCE({} {one_of}, FALSE)", column.sql)
            }
            ValueType::Number | ValueType::Date | ValueType::DateTime => {
                let each = any_of.iter().map(|one| self.equals(column, one, bound)).collect();
                any(each)
            }
        }
    }

    fn equals(&mut self, column: &Column, one: &Wanted, bound: Bound) -> String {
        match (column.of, one) {
            (ValueType::Number, Wanted::Number(_) | Wanted::Integer(_)) => match float(one) {
                Some(x) => self.operator(&column.sql, "=", Constant::Float(x)),
                None => self.open(bound),
            },
            (ValueType::Date, Wanted::Date(day)) => self.operator(&column.sql, "=", Constant::Text(day.to_string())),
            _ => {
                let from = self.compare(column, Order::AtLeast, one, bound);
                let to = self.compare(column, Order::AtMost, one, bound);
                all(vec![from, to])
            }
        }
    }

    fn compare(&mut self, column: &Column, order: Order, than: &Wanted, bound: Bound) -> String {
        match (column.of, than) {
            (ValueType::Integer, Wanted::Integer(_) | Wanted::Number(_)) => self.compare_whole(column, order, than),
            (ValueType::Number, Wanted::Integer(_) | Wanted::Number(_)) => match float(than) {
                Some(x) => self.operator(&column.sql, sign(order), Constant::Float(x)),
                None => self.open(bound),
            },
            (ValueType::Date, Wanted::Date(day)) => {
                let sql = self.plainly_ordered(&format!("NULLIF({}, '')", column.sql));
                self.operator(&sql, sign(order), Constant::Text(day.to_string()))
            }
            (ValueType::DateTime, Wanted::Instant(at)) => self.compare_instant(column, sign(order), *at, bound),
            (ValueType::DateTime, Wanted::Date(day)) => {
                let (sign, day) = match order {
                    Order::AtLeast => (">=", Some(*day)),
                    Order::GreaterThan | Order::After => (">=", day.tomorrow().ok()),
                    Order::AtMost => ("<", day.tomorrow().ok()),
                    Order::LessThan | Order::Before => ("<", Some(*day)),
                };
                match day.and_then(|day| self.start_of(day)) {
                    Some(at) => self.compare_instant(column, sign, at, bound),
                    None => self.open(bound),
                }
            }
            _ => self.open(bound),
        }
    }

    fn start_of(&self, day: Date) -> Option<Timestamp> {
        first_instant(day.into(), self.ground.context.zone)
    }

    /// Instants are kept as canonical text in UTC; without its last letter it has the order of time.
    fn compare_instant(&mut self, column: &Column, sign: &str, at: Timestamp, bound: Bound) -> String {
        let text = at.to_string();
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            // Before the year 0.
            return self.open(bound);
        }
        let sql = self.plainly_ordered(&format!("rtrim(NULLIF({}, ''), 'Z')", column.sql));
        self.operator(&sql, sign, Constant::Text(text.trim_end_matches('Z').to_owned()))
    }

    /// Text in the order of its bytes, whatever the database's locale.
    fn plainly_ordered(&self, sql: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => sql.to_owned(),
            Dialect::Postgres => format!("({sql}) COLLATE \"C\""),
        }
    }

    fn compare_whole(&mut self, column: &Column, order: Order, than: &Wanted) -> String {
        match whole_bound(order, than) {
            Whole::Than(sign, n) => self.operator(&column.sql, sign, Constant::Int(n)),
            Whole::Always => self.present(column),
            Whole::Never => FALSE.to_owned(),
        }
    }

    /// A comparison; a missing value compares to nothing.
    pub(super) fn operator(&mut self, sql: &str, sign: &str, value: Constant) -> String {
        let value = self.bind(value);
        format!("COALESCE({sql} {sign} {value}, FALSE)")
    }
}

pub(super) fn is_negated(check: &Check) -> bool {
    matches!(
        check,
        Check::Is { negated: true, .. }
            | Check::StartsWith { negated: true, .. }
            | Check::Contains { negated: true, .. }
    )
}

pub(super) fn text(wanted: &Wanted) -> Option<&caravan_model::text::Folded> {
    if let Wanted::Text(text) = wanted { Some(text) } else { None }
}

pub(super) fn sign(order: Order) -> &'static str {
    match order {
        Order::AtLeast => ">=",
        Order::GreaterThan | Order::After => ">",
        Order::AtMost => "<=",
        Order::LessThan | Order::Before => "<",
    }
}

/// Whole numbers up to here are floats without loss.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// The float that a number is exactly.
fn float(wanted: &Wanted) -> Option<f64> {
    match wanted {
        Wanted::Number(x) => Some(*x),
        Wanted::Integer(n) if n.unsigned_abs() <= EXACT as u64 => Some(*n as f64),
        _ => None,
    }
}

/// 2^63, the first float above every whole number.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

/// The whole number that a number is exactly.
pub(super) fn whole(wanted: &Wanted) -> Option<i64> {
    match wanted {
        Wanted::Integer(n) => Some(*n),
        Wanted::Number(x) if x.fract() == 0.0 && (-BEYOND..BEYOND).contains(x) => Some(*x as i64),
        _ => None,
    }
}

/// A comparison of whole numbers with any number, as one with a whole number.
enum Whole {
    Than(&'static str, i64),
    Always,
    Never,
}

fn whole_bound(order: Order, than: &Wanted) -> Whole {
    if let Some(n) = whole(than) {
        return Whole::Than(sign(order), n);
    }
    let Wanted::Number(x) = *than else { return Whole::Never };
    let upwards = matches!(order, Order::AtLeast | Order::GreaterThan | Order::After);
    if x >= BEYOND {
        return if upwards { Whole::Never } else { Whole::Always };
    }
    if x < -BEYOND {
        return if upwards { Whole::Always } else { Whole::Never };
    }
    // A fraction lies between two whole numbers.
    match upwards {
        true => Whole::Than(">", x.floor() as i64),
        false => Whole::Than("<=", x.floor() as i64),
    }
}
