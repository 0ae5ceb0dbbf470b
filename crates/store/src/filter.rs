//! Conditions as SQL, for sets: who of everybody meets a condition, how many, who comes next.
//!
//! The tree of [`Condition`] becomes one truth value over the tables. It is never NULL, like the evaluator in memory, so
//! that `NOT` means the same in both. Text is compared by `caravan_fold` (see decision 0006), numbers exactly, times as
//! canonical text.
//!
//! What SQL cannot judge exactly (times that an activity tells in its own words) is left open: the statement then finds
//! everybody who may meet the condition, and [`Filter::is_exact`] says that the evaluator has the last word. A part that is
//! left open under `not` counts as missing there, so that nobody who meets the condition is ever left out.

mod checks;
mod json;
mod tests_of;

use std::collections::BTreeSet;

use caravan_model::DocumentId;
use caravan_model::attribute::{AttributeNo, Schema, Subject};
use caravan_model::condition::{Condition, Context, Expr};
use caravan_model::value::ValueType;

use crate::error::StoreError;
use crate::session::{Dialect, Param, Session, SessionExt};

/// The most values that a statement binds: SQLite takes 32,766, PostgreSQL 65,535.
const MOST_VALUES: usize = 30_000;

/// Against what a condition is compiled.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The attributes there are.
    pub schema: &'a Schema,
    /// When and where it is evaluated.
    pub context: &'a Context<'a>,
    /// The objects whose records belong to accounts; all others belong to people.
    pub objects_of_accounts: &'a BTreeSet<DocumentId>,
}

/// A condition as SQL, at one instant and for one database.
#[derive(Debug, Clone)]
pub struct Filter {
    subject: Subject,
    sql: String,
    values: Vec<Constant>,
    exact: bool,
}

/// A value bound to a placeholder.
#[derive(Debug, Clone, PartialEq)]
enum Constant {
    Int(i64),
    Float(f64),
    Text(String),
    Ints(Vec<i64>),
    Texts(Vec<String>),
}

impl Constant {
    fn param(&self) -> Param<'_> {
        match self {
            Self::Int(n) => Param::Int(*n),
            Self::Float(x) => Param::Float(*x),
            Self::Text(text) => Param::Text(text),
            Self::Ints(all) => Param::Ints(all),
            Self::Texts(all) => Param::Strings(all),
        }
    }
}

impl Filter {
    /// Compiles a condition whose names are bound.
    pub fn compile(dialect: Dialect, condition: &Condition, ground: Ground<'_>) -> Self {
        let subject = condition.subject();
        let mut writer = Writer { dialect, ground, values: Vec::new(), exact: true };
        let who = match subject {
            Subject::Account => Who::Account,
            Subject::Person => Who::Person { within: false },
        };
        let mut sql = writer.expr(condition.root(), who, Bound::Upper);
        if condition.leaves_out_test_profiles() {
            sql = all(vec![not("p.test_profile"), sql]);
        }
        let (values, exact) = (writer.values, writer.exact);
        Self { subject, sql, values, exact }
    }

    /// Whether whoever it finds meets the condition. Otherwise whoever it does not find does not.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// How many it finds.
    pub fn count(&self, s: &mut dyn Session) -> Result<i64, StoreError> {
        let sql = format!("SELECT COUNT(*) FROM {} WHERE {}", self.table(), self.sql);
        s.query_int(&sql, &self.params(&[]))
    }

    /// Those of `ids` that it finds, in order.
    pub fn among(&self, s: &mut dyn Session, ids: &[i64]) -> Result<Vec<i64>, StoreError> {
        let (alias, n) = (self.alias(), self.values.len() + 1);
        let sql = format!(
            "SELECT {alias}.id FROM {} WHERE {alias}.id {{in:{n}}} AND ({}) ORDER BY {alias}.id",
            self.table(),
            self.sql
        );
        s.query_map(&sql, &self.params(&[Param::Ints(ids)]), |row| Ok(row.int(0)))
    }

    /// The next `most` that it finds behind the id `after`, in order.
    pub fn next(&self, s: &mut dyn Session, after: i64, most: usize) -> Result<Vec<i64>, StoreError> {
        let (alias, n) = (self.alias(), self.values.len() + 1);
        let sql = format!(
            "SELECT {alias}.id FROM {} WHERE {alias}.id > ${n} AND ({}) ORDER BY {alias}.id LIMIT ${}",
            self.table(),
            self.sql,
            n + 1
        );
        s.query_map(&sql, &self.params(&[Param::Int(after), Param::Int(most as i64)]), |row| Ok(row.int(0)))
    }

    fn params<'a>(&'a self, more: &[Param<'a>]) -> Vec<Param<'a>> {
        self.values.iter().map(Constant::param).chain(more.iter().copied()).collect()
    }

    fn alias(&self) -> &'static str {
        match self.subject {
            Subject::Account => "a",
            Subject::Person => "p",
        }
    }

    fn table(&self) -> &'static str {
        match self.subject {
            Subject::Account => "account AS a",
            Subject::Person => "person AS p",
        }
    }
}

/// On which side a part that is left open may err.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// Everybody who may meet it.
    Upper,
    /// Only who certainly meets it.
    Lower,
}

impl Bound {
    fn flipped(self) -> Self {
        match self {
            Self::Upper => Self::Lower,
            Self::Lower => Self::Upper,
        }
    }
}

