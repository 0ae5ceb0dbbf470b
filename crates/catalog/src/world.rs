//! The part of the world that one batch of travellers sees while it is decided.
//!
//! The engine fills it once per batch, set-based; actions and conditions read it and change it through its methods,
//! which record every real change in [`Changes`]. So a later traveller of the same batch sees what an earlier one
//! changed, and nothing here waits or does I/O.

mod change;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;

use caravan_model::attribute::{AttributeNo, Schema};
use caravan_model::value::Value;
use caravan_model::{AccountId, DocumentId, PersonId};
use jiff::Timestamp;

pub use self::rows::{Account, Group, Member, ObjectRecord, Origin, PastActivity, Person, Source, Trip};
use crate::action::Subject;
use crate::changes::Changes;

/// Index of an account in the batch.
pub type AccountIx = usize;
/// Index of a person in the batch.
pub type PersonIx = usize;
/// Index of a buying group in the batch.
pub type GroupIx = usize;

/// The batch's world. See the module's words.
#[derive(Debug)]
pub struct World {
    /// Step time: every deciding instant comes from it.
    pub now: Timestamp,
    /// All attributes, standard and declared.
    pub schema: Arc<Schema>,
    /// What is to be written.
    pub changes: Changes,
    accounts: Vec<Account>,
    account_ix: HashMap<AccountId, AccountIx>,
    account_slots: Slots,
    people: Vec<Person>,
    person_ix: HashMap<PersonId, PersonIx>,
    person_slots: Slots,
    groups: Vec<Group>,
    asked: HashMap<(AccountId, DocumentId), bool>,
}

/// Which attributes were loaded, and where each stands in a row.
#[derive(Debug, Clone, Default)]
pub struct Slots {
    attributes: Vec<AttributeNo>,
    slot: Vec<Option<u16>>,
}

impl Slots {
    /// The attributes in this order.
    pub fn new(attributes: Vec<AttributeNo>) -> Self {
        let longest = attributes.iter().map(|a| usize::from(a.0) + 1).max().unwrap_or(0);
        let mut slot = vec![None; longest];
        for (at, attribute) in (0u16..).zip(&attributes) {
            slot[usize::from(attribute.0)] = Some(at);
        }
        Self { attributes, slot }
    }

    /// The attributes in the order in which rows hold them.
    pub fn attributes(&self) -> &[AttributeNo] {
        &self.attributes
    }

    fn of(&self, attribute: AttributeNo) -> Option<usize> {
        self.slot.get(usize::from(attribute.0)).copied().flatten().map(usize::from)
    }
}

impl World {
    /// An empty world at `now` that will hold these attributes.
    pub fn new(now: Timestamp, schema: Arc<Schema>, account: Vec<AttributeNo>, person: Vec<AttributeNo>) -> Self {
        Self {
            now,
            schema,
            changes: Changes::default(),
            accounts: Vec::new(),
            account_ix: HashMap::new(),
            account_slots: Slots::new(account),
            people: Vec::new(),
            person_ix: HashMap::new(),
            person_slots: Slots::new(person),
            groups: Vec::new(),
            asked: HashMap::new(),
        }
    }

    // Filling, by the engine.

    /// Attributes that account rows hold, in order.
    pub fn account_projection(&self) -> &[AttributeNo] {
        self.account_slots.attributes()
    }

    /// Attributes that person rows hold, in order.
    pub fn person_projection(&self) -> &[AttributeNo] {
        self.person_slots.attributes()
    }

    /// Adds an account; a second one with the same id replaces nothing and returns the first.
    pub fn add_account(&mut self, account: Account) -> AccountIx {
        *self.account_ix.entry(account.id).or_insert_with(|| {
            self.accounts.push(account);
            self.accounts.len() - 1
        })
    }

    /// Adds a person; a second one with the same id replaces nothing and returns the first.
    pub fn add_person(&mut self, person: Person) -> PersonIx {
        *self.person_ix.entry(person.id).or_insert_with(|| {
            self.people.push(person);
            self.people.len() - 1
        })
    }

    /// Adds a group and ties it to its account and its members, where they are loaded.
    pub fn add_group(&mut self, group: Group) -> GroupIx {
        let ix = self.groups.len();
        if let Some(&account) = self.account_ix.get(&group.account) {
            self.accounts[account].groups.push(ix);
        }
        for (place, member) in group.members.iter().enumerate() {
            if let Some(&person) = self.person_ix.get(&member.person) {
                self.people[person].memberships.push((ix, place));
            }
        }
        self.groups.push(group);
        ix
    }

