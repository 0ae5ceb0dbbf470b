//! What deciding wants written: collected while a batch is decided, committed in one transaction.

use std::sync::Arc;

use caravan_model::attribute::{self, AttributeNo};
use caravan_model::value::Value;
use caravan_model::{AccountId, DocumentId, EnrollmentId, GroupId, PersonId, Shard, VersionId};
use jiff::Timestamp;

/// One attribute of one account or person gets a value: a delta on the row, never the whole row.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueChange<Id> {
    /// Whose.
    pub id: Id,
    /// Which.
    pub attribute: AttributeNo,
    /// The value it has from now on.
    pub value: Value,
}

/// A named score of a person gets a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreChange {
    /// Whose.
    pub person: PersonId,
    /// The document of kind `score`.
    pub score: DocumentId,
    /// The value it has from now on.
    pub value: i64,
}

/// A subject joins or leaves a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListChange {
    /// The list or audience.
    pub list: DocumentId,
    /// Account or person id, as the list's subject says.
    pub subject: i64,
    /// Joined, or left.
    pub joined: bool,
    /// Who did it (`journey:KEY`, `rule`, `manual` …).
    pub source: Arc<str>,
}

/// A person joins an external audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudienceChange {
    /// The external audience.
    pub audience: DocumentId,
    /// Who joins.
    pub person: PersonId,
    /// Who did it (`journey:KEY`).
    pub source: Arc<str>,
}

/// A membership as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberChange {
    /// The buying group.
    pub group: GroupId,
    /// Its solution interest.
    pub interest: DocumentId,
    /// The person.
    pub person: PersonId,
    /// Role in the group.
    pub role: String,
    /// Who decided: system, journey or manual.
    pub source: crate::world::Source,
    /// Soft delete.
    pub removed: bool,
    /// The person has the role from now on and had not before.
    pub acquired: bool,
}

/// A group moves to another stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageChange {
    /// The buying group.
    pub group: GroupId,
    /// Where it stood.
    pub old: Option<String>,
    /// Where it stands from now on.
    pub new: Option<String>,
    /// Who moved it (`journey:KEY`, `manual:EMAIL` …).
    pub source: Arc<str>,
}

/// Stage, status and completeness of a group as they are from now on.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupChange {
    /// The buying group.
    pub group: GroupId,
    /// Its stage.
    pub stage: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// Its completeness, 0 to 100, exact; none when no role is required.
    pub completeness: Option<f64>,
}

/// One fact for the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewActivity {
    /// One of the activity types of the reference.
    pub kind: &'static str,
    /// When it happened.
    pub at: Timestamp,
    /// The account that it is about or that it carries: then it counts for that account only.
    pub account: Option<AccountId>,
    /// The person that it is about.
    pub person: Option<PersonId>,
    /// The trip that wrote it.
    pub enrollment: Option<EnrollmentId>,
    /// The node that wrote it.
    pub node: Option<i64>,
    /// What wrote it (`journey:KEY`, `import` …).
    pub source: Arc<str>,
    /// The type's own fields, a JSON object.
    pub fields: String,
}

/// Something that was said to messages of a channel, for the history of consent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewConsent {
    /// Who said it.
    pub person: Option<PersonId>,
    /// The address or number that it is about, in the form in which it is compared; none: the person's own.
    pub address: Option<String>,
    /// `email` or `sms`.
    pub channel: &'static str,
    /// The sender of ours that it was said to; none: to all.
    pub sender: Option<String>,
    /// `y` or `n`; none: what was said before is taken back.
    pub value: Option<String>,
    /// Why, in a word or a sentence.
    pub reason: Option<String>,
    /// How it came in (`header_one_click`, `import`, `journey:KEY` …).
    pub source: String,
    /// What shows it: name and value.
    pub evidence: Vec<(&'static str, String)>,
    /// The trip and its node that wrote it.
    pub node: Option<(EnrollmentId, i64)>,
}

