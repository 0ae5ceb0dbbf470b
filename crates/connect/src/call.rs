//! Effects that are calls of another system's operation: the form that every connector but the message ones shares.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One call of an operation, for one account or person.
///
/// Calls of the same operation and target stand in one lane and may travel together. What `target` and `subject` hold is
/// typed by the connector that knows the operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// What is done, `marketo_add_to_list`.
    pub operation: String,
    /// To what: the list, the campaign, the audience.
    pub target: Json,
    /// For whom, with the values copied when the journey decided.
    pub subject: Json,
}

impl Eq for Call {}