    /// An account to complete while loading.
    pub fn account_mut(&mut self, ix: AccountIx) -> &mut Account {
        &mut self.accounts[ix]
    }

    /// A person to complete while loading.
    pub fn person_mut(&mut self, ix: PersonIx) -> &mut Person {
        &mut self.people[ix]
    }

    // Reading.

    /// The account at `ix`.
    pub fn account(&self, ix: AccountIx) -> &Account {
        &self.accounts[ix]
    }

    /// All accounts of the batch.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The index of an account, when it is loaded.
    pub fn account_ix(&self, id: AccountId) -> Option<AccountIx> {
        self.account_ix.get(&id).copied()
    }

    /// The person at `ix`.
    pub fn person(&self, ix: PersonIx) -> &Person {
        &self.people[ix]
    }

    /// All people of the batch.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The index of a person, when it is loaded.
    pub fn person_ix(&self, id: PersonId) -> Option<PersonIx> {
        self.person_ix.get(&id).copied()
    }

    /// The group at `ix`.
    pub fn group(&self, ix: GroupIx) -> &Group {
        &self.groups[ix]
    }

    /// The account's group for a solution interest.
    pub fn group_of(&self, account: AccountIx, interest: DocumentId) -> Option<GroupIx> {
        self.accounts[account].groups.iter().copied().find(|&g| self.groups[g].interest == interest)
    }

    /// The value of an account's attribute; null when it was not asked for.
    pub fn account_value(&self, ix: AccountIx, attribute: AttributeNo) -> &Value {
        self.account_slots.of(attribute).and_then(|s| self.accounts[ix].values.get(s)).unwrap_or(&Value::Null)
    }

    /// The value of a person's attribute; null when it was not asked for.
    pub fn person_value(&self, ix: PersonIx, attribute: AttributeNo) -> &Value {
        self.person_slots.of(attribute).and_then(|s| self.people[ix].values.get(s)).unwrap_or(&Value::Null)
    }

    /// A named score of a person; a missing one is 0.
    pub fn score(&self, ix: PersonIx, score: DocumentId) -> i64 {
        self.people[ix].scores.iter().find(|(id, _)| *id == score).map_or(0, |(_, value)| *value)
    }

    /// The name of a subject's own time zone, when it has one and it was asked for.
    pub fn time_zone(&self, subject: Subject) -> Option<&str> {
        match subject {
            Subject::Account(ix) => self.account_value(ix, self.schema.account.no("time_zone")?).as_text(),
            Subject::Person(ix) => self.person_value(ix, self.schema.person.no("time_zone")?).as_text(),
        }
    }

    /// The latest enrollment of an account in a journey.
    pub fn account_trip(&self, ix: AccountIx, journey: DocumentId) -> Option<Trip> {
        self.accounts[ix].trips.iter().find(|t| t.journey == journey).copied()
    }

    /// A trip begins in this batch.
    pub fn trip_began(&mut self, subject: Subject, trip: Trip) {
        let trips = self.trips_mut(subject);
        trips.retain(|known| known.journey != trip.journey);
        trips.push(trip);
        self.forget_asked(subject, trip.journey);
    }

    /// The trip that a subject is on in a journey ends in this batch.
    pub fn trip_ended(&mut self, subject: Subject, journey: DocumentId) {
        let now = self.now;
        if let Some(trip) = self.trips_mut(subject).iter_mut().find(|trip| trip.journey == journey) {
            trip.last.ended_at = Some(now);
        }
        self.forget_asked(subject, journey);
    }

    fn trips_mut(&mut self, subject: Subject) -> &mut Vec<Trip> {
        match subject {
            Subject::Account(ix) => &mut self.accounts[ix].trips,
            Subject::Person(ix) => &mut self.people[ix].trips,
        }
    }

    /// An earlier batch asked for an account to enter or to leave a journey, and that has not been done yet.
    pub fn recall_asked(&mut self, account: AccountId, journey: DocumentId, enters: bool) {
        self.asked.insert((account, journey), enters);
    }

    /// What was asked has happened.
    fn forget_asked(&mut self, subject: Subject, journey: DocumentId) {
        if let Subject::Account(ix) = subject {
            self.asked.remove(&(self.accounts[ix].id, journey));
        }
    }

    /// Whether an account is inside a journey, as far as this batch knows: what it has asked for counts as done.
    pub fn inside(&self, ix: AccountIx, journey: DocumentId) -> bool {
        let asked = self.asked.get(&(self.accounts[ix].id, journey)).copied();
        asked.unwrap_or_else(|| self.account_trip(ix, journey).is_some_and(|trip| trip.last.ended_at.is_none()))
    }
}
