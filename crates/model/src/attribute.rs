//! Attributes of accounts and people: one visible slice per subject, and what an installation declares beside them.
//!
//! Import headers, conditions, personalisation, *Change Data Value*, the catalogue and the database's projections all
//! come from here. To add a standard attribute, add one line to its slice (and its column).

mod schema;
mod standard;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use schema::{AttributeSet, Declaration, MAX_ATTRIBUTES, MAX_MANAGED, Schema, Switch};
pub use standard::{ACCOUNT, PERSON, Standard, account, person};

use crate::value::{Value, ValueError, ValueType};

/// Whose attribute, condition, list or journey it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Accounts.
    Account,
    /// People.
    Person,
}

impl Subject {
    /// As manifests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Person => "person",
        }
    }
}

/// The dense number of an attribute within its subject: standard ones in the order of their slice, then the declared
/// ones by key. Stable only as long as the [`Schema`] lives; never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeNo(pub u16);

impl AttributeNo {
    /// For indexing rows that hold one value per attribute.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What texts an attribute takes, beyond their length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Any text.
    Any,
    /// The name of a time zone, like `Europe/Berlin`.
    TimeZone,
    /// One of these.
    OneOf(&'static [&'static str]),
}

/// One attribute of accounts or people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attribute {
    /// In files, conditions and templates.
    pub key: String,
    /// What marketers read.
    pub label: String,
    /// Whose it is.
    pub subject: Subject,
    /// What values it takes.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// May never be cleared.
    pub required: bool,
    /// Longest text, in characters.
    pub max_chars: usize,
    /// Which texts.
    pub format: Format,
    /// Journeys may write it (*Change Data Value*).
    pub updatable: bool,
    /// It is managed: conditions, journeys and personalisation see it.
    pub visible: bool,
    /// Declared by this installation; kept in the row's JSON instead of a column.
    pub custom: bool,
    /// Caravan works it out: nobody else writes it.
    pub computed: bool,
}

impl Attribute {
    /// Reads the cell of a file. An empty cell and `\N` are handled by the caller.
    ///
    /// # Errors
    /// The text is not a value of this attribute; the sentence names it.
    pub fn read_text(&self, text: &str) -> Result<Value, ValueError> {
        self.checked(self.value_type.read_text(text))
    }

    /// Reads a JSON value; null clears.
    ///
    /// # Errors
    /// The value is not one of this attribute, or it clears a required one; the sentence names it.
    pub fn read_json(&self, json: &Json) -> Result<Value, ValueError> {
        self.checked(self.value_type.read_json(json))
    }

    fn checked(&self, value: Result<Value, ValueError>) -> Result<Value, ValueError> {
        value
            .and_then(|value| self.check(&value).map(|()| value))
            .map_err(|error| ValueError { message: format!("`{}` {}.", self.key, error.message), ..error })
    }

    fn check(&self, value: &Value) -> Result<(), ValueError> {
        match value {
            Value::Null if self.required => {
                Err(ValueError { code: "required", message: "is required and cannot be cleared".to_owned() })
            }
            Value::Text(text) if text.chars().nth(self.max_chars).is_some() => {
                Err(ValueError::too_long(self.max_chars))
            }
            Value::Text(text) if self.required && text.trim().is_empty() => {
                Err(ValueError { code: "required", message: "is required and cannot be empty".to_owned() })
            }
            Value::Text(text) => self.check_format(text),
            _ => Ok(()),
        }
    }

    fn check_format(&self, text: &str) -> Result<(), ValueError> {
        match self.format {
            Format::OneOf(allowed) if !allowed.contains(&text) => Err(ValueError {
                code: "value_not_allowed",
                message: format!("takes one of {}, not \"{text}\"", allowed.join(", ")),
            }),
            Format::TimeZone if jiff::tz::TimeZone::get(text).is_err() => Err(ValueError {
                code: "unknown_time_zone",
                message: format!("takes the name of a time zone like Europe/Berlin, not \"{text}\""),
            }),
            _ => Ok(()),
        }
    }
}
