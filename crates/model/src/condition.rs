//! Conditions: what an account or a person must be like.
//!
//! One typed tree for lists, audiences, splits, filters and roles. It is read from the manifest's JSON, which is also
//! its stored form ([`Condition::source`]), and evaluated in memory over [`facts`]. Text constants are folded and names
//! are collected once, when it is read; evaluating allocates nothing for ASCII text. Nothing here reads a store.

mod check;
mod describe;
mod evaluate;
mod example;
pub mod facts;
mod flips;
mod needs;
mod notes;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value as Json;

use crate::attribute::{AttributeNo, Subject};
use crate::duration::Duration;
use crate::finding::Finding;
use crate::id::DocumentId;
use crate::text::Folded;

pub use check::{Check, Checks, Constant, OPERATORS, Operator, Order, Takes, operators_of};
pub use evaluate::{Asked, Context, Range};
pub use facts::{AccountFacts, Fields, GroupFacts, Membership, PersonFacts, Who};
pub use needs::Needs;
pub use notes::{Noted, NotedTest};
pub use read::{Scope, read_fields};

/// A condition, ready to be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    subject: Subject,
    root: Expr,
    references: Vec<Reference>,
    warnings: Vec<Finding>,
    source: Json,
}

impl Condition {
    /// Whom it is about.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The tree.
    pub fn root(&self) -> &Expr {
        &self.root
    }

    /// The manifest's JSON that it was read from: its stored form.
    pub fn source(&self) -> &Json {
        &self.source
    }

    /// Everything that it names, with where. Reading does not check that it exists: whoever has the store does.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// What is allowed but cannot be meant, like a condition that never holds.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// Gives every name its document, so that [`facts`] are asked by id. A name that stays without one matches nothing.
    pub fn bind(&mut self, mut find: impl FnMut(NameKind, &str) -> Option<DocumentId>) {
        self.root.for_each_name(&mut |kind, name| name.id = find(kind, &name.key));
    }

    /// Says what people of each persona are like; `of` is given the key and whether it must fit best.
    pub fn know_personas(&mut self, of: impl Fn(&str, bool) -> Option<Expr>) {
        self.root.for_each_persona(&mut |test| {
            let any_of = test.personas.iter().filter_map(|persona| of(&persona.key, test.derived)).collect();
            test.who = Some(Box::new(Expr::Any(any_of)));
        });
    }
}

/// A condition or one of its parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Every part holds; an empty one is true.
    All(Vec<Expr>),
    /// Some part holds; an empty one is false.
    Any(Vec<Expr>),
    /// The part does not hold.
    Not(Box<Expr>),
    /// One test.
    Test(Test),
}

/// One test of an account or a person.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// An attribute of the account or of the person, whichever the test stands for.
    Attribute(AttributeTest),
    /// In any of these lists, of accounts or of people, or of these external audiences.
    InList(InList),
    /// Some buying group of the account meets all of it.
    BuyingGroup(GroupTest),
    /// So many people of the account meet a condition.
    HasPeople(HasPeople),
    /// Some record of a custom object meets all field tests.
    HasObject(HasObject),
    /// A named score.
    Score(ScoreTest),
    /// The person is a member of some buying group that meets all of it.
    MemberOfGroup(MemberTest),
    /// The person has any of these roles in the account.
    RoleInAccount(Vec<Folded>),
    /// The person is of a persona.
    Persona(PersonaTest),
    /// The person did something often enough.
    Did(HistoryTest),
}

/// What a [`Name`] names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameKind {
    /// An account list (kind `account_list`).
    AccountList,
    /// A people list (kind `people_list`).
    PeopleList,
    /// An external audience of people (kind `external_audience`).
    ExternalAudience,
    /// A solution interest.
    SolutionInterest,
    /// A named score.
    Score,
    /// A custom object.
    CustomObject,
    /// An activity type, our own or declared.
    ActivityType,
    /// A stage of the interest in [`Reference::within`], or of any.
    Stage,
    /// A persona.
    Persona,
    /// A buying-group role.
    Role,
    /// A field of the activity type in [`Reference::within`].
    ActivityField,
    /// A field of the custom object in [`Reference::within`].
    ObjectField,
}

impl NameKind {
    /// The kind of manifest that defines it, for what is a document of its own.
    pub fn document_kind(self) -> Option<&'static str> {
        match self {
            Self::AccountList => Some("account_list"),
            Self::PeopleList => Some("people_list"),
            Self::ExternalAudience => Some("external_audience"),
            Self::SolutionInterest => Some("solution_interest"),
            Self::Score => Some("score"),
            Self::CustomObject => Some("custom_object"),
            Self::Persona => Some("persona"),
            Self::ActivityType => Some("activity_type"),
            Self::Stage | Self::Role | Self::ActivityField | Self::ObjectField => None,
        }
    }
}

/// Something that a condition names, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it is.
    pub kind: NameKind,
    /// Its key or name.
    pub key: String,
    /// What it is part of: the interest of a stage, the activity type or the object of a field.
    pub within: Option<String>,
    /// Where it stands in the document.
    pub pointer: String,
}

/// The name of a document; [`Condition::bind`] finds its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Its key.
    pub key: String,
    /// Its document, once bound and when it exists.
    pub id: Option<DocumentId>,
}

impl Name {
    /// A name that has not been bound.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), id: None }
    }

    /// Whether it names this document.
    pub fn is(&self, id: DocumentId) -> bool {
        self.id == Some(id)
    }
}

/// `{account: ATTR, OP: VALUE}` or `{person: ATTR, OP: VALUE}`.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeTest {
    /// Whose.
    pub subject: Subject,
    /// Which.
    pub no: AttributeNo,
    /// Its label, for people.
    pub label: String,
    /// What must hold of its value.
    pub checks: Checks,
}