/// Whose row a test stands at: `a` of `account`; `p` of `person`, with `r` of `account_person` within an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Account,
    Person { within: bool },
}

impl Who {
    fn alias(self) -> &'static str {
        match self {
            Self::Account => "a",
            Self::Person { .. } => "p",
        }
    }
}

/// Where a value comes from, and what it holds.
#[derive(Debug, Clone)]
struct Column {
    sql: String,
    of: ValueType,
}

struct Writer<'a> {
    dialect: Dialect,
    ground: Ground<'a>,
    values: Vec<Constant>,
    exact: bool,
}

const TRUE: &str = "TRUE";
const FALSE: &str = "FALSE";

impl Writer<'_> {
    /// The placeholder of a value; its type is told, for a server that would guess it.
    fn bind(&mut self, value: Constant) -> String {
        let of = match &value {
            Constant::Int(_) => "BIGINT",
            Constant::Float(_) => "DOUBLE PRECISION",
            Constant::Text(_) => "TEXT",
            Constant::Ints(_) | Constant::Texts(_) => "",
        };
        self.values.push(value);
        let n = self.values.len();
        if of.is_empty() { n.to_string() } else { format!("CAST(${n} AS {of})") }
    }

    /// A part that SQL cannot judge.
    fn open(&mut self, bound: Bound) -> String {
        self.exact = false;
        match bound {
            Bound::Upper => TRUE.to_owned(),
            Bound::Lower => FALSE.to_owned(),
        }
    }

    fn expr(&mut self, expr: &Expr, who: Who, bound: Bound) -> String {
        if self.values.len() > MOST_VALUES {
            return self.open(bound);
        }
        match expr {
            Expr::All(parts) => {
                let parts = parts.iter().map(|part| self.expr(part, who, bound)).collect();
                all(parts)
            }
            Expr::Any(parts) => {
                let parts = parts.iter().map(|part| self.expr(part, who, bound)).collect();
                any(parts)
            }
            Expr::Not(part) => not(&self.expr(part, who, bound.flipped())),
            Expr::Test(test) => self.test(test, who, bound),
        }
    }

    /// The column of an attribute.
    fn attribute(&self, subject: Subject, no: AttributeNo) -> Column {
        let alias = match subject {
            Subject::Account => "a",
            Subject::Person => "p",
        };
        let Some(attribute) = self.ground.schema.of(subject).at(no) else {
            return Column { sql: "CAST(NULL AS TEXT)".to_owned(), of: ValueType::String };
        };
        let of = attribute.value_type;
        let sql = match &attribute.key {
            // Keys of attributes are plain identifiers.
            key if attribute.custom => self.custom(alias, key, of),
            // Kept as the parent's id.
            key if key == "parent_key" => {
                format!("(SELECT parent.key FROM account AS parent WHERE parent.id = {alias}.parent_id)")
            }
            key => format!("{alias}.{key}"),
        };
        Column { sql, of }
    }

    /// A declared attribute, kept in the row's JSON; what does not fit its type is missing.
    fn custom(&self, alias: &str, key: &str, of: ValueType) -> String {
        let value = format!("{alias}.custom ->> '{key}'");
        match (self.dialect, of) {
            (Dialect::Sqlite, ValueType::Integer) => typed_sqlite(alias, key, "'integer'", &value),
            (Dialect::Sqlite, ValueType::Number) => typed_sqlite(alias, key, "'integer', 'real'", &value),
            (Dialect::Sqlite, ValueType::Boolean) => typed_sqlite(alias, key, "'true', 'false'", &value),
            (Dialect::Sqlite, _) => format!("CAST({value} AS TEXT)"),
            (Dialect::Postgres, ValueType::Integer) => typed_postgres(alias, key, "number", &value, "NUMERIC"),
            (Dialect::Postgres, ValueType::Number) => typed_postgres(alias, key, "number", &value, "DOUBLE PRECISION"),
            (Dialect::Postgres, ValueType::Boolean) => typed_postgres(alias, key, "boolean", &value, "BOOLEAN"),
            (Dialect::Postgres, _) => format!("({value})"),
        }
    }
}

fn typed_sqlite(alias: &str, key: &str, types: &str, value: &str) -> String {
    format!("(CASE WHEN json_type({alias}.custom, '$.\"{key}\"') IN ({types}) THEN {value} END)")
}

fn typed_postgres(alias: &str, key: &str, of: &str, value: &str, as_type: &str) -> String {
    format!("(CASE WHEN jsonb_typeof({alias}.custom -> '{key}') = '{of}' THEN CAST({value} AS {as_type}) END)")
}

fn all(parts: Vec<String>) -> String {
    join(&parts, "AND").unwrap_or_else(|| TRUE.to_owned())
}

fn any(parts: Vec<String>) -> String {
    join(&parts, "OR").unwrap_or_else(|| FALSE.to_owned())
}

fn not(part: &str) -> String {
    format!("(NOT {part})")
}

/// In halves: databases bound how deep an expression may be, and a list of a thousand is one chain otherwise.
fn join(parts: &[String], operator: &str) -> Option<String> {
    match parts {
        [] => None,
        [one] => Some(one.clone()),
        several => {
            let (left, right) = several.split_at(several.len() / 2);
            Some(format!("({} {operator} {})", join(left, operator)?, join(right, operator)?))
        }
    }
}