impl NewConsent {
    /// What setting an attribute of a person says, where that is consent: `old` and `new` are its values.
    pub fn of_attribute(person: PersonId, attribute: AttributeNo, old: &Value, new: &Value) -> Option<Self> {
        let (channel, said): (_, fn(&Value) -> Option<String>) = match attribute {
            attribute::person::UNSUBSCRIBED => {
                ("email", |value| Some(if *value == Value::Boolean(true) { "n" } else { "y" }.to_owned()))
            }
            attribute::person::SMS_CONSENT => {
                ("sms", |value| value.as_text().filter(|text| !text.is_empty()).map(str::to_owned))
            }
            _ => return None,
        };
        let value = said(new);
        (value != said(old)).then(|| Self { person: Some(person), channel, value, ..Self::default() })
    }
}

/// Something that must leave the system, as the step saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEffect {
    /// Connection × operation × target: what is sent together.
    pub lane: String,
    /// What is delivered: `email`, `sales_alert` …
    pub kind: &'static str,
    /// Stable over every retry; derives from enrollment, node and person.
    pub key: String,
    /// The shard of the traveller.
    pub shard: Shard,
    /// The trip.
    pub enrollment: EnrollmentId,
    /// Its version.
    pub version: VersionId,
    /// The node, or the box action, in the version's plan.
    pub node: i64,
    /// The account on whose trip it is sent.
    pub account: Option<AccountId>,
    /// The recipient, when it is a person of ours.
    pub person: Option<PersonId>,
    /// The values that rendering needs, copied now; JSON.
    pub body: String,
}

/// Something for another enrollment of the same traveller, or for another shard's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The account enters another journey, in this step.
    EnterAccount {
        /// The journey.
        journey: DocumentId,
        /// Who enters.
        account: AccountId,
        /// How many journeys have led here already, to stop circles.
        chain: i64,
    },
    /// The account's enrollment in a journey ends, in this step.
    RemoveAccount {
        /// The journey.
        journey: DocumentId,
        /// Who leaves.
        account: AccountId,
    },
    /// The trip that decides ends itself, in this step.
    EndTrip {
        /// The trip.
        enrollment: EnrollmentId,
    },
    /// A person enters a person journey: a command to the person's own shard, which answers the node that asks.
    EnterPerson {
        /// The node that asks.
        node: i64,
        /// The journey.
        journey: DocumentId,
        /// Who enters.
        person: PersonId,
        /// The person's shard.
        shard: Shard,
        /// How many journeys have led here already, to stop circles.
        chain: i64,
    },
    /// A person leaves a person journey: a command to the person's own shard, which answers the node that asks.
    RemovePerson {
        /// The node that asks.
        node: i64,
        /// The journey.
        journey: DocumentId,
        /// Who leaves.
        person: PersonId,
        /// The person's shard.
        shard: Shard,
    },
}

/// Everything a batch wants written, in the order in which it was decided.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Attributes of accounts.
    pub account_values: Vec<ValueChange<AccountId>>,
    /// Attributes of people.
    pub person_values: Vec<ValueChange<PersonId>>,
    /// Named scores.
    pub scores: Vec<ScoreChange>,
    /// Memberships of lists.
    pub lists: Vec<ListChange>,
    /// Memberships of external audiences.
    pub external_audiences: Vec<AudienceChange>,
    /// Memberships of buying groups.
    pub members: Vec<MemberChange>,
    /// Buying groups.
    pub groups: Vec<GroupChange>,
    /// Moves of buying groups between stages.
    pub stages: Vec<StageChange>,
    /// Facts for the stream.
    pub activities: Vec<NewActivity>,
    /// What was said to messages, for the history of consent.
    pub consents: Vec<NewConsent>,
    /// Effects to queue.
    pub effects: Vec<NewEffect>,
    /// Commands to other enrollments.
    pub commands: Vec<Command>,
}
