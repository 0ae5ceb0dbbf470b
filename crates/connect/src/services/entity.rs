//! Whom a call is about, as both sides write it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::definition::{EntityType, Field, ServiceDefinition};

/// Identifiers fit into what JavaScript counts exactly.
const EXACT: u64 = (1 << 53) - 1;

/// Whom a call is about. The numbers are ours; they stay the same for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// The account.
    pub account: i64,
    /// The person, where it is about one.
    pub person: Option<i64>,
}

impl Entity {
    /// The number of a person's relation to an account: always the same for the same two.
    pub fn relation(self) -> i64 {
        let person = self.person.unwrap_or_default();
        // Two different pairs meet by a chance of one in 2^53; the service is told both ids beside it.
        let mixed =
            (self.account.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15)) ^ person.unsigned_abs().rotate_left(21);
        i64::try_from((mixed ^ (mixed >> 29)) & EXACT).unwrap_or_default()
    }

    /// `objectContext` of a request, with the attributes under the service's names.
    pub fn context(self, of: &ServiceDefinition, attributes: &Map<String, Json>) -> Json {
        let sent = &of.invocation_payload_def;
        let (people, accounts) = (picked(&sent.fields, attributes), picked(&sent.account_fields, attributes));
        match of.supported_entity_type {
            EntityType::Lead => json!({"leadId": self.person.unwrap_or_default().to_string(), "leadData": people}),
            EntityType::Account => json!({"accountId": self.account.to_string(), "accountData": accounts}),
            EntityType::AccountPerson => json!({
                "accountId": self.account.to_string(),
                "accountData": accounts,
                "accountPersonRelationships": [{
                    "accountPersonRelId": self.relation(),
                    "accountId": self.account,
                    "personId": self.person.unwrap_or_default(),
                    "leadData": people,
                }],
            }),
        }
    }
}

/// Those of the attributes that are among the fields, in the order of the fields.
fn picked(fields: &[Field], attributes: &Map<String, Json>) -> Map<String, Json> {
    let known =
        |field: &Field| Some((field.service_attribute.clone(), attributes.get(&field.service_attribute)?.clone()));
    fields.iter().filter_map(known).collect()
}

/// Whether a value says this number, as a number or as a text.
pub(super) fn is_number(value: Option<&Json>, wanted: i64) -> bool {
    value.is_some_and(|value| value.as_i64() == Some(wanted) || value.as_str() == Some(wanted.to_string().as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn relations_are_numbers_that_javascript_counts_exactly(account in 1..i64::MAX, person in 1..i64::MAX) {
            let number = Entity { account, person: Some(person) }.relation();
            prop_assert!((0..1 << 53).contains(&number));
        }
    }

    #[test]
    fn neighbours_have_different_relations() {
        let pairs = (1..60).flat_map(|account| (1..60).map(move |person| Entity { account, person: Some(person) }));
        let numbers: std::collections::HashSet<i64> = pairs.map(Entity::relation).collect();
        assert_eq!(numbers.len(), 59 * 59);
    }
}
