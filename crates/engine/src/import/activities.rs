//! Import files of activities, and the types that they may name.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use caravan_catalog::Definitions;
use caravan_catalog::events::EVENTS;
use caravan_model::document::DocumentKind;
use caravan_model::suggest::did_you_mean;
use caravan_model::value::{Value, ValueType, read_instant};
use caravan_store::{Session, StoreError, documents};
use serde_json::{Map, Value as Json};

use super::draft::read_key;
use super::ingest::{self, IncomingActivity};
use super::layout::Target;
use super::reader::Cell;
use super::{Outcome, Reject};

/// A type of activity: what its fields hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityType {
    /// Name and type of each field.
    pub fields: BTreeMap<String, ValueType>,
}

/// Every type of activity, our own and the declared ones, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityTypes(BTreeMap<String, ActivityType>);

impl ActivityTypes {
    /// Our own, and those that the installation declares.
    pub fn of(definitions: &Definitions) -> Self {
        let own = EVENTS.iter().map(|event| {
            let fields = event.fields.iter().map(|(name, value_type)| ((*name).to_owned(), *value_type)).collect();
            (event.kind.to_owned(), ActivityType { fields })
        });
        let declared = definitions.of_kind(DocumentKind::ActivityType).map(|definition| {
            let fields = definition.body.get("fields").cloned().unwrap_or_default();
            (definition.key.clone(), ActivityType { fields: serde_json::from_value(fields).unwrap_or_default() })
        });
        Self(declared.chain(own).collect())
    }

    /// The type with this key.
    pub fn get(&self, key: &str) -> Option<&ActivityType> {
        self.0.get(key)
    }

    /// The fields of all types together: what columns an import file may have.
    pub(super) fn field_names(&self) -> BTreeSet<&str> {
        self.0.values().flat_map(|kind| kind.fields.keys().map(String::as_str)).collect()
    }
}

/// Why a cell was refused: code and sentence.
type Refusal = (&'static str, String);

/// Reads the cells of one row.
pub(super) fn read<'c>(
    line: u64,
    cells: impl Iterator<Item = (&'c Target, Cell<'c>)>,
    types: &ActivityTypes,
    source: &str,
) -> Result<IncomingActivity, Reject> {
    let refuse = |(code, message): Refusal| Reject::new(line, code, message);
    let mut read = Parts::default();
    for (target, cell) in cells {
        read.take(target, cell).map_err(refuse)?;
    }
    read.whole(types, source).map_err(refuse)
}

#[derive(Default)]
struct Parts<'c> {
    id: Option<String>,
    kind: Option<String>,
    at: Option<String>,
    person_key: Option<String>,
    account_key: Option<String>,
    fields: Vec<(&'c str, Cell<'c>)>,
}

impl<'c> Parts<'c> {
    fn take(&mut self, target: &'c Target, cell: Cell<'c>) -> Result<(), Refusal> {
        match target {
            Target::Id => self.id = read_key("id", cell)?,
            Target::Type => self.kind = read_key("type", cell)?,
            Target::At => self.at = read_key("at", cell)?,
            Target::PersonKey => self.person_key = read_key("person_key", given(cell))?,
            Target::AccountKey => self.account_key = read_key("account_key", given(cell))?,
            Target::Field(name) => self.fields.push((name, cell)),
            _ => {}
        }
        Ok(())
    }

    fn whole(self, types: &ActivityTypes, source: &str) -> Result<IncomingActivity, Refusal> {
        let missing = |name: &str| ("missing_value", format!("The row has no `{name}`. Give it."));
        let kind = self.kind.ok_or_else(|| missing("type"))?;
        let Some(known) = types.get(&kind) else {
            let hint = did_you_mean(&kind, types.0.keys().map(String::as_str));
            let hint = if hint.is_empty() { " Declare it with kind `activity_type`." } else { &hint };
            return Err(("unknown_activity_type", format!("There is no activity type `{kind}`.{hint}")));
        };
        let at = self.at.ok_or_else(|| missing("at"))?;
        let at = read_instant(&at).ok_or_else(|| {
            let expected = ValueType::DateTime.expected();
            ("wrong_value_type", format!("`at` expects {expected}, not \"{at}\"."))
        })?;
        if self.person_key.is_none() && self.account_key.is_none() {
            return Err(("missing_value", "The row names nobody. Give `person_key` or `account_key`.".to_owned()));
        }
        let fields = read_fields(&kind, known, self.fields)?;
        let (external_id, person_key, account_key) = (self.id, self.person_key, self.account_key);
        Ok(IncomingActivity { source: source.to_owned(), external_id, kind, at, person_key, account_key, fields })
    }
}

/// An activity has nothing stored that could be cleared.
fn given(cell: Cell<'_>) -> Cell<'_> {
    if matches!(cell, Cell::Clear) { Cell::Empty } else { cell }
}

fn read_fields(kind: &str, known: &ActivityType, cells: Vec<(&str, Cell<'_>)>) -> Result<Map<String, Json>, Refusal> {
    let mut fields = Map::new();
    for (name, cell) in cells {
        let value_of = |read: &dyn Fn(ValueType) -> Result<Value, caravan_model::value::ValueError>| {
            let Some(value_type) = known.fields.get(name) else {
                let hint = did_you_mean(name, known.fields.keys().map(String::as_str));
                let message = format!("Activities of type `{kind}` have no field `{name}`.{hint}");
                return Err(("unknown_field", message));
            };
            read(*value_type).map_err(|error| (error.code, format!("`{name}` {}.", error.message)))
        };
        let value = match cell {
            Cell::Empty | Cell::Clear => continue,
            Cell::Text(text) => value_of(&|value_type| value_type.read_text(text))?,
            Cell::Json(json) => value_of(&|value_type| value_type.read_json(json))?,
        };
        if value.as_text().is_some_and(|text| text.contains('\0')) {
            return Err(("invalid_character", format!("`{name}` contains a NUL character. Remove it.")));
        }
        fields.insert(name.to_owned(), value.to_json());
    }
    Ok(fields)
}

/// Takes one chunk in.
pub(super) fn apply(s: &mut dyn Session, rows: &[(u64, IncomingActivity)]) -> Result<Outcome, StoreError> {
    let now = s.now()?;
    let heard: HashSet<String> = documents::heard(s)?.into_iter().collect();
    let batch: Vec<&IncomingActivity> = rows.iter().map(|(_, activity)| activity).collect();
    let done = ingest::take(s, &batch, now, &heard)?;
    Ok(Outcome { created: done.stored, unchanged: done.repeated, parked: done.parked, ..Outcome::default() })
}
