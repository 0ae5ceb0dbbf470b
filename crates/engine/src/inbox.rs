//! The commands that an inbox carries, and how they are written. Everyone who wants a traveller moved appends one of
//! these; only steps take them in.

use caravan_model::{AccountId, DocumentId, EnrollmentId, PersonId, SHARDS, Shard, VersionId};
use caravan_store::step::{InboxRow, NewInbox};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::external::Answered;
use crate::listen::HeardActivity;
use crate::walk::Cause;

/// The kind of the rows that maintain groups: the daily scores wait until none is left.
pub const MAINTAIN_GROUPS: &str = "maintain_groups";
/// The kind of the rows that create groups.
pub const CREATE_GROUPS: &str = "create_groups";

/// Whom something heard is addressed to. Ids of accounts and of people overlap, so a number alone does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "subject", content = "id", rename_all = "snake_case")]
pub enum Addressee {
    /// Trips of an account.
    Account(AccountId),
    /// Trips of a person.
    Person(PersonId),
}

impl Addressee {
    /// The traveller of a journey of people, or of one of accounts.
    pub fn of(people: bool, id: i64) -> Self {
        if people { Self::Person(PersonId(id)) } else { Self::Account(AccountId(id)) }
    }

    /// The number.
    pub fn id(self) -> i64 {
        match self {
            Self::Account(account) => account.0,
            Self::Person(person) => person.0,
        }
    }
}

/// What another journey's traveller asked for, so that its node is told what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The trip that asks.
    pub trip: EnrollmentId,
    /// Its version.
    pub version: VersionId,
    /// The node, or the box action, in the version's plan.
    pub node: i64,
    /// The account on whose trip it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Key of the journey that asks.
    pub journey: String,
    /// When.
    pub at: Timestamp,
}

/// What an inbox row asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Something happened to an account or a person that journeys may listen for.
    Heard {
        /// Whose trips may listen for it.
        to: Addressee,
        /// What happened.
        activity: HeardActivity,
    },
    /// Attributes of accounts and people changed, or they are new: conditions that mention them are looked at again.
    Changed {
        /// Accounts.
        #[serde(default)]
        accounts: Vec<AccountId>,
        /// People; conditions of their accounts may ask about them.
        #[serde(default)]
        people: Vec<PersonId>,
        /// `account.KEY`, `person.KEY`; empty: everything (they are new).
        #[serde(default)]
        attributes: Vec<String>,
    },
    /// A list or audience is evaluated for every subject of the shard, from `after` on.
    Evaluate {
        /// The list.
        list: DocumentId,
        /// Cursor.
        #[serde(default)]
        after: i64,
    },
    /// Subjects joined a list: journeys and buying groups that follow it take them in.
    Joined {
        /// The list.
        list: DocumentId,
        /// Account or person ids.
        subjects: Vec<i64>,
    },
    /// A journey opens: every member of its audience in the shard enters, from `after` on.
    Open {
        /// The journey.
        journey: DocumentId,
        /// Cursor.
        #[serde(default)]
        after: i64,
    },
    /// Buying groups of an interest are created for the accounts of the shard that have none, from `after` on.
    CreateGroups {
        /// The solution interest.
        interest: DocumentId,
        /// Cursor.
        #[serde(default)]
        after: i64,
        /// The run of the job that asks for it.
        #[serde(default)]
        run: i64,
    },
    /// The groups of an interest in the shard are looked at again, from `after` on.
    MaintainGroups {
        /// The solution interest.
        interest: DocumentId,
        /// Members by rule are decided anew; else only the groups' completeness is.
        reassign: bool,
        /// Cursor.
        #[serde(default)]
        after: i64,
        /// The run of the job that asks for it.
        #[serde(default)]
        run: i64,
    },
    /// One subject enters a journey.
    Enter {
        /// The journey.
        journey: DocumentId,
        /// Account or person id.
        subject: i64,
        /// How many journeys led here.
        chain: i64,
        /// What brought it.
        #[serde(default)]
        cause: Cause,
        /// Who is to be told whether it entered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<Request>,
    },
    /// Subjects meet the goal of a journey.
    GoalMet {
        /// The journey.
        journey: DocumentId,
        /// Account or person ids.
        subjects: Vec<i64>,
    },
    /// One subject's trip in a journey ends.
    Leave {
        /// The journey.
        journey: DocumentId,
        /// Account or person id.
        subject: i64,
        /// Who is to be told whether it was inside.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<Request>,
    },
    /// These trips end.
    End {
        /// Which.
        trips: Vec<EnrollmentId>,
        /// With what outcome.
        outcome: String,
        /// Who ends them by hand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Cause>,
    },
    /// One trip is ended by hand.
    Remove {
        /// Which.
        trip: EnrollmentId,
        /// Who says so.
        by: Cause,
    },
    /// The wait of one trip is skipped.
    Skip {
        /// Which.
        trip: EnrollmentId,
        /// Who says so.
        #[serde(default)]
        by: Cause,
    },
    /// One trip passes a node that failed as if it were not there.
    LeaveOut {
        /// Which.
        trip: EnrollmentId,
        /// The node's number.
        node: i64,
        /// Who says so.
        by: Cause,
    },
    /// A service answered a call.
    ExternalAnswered {
        /// What it answered.
        answered: Answered,
    },
    /// A paused journey goes on.
    Resume {
        /// The journey.
        journey: DocumentId,
    },
    /// A trip that failed is tried again now.
    Retry {
        /// Which.
        trip: EnrollmentId,
    },
}

