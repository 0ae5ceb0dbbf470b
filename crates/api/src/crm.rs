//! Where the ids of a CRM lead: the account or the person, so that buttons in the CRM open their pages here.

use axum::extract::State;
use caravan_model::attribute::Subject;
use caravan_model::document::{CrmKind, crm_ids};
use caravan_store::crm;
use caravan_store::journeys::Shown;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::access::Permission::ReadCustomers;
use crate::history::{self, Named};
use crate::http::{Answer, Operations, Path, Problem};

/// More are not told: one is meant.
const MOST: usize = 20;

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Records").get(
        "/api/v1/crm/{kind}/{id}",
        ReadCustomers,
        find,
        "The account or the person with this id in the CRM; nobody and several are told apart",
    )
}

#[derive(Deserialize, JsonSchema)]
struct CrmPath {
    /// What the CRM keeps there.
    kind: CrmKind,
    /// Its id there. Ids of Salesforce may have 15 letters or 18, those of Dynamics braces or none.
    id: String,
}

/// Who has an id of the CRM.
#[derive(Debug, Serialize, JsonSchema)]
struct CrmMatches {
    /// What it leads to.
    subject: Subject,
    /// Key of the attribute in which was looked; `key` where the settings name none.
    attribute: String,
    /// Whoever has it: one, unless nobody has it or several do; 20 at most.
    items: Vec<Named>,
}

async fn find(State(state): State<ApiState>, Path(path): Path<CrmPath>) -> Result<Answer<CrmMatches>, Problem> {
    let read = state.blocking(move |engine| {
        engine.store().read(|s| {
            let live = engine.live(s)?;
            let (subject, schema) = (path.kind.subject(), &live.definitions.schema);
            let attribute = history::crm(&live).id_attribute(path.kind).to_owned();
            // Whoever took the attribute away since finds nobody, and reads where was looked.
            let items = match schema.of(subject).no(&attribute) {
                Some(at) => crm::find(s, schema, subject.into(), at, &crm_ids(&path.id), MOST)?,
                None => Vec::new(),
            };
            Ok(Answer::of(CrmMatches { subject, attribute, items: items.into_iter().map(named).collect() }))
        })
    });
    read.await
}

fn named(shown: Shown) -> Named {
    Named { key: shown.key, name: Some(shown.name).filter(|name| !name.is_empty()) }
}
