//! Operators over fields of JSON, whose type each value tells itself.

use caravan_model::condition::{Check, Checks, Constant as Wanted, Order};

use super::checks::{EXACT, is_negated, sign, text};
use super::{Bound, Constant, FALSE, Writer, all, any, not};
use crate::session::Dialect;

/// A field of the JSON in a column.
#[derive(Clone, Copy)]
struct Field<'a> {
    container: &'a str,
    name: &'a str,
}

impl Writer<'_> {
    /// Whether all checks hold of a field.
    pub(super) fn field_checks(&mut self, container: &str, name: &str, checks: &Checks, bound: Bound) -> String {
        if checks.is_empty() {
            return super::TRUE.to_owned();
        }
        // SQLite's paths have no way to write these.
        if name.contains(['"', '\\', '\0']) {
            return self.open(bound);
        }
        let field = Field { container, name };
        let parts = checks.0.iter().map(|check| self.field_check(field, check, bound)).collect();
        all(parts)
    }

    /// The type of its value and the value itself, as SQL; its name is bound where it is used, as servers refuse values
    /// that no statement asks for.
    fn typed(&mut self, Field { container, name }: Field<'_>) -> (String, String) {
        match self.dialect {
            Dialect::Sqlite => {
                let path = self.bind(Constant::Text(format!("$.\"{name}\"")));
                (format!("json_type({container}, {path})"), format!("json_extract({container}, {path})"))
            }
            Dialect::Postgres => {
                let name = self.bind(Constant::Text(name.to_owned()));
                (format!("jsonb_typeof({container} -> {name})"), format!("({container} ->> {name})"))
            }
        }
    }

    /// The value where it is text; missing otherwise.
    fn text_of(&mut self, field: Field<'_>) -> String {
        let name = self.is_sqlite("'text'", "'string'");
        let (of, value) = self.typed(field);
        format!("(CASE WHEN {of} = {name} THEN {value} END)")
    }

    /// The value where it is a number; missing otherwise.
    fn number_of(&mut self, field: Field<'_>) -> String {
        let (of, value) = self.typed(field);
        match self.dialect {
            Dialect::Sqlite => format!("(CASE WHEN {of} IN ('integer', 'real') THEN {value} END)"),
            Dialect::Postgres => format!("(CASE WHEN {of} = 'number' THEN CAST({value} AS NUMERIC) END)"),
        }
    }

    fn is_sqlite(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
        }
    }

    /// An empty text, a list and an object count as missing.
    fn field_present(&mut self, field: Field<'_>) -> String {
        let plain = self.is_sqlite("'integer', 'real', 'true', 'false'", "'number', 'boolean'");
        let text = self.text_of(field);
        let (of, _) = self.typed(field);
        format!("(COALESCE({of} IN ({plain}), FALSE) OR COALESCE({text} <> '', FALSE))")
    }

    fn field_check(&mut self, field: Field<'_>, check: &Check, bound: Bound) -> String {
        let inner = if is_negated(check) { bound.flipped() } else { bound };
        let positive = match check {
            Check::Empty { negated: true } => return self.field_present(field),
            Check::Empty { negated: false } => return not(&self.field_present(field)),
            Check::Is { any_of, .. } => self.field_is(field, any_of, inner),
            Check::StartsWith { any_of, .. } => {
                let text = self.text_of(field);
                self.has_any(&text, any_of, true)
            }
            Check::Contains { any_of, .. } => {
                let text = self.text_of(field);
                self.has_any(&text, any_of, false)
            }
            Check::Compare { order, than } => self.field_compare(field, sign(*order), than, inner),
            Check::Between(from, to) => {
                let from = self.field_compare(field, sign(Order::AtLeast), from, inner);
                let to = self.field_compare(field, sign(Order::AtMost), to, inner);
                all(vec![from, to])
            }
            // Times are told as text, in any of the ways that RFC 3339 allows.
            Check::On(_) | Check::InPast(_) => self.open(inner),
        };
        match is_negated(check) {
            true => all(vec![self.field_present(field), not(&positive)]),
            false => positive,
        }
    }

    fn field_is(&mut self, field: Field<'_>, any_of: &[Wanted], bound: Bound) -> String {
        let texts: Vec<_> = any_of.iter().filter_map(text).cloned().collect();
        let mut parts = Vec::new();
        if !texts.is_empty() {
            let value = format!("NULLIF({}, '')", self.text_of(field));
            parts.push(self.is_one_of(&value, &texts));
        }
        for one in any_of.iter().filter(|one| text(one).is_none()) {
            parts.push(match one {
                Wanted::Boolean(flag) => self.field_is_flag(field, *flag),
                other => self.field_compare(field, "=", other, bound),
            });
        }
        any(parts)
    }

    fn field_is_flag(&mut self, field: Field<'_>, flag: bool) -> String {
        let flag = if flag { "'true'" } else { "'false'" };
        let (of, value) = self.typed(field);
        match self.dialect {
            Dialect::Sqlite => format!("COALESCE({of} = {flag}, FALSE)"),
            Dialect::Postgres => format!("COALESCE({of} = 'boolean' AND {value} = {flag}, FALSE)"),
        }
    }

    fn field_compare(&mut self, field: Field<'_>, sign: &str, than: &Wanted, bound: Bound) -> String {
        match than {
            Wanted::Integer(n) => {
                let number = self.number_of(field);
                self.operator(&number, sign, Constant::Int(*n))
            }
            Wanted::Number(x) if x.abs() >= EXACT => self.open(bound),
            Wanted::Number(x) => match self.dialect {
                Dialect::Sqlite => {
                    let number = self.number_of(field);
                    self.operator(&number, sign, Constant::Float(*x))
                }
                Dialect::Postgres => {
                    let number = self.number_of(field);
                    // As a decimal: the server would compare as floats otherwise, which loses digits.
                    let decimal = self.bind(Constant::Text(x.to_string()));
                    format!("COALESCE({number} {sign} CAST({decimal} AS NUMERIC), FALSE)")
                }
            },
            Wanted::Date(_) | Wanted::Instant(_) => self.open(bound),
            Wanted::Text(_) | Wanted::Boolean(_) => FALSE.to_owned(),
        }
    }
}
