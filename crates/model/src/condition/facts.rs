//! What a condition asks of the world.
//!
//! Whoever evaluates implements these over what a batch has loaded. Everything is borrowed and nothing is collected:
//! a visitor that returns true ends the visit.

use jiff::Timestamp;

use super::{Asked, Name};
use crate::attribute::AttributeNo;
use crate::id::DocumentId;
use crate::value::ValueRef;

/// Whom a condition is evaluated for.
#[derive(Clone, Copy)]
pub enum Who<'a> {
    /// An account.
    Account(&'a dyn AccountFacts),
    /// A person.
    Person(&'a dyn PersonFacts),
}

impl<'a> From<&'a dyn AccountFacts> for Who<'a> {
    fn from(account: &'a dyn AccountFacts) -> Self {
        Self::Account(account)
    }
}

impl<'a> From<&'a dyn PersonFacts> for Who<'a> {
    fn from(person: &'a dyn PersonFacts) -> Self {
        Self::Person(person)
    }
}

/// What can be asked about an account.
pub trait AccountFacts {
    /// The value of an attribute.
    fn attribute(&self, no: AttributeNo) -> ValueRef<'_>;

    /// Whether it is in an account list.
    fn in_list(&self, list: &Name) -> bool;

    /// Shows its buying groups until one makes `test` true, and says whether one did.
    fn any_group(&self, test: &mut dyn FnMut(&dyn GroupFacts) -> bool) -> bool;

    /// Shows its people until one makes `test` true, and says whether one did.
    fn any_person(&self, test: &mut dyn FnMut(&dyn PersonFacts) -> bool) -> bool;

    /// Shows its records of a custom object until one makes `test` true, and says whether one did.
    fn any_object(&self, object: &Name, test: &mut dyn FnMut(&dyn Fields) -> bool) -> bool;
}

/// What can be asked about a person. In an account journey, groups and roles are those of that account; elsewhere
/// those of any account of the person.
pub trait PersonFacts {
    /// The value of an attribute.
    fn attribute(&self, no: AttributeNo) -> ValueRef<'_>;

    /// Whether it is in a people list.
    fn in_list(&self, list: &Name) -> bool;

    /// A named score, if it has one.
    fn score(&self, score: &Name) -> Option<i64>;

    /// Shows its memberships, removed ones included, until one makes `test` true, and says whether one did.
    fn any_membership(&self, test: &mut dyn FnMut(&Membership<'_>) -> bool) -> bool;

    /// Shows its roles in the account until one makes `test` true, and says whether one did.
    fn any_role_in_account(&self, test: &mut dyn FnMut(&str) -> bool) -> bool;

    /// Shows its records of a custom object until one makes `test` true, and says whether one did.
    fn any_object(&self, object: &Name, test: &mut dyn FnMut(&dyn Fields) -> bool) -> bool;

    /// How many of its activities count ([`Asked::counts`]). It may stop counting at `enough`.
    fn count_activities(&self, asked: &Asked<'_>, enough: u64) -> u64;

    /// When the `nth` newest of those activities happened (1 = the newest); none when there are fewer. Only asked by
    /// [`Condition::flips_at`](super::Condition::flips_at).
    fn nth_newest_activity(&self, asked: &Asked<'_>, nth: u64) -> Option<Timestamp>;
}

/// What can be asked about a buying group.
pub trait GroupFacts {
    /// Its solution interest.
    fn interest(&self) -> DocumentId;
    /// Its stage.
    fn stage(&self) -> Option<&str>;
    /// Its status.
    fn status(&self) -> Option<&str>;
    /// Its completeness, 0 to 100, exact.
    fn completeness(&self) -> Option<f64>;
    /// Its engagement, 0 to 100, exact.
    fn engagement(&self) -> Option<f64>;
    /// How many members, not removed, have a role that makes `test` true.
    fn count_members(&self, test: &mut dyn FnMut(&str) -> bool) -> u64;
}

/// A person's place in a buying group.
#[derive(Clone, Copy)]
pub struct Membership<'a> {
    /// The group.
    pub group: &'a dyn GroupFacts,
    /// The role in it.
    pub role: &'a str,
    /// Soft delete.
    pub removed: bool,
}

/// The fields of an activity, a record of a custom object, or the answer of an external action.
pub trait Fields {
    /// The value of a field.
    fn field(&self, name: &str) -> ValueRef<'_>;
}

impl Fields for serde_json::Map<String, serde_json::Value> {
    fn field(&self, name: &str) -> ValueRef<'_> {
        self.get(name).map_or(ValueRef::Null, ValueRef::from_json)
    }
}

impl Fields for serde_json::Value {
    fn field(&self, name: &str) -> ValueRef<'_> {
        self.get(name).map_or(ValueRef::Null, ValueRef::from_json)
    }
}
