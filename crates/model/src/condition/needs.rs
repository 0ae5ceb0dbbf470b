//! What a condition looks at: so that a loader loads nothing else, and a change re-evaluates nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Check, Checks, Condition, Expr, GroupTest, HistoryQuery, Name, Test, Window};
use crate::attribute::{AttributeNo, Subject, person};
use crate::id::DocumentId;

/// What has to be loaded before conditions can be evaluated. Documents are in it once they are bound.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Needs {
    /// Attributes of accounts.
    pub account_attributes: BTreeSet<AttributeNo>,
    /// Attributes of people.
    pub person_attributes: BTreeSet<AttributeNo>,
    /// Lists of accounts.
    pub account_lists: BTreeSet<DocumentId>,
    /// Lists of people and external audiences, whose members stand with them.
    pub people_lists: BTreeSet<DocumentId>,
    /// Solution interests whose buying groups are asked.
    pub interests: BTreeSet<DocumentId>,
    /// Buying groups of every solution interest are asked.
    pub all_interests: bool,
    /// The buying groups of accounts.
    pub groups: bool,
    /// The roles of the members of those groups.
    pub group_roles: bool,
    /// The memberships of people, with their groups.
    pub memberships: bool,
    /// Named scores.
    pub scores: BTreeSet<DocumentId>,
    /// Custom objects.
    pub objects: BTreeSet<DocumentId>,
    /// Personas.
    pub personas: BTreeSet<DocumentId>,
    /// The people of accounts.
    pub people: bool,
    /// The roles of people in accounts.
    pub roles_in_account: bool,
    /// Pasts that are asked.
    pub history: Vec<Arc<HistoryQuery>>,
    /// The answer can change by itself as time passes ([`Condition::flips_at`]).
    pub time: bool,
}

impl Needs {
    /// Takes in what another condition needs.
    pub fn extend(&mut self, other: &Self) {
        self.account_attributes.extend(&other.account_attributes);
        self.person_attributes.extend(&other.person_attributes);
        self.account_lists.extend(&other.account_lists);
        self.people_lists.extend(&other.people_lists);
        self.interests.extend(&other.interests);
        self.all_interests |= other.all_interests;
        self.groups |= other.groups;
        self.group_roles |= other.group_roles;
        self.memberships |= other.memberships;
        self.scores.extend(&other.scores);
        self.objects.extend(&other.objects);
        self.personas.extend(&other.personas);
        self.people |= other.people;
        self.roles_in_account |= other.roles_in_account;
        for query in &other.history {
            self.add_history(query);
        }
        self.time |= other.time;
    }

    /// The activity types whose arrival can change the answer.
    pub fn activities(&self) -> BTreeSet<&str> {
        self.history.iter().map(|query| query.activity.as_str()).collect()
    }

    fn add_history(&mut self, query: &Arc<HistoryQuery>) {
        if !self.history.contains(query) {
            self.history.push(Arc::clone(query));
        }
    }

    fn add(&mut self, test: &Test) {
        match test {
            Test::Attribute(test) => {
                match test.subject {
                    Subject::Account => self.account_attributes.insert(test.no),
                    Subject::Person => self.person_attributes.insert(test.no),
                };
                self.time |= follows_time(&test.checks);
            }
            Test::InList(test) => match test.subject {
                Subject::Account => self.account_lists.extend(ids(&test.lists)),
                Subject::Person => self.people_lists.extend(ids(&test.lists)),
            },
            Test::BuyingGroup(test) => {
                self.groups = true;
                self.add_group(test);
            }
            Test::MemberOfGroup(test) => {
                self.memberships = true;
                self.add_group(&test.group);
            }
            Test::HasPeople(_) => self.people = true,
            Test::HasObject(test) => {
                self.objects.extend(test.object.id);
                self.time |= test.fields.iter().any(|field| follows_time(&field.checks));
            }
            Test::Score(test) => self.scores.extend(test.score.id),
            // What such people are like are tests of its own, visited beside it.
            Test::Persona(test) => self.personas.extend(ids(&test.personas)),
            Test::RoleInAccount(_) => self.roles_in_account = true,
            Test::Did(test) => {
                self.add_history(&test.query);
                self.time |= matches!(test.query.window, Window::Within(_));
            }
        }
    }

    fn add_group(&mut self, group: &GroupTest) {
        self.all_interests |= group.interests.is_empty();
        self.interests.extend(ids(&group.interests));
        self.group_roles |= !group.roles.is_empty();
    }
}

fn ids(names: &[Name]) -> impl Iterator<Item = DocumentId> {
    names.iter().filter_map(|name| name.id)
}

fn follows_time(checks: &Checks) -> bool {
    checks.0.iter().any(|check| matches!(check, Check::InPast(_)))
}

impl Condition {
    /// What it looks at. Ask after [`Condition::bind`].
    pub fn needs(&self) -> Needs {
        self.root().needs()
    }

    /// Whether sets by this condition hold no test profiles. They are left out of whatever people are found for, unless the
    /// condition asks for the flag itself.
    pub fn leaves_out_test_profiles(&self) -> bool {
        self.subject() == Subject::Person && !self.needs().person_attributes.contains(&person::TEST_PROFILE)
    }
}

impl Expr {
    /// What it looks at.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        self.for_each_test(&mut |test| needs.add(test));
        needs
    }
}
