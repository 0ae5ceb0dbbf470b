//! Field management: every attribute of accounts and people, what may be done with it, and who uses it.

use axum::extract::State;
use caravan_engine::definitions::Named;
use caravan_engine::uses;
use caravan_model::attribute::{AttributeSet, MAX_MANAGED, Subject};
use caravan_model::value::ValueType;
use caravan_store::StoreError;
use schemars::JsonSchema;
use serde::Serialize;

use crate::ApiState;
use crate::access::Permission::ReadDefinitions;
use crate::http::{Answer, Operations, Problem};

/// The operations of this file.
pub fn operations() -> Operations {
    Operations::of("Definitions").get(
        "/api/v1/fields",
        ReadDefinitions,
        show,
        "Attributes of accounts and people, managed or not, with the definitions that use them",
    )
}

/// The attributes of both subjects.
#[derive(Debug, Serialize, JsonSchema)]
struct Fields {
    account: Schema,
    person: Schema,
}

/// The attributes of one subject.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FieldSchema")]
struct Schema {
    /// How many are managed.
    managed: usize,
    /// How many may be managed.
    most_managed: usize,
    /// How many journeys may write.
    updatable: usize,
    /// All of them, standard ones first.
    fields: Vec<Field>,
}

/// One attribute.
#[derive(Debug, Serialize, JsonSchema)]
struct Field {
    /// In files, conditions and templates.
    key: String,
    /// What marketers read.
    label: String,
    /// What values it takes.
    #[serde(rename = "type")]
    value_type: ValueType,
    /// Conditions, journeys and personalisation see it.
    managed: bool,
    /// Journeys may write it.
    updatable: bool,
    /// It is needed everywhere and cannot be switched off.
    always_managed: bool,
    /// Journeys never write it: it is a key, or for imports and the people concerned alone.
    never_updatable: bool,
    /// Declared by this installation; standard ones are switched in the settings.
    custom: bool,
    /// The definitions that ask for it or write it.
    used_by: Vec<Named>,
}

async fn show(State(state): State<ApiState>) -> Result<Answer<Fields>, Problem> {
    let read = state.blocking(|engine| {
        let (live, users) =
            engine.store().read(|s| Ok::<_, StoreError>((engine.live(s)?, uses::users_of_attributes(s)?)))?;
        let schema = |subject: Subject| {
            let used_by = |key: &str| users.get(&(subject, key.to_owned())).cloned().unwrap_or_default();
            schema(live.definitions.schema.of(subject), &used_by)
        };
        Ok(Fields { account: schema(Subject::Account), person: schema(Subject::Person) })
    });
    Ok(Answer::of(read.await?))
}

fn schema(set: &AttributeSet, used_by: &dyn Fn(&str) -> Vec<Named>) -> Schema {
    let field = |attribute: &caravan_model::attribute::Attribute| Field {
        always_managed: !attribute.custom && attribute.required,
        never_updatable: set.never_updatable(&attribute.key),
        key: attribute.key.clone(),
        label: attribute.label.clone(),
        value_type: attribute.value_type,
        managed: attribute.visible,
        updatable: attribute.updatable,
        custom: attribute.custom,
        used_by: used_by(&attribute.key),
    };
    Schema {
        managed: set.managed(),
        most_managed: MAX_MANAGED,
        updatable: set.iter().filter(|(_, attribute)| attribute.updatable).count(),
        fields: set.iter().map(|(_, attribute)| field(attribute)).collect(),
    }
}