impl Command {
    fn kind(&self) -> &'static str {
        match self {
            Self::Heard { .. } => "heard",
            Self::Changed { .. } => "changed",
            Self::Evaluate { .. } => "evaluate",
            Self::Joined { .. } => "joined",
            Self::Open { .. } => "open",
            Self::CreateGroups { .. } => CREATE_GROUPS,
            Self::MaintainGroups { .. } => MAINTAIN_GROUPS,
            Self::Enter { .. } => "enter",
            Self::GoalMet { .. } => "goal_met",
            Self::Leave { .. } => "leave",
            Self::End { .. } => "end",
            Self::Remove { .. } => "remove",
            Self::Skip { .. } => "skip",
            Self::LeaveOut { .. } => "leave_out",
            Self::ExternalAnswered { .. } => "external_answered",
            Self::Resume { .. } => "resume",
            Self::Retry { .. } => "retry",
        }
    }

    /// The row for a shard's inbox.
    pub fn to(&self, shard: Shard, at: Timestamp) -> NewInbox {
        NewInbox { shard, kind: self.kind(), subject: self.subject(), at, received_at: at, body: self.to_json() }
    }

    /// What a service answered, for the trip of a subject.
    pub fn answered(answered: Answered, subject: i64, shard: Shard) -> NewInbox {
        let at = answered.at;
        NewInbox { subject: Some(subject), ..Self::ExternalAnswered { answered }.to(shard, at) }
    }

    /// Of what concerns one subject, whom: steps take in all of it together, and look up what was asked and not done yet.
    fn subject(&self) -> Option<i64> {
        match self {
            Self::Heard { to, .. } => Some(to.id()),
            Self::Enter { subject, .. } | Self::Leave { subject, .. } => Some(*subject),
            _ => None,
        }
    }

    /// Something heard, for one subject of a shard.
    pub fn heard(activity: HeardActivity, shard: Shard, to: Addressee) -> NewInbox {
        let (at, received_at) = (activity.at, activity.received_at);
        NewInbox { received_at, ..Self::Heard { to, activity }.to(shard, at) }
    }

    /// One row for every shard.
    pub fn to_all(&self, at: Timestamp) -> Vec<NewInbox> {
        (0..SHARDS).map(|shard| self.to(Shard(shard), at)).collect()
    }

    /// As the row's body.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From a row; one that cannot be read is a defect and is reported, never dropped in silence.
    pub fn read(row: &InboxRow) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&row.body)
    }
}
