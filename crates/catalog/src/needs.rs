//! What deciding will look at, so that a batch loads that and nothing else.

use std::collections::BTreeSet;

use caravan_model::DocumentId;
use caravan_model::attribute::AttributeNo;
use caravan_model::condition;

/// What a node, an action or a condition reads and writes of the world.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Attributes of the account.
    pub account_attributes: BTreeSet<AttributeNo>,
    /// Attributes of people.
    pub person_attributes: BTreeSet<AttributeNo>,
    /// The people of the account.
    pub people: bool,
    /// People are written: their rows are locked before they are read.
    pub writes_people: bool,
    /// Account lists and audiences, or people lists, whose membership is asked.
    pub lists: BTreeSet<DocumentId>,
    /// Solution interests whose groups of the account, with their members, are asked.
    pub interests: BTreeSet<DocumentId>,
    /// Buying groups of every interest are asked.
    pub all_interests: bool,
    /// Named scores.
    pub scores: BTreeSet<DocumentId>,
    /// Journeys whose enrollments of the same subject are asked.
    pub journeys: BTreeSet<DocumentId>,
    /// The people's roles in the account.
    pub roles: bool,
    /// Custom objects whose records are asked, of accounts and of people.
    pub objects: BTreeSet<DocumentId>,
    /// The people's engagement.
    pub engagement: bool,
    /// Activity types whose history is asked.
    pub history: BTreeSet<String>,
    /// Lanes of the outbox in which messages are queued.
    pub lanes: BTreeSet<String>,
}

impl Needs {
    /// Everything that either asks for.
    pub fn extend(&mut self, other: &Self) {
        self.account_attributes.extend(&other.account_attributes);
        self.person_attributes.extend(&other.person_attributes);
        self.people |= other.people;
        self.writes_people |= other.writes_people;
        self.lists.extend(&other.lists);
        self.interests.extend(&other.interests);
        self.all_interests |= other.all_interests;
        self.scores.extend(&other.scores);
        self.journeys.extend(&other.journeys);
        self.roles |= other.roles;
        self.engagement |= other.engagement;
        self.objects.extend(&other.objects);
        self.history.extend(other.history.iter().cloned());
        self.lanes.extend(other.lanes.iter().cloned());
    }
}

impl From<&condition::Needs> for Needs {
    fn from(asked: &condition::Needs) -> Self {
        Self {
            account_attributes: asked.account_attributes.clone(),
            person_attributes: asked.person_attributes.clone(),
            people: asked.people,
            writes_people: false,
            lists: asked.account_lists.union(&asked.people_lists).copied().collect(),
            interests: asked.interests.clone(),
            all_interests: asked.all_interests,
            scores: asked.scores.clone(),
            journeys: BTreeSet::new(),
            roles: asked.roles_in_account,
            objects: asked.objects.clone(),
            engagement: false,
            history: asked.activities().into_iter().map(str::to_owned).collect(),
            lanes: BTreeSet::new(),
        }
    }
}
