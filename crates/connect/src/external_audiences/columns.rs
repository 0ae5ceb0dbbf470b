//! Elements that are rows: named cells made from a person's attributes.

use caravan_model::Finding;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::forms::Form;

/// The columns of a destination, by their names over there.
pub type Columns = IndexMap<String, Column>;

/// The cells of a person, by column.
pub type Element = IndexMap<String, String>;

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Key of an attribute of people; `key` is the person's own key.
    #[schemars(extend("x-attribute" = "person", "x-attribute-use" = "read"))]
    pub attribute: String,
    /// How it is written.
    #[serde(default, rename = "as")]
    pub form: Form,
}

/// The person's key and the address in small letters: what is meant where no columns are named.
pub fn usual() -> Columns {
    let column = |attribute: &str, form| Column { attribute: attribute.to_owned(), form };
    [("person_key", column("key", Form::Plain)), ("email", column("email", Form::Lower))]
        .map(|(name, column)| (name.to_owned(), column))
        .into()
}

/// The attributes that columns are made from.
pub fn attributes(columns: &Columns) -> Vec<String> {
    columns.values().map(|column| column.attribute.clone()).collect()
}

/// A person's row. A missing value is an empty cell; a row of nothing but empty cells is none.
///
/// # Errors
/// `no_value` when nothing of the person is known that any column asks for.
pub fn element(columns: &Columns, person: &Map<String, Json>) -> Result<Json, &'static str> {
    let cell = |column: &Column| {
        let value = person.get(&column.attribute).filter(|value| !value.is_null())?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        column.form.of(&text)
    };
    let cells: Element =
        columns.iter().map(|(name, column)| (name.clone(), cell(column).unwrap_or_default())).collect();
    if cells.values().all(String::is_empty) {
        return Err("no_value");
    }
    serde_json::to_value(cells).map_err(|_| "no_value")
}

/// What is wrong with columns. Pointers start at the destination document.
pub fn check(columns: &Columns) -> Vec<Finding> {
    let mut findings = Vec::new();
    if columns.is_empty() {
        let message = "There are no columns. Name some, or leave `columns` out for the person's key and address.";
        findings.push(Finding::error("no_columns", "/settings/columns", message));
    }
    for name in columns.keys() {
        let fits = !name.is_empty() && name.len() <= 100 && !name.chars().any(char::is_control);
        if !fits || name == "operation" {
            let message = format!("`{name}` cannot be the name of a column. Choose another one.");
            findings.push(Finding::error("bad_column", format!("/settings/columns/{name}"), message));
        }
    }
    findings
}
