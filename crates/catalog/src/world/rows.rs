//! What a world holds: accounts, people, groups with their members, and what is loaded beside them.

use std::sync::Arc;

use caravan_model::journey::LastTrip;
use caravan_model::value::Value;
use caravan_model::{AccountId, DocumentId, EnrollmentId, GroupId, PersonId, Shard};
use jiff::Timestamp;

#[cfg(doc)]
use super::World;
use super::{GroupIx, PersonIx};

/// Who decided a membership. Ordered: the higher one wins, for adding and for removing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A rule: the group's creation or maintenance job.
    System,
    /// A journey's action.
    Journey,
    /// A person's hand.
    Manual,
}

impl Source {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Journey => "journey",
            Self::Manual => "manual",
        }
    }

    /// From its stored form; what is unknown counts as a rule.
    pub fn from_stored(text: &str) -> Self {
        match text {
            "manual" => Self::Manual,
            "journey" => Self::Journey,
            _ => Self::System,
        }
    }
}

/// An account as the batch sees it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its shard.
    pub shard: Shard,
    /// Its natural key.
    pub key: String,
    /// Its name; an account with an empty one never enters.
    pub name: String,
    /// The loaded attributes, in the order of [`World::account_projection`].
    pub values: Vec<Value>,
    /// Its people.
    pub people: Vec<PersonIx>,
    /// The lists and audiences that it is in, of those asked for.
    pub lists: Vec<DocumentId>,
    /// Its buying groups, of those asked for.
    pub groups: Vec<GroupIx>,
    /// Its records of the custom objects asked for.
    pub records: Vec<ObjectRecord>,
    /// Its enrollments in the journeys asked for.
    pub trips: Vec<Trip>,
}

/// A record of a custom object or an opportunity.
#[derive(Debug, Clone)]
pub struct ObjectRecord {
    /// The object.
    pub object: DocumentId,
    /// Its fields.
    pub fields: Arc<serde_json::Value>,
}

/// A person as the batch sees it.
#[derive(Debug, Clone)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// Its own shard.
    pub shard: Shard,
    /// Its natural key.
    pub key: String,
    /// It never enters a journey.
    pub test_profile: bool,
    /// The loaded attributes, in the order of [`World::person_projection`].
    pub values: Vec<Value>,
    /// Its named scores, of those asked for.
    pub scores: Vec<(DocumentId, i64)>,
    /// Its engagement, 0 to 100, exact; none where it was not asked for.
    pub engagement: Option<f64>,
    /// The people lists and audiences that it is in, of those asked for.
    pub lists: Vec<DocumentId>,
    /// Its memberships: group, and the place in that group's members.
    pub memberships: Vec<(GroupIx, usize)>,
    /// Its roles in each account that it belongs to, of those asked for.
    pub roles: Vec<(AccountId, Vec<String>)>,
    /// Its records of the custom objects asked for.
    pub records: Vec<ObjectRecord>,
    /// Its activities of the types asked for, oldest first.
    pub history: Vec<PastActivity>,
    /// Its enrollments in the journeys asked for.
    pub trips: Vec<Trip>,
}

/// A fact that lies in the past of a person.
#[derive(Debug, Clone)]
pub struct PastActivity {
    /// Its type.
    pub kind: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
    /// The account that it carries.
    pub account: Option<AccountId>,
    /// Its own fields.
    pub fields: Arc<serde_json::Value>,
}

/// The latest enrollment of a subject in one journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trip {
    /// The journey.
    pub journey: DocumentId,
    /// The enrollment.
    pub enrollment: EnrollmentId,
    /// Which entry it was, and when it began and ended.
    pub last: LastTrip,
}

/// A buying group with its members, removed ones included.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its account.
    pub account: AccountId,
    /// Its solution interest.
    pub interest: DocumentId,
    /// Its stage.
    pub stage: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Its completeness, 0 to 100, exact.
    pub completeness: Option<f64>,
    /// Its engagement, 0 to 100, exact.
    pub engagement: Option<f64>,
    /// Its members, removed ones included.
    pub members: Vec<Member>,
}

/// A person's place in a buying group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub person: PersonId,
    /// The role.
    pub role: String,
    /// Who decided.
    pub source: Source,
    /// Soft delete.
    pub removed: bool,
    /// The person no longer belongs to the account. Whom a hand or a journey put in stays a member, but fills no role.
    pub left_account: bool,
}

impl Member {
    /// Whether it fills its role.
    pub fn counts(&self) -> bool {
        !self.removed && !self.left_account
    }
}

/// Who writes a change, for the activities that tell of it.
#[derive(Debug, Clone)]
pub struct Origin {
    /// `journey:KEY`, `system`, `manual:EMAIL` …
    pub source: Arc<str>,
    /// The trip, when it is one.
    pub enrollment: Option<EnrollmentId>,
    /// The node, when it is one.
    pub node: Option<i64>,
}
