//! Values on the wire: parameters as the server expects them, columns as the port knows them.

use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, Kind as TypeKind, ToSql, Type, WasNull, to_sql_checked};

use crate::bulk::{Cells, each_cells};
use crate::session::{Faults, Param, Row, Value};

type Encoded = Result<IsNull, Box<dyn Error + Sync + Send>>;

/// A parameter of a statement.
#[derive(Debug)]
pub(super) enum Bound<'a> {
    One(Param<'a>),
    Column(Cells<'a>),
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Encoded {
        match self {
            Self::One(param) => encode(param, ty, out),
            Self::Column(cells) => each_cells!(cells, slice => array(slice, ty, out), value => encode(value, ty, out)),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn encode(param: &Param<'_>, ty: &Type, out: &mut BytesMut) -> Encoded {
    match (*param, ty) {
        (Param::Null, _) => Ok(IsNull::Yes),
        (Param::Bool(value), &Type::BOOL) => value.to_sql(ty, out),
        (Param::Int(value), &Type::INT8) => value.to_sql(ty, out),
        (Param::Int(value), &Type::INT4) => i32::try_from(value)?.to_sql(ty, out),
        (Param::Int(value), &Type::FLOAT8) => (value as f64).to_sql(ty, out),
        (Param::Float(value), &Type::FLOAT8) => value.to_sql(ty, out),
        (Param::Bytes(value), &Type::BYTEA) => value.to_sql(ty, out),
        (Param::Text(text) | Param::Json(text), &Type::JSONB) => {
            out.extend_from_slice(&[JSONB_VERSION]);
            out.extend_from_slice(text.as_bytes());
            Ok(IsNull::No)
        }
        (Param::Text(text) | Param::Json(text), &Type::TEXT | &Type::VARCHAR | &Type::NAME | &Type::JSON) => {
            out.extend_from_slice(text.as_bytes());
            Ok(IsNull::No)
        }
        (Param::Ints(values), &Type::INT8_ARRAY) => array(values, ty, out),
        (Param::Texts(values), &Type::TEXT_ARRAY | &Type::VARCHAR_ARRAY) => array(values, ty, out),
        (Param::Strings(values), &Type::TEXT_ARRAY | &Type::VARCHAR_ARRAY) => array(values, ty, out),
        (param, ty) => Err(mismatch(&format!("{param:?}"), ty)),
    }
}

fn array<T: ToSql>(values: &[T], ty: &Type, out: &mut BytesMut) -> Encoded {
    match ty.kind() {
        TypeKind::Array(member) if T::accepts(member) => values.to_sql(ty, out),
        _ => Err(mismatch("a list", ty)),
    }
}

fn mismatch(what: &str, ty: &Type) -> Box<dyn Error + Sync + Send> {
    let what: String = what.chars().take(60).collect();
    format!("{what} was given where the server expects {ty}; cast the placeholder").into()
}

/// The first byte of a JSONB value on the wire.
const JSONB_VERSION: u8 = 1;

pub(super) struct PostgresRow<'r> {
    pub(super) row: &'r tokio_postgres::Row,
    pub(super) faults: &'r Faults,
}

impl Row for PostgresRow<'_> {
    fn value(&self, i: usize) -> Value<'_> {
        let Some(column) = self.row.columns().get(i) else {
            return Value::Foreign("nothing: there is no such column");
        };
        match self.row.try_get::<_, Raw<'_>>(i) {
            Ok(Raw(bytes)) => decode(column.type_(), bytes),
            Err(error) if error.source().is_some_and(|source| source.is::<WasNull>()) => Value::Null,
            Err(_) => Value::Foreign("something unreadable"),
        }
    }

    fn is_null(&self, i: usize) -> bool {
        matches!(self.row.try_get::<_, Option<Raw<'_>>>(i), Ok(None))
    }

    fn fault(&self, i: usize, wanted: &str, found: &str) {
        self.faults.note(i, wanted, found);
    }
}

/// The bytes of a value, whatever its type.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn decode<'a>(ty: &'a Type, bytes: &'a [u8]) -> Value<'a> {
    let value = match *ty {
        Type::BOOL => bytes.first().map(|byte| Value::Bool(*byte != 0)),
        Type::INT8 => bytes.try_into().ok().map(|raw| Value::Int(i64::from_be_bytes(raw))),
        Type::INT4 => bytes.try_into().ok().map(|raw| Value::Int(i32::from_be_bytes(raw).into())),
        Type::INT2 => bytes.try_into().ok().map(|raw| Value::Int(i16::from_be_bytes(raw).into())),
        Type::FLOAT8 => bytes.try_into().ok().map(|raw| Value::Float(f64::from_be_bytes(raw))),
        Type::FLOAT4 => bytes.try_into().ok().map(|raw| Value::Float(f32::from_be_bytes(raw).into())),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => text(bytes),
        Type::JSONB => bytes.strip_prefix(&[JSONB_VERSION]).and_then(text),
        Type::BYTEA => Some(Value::Bytes(bytes)),
        Type::NUMERIC => Some(Value::Foreign("NUMERIC (cast it to BIGINT or DOUBLE PRECISION in the SQL)")),
        _ => Some(Value::Foreign(ty.name())),
    };
    value.unwrap_or(Value::Foreign("something unreadable"))
}

fn text(bytes: &[u8]) -> Option<Value<'_>> {
    std::str::from_utf8(bytes).ok().map(Value::Text)
}