/// `{in_account_list: KEY}`, `{in_people_list: KEY}` or `{in_external_audience: KEY}`; of several keys any will do.
#[derive(Debug, Clone, PartialEq)]
pub struct InList {
    /// Lists of what.
    pub subject: Subject,
    /// What the names are names of.
    pub kind: NameKind,
    /// Which.
    pub lists: Vec<Name>,
}

/// What one and the same buying group must be like; what is left out does not matter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupTest {
    /// Its solution interest: any of these, or any at all when empty.
    pub interests: Vec<Name>,
    /// Its stage.
    pub stage: Checks,
    /// Its status.
    pub status: Checks,
    /// Its completeness, 0 to 100.
    pub completeness: Checks,
    /// Its engagement, 0 to 100.
    pub engagement: Checks,
    /// How many members it has in roles, all of them. Removed members do not count.
    pub roles: Vec<RoleCount>,
}

/// At least so many members in a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleCount {
    /// The role.
    pub role: Folded,
    /// How many.
    pub at_least: u64,
}

/// `{has_people: condition, at_least: n, at_most: n}`.
#[derive(Debug, Clone, PartialEq)]
pub struct HasPeople {
    /// What those people are like.
    pub who: Box<Expr>,
    /// How many at least.
    pub at_least: u64,
    /// How many at most.
    pub at_most: Option<u64>,
}

/// `{has: OBJECT, where: {…}}`: at least one record meets every field test.
#[derive(Debug, Clone, PartialEq)]
pub struct HasObject {
    /// The custom object.
    pub object: Name,
    /// What one record must be like.
    pub fields: Vec<FieldTest>,
}

/// `{score: NAME, OP: n}`; a missing score is 0.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreTest {
    /// The score.
    pub score: Name,
    /// What must hold of it.
    pub checks: Checks,
}

/// `{member_of_buying_group: {…}}`.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberTest {
    /// What the group is like; its role counts are empty.
    pub group: GroupTest,
    /// The person's role in it.
    pub role: Checks,
    /// Whether the membership has been removed; left out means it has not.
    pub removed: bool,
}

/// `{persona: KEY}` (the person is like it), or `{derived_persona: KEY}` (of those that the person is like, this one asks for
/// most); of several keys any will do.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonaTest {
    /// Which.
    pub personas: Vec<Name>,
    /// Whether it must be the one that fits best.
    pub derived: bool,
    /// What such a person is like, once the personas are known ([`Condition::know_personas`]); nobody before.
    pub who: Option<Box<Expr>>,
}

/// `{did: …}` or `{did_not: …}`.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryTest {
    /// True for `did_not`: the rest must not hold.
    pub negated: bool,
    /// How often at least.
    pub at_least: u64,
    /// What people call what was done.
    pub title: String,
    /// What counts. Shared, so that a loader can keep it beside its answer.
    pub query: Arc<HistoryQuery>,
}

/// Which activities of a person count.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryQuery {
    /// Their type.
    pub activity: String,
    /// What every one must be like.
    pub fields: Vec<FieldTest>,
    /// When they happened.
    pub window: Window,
}

/// When an activity must have happened to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Any time up to now.
    AllTime,
    /// At most so long before journey entry, or before now where there is no journey.
    Within(Duration),
    /// From journey entry to now.
    SinceEntry,
}

/// `FIELD: {OP: VALUE}`.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldTest {
    /// The field.
    pub field: String,
    /// What must hold of it.
    pub checks: Checks,
}

impl Expr {
    /// Every test in the tree, those about people of the account included.
    pub fn for_each_test<'a>(&'a self, visit: &mut dyn FnMut(&'a Test)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.for_each_test(visit)),
            Self::Not(part) => part.for_each_test(visit),
            Self::Test(test) => {
                visit(test);
                match test {
                    Test::HasPeople(people) => people.who.for_each_test(visit),
                    Test::Persona(persona) => persona.who.iter().for_each(|who| who.for_each_test(visit)),
                    _ => {}
                }
            }
        }
    }

    fn for_each_persona(&mut self, visit: &mut dyn FnMut(&mut PersonaTest)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().for_each(|part| part.for_each_persona(visit)),
            Self::Not(part) => part.for_each_persona(visit),
            Self::Test(Test::HasPeople(people)) => people.who.for_each_persona(visit),
            Self::Test(Test::Persona(test)) => visit(test),
            Self::Test(_) => {}
        }
    }

    fn for_each_name(&mut self, visit: &mut dyn FnMut(NameKind, &mut Name)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().for_each(|part| part.for_each_name(visit)),
            Self::Not(part) => part.for_each_name(visit),
            Self::Test(test) => test.for_each_name(visit),
        }
    }
}

impl Test {
    fn for_each_name(&mut self, visit: &mut dyn FnMut(NameKind, &mut Name)) {
        match self {
            Self::InList(InList { kind, lists, .. }) => lists.iter_mut().for_each(|list| visit(*kind, list)),
            Self::BuyingGroup(group) | Self::MemberOfGroup(MemberTest { group, .. }) => {
                group.interests.iter_mut().for_each(|interest| visit(NameKind::SolutionInterest, interest));
            }
            Self::HasPeople(people) => people.who.for_each_name(visit),
            Self::HasObject(has) => visit(NameKind::CustomObject, &mut has.object),
            Self::Score(test) => visit(NameKind::Score, &mut test.score),
            Self::Persona(test) => test.personas.iter_mut().for_each(|persona| visit(NameKind::Persona, persona)),
            Self::Attribute(_) | Self::RoleInAccount(_) | Self::Did(_) => {}
        }
    }
}
