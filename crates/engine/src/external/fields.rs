//! What a registered service takes from each node and answers it, for the forms of nodes that call it.

use caravan_connect::services::Registered;
use caravan_model::value::ValueType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::Engine;
use crate::definitions::DefinitionError;

/// What nodes can say to a service, and what it answers them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ServiceFields {
    /// Its title.
    pub title: String,
    /// What each node may set.
    pub parameters: Vec<ServiceField>,
    /// What the paths of an external split can be chosen by.
    pub variables: Vec<ServiceField>,
}

/// A parameter or a variable of a service.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ServiceField {
    /// The service's name for it.
    pub key: String,
    /// What values it takes.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// It must be set.
    pub required: bool,
    /// The only values it takes; empty: any.
    pub values: Vec<Json>,
}

/// What nodes can say to the external action `key`, as it was found when it was registered.
///
/// # Errors
/// There is no such action, or it is not registered under the address that it has now.
pub fn fields_of(engine: &Engine, key: &str) -> Result<ServiceFields, DefinitionError> {
    let live = engine.store().read(|s| engine.live(s))?;
    let found = live.definitions.registered(key).and_then(|json| Registered::deserialize(json.as_ref()).ok());
    let unknown = || DefinitionError::Unknown { kind: "registered external action".to_owned(), key: key.to_owned() };
    let Registered { described, definition } = found.ok_or_else(unknown)?;
    let announced = definition.invocation_payload_def;
    let field = |key: String, data_type: &str, required: bool, values: Option<Vec<Json>>| ServiceField {
        key,
        value_type: type_of(data_type),
        required,
        values: values.unwrap_or_default(),
    };
    let parameters = announced.flow_attributes.into_iter();
    let variables = announced.accessors_metadata.into_iter();
    Ok(ServiceFields {
        title: described.title,
        parameters: parameters.map(|it| field(it.api_name, &it.data_type, it.required, None)).collect(),
        variables: variables
            .map(|it| field(it.accessor_name, &it.data_type, false, it.constraints.allowed_values))
            .collect(),
    })
}

/// The service's words for types; what is not known is text.
fn type_of(word: &str) -> ValueType {
    match word {
        "integer" => ValueType::Integer,
        "float" => ValueType::Number,
        "boolean" => ValueType::Boolean,
        "date" => ValueType::Date,
        "datetime" => ValueType::DateTime,
        _ => ValueType::String,
    }
}
