//! The port: one connection inside one transaction. Both drivers speak it, domain SQL is written against it.
//!
//! Nothing here knows a table.

use caravan_model::clock::{from_micros, to_micros};
use jiff::Timestamp;

use crate::bulk::Bulk;
use crate::error::StoreError;
use crate::ids::IdRange;

/// Which database answers, for the few statements that cannot be written once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded, one file.
    Sqlite,
    /// A server, any number of processes.
    Postgres,
}

/// One connection inside one transaction.
///
/// A statement that fails dooms the whole transaction on both databases: pass its error on, the transaction is rolled
/// back. (Use `ON CONFLICT` where a conflict is an ordinary case.)
///
/// # SQL
/// Written once in the subset both databases share, with placeholders `$1 … $n` and these expansions outside of quotes:
/// `{in:N}` membership in the list bound at `$N` (`id {in:1}`), `{not_in:N}` its opposite, `{for_update}` and
/// `{skip_locked}` row locks where the database has them. Use `CAST(x AS BIGINT)`, not `::`; sums of BIGINT must be cast
/// back to BIGINT; a parameter that stands alone (`SELECT $1`) needs a cast to have a type.
pub trait Session {
    /// Which database answers.
    fn dialect(&self) -> Dialect;

    /// Runs a statement that returns rows, handing each to `each` as it arrives. Rows are borrowed; what is kept is
    /// copied by `each`.
    fn query(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&dyn Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Runs a statement without rows; returns how many rows it touched.
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError>;

    /// Writes a set of rows; returns how many were touched. See [`Bulk`].
    fn bulk(&mut self, bulk: &Bulk<'_>) -> Result<u64, StoreError>;

    /// Takes `n` new ids of `family` (see [`crate::ids::FAMILIES`]), ascending. Ids taken by a transaction that is rolled
    /// back may be lost.
    fn reserve_ids(&mut self, family: &'static str, n: usize) -> Result<IdRange, StoreError>;

    /// The instant now: the database's clock on PostgreSQL, so that machines' clocks decide nothing; the machine's on
    /// SQLite. A manual clock always wins.
    fn now(&mut self) -> Result<Timestamp, StoreError>;
}

/// A value bound to a placeholder. Made by `From` from what it holds, mostly through [`params!`](crate::params).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Param<'a> {
    /// No value.
    Null,
    /// BOOLEAN.
    Bool(bool),
    /// BIGINT; instants too, as microseconds.
    Int(i64),
    /// DOUBLE PRECISION; finite (SQLite stores a NaN as no value).
    Float(f64),
    /// TEXT; without U+0000, which PostgreSQL refuses.
    Text(&'a str),
    /// BYTEA / BLOB.
    Bytes(&'a [u8]),
    /// JSONB / TEXT, already serialized.
    Json(&'a str),
    /// A list for `{in:N}`.
    Ints(&'a [i64]),
    /// A list for `{in:N}`.
    Texts(&'a [&'a str]),
    /// A list for `{in:N}`.
    Strings(&'a [String]),
}

impl<'a> Param<'a> {
    /// Serialized JSON.
    pub fn json(text: &'a str) -> Self {
        Self::Json(text)
    }

    /// Serialized JSON or no value.
    pub fn opt_json(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Json)
    }
}

macro_rules! params_from {
    ($($from:ty => |$value:ident| $param:expr;)*) => {$(
        impl<'a> From<$from> for Param<'a> {
            fn from($value: $from) -> Self {
                $param
            }
        }
    )*};
}

params_from! {
    bool => |v| Self::Bool(v);
    i64 => |v| Self::Int(v);
    i32 => |v| Self::Int(v.into());
    u32 => |v| Self::Int(v.into());
    f64 => |v| Self::Float(v);
    Timestamp => |v| Self::Int(to_micros(v));
    &'a str => |v| Self::Text(v);
    &'a String => |v| Self::Text(v);
    &'a [u8] => |v| Self::Bytes(v);
    &'a Vec<u8> => |v| Self::Bytes(v);
    &'a [i64] => |v| Self::Ints(v);
    &'a Vec<i64> => |v| Self::Ints(v);
    &'a [&'a str] => |v| Self::Texts(v);
    &'a Vec<&'a str> => |v| Self::Texts(v);
    &'a [String] => |v| Self::Strings(v);
    &'a Vec<String> => |v| Self::Strings(v);
    &'a Option<String> => |v| v.as_deref().map_or(Self::Null, Self::Text);
    caravan_model::Shard => |v| Self::Int(v.0);
    caravan_model::AccountId => |v| Self::Int(v.0);
    caravan_model::PersonId => |v| Self::Int(v.0);
    caravan_model::GroupId => |v| Self::Int(v.0);
    caravan_model::EnrollmentId => |v| Self::Int(v.0);
    caravan_model::ActivityId => |v| Self::Int(v.0);
    caravan_model::EffectId => |v| Self::Int(v.0);
    caravan_model::DocumentId => |v| Self::Int(v.0);
    caravan_model::VersionId => |v| Self::Int(v.0);
    caravan_model::InboxId => |v| Self::Int(v.0);
}

impl<'a, const N: usize> From<&'a [i64; N]> for Param<'a> {
    fn from(values: &'a [i64; N]) -> Self {
        Self::Ints(values)
    }
}

impl<'a, const N: usize> From<&'a [&'a str; N]> for Param<'a> {
    fn from(values: &'a [&'a str; N]) -> Self {
        Self::Texts(values)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The parameters of a statement: `params![account_id, name, due_at]`, each anything that [`Param`] is made from.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Param::from($value)),*] };
}

/// A value of a row, as the database sent it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// BOOLEAN (PostgreSQL; SQLite stores 0 and 1).
    Bool(bool),
    /// Any integer.
    Int(i64),
    /// Any floating number.
    Float(f64),
    /// Text, or JSON as text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Something that no getter reads; the text says what.
    Foreign(&'a str),
}

impl Value<'_> {
    fn describe(&self) -> &str {
        match self {
            Self::Null => "no value",
            Self::Bool(_) => "a truth value",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a floating number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Foreign(what) => what,
        }
    }
}

