//! Finding a service by the address of its OpenAPI document.

use std::time::Duration;

use caravan_model::Finding;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::connector::Access;
use super::definition::ServiceDefinition;
use super::openapi::{self, Described};
use crate::connector::{Secrets, Surroundings, sentence};

/// How long fetching the document may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service as it was found when it was registered. It stays so, whatever the document says later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// What its OpenAPI document says.
    pub described: Described,
    /// What it says of itself.
    pub definition: ServiceDefinition,
}

impl Registered {
    /// The headers of each call: those that the service announced, with the values that were set for them.
    pub fn headers(&self, set: &Map<String, Json>) -> Map<String, Json> {
        let announced = self.definition.invocation_payload_def.headers.iter();
        let mut headers: Map<String, Json> =
            announced.filter_map(|header| Some((header.name.clone(), Json::String(header.value.clone()?)))).collect();
        headers.extend(set.clone());
        headers
    }
}

/// Fetches the document at `address`, then asks the service for its definition and whether it is well.
///
/// # Errors
/// Everything that stands against registering it.
pub fn find(address: &str, secrets: &Secrets, surroundings: &Surroundings) -> Result<Registered, Vec<Finding>> {
    surroundings.runtime.block_on(async {
        let text = surroundings.outbound.fetch(address, PATIENCE).await.map_err(|why| {
            vec![Finding::error(
                "document_unreachable",
                "/url",
                format!("The OpenAPI document cannot be fetched: {why}"),
            )]
        })?;
        let described = openapi::read(&text, address)?;
        let access = Access::new(&described.authentication, secrets, surroundings)?;
        let ask = async |path: &str| {
            let answer = access.call(&Method::GET, &format!("{}{path}", described.base), |call| call).await;
            let failed =
                |why: String| vec![Finding::error("service_unreachable", "/url", format!("GET {path}: {why}"))];
            match answer {
                Ok(answer) if answer.is_success() => Ok(answer),
                Ok(answer) => Err(failed(format!("the service answers {}. {}", answer.status, answer.excerpt()))),
                Err(outcome) => Err(failed(sentence(&outcome))),
            }
        };
        let definition = ServiceDefinition::read(&ask("/getServiceDefinition").await?.body)?;
        ask("/status").await?;
        Ok(Registered { described, definition })
    })
}
