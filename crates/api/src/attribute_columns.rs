//! Attributes beside the columns that lists of accounts and people have by themselves: which are shown, and ordered by which.

use std::collections::HashMap;

use caravan_engine::live::Live;
use caravan_engine::sorting;
use caravan_model::Finding;
use caravan_model::attribute::{AttributeNo, AttributeSet, Schema, Subject};
use caravan_model::value::Value;
use caravan_store::ordered::Sort;
use caravan_store::people::ListedBy;
use caravan_store::records::{self, Table};
use caravan_store::{Session, StoreError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::http::Problem;

/// Attributes that one page shows, at most.
const MOST: usize = 20;

/// Which attributes a list shows beside its own columns.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct AttributesQuery {
    /// Keys of attributes that each row tells under `attributes`, separated by commas; 20 at most.
    attributes: Option<String>,
    /// Key of an attribute to order by, instead of `sort`.
    sort_attribute: Option<String>,
}

/// The attributes that were asked for, and the order.
pub struct Chosen {
    table: Table,
    columns: Vec<(String, AttributeNo)>,
    /// What the list is ordered by.
    pub sort: Sort<ListedBy>,
}

impl AttributesQuery {
    /// Finds what is named; the list's own order holds where none is.
    pub fn chosen(&self, live: &Live, table: Table, own: Sort<ListedBy>) -> Result<Chosen, Problem> {
        let set = live.definitions.schema.of(Subject::from(table));
        let columns = self.columns(set)?;
        let sort = sorting::by_attribute(own, set, self.sort_attribute.as_deref(), "sort_attribute");
        Ok(Chosen { table, columns, sort: sort.map_err(refused)? })
    }

    fn columns(&self, set: &AttributeSet) -> Result<Vec<(String, AttributeNo)>, Problem> {
        let said = self.attributes.as_deref().unwrap_or_default().split(',');
        let keys: Vec<&str> = said.map(str::trim).filter(|key| !key.is_empty()).collect();
        if keys.len() > MOST {
            let detail = format!("`attributes` names {} attributes. Name {MOST} at most.", keys.len());
            return Err(Problem::bad_request("too_many_attributes", detail));
        }
        let found = keys.iter().map(|key| set.find(key, "attributes").map(|(no, _)| ((*key).to_owned(), no)));
        found.collect::<Result<_, _>>().map_err(refused)
    }
}

fn refused(finding: Finding) -> Problem {
    Problem::bad_request(&finding.code, finding.message)
}

impl Chosen {
    /// What these rows hold, by id: one statement for all of them, and none where nothing was asked for.
    pub fn values(
        &self,
        s: &mut dyn Session,
        schema: &Schema,
        ids: &[i64],
    ) -> Result<HashMap<i64, Map<String, Json>>, StoreError> {
        if self.columns.is_empty() {
            return Ok(HashMap::new());
        }
        let numbers: Vec<AttributeNo> = self.columns.iter().map(|(_, no)| *no).collect();
        let read: Vec<(i64, Vec<Value>)> = match self.table {
            Table::Account => {
                let rows = records::accounts(s, schema, ids, &numbers)?;
                rows.into_iter().map(|row| (row.id.0, row.values)).collect()
            }
            Table::Person => {
                let rows = records::people(s, schema, ids, &numbers, false)?;
                rows.into_iter().map(|row| (row.id.0, row.values)).collect()
            }
        };
        Ok(read.into_iter().map(|(id, values)| (id, self.named(&values))).collect())
    }

    fn named(&self, values: &[Value]) -> Map<String, Json> {
        let set = self.columns.iter().zip(values).filter(|(_, value)| !value.is_missing());
        set.map(|((key, _), value)| (key.clone(), value.to_json())).collect()
    }
}
