//! What a service says of itself: `GET /getServiceDefinition`.

use caravan_model::Finding;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The longest a service may ask to be waited for, in minutes.
pub const LONGEST_MINUTES: u32 = 240;

/// A service's definition. Members that we do not use are passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceDefinition {
    /// Its name for machines.
    pub api_name: String,
    /// Names by language.
    pub i18n: Map<String, Json>,
    /// The parameter that tells two uses of it apart.
    pub primary_attribute: String,
    /// Whom it is about.
    pub supported_entity_type: EntityType,
    /// Whether its answers choose paths.
    pub enable_split_paths: bool,
    /// Minutes that an answer may take.
    #[serde(default = "an_hour")]
    pub timeout: u32,
    /// What it is sent.
    pub invocation_payload_def: Invocation,
    /// What it answers.
    pub callback_payload_def: Callback,
}

fn an_hour() -> u32 {
    60
}

/// Whom a service is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EntityType {
    /// A person.
    Lead,
    /// An account.
    Account,
    /// A person in an account.
    AccountPerson,
}

impl EntityType {
    /// As the wire says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Account => "account",
            Self::AccountPerson => "accountPerson",
        }
    }
}

/// What a service is sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Invocation {
    /// Parameters that an administrator sets once.
    pub global_attributes: Vec<Parameter>,
    /// Parameters that each node sets.
    pub flow_attributes: Vec<Parameter>,
    /// Attributes of people.
    pub fields: Vec<Field>,
    /// Attributes of accounts.
    pub account_fields: Vec<Field>,
    /// Headers of each call.
    pub headers: Vec<Header>,
    /// Whether it wants to know the journey.
    #[serde(default = "yes")]
    pub journey_context: bool,
    /// Whether it wants to know the installation.
    #[serde(default = "yes")]
    pub subscription_context: bool,
    /// What paths can be chosen by.
    pub accessors_metadata: Vec<Accessor>,
}

fn yes() -> bool {
    true
}

/// What a service answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Callback {
    /// Attributes of people.
    pub fields: Vec<Field>,
    /// Attributes of accounts.
    pub account_fields: Vec<Field>,
    /// Others.
    pub attributes: Vec<Parameter>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Its name for machines.
    pub api_name: String,
    /// Its type.
    #[serde(default)]
    pub data_type: String,
    /// Whether it must be set.
    #[serde(default)]
    pub required: bool,
}

/// An attribute, under the service's name for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Its name.
    pub service_attribute: String,
    /// Its type.
    #[serde(default)]
    pub data_type: String,
    /// Whether it must be sent.
    #[serde(default)]
    pub required: bool,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
}

/// A header. Two spellings are in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Its name.
    #[serde(alias = "headerName")]
    pub name: String,
    /// Its value.
    #[serde(alias = "defaultValue", default)]
    pub value: Option<String>,
}

/// A variable that paths can be chosen by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accessor {
    /// Its name.
    pub accessor_name: String,
    /// Its type.
    pub data_type: String,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// What its values keep to.
    #[serde(default)]
    pub constraints: Constraints,
}

/// What the values of an accessor keep to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Constraints {
    /// The least.
    pub min_value: Option<f64>,
    /// The most.
    pub max_value: Option<f64>,
    /// The only ones.
    pub allowed_values: Option<Vec<Json>>,
}

impl Accessor {
    /// Whether an answer may say this: nothing, or a value of the type within the bounds.
    pub fn takes(&self, value: &Json) -> bool {
        if value.is_null() {
            return true;
        }
        let typed = match self.data_type.as_str() {
            "integer" => value.is_i64() || value.is_u64(),
            "float" => value.is_number(),
            "boolean" => value.is_boolean(),
            "date" => value.as_str().is_some_and(|text| text.parse::<jiff::civil::Date>().is_ok()),
            "datetime" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
            // `email` and others that are in use are texts.
            _ => value.is_string(),
        };
        let Constraints { min_value, max_value, allowed_values } = &self.constraints;
        let number = value.as_f64();
        let within =
            number.is_none_or(|n| min_value.is_none_or(|min| n >= min) && max_value.is_none_or(|max| n <= max));
        typed && within && allowed_values.as_ref().is_none_or(|allowed| allowed.contains(value))
    }
}

impl ServiceDefinition {
    /// Reads and checks a definition.
    ///
    /// # Errors
    /// What is wrong with it, place by place.
    pub fn read(text: &[u8]) -> Result<Self, Vec<Finding>> {
        let read: Self = serde_json::from_slice(text).map_err(|error| {
            vec![Finding::error(
                "bad_service_definition",
                "",
                format!("The service's definition cannot be read: {error}."),
            )]
        })?;
        let findings = read.findings();
        if findings.is_empty() { Ok(read) } else { Err(findings) }
    }

    /// Its name in English.
    pub fn name(&self) -> &str {
        self.english("name").unwrap_or(&self.api_name)
    }

    fn english(&self, member: &str) -> Option<&str> {
        self.i18n.get("en_US")?.get(member)?.as_str()
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut wrong = |pointer: &str, message: String| {
            findings.push(Finding::error("bad_service_definition", pointer, message));
        };
        for member in ["name", "description"] {
            if self.english(member).is_none() {
                wrong("/i18n/en_US", format!("The definition has no English {member} (`i18n.en_US.{member}`)."));
            }
        }
        let (sent, heard) = (&self.invocation_payload_def, &self.callback_payload_def);
        let named = |all: &[Parameter]| all.iter().any(|one| one.api_name == self.primary_attribute);
        if !named(&sent.flow_attributes) || named(&heard.attributes) {
            let name = &self.primary_attribute;
            wrong(
                "/primaryAttribute",
                format!("`{name}` is not one of the flow attributes, or is one of the answer's."),
            );
        }
        if !(1..=LONGEST_MINUTES).contains(&self.timeout) {
            wrong("/timeout", format!("The timeout is {} minutes; it may be 1 to {LONGEST_MINUTES}.", self.timeout));
        }
        let entity = self.supported_entity_type;
        if entity == EntityType::Lead && sent.fields.is_empty() {
            wrong("/invocationPayloadDef/fields", "A service about people must name the fields that it wants.".into());
        }
        if entity == EntityType::Account && sent.account_fields.is_empty() {
            let message = "A service about accounts must name the account fields that it wants.";
            wrong("/invocationPayloadDef/accountFields", message.into());
        }
        if self.enable_split_paths && sent.accessors_metadata.is_empty() {
            let message = "A service that splits paths must say what can be asked of its answer (`accessorsMetadata`).";
            wrong("/invocationPayloadDef/accessorsMetadata", message.into());
        }
        findings
    }
}