/// One row of an answer; columns are counted from 0.
///
/// Getters never fail on the spot: a value of another type (a defect of our SQL, or a damaged file) is remembered, the
/// getter returns an empty value, and the whole query ends in [`StoreError::Corrupt`] once the row's closure returns.
pub trait Row {
    /// The value of a column.
    fn value(&self, i: usize) -> Value<'_>;

    /// Remembers that a column holds something else than what was asked for.
    fn fault(&self, i: usize, wanted: &str, found: &str);

    /// Whether there is no value.
    fn is_null(&self, i: usize) -> bool {
        self.value(i) == Value::Null
    }

    /// An integer.
    fn int(&self, i: usize) -> i64 {
        required(self, i, "an integer", self.opt_int(i))
    }

    /// An integer or no value.
    fn opt_int(&self, i: usize) -> Option<i64> {
        match self.value(i) {
            Value::Null => None,
            Value::Int(n) => Some(n),
            other => refused(self, i, "an integer", &other),
        }
    }

    /// A floating number; an integer is taken for one.
    fn float(&self, i: usize) -> f64 {
        required(self, i, "a floating number", self.opt_float(i))
    }

    /// A floating number or no value.
    fn opt_float(&self, i: usize) -> Option<f64> {
        match self.value(i) {
            Value::Null => None,
            Value::Float(x) => Some(x),
            Value::Int(n) => Some(n as f64),
            other => refused(self, i, "a floating number", &other),
        }
    }

    /// A truth value.
    fn bool(&self, i: usize) -> bool {
        required(self, i, "a truth value", self.opt_bool(i))
    }

    /// A truth value or no value.
    fn opt_bool(&self, i: usize) -> Option<bool> {
        match self.value(i) {
            Value::Null => None,
            Value::Bool(b) => Some(b),
            Value::Int(n @ (0 | 1)) => Some(n == 1),
            other => refused(self, i, "a truth value", &other),
        }
    }

