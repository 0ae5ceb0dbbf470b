//! What an export tells of a row beside its attributes, column by column.

use std::collections::HashMap;

use caravan_catalog::groups as rules;
use caravan_model::value::Value;
use caravan_store::group_pages::ListedGroup;
use caravan_store::people::{ListedRow, TimelineRow};

use crate::status::TravellerRow;

/// A cell of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Words of somebody, which a spreadsheet might take for a formula.
    Text(String),
    /// A number, a time, a key of ours: written as it is.
    Plain(String),
}

impl Cell {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text.clone()),
            other => Self::Plain(other.to_string()),
        }
    }

    pub(super) fn text(value: Option<String>) -> Self {
        Self::Text(value.unwrap_or_default())
    }

    pub(super) fn plain(value: impl ToString) -> Self {
        Self::Plain(value.to_string())
    }

    pub(super) fn opt<T: ToString>(value: Option<T>) -> Self {
        Self::Plain(value.map(|value| value.to_string()).unwrap_or_default())
    }
}

pub(super) const OF_ACCOUNTS: &[&str] = &["people", "updated_at"];
pub(super) const OF_PEOPLE: &[&str] = &["accounts", "engagement", "updated_at"];
pub(super) const OF_MEMBERS: &[&str] = &["member_source", "member_since"];
pub(super) const OF_GROUPS: &[&str] = &[
    "id",
    "name",
    "account",
    "account_name",
    "solution_interest",
    "stage",
    "status",
    "completeness",
    "engagement",
    "members",
    "missing_roles",
    "created_at",
    "updated_at",
];
pub(super) const OF_ACTIVITIES: &[&str] = &["id", "type", "at", "received_at", "account", "person", "source", "fields"];
pub(super) const OF_TRAVELLERS: &[&str] = &[
    "trip",
    "key",
    "name",
    "email",
    "entry",
    "node",
    "node_title",
    "entered_at",
    "arrived_at",
    "due_at",
    "outcome",
    "ended_at",
];

pub(super) fn own_of_listed(name: &str, row: &ListedRow, accounts: &HashMap<i64, String>) -> Cell {
    match name {
        "people" => Cell::plain(row.related),
        "accounts" => Cell::text(accounts.get(&row.id).cloned()),
        "engagement" => Cell::opt(row.engagement),
        _ => Cell::plain(row.updated_at),
    }
}

pub(super) fn own_of_group(name: &str, row: &ListedGroup, missing: &str) -> Cell {
    match name {
        "id" => Cell::plain(row.id),
        "name" => Cell::Text(rules::name(&row.interest_name, &row.account_name)),
        "account" => Cell::Text(row.account_key.clone()),
        "account_name" => Cell::Text(row.account_name.clone()),
        "solution_interest" => Cell::plain(&row.interest_key),
        "stage" => Cell::text(row.stage.clone()),
        "status" => Cell::text(row.status.clone()),
        "completeness" => Cell::opt(row.completeness),
        "engagement" => Cell::opt(row.engagement),
        "members" => Cell::plain(row.members),
        "missing_roles" => Cell::Text(missing.to_owned()),
        "created_at" => Cell::plain(row.created_at),
        _ => Cell::plain(row.updated_at),
    }
}

pub(super) fn own_of_traveller(name: &str, row: &TravellerRow) -> Cell {
    match name {
        "trip" => Cell::plain(&row.id),
        "key" => Cell::Text(row.traveller.key.clone()),
        "name" => Cell::Text(row.traveller.name.clone()),
        "email" => Cell::text(row.email.clone()),
        "entry" => Cell::plain(row.entry),
        "node" => Cell::plain(&row.node),
        "node_title" => Cell::Text(row.node_title.clone()),
        "entered_at" => Cell::plain(row.entered_at),
        "arrived_at" => Cell::plain(row.arrived_at),
        "due_at" => Cell::opt(row.due_at),
        "outcome" => Cell::opt(row.outcome.clone()),
        _ => Cell::opt(row.ended_at),
    }
}

pub(super) fn own_of_activity(name: &str, row: &TimelineRow) -> Cell {
    match name {
        "id" => Cell::plain(row.id),
        "type" => Cell::plain(&row.kind),
        "at" => Cell::plain(row.at),
        "received_at" => Cell::plain(row.received_at),
        "account" => Cell::text(row.account.as_ref().map(|(_, key)| key.clone())),
        "person" => Cell::text(row.person.as_ref().map(|(_, key)| key.clone())),
        "source" => Cell::text(Some(row.source.clone())),
        // An object in braces is no formula.
        _ => Cell::opt(row.fields.clone()),
    }
}
