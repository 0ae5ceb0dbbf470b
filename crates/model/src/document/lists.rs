//! Lists and saved filters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Definition, DocumentKind, Envelope, PlacedCondition, Reference};
use crate::attribute::Subject;
use crate::finding::Finding;

/// How a list comes by its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListType {
    /// By hand, by import and by journeys.
    Static,
    /// By a condition, as data changes.
    Dynamic,
}

/// A list of accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountList {
    /// How it comes by its members.
    #[serde(rename = "type")]
    pub list_type: ListType,
    /// Who belongs to a dynamic list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reader" = "condition"))]
    pub when: Option<Value>,
    /// Keys of accounts to add to a static list when it is applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
}

/// A saved filter: an audience of accounts or of people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Whose audience it is.
    pub subject: Subject,
    /// Who belongs to it.
    #[schemars(extend("x-reader" = "condition"))]
    pub when: Value,
}

/// A list of people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeopleList {
    /// How it comes by its members.
    #[serde(rename = "type")]
    pub list_type: ListType,
    /// Who belongs to a dynamic list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reader" = "condition"))]
    pub when: Option<Value>,
    /// Keys of people to add to a static list when it is applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// Destinations that a static list is kept in step with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-reference" = "destination"))]
    pub destinations: Vec<String>,
}

impl Definition for AccountList {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        members(self.list_type, self.when.is_some(), !self.accounts.is_empty(), "accounts").into_iter().collect()
    }

    fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        self.when.iter().map(|json| PlacedCondition::new("/when", Subject::Account, json)).collect()
    }
}

impl Definition for Audience {
    fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        vec![PlacedCondition::new("/when", self.subject, &self.when)]
    }
}

impl Definition for PeopleList {
    fn check(&self, _: &Envelope) -> Vec<Finding> {
        members(self.list_type, self.when.is_some(), !self.people.is_empty(), "people").into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        Reference::each(DocumentKind::Destination, &self.destinations, "/destinations")
    }

    fn conditions(&self) -> Vec<PlacedCondition<'_>> {
        self.when.iter().map(|json| PlacedCondition::new("/when", Subject::Person, json)).collect()
    }
}

/// A dynamic list has a condition and nothing else, a static one none.
fn members(list_type: ListType, condition: bool, members: bool, field: &str) -> Option<Finding> {
    match list_type {
        ListType::Dynamic if members => {
            let message =
                format!("A dynamic list finds its members by `when`. Remove `{field}`, or write `type: static`.");
            Some(Finding::error("members_of_dynamic_list", format!("/{field}"), message))
        }
        ListType::Dynamic if !condition => {
            let message = "A dynamic list needs a condition. Add `when`, or write `type: static`.";
            Some(Finding::error("missing_field", "/when", message))
        }
        ListType::Static if condition => {
            let message = "A static list has no condition. Remove `when`, or write `type: dynamic`.";
            Some(Finding::error("condition_of_static_list", "/when", message))
        }
        ListType::Static | ListType::Dynamic => None,
    }
}