    /// Text, or JSON as text.
    fn text(&self, i: usize) -> &str {
        required(self, i, "text", self.opt_text(i))
    }

    /// Text, JSON as text, or no value.
    fn opt_text(&self, i: usize) -> Option<&str> {
        match self.value(i) {
            Value::Null => None,
            Value::Text(text) => Some(text),
            other => refused(self, i, "text", &other),
        }
    }

    /// Text as an owned string.
    fn string(&self, i: usize) -> String {
        self.text(i).to_owned()
    }

    /// Text as an owned string, or no value.
    fn opt_string(&self, i: usize) -> Option<String> {
        self.opt_text(i).map(str::to_owned)
    }

    /// Bytes.
    fn bytes(&self, i: usize) -> &[u8] {
        required(self, i, "bytes", self.opt_bytes(i))
    }

    /// Bytes or no value.
    fn opt_bytes(&self, i: usize) -> Option<&[u8]> {
        match self.value(i) {
            Value::Null => None,
            Value::Bytes(bytes) => Some(bytes),
            other => refused(self, i, "bytes", &other),
        }
    }

    /// An instant, stored as microseconds.
    fn instant(&self, i: usize) -> Timestamp {
        from_micros(self.int(i))
    }

    /// An instant or no value.
    fn opt_instant(&self, i: usize) -> Option<Timestamp> {
        self.opt_int(i).map(from_micros)
    }
}

fn refused<T, R: Row + ?Sized>(row: &R, i: usize, wanted: &str, found: &Value<'_>) -> Option<T> {
    row.fault(i, wanted, found.describe());
    None
}

fn required<T: Default, R: Row + ?Sized>(row: &R, i: usize, wanted: &str, value: Option<T>) -> T {
    if value.is_none() && row.is_null(i) {
        row.fault(i, wanted, "no value");
    }
    value.unwrap_or_default()
}

/// What getters of one query found wrong; the first finding is kept.
#[derive(Default)]
pub(crate) struct Faults(std::cell::RefCell<Option<StoreError>>);

impl Faults {
    pub(crate) fn note(&self, i: usize, wanted: &str, found: &str) {
        self.0
            .borrow_mut()
            .get_or_insert_with(|| StoreError::Corrupt(format!("column {i} should hold {wanted} and holds {found}")));
    }

    /// The row's verdict: a fault outweighs what the closure made of the empty value.
    pub(crate) fn judge(&self, outcome: Result<(), StoreError>) -> Result<(), StoreError> {
        self.0.take().map_or(outcome, Err)
    }
}

/// The shapes in which answers are usually wanted.
pub trait SessionExt: Session {
    /// All rows, each made into a `T`.
    fn query_map<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut make: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.query(sql, params, &mut |row| {
            all.push(make(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// The first row, if there is one.
    fn query_opt<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut make: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut first = None;
        self.query(sql, params, &mut |row| {
            if first.is_none() {
                first = Some(make(row)?);
            }
            Ok(())
        })?;
        Ok(first)
    }

    /// The row of a statement that always has one (a count, `RETURNING` of one insert).
    fn query_one<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        make: impl FnMut(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.query_opt(sql, params, make)?
            .ok_or_else(|| StoreError::Corrupt(format!("no row where one always is: {}", crate::error::excerpt(sql))))
    }

    /// The one integer of a statement that always has one row.
    fn query_int(&mut self, sql: &str, params: &[Param<'_>]) -> Result<i64, StoreError> {
        self.query_one(sql, params, |row| Ok(row.int(0)))
    }

    /// Whether there is any row.
    fn exists(&mut self, sql: &str, params: &[Param<'_>]) -> Result<bool, StoreError> {
        let mut any = false;
        self.query(sql, params, &mut |_| {
            any = true;
            Ok(())
        })?;
        Ok(any)
    }
}

impl<S: Session + ?Sized> SessionExt for S {}
