//! Hearing: which activities of the inbox a waiting traveller listens for.

use caravan_catalog::Subject;
use caravan_model::condition::{Context, FieldTest, Fields};
use caravan_model::value::ValueRef;
use caravan_model::{AccountId, ActivityId, EnrollmentId, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::walk::Traveller;

/// An event that a listen node waits for, or that a person journey begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Type of activity.
    pub activity: String,
    /// What people call it.
    pub title: String,
    /// What its fields, and its date as `at`, must be like.
    pub fields: Vec<FieldTest>,
    /// How often it must happen.
    pub at_least: i64,
}

impl Event {
    /// Whether an activity is one of those meant.
    pub fn is(&self, activity: &HeardActivity, context: &Context<'_>) -> bool {
        self.activity == activity.kind && FieldTest::all_hold(&self.fields, &ActivityFields(activity), context)
    }
}

/// An activity as an inbox carries it to its subjects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeardActivity {
    /// On the stream.
    pub id: ActivityId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// The account that it is about or carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The trip that wrote or caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment: Option<EnrollmentId>,
    /// What wrote it.
    pub source: String,
    /// Its own fields.
    #[serde(default)]
    pub fields: Json,
}

impl HeardActivity {
    /// One that is dated later than it was received is taken at its receipt.
    pub fn happened_at(&self) -> Timestamp {
        self.at.min(self.received_at)
    }

    /// Whether it can count for this traveller at all: it happened since it arrived, and its own trip did not write it.
    pub fn concerns(&self, t: &Traveller) -> bool {
        self.is_for(t) && self.happened_at() >= t.row.node_at
    }

    /// Whether this traveller may hear it: its own trip did not write it, and no other trip alone is meant.
    pub fn is_for(&self, t: &Traveller) -> bool {
        let own = self.enrollment == Some(t.row.id) && self.source == *t.plan.source;
        let elsewhere = match t.subject {
            // One that carries an enrollment counts for that trip's account, which is how it was addressed; one of a
            // person journey's own trip counts there only.
            Subject::Account(_) => false,
            Subject::Person(_) => self.account.is_some() && self.enrollment.is_some_and(|e| e != t.row.id),
        };
        !own && !elsewhere
    }
}

struct ActivityFields<'a>(&'a HeardActivity);

impl Fields for ActivityFields<'_> {
    fn field(&self, name: &str) -> ValueRef<'_> {
        if name == "at" { ValueRef::Instant(self.0.at) } else { self.0.fields.field(name) }
    }
}
