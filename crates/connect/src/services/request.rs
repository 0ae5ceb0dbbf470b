//! The body of an execution request.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::definition::{Parameter, ServiceDefinition};
use super::entity::Entity;

/// One call of a service, ready to leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceCall {
    /// Whom it is about.
    pub entity: Entity,
    /// By which the answer is recognised; the same at every attempt.
    pub token: String,
    /// Where the answer is posted to.
    pub callback_url: String,
    /// What the service may know of the installation.
    pub subscription: Json,
    /// … and of the journey.
    pub journey: Json,
    /// Attributes of ours under the service's names.
    pub attributes: Map<String, Json>,
    /// Values of its parameters, the administrator's and the node's.
    pub values: Map<String, Json>,
    /// Minutes that the answer may take.
    pub timeout_minutes: u32,
    /// The paths of the node and their conditions, for information.
    pub paths: Vec<Json>,
}

impl Eq for ServiceCall {}

impl ServiceCall {
    /// As the wire has it.
    pub fn body(&self, of: &ServiceDefinition, headers: &Map<String, Json>) -> Json {
        let sent = &of.invocation_payload_def;
        let values = |named: &[Parameter]| -> Map<String, Json> {
            let known = |one: &Parameter| Some((one.api_name.clone(), self.values.get(&one.api_name)?.clone()));
            named.iter().filter_map(known).collect()
        };
        let mut context = Map::new();
        if sent.subscription_context {
            context.insert("subscription".into(), self.subscription.clone());
        }
        if sent.journey_context {
            context.insert("journey".into(), self.journey.clone());
        }
        context.insert("admin".into(), Json::Object(values(&sent.global_attributes)));
        let mut config = json!({ "timeout": self.timeout_minutes });
        if of.enable_split_paths {
            config["pathConfig"] = Json::Array(self.paths.clone());
        }
        json!({
            "token": self.token,
            "callbackUrl": self.callback_url,
            "context": context,
            "objectData": {
                "objectType": of.supported_entity_type.word(),
                "objectContext": self.entity.context(of, &self.attributes),
                "flowStepContext": values(&sent.flow_attributes),
            },
            "actionConfig": config,
            "customHeaders": headers,
            "enableSplitPaths": of.enable_split_paths,
        })
    }
}
